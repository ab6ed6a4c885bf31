package moved_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
)

// Account has a version, a unique value and hooks.
type Account struct {
	ID    string `dynamodbav:"id"`
	Email string `dynamodbav:"email" entable:"unique"`
	V     int    `dynamodbav:"v" entable:"version"`
	Name  string `dynamodbav:"name,omitempty"`
	Calls string `dynamodbav:"-"`
}

func (a *Account) call(name string) error { a.Calls += name + " "; return nil }

func (a *Account) BeforeSave(context.Context) error   { return a.call("BeforeSave") }
func (a *Account) AfterSave(context.Context) error    { return a.call("AfterSave") }
func (a *Account) BeforeUpdate(context.Context) error { return a.call("BeforeUpdate") }
func (a *Account) AfterUpdate(context.Context) error  { return a.call("AfterUpdate") }
func (a *Account) BeforeDelete(context.Context) error { return a.call("BeforeDelete") }
func (a *Account) AfterDelete(context.Context) error  { return a.call("AfterDelete") }

func accounts(s *site, version int) (*entable.Table, *entable.Entity[Account]) {
	keys := []entable.KeySpec{entable.PK("id", entable.Prefix("ACC")), entable.PK("id", entable.Prefix("ACCOUNT"))}
	own, other := keys[0], keys[1]
	if version >= moves {
		own, other = other, own
	}
	opts := []entable.EntityOption{own}
	if version == ahead || version == moves {
		opts = append(opts, entable.Moved(other))
	}
	table := entable.NewTable(s.name, s.opts...)
	table.Use(s.Client)
	return table, entable.Register[Account](table, opts...)
}

// Versions, unique values and hooks are those of the item wherever it lies, and move with it.
func TestVersionsUniqueValuesAndHooks(t *testing.T) {
	each(t, func(t *testing.T, e *enginetest.Setup) {
		s := newSite(e)
		for name, move := range map[string]func(e *entable.Entity[Account], v *Account) error{
			"Put": func(e *entable.Entity[Account], v *Account) error { v.Name = "new"; return e.Put(t.Context(), v) },
			"Put of another value": func(e *entable.Entity[Account], v *Account) error {
				v.Name, v.Email = "new", "b@x"
				return e.Put(t.Context(), v)
			},
			"Update": func(e *entable.Entity[Account], v *Account) error {
				return e.Update(*v).Set("name", "new").IfVersion(1).Do(t.Context())
			},
			"Update of the value": func(e *entable.Entity[Account], v *Account) error {
				return e.Update(*v).Set("name", "new").Set("email", "b@x").Do(t.Context())
			},
			"Patch": func(e *entable.Entity[Account], v *Account) error {
				return e.Patch(v).Set("name", "new").Do(t.Context())
			},
			"SaveChanges": func(e *entable.Entity[Account], v *Account) error {
				was := *v
				v.Name, v.Email = "new", "b@x"
				return e.SaveChanges(t.Context(), was, v)
			},
			"Audit": func(e *entable.Entity[Account], v *Account) error {
				for f, err := range e.Table().Audit(t.Context(), entable.AuditOptions{Repair: true}) {
					if err != nil || f.Kind != entable.OtherPlace || !f.Repaired {
						t.Errorf("%s: %v, %v", f, f.Err, err)
					}
				}
				return e.Patch(v).Set("name", "new").Do(t.Context())
			},
		} {
			s.clear()
			_, old := accounts(s, before)
			table, e := accounts(s, moves)
			first, taken := &Account{ID: "1", Email: "a@x"}, &Account{ID: "2", Email: "a@x"}
			check(t, old.Put(t.Context(), first))
			wantErr(t, e.Create(t.Context(), &Account{ID: "1", Email: "c@x"}), entable.ErrExists)
			if err := e.Create(t.Context(), &Account{ID: "1", Email: "a@x"}); !is[*entable.ConditionFailedError](err) || is[*entable.UniqueError](err) {
				t.Errorf("%s: the item is another one with its value: %v", name, err)
			}
			if err := e.Create(t.Context(), taken); !is[*entable.UniqueError](err) {
				t.Errorf("%s: a value was taken twice: %v", name, err)
			}
			stale := *first
			stale.V = 7
			for _, err := range []error{e.Put(t.Context(), &stale), e.Patch(&stale).Set("name", "x").Do(t.Context()), e.Remove(t.Context(), &stale)} {
				if v, ok := errors.AsType[*entable.VersionError](err); !ok || v.Have != 1 || v.Want != 7 {
					t.Errorf("%s: error %v", name, err)
				}
			}
			first.Calls = ""
			if err := move(e, first); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			got, err := e.Get(t.Context(), *first)
			check(t, err)
			if got.V != 2 || got.Name != "new" {
				t.Errorf("%s: moved %+v", name, *got)
			}
			if want := map[string]string{"Put": "BeforeSave AfterSave ", "Patch": "BeforeUpdate AfterUpdate ", "SaveChanges": "BeforeUpdate AfterUpdate "}[name]; want != "" {
				same(t, name+": hooks", first.Calls, want)
				same(t, name+": version", first.V, 2)
			}
			for f, err := range table.Audit(t.Context(), entable.AuditOptions{}) {
				t.Errorf("%s: %s, %v", name, f, err)
			}
			taken.Email = got.Email
			if err := e.Create(t.Context(), taken); !is[*entable.UniqueError](err) {
				t.Errorf("%s: a value was taken twice: %v", name, err)
			}
			check(t, old.Put(t.Context(), &Account{ID: "3", Email: "free@x"}))
			check(t, e.Delete(t.Context(), Account{ID: "3"}))
			check(t, e.Create(t.Context(), &Account{ID: "4", Email: "free@x"}))
			check(t, e.Remove(t.Context(), got))
			check(t, e.Delete(t.Context(), Account{ID: "4"}))
			if left := s.items(); len(left) != 0 {
				t.Errorf("%s: left %v", name, left)
			}
		}
	})
}

