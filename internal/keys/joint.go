package keys

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode/utf8"
)

// What one key takes for a separator is text to a key of another separator.
// joint therefore follows the keys of an item of kind a through automata that
// accept the keys of kind b. An attribute of a that stands in several places
// goes through all of them at once, value byte by value byte, as it has one
// value; those of b may have different ones, until an example is checked.
type joint struct {
	a, b  []*Pattern
	keys  []*reader // of b
	steps []step
	vars  []*variable
	// dead holds the places of the walk from which no way leads to the end.
	dead     map[string]bool
	left     *effort
	open     bool // not everything was tried
	gaveUp   bool
	examples []string
}

const (
	maxWords   = 300  // of a variable that are tried
	maxTries   = 4096 // items made of these
	listing    = 100  // what their listing costs, in tries
	maxChoices = 32   // values of an attribute that are taken one by one
	maxPlaces  = 7    // further ones of an attribute count as those of another
)

// step is a part of the keys of a: a text, a place of an attribute, or the end
// of the key.
type step struct {
	key  int
	text string
	v    *variable
}

// variable is an attribute of a.
type variable struct {
	segments []*segment // its places
	keys     []int
	values   *automaton
	moves    [][]move // by the state of values that they lead to
	spreads  map[spot]*spread
	spans    [][2]int // where the readers are before and after each place so far
	// choices are all values that the walk allows, or some if there are many.
	choices []Value
	many    bool
}

// move is value bytes that have the same effect on all readers.
type move struct {
	bytes []byte
	to    []relation // for each place
}

// relation is to where a text leads from each state of a reader.
type relation [][]int

// reader follows the bytes of a key.
type reader struct {
	*automaton
	alike [256]byte // one of the bytes that no state tells from this one
	known map[string]relation
}

func newReader(p *Pattern) *reader {
	r := &reader{automaton: automatonOf(p), known: map[string]relation{}}
	var kinds []class
	for _, c := range r.reads {
		if !slices.Contains(kinds, c) {
			kinds = append(kinds, c)
		}
	}
	for b := range 256 {
		r.alike[b] = byte(b)
		for o := range b {
			if !slices.ContainsFunc(kinds, func(c class) bool { return c.has(byte(o)) != c.has(byte(b)) }) {
				r.alike[b] = byte(o)
				break
			}
		}
	}
	return r
}

// reach returns where text leads, and a name that alike texts share.
func (r *reader) reach(text string) (to relation, name string) {
	alike := []byte(text)
	for i, c := range alike {
		alike[i] = r.alike[c]
	}
	name = string(alike)
	to, ok := r.known[name]
	if ok {
		return to, name
	}
	to = make(relation, len(r.reads))
	for s := range to {
		at := []int{s}
		for _, c := range alike {
			var next []int
			for _, i := range at {
				for _, n := range r.next[i] {
					if r.reads[n].has(c) && !slices.Contains(next, n) {
						next = append(next, n)
					}
				}
			}
			at = next
		}
		to[s] = at
	}
	r.known[name] = to
	return to, name
}

// jointly looks for keys of both kinds, of any separators. It is open without
// examples when it does not know.
func jointly(a, b []*Pattern, left *effort) *joint {
	j := &joint{a: a, b: b, dead: map[string]bool{}, left: left}
	for _, p := range b {
		j.keys = append(j.keys, newReader(p))
	}
	for i, p := range a {
		j.addKey(i, p)
	}
	for _, v := range j.vars {
		j.prepare(v)
	}
	j.walk(0, 0)
	return j
}

func (j *joint) addKey(key int, p *Pattern) {
	text := ""
	for i := range p.segments {
		s := &p.segments[i]
		if i > 0 {
			text += p.separator
		}
		if s.literal != "" {
			text += s.literal
			continue
		}
		v := j.variable(s)
		v.segments, v.keys = append(v.segments, s), append(v.keys, key)
		if text != "" {
			j.steps = append(j.steps, step{key: key, text: text})
		}
		j.steps = append(j.steps, step{key: key, v: v})
		text = ""
	}
	if text != "" {
		j.steps = append(j.steps, step{key: key, text: text})
	}
	j.steps = append(j.steps, step{key: key})
}

func (j *joint) variable(s *segment) *variable {
	for _, v := range j.vars {
		if o := v.segments[0]; o.attr == s.attr && o.kind == s.kind && len(v.segments) < maxPlaces {
			return v
		}
	}
	v := &variable{spreads: map[spot]*spread{}}
	j.vars = append(j.vars, v)
	return v
}

