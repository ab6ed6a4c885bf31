package entable_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
)

// Parcel has an attribute of each kind that updates treat differently.
type Parcel struct {
	ID      string            `dynamodbav:"id"`
	Status  string            `dynamodbav:"status" validate:"oneof=new sent done"`
	Count   int               `dynamodbav:"count"`
	Small   int8              `dynamodbav:"small,omitempty" validate:"max=100"`
	Weight  float64           `dynamodbav:"weight"`
	Note    *string           `dynamodbav:"note,omitempty"`
	Tags    []string          `dynamodbav:"tags,stringset,omitempty"`
	Numbers []int             `dynamodbav:"numbers,numberset,omitempty"`
	Address ParcelAddress     `dynamodbav:"address"`
	Return  *ParcelAddress    `dynamodbav:"return,omitempty"`
	Lines   []ParcelLine      `dynamodbav:"lines"`
	Labels  map[string]string `dynamodbav:"labels"`
	Extra   any               `dynamodbav:"extra,omitempty"`
	Dotted  int               `dynamodbav:"a.b"`
	Seen    time.Time         `dynamodbav:"seen,unixtime"`
	Level   Level             `dynamodbav:"level"`
	Cached  string            `dynamodbav:"-"`
}

type ParcelAddress struct {
	City  string   `dynamodbav:"city" validate:"required"`
	Zip   string   `dynamodbav:"zip.code,omitempty"`
	Floor int      `dynamodbav:"floor"`
	Zones []string `dynamodbav:"zones,stringset,omitempty"`
}

type ParcelLine struct {
	SKU string `dynamodbav:"sku"`
	Qty int    `dynamodbav:"qty"`
}

type parcelUpdate = *entable.Update[Parcel]

// parcel is an item to update.
func parcel() Parcel {
	return Parcel{
		ID:      "1",
		Status:  "new",
		Count:   5,
		Weight:  0.1,
		Tags:    []string{"a", "b"},
		Numbers: []int{1, 2},
		Address: ParcelAddress{City: "Bonn", Floor: 2, Zones: []string{"x"}},
		Lines:   []ParcelLine{{"p", 1}, {"q", 2}},
		Labels:  map[string]string{"k": "v"},
		Extra:   map[string]any{"deep": []any{"one"}},
		Seen:    time.Unix(1700000000, 0),
		Cached:  "not stored",
	}
}

func declareParcels(table *entable.Table, opts ...entable.EntityOption) *entable.Entity[Parcel] {
	return entable.Register[Parcel](table, opts...)
}

// upsertParcel starts an upsert with what the rules of a parcel ask for.
func upsertParcel(parcels *entable.Entity[Parcel], id string) parcelUpdate {
	return parcels.Update(Parcel{ID: id, Level: High}).Upsert().Set("status", "new").Set("address", ParcelAddress{City: "Ulm"})
}

