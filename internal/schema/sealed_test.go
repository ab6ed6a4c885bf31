package schema_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/trial"
	"github.com/entable/entable/internal/wire"
	"github.com/entable/entable/seal"
)

// protector has the keys of a Sealer, for tests.
type protector struct{ s *seal.Sealer }

func (p protector) Seal(plaintext, bound []byte) ([]byte, error) {
	return p.s.Seal(context.Background(), plaintext, bound)
}

func (p protector) Open(ciphertext, bound []byte) ([]byte, error) {
	return p.s.Open(context.Background(), ciphertext, bound)
}

func protectorOf(t testing.TB, ids ...string) schema.Protector {
	t.Helper()
	var list []seal.Key
	for _, id := range ids {
		list = append(list, seal.Key{ID: id, Secret: bytes.Repeat([]byte(id), 32)[:32]})
	}
	keys, err := seal.Keys(list[0], list[1:]...)
	check(t, err)
	return protector{seal.New(keys, seal.Options{})}
}

type address struct {
	Street string   `dynamodbav:"street"`
	Lines  []string `dynamodbav:"lines"`
}

type user struct {
	ID      string         `dynamodbav:"id"`
	Nick    string         `dynamodbav:"nick"`
	Email   string         `dynamodbav:"email,omitempty" entable:"encrypt,hash=emails"`
	SSN     string         `dynamodbav:"ssn" entable:"encrypt"`
	Home    *address       `dynamodbav:"home" entable:"encrypt,zstd"`
	Numbers map[string]int `dynamodbav:"numbers" entable:"zstd"`
	Raw     []byte         `dynamodbav:"raw" entable:"encrypt"`
	Age     int            `dynamodbav:"age" entable:"encrypt"`
}

func sealedDecl(name string) schema.TableDecl {
	d := decl()
	d.Name, d.Encrypts = name, true
	d.HashKeys = []schema.HashKey{{Name: "emails", Key: bytes.Repeat([]byte{7}, 32)}, {Name: "others", Key: bytes.Repeat([]byte{8}, 32)}}
	d.Indexes = []schema.IndexDecl{{Name: "gsi1", PK: text("gsi1pk"), SK: text("gsi1sk")}, {Name: "by-email", MultiAttribute: true, Hash: []schema.Attr{text("email")}}}
	return d
}

func sealedUsers(t testing.TB, name string) *schema.Entity {
	return register[user](t, newTable(t, sealedDecl(name)), schema.EntityDecl{
		Joins: []schema.JoinDecl{{Index: "gsi1", Keys: []schema.KeyDecl{{Parts: attrs("email")}}}},
	})
}

func anUser(id string) user {
	return user{ID: id, Nick: "n", Email: id + "@example.com", SSN: "078-05-1120", Home: &address{"Long Street", []string{strings.Repeat("line ", 50), "x"}},
		Numbers: map[string]int{"a": 1, "b": 2}, Raw: []byte{0xED, 1, 0}, Age: 44}
}

func sealItem(t testing.TB, e *schema.Entity, v user, by schema.Protector) []byte {
	t.Helper()
	raw, _, err := e.AppendItem(nil, unsafe.Pointer(&v), by)
	check(t, err)
	return raw
}

func openItem(e *schema.Entity, raw []byte, by schema.Protector) (*user, error) {
	d := e.Table.Decode(wire.NewReader(raw), e, nil, by)
	v, _ := d.Value.(*user)
	return v, d.Err
}

