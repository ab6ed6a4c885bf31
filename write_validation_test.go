package entable_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/go-playground/validator/v10"

	"github.com/entable/entable"
)

type line struct {
	SKU string `dynamodbav:"sku" validate:"required,uppercase"`
	Qty int    `dynamodbav:"qty" validate:"gt=0"`
}

// Invoice has rules at every depth.
type Invoice struct {
	ID     string          `dynamodbav:"id" validate:"required,max=10"`
	Status Status          `dynamodbav:"status" entable:"default=open" validate:"oneof=open paid"`
	Email  string          `dynamodbav:"mail,omitempty" validate:"omitempty,email"`
	Lines  []line          `dynamodbav:"lines" validate:"dive"`
	Ship   *line           `dynamodbav:"ship,omitempty"`
	ByName map[string]line `dynamodbav:"by_name,omitempty" validate:"dive"`
	NoTag  int             `validate:"lte=5"`
}

func TestValidation(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		invoices := entable.Register[Invoice](s.NewTable())
		valid := Invoice{ID: "1", Email: "a@b.example", Lines: []line{{"A", 1}}, Ship: &line{"B", 2}, ByName: map[string]line{"x": {"C", 3}}}
		check(t, invoices.Put(t.Context(), &valid)) // the default is filled in before
		for _, test := range []struct {
			change func(*Invoice)
			fields []entable.FieldError
		}{
			{func(v *Invoice) { v.Status = "lost" }, []entable.FieldError{{Attribute: "status", Rule: "oneof", Param: "open paid", Kind: "entable_test.Status"}}},
			{func(v *Invoice) { v.Email = "nobody" }, []entable.FieldError{{Attribute: "mail", Rule: "email", Kind: "string"}}},
			{func(v *Invoice) { v.NoTag = 6 }, []entable.FieldError{{Attribute: "NoTag", Rule: "lte", Param: "5", Kind: "int"}}},
			{func(v *Invoice) { v.Lines = []line{{"A", 1}, {"b", 0}} }, []entable.FieldError{
				{Attribute: "lines[1].sku", Rule: "uppercase", Kind: "string"}, {Attribute: "lines[1].qty", Rule: "gt", Param: "0", Kind: "int"}}},
			{func(v *Invoice) { v.Ship = &line{Qty: 1} }, []entable.FieldError{{Attribute: "ship.sku", Rule: "required", Kind: "string"}}},
			{func(v *Invoice) { v.ByName = map[string]line{"a b": {"A", 0}} }, []entable.FieldError{{Attribute: "by_name[a b].qty", Rule: "gt", Param: "0", Kind: "int"}}},
		} {
			v := valid
			test.change(&v)
			before := v
			s.Spy.Reset()
			err := invoices.Put(t.Context(), &v)
			invalid, ok := errors.AsType[*entable.ValidationError](err)
			if !ok || !entable.IsError(err) {
				t.Fatalf("error %v, want a *ValidationError", err)
			}
			for i := range invalid.Fields {
				invalid.Fields[i].JSON, invalid.Fields[i].Message = "", "" // see TestFieldErrorsForPeople
			}
			if invalid.Entity != "Invoice" || !reflect.DeepEqual(invalid.Fields, test.fields) {
				t.Errorf("the error is %+v, want %+v", invalid.Fields, test.fields)
			}
			if !is[validator.ValidationErrors](err) {
				t.Error("the validator's own error is not in the chain")
			}
			if s.Spy.Sent("") != 0 || !reflect.DeepEqual(v, before) {
				t.Errorf("%d requests were sent, the caller has %+v", s.Spy.Sent(""), v)
			}
		}
		err := invoices.Create(t.Context(), &Invoice{ID: strings.Repeat("x", 11), Lines: []line{{"a", -1}}})
		want := `entable: Invoice: invalid: attribute id: string value does not satisfy "max=10"; ` +
			`attribute lines[0].sku: string value does not satisfy "uppercase"; attribute lines[0].qty: int value does not satisfy "gt=0"`
		if err == nil || err.Error() != want {
			t.Errorf("error\n%v, want\n%s", err, want)
		}
	})
}

