package entable_test

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
)

// registerMany registers types of a table's partitions, which are made at run time, from the from-th on.
func registerMany(table *entable.Table, parts *entable.Entity[keyed[string]], from, to int) error {
	for n := from; n < to; n++ {
		typ := reflect.StructOf([]reflect.StructField{
			{Name: "Part", Type: reflect.TypeFor[string](), Tag: `dynamodbav:"part"`},
			{Name: "N", Type: reflect.TypeFor[int](), Tag: `dynamodbav:"n"`},
			{Name: fmt.Sprint("Own", n), Type: reflect.TypeFor[int]()},
		})
		name := fmt.Sprintf("E%03d", n)
		err := entable.RegisterType(table, typ, entable.Name(name), entable.PK("part", entable.PrefixOf(parts)), entable.SK("n", entable.Prefix(name)))
		if err != nil {
			return err
		}
	}
	return nil
}

func registerParts(table *entable.Table) *entable.Entity[keyed[string]] {
	return entable.Register[keyed[string]](table, entable.Name("Part"), entable.PK("id", entable.Prefix("P")))
}

// Tables of a thousand entities are normal: registration proves each apart from all others, and reads find
// the type of an item in constant time.
func TestThousandEntities(t *testing.T) {
	s := onMemory(t)
	for _, opts := range [][]entable.TableOption{nil, {entable.NoDiscriminator()}} {
		table := s.NewTable(opts...)
		check(t, registerMany(table, registerParts(table), 0, 1000))
		for n := range 1000 {
			item := key("P#x", fmt.Sprintf("E%03d#%019d", n, n))
			if opts == nil {
				item["_type"] = avS(fmt.Sprintf("E%03d", n))
			}
			item["n"] = avN(fmt.Sprint(n))
			s.Store(table, item)
		}
		types := map[reflect.Type]bool{}
		for _, item := range enginetest.Collect(t, table.Query(keyed[string]{Key: "x"}).All(t.Context())) {
			types[reflect.TypeOf(item)] = true
		}
		if len(types) != 1000 {
			t.Errorf("read items of %d types, want 1000", len(types))
		}
	}
}

// The number of registered entities costs a read nothing.
func TestReadsCostTheSameAmongManyEntities(t *testing.T) {
	for _, opts := range [][]entable.TableOption{nil, {entable.NoDiscriminator()}} {
		cost := func(entities int) float64 {
			table := entable.NewTable("cost", opts...)
			parts := registerParts(table)
			check(t, registerMany(table, parts, 0, entities))
			item := key("P#x", "A")
			item["id"] = avS("x")
			ctx := entable.WithClient(t.Context(), ghostly{item: item})
			return testing.AllocsPerRun(100, func() {
				if _, err := parts.Get(ctx, keyed[string]{Key: "x"}); err != nil {
					t.Fatal(err)
				}
			})
		}
		if few, many := cost(1), cost(500); many > few+2 { // the race detector empties pools at times
			t.Errorf("a read among 500 entities makes %v allocations, among one %v", many, few)
		}
	}
}

// Nor does it cost a page of several types anything, whichever these are.
func TestPagesCostTheSameAmongManyEntities(t *testing.T) {
	few, many := testing.AllocsPerRun(10, readAmong(t, 5)), testing.AllocsPerRun(10, readAmong(t, 1000))
	if many > few+20 { // the race detector empties pools at times
		t.Errorf("500 items of five types make %v allocations among 1000 entities, among five %v", many, few)
	}
}

// Entities may be registered from many goroutines while others read and write.
func TestRegistrationWhileReading(t *testing.T) {
	s := onMemory(t)
	table := s.NewTable()
	parts := registerParts(table)
	check(t, parts.Put(t.Context(), &keyed[string]{Key: "x"}))
	item := key("P#x", "E007#0000000000000000007")
	item["_type"] = avS("E007")
	s.Store(table, item)

	var next atomic.Int64
	var writers, readers sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		writers.Go(func() {
			for n := int(next.Add(1)) - 1; n < 200; n = int(next.Add(1)) - 1 {
				if err := registerMany(table, parts, n, n+1); err != nil {
					t.Error(err)
				}
			}
		})
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if _, err := parts.Get(t.Context(), keyed[string]{Key: "x"}); err != nil {
					t.Error(err)
				}
				for _, err := range table.Query(keyed[string]{Key: "x"}).All(t.Context()) {
					if err != nil && !is[*entable.UnknownEntityError](err) {
						t.Error(err)
					}
				}
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
	if all := enginetest.Collect(t, table.Query(keyed[string]{Key: "x"}).All(t.Context())); len(all) != 2 {
		t.Errorf("read %v", all)
	}
}

// Of many goroutines that declare the same, one succeeds.
func TestSameDeclarationFromManyGoroutines(t *testing.T) {
	table := entable.NewTable("race")
	var done atomic.Int64
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if _, err := entable.TryRegister[Cart](table); err == nil {
				done.Add(1)
			} else if !is[*entable.DeclarationError](err) {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := done.Load(); n != 1 {
		t.Errorf("%d registrations succeed", n)
	}
}

// Operations of one entity from many goroutines do not disturb each other.
func TestConcurrentOperations(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		tasks := registerTasks(s.NewTable())
		var group sync.WaitGroup
		for g := range 8 {
			group.Go(func() {
				list := fmt.Sprint("list", g)
				for n := range 10 {
					v := Task{List: list, N: n, Text: fmt.Sprint(g, n)}
					if err := tasks.Create(t.Context(), &v); err != nil {
						t.Error(err)
					}
					if got, err := tasks.Get(t.Context(), v); err != nil || got.Text != v.Text {
						t.Errorf("read %v, %v", got, err)
					}
				}
				n := 0
				for v, err := range tasks.Query(Task{List: list}).PageSize(3).All(t.Context()) {
					if err != nil || v.List != list || v.N != n {
						t.Errorf("read %v, %v", v, err)
					}
					n++
				}
				if n != 10 {
					t.Errorf("read %d items", n)
				}
			})
		}
		group.Wait()
	})
}

// Entities with all-literal and shared keys keep their types apart in one item collection.
func TestNamesOfEntities(t *testing.T) {
	s := onMemory(t)
	table := s.NewTable(entable.Discriminator("kind \"of\" item"))
	carts := entable.Register[Cart](table, entable.Name("Wagen №1 #%"))
	if carts.Name() != "Wagen №1 #%" || carts.Table() != table || table.Name() == "" {
		t.Errorf("name %q", carts.Name())
	}
	check(t, carts.Put(t.Context(), &Cart{ID: "1", Year: 2}))
	item := s.Load(table, key("WI#1", "A"))
	if got := item["kind \"of\" item"].(*types.AttributeValueMemberS).Value; got != carts.Name() {
		t.Errorf("discriminator %q", got)
	}
	got, err := carts.Get(t.Context(), Cart{ID: "1"})
	check(t, err)
	if got.Year != 2 {
		t.Errorf("read %+v", got)
	}
	if first, err := table.Query(Cart{ID: "1"}).First(t.Context()); err != nil || first.(*Cart).Year != 2 {
		t.Errorf("read %v, %v", first, err)
	}
	if _, err := carts.Get(t.Context(), Cart{ID: "2"}); !errors.Is(err, entable.ErrNotFound) {
		t.Error(err)
	}
}
