package entable_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/entable/entable"
)

// Doc has the hooks of updates and deletes. What they do is in its context.
type Doc struct {
	ID      string         `dynamodbav:"id"`
	Title   string         `dynamodbav:"title" validate:"max=20"`
	Words   []string       `dynamodbav:"words,omitempty"`
	Count   int            `dynamodbav:"count"`
	Editor  string         `dynamodbav:"editor,omitempty"`
	Meta    map[string]int `dynamodbav:"meta,omitempty"`
	Version int            `dynamodbav:"version" entable:"version"`
	seen    string
}

type docLog struct {
	calls                      []string
	update, updated, del, dead func(*Doc) error
}

type docKey struct{}

func docLogOf(ctx context.Context) *docLog {
	if l, ok := ctx.Value(docKey{}).(*docLog); ok {
		return l
	}
	return &docLog{}
}

func (l *docLog) run(name string, d *Doc, f func(*Doc) error) error {
	l.calls = append(l.calls, fmt.Sprintf("%s(%s, %s, %d)", name, d.Title, strings.Join(d.Words, "+"), d.Count))
	if f == nil {
		return nil
	}
	return f(d)
}

func (d *Doc) BeforeUpdate(ctx context.Context) error {
	l := docLogOf(ctx)
	return l.run("BeforeUpdate", d, l.update)
}

func (d *Doc) AfterUpdate(ctx context.Context) error {
	l := docLogOf(ctx)
	return l.run("AfterUpdate", d, l.updated)
}

func (d *Doc) BeforeDelete(ctx context.Context) error {
	l := docLogOf(ctx)
	return l.run("BeforeDelete", d, l.del)
}

func (d *Doc) AfterDelete(ctx context.Context) error {
	l := docLogOf(ctx)
	return l.run("AfterDelete", d, l.dead)
}

func docs(t *testing.T, s *setup, opts ...entable.EntityOption) (*entable.Entity[Doc], context.Context, *docLog) {
	l := &docLog{}
	return entable.Register[Doc](s.NewTable(), opts...), context.WithValue(t.Context(), docKey{}, l), l
}

func newDoc() Doc {
	return Doc{ID: "1", Title: "old", Words: []string{"a"}, Count: 1, Meta: map[string]int{"x": 1}, seen: "mine"}
}

// The hooks see the new values, and what they change is sent; the fields that are not stored stay.
func TestHooksOfPatch(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		items, ctx, log := docs(t, s)
		v := newDoc()
		check(t, items.Put(ctx, &v))
		log.update = func(d *Doc) error {
			d.Editor, d.Count = "hook", d.Count*10
			return nil
		}
		check(t, items.Patch(&v).Set("title", "new").Append("words", []string{"b"}).Add("count", 2).Do(ctx))
		want := Doc{ID: "1", Title: "new", Words: []string{"a", "b"}, Count: 30, Editor: "hook", Meta: map[string]int{"x": 1}, Version: 2, seen: "mine"}
		if fmt.Sprint(v) != fmt.Sprint(want) {
			t.Errorf("the caller has %+v, want %+v", v, want)
		}
		if calls := []string{"BeforeUpdate(new, a+b, 3)", "AfterUpdate(new, a+b, 30)"}; !slices.Equal(log.calls, calls) {
			t.Errorf("calls %q, want %q", log.calls, calls)
		}
		got, err := items.Get(ctx, v)
		check(t, err)
		if got.seen = "mine"; fmt.Sprint(*got) != fmt.Sprint(want) {
			t.Errorf("stored %+v, want %+v", got, want)
		}
	})
}

