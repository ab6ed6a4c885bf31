package keys

import (
	"math/bits"
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

var everyByte = class{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}

func (c class) has(b byte) bool { return c[b>>6]&(1<<(b&63)) != 0 }

// both returns what is in both sets.
func (c class) both(o class) class {
	for i := range c {
		c[i] &= o[i]
	}
	return c
}

// pick returns a byte of the set, one of those that make plain examples if it has one.
func (c class) pick(plain string) byte {
	for i := range len(plain) {
		if c.has(plain[i]) {
			return plain[i]
		}
	}
	for i, word := range c {
		if word != 0 {
			return byte(i<<6 + bits.TrailingZeros64(word))
		}
	}
	return 0
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

// values accepts the values of a component of a composed key by their texts without escapes, and a few more: floats of
// digits that no float has, the zero time, arrays of zeros.
func (m *automaton) values(s *segment) fragment {
	switch s.kind {
	case Text:
		return m.repeated(m.one(everyByte))
	case Bytes:
		return m.hex(s.size)
	case Bool:
		return m.either(m.text("false"), m.text("true"))
	case Int, Uint:
		return m.integers(s)
	case Float:
		return m.either(m.text(zeroFloat),
			m.float("123456789", "176", "808"),
			m.then(m.text("-"), m.float("012345678", "191", "823")))
	}
	return m.time(s.layout)
}

func (m *automaton) integers(s *segment) fragment {
	number := func(u uint64) string { return string(appendDigits(nil, u, s.width)) }
	all := m.between(number(0), number(s.most))
	if s.least < 0 {
		least := string(appendInt(nil, s.least, s.width))[1:]
		all = m.either(all, m.then(m.text("-"), m.between(least, strings.Repeat("9", s.width))))
	}
	return all
}

// hex accepts bytes of any length, or of that of an array, which are not all zero.
func (m *automaton) hex(size int) fragment {
	any, zero, other := classOf("0123456789abcdef"), classOf("0"), classOf("123456789abcdef")
	if size == 0 {
		return m.repeated(m.then(m.one(any), m.one(any)))
	}
	zeros, first := m.one(zero), m.one(other)
	all := m.either(zeros, first)
	set := first.last // where some digit was not zero
	for range 2*size - 1 {
		next := m.either(m.one(any), m.one(other))
		m.link(set, next.first[:1])
		m.link(zeros.last, next.first[1:])
		more := m.one(zero)
		m.link(zeros.last, more.first)
		zeros, set = more, next.last
	}
	return fragment{all.first, set}
}

// verbatim accepts the texts of a template's component, and perhaps more: texts that are not valid, numbers that no Go type has.
func (m *automaton) verbatim(s *segment) (all fragment) {
	switch {
	case s.clock != nil && s.clock.unit > 0:
		return m.digits(s.fixed)
	case s.clock != nil:
		for _, c := range s.clock.shape {
			all = m.then(all, m.one(c))
		}
		if s.fixed == 0 {
			all = m.repeated(m.one(everyByte))
		}
		return all
	case s.kind == Bytes && s.format == "":
		return m.hex(s.size)
	case s.kind == Bool:
		return m.either(m.text("false"), m.text("true"))
	case s.kind == Text || s.kind == Bytes:
		for range s.fixed {
			all = m.then(all, m.one(classOf(idBytes)))
		}
		if s.fixed == 0 {
			all = m.repeated(m.one(everyByte))
		}
		return all
	case s.fixed > 0:
		return m.digits(s.fixed)
	}
	// Numbers of any length: a sign, digits, and those of a fraction.
	digits := m.repeated(m.one(classOf(decimals)))
	all = digits
	if s.kind == Float {
		fraction := m.then(m.text("."), m.repeated(m.one(classOf(decimals))))
		m.link(digits.last, fraction.first)
		all = m.either(digits, fragment{nil, fraction.last})
	}
	if s.kind == Uint {
		return all
	}
	sign := m.text("-")
	m.link(sign.last, digits.first)
	return fragment{append(sign.first, digits.first...), all.last}
}

// until accepts a text and behind it end, which begins nowhere before (the automaton of Knuth, Morris and Pratt): what a
// component of a template is cut off by. The text is not empty. Open are the states in which end has not been read: where the
// text may be all.
func (m *automaton) until(end string) (all fragment, open []int) {
	n := len(end)
	// Place k < n: all that was read is the first k bytes of end. Place n+k: there is a text in front of these.
	into := make([][]int, 2*n) // the states that lead to a place
	type arc struct{ from, state int }
	var arcs []arc
	for from := range 2 * n {
		var bytes [2*256 + 1]*class // by where they lead; the last one is the end
		for b := range 256 {
			to := from%n + 1
			switch {
			case byte(b) != end[from%n]:
				to = n + border(end, from%n, byte(b))
			case to == n && from < n: // an empty text
				continue
			case to == n:
				to = 2 * n
			case from >= n:
				to += n
			}
			if bytes[to] == nil {
				bytes[to] = new(class)
			}
			bytes[to][b>>6] |= 1 << (b & 63)
		}
		for to, c := range bytes[:2*n+1] {
			if c == nil {
				continue
			}
			state := m.one(*c).first[0]
			arcs = append(arcs, arc{from, state})
			if to == 2*n {
				all.last = append(all.last, state)
			} else {
				into[to] = append(into[to], state)
			}
		}
	}
	for _, a := range arcs {
		if a.from == 0 {
			all.first = append(all.first, a.state)
		}
		m.link(into[a.from], []int{a.state})
	}
	return all, slices.Concat(into...)
}

// border returns how many of the first bytes of end a text ends with that ended with k of them and was then followed by b,
// which is not the next one.
func border(end string, k int, b byte) int {
	text := end[:k] + string([]byte{b})
	for n := k; n > 0; n-- {
		if strings.HasSuffix(text, end[:n]) {
			return n
		}
	}
	return 0
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

// composed accepts the texts of a composed key's component: its values with what is encoded in them.
func (m *automaton) composed(s *segment) fragment {
	plain := newAutomaton()
	values := plain.finish(plain.values(s))
	escape, zulu := s.escape, ""
	if s.kind != Text {
		if escape = (byteSet{}); s.marked != 0 {
			escape.add(s.marked)
		}
	}
	if s.kind == Time && strings.HasSuffix(s.layout, "Z") {
		zulu = "Z"
	}
	parts := make([]fragment, len(values.reads))
	for i := range parts[1:] {
		parts[i+1] = m.encoded(values.reads[i+1], escape)
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
			if i > 0 {
				m.link(parts[i].last, parts[j].first)
			}
		}
	}
	return m.then(all, m.text(zulu))
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

// automatonOf accepts the keys of a pattern, and a few more.
func automatonOf(p *Pattern) *automaton {
	m := newAutomaton()
	var parts []fragment
	var ends []int // in front of tails
	for i := 0; i < len(p.row); i++ {
		s := &p.row[i]
		if s.tail {
			ends = append(ends, parts[len(parts)-1].last...)
		}
		switch {
		case s.literal != "":
			parts = append(parts, m.text(s.literal))
		case !s.verbatim:
			parts = append(parts, m.composed(s))
		case s.kind == Text && s.until != "":
			all, open := m.until(s.until)
			parts = append(parts, all)
			if i++; p.row[i].tail { // its text is in there
				ends = append(ends, open...)
			}
		default:
			parts = append(parts, m.verbatim(s))
		}
	}
	all := m.then(parts...)
	return m.finish(fragment{all.first, append(all.last, ends...)})
}
