package moved_test

import (
	"errors"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
	"github.com/entable/entable/internal/trial"
)

// world is what writers have done, and what must be stored then.
type world struct {
	t      *testing.T
	stable []Order         // there from the beginning to the end
	sums   []*atomic.Int64 // what was added to each of them

	mu   sync.Mutex
	own  map[string]int // N of the other orders, by ID
	made int
}

// until does what may meet another writer until it is done.
func (w *world) until(do func() error) error {
	for {
		if err := do(); err == nil || !entable.IsRetryable(err) {
			return err
		}
	}
}

// write makes n random writes with one program.
func (w *world) write(p program, rnd *mathrand.Rand, n int) {
	ctx := w.t.Context()
	for range n {
		i := rnd.IntN(len(w.stable))
		o, amount := w.stable[i], int64(1+rnd.IntN(9))
		err := w.until(func() (err error) {
			switch rnd.IntN(4) {
			case 0:
				return p.orders.Update(o).Add("n", amount).Do(ctx)
			case 1:
				return entable.Transact(ctx, []entable.Write{p.orders.Update(o).Add("n", amount)})
			case 2: // read, change, write under a condition
				v, err := p.orders.Get(ctx, o, entable.Consistent(true))
				if err != nil {
					return err
				}
				was := v.N
				v.N += int(amount)
				return w.raced(p.orders.Put(ctx, v, entable.If(expression.Name("n").Equal(expression.Value(was)))))
			default:
				v, err := p.orders.Get(ctx, o, entable.Consistent(true))
				if err != nil {
					return err
				}
				was := *v
				v.N += int(amount)
				return w.raced(p.orders.SaveChanges(ctx, was, v, entable.If(expression.Name("n").Equal(expression.Value(was.N)))))
			}
		})
		if err != nil {
			w.t.Error(err)
			return
		}
		w.sums[i].Add(amount)
		if err := w.until(func() error { return w.come(p, rnd) }); err != nil {
			w.t.Error(err)
			return
		}
	}
}

// raced makes an error that can be tried again of a lost race.
func (w *world) raced(err error) error {
	if is[*entable.ConditionFailedError](err) && !errors.Is(err, entable.ErrNotFound) {
		return entable.ErrConflict
	}
	return err
}

// come creates an order, or takes one that nobody else has, and replaces or deletes it.
func (w *world) come(p program, rnd *mathrand.Rand) error {
	ctx := w.t.Context()
	w.mu.Lock()
	id, n := "", 0
	if rnd.IntN(2) == 0 && len(w.own) > 0 {
		id = slices.Sorted(maps.Keys(w.own))[rnd.IntN(len(w.own))]
		n = w.own[id]
		delete(w.own, id)
	}
	w.made++
	next := w.made
	w.mu.Unlock()
	v := Order{Tenant: "acme", ID: id, Status: "new", N: next}
	var err error
	switch {
	case id == "":
		v.ID = fmt.Sprintf("x#%05d", next)
		err = w.until(func() error { return p.orders.Create(ctx, &v) })
	case rnd.IntN(3) == 0:
		err = w.until(func() error { return p.orders.Put(ctx, &v) })
	case rnd.IntN(2) == 0:
		if !errors.Is(p.orders.Create(ctx, &v), entable.ErrExists) {
			return fmt.Errorf("created %s twice", id)
		}
		v.N = n
	default:
		if err = w.until(func() error {
			return p.orders.Delete(ctx, v, entable.If(expression.Name("n").Equal(expression.Value(n))))
		}); err != nil {
			return fmt.Errorf("delete %s: %w", id, err)
		}
		if _, err := p.orders.Get(ctx, v, entable.Consistent(true)); !errors.Is(err, entable.ErrNotFound) {
			return fmt.Errorf("deleted %s is still there: %w", id, err)
		}
		return nil
	}
	if err != nil {
		return err
	}
	w.mu.Lock()
	w.own[v.ID] = v.N
	w.mu.Unlock()
	return nil
}