func TestSealedItemsOpen(t *testing.T) {
	e, by := sealedUsers(t, "users"), protectorOf(t, "k1")
	for _, v := range []user{anUser("u1"), {ID: "empty"}} {
		raw := sealItem(t, e, v, by)
		got, err := openItem(e, raw, by)
		check(t, err)
		if d := cmp.Diff(v, *got); d != "" {
			t.Error(d)
		}
		attrs := item(t, string(raw))
		for _, name := range []string{"ssn", "home", "numbers", "raw", "age"} {
			if b, ok := attrs[name].(*types.AttributeValueMemberB); !ok || b.Value[0] != 0xED || b.Value[1] != 1 {
				t.Errorf("%s is stored as %v", name, attrs[name])
			}
		}
		if _, there := attrs["email"]; there != (v.Email != "") {
			t.Error("an encrypted attribute with omitempty: stored when it is empty, or else not")
		}
		for _, secret := range []string{"example.com", "078-05", "Long Street"} {
			for name, a := range attrs {
				if b, ok := a.(*types.AttributeValueMemberB); ok && bytes.Contains(b.Value, []byte(secret)) || strings.Contains(fmt.Sprint(schema.Text(a)), secret) {
					t.Errorf("%q can be read in %s", secret, name)
				}
			}
		}
	}
	small, big := wireSize(t, sealItem(t, e, anUser("u1"), by)), anUser("u1")
	big.Home.Lines[0] = strings.Repeat("line ", 5000)
	if n := wireSize(t, sealItem(t, e, big, by)); n > small+200 {
		t.Errorf("25,000 bytes of one line make the item %d bytes longer", n-small)
	}
}

func wireSize(t testing.TB, raw []byte) int {
	t.Helper()
	n, err := wire.ItemSize(raw)
	check(t, err)
	return n
}

// The index key is a hash: equal for equal values, of whatever entity and item.
func TestHashesInIndexKeys(t *testing.T) {
	e, by := sealedUsers(t, "users"), protectorOf(t, "k1")
	key := func(v user) string { return schema.Text(item(t, string(sealItem(t, e, v, by)))["gsi1pk"]) }
	a, b := anUser("u1"), anUser("u2")
	again := a
	if key(a) == key(b) || key(a) != key(again) {
		t.Error("hashes do not follow the value")
	}
	b.Email = a.Email
	if k := key(a); key(b) != k || len(k) != len("UE#")+43 || strings.Contains(k, "example") {
		t.Errorf("key %q", k)
	}
	if none := key(user{ID: "none"}); none != "" {
		t.Errorf("a user without email is in the index as %q", none)
	}
	sum := "UE#Y_v4y5SH4_wYwV4FEvQNqiXn0XWRUQ5M2Ng-mfJt8pc" // keys are forever: HMAC-SHA-256 of "S" and the address
	if k := key(a); k != sum {
		t.Errorf("key %q, want %q", k, sum)
	}
}

