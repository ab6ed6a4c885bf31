package keys

import (
	"slices"
	"strings"
)

// class is a set of bytes.
type class [4]uint64

func classOf(bytes string) (c class) {
	for i := range len(bytes) {
		c[bytes[i]>>6] |= 1 << (bytes[i] & 63)
	}
	return c
}

func (c class) but(o class) class {
	for i := range c {
		c[i] &^= o[i]
	}
	return c
}

func (c class) has(b byte) bool { return c[b>>6]&(1<<(b&63)) != 0 }

// members lists the set; first come those that make plain examples.
func (c class) members() (out []byte) {
	const plain = "x0"
	for _, b := range []byte(plain) {
		if c.has(b) {
			out = append(out, b)
		}
	}
	for b := range 256 {
		if c.has(byte(b)) && !strings.Contains(plain, string(rune(b))) {
			out = append(out, byte(b))
		}
	}
	return out
}

// automaton has a state for each place of a byte in a text (Glushkov's
// construction): being in it means that this byte was read. State 0 is the
// beginning.
type automaton struct {
	reads []class
	next  [][]int
	final []bool
}

// fragment is a part of an automaton by the states that begin and end it.
type fragment struct{ first, last []int }

func newAutomaton() *automaton {
	return &automaton{reads: make([]class, 1), next: make([][]int, 1)}
}

// finish makes f the whole.
func (m *automaton) finish(f fragment) *automaton {
	m.next[0] = f.first
	m.final = make([]bool, len(m.reads))
	for _, i := range f.last {
		m.final[i] = true
	}
	return m
}

func (m *automaton) one(c class) fragment {
	m.reads, m.next = append(m.reads, c), append(m.next, nil)
	at := []int{len(m.reads) - 1}
	return fragment{at, at}
}

func (m *automaton) link(from, to []int) {
	for _, i := range from {
		m.next[i] = append(m.next[i], to...)
	}
}

// then puts one part after the other; empty ones are left out.
func (m *automaton) then(parts ...fragment) fragment {
	parts = slices.DeleteFunc(parts, func(p fragment) bool { return len(p.first) == 0 })
	if len(parts) == 0 {
		return fragment{}
	}
	for i := range parts[1:] {
		m.link(parts[i].last, parts[i+1].first)
	}
	return fragment{parts[0].first, parts[len(parts)-1].last}
}

func (m *automaton) either(parts ...fragment) (out fragment) {
	for _, p := range parts {
		out.first, out.last = append(out.first, p.first...), append(out.last, p.last...)
	}
	return out
}

func (m *automaton) repeated(f fragment) fragment {
	m.link(f.last, f.first)
	return f
}

func (m *automaton) text(s string) fragment {
	var parts []fragment
	for i := range len(s) {
		parts = append(parts, m.one(classOf(s[i:i+1])))
	}
	return m.then(parts...)
}

const decimals = "0123456789"

func (m *automaton) digits(n int) fragment {
	var parts []fragment
	for range n {
		parts = append(parts, m.one(classOf(decimals)))
	}
	return m.then(parts...)
}

// two accepts pairs of digits: "12 09" is a first one of "12", a second one of
// "09".
func (m *automaton) two(alternatives ...string) fragment {
	var parts []fragment
	for _, a := range alternatives {
		first, second, _ := strings.Cut(a, " ")
		parts = append(parts, m.then(m.one(classOf(first)), m.one(classOf(second))))
	}
	return m.either(parts...)
}

