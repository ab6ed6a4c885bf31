package twin_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/entable/entable"
)

// form is one write: what is asked of the mapper, and what it does.
type form[T any] struct {
	name  string
	write func() entable.Write
	do    func(ctx context.Context) error // nil: as a batch of one
	does  effect[T]
	id    string
	inst  *T // the caller's
	// computed: within a transaction the instance gets what was computed from itself
	computed bool
	// gives: what an update returned
	gives *T
}

func pick[V any](r *rand.Rand, from ...V) V { return from[r.IntN(len(from))] }

var ids = []string{"a", "b", "c", "d#", "e"}

func (w *world[T]) thing(id string) T {
	r := w.rnd
	var v T
	f := facetOf(&v)
	f.Tenant, f.ID = "t", id
	f.State, f.Rank, f.N, f.C = pick(r, "", "new", "old", "done"), r.IntN(3), r.IntN(6), r.IntN(10)
	f.Kind = pick(r, "", "plain", "odd")
	for range r.IntN(3) {
		f.Log = append(f.Log, fmt.Sprint(r.IntN(9)))
	}
	f.Tags = pick(r, nil, []string{"x"}, []string{"x", "y"})
	f.Map = pick(r, nil, map[string]int{"k": 1}, map[string]int{"k": 2, "l.m": 3})
	f.Blob, f.Secret = pick(r, "", "blob", "blob blob blob blob"), pick(r, "", "secret", "more")
	f.Until = pick(r, 0, 0, w.now.Unix()-5, w.now.Unix()+5, w.now.Unix()+1000)
	f.Rest = pick(r, nil, nil, map[string]any{"x": "1"}, map[string]any{"x": "2", "y": true})
	if r.IntN(3) == 0 {
		f.Gen = fmt.Sprint("given", r.IntN(100))
	}
	if r.IntN(4) == 0 {
		f.Born = time.Date(2020, 1, 1, 0, 0, r.IntN(60), 0, time.UTC)
	}
	if r.IntN(25) == 0 {
		f.N = 5000
	}
	if f.email != nil {
		*f.email, *f.code = pick(r, "", "", "e1", "e2", "e3"), pick(r, "", "", "c1", "c2")
	}
	if f.version != nil {
		if now, ok := w.stock.items[id]; ok {
			*f.version = *facetOf(&now).version
		}
		if r.IntN(8) == 0 {
			*f.version = int64(r.IntN(4))
		}
	}
	return v
}

// seen is a thing as it was read: as it is, or, one time in some, not quite.
func (w *world[T]) seen(id string) T {
	v, ok := w.stock.items[id]
	if !ok {
		return w.thing(id)
	}
	v = *copyOf(v)
	if w.rnd.IntN(5) == 0 {
		f := facetOf(&v)
		o := w.thing(id)
		g := facetOf(&o)
		f.State, f.Rank, f.Log = g.State, g.Rank, g.Log
		if f.version != nil && w.rnd.IntN(2) == 0 {
			*f.version = int64(w.rnd.IntN(4))
		}
	}
	return v
}

func (w *world[T]) key(id string) (key T) {
	f := facetOf(&key)
	f.Tenant, f.ID = "t", id
	return key
}

func stateIs(state string) expression.ConditionBuilder {
	return expression.Name("state").Equal(expression.Value(state))
}

func (w *world[T]) state() string { return pick(w.rnd, "", "", "", "new", "old") }

