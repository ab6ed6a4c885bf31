package seal_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
	"github.com/entable/entable/memory"
	"github.com/entable/entable/seal"
)

type Home struct {
	Street string `dynamodbav:"street"`
	Zip    string `dynamodbav:"zip"`
}

// Patient has attributes that are sealed in each way.
type Patient struct {
	Clinic string   `dynamodbav:"clinic"`
	ID     string   `dynamodbav:"id"`
	Name   string   `dynamodbav:"name"`
	Email  string   `dynamodbav:"email,omitempty" entable:"encrypt,hash=emails"`
	SSN    string   `dynamodbav:"ssn,omitempty" entable:"encrypt,hash=emails,unique"`
	Home   Home     `dynamodbav:"home" entable:"encrypt,zstd"`
	Notes  []string `dynamodbav:"notes" entable:"zstd"`
	State  string   `dynamodbav:"state" entable:"default=new"`
	Pin    string   `dynamodbav:"pin,omitempty" entable:"encrypt,auto=uuid4"`
	Seen   int64    `dynamodbav:"seen" entable:"encrypt,touch=epoch_ms"`
	Token  string   `dynamodbav:"token,omitempty" entable:"hidden"`
}

// counting is an Encrypter that asks for a value of the context.
type counting struct {
	entable.Encrypter
	t testing.TB

	mu                    sync.Mutex
	seals, opens, without int
}

type marked struct{}

func (c *counting) note(ctx context.Context, n *int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if *n++; ctx.Value(marked{}) == nil {
		c.without++
	}
}

func (c *counting) Seal(ctx context.Context, plaintext, bound []byte) ([]byte, error) {
	c.note(ctx, &c.seals)
	return c.Encrypter.Seal(ctx, plaintext, bound)
}

func (c *counting) Open(ctx context.Context, ciphertext, bound []byte) ([]byte, error) {
	c.note(ctx, &c.opens)
	return c.Encrypter.Open(ctx, ciphertext, bound)
}

type setup struct {
	*testing.T
	*enginetest.Setup
	ctx      context.Context
	table    *entable.Table
	patients *entable.Entity[Patient]
	by       *counting
}

// each runs a test on both engines, by each route.
func each(t *testing.T, test func(s *setup)) {
	enginetest.Each(t, enginetest.Apart, func(t *testing.T, e *enginetest.Setup) {
		s := &setup{T: t, Setup: e, ctx: context.WithValue(t.Context(), marked{}, true)}
		s.by = &counting{Encrypter: sealer(t, key("k1")), t: t}
		s.table, s.patients = declare("patients-"+rand.Text(), s.by, e.Options...)
		s.table.Use(e.Client)
		e.Create(s.table)
		test(s)
		if s.by.without > 0 {
			t.Errorf("%d calls of the Encrypter had another context", s.by.without)
		}
	})
}

func declare(name string, by entable.Encrypter, opts ...entable.TableOption) (*entable.Table, *entable.Entity[Patient]) {
	opts = append(opts, entable.GSI("gsi1"), entable.Encryption(by), entable.HashKey("emails", bytes.Repeat([]byte{9}, 32)))
	table := entable.NewTable(name, opts...)
	return table, entable.Register[Patient](table, entable.PK("clinic"), entable.SK("id"),
		entable.Index("gsi1", entable.PK("email"), entable.SK("state", "email")))
}

func patient(id string) *Patient {
	return &Patient{Clinic: "c1", ID: id, Name: "N", Email: id + "@example.com", SSN: "078-05-" + id, Home: Home{"Long Street", "1010"},
		Notes: []string{strings.Repeat("fine ", 100)}, Token: "t"}
}

// stored reads the item as it is.
func (s *setup) stored(id string) map[string]types.AttributeValue {
	s.Helper()
	for _, item := range s.Items(s.table.Name()) {
		if v, ok := item["id"].(*types.AttributeValueMemberS); ok && v.Value == id {
			return item
		}
	}
	s.Fatalf("no %s is stored", id)
	return nil
}