// What is not what was sealed, with these keys, for this attribute of this item, does not open: one error, which names the attribute and
// the key, and no value.
func TestSealedItemsThatWereTamperedWith(t *testing.T) {
	n, r := trial.Size(20_000, 1_000_000), trial.Rand(t)
	e, other, table2 := sealedUsers(t, "users"), (*schema.Entity)(nil), sealedUsers(t, "users-2")
	tables := sealedDecl("users")
	second := newTable(t, tables)
	_, err := second.Register(entityOf[user](schema.EntityDecl{Name: "Customer"}))
	check(t, err)
	other = second.Directory().All[0]
	by, foreign := protectorOf(t, "k1", "k2"), protectorOf(t, "k3")
	secret := []string{"email", "ssn", "home", "raw", "age"}
	refused := map[string]int{}
	for total := 0; total < n; {
		v := anUser(fmt.Sprint("u", r.IntN(100)))
		good := item(t, string(sealItem(t, e, v, by)))
		w := anUser(v.ID + "x")
		moved := map[string]map[string]types.AttributeValue{
			"item": item(t, string(sealItem(t, e, w, by))), "table": item(t, string(sealItem(t, table2, v, by))),
			"entity": item(t, string(sealItem(t, other, v, by))), "key": item(t, string(sealItem(t, e, v, foreign))),
		}
		for range 40 {
			bad := maps.Clone(good)
			name := secret[r.IntN(len(secret))]
			b := bytes.Clone(good[name].(*types.AttributeValueMemberB).Value)
			how := []string{"bit", "cut", "longer", "flags", "plain", "string", "attribute", "item", "table", "entity", "key", "case", "null"}[r.IntN(13)]
			var now types.AttributeValue
			switch how {
			case "bit":
				b[r.IntN(len(b))] ^= 1 << r.IntN(8)
			case "cut":
				b = b[:r.IntN(len(b))]
			case "longer":
				b = append(b, byte(r.Uint32()))
			case "flags":
				b[2] ^= byte(1 + r.IntN(255))
			case "plain":
				b = append([]byte{0xED, 1, 0}, `{"S":"mine"}`...)
			case "string":
				now = &types.AttributeValueMemberS{Value: "mine"}
			case "null":
				now = &types.AttributeValueMemberNULL{Value: true}
			case "attribute":
				from := secret[r.IntN(len(secret))]
				if from == name {
					continue
				}
				now = good[from]
			case "case":
				bad[strings.ToUpper(name)] = &types.AttributeValueMemberS{Value: "mine"}
				if r.IntN(2) == 0 {
					delete(bad, name)
				}
				now = bad[name]
			default:
				now = moved[how][name]
			}
			switch {
			case now != nil:
				bad[name] = now
			case how != "case":
				bad[name] = &types.AttributeValueMemberB{Value: b}
			}
			raw, err := wire.AppendItem(nil, bad)
			check(t, err)
			got, err := openItem(e, raw, by)
			f, ok := errors.AsType[*schema.Fault](err)
			if got != nil || !ok || f.Kind != schema.WrongItem {
				t.Fatalf("%s of %s: %v, %v", how, name, got, err)
			}
			inner, ok := f.Err.(*schema.Fault)
			if !ok || inner.Kind != schema.WrongSeal || inner.Where != name || inner.Entity != "user" {
				t.Fatalf("%s of %s: %v", how, name, f.Err)
			}
			for _, word := range []string{"mine", "078-05", "example.com", "Long"} {
				if strings.Contains(err.Error(), word) {
					t.Fatalf("%s of %s: %v", how, name, err)
				}
			}
			refused[how]++
			total++
		}
	}
	t.Logf("refused: %v", refused)
}

func TestKeysOfSealedItemsRotate(t *testing.T) {
	e := sealedUsers(t, "users")
	raw := sealItem(t, e, anUser("u1"), protectorOf(t, "old"))
	got, err := openItem(e, raw, protectorOf(t, "new", "old"))
	check(t, err)
	if got.SSN != "078-05-1120" {
		t.Errorf("got %+v", got)
	}
	if _, err := openItem(e, raw, protectorOf(t, "new")); !errors.Is(err, seal.ErrUnknownKey) || !strings.Contains(err.Error(), `key "old"`) {
		t.Errorf("without the old key: %v", err)
	}
	if _, err := openItem(e, raw, nil); err == nil {
		t.Error("it opens without anything to decrypt with")
	}
}

type before struct {
	ID   string `dynamodbav:"id"`
	SSN  string `dynamodbav:"ssn"`
	Raw  []byte `dynamodbav:"raw"`
	Text string `dynamodbav:"text"`
}

type between struct {
	ID   string `dynamodbav:"id"`
	SSN  string `dynamodbav:"ssn" entable:"encrypt,readplain"`
	Raw  []byte `dynamodbav:"raw" entable:"encrypt,readplain"`
	Text string `dynamodbav:"text" entable:"zstd,readplain"`
}

type later struct {
	ID   string `dynamodbav:"id"`
	SSN  string `dynamodbav:"ssn" entable:"encrypt"`
	Raw  []byte `dynamodbav:"raw" entable:"encrypt"`
	Text string `dynamodbav:"text" entable:"zstd"`
}

