package forms_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
)

func refused(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestKeysCannotBeChangedByUpdates(t *testing.T) {
	ctx := context.Background()
	db := memory.New()
	t.Cleanup(db.Close)
	table := entable.NewTable("stored", upper...)
	table.Use(db.Client())
	must(t, table.CreateTable(ctx))
	accounts := entable.Register[Account](table, pk("USER#{data.email}"), sk("PROFILE"))
	users := entable.Register[User](table, pk("org#{tenant}#user"), sk("{email}"))
	natural := entable.NewTable("plain", upper...)
	natural.Use(db.Client())
	plain := entable.Register[Plain](natural, entable.PK("PK"), entable.SK(entable.Template("{SK}")))
	a := Account{}
	a.Data.Email, a.Data.Name = "ann", "Ann"
	must(t, accounts.Put(ctx, &a))

	refused(t, accounts.Update(a).Set("data.email", "bob").Do(ctx), `attribute "data.email" is part of the key`)
	refused(t, accounts.Update(a).Remove("data").Do(ctx), `attribute "data" is part of the key`)
	other := a
	other.Data.Email = "bob"
	refused(t, accounts.Update(a).Set("data", other.Data).Do(ctx), `attribute "data" has a part of the key`)
	refused(t, users.Update(User{Tenant: "t", Email: "e"}).Set("email", "x").Do(ctx), `attribute "email" is part of the key`)
	refused(t, plain.Update(Plain{PK: "a", SK: "b"}).Set("SK", "x").Do(ctx), `attribute "SK" is part of the key`)

	other = a
	other.Data.Name = "Anna"
	if err := accounts.SaveChanges(ctx, a, &other); err != nil {
		t.Error(err)
	}
	if got, err := accounts.Get(ctx, a); err != nil || got.Data.Name != "Anna" {
		t.Errorf("%+v, %v", got, err)
	}
	refused(t, users.Delete(ctx, User{Tenant: "t", Email: "e"}, entable.If(expression.Name("email").Equal(expression.Value("x")))), `attribute "email" stands in the key alone`)
	func() {
		defer func() { refused(t, recover().(error), `attribute "email" is in the key alone`) }()
		entable.Field(users, func(u *User) *string { return &u.Email })
	}()
}

func TestKeysOnlyItemsAreRead(t *testing.T) {
	table := entable.NewTable("stored", typed("type")...)
	entable.Register[User](table, pk("org#{tenant}#user"), sk("{email}"))
	entable.Register[Event](table, pk("AUDIT#{at:200601}"), sk("{org}"))
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	v, err := table.Decode(map[string]types.AttributeValue{"PK": text("org#acme#user"), "SK": text("ann"), "type": text("User")})
	if u, ok := v.(*User); err != nil || !ok || u.Tenant != "acme" || u.Email != "ann" {
		t.Errorf("%+v, %v", v, err)
	}
	// A day is no time: it is not filled in, and the item that lacks the time is not at a wrong place.
	v, err = table.Decode(map[string]types.AttributeValue{"PK": text("AUDIT#202601"), "SK": text("acme"), "type": text("Event")})
	if e, ok := v.(*Event); err != nil || !ok || e.Org != "acme" || !e.At.IsZero() {
		t.Errorf("%+v, %v", v, err)
	}
	_, err = table.Decode(map[string]types.AttributeValue{"PK": text("AUDIT#202601"), "SK": text("acme"), "type": text("Event"), "at": text("2026-02-01T00:00:00Z")})
	if _, ok := errors.AsType[*entable.KeyMismatchError](err); !ok {
		t.Errorf("another month: %v", err)
	}
}

func TestWrongDeclarations(t *testing.T) {
	inv := with(typed("type"), entable.GSI("inv", text("SK"), sorted("PK")))
	type Bad struct {
		ID int `dynamodbav:"PK"`
	}
	type Unkept struct {
		ID   string `dynamodbav:"id"`
		Name string `dynamodbav:"name" entable:"keyonly"`
	}
	type Doubly struct {
		ID string `dynamodbav:"id" entable:"keyonly,unique"`
	}
	for _, test := range []struct {
		name  string
		table []entable.TableOption
		do    func(*entable.Table) error
		want  string
	}{
		{"a number as a string key", upper, try[Bad](), `Bad: field ID: attribute "PK" is the field itself and of type S, but int is stored as N`},
		{"settings", upper, try[Plain](entable.PK("PK", entable.Prefix("X"))), `Plain: PK: attribute "PK" is the field itself and stored as it is: leave all settings out`},
		{"a field in the way", upper, try[Plain](entable.PK("note"), entable.SK("SK")), `Plain: field PK: attribute "PK" is reserved for the table's partition key`},
		{"keyonly beside the key", upper, try[Unkept](), `Unkept: field Name: keyonly: the field has to be a whole component of the primary key, from which it is read back`},
		{"keyonly and unique", upper, try[Doubly](), "keyonly goes with auto alone"},
		{"an index key that is there", inv, try[Ticket](pk("{project}"), sk("{id}"), entable.Index("inv", pk("{id}"))), `Ticket: index "inv": PK: attribute "SK" is in the items anyway: leave it out`},
	} {
		table, err := entable.TryNewTable("stored", test.table...)
		must(t, err)
		refused(t, test.do(table), test.want)
	}
	_, err := entable.TryNewTable("stored", append(upper[:3:3], entable.GSI("inv", entable.PartitionKey("SK", types.ScalarAttributeTypeN)))...)
	refused(t, err, `attribute "SK" is both the sort key and the partition key of index "inv"`)
	_, err = entable.TryNewTable("stored", append(upper[:3:3], entable.GSI("inv", text("SK"), sorted("SK")))...)
	refused(t, err, `index "inv": attribute "SK" is both of its keys`)
}

func try[T any](options ...entable.EntityOption) func(*entable.Table) error {
	return func(t *entable.Table) error {
		_, err := entable.TryRegister[T](t, options...)
		return err
	}
}

// An item and its older versions have one type in many tables, and one Go type here; their keys tell them apart.
func TestOneTypeValueForTwoKindsOfItems(t *testing.T) {
	ctx := context.Background()
	db := memory.New()
	t.Cleanup(db.Close)
	client := db.Client()
	table := entable.NewTable("stored", typed("kind")...)
	table.Use(client)
	must(t, table.CreateTable(ctx))
	docs := entable.Register[Doc](table, entable.TypeValue("doc"), pk("DOC#{id}"), sk("LATEST"))
	versions := entable.Register[Doc](table, entable.Name("Version"), entable.TypeValue("doc"), pk("DOC#{id}"), sk("v{no:04}"))
	stored := []string{
		`{"PK":"DOC#d","SK":"LATEST","kind":"doc","id":"d","no":2,"note":"n"}`,
		`{"PK":"DOC#d","SK":"v0001","kind":"doc","id":"d","no":1,"note":"n"}`,
		`{"PK":"DOC#d","SK":"v0002","kind":"doc","id":"d","no":2,"note":"n"}`,
	}
	for _, text := range stored {
		put(t, client, parse(t, text))
	}
	latest, err := docs.Query(Doc{ID: "d"}).One(ctx)
	must(t, err)
	var all []Doc
	for v, err := range versions.Query(Doc{ID: "d"}).All(ctx) {
		must(t, err)
		all = append(all, *v)
	}
	if latest.No != 2 || len(all) != 2 || all[0].No != 1 {
		t.Errorf("%+v, %+v", latest, all)
	}
	if v, err := versions.Get(ctx, Doc{ID: "d", No: 1}); err != nil || v.No != 1 {
		t.Errorf("%+v, %v", v, err)
	}
	many, err := versions.BatchGet(ctx, []Doc{{ID: "d", No: 2}, {ID: "d", No: 3}, {ID: "d", No: 1}})
	if err != nil || len(many) != 3 || many[0].No != 2 || many[1] != nil || many[2].No != 1 {
		t.Errorf("%+v, %v", many, err)
	}
	once, err := docs.TransactGet(ctx, []Doc{{ID: "d"}, {ID: "e"}})
	if err != nil || len(once) != 2 || once[0].No != 2 || once[1] != nil {
		t.Errorf("%+v, %v", once, err)
	}
	_, err = table.BatchGet(ctx, []any{Doc{ID: "d", No: 2}})
	refused(t, err, "is registered on it as Doc and as Version: use BatchGet or TransactGet of one of these entities")
	n := 0
	for item, err := range table.Scan().All(ctx) {
		must(t, err)
		if _, ok := item.(*Doc); ok {
			n++
		}
	}
	for f, err := range table.Audit(ctx, entable.AuditOptions{}) {
		t.Errorf("%v, %v", f, err)
	}
	must(t, docs.Put(ctx, latest))
	must(t, versions.Put(ctx, &all[0]))
	if n != len(stored) {
		t.Errorf("%d items", n)
	}
	for i, item := range sortedItems(t, client) {
		same(t, "stored", item, parse(t, stored[i]))
	}
	_, err = table.Query(Doc{ID: "d"}).First(ctx)
	refused(t, err, "is registered on it as Doc and as Version: use Query of one of these entities")
	_, err = entable.TryRegister[Doc](table, pk("X#{id}"), sk("x"))
	refused(t, err, "is registered on table")
	type Pile struct{ Docs []Doc }
	_, err = entable.TryNewCollection[Pile](docs, versions)
	refused(t, err, "a collection has one member of a type")
}

func TestIndexesThatHoldPartsOfItems(t *testing.T) {
	for name, projection := range map[string]entable.IndexOption{"keys": entable.KeysOnly(), "some": entable.Include("type", "state")} {
		for _, route := range [][]entable.TableOption{nil, {entable.PlainRoute()}} {
			t.Run(name, func(t *testing.T) { checkProjection(t, projection, route) })
		}
	}
	_, err := entable.TryNewTable("stored", append(upper[:3:3], entable.GSI("inv", text("SK"), sorted("PK"), entable.Include()))...)
	refused(t, err, `index "inv": Include names no attribute: use KeysOnly`)
}

func checkProjection(t *testing.T, projection entable.IndexOption, route []entable.TableOption) {
	ctx := context.Background()
	db := memory.New()
	t.Cleanup(db.Close)
	client := db.Client()
	table := entable.NewTable("stored", append(with(typed("type"), entable.GSI("GSI1", text("GSI1PK"), sorted("SK"), projection)), route...)...)
	table.Use(client)
	must(t, table.CreateTable(ctx))
	differences, err := table.Diff(ctx)
	if err != nil || len(differences) > 0 {
		t.Errorf("%v, %v", differences, err)
	}
	tickets := entable.Register[Ticket](table, append(ticketKeys, entable.Index("GSI1", pk("OWNER#{owner}")))...)
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		must(t, tickets.Put(ctx, &Ticket{Project: "p" + id, ID: id, Owner: "ann", State: "open", Note: "note " + id}))
	}
	query := func() *entable.Query[Ticket] { return tickets.QueryIndex("GSI1", Ticket{Owner: "ann"}) }

	_, err = query().First(ctx)
	refused(t, err, `index "GSI1" does not hold whole items: say Hydrate for these, or Partial for what it holds`)
	_, err = tickets.Scan().Index("GSI1").First(ctx)
	refused(t, err, "say Hydrate")
	if n, err := query().Count(ctx); err != nil || n != 5 {
		t.Errorf("%d, %v", n, err)
	}
	_, err = query().Partial().First(ctx)
	refused(t, err, `index "GSI1" does not hold all of Ticket, and nothing would tell its items from whole ones: give it a bool field with the tag `+"`entable:\"partial\"`, or use Hydrate, or Select")
	_, err = query().Partial().Filter(expression.Name("note").Equal(expression.Value("x"))).Count(ctx)
	refused(t, err, `attribute "note" is not held by index "GSI1"`)
	_, err = query().Select("note").First(ctx)
	refused(t, err, `attribute "note" is not held by index "GSI1"`)
	unheard := expression.Name("colour").Equal(expression.Value("x")) // which types that are not registered may have
	_, err = table.QueryIndex("GSI1", Ticket{Owner: "ann"}).RawUnknown().Hydrate().Filter(unheard).Count(ctx)
	refused(t, err, `attribute "colour" is not held by index "GSI1"`)
	_, err = table.Scan().Index("GSI1").RawUnknown().Partial().Filter(expression.Name("note").Equal(expression.Value("x"))).Count(ctx)
	refused(t, err, `attribute "note" is not held by index "GSI1"`)
	_, err = table.Scan().RawUnknown().Filter(unheard).Count(ctx)
	must(t, err)

	var got []string
	cursor := ""
	for pages := 0; pages == 0 || cursor != ""; pages++ {
		page, err := query().Hydrate().Reverse().Limit(2).From(cursor).Page(ctx)
		must(t, err)
		for _, v := range page.Items {
			got = append(got, v.Note)
		}
		cursor = page.Cursor
	}
	if want := "note e,note d,note c,note b,note a"; strings.Join(got, ",") != want {
		t.Errorf("hydrated: %q", got)
	}
	if n, err := query().Hydrate().Count(ctx); err != nil || n != 5 {
		t.Errorf("%d, %v", n, err)
	}
	mixed, err := table.QueryIndex("GSI1", Ticket{Owner: "ann"}).Hydrate().First(ctx)
	if v, ok := mixed.(*Ticket); err != nil || !ok || v.Note != "note a" {
		t.Errorf("%+v, %v", mixed, err)
	}
}
