package propose

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// An alignment is a way to read all keys of a kind at once: what stands in the same place of every key is one fixed text, or
// one component. Of all ways the cheapest is taken: little fixed text that looks like a value, few components, and none
// that no attribute explains if there is another.
type alignment struct {
	keys  []string
	cands []*candidate
	memo  map[string]*way
}

// A part of a key is fixed text, or a component: of a candidate, or, without one, of texts that no attribute explains.
type part struct {
	fixed string
	cand  *candidate
	texts []string
	tail  bool // the key can end before it
}

// A way is what a key consists of from some place on.
type way struct {
	part part
	next *way
	cost float64
}

// The costs of what a key can consist of.
const (
	letterCost      = 3   // a letter or digit of fixed text: it may well be a value
	componentCost   = 2   // a component
	formatCost      = 0.5 // in a format
	partCost        = 2   // which drops a part of the value
	labelCost       = 40  // a component that looks like a label: ORDER in front of an id
	unexplainedCost = 40  // a component of no attribute
	unknownCost     = 3.5 // a letter or digit of it
	unlikeCost      = 0.4 // one whose attribute is not called as the fixed text before it
)

// align returns what the keys consist of, nil if they have nothing in common.
func align(keys []string, cands []*candidate) []part {
	a := alignment{keys: keys, cands: cands, memo: map[string]*way{}}
	best := a.from(make([]int, len(keys)), state{})
	if best == nil {
		return nil
	}
	var parts []part
	for w := best; w.next != nil; w = w.next {
		parts = append(parts, w.part)
	}
	return parts
}

// state is what stands before a place in the keys.
type state struct {
	fixed string // the fixed text directly before it
	open  *part  // the component directly before it
}

// maxPlaces is how many places in the keys are looked at: many times what keys of some components have.
const maxPlaces = 5000

// arrived is the end of the keys.
var arrived = &way{}

// from returns the cheapest way from a place in the keys to their ends, nil if there is none.
func (a *alignment) from(at []int, s state) *way {
	ended := 0
	for i, k := range a.keys {
		if at[i] == len(k) {
			ended++
		}
	}
	switch {
	case ended == len(a.keys):
		return arrived
	case ended > 0:
		return nil
	}
	id := fmt.Sprint(at, lastWord(s.fixed), s.fixed != "", s.open != nil && s.open.cand == nil, s.open != nil)
	if w, ok := a.memo[id]; ok || len(a.memo) > maxPlaces {
		return w
	}
	a.memo[id] = nil
	var best *way
	try := func(p part, cost float64, s state) {
		to := make([]int, len(at))
		for i := range at {
			to[i] = at[i] + len(p.fixed)
			if p.fixed == "" {
				to[i] += len(p.texts[i])
			}
		}
		if next := a.from(to, s); next != nil && (best == nil || next.cost+cost < best.cost) {
			best = &way{p, next, next.cost + cost}
		}
	}
	for _, c := range a.cands {
		if a.stands(c, at) && (s.open == nil || s.open.cut()) {
			p := part{cand: c, texts: c.texts}
			try(p, a.cost(c, at, s), state{open: &p})
		}
	}
	if s.open == nil {
		for _, p := range a.unexplained(at) {
			try(p, unexplainedCost+unknownCost*float64(letters(p.texts[0])), state{open: &p})
		}
	}
	if s.fixed == "" {
		for _, text := range a.fixed(at, s.open != nil) {
			if s.open == nil || s.open.endsAt(text) {
				try(part{fixed: text}, letterCost*float64(letters(text)), state{fixed: text})
			}
		}
	}
	a.memo[id] = best
	return best
}

// stands reports whether a component stands at a place in all the keys, as a word of its own in the first.
func (a *alignment) stands(c *candidate, at []int) bool {
	for i, k := range a.keys {
		if !strings.HasPrefix(k[at[i]:], c.texts[i]) {
			return false
		}
	}
	return c.id || apart(a.keys[0], at[0]) && apart(a.keys[0], at[0]+len(c.texts[0]))
}

// apart reports whether a new word can begin at a place of a text: between letters it cannot, nor between digits.
func apart(text string, at int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:at])
	after, _ := utf8.DecodeRuneInString(text[at:])
	if at == 0 || at == len(text) {
		return true
	}
	return !(unicode.IsLetter(before) && unicode.IsLetter(after) || unicode.IsDigit(before) && unicode.IsDigit(after))
}

// cost of a component at a place.
func (a *alignment) cost(c *candidate, at []int, s state) float64 {
	cost := float64(componentCost) + 0.01*float64(strings.Count(c.path, "."))
	if c.format != "" {
		cost += formatCost
	}
	if c.part {
		cost += partCost
	}
	if !alike(c.path, s.fixed) {
		cost += unlikeCost
	}
	text := c.texts[0]
	lead := strings.TrimFunc(a.keys[0][:at[0]], func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) == ""
	if c.same && c.format == "" && (lead && label(text) || c.num && len(text) < 3 && !alike(c.path, s.fixed)) {
		cost += labelCost
	}
	return cost
}

