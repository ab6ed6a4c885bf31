package entable_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

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
		books := entable.Register[Book](s.NewTable())
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
			s.Spy.Reset()
			if err := books.Update(v).Remove(bad).Do(ctx); !entable.IsError(err) || s.Spy.Sent("") > 0 {
				t.Errorf("path %q: error %v after %d requests", bad, err, s.Spy.Sent(""))
			}
		}
	})
}

// Handles reach the entries of maps and the elements of lists, whatever the keys are.
func TestHandlesWithin(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		type Level2 struct {
			Marks map[time.Weekday]*addressOf `dynamodbav:"marks"`
		}
		type Atlas struct {
			ID    string               `dynamodbav:"id"`
			Addr  map[string]addressOf `dynamodbav:"addr"`
			Calls []map[string]int     `dynamodbav:"calls"`
			Deep  *Level2              `dynamodbav:"deep,omitempty"`
			Tags  map[float64][]string `dynamodbav:"tags"`
		}
		atlases := entable.Register[Atlas](s.NewTable())
		ctx := t.Context()
		addr := entable.Field(atlases, func(a *Atlas) *map[string]addressOf { return &a.Addr })
		calls := entable.Field(atlases, func(a *Atlas) *[]map[string]int { return &a.Calls })
		marks := entable.Field(atlases, func(a *Atlas) *map[time.Weekday]*addressOf { return &a.Deep.Marks })
		tags := entable.Field(atlases, func(a *Atlas) *map[float64][]string { return &a.Tags })
		city := func(a *addressOf) *string { return &a.City }
		v := Atlas{ID: "1", Addr: map[string]addressOf{"home": {"Ulm"}, "a.b": {"Kiel"}}, Calls: []map[string]int{{"x": 1}, {"y.z": 2}},
			Deep: &Level2{map[time.Weekday]*addressOf{time.Friday: {"Bonn"}}}, Tags: map[float64][]string{1.5: {"t"}}}
		check(t, atlases.Put(ctx, &v))

		friday := entable.Within(entable.Entry(marks, time.Friday), func(a **addressOf) *string { return &(*a).City })
		got, err := atlases.Update(v).Apply(
			entable.Within(entable.Entry(addr, "a.b"), city).Set("Köln"),
			entable.Entry(addr, "ne w").Set(addressOf{"Rom"}),
			entable.Entry(entable.Element(calls, 1), "y.z").Add(3),
			entable.Element(calls, 0).Remove(),
			friday.Set("Bern"),
			entable.Entry(tags, 1.5).Append([]string{"u"}),
		).If(entable.Within(entable.Entry(addr, "home"), city).Equal("Ulm")).If(friday.BeginsWith("Bo")).If(entable.Entry(addr, "none").NotExists()).
			If(entable.Entry(entable.Element(calls, 0), "x").Between(0, 2)).Updated(ctx)
		check(t, err)
		want := Atlas{ID: "1", Addr: map[string]addressOf{"home": {"Ulm"}, "a.b": {"Köln"}, "ne w": {"Rom"}}, Calls: []map[string]int{{"y.z": 5}},
			Deep: &Level2{map[time.Weekday]*addressOf{time.Friday: {"Bern"}}}, Tags: map[float64][]string{1.5: {"t", "u"}}}
		same(t, "the item", *got, want)

		s.Spy.Reset()
		bad := entable.Entry(addr, "a[0]")
		for what, err := range map[string]error{
			"a key with brackets": atlases.Update(v).Apply(bad.Set(addressOf{})).Do(ctx),
			"within it":           atlases.Update(v).Apply(entable.Within(bad, city).Remove()).Do(ctx),
			"an empty key":        atlases.Update(v).Apply(entable.Entry(addr, "").Remove()).Do(ctx),
			"no number":           atlases.Update(v).Apply(entable.Entry(tags, math.NaN()).Remove()).Do(ctx),
			"no element":          atlases.Update(v).Apply(entable.Element(calls, -1).Remove()).Do(ctx),
			"in Equal":            atlases.Delete(ctx, v, entable.If(entable.Within(bad, city).Equal("x"))),
			"in Exists":           atlases.Delete(ctx, v, entable.If(bad.Exists())),
			"in NotExists":        atlases.Delete(ctx, v, entable.If(expression.Not(bad.NotExists()))),
			"in BeginsWith":       atlases.Delete(ctx, v, entable.If(entable.Within(bad, city).BeginsWith("x"))),
			"in Contains":         atlases.Delete(ctx, v, entable.If(bad.Contains("x"))),
			"in In":               atlases.Delete(ctx, v, entable.If(entable.Within(bad, city).In("x", "y"))),
		} {
			if !entable.IsError(err) || s.Spy.Sent("") > 0 {
				t.Errorf("%s: error %v after %d requests", what, err, s.Spy.Sent(""))
			}
			if strings.Contains(what, "in ") && !strings.Contains(err.Error(), `"a[0]"`) {
				t.Errorf("%s: error %v does not say why", what, err)
			}
		}
		func() {
			defer func() {
				if _, ok := recover().(*entable.DeclarationError); !ok {
					t.Error("a field of another struct is accepted")
				}
			}()
			other := "x"
			entable.Within(entable.Entry(addr, "home"), func(*addressOf) *string { return &other })
		}()
	})
}

// The attributes of a rest field can be named, those that the library stores items with cannot.
func TestPathsOfTheRest(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		type Loose struct {
			ID   string         `dynamodbav:"id"`
			More map[string]any `dynamodbav:"-" entable:"rest"`
		}
		loose := entable.Register[Loose](s.NewTable(entable.GSI("gsi1")), entable.Name("Loose"))
		v := Loose{ID: "1"}
		check(t, loose.Put(t.Context(), &v))
		check(t, loose.Patch(&v).Set(entable.Path("a.b"), "x").Do(t.Context()))
		if v.More["a.b"] == nil || len(v.More) != 1 {
			t.Errorf("stored %v", v.More)
		}
		for _, name := range []string{"pk", "sk", "_type", "gsi1pk", "gsi1sk"} {
			s.Spy.Reset()
			if err := loose.Update(v).Set(entable.Path(name), "x").Do(t.Context()); !entable.IsError(err) || s.Spy.Sent("") > 0 {
				t.Errorf("%s: error %v", name, err)
			}
		}
	})
}
