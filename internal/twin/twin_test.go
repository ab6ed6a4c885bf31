package twin_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
	"github.com/entable/entable/internal/trial"
	"github.com/entable/entable/memory"
	"github.com/entable/entable/seal"
)

// world is a table, a program on it that the line disturbs, and another program.
type world[T any] struct {
	t     testing.TB
	rnd   *mathrand.Rand
	now   time.Time
	shape shape
	db    *memory.DB
	name  string
	line  *line

	things, rival *entable.Entity[T]
	all           *entable.Collection[pile[T]]
	stock         stock[T]
	told          map[string]int // outcomes, by their classes
	log           []string
}

type pile[T any] struct{ Things []T }

var secretKeys = func() entable.Encrypter {
	keys, err := seal.Keys(seal.Key{ID: "1", Secret: make([]byte, 32)})
	if err != nil {
		panic(err)
	}
	return seal.New(keys, seal.Options{})
}()

func newWorld[T any](t testing.TB, rnd *mathrand.Rand, s shape, route enginetest.Route, retries bool) *world[T] {
	way := enginetest.Way{Engine: enginetest.Memory, Route: route}
	setup := way.Open(t)
	w := &world[T]{t: t, rnd: rnd, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), shape: s, db: setup.DB,
		stock: stock[T]{map[string]T{}, map[string]bool{}}, told: map[string]int{}}
	w.line = &line{next: setup.SDK.Options().HTTPClient}
	t.Cleanup(w.db.Inject(w.line.faults()...))
	client := route.Client(setup.Through(w.line, func(o *dynamodb.Options) {
		if o.Retryer = retry.AddWithMaxBackoffDelay(retry.NewStandard(func(o *retry.StandardOptions) { o.RateLimiter = unlimited{} }), time.Nanosecond); !retries {
			o.Retryer = aws.NopRetryer{}
		}
	}))
	declare := func(c entable.Client, ahead bool) *entable.Entity[T] {
		var v T
		table := entable.NewTable("things", append(setup.Options, entable.GSI("gsi1"), entable.GSI("gsi2"), entable.GSI("gsi3"),
			entable.Encryption(secretKeys), entable.HashKey("codes", make([]byte, 32)), entable.Clock(func() time.Time { return w.now }))...)
		table.Use(c)
		return entable.Register[T](table, s.options(any(&v), ahead)...)
	}
	w.things, w.rival = declare(client, false), declare(setup.SDK, s.other != nil && rnd.IntN(2) == 0)
	w.all = entable.NewCollection[pile[T]](w.things)
	enginetest.Check(t, w.rival.Table().CreateTable(t.Context()))
	w.name = w.rival.Table().Name()
	return w
}

type unlimited struct{}

func (unlimited) GetToken(context.Context, uint) (func() error, error) {
	return func() error { return nil }, nil
}
func (unlimited) AddTokens(uint) error { return nil }

func (w *world[T]) fatalf(format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf("%s\n%s", strings.Join(w.log, "\n"), fmt.Sprintf(format, args...))
}

// class says what an error means.
func class(err error) string {
	is := errors.Is
	if te, ok := errors.AsType[*entable.TransactionError](err); ok && !te.Unknown && len(te.Reasons) > 0 {
		err = te.Reasons[0].Err
	}
	switch {
	case err == nil:
		return done
	case isUnknown(err):
		return unknown
	case strings.Contains(err.Error(), "the write was carried out, but its item cannot be read"):
		return unread
	case as[*entable.HookError](err):
		return hooked
	case as[*entable.ValidationError](err):
		return invalid
	case is(err, entable.ErrNotSent):
		return unsent
	case as[*entable.UniqueError](err):
		return taken
	case is(err, entable.ErrNotFound):
		return notFound
	case as[*entable.VersionError](err):
		return stale
	case is(err, entable.ErrExists):
		return exists
	case strings.Contains(err.Error(), "is in an older shape"):
		return older
	case as[*entable.ConditionFailedError](err):
		return failed
	case is(err, context.Canceled):
		return cancelled
	case entable.IsRetryable(err):
		return faulty
	case strings.Contains(err.Error(), errHook.Error()):
		return panicked
	}
	return "other: " + err.Error()
}