// Items from before the tag are read with readplain, and refused without it.
func TestPlainItemsAreReadWhereThatIsSaid(t *testing.T) {
	by := protectorOf(t, "k")
	name := schema.EntityDecl{Name: "thing"}
	plain := register[before](t, newTable(t, sealedDecl("things")), name)
	mixed := register[between](t, newTable(t, sealedDecl("things")), name)
	strict := register[later](t, newTable(t, sealedDecl("things")), name)
	v := before{"a", "078", []byte{1, 2}, "text"}
	old := []byte(encoded(t, plain, v))
	d := mixed.Table.Decode(wire.NewReader(old), nil, nil, by)
	check(t, d.Err)
	if got := before(*d.Value.(*between)); cmp.Diff(v, got) != "" {
		t.Errorf("got %+v", got)
	}
	d = strict.Table.Decode(wire.NewReader(old), nil, nil, by)
	want := `thing: thing: ssn: it is stored as S that is not sealed, though its field is stored encrypted: readplain in its tag takes such values`
	checkFault(t, d.Err, schema.WrongItem, want)
	now := between(v)
	raw, _, err := mixed.AppendItem(nil, unsafe.Pointer(&now), by)
	check(t, err)
	d = strict.Table.Decode(wire.NewReader(raw), nil, nil, by)
	check(t, d.Err)
	if got := before(*d.Value.(*later)); cmp.Diff(v, got) != "" {
		t.Errorf("what is written with readplain is read as %+v", got)
	}
	bad := item(t, string(raw))
	bad["ssn"].(*types.AttributeValueMemberB).Value[20] ^= 1
	forged, err := wire.AppendItem(nil, bad)
	check(t, err)
	if d = mixed.Table.Decode(wire.NewReader(forged), nil, nil, by); d.Err == nil {
		t.Error("with readplain, a changed ciphertext is taken for plain bytes")
	}
}

// Upgrades see what was sealed, as it was before.
func TestUpgradesSeeOpenedAttributes(t *testing.T) {
	by := protectorOf(t, "k")
	seen := ""
	e := register[later](t, newTable(t, sealedDecl("things")), schema.EntityDecl{Name: "thing", Upgrades: []func(map[string]types.AttributeValue) error{
		func(item map[string]types.AttributeValue) error {
			seen = schema.Text(item["ssn"])
			item["ssn"] = &types.AttributeValueMemberS{Value: "new " + seen}
			return nil
		},
	}})
	v := later{ID: "a", SSN: "078", Text: "text"}
	raw, _, err := e.AppendItem(nil, unsafe.Pointer(&v), by)
	check(t, err)
	old := item(t, string(raw))
	delete(old, schema.SchemaAttribute)
	raw, err = wire.AppendItem(nil, old)
	check(t, err)
	d := e.Table.Decode(wire.NewReader(raw), nil, nil, by)
	check(t, d.Err)
	if got := d.Value.(*later); seen != "078" || got.SSN != "new 078" || got.Text != "text" {
		t.Errorf("the upgrade saw %q, and made %+v", seen, got)
	}
}

// ToMap's form has no secrets, and reads back without them.
func TestWithheldAttributes(t *testing.T) {
	type thing struct {
		ID     string `dynamodbav:"id"`
		Secret string `dynamodbav:"secret" entable:"encrypt"`
		Small  string `dynamodbav:"small" entable:"zstd"`
		Hidden int    `dynamodbav:"hidden" entable:"hidden"`
	}
	e := register[thing](t, newTable(t, sealedDecl("things")), schema.EntityDecl{})
	v := thing{"a", "s", "text", 7}
	raw, _, err := e.AppendItem(nil, unsafe.Pointer(&v), schema.Plain)
	check(t, err)
	shown := item(t, string(raw))
	if schema.Text(shown["small"]) != "text" || shown["secret"] != nil || !slices.Equal(e.Withheld, []string{"secret", "hidden"}) {
		t.Errorf("shown %v, withheld %q", shown, e.Withheld)
	}
	d := e.Table.Decode(wire.NewReader(raw), nil, nil, schema.Plain)
	check(t, d.Err)
	if got := *d.Value.(*thing); got != (thing{"a", "", "text", 7}) {
		t.Errorf("read back as %+v", got)
	}
	raw = []byte(strings.Replace(string(raw), `"hidden":{"N":"7"}`, `"hidden":{"N":"99999999999999999999"}`, 1))
	if d := e.Table.Decode(wire.NewReader(raw), nil, nil, schema.Plain); d.Err == nil || strings.Contains(d.Err.Error(), "9999") {
		t.Errorf("the error of a hidden attribute: %v", d.Err)
	}
}

