package entable_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/entable/entable"
)

// Shipment has index keys of several attributes.
type Shipment struct {
	ID      string         `dynamodbav:"id"`
	Carrier string         `dynamodbav:"carrier"`
	State   string         `dynamodbav:"state,omitempty"`
	Rank    int            `dynamodbav:"rank"`
	Labels  map[string]int `dynamodbav:"labels"`
	Stops   []Stop         `dynamodbav:"stops" validate:"max=3,dive"`
	Nick    string         `dynamodbav:"nick" validate:"omitempty,min=3"`
	Due     time.Time      `dynamodbav:"due" entable:"ttl"`
	Version int64          `dynamodbav:"version" entable:"version"`
}

type Stop struct {
	City string `dynamodbav:"city" validate:"required"`
}

func declareShipments(table *entable.Table) *entable.Entity[Shipment] {
	return entable.Register[Shipment](table, entable.PK("id"), entable.Index("gsi1", entable.PK("carrier"), entable.SK("state", "rank")))
}

// Uses that cannot be right are refused before any request, with these words.
func TestWrongWritesAreRefused(t *testing.T) {
	s := onMemory(t)
	table := s.Declare(entable.GSI("gsi1"))
	ships := declareShipments(table)
	moves := entable.Register[Event](table, entable.PK("id"), entable.SK("slug"))
	logs := entable.Register[Account](table, entable.Name("User"))
	ctx, a := t.Context(), Shipment{ID: "1", Carrier: "x", Nick: "nick"}
	update := func() *entable.Update[Shipment] { return ships.Update(a) }
	many := func(n int) (all []entable.Write) {
		for i := range n {
			all = append(all, ships.DeleteOp(Shipment{ID: string(rune('A' + i))}))
		}
		return all
	}
	yes := expression.AttributeExists(expression.Name("id"))
	var nobody *Shipment
	for _, test := range []struct {
		name string
		do   func() error
		want string
	}{
		{"key field", func() error { return update().Set("id", "2").Do(ctx) },
			`Shipment: attribute "id" is part of the key and cannot be changed: delete the item and put another`},
		{"key field in SaveChanges", func() error { return ships.SaveChanges(ctx, a, &Shipment{ID: "2", Carrier: "x"}) },
			`Shipment: attribute "id" is part of the key and cannot be changed: delete the item and put another`},
		{"unknown attribute", func() error { return update().Set("nope", 1).Do(ctx) },
			`Shipment: path "nope": unknown attribute "nope": entable_test.Shipment has "id", "carrier", "state", "rank", "labels", "stops", "nick", "due", "version"`},
		{"the Go name", func() error { return ships.Update(a).Remove("stops[0].City").Do(ctx) },
			`Shipment: path "stops[0].City": unknown attribute "City": entable_test.Stop has "city"`},
		{"index key", func() error { return update().Set("gsi1pk", "x").Do(ctx) },
			`Shipment: path "gsi1pk": unknown attribute "gsi1pk": entable_test.Shipment has "id", "carrier", "state", "rank", "labels", "stops", "nick", "due", "version"`},
		{"below a string", func() error { return update().Set("nick.x", 1).Do(ctx) }, `Shipment: path "nick.x": string has no attributes`},
		{"below a time", func() error { return update().Set("due.wall", 1).Do(ctx) }, `Shipment: path "due.wall": time.Time has no attributes`},
		{"element of a string", func() error { return update().Set("nick[0]", "x").Do(ctx) }, `Shipment: path "nick[0]": string is no list`},
		{"path without a name", func() error { return update().Set("", 1).Do(ctx) }, `Shipment: invalid path "": a name is empty`},
		{"path with two dots", func() error { return update().Set("labels..x", 1).Do(ctx) }, `Shipment: invalid path "labels..x": a name is empty`},
		{"negative index", func() error { return update().Set("stops[-1]", 1).Do(ctx) }, `Shipment: invalid path "stops[-1]": an index is not a number in brackets`},
		{"index without end", func() error { return update().Set("stops[1", 1).Do(ctx) }, `Shipment: invalid path "stops[1": an index is not a number in brackets`},
		{"index 01", func() error { return update().Set("stops[01]", 1).Do(ctx) }, `Shipment: invalid path "stops[01]": an index is not a number in brackets`},
		{"text behind an index", func() error { return update().Set("stops[0]city", 1).Do(ctx) }, `Shipment: invalid path "stops[0]city": text follows an index`},
		{"name with brackets", func() error { return update().Set("labels.a]b", 1).Do(ctx) },
			`Shipment: invalid path "labels.a]b": the SDK's expressions cannot name "a]b", which has brackets`},
		{"version", func() error { return update().Set("version", 1).Do(ctx) },
			`Shipment: attribute "version" is the version, which every write raises by itself`},
		{"empty update", func() error { return update().Do(ctx) }, `Shipment: the update changes nothing`},
		{"empty patch", func() error { return ships.Patch(&a).Do(ctx) }, `Shipment: the update changes nothing`},
		{"Input of no changes", func() error { _, err := ships.SaveChangesOp(a, &a).Input(t.Context()); return err }, `Shipment: the update changes nothing`},
		{"one path twice", func() error { return update().Set("nick", "abc").Remove("nick").Do(ctx) },
			`Shipment: the paths "nick" and "nick" overlap: an update can change each once`},
		{"a path in another", func() error { return update().Set("stops[1].city", "x").Remove("stops[1]").Do(ctx) },
			`Shipment: the paths "stops[1].city" and "stops[1]" overlap: an update can change each once`},
		{"add to a string", func() error { return update().Add("nick", "x").Do(ctx) },
			`Shipment: attribute nick: cannot add to a string: it takes a number or a set`},
		{"add to a list", func() error { return update().Add("stops", []Stop{{"x"}}).Do(ctx) },
			`Shipment: attribute stops: cannot add to a list: it takes a number or a set`},
		{"subtract from a string", func() error { return update().Subtract("nick", "x").Do(ctx) }, `Shipment: attribute nick: cannot subtract from a string`},
		{"delete from a list", func() error { return update().DeleteFromSet("stops", []Stop{{"x"}}).Do(ctx) },
			`Shipment: attribute stops: cannot delete elements from a list: it takes a set`},
		{"append to a number", func() error { return update().Append("rank", 1).Do(ctx) }, `Shipment: attribute rank: cannot append to a number: it takes a list`},
		{"append to a map", func() error { return update().Append("labels", map[string]int{}).Do(ctx) }, `Shipment: attribute labels: cannot append to M: it takes a list`},
		{"wrong type", func() error { return update().Set("nick", 5).Do(ctx) }, `Shipment: attribute nick: cannot set it to a value of type int: its type is string`},
		{"wrong element", func() error { return update().Set("labels.x", "5").Do(ctx) }, `Shipment: attribute labels.x: cannot set it to a value of type string: its type is int`},
		{"a fraction", func() error { return update().Set("rank", 1.5).Do(ctx) }, `Shipment: attribute rank: cannot set it to a value of type float64: its type is int`},
		{"nil", func() error { return update().Set("nick", nil).Do(ctx) }, `Shipment: attribute nick: cannot set it to nil: use Remove`},
		{"stale index key", func() error { return update().Set("carrier", "y").Do(ctx) },
			`Shipment: the update would leave the key of index "gsi1" stale, which is also made of "state", "rank": set them too, give their present values with Known, or use Fetch`},
		{"added to an index key", func() error { return update().Set("carrier", "y").Set("state", "s").Add("rank", 1).Do(ctx) },
			`Shipment: the update would leave the key of index "gsi1" stale, which is also made of "rank": set them too, give their present values with Known, or use Fetch`},
		{"set if absent in an index key", func() error {
			return update().Set("carrier", "y").SetIfAbsent("state", "s").Set("rank", 1).Do(ctx)
		}, `Shipment: the update would leave the key of index "gsi1" stale, which is also made of "state": set them too, give their present values with Known, or use Fetch`},
		{"Input of a Fetch", func() error { _, err := update().Set("carrier", "y").Fetch().Input(t.Context()); return err },
			`Shipment: the key of index "gsi1" depends on "state", "rank" in the stored item, which is read when the update is sent`},
		{"Known key field", func() error { return update().Set("nick", "abc").Known("id", "2").Do(ctx) },
			`Shipment: Known("id"): the attribute is part of the key, which is known`},
		{"Known path", func() error { return update().Set("nick", "abc").Known("labels.x", 2).Do(ctx) }, `Shipment: Known("labels.x"): give a whole attribute`},
		{"Known of a wrong type", func() error { return update().Set("nick", "abc").Known("rank", "2").Do(ctx) },
			`Shipment: attribute rank: cannot set it to a value of type string: its type is int`},
		{"invalid value", func() error { return update().Set("nick", "ab").Do(ctx) }, `Shipment: invalid: attribute nick: string value does not satisfy "min=3"`},
		{"invalid struct", func() error { return update().Set("stops[0]", Stop{}).Do(ctx) }, `Shipment: invalid: attribute stops[0].city: string value does not satisfy "required"`},
		{"invalid nested value", func() error { return update().Set("stops[0].city", "").Do(ctx) }, `Shipment: invalid: attribute stops[0].city: string value does not satisfy "required"`},
		{"invalid list", func() error { return update().Set("stops", []Stop{{"x"}, {}}).Do(ctx) }, `Shipment: invalid: attribute stops[1].city: string value does not satisfy "required"`},
		{"invalid elements", func() error { return update().Append("stops", []Stop{{"x"}, {}}).Do(ctx) }, `Shipment: invalid: attribute stops[1].city: string value does not satisfy "required"`},
		{"too many elements", func() error { return update().Set("stops", make([]Stop, 4)).Do(ctx) }, `Shipment: invalid: attribute stops: []entable_test.Stop value does not satisfy "max=3"`},
		{"removed, but required", func() error {
			return moves.Update(Event{ID: "1", Slug: "x"}).Remove("state", "tags", "touched").Remove("slug").Do(ctx)
		},
			`Event: attribute "slug" is part of the key and cannot be changed: delete the item and put another`},
		{"removed city", func() error { return update().Remove("stops[0].city").Do(ctx) }, `Shipment: invalid: attribute stops[0].city: string value does not satisfy "required"`},
		{"IfVersion without a version", func() error { return moves.Update(Event{ID: "1", Slug: "x"}).Set("state", "y").IfVersion(2).Do(ctx) },
			`Event: IfVersion: it has no version field`},
		{"IfVersion of a patch", func() error { return ships.Patch(&a).Set("nick", "abc").IfVersion(2).Do(ctx) },
			`Shipment: IfVersion is for updates by key: Patch checks the version of its instance`},
		{"Previous of a patch", func() error { _, err := ships.Patch(&a).Set("nick", "abc").Previous(ctx); return err },
			`Shipment: a Patch gives the new values: use Update for the previous ones`},
		{"Previous of a unique value", func() error {
			_, err := logs.Update(Account{ID: "1"}).Set("email", "x").Previous(ctx)
			return err
		}, `User: Previous of an update of a unique attribute: it takes a transaction, which gives nothing back`},
		{"no key", func() error { return ships.Update(Shipment{}).Set("nick", "abc").Do(ctx) }, `Shipment: cannot build key pk: attribute "id": text is empty`},
		{"nil put", func() error { return ships.Put(ctx, nil) }, `Shipment: Put of a nil *entable_test.Shipment`},
		{"nil patch", func() error { return ships.Patch(nobody).Set("nick", "abc").Do(ctx) }, `Shipment: Patch of a nil *entable_test.Shipment`},
		{"Input of a nil patch", func() error { _, err := ships.Patch(nobody).Set("nick", "abc").Input(t.Context()); return err }, `Shipment: Patch of a nil *entable_test.Shipment`},
		{"Input of a nil put", func() error { _, err := ships.PutOp(nobody).Input(ctx); return err }, `Shipment: Put of a nil *entable_test.Shipment`},
		{"Input of a nil remove", func() error { _, err := ships.RemoveOp(nobody).Input(t.Context()); return err }, `Shipment: Remove of a nil *entable_test.Shipment`},
		{"nil remove", func() error { return ships.Remove(ctx, nil) }, `Shipment: Remove of a nil *entable_test.Shipment`},
		{"nil SaveChanges", func() error { return ships.SaveChanges(ctx, a, nil) }, `Shipment: SaveChanges of a nil *entable_test.Shipment`},
		{"two operations on one item", func() error {
			return entable.Transact(ctx, []entable.Write{ships.DeleteOp(Shipment{ID: "7"}), ships.PutOp(&Shipment{ID: "7", Carrier: "x", State: "s"})})
		}, `writes 0 and 1 are both of Shipment[pk="SI#7" sk="A"]: an item can be written once`},
		{"check and write of one item", func() error {
			return entable.Transact(ctx, []entable.Write{ships.DeleteOp(Shipment{ID: "7"}), ships.CheckOp(Shipment{ID: "7"}, yes)})
		}, `writes 0 and 1 are both of Shipment[pk="SI#7" sk="A"]: an item can be written once`},
		{"101 operations", func() error { return entable.Transact(ctx, many(101)) },
			`101 items are above the service's limit of 100 in a transaction, which counts those of unique fields too`},
		{"101 with the unique fields", func() error {
			return entable.Transact(ctx, append(many(98), logs.CreateOp(&Account{ID: "1", Email: "e", Number: 1})))
		}, `101 items are above the service's limit of 100 in a transaction, which counts those of unique fields too`},
		{"one unique value twice", func() error {
			return entable.Transact(ctx, []entable.Write{logs.CreateOp(&Account{ID: "1", Email: "e"}), logs.CreateOp(&Account{ID: "2", Email: "e"})})
		}, `User: attribute "email": another item has this value`},
		{"nil write", func() error { return entable.Transact(ctx, []entable.Write{ships.DeleteOp(a), nil}) }, `write 1 is nil`},
		{"nil write in a batch", func() error { return entable.BatchWrite(ctx, []entable.Write{ships.DeleteOp(a), nil}) },
			`batch: 2 of 2 writes failed, the first at 0, Shipment: write 1 is nil`},
		{"duplicate in a batch", func() error { return entable.BatchWrite(ctx, append(many(30), many(1)...)) },
			`batch: 31 of 31 writes failed, the first at 30, Shipment: writes 0 and 30 are both of Shipment[pk="SI#A" sk="A"]: an item can be written once`},
		{"invalid in a batch", func() error {
			return entable.BatchWrite(ctx, append(many(3), ships.PutOp(&Shipment{ID: "x", State: "s"})))
		},
			`batch: 4 of 4 writes failed, the first at 3, Shipment: cannot build key gsi1pk: attribute "carrier": text is empty: set it, or give it omitempty, which leaves the item out of the index`},
		{"check in a batch", func() error { return entable.BatchWrite(ctx, []entable.Write{ships.CheckOp(a, yes)}) },
			`batch: 1 of 1 writes failed, the first at 0, Shipment: a condition check goes into a transaction`},
		{"clients of two kinds", func() error {
			other := entable.Register[Moving](entable.NewTable("other"))
			other.Table().Use(wrapper{s.SDK})
			return entable.Transact(ctx, []entable.Write{ships.DeleteOp(a), other.DeleteOp(Moving{ID: "1"})})
		}, `the writes of Shipment and Moving use different clients`},
	} {
		t.Run(test.name, func(t *testing.T) {
			s.Spy.Reset()
			err := test.do()
			if err == nil || strings.TrimPrefix(err.Error(), "entable: ") != test.want {
				t.Errorf("error\n%v, want\n%s", err, test.want)
			}
			if !entable.IsError(err) {
				t.Error("not an error of the package")
			}
			if n := s.Spy.Sent(""); n != 0 {
				t.Errorf("%d requests were sent", n)
			}
		})
	}
}

