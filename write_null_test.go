package entable_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/entable/entable"
)

// Pouch has fields whose nil is stored as NULL.
type Pouch struct {
	ID    string         `dynamodbav:"id"`
	Words []string       `dynamodbav:"words"`
	Tags  []string       `dynamodbav:"tags,stringset"`
	Nums  []int          `dynamodbav:"nums,numberset"`
	Count *int           `dynamodbav:"count"`
	Parts map[string]int `dynamodbav:"parts"`
	Inner *PouchInner    `dynamodbav:"inner"`
	Any   any            `dynamodbav:"any"`
	Name  string         `dynamodbav:"name,nullempty"`
	N     int            `dynamodbav:"n"`
}

type PouchInner struct {
	Words []string `dynamodbav:"words"`
	Count *int     `dynamodbav:"count"`
}

type pouchUpdate = *entable.Update[Pouch]

// NULL is as good as none to all methods of an update, however it is sent, and also where there is something.
func TestNullIsAbsent(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		pouches := entable.Register[Pouch](s.NewTable())
		ctx := t.Context()
		words := entable.Field(pouches, func(p *Pouch) *[]string { return &p.Words })
		two := 2
		for name, test := range map[string]struct {
			update func(u pouchUpdate) pouchUpdate
			null   Pouch          // what it makes of an item of nils
			full   func(p *Pouch) // and of one of values
		}{
			"append":          {func(u pouchUpdate) pouchUpdate { return u.Append("words", []string{"x"}) }, Pouch{Words: []string{"x"}}, func(p *Pouch) { p.Words = []string{"a", "x"} }},
			"prepend":         {func(u pouchUpdate) pouchUpdate { return u.Prepend("words", []string{"x"}) }, Pouch{Words: []string{"x"}}, func(p *Pouch) { p.Words = []string{"x", "a"} }},
			"by handle":       {func(u pouchUpdate) pouchUpdate { return u.Apply(words.Append([]string{"x"})) }, Pouch{Words: []string{"x"}}, func(p *Pouch) { p.Words = []string{"a", "x"} }},
			"add elements":    {func(u pouchUpdate) pouchUpdate { return u.Add("tags", []string{"x"}) }, Pouch{Tags: []string{"x"}}, func(p *Pouch) { p.Tags = []string{"a", "x"} }},
			"add numbers":     {func(u pouchUpdate) pouchUpdate { return u.Add("nums", []int{3}) }, Pouch{Nums: []int{3}}, func(p *Pouch) { p.Nums = []int{1, 3} }},
			"delete elements": {func(u pouchUpdate) pouchUpdate { return u.DeleteFromSet("tags", []string{"a"}) }, Pouch{}, func(p *Pouch) { p.Tags = nil }},
			"add":             {func(u pouchUpdate) pouchUpdate { return u.Add("count", 2) }, Pouch{Count: &two}, func(p *Pouch) { p.Count = new(3) }},
			"subtract":        {func(u pouchUpdate) pouchUpdate { return u.Subtract("count", 2) }, Pouch{Count: new(-2)}, func(p *Pouch) { p.Count = new(-1) }},
			"add to any":      {func(u pouchUpdate) pouchUpdate { return u.Add("any", 2) }, Pouch{Any: 2.0}, func(p *Pouch) { p.Any = 3.0 }},
			"if absent":       {func(u pouchUpdate) pouchUpdate { return u.SetIfAbsent("words", []string{"x"}) }, Pouch{Words: []string{"x"}}, func(*Pouch) {}},
			"text if absent":  {func(u pouchUpdate) pouchUpdate { return u.SetIfAbsent("name", "x") }, Pouch{Name: "x"}, func(*Pouch) {}},
			"set":             {func(u pouchUpdate) pouchUpdate { return u.Set("words", []string{"x"}) }, Pouch{Words: []string{"x"}}, func(p *Pouch) { p.Words = []string{"x"} }},
			"remove":          {func(u pouchUpdate) pouchUpdate { return u.Remove("words", "parts", "inner") }, Pouch{}, func(p *Pouch) { p.Words, p.Parts, p.Inner = nil, nil, nil }},
			"remove parts":    {func(u pouchUpdate) pouchUpdate { return u.Remove("parts.a", "inner.count", "words[0]") }, Pouch{}, func(p *Pouch) { delete(p.Parts, "a"); p.Inner.Count, p.Words = nil, nil }},
			"make a map": {func(u pouchUpdate) pouchUpdate {
				return u.SetIfAbsent("parts", map[string]int{}).Add("parts.a", 2).Set("n", 1)
			},
				Pouch{Parts: map[string]int{"a": 2}, N: 1}, func(p *Pouch) { p.Parts["a"], p.N = 3, 1 }},
			"make a struct": {func(u pouchUpdate) pouchUpdate {
				return u.SetIfAbsent("inner", PouchInner{Words: []string{"i"}}).Add("inner.count", 2).Append("inner.words", []string{"x"})
			}, Pouch{Inner: &PouchInner{[]string{"i", "x"}, &two}}, func(p *Pouch) { p.Inner.Words, p.Inner.Count = []string{"b", "x"}, new(3) }},
			"NULL within": {func(u pouchUpdate) pouchUpdate {
				return u.SetIfAbsent("inner", PouchInner{}).Append("inner.words", []string{"x"})
			},
				Pouch{Inner: &PouchInner{Words: []string{"x"}}}, func(p *Pouch) { p.Inner.Words = []string{"b", "x"} }},
			"several": {func(u pouchUpdate) pouchUpdate {
				return u.Append("words", []string{"x"}).Add("tags", []string{"x"}).Add("n", 2)
			},
				Pouch{Words: []string{"x"}, Tags: []string{"x"}, N: 2}, func(p *Pouch) { p.Words, p.Tags, p.N = []string{"a", "x"}, []string{"a", "x"}, 2 }},
		} {
			null := func() Pouch { return Pouch{ID: "null"} }
			full := func() Pouch {
				return Pouch{ID: "full", Words: []string{"a"}, Tags: []string{"a"}, Nums: []int{1}, Count: new(1), Parts: map[string]int{"a": 1},
					Inner: &PouchInner{[]string{"b"}, new(1)}, Any: 1.0, Name: "a"}
			}
			for how, send := range map[string]func(v *Pouch) error{
				"by key":         func(v *Pouch) error { return test.update(pouches.Update(*v)).Do(ctx) },
				"once":           func(v *Pouch) error { return test.update(pouches.Update(*v)).Once().Do(ctx) },
				"upsert":         func(v *Pouch) error { return test.update(pouches.Update(*v).Upsert()).Do(ctx) },
				"transaction":    func(v *Pouch) error { return entable.Transact(ctx, []entable.Write{test.update(pouches.Update(*v))}) },
				"batch":          func(v *Pouch) error { return entable.BatchWrite(ctx, []entable.Write{test.update(pouches.Update(*v))}) },
				"patch":          func(v *Pouch) error { return test.update(pouches.Patch(v)).Do(ctx) },
				"patch together": func(v *Pouch) error { return entable.Transact(ctx, []entable.Write{test.update(pouches.Patch(v))}) },
				"another fills it": func(v *Pouch) error {
					return test.update(pouches.Update(*v)).If(expression.AttributeExists(expression.Name("id"))).Do(ctx)
				},
			} {
				for _, was := range []func() Pouch{null, full} {
					v := was()
					what := fmt.Sprintf("%s, %s of %s", name, how, v.ID)
					check(t, pouches.Put(ctx, &v))
					if err := send(&v); err != nil {
						t.Errorf("%s: %v", what, err)
						continue
					}
					got, err := pouches.Get(ctx, v)
					check(t, err)
					want := test.null
					if want.ID = v.ID; v.ID == "full" {
						want = full()
						test.full(&want)
					}
					same(t, what, show(got), show(&want))
					if strings.HasPrefix(how, "patch") {
						same(t, what+", the caller's", show(&v), show(&want))
					}
				}
			}
		}
	})
}