// narrow returns the segment whose values all others can have.
func (v *variable) narrow() *segment {
	return slices.MinFunc(v.segments, func(x, y *segment) int {
		return x.width - y.width + len(strings.TrimSuffix(x.layout, "Z")) - len(strings.TrimSuffix(y.layout, "Z"))
	})
}

func (j *joint) prepare(v *variable) {
	v.values = valuesOf(v.narrow())
	v.moves = make([][]move, len(v.values.reads))
	writers := make([]writer, len(v.segments))
	for i, s := range v.segments {
		writers[i] = writerOf(v.values, v.narrow(), s)
	}
	for state, c := range v.values.reads {
		at := map[string]int{}
		for _, b := range c.members() {
			to := make([]relation, len(writers))
			var name strings.Builder
			for i := range writers {
				var one string
				to[i], one = j.keys[v.keys[i]].reach(writers[i].write(state, b))
				name.WriteString(one + "\xff")
			}
			n, ok := at[name.String()]
			if !ok {
				n = len(v.moves[state])
				at[name.String()] = n
				v.moves[state] = append(v.moves[state], move{to: to})
			}
			v.moves[state][n].bytes = append(v.moves[state][n].bytes, b)
		}
	}
}

// walk goes on at a step with the reader of its key in a state, and reports
// whether it came to the end.
func (j *joint) walk(at, state int) (arrived bool) {
	if at == len(j.steps) {
		j.try()
		return true
	}
	here := j.place(at, state)
	if j.dead[here] {
		return false
	}
	var to []int
	st := &j.steps[at]
	switch {
	case st.v != nil:
		to = j.ends(st.v, state)
	case st.text != "":
		relation, _ := j.keys[st.key].reach(st.text)
		to = relation[state]
	case j.keys[st.key].final[state]:
		to = []int{0} // where the next key begins
	}
	for _, s := range to {
		if st.v != nil {
			st.v.spans = append(st.v.spans, [2]int{state, s})
		}
		arrived = j.walk(at+1, s) || arrived
		if st.v != nil {
			st.v.spans = st.v.spans[:len(st.v.spans)-1]
		}
		if j.examples != nil || j.gaveUp {
			return true
		}
	}
	if !arrived {
		j.dead[here] = true
	}
	return arrived
}

// place names all that the rest of a walk depends on.
func (j *joint) place(at, state int) string {
	name := binary.AppendUvarint(binary.AppendUvarint(nil, uint64(at)), uint64(state))
	for _, v := range j.vars {
		if len(v.spans) == len(v.segments) {
			continue
		}
		for _, span := range v.spans {
			name = binary.AppendUvarint(binary.AppendUvarint(name, uint64(span[0])), uint64(span[1]))
		}
	}
	return string(name)
}

// starts returns where the spans begin.
func (v *variable) starts() (out []int) {
	for _, span := range v.spans {
		out = append(out, span[0])
	}
	return out
}

// arrives reports whether a spot is the end of a value that goes from the
// beginning to the end of each span.
func (v *variable) arrives(s spot) bool {
	for i, span := range v.spans {
		if s[1+i] != span[1] {
			return false
		}
	}
	return v.values.final[s[0]]
}

// ends returns the states to which a value that has fitted the places so far can
// lead at the next one.
func (j *joint) ends(v *variable, state int) (out []int) {
	for _, s := range j.spread(v, append(v.starts(), state)).spots {
		if end := s[1+len(v.spans)]; v.arrives(s) && !slices.Contains(out, end) {
			out = append(out, end)
		}
	}
	return out
}

// try looks for an example among the values that the walk allows.
func (j *joint) try() {
	if j.left.tries -= listing; j.left.tries < 0 {
		j.giveUp()
		return
	}
	rnd := rand.New(rand.NewPCG(1, 2)) // the same example each time
	lists, whole := make([][]Value, len(j.vars)), make([]bool, len(j.vars))
	all, most := true, 1
	for i, v := range j.vars {
		lists[i], whole[i] = j.valuesFor(v, rnd)
		if whole[i] && len(lists[i]) == 0 {
			return
		}
		all, most = all && whole[i], min(most*len(lists[i]), maxTries+1)
	}
	for i, v := range j.vars {
		v.choose(lists[i], whole[i])
	}
	j.open = j.open || !all || most > maxTries
	if all = most <= maxTries; !all {
		most = maxWords
	}
	chosen := map[string]Value{}
	for n := range most {
		if j.left.tries--; j.left.tries < 0 {
			j.giveUp()
			return
		}
		for i, v := range j.vars {
			at := n
			switch {
			case all:
				at, n = n%len(lists[i]), n/len(lists[i])
			case n >= len(lists[i]) || n%2 == 1: // else the n-th value of each
				at = rnd.IntN(len(lists[i]))
			}
			chosen[v.segments[0].attr] = lists[i][at]
		}
		for _, last := range []bool{false, true} {
			if texts, ok := j.follow(chosen, last); ok {
				j.examples = texts
				return
			}
		}
	}
}