// silent fails if anything that is stored shows a secret.
func (s *setup) silent() {
	s.Helper()
	text, err := json.Marshal(s.Items(s.table.Name()))
	check(s, err)
	for _, secret := range []string{"example.com", "078-05", "Long Street", "Short Street"} {
		if bytes.Contains(text, []byte(secret)) {
			s.Errorf("%q is stored: %s", secret, text)
		}
	}
}

func TestProtectedItems(t *testing.T) {
	each(t, func(s *setup) {
		p := patient("1")
		check(s, s.patients.Put(s.ctx, p))
		check(s, entable.BatchWrite(s.ctx, []entable.Write{s.patients.PutOp(patient("2")), s.patients.PutOp(patient("3"))}))
		check(s, entable.Transact(s.ctx, []entable.Write{s.patients.PutOp(patient("4"))}))
		got, err := s.patients.Get(s.ctx, Patient{Clinic: "c1", ID: "1"})
		check(s, err)
		if d := cmp.Diff(p, got); d != "" {
			s.Error(d)
		}
		if p.Pin == "" || p.Seen == 0 || p.State != "new" {
			s.Errorf("generated: %+v", p)
		}
		all := func(name string, n int, found []*Patient, err error) {
			s.Helper()
			check(s, err)
			for _, p := range found {
				if p.Email != p.ID+"@example.com" || p.SSN != "078-05-"+p.ID || p.Home.Zip != "1010" || len(p.Notes) != 1 {
					s.Errorf("%s gave %+v", name, p)
				}
			}
			if len(found) != n {
				s.Errorf("%s gave %d", name, len(found))
			}
		}
		found, err := list(s.patients.Query(Patient{Clinic: "c1"}).All(s.ctx))
		all("Query", 4, found, err)
		found, err = list(s.patients.Scan().All(s.ctx))
		all("Scan", 4, found, err)
		found, err = s.patients.BatchGet(s.ctx, []Patient{{Clinic: "c1", ID: "2"}, {Clinic: "c1", ID: "4"}})
		all("BatchGet", 2, found, err)
		found, err = s.patients.TransactGet(s.ctx, []Patient{{Clinic: "c1", ID: "3"}})
		all("TransactGet", 1, found, err)
		found, err = list(s.patients.QueryIndex("gsi1", Patient{Email: "2@example.com"}).All(s.ctx))
		all("QueryIndex", 1, found, err)
		if len(found) == 1 && found[0].ID != "2" {
			s.Errorf("the hash of one address leads to %+v", found[0])
		}
		found, err = list(s.patients.QueryIndex("gsi1", Patient{Email: "9@example.com"}).All(s.ctx))
		all("QueryIndex of nobody", 0, found, err)
		found, err = list(s.patients.Query(Patient{Clinic: "c1"}).Select("email", "ssn", "home", "notes").All(s.ctx))
		all("Select", 4, found, err)
		s.silent()

		raw := s.stored("1")
		size, err := s.patients.Size(p)
		check(s, err)
		if n := size; n < 300 || n > 900 {
			s.Errorf("Size %d", n)
		}
		s.by.without = 0 // Size has no context
		shown, err := s.patients.ToMap(p)
		check(s, err)
		for _, name := range []string{"email", "ssn", "home", "pin", "seen", "token"} {
			if _, there := shown[name]; there {
				s.Errorf("ToMap shows %s", name)
			}
		}
		if shown["name"] != "N" || len(shown["notes"].([]any)) != 1 {
			s.Errorf("ToMap gives %v", shown)
		}
		back, err := s.patients.FromMap(shown)
		check(s, err)
		if back.Name != "N" || back.Notes[0] != p.Notes[0] || back.SSN != "" {
			s.Errorf("FromMap gives %+v", back)
		}
		v, err := s.table.Decode(raw)
		check(s, err)
		if v.(*Patient).SSN != p.SSN {
			s.Errorf("Decode gives %+v", v)
		}
		s.by.without = 0 // Decode has no context
	})
}

