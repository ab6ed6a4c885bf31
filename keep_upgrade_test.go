package entable_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
)

// Patron had one name at first, then two, and now a level besides.
type Patron struct {
	ID    string         `dynamodbav:"id"`
	First string         `dynamodbav:"first"`
	Last  string         `dynamodbav:"last"`
	Level int            `dynamodbav:"level"`
	Rest  map[string]any `dynamodbav:"-" entable:"rest"`
}

func registerPatrons(table *entable.Table) *entable.Entity[Patron] {
	return entable.Register[Patron](table, entable.Upgrades(
		func(item entable.RawItem) error {
			name, ok := item["name"].(*types.AttributeValueMemberS)
			if !ok {
				return errors.New("it has no name")
			}
			first, last, _ := strings.Cut(name.Value, " ")
			item["first"], item["last"] = avS(first), avS(last)
			delete(item, "name")
			return nil
		},
		func(item entable.RawItem) error {
			item["level"] = avN("1")
			return nil
		},
	))
}

func TestUpgrades(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		table := s.NewTable()
		customers := registerPatrons(table)
		pk := func(id string) map[string]types.AttributeValue {
			item := key("PI#"+id, "A")
			item["_type"], item["id"] = avS("Patron"), avS(id)
			return item
		}
		old := pk("0")
		old["name"], old["color"] = avS("Ann Lee"), avS("red")
		s.Store(table, old)
		middle := pk("1")
		middle["first"], middle["last"], middle["_v"] = avS("Bob"), avS("May"), avN("1")
		s.Store(table, middle)
		newer := pk("3")
		newer["first"], newer["last"], newer["level"], newer["_v"] = avS("Dee"), avS("Fox"), avN("9"), avN("7")
		s.Store(table, newer)
		check(t, customers.Put(t.Context(), &Patron{ID: "2", First: "Cy", Level: 5}))
		for id, want := range map[string]string{"0": "Ann Lee 1", "1": "Bob May 1", "2": "Cy  5", "3": "Dee Fox 9"} {
			reads := map[string]func() (*Patron, error){
				"Get":   func() (*Patron, error) { return customers.Get(t.Context(), Patron{ID: id}) },
				"Query": func() (*Patron, error) { return customers.Query(Patron{ID: id}).One(t.Context()) },
				"Items": func() (*Patron, error) {
					v, err := table.Query(Patron{ID: id}).One(t.Context())
					c, _ := v.(*Patron)
					return c, err
				},
				"BatchGet": func() (*Patron, error) {
					v, err := customers.BatchGet(t.Context(), []Patron{{ID: id}})
					return v[0], err
				},
				"Decode": func() (*Patron, error) {
					v, err := table.Decode(s.Load(table, key("PI#"+id, "A")))
					c, _ := v.(*Patron)
					return c, err
				},
			}
			for name, read := range reads {
				c, err := read()
				if err != nil || fmt.Sprint(c.First, " ", c.Last, " ", c.Level) != want || c.ID != id {
					t.Errorf("%s of %s: %+v (%v), want %s", name, id, c, err, want)
				}
				if id == "0" && (len(c.Rest) != 1 || fmt.Sprint(c.Rest["color"].(*types.AttributeValueMemberS).Value) != "red") {
					t.Errorf("%s: the rest is %v", name, c.Rest)
				}
			}
		}
		// An upgrade needs the whole item, of which a projection would have a part.
		for id, want := range map[string]string{"0": "Ann Lee 1", "1": "Bob May 1", "2": "Cy  5"} {
			for name, read := range map[string]func() (any, error){
				"query": func() (any, error) { return customers.Query(Patron{ID: id}).Select("last", "level").One(t.Context()) },
				"mixed": func() (any, error) { return table.Query(Patron{ID: id}).Select("last").One(t.Context()) },
				"filtered": func() (any, error) {
					return customers.Query(Patron{ID: id}).Select("last").Filter(expression.Name("id").Equal(expression.Value(id))).One(t.Context())
				},
			} {
				c, err := read()
				check(t, err)
				if c := c.(*Patron); fmt.Sprint(c.First, " ", c.Last, " ", c.Level) != want {
					t.Errorf("%s: selected %+v, want %s", name, *c, want)
				}
			}
		}
		if n := len(enginetest.Collect(t, customers.Scan().Select("last").SkipUnknown(nil).All(t.Context()))); n != 4 {
			t.Errorf("the scan selects %d", n)
		}
		if _, err := customers.Query(Patron{ID: "1"}).Select("lsat").One(t.Context()); err == nil {
			t.Error("an unknown attribute is selected")
		}
		// An old item is not updated in place, but saved whole.
		err := customers.Update(Patron{ID: "0"}).Set("level", 4).Do(t.Context())
		if want := `entable: Update Patron[pk="PI#0" sk="A"]: condition failed: the stored item is in an older shape: load it and Put it`; err == nil || err.Error() != want || !is[*entable.ConditionFailedError](err) {
			t.Errorf("update of an old item:\n%v, want\n%s", err, want)
		}
		first, err := customers.Get(t.Context(), Patron{ID: "0"})
		check(t, err)
		check(t, customers.Put(t.Context(), first))
		want := `{"_type":{"S":"Patron"},"_v":{"N":"2"},"color":{"S":"red"},"first":{"S":"Ann"},"id":{"S":"0"},"last":{"S":"Lee"},"level":{"N":"1"},"pk":{"S":"PI#0"},"sk":{"S":"A"}}`
		if got := dynamoJSON(s.Load(table, key("PI#0", "A"))); got != want {
			t.Errorf("stored\n%s, want\n%s", got, want)
		}
		// What an upsert creates has today's shape.
		check(t, customers.Update(Patron{ID: "5"}).Upsert().Set("first", "Eve").Set("last", "Ray").Set("level", 3).Do(t.Context()))
		if c, err := customers.Get(t.Context(), Patron{ID: "5"}); err != nil || c.First != "Eve" || c.Level != 3 {
			t.Errorf("after an upsert %+v, %v", c, err)
		}
		// Upgrades that fail, and versions that are none.
		bad := pk("4")
		s.Store(table, bad)
		_, err = customers.Get(t.Context(), Patron{ID: "4"})
		if want := `entable: Patron[pk="PI#4" sk="A"]: cannot upgrade from version 0: it has no name`; err == nil || err.Error() != want || !is[*entable.DecodeError](err) {
			t.Errorf("error\n%v, want\n%s", err, want)
		}
		for _, v := range []types.AttributeValue{avN("-1"), avN("1.5"), avS("1"), &types.AttributeValueMemberNULL{Value: true}} {
			bad["_v"] = v
			s.Store(table, bad)
			if err := drain(customers.Scan().All(t.Context())); !is[*entable.DecodeError](err) || !strings.Contains(err.Error(), "attribute _v: ") {
				t.Errorf("version %v: %v", v, err)
			}
		}
	})
	type clash struct {
		ID string `dynamodbav:"id"`
		V  int    `dynamodbav:"_v"`
	}
	checkDeclaration(t, register[clash](entable.NewTable("shop"), entable.Upgrades(func(entable.RawItem) error { return nil })),
		`clash: field V: attribute "_v" is reserved for the version of the item's shape: store the field under another name with a dynamodbav tag`)
}

