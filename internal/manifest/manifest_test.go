package manifest_test

import (
	"strings"
	"testing"

	"github.com/entable/entable/internal/manifest"
)

func attribute(name string) manifest.Segment {
	return manifest.Segment{Attribute: name, Kind: "text"}
}

func key(prefix string, segments ...manifest.Segment) manifest.Key {
	return manifest.Key{Prefix: prefix, Separator: "#", Segments: segments}
}

// shop returns the manifest of lines and orders that share partitions; change may depart from it.
func shop(change func(table *manifest.Table, line, order *manifest.Entity)) *manifest.Manifest {
	table := manifest.Table{
		PK: manifest.Attr{Name: "pk", Type: "S"}, SK: &manifest.Attr{Name: "sk", Type: "S"}, Discriminator: "_type",
		Indexes: []manifest.Index{
			{Name: "late", Kind: manifest.Local, SK: []manifest.Attr{{Name: "lsk", Type: "N"}}},
			{Name: "gsi1", Kind: manifest.Global, PK: []manifest.Attr{{Name: "gpk", Type: "S"}}, SK: []manifest.Attr{{Name: "gsk", Type: "S"}}},
			{Name: "area", Kind: manifest.Native, PK: []manifest.Attr{{Name: "region", Type: "S"}}},
		},
	}
	order := manifest.Entity{
		Name: "Order", Was: []string{"Purchase"}, Origin: "Purchase", TTL: "expires", Version: "v", Schema: 2,
		PK: key("PI", attribute("id")),
		SK: new(key("PY", manifest.Segment{Attribute: "year", Kind: "int", Width: 4}, attribute("status"))),
		Indexes: []manifest.EntityIndex{
			{Name: "late", SK: &manifest.Key{Segments: []manifest.Segment{{Attribute: "at", Kind: "unixtime"}}}},
			{Name: "gsi1", PK: new(key("PS", attribute("status"))), SK: new(key("PA", manifest.Segment{Attribute: "at", Kind: "time", Layout: "2006"}))},
			{Name: "area"},
		},
		Unique: []manifest.Segment{attribute("email")},
	}
	line := manifest.Entity{
		Name:    "Line",
		PK:      key("PI", attribute("order")),
		SK:      new(key("", manifest.Segment{Literal: "LINE"}, manifest.Segment{Attribute: "id", Kind: "int", Shards: 4})),
		Indexes: []manifest.EntityIndex{{Name: "late", SK: &manifest.Key{Segments: []manifest.Segment{{Attribute: "due", Kind: "unixtime"}}}}},
	}
	if change != nil {
		change(&table, &line, &order)
	}
	return manifest.New(table, []manifest.Entity{order, line})
}

func parse(t *testing.T, m *manifest.Manifest) *manifest.Manifest {
	t.Helper()
	out, err := manifest.Parse(m.JSON())
	if err != nil {
		t.Fatalf("cannot parse: %v\n%s", err, m.JSON())
	}
	return out
}

func TestManifestsSurviveTheirJSON(t *testing.T) {
	m := shop(nil)
	if again := parse(t, m).JSON(); string(again) != string(m.JSON()) {
		t.Errorf("got %s\nwant %s", again, m.JSON())
	}
	empty := manifest.New(m.Table, nil)
	if text := string(empty.JSON()); !strings.Contains(text, `"entities": []`) {
		t.Errorf("without entities: %s", text)
	}
	other := shop(func(table *manifest.Table, _, order *manifest.Entity) {
		table.Indexes[0], table.Indexes[2] = table.Indexes[2], table.Indexes[0]
		order.Indexes[0], order.Indexes[1] = order.Indexes[1], order.Indexes[0]
	})
	if string(other.JSON()) != string(m.JSON()) {
		t.Errorf("the order of declaration is in the manifest:\n%s", other.JSON())
	}
}