// changes make an update of at most three changes of different attributes.
func (w *world[T]) changes(u *entable.Update[T], byKey bool) (out []change, text string) {
	r := w.rnd
	roots := []string{"state", "rank", "n", "c", "kind", "log", "tags", "map", "until", "blob", "rest", "secret"}
	var v T
	if facetOf(&v).email != nil {
		roots = append(roots, "email", "code")
	}
	r.Shuffle(len(roots), func(i, j int) { roots[i], roots[j] = roots[j], roots[i] })
	for _, root := range roots[:1+r.IntN(3)] {
		c := change{root: root}
		n := 1 + r.IntN(5)
		switch root {
		case "state":
			s := pick(r, "", "new", "old", "done")
			if c.do = func(f facet) { f.State = s }; s == "" && r.IntN(2) == 0 {
				u.Remove("state")
			} else {
				u.Set("state", s)
			}
			c.name = "state " + s
		case "rank":
			u.Set("rank", n)
			c.do, c.name = func(f facet) { f.Rank = n }, fmt.Sprint("rank ", n)
		case "n":
			switch r.IntN(4) {
			case 0:
				u.Set("n", 1500)
				c.do, c.invalid, c.name = func(f facet) { f.N = 1500 }, true, "n 1500"
			case 1:
				u.Set("n", n)
				c.do, c.name = func(f facet) { f.N = n }, fmt.Sprint("n ", n)
			default:
				u.Add("n", n)
				c.do, c.add, c.name = func(f facet) { f.N += n }, true, fmt.Sprint("n + ", n)
			}
		case "c":
			if r.IntN(3) == 0 {
				u.Subtract("c", n)
				c.do, c.name = func(f facet) { f.C -= n }, fmt.Sprint("c - ", n)
			} else {
				u.Add("c", n)
				c.do, c.name = func(f facet) { f.C += n }, fmt.Sprint("c + ", n)
			}
		case "kind":
			u.Set("kind", fmt.Sprint("kind", n))
			c.do, c.name = func(f facet) { f.Kind = fmt.Sprint("kind", n) }, "kind"
		case "log":
			s := fmt.Sprint(n)
			switch r.IntN(4) {
			case 0:
				u.Prepend("log", []string{s})
				c.do, c.name = func(f facet) { f.Log = append([]string{s}, f.Log...) }, "prepend"
			case 1:
				u.Set("log", []string{s, s})
				c.do, c.name = func(f facet) { f.Log = []string{s, s} }, "log"
			default:
				u.Append("log", []string{s})
				c.do, c.name = func(f facet) { f.Log = append(slices.Clone(f.Log), s) }, "append"
			}
		case "tags":
			t := pick(r, "x", "y", "z")
			if r.IntN(2) == 0 {
				u.Add("tags", []string{t})
				c.do, c.name = func(f facet) {
					if !slices.Contains(f.Tags, t) {
						f.Tags = append(slices.Clone(f.Tags), t)
					}
				}, "tag "+t
			} else {
				u.DeleteFromSet("tags", []string{t})
				c.do, c.name = func(f facet) {
					f.Tags = slices.DeleteFunc(slices.Clone(f.Tags), func(o string) bool { return o == t })
				}, "untag "+t
			}
		case "map":
			k := pick(r, "k", "l.m", "#")
			u.SetIfAbsent("map", map[string]int{}).Add(entable.Path("map", k), n)
			c.do, c.name = func(f facet) {
				m := map[string]int{}
				maps.Copy(m, f.Map)
				m[k] += n
				f.Map = m
			}, "map "+k
		case "until":
			t := pick(r, 0, w.now.Unix()-1, w.now.Unix()+10)
			u.Set("until", t)
			c.do, c.name = func(f facet) { f.Until = t }, fmt.Sprint("until ", t)
		case "blob":
			if byKey {
				continue
			}
			s := pick(r, "", "b", "long long long long")
			u.Set("blob", s)
			c.do, c.name = func(f facet) { f.Blob = s }, "blob "+s
		case "secret":
			if byKey {
				continue
			}
			s := pick(r, "", "s", "long long long long")
			u.Set("secret", s)
			c.do, c.name = func(f facet) { f.Secret = s }, "secret "+s
		case "rest":
			u.Set(entable.Path("x"), fmt.Sprint(n))
			c.do, c.name = func(f facet) { f.setRest("x", fmt.Sprint(n)) }, "rest"
		case "email":
			s := pick(r, "", "e1", "e2", "e3")
			u.Set("email", s)
			c.do, c.name = func(f facet) { *f.email = s }, "email "+s
		case "code":
			if byKey {
				continue
			}
			s := pick(r, "", "c1", "c2")
			u.Set("code", s)
			c.do, c.name = func(f facet) { *f.code = s }, "code "+s
		}
		out, text = append(out, c), text+c.name+"; "
	}
	if len(out) == 0 {
		u.Add("c", 1)
		out, text = append(out, change{root: "c", do: func(f facet) { f.C++ }}), "c + 1;"
	}
	return out, text
}