// What a program that knows the old place alone does beside one that moves items is what the documentation says: it does not find
// what has moved, and what it writes at the old place all the same does not count.
func TestProgramsThatAreNotPrepared(t *testing.T) {
	each(t, func(t *testing.T, e *enginetest.Setup) {
		for _, f := range []form{forms[0], forms[2]} {
			s := newSite(e)
			old, p := s.run(f, before), s.run(f, moves)
			o := Order{Tenant: "a", ID: "1", N: 1}
			check(t, old.orders.Create(t.Context(), &o))
			check(t, p.orders.Update(o).Set("n", 2).Do(t.Context()))
			_, err := old.orders.Get(t.Context(), o)
			wantErr(t, err, entable.ErrNotFound)
			wantErr(t, old.orders.Update(o).Set("n", 3).Do(t.Context()), entable.ErrNotFound)
			check(t, old.orders.Delete(t.Context(), o))
			check(t, old.orders.Put(t.Context(), &Order{Tenant: "a", ID: "1", N: 4}))
			wantErr(t, p.orders.Create(t.Context(), &o), entable.ErrExists)
			got, err := p.orders.Get(t.Context(), o)
			check(t, err)
			same(t, "what counts", got.N, 2)
			found, kinds, _ := audit(t, p, entable.AuditOptions{Repair: true})
			same(t, "found", kinds, "map[superseded at the other place:1]")
			same(t, "what was removed", text(found[0].Item["id"]), "1")
			check(t, old.orders.Put(t.Context(), &Order{Tenant: "a", ID: "1", N: 5})) // and again: the next write clears it
			check(t, p.orders.Put(t.Context(), &Order{Tenant: "a", ID: "1", N: 6}, entable.If(expression.Name("n").Equal(expression.Value(2)))))
			same(t, "left", s.keys(), []string{p.at(t, o)})
		}
	})
}

// Save of a collection moves items.
func TestCollections(t *testing.T) {
	type Tenant struct{ Orders []Order }
	f := forms[2]
	s := newSite(enginetest.OnMemory(t))
	old, p := s.run(f, before), s.run(f, moves)
	for _, id := range []string{"1", "2", "3"} {
		check(t, old.orders.Put(t.Context(), &Order{Tenant: "a", ID: id, N: 1}))
	}
	tenants := entable.NewCollection[Tenant](p.orders)
	was, err := tenants.Get(t.Context(), Order{Tenant: "a"})
	check(t, err)
	same(t, "loaded", len(was.Orders), 3)
	now := tenants.Clone(was)
	now.Orders[0].N = 2
	now.Orders = append(now.Orders[:2], Order{Tenant: "a", ID: "4", N: 4})
	check(t, tenants.Save(t.Context(), was, now))
	got, err := tenants.Get(t.Context(), Order{Tenant: "a"})
	check(t, err)
	same(t, "saved", got, now)
	same(t, "items", s.keys(), []string{old.at(t, Order{Tenant: "a", ID: "2"}), p.at(t, Order{Tenant: "a", ID: "1"}), p.at(t, Order{Tenant: "a", ID: "4"})})
	check(t, tenants.Put(t.Context(), got))
	same(t, "items that were put", len(s.keys()), 3)
	many := &Tenant{}
	for i := range 60 {
		many.Orders = append(many.Orders, Order{Tenant: "c", ID: strings.Repeat("x", i+1)})
	}
	if err := tenants.Save(t.Context(), nil, many); err == nil || !strings.Contains(err.Error(), "60 writes, which take 120 actions") {
		t.Errorf("error %v", err)
	}
	check(t, tenants.Save(t.Context(), nil, many, entable.InBatches()))
}