// The errors of writes that the service refuses, with the request sent.
func TestErrorsOfRefusedWrites(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		table := s.NewTable(entable.GSI("gsi1"))
		ships := declareShipments(table)
		accounts := entable.Register[Account](table)
		ctx := t.Context()
		v := Shipment{ID: "1", Carrier: "x", Rank: 1}
		check(t, ships.Put(ctx, &v))
		check(t, accounts.Create(ctx, &Account{ID: "1", Email: "e"}))
		stale := v
		stale.Version = 7
		no := expression.Name("rank").Equal(expression.Value(2))
		for _, test := range []struct {
			name   string
			do     func() error
			want   string
			is     error
			stored bool
		}{
			{"Create", func() error { return ships.Create(ctx, &Shipment{ID: "1", Carrier: "y"}) },
				`Create Shipment[pk="SI#1" sk="A"]: item already exists`, entable.ErrExists, true},
			{"Put", func() error { return ships.Put(ctx, new(stale)) }, `Put Shipment[pk="SI#1" sk="A"]: condition failed: the stored version is 1, that of the write 7`, nil, true},
			{"Put of a new item", func() error { return ships.Put(ctx, &Shipment{ID: "1", Carrier: "y"}) }, `Put Shipment[pk="SI#1" sk="A"]: condition failed: the stored version is 1, that of the write 0`, nil, true},
			{"Patch", func() error { return ships.Patch(new(stale)).Set("nick", "abc").Do(ctx) }, `Patch Shipment[pk="SI#1" sk="A"]: condition failed: the stored version is 1, that of the write 7`, nil, true},
			{"SaveChanges", func() error {
				after := stale
				after.Nick = "abc"
				return ships.SaveChanges(ctx, stale, &after)
			}, `SaveChanges Shipment[pk="SI#1" sk="A"]: condition failed: the stored version is 1, that of the write 7`, nil, true},
			{"Update", func() error { return ships.Update(v).Set("nick", "abc").If(no).Do(ctx) }, `Update Shipment[pk="SI#1" sk="A"]: condition failed`, nil, true},
			{"IfVersion", func() error { return ships.Update(v).Set("nick", "abc").IfVersion(3).Do(ctx) }, `Update Shipment[pk="SI#1" sk="A"]: condition failed: the stored version is 1, that of the write 3`, nil, true},
			{"absent", func() error { return ships.Update(Shipment{ID: "2"}).Set("nick", "abc").Do(ctx) }, `Update Shipment[pk="SI#2" sk="A"]: item not found`, entable.ErrNotFound, false},
			{"put if it exists", func() error {
				return accounts.Put(ctx, &Account{ID: "9", Email: "x"}, entable.If(expression.Name("id").AttributeExists()))
			}, `Put Account[pk="AI#9" sk="A"]: item not found`, entable.ErrNotFound, false},
			{"delete if it exists", func() error {
				return ships.Delete(ctx, Shipment{ID: "2"}, entable.If(expression.Name("id").AttributeExists()))
			}, `Delete Shipment[pk="SI#2" sk="A"]: item not found`, entable.ErrNotFound, false},
			{"check that it exists", func() error {
				return entable.Transact(ctx, []entable.Write{ships.CheckOp(Shipment{ID: "2"}, expression.Name("id").AttributeExists())})
			}, `transaction of 1 writes cancelled: write 0, Shipment[pk="SI#2" sk="A"]: item not found`, entable.ErrNotFound, false},
			{"gone", func() error { return ships.Put(ctx, &Shipment{ID: "2", Carrier: "y", Version: 4}) },
				`Put Shipment[pk="SI#2" sk="A"]: item not found`, entable.ErrNotFound, false},
			{"Remove", func() error { return ships.Remove(ctx, new(stale)) }, `Remove Shipment[pk="SI#1" sk="A"]: condition failed: the stored version is 1, that of the write 7`, nil, true},
			{"Delete", func() error { return ships.Delete(ctx, v, entable.If(no)) }, `Delete Shipment[pk="SI#1" sk="A"]: condition failed`, nil, true},
			{"unique", func() error { return accounts.Create(ctx, &Account{ID: "2", Email: "e"}) },
				`Create Account[pk="AI#2" sk="A"]: attribute "email": another item has this value`, entable.ErrExists, false},
			{"transaction", func() error {
				return entable.Transact(ctx, []entable.Write{
					ships.DeleteOp(Shipment{ID: "5"}), ships.CheckOp(v, no), ships.CreateOp(&Shipment{ID: "6", Carrier: "x"}), accounts.CreateOp(&Account{ID: "2", Email: "e"}),
				})
			}, `transaction of 4 writes cancelled: write 1, Shipment[pk="SI#1" sk="A"]: condition failed; write 3, Account[pk="AI#2" sk="A"]: attribute "email": another item has this value`,
				entable.ErrExists, true},
			{"batch", func() error { return entable.BatchWrite(ctx, []entable.Write{ships.RemoveOp(new(stale))}) },
				`batch: 1 of 1 writes failed, the first at 0, Shipment[pk="SI#1" sk="A"]: Remove Shipment[pk="SI#1" sk="A"]: condition failed: the stored version is 1, that of the write 7`, nil, true},
		} {
			err := test.do()
			if err == nil || strings.TrimPrefix(err.Error(), "entable: ") != test.want {
				t.Errorf("%s: error\n%v, want\n%s", test.name, err, test.want)
			}
			for _, sentinel := range []error{entable.ErrExists, entable.ErrNotFound} {
				if errors.Is(err, sentinel) != (sentinel == test.is) {
					t.Errorf("%s: matches %v: %t", test.name, sentinel, sentinel != test.is)
				}
			}
			c, ok := errors.AsType[*entable.ConditionFailedError](err)
			lost, raced := errors.AsType[*entable.VersionError](err)
			wanted := map[string][2]int64{"Put": {1, 7}, "Put of a new item": {1, 0}, "Patch": {1, 7}, "SaveChanges": {1, 7},
				"IfVersion": {1, 3}, "gone": {0, 4}, "Remove": {1, 7}, "batch": {1, 7}}
			if want, ok := wanted[test.name]; ok != raced || ok && (lost.Have != want[0] || lost.Want != want[1] || lost.Entity != "Shipment") {
				t.Errorf("%s: version error %+v, want %v", test.name, lost, want)
			}
			if test.stored && (!ok || c.Stored.(*Shipment).Carrier != "x") {
				t.Errorf("%s: no stored item in %v", test.name, err)
			}
		}
		got, err := ships.Get(ctx, v)
		check(t, err)
		if got.Version != 1 || got.Nick != "" {
			t.Errorf("a refused write has written %+v", got)
		}
	})
}

// A client of a type that Go cannot compare can be used as well.
func TestClientsThatCannotBeCompared(t *testing.T) {
	s := onMemory(t)
	table := s.NewTable()
	table.Use(uncomparable{wrapper{s.SDK}, nil})
	moves := entable.Register[Moving](table)
	check(t, entable.BatchWrite(t.Context(), []entable.Write{moves.PutOp(&Moving{ID: "1"}), moves.PutOp(&Moving{ID: "2"})}))
	check(t, entable.Transact(t.Context(), []entable.Write{moves.DeleteOp(Moving{ID: "1"}), moves.DeleteOp(Moving{ID: "2"})}))
}

type uncomparable struct {
	wrapper
	_ []func(context.Context, *dynamodb.Client)
}