func as[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

func isUnknown(err error) bool {
	if op, ok := errors.AsType[*entable.OpError](err); ok && op.Unknown {
		return true
	}
	te, ok := errors.AsType[*entable.TransactionError](err)
	return ok && te.Unknown
}

// call calls f, and makes an error of a hook's panic.
func call(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			if p != any(errHook) {
				panic(p)
			}
			err = errHook
		}
	}()
	return f()
}

// part is one write of what was carried out, and what became of it.
type part[T any] struct {
	name  string
	does  effect[T]
	class string
	id    string
	byKey bool // an update that has the version raised by each attempt
	gone  bool // the removal of a version, behind a lost answer: it has what it is for where nothing is left
	// insts are what the caller had and has.
	inst  *T
	had   T
	loose bool // the instance has what was computed, or read afterwards
}

// read is what is stored, checked for being what the library would store.
func (w *world[T]) read() stock[T] {
	out := stock[T]{map[string]T{}, map[string]bool{}}
	items, err := w.db.Items(w.name)
	enginetest.Check(w.t, err)
	sentinels := map[string]bool{}
	for _, item := range items {
		pk := enginetest.Text(item["pk"])
		if strings.HasPrefix(pk, "_unique") {
			sentinels[pk] = true
			continue
		}
		v, err := w.things.FromItem(item)
		if err != nil {
			w.fatalf("what is stored cannot be read: %v", err)
		}
		f := facetOf(v)
		if _, twice := out.items[f.ID]; twice {
			w.fatalf("%s is stored twice", f.ID)
		}
		out.items[f.ID] = *v
		if w.shape.upgrades && item["_v"] == nil {
			out.old[f.ID] = true
			continue
		}
		w.same(item, v)
	}
	values := 0
	for _, v := range out.items {
		if f := facetOf(&v); f.email != nil {
			for _, s := range []string{*f.email, *f.code} {
				if s != "" {
					values++
				}
			}
		}
	}
	if values != len(sentinels) {
		w.fatalf("%d unique values and the sentinels %q, was %s\nnow %s", values, slices.Sorted(maps.Keys(sentinels)), w.stock, out)
	}
	return out
}

// same checks that an item is stored as a Put of it would store it, at one of its places.
func (w *world[T]) same(item map[string]types.AttributeValue, v *T) {
	var texts []string
	for _, e := range []*entable.Entity[T]{w.things, w.rival} {
		want, err := e.ToItem(copyOf(*v))
		enginetest.Check(w.t, err)
		for _, m := range []map[string]types.AttributeValue{item, want} {
			delete(m, "secret") // two ciphertexts of one value differ
			delete(m, "code")
			if set, ok := m["tags"].(*types.AttributeValueMemberSS); ok {
				slices.Sort(set.Value)
			}
		}
		if item["c"] == nil {
			delete(want, "c") // an upsert makes no zeros
		}
		texts = append(texts, itemText(want))
	}
	if got := itemText(item); !slices.Contains(texts, got) {
		w.fatalf("stored is\n%s, want\n%s", got, strings.Join(texts, "\nor\n"))
	}
}

func itemText(item map[string]types.AttributeValue) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(item)) {
		fmt.Fprintf(&b, "%s=%s ", name, valueText(item[name]))
	}
	return b.String()
}

func valueText(v types.AttributeValue) string {
	switch v := v.(type) {
	case *types.AttributeValueMemberM:
		return "{" + itemText(v.Value) + "}"
	case *types.AttributeValueMemberL:
		var out strings.Builder
		out.WriteString("[")
		for _, e := range v.Value {
			out.WriteString(valueText(e) + ",")
		}
		return out.String() + "]"
	case *types.AttributeValueMemberB:
		return fmt.Sprintf("%T %x", v, v.Value)
	case *types.AttributeValueMemberS:
		return "S" + v.Value
	case *types.AttributeValueMemberN:
		return "N" + v.Value
	case *types.AttributeValueMemberSS:
		return fmt.Sprint("SS", v.Value)
	case *types.AttributeValueMemberBOOL:
		return fmt.Sprint(v.Value)
	case *types.AttributeValueMemberNULL:
		return "NULL"
	}
	return fmt.Sprintf("%T", v)
}

