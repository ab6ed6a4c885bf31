package manifest_test

import (
	"testing"

	"github.com/entable/entable/internal/manifest"
)

// An attribute that keys have in several places has to be known once.
func TestAccessesNameAttributesOnce(t *testing.T) {
	at := func(names ...string) manifest.Key {
		k := manifest.Key{Template: true}
		for _, name := range names {
			k.Segments = append(k.Segments, manifest.Segment{Attribute: name, Kind: "text"}, manifest.Segment{Literal: "#"})
		}
		return k
	}
	table := manifest.Table{PK: manifest.Attr{Name: "pk", Type: "S"}, SK: &manifest.Attr{Name: "sk", Type: "S"},
		Indexes: []manifest.Index{{Name: "gsi1", Kind: manifest.Global}}}
	m := manifest.New(table, []manifest.Entity{{Name: "Stay", PK: at("house", "day", "day"), SK: new(at("no", "house", "no")),
		Indexes: []manifest.EntityIndex{{Name: "gsi1", PK: new(at("day", "day")), SK: new(at("no", "no"))}}}})
	want := [][3]string{{"one Stay", "house, day, no", ""}, {"all Stay", "house, day", "no, house"}, {"all Stay", "day", "no"}}
	list := m.Accesses()
	if len(list) != len(want) {
		t.Fatalf("got %+v", list)
	}
	for i, a := range list {
		if got := [3]string{a.Read, a.Know, a.Order}; got != want[i] {
			t.Errorf("got %q, want %q", got, want[i])
		}
	}
}