// What a form or the client of an API is told: its own names, and no others.
func TestFieldErrorsForPeople(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		type Part struct {
			Sku string `dynamodbav:"s" json:"sku" validate:"min=2"`
		}
		type Account struct {
			ID     string `dynamodbav:"id" json:"-" validate:"required"`
			Mail   string `dynamodbav:"em" json:"email,omitempty" validate:"email"`
			Parts  []Part `dynamodbav:"ps" json:"parts" validate:"dive"`
			Secret string `dynamodbav:"secret" json:"-" validate:"max=5"`
		}
		accounts := entable.Register[Account](s.NewTable())
		told := func(err error) (list []string) {
			invalid, ok := errors.AsType[*entable.ValidationError](err)
			if !ok {
				t.Fatalf("error %v, want a *ValidationError", err)
			}
			for _, f := range invalid.Fields {
				list = append(list, f.Attribute+", "+f.JSON+" "+f.Message)
			}
			return list
		}
		got := told(accounts.Put(t.Context(), &Account{ID: "1", Mail: "x", Parts: []Part{{"ab"}, {"a"}}, Secret: "123456"}))
		want := []string{"em, email must be an e-mail address", "ps[1].s, parts[1].sku must have at least 2 characters", "secret,  must have at most 5 characters"}
		if !slices.Equal(got, want) {
			t.Errorf("a put: %q, want %q", got, want)
		}
		check(t, accounts.Put(t.Context(), &Account{ID: "1", Mail: "a@b.example", Parts: []Part{{"ab"}}}))
		got = told(accounts.Update(Account{ID: "1"}).Set("ps[0].s", "a").Do(t.Context()))
		if want := []string{"ps[0].s, parts[0].sku must have at least 2 characters"}; !slices.Equal(got, want) {
			t.Errorf("an update: %q, want %q", got, want)
		}
		got = told(accounts.Update(Account{ID: "1"}).Append("ps", []Part{{"a"}}).Do(t.Context()))
		if len(got) != 1 || !strings.HasSuffix(got[0], "sku must have at least 2 characters") {
			t.Errorf("an append: %q", got)
		}
	})
}

// Stored items are never validated: old ones may break new rules.
func TestReadsDoNotValidate(t *testing.T) {
	s := onMemory(t)
	invoices := entable.Register[Invoice](s.NewTable())
	item := key("II#1", "A")
	item["_type"], item["id"], item["status"] = avS("Invoice"), avS("1"), avS("lost")
	s.Store(invoices.Table(), item)
	got, err := invoices.Get(t.Context(), Invoice{ID: "1"})
	check(t, err)
	if got.Status != "lost" {
		t.Errorf("read %+v", got)
	}
	if _, err := invoices.Query(Invoice{ID: "1"}).First(t.Context()); err != nil {
		t.Error(err)
	}
	check(t, invoices.Delete(t.Context(), *got))
}

// The path to an attribute does not depend on how the type is called.
func TestValidationOfGenericTypes(t *testing.T) {
	s := onMemory(t)
	type Wrapped[T any] struct {
		ID    string `dynamodbav:"id"`
		Value T      `dynamodbav:"value" validate:"required"`
	}
	items := entable.Register[Wrapped[Kind]](s.NewTable(), entable.Name("Wrapped"))
	err := items.Put(t.Context(), &Wrapped[Kind]{ID: "1"})
	if want := `entable: Wrapped: invalid: attribute value: entable_test.Kind value does not satisfy "required"`; err == nil || err.Error() != want {
		t.Errorf("error\n%v, want\n%s", err, want)
	}
}

// A validator of the user's own, with rules of its own.
func TestOwnValidator(t *testing.T) {
	type Even struct {
		ID string `dynamodbav:"id"`
		N  int    `dynamodbav:"n" validate:"even"`
	}
	if _, err := entable.TryRegister[Even](entable.NewTable("evens")); !is[*entable.DeclarationError](err) {
		t.Errorf("a rule that the package's validator does not know: %v", err)
	}
	v := validator.New()
	check(t, v.RegisterValidation("even", func(f validator.FieldLevel) bool { return f.Field().Int()%2 == 0 }))
	v.RegisterStructValidation(func(sl validator.StructLevel) {
		if e := sl.Current().Interface().(Even); e.ID == fmt.Sprint(e.N) {
			sl.ReportError(e.ID, "ID", "ID", "different", "")
		}
	}, Even{})
	s := onMemory(t)
	evens := entable.Register[Even](s.NewTable(entable.Validator(v)))
	check(t, evens.Put(t.Context(), &Even{"1", 2}))
	for _, test := range []struct {
		item Even
		want string
	}{
		{Even{"1", 3}, `entable: Even: invalid: attribute n: int value does not satisfy "even"`},
		{Even{"2", 2}, `entable: Even: invalid: attribute id: string value does not satisfy "different"`},
	} {
		if err := evens.Put(t.Context(), &test.item); err == nil || err.Error() != test.want {
			t.Errorf("error %v, want %s", err, test.want)
		}
	}
}

