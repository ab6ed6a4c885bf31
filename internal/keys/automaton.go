package keys

import (
	"math/rand/v2"
	"slices"
	"strings"
)

// Patterns of two separators cannot be compared segment by segment: what one
// takes for a separator is text to the other. Their keys are two regular
// languages, and they are disjoint if the product of the automata accepts
// nothing. Each automaton accepts all keys of its pattern and a few more: the
// 30th of February, integers above 64 bits, floats of digits that no float64
// has. An empty product is thus a proof; any other is searched for an example.

// class is a set of bytes.
type class [4]uint64

func classOf(bytes string) (c class) {
	for i := range len(bytes) {
		c[bytes[i]>>6] |= 1 << (bytes[i] & 63)
	}
	return c
}

func (c class) and(o class) class {
	for i := range c {
		c[i] &= o[i]
	}
	return c
}

// members lists the ASCII characters of the set, or else its other bytes.
func (c class) members() (out []byte) {
	for b := range 256 {
		if b == 0x80 && len(out) > 0 {
			break
		}
		if c[b>>6]&(1<<(b&63)) != 0 {
			out = append(out, byte(b))
		}
	}
	return out
}

// automaton has a state for each place of a byte in a key (Glushkov's
// construction): being in it means that this byte was read.
type automaton struct {
	reads []class
	next  [][]int
	first []int
	final map[int]bool
}

// fragment is a part of an automaton by the states that begin and end it. No
// part is ever empty.
type fragment struct{ first, last []int }

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

func (m *automaton) then(parts ...fragment) fragment {
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
	parts := make([]fragment, len(s))
	for i := range parts {
		parts[i] = m.one(classOf(s[i : i+1]))
	}
	return m.then(parts...)
}

const decimals = "0123456789"

func (m *automaton) digits(n int) fragment {
	parts := make([]fragment, n)
	for i := range parts {
		parts[i] = m.one(classOf(decimals))
	}
	return m.then(parts...)
}

func automatonOf(p *Pattern) *automaton {
	m := &automaton{final: map[int]bool{}}
	var parts []fragment
	for i := range p.segments {
		if i > 0 {
			parts = append(parts, m.text(p.separator))
		}
		parts = append(parts, m.segment(&p.segments[i]))
	}
	all := m.then(parts...)
	m.first = all.first
	for _, i := range all.last {
		m.final[i] = true
	}
	return m
}

func (m *automaton) segment(s *segment) fragment {
	if s.literal != "" {
		return m.text(s.literal)
	}
	switch s.kind {
	case Text:
		return m.escapedText(s)
	case Bytes:
		hex := classOf("0123456789abcdef")
		return m.repeated(m.then(m.one(hex), m.one(hex)))
	case Bool:
		return m.either(m.text("false"), m.text("true"))
	case Int:
		return m.either(m.digits(s.width), m.then(m.mark(s, '-'), m.digits(s.width)))
	case Float:
		zero := m.then(m.text("000e0"), m.mark(s, '.'), m.text("0000000000000000"))
		return m.either(zero, m.float(s, "123456789"), m.then(m.mark(s, '-'), m.float(s, "012345678")))
	case Time:
		return m.time(s)
	}
	return m.digits(s.width) // Uint
}

// mark is a punctuation character of a fixed layout.
func (m *automaton) mark(s *segment, c byte) fragment {
	if c == s.marked {
		return m.text(string(appendEscaped(nil, c)))
	}
	return m.text(string(c))
}

// float takes an exponent of 100 to 899, of which 176 to 808 exist.
func (m *automaton) float(s *segment, first string) fragment {
	return m.then(m.one(classOf("12345678")), m.digits(2), m.text("e"), m.one(classOf(first)), m.mark(s, '.'), m.digits(floatDigits-1))
}

func (m *automaton) escapedText(s *segment) fragment {
	raw := class{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}
	var low [8]string // the second digits of the escapes, by the first one
	for c := range byte(0x80) {
		if s.escape.has(c) {
			raw[c>>6] &^= 1 << (c & 63)
			low[c>>4] += upperHex[c&15 : c&15+1]
		}
	}
	var codes []fragment
	for high, digits := range low {
		if digits != "" {
			codes = append(codes, m.then(m.text(upperHex[high:high+1]), m.one(classOf(digits))))
		}
	}
	return m.repeated(m.either(m.one(raw), m.then(m.text("%"), m.either(codes...))))
}