// form makes a random write of the thing with an id.
func (w *world[T]) form(id string, single bool) *form[T] {
	r, e := w.rnd, w.things
	state := w.state()
	var opts []entable.WriteOption
	if state != "" {
		opts = append(opts, entable.If(stateIs(state)))
	}
	o := &form[T]{id: id}
	named := func(format string, args ...any) {
		o.name = fmt.Sprintf("%s(%s, if %q)", fmt.Sprintf(format, args...), id, state)
	}
	switch r.IntN(9) {
	case 0, 1: // put
		v := w.thing(id)
		unchecked, skip := r.IntN(5) == 0, r.IntN(6) == 0
		if unchecked {
			opts = append(opts, entable.SkipValidation())
		}
		if skip {
			opts = append(opts, entable.SkipHooks(true))
		}
		create := r.IntN(3) == 0
		if create {
			state, unchecked, skip = "", false, false
		}
		o.inst, o.does = &v, put(*copyOf(v), create, state, unchecked, skip)
		if create {
			named("Create %s", text(v))
			o.write = func() entable.Write { return e.CreateOp(&v) }
			o.do = func(ctx context.Context) error { return e.Create(ctx, &v) }
		} else {
			named("Put %s", text(v))
			o.write = func() entable.Write { return e.PutOp(&v, opts...) }
			o.do = func(ctx context.Context) error { return e.Put(ctx, &v, opts...) }
		}
	case 2: // delete by key
		key := w.key(id)
		o.does = remove(key, false, state)
		named("Delete")
		o.write = func() entable.Write { return e.DeleteOp(key, opts...) }
		o.do = func(ctx context.Context) error { return e.Delete(ctx, key, opts...) }
	case 3: // remove
		v := w.seen(id)
		o.inst, o.does = &v, remove(*copyOf(v), true, state)
		named("Remove %s", text(v))
		o.write = func() entable.Write { return e.RemoveOp(&v, opts...) }
		o.do = func(ctx context.Context) error { return e.Remove(ctx, &v, opts...) }
	case 4, 5: // update by key
		key := w.key(id)
		u := e.Update(key).Fetch()
		changes, text := w.changes(u, true)
		if state != "" {
			u.If(stateIs(state))
		}
		var version *int64
		upsert := r.IntN(3) == 0
		if now, ok := w.stock.items[id]; ok && facetOf(&now).version != nil && !upsert && r.IntN(2) == 0 {
			version = facetOf(&now).version
			if r.IntN(5) == 0 {
				*version++
			}
			u.IfVersion(*version)
		}
		if upsert { // with what index keys are made of
			u.Upsert()
			for _, root := range []string{"rank", "n"} {
				if !slices.ContainsFunc(changes, func(c change) bool { return c.root == root }) {
					u.Set(root, 2)
					changes = append(changes, change{root: root, do: func(f facet) {
						if root == "rank" {
							f.Rank = 2
						} else {
							f.N = 2
						}
					}})
				}
			}
		}
		once := r.IntN(4) == 0
		if once {
			u.Once()
		}
		o.does = update(key, changes, upsert, version, state)
		updated := r.IntN(3) == 0
		named("Update %s upsert %t, version %v, once %t, updated %t", text, upsert, version != nil, once, updated)
		o.write = func() entable.Write { return u }
		if o.do = u.Do; updated {
			o.do = func(ctx context.Context) (err error) {
				o.gives, err = u.Updated(ctx)
				return err
			}
		}
	case 6: // patch
		v := w.seen(id)
		u := e.Patch(&v)
		changes, what := w.changes(u, false)
		if state != "" {
			u.If(stateIs(state))
		}
		once := r.IntN(4) == 0
		if once {
			u.Once()
		}
		o.inst, o.does, o.computed = &v, patch(*copyOf(v), changes, state), true
		named("Patch %s once %t of %s", what, once, text(v))
		o.write = func() entable.Write { return u }
		o.do = u.Do
	case 7: // save changes
		before := w.seen(id)
		after := w.changed(before)
		skip := r.IntN(6) == 0
		if skip {
			opts = append(opts, entable.SkipHooks(true))
		}
		b := *copyOf(before)
		o.inst, o.does, o.computed = &after, save(b, *copyOf(after), state, false, skip), true
		named("SaveChanges %s to %s", text(before), text(after))
		o.write = func() entable.Write { return e.SaveChangesOp(b, &after, opts...) }
		o.do = func(ctx context.Context) error { return e.SaveChanges(ctx, b, &after, opts...) }
	case 8: // check
		if single {
			return w.form(id, single)
		}
		state = pick(r, "new", "old")
		key := w.key(id)
		named("Check")
		o.does = func(s stock[T], _ moment) (string, *T) {
			stored, there := s.items[id]
			if end := when(there, facetOf(&stored), state); end != "" {
				return end, nil
			}
			return done, nil
		}
		o.write = func() entable.Write { return e.CheckOp(key, stateIs(state)) }
	}
	return o
}

// changed is a thing with some of its fields changed.
func (w *world[T]) changed(v T) T {
	out := *copyOf(v)
	other := w.thing(facetOf(&v).ID)
	f, g := facetOf(&out), facetOf(&other)
	for range w.rnd.IntN(4) {
		switch w.rnd.IntN(11) {
		case 0:
			f.State = g.State
		case 1:
			f.Rank = g.Rank
		case 2:
			f.N = g.N
		case 3:
			f.C = g.C
		case 4:
			f.Log = g.Log
		case 5:
			f.Tags = g.Tags
		case 6:
			f.Map = g.Map
		case 7:
			f.Blob, f.Secret = g.Blob, g.Secret
		case 8:
			f.Until = g.Until
		case 9:
			f.Rest = g.Rest
		case 10:
			if f.email != nil {
				*f.email, *f.code = *g.email, *g.code
			}
		}
	}
	return out
}