// updateCases are the methods of the builder: what they send and what they make of a parcel. The typed
// handles must send the same.
var updateCases = []struct {
	name  string
	build func(u parcelUpdate, f parcelFields) parcelUpdate
	typed func(f parcelFields) []entable.Change[Parcel]
	sends string // with names and values in place, without the condition that the item exists
	want  func(*Parcel)
}{
	{
		name:  "set",
		build: func(u parcelUpdate, _ parcelFields) parcelUpdate { return u.Set("status", "sent").Set("count", 7) },
		typed: func(f parcelFields) []entable.Change[Parcel] {
			return []entable.Change[Parcel]{f.status.Set("sent"), f.count.Set(7)}
		},
		sends: `SET status = {"S":"sent"}, count = {"N":"7"}`,
		want:  func(p *Parcel) { p.Status, p.Count = "sent", 7 },
	},
	{
		name:  "set a pointer",
		build: func(u parcelUpdate, _ parcelFields) parcelUpdate { return u.Set("note", "hello") },
		typed: func(f parcelFields) []entable.Change[Parcel] {
			return []entable.Change[Parcel]{f.note.Set(new("hello"))}
		},
		sends: `SET note = {"S":"hello"}`,
		want:  func(p *Parcel) { p.Note = new("hello") },
	},
	{
		name: "set to what is left out",
		build: func(u parcelUpdate, _ parcelFields) parcelUpdate {
			return u.Set("note", nil).Set("tags", []string(nil))
		},
		typed: func(f parcelFields) []entable.Change[Parcel] {
			return []entable.Change[Parcel]{f.note.Set(nil), f.tags.Set(nil)}
		},
		sends: `REMOVE note, tags`,
		want:  func(p *Parcel) { p.Note, p.Tags = nil, nil },
	},
	{
		name: "set values as they are stored",
		build: func(u parcelUpdate, _ parcelFields) parcelUpdate {
			return u.Set("seen", time.Unix(1800000000, 5)).Set("level", High)
		},
		typed: func(f parcelFields) []entable.Change[Parcel] {
			return []entable.Change[Parcel]{f.seen.Set(time.Unix(1800000000, 5)), f.level.Set(High)}
		},
		sends: `SET seen = {"N":"1800000000"}, level = {"S":"high"}`,
		want:  func(p *Parcel) { p.Seen, p.Level = time.Unix(1800000000, 0), High },
	},
	{
		name: "set if absent",
		build: func(u parcelUpdate, _ parcelFields) parcelUpdate {
			return u.SetIfAbsent("status", "sent").SetIfAbsent("note", "hello")
		},
		typed: func(f parcelFields) []entable.Change[Parcel] {
			return []entable.Change[Parcel]{f.status.SetIfAbsent("sent"), f.note.SetIfAbsent(new("hello"))}
		},
		sends: `SET status = if_not_exists(status, {"S":"sent"}), note = if_not_exists(note, {"S":"hello"}) IF (status <> {"NULL":true}) AND (note <> {"NULL":true})`,
		want:  func(p *Parcel) { p.Note = new("hello") },
	},
	{
		name: "add and subtract",
		build: func(u parcelUpdate, _ parcelFields) parcelUpdate {
			return u.Add("count", 3).Add("weight", 0.2).Subtract("small", 4)
		},
		typed: func(f parcelFields) []entable.Change[Parcel] {
			return []entable.Change[Parcel]{f.count.Add(3), f.weight.Add(0.2), f.small.Subtract(4)}
		},
		sends: `SET count = if_not_exists(count, {"N":"0"}) + {"N":"3"}, weight = if_not_exists(weight, {"N":"0"}) + {"N":"0.2"}, small = if_not_exists(small, {"N":"0"}) - {"N":"4"} IF (NOT (count > {"N":"9223372036854775804"})) AND (NOT (small < {"N":"-124"}))`,
		want:  func(p *Parcel) { p.Count, p.Weight, p.Small = 8, 0.3, -4 },
	},
	{
		name:  "add nothing",
		build: func(u parcelUpdate, _ parcelFields) parcelUpdate { return u.Add("small", 0) },
		typed: func(f parcelFields) []entable.Change[Parcel] { return []entable.Change[Parcel]{f.small.Add(0)} },
		sends: `SET small = if_not_exists(small, {"N":"0"}) + {"N":"0"}`,
		want:  func(*Parcel) {},
	},
	{
		name: "sets",
		build: func(u parcelUpdate, _ parcelFields) parcelUpdate {
			return u.Add("tags", []string{"b", "c"}).DeleteFromSet("numbers", []int{2, 9})
		},
		typed: func(f parcelFields) []entable.Change[Parcel] {
			return []entable.Change[Parcel]{f.tags.Add([]string{"b", "c"}), f.numbers.DeleteFromSet([]int{2, 9})}
		},
		sends: `ADD tags {"SS":["b","c"]} DELETE numbers {"NS":["2","9"]} IF (tags <> {"NULL":true}) AND (numbers <> {"NULL":true})`,
		want:  func(p *Parcel) { p.Tags, p.Numbers = []string{"a", "b", "c"}, []int{1} },
	},
	{
		name:  "the last element of a set",
		build: func(u parcelUpdate, _ parcelFields) parcelUpdate { return u.DeleteFromSet("tags", []string{"a", "b"}) },
		typed: func(f parcelFields) []entable.Change[Parcel] {
			return []entable.Change[Parcel]{f.tags.DeleteFromSet([]string{"a", "b"})}
		},
		sends: `DELETE tags {"SS":["a","b"]} IF (tags <> {"NULL":true})`,
		want:  func(p *Parcel) { p.Tags = nil },
	},
	{
		name: "remove",
		build: func(u parcelUpdate, _ parcelFields) parcelUpdate {
			return u.Remove("tags", "count", "lines[0]", "labels.k")
		},
		sends: `REMOVE tags, count, lines[0], labels.k IF (attribute_type (lines, {"S":"L"})) AND (attribute_type (labels, {"S":"M"}))`,
		want: func(p *Parcel) {
			p.Tags, p.Count, p.Lines, p.Labels = nil, 0, p.Lines[1:], map[string]string{}
		},
	},
	{
		name: "append and prepend",
		build: func(u parcelUpdate, _ parcelFields) parcelUpdate {
			return u.Append("lines", []ParcelLine{{"r", 3}}).Prepend("extra.deep", []any{"zero", 5})
		},
		sends: `SET lines = list_append(if_not_exists(lines, {"L":[]}), {"L":[{"M":{"qty":{"N":"3"},"sku":{"S":"r"}}}]}), extra.deep = list_append({"L":[{"S":"zero"},{"N":"5"}]}, if_not_exists(extra.deep, {"L":[]})) IF (lines <> {"NULL":true}) AND (attribute_type (extra, {"S":"M"})) AND (extra.deep <> {"NULL":true})`,
		want: func(p *Parcel) {
			p.Lines = append(p.Lines, ParcelLine{"r", 3})
			p.Extra = map[string]any{"deep": []any{"zero", 5.0, "one"}}
		},
	},
	{
		name:  "typed append and prepend",
		build: func(u parcelUpdate, _ parcelFields) parcelUpdate { return u.Prepend("lines", []ParcelLine{{"o", 0}}) },
		typed: func(f parcelFields) []entable.Change[Parcel] {
			return []entable.Change[Parcel]{f.lines.Prepend([]ParcelLine{{"o", 0}})}
		},
		sends: `SET lines = list_append({"L":[{"M":{"qty":{"N":"0"},"sku":{"S":"o"}}}]}, if_not_exists(lines, {"L":[]})) IF (lines <> {"NULL":true})`,
		want:  func(p *Parcel) { p.Lines = append([]ParcelLine{{"o", 0}}, p.Lines...) },
	},
	{
		name: "nested paths",
		build: func(u parcelUpdate, _ parcelFields) parcelUpdate {
			return u.Set("address.city", "Köln").Add("address.floor", 1).Set("lines[1].qty", 9).Set("labels.new", "x").Set("extra.deep[0]", true)
		},
		sends: `SET address.city = {"S":"Köln"}, address.floor = if_not_exists(address.floor, {"N":"0"}) + {"N":"1"}, lines[1].qty = {"N":"9"}, labels.new = {"S":"x"}, extra.deep[0] = {"BOOL":true} IF (attribute_type (address, {"S":"M"})) AND (attribute_type (lines[1], {"S":"M"})) AND (attribute_type (labels, {"S":"M"})) AND (attribute_type (extra.deep, {"S":"L"})) AND (NOT (address.floor > {"N":"9223372036854775806"}))`,
		want: func(p *Parcel) {
			p.Address.City, p.Address.Floor, p.Lines[1].Qty = "Köln", 3, 9
			p.Labels["new"] = "x"
			p.Extra = map[string]any{"deep": []any{true}}
		},
	},
	{
		name: "beyond the end of a list",
		build: func(u parcelUpdate, _ parcelFields) parcelUpdate {
			return u.Set("lines[9]", ParcelLine{"z", 1}).Remove("lines[7]")
		},
		sends: `REMOVE lines[7] SET lines[9] = {"M":{"qty":{"N":"1"},"sku":{"S":"z"}}} IF (attribute_type (lines, {"S":"L"}))`,
		want:  func(p *Parcel) { p.Lines = append(p.Lines, ParcelLine{"z", 1}) },
	},
	{
		name: "typed nested fields and names with dots",
		build: func(u parcelUpdate, f parcelFields) parcelUpdate {
			return u.Set("address.city", "Köln").Apply(f.dotted.Set(4), f.zip.Set("50667"))
		},
		typed: func(f parcelFields) []entable.Change[Parcel] {
			return []entable.Change[Parcel]{f.city.Set("Köln"), f.dotted.Set(4), f.zip.Set("50667")}
		},
		sends: `SET address.city = {"S":"Köln"}, address.zip.code = {"S":"50667"}, a.b = {"N":"4"} IF (attribute_type (address, {"S":"M"}))`,
		want:  func(p *Parcel) { p.Address.City, p.Dotted, p.Address.Zip = "Köln", 4, "50667" },
	},
	{
		name:  "a struct behind a pointer",
		build: func(u parcelUpdate, _ parcelFields) parcelUpdate { return u.Set("return", ParcelAddress{City: "Ulm"}) },
		typed: func(f parcelFields) []entable.Change[Parcel] {
			return []entable.Change[Parcel]{f.back.Set(&ParcelAddress{City: "Ulm"})}
		},
		sends: `SET return = {"M":{"city":{"S":"Ulm"},"floor":{"N":"0"}}}`,
		want:  func(p *Parcel) { p.Return = &ParcelAddress{City: "Ulm"} },
	},
	{
		name: "a whole struct",
		build: func(u parcelUpdate, _ parcelFields) parcelUpdate {
			return u.Set("address", ParcelAddress{City: "Ulm", Floor: 1})
		},
		sends: `SET address = {"M":{"city":{"S":"Ulm"},"floor":{"N":"1"}}}`,
		want:  func(p *Parcel) { p.Address = ParcelAddress{City: "Ulm", Floor: 1} },
	},
}