// show is a pouch in which nil and empty are the same.
func show(p *Pouch) string {
	count := func(n *int) string {
		if n == nil {
			return "none"
		}
		return fmt.Sprint(*n)
	}
	inner := "none"
	if p.Inner != nil {
		inner = fmt.Sprint(p.Inner.Words, count(p.Inner.Count))
	}
	return fmt.Sprint(p.ID, p.Words, p.Tags, p.Nums, count(p.Count), p.Parts, inner, p.Any, p.Name, p.N)
}

// What a path leads through must be there or be made; the error says which, and how.
func TestPathsThroughNothing(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		pouches := entable.Register[Pouch](s.NewTable())
		ctx := t.Context()
		v := Pouch{ID: "1", Any: "text"}
		check(t, pouches.Put(ctx, &v))
		for what, test := range map[string]struct {
			u    pouchUpdate
			want string
		}{
			"a map":    {pouches.Update(v).Set("parts.a", 1), `attribute parts.a: the item has no "parts": make it in the same update, with SetIfAbsent("parts", …)`},
			"a struct": {pouches.Update(v).Add("inner.count", 1), `attribute inner.count: the item has no "inner": make it in the same update, with SetIfAbsent("inner", …)`},
			"a list":   {pouches.Patch(&v).Set("words[0]", "x"), `attribute words[0]: the item has no "words": make it in the same update, with SetIfAbsent("words", …)`},
			"a text":   {pouches.Update(v).Set("any.x", 1), `attribute any.x: the path leads nowhere in the item: "any" is stored as S`},
			"a user's": {pouches.Update(v).Set(entable.Path("parts", "a.b"), 1), `attribute parts.a.b: the item has no "parts": make it in the same update, with SetIfAbsent("parts", …)`},
		} {
			for how, err := range map[string]error{"alone": test.u.Do(ctx), "together": entable.Transact(ctx, []entable.Write{test.u})} {
				if err == nil || !entable.IsError(err) || !strings.Contains(err.Error(), test.want) {
					t.Errorf("%s, %s: %v, want %s", what, how, err, test.want)
				}
			}
		}
		if err := pouches.Update(Pouch{ID: "none"}).Set("parts.a", 1).Do(ctx); !errors.Is(err, entable.ErrNotFound) {
			t.Errorf("of no item: %v", err)
		}
		// A condition of the caller's that fails is told, whether the guards hold or not.
		no := expression.Name("n").Equal(expression.Value(1))
		for _, u := range []pouchUpdate{pouches.Update(v).If(no).Append("words", []string{"x"}), pouches.Update(v).If(no).Add("n", 1)} {
			s.Spy.Reset()
			if err := u.Do(ctx); !is[*entable.ConditionFailedError](err) || s.Spy.Sent("UpdateItem") > 2 {
				t.Errorf("%d requests, %v", s.Spy.Sent("UpdateItem"), err)
			}
		}
		got, err := pouches.Get(ctx, v)
		if check(t, err); show(got) != show(&Pouch{ID: "1", Any: "text"}) {
			t.Errorf("stored %+v", got)
		}
	})
}

