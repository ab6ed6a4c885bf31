package twin_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
)

// step carries out one write, or several, under faults and beside a rival.
func (w *world[T]) step() {
	r := w.rnd
	w.now, w.log = w.now.Add(time.Second), nil
	w.line.n, w.line.hit, w.line.came, w.line.plan, w.line.between = 0, nil, 0, map[int]int{}, map[int]func(){}
	m := moment{now: w.now, hides: w.shape.hides, moves: w.shape.other != nil}
	switch r.IntN(8) {
	case 0:
		m.hook.before = pick(r, "mark", "mark", "err", "panic")
	case 1:
		m.hook.after = pick(r, "err", "panic")
	}
	order := slices.Clone(ids)
	r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	if r.IntN(2) == 0 {
		for i := range 8 {
			if r.IntN(3) == 0 {
				w.line.plan[i] = 1 + r.IntN(faults-1)
			}
		}
	}
	var rivals []effect[T]
	var names strings.Builder
	if r.IntN(3) == 0 {
		for range 1 + r.IntN(2) {
			at := r.IntN(4)
			does, act, name := w.other(pick(r, order[0], order[0], order[0], order[1]))
			w.line.between[at] = func() { rivals = append(rivals, does); act() }
			names.WriteString(fmt.Sprintf(" rival before %d: %s;", at, name))
		}
	}
	ctx, cancel := context.WithCancel(context.WithValue(w.t.Context(), hookKey{}, m.hook))
	defer cancel()
	w.line.cancel = cancel
	switch kind := r.IntN(10); {
	case kind < 5:
		f := w.form(order[0], true)
		parts := []*part[T]{partOf(f)}
		parts[0].loose = len(w.line.between) > 0 && f.computed
		w.log = append(w.log, fmt.Sprintf("%s hooks %v%s plan %v", f.name, m.hook, names.String(), w.line.plan))
		err := call(func() error { return f.do(ctx) })
		parts[0].class = class(err)
		w.check(parts, rivals, m, err)
		if parts[0].class == done && f.gives != nil && len(rivals) == 0 {
			if now, ok := w.stock.items[f.id]; !ok || text(now) != text(*f.gives) {
				w.fatalf("updated is %s", text(*f.gives))
			}
		}
	case kind < 7:
		w.transaction(ctx, order, m, names.String(), &rivals)
	case kind < 9:
		w.batch(ctx, order, m, names.String(), &rivals)
	default:
		w.save(ctx, m, names.String(), &rivals)
	}
}

func partOf[T any](f *form[T]) *part[T] {
	p := &part[T]{name: f.name, does: f.does, inst: f.inst, id: f.id, byKey: strings.HasPrefix(f.name, "Update")}
	if f.inst != nil {
		p.had = *copyOf(*f.inst)
	}
	return p
}

// check takes what is stored, if what became of the writes explains it.
func (w *world[T]) check(parts []*part[T], rivals []effect[T], m moment, err error) {
	got := w.read()
	var hit []string
	lost := false
	for _, k := range w.line.hit {
		hit = append(hit, faultNames[k])
		lost = lost || loses(k)
	}
	w.log = append(w.log, fmt.Sprintf("  %d requests, hit %v, %d rivals, error %v", w.line.n, hit, len(rivals), err))
	for _, p := range parts {
		p.gone = lost && strings.HasPrefix(p.name, "Remove ") && strings.HasSuffix(p.name, `if "")`)
		c := p.class
		if strings.HasPrefix(c, "other") {
			c = "other"
		}
		w.told[c]++
		switch p.class {
		case faulty:
			if len(hit) == 0 {
				w.fatalf("%s: a fault where there was none", p.name)
			}
		case unknown:
			if !lost {
				w.fatalf("%s: unknown where no answer was lost", p.name)
			}
		}
		if p.class != done && !(p.class == hooked || p.class == panicked) {
			w.unchanged(p)
		}
	}
	if !w.explain(parts, rivals, m, got) {
		for _, p := range parts {
			next := w.stock.clone()
			c, after := p.does(next, m)
			w.log = append(w.log, fmt.Sprintf("  %s became %s; alone, it would be %s", p.name, p.class, c))
			if after != nil {
				w.log = append(w.log, "  expected "+text(*after))
			}
			if p.inst != nil {
				w.log = append(w.log, "  instance "+text(*p.inst))
			}
		}
		w.fatalf("was %s\nnow %s", w.stock, got)
	}
	w.stock = got
}

func (s stock[T]) String() string {
	var out strings.Builder
	for _, id := range slices.Sorted(maps.Keys(s.items)) {
		out.WriteString("\n    " + text(s.items[id]))
	}
	return out.String() + fmt.Sprint(s.old)
}

