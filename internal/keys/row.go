package keys

import (
	"fmt"
	"strings"
)

// Append appends the key of the values, one for each component in order. On an
// error dst comes back unchanged. It does not allocate when dst has room.
func (p *Pattern) Append(dst []byte, vals []Value) ([]byte, error) {
	if len(vals) != p.comps {
		return dst, fmt.Errorf("cannot build key %s from %s: it has %s", p, plural(len(vals), "value"), plural(p.comps, "component"))
	}
	out, _, err := p.append(dst, vals)
	return out, err
}

// AppendLeading appends the fixed text that exactly those keys of the pattern
// start with whose first components have the values. The text runs up to the
// next component, literals included, and so matches
// no key with a longer value or prefix. With a value for every component it is
// the complete key, which is to be compared for equality.
//
// If ends is not negative, one key with these values ends there in what was appended, in front of a tail; the others start with
// all of it. At the end of all it is the only one.
func (p *Pattern) AppendLeading(dst []byte, vals []Value) (out []byte, ends int, err error) {
	if len(vals) > p.comps {
		return dst, -1, fmt.Errorf("cannot build leading part of key %s from %s: it has %s", p, plural(len(vals), "value"), plural(p.comps, "component"))
	}
	return p.append(dst, vals)
}

func (p *Pattern) append(dst []byte, vals []Value) (out []byte, ends int, err error) {
	if p.separator == "" {
		return p.appendTemplate(dst, vals)
	}
	out = dst
	for i := range p.row {
		s := &p.row[i]
		if s.literal != "" {
			out = append(out, s.literal...)
			continue
		}
		if len(vals) == 0 {
			return out, -1, nil
		}
		if out, err = s.append(out, &vals[0]); err != nil {
			return dst, -1, err
		}
		vals = vals[1:]
	}
	return out, len(out), nil
}

// appendTemplate does the work of append for keys that can end before a tail, and whose values stand as they are.
func (p *Pattern) appendTemplate(dst []byte, vals []Value) (out []byte, ends int, err error) {
	out, ends = dst, -1
	whole := len(vals) == p.comps
	bare := false // nothing but zeros since a tail began
	for i := range p.row {
		s := &p.row[i]
		if s.tail && ends < 0 && allZero(vals) {
			if ends = len(out); whole {
				return out, ends, nil
			}
		}
		if s.literal != "" {
			out, bare = append(out, s.literal...), bare || s.tail
			continue
		}
		if len(vals) == 0 {
			return out, ends, nil
		}
		from, before := len(out), out
		if out, err = s.append(out, &vals[0]); err == nil && s.verbatim && s.until != "" && s.endsEarly(out[from:]) {
			err = s.errorf("%q cannot be read back from a key in which %q ends it: the value may not contain that text", out[from:], s.until)
		}
		switch {
		case err != nil && ends >= 0: // zeros that no tail can have
			return before[:ends], ends, nil
		case err != nil:
			return dst, -1, err
		}
		bare = bare && (vals[0].IsZero() || s.kind == Time && s.rendersZero(string(out[from:])))
		vals = vals[1:]
	}
	if bare {
		return dst, -1, fmt.Errorf("cannot build key %s: its tail would be read as zeros, for which the key ends before", p)
	}
	return out, len(out), nil
}

func allZero(vals []Value) bool {
	for i := range vals {
		if !vals[i].IsZero() {
			return false
		}
	}
	return true
}

