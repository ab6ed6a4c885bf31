package manifest_test

import (
	"slices"
	"testing"

	"github.com/entable/entable/internal/manifest"
)

// named makes an entity whose keys have these prefixes, of attributes shop and no.
func named(name, pk, sk string) manifest.Entity {
	key := func(prefix, attr string) manifest.Key {
		return manifest.Key{Prefix: prefix, Separator: "#", Segments: []manifest.Segment{{Attribute: attr, Kind: "text"}}}
	}
	sort := key(sk, "no")
	return manifest.Entity{Name: name, PK: key(pk, "shop"), SK: &sort}
}

func TestRenames(t *testing.T) {
	table := manifest.Table{PK: manifest.Attr{Name: "pk", Type: "S"}, SK: &manifest.Attr{Name: "sk", Type: "S"}, Discriminator: "_type"}
	order := named("Order", "OS", "ON")
	for name, test := range map[string]struct {
		now  []manifest.Entity
		want []string
	}{
		"the same":                  {[]manifest.Entity{order}, nil},
		"renamed":                   {[]manifest.Entity{named("Purchase", "PS", "PN")}, []string{`Purchase: name: "Order", OS#{shop}, ON#{no} -> "Purchase", PS#{shop}, PN#{no}`}},
		"renamed, longer":           {[]manifest.Entity{named("Purchase", "PSH", "PNO")}, []string{`Purchase: name: "Order", OS#{shop}, ON#{no} -> "Purchase", PSH#{shop}, PNO#{no}`}},
		"renamed in a partition":    {[]manifest.Entity{named("Purchase", "OS", "PN")}, []string{`Purchase: name: "Order", OS#{shop}, ON#{no} -> "Purchase", OS#{shop}, PN#{no}`}},
		"renamed with Was":          {[]manifest.Entity{func() manifest.Entity { e := named("Purchase", "OS", "ON"); e.Was = []string{"Order"}; return e }()}, nil},
		"another beside it":         {[]manifest.Entity{order, named("Purchase", "PS", "PN")}, nil},
		"another, by its prefixes":  {[]manifest.Entity{named("Purchase", "BUY", "B")}, nil},
		"another, by one of them":   {[]manifest.Entity{named("Purchase", "PS", "LINE")}, nil},
		"another, by its version":   {[]manifest.Entity{func() manifest.Entity { e := named("Purchase", "PS", "PN"); e.Version = "v"; return e }()}, nil},
		"another, by its sort key":  {[]manifest.Entity{func() manifest.Entity { e := named("Purchase", "PS", "PN"); e.SK.Segments[0].Kind = "int"; return e }()}, nil},
		"another, without sort key": {[]manifest.Entity{func() manifest.Entity { e := named("Purchase", "PS", ""); e.SK = nil; return e }()}, nil},
	} {
		got := summary(t, manifest.New(table, []manifest.Entity{order}).Renames(manifest.New(table, test.now)))
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}
