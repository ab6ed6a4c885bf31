package keys

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ParseTemplate returns the fixed texts and the components of a template, "ORG#{org}/{no:08}": a component has what stands
// before the first colon as its attribute and the rest as its format. A tail stands in brackets, "A#{id}[#{name}]". "{{", "}}",
// "[[" and "]]" are characters of the text.
func ParseTemplate(text string) (segments []Segment, err error) {
	var fixed strings.Builder
	tails, tail, open := false, false, false // there is one; one begins here; we are in one
	add := func(s Segment) {
		s.Tail, tail = tail, false
		segments = append(segments, s)
	}
	flush := func() {
		if fixed.Len() > 0 {
			add(Segment{Literal: fixed.String()})
			fixed.Reset()
		}
	}
	for rest := text; rest != ""; {
		i := strings.IndexAny(rest, "{}[]")
		if i < 0 {
			i = len(rest)
		}
		if tails && !open && (i > 0 || rest[0] != '[' || strings.HasPrefix(rest, "[[")) {
			return nil, fmt.Errorf("invalid template %q: there is more behind a tail in brackets: write [[ and ]] for the characters", text)
		}
		fixed.WriteString(rest[:i])
		if rest = rest[i:]; rest == "" {
			break
		}
		if len(rest) > 1 && rest[0] == rest[1] {
			fixed.WriteByte(rest[0])
			rest = rest[2:]
			continue
		}
		if rest[0] == '[' || rest[0] == ']' {
			if open == (rest[0] == '[') {
				return nil, fmt.Errorf("invalid template %q: brackets do not match: write [[ and ]] for the characters", text)
			}
			flush()
			open = !open
			tails, tail, rest = true, open, rest[1:]
			continue
		}
		inner, behind, closed := strings.Cut(rest[1:], "}")
		attr, format, formatted := strings.Cut(inner, ":")
		switch {
		case rest[0] == '}':
			return nil, fmt.Errorf("invalid template %q: a brace is closed that is not open: write }} for the character", text)
		case !closed || strings.Contains(inner, "{"):
			return nil, fmt.Errorf("invalid template %q: a brace is not closed: write {{ for the character", text)
		case attr == "":
			return nil, fmt.Errorf("invalid template %q: braces without an attribute", text)
		case formatted && format == "":
			return nil, fmt.Errorf("invalid template %q: attribute %q has a colon and no format behind it", text, attr)
		}
		flush()
		add(Segment{Attr: attr, Format: format})
		rest = behind
	}
	switch flush(); {
	case open:
		return nil, fmt.Errorf("invalid template %q: a bracket is not closed: write [[ for the character", text)
	case len(segments) == 0:
		return nil, errors.New("invalid template: it is empty")
	}
	return segments, nil
}

// CompileTemplate checks a template, whose components have got the kinds of their values, and prepares it for use.
func CompileTemplate(segments []Segment) (*Pattern, error) {
	p := &Pattern{declared: slices.Clone(segments)}
	for i, d := range segments {
		if err := checkTail(segments, i); err != nil {
			return nil, err
		}
		if d.Literal != "" {
			if err := checkFixed("template", d.Literal, ""); err != nil {
				return nil, err
			}
			p.row = append(p.row, segment{literal: d.Literal, tail: d.Tail && i > 0})
			continue
		}
		s := segment{attr: d.Attr, kind: d.Kind, format: d.Format, verbatim: true, bits: d.Bits, size: d.Size, fixed: d.Width, derived: d.Derived}
		if err := s.completeVerbatim(); err != nil {
			return nil, err
		}
		last := i == len(segments)-1
		switch {
		case s.fixed > 0:
			s.ordered = true
		case last:
			s.ordered = s.ordered || s.kind == Text || s.kind == Bytes
		case segments[i+1].Literal == "":
			return nil, fmt.Errorf("attribute %q: nothing tells where it ends: put a fixed text behind it, or give it a fixed width", d.Attr)
		default:
			s.until = segments[i+1].Literal
		}
		if s.clock != nil {
			s.ordered = s.clock.ordered
		}
		p.row = append(p.row, s)
	}
	if len(p.row) == 0 {
		return nil, errors.New("invalid template: it is empty")
	}
	p.describe()
	return p, nil
}

// checkTail checks a tail that begins at the i-th segment. At the first one it is the whole key, which keys may then lack.
func checkTail(segments []Segment, i int) error {
	if !segments[i].Tail {
		return nil
	}
	end := i + 1
	for end < len(segments) && !segments[end].Tail {
		end++
	}
	switch {
	case i > 0 && segments[i].Literal == "":
		return fmt.Errorf("attribute %q: a tail in brackets begins with a fixed text", segments[i].Attr)
	case !slices.ContainsFunc(segments[i:end], func(s Segment) bool { return s.Literal == "" }):
		return fmt.Errorf("a tail in brackets has no attribute that could be missing: %q", segments[i].Literal)
	}
	return nil
}

// Part reports whether a component is only a part of its attribute's value, as a day is of a time: the value cannot be read
// back from the key.
func (p *Pattern) Part(component int) bool {
	for i := range p.row {
		if s := &p.row[i]; s.literal == "" {
			if component == 0 {
				return s.clock != nil && s.clock.part
			}
			component--
		}
	}
	return false
}