// parcelFields are typed handles.
type parcelFields struct {
	status  entable.FieldOf[Parcel, string]
	count   entable.FieldOf[Parcel, int]
	small   entable.FieldOf[Parcel, int8]
	weight  entable.FieldOf[Parcel, float64]
	note    entable.FieldOf[Parcel, *string]
	tags    entable.FieldOf[Parcel, []string]
	numbers entable.FieldOf[Parcel, []int]
	lines   entable.FieldOf[Parcel, []ParcelLine]
	dotted  entable.FieldOf[Parcel, int]
	city    entable.FieldOf[Parcel, string]
	zip     entable.FieldOf[Parcel, string]
	back    entable.FieldOf[Parcel, *ParcelAddress]
	backZip entable.FieldOf[Parcel, string]
	seen    entable.FieldOf[Parcel, time.Time]
	level   entable.FieldOf[Parcel, Level]
}

func fieldsOf(e *entable.Entity[Parcel]) parcelFields {
	return parcelFields{
		status:  entable.Field(e, func(p *Parcel) *string { return &p.Status }),
		count:   entable.Field(e, func(p *Parcel) *int { return &p.Count }),
		small:   entable.Field(e, func(p *Parcel) *int8 { return &p.Small }),
		weight:  entable.Field(e, func(p *Parcel) *float64 { return &p.Weight }),
		note:    entable.Field(e, func(p *Parcel) **string { return &p.Note }),
		tags:    entable.Field(e, func(p *Parcel) *[]string { return &p.Tags }),
		numbers: entable.Field(e, func(p *Parcel) *[]int { return &p.Numbers }),
		lines:   entable.Field(e, func(p *Parcel) *[]ParcelLine { return &p.Lines }),
		dotted:  entable.Field(e, func(p *Parcel) *int { return &p.Dotted }),
		city:    entable.Field(e, func(p *Parcel) *string { return &p.Address.City }),
		zip:     entable.Field(e, func(p *Parcel) *string { return &p.Address.Zip }),
		back:    entable.Field(e, func(p *Parcel) **ParcelAddress { return &p.Return }),
		backZip: entable.Field(e, func(p *Parcel) *string { return &p.Return.Zip }),
		seen:    entable.Field(e, func(p *Parcel) *time.Time { return &p.Seen }),
		level:   entable.Field(e, func(p *Parcel) *Level { return &p.Level }),
	}
}

