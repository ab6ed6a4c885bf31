package aggregate_test

import (
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/trial"
	"github.com/entable/entable/memory"
)

// Writers move quantities between the lines of the same baskets, while requests are refused and answers are lost. The sum of a
// basket stays, or a Save was done in part or over another; each Save that has succeeded has left its note, and no other.
func TestSavesAreWholeAndExact(t *testing.T) {
	saves, baskets := 150, 4
	if trial.Soak() {
		saves, baskets = 10_000, 24
	}
	const sum, writers = 1000, 8
	s := onMemory(t)
	r := trial.Rand(t)
	for i := range baskets {
		b := &Basket{Lines: []Line{{Cart: fmt.Sprint(i), ID: "0", Product: "p", Qty: sum}}}
		if i%2 == 0 { // the others have no version
			b.Cart = &Cart{ID: fmt.Sprint(i), Owner: "o"}
		}
		s.save(b)
	}

	var hits [5]atomic.Int64
	var dice sync.Mutex // guards r
	for i, f := range []memory.Fault{memory.DropAfter(), memory.DropBefore(), memory.Throttle(), memory.Conflict(), memory.InternalError()} {
		defer s.DB.Inject(f.On("TransactWriteItems", "Query", "GetItem").When(func(memory.Request) bool {
			dice.Lock()
			defer dice.Unlock()
			hit := r.IntN(40) == 0
			if hit {
				hits[i].Add(1)
			}
			return hit
		}))()
	}

	var left, conflicts, repeated atomic.Int64
	left.Store(int64(saves))
	done := make([]map[string]bool, writers) // the notes of what each has saved
	var refused sync.Map                     // what became of others
	var wg sync.WaitGroup
	for w := range writers {
		done[w] = map[string]bool{}
		dice.Lock()
		own := mathrand.New(mathrand.NewPCG(r.Uint64(), 0))
		dice.Unlock()
		wg.Go(func() {
			for n := 0; left.Add(-1) >= 0; n++ {
				for tries := 0; ; tries++ {
					id, note := fmt.Sprint(own.IntN(baskets)), fmt.Sprintf("%s of %d, %d", fmt.Sprint(n), w, tries)
					now, err := s.baskets.Get(t.Context(), Cart{ID: id}, entable.Consistent(true))
					if err != nil {
						continue
					}
					s.sumOf(now, sum)
					before := s.baskets.Clone(now)
					change(own, now, id, note)
					err = s.baskets.Save(t.Context(), before, now, entable.ClientToken(note))
					var story []string
					for unknown(err) {
						story = append(story, err.Error())
						repeated.Add(1)
						err = s.baskets.Save(t.Context(), before, now, entable.ClientToken(note))
					}
					if err == nil {
						done[w][id+": "+note] = true
						break
					}
					refused.Store(id+": "+note, fmt.Sprint(story, err))
					if conflicts.Add(1); !entable.IsError(err) {
						t.Errorf("error %v", err)
					}
				}
			}
		})
	}
	wg.Wait()

	want := map[string]bool{}
	for _, notes := range done {
		for note := range notes {
			want[note] = true
		}
	}
	lost, doubled := 0, 0
	for i := range baskets {
		var now *Basket
		for now == nil {
			now, _ = s.baskets.Get(t.Context(), Cart{ID: fmt.Sprint(i)}, entable.Consistent(true))
		}
		s.sumOf(now, sum)
		if now.Cart != nil && now.Cart.Saves != len(now.Notes) {
			t.Errorf("basket %d: %d saves and %d notes", i, now.Cart.Saves, len(now.Notes))
		}
		for _, n := range now.Notes {
			if !want[n.Cart+": "+n.Text] {
				doubled++
				why, _ := refused.Load(n.Cart + ": " + n.Text)
				t.Errorf("%s is stored, and was refused: %s", n.Cart+": "+n.Text, why)
			}
			delete(want, n.Cart+": "+n.Text)
		}
	}
	lost = len(want)
	t.Logf("%d saves by %d writers of %d baskets: %d lost, %d doubled; %d conflicts and refusals, %d repeated with their token; faults %d dropped behind, %d before, %d throttled, %d conflicts, %d internal",
		saves, writers, baskets, lost, doubled, conflicts.Load(), repeated.Load(), hits[0].Load(), hits[1].Load(), hits[2].Load(), hits[3].Load(), hits[4].Load())
	if lost > 0 || doubled > 0 {
		t.Errorf("%d lost, %d doubled", lost, doubled)
	}
}

func unknown(err error) bool {
	failed, ok := errors.AsType[*entable.TransactionError](err)
	return ok && failed.Unknown
}

// sumOf checks that the lines of a basket are those of whole saves.
func (s *shop) sumOf(b *Basket, want int) {
	sum := 0
	for _, l := range b.Lines {
		sum += l.Qty
	}
	if sum != want {
		s.T.Errorf("the lines of a basket have %d, want %d: a part of a Save is there", sum, want)
	}
}

// change moves quantities between lines, makes and removes some, and leaves a note.
func change(r *mathrand.Rand, b *Basket, id, note string) {
	for range 1 + r.IntN(3) {
		from := &b.Lines[r.IntN(len(b.Lines))]
		part := r.IntN(from.Qty + 1)
		switch r.IntN(4) {
		case 0:
			from.Qty -= part
			b.Lines = append(b.Lines, Line{Cart: id, Product: fmt.Sprint("p", r.IntN(9)), Qty: part})
			if r.IntN(2) == 0 {
				b.Lines[len(b.Lines)-1].ID = fmt.Sprint(r.IntN(5)) // another may make it too
			}
		case 1:
			if i := r.IntN(len(b.Lines)); len(b.Lines) > 1 {
				qty := b.Lines[i].Qty
				b.Lines = slices.Delete(b.Lines, i, i+1)
				b.Lines[r.IntN(len(b.Lines))].Qty += qty
			}
		default:
			from.Qty -= part
			b.Lines[r.IntN(len(b.Lines))].Qty += part
		}
	}
	if r.IntN(3) == 0 {
		b.Lines[0].Product = fmt.Sprint("p", r.IntN(9))
	}
	b.Notes = append(b.Notes, &Note{Cart: id, Text: note})
	if b.Cart != nil {
		b.Cart.Saves++
		if r.IntN(4) == 0 {
			b.Cart.Code = fmt.Sprint(id, "-", r.IntN(1000))
		}
	}
}
