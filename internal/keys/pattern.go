// Package keys renders, escapes, parses and orders the text of string keys.
//
// A key is a row of segments joined by a separator: fixed text (the prefix and
// literals) and components, each of which renders one value. For a [Pattern],
// with the default separator:
//
//   - different values never render to the same key, because no component
//     contains a raw separator;
//   - the byte order of two keys is the order of their values, component by
//     component;
//   - a key parses back into exactly the values that built it, and a text that
//     no values build is refused.
//
// # Components
//
//	text   as it is, with the bytes up to '%' percent-encoded (see below)
//	int    19 digits, or the segment's width; a negative v is "-" and 10^width+v
//	uint   20 digits, or the segment's width
//	float  exponent+500, "e", 17 digits: 1234.5 is 503e1.2345000000000000;
//	       a negative is "-" and the same text with each digit d as 9-d
//	bool   false, true
//	time   UTC, 2006-01-02T15:04:05.000000000Z or one of its truncations
//	bytes  lower-case hex
//
// # Escapes and separators
//
// A byte is encoded as '%' and two upper-case hex digits. Order survives only
// if everything that becomes a '%' sorted around '%' before and if nothing in a
// text is below the separator that may follow it, so text encodes every byte up to
// '%' (space, '!', '"', '#', '$', '%' and the controls): "a" then sorts below "a!"
// although a separator follows it. A text renders the same in every place, whether
// another segment follows or not, so that the order also holds between keys of
// different patterns:
//
//	ORG#Acme              {org} = "Acme"
//	ORG#Acme#REPO#x       all that is below it
//	ORG#Acme%20Inc        {org} = "Acme Inc"
//
// A separator above '%' ('&', '-', ':', '|' …) leaves no such room: text encodes the
// separator and '%' only. Keys stay injective and reversible and order holds
// for int, uint, float, bool and time. It is not promised for text that holds a
// '%' or the separator, nor, ahead of another segment, for text with any byte
// up to the separator or for bytes under a separator above '/'.
package keys

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// DefaultSeparator sorts below every letter and digit and below '%', which is
// what keeps the order of keys the order of values.
const DefaultSeparator = "#"

// Kind is the kind of value a component renders.
type Kind uint8

// The zero Kind is Text.
const (
	Text Kind = iota
	Int
	Uint
	Float
	Bool
	Time
	Bytes
)

var kindNames = [...]string{"text", "int", "uint", "float", "bool", "time", "bytes"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Segment is one segment of a key: fixed text if Literal is set, else a
// component that renders the attribute Attr.
//
// Width is the number of digits of an Int (1 to 19) or Uint (1 to 20); 0 means
// the most, which every value fits. Layout is the fixed layout of a Time:
// "2006-01-02T15:04:05.000000000Z" if empty, or that layout cut after the year,
// month, day, hour or minute, or with no, 3 or 6 digits of the second.
//
// The rest is for [Apart], and neither Append nor Parse ask for it. Bits is the
// size of an Int, Uint or Float: 8, 16, 32 or 64; 0 means 64. Size is the length
// of Bytes that are an array; 0 means any. An array of zeros is not set. With
// Of, the component is an Int, the number of one of Shards shards, and [Shard]
// makes it of Of.
type Segment struct {
	Literal string
	Attr    string
	Kind    Kind
	Width   int
	Layout  string
	Bits    int
	Size    int
	Shards  int
	Of      *Segment
}

// Pattern builds and reads the keys of one layout. It is immutable and safe for
// concurrent use.
type Pattern struct {
	separator string
	segments  []segment // the prefix, if any, is the first one
	declared  []Segment
	comps     int
	lead      string
	example   string // one key that the pattern builds
	text      string
}

// Compile checks a layout and prepares it for use. The prefix, when there is
// one, is a first segment of fixed text. The separator is one ASCII
// punctuation character other than '%'; it may not occur in fixed text.
func Compile(prefix, separator string, segments []Segment) (*Pattern, error) {
	if !validSeparator(separator) {
		return nil, fmt.Errorf(`invalid separator %q: it must be one ASCII punctuation character other than "%%"`, separator)
	}
	p := &Pattern{separator: separator, declared: slices.Clone(segments)}
	p.segments = make([]segment, 0, len(segments)+1)
	if prefix != "" {
		if err := checkFixed("prefix", prefix, separator); err != nil {
			return nil, err
		}
		p.segments = append(p.segments, segment{literal: prefix, sample: prefix})
	}
	for _, d := range segments {
		s, err := compileSegment(d, separator)
		if err != nil {
			return nil, err
		}
		if s.literal == "" {
			p.comps++
		}
		p.segments = append(p.segments, s)
	}
	if len(p.segments) == 0 {
		return nil, errors.New("invalid key: it has neither a prefix nor a segment")
	}
	p.describe()
	return p, nil
}

func validSeparator(s string) bool {
	if len(s) != 1 || s == "%" {
		return false
	}
	c := s[0]
	return c > ' ' && c < 0x7f && !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'z')
}