func TestProtectedItemsChange(t *testing.T) {
	each(t, func(s *setup) {
		p := patient("1")
		check(s, s.patients.Put(s.ctx, p))
		was := s.stored("1")

		check(s, s.patients.Patch(p).Set("home", Home{"Short Street", "1020"}).Set("name", "M").Do(s.ctx))
		got, err := s.patients.Get(s.ctx, *p)
		check(s, err)
		if got.Home.Street != "Short Street" || got.Name != "M" || p.Home != got.Home {
			s.Errorf("after a Patch: %+v, %+v", got, p)
		}
		before, after := *got, *got
		after.Name = "O"
		check(s, s.patients.SaveChanges(s.ctx, before, &after))
		now := s.stored("1")
		for _, name := range []string{"email", "ssn", "pin"} {
			if d := cmp.Diff(was[name], now[name], cmpBytes); d != "" {
				s.Errorf("%s is written though it did not change", name)
			}
		}
		before = after
		after.Email, after.SSN = "new@example.com", "078-05-9"
		check(s, s.patients.SaveChanges(s.ctx, before, &after))
		found, err := list(s.patients.QueryIndex("gsi1", Patient{Email: "new@example.com"}).All(s.ctx))
		check(s, err)
		if len(found) != 1 || found[0].SSN != "078-05-9" {
			s.Errorf("under the new address there are %+v", found)
		}
		taken := patient("2")
		taken.SSN = "078-05-9"
		if err := s.patients.Put(s.ctx, taken); !errors.Is(err, entable.ErrExists) && !is[*entable.UniqueError](err) {
			s.Errorf("a unique value is taken twice: %v", err)
		}
		free := patient("3")
		free.SSN = "078-05-1"
		check(s, s.patients.Put(s.ctx, free))

		// The state is part of an index key with the address, which is read for that.
		before = after
		after.State = "seen"
		check(s, s.patients.SaveChanges(s.ctx, before, &after))
		found, err = list(s.patients.QueryIndex("gsi1", Patient{Email: "new@example.com", State: "seen"}).Prefix(Patient{State: "seen"}, "state").All(s.ctx))
		check(s, err)
		if len(found) != 1 {
			s.Errorf("under the new state there are %d", len(found))
		}
		check(s, s.patients.Update(after).Set("state", "old").Fetch().Do(s.ctx))
		after.Email = ""
		check(s, s.patients.Put(s.ctx, &after))
		if _, there := s.stored("1")["gsi1pk"]; there {
			s.Error("a patient without address is in the index")
		}

		upserted, err := s.patients.Update(Patient{Clinic: "c1", ID: "5"}).Set("name", "U").Set("state", "s").Set("notes2", 1).Upsert().Updated(s.ctx)
		if err == nil {
			s.Errorf("an unknown attribute is set: %+v", upserted)
		}
		check(s, s.patients.Delete(s.ctx, *free))
		s.silent()
	})
}

var cmpBytes = cmp.Comparer(func(a, b types.AttributeValue) bool { return fmt.Sprintf("%#v", a) == fmt.Sprintf("%#v", b) })

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

func TestUpsertsFillProtectedAttributes(t *testing.T) {
	type Door struct {
		ID   string `dynamodbav:"id"`
		Code string `dynamodbav:"code" entable:"encrypt,default=0000"`
		Uses int    `dynamodbav:"uses"`
		Last int64  `dynamodbav:"last" entable:"encrypt,touch=epoch"`
	}
	each(t, func(s *setup) {
		doors := entable.Register[Door](s.table)
		for i := range 2 {
			d, err := doors.Update(Door{ID: "d"}).Add("uses", 1).Upsert().Updated(s.ctx)
			check(s, err)
			if d.Code != "0000" || d.Uses != i+1 || d.Last == 0 {
				s.Errorf("after %d upserts: %+v", i+1, d)
			}
		}
	})
}