// label reports whether a text looks like a fixed one: a word in capitals.
func label(text string) bool {
	return len(text) > 1 && strings.ToUpper(text) == text && strings.IndexFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && r != '_' }) < 0
}

// alike reports whether an attribute is called as the last word of the fixed text before it: ORG# before org_id.
func alike(path, fixed string) bool {
	word := lastWord(fixed)
	name := strings.ToLower(path[strings.LastIndexByte(path, '.')+1:])
	return word != "" && (strings.Contains(name, word) || strings.HasPrefix(word, strings.TrimSuffix(name, "id")) && len(name) > 2)
}

func lastWord(text string) string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) })
	if len(words) == 0 {
		return ""
	}
	return words[len(words)-1]
}

// fixed returns the fixed texts that may stand at a place: up to where a component can begin, or all that is common. open: a
// component is directly before it.
func (a *alignment) fixed(at []int, open bool) (texts []string) {
	common := a.keys[0][at[0]:]
	for i, k := range a.keys {
		n := 0
		for n < min(len(common), len(k)-at[i]) && common[n] == k[at[i]+n] {
			n++
		}
		common = common[:n]
	}
	for !utf8.ValidString(common) {
		common = common[:len(common)-1]
	}
	if common == "" {
		return nil
	}
	place := make([]int, len(at))
	for n := 1; n <= len(common); n++ {
		for i := range at {
			place[i] = at[i] + n
		}
		text := common[:n]
		stands := separates(text) || n == len(common) && (a.ended(place) || (wordsOnly(lastPiece(text)) || open && joins(text)) && a.digits(place))
		for i := 0; !stands && i < len(a.cands); i++ {
			stands = a.stands(a.cands[i], place)
		}
		if stands && (n == len(common) || utf8.RuneStart(common[n])) {
			texts = append(texts, text)
		}
	}
	return texts // what is common to the beginnings of values is no fixed text
}

// separates reports whether a text ends with a separator.
func separates(text string) bool {
	_, size := utf8.DecodeLastRuneInString(text)
	return separator(text[len(text)-size:]) > 0
}

// joins reports whether a text stands between a value and a number behind it, as in acme-3, which is no separator elsewhere.
func joins(text string) bool { return text == "-" || text == "." || text == "_" }

// lastPiece returns what stands behind the last separator.
func lastPiece(text string) string {
	for i := range text {
		if separates(text[:len(text)-i]) {
			return text[len(text)-i:]
		}
	}
	return text
}

func wordsOnly(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return !unicode.IsLetter(r) }) < 0
}

// ended reports whether all the keys end at a place.
func (a *alignment) ended(at []int) bool {
	for i, k := range a.keys {
		if at[i] != len(k) {
			return false
		}
	}
	return true
}

// digits reports whether digits begin at a place in all the keys, as in v12 behind the v.
func (a *alignment) digits(at []int) bool {
	for i, k := range a.keys {
		if next := k[at[i]:]; next == "" || next[0] < '0' || next[0] > '9' {
			return false
		}
	}
	return true
}

func letters(text string) (n int) {
	for _, r := range text {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			n++
		}
	}
	return n
}

// unexplained returns the components of no attribute that may stand at a place: up to a separator, or to the end.
func (a *alignment) unexplained(at []int) (parts []part) {
	first := a.keys[0][at[0]:]
	seen := map[rune]bool{}
	for _, r := range first {
		if seen[r] || separator(string(r)) == 0 {
			continue
		}
		seen[r] = true
		if p, ok := a.until(at, string(r)); ok {
			parts = append(parts, p)
		}
	}
	p, _ := a.until(at, "")
	return append(parts, p)
}

// until returns the texts from a place in the keys to where a separator begins for the first time.
func (a *alignment) until(at []int, sep string) (p part, ok bool) {
	for i, k := range a.keys {
		rest := k[at[i]:]
		if sep != "" {
			n := strings.Index(rest, sep)
			if n <= 0 {
				return p, false
			}
			rest = rest[:n]
		}
		p.texts = append(p.texts, rest)
	}
	return p, true
}

// cut reports whether the component can be cut by its width.
func (p *part) cut() bool {
	if p.cand != nil {
		return p.cand.fixed || p.cand.id
	}
	return idFormat(p.texts) != ""
}

// endsAt reports whether the component ends where the fixed text begins: it has a width, or does not hold that text, nor a
// part of it at its end that the text would go on from.
func (p *part) endsAt(fixed string) bool {
	if p.cut() {
		return true
	}
	for _, t := range p.texts {
		if i := strings.Index(t+fixed, fixed); i != len(t) {
			return false
		}
	}
	return true
}
