package forms_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/ddblocal"
	"github.com/entable/entable/internal/wire"
	"github.com/entable/entable/memory"
)

// form is a stored item and the declaration that is to read and write it. Every type has a field stored as "note".
type form struct {
	name string
	run  func(t *testing.T)
}

// expect says what is special about a form.
type expect struct {
	table    []entable.TableOption
	entity   []entable.EntityOption
	refuses  string   // a range on the sort key is refused with this in the reason; "" if the order allows it
	noSort   bool     // there is no sort key to ask for
	index    string   // an index that the item is in, to be asked as well
	noUpdate bool     // the note is a part of the key
	damaged  string   // an attribute that the audit misses when it has another value; "" for the sort key or partition key
	note     string   // the path of the note, if it is not "note"
	exact    []string // what has to be named for a condition on the whole key
}

// adopt is a form of the type T and the stored item.
func adopt[T any](name, item string, x expect) form {
	return form{name, func(t *testing.T) {
		for engine, open := range engines {
			t.Run(engine, func(t *testing.T) {
				client := open(t)
				check[T](t, client, item, x)
				plain := x
				plain.table = append(slices.Clone(x.table), entable.PlainRoute())
				check[T](t, client, item, plain)
			})
		}
	}}
}

// engines give a database that no other test uses at the same time.
var engines = map[string]func(*testing.T) *dynamodb.Client{
	"memory": func(t *testing.T) *dynamodb.Client {
		db := memory.New()
		t.Cleanup(db.Close)
		return db.Client()
	},
	"local": func(t *testing.T) *dynamodb.Client {
		key := fmt.Sprint("forms", databases.Add(1)) // DynamoDB Local keeps the tables of each access key apart
		return ddblocal.NewClient(ddblocal.Endpoint(t), func(o *dynamodb.Options) {
			o.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: key, SecretAccessKey: key}, nil
			})
		})
	},
}

var databases atomic.Int64

func check[T any](t *testing.T, client *dynamodb.Client, text string, x expect) {
	ctx := context.Background()
	table := entable.NewTable("stored", x.table...)
	table.Use(client)
	must(t, table.CreateTable(ctx))
	defer func() { must(t, table.DeleteTable(ctx)) }()
	stored := parse(t, text)
	put(t, client, stored)
	things, err := entable.TryRegister[T](table, x.entity...)
	must(t, err)

	// Found by a scan, it is what its fields make, and the same when it is written again.
	v, err := things.Scan().One(ctx)
	must(t, err)
	must(t, things.Put(ctx, v))
	same(t, "written back", only(t, client), stored)
	item, err := things.ToItem(v)
	must(t, err)
	same(t, "as an item", item, stored)

	got, err := things.Get(ctx, *v)
	must(t, err)
	if !reflect.DeepEqual(got, v) {
		t.Errorf("got %+v, scanned %+v", got, v)
	}
	list, err := things.BatchGet(ctx, []T{*v})
	if err != nil || len(list) != 1 || !reflect.DeepEqual(list[0], v) {
		t.Errorf("batch: %+v, %v", list, err)
	}
	queries := []func() *entable.Query[T]{func() *entable.Query[T] { return things.Query(*v) }}
	if x.index != "" {
		queries = append(queries, func() *entable.Query[T] { return things.QueryIndex(x.index, *v) })
	}
	for i, query := range queries {
		if one, err := query().One(ctx); err != nil || !reflect.DeepEqual(one, v) {
			t.Errorf("query %d: %+v, %v", i, one, err)
		}
	}
	if !x.noSort {
		if one, err := things.Query(*v).Equal(*v, x.exact...).One(ctx); err != nil || !reflect.DeepEqual(one, v) {
			t.Errorf("equal: %+v, %v", one, err)
		}
		checkRange(t, things.Query(*v).GreaterEqual(*v, x.exact...), v, x.refuses)
	}
	if !x.noUpdate {
		path := cmpOr(x.note, "note")
		must(t, things.Update(*v).Set(path, "changed").Do(ctx))
		want := maps.Clone(stored)
		setNote(want, path)
		same(t, "updated", only(t, client), want)
		put(t, client, stored)
	}
	list, err = things.TransactGet(ctx, []T{*v})
	if err != nil || len(list) != 1 || !reflect.DeepEqual(list[0], v) {
		t.Errorf("transaction: %+v, %v", list, err)
	}
	checkAudit(t, table, client, stored, x)

	must(t, things.Delete(ctx, *v))
	if x.note == "" && !x.noUpdate { // an update that makes the item makes it at its place
		err := things.Update(*v).Set("note", "made").Upsert().Do(ctx)
		if err != nil && strings.Contains(err.Error(), "the upsert does not give attribute") { // that an index is made of
			err = things.Put(ctx, v)
		}
		must(t, err)
		if made, err := things.Get(ctx, *v); err != nil || len(all(t, client)) != 1 {
			t.Errorf("upserted: %+v, %v", made, err)
		}
		must(t, things.Delete(ctx, *v))
	}
	must(t, things.Create(ctx, v))
	same(t, "created", only(t, client), stored)
	again, err := entable.TryNewTable("stored", append(slices.Clone(x.table), entable.Lock(table.Manifest()))...)
	must(t, err)
	_, err = entable.TryRegister[T](again, x.entity...)
	must(t, err)
}