// What cannot be asked of ciphertexts is refused before a request, with the reason.
func TestQuestionsAboutProtectedAttributes(t *testing.T) {
	each(t, func(s *setup) {
		key, p := Patient{Clinic: "c1", ID: "1"}, patient("1")
		email := entable.Field(s.patients, func(p *Patient) *string { return &p.Email })
		street := expression.Name("home.street").Equal(entable.Value("x"))
		const asked = ` is stored encrypted, and nothing can be asked of it`
		const changed = ` is stored encrypted, and an update by key does not change it: load the item, and use Patch, SaveChanges or Put`
		for _, test := range []struct {
			do   func() error
			want string
		}{
			{func() error { return s.patients.Update(key).Set("ssn", "x").Do(s.ctx) }, `attribute "ssn"` + changed},
			{func() error { return s.patients.Update(key).Remove("ssn").Do(s.ctx) }, `attribute "ssn"` + changed},
			{func() error { return s.patients.Update(key).Set("home.zip", "x").Do(s.ctx) }, `attribute "home"` + changed},
			{func() error { return s.patients.Update(key).Apply(email.Set("x")).Do(s.ctx) }, `attribute "email"` + changed},
			{func() error { return s.patients.Update(key).Set("notes", []string{}).Do(s.ctx) }, `attribute "notes" is stored compressed, and an update`},
			{func() error { return s.patients.Patch(p).Set("home.zip", "x").Do(s.ctx) }, `attribute "home.zip" is stored encrypted, and cannot be changed in parts`},
			{func() error { return s.patients.Patch(p).Append("notes", []string{"x"}).Do(s.ctx) }, `attribute "notes" is stored compressed, and cannot be changed in parts`},
			{func() error { return s.patients.Put(s.ctx, p, entable.If(email.Equal("x"))) }, `If: attribute "email"` + asked},
			{func() error { return s.patients.Delete(s.ctx, key, entable.If(street)) }, `If: attribute "home"` + asked},
			{func() error {
				_, err := list(s.patients.Query(key).Filter(email.BeginsWith("x")).All(s.ctx))
				return err
			}, `Filter: attribute "email"` + asked},
			{func() error { _, err := list(s.patients.Scan().Filter(street).All(s.ctx)); return err }, `Filter: attribute "home"` + asked},
			{func() error { _, err := list(s.patients.Query(key).Select("home.zip").All(s.ctx)); return err }, `attribute "home"` + asked},
			{func() error { return s.patients.Update(key).Set("state", "x").Known("email", "x").Do(s.ctx) }, `Known("email"): the attribute is stored encrypted, and cannot be compared: use Fetch`},
			{func() error { return s.patients.Update(key).Set("state", "x").Do(s.ctx) }, "or use Fetch"},
			{func() error {
				_, err := list(s.patients.QueryIndex("gsi1", *p).Prefix(Patient{State: "s", Email: "a"}, "state", "email").All(s.ctx))
				return err
			}, `attribute "email" stands in the key as a hash, of which there are no ranges: ask for one value`},
		} {
			if err := test.do(); err == nil || !strings.Contains(err.Error(), test.want) {
				s.Errorf("%v\nwant %s", err, test.want)
			}
		}
	})
}