// time accepts the 31st of every month.
func (m *automaton) time(s *segment) fragment {
	two := func(alternatives ...string) fragment { // "12 09": a first digit of "12", a second of "09"
		var parts []fragment
		for _, a := range alternatives {
			first, second, _ := strings.Cut(a, " ")
			parts = append(parts, m.then(m.one(classOf(first)), m.one(classOf(second))))
		}
		return m.either(parts...)
	}
	var parts []fragment
	for at := 0; at < len(s.layout); {
		switch c := s.layout[at]; {
		case !isDigit(c):
			parts = append(parts, m.mark(s, c))
			at++
			continue
		case at == 5:
			parts = append(parts, two("0 123456789", "1 012"))
		case at == 8:
			parts = append(parts, two("0 123456789", "12 0123456789", "3 01"))
		case at == 11:
			parts = append(parts, two("01 0123456789", "2 0123"))
		case at == 14 || at == 17:
			parts = append(parts, two("012345 0123456789"))
		default: // the year, or the fraction of the second
			n := len(s.layout[at:]) - len(strings.TrimLeft(s.layout[at:], decimals))
			parts = append(parts, m.digits(n))
			at += n
			continue
		}
		at += 2
	}
	return m.then(parts...)
}

// product is the pair of two automata; its states are pairs of theirs.
type product struct {
	a, b *automaton
	next map[[2]int][][2]int
	// left is the least number of bytes from a state to the end of a key.
	left map[[2]int]int
}

func productOf(a, b *automaton) *product {
	p := &product{a: a, b: b, next: map[[2]int][][2]int{}, left: map[[2]int]int{}}
	back := map[[2]int][][2]int{}
	todo := p.pairs(a.first, b.first)
	for _, s := range todo {
		p.next[s] = nil
	}
	var ends [][2]int
	for len(todo) > 0 {
		s := todo[0]
		todo = todo[1:]
		if a.final[s[0]] && b.final[s[1]] {
			ends = append(ends, s)
			p.left[s] = 0
		}
		p.next[s] = p.pairs(a.next[s[0]], b.next[s[1]])
		for _, n := range p.next[s] {
			back[n] = append(back[n], s)
			if _, seen := p.next[n]; !seen {
				p.next[n] = nil
				todo = append(todo, n)
			}
		}
	}
	for len(ends) > 0 {
		s := ends[0]
		ends = ends[1:]
		for _, n := range back[s] {
			if _, seen := p.left[n]; !seen {
				p.left[n] = p.left[s] + 1
				ends = append(ends, n)
			}
		}
	}
	return p
}

// pairs are the states of the product in which one byte can lead.
func (p *product) pairs(as, bs []int) (out [][2]int) {
	for _, i := range as {
		for _, j := range bs {
			if p.a.reads[i].and(p.b.reads[j]) != (class{}) {
				out = append(out, [2]int{i, j})
			}
		}
	}
	return out
}

// maxTries bounds the search for an example. Most automata give one at once.
const maxTries = 2000

func disjointTexts(a, b *Pattern) (ok bool, example string) {
	p := productOf(automatonOf(a), automatonOf(b))
	rnd := rand.New(rand.NewPCG(1, 2)) // the same example each time
	for i := range maxTries {
		text, found := p.walk(rnd, i == 0)
		if !found {
			return true, ""
		}
		if a.Match(text) && b.Match(text) {
			return false, text
		}
	}
	return false, ""
}

// walk is one text that both automata accept: a short one, so that what they
// have in common, if it is anything, comes up soon. If plain, it is the shortest
// one, of plain characters.
func (p *product) walk(rnd *rand.Rand, plain bool) (string, bool) {
	var text []byte
	options := p.pairs(p.a.first, p.b.first)
	for {
		var open [][2]int
		for _, s := range options {
			if _, ok := p.left[s]; ok {
				open = append(open, s)
			}
		}
		if len(open) == 0 {
			return "", false
		}
		s := open[rnd.IntN(len(open))]
		if plain || rnd.IntN(4) > 0 {
			s = slices.MinFunc(open, func(a, b [2]int) int { return p.left[a] - p.left[b] })
		}
		members := p.a.reads[s[0]].and(p.b.reads[s[1]]).members()
		c := members[rnd.IntN(len(members))]
		for _, nice := range []byte("0x") {
			if plain && slices.Contains(members, nice) {
				c = nice
			}
		}
		if text = append(text, c); p.left[s] == 0 {
			return string(text), true
		}
		options = p.next[s]
	}
}
