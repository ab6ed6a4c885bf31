package propose

import "slices"

// few is below how many items what they have in common proves nothing.
const few = 3

// loosen takes fixed text of the few keys of a kind for values: where it looks like one, and where another kind with the same
// text before it has a value.
func (b *builder) loosen(parts []part, keys []string, a Attr) []part {
	var out []part
	for _, p := range parts {
		if p.fixed == "" {
			out = append(out, p)
			continue
		}
		s := skeletonOf(p.fixed, nil)
		text := ""
		for i, w := range s.words {
			if text += s.between[i]; w.kind != unknown {
				text += w.text
				continue
			}
			if len(out) > 0 && text == "" && out[len(out)-1].fixed == "" && w.text[0] == '-' { // no sign, but what stands between two
				text, w.text = "-", w.text[1:]
			}
			out = append(fixedPart(out, text), part{texts: slices.Repeat([]string{w.text}, len(keys))})
			text = ""
		}
		out = fixedPart(out, text+s.between[len(s.words)])
	}
	if len(out) == 1 && out[0].fixed != "" {
		if lead := b.lead(out[0].fixed, a); lead != "" {
			out = append(fixedPart(nil, lead), part{texts: slices.Repeat([]string{out[0].fixed[len(lead):]}, len(keys))})
		}
	}
	if cut(out, keys) >= 0 {
		return parts
	}
	return out
}

func fixedPart(parts []part, text string) []part {
	if text == "" {
		return parts
	}
	return append(parts, part{fixed: text})
}

// lead returns the front of a key behind which other kinds have one value up to the end, "" if none has.
func (b *builder) lead(key string, a Attr) (lead string) {
	s := skeletonOf(key, nil)
	if len(s.words) != 2 || s.between[0] != "" || s.between[2] != "" {
		return ""
	}
	lead = s.words[0].text + s.between[1]
	k := 0
	if a == b.table.SK {
		k = 1
	}
	for _, g := range b.all {
		o := g.keys[k]
		if g != b.g && len(o.words) == 2 && o.words[0] == s.words[0] && o.words[1].kind != fixedWord && slices.Equal(o.between, s.between) {
			return lead
		}
	}
	return ""
}