// updateText is the request of an update without what all of them have.
func updateText(in *dynamodb.UpdateItemInput) string {
	text := fmt.Sprintf("%s %s %s", *in.UpdateExpression, namesText(in.ExpressionAttributeNames), "null")
	if in.ExpressionAttributeValues != nil {
		text = strings.TrimSuffix(text, "null") + dynamoJSON(in.ExpressionAttributeValues)
	}
	return strings.ReplaceAll(text, "\n ", " ")
}

// placeholder is one of an expression.
var placeholder = regexp.MustCompile(`[#:]\d+`)

// expressionsOf is what an update of an item that must exist says, with names and values in place.
func expressionsOf(in *dynamodb.UpdateItemInput) string {
	text := *in.UpdateExpression
	if condition := *in.ConditionExpression; condition != "attribute_exists (#0)" {
		text += " IF " + strings.ReplaceAll(condition, "(attribute_exists (#0)) AND ", "")
	}
	text = placeholder.ReplaceAllStringFunc(text, func(p string) string {
		if name, ok := in.ExpressionAttributeNames[p]; ok {
			return name
		}
		value := dynamoJSON(map[string]types.AttributeValue{"": in.ExpressionAttributeValues[p]})
		return strings.TrimSuffix(strings.TrimPrefix(value, `{"":`), "}")
	})
	return strings.Join(strings.Fields(text), " ")
}

