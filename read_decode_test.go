package entable_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"

	"github.com/entable/entable"
)

// An error of decoding names the entity, the key, the path of the attribute, and the kinds.
func TestErrorsOfDecoding(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		type line struct {
			Qty int `dynamodbav:"qty"`
		}
		type Purchase struct {
			Customer string `dynamodbav:"customer"`
			N        int    `dynamodbav:"n"`
			Lines    []line `dynamodbav:"lines"`
		}
		table := s.NewTable()
		orders := entable.Register[Purchase](table, entable.Name("Order"), entable.PK("customer", entable.Prefix("CU")), entable.SK(entable.Attr("n").Width(1), entable.Prefix("O")))
		broken := key("CU#1", "O#7")
		broken["_type"], broken["customer"], broken["n"] = avS("Order"), avS("1"), avN("7")
		broken["lines"] = &types.AttributeValueMemberL{Value: []types.AttributeValue{
			&types.AttributeValueMemberM{}, &types.AttributeValueMemberM{}, &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"qty": avS("two")}},
		}}
		s.Store(table, broken)
		const want = `entable: Order[pk="CU#1" sk="O#7"]: attribute lines[2].qty: cannot decode S into int`
		at := Purchase{Customer: "1", N: 7}
		for name, read := range map[string]func() error{
			"Get":         func() error { _, err := orders.Get(t.Context(), at); return err },
			"Query":       func() error { return drain(orders.Query(at).All(t.Context())) },
			"Items":       func() error { _, err := table.Query(at).First(t.Context()); return err },
			"Scan":        func() error { _, err := orders.Scan().Page(t.Context()); return err },
			"TransactGet": func() error { _, err := orders.TransactGet(t.Context(), []Purchase{at}); return err },
			"BatchGet": func() error {
				_, err := orders.BatchGet(t.Context(), []Purchase{at})
				failed, ok := errors.AsType[*entable.BatchError](err)
				if !ok || len(failed.Failures) != 1 {
					return err
				}
				return failed.Failures[0].Err
			},
			"Decode": func() error { _, err := table.Decode(broken); return err },
		} {
			if err := read(); err == nil || err.Error() != want || !is[*entable.DecodeError](err) {
				t.Errorf("%s: error\n%v, want\n%s", name, err, want)
			}
		}
	})
}

// embeddedKey reaches its key field through a pointer.
type embeddedKey struct {
	*Keyed
	Note string `dynamodbav:"note"`
}

// Keyed is embedded by pointer.
type Keyed struct {
	ID uuid.UUID `dynamodbav:"id"`
}

// checkKeysOnly decodes an item that has nothing but its keys.
func checkKeysOnly[T any](t *testing.T, table *entable.Table, v T, opts ...entable.EntityOption) {
	t.Helper()
	check(t, register[T](table, opts...))
	item, err := entable.ItemOf(table, v)
	check(t, err)
	only := map[string]types.AttributeValue{"pk": item["pk"], "sk": item["sk"]}
	got, err := table.Decode(only)
	if err != nil {
		t.Errorf("%T: %v", v, err)
		return
	}
	again, err := entable.ItemOf(table, got)
	check(t, err)
	if !reflect.DeepEqual(again, item) {
		t.Errorf("%T: decoded\n%s, want\n%s", v, dynamoJSON(again), dynamoJSON(item))
	}
}