// other is something that the other program does.
func (w *world[T]) other(id string) (effect[T], func(), string) {
	if w.shape.upgrades && w.rnd.IntN(3) == 0 {
		return func(s stock[T], _ moment) (string, *T) {
			if _, ok := s.items[id]; ok {
				s.old[id] = true
			}
			return done, nil
		}, func() { w.age(id) }, "age " + id
	}
	mine := w.things
	w.things = w.rival
	f := w.form(id, true)
	w.things = mine
	return f.does, func() {
		if c := class(f.do(w.t.Context())); strings.HasPrefix(c, "other") || c == unknown || c == faulty {
			w.log = append(w.log, f.name)
			w.fatalf("a rival: %s", c)
		}
	}, f.name
}

// age gives a stored thing the older shape.
func (w *world[T]) age(id string) {
	items, err := w.db.Items(w.name)
	enginetest.Check(w.t, err)
	for _, item := range items {
		if enginetest.Text(item["id"]) == id && item["rank"] != nil {
			item["grade"] = item["rank"]
			delete(item, "rank")
			delete(item, "_v")
			_, err := w.db.Client().PutItem(w.t.Context(), &dynamodb.PutItemInput{TableName: &w.name, Item: item})
			enginetest.Check(w.t, err)
		}
	}
}

// allOf is the effect of writes that are carried out together or not at all, where want is what became of them.
func allOf[T any](does []effect[T], want string) effect[T] {
	return func(s stock[T], m moment) (string, *T) {
		after := s.clone()
		hookAfter := m.hook.after
		m.hook.after, m.late = "", true
		classes := map[string]bool{}
		for _, f := range does {
			if c, _ := f(after, m); c != done {
				classes[c] = true
			}
		}
		if after.doubled() {
			classes[taken] = true
		}
		if len(classes) > 0 {
			if classes[want] || want == taken { // by one that fails for another reason too
				return want, nil
			}
			return fmt.Sprint(slices.Sorted(maps.Keys(classes))), nil
		}
		clear(s.items)
		maps.Copy(s.items, after.items)
		clear(s.old)
		maps.Copy(s.old, after.old)
		if hookAfter != "" && want == hooked {
			return hooked, nil
		}
		return done, nil
	}
}

func (s stock[T]) doubled() bool {
	for _, v := range s.items {
		if s.taken(&v) {
			return true
		}
	}
	return false
}

func (w *world[T]) transaction(ctx context.Context, order []string, m moment, names string, rivals *[]effect[T]) {
	if m.hook.after == "panic" {
		m.hook.after = ""
		ctx = context.WithValue(ctx, hookKey{}, m.hook)
	}
	var forms []*form[T]
	var writes []entable.Write
	var does []effect[T]
	var what strings.Builder
	what.WriteString("transaction of")
	for _, id := range order[:1+w.rnd.IntN(4)] {
		f := w.form(id, false)
		forms, writes, does = append(forms, f), append(writes, f.write()), append(does, f.does)
		what.WriteString("\n   " + f.name)
	}
	var opts []entable.TransactOption
	if w.rnd.IntN(2) == 0 {
		opts = append(opts, entable.ClientToken(rand.Text()))
	}
	w.log = append(w.log, fmt.Sprintf("%s\n  hooks %v%s plan %v token %t", what.String(), m.hook, names, w.line.plan, len(opts) > 0))
	parts := make([]*part[T], len(forms))
	for i, f := range forms {
		parts[i] = partOf(f)
	}
	err := call(func() error { return entable.Transact(ctx, writes, opts...) })
	for tries := 0; len(opts) > 0 && isUnknown(err) && tries < 5; tries++ { // the same once more, to know
		w.log = append(w.log, "  again, after "+err.Error())
		again := context.WithValue(w.t.Context(), hookKey{}, m.hook)
		w.line.plan = map[int]int{}
		err = call(func() error { return entable.Transact(again, writes, opts...) })
	}
	c := class(err)
	whole := &part[T]{name: "transaction", class: c, does: allOf(does, c)}
	for _, p := range parts {
		if p.class = c; c != done && c != hooked && c != panicked {
			w.unchanged(p)
		}
	}
	w.check([]*part[T]{whole}, *rivals, m, err)
	if c == done && len(*rivals) == 0 {
		for i, f := range forms {
			now, ok := w.stock.items[f.id]
			if f.inst != nil && !f.computed && ok && text(*f.inst) != text(now) {
				w.fatalf("write %d: the caller has\n%s, stored is\n%s", i, text(*f.inst), text(now))
			}
		}
	}
}