func FuzzSealedItem(f *testing.F) {
	e, by := sealedUsers(f, "users"), protectorOf(f, "k1")
	good := sealItem(f, e, anUser("u1"), by)
	sealed := item(f, string(good))["ssn"].(*types.AttributeValueMemberB).Value
	f.Add(sealed, "ssn")
	f.Add([]byte{0xED, 1, 2, 0x28, 0xb5, 0x2f, 0xfd}, "numbers")
	f.Add(append([]byte{0xED, 1, 0}, `{"M":{}},"x":{}`...), "numbers")
	f.Fuzz(func(t *testing.T, value []byte, name string) {
		attrs := item(t, string(good))
		attrs[name] = &types.AttributeValueMemberB{Value: value}
		raw, err := wire.AppendItem(nil, attrs)
		if err != nil {
			return
		}
		got, err := openItem(e, raw, by)
		if err == nil && got.SSN != "078-05-1120" || err != nil && got != nil {
			t.Errorf("%s=%x: %+v, %v", name, value, got, err)
		}
	})
}

func TestSealingThatIsRefused(t *testing.T) {
	email := func(index string, parts ...schema.Part) schema.EntityDecl {
		return schema.EntityDecl{Name: "T", Joins: []schema.JoinDecl{{Index: index, Keys: pk(parts...)}}}
	}
	type plain struct {
		ID string `dynamodbav:"id"`
	}
	for _, test := range []struct {
		register func(*schema.Table) error
		want     string
	}{
		{try[struct {
			ID string `dynamodbav:"id" entable:"encrypt"`
		}](schema.EntityDecl{Name: "T"}), `T: PK: attribute "id" is stored encrypted, and a primary key shows what it is made of: make the key of another attribute`},
		{try[struct {
			ID string `dynamodbav:"id" entable:"zstd"`
		}](schema.EntityDecl{Name: "T"}), `T: PK: attribute "id" is stored compressed, and a primary key shows what it is made of: make the key of another attribute`},
		{try[struct {
			ID    string `dynamodbav:"id"`
			Email string `dynamodbav:"email" entable:"encrypt"`
		}](email("gsi1", attrs("email")...)), `T: index "gsi1": PK: attribute "email" is stored encrypted, and an index key shows what it is made of: give it hash=… too, for queries by equality`},
		{try[struct {
			ID    string `dynamodbav:"id"`
			Email string `dynamodbav:"email" entable:"encrypt,hash=emails"`
		}](schema.EntityDecl{Name: "T", Joins: []schema.JoinDecl{{Index: "by-email"}}}), `T: field Email: index "by-email" takes attribute "email" as it is stored, which is stored encrypted`},
		{try[struct {
			ID    string `dynamodbav:"id"`
			Email string `dynamodbav:"email" entable:"encrypt,hash=mails"`
		}](schema.EntityDecl{Name: "T"}), "T: field Email: tag `entable:\"encrypt,hash=mails\"`: the table has the hash keys \"emails\", \"others\", not \"mails\": give it entable.HashKey(\"mails\", …)"},
		{try[struct {
			ID    string `dynamodbav:"id"`
			Email string `dynamodbav:"email" entable:"hash=emails"`
		}](schema.EntityDecl{Name: "T"}), "T: field Email: tag `entable:\"hash=emails\"`: hash and readplain go with encrypt or zstd"},
		{try[struct {
			ID    string `dynamodbav:"id"`
			Email string `dynamodbav:"email" entable:"encrypt,unique"`
		}](schema.EntityDecl{Name: "T"}), "T: field Email: tag `entable:\"encrypt,unique\"`: a unique value stands in the key of an item of its own: with encrypt, give it hash=… too"},
		{try[struct {
			ID string `dynamodbav:"id"`
			N  int    `dynamodbav:"n" entable:"version,encrypt"`
		}](schema.EntityDecl{Name: "T"}), "T: field N: tag `entable:\"version,encrypt\"`: the service has to read version and ttl, and a keyonly field stands in the key: they cannot be encrypted or compressed"},
		{try[struct {
			ID   string `dynamodbav:"id"`
			Home struct {
				Street string `dynamodbav:"street" entable:"encrypt"`
			} `dynamodbav:"home"`
		}](schema.EntityDecl{Name: "T"}), `T: field Home: home.street: only whole attributes are encrypted, compressed or hidden: give "home" the tag`},
		{try[struct {
			ID   string  `dynamodbav:"id"`
			Home address `dynamodbav:"home" entable:"encrypt,hash=emails"`
		}](email("gsi1", attrs("home.street")...)), `T: index "gsi1": PK: attribute "home.street" lies in "home", which is stored encrypted: a hash is of a whole attribute`},
		{func(*schema.Table) error {
			d := decl()
			_, err := newTable(t, d).Register(entityOf[later](schema.EntityDecl{}))
			return err
		}, "later: field SSN: tag `entable:\"encrypt\"`: the table has nothing to encrypt with: give it entable.Encryption"},
		{func(*schema.Table) error {
			d := sealedDecl("users")
			d.HashKeys = append(d.HashKeys, schema.HashKey{Name: "short", Key: make([]byte, 16)})
			_, err := schema.New(d)
			return err
		}, `table "users": HashKey("short"): 16 bytes are too few: use 32 random ones`},
		{try[plain](schema.EntityDecl{Name: "T"}), ""},
	} {
		checkFault(t, test.register(newTable(t, sealedDecl("users"))), schema.WrongDeclaration, test.want)
	}
}