// between accepts the texts of digits from low to high, which are of one length.
func (m *automaton) between(low, high string) (out fragment) {
	// A bound tells whether the digits so far are those of low, and of high.
	type bound struct{ low, high bool }
	bounds := []bound{{true, true}, {true, false}, {false, true}, {false, false}}
	ends := map[bound][]int{}
	for i := range len(low) {
		reached := map[bound][]int{}
		for _, b := range bounds {
			if i == 0 && b != bounds[0] || i > 0 && len(ends[b]) == 0 {
				continue
			}
			digits := map[bound]string{}
			for _, d := range []byte(decimals) {
				if (!b.low || d >= low[i]) && (!b.high || d <= high[i]) {
					digits[bound{b.low && d == low[i], b.high && d == high[i]}] += string(d)
				}
			}
			for _, to := range bounds {
				if digits[to] == "" {
					continue
				}
				f := m.one(classOf(digits[to]))
				if i == 0 {
					out.first = append(out.first, f.first...)
				}
				m.link(ends[b], f.first)
				reached[to] = append(reached[to], f.last...)
			}
		}
		ends = reached
	}
	for _, b := range bounds {
		out.last = append(out.last, ends[b]...)
	}
	return out
}

// valuesOf accepts the values of a component by their texts without escapes and
// without a time's final Z, and a few more: floats of digits that no float has,
// the zero time, arrays of zeros.
func valuesOf(s *segment) *automaton {
	m := newAutomaton()
	switch s.kind {
	case Text:
		every := class{^s.lacks[0], ^s.lacks[1], ^uint64(0), ^uint64(0)}
		if s.holds == 0 {
			return m.finish(m.repeated(m.one(every)))
		}
		c := classOf(string(s.holds))
		before, first, behind := m.repeated(m.one(every.but(c))), m.one(c), m.repeated(m.one(every))
		m.link(before.last, first.first)
		m.link(first.last, behind.first)
		return m.finish(fragment{append(before.first, first.first...), append(behind.last, first.last...)})
	case Bytes:
		hex := classOf("0123456789abcdef")
		var array fragment
		for range s.size {
			array = m.then(array, m.one(hex), m.one(hex))
		}
		if s.size == 0 {
			array = m.repeated(m.then(m.one(hex), m.one(hex)))
		}
		return m.finish(array)
	case Bool:
		return m.finish(m.either(m.text("false"), m.text("true")))
	case Int, Uint:
		number := func(u uint64) string { return string(appendDigits(nil, u, s.width)) }
		all := m.between(number(0), number(s.most))
		if s.least < 0 {
			least := string(appendInt(nil, s.least, s.width))[1:]
			all = m.either(all, m.then(m.text("-"), m.between(least, strings.Repeat("9", s.width))))
		}
		return m.finish(all)
	case Float:
		return m.finish(m.either(m.text(zeroFloat),
			m.float("123456789", "176", "808"),
			m.then(m.text("-"), m.float("012345678", "191", "823"))))
	}
	return m.finish(m.time(s.layout))
}

// float accepts the exponents of float64, from -324 to 308.
func (m *automaton) float(first, least, most string) fragment {
	return m.then(m.between(least, most), m.text("e"), m.one(classOf(first)), m.text("."), m.digits(floatDigits-1))
}

// time follows the calendar.
func (m *automaton) time(layout string) fragment {
	layout = strings.TrimSuffix(layout, "Z")
	has := func(part string) bool { return len(layout) >= len(part) }
	var date fragment
	switch {
	case has("2006-01-02"):
		month := func(days fragment, months ...string) fragment { return m.then(m.two(months...), m.text("-"), days) }
		common := m.then(m.digits(4), m.text("-"), m.either(
			month(m.two("0 123456789", "12 0123456789", "3 01"), "0 13578", "1 02"),
			month(m.two("0 123456789", "12 0123456789", "3 0"), "0 469", "1 1"),
			month(m.two("0 123456789", "1 0123456789", "2 012345678"), "0 2")))
		leap := m.either( // by 4, not by 100; by 400
			m.then(m.digits(2), m.two("0 48", "2468 048", "13579 26")),
			m.then(m.two("02468 048", "13579 26"), m.text("00")))
		date = m.either(common, m.then(leap, m.text("-02-29")))
	case has("2006-01"):
		date = m.then(m.digits(4), m.text("-"), m.two("0 123456789", "1 012"))
	default:
		date = m.digits(4)
	}
	if !has("2006-01-02T15") {
		return date
	}
	all := m.then(date, m.text("T"), m.two("01 0123456789", "2 0123"))
	for _, part := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if has(part) {
			all = m.then(all, m.text(":"), m.two("012345 0123456789"))
		}
	}
	if _, fraction, ok := strings.Cut(layout, "."); ok {
		all = m.then(all, m.text("."), m.digits(len(fraction)))
	}
	return all
}