func TestKeysOnlyItemsOfEveryKeyKind(t *testing.T) {
	type pair[K any] struct {
		Key K      `dynamodbav:"key"`
		Two K      `dynamodbav:"two"`
		No  string `dynamodbav:"no,omitempty"`
	}
	type unix struct {
		Key time.Time `dynamodbav:"key,unixtime"`
		Two int       `dynamodbav:"two,string"`
	}
	composed := []entable.EntityOption{entable.PK(entable.Literal("L"), "key", entable.Separator("|")), entable.SK("two")}
	fresh := func() *entable.Table { return entable.NewTable("keys-only", entable.NoDiscriminator()) }
	named := append(composed, entable.Name("Pair"))
	checkKeysOnly(t, fresh(), pair[string]{Key: "a|#%é b", Two: "\x00#"}, named...)
	checkKeysOnly(t, fresh(), pair[uuid.UUID]{Key: uuid.New(), Two: uuid.New()}, named...)
	checkKeysOnly(t, fresh(), pair[time.Time]{Key: day(1).Add(1), Two: day(2)}, named...)
	checkKeysOnly(t, fresh(), pair[int]{Key: -5, Two: 7}, named...)
	checkKeysOnly(t, fresh(), pair[int8]{Key: -128}, named...)
	checkKeysOnly(t, fresh(), pair[uint64]{Key: 1<<64 - 1}, named...)
	checkKeysOnly(t, fresh(), pair[float64]{Key: -1.5e-100, Two: 3}, named...)
	checkKeysOnly(t, fresh(), pair[float32]{Key: 0.1}, named...)
	checkKeysOnly(t, fresh(), pair[bool]{Key: true, Two: false}, named...)
	checkKeysOnly(t, fresh(), pair[bool]{Key: false, Two: true}, named...)
	checkKeysOnly(t, fresh(), pair[[]byte]{Key: []byte{0, 255}, Two: []byte{1}}, named...)
	checkKeysOnly(t, fresh(), pair[[4]byte]{Key: [4]byte{1, 2, 3, 4}, Two: [4]byte{5}}, named...)
	checkKeysOnly(t, fresh(), pair[Level]{Key: High, Two: Low}, named...)
	checkKeysOnly(t, fresh(), pair[Status]{Key: "x", Two: "y"}, named...)
	checkKeysOnly(t, fresh(), unix{Key: time.Unix(1731672000, 0), Two: 12}, named...)
	checkKeysOnly(t, fresh(), Task{List: "a", N: 3}, entable.PK("list", entable.Shards(8, "n")), entable.SK(entable.Attr("n").Width(3)))
	checkKeysOnly(t, fresh(), embeddedKey{Keyed: &Keyed{uuid.New()}}, entable.Name("Embedded"))

	native := func(typ types.ScalarAttributeType) *entable.Table {
		return entable.NewTable("keys-only", entable.NoDiscriminator(), entable.PartitionKey("pk", typ), entable.SortKey("sk", typ))
	}
	number := []entable.EntityOption{entable.Name("Pair"), entable.SK("two")}
	checkKeysOnly(t, native(types.ScalarAttributeTypeN), pair[int64]{Key: 9007199254740993, Two: -1}, number...)
	checkKeysOnly(t, native(types.ScalarAttributeTypeN), pair[float64]{Key: 1e20, Two: 0.5}, number...)
	checkKeysOnly(t, native(types.ScalarAttributeTypeB), pair[[]byte]{Key: []byte{7}, Two: []byte{0}}, number...)
	type quoted struct {
		Key int `dynamodbav:"key,string"`
		Two int `dynamodbav:"two"`
	}
	checkKeysOnly(t, native(types.ScalarAttributeTypeN), quoted{Key: 12, Two: 13}, number...)
}

// What the first look at an item takes for its type may be something else.
func TestTypesThatAreGuessedWrongly(t *testing.T) {
	table := entable.NewTable("guess")
	tasks := registerTasks(table)
	orders := entable.Register[Order](table)
	task := func(extra map[string]any) map[string]types.AttributeValue {
		item, err := tasks.ToItem(&Task{List: "a", N: 1, Extra: extra})
		check(t, err)
		return item
	}
	deep := task(map[string]any{"_type": "Order", "a": map[string]any{"_type": "Ghost"}, "b": `"_type":{"S":"Order"}`})
	long := task(map[string]any{"a": strings.Repeat("x", 5000)})
	bare := task(map[string]any{"_type": "Order"})
	delete(bare, "_type")
	for name, item := range map[string]map[string]types.AttributeValue{"deep": deep, "long": long, "bare": bare} {
		v, err := table.Decode(item)
		if _, ok := v.(*Task); !ok {
			t.Errorf("%s: decoded %T (%v)", name, v, err)
		}
		if _, err := tasks.FromItem(item); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := orders.FromItem(item); !is[*entable.UnknownEntityError](err) {
			t.Errorf("%s: as an order: %v", name, err)
		}
	}
	for _, typ := range []types.AttributeValue{avN("1"), &types.AttributeValueMemberNULL{Value: true}, &types.AttributeValueMemberL{}} {
		item := task(nil)
		item["_type"] = typ
		if v, err := table.Decode(item); !is[*entable.DecodeError](err) || !strings.Contains(err.Error(), `[pk="TL#a" sk="TN#0000000000000000001"]: attribute _type: cannot read the type`) {
			t.Errorf("type %v: %v, %v", typ, v, err)
		}
	}
	if v, err := table.Decode(map[string]types.AttributeValue{"_type": avS("Task")}); err != nil || !slices.Equal(texts([]any{v}), texts([]any{&Task{}})) {
		t.Errorf("an item without keys: %v, %v", v, err)
	}
	if _, err := table.Decode(nil); !is[*entable.UnknownEntityError](err) {
		t.Errorf("no item: %v", err)
	}
	m, err := attributevalue.MarshalMap(map[string]any{"_type": "Task", "pk": nil})
	check(t, err)
	if _, err := table.Decode(m); !is[*entable.DecodeError](err) || err.Error() != "entable: Task: key pk: cannot use NULL as a scalar" {
		t.Errorf("a key that is NULL: %v", err)
	}
}
