package entable_test

import (
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
)

func TestItemsAndBack(t *testing.T) {
	parcels := declareParcels(entable.NewTable("parcels"))
	v := parcel()
	item, err := parcels.ToItem(&v)
	check(t, err)
	want := `{"_type":{"S":"Parcel"},"a.b":{"N":"0"},"address":{"M":{"city":{"S":"Bonn"},"floor":{"N":"2"},"zones":{"SS":["x"]}}},"count":{"N":"5"},` +
		`"extra":{"M":{"deep":{"L":[{"S":"one"}]}}},"id":{"S":"1"},"labels":{"M":{"k":{"S":"v"}}},"level":{"S":"low"},` +
		`"lines":{"L":[{"M":{"qty":{"N":"1"},"sku":{"S":"p"}}},{"M":{"qty":{"N":"2"},"sku":{"S":"q"}}}]},"numbers":{"NS":["1","2"]},"pk":{"S":"PI#1"},` +
		`"seen":{"N":"1700000000"},"sk":{"S":"A"},"status":{"S":"new"},"tags":{"SS":["a","b"]},"weight":{"N":"0.1"}}`
	if got := dynamoJSON(item); got != want {
		t.Errorf("item\n%s, want\n%s", got, want)
	}
	back, err := parcels.FromItem(item)
	check(t, err)
	back.Cached = v.Cached
	same(t, "from the item", *back, v)

	m, err := parcels.ToMap(&v)
	check(t, err)
	if m["pk"] != "PI#1" || m["count"] != attributevalue.Number("5") || !reflect.DeepEqual(m["tags"], []string{"a", "b"}) ||
		!reflect.DeepEqual(m["extra"], map[string]any{"deep": []any{"one"}}) {
		t.Errorf("map %v", m)
	}
	back, err = parcels.FromMap(m)
	check(t, err)
	back.Cached = v.Cached
	same(t, "from the map", *back, v)

	moves := entable.Register[Moving](parcels.Table())
	if _, err := moves.FromItem(item); !is[*entable.UnknownEntityError](err) {
		t.Errorf("an item of another type: %v", err)
	}
	if _, err := parcels.FromMap(map[string]any{"_type": "Parcel", "count": "x"}); !is[*entable.DecodeError](err) {
		t.Errorf("a map that does not fit: %v", err)
	}
	if _, err := parcels.FromItem(map[string]types.AttributeValue{"x": nil}); !is[*entable.DecodeError](err) {
		t.Errorf("an item with nil: %v", err)
	}
	for name, err := range map[string]error{"ToItem": second(parcels.ToItem(nil)), "ToMap": second(parcels.ToMap(nil)), "Size": second(parcels.Size(nil))} {
		if err == nil || !entable.IsError(err) {
			t.Errorf("%s of nil: %v", name, err)
		}
	}
	if _, err := parcels.ToItem(&Parcel{}); !is[*entable.KeyError](err) {
		t.Errorf("an item without a key: %v", err)
	}
}

// Open keeps what it does not know.
type Open struct {
	ID   string         `dynamodbav:"id"`
	Name string         `dynamodbav:"name,omitempty"`
	Rest map[string]any `entable:"rest"`
}