func (w *world[T]) batch(ctx context.Context, order []string, m moment, names string, rivals *[]effect[T]) {
	if m.hook.after == "panic" {
		m.hook.after = ""
		ctx = context.WithValue(ctx, hookKey{}, m.hook)
	}
	var parts []*part[T]
	var writes []entable.Write
	var what strings.Builder
	what.WriteString("batch of")
	for _, id := range order[:1+w.rnd.IntN(3)] {
		f := w.form(id, true)
		p := partOf(f)
		p.loose = f.computed && len(w.line.between) > 0
		parts, writes = append(parts, p), append(writes, f.write())
		what.WriteString("\n   " + f.name)
	}
	w.log = append(w.log, fmt.Sprintf("%s\n  hooks %v%s plan %v", what.String(), m.hook, names, w.line.plan))
	err := call(func() error {
		if w.rnd.IntN(2) == 0 {
			b := entable.NewBatchWriter(entable.Concurrency(1), entable.Attempts(3))
			if err := b.Write(ctx, writes...); err != nil {
				return err
			}
			return b.Close(ctx)
		}
		return entable.BatchWrite(ctx, writes, entable.Concurrency(1), entable.Attempts(3))
	})
	b, ok := errors.AsType[*entable.BatchError](err)
	for _, p := range parts {
		p.class = done
		if !ok {
			p.class = class(err)
		}
	}
	if ok {
		for _, f := range b.Failures {
			c := class(f.Err)
			if f.Unknown {
				c = unknown
			} else if c == unknown {
				w.fatalf("write %d is unknown and not said to be so: %v", f.Index, err)
			}
			parts[f.Index].class = c
		}
	}
	if !ok && err != nil { // a hook's panic: nothing was sent
		parts = nil
	}
	w.check(parts, *rivals, m, err)
}

// save saves a pile of things as it was changed.
func (w *world[T]) save(ctx context.Context, m moment, names string, rivals *[]effect[T]) {
	if m.hook.after == "panic" {
		m.hook.after = ""
		ctx = context.WithValue(ctx, hookKey{}, m.hook)
	}
	before, after := &pile[T]{}, &pile[T]{}
	var does []effect[T]
	var what strings.Builder
	what.WriteString("save of")
	for _, id := range slices.Sorted(maps.Keys(w.stock.items)) {
		v := w.seen(id)
		before.Things = append(before.Things, *copyOf(v))
		switch w.rnd.IntN(4) {
		case 0:
			what.WriteString("\n   without " + text(v))
			does = append(does, unless(v, remove(*copyOf(v), true, "")))
		case 1:
			now := w.changed(v)
			if len(differences(facetOf(&v), facetOf(&now))) == 0 {
				after.Things = append(after.Things, v)
				continue
			}
			what.WriteString("\n   " + text(v) + "\n   to " + text(now))
			after.Things = append(after.Things, now)
			does = append(does, save(*copyOf(v), *copyOf(now), "", true, false))
		default:
			after.Things = append(after.Things, v)
		}
	}
	if missing := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { _, ok := w.stock.items[id]; return ok }); len(missing) > 0 && w.rnd.IntN(2) == 0 {
		v := w.thing(missing[0])
		what.WriteString("\n   with " + text(v))
		does = append(does, put(*copyOf(v), true, "", false, false))
		after.Things = append(after.Things, v)
	}
	var opts []entable.SaveOption
	if w.rnd.IntN(2) == 0 {
		opts = append(opts, entable.ClientToken(rand.Text()))
	}
	w.log = append(w.log, fmt.Sprintf("%s\n  hooks %v%s plan %v token %t", what.String(), m.hook, names, w.line.plan, len(opts) > 0))
	err := call(func() error { return w.all.Save(ctx, before, after, opts...) })
	for tries := 0; len(opts) > 0 && isUnknown(err) && tries < 5; tries++ {
		again := context.WithValue(w.t.Context(), hookKey{}, m.hook)
		w.line.plan = map[int]int{}
		err = call(func() error { return w.all.Save(again, before, after, opts...) })
	}
	c := class(err)
	whole := &part[T]{name: "save", class: c, does: allOf(does, c)}
	w.check([]*part[T]{whole}, *rivals, m, err)
}

// unless makes a delete depend on the whole item, where it has no version.
func unless[T any](v T, does effect[T]) effect[T] {
	return func(s stock[T], m moment) (string, *T) {
		f := facetOf(&v)
		if f.version == nil {
			work := copyOf(v)
			if end := m.before(facetOf(work)); end != "" {
				return end, nil
			}
			now, there := s.items[f.ID]
			if !there {
				return notFound, nil
			}
			if text(now) != text(v) || m.lax && s.old[f.ID] {
				return failed, nil
			}
		}
		return does(s, m)
	}
}

// audit checks that all is right, and that the index finds what is there.
func (w *world[T]) audit() {
	for f, err := range w.rival.Table().Audit(w.t.Context(), entable.AuditOptions{}) {
		enginetest.Check(w.t, err)
		if f.Kind != entable.OtherPlace {
			w.fatalf("audit: %s", f)
		}
	}
}