// Parse appends the values that key was built from, the exact inverse of
// Append. It is strict: a key is refused if Append cannot build it. Values of
// text may alias key. On an error vals comes back unchanged.
//
// The value of a component that is a part of a time is the beginning of that part, that of one in a tail that is not there is zero.
func (p *Pattern) Parse(key string, vals []Value) ([]Value, error) {
	if p.separator != "" {
		if out, ok := p.parseComposed(key, vals); ok {
			return out, nil
		}
	}
	out, rest, bare := vals, key, false
	for i := range p.row {
		s := &p.row[i]
		if s.tail && rest == "" {
			out = p.appendZeros(out, i)
			break
		}
		text, ok := p.cut(i, &rest)
		switch {
		case s.literal != "" && !ok:
			return vals, fmt.Errorf("cannot parse key %q as %s: %q does not begin with %q", key, p, rest, s.literal)
		case s.literal != "":
			bare = bare || s.tail
			continue
		case !ok:
			return vals, fmt.Errorf("cannot parse key %q as %s: attribute %q: %q is not %s%s", key, p, s.attr, rest, s.describe(), s.ending())
		}
		v := Value{Kind: s.kind}
		if !s.parse(text, &v) {
			return vals, fmt.Errorf("cannot parse key %q as %s: attribute %q: %q is not %s", key, p, s.attr, text, s.describe())
		}
		bare = bare && s.rendersZero(text)
		out = append(out, v)
	}
	switch {
	case rest != "":
		return vals, fmt.Errorf("cannot parse key %q as %s: it goes on with %q", key, p, rest)
	case bare:
		return vals, fmt.Errorf("cannot parse key %q as %s: it goes on with zeros, and would end before them", key, p)
	}
	return out, nil
}

// parseComposed does what Parse does for composed keys; what it does not read, Parse finds words for.
func (p *Pattern) parseComposed(key string, vals []Value) (out []Value, ok bool) {
	out = vals
	for i := range p.row {
		s := &p.row[i]
		if s.literal != "" {
			if !strings.HasPrefix(key, s.literal) {
				return nil, false
			}
			key = key[len(s.literal):]
			continue
		}
		end := len(key)
		if s.until != "" {
			if end = strings.IndexByte(key, p.separator[0]); end < 0 {
				return nil, false
			}
		}
		out = append(out, Value{Kind: s.kind})
		if !s.parse(key[:end], &out[len(out)-1]) {
			return nil, false
		}
		key = key[end:]
	}
	return out, key == ""
}

// appendZeros appends the values of the components from a place in the row on, which are not there.
func (p *Pattern) appendZeros(vals []Value, from int) []Value {
	for i := range p.row[from:] {
		if s := &p.row[from+i]; s.literal == "" {
			vals = append(vals, Value{Kind: s.kind})
		}
	}
	return vals
}

// rendersZero reports whether a text, which is one of the component, is read as its zero.
func (s *segment) rendersZero(text string) bool {
	switch s.kind {
	case Int, Uint, Float:
		return strings.Trim(text, "0") == ""
	case Bool:
		return text == "false"
	case Time:
		t, _ := s.clock.parse(text)
		return t.IsZero()
	}
	return false
}

// ending says what has to follow a component.
func (s *segment) ending() string {
	if s.until == "" {
		return ""
	}
	return fmt.Sprintf(" with %q behind it", s.until)
}

// Match reports whether Parse would succeed. It does not allocate.
func (p *Pattern) Match(key string) bool {
	bare := false
	for i := range p.row {
		s := &p.row[i]
		if s.tail && key == "" {
			break
		}
		text, ok := p.cut(i, &key)
		if !ok || s.literal == "" && !s.parse(text, nil) {
			return false
		}
		bare = s.tail || bare && (s.literal != "" || s.rendersZero(text))
	}
	return key == "" && !bare
}

// cut takes the text of a segment off the front of rest: fixed text as it is, a component of fixed width by that, any
// other up to the text that ends it, or all where that is a tail that is not there.
func (p *Pattern) cut(i int, rest *string) (text string, ok bool) {
	s, at := &p.row[i], len(*rest)
	switch {
	case s.literal != "":
		if !strings.HasPrefix(*rest, s.literal) {
			return "", false
		}
		at = len(s.literal)
	case s.fixed > 0:
		if at < s.fixed {
			return "", false
		}
		at = s.fixed
	case s.until != "":
		if n := strings.Index(*rest, s.until); n >= 0 {
			at = n
		} else if !p.row[i+1].tail || s.endsEarly([]byte(*rest)) {
			return "", false
		}
	}
	text, *rest = (*rest)[:at], (*rest)[at:]
	return text, true
}

// Ordered reports whether the order of keys is that of the component's values, where all before it are equal.
func (p *Pattern) Ordered(component int) bool {
	for i := range p.row {
		if s := &p.row[i]; s.literal == "" {
			if component == 0 {
				return !s.verbatim || s.ordered
			}
			component--
		}
	}
	return false
}