// The rest field takes the attributes that the type lacks and writes them back, unharmed.
func TestRestField(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		opens := entable.Register[Open](s.NewTable(entable.GSI("gsi1")), entable.Index("gsi1", entable.PK("name")))
		ctx := t.Context()
		item := key("OI#1", "A")
		item["_type"], item["id"], item["name"] = avS("Open"), avS("1"), avS("n")
		item["gsi1pk"], item["gsi1sk"] = avS("ON#n"), avS("A")
		item["big"], item["set"] = avN("12345678901234567890123456789012345678"), &types.AttributeValueMemberNS{Value: []string{"1", "2"}}
		item["deep"] = &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"x": &types.AttributeValueMemberNULL{Value: true}}}
		s.Store(opens.Table(), item)
		v, err := opens.Get(ctx, Open{ID: "1"})
		check(t, err)
		if len(v.Rest) != 3 || !reflect.DeepEqual(v.Rest["big"], item["big"]) {
			t.Errorf("read %+v", v)
		}
		check(t, opens.Put(ctx, v))
		if got := dynamoJSON(s.Load(opens.Table(), key("OI#1", "A"))); got != dynamoJSON(item) {
			t.Errorf("stored %s, want %s", got, dynamoJSON(item))
		}

		after := *v
		after.Rest = map[string]any{"big": v.Rest["big"], "new.dotted": []int{1}, "set": nil}
		after.Name = ""
		in, err := opens.SaveChangesOp(*v, &after).Input(t.Context())
		check(t, err)
		if strings.Contains(namesText(in.ExpressionAttributeNames), "big") {
			t.Errorf("what did not change is sent: %s", updateText(in))
		}
		check(t, opens.SaveChanges(ctx, *v, &after))
		want := `{"_type":{"S":"Open"},"big":{"N":"12345678901234567890123456789012345678"},"id":{"S":"1"},"new.dotted":{"L":[{"N":"1"}]},"pk":{"S":"OI#1"},"set":{"NULL":true},"sk":{"S":"A"}}`
		if got := dynamoJSON(s.Load(opens.Table(), key("OI#1", "A"))); got != want {
			t.Errorf("stored %s, want %s", got, want)
		}
		if len(after.Rest) != 3 || after.Rest["deep"] != nil {
			t.Errorf("the caller has %+v", after)
		}

		check(t, opens.Patch(&after).Set("name", "m").Do(ctx))
		if len(after.Rest) != 3 || after.Name != "m" {
			t.Errorf("the caller has %+v", after)
		}
		for _, name := range []string{"pk", "_type", "gsi1sk", "name"} {
			if err := opens.Put(ctx, &Open{ID: "1", Rest: map[string]any{name: 1}}); !is[*entable.EncodeError](err) {
				t.Errorf("rest with %q: %v", name, err)
			}
		}
		check(t, opens.Put(ctx, &Open{ID: "2", Rest: map[string]any{}}))
	})
}

// Blob has values of all kinds, to be filled to a size.
type Blob struct {
	ID      string         `dynamodbav:"id"`
	Text    string         `dynamodbav:"text"`
	Bytes   []byte         `dynamodbav:"bytes"`
	Number  *big.Int       `dynamodbav:"number"`
	Numbers []float64      `dynamodbav:"numbers,numberset,omitempty"`
	Flags   []bool         `dynamodbav:"flags"`
	Map     map[string]any `dynamodbav:"map"`
	State   string         `dynamodbav:"state,omitempty"`
}

// The size is the service's to the byte: an item of 409,600 bytes is taken, one more is refused, here and
// there. Every way in checks it.
func TestSizeIsExact(t *testing.T) {
	const limit = 409_600
	eachSetup(t, func(t *testing.T, s *setup) {
		table := s.NewTable(entable.GSI("gsi1"))
		blobs := entable.Register[Blob](table, entable.Index("gsi1", entable.PK("state")))
		ctx := t.Context()
		huge, _ := new(big.Int).SetString("-12345678901234567890123456789012345678", 10)
		for i, v := range []Blob{
			{},
			{Bytes: []byte{1, 2, 3}, Number: big.NewInt(-100), Flags: []bool{true, false}},
			{Number: huge, Numbers: []float64{0, 1.5, -1e-100, 123456.789}, State: "open"},
			{Map: map[string]any{"é": "ü", "list": []any{1, nil, map[string]any{}}, "deep": map[string]any{"x": []byte("y")}}},
		} {
			v.ID = fmt.Sprint(i)
			size, err := blobs.Size(&v)
			check(t, err)
			v.Text = strings.Repeat("é", (limit-size)/2) + strings.Repeat("x", (limit-size)%2)
			if size, err = blobs.Size(&v); err != nil || size != limit {
				t.Fatalf("size %d, %v, want %d", size, err, limit)
			}
			check(t, blobs.Put(ctx, &v))

			v.Text += "x"
			raw, err := blobs.ToItem(&v)
			check(t, err)
			_, err = s.SDK.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(table.Name()), Item: raw})
			if err == nil || !strings.Contains(err.Error(), "Item size has exceeded the maximum allowed size") {
				t.Errorf("the engine takes %d bytes: %v", limit+1, err)
			}
			before := v
			before.Text = ""
			s.Spy.Reset()
			for name, err := range map[string]error{
				"Put":         blobs.Put(ctx, &v),
				"Create":      blobs.Create(ctx, &v),
				"SaveChanges": blobs.SaveChanges(ctx, before, new(v)),
				"Patch":       blobs.Patch(new(before)).Set("text", v.Text).Do(ctx),
				"Batch":       entable.BatchWrite(ctx, []entable.Write{blobs.PutOp(&v)}),
				"Transact":    entable.Transact(ctx, []entable.Write{blobs.PutOp(&v)}),
			} {
				large, ok := errors.AsType[*entable.ItemTooLargeError](err)
				if !ok || large.Size != limit+1 || large.Max != limit || large.Key != fmt.Sprintf(`pk="BI#%d" sk="A"`, i) {
					t.Errorf("%s of %d bytes: %v", name, limit+1, err)
				}
			}
			if s.Spy.Sent("") != 0 {
				t.Errorf("%d requests were sent", s.Spy.Sent(""))
			}
		}
	})
}

