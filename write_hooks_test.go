package entable_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
)

// Event has every hook that Put, Create and reads run. What they do is in its context.
type Event struct {
	ID      string    `dynamodbav:"id" entable:"auto=ulid"`
	Slug    string    `dynamodbav:"slug" validate:"required"`
	State   string    `dynamodbav:"state" entable:"default=new"`
	Touched time.Time `dynamodbav:"touched" entable:"touch=iso8601"`
	Tags    []string  `dynamodbav:"tags"`
	Loaded  string    `dynamodbav:"-"`
}

type hookKey struct{}

// hookLog is what the hooks of one test saw and how they answer.
type hookLog struct {
	calls  []string
	before func(*Event) error
	after  func(*Event) error
	load   func(*Event) error
}

func logOf(ctx context.Context) *hookLog {
	l, _ := ctx.Value(hookKey{}).(*hookLog)
	if l == nil {
		l = &hookLog{}
	}
	return l
}

func (e *Event) run(ctx context.Context, name string, f func(*hookLog) func(*Event) error) error {
	l := logOf(ctx)
	l.calls = append(l.calls, fmt.Sprintf("%s(id %d, slug %q, state %q, touched %t)", name, len(e.ID), e.Slug, e.State, !e.Touched.IsZero()))
	if f(l) == nil {
		return nil
	}
	return f(l)(e)
}

func (e *Event) BeforeSave(ctx context.Context) error {
	return e.run(ctx, "BeforeSave", func(l *hookLog) func(*Event) error { return l.before })
}
func (e *Event) AfterSave(ctx context.Context) error {
	return e.run(ctx, "AfterSave", func(l *hookLog) func(*Event) error { return l.after })
}
func (e *Event) AfterLoad(ctx context.Context) error {
	e.Loaded = "loaded " + e.Slug
	return e.run(ctx, "AfterLoad", func(l *hookLog) func(*Event) error { return l.load })
}

func hooked(t *testing.T) (context.Context, *hookLog) {
	l := &hookLog{}
	return context.WithValue(t.Context(), hookKey{}, l), l
}

// The order: BeforeSave, generated values and defaults, validation and keys, the request, AfterSave.
func TestHooksRunInOrder(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		events := entable.Register[Event](s.NewTable(), entable.SK("slug"))
		ctx, log := hooked(t)
		log.before = func(e *Event) error {
			e.Slug = "from the hook" // a key, and required
			s.Spy.Reset()
			return nil
		}
		log.after = func(e *Event) error {
			if s.Spy.Sent("PutItem") != 1 {
				t.Error("AfterSave runs before the request")
			}
			return nil
		}
		var event Event
		check(t, events.Put(ctx, &event))
		want := []string{
			`BeforeSave(id 0, slug "", state "", touched false)`,
			`AfterSave(id 26, slug "from the hook", state "new", touched true)`,
		}
		if !slices.Equal(log.calls, want) {
			t.Errorf("calls\n%s, want\n%s", strings.Join(log.calls, "\n"), strings.Join(want, "\n"))
		}
		if event.Slug != "from the hook" || event.ID == "" || event.State != "new" {
			t.Errorf("the caller has %+v", event)
		}

		log.calls = nil
		got, err := events.Get(ctx, event)
		check(t, err)
		if got.Loaded != "loaded from the hook" || len(log.calls) != 1 {
			t.Errorf("read %+v, calls %q", got, log.calls)
		}
		log.calls = nil
		enginetest.Collect(t, events.Query(event).All(ctx))
		enginetest.Collect(t, events.Table().Query(event).All(ctx))
		if len(log.calls) != 2 || !strings.HasPrefix(log.calls[0], "AfterLoad") {
			t.Errorf("calls of queries %q", log.calls)
		}
		log.calls = nil
		check(t, events.Delete(ctx, event))
		if len(log.calls) != 0 {
			t.Errorf("Delete by key runs %q", log.calls)
		}
	})
}

