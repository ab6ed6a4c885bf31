package manifest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/entable/entable/internal/manifest"
)

// summary says what differs, and complains about a difference that does not say what it means.
func summary(t *testing.T, list []manifest.Difference) (out []string) {
	t.Helper()
	for _, d := range list {
		if d.Effect == "" || d.Cure == "" {
			t.Errorf("no effect or no cure: %+v", d)
		}
		out = append(out, fmt.Sprintf("%s: %s: %s -> %s", d.Where, d.What, d.Was, d.Is))
	}
	return out
}

func TestContradictions(t *testing.T) {
	for name, test := range map[string]struct {
		change func(table *manifest.Table, line, order *manifest.Entity)
		want   []string
	}{
		"none": {},
		"table": {func(table *manifest.Table, _, _ *manifest.Entity) {
			table.PK.Type, table.SK, table.Discriminator = "B", nil, ""
		}, []string{`table: partition key: "pk" (S) -> "pk" (B)`, `table: sort key: "sk" (S) -> `, `table: discriminator: "_type" -> `}},
		"encoding": {func(table *manifest.Table, _, _ *manifest.Entity) {
			table.Encoding = manifest.SDKDefaults
		}, []string{`table: encoding:  -> "SDK defaults"`}},
		"index": {func(table *manifest.Table, _, _ *manifest.Entity) {
			table.Indexes[0].SK[0].Type, table.Indexes[1].Kind = "S", manifest.Native
		}, []string{`index "gsi1": kind: global -> native`, `index "late": sort key: ["lsk" (N)] -> ["lsk" (S)]`}},
		"an index that holds less": {func(table *manifest.Table, _, _ *manifest.Entity) {
			table.Indexes[0].Projection = "KEYS_ONLY" // declared later than the service was told, perhaps
		}, nil},
		"prefix and separator": {func(_ *manifest.Table, line, _ *manifest.Entity) {
			line.PK.Prefix, line.PK.Separator = "LI", "|"
		}, []string{`Line: PK: prefix: "PI" -> "LI"`, `Line: PK: separator: "#" -> "|"`}},
		"order of components": {func(_ *manifest.Table, _, order *manifest.Entity) {
			slices.Reverse(order.SK.Segments)
		}, []string{`Order: SK: order of components: PY#{year}#{status} -> PY#{status}#{year}`}},
		"rendering": {func(_ *manifest.Table, line, order *manifest.Entity) {
			order.SK.Segments[0].Width, order.Indexes[1].SK.Segments[0].Layout, line.SK.Segments[1].Shards = 5, "", 8
		}, []string{`Line: SK: shards: 4 -> 8`, `Order: SK: width of "year": 4 -> 5`, `Order: index "gsi1": SK: layout of "at": "2006" -> `}},
		"expiry of another entity": {func(_ *manifest.Table, line, _ *manifest.Entity) {
			line.TTL = "until"
		}, []string{`Line: ttl: "expires" -> "until"`}},
		"names": {func(_ *manifest.Table, _, order *manifest.Entity) {
			order.Was, order.Origin = nil, ""
		}, []string{`Order: names: Order, Purchase -> Order`, `Order: oldest name: "Purchase" -> "Order"`}},
		"unique": {func(_ *manifest.Table, _, order *manifest.Entity) {
			order.Unique[0].Kind, order.Version = "int", "rev"
		}, []string{`Order: version: "v" -> "rev"`, `Order: unique "email": kind: text -> int`}},
	} {
		if got := summary(t, shop(nil).Contradictions(shop(test.change))); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
	two := shop(nil)
	one := manifest.New(two.Table, two.Entities[1:])
	one.Entities[0].Was = []string{"Purchase", "Line"}
	got := summary(t, two.Contradictions(one))
	if want := "Order: names: Order and Line, two entities -> one entity"; len(got) == 0 || got[0] != want {
		t.Errorf("two entities as one: got %q, want %q", got, want)
	}
}

func TestRemovalsAndAdditionsMirrorEachOther(t *testing.T) {
	less := shop(func(table *manifest.Table, _, order *manifest.Entity) {
		table.Indexes = table.Indexes[:2]
		order.Indexes, order.Unique, order.TTL, order.Version, order.Schema = order.Indexes[:1], nil, "", "", 1
	})
	all, less := shop(nil), manifest.New(less.Table, less.Entities[1:])
	wantRemoved := []string{
		`table: index: "area" -> `, "Line: entity: registered -> ", `Order: index "area": declared -> `, `Order: index "gsi1": declared -> `,
		`Order: unique "email": declared -> `, "Order: ttl: declared -> ", "Order: version: declared -> ", "Order: upgrades: 2 -> ",
	}
	if got := summary(t, all.Removals(less)); !slices.Equal(got, wantRemoved) {
		t.Errorf("removals: got %q, want %q", got, wantRemoved)
	}
	wantAdded := []string{
		`table: index:  -> "area"`, "Line: entity:  -> registered", `Order: index "area":  -> declared`, `Order: index "gsi1":  -> declared`,
		`Order: unique "email":  -> declared`, "Order: ttl:  -> declared", "Order: version:  -> declared", "Order: upgrades:  -> 2",
	}
	if got := summary(t, less.Additions(all)); !slices.Equal(got, wantAdded) {
		t.Errorf("additions: got %q, want %q", got, wantAdded)
	}
	// Neither is a contradiction, and what is marked as removed is not missed again.
	marked := all.Extended(less, true)
	if got := slices.Concat(all.Contradictions(less), less.Contradictions(all), marked.Removals(less), marked.Additions(less)); len(got) > 0 {
		t.Errorf("got %+v", got)
	}
	if got := summary(t, marked.Additions(all)); !slices.Equal(got, wantAdded) {
		t.Errorf("declared again: got %q, want %q", got, wantAdded)
	}
}

// An index is not changed in place: one that is said to hold more than it was made with would give parts of items for wholes.
func TestProjections(t *testing.T) {
	with := func(projection string, include ...string) *manifest.Manifest {
		return parse(t, shop(func(table *manifest.Table, _, _ *manifest.Entity) {
			table.Indexes[1].Projection, table.Indexes[1].Include = projection, include
		}))
	}
	all, keys, some, more := with(""), with("KEYS_ONLY"), with("INCLUDE", "note"), with("INCLUDE", "note", "total")
	for _, test := range []struct {
		was, is            *manifest.Manifest
		contradicts, added string
	}{
		{all, all, "", ""},
		{keys, keys, "", ""},
		{more, more, "", ""},
		{keys, all, `index "gsi1": projection: keys -> all`, `index "gsi1": projection:  -> all`},
		{some, all, `index "gsi1": projection: keys and ["note"] -> all`, `index "gsi1": projection:  -> all`},
		{keys, some, `index "gsi1": projection: keys -> keys and ["note"]`, `index "gsi1": projection:  -> keys and ["note"]`},
		{some, more, `index "gsi1": projection: keys and ["note"] -> keys and ["note" "total"]`, `index "gsi1": projection:  -> keys and ["note" "total"]`},
		{all, keys, "", `index "gsi1": projection:  -> keys`}, // a lock from before it was declared
		{all, some, "", `index "gsi1": projection:  -> keys and ["note"]`},
		{more, keys, "", `index "gsi1": projection:  -> keys`},
	} {
		contradictions := strings.Join(summary(t, test.was.Contradictions(test.is)), "; ")
		added := strings.Join(summary(t, test.was.Additions(test.is)), "; ")
		if contradictions != test.contradicts || added != test.added {
			t.Errorf("got %s and %s, want %s and %s", contradictions, added, test.contradicts, test.added)
		}
		if contradictions == "" && string(test.was.Extended(test.is, true).JSON()) != string(test.is.JSON()) {
			t.Errorf("the extension is not what is declared: %s", test.was.Extended(test.is, true).JSON())
		}
	}
}