// explain reports whether some order of the writes explains what became of them and what is stored.
func (w *world[T]) explain(parts []*part[T], rivals []effect[T], m moment, got stock[T]) bool {
	type token struct {
		p    *part[T] // nil: a rival
		does effect[T]
	}
	var tokens []token
	var maybe []token
	for _, p := range parts {
		switch p.class {
		case faulty, cancelled, unsent:
		case unknown:
			maybe = append(maybe, token{p, p.does}, token{p, p.does}, token{p, p.does}) // by each of the SDK's attempts
		default:
			tokens = append(tokens, token{p, p.does})
			if p.class == done && p.byKey && len(w.line.hit) > 0 {
				again := token{&part[T]{class: unknown}, raise[T](p.id)}
				maybe = append(maybe, again, again, again)
			}
		}
	}
	for _, r := range rivals {
		tokens = append(tokens, token{nil, r})
	}
	rival := moment{now: m.now, hides: m.hides, moves: m.moves}
	var try func(s stock[T], left, maybe []token) bool
	try = func(s stock[T], left, maybe []token) bool {
		if len(left) == 0 && got.is(s) {
			return true
		}
		for i, tk := range left {
			next := s.clone()
			if tk.p == nil {
				tk.does(next, rival)
			} else {
				c, after := tk.does(next, m)
				if carried := c == done || c == hooked || c == panicked; c != tk.p.class && !(tk.p.class == unread && carried) &&
					!(tk.p.gone && c == notFound) {
					continue
				}
				if tk.p.class == done && after != nil && tk.p.inst != nil && !tk.p.loose && !is(*tk.p.inst, *after) {
					continue
				}
			}
			if try(next, slices.Delete(slices.Clone(left), i, i+1), maybe) {
				return true
			}
		}
		for i, tk := range maybe {
			if i > 0 && maybe[i-1].p == tk.p {
				continue
			}
			next := s.clone()
			tk.does(next, m)
			if try(next, left, slices.Delete(slices.Clone(maybe), i, i+1)) {
				return true
			}
		}
		return false
	}
	for _, m.lax = range []bool{false, true} {
		for _, rival.lax = range []bool{false, true} {
			if try(w.stock.clone(), tokens, maybe) {
				return true
			}
		}
	}
	return false
}

// raise raises the version of a thing, which is all that an update which is done twice does twice, or else it is unknown.
func raise[T any](id string) effect[T] {
	return func(s stock[T], _ moment) (string, *T) {
		if v, ok := s.items[id]; ok {
			if now := copyOf(v); facetOf(now).version != nil {
				*facetOf(now).version++
				s.items[id] = *now
			}
		}
		return done, nil
	}
}

// unchanged checks that a caller's instance is as it was, but for an id that was generated.
func (w *world[T]) unchanged(p *part[T]) {
	if p.inst == nil {
		return
	}
	now, was := copyOf(*p.inst), copyOf(p.had)
	if facetOf(was).Gen == "" {
		facetOf(now).Gen = ""
	}
	if text(*now) != text(*was) {
		w.fatalf("%s: %s: the caller has\n%s, had\n%s", p.name, p.class, text(*p.inst), text(p.had))
	}
}

func run[T any](t *testing.T, rnd *mathrand.Rand, s shape, steps int) {
	for _, route := range enginetest.Routes {
		for _, retries := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld[T](t, rnd, s, route, retries)
				for i := range steps {
					if w.step(); i%10 == 0 {
						w.audit()
					}
				}
				t.Logf("%s, retries %t: %v", route, retries, w.told)
			})
		}
	}
}

func TestWritesAreThoseOfAMap(t *testing.T) {
	t.Parallel()
	outside := entable.NewTable("outside", entable.GSI("gsi1"), entable.GSI("gsi2"), entable.GSI("gsi3"), entable.Encryption(secretKeys), entable.HashKey("codes", make([]byte, 32)))
	entable.Register[Plain](outside, shapes[0].options(new(Plain), false)...) // what compresses is not made in a bubble
	steps := trial.Size(12, 4000)
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			rnd := trial.Rand(t)
			t.Run("plain", func(t *testing.T) { run[Plain](t, rnd, s, steps) })
			t.Run("versioned", func(t *testing.T) { run[Versioned](t, rnd, s, steps) })
			t.Run("unique", func(t *testing.T) { run[Unique](t, rnd, s, steps) })
			t.Run("both", func(t *testing.T) { run[Both](t, rnd, s, steps) })
		})
	}
}