// What a program meets that reads all of a table past the library: its own items are told from those of others,
// whole or by their keys.
func TestOwnItems(t *testing.T) {
	type member struct {
		ID    string `dynamodbav:"id"`
		Email string `dynamodbav:"email" entable:"unique"`
	}
	for name, opts := range map[string][]entable.TableOption{
		"typed": nil, "without types": {entable.NoDiscriminator()}, "other attribute": {entable.Discriminator("kind")},
		"number as sort key": {entable.SortKey("sk", types.ScalarAttributeTypeN)},
	} {
		t.Run(name, func(t *testing.T) {
			s := onMemory(t)
			table := s.NewTable(opts...)
			sort := []entable.EntityOption{}
			if name == "number as sort key" {
				sort = append(sort, entable.SK("n"))
			}
			type numbered struct {
				member
				N int `dynamodbav:"n"`
			}
			members := entable.Register[numbered](table, append(sort, entable.PK("id"))...)
			check(t, table.Verify(t.Context()))
			check(t, members.Put(t.Context(), &numbered{member: member{ID: "1", Email: "a@example.org"}}))
			out, err := s.SDK.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(table.Name())})
			check(t, err)
			own := 0
			for _, item := range out.Items {
				keys := map[string]types.AttributeValue{"pk": item["pk"], "sk": item["sk"]}
				_, err := table.Decode(item)
				_, keysErr := table.Decode(keys)
				_, jsonErr := table.DecodeJSON([]byte(dynamoJSON(item)))
				if err == nil && keysErr == nil && jsonErr == nil {
					continue
				}
				own++
				_, fromErr := members.FromItem(item)
				for _, err := range []error{err, keysErr, jsonErr, fromErr} {
					if unknown, ok := errors.AsType[*entable.UnknownEntityError](err); !ok || !unknown.Own || !strings.HasSuffix(err.Error(), " is the library's own") {
						t.Errorf("%s: %v", dynamoJSON(item), err)
					}
				}
			}
			if own != 2 || len(out.Items) != 3 {
				t.Errorf("%d of %d items are the library's own, want 2 of 3", own, len(out.Items))
			}
			_, err = table.Decode(key("GHOST#1", "A"))
			if unknown, ok := errors.AsType[*entable.UnknownEntityError](err); !ok || unknown.Own {
				t.Errorf("an item of another program: %v", err)
			}
		})
	}
}

func TestDecodeJSON(t *testing.T) {
	table := entable.NewTable("parcels")
	parcels := declareParcels(table)
	v := parcel()
	item, err := parcels.ToItem(&v)
	check(t, err)
	text := []byte(" " + dynamoJSON(item) + "\n")
	got, err := table.DecodeJSON(text)
	check(t, err)
	clear(text) // the caller's again
	back := got.(*Parcel)
	back.Cached = v.Cached
	same(t, "from the bytes", *back, v)
	for _, text := range []string{"", "null", "5", "[]", "{", `{"pk":{"S":"PI#1"},"sk":{"S":"A"},"_type":{"S":"Parcel"}} x`, `{"pk":5}`} {
		if v, err := table.DecodeJSON([]byte(text)); !is[*entable.DecodeError](err) {
			t.Errorf("%q: %v, %v", text, v, err)
		}
	}
	if v, err := table.DecodeJSON([]byte("{}")); !is[*entable.UnknownEntityError](err) {
		t.Errorf("no attributes: %v, %v", v, err)
	}
}

func TestKeyOf(t *testing.T) {
	table := entable.NewTable("keys")
	registerTasks(table)
	entable.Register[embeddedKey](table, entable.Name("Embedded"))
	for _, v := range []any{Task{List: "a", N: 3, Text: "x", Tags: []string{"t"}}, &Task{List: "a", N: 3, Text: "x"}} {
		got, err := table.KeyOf(v)
		check(t, err)
		same(t, "key", got, any(&Task{List: "a", N: 3}))
	}
	for _, v := range []any{nil, (*Task)(nil), 5, Order{}, embeddedKey{}} {
		if got, err := table.KeyOf(v); err == nil || !entable.IsError(err) {
			t.Errorf("%T: %v, %v", v, got, err)
		}
	}
}