func namesText(names map[string]string) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(names)) {
		parts = append(parts, fmt.Sprintf("%q:%q", k, names[k]))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// The requests are the same on each run, by path or by handle, and the same that are sent.
func TestInputOfUpdates(t *testing.T) {
	parcels := declareParcels(entable.NewTable("parcels"))
	f := fieldsOf(parcels)
	for _, test := range updateCases {
		t.Run(test.name, func(t *testing.T) {
			in, err := test.build(parcels.Update(Parcel{ID: "1"}), f).Input(t.Context())
			check(t, err)
			if *in.TableName != "parcels" || dynamoJSON(in.Key) != `{"pk":{"S":"PI#1"},"sk":{"S":"A"}}` {
				t.Errorf("table %s, key %s", *in.TableName, dynamoJSON(in.Key))
			}
			if got := expressionsOf(in); got != test.sends {
				t.Errorf("request\n%s, want\n%s", got, test.sends)
			}
			for range 20 {
				again, err := test.build(parcels.Update(Parcel{ID: "1"}), f).Input(t.Context())
				check(t, err)
				if !reflect.DeepEqual(again, in) {
					t.Fatalf("another request\n%s, want\n%s", updateText(again), updateText(in))
				}
			}
			if test.typed == nil {
				return
			}
			typed, err := parcels.Update(Parcel{ID: "1"}).Apply(test.typed(f)...).Input(t.Context())
			check(t, err)
			if !reflect.DeepEqual(typed, in) {
				t.Errorf("request of the handles\n%s, want\n%s", updateText(typed), updateText(in))
			}
		})
	}
}

// Each change is made by key, on an instance, and in a transaction; the instance has what is stored.
func TestUpdates(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		parcels := declareParcels(s.NewTable())
		f := fieldsOf(parcels)
		ctx := t.Context()
		for _, test := range updateCases {
			before, want := parcel(), parcel()
			test.want(&want)
			stored := func(what string) {
				t.Helper()
				got, err := parcels.Get(ctx, Parcel{ID: "1"}, entable.Consistent(true))
				check(t, err)
				got.Cached = want.Cached
				same(t, test.name+": "+what, *got, want)
			}

			check(t, parcels.Put(ctx, new(parcel())))
			check(t, test.build(parcels.Update(Parcel{ID: "1"}), f).Do(ctx))
			stored("Do")

			check(t, parcels.Put(ctx, new(parcel())))
			got, err := test.build(parcels.Update(Parcel{ID: "1"}), f).Updated(ctx)
			check(t, err)
			got.Cached = want.Cached
			same(t, test.name+": Updated", *got, want)

			check(t, parcels.Put(ctx, new(parcel())))
			got, err = test.build(parcels.Update(Parcel{ID: "1"}), f).Previous(ctx)
			check(t, err)
			got.Cached = before.Cached
			same(t, test.name+": Previous", *got, before)
			stored("Previous")

			v := parcel()
			check(t, parcels.Put(ctx, &v))
			check(t, test.build(parcels.Patch(&v), f).Do(ctx))
			same(t, test.name+": instance of Patch", v, want)
			stored("Patch")

			v = parcel()
			check(t, parcels.Put(ctx, &v))
			check(t, entable.Transact(ctx, []entable.Write{test.build(parcels.Patch(&v), f)}))
			same(t, test.name+": instance of a transaction", v, want)
			stored("transaction")
		}
	})
}

