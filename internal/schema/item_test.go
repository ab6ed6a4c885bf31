package schema_test

import (
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
)

type Song struct {
	Album string         `dynamodbav:"album"`
	No    int            `dynamodbav:"no"`
	Title string         `dynamodbav:"title,omitempty" entable:"unique"`
	More  map[string]any `dynamodbav:"-" entable:"rest"`
}

func songs(t testing.TB) (*schema.Table, *schema.Entity) {
	d := decl()
	d.Indexes = []schema.IndexDecl{{Name: "gsi", PK: text("gpk"), SK: text("gsk")}}
	table := newTable(t, d)
	return table, register[Song](t, table, schema.EntityDecl{
		PKs: pk(attrs("album")...), SKs: sk(attrs("no")...),
		Joins: []schema.JoinDecl{{Index: "gsi", Keys: append(pk(attrs("title")...), sk(attrs("album")...)...)}},
	})
}

const storedSong = `{"pk":{"S":"SA#a%23b"},"sk":{"S":"SN#0000000000000000007"},"_type":{"S":"Song"},` +
	`"gpk":{"S":"ST#x"},"gsk":{"S":"SA#a%23b"},"album":{"S":"a#b"},"no":{"N":"7"},"title":{"S":"x"},"extra":{"S":"y"}}`

func TestItemsAndBack(t *testing.T) {
	table, e := songs(t)
	other := register[plain](t, table, schema.EntityDecl{})
	song := Song{Album: "a#b", No: 7, Title: "x", More: map[string]any{"extra": &types.AttributeValueMemberS{Value: "y"}}}
	if got := encoded(t, e, song); got != storedSong {
		t.Errorf("encoded\n%s, want\n%s", got, storedSong)
	}
	for _, test := range []struct {
		json string
		want *Song
		err  string
	}{
		{storedSong, &song, ""},
		{`{"sk":{"S":"SN#0000000000000000007"},"pk":{"S":"SA#a%23b"}}`, &Song{Album: "a#b", No: 7}, ""}, // keys only
		{`{"pk":{"S":"X#1"},"sk":{"S":"A"},"_type":{"S":"Sung"}}`, nil, "things"},
		{`{"pk":{"S":"SA#1"},"sk":{"S":"X"}}`, nil, "things"},
		{`{"pk":{"S":"SA#1"},"sk":{"S":"A"},"_type":{"N":"1"}}`, nil, `things: attribute _type: cannot read the type from {"N":"1"}`},
	} {
		for _, want := range []*schema.Entity{nil, e, other} { // a hint changes nothing
			d := table.Decode(wire.NewReader([]byte(test.json)), want, nil, nil)
			switch {
			case test.want != nil && (d.Err != nil || d.Entity != e || !reflect.DeepEqual(d.Value, test.want)):
				t.Errorf("%s: %+v, %v", test.json, d.Value, d.Err)
			case test.want == nil && d.Err == nil:
				t.Errorf("%s: %v", test.json, d.Value)
			case test.want == nil && test.err == "things":
				checkFault(t, d.Err, schema.UnknownItem, test.err)
			case test.want == nil && want == nil:
				checkFault(t, d.Err, schema.WrongItem, test.err)
			}
		}
	}
	if d := table.DecodeAs(wire.NewReader([]byte(storedSong)), e, nil); d.Err != nil {
		t.Error(d.Err)
	}
	checkFault(t, table.DecodeAs(wire.NewReader([]byte(storedSong)), other, nil).Err, schema.UnknownItem, "things")
	d := table.Decode(wire.NewReader([]byte(`{"pk":{"S":"SA#1"},"sk":{"S":"A"},"_type":{"S":"Song"},"no":{"S":"z"}}`)), nil, nil, nil)
	if f, ok := d.Err.(*schema.Fault); !ok || f.Kind != schema.WrongItem || f.Key != `pk="SA#1" sk="A"` || f.Entity != "Song" {
		t.Errorf("%+v", d.Err)
	}
}

// All forms of a number are one item.
func TestIdentityOfNumbers(t *testing.T) {
	d := decl()
	d.PK, d.SK = number("pk"), schema.Attr{}
	table := newTable(t, d)
	id := func(n string) schema.ItemID {
		one, err := identityOf(table, `{"pk":{"N":"`+n+`"}}`)
		check(t, err)
		if two := table.Identity(item(t, `{"pk":{"N":"`+n+`"}}`)); one != two {
			t.Errorf("%s is %v and %v", n, one, two)
		}
		return one
	}
	for _, same := range [][]string{{"1000000", "1e+06", "1E6", "1000000.0", "10e5"}, {"0", "-0", "0.0", "0e9"}, {"-1.5", "-15e-1", "-1.50"}} {
		for _, n := range same[1:] {
			if id(n) != id(same[0]) {
				t.Errorf("%s is not %s", n, same[0])
			}
		}
	}
	if id("1") == id("10") || id("1") == id("-1") {
		t.Error("different numbers are one item")
	}
	if _, ok := table.EncodedIdentity([]byte(`{"pk":{"N":"1"}}`), 13); ok {
		t.Error("the bytes of a number are its identity")
	}
}

// identityOf returns the identity of an item that was read, not decoded.
func identityOf(table *schema.Table, item string) (schema.ItemID, error) {
	r := wire.NewReader([]byte(item))
	if _, err := r.Skip(); err != nil {
		return schema.ItemID{}, err
	}
	return table.IdentityOfRead(nil, r, 0)
}