// An error of a hook ends the operation, is found in the error, and says which hook of what.
func TestErrorsOfHooks(t *testing.T) {
	bad := errors.New("bad slug")
	eachSetup(t, func(t *testing.T, s *setup) {
		events := entable.Register[Event](s.NewTable(), entable.PK("id"), entable.SK("slug"))
		ctx, log := hooked(t)
		fails := func(*Event) error { return bad }
		expect := func(err error, hook string) {
			t.Helper()
			e, ok := errors.AsType[*entable.HookError](err)
			if !ok || !errors.Is(err, bad) || e.Hook != hook || e.Entity != "Event" || !entable.IsError(err) {
				t.Errorf("error %v, want one of %s", err, hook)
			} else if want := "entable: Event: " + hook + ": bad slug"; e.Error() != want {
				t.Errorf("error %s, want %s", e, want)
			}
		}

		s.Spy.Reset()
		log.before = func(e *Event) error { e.Slug, e.State = "changed", "changed"; return bad }
		event := Event{Slug: "a"}
		expect(events.Put(ctx, &event), "BeforeSave")
		expect(events.Create(ctx, &event), "BeforeSave")
		if s.Spy.Sent("") != 0 || !reflect.DeepEqual(event, Event{Slug: "a"}) {
			t.Errorf("%d requests were sent, the caller has %+v", s.Spy.Sent(""), event)
		}

		log.before, log.after = nil, fails
		expect(events.Put(ctx, &event), "AfterSave")
		if event.State != "new" || event.ID == "" {
			t.Errorf("the item is written, but the caller has %+v", event)
		}
		if got, err := events.Get(ctx, event); err != nil || got.State != "new" {
			t.Errorf("the item is not written: %v", err)
		}

		log.after, log.load = nil, fails
		got, err := events.Get(ctx, event)
		expect(err, "AfterLoad")
		if got != nil {
			t.Errorf("Get returns %v beside the error", got)
		}
		expect(drain(events.Query(event).All(ctx)), "AfterLoad")
		_, err = events.Query(event).First(ctx)
		expect(err, "AfterLoad")
		_, err = events.Table().Query(event).Page(ctx)
		expect(err, "AfterLoad")
	})
}

// A hook that panics lets the panic through; the table stays usable and the caller's struct unchanged.
func TestHookThatPanics(t *testing.T) {
	s := onMemory(t)
	events := entable.Register[Event](s.NewTable(), entable.PK("id"), entable.SK("slug"))
	ctx, log := hooked(t)
	log.before = func(e *Event) error { e.Slug = "changed"; panic("hook") }
	event := Event{Slug: "a"}
	func() {
		defer func() {
			if recover() != "hook" {
				t.Error("the panic does not come through")
			}
		}()
		events.Put(ctx, &event)
	}()
	if !reflect.DeepEqual(event, Event{Slug: "a"}) {
		t.Errorf("the caller has %+v", event)
	}
	log.before = nil
	check(t, events.Put(ctx, &event))
}

// The caller's struct is unchanged after a failed write, except for generated ids, which stay so that a
// retry writes the same item.
func TestCallersStructAfterFailedWrites(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		events := entable.Register[Event](s.NewTable(), entable.PK("id"), entable.SK("slug"))
		ctx, log := hooked(t)
		log.before = func(e *Event) error { e.Tags = append(slices.Clip(e.Tags), "hook"); return nil }
		for name, fail := range map[string]func(*Event) error{
			"service":   func(e *Event) error { s.Spy.Refuse(500, "InternalServerError"); return events.Put(ctx, e) },
			"cancelled": func(e *Event) error { ctx, cancel := context.WithCancel(ctx); cancel(); return events.Put(ctx, e) },
			"condition": func(e *Event) error {
				e.ID = "taken"
				check(t, events.Put(t.Context(), &Event{ID: "taken", Slug: e.Slug}))
				return events.Create(ctx, e)
			},
			"validation": func(e *Event) error { e.Slug = ""; return events.Put(ctx, e) },
			"size":       func(e *Event) error { e.Tags = []string{strings.Repeat("x", 500_000)}; return events.Put(ctx, e) },
		} {
			event := Event{Slug: "a", Tags: []string{"mine"}}
			s.Spy.Reset()
			err := fail(&event)
			if err == nil {
				t.Errorf("%s: no error", name)
			}
			id := event.ID
			event.ID = ""
			if event.State != "" || !event.Touched.IsZero() || len(event.Tags) != 1 {
				t.Errorf("%s: the caller has %.100v", name, event)
			}
			if name == "service" && len(id) != 26 {
				t.Errorf("%s: the id is %q", name, id)
			}
			if name != "service" {
				continue
			}
			s.Spy.Reset()
			event.ID = id
			check(t, events.Put(ctx, &event))
			if event.ID != id {
				t.Errorf("the retry writes %q, want %q", event.ID, id)
			}
		}
	})
}

// Embedded holds fields for many entities, by pointer.
type Embedded struct {
	Touched int64  `dynamodbav:"touched" entable:"touch=epoch_ms"`
	Serial  string `dynamodbav:"serial" entable:"auto=uuid4"`
	State   string `dynamodbav:"state" entable:"default=new"`
}

type embedding struct {
	ID string `dynamodbav:"id"`
	*Embedded
}