// In batches and transactions the hooks run as well; updates and deletes by key run none.
func TestHooksOfUpdatesAndDeletes(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		items, ctx, log := docs(t, s)
		type write = func(v *Doc) error
		one := func(op func(v *Doc) entable.Write) (batch, transact write) {
			return func(v *Doc) error { return entable.BatchWrite(ctx, []entable.Write{op(v)}) },
				func(v *Doc) error { return entable.Transact(ctx, []entable.Write{op(v)}) }
		}
		patchBatch, patchTransact := one(func(v *Doc) entable.Write { return items.Patch(v).Set("title", "new") })
		saveBatch, saveTransact := one(func(v *Doc) entable.Write { before := *v; v.Title = "new"; return items.SaveChangesOp(before, v) })
		removeBatch, removeTransact := one(func(v *Doc) entable.Write { return items.RemoveOp(v) })
		quietPatch, quietPatchT := one(func(v *Doc) entable.Write { return items.Patch(v).Set("title", "new").SkipHooks(true) })
		quietRemove, quietRemoveT := one(func(v *Doc) entable.Write { return items.RemoveOp(v, entable.SkipHooks(true)) })
		byKey, byKeyT := one(func(v *Doc) entable.Write { return items.Update(*v).Set("title", "new") })
		deleted, deletedT := one(func(v *Doc) entable.Write { return items.DeleteOp(*v) })
		for name, test := range map[string]struct {
			writes []write
			calls  string
		}{
			"patch": {[]write{func(v *Doc) error { return items.Patch(v).Set("title", "new").Do(ctx) }, patchBatch, patchTransact}, "BeforeUpdate AfterUpdate"},
			"save changes": {[]write{func(v *Doc) error { before := *v; v.Title = "new"; return items.SaveChanges(ctx, before, v) }, saveBatch, saveTransact},
				"BeforeUpdate AfterUpdate"},
			"remove": {[]write{func(v *Doc) error { return items.Remove(ctx, v) }, removeBatch, removeTransact}, "BeforeDelete AfterDelete"},
			"skipped": {[]write{quietPatch, quietPatchT, quietRemove, quietRemoveT,
				func(v *Doc) error { return items.Patch(v).Set("title", "new").SkipHooks(true).Do(ctx) },
				func(v *Doc) error { return items.Remove(ctx, v, entable.SkipHooks(true)) }}, ""},
			"by key": {[]write{byKey, byKeyT, deleted, deletedT,
				func(v *Doc) error { return items.Update(*v).Set("title", "new").Do(ctx) },
				func(v *Doc) error { return items.Delete(ctx, *v) }}, ""},
		} {
			for i, write := range test.writes {
				v := newDoc()
				check(t, items.Delete(ctx, v))
				check(t, items.Put(ctx, &v))
				log.calls = nil
				if err := write(&v); err != nil {
					t.Errorf("%s %d: %v", name, i, err)
				}
				var calls []string
				for _, c := range log.calls {
					calls = append(calls, c[:strings.IndexByte(c, '(')])
				}
				if got := strings.Join(calls, " "); got != test.calls {
					t.Errorf("%s %d: calls %s, want %s", name, i, got, test.calls)
				}
			}
		}
	})
}

// An entity can skip its hooks, and one operation can have them all the same.
func TestSkipHooksOfAnEntity(t *testing.T) {
	s := onMemory(t)
	items, ctx, log := docs(t, s, entable.SkipHooks(true))
	v := newDoc()
	check(t, items.Put(ctx, &v))
	check(t, items.Patch(&v).Add("count", 1).Do(ctx))
	check(t, items.SaveChanges(ctx, v, new(v)))
	check(t, items.Remove(ctx, &v))
	if len(log.calls) != 0 {
		t.Errorf("calls %q", log.calls)
	}
	v = newDoc()
	check(t, items.Put(ctx, &v))
	check(t, items.Patch(&v).Add("count", 1).SkipHooks(false).Do(ctx))
	check(t, items.Remove(ctx, &v, entable.SkipHooks(false)))
	if len(log.calls) != 4 {
		t.Errorf("calls %q", log.calls)
	}
}