// Rated has rules that a value of another type than they are made for breaks, and rules behind an embedded struct.
type Rated struct {
	Rating
	ID    string      `dynamodbav:"id"`
	Any   any         `dynamodbav:"any,omitempty" validate:"omitempty,gte=3"`
	Held  any         `dynamodbav:"held,omitempty"`
	Inner Named[Kind] `dynamodbav:"inner"`
}

type Rating struct {
	Stars int `dynamodbav:"stars" validate:"gte=1,lte=5"`
}

type mistagged struct {
	X int `validate:"sparkle"`
}

type Named[T any] struct {
	Name T `dynamodbav:"name" validate:"required"`
}

// A rule that the validator cannot apply to a value, and one inside what is set, are broken on every write, and none panics.
func TestRulesOfOtherTypes(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		ctx := t.Context()
		rated := entable.Register[Rated](s.NewTable(), entable.PK("id"))
		valid := Rated{ID: "1", Rating: Rating{3}, Any: 3, Inner: Named[Kind]{"x"}}
		check(t, rated.Put(ctx, &valid))
		wrong := valid
		wrong.Any = true
		const broken = `entable: Rated: invalid: attribute any: bool value does not satisfy "gte=3"`
		for name, test := range map[string]struct {
			err  error
			want string
		}{
			"put":         {rated.Put(ctx, &wrong), broken},
			"create":      {rated.Create(ctx, &wrong), broken},
			"transaction": {entable.Transact(ctx, []entable.Write{rated.PutOp(&wrong)}), broken},
			"update":      {rated.Update(valid).Set("any", true).Do(ctx), broken},
			"patch":       {rated.Patch(new(valid)).Set("any", true).Do(ctx), broken},
			"changes":     {rated.SaveChanges(ctx, valid, &wrong), broken},
			"wrong tag":   {rated.Put(ctx, &Rated{ID: "1", Rating: valid.Rating, Inner: valid.Inner, Held: mistagged{}}), `entable: Rated: invalid: attribute held.X: int value does not satisfy "sparkle"`},
			"embedded":    {rated.Put(ctx, &Rated{ID: "1", Inner: valid.Inner}), `entable: Rated: invalid: attribute stars: int value does not satisfy "gte=1"`},
			"generic":     {rated.Put(ctx, &Rated{ID: "1", Rating: valid.Rating}), `entable: Rated: invalid: attribute inner.name: entable_test.Kind value does not satisfy "required"`},
			"generic set": {rated.Update(valid).Set("inner", Named[Kind]{}).Do(ctx), `entable: Rated: invalid: attribute inner.name: entable_test.Kind value does not satisfy "required"`},
			"part set":    {rated.Update(valid).Set("stars", 9).Do(ctx), `entable: Rated: invalid: attribute stars: int value does not satisfy "lte=5"`},
		} {
			if !is[*entable.ValidationError](test.err) || test.err.Error() != test.want {
				t.Errorf("%s: error %v, want %s", name, test.err, test.want)
			}
		}
	})
}

// One write can store what breaks a rule that is younger than the item, and only the check is left out.
func TestSkipValidation(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		ctx := t.Context()
		invoices := entable.Register[Invoice](s.NewTable())
		key, skip := Invoice{ID: "1"}, entable.SkipValidation()
		old := func() *Invoice { return &Invoice{ID: "1", Status: "lost", NoTag: 9} }
		for _, write := range []struct {
			name string
			do   func(entable.WriteOption) error
		}{
			{"create", func(o entable.WriteOption) error { return invoices.Create(ctx, old(), o) }},
			{"put", func(o entable.WriteOption) error { return invoices.Put(ctx, old(), o) }},
			{"batch", func(o entable.WriteOption) error {
				return entable.BatchWrite(ctx, []entable.Write{invoices.PutOp(old(), o)})
			}},
			{"transaction", func(o entable.WriteOption) error {
				return entable.Transact(ctx, []entable.Write{invoices.PutOp(old(), o)})
			}},
			{"changes", func(o entable.WriteOption) error {
				now := old()
				now.NoTag = 10
				return invoices.SaveChanges(ctx, *old(), now, o)
			}},
			{"changes in a transaction", func(o entable.WriteOption) error {
				now := old()
				now.NoTag = 11
				return entable.Transact(ctx, []entable.Write{invoices.SaveChangesOp(*old(), now, o)})
			}},
		} {
			if err := write.do(entable.SkipHooks(false)); !is[*entable.ValidationError](err) {
				t.Errorf("%s: error %v, want a *ValidationError", write.name, err)
			}
			check(t, write.do(skip))
		}
		if err := invoices.Update(key).Set("status", "gone").Do(ctx); !is[*entable.ValidationError](err) {
			t.Errorf("update: error %v, want a *ValidationError", err)
		}
		check(t, invoices.Update(key).Set("status", "gone").SkipValidation().Do(ctx))
		check(t, entable.Transact(ctx, []entable.Write{invoices.Update(key).Set("status", "away").SkipValidation()}))
		got, err := invoices.Get(ctx, key)
		check(t, err)
		check(t, invoices.Patch(got).Set("NoTag", 12).SkipValidation().Do(ctx))
		if got.Status != "away" || got.NoTag != 12 {
			t.Errorf("stored %+v", got)
		}
		if err := invoices.Put(ctx, &Invoice{Status: "lost"}, skip); !is[*entable.KeyError](err) {
			t.Errorf("error %v, want a *KeyError", err)
		}
		if err := invoices.SaveChanges(ctx, *got, got, nil); err == nil || !entable.IsError(err) {
			t.Errorf("a nil option: error %v", err)
		}
		changed := *got
		changed.NoTag = 1
		if err := invoices.SaveChanges(ctx, *got, &changed, skip, entable.If(expression.Name("status").Equal(expression.Value("x")))); !is[*entable.ConditionFailedError](err) {
			t.Errorf("error %v, want a *ConditionFailedError", err)
		}
	})
}