func try[T any](d schema.EntityDecl) func(*schema.Table) error {
	return func(table *schema.Table) error {
		_, err := table.Register(entityOf[T](d))
		return err
	}
}

// Which attributes are sealed stands in the manifest, and another way is drift.
func TestSealingInTheLock(t *testing.T) {
	locked := register[later](t, newTable(t, sealedDecl("things")), schema.EntityDecl{Name: "thing"}).Table
	lock, err := json.Marshal(locked.ManifestOf())
	check(t, err)
	if want := `"sealed":[{"attribute":"raw","how":"encrypted"},{"attribute":"ssn","how":"encrypted"},{"attribute":"text","how":"compressed"}]`; !strings.Contains(string(lock), want) {
		t.Errorf("the manifest has no %s:\n%s", want, lock)
	}
	with := func(old []byte) *schema.Table {
		d := sealedDecl("things")
		d.Lock = old
		return newTable(t, d)
	}
	name := schema.EntityDecl{Name: "thing"}
	drift := func(err error) []string {
		f, _ := errors.AsType[*schema.Fault](err)
		var list []string
		if f != nil {
			for _, d := range f.Drift {
				list = append(list, d.Where+": "+d.Was+" → "+d.Is+" ("+d.Cure+")")
			}
		}
		return list
	}
	_, err = with(lock).Register(entityOf[before](name))
	want := []string{
		"thing: attribute \"raw\": encrypted → as it is (give the field `entable:\"encrypt\"`, or store it under another name)",
		"thing: attribute \"ssn\": encrypted → as it is (give the field `entable:\"encrypt\"`, or store it under another name)",
		"thing: attribute \"text\": compressed → as it is (give the field `entable:\"zstd\"`, or store it under another name)",
	}
	if d := cmp.Diff(want, drift(err)); d != "" {
		t.Errorf("tags taken away: %v\n%s", err, d)
	}
	type fewer struct {
		ID string `dynamodbav:"id"`
	}
	for _, register := range []func() error{
		func() error { _, err := with(lock).Register(entityOf[between](name)); return err },
		func() error { _, err := with(lock).Register(entityOf[fewer](name)); return err },
	} {
		if err := register(); err != nil {
			t.Errorf("refused: %v", err)
		}
	}
	old, err := json.Marshal(register[before](t, newTable(t, sealedDecl("things")), name).Table.ManifestOf())
	check(t, err)
	if _, err := with(old).Register(entityOf[between](name)); err != nil {
		t.Errorf("tags that are new are refused: %v", err)
	}
}