// An update must find the item, unless it may create it.
func TestUpdateOfAnAbsentItem(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		parcels := declareParcels(s.NewTable())
		ctx, none := t.Context(), Parcel{ID: "none"}
		for name, err := range map[string]error{
			"Do":       parcels.Update(none).Set("count", 1).Do(ctx),
			"Patch":    parcels.Patch(&Parcel{ID: "none"}).Set("count", 1).Do(ctx),
			"Transact": entable.Transact(ctx, []entable.Write{parcels.Update(none).Set("count", 1)}),
		} {
			if !errors.Is(err, entable.ErrNotFound) || errors.Is(err, entable.ErrExists) {
				t.Errorf("%s: %v, want ErrNotFound", name, err)
			}
			if c, ok := errors.AsType[*entable.ConditionFailedError](err); !ok || c.Stored != nil {
				t.Errorf("%s: %v, want a *ConditionFailedError without an item", name, err)
			}
		}
		if _, err := parcels.Get(ctx, none); !errors.Is(err, entable.ErrNotFound) {
			t.Errorf("the item is there: %v", err)
		}

		check(t, upsertParcel(parcels, "new").Add("count", 2).Do(ctx))
		item := s.Load(parcels.Table(), key("PI#new", "A"))
		if got, want := dynamoJSON(item), `{"_type":{"S":"Parcel"},"address":{"M":{"city":{"S":"Ulm"},"floor":{"N":"0"}}},"count":{"N":"2"},"id":{"S":"new"},"pk":{"S":"PI#new"},"sk":{"S":"A"},"status":{"S":"new"}}`; got != want {
			t.Errorf("created %s, want %s", got, want)
		}
		check(t, upsertParcel(parcels, "new").Add("count", 2).Do(ctx))
		got, err := parcels.Get(ctx, Parcel{ID: "new"})
		check(t, err)
		if got.Count != 4 {
			t.Errorf("count %d, want 4", got.Count)
		}
		previous, err := upsertParcel(parcels, "newer").Set("count", 1).Previous(ctx)
		if previous != nil || err != nil {
			t.Errorf("previous %v, %v, want none", previous, err)
		}
	})
}

