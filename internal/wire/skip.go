package wire

// maxJSONDepth bounds the containers in one skipped value: an object for the type tag and one container for each of
// MaxDepth levels, then an object and an array for a set inside the deepest. An item adds its own object.
const maxJSONDepth = 2*MaxDepth + 3

// Skip consumes one JSON value, whatever it is, checks all of it, and returns its bytes, which alias the text.
func (r *Reader) Skip() ([]byte, error) {
	r.space()
	at := r.pos
	if err := r.skip(); err != nil {
		return nil, err
	}
	return r.data[at:r.pos:r.pos], nil
}

// skip runs over one value without recursion: bit n of objects says whether the container at depth n is an object.
func (r *Reader) skip() error {
	var objects [maxJSONDepth/64 + 1]uint64
	depth, limit := 0, maxJSONDepth-2*r.depth
	for {
		open, err := byte(0), error(nil)
		if depth == limit || !r.SkipScalar() {
			open, err = r.skipToken()
		}
		if err != nil {
			return err
		}
		if open != 0 {
			if depth >= limit {
				return r.failDepth()
			}
			nonEmpty, err := r.Open(open)
			if err != nil {
				return err
			}
			if nonEmpty {
				bit := uint64(1) << (depth & 63)
				if objects[depth>>6] &^= bit; open == '{' {
					objects[depth>>6] |= bit
					if _, err := r.Name(); err != nil {
						return err
					}
				}
				depth++
				continue
			}
		}
		if depth, err = r.skipEnds(&objects, depth); err != nil || depth == 0 {
			return err
		}
	}
}

// SkipScalar consumes an attribute value that is a string, a number or bytes, written without white space, and reports
// false in front of all else. Such a value is one level deep, which is allowed wherever it can stand.
func (r *Reader) SkipScalar() bool {
	d, i := r.data, r.pos
	if i+6 > len(d) || d[i] != '{' || d[i+1] != '"' || d[i+3] != '"' || d[i+4] != ':' || d[i+5] != '"' || oneByteKinds[d[i+2]] == Invalid {
		return false
	}
	r.pos = i + 5
	if _, err := r.text(); err == nil && r.peek() == '}' {
		r.pos++
		return true
	}
	r.pos = i
	return false
}

// ScalarEnd returns where the brace stands that ends an attribute value at i which SkipScalar would pass, in plain text; -1 for all
// else.
func ScalarEnd(d []byte, i int) int {
	if i+6 > len(d) || d[i] != '{' || d[i+1] != '"' || d[i+3] != '"' || d[i+4] != ':' || d[i+5] != '"' || oneByteKinds[d[i+2]] == Invalid {
		return -1
	}
	if end := PlainEnd(d, i+6); end >= 0 && end+1 < len(d) && d[end+1] == '}' {
		return end + 1
	}
	return -1
}

// skipEnds runs over the ends of containers after a value, up to the next value. It returns the depth then, 0 at the end.
func (r *Reader) skipEnds(objects *[maxJSONDepth/64 + 1]uint64, depth int) (int, error) {
	for depth > 0 {
		object := objects[(depth-1)>>6]>>((depth-1)&63)&1 != 0
		closing := byte(']')
		if object {
			closing = '}'
		}
		more, err := r.More(closing)
		if err != nil {
			return depth, err
		}
		if more {
			if object {
				_, err = r.Name()
			}
			return depth, err
		}
		depth--
	}
	return 0, nil
}

// skipToken consumes a value that is no container, or returns the byte that opens one.
func (r *Reader) skipToken() (byte, error) {
	r.space()
	switch c := r.peek(); c {
	case '{', '[':
		return c, nil
	case '"':
		return 0, r.skipText()
	case 't', 'f':
		_, err := r.Bool()
		return 0, err
	case 'n':
		if r.Match("null") {
			return 0, nil
		}
		return 0, r.unexpected("null")
	default:
		return 0, r.skipNumber()
	}
}

func (r *Reader) skipText() error {
	_, err := r.text()
	return err
}

func (r *Reader) skipNumber() error {
	if r.peek() == '-' {
		r.pos++
	}
	if r.peek() == '0' {
		r.pos++
	} else if !r.digits() {
		return r.unexpected("a value")
	}
	if r.peek() == '.' {
		if r.pos++; !r.digits() {
			return r.unexpected("a digit")
		}
	}
	if c := r.peek(); c == 'e' || c == 'E' {
		r.pos++
		if c := r.peek(); c == '-' || c == '+' {
			r.pos++
		}
		if !r.digits() {
			return r.unexpected("a digit")
		}
	}
	return nil
}

// digits consumes decimal digits and reports whether there were any.
func (r *Reader) digits() bool {
	at := r.pos
	for isDigit(r.peek()) {
		r.pos++
	}
	return r.pos > at
}
