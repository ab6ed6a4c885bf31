package keys

import (
	"math/rand/v2"
	"slices"
)

// spot is a state of a variable's values and one of the reader at each place.
type spot [1 + maxPlaces]int

// spread is all spots that values lead to from given states.
type spread struct {
	spots []spot
	arcs  [][]arc
}

type arc struct {
	to    int
	bytes []byte
}

// spread follows the values of v through its first places.
func (j *joint) spread(v *variable, from []int) *spread {
	places := len(from)
	id := spot{places}
	copy(id[1:], from)
	if sp := v.spreads[id]; sp != nil {
		return sp
	}
	begin := id
	begin[0] = 0
	sp := &spread{spots: []spot{begin}}
	index := map[spot]int{begin: 0}
	for at := 0; at < len(sp.spots); at++ {
		var arcs []arc
		here := sp.spots[at]
		for _, state := range v.values.next[here[0]] {
			for _, m := range v.moves[state] {
				to := []spot{{state}}
				for i := range places {
					var longer []spot
					for _, t := range to {
						for _, s := range m.to[i][here[1+i]] {
							t[1+i] = s
							longer = append(longer, t)
						}
					}
					to = longer
				}
				for _, t := range to {
					n, ok := index[t]
					if !ok {
						n = len(sp.spots)
						index[t] = n
						sp.spots = append(sp.spots, t)
					}
					arcs = append(arcs, arc{n, m.bytes})
				}
			}
		}
		sp.arcs = append(sp.arcs, arcs)
		if j.left.spots--; j.left.spots < 0 {
			j.giveUp()
			sp.cut(at + 1)
		}
	}
	v.spreads[id] = sp
	return sp
}

// cut leaves the first n spots.
func (sp *spread) cut(n int) {
	sp.spots = sp.spots[:n]
	for i := range sp.arcs {
		sp.arcs[i] = slices.DeleteFunc(sp.arcs[i], func(a arc) bool { return a.to >= n })
	}
}

// left returns the least number of bytes from each spot to one that is an end;
// -1 if there is none.
func (sp *spread) left(end func(spot) bool) []int {
	left := make([]int, len(sp.spots))
	back := make([][]int, len(sp.spots))
	var todo []int
	for i, s := range sp.spots {
		left[i] = -1
		if end(s) {
			left[i] = 0
			todo = append(todo, i)
		}
		for _, a := range sp.arcs[i] {
			back[a.to] = append(back[a.to], i)
		}
	}
	for len(todo) > 0 {
		s := todo[0]
		todo = todo[1:]
		for _, i := range back[s] {
			if left[i] < 0 {
				left[i] = left[s] + 1
				todo = append(todo, i)
			}
		}
	}
	return left
}

// words lists the texts on the ways to the ends of a spread.
type words struct {
	*spread
	left []int
	seen map[string]bool
	list []string
}

// add lists those of at most so many bytes more, until there are maxWords.
func (w *words) add(at int, text []byte, more int) {
	if w.left[at] == 0 {
		w.put(text)
	}
	for _, a := range w.arcs[at] {
		if w.left[a.to] < 0 || w.left[a.to] >= more {
			continue
		}
		for _, c := range a.bytes {
			if len(w.list) == maxWords {
				return
			}
			w.add(a.to, append(text, c), more-1)
		}
	}
}

func (w *words) put(text []byte) {
	if !w.seen[string(text)] {
		w.seen[string(text)] = true
		w.list = append(w.list, string(text))
	}
}

// addOne goes some way, rather a short one.
func (w *words) addOne(rnd *rand.Rand) {
	var text []byte
	for at := 0; ; {
		var open []arc
		for _, a := range w.arcs[at] {
			if w.left[a.to] >= 0 {
				open = append(open, a)
			}
		}
		if w.left[at] == 0 && (len(open) == 0 || rnd.IntN(2) == 0) {
			w.put(text)
			return
		}
		a := open[rnd.IntN(len(open))]
		for _, o := range open {
			if w.left[o.to] < w.left[a.to] && rnd.IntN(2) == 0 {
				a = o
			}
		}
		text, at = append(text, a.bytes[rnd.IntN(len(a.bytes))]), a.to
	}
}

// endless reports whether a way to an end has a loop.
func (w *words) endless() bool {
	entered, done := make([]bool, len(w.spots)), make([]bool, len(w.spots))
	var loops func(at int) bool
	loops = func(at int) bool {
		if done[at] || entered[at] {
			return !done[at]
		}
		entered[at] = true
		for _, a := range w.arcs[at] {
			if w.left[a.to] >= 0 && loops(a.to) {
				return true
			}
		}
		done[at] = true
		return false
	}
	return loops(0)
}