// The rules of elements hold wherever an update writes one.
func TestRulesOfElementsInUpdates(t *testing.T) {
	type Score struct {
		ID     string                    `dynamodbav:"id"`
		Points map[string]int            `dynamodbav:"points" validate:"max=9,dive,keys,min=2,endkeys,min=1"`
		Tags   []string                  `dynamodbav:"tags,stringset,omitempty" validate:"max=9,dive,min=2"`
		Grid   [][]int                   `dynamodbav:"grid" validate:"dive,max=2,dive,min=1"`
		Free   []int                     `dynamodbav:"free" validate:"max=1"`
		Nested map[string]map[string]int `dynamodbav:"nested" validate:"dive,dive,min=1"`
		Total  int                       `dynamodbav:"total" validate:"max=5"`
	}
	s := onMemory(t)
	scores := entable.Register[Score](s.NewTable())
	key := Score{ID: "1"}
	check(t, scores.Put(t.Context(), &Score{ID: "1", Points: map[string]int{"ab": 1}, Grid: [][]int{{1}}, Free: []int{1}, Nested: map[string]map[string]int{"a": {}}}))
	points := entable.Field(scores, func(s *Score) *map[string]int { return &s.Points })
	update := func() *entable.Update[Score] { return scores.Update(key) }
	for _, test := range []struct {
		update *entable.Update[Score]
		want   string // the rule that is broken
	}{
		{update().Set("points.cd", 0), `attribute points.cd: int value does not satisfy "min=1"`},
		{update().Set("points.cd", 1), ""},
		{update().Set("points.c", 1), `attribute points.c: string value does not satisfy "min=2"`},
		{update().Apply(entable.Entry(points, "c").Add(1)), `attribute points.c: string value does not satisfy "min=2"`},
		{update().Remove("points.c"), ""},
		{update().Apply(entable.Entry(points, "cd").Set(0)), `attribute points.cd: int value does not satisfy "min=1"`},
		{update().SetIfAbsent("points.ef", 0), `attribute points.ef: int value does not satisfy "min=1"`},
		{update().Add("points.cd", -5), ""}, // what it becomes is not known
		{update().Remove("points.cd"), ""},
		{update().Add("tags", []string{"ab", "c"}), `attribute tags[1]: string value does not satisfy "min=2"`},
		{update().Add("tags", []string{"ab"}), ""},
		{update().DeleteFromSet("tags", []string{"c"}), ""},
		{update().Set("grid[0]", []int{1, 2, 3}), `attribute grid[0]: []int value does not satisfy "max=2"`},
		{update().Set("grid[0]", []int{0}), `attribute grid[0][0]: int value does not satisfy "min=1"`},
		{update().Set("grid[0][0]", 0), `attribute grid[0][0]: int value does not satisfy "min=1"`},
		{update().Set("grid[0][0]", 7), ""},
		{update().Set("free[0]", 0), ""},
		{update().Set("nested.a.b", 0), `attribute nested.a.b: int value does not satisfy "min=1"`},
		{update().Set("nested.a", map[string]int{"b": 2}), ""},
		{update().Set("points.cd", 0).SkipValidation(), ""},
	} {
		switch err := test.update.Do(t.Context()); {
		case test.want == "":
			check(t, err)
		case err == nil || err.Error() != "entable: Score: invalid: "+test.want:
			t.Errorf("got %v\nwant %s", err, test.want)
		}
	}
}