// writer is how one segment writes the values that another one of the same
// attribute, or itself, accepts: what it adds before or behind a byte, by the
// state that reads it, and what it encodes.
type writer struct {
	before, behind map[int]string
	escape         byteSet
}

// writerOf returns how s writes the values of narrow, whose width or layout is
// the shortest.
func writerOf(values *automaton, narrow, s *segment) writer {
	w := writer{before: map[int]string{}, behind: map[int]string{}, escape: s.escape}
	if s.kind == Text {
		return w
	}
	w.escape = byteSet{}
	if s.marked != 0 {
		w.escape.add(s.marked)
	}
	switch more := s.width - narrow.width; s.kind {
	case Int, Uint:
		for _, i := range values.next[0] {
			if !values.reads[i].has('-') {
				w.before[i] = strings.Repeat("0", more)
				continue
			}
			for _, j := range values.next[i] {
				w.before[j] = strings.Repeat("9", more)
			}
		}
	case Time:
		layout := strings.TrimSuffix(s.layout, "Z")
		for i, final := range values.final {
			if final {
				w.behind[i] = floorTime[len(strings.TrimSuffix(narrow.layout, "Z")):len(layout)] + s.layout[len(layout):]
			}
		}
	}
	return w
}

// write returns what the segment writes when state i reads c.
func (w *writer) write(i int, c byte) string {
	return w.encoded(w.before[i] + string([]byte{c}) + w.behind[i])
}

func (w *writer) encoded(text string) string {
	if !slices.ContainsFunc([]byte(text), w.escape.has) {
		return text
	}
	var out []byte
	for _, c := range []byte(text) {
		if w.escape.has(c) {
			out = appendEscaped(out, c)
		} else {
			out = append(out, c)
		}
	}
	return string(out)
}

// written accepts the texts of a segment.
func (m *automaton) written(s *segment) fragment {
	if s.literal != "" {
		return m.text(s.literal)
	}
	values := valuesOf(s)
	w := writerOf(values, s, s)
	parts := make([]fragment, len(values.reads))
	for i := range parts[1:] {
		i++
		parts[i] = m.then(m.text(w.encoded(w.before[i])), m.encoded(values.reads[i], w.escape), m.text(w.encoded(w.behind[i])))
	}
	var all fragment
	for _, i := range values.next[0] {
		all.first = append(all.first, parts[i].first...)
	}
	for i, final := range values.final {
		if final {
			all.last = append(all.last, parts[i].last...)
		}
		for _, j := range values.next[i] {
			m.link(parts[i].last, parts[j].first)
		}
	}
	return all
}

// encoded accepts one byte of c, as it is or as its escape.
func (m *automaton) encoded(c class, escape byteSet) fragment {
	var low [8]string // the second digits of the escapes, by the first one
	for i := range byte(0x80) {
		if c.has(i) && escape.has(i) {
			c[i>>6] &^= 1 << (i & 63)
			low[i>>4] += upperHex[i&15 : i&15+1]
		}
	}
	var parts, codes []fragment
	if c != (class{}) {
		parts = append(parts, m.one(c))
	}
	for high, digits := range low {
		if digits != "" {
			codes = append(codes, m.then(m.text(upperHex[high:high+1]), m.one(classOf(digits))))
		}
	}
	if len(codes) > 0 {
		parts = append(parts, m.then(m.text("%"), m.either(codes...)))
	}
	return m.either(parts...)
}

// automatonOf accepts the keys of a pattern, and a few more; see [valuesOf].
func automatonOf(p *Pattern) *automaton {
	m := newAutomaton()
	var all fragment
	for i := range p.segments {
		if i > 0 {
			all = m.then(all, m.text(p.separator))
		}
		all = m.then(all, m.written(&p.segments[i]))
	}
	return m.finish(all)
}