// An item is the same one in whatever form its key is read: encoded here, as attribute values, or as somebody else has written it.
func TestIdentityOfTexts(t *testing.T) {
	binary := decl()
	binary.SK = schema.Attr{Name: "sk", Type: types.ScalarAttributeTypeB}
	alone := decl()
	alone.SK = schema.Attr{}
	for name, test := range map[string]struct {
		decl        schema.TableDecl
		here, there string // as encoded here, and as read
	}{
		"plain":         {decl(), `{"pk":{"S":"a"},"sk":{"S":"b"}}`, `{"no":{"N":"1"},"sk":{"S":"b"},"x":{"S":"y"},"pk":{"S":"a"}}`},
		"white space":   {decl(), `{"pk":{"S":"a"},"sk":{"S":"b"}}`, `{ "sk" : {"S" : "b"}, "pk": { "S":"a" } }`},
		"other escapes": {decl(), `{"pk":{"S":"a/\n"},"sk":{"S":"é\"\\"}}`, `{"pk":{"S":"\u0061\/\u000a"},"sk":{"S":"\u00e9\u0022\u005c"}}`},
		"no escapes":    {decl(), "{\"pk\":{\"S\":\"\u2028\x7f<\"},\"sk\":{\"S\":\"\"}}", "{\"sk\":{\"S\":\"\"},\"pk\":{\"S\":\"\u2028\x7f<\"}}"},
		"binary":        {binary, `{"pk":{"S":"a"},"sk":{"B":"AP8="}}`, `{"sk":{"B":"\u0041P8="},"pk":{"S":"a"}}`},
		"no sort key":   {alone, `{"pk":{"S":"a"}}`, `{"sk":{"S":"b"},"pk":{"S":"a"}}`},
	} {
		table := newTable(t, test.decl)
		want, ok := table.EncodedIdentity([]byte(test.here), len(test.here)-1)
		got, err := identityOf(table, test.there)
		if check(t, err); !ok || got != want {
			t.Errorf("%s: %q is %v, want %v", name, test.there, got, want)
		}
		if got := table.Identity(item(t, test.there)); got != want {
			t.Errorf("%s: attribute values are %v, want %v", name, got, want)
		}
	}
}

func TestJudge(t *testing.T) {
	table, _ := songs(t)
	for _, test := range []struct {
		name, change string // an attribute and its value, or none
		want         string
	}{
		{"", "", ""},
		{"_type", `{"S":"Sung"}`, "unknown item "},
		{"no", `{"S":"z"}`, "undecodable item "},
		{"no", `{"N":"8"}`, "wrong primary key sk"},
		{"album", `{"S":"b"}`, "wrong primary key pk"},
		{"gpk", `{"S":"ST#z"}`, "wrong index key gpk"},
		{"gsk", "", "wrong index key gsk"},
		{"_type", "", "wrong type _type"},
	} {
		it := item(t, storedSong)
		delete(it, test.name)
		if test.change != "" {
			v, err := wire.ReadValue([]byte(test.change))
			check(t, err)
			it[test.name] = v
		}
		got, v := "", table.Judge(it, nil)
		for _, f := range v.Found {
			got += f.Kind + " " + f.Attribute
		}
		if got != test.want {
			t.Errorf("%s=%s: %q, want %q", test.name, test.change, got, test.want)
		}
		if test.want == "" && (len(v.Claims) != 1 || v.Claims[0].Text != "_unique#Song#title#x") {
			t.Errorf("claims %v", v.Claims)
		}
	}
}

func TestGuards(t *testing.T) {
	table, e := songs(t)
	a, b, none := &Song{Album: "1", Title: "a"}, &Song{Album: "1", Title: "b"}, &Song{Album: "1"}
	key, err := e.KeyOf(unsafe.Pointer(a))
	check(t, err)
	for _, test := range []struct {
		old, now *Song
		want     string
	}{
		{nil, a, "+a"}, {a, nil, "-a"}, {a, b, "+b-a"}, {a, a, ""}, {none, b, "+b"}, {a, none, "-a"}, {nil, none, ""},
	} {
		guards, err := e.Guards(key, key.Attrs, unsafe.Pointer(test.old), unsafe.Pointer(test.now))
		check(t, err)
		var got strings.Builder
		for _, g := range guards {
			sign := "+"
			if g.Delete {
				sign = "-"
			}
			pk := schema.Text(g.Key["pk"])
			got.WriteString(sign + pk[len(pk)-1:])
			if found, u := table.UniqueOf(pk); found != e || u.Field.Name != "title" || schema.Text(g.Key["sk"]) != "A" {
				t.Errorf("%s is the sentinel of %v", pk, found)
			}
		}
		if got.String() != test.want {
			t.Errorf("guards %s, want %s", got.String(), test.want)
		}
	}
}

// A value in an interface may be nil all the same: that of a client, or of a program that makes items by hand.
func TestKeysOfNilValues(t *testing.T) {
	table, _ := songs(t)
	for _, v := range []types.AttributeValue{
		nil, (*types.AttributeValueMemberS)(nil), (*types.AttributeValueMemberN)(nil), (*types.AttributeValueMemberB)(nil), (*types.AttributeValueMemberL)(nil),
	} {
		item := map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "SA#1"}, "sk": v}
		if got := table.KeyText(item); !strings.HasPrefix(got, `pk="SA#1"`) {
			t.Errorf("%T: %s", v, got)
		}
		table.Identity(item)
	}
}