// follow looks for two items with the same keys, given values of a for one of
// the keys: the first or the last. What both sides read from it makes the others.
func (j *joint) follow(chosen map[string]Value, last bool) (texts []string, ok bool) {
	texts = make([]string, len(j.a))
	var known [2]map[string]Value
	known[0], known[1] = map[string]Value{}, map[string]Value{}
	for i := range j.a {
		if last {
			i = len(j.a) - 1 - i
		}
		vals, ok := j.b[i].pick(known[1], nil)
		p := j.b[i]
		if !ok {
			p = j.a[i]
			vals, _ = p.pick(known[0], chosen)
		}
		text, err := p.Append(nil, vals)
		if err != nil {
			return nil, false
		}
		texts[i] = string(text)
		if !j.a[i].read(texts[i], known[0]) || !j.b[i].read(texts[i], known[1]) {
			return nil, false
		}
	}
	return texts, consistent(j.a, texts) && consistent(j.b, texts)
}

// pick returns the values of a key from an item's known attributes, else from
// others.
func (p *Pattern) pick(known, others map[string]Value) (vals []Value, ok bool) {
	for i := range p.segments {
		if s := &p.segments[i]; s.literal == "" {
			v, ok := known[s.attr]
			if !ok {
				v, ok = others[s.attr]
			}
			if !ok {
				return nil, false
			}
			vals = append(vals, v)
		}
	}
	return vals, true
}

// read adds the values of a key to an item's. It is not ok if they differ, or the
// Go types do not have them.
func (p *Pattern) read(text string, item map[string]Value) bool {
	vals, err := p.Parse(text, nil)
	if err != nil {
		return false
	}
	for i := range p.segments {
		s := &p.segments[i]
		if s.literal != "" {
			continue
		}
		if was, again := item[s.attr]; !s.fits(&vals[0]) || again && !sameValue(was, vals[0]) {
			return false
		}
		item[s.attr], vals = vals[0], vals[1:]
	}
	return true
}

// giveUp ends the walk, which may have missed something.
func (j *joint) giveUp() {
	j.open, j.gaveUp = true, true
	for _, v := range j.vars {
		v.many = true
	}
}

// choose adds to the choices.
func (v *variable) choose(vals []Value, whole bool) {
	v.many = v.many || !whole
	for _, val := range vals {
		if slices.ContainsFunc(v.choices, func(o Value) bool { return sameValue(o, val) }) {
			continue
		}
		if len(v.choices) == maxChoices {
			v.many = true
			return
		}
		v.choices = append(v.choices, val)
	}
}

// valuesFor lists values of a variable whose spans are known, and reports whether
// these are all.
func (j *joint) valuesFor(v *variable, rnd *rand.Rand) (out []Value, all bool) {
	sp := j.spread(v, v.starts())
	w := words{spread: sp, left: sp.left(v.arrives), seen: map[string]bool{}}
	if w.endless() {
		for more := range 3 {
			w.add(0, nil, w.left[0]+more)
		}
	} else {
		w.add(0, nil, len(sp.spots))
		all = len(w.list) < maxWords
	}
	if !all {
		for range maxWords {
			w.addOne(rnd)
		}
	}
	narrow := v.narrow()
	for _, word := range w.list {
		if val, ok := narrow.valueOf(word); ok && (narrow.shards == 0 || narrow.has(int(val.I))) {
			out = append(out, val)
		}
	}
	return out, all
}

// valueOf returns the value of a text that [valuesOf] accepts.
func (s *segment) valueOf(word string) (v Value, ok bool) {
	v.Kind = s.kind
	switch {
	case s.kind == Text:
		v.S = word
		return v, utf8.ValidString(word)
	case s.kind == Bytes:
		return v, parseHex(word, &v) && s.fits(&v)
	case strings.HasSuffix(s.layout, "Z"):
		word += "Z"
	}
	return v, s.parseFixed([]byte(word), &v) && s.fits(&v)
}
