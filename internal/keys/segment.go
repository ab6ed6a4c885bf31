package keys

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Value is the value of one component. Only the field of its Kind is set; a
// Bool is 0 or 1 in I.
type Value struct {
	Kind Kind
	S    string
	B    []byte
	I    int64
	U    uint64
	F    float64
	T    time.Time
}

// IsZero reports whether the value is that of a component in a tail that is not there.
func (v *Value) IsZero() bool {
	return v.S == "" && len(v.B) == 0 && v.I == 0 && v.U == 0 && v.F == 0 && v.T.IsZero()
}

// segment is a compiled [Segment]: literal != "" is fixed text, and nothing else but tail is set then.
type segment struct {
	literal string
	tail    bool // the key can end in front of it
	attr    string
	kind    Kind
	width   int
	least   int64    // the least Int
	most    uint64   // the greatest Int or Uint
	bits    int      // the size of a number
	size    int      // the length of Bytes that are an array, else 0
	shards  int      // how many shards an Int counts, else 0
	of      *segment // what the number of a shard is made from
	layout  string
	escape  byteSet // what text encodes
	marked  byte    // the separator if the fixed layout contains it, else 0
	until   string  // the text that ends the component; "" if that is the end of the key

	verbatim bool // of a template: see there
	format   string
	fixed    int // the number of bytes by which it is cut, else 0
	ordered  bool
	derived  bool
	clock    *clock
}

// maxFixed is above the longest fixed layout, the 30 bytes of a full time.
const maxFixed = 32

func compileSegment(d Segment, separator string) (segment, error) {
	if d.Literal != "" {
		if d.Attr != "" {
			return segment{}, fmt.Errorf("invalid segment: it has both the literal %q and the attribute %q", d.Literal, d.Attr)
		}
		return segment{literal: d.Literal}, checkFixed("literal", d.Literal, separator)
	}
	if d.Attr == "" {
		return segment{}, fmt.Errorf("invalid segment: it has neither a literal nor an attribute")
	}
	s := segment{attr: d.Attr, kind: d.Kind, width: d.Width, bits: d.Bits, size: d.Size, layout: d.Layout, derived: d.Derived, escape: escapeSet(separator[0])}
	if d.Of != nil {
		of, err := compileSegment(*d.Of, separator)
		if err != nil {
			return segment{}, err
		}
		s.shards, s.of = d.Shards, &of
	}
	if err := s.complete(); err != nil {
		return segment{}, err
	}
	if strings.Contains(s.marks(), separator) {
		s.marked = separator[0]
	}
	return s, nil
}

// complete checks the options of a component and fills in their defaults.
func (s *segment) complete() error {
	if int(s.kind) >= len(kindNames) {
		return s.errorf("invalid kind %d", s.kind)
	}
	most := maxDigits(s.kind)
	switch {
	case s.width != 0 && most == 0:
		return s.errorf("invalid width %d: %s takes no width", s.width, s.kind)
	case s.width < 0 || s.width > most:
		return s.errorf("invalid width %d: %s takes 1 to %d digits", s.width, s.kind, most)
	case s.layout != "" && s.kind != Time:
		return s.errorf("invalid layout %q: %s takes no layout", s.layout, s.kind)
	case s.layout != "" && !slices.Contains(timeLayouts, s.layout):
		return s.errorf("invalid layout %q: time takes %q", s.layout, timeLayouts)
	}
	if s.width == 0 {
		s.width = most
	}
	if s.kind == Time && s.layout == "" {
		s.layout = fullTime
	}
	if s.bits == 0 {
		s.bits = 64
	}
	s.setRange()
	return nil
}

// marks holds all characters of a fixed layout that can be a separator.
func (s *segment) marks() string {
	switch s.kind {
	case Int:
		if s.least < 0 {
			return "-"
		}
	case Float:
		return "-."
	case Time:
		return strings.Trim(s.layout, decimals)
	}
	return ""
}

// setRange finds the least and the greatest integer.
func (s *segment) setRange() {
	switch s.kind {
	case Int:
		s.most = 1<<(s.bits-1) - 1
		s.least = -int64(s.most) - 1
		if limit := pow10[s.width] - 1; s.most > limit {
			s.least, s.most = -int64(limit), limit
		}
		if s.shards > 0 {
			s.least, s.most = 0, uint64(s.shards-1)
		}
	case Uint:
		s.most = 1<<s.bits - 1
		if s.width < len(pow10) {
			s.most = min(s.most, pow10[s.width]-1)
		}
	}
}

func maxDigits(k Kind) int {
	switch k {
	case Int:
		return 19
	case Uint:
		return 20
	}
	return 0
}

