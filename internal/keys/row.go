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
	return p.append(dst, vals)
}

// AppendLeading appends the fixed text that exactly those keys of the pattern
// start with whose first components have the values. The text runs up to the
// next component, literals included, and so matches
// no key with a longer value or prefix. With a value for every component it is
// the complete key, which is to be compared for equality.
func (p *Pattern) AppendLeading(dst []byte, vals []Value) ([]byte, error) {
	if len(vals) > p.comps {
		return dst, fmt.Errorf("cannot build leading part of key %s from %s: it has %s", p, plural(len(vals), "value"), plural(p.comps, "component"))
	}
	return p.append(dst, vals)
}

func (p *Pattern) append(dst []byte, vals []Value) ([]byte, error) {
	out := dst
	for i := range p.row {
		s := &p.row[i]
		if s.literal != "" {
			out = append(out, s.literal...)
			continue
		}
		if len(vals) == 0 {
			return out, nil
		}
		from := len(out)
		var err error
		if out, err = s.append(out, &vals[0]); err != nil {
			return dst, err
		}
		if s.verbatim && s.until != "" {
			if err := s.checkEnd(out[from:]); err != nil {
				return dst, err
			}
		}
		vals = vals[1:]
	}
	return out, nil
}

// Parse appends the values that key was built from, the exact inverse of
// Append. It is strict: a key is refused if Append cannot build it. Values of
// text may alias key. On an error vals comes back unchanged.
//
// The value of a component that is a part of a time is the beginning of that part.
func (p *Pattern) Parse(key string, vals []Value) ([]Value, error) {
	out, rest := vals, key
	for i := range p.row {
		s := &p.row[i]
		text, ok := s.cut(&rest)
		switch {
		case s.literal != "" && !ok:
			return vals, fmt.Errorf("cannot parse key %q as %s: %q does not begin with %q", key, p, rest, s.literal)
		case s.literal != "":
			continue
		case !ok:
			return vals, fmt.Errorf("cannot parse key %q as %s: attribute %q: %q is not %s%s", key, p, s.attr, rest, s.describe(), s.ending())
		}
		v := Value{Kind: s.kind}
		if !s.parse(text, &v) {
			return vals, fmt.Errorf("cannot parse key %q as %s: attribute %q: %q is not %s", key, p, s.attr, text, s.describe())
		}
		out = append(out, v)
	}
	if rest != "" {
		return vals, fmt.Errorf("cannot parse key %q as %s: it goes on with %q", key, p, rest)
	}
	return out, nil
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
	for i := range p.row {
		s := &p.row[i]
		text, ok := s.cut(&key)
		if !ok || s.literal == "" && !s.parse(text, nil) {
			return false
		}
	}
	return key == ""
}

// cut takes the text of a segment off the front of rest: fixed text as it is, a component of fixed width by that, any
// other up to the text that ends it.
func (s *segment) cut(rest *string) (text string, ok bool) {
	at := len(*rest)
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
		if at = strings.Index(*rest, s.until); at < 0 {
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