// read reads while others write: in order, nothing twice, and, where items move one way only, all that is there all the time.
func (w *world) read(p program, rnd *mathrand.Rand, oneWay bool) error {
	q := p.orders.Query(Order{Tenant: "acme"}).Consistent(true).PageSize(1 + rnd.IntN(20))
	last, found := "", 0
	for v, err := range q.All(w.t.Context()) {
		if err != nil {
			return err
		}
		if v.ID <= last {
			return fmt.Errorf("read %s behind %s", v.ID, last)
		}
		if last = v.ID; strings.HasPrefix(v.ID, "s#") {
			found++
		}
	}
	if found > len(w.stable) || oneWay && found < len(w.stable) {
		return fmt.Errorf("read %d of %d orders", found, len(w.stable))
	}
	o := w.stable[rnd.IntN(len(w.stable))]
	if _, err := p.orders.Get(w.t.Context(), o, entable.Consistent(rnd.IntN(2) == 0)); err != nil {
		return err
	}
	list, err := p.orders.BatchGet(w.t.Context(), w.stable[:min(20, len(w.stable))])
	if err == nil && slices.Contains(list, nil) {
		err = errors.New("a batch has not found all")
	}
	return err
}

// phase lets eight writers of some programs work beside readers of the newest, and audits if audit is set.
func (w *world) phase(rnd *mathrand.Rand, writes int, auditing bool, programs ...program) {
	var writers, readers sync.WaitGroup
	var over atomic.Bool
	for i := range 8 {
		rnd := mathrand.New(mathrand.NewPCG(rnd.Uint64(), uint64(i)))
		writers.Go(func() { w.write(programs[i%len(programs)], rnd, writes) })
	}
	for i, p := range programs[len(programs)-1:] {
		rnd := mathrand.New(mathrand.NewPCG(rnd.Uint64(), uint64(i)))
		readers.Go(func() {
			for !over.Load() {
				if err := w.read(p, rnd, len(programs) == 1); err != nil {
					w.t.Error(err)
					return
				}
			}
		})
	}
	if auditing {
		readers.Go(func() {
			for range 2 {
				for f, err := range programs[0].table.Audit(w.t.Context(), entable.AuditOptions{Repair: true, Segments: 2}) {
					if err != nil || f.Kind != entable.OtherPlace || f.Err != nil && !entable.IsRetryable(f.Err) && !strings.Contains(f.Err.Error(), "TransactionCanceled") {
						w.t.Error(f, err)
						return
					}
				}
			}
		})
	}
	writers.Wait()
	over.Store(true)
	readers.Wait()
}

// The walk of the documentation: of two versions of a program that follow each other, both run at once; then the rest is moved
// beside the last writers, and the option goes. Nothing is lost, nothing doubled, nothing read twice.
func TestWalk(t *testing.T) {
	t.Parallel()
	for _, engine := range enginetest.Engines {
		for _, f := range []form{forms[0], forms[1], forms[2], forms[4]} {
			t.Run(engine.String()+"/"+f.name, func(t *testing.T) {
				t.Parallel()
				orders, writes := 40, 12
				if engine.Engine != enginetest.Memory {
					orders, writes = 10, 3
				} else if trial.Soak() {
					orders, writes = 200, 400
				}
				s, rnd := newSite(engine.Open(t)), trial.Rand(t)
				w := &world{t: t, own: map[string]int{}}
				at := func(v int) program {
					p := s.run(f, v)
					check(t, p.table.Verify(t.Context()))
					return p
				}
				first := at(before)
				for i := range orders {
					o := Order{Tenant: "acme", ID: fmt.Sprintf("s#%03d", i), Status: "stable"}
					check(t, first.orders.Create(t.Context(), &o))
					w.stable, w.sums = append(w.stable, o), append(w.sums, new(atomic.Int64))
				}
				w.phase(rnd, writes, false, first, at(ahead))
				w.phase(rnd, writes, false, at(ahead), at(moves))
				w.phase(rnd, writes, true, at(moves))
				p := at(moves)
				audit(t, p, entable.AuditOptions{Repair: true})
				_, kinds, end := audit(t, p, entable.AuditOptions{Repair: true, Settle: true})
				same(t, "left at the old place", kinds+fmt.Sprint(end.Settled), "map[][Order]")
				last := at(after)
				w.phase(rnd, writes/3, false, last)

				want := map[string]int{}
				maps.Copy(want, w.own)
				for i, o := range w.stable {
					want[o.ID] = int(w.sums[i].Load())
				}
				got := map[string]int{}
				for _, o := range collect(t, last.orders.Query(Order{Tenant: "acme"}).Consistent(true).All(t.Context())) {
					got[o.ID] = o.N
				}
				same(t, "orders", got, want)
				same(t, "items", len(s.keys()), len(want))
				t.Logf("%d orders, %d writes", len(want), 8*writes*3)
			})
		}
	}
}