// The conditions of the handles, with the answer for one stored item.
func TestConditionsOfHandles(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		parcels := declareParcels(s.NewTable())
		f := fieldsOf(parcels)
		p := parcel()
		p.Dotted, p.Address.Zip, p.Return = 3, "53111", &ParcelAddress{City: "Ulm", Zip: "89073"}
		check(t, parcels.Put(t.Context(), &p))
		for i, test := range []struct {
			condition expression.ConditionBuilder
			holds     bool
		}{
			{f.status.Equal("new"), true},
			{f.status.Equal("sent"), false},
			{f.status.NotEqual("sent"), true},
			{f.status.NotEqual("new"), false},
			{f.note.NotEqual(new("x")), true},
			{f.count.Less(6), true},
			{f.count.Less(5), false},
			{f.count.LessEqual(5), true},
			{f.count.LessEqual(4), false},
			{f.count.Greater(4), true},
			{f.count.Greater(5), false},
			{f.count.GreaterEqual(5), true},
			{f.count.GreaterEqual(6), false},
			{f.count.Between(5, 5), true},
			{f.count.Between(6, 9), false},
			{f.count.In(1, 5), true},
			{f.count.In(1), false},
			{f.note.Exists(), false},
			{f.note.NotExists(), true},
			{f.status.BeginsWith("n"), true},
			{f.status.BeginsWith("e"), false},
			{f.status.Contains("ew"), true},
			{f.tags.Contains("a"), true},
			{f.tags.Contains("z"), false},
			{f.numbers.Contains(2), true},
			{f.lines.Contains(ParcelLine{"p", 1}), true},
			{f.lines.Contains(ParcelLine{"p", 2}), false},
			{f.lines.Size().Equal(expression.Value(2)), true},
			{f.status.Size().GreaterThan(expression.Value(3)), false},
			{f.city.Equal("Bonn"), true},
			{f.zip.Equal("53111"), true},
			{f.backZip.Equal("89073"), true},
			{f.dotted.Equal(3), true},
			{f.seen.Equal(time.Unix(1700000000, 7)), true}, // as it is stored
			{f.level.Equal(Low), true},
			{f.level.In(High), false},
			{f.weight.Equal(0.1), true},
			{f.small.NotExists(), true},
			{f.small.Equal(0), false},
			{f.small.Equal(0).Or(f.small.NotExists()), true}, // it is left out
			{f.note.In(new("x"), nil), true},
			{f.status.Equal("new").And(f.count.Name().Equal(expression.Value(5))), true},
		} {
			err := parcels.Update(Parcel{ID: "1"}).Set("weight", 0.1).If(test.condition).Do(t.Context())
			failed := is[*entable.ConditionFailedError](err)
			if err != nil && !failed {
				t.Errorf("condition %d: %v", i, err)
			} else if failed == test.holds {
				t.Errorf("condition %d: holds %t, want %t", i, !failed, test.holds)
			}
		}
	})
}

// A handle that cannot encode its value fails the request that it becomes part of.
func TestHandlesOfUnencodableValues(t *testing.T) {
	parcels := declareParcels(entable.NewTable("parcels"))
	f := fieldsOf(parcels)
	_, err := parcels.Update(Parcel{ID: "1"}).Set("count", 1).If(f.status.Equal("\xff")).Input(t.Context())
	if !is[*entable.EncodeError](err) {
		t.Errorf("condition: %v, want an *EncodeError", err)
	}
	_, err = parcels.Update(Parcel{ID: "1"}).Apply(f.level.Set(Level(9))).Input(t.Context())
	if !is[*entable.EncodeError](err) {
		t.Errorf("change: %v, want an *EncodeError", err)
	}
}

func TestHandlesOfWrongFieldsPanic(t *testing.T) {
	parcels := declareParcels(entable.NewTable("parcels"))
	var other string
	for name, sel := range map[string]func(*Parcel) *string{
		"not stored": func(p *Parcel) *string { return &p.Cached },
		"elsewhere":  func(*Parcel) *string { return &other },
		"nil":        func(p *Parcel) *string { return p.Note },
	} {
		func() {
			defer func() {
				err, _ := recover().(*entable.DeclarationError)
				if err == nil || err.Error() != `entable: Parcel: Field of type string: the function must return the address of a stored field of its argument` {
					t.Errorf("%s: %v", name, err)
				}
			}()
			entable.Field(parcels, sel)
		}()
	}
}

// Moving is an entity whose version and touched times move with every write.
type Moving struct {
	ID      string    `dynamodbav:"id"`
	Text    string    `dynamodbav:"text"`
	Version int64     `dynamodbav:"version" entable:"version"`
	Changed time.Time `dynamodbav:"changed" entable:"touch=iso8601"`
	Seconds int64     `dynamodbav:"seconds" entable:"touch=epoch"`
}