// Whatever reads an item that was tampered with says so, and gives no value.
func TestReadsOfForgedItems(t *testing.T) {
	each(t, func(s *setup) {
		check(s, s.patients.Put(s.ctx, patient("1")))
		check(s, s.patients.Put(s.ctx, patient("2")))
		forged := s.stored("1")
		forged["ssn"] = s.stored("2")["ssn"]
		s.Store(s.table, forged)
		key := Patient{Clinic: "c1", ID: "1"}
		for name, read := range map[string]func() (any, error){
			"Get":         func() (any, error) { p, err := s.patients.Get(s.ctx, key); return anyOf(p), err },
			"Query":       func() (any, error) { return nil, second(list(s.patients.Query(key).All(s.ctx))) },
			"Scan":        func() (any, error) { return nil, second(list(s.patients.Scan().All(s.ctx))) },
			"BatchGet":    func() (any, error) { return nil, second(s.patients.BatchGet(s.ctx, []Patient{key})) },
			"TransactGet": func() (any, error) { return nil, second(s.patients.TransactGet(s.ctx, []Patient{key})) },
			"Updated": func() (any, error) {
				p, err := s.patients.Update(key).Set("name", "x").Updated(s.ctx)
				return anyOf(p), err
			},
			"a Put that reads": func() (any, error) { return nil, s.patients.Put(s.ctx, patient("1")) },
			"Audit": func() (any, error) {
				for f, err := range s.table.Audit(s.ctx, entable.AuditOptions{Repair: true}) {
					if err != nil || f.Err != nil {
						return nil, errors.Join(err, f.Err)
					}
				}
				return nil, nil
			},
		} {
			v, err := read()
			e, ok := errors.AsType[*entable.ProtectionError](err)
			if v != nil || !ok || e.Attribute != "ssn" || e.Entity != "Patient" || e.KeyID != "k1" || !errors.Is(err, seal.ErrForged) {
				s.Errorf("%s: %v, %v", name, v, err)
			}
		}
		_, err := s.patients.Get(s.ctx, key)
		want := `entable: Patient[pk="PC#c1" sk="PI#1"]: attribute "ssn": cannot decrypt: seal: key "k1": the ciphertext was not made with this key for this place`
		if err == nil || err.Error() != want {
			s.Errorf("%v\nwant %s", err, want)
		}
		// A failed condition shows what is stored, not what was sealed.
		err = s.patients.Create(s.ctx, patient("2"))
		c, ok := errors.AsType[*entable.ConditionFailedError](err)
		if ok {
			if p, ok := c.Stored.(*Patient); !ok || p.SSN != "078-05-2" {
				s.Errorf("the stored item is %v", c.Stored)
			}
		}
		if !ok || strings.Contains(fmt.Sprintf("%v %+v", err, err), "078-05") {
			s.Errorf("%+v", err)
		}
	})
}

