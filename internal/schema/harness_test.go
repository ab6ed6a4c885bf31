package schema_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func text(name string) schema.Attr { return schema.Attr{Name: name, Type: types.ScalarAttributeTypeS} }
func number(name string) schema.Attr {
	return schema.Attr{Name: name, Type: types.ScalarAttributeTypeN}
}

// decl declares a table with string keys and discriminators.
func decl() schema.TableDecl {
	return schema.TableDecl{Name: "things", PK: text("pk"), SK: text("sk"), Discriminator: "_type"}
}

func newTable(t testing.TB, d schema.TableDecl) *schema.Table {
	t.Helper()
	table, err := schema.New(d)
	check(t, err)
	return table
}

func attrs(names ...string) []schema.Part {
	var parts []schema.Part
	for _, name := range names {
		parts = append(parts, schema.Part{Text: name})
	}
	return parts
}

func pk(parts ...schema.Part) []schema.KeyDecl { return []schema.KeyDecl{{Parts: parts}} }
func sk(parts ...schema.Part) []schema.KeyDecl { return []schema.KeyDecl{{Sort: true, Parts: parts}} }

func part(kind schema.PartKind, text string) schema.Part { return schema.Part{Kind: kind, Text: text} }

// entityOf completes a declaration, which lacks only the type.
func entityOf[T any](d schema.EntityDecl) schema.EntityDecl {
	d.Type = typeOf[T]()
	return d
}

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

// register registers T with a declaration that lacks only the type.
func register[T any](t testing.TB, table *schema.Table, d schema.EntityDecl) *schema.Entity {
	t.Helper()
	e, err := table.Register(entityOf[T](d))
	check(t, err)
	return e
}

// encoded returns an instance as it is stored.
func encoded[T any](t testing.TB, e *schema.Entity, v T) string {
	t.Helper()
	item, _, err := e.AppendItem(nil, unsafe.Pointer(&v), nil)
	check(t, err)
	return string(item)
}

// item returns the attributes of an item in DynamoDB's JSON.
func item(t testing.TB, json string) map[string]types.AttributeValue {
	t.Helper()
	m, err := wire.ReadItem([]byte(json))
	check(t, err)
	return m
}

// checkFault compares a fault's kind and whole text; "" stands for none.
func checkFault(t testing.TB, err error, kind schema.FaultKind, want string) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Errorf("refused: %v", err)
		}
		return
	}
	f, ok := errors.AsType[*schema.Fault](err)
	switch {
	case !ok:
		t.Errorf("%v (%T) is no fault, want %s", err, err, want)
	case f.Kind != kind || f.Error() != want:
		t.Errorf("fault %d\n%s, want %d\n%s", f.Kind, f, kind, want)
	}
}

func manifestText(t testing.TB, table *schema.Table) string {
	t.Helper()
	text, err := json.Marshal(table.ManifestOf())
	check(t, err)
	return string(text)
}