// Items of older shapes are found by attributes that today's have no more.
func TestFiltersOfOlderShapes(t *testing.T) {
	t.Parallel()
	s := onMemory(t)
	table := s.NewTable()
	type Member struct {
		Club string `dynamodbav:"club"`
		ID   string `dynamodbav:"id"`
		Name string `dynamodbav:"name"`
	}
	members := entable.Register[Member](table, entable.PK("club"), entable.SK("id"), entable.Upgrades(func(item entable.RawItem) error {
		item["name"] = item["nick"]
		return nil
	}))
	check(t, members.Put(t.Context(), &Member{Club: "c", ID: "1", Name: "Ann"}))
	old, err := members.ToItem(&Member{Club: "c", ID: "2"})
	check(t, err)
	delete(old, "_v")
	delete(old, "name")
	old["nick"] = avS("Bo")
	s.Store(table, old)
	is := func(name string) expression.ConditionBuilder {
		return expression.Name("name").Equal(expression.Value(name)).Or(expression.Name("nick").Equal(expression.Value(name)))
	}
	for _, name := range []string{"Ann", "Bo"} {
		if m, err := members.Query(Member{Club: "c"}).Filter(is(name)).One(t.Context()); err != nil || m.Name != name {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
	if err := members.Delete(t.Context(), Member{Club: "c", ID: "2"}, entable.If(is("Bo"))); err != nil {
		t.Error(err)
	}
}
