package keys

// The proof that two kinds of items have no primary key in common. A kind is
// given by the patterns of its keys: one for the partition, one for the sort key.
// It goes from what is cheap to what is exact:
//
//  1. The fixed texts in front differ, or two aligned keys have segments that no
//     text fits both of: apart (leadsApart, segmentsMeet). Keys are aligned if they
//     have one separator: then they fall into segments in one way. set.go finds
//     which kinds have to be compared at all.
//  2. What stands at the same place of aligned keys has one text (match.go). From
//     these pairs others follow, since an attribute has one value wherever it
//     stands, and from literals follow values. A contradiction: apart. If all keys
//     are aligned, what is still free is tried, for an example.
//  3. What is a separator for one side is text for the other if the separators
//     differ. The keys of one side then go through automata of the other side's
//     keys (automaton.go), all places of an attribute at once (joint.go, spread.go),
//     and the other way round. No way through: apart. Else the ways say what values
//     to try.
//  4. What that leaves open is divided, by the values of an attribute that has few
//     or by the separators that a text holds, and each part is a question from 2 on.
//
// Apart is said only after a proof; not apart with two keys that both kinds build,
// checked by building and parsing them. In between "not apart" comes without an
// example: the proof does not know.
//
// For example, let items of kind a have the keys {id} and {id}#{n}, n of 4 digits,
// and those of kind b k|{x} and {y}#0017. The second keys are aligned: n is 17, and
// y is the text of id. The first ones are not. So the values of id go, byte by byte,
// through two automata at once: one that accepts "k|" and a text without '|', as all
// of it is a key, and one that accepts a text without '#', from the beginning of the
// second key up to its "#0017". The shortest way is k, |, x: the keys are "k|x" and
// "k|x#0017". Were the second key of b 0017#{y}, then id would be the text "0017",
// which does not begin with "k|": apart.

import "slices"

// Apart reports whether no item can have all keys of a and also all keys of b,
// which are the patterns of two kinds of items in the same key attributes. If
// not, examples are keys that both kinds of items build, one for each pattern,
// or nil where none was found.
//
// An attribute that is a component of several keys of an item, or of one key
// twice, has one value in all of them, and the number of a shard follows from
// another value. Both can keep items apart whose keys look alike: {id}, {id} and
// LEFT, RIGHT, say.
//
// The answer is exact but for two cases, in which items may be called not apart
// that are: both kinds repeat a text within keys of different separators, or many
// values would have to be tried, as of two floats of 32 bits whose signs differ or
// of what is hashed for shards.
//
// Fixed texts are compared first, and nothing is allocated if they decide: a
// thousand kinds can be compared with each other.
func Apart(a, b []*Pattern) (ok bool, examples []string) {
	for i := range a {
		if leadsApart(a[i], b[i]) || aligned(a[i], b[i]) && !segmentsMeet(a[i], b[i]) {
			return true, nil
		}
	}
	return apart(a, b, &effort{spots: 200_000, tries: 60_000, parts: 100})
}

// effort is what a proof may still cost: it gives up after a second or two.
type effort struct {
	spots int // states of several automata at once
	tries int // items that could be an example
	parts int // parts of the question that are answered one by one
}

func apart(a, b []*Pattern, left *effort) (ok bool, examples []string) {
	m, whole := match(a, b)
	if !m.close() || !m.settle() {
		return true, nil
	}
	if whole {
		if examples = m.search(); examples != nil {
			return false, examples
		}
	}
	d := division{sides: [2][]*Pattern{a, b}, left: left}
	for i := range d.sides { // each time the attributes of one side have one value each
		j := jointly(d.sides[i], d.sides[1-i], left)
		if j.examples != nil || !j.open {
			return j.examples == nil, j.examples
		}
		d.vars[i] = j.vars
	}
	return d.apart()
}

// division is a question that is answered part by part.
type division struct {
	sides [2][]*Pattern
	vars  [2][]*variable
	left  *effort
}

func (d *division) apart() (ok bool, examples []string) {
	if few, side := d.few(); few != nil {
		return d.byValue(few, side, few.choices)
	}
	for side, patterns := range d.sides {
		if attr, c, ok := d.unasked(patterns); ok {
			if ok, examples = d.part(side, asked(patterns, attr, c, false)); !ok {
				return false, examples
			}
			return d.part(side, asked(patterns, attr, c, true))
		}
	}
	for side, vars := range d.vars { // some values, for an example
		for _, v := range vars {
			if len(v.segments) > 1 && len(v.choices) > 0 {
				if _, examples = d.byValue(v, side, v.choices[:1]); examples != nil {
					return false, examples
				}
			}
		}
	}
	return false, nil
}

// part returns the answer for some of the items of a side.
func (d *division) part(side int, patterns []*Pattern) (ok bool, examples []string) {
	if d.left.parts--; d.left.parts < 0 {
		return false, nil
	}
	sides := d.sides
	sides[side] = patterns
	return apart(sides[0], sides[1], d.left)
}

// few returns the attribute with the fewest values, if these are few.
func (d *division) few() (few *variable, side int) {
	for i, vars := range d.vars {
		for _, v := range vars {
			if !v.many && v.segments[0].shards == 0 && (few == nil || len(v.choices) < len(few.choices)) {
				few, side = v, i
			}
		}
	}
	return few, side
}