// Wrong declarations are refused with the reason.
func TestWrongDeclarations(t *testing.T) {
	pk, sk := entable.PK("tenant", entable.Prefix("T")), entable.SK("id", entable.Prefix("O"))
	for _, test := range []struct {
		moved []entable.EntityOption
		want  string
	}{
		{[]entable.EntityOption{entable.Moved()}, "Order: Moved: it says no place: give the PK, the SK or both that the items had"},
		{[]entable.EntityOption{entable.Moved(pk), entable.Moved(sk)}, "Order: Moved: items are at one other place at a time: move what is left of the first with Table.Audit, and leave its Moved out"},
		{[]entable.EntityOption{entable.Moved(pk, pk)}, "Order: Moved: PK and SK may be given once each"},
		{[]entable.EntityOption{entable.Moved(pk, sk)}, "Order: Moved: it is the place where the items are: leave it out"},
		{[]entable.EntityOption{entable.Moved(entable.PK("tenant", entable.Prefix("U")), entable.SK("n", entable.Prefix("O")))}, `Order: Moved: the key there is made of "n", "tenant", and here of "id", "tenant": items must be told apart by the same attributes at both places`},
		{[]entable.EntityOption{entable.Moved(entable.PK("tenant", entable.Prefix("U"), entable.Shards(8, "n")))}, `Order: Moved: a part of the key is made of "n", which does not stand in it as a whole: the places of an item could not be told from its key`},
		{[]entable.EntityOption{entable.Moved(entable.PK("id", entable.Prefix("T")), entable.SK("tenant", entable.Prefix("O")))}, `Order: Moved: an item can have at one place the key of another item at the other, for example ["T#x" "O#x"]: give the keys prefixes that tell the places apart`},
		{[]entable.EntityOption{entable.Moved(entable.PK("nothing"))}, `Order: Moved: PK: unknown attribute "nothing"`},
		{[]entable.EntityOption{entable.Moved(entable.PK("tenant", entable.Prefix("X")))}, `Order: Moved: PK: prefix "X" is taken by the PK of Account`},
	} {
		table := entable.NewTable("wrong")
		entable.Register[Account](table, entable.PK("id", entable.Prefix("X")))
		_, err := entable.TryRegister[Order](table, append(test.moved, pk, sk)...)
		if !is[*entable.DeclarationError](err) || !strings.HasPrefix(err.Error(), "entable: "+test.want) {
			t.Errorf("error %v, want\n%s", err, test.want)
		}
	}
	table := entable.NewTable("wrong")
	entable.Register[Order](table, pk, sk, entable.Moved(entable.PK("tenant", entable.Prefix("OLD"))))
	for _, prefix := range []string{"T", "OLD"} { // no other entity comes to either place
		_, err := entable.TryRegister[Account](table, entable.PK(entable.Template(prefix+"#{id}")), entable.SK(entable.Template("O#{email}")))
		if err == nil || !strings.Contains(err.Error(), "an item can have the same key as one of Order") {
			t.Errorf("error %v", err)
		}
	}
}

// Letter has an encrypted attribute.
type Letter struct {
	ID   string `dynamodbav:"id"`
	Text string `dynamodbav:"text" entable:"encrypt"`
	N    int    `dynamodbav:"n"`
}

// toy binds what it seals to its place, and hides nothing.
type toy struct{}

func (toy) Seal(_ context.Context, plain, place []byte) ([]byte, error) {
	return append(append(append([]byte{}, place...), 0), plain...), nil
}

func (toy) Open(_ context.Context, sealed, place []byte) ([]byte, error) {
	plain, ok := strings.CutPrefix(string(sealed), string(place)+"\x00")
	if !ok {
		return nil, errors.New("it is of another place")
	}
	return []byte(plain), nil
}

// What is encrypted for one place is for the other when the item has moved.
func TestEncryptedAttributesMove(t *testing.T) {
	s := newSite(enginetest.OnMemory(t), entable.Encryption(toy{}))
	old, now := entable.PK("id", entable.Prefix("OLD")), entable.PK("id", entable.Prefix("NEW"))
	run := func(opts ...entable.EntityOption) *entable.Entity[Letter] {
		table := entable.NewTable(s.name, s.opts...)
		table.Use(s.Client)
		return entable.Register[Letter](table, opts...)
	}
	before, e, after := run(old), run(now, entable.Moved(old)), run(now)
	for _, id := range []string{"1", "2", "3"} {
		check(t, before.Put(t.Context(), &Letter{id, "secret " + id, 1}))
	}
	got, err := e.Update(Letter{ID: "1"}).Add("n", 1).Updated(t.Context())
	check(t, err)
	same(t, "updated", *got, Letter{"1", "secret 1", 2})
	loaded, err := e.Get(t.Context(), Letter{ID: "2"})
	check(t, err)
	check(t, e.Patch(loaded).Set("text", "another").Do(t.Context()))
	for f, err := range e.Table().Audit(t.Context(), entable.AuditOptions{Repair: true}) {
		if err != nil || f.Kind != entable.OtherPlace || !f.Repaired {
			t.Errorf("%s, %v, %v", f, f.Err, err)
		}
	}
	for _, want := range []Letter{{"1", "secret 1", 2}, {"2", "another", 1}, {"3", "secret 3", 1}} {
		got, err := after.Get(t.Context(), want)
		check(t, err)
		same(t, "moved", *got, want)
	}
}
