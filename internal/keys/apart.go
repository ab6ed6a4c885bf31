package keys

// The proof that two kinds of items have no primary key in common. A kind is given by the patterns of its keys: one for the
// partition, one for the sort key. A key is a regular language, and two kinds can meet only if both keys can:
//
//  1. Fixed texts that differ, in front, at the end, or at the same place of composed keys of one separator, where they also
//     differ from what a component cannot render: apart (fixedApart). Of a thousand kinds nearly all pairs end here.
//  2. Else the automata of both keys (automaton.go) go through one text together (meeting). No way: apart. They accept all
//     that a key can be, and a little more, so this is never said of two that meet.
//  3. Else there is a shortest text for each key. It is an example if both kinds can build them from the values of one item
//     each: an attribute has one value wherever it stands (example). If they cannot, or a function makes a part of them, the proof
//     does not know.
//
// For example, let the items of kind a have the keys "ORG#{org}" and "{n:08}", and those of kind b "ORG#{x}#{y}" and "0017".
// The fixed texts agree as far as they go. Of the first keys a shortest common text is "ORG#x#x": org is "x#x", x and y are
// "x"; of the second it is "00000017", eight digits against four: there is none, and no item of a has a key of b.

import (
	"bytes"
	"slices"
)

// Apart reports whether no item can have all keys of a and also all keys of b, which are the patterns of two kinds of items
// in the same key attributes. If not, examples are keys that both kinds of items build, one for each pattern, or nil where
// none was found: an attribute that stands in several keys, or the number of a shard, may then still keep them apart.
//
// Nothing is allocated if fixed texts decide: a thousand kinds can be compared with each other.
func Apart(a, b []*Pattern) (ok bool, examples []string) {
	for i := range a {
		if fixedApart(a[i], b[i]) {
			return true, nil
		}
	}
	texts := make([]string, len(a))
	for _, plain := range []string{"x0", "x1"} { // of digits, ones make a date and zeros do not
		for i := range a {
			if texts[i], ok = meeting(a[i].language(), b[i].language(), plain); !ok {
				return true, nil
			}
		}
		if examples = example(a, b, texts); examples != nil {
			break
		}
	}
	return false, examples
}

// fixedApart reports whether the fixed texts of two keys differ.
func fixedApart(a, b *Pattern) bool {
	n := min(len(a.lead), len(b.lead))
	if a.lead[:n] != b.lead[:n] {
		return true
	}
	n = min(len(a.tail), len(b.tail))
	if a.tail[len(a.tail)-n:] != b.tail[len(b.tail)-n:] {
		return true
	}
	if a.separator == "" || a.separator != b.separator {
		return false
	}
	if len(a.forms) != len(b.forms) { // no component's text holds the separator
		return true
	}
	for i, x := range a.forms {
		if y := b.forms[i]; x.fixed != "" && y.fixed != "" && x.fixed != y.fixed {
			return true
		}
	}
	for i, x := range a.forms {
		if y := b.forms[i]; a.cannotRender(x, y.fixed) || b.cannotRender(y, x.fixed) {
			return true
		}
	}
	return false
}

// cannotRender reports whether a form is a component that has no value with a text.
func (p *Pattern) cannotRender(f form, text string) bool {
	return f.fixed == "" && text != "" && !p.row[f.at].parse(text, nil)
}

// spot is a state of two automata that have read the same text.
type spot struct{ a, b int }

// maxSpots bounds a walk; what lies behind is taken to meet.
const maxSpots = 1 << 20

// meeting returns a shortest text that both automata accept, "" if that would take too long to find. It is not ok if there is
// none. Plain are the bytes that it has by choice.
func meeting(a, b *automaton, plain string) (text string, ok bool) {
	type step struct {
		spot
		from int
		read byte
	}
	width := len(b.reads)
	seen := make([]uint64, (len(a.reads)*width+63)/64)
	steps := []step{{}}
	for at := 0; at < len(steps); at++ {
		here := steps[at].spot
		if a.final[here.a] && b.final[here.b] {
			var out []byte
			for ; at > 0; at = steps[at].from {
				out = append(out, steps[at].read)
			}
			slices.Reverse(out)
			return string(out), true
		}
		for _, x := range a.next[here.a] {
			for _, y := range b.next[here.b] {
				n := x*width + y
				if seen[n>>6]&(1<<(n&63)) != 0 {
					continue
				}
				if both := a.reads[x].both(b.reads[y]); both != (class{}) {
					seen[n>>6] |= 1 << (n & 63)
					steps = append(steps, step{spot{x, y}, at, both.pick(plain)})
				}
			}
		}
		if len(steps) > maxSpots {
			return "", true
		}
	}
	return "", false
}

// example returns keys that an item of each kind has. It takes the text of one key, and what the values in it make of the
// others, for each key in turn; the texts of keys of which nothing is known stay.
func example(a, b []*Pattern, texts []string) []string {
	if len(texts) == 0 { // no key is a text
		return texts
	}
	for first := range texts {
		out := slices.Clone(texts)
		known := [2]map[string]Value{{}, {}}
		made := true
		for i := range out {
			i = (first + i) % len(out)
			for side, p := range [2]*Pattern{a[i], b[i]} {
				if text, ok := p.from(known[side]); ok && i != first {
					out[i] = text
					break
				}
			}
			made = made && a[i].read(out[i], known[0]) && b[i].read(out[i], known[1])
		}
		if made && builds(a, known[0], out) && builds(b, known[1], out) {
			return out
		}
	}
	return nil
}

// from renders a key of an item's known values; it is not ok if one is missing.
func (p *Pattern) from(known map[string]Value) (text string, ok bool) {
	var vals []Value
	for i := range p.row {
		if s := &p.row[i]; s.literal == "" {
			v, ok := known[s.attr]
			if !ok {
				return "", false
			}
			vals = append(vals, v)
		}
	}
	out, err := p.Append(nil, vals)
	return string(out), err == nil
}

// read adds the values in a key to those of an item. It is not ok if they differ, or if the Go types do not have them. A part
// of a value counts only as long as nothing else is known.
func (p *Pattern) read(text string, item map[string]Value) bool {
	vals, err := p.Parse(text, nil)
	if err != nil {
		return false
	}
	for i := range p.row {
		s := &p.row[i]
		if s.literal != "" {
			continue
		}
		v := vals[0]
		vals = vals[1:]
		was, again := item[s.attr]
		part := s.clock != nil && s.clock.part
		if !s.fits(&v) || again && !part && !sameValue(was, v) {
			return false
		}
		if !again {
			item[s.attr] = v
		}
	}
	return true
}

// builds reports whether the values of an item make these keys.
func builds(patterns []*Pattern, item map[string]Value, texts []string) bool {
	for i, p := range patterns {
		if text, ok := p.from(item); !ok || text != texts[i] {
			return false
		}
		for j := range p.row {
			if s := &p.row[j]; s.derived || s.shards > 0 && !s.madeOf(item) {
				return false
			}
		}
	}
	return true
}

// madeOf reports whether the number of a shard is that of what it is made from. What stands in no key can have any, if its
// type has more than a few hundred values.
func (s *segment) madeOf(item map[string]Value) bool {
	v, known := item[s.of.attr]
	if !known {
		return s.of.kind != Bool && s.of.bits > 8
	}
	return int64(Shard(v, s.shards)) == item[s.attr].I
}

func sameValue(a, b Value) bool {
	return a.Kind == b.Kind && a.S == b.S && bytes.Equal(a.B, b.B) && a.I == b.I && a.U == b.U && a.F == b.F && a.T.Equal(b.T)
}