func TestTouchAndVersionMoveWithEveryWrite(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		now := newClock()
		moves := entable.Register[Moving](s.NewTable(entable.Clock(now.Now)))
		ctx := t.Context()
		v := Moving{ID: "1"}
		for i, write := range []func() error{
			func() error { return moves.Put(ctx, &v) },
			func() error { return moves.Put(ctx, &v) },
			func() error { return moves.Update(v).Set("text", "a").Do(ctx) },
			func() error { v.Version++; return moves.Patch(&v).Set("text", "b").Do(ctx) },
			func() error {
				after := v
				after.Text = "c"
				err := moves.SaveChanges(ctx, v, &after)
				v = after
				return err
			},
			func() error {
				return entable.Transact(ctx, []entable.Write{moves.Patch(&v).Set("text", "d")})
			},
			func() error {
				after := v
				after.Text = "e"
				err := entable.Transact(ctx, []entable.Write{moves.SaveChangesOp(v, &after)})
				v = after
				return err
			},
			func() error { return entable.Transact(ctx, []entable.Write{moves.PutOp(&v)}) },
			func() error { return entable.BatchWrite(ctx, []entable.Write{moves.PutOp(&v)}) },
			func() error { return entable.BatchWrite(ctx, []entable.Write{moves.Patch(&v).Set("text", "f")}) },
		} {
			now.pass(time.Minute)
			if err := write(); err != nil {
				t.Fatalf("write %d: %v", i, err)
			}
			got, err := moves.Get(ctx, v)
			check(t, err)
			if got.Version != int64(i+1) || !got.Changed.Equal(now.now) || got.Seconds != now.now.Unix() {
				t.Errorf("write %d stores %+v", i, got)
			}
			if i != 2 { // an update by key has no instance
				same(t, fmt.Sprintf("instance of write %d", i), v, *got)
			}
		}
		if err := moves.Update(v).Set("text", "x").Set("seconds", 5).Do(ctx); err != nil {
			t.Error(err)
		}
		if got, _ := moves.Get(ctx, v); got == nil || got.Seconds != 5 {
			t.Errorf("a touched time that is set explicitly: %+v", got)
		}
	})
}

// An update can be sent again, and is not changed by having been sent.
func TestUpdateCanBeSentAgain(t *testing.T) {
	s := onMemory(t)
	parcels := declareParcels(s.NewTable())
	v := parcel()
	check(t, parcels.Put(t.Context(), &v))
	u := parcels.Update(v).Add("count", 1)
	for range 3 {
		check(t, u.Do(t.Context()))
	}
	if got, err := u.Updated(t.Context()); err != nil || got.Count != 9 {
		t.Errorf("after four updates: %+v, %v", got, err)
	}
	p := parcels.Patch(&v).Add("count", 1)
	check(t, p.Do(t.Context()))
	check(t, p.Do(t.Context()))
	if v.Count != 11 {
		t.Errorf("count %d after two patches more, want 11", v.Count)
	}
}

// The condition of the caller's own is not taken for a race: the update fails at once.
func TestConditionOfAFetchIsNotTriedAgain(t *testing.T) {
	s := onMemory(t)
	users := entable.Register[Account](s.NewTable())
	check(t, users.Put(t.Context(), &Account{ID: "1", Email: "a"}))
	s.Spy.Reset()
	no := expression.Name("id").Equal(expression.Value("2"))
	for name, write := range map[string]func(context.Context) error{
		"Put":    func(ctx context.Context) error { return users.Put(ctx, &Account{ID: "1", Email: "b"}, entable.If(no)) },
		"Delete": func(ctx context.Context) error { return users.Delete(ctx, Account{ID: "1"}, entable.If(no)) },
		"Update": func(ctx context.Context) error {
			return users.Update(Account{ID: "1"}).Set("email", "b").If(no).Do(ctx)
		},
		"Transact": func(ctx context.Context) error {
			return entable.Transact(ctx, []entable.Write{users.PutOp(&Account{ID: "1", Email: "b"}, entable.If(no))})
		},
	} {
		s.Spy.Reset()
		if err := write(t.Context()); !is[*entable.ConditionFailedError](err) {
			t.Errorf("%s: %v, want a *ConditionFailedError", name, err)
		}
		if n := s.Spy.Sent("TransactWriteItems"); n != 1 {
			t.Errorf("%s: %d attempts, want 1", name, n)
		}
	}
}
