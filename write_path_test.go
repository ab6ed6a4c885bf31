package entable_test

import (
	"testing"

	"github.com/entable/entable"
)

// Book has addresses by labels of its users.
type Book struct {
	ID    string               `dynamodbav:"id"`
	Addr  map[string]addressOf `dynamodbav:"addr"`
	Calls []map[string]int     `dynamodbav:"calls,omitempty"`
}

type addressOf struct {
	City string `dynamodbav:"city,omitempty"`
}

// A path that Path makes leads to the entry of that name and no other, whatever characters the name has.
func TestPathsOfUsersText(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		books := entable.Register[Book](s.newTable())
		ctx := t.Context()
		type label string
		for _, name := range []string{"home.city", "home", "a b", ".", "#x", ":v", "ä\x00\x00", "\x00", "select", "0"} {
			key := Book{ID: name}
			check(t, books.Put(ctx, &Book{ID: name, Addr: map[string]addressOf{"home": {"Ulm"}, "other": {"Kiel"}}}))
			check(t, books.Update(key).Set(entable.Path("addr", name), addressOf{"Bonn"}).Do(ctx))
			got, err := books.Update(key).Set(entable.Path("addr", label(name), "city"), "Köln").Updated(ctx)
			want := map[string]addressOf{"home": {"Ulm"}, "other": {"Kiel"}}
			want[name] = addressOf{"Köln"}
			check(t, err)
			if len(got.Addr) != len(want) || got.Addr[name] != want[name] || got.Addr["home"] != want["home"] {
				t.Errorf("%q: stored %v, want %v", name, got.Addr, want)
			}
			check(t, books.Patch(got).Remove(entable.Path("addr", name)).Do(ctx))
			delete(want, name)
			if _, there := got.Addr[name]; there || len(got.Addr) != len(want) {
				t.Errorf("%q: after the removal %v, want %v", name, got.Addr, want)
			}
		}
		v := Book{ID: "list", Calls: []map[string]int{{"a": 1}, {"a.b": 1}}}
		check(t, books.Put(ctx, &v))
		check(t, books.Patch(&v).Add(entable.Path("calls", 1, "a.b"), 1).Do(ctx))
		if v.Calls[1]["a.b"] != 2 {
			t.Errorf("stored %v", v.Calls)
		}
		for _, bad := range []string{
			entable.Path("addr", "a[0]"), entable.Path("addr", "a]"), entable.Path("addr", ""), entable.Path("addr", 1.5), entable.Path("addr", nil),
			entable.Path("calls", -1), entable.Path("calls", "a"), entable.Path("addr.home"), entable.Path(""), entable.Path("nothing"),
		} {
			s.spy.reset(nil)
			if err := books.Update(v).Remove(bad).Do(ctx); !entable.IsError(err) || s.spy.sent("") > 0 {
				t.Errorf("path %q: error %v after %d requests", bad, err, s.spy.sent(""))
			}
		}
	})
}

// The attributes of a rest field can be named, those that the library stores items with cannot.
func TestPathsOfTheRest(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		type Loose struct {
			ID   string         `dynamodbav:"id"`
			More map[string]any `dynamodbav:"-" entable:"rest"`
		}
		loose := entable.Register[Loose](s.newTable(entable.GSI("gsi1")), entable.Name("Loose"))
		v := Loose{ID: "1"}
		check(t, loose.Put(t.Context(), &v))
		check(t, loose.Patch(&v).Set(entable.Path("a.b"), "x").Do(t.Context()))
		if v.More["a.b"] == nil || len(v.More) != 1 {
			t.Errorf("stored %v", v.More)
		}
		for _, name := range []string{"pk", "sk", "_type", "gsi1pk", "gsi1sk"} {
			s.spy.reset(nil)
			if err := loose.Update(v).Set(entable.Path(name), "x").Do(t.Context()); !entable.IsError(err) || s.spy.sent("") > 0 {
				t.Errorf("%s: error %v", name, err)
			}
		}
	})
}
