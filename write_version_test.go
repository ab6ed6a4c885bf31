package entable_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/entable/entable"
)

// Counter is locked by its version.
type Counter struct {
	ID      string `dynamodbav:"id"`
	Sum     int    `dynamodbav:"sum"`
	Version uint32 `dynamodbav:"version" entable:"version"`
}

// Every write checks the version and raises it; after a failure the instance has the old one.
func TestVersions(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		counters := entable.Register[Counter](s.NewTable())
		ctx := t.Context()
		first := Counter{ID: "1", Version: 40}
		if err := counters.Put(ctx, &first); !is[*entable.ConditionFailedError](err) || first.Version != 40 {
			t.Errorf("put of a version that is not stored: %v, the caller has %+v", err, first)
		}
		check(t, counters.Create(ctx, &first)) // a new item starts at 1 whatever the instance says
		if first.Version != 1 {
			t.Errorf("created %+v", first)
		}
		second := first
		stale := first
		check(t, counters.Put(ctx, &second))
		for name, write := range map[string]func(v *Counter) error{
			"Put":         func(v *Counter) error { return counters.Put(ctx, v) },
			"Create":      func(v *Counter) error { return counters.Create(ctx, v) },
			"Patch":       func(v *Counter) error { return counters.Patch(v).Add("sum", 1).Do(ctx) },
			"SaveChanges": func(v *Counter) error { before := *v; v.Sum = 9; return counters.SaveChanges(ctx, before, v) },
			"Remove":      func(v *Counter) error { return counters.Remove(ctx, v) },
			"Update":      func(v *Counter) error { return counters.Update(*v).Set("sum", 1).IfVersion(int64(v.Version)).Do(ctx) },
			"batch put":   func(v *Counter) error { return entable.BatchWrite(ctx, []entable.Write{counters.PutOp(v)}) },
			"batch patch": func(v *Counter) error {
				return entable.BatchWrite(ctx, []entable.Write{counters.Patch(v).Add("sum", 1)})
			},
			"transact put": func(v *Counter) error { return entable.Transact(ctx, []entable.Write{counters.PutOp(v)}) },
			"transact patch": func(v *Counter) error {
				return entable.Transact(ctx, []entable.Write{counters.Patch(v).Add("sum", 1)})
			},
			"transact remove": func(v *Counter) error { return entable.Transact(ctx, []entable.Write{counters.RemoveOp(v)}) },
		} {
			v := stale
			err := write(&v)
			if !is[*entable.ConditionFailedError](err) {
				t.Errorf("%s of a stale version: %v, want a *ConditionFailedError", name, err)
			}
			if name != "Create" && !strings.Contains(err.Error(), "the stored version is 2, that of the write 1") {
				t.Errorf("%s of a stale version: %v", name, err)
			}
			if v.Sum = 0; v != stale {
				t.Errorf("%s: after the failure the caller has %+v, had %+v", name, v, stale)
			}
		}
		check(t, counters.Update(second).Add("sum", 1).Do(ctx)) // no version asked for, but raised
		check(t, counters.Update(second).Add("sum", 1).IfVersion(3).Do(ctx))
		got, err := counters.Get(ctx, second)
		check(t, err)
		if *got != (Counter{"1", 2, 4}) {
			t.Errorf("stored %+v", got)
		}
		check(t, counters.Delete(ctx, stale, entable.If(expression.Name("version").Equal(expression.Value(4)))))
	})
}

// An item that was stored before its type had a version gets one with its next write.
func TestVersionOfAnOldItem(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		counters := entable.Register[Counter](s.NewTable())
		for i, write := range []func(v *Counter) error{
			func(v *Counter) error { return counters.Put(t.Context(), v) },
			func(v *Counter) error { return counters.Patch(v).Add("sum", 1).Do(t.Context()) },
			func(v *Counter) error { return counters.Update(*v).Add("sum", 1).Do(t.Context()) },
			func(v *Counter) error { return counters.Remove(t.Context(), v) },
		} {
			item := key(fmt.Sprintf("CI#%d", i), "A")
			item["_type"], item["id"], item["sum"] = avS("Counter"), avS(fmt.Sprint(i)), avN("5")
			s.Store(counters.Table(), item)
			v, err := counters.Get(t.Context(), Counter{ID: fmt.Sprint(i)})
			check(t, err)
			if err := write(v); err != nil {
				t.Errorf("write %d: %v", i, err)
			}
			if got, err := counters.Get(t.Context(), *v); i < 3 && (err != nil || got.Version != 1) {
				t.Errorf("write %d stores %+v, %v", i, got, err)
			}
		}
	})
}

// Goroutines that add to one item, each with its own copy, and try again on conflict, lose nothing.
func TestConcurrentWritersOfOneVersionedItem(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		writers, each := 100, 1
		if s.Engine == "local" {
			writers, each = 20, 1
		}
		counters := entable.Register[Counter](s.NewTable())
		ctx := t.Context()
		check(t, counters.Put(ctx, &Counter{ID: "1"}))
		add := []func(v *Counter) error{
			func(v *Counter) error { v.Sum++; return counters.Put(ctx, v) },
			func(v *Counter) error { return counters.Patch(v).Set("sum", v.Sum+1).Do(ctx) },
			func(v *Counter) error { after := *v; after.Sum++; return counters.SaveChanges(ctx, *v, &after) },
			func(v *Counter) error {
				return counters.Update(*v).Set("sum", v.Sum+1).IfVersion(int64(v.Version)).Do(ctx)
			},
			func(v *Counter) error {
				return entable.Transact(ctx, []entable.Write{counters.Patch(v).Set("sum", v.Sum+1)})
			},
		}
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for i := range each {
					for {
						v, err := counters.Get(ctx, Counter{ID: "1"}, entable.Consistent(true))
						if err == nil {
							err = add[(w+i)%len(add)](v)
						}
						if err == nil {
							break
						}
						if !is[*entable.ConditionFailedError](err) && !entable.IsRetryable(err) {
							t.Error(err)
							return
						}
					}
				}
			})
		}
		wg.Wait()
		got, err := counters.Get(ctx, Counter{ID: "1"}, entable.Consistent(true))
		check(t, err)
		if want := writers * each; got.Sum != want || got.Version != uint32(want+1) {
			t.Errorf("the sum is %d at version %d, want %d", got.Sum, got.Version, want)
		}
	})
}

func TestKeysCannotBeMadeOfWhatEveryWriteChanges(t *testing.T) {
	type Versioned struct {
		ID      string `dynamodbav:"id"`
		Version int64  `dynamodbav:"version" entable:"version"`
	}
	type Stamped struct {
		ID string `dynamodbav:"id"`
		At int64  `dynamodbav:"at" entable:"touch=epoch"`
	}
	for want, register := range map[string]func(*entable.Table) error{
		`entable: Versioned: field Version: every write changes it: it cannot be part of the key`: func(t *entable.Table) error {
			_, err := entable.TryRegister[Versioned](t, entable.SK("version"))
			return err
		},
		`entable: Stamped: field At: every write changes it: it cannot be part of the key`: func(t *entable.Table) error {
			_, err := entable.TryRegister[Stamped](t, entable.SK("at"))
			return err
		},
		`entable: Versioned: field Version: the version cannot be part of an index key or unique`: func(t *entable.Table) error {
			_, err := entable.TryRegister[Versioned](t, entable.Index("gsi1", entable.PK("id"), entable.SK("version")))
			return err
		},
	} {
		err := register(entable.NewTable("versions", entable.GSI("gsi1")))
		if d, ok := errors.AsType[*entable.DeclarationError](err); !ok || d.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