// After a failure the instance is what it was, whatever the hooks have done; nothing is sent when they
// refuse.
func TestFailedPatch(t *testing.T) {
	refused := errors.New("refused")
	eachSetup(t, func(t *testing.T, s *setup) {
		items, ctx, log := docs(t, s)
		v := newDoc()
		check(t, items.Put(ctx, &v))
		stored := v
		log.update = func(d *Doc) error { d.Title, d.Words = "hook", []string{"hook"}; return refused }
		log.del = log.update
		unchanged := func(what string) {
			t.Helper()
			if fmt.Sprint(v) != fmt.Sprint(stored) {
				t.Errorf("%s: the caller has %+v, had %+v", what, v, stored)
			}
		}
		s.Spy.Reset()
		for name, err := range map[string]error{
			"Patch":       items.Patch(&v).Set("title", "new").Do(ctx),
			"SaveChanges": items.SaveChanges(ctx, Doc{ID: "1"}, &v),
			"Remove":      items.Remove(ctx, &v),
			"Batch":       entable.BatchWrite(ctx, []entable.Write{items.Patch(&v).Set("title", "new")}),
			"Transact":    entable.Transact(ctx, []entable.Write{items.RemoveOp(&v)}),
		} {
			if h, ok := errors.AsType[*entable.HookError](err); !ok || !errors.Is(err, refused) || h.Entity != "Doc" {
				t.Errorf("%s: %v, want the hook's error", name, err)
			}
			unchanged(name)
		}
		if s.Spy.Sent("") != 0 {
			t.Errorf("%d requests were sent", s.Spy.Sent(""))
		}

		log.update = func(d *Doc) error { d.Title = strings.Repeat("x", 30); return nil }
		for name, err := range map[string]error{
			"Patch":       items.Patch(&v).Add("count", 1).Do(ctx),
			"SaveChanges": items.SaveChanges(ctx, stored, &v),
		} {
			if invalid, ok := errors.AsType[*entable.ValidationError](err); !ok || invalid.Fields[0].Attribute != "title" {
				t.Errorf("%s: %v, want a *ValidationError of what the hook has set", name, err)
			}
			unchanged(name)
		}

		log.update, log.del = nil, nil
		s.Spy.Refuse(500, "InternalServerError")
		for name, write := range map[string]func() error{
			"Patch":    func() error { return items.Patch(&v).Set("title", "new").Append("words", []string{"b"}).Do(ctx) },
			"Remove":   func() error { return items.Remove(ctx, &v) },
			"Transact": func() error { return entable.Transact(ctx, []entable.Write{items.Patch(&v).Set("meta.x", 7)}) },
			"cancelled": func() error {
				ctx, cancel := context.WithCancel(ctx)
				cancel()
				return items.Patch(&v).Set("title", "new").Do(ctx)
			},
		} {
			if write() == nil {
				t.Errorf("%s: no error", name)
			}
			unchanged(name)
		}
		s.Spy.Reset()

		// Once written it stays so, whatever the hook says then.
		log.updated, log.dead = func(*Doc) error { return refused }, func(*Doc) error { return refused }
		if err := items.Patch(&v).Set("title", "new").Do(ctx); !errors.Is(err, refused) || v.Title != "new" || v.Version != 2 {
			t.Errorf("%v, the caller has %+v", err, v)
		}
		if err := items.Remove(ctx, &v); !errors.Is(err, refused) {
			t.Errorf("error %v", err)
		}
		if _, err := items.Get(ctx, v); !errors.Is(err, entable.ErrNotFound) {
			t.Errorf("not removed: %v", err)
		}
	})
}