func (d *division) byValue(v *variable, side int, values []Value) (ok bool, examples []string) {
	for _, value := range values {
		if patterns, fits := pinned(d.sides[side], v.segments[0].attr, value); fits {
			if ok, examples = d.part(side, patterns); !ok {
				return false, examples
			}
		}
	}
	return true, nil
}

// unasked returns a text in two places of the patterns, and a separator that it
// may hold or not: both places agree in that.
func (d *division) unasked(patterns []*Pattern) (attr string, c byte, ok bool) {
	seen := map[string]bool{}
	for _, p := range patterns {
		for i := range p.segments {
			s := &p.segments[i]
			if s.literal != "" || s.kind != Text {
				continue
			}
			for _, o := range slices.Concat(d.sides[0], d.sides[1]) {
				if seen[s.attr] && !s.asked.has(o.separator[0]) {
					return s.attr, o.separator[0], true
				}
			}
			seen[s.attr] = true
		}
	}
	return "", 0, false
}

// asked returns the patterns for the texts that hold a character, or do not.
func asked(patterns []*Pattern, attr string, c byte, holds bool) (out []*Pattern) {
	for _, p := range patterns {
		q := new(Pattern)
		*q = *p
		q.segments = slices.Clone(p.segments)
		for i := range q.segments {
			if s := &q.segments[i]; s.attr == attr && s.literal == "" {
				s.asked.add(c)
				if holds {
					s.holds = c
				} else {
					s.lacks.add(c)
				}
			}
		}
		out = append(out, q)
	}
	return out
}

// pinned returns the patterns with a fixed value for an attribute. It is not ok
// if the value does not fit a place.
func pinned(patterns []*Pattern, attr string, v Value) (out []*Pattern, ok bool) {
	for _, p := range patterns {
		q := &Pattern{separator: p.separator, segments: slices.Clone(p.segments)}
		for i := range q.segments {
			s := &q.segments[i]
			set := v
			switch {
			case s.literal == "" && s.shards > 0 && s.of.attr == attr:
				set = Value{Kind: Int, I: int64(Shard(v, s.shards))}
			case s.literal != "" || s.attr != attr:
				if s.literal == "" {
					q.comps++
				}
				continue
			}
			text, err := s.append(nil, &set)
			if err != nil {
				return nil, false
			}
			*s = segment{literal: string(text), sample: string(text)}
		}
		q.describe()
		out = append(out, q)
	}
	return out, true
}

// consistent reports whether one item can have all these keys.
func consistent(patterns []*Pattern, texts []string) bool {
	item := map[string]Value{}
	for i, p := range patterns {
		if !p.read(texts[i], item) {
			return false
		}
	}
	for _, p := range patterns {
		for i := range p.segments {
			if s := &p.segments[i]; s.shards > 0 && !s.madeOf(item) {
				return false
			}
		}
	}
	return true
}

// maxSamples bounds the values of an attribute that are tried.
const maxSamples = 4096

// madeOf reports whether the shard's number is that of what it is made from. If
// this is no component of a key, it has to be that of any value.
func (s *segment) madeOf(values map[string]Value) bool {
	number := int(values[s.attr].I)
	if v, ok := values[s.of.attr]; ok {
		return Shard(v, s.shards) == number
	}
	return s.has(number)
}

// has reports whether some value is in the shard of a number. It is taken to be so
// where there are thousands of values.
func (s *segment) has(number int) bool {
	for i := range maxSamples {
		v, ok := s.of.value(i)
		if !ok {
			return false
		}
		if Shard(v, s.shards) == number {
			return true
		}
	}
	return true
}

func leadsApart(a, b *Pattern) bool {
	n := min(len(a.lead), len(b.lead))
	return a.lead[:n] != b.lead[:n]
}

// aligned reports whether a key of both patterns has the same segments in both:
// no segment's text holds the separator.
func aligned(a, b *Pattern) bool {
	return a.separator == b.separator || len(a.segments) == 1 && len(b.segments) == 1
}

// segmentsMeet compares aligned patterns: they have a key in common if they have
// as many segments and meet at each of them.
func segmentsMeet(a, b *Pattern) bool {
	if len(a.segments) != len(b.segments) {
		return false
	}
	for i := range a.segments { // the cheap ones first
		if x, y := a.segments[i].literal, b.segments[i].literal; x != "" && y != "" && x != y {
			return false
		}
	}
	for i := range a.segments {
		if _, ok := meet(&a.segments[i], &b.segments[i]); !ok {
			return false
		}
	}
	return true
}

// meet returns a text that both segments, at the same place of aligned keys,
// render. The sample of one or the other is such a text if there is any:
//
//   - A literal has one text, its sample.
//   - Text renders every sample, as it encodes what fixed layouts encode. Of
//     another separator it renders all texts of a kind or none: marks stand in
//     each of them, but for the sign of a negative Int, and no sample is one.
//   - Int, Uint and the year of Time have texts of their number of digits in
//     common, where these agree: zero is one of each (a negative Int starts with
//     a '-', which neither of the others nor Bytes does).
//   - Bytes have with these the texts of digits in common if their number is
//     even: zero, or for an array 0…01 with a number and 2006 with a year.
//   - Two layouts of Time have different lengths; longer ones than the year
//     have a '-' after four digits, which no other kind of fixed layout has.
//   - A Float has an 'e' and a '.', which no other has both, and a Bool is one
//     of two words, which no other is.
func meet(a, b *segment) (text string, ok bool) {
	if b.renders(a.sample) {
		return a.sample, true
	}
	return b.sample, a.renders(b.sample)
}