// What is behind an embedded pointer belongs to the struct as well.
func TestEmbeddedPointersAfterFailedWrites(t *testing.T) {
	s := onMemory(t)
	items := entable.Register[embedding](s.NewTable(), entable.Name("Item"))
	s.Spy.Refuse(500, "InternalServerError")
	v := embedding{"1", &Embedded{}}
	inner := v.Embedded
	if err := items.Put(t.Context(), &v); err == nil {
		t.Fatal("no error")
	}
	if v.Embedded != inner || v.Touched != 0 || v.State != "" || v.Serial == "" {
		t.Errorf("after a failed write the caller has %+v in the struct it had: %t", *v.Embedded, v.Embedded == inner)
	}
	serial := v.Serial
	s.Spy.Reset()
	check(t, items.Put(t.Context(), &v))
	if v.Touched == 0 || v.State != "new" || v.Serial != serial {
		t.Errorf("after a write the caller has %+v", *v.Embedded)
	}
	got, err := items.Get(t.Context(), embedding{ID: "1"})
	check(t, err)
	if *got.Embedded != *v.Embedded {
		t.Errorf("read %+v, want %+v", *got.Embedded, *v.Embedded)
	}

	// Without the embedded struct there is nothing to fill.
	check(t, items.Put(t.Context(), &embedding{ID: "2"}))
	if got, err = items.Get(t.Context(), embedding{ID: "2"}); err != nil || got.Embedded != nil {
		t.Errorf("read %+v, %v", got, err)
	}
}

// Writes of instances leave their hooks out when they, or the entity, are told to; all else stays.
func TestSkipHooksOfPutAndCreate(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		loud := entable.Register[Event](s.NewTable(), entable.PK("id"), entable.SK("slug"))
		quiet := entable.Register[Event](s.NewTable(), entable.PK("id"), entable.SK("slug"), entable.SkipHooks(true))
		for i, test := range []struct {
			events *entable.Entity[Event]
			opts   []entable.WriteOption
			runs   bool
		}{
			{loud, nil, true}, {loud, []entable.WriteOption{entable.SkipHooks(true)}, false},
			{quiet, nil, false}, {quiet, []entable.WriteOption{entable.SkipHooks(false)}, true},
		} {
			for name, write := range map[string]func(context.Context, *Event) error{
				"Put":    func(ctx context.Context, e *Event) error { return test.events.Put(ctx, e, test.opts...) },
				"Create": func(ctx context.Context, e *Event) error { return test.events.Create(ctx, e, test.opts...) },
				"batch": func(ctx context.Context, e *Event) error {
					return entable.BatchWrite(ctx, []entable.Write{test.events.PutOp(e, test.opts...)})
				},
				"transaction": func(ctx context.Context, e *Event) error {
					return entable.Transact(ctx, []entable.Write{test.events.CreateOp(e, test.opts...)})
				},
			} {
				ctx, log := hooked(t)
				event := Event{Slug: "a"}
				check(t, write(ctx, &event))
				if want := map[bool]int{true: 2}[test.runs]; len(log.calls) != want {
					t.Errorf("%d, %s: calls %q", i, name, log.calls)
				}
				if event.ID == "" || event.State != "new" || event.Touched.IsZero() {
					t.Errorf("%d, %s: the caller has %+v", i, name, event)
				}
			}
		}
	})
}

type (
	hookWithoutError   struct{ ID string }
	hookWithoutContext struct{ ID string }
	hookOfOthers       struct{ ID string }
	hookOfEmbedded     struct {
		hookOfOthers
		Name string
	}
)

func (*hookWithoutError) BeforeSave(context.Context)   {}
func (hookWithoutContext) AfterLoad() error            { return nil }
func (*hookOfOthers) BeforeDelete(tx *testing.T) error { return nil }

// A method that is called like a hook and is none would never be called: that is told, and can be meant.
func TestHooksOfAnotherSignature(t *testing.T) {
	const cure = " and no hook, which is func(context.Context) error: change it, or give the entity entable.SkipHooks(true)"
	table := func() *entable.Table { return entable.NewTable("hooks") }
	checkDeclaration(t, register[hookWithoutError](table()), "entable_test.hookWithoutError: the method BeforeSave is func(context.Context)"+cure)
	checkDeclaration(t, register[hookWithoutContext](table()), "entable_test.hookWithoutContext: the method AfterLoad is func() error"+cure)
	checkDeclaration(t, register[hookOfOthers](table()), "entable_test.hookOfOthers: the method BeforeDelete is func(*testing.T) error"+cure)
	checkDeclaration(t, register[hookOfEmbedded](table()), "entable_test.hookOfEmbedded: the method BeforeDelete is func(*testing.T) error"+cure)
	checkDeclaration(t, register[hookOfOthers](table(), entable.SkipHooks(true)), "")
	checkDeclaration(t, register[Event](table()), "")
}
