package moved_test

import (
	"crypto/rand"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
)

// Every write finds an item at the old place, obeys its conditions there, and leaves it at the new place alone.
func TestWritesMoveItems(t *testing.T) {
	each(t, func(t *testing.T, e *enginetest.Setup) {
		first := Order{Tenant: "a", ID: "1", Status: "open", N: 1, Tags: []string{"x"}}
		is := func(n int) expression.ConditionBuilder { return expression.Name("n").Equal(expression.Value(n)) }
		writes := []struct {
			name string
			do   func(t *testing.T, p program) error
			want *Order // nil: it is gone
			err  error  // then nothing has changed
		}{
			{"Put", func(t *testing.T, p program) error {
				return p.orders.Put(t.Context(), &Order{Tenant: "a", ID: "1", N: 2})
			}, &Order{Tenant: "a", ID: "1", N: 2}, nil},
			{"Put if", func(t *testing.T, p program) error {
				return p.orders.Put(t.Context(), &Order{Tenant: "a", ID: "1", N: 2}, entable.If(is(1)))
			}, &Order{Tenant: "a", ID: "1", N: 2}, nil},
			{"Put if not", func(t *testing.T, p program) error {
				err := p.orders.Put(t.Context(), &Order{Tenant: "a", ID: "1", N: 2}, entable.If(is(7)))
				return stored(t, err)
			}, nil, errStored},
			{"Create", func(t *testing.T, p program) error {
				return p.orders.Create(t.Context(), &Order{Tenant: "a", ID: "1", N: 2})
			}, nil, entable.ErrExists},
			{"Update", func(t *testing.T, p program) error {
				return p.orders.Update(first).Set("note", "hi").Add("n", 4).Add("tags", []string{"y"}).Do(t.Context())
			}, &Order{Tenant: "a", ID: "1", Status: "open", N: 5, Tags: []string{"x", "y"}, Note: "hi"}, nil},
			{"Update of an index key", func(t *testing.T, p program) error {
				return p.orders.Update(first).Set("status", "shut").Fetch().Do(t.Context())
			}, &Order{Tenant: "a", ID: "1", Status: "shut", N: 1, Tags: []string{"x"}}, nil},
			{"Update that leaves an index", func(t *testing.T, p program) error { return p.orders.Update(first).Remove("status").Do(t.Context()) },
				&Order{Tenant: "a", ID: "1", N: 1, Tags: []string{"x"}}, nil},
			{"Update if", func(t *testing.T, p program) error {
				return p.orders.Update(first).Set("n", 9).If(is(1)).Do(t.Context())
			},
				&Order{Tenant: "a", ID: "1", Status: "open", N: 9, Tags: []string{"x"}}, nil},
			{"Update if not", func(t *testing.T, p program) error {
				return stored(t, p.orders.Update(first).Set("note", "hi").If(is(7)).Do(t.Context()))
			}, nil, errStored},
			{"Updated", func(t *testing.T, p program) error {
				got, err := p.orders.Update(first).Set("note", "hi").Updated(t.Context())
				check(t, err)
				same(t, "updated", *got, Order{Tenant: "a", ID: "1", Status: "open", N: 1, Tags: []string{"x"}, Note: "hi"})
				return nil
			}, &Order{Tenant: "a", ID: "1", Status: "open", N: 1, Tags: []string{"x"}, Note: "hi"}, nil},
			{"Previous", func(t *testing.T, p program) error {
				got, err := p.orders.Update(first).Set("note", "hi").Previous(t.Context())
				check(t, err)
				same(t, "previous", *got, first)
				return nil
			}, &Order{Tenant: "a", ID: "1", Status: "open", N: 1, Tags: []string{"x"}, Note: "hi"}, nil},
			{"Once", func(t *testing.T, p program) error {
				return p.orders.Update(first).Set("note", "hi").Once().Do(t.Context())
			},
				&Order{Tenant: "a", ID: "1", Status: "open", N: 1, Tags: []string{"x"}, Note: "hi"}, nil},
			{"Upsert", func(t *testing.T, p program) error {
				return p.orders.Update(first).Set("note", "hi").SetIfAbsent("n", 8).Set("status", "x").Upsert().Do(t.Context())
			}, &Order{Tenant: "a", ID: "1", Status: "x", N: 1, Tags: []string{"x"}, Note: "hi"}, nil},
			{"Patch", func(t *testing.T, p program) error {
				v := first
				check(t, p.orders.Patch(&v).Set("note", "hi").Do(t.Context()))
				same(t, "patched", v.Note, "hi")
				return nil
			}, &Order{Tenant: "a", ID: "1", Status: "open", N: 1, Tags: []string{"x"}, Note: "hi"}, nil},
			{"SaveChanges", func(t *testing.T, p program) error {
				v := first
				v.N = 3
				return p.orders.SaveChanges(t.Context(), first, &v)
			}, &Order{Tenant: "a", ID: "1", Status: "open", N: 3, Tags: []string{"x"}}, nil},
			{"Delete", func(t *testing.T, p program) error { return p.orders.Delete(t.Context(), first) }, nil, nil},
			{"Delete if", func(t *testing.T, p program) error { return p.orders.Delete(t.Context(), first, entable.If(is(1))) }, nil, nil},
			{"Delete if not", func(t *testing.T, p program) error {
				return stored(t, p.orders.Delete(t.Context(), first, entable.If(is(7))))
			}, nil, errStored},
			{"Remove", func(t *testing.T, p program) error { return p.orders.Remove(t.Context(), &first) }, nil, nil},
			{"Transact", func(t *testing.T, p program) error {
				return entable.Transact(t.Context(), []entable.Write{p.orders.Update(first).Set("note", "hi"), p.orders.PutOp(&Order{Tenant: "a", ID: "2"}), p.orders.DeleteOp(Order{Tenant: "a", ID: "2b"})})
			}, &Order{Tenant: "a", ID: "1", Status: "open", N: 1, Tags: []string{"x"}, Note: "hi"}, nil},
			{"Transact with a token", func(t *testing.T, p program) error {
				return entable.Transact(t.Context(), []entable.Write{p.orders.Update(first).Set("note", "hi")}, entable.ClientToken(rand.Text()))
			}, &Order{Tenant: "a", ID: "1", Status: "open", N: 1, Tags: []string{"x"}, Note: "hi"}, nil},
			{"Check", func(t *testing.T, p program) error {
				return entable.Transact(t.Context(), []entable.Write{p.orders.CheckOp(first, is(1)), p.orders.CreateOp(&Order{Tenant: "a", ID: "2"})})
			}, nil, nil},
			{"Check that fails", func(t *testing.T, p program) error {
				return stored(t, entable.Transact(t.Context(), []entable.Write{p.orders.CheckOp(first, is(7)), p.orders.CreateOp(&Order{Tenant: "a", ID: "2"})}))
			}, nil, errStored},
			{"BatchWrite", func(t *testing.T, p program) error {
				return entable.BatchWrite(t.Context(), []entable.Write{p.orders.PutOp(&Order{Tenant: "a", ID: "1", N: 6}), p.orders.PutOp(&Order{Tenant: "a", ID: "2"})})
			}, &Order{Tenant: "a", ID: "1", N: 6}, nil},
		}
		for _, f := range forms {
			s := newSite(e)
			for _, w := range writes {
				for _, direction := range [][2]int{{before, moves}, {after, ahead}} {
					s.clear() // of the write before
					old, p := s.run(f, direction[0]), s.run(f, direction[1])
					v := first
					check(t, old.orders.Put(t.Context(), &v))
					err := w.do(t, p)
					if w.err != nil {
						wantErr(t, err, w.err)
						got, err := old.orders.Get(t.Context(), first)
						check(t, err)
						same(t, f.name+": "+w.name+": left", *got, first)
						continue
					}
					if err != nil {
						t.Errorf("%s: %s: %v", f.name, w.name, err)
						continue
					}
					if w.name == "Check" { // it stays where it is
						_, err := old.orders.Get(t.Context(), first)
						check(t, err)
						continue
					}
					if _, err := old.orders.Get(t.Context(), first); old.at(t, first) != p.at(t, first) {
						wantErr(t, err, entable.ErrNotFound)
					}
					got, err := p.orders.Get(t.Context(), first)
					if w.want == nil {
						wantErr(t, err, entable.ErrNotFound)
						continue
					}
					check(t, err)
					same(t, f.name+": "+w.name, *got, *w.want)
					raw := s.items()[p.at(t, first)]
					want, err := p.orders.ToItem(w.want)
					check(t, err)
					same(t, f.name+": "+w.name+": index key", text(raw["gsi1pk"])+text(raw["gsi1sk"]), text(want["gsi1pk"])+text(want["gsi1sk"]))
				}
			}
		}
	})
}
