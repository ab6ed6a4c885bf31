package forms_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
)

// everywhere runs a test on each engine and route, on a table with one index.
func everywhere(t *testing.T, run func(t *testing.T, table *entable.Table, client *dynamodb.Client)) {
	for engine, open := range engines {
		for route, more := range map[string][]entable.TableOption{"fast": nil, "plain": {entable.PlainRoute()}} {
			t.Run(engine+" "+route, func(t *testing.T) {
				client := open(t)
				table := entable.NewTable("stored", append(byIndex(), more...)...)
				table.Use(client)
				must(t, table.CreateTable(context.Background()))
				run(t, table, client)
			})
		}
	}
}

// Task is found by its place, which can be one of two levels or of three, and in an index by its state and the day that it is due.
type Task struct {
	Area  string    `dynamodbav:"area"`
	Room  string    `dynamodbav:"room,omitempty"`
	ID    string    `dynamodbav:"id"`
	State string    `dynamodbav:"state"`
	Owner string    `dynamodbav:"owner,omitempty"`
	Due   time.Time `dynamodbav:"due,omitempty"`
}

// Visit to an area lies in the same partitions as tasks, and between them.
type Round struct {
	Area string `dynamodbav:"area"`
	ID   string `dynamodbav:"id"`
}

func noError(t *testing.T, err error, what string) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