// To conditions on handles NULL is none.
func TestConditionsOnNull(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		pouches := entable.Register[Pouch](s.NewTable())
		ctx := t.Context()
		words := entable.Field(pouches, func(p *Pouch) *[]string { return &p.Words })
		count := entable.Field(pouches, func(p *Pouch) **int { return &p.Count })
		name := entable.Field(pouches, func(p *Pouch) *string { return &p.Name })
		inner := entable.Field(pouches, func(p *Pouch) *[]string { return &p.Inner.Words })
		check(t, pouches.Put(ctx, &Pouch{ID: "null"}))
		check(t, pouches.Put(ctx, &Pouch{ID: "full", Words: []string{}, Count: new(0), Name: "x", Inner: &PouchInner{Words: []string{"a"}}}))
		check(t, pouches.Put(ctx, &Pouch{ID: "none"}))
		check(t, pouches.Update(Pouch{ID: "none"}).Remove("words", "count", "name", "inner").Do(ctx))
		for what, test := range map[string][2]expression.ConditionBuilder{ // of an item with values, of one without
			"words": {words.Exists(), words.NotExists()},
			"count": {count.Exists(), count.NotExists()},
			"name":  {name.Exists(), name.NotExists()},
			"inner": {inner.Exists(), inner.NotExists()},
			"nil":   {count.NotEqual(nil), count.Equal(nil)},
			"empty": {words.NotEqual(nil), words.Equal(nil)},
		} {
			for id, filled := range map[string]bool{"null": false, "none": false, "full": true} {
				with, without := pouches.Update(Pouch{ID: id}).Set("n", 1).If(test[0]).Do(ctx), pouches.Update(Pouch{ID: id}).Set("n", 1).If(test[1]).Do(ctx)
				if (with == nil) != filled || (without == nil) == filled {
					t.Errorf("%s of %s: %v, %v", what, id, with, without)
				}
			}
		}
	})
}