func checkFixed(what, text, separator string) error {
	switch {
	case !utf8.ValidString(text):
		return fmt.Errorf("invalid %s %q: it is not valid UTF-8", what, text)
	case strings.Contains(text, separator):
		return fmt.Errorf("invalid %s %q: it contains the separator %q: leave that out, give several parts, or set another with entable.Separator", what, text, separator)
	}
	return nil
}

// describe derives the texts of a pattern from its segments.
func (p *Pattern) describe() {
	var text, example strings.Builder
	leading := true
	for i := range p.segments {
		s := &p.segments[i]
		if i > 0 {
			text.WriteString(p.separator)
			example.WriteString(p.separator)
		}
		if s.literal == "" && leading {
			p.lead, leading = text.String(), false
		}
		if s.literal != "" {
			text.WriteString(s.literal)
		} else {
			text.WriteString("{" + s.attr + "}")
		}
		example.WriteString(s.sample)
	}
	p.text, p.example = text.String(), example.String()
	if leading {
		p.lead = p.text
	}
}

// Components returns the number of values a key is built from.
func (p *Pattern) Components() int { return p.comps }

// Segments returns a copy of the segments given to [Compile].
func (p *Pattern) Segments() []Segment { return slices.Clone(p.declared) }

// Lead returns the longest fixed text that every key of the pattern starts
// with. It ends after a separator, or is "" where the first segment is a
// component. A pattern without components has one key, which is then the lead.
func (p *Pattern) Lead() string { return p.lead }

// String returns the layout in words, such as "CD#{device_id}".
func (p *Pattern) String() string { return p.text }

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
// next component, literals included, and so ends after a separator: it matches
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
	for i := range p.segments {
		s := &p.segments[i]
		if s.literal != "" {
			out = append(out, s.literal...)
		} else {
			if len(vals) == 0 {
				return out, nil
			}
			var err error
			if out, err = s.append(out, &vals[0]); err != nil {
				return dst, err
			}
			vals = vals[1:]
		}
		if i < len(p.segments)-1 {
			out = append(out, p.separator[0])
		}
	}
	return out, nil
}

// Parse appends the values that key was built from, the exact inverse of
// Append. It is strict: a key is refused if Append cannot build it. Values of
// text may alias key. On an error vals comes back unchanged.
func (p *Pattern) Parse(key string, vals []Value) ([]Value, error) {
	out, rest := vals, key
	for i := range p.segments {
		s := &p.segments[i]
		text, ok := p.cut(&rest, i)
		if !ok {
			return vals, p.countError(key)
		}
		if s.literal != "" {
			if text != s.literal {
				return vals, fmt.Errorf("cannot parse key %q as %s: %q is not %q", key, p, text, s.literal)
			}
			continue
		}
		v := Value{Kind: s.kind}
		if !s.parse(text, &v) {
			return vals, fmt.Errorf("cannot parse key %q as %s: attribute %q: %q is not %s", key, p, s.attr, text, s.describe())
		}
		out = append(out, v)
	}
	return out, nil
}

// Match reports whether Parse would succeed. It does not allocate.
func (p *Pattern) Match(key string) bool {
	if !strings.HasPrefix(key, p.lead) {
		return false
	}
	for i := range p.segments {
		text, ok := p.cut(&key, i)
		if !ok || !p.segments[i].match(text) {
			return false
		}
	}
	return true
}

// cut takes the text of segment i off the front of rest. The last segment is
// what remains and may hold no separator; each other one needs one.
func (p *Pattern) cut(rest *string, i int) (text string, ok bool) {
	at := strings.IndexByte(*rest, p.separator[0])
	if i == len(p.segments)-1 {
		return *rest, at < 0
	}
	if at < 0 {
		return "", false
	}
	text, *rest = (*rest)[:at], (*rest)[at+1:]
	return text, true
}

func (p *Pattern) countError(key string) error {
	return fmt.Errorf("cannot parse key %q as %s: it has %s instead of %d",
		key, p, plural(strings.Count(key, p.separator)+1, "segment"), len(p.segments))
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