func TestQueriesOfKeysWithTails(t *testing.T) {
	everywhere(t, func(t *testing.T, table *entable.Table, client *dynamodb.Client) {
		ctx := context.Background()
		tasks := entable.Register[Task](table, pk("SITE"), sk("{area}[#{room}]"))
		rounds := entable.Register[Round](table, pk("SITE"), sk("{area} round {id}"), entable.Distinct(tasks, "no area has a space and the word round in it"))
		for _, place := range []string{"a", "a#1", "a#2", "ab", "ab#1", "a (old)#1", "a (old)", "b#1"} {
			area, room, _ := strings.Cut(place, "#")
			must(t, tasks.Put(ctx, &Task{Area: area, Room: room, ID: place, State: "open"}))
		}
		must(t, rounds.Put(ctx, &Round{Area: "a", ID: "7"}))
		query := func() *entable.Query[Task] { return tasks.Query(Task{}).Equal(Task{Area: "a"}, "area") }
		list := func(q *entable.Query[Task]) string {
			t.Helper()
			var ids []string
			for v, err := range q.All(ctx) {
				must(t, err)
				ids = append(ids, v.ID)
			}
			return strings.Join(ids, " ")
		}
		for got, want := range map[string]string{
			list(query()):           "a a#1 a#2",
			list(query().Reverse()): "a#2 a#1 a",
			list(tasks.Query(Task{}).Prefix(Task{Area: "ab"})):                                             "ab ab#1",
			list(tasks.Query(Task{}).Equal(Task{Area: "a"}, "area", "room")):                               "a",
			list(tasks.Query(Task{}).Prefix(Task{Area: "a", Room: "2"})):                                   "a#2",
			list(tasks.Query(Task{}).Equal(Task{Area: "b"}, "area")):                                       "b#1",
			list(tasks.Query(Task{}).Between(Task{Area: "a"}, Task{Area: "a", Room: "1"}, "area", "room")): "a a#1",
		} {
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		if n, err := query().Count(ctx); err != nil || n != 3 {
			t.Errorf("counted %d, %v", n, err)
		}
		for _, q := range []func() *entable.Query[Task]{query, func() *entable.Query[Task] { return query().Reverse() }} {
			var pages []string
			for cursor, first := "", true; first || cursor != ""; first = false {
				page, err := q().Limit(1).From(cursor).Page(ctx)
				must(t, err)
				for _, v := range page.Items {
					pages = append(pages, v.ID)
				}
				cursor = page.Cursor
			}
			if got, want := strings.Join(pages, " "), list(q()); got != want {
				t.Errorf("by pages %q, want %q", got, want)
			}
		}
		_, err := tasks.Query(Task{}).Equal(Task{Area: "a"}).First(ctx)
		refused(t, err, `attribute "room" is zero, which may be meant or not set`)
		_, err = tasks.Query(Task{}).Greater(Task{Area: "a"}, "area").First(ctx)
		refused(t, err, "the order of keys")

		// All types, and those of a collection.
		type Site struct {
			Tasks  []Task
			Rounds []Round
		}
		sites := entable.NewCollection[Site](tasks, rounds)
		site, err := sites.Get(ctx, Task{})
		must(t, err)
		if len(site.Tasks) != 8 || len(site.Rounds) != 1 {
			t.Errorf("%+v", site)
		}
		n := 0
		for v, err := range table.Query(Task{}).Between(Task{Area: "a", Room: "1"}, Task{Area: "ab"}, "area", "room").All(ctx) {
			_ = v
			n++
			refused(t, err, "the order of keys")
		}
		for v, err := range table.Query(Task{}).Only(tasks).All(ctx) {
			must(t, err)
			if _, ok := v.(*Task); ok {
				n++
			}
		}
		if n != 9 {
			t.Errorf("%d", n)
		}
		for f, err := range table.Audit(ctx, entable.AuditOptions{}) {
			t.Errorf("%v, %v", f, err)
		}
	})
}

// indexed returns the attributes of the index in the one item of the table.
func indexed(t *testing.T, client *dynamodb.Client) string {
	t.Helper()
	item := only(t, client)
	var out strings.Builder
	for _, name := range []string{"GSI1PK", "GSI1SK"} {
		if v, ok := item[name].(*types.AttributeValueMemberS); ok {
			out.WriteString(" " + v.Value)
		} else {
			out.WriteString(" -")
		}
	}
	return out.String()[1:]
}

func TestUpdatesKeepTailsOfIndexKeysUp(t *testing.T) {
	everywhere(t, func(t *testing.T, table *entable.Table, client *dynamodb.Client) {
		ctx := context.Background()
		tasks := entable.Register[Task](table, pk("TASK#{id}"), sk("{area}[#{room}]"),
			entable.Index("GSI1", pk("{state}[#{owner}]"), sk("[DUE#{due:2006-01-02}]")))
		key := Task{ID: "1", Area: "a"}
		day := time.Date(2026, 1, 31, 10, 0, 0, 0, time.UTC)
		must(t, tasks.Put(ctx, &Task{ID: "1", Area: "a", State: "open"}))
		expect := func(what, want string) {
			t.Helper()
			if got := indexed(t, client); got != want {
				t.Errorf("%s: the keys are %s, want %s", what, got, want)
			}
		}
		expect("put", "open -")
		if n, err := tasks.QueryIndex("GSI1", Task{State: "open"}).Count(ctx); err != nil || n != 0 {
			t.Errorf("%d items are in the index without its sort key, %v", n, err)
		}

		refused(t, tasks.Update(key).Set("owner", "ann").Do(ctx), `would leave the key of index "GSI1" stale, which is also made of "state"`)
		noError(t, tasks.Update(key).Set("owner", "ann").Known("state", "open").Do(ctx), "known")
		expect("the tail is set", "open#ann -")
		noError(t, tasks.Update(key).Set("due", day).Do(ctx), "due")
		expect("the missing key is set", "open#ann DUE#2026-01-31")
		if v, err := tasks.QueryIndex("GSI1", Task{State: "open", Owner: "ann"}).One(ctx); err != nil || v.ID != "1" {
			t.Errorf("%+v, %v", v, err)
		}
		noError(t, tasks.Update(key).Remove("owner").Fetch().Do(ctx), "fetch")
		expect("the tail is removed", "open DUE#2026-01-31")
		noError(t, tasks.Update(key).Set("state", "done").Set("owner", "bob").Do(ctx), "both")
		expect("both are set", "done#bob DUE#2026-01-31")
		noError(t, tasks.Update(key).Remove("due").Do(ctx), "remove")
		expect("the key is removed", "done#bob -")
		v, err := tasks.Get(ctx, key)
		must(t, err)
		before := *v
		v.Owner, v.Due = "", day
		noError(t, tasks.SaveChanges(ctx, before, v), "save")
		expect("what differs is saved", "done DUE#2026-01-31")
		noError(t, tasks.Patch(v).Set("owner", "eve").Do(ctx), "patch")
		expect("patched", "done#eve DUE#2026-01-31")

		for path, value := range map[string]any{"room": "1", "area": "b"} {
			refused(t, tasks.Update(key).Set(path, value).Do(ctx), `is part of the key and cannot be changed`)
		}
		refused(t, tasks.Update(key).Remove("room").Do(ctx), `is part of the key and cannot be changed`)

		must(t, tasks.Delete(ctx, key))
		noError(t, tasks.Update(key).Set("state", "new").Upsert().Do(ctx), "upsert")
		expect("an upsert makes one without the tail", "new -")
		noError(t, tasks.Update(key).Set("state", "old").Upsert().Do(ctx), "upsert of what is there")
		expect("an upsert of what is there", "old -")
		noError(t, tasks.Update(key).Set("owner", "ann").Known("state", "old").Do(ctx), "owner")
		noError(t, tasks.Update(key).Set("state", "open").Upsert().Do(ctx), "upsert of what has more")
		expect("an upsert of what has more than a new item", "open#ann -")
		refused(t, tasks.Update(Task{ID: "2", Area: "a"}).Set("due", day).Upsert().Do(ctx), `the upsert does not give attribute "state"`)
		for f, err := range table.Audit(ctx, entable.AuditOptions{}) {
			t.Errorf("%v, %v", f, err)
		}
		put(t, client, parse(t, `{"PK":"TASK#1","SK":"a","GSI1PK":"open","GSI1SK":"DUE#x","type":"Task","area":"a","id":"1","state":"open","owner":"ann"}`))
		for f, err := range table.Audit(ctx, entable.AuditOptions{Repair: true}) {
			must(t, err)
			if !f.Repaired {
				t.Errorf("%v", f)
			}
		}
		expect("repaired", "open#ann -")
	})
}

func TestUpdatesKeepDerivedKeysUp(t *testing.T) {
	everywhere(t, func(t *testing.T, table *entable.Table, client *dynamodb.Client) {
		ctx := context.Background()
		urgency := func(v *Task) string {
			switch {
			case v.Due.IsZero():
				return ""
			case v.State == "panic":
				panic("told to")
			}
			return v.State + v.Due.Format("2006")
		}
		kind := func(v *Task) string { return strings.ToUpper(v.Area) }
		tasks := entable.Register[Task](table, pk("{kind}"), sk("{area}#{id}"), entable.Derived("kind", []string{"area"}, kind),
			entable.Derived("urgency", []string{"state", "due"}, urgency), entable.Index("GSI1", pk("[U#{urgency}]"), sk("{id}")))
		key := Task{ID: "1", Area: "a"}
		day := time.Date(2026, 1, 31, 10, 0, 0, 0, time.UTC)
		must(t, tasks.Put(ctx, &Task{ID: "1", Area: "a", State: "open", Due: day}))
		expect := func(what, want string) {
			t.Helper()
			if got := indexed(t, client); got != want {
				t.Errorf("%s: the keys are %s, want %s", what, got, want)
			}
		}
		expect("put", "U#open2026 1")
		refused(t, tasks.Update(key).Set("state", "done").Do(ctx), `would leave the key of index "GSI1" stale, which is also made of "due"`)
		noError(t, tasks.Update(key).Set("state", "done").Known("due", day).Do(ctx), "known")
		expect("known", "U#done2026 1")
		noError(t, tasks.Update(key).Set("due", day.AddDate(1, 0, 0)).Fetch().Do(ctx), "fetch")
		expect("fetched", "U#done2027 1")
		if err := tasks.Update(key).Set("state", "x").Known("due", day).Do(ctx); err == nil {
			t.Error("a wrong known value is taken")
		}
		refused(t, tasks.Update(key).Set("state", "panic").Fetch().Do(ctx), `Task: cannot build key GSI1PK: attribute "urgency": the function that derives it panics: told to`)
		noError(t, tasks.Update(key).Remove("due").Fetch().Do(ctx), "remove")
		expect("nothing is derived", "- 1")
		refused(t, tasks.Update(key).Set("area", "b").Do(ctx), `attribute "area" is part of the key and cannot be changed`)
		v, err := tasks.Get(ctx, key)
		must(t, err)
		v.Due = day
		noError(t, tasks.Put(ctx, v), "put back")
		expect("put back", "U#done2026 1")
		if list, err := tasks.QueryIndex("GSI1", *v).One(ctx); err != nil || list.ID != "1" {
			t.Errorf("%+v, %v", list, err)
		}
		must(t, tasks.Delete(ctx, key))
		noError(t, tasks.Update(key).Set("state", "new").Set("due", day).Upsert().Do(ctx), "upsert")
		expect("upserted", "U#new2026 1")
		noError(t, tasks.Update(key).Set("state", "old").Upsert().Do(ctx), "upsert of what is there")
		expect("upserted again", "U#old2026 1")

		put(t, client, parse(t, `{"PK":"B","SK":"a#1","GSI1SK":"1","type":"Task","area":"a","id":"1","state":"open"}`))
		wrong := 0
		for _, err := range tasks.Scan().All(ctx) {
			if mismatch, ok := errors.AsType[*entable.KeyMismatchError](err); ok && strings.Contains(mismatch.Error(), `PK="A"`) {
				wrong++
			}
		}
		if wrong != 1 {
			t.Error("an item at the place of another kind is read as one at its own")
		}
		if _, err := tasks.Get(ctx, key); err != nil {
			t.Error(err)
		}
	})
}