func checkRange[T any](t *testing.T, q *entable.Query[T], v *T, refuses string) {
	t.Helper()
	one, err := q.One(context.Background())
	switch {
	case refuses == "" && (err != nil || !reflect.DeepEqual(one, v)):
		t.Errorf("range: %+v, %v", one, err)
	case refuses != "":
		if _, ok := errors.AsType[*entable.KeyError](err); !ok || !strings.Contains(err.Error(), refuses) {
			t.Errorf("range: got %v, want a refusal: %s", err, refuses)
		}
	}
}

// checkAudit audits the item as it is and with a wrong key.
func checkAudit(t *testing.T, table *entable.Table, client *dynamodb.Client, stored map[string]types.AttributeValue, x expect) {
	t.Helper()
	for f, err := range table.Audit(context.Background(), entable.AuditOptions{}) {
		t.Errorf("audit of a good item: %v, %v", f, err)
	}
	if x.damaged == "-" {
		return
	}
	wrong := maps.Clone(stored)
	name := x.damaged
	if name == "" {
		for _, k := range table.CreateInput().KeySchema {
			name = aws.ToString(k.AttributeName)
		}
	}
	s, ok := wrong[name].(*types.AttributeValueMemberS)
	if !ok {
		t.Fatalf("no text in %s to damage", name)
	}
	wrong[name] = &types.AttributeValueMemberS{Value: s.Value + "0"}
	clear(t, client)
	put(t, client, wrong)
	found := 0
	for f, err := range table.Audit(context.Background(), entable.AuditOptions{}) {
		must(t, err)
		_ = f
		found++
	}
	if found == 0 {
		t.Errorf("the audit does not see a wrong %s", name)
	}
	clear(t, client)
	put(t, client, stored)
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// setNote changes the note at a path of an item.
func setNote(item map[string]types.AttributeValue, path string) {
	name, rest, inner := strings.Cut(path, ".")
	if !inner {
		item[name] = &types.AttributeValueMemberS{Value: "changed"}
		return
	}
	m := maps.Clone(item[name].(*types.AttributeValueMemberM).Value)
	setNote(m, rest)
	item[name] = &types.AttributeValueMemberM{Value: m}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// parse reads an item in DynamoDB's JSON, in which a text stands for a string and a number for a number.
func parse(t testing.TB, text string) map[string]types.AttributeValue {
	t.Helper()
	var plain map[string]any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	must(t, d.Decode(&plain))
	out := map[string]types.AttributeValue{}
	for name, v := range plain {
		out[name] = value(v)
	}
	return out
}

func value(v any) types.AttributeValue {
	switch v := v.(type) {
	case string:
		if b, ok := strings.CutPrefix(v, "\\x"); ok {
			return &types.AttributeValueMemberB{Value: []byte(b)}
		}
		return &types.AttributeValueMemberS{Value: v}
	case json.Number:
		return &types.AttributeValueMemberN{Value: v.String()}
	case bool:
		return &types.AttributeValueMemberBOOL{Value: v}
	case map[string]any:
		m := map[string]types.AttributeValue{}
		for name, v := range v {
			m[name] = value(v)
		}
		return &types.AttributeValueMemberM{Value: m}
	}
	panic(fmt.Sprintf("%T", v))
}

func put(t testing.TB, client *dynamodb.Client, item map[string]types.AttributeValue) {
	t.Helper()
	_, err := client.PutItem(context.Background(), &dynamodb.PutItemInput{TableName: aws.String("stored"), Item: item})
	must(t, err)
}

func all(t testing.TB, client *dynamodb.Client) []map[string]types.AttributeValue {
	t.Helper()
	out, err := client.Scan(context.Background(), &dynamodb.ScanInput{TableName: aws.String("stored")})
	must(t, err)
	return out.Items
}

// sortedItems returns the items of the table by their keys.
func sortedItems(t testing.TB, client *dynamodb.Client) []map[string]types.AttributeValue {
	items := all(t, client)
	slices.SortFunc(items, func(a, b map[string]types.AttributeValue) int { return strings.Compare(show(t, a), show(t, b)) })
	return items
}

// only returns the one item of the table: a second one would be a key that was not the stored one.
func only(t testing.TB, client *dynamodb.Client) map[string]types.AttributeValue {
	t.Helper()
	items := all(t, client)
	if len(items) != 1 {
		t.Fatalf("%d items, want 1: %s", len(items), show(t, items...))
	}
	return items[0]
}

func clear(t testing.TB, client *dynamodb.Client) {
	t.Helper()
	d, err := client.DescribeTable(context.Background(), &dynamodb.DescribeTableInput{TableName: aws.String("stored")})
	must(t, err)
	for _, item := range all(t, client) {
		key := map[string]types.AttributeValue{}
		for _, k := range d.Table.KeySchema {
			key[*k.AttributeName] = item[*k.AttributeName]
		}
		_, err := client.DeleteItem(context.Background(), &dynamodb.DeleteItemInput{TableName: aws.String("stored"), Key: key})
		must(t, err)
	}
}

// same compares items byte for byte, in one order of their attributes.
func same(t testing.TB, what string, got, want map[string]types.AttributeValue) {
	t.Helper()
	if a, b := show(t, got), show(t, want); a != b {
		t.Errorf("%s:\ngot  %s\nwant %s", what, a, b)
	}
}

func show(t testing.TB, items ...map[string]types.AttributeValue) string {
	var out []string
	for _, item := range items {
		raw, err := wire.AppendItem(nil, item)
		must(t, err)
		out = append(out, string(raw))
	}
	return strings.Join(out, "\n")
}
