package schema_test

import (
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/entable/entable/internal/schema"
)

type Asking struct {
	Text  string    `dynamodbav:"text"`
	Int   int8      `dynamodbav:"int"`
	Uint  uint64    `dynamodbav:"uint"`
	Float float64   `dynamodbav:"float"`
	Bool  bool      `dynamodbav:"bool"`
	Bytes []byte    `dynamodbav:"bytes"`
	Array [2]byte   `dynamodbav:"array"`
	Time  time.Time `dynamodbav:"time"`
	Unix  time.Time `dynamodbav:"unix,unixtime"`
	Digit int       `dynamodbav:"digit,string"`
	Inner struct {
		Name string `dynamodbav:"name"`
	} `dynamodbav:"inner"`
}

// What is said of each kind of field is set, and read as it is said again.
func TestAskedFields(t *testing.T) {
	tpl := schema.Part{Kind: schema.TemplatePart, Text: "{inner.name}/{digit}"}
	e := register[Asking](t, newTable(t, decl()), schema.EntityDecl{
		PKs: pk(attrs("text", "int", "uint", "float", "bool", "bytes", "array", "time", "unix")...), SKs: sk(tpl),
	})
	hash, rang := e.Asks("")
	asked := map[string]schema.Asked{}
	var order []string
	for _, a := range append(hash, rang...) {
		asked[a.Path()] = a
		order = append(order, a.Path())
	}
	if got := strings.Join(order, " "); got != "text int uint float bool bytes array time unix inner.name digit" {
		t.Fatalf("asked for %s", got)
	}
	v := &Asking{}
	for _, c := range []struct{ path, says, again string }{
		{"text", " a#b ", " a#b "}, {"int", " -7 ", "-7"}, {"uint", "18446744073709551615", "18446744073709551615"}, {"float", "2.5", "2.5"},
		{"bool", "true", "true"}, {"bytes", "0x00ff", "AP8="}, {"bytes", "AP8=", "AP8="}, {"array", "0x0102", "AQI="},
		{"time", "2026-01-02", "2026-01-02T00:00:00Z"}, {"time", "2026-01-02T03:04:05.678+01:00", "2026-01-02T03:04:05.678+01:00"},
		{"unix", "2026-01-02 03:04:05", "2026-01-02T03:04:05Z"}, {"inner.name", "n", "n"}, {"digit", "12", "12"},
	} {
		check(t, asked[c.path].Set(unsafe.Pointer(v), c.says))
		got := asked[c.path].Text(unsafe.Pointer(v))
		if c.path == "unix" {
			at, err := time.Parse(time.RFC3339, got)
			check(t, err)
			got = at.UTC().Format(time.RFC3339)
		}
		if got != c.again {
			t.Errorf("%s: %q was set to %q", c.path, c.says, got)
		}
	}
	for path, wrong := range map[string]string{
		"int": "128", "uint": "-1", "float": "x", "bool": "maybe", "bytes": "?", "array": "0x010203", "time": "soon", "digit": "1.5",
	} {
		if err := asked[path].Set(unsafe.Pointer(&Asking{}), wrong); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s takes %q: %v", path, wrong, err)
		}
	}
	if pk, sk := e.Asks("none"); pk != nil || sk != nil {
		t.Error("an index that is not there asks for something")
	}
}

// The fields of a shard's number and of what is derived are asked for by their own names.
func TestAskedSources(t *testing.T) {
	d := decl()
	d.Indexes = []schema.IndexDecl{{Name: "own", MultiAttribute: true, Hash: []schema.Attr{text("kind")}, Range: []schema.Attr{number("no")}}}
	e := register[Event](t, newTable(t, d), schema.EntityDecl{
		PKs: pk(schema.Part{Text: "org"}, schema.Part{Kind: schema.ShardsPart, Text: "no", Shards: 4}), SKs: sk(attrs("month")...),
		Joins:   []schema.JoinDecl{{Index: "own"}},
		Derived: []schema.DerivedDecl{{Name: "month", Sources: []string{"kind", "no"}, Type: typeOf[Event](), Of: func(p unsafe.Pointer) string { return (*Event)(p).Kind[:1] }}},
	})
	list := func(index string) string {
		var out []string
		pk, sk := e.Asks(index)
		for _, a := range append(pk, sk...) {
			out = append(out, a.Path()+":"+a.Component())
		}
		return strings.Join(out, " ")
	}
	if got := list(""); got != "org:org kind:month no:month" {
		t.Errorf("the table asks for %s", got)
	}
	if got := list("own"); got != "kind:kind no:no" {
		t.Errorf("the index asks for %s", got)
	}
}
