package propose

import (
	"slices"
	"strings"
)

// A Key is how the key of one kind is declared: by a template, or, if Own, by a field that is stored in the key attribute.
type Key struct {
	Attr     Attr
	Own      bool
	Template string
	sort     bool // of an index
	parts    []part
}

// searched is how many keys an alignment is searched for with; it is then tried on all.
const searched = 40

// explainKeys returns what keys consist of, whose items have these sources; nil if nothing can be said of them.
func explainKeys(keys []string, items [][]source) []part {
	all := candidates(keys, items)
	rows := spread(len(keys), searched)
	for range searched {
		some := make([]string, len(rows))
		for i, row := range rows {
			some[i] = keys[row]
		}
		cands := make([]*candidate, len(all))
		for i, c := range all {
			less := *c
			less.texts = make([]string, len(rows))
			for j, row := range rows {
				less.texts[j] = c.texts[row]
			}
			cands[i] = &less
		}
		parts := align(some, cands)
		if parts == nil {
			return nil
		}
		for i := range parts {
			if c := parts[i].cand; c != nil {
				parts[i].cand = all[slices.Index(cands, c)]
			}
		}
		bad := cut(parts, keys)
		if bad < 0 {
			return parts
		}
		rows = append(rows, bad)
	}
	return nil
}

// spread returns up to n of the numbers below all, evenly spread.
func spread(all, n int) (rows []int) {
	n = min(n, all)
	for i := range n {
		rows = append(rows, i*all/n)
	}
	return rows
}

// cut fills in the texts that the components have in all keys, and returns the first key that they do not make, or -1.
func cut(parts []part, keys []string) int {
	for i := range parts {
		parts[i].texts = nil
	}
	for row, rest := range keys {
		for i := range parts {
			p := &parts[i]
			text := p.fixed
			switch {
			case p.cand != nil:
				text = p.cand.texts[row]
			case p.fixed != "":
			case i == len(parts)-1:
				text = rest
			default:
				n := strings.Index(rest, parts[i+1].fixed)
				if n <= 0 {
					return row
				}
				text = rest[:n]
			}
			if text == "" || !strings.HasPrefix(rest, text) {
				return row
			}
			if p.fixed == "" {
				p.texts = append(p.texts, text)
				if i < len(parts)-1 && parts[i+1].fixed != "" && p.cand != nil && !p.cut() && strings.Index(text+parts[i+1].fixed, parts[i+1].fixed) != len(text) {
					return row
				}
			}
			rest = rest[len(text):]
		}
		if rest != "" {
			return row
		}
	}
	return -1
}

// lone reports whether the whole key is one value as it is.
func lone(parts []part) bool {
	return len(parts) == 1 && parts[0].fixed == "" && (parts[0].cand == nil || parts[0].cand.format == "")
}

// whole reports whether the whole key is a value that no attribute has.
func whole(parts []part) bool { return lone(parts) && parts[0].cand == nil }

// missing counts the components that no attribute explains.
func missing(parts []part) (n int) {
	for _, p := range parts {
		if p.fixed == "" && p.cand == nil {
			n++
		}
	}
	return n
}

// template writes the parts. ids: texts that are all ids say so; clocks are the attributes that are times.
func template(parts []part, ids bool, clocks map[string]bool) string {
	var b strings.Builder
	closing := ""
	for i := range parts {
		p := &parts[i]
		if p.tail {
			b.WriteString(closing + "[")
			closing = "]"
		}
		if p.fixed != "" {
			b.WriteString(strings.NewReplacer("{", "{{", "}", "}}", "[", "[[", "]", "]]").Replace(p.fixed))
			continue
		}
		c := p.cand
		format := c.format
		switch {
		case format != "":
		case c.num && clocks[c.path]:
			format = "unix"
		case !c.num && !clocks[c.path] && (ids || !p.endsBefore(parts[i+1:])):
			format = idFormat(p.there())
		}
		if format != "" {
			format = ":" + format
		}
		b.WriteString("{" + c.path + format + "}")
	}
	return b.String() + closing
}

// there returns the texts of the component without those of tails that are missing.
func (p *part) there() []string {
	return slices.DeleteFunc(slices.Clone(p.texts), func(t string) bool { return t == "" })
}

// endsBefore reports whether the component ends by itself where the rest of the key begins.
func (p *part) endsBefore(rest []part) bool {
	if len(rest) == 0 {
		return true
	}
	fixed := rest[0].fixed
	return fixed != "" && !slices.ContainsFunc(p.texts, func(t string) bool { return strings.Index(t+fixed, fixed) != len(t) })
}

// digits returns the length of texts that are numbers with zeros in front, all of one length; 0 for others.
func digits(texts []string) int {
	n, zeros := len(texts[0]), false
	for _, t := range texts {
		if len(t) != n || n > 18 || strings.Trim(t, "0123456789") != "" {
			return 0
		}
		zeros = zeros || t[0] == '0' && n > 1
	}
	if !zeros {
		return 0
	}
	return n
}
