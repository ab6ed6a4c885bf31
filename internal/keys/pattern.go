// Package keys renders, escapes, parses and orders the text of string keys.
//
// A key is a row of fixed texts and components, each of which renders one value. There are two sorts of keys, which
// [Pattern] renders, parses, matches and proves apart with one code:
//
//   - composed ones ([Compile]) are for new data: segments with a separator between them, whose components encode what
//     could be mistaken for one and are ordered;
//   - templates ([CompileTemplate]) are for data that is stored already: any fixed text, and values as they are. What
//     would not read back is refused.
//
// For a composed key with the default separator:
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
//
// # Templates
//
// A component of fixed width is cut by its width. Any other ends where the next fixed text begins for the first time, or with
// the key; a value that contains that text is refused, and so different values never give one key.
//
// A key ends before a tail where the values of all components from there on are zero, and only there: what else renders zeros
// in their places is no key.
package keys

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
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
// In a template Format is what stands behind the attribute's colon, and takes the place of Layout. Width is there the number
// of bytes that all texts of a type have, as a UUID's 36; 0 if they differ. With Tail, the key can end in front of the segment.
//
// The rest is for [Apart], and neither Append nor Parse ask for it. Bits is the
// size of an Int, Uint or Float: 8, 16, 32 or 64; 0 means 64. Size is the length
// of Bytes that are an array; 0 means any. An array of zeros is not set. With
// Of, the component is an Int, the number of one of Shards shards, and [Shard]
// makes it of Of. A component that is Derived is a text of which nothing is known.
type Segment struct {
	Literal string
	Attr    string
	Kind    Kind
	Width   int
	Layout  string
	Format  string
	Bits    int
	Size    int
	Shards  int
	Of      *Segment
	Tail    bool
	Derived bool
}

// Pattern builds and reads the keys of one layout. It is immutable and safe for
// concurrent use.
type Pattern struct {
	row       []segment // fixed texts, the separators among them, and components
	declared  []Segment
	separator string // "" of a template
	forms     []form // the segments of a composed key
	comps     int
	lead      string
	tail      string // the fixed text that every key ends with
	tails     int
	text      string
	language  func() *automaton
}

// form is a segment as it was declared: a fixed text, or "" for the component at a place in the row.
type form struct {
	fixed string
	at    int
}

// Compile checks a layout and prepares it for use. The prefix, when there is
// one, is a first segment of fixed text. The separator is one ASCII
// punctuation character other than '%'; it may not occur in fixed text.
func Compile(prefix, separator string, segments []Segment) (*Pattern, error) {
	if !validSeparator(separator) {
		return nil, fmt.Errorf(`invalid separator %q: it must be one ASCII punctuation character other than "%%"`, separator)
	}
	p := &Pattern{separator: separator, declared: slices.Clone(segments)}
	p.row = make([]segment, 0, 2*len(segments)+1)
	if prefix != "" {
		if err := checkFixed("prefix", prefix, separator); err != nil {
			return nil, err
		}
		p.add(segment{literal: prefix})
	}
	for _, d := range segments {
		s, err := compileSegment(d, separator)
		if err != nil {
			return nil, err
		}
		p.add(s)
	}
	if len(p.forms) == 0 {
		return nil, errors.New("invalid key: it has neither a prefix nor a segment")
	}
	p.describe()
	return p, nil
}

// add adds a segment of a composed key to the row, behind a separator unless it is the first one.
func (p *Pattern) add(s segment) {
	if n := len(p.row); len(p.forms) > 0 {
		if p.row[n-1].literal == "" {
			p.row[n-1].until = p.separator
			p.row = append(p.row, segment{})
			n++
		}
		p.row[n-1].literal += p.separator
	}
	p.forms = append(p.forms, form{s.literal, len(p.row)})
	if n := len(p.row); n > 0 && p.row[n-1].literal != "" && s.literal != "" {
		p.row[n-1].literal += s.literal
		return
	}
	p.row = append(p.row, s)
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
	case separator != "" && strings.Contains(text, separator):
		return fmt.Errorf("invalid %s %q: it contains the separator %q: leave that out, give several parts, or set another with entable.Separator", what, text, separator)
	}
	return nil
}

// describe derives from the row what is asked for often.
func (p *Pattern) describe() {
	var text strings.Builder
	for i := range p.row {
		s := &p.row[i]
		if s.tail {
			text.WriteString("]["[min(p.tails, 1)^1:])
			p.tails++
		}
		if s.literal != "" {
			text.WriteString(s.literal)
			continue
		}
		p.comps++
		text.WriteString("{" + s.name() + "}")
	}
	p.lead = p.row[0].literal
	if p.tails > 0 {
		text.WriteString("]")
	} else {
		p.tail = p.row[len(p.row)-1].literal
	}
	p.text = text.String()
	p.language = sync.OnceValue(func() *automaton { return automatonOf(p) })
}

// name returns what stands between the braces of a component.
func (s *segment) name() string {
	if s.format == "" {
		return s.attr
	}
	return s.attr + ":" + s.format
}

// Components returns the number of values a key is built from.
func (p *Pattern) Components() int { return p.comps }

// Segments returns a copy of the segments given to [Compile] or [CompileTemplate].
func (p *Pattern) Segments() []Segment { return slices.Clone(p.declared) }

// Lead returns the longest fixed text that every key of the pattern starts
// with. In a composed key it ends after a separator, or is "" where the first segment is a
// component. A pattern without components has one key, which is then the lead.
func (p *Pattern) Lead() string { return p.lead }

// String returns the layout in words, such as "CD#{device_id}".
func (p *Pattern) String() string { return p.text }

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