func TestParseRefuses(t *testing.T) {
	const table = `{"version":1,"table":{"pk":{"name":"pk","type":"S"},"discriminator":""},"entities":`
	for text, want := range map[string]string{
		``:                                       "unexpected end of JSON input",
		`{"version":2}`:                          "it has version 2, and this program knows 1: use a newer entable",
		`{}`:                                     "it has no version, and is no manifest",
		`null`:                                   "it has no version, and is no manifest",
		`{"version":1}`:                          "the table has no partition key",
		table + `[]}x`:                           "invalid character 'x' after top-level value",
		table + `[]} {}`:                         "invalid character '{' after top-level value",
		table + `[{"name":"A","colour":"red"}]}`: `json: unknown field "colour": use a newer entable`,
		table + `[{"name":"A","was":["B","A"]}]}`:                                   `two entities are called "A": take one of them out`,
		table + `[{"name":"A","pk":{"prefix":"A","prefix":"B"}}]}`:                  `"prefix" stands twice in one object: take out the one that is wrong`,
		table + `[{"name":"A","was":["Prefix"],"pk":{"prefix":"A","Prefix":"B"}}]}`: `"Prefix" stands twice in one object: take out the one that is wrong`,
		table + `[{"name":"A","sk":{}}]}`:                                           `entity "A": its sort key does not fit the table`,
		table + `[{"name":"A","moved":[{"pk":{},"sk":{}}]}]}`:                       `entity "A": its sort key does not fit the table`,
		table + `[{"name":"A"},{"name":"B"},{}]}`:                                   "an entity has an empty name",
		table + `[{"name":"A","schema":"1"}]}`:                                      "json: cannot unmarshal string into Go struct field Entity.entities.schema of type int",
		table + `[{"name":"B","was":["A"],"pk":{}}]}`:                               "",
	} {
		m, err := manifest.Parse([]byte(text))
		if got := message(err); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
		if err == nil {
			parse(t, m)
		}
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestKeysHavePatterns(t *testing.T) {
	m := shop(nil)
	order, line := &m.Entities[1], &m.Entities[0]
	for _, test := range []struct {
		entity     *manifest.Entity
		what, want string
	}{
		{order, "PK", "PI#{id}"},
		{order, "SK", "PY#{year}#{status}"},
		{order, `index "gsi1": SK`, "PA#{at}"},
		{order, `index "late": SK`, "{at}"},
		{order, `index "late": PK`, ""}, // the table's own
		{order, `index "area": PK`, ""}, // an attribute of the items
		{line, "SK", "LINE#{4 shards by id}"},
		{nil, "PK", ""},
	} {
		if got := test.entity.Key(test.what).String(); got != test.want {
			t.Errorf("%s: got %q, want %q", test.what, got, test.want)
		}
	}
	if order.OldestName() != "Purchase" || line.OldestName() != "Line" {
		t.Errorf("oldest names %q and %q", order.OldestName(), line.OldestName())
	}
}

// Whatever is parsed can be written, parsed again, compared, merged and described.
func FuzzParse(f *testing.F) {
	f.Add(shop(nil).JSON())
	f.Add(manifest.New(shop(nil).Table, nil).JSON())
	f.Add([]byte(`{"version":1,"table":{"pk":{"name":"p"},"indexes":[{},{}]},"entities":[{"name":"A","indexes":[{},{}],"unique":[{},{}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := manifest.Parse(text)
		if err != nil {
			return
		}
		again := parse(t, m)
		if string(again.JSON()) != string(m.JSON()) {
			t.Errorf("got %s\nwant %s", again.JSON(), m.JSON())
		}
		other := shop(nil)
		for _, pair := range [][2]*manifest.Manifest{{m, again}, {m, other}, {other, m}} {
			pair[0].Contradictions(pair[1])
			pair[0].Removals(pair[1])
			pair[0].Additions(pair[1])
			pair[0].Extended(pair[1], true).Mermaid()
			pair[0].Extended(pair[1], false).Markdown("shop")
		}
		m.Text("shop")
	})
}