// list ranges over all items.
func list[T any](items iter.Seq2[T, error]) (all []T, err error) {
	for v, err := range items {
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

func anyOf(p *Patient) any {
	if p == nil {
		return nil
	}
	return p
}

func second[T any](_ T, err error) error { return err }

// An audit finds and repairs index keys that are made of what is encrypted.
func TestAuditOfProtectedItems(t *testing.T) {
	each(t, func(s *setup) {
		check(s, s.patients.Put(s.ctx, patient("1")))
		item := s.stored("1")
		want := item["gsi1pk"]
		delete(item, "gsi1pk")
		s.Store(s.table, item)
		n := 0
		for f, err := range s.table.Audit(s.ctx, entable.AuditOptions{Repair: true}) {
			check(s, err)
			if n++; !f.Repaired || f.Attribute != "gsi1pk" || strings.Contains(fmt.Sprint(f.Want), "example") {
				s.Errorf("finding %+v", f)
			}
		}
		if got := s.stored("1")["gsi1pk"]; n != 1 || cmp.Diff(want, got, cmpBytes) != "" {
			s.Errorf("%d findings, the key is %v, want %v", n, got, want)
		}
		for f, err := range s.table.Audit(s.ctx, entable.AuditOptions{}) {
			s.Errorf("a second finds %+v, %v", f, err)
		}
	})
}

// A transaction that is repeated under its token has the same ciphertexts: the service takes it for the same one.
func TestTransactionsOfProtectedItemsRepeat(t *testing.T) {
	s := enginetest.OnMemory(t, enginetest.Once)
	table, patients := declare("patients", sealer(t, key("k1")), entable.Clock(time.Now))
	table.Use(s.Client)
	s.Create(table)
	s.DB.Inject(memory.DropAfter().On("TransactWriteItems").Times(1))
	p, token := patient("1"), entable.ClientToken(rand.Text())
	writes := []entable.Write{patients.PutOp(p)}
	if err := entable.Transact(t.Context(), writes, token); err == nil {
		t.Fatal("the answer was not lost")
	}
	check(t, entable.Transact(t.Context(), writes, token))
	got, err := patients.Get(t.Context(), *p)
	check(t, err)
	if d := cmp.Diff(p, got); d != "" {
		t.Error(d)
	}
}

// Ciphertexts belong to their table, unless it says that it is another one, restored.
func TestTablesThatWereRestored(t *testing.T) {
	by := sealer(t, key("k1"))
	_, patients := declare("patients", by)
	p := patient("1")
	p.State = "new"
	item, err := patients.ToItem(p)
	check(t, err)
	_, other := declare("patients-restored", by)
	if _, err := other.FromItem(item); !errors.Is(err, seal.ErrForged) {
		t.Errorf("an item of another table: %v", err)
	}
	restored := entable.NewTable("patients-restored", entable.GSI("gsi1"), entable.Encryption(by, "patients"), entable.HashKey("emails", bytes.Repeat([]byte{9}, 32)))
	again := entable.Register[Patient](restored, entable.PK("clinic"), entable.SK("id"), entable.Index("gsi1", entable.PK("email"), entable.SK("state", "email")))
	if p, err := again.FromItem(item); err != nil || p.SSN != "078-05-1" {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := entable.TryNewTable("patients", entable.Encryption(by, "a", "b")); err == nil {
		t.Error("two names to bind to are taken")
	}
}

// An item that moves to another key is encrypted for that one: by a Put, by updates and by an audit.
func TestProtectedItemsMove(t *testing.T) {
	each(t, func(s *setup) {
		was := entable.NewTable(s.table.Name(), entable.GSI("gsi1"), entable.Encryption(s.by), entable.HashKey("emails", bytes.Repeat([]byte{9}, 32)))
		now := entable.NewTable(s.table.Name(), entable.GSI("gsi1"), entable.Encryption(s.by), entable.HashKey("emails", bytes.Repeat([]byte{9}, 32)))
		index := entable.Index("gsi1", entable.PK("email"), entable.SK("state", "email"))
		old := entable.Register[Patient](was, entable.PK("clinic"), entable.SK("id"), index)
		next := entable.Register[Patient](now, entable.PK("clinic", entable.Prefix("CLINIC")), entable.SK("id"), index,
			entable.Moved(entable.PK("clinic", entable.Prefix("PC"))))
		was.Use(s.SDK)
		now.Use(s.SDK)
		for id := range 5 {
			check(s, old.Put(s.ctx, patient(fmt.Sprint(id))))
		}
		read := func(id string) *Patient {
			s.Helper()
			p, err := next.Get(s.ctx, Patient{Clinic: "c1", ID: id})
			check(s, err)
			if p.SSN != "078-05-"+id || p.Home.Street == "" || p.Pin == "" {
				s.Errorf("%s is %+v", id, p)
			}
			return p
		}
		p := read("0")
		check(s, next.Put(s.ctx, p))
		check(s, next.Update(Patient{Clinic: "c1", ID: "1"}).Set("name", "M").Do(s.ctx))
		p = read("2")
		check(s, next.Patch(p).Set("home", Home{Street: "Short Street"}).Do(s.ctx))
		check(s, next.Update(Patient{Clinic: "c1", ID: "3"}).Set("state", "moved").Fetch().Do(s.ctx))
		for f, err := range now.Audit(s.ctx, entable.AuditOptions{Repair: true}) {
			check(s, err)
			check(s, f.Err)
		}
		for id := range 5 {
			read(fmt.Sprint(id))
			if pk := s.stored(fmt.Sprint(id))["pk"].(*types.AttributeValueMemberS).Value; pk != "CLINIC#c1" {
				s.Errorf("%d is at %s", id, pk)
			}
		}
		if p := read("2"); p.Home.Street != "Short Street" {
			s.Errorf("after a Patch: %+v", p)
		}
		s.silent()
	})
}