// A patch refreshes the instance with all that is stored, and keeps attributes that the type lacks.
func TestPatchRefreshesTheInstance(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		parcels := declareParcels(s.NewTable())
		v := parcel()
		check(t, parcels.Put(t.Context(), &v))
		item := s.Load(parcels.Table(), key("PI#1", "A"))
		item["foreign"], item["count"] = avS("kept"), avN("50")
		s.Store(parcels.Table(), item)
		check(t, parcels.Patch(&v).Set("status", "sent").Do(t.Context()))
		if v.Status != "sent" || v.Count != 50 || v.Cached != "not stored" {
			t.Errorf("the caller has %+v", v)
		}
		after := v
		after.Weight = 9
		check(t, parcels.SaveChanges(t.Context(), v, &after))
		if got := s.Load(parcels.Table(), key("PI#1", "A")); !strings.Contains(dynamoJSON(got), `"foreign":{"S":"kept"}`) {
			t.Errorf("stored %s", dynamoJSON(got))
		}
	})
}

// What BeforeDelete changes reaches the caller when the item is deleted, and only then.
func TestHookOfRemoveChangesTheInstance(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		items, ctx, log := docs(t, s)
		log.del = func(d *Doc) error { d.Title = "deleted"; return nil }
		v := newDoc()
		check(t, items.Put(ctx, &v))
		stale := v
		stale.Version = 7
		if err := items.Remove(ctx, &stale); err == nil || stale.Title != "old" {
			t.Errorf("after the error %v the caller has %+v", err, stale)
		}
		check(t, items.Remove(ctx, &v))
		if v.Title != "deleted" {
			t.Errorf("the caller has %+v", v)
		}
	})
}

// Queue has a hook of updates that changes the list that the update changes.
type Queue struct {
	ID    string   `dynamodbav:"id"`
	Names []string `dynamodbav:"names"`
}

type queueKey struct{}

func (q *Queue) BeforeUpdate(ctx context.Context) error {
	if name, ok := ctx.Value(queueKey{}).(string); ok {
		q.Names = append(q.Names, name)
	}
	return nil
}

// The service takes positions in lists as they were before the update. So does what is worked out here, for a hook to see and,
// in a transaction, for the caller.
func TestListPositionsOfPatch(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		queues := entable.Register[Queue](s.NewTable())
		for _, test := range []struct {
			name   string
			change func(*entable.Update[Queue]) *entable.Update[Queue]
			want   []string
		}{
			{"remove and set", func(u *entable.Update[Queue]) *entable.Update[Queue] {
				return u.Remove("names[0]").Set("names[1]", "x")
			}, []string{"x", "c"}},
			{"remove two", func(u *entable.Update[Queue]) *entable.Update[Queue] { return u.Remove("names[0]", "names[1]") }, []string{"c"}},
			{"set beyond the end", func(u *entable.Update[Queue]) *entable.Update[Queue] {
				return u.Set("names[9]", "9").Set("names[7]", "7")
			}, []string{"a", "b", "c", "7", "9"}},
			{"remove beyond the end", func(u *entable.Update[Queue]) *entable.Update[Queue] {
				return u.Set("names[9]", "9").Remove("names[3]")
			}, []string{"a", "b", "c", "9"}},
		} {
			for _, hook := range []string{"", "hook"} {
				ctx, want := t.Context(), test.want
				if hook != "" {
					ctx, want = context.WithValue(ctx, queueKey{}, hook), append(slices.Clip(want), hook)
				}
				q := Queue{ID: "1", Names: []string{"a", "b", "c"}}
				if err := queues.Put(t.Context(), &q); err != nil {
					t.Fatal(err)
				}
				if err := entable.Transact(ctx, []entable.Write{test.change(queues.Patch(&q))}); err != nil {
					t.Fatalf("%s %s: %v", test.name, hook, err)
				}
				stored, err := queues.Get(t.Context(), Queue{ID: "1"})
				if err != nil || !slices.Equal(stored.Names, want) || !slices.Equal(q.Names, want) {
					t.Errorf("%s %s: stored %v, %v, the instance has %v, want %v", test.name, hook, stored, err, q.Names, want)
				}
			}
		}
	})
}