// append renders one component. On an error the result is of no use.
func (s *segment) append(dst []byte, v *Value) ([]byte, error) {
	if v.Kind != s.kind {
		return dst, s.errorf("cannot use %s as %s", v.Kind, s.kind)
	}
	if s.verbatim {
		return s.appendVerbatim(dst, v)
	}
	var buf [maxFixed]byte
	fixed := buf[:0]
	switch s.kind {
	case Text:
		return s.appendText(dst, v.S)
	case Bytes:
		if len(v.B) == 0 {
			return dst, s.errorf("bytes are empty")
		}
		return hex.AppendEncode(dst, v.B), nil
	case Bool:
		switch v.I {
		case 0:
			return append(dst, "false"...), nil
		case 1:
			return append(dst, "true"...), nil
		}
		return dst, s.errorf("bool %d is neither 0 nor 1", v.I)
	case Int:
		if !intFits(v.I, s.width) {
			return dst, s.errorf("%d does not fit in %s", v.I, plural(s.width, "digit"))
		}
		fixed = appendInt(fixed, v.I, s.width)
	case Uint:
		if !uintFits(v.U, s.width) {
			return dst, s.errorf("%d does not fit in %s", v.U, plural(s.width, "digit"))
		}
		fixed = appendDigits(fixed, v.U, s.width)
	case Float:
		if v.F-v.F != 0 {
			return dst, s.errorf("float %v is not finite", v.F)
		}
		fixed = appendFloat(fixed, v.F)
	case Time:
		t := v.T.UTC()
		if err := s.checkTime(t); err != nil {
			return dst, err
		}
		var exact bool
		if fixed, exact = appendTime(fixed, t, s.layout); !exact {
			return dst, s.errorf("time %s does not fit layout %q, which would drop a part of it; truncate the time in UTC, or use a longer layout", t.Format(time.RFC3339Nano), s.layout)
		}
	}
	return s.appendFixed(dst, fixed), nil
}

func (s *segment) checkTime(t time.Time) error {
	if t.IsZero() {
		return s.errorf("time is not set")
	}
	if y := t.Year(); y < 0 || y > 9999 {
		return s.errorf("time %s has a year outside 0000 to 9999", t.Format(time.RFC3339Nano))
	}
	return nil
}

// appendFixed appends a fixed layout, encoding the separator if it is one of
// the layout's own characters. They stand at the same places in all values of
// one sign and '%' is, like '-', below every digit: order is not affected.
func (s *segment) appendFixed(dst, fixed []byte) []byte {
	if s.marked == 0 {
		return append(dst, fixed...)
	}
	for _, c := range fixed {
		if c == s.marked {
			dst = appendEscaped(dst, c)
		} else {
			dst = append(dst, c)
		}
	}
	return dst
}

// parse reports whether the component renders text, and sets v to the value
// unless v is nil. It allocates only for values that need memory of their own.
func (s *segment) parse(text string, v *Value) bool {
	if s.verbatim {
		return s.parseVerbatim(text, v)
	}
	switch s.kind {
	case Text:
		return s.parseText(text, v)
	case Bytes:
		return parseHex(text, v)
	}
	var buf [maxFixed]byte
	n := 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '%' {
			if s.marked == 0 || !isEscape(text[i:]) || unescaped(text[i:]) != s.marked {
				return false
			}
			c = s.marked
			i += 2
		} else if s.marked != 0 && c == s.marked {
			return false
		}
		if n == len(buf) {
			return false
		}
		buf[n] = c
		n++
	}
	var scratch Value
	if v == nil {
		v = &scratch
	}
	return s.parseFixed(buf[:n], v)
}

func (s *segment) parseFixed(text []byte, v *Value) (ok bool) {
	switch s.kind {
	case Int:
		v.I, ok = parseInt(text, s.width)
	case Uint:
		v.U, ok = parseDigits(text, s.width)
	case Float:
		v.F, ok = parseFloat(text)
	case Bool:
		if string(text) == "true" {
			v.I = 1
		}
		ok = v.I == 1 || string(text) == "false"
	case Time:
		v.T, ok = parseTime(text, s.layout)
		ok = ok && !v.T.IsZero()
	}
	return ok
}

// fits reports whether the Go type has the value, which was parsed: a number of
// its size or of a shard, an array of its length that is not all zeros.
func (s *segment) fits(v *Value) bool {
	switch s.kind {
	case Int:
		return v.I >= s.least && (v.I < 0 || uint64(v.I) <= s.most)
	case Uint:
		return v.U <= s.most
	case Float:
		return s.bits == 64 || float64(float32(v.F)) == v.F
	case Bytes:
		return s.size == 0 || len(v.B) == s.size && slices.ContainsFunc(v.B, func(c byte) bool { return c != 0 })
	}
	return true
}

func parseHex(text string, v *Value) bool {
	if text == "" || len(text)%2 != 0 {
		return false
	}
	for i := range len(text) {
		if c := text[i]; !isDigit(c) && (c < 'a' || c > 'f') {
			return false
		}
	}
	if v != nil {
		v.B, _ = hex.DecodeString(text)
	}
	return true
}

// describe names what the component expects, for error messages.
func (s *segment) describe() string {
	if s.verbatim {
		return s.describeVerbatim()
	}
	switch s.kind {
	case Int:
		return "an int of " + plural(s.width, "digit")
	case Uint:
		return "a uint of " + plural(s.width, "digit")
	case Float:
		return "a float"
	case Bool:
		return "a bool"
	case Time:
		return fmt.Sprintf("a time of layout %q", s.layout)
	case Bytes:
		return "bytes in hex"
	}
	return "escaped text"
}

func (s *segment) errorf(format string, args ...any) error {
	return fmt.Errorf("attribute %q: %w", s.attr, fmt.Errorf(format, args...))
}
