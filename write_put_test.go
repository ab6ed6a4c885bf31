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

func TestPutReplacesTheWholeItem(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		tasks := registerTasks(s.NewTable())
		first := Task{List: "a", N: 1, Text: "first", Tags: []string{"x", "y"}}
		check(t, tasks.Put(t.Context(), &first))
		got, err := tasks.Get(t.Context(), Task{List: "a", N: 1, Text: "does not count"})
		check(t, err)
		if fmt.Sprint(*got) != fmt.Sprint(first) {
			t.Errorf("read %v, wrote %v", *got, first)
		}
		check(t, tasks.Put(t.Context(), &Task{List: "a", N: 1}))
		want := `{"_type":{"S":"Task"},"list":{"S":"a"},"n":{"N":"1"},"pk":{"S":"TL#a"},"sk":{"S":"TN#0000000000000000001"}}`
		if got := dynamoJSON(s.Load(tasks.Table(), taskKey("a", 1))); got != want {
			t.Errorf("stored\n%s, want\n%s", got, want)
		}
	})
}

func TestCreateRefusesAnExistingItem(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		tasks := registerTasks(s.NewTable())
		check(t, tasks.Create(t.Context(), &Task{List: "a", N: 1, Text: "first"}))
		second := Task{List: "a", N: 1, Text: "second"}
		err := tasks.Create(t.Context(), &second)
		failed, ok := errors.AsType[*entable.ConditionFailedError](err)
		if !ok || !errors.Is(err, entable.ErrExists) || errors.Is(err, entable.ErrNotFound) || !entable.IsError(err) || entable.IsRetryable(err) {
			t.Fatalf("create of an existing item: %v", err)
		}
		if stored, ok := failed.Stored.(*Task); !ok || stored.Text != "first" {
			t.Errorf("the error holds %v, want the stored item", failed.Stored)
		}
		if !is[*types.ConditionalCheckFailedException](err) {
			t.Error("the SDK's own error is not in the chain")
		}
		want := `entable: Create Task[pk="TL#a" sk="TN#0000000000000000001"]: item already exists`
		if err.Error() != want {
			t.Errorf("error\n%s, want\n%s", err, want)
		}
		got, err := tasks.Get(t.Context(), second)
		check(t, err)
		if got.Text != "first" {
			t.Errorf("the item was overwritten with %q", got.Text)
		}
	})
}

func TestConditions(t *testing.T) {
	text := func(want string) entable.WriteOption {
		return entable.If(expression.Name("text").Equal(expression.Value(want)))
	}
	eachSetup(t, func(t *testing.T, s *setup) {
		tasks := registerTasks(s.NewTable())
		task := Task{List: "a", N: 1, Text: "first"}
		check(t, tasks.Put(t.Context(), &task))

		// A false condition on Put and Delete; several must all hold.
		for name, write := range map[string]func() error{
			"put":    func() error { return tasks.Put(t.Context(), &Task{List: "a", N: 1, Text: "x"}, text("other")) },
			"delete": func() error { return tasks.Delete(t.Context(), task, text("first"), text("other")) },
		} {
			err := write()
			failed, ok := errors.AsType[*entable.ConditionFailedError](err)
			if !ok || errors.Is(err, entable.ErrExists) {
				t.Fatalf("%s: %v, want a *ConditionFailedError", name, err)
			}
			if stored, ok := failed.Stored.(*Task); !ok || stored.Text != "first" {
				t.Errorf("%s: the error holds %v, want the stored item", name, failed.Stored)
			}
		}
		if got, err := tasks.Get(t.Context(), task); err != nil || got.Text != "first" {
			t.Errorf("the item is %v after refused writes: %v", got, err)
		}

		// A condition beside that of Create: it is not the key that is taken.
		err := tasks.Create(t.Context(), &Task{List: "a", N: 2}, entable.If(expression.Name("text").AttributeExists()))
		failed, ok := errors.AsType[*entable.ConditionFailedError](err)
		if !ok || errors.Is(err, entable.ErrExists) || failed.Stored != nil {
			t.Errorf("create under a false condition: %v", err)
		}

		// True ones.
		check(t, tasks.Put(t.Context(), &Task{List: "a", N: 1, Text: "second"}, text("first")))
		check(t, tasks.Delete(t.Context(), task, text("second")))
		if _, err := tasks.Get(t.Context(), task); !errors.Is(err, entable.ErrNotFound) {
			t.Errorf("after the delete: %v, want ErrNotFound", err)
		}

		// What cannot be decoded is given raw.
		ghost := taskKey("a", 3)
		ghost["_type"] = avS("Ghost")
		s.Store(tasks.Table(), ghost)
		err = tasks.Create(t.Context(), &Task{List: "a", N: 3})
		if failed, ok := errors.AsType[*entable.ConditionFailedError](err); !ok {
			t.Errorf("create at an unknown item: %v", err)
		} else if raw, ok := failed.Stored.(entable.RawItem); !ok || dynamoJSON(raw) != dynamoJSON(ghost) {
			t.Errorf("the error holds %v, want the raw item", failed.Stored)
		}

		// A condition that is none never reaches the service.
		s.Spy.Reset()
		if err := tasks.Put(t.Context(), &task, entable.If(expression.ConditionBuilder{})); !entable.IsError(err) || s.Spy.Sent("") != 0 {
			t.Errorf("an empty condition: %v", err)
		}
	})
}

func TestDeleteSucceedsWithoutAnItem(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		tasks := registerTasks(s.NewTable())
		check(t, tasks.Put(t.Context(), &Task{List: "a", N: 1}))
		check(t, tasks.Delete(t.Context(), Task{List: "a", N: 1}))
		check(t, tasks.Delete(t.Context(), Task{List: "a", N: 1}))
		_, err := tasks.Get(t.Context(), Task{List: "a", N: 1})
		if !errors.Is(err, entable.ErrNotFound) {
			t.Fatalf("get of a deleted item: %v", err)
		}
		if want := `entable: Get Task[pk="TL#a" sk="TN#0000000000000000001"]: item not found`; err.Error() != want {
			t.Errorf("error\n%s, want\n%s", err, want)
		}
	})
}

// A read by key never decodes an item of another type.
func TestGetOfAnotherType(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		table := s.NewTable()
		tasks := registerTasks(table)
		entable.Register[Order](table)
		for _, test := range []struct{ discriminator, want string }{
			{"Order", `entable: Task[pk="TL#a" sk="TN#0000000000000000001"]: the stored item is of type "Order"`},
			{"Ghost", `entable: Task[pk="TL#a" sk="TN#0000000000000000001"]: the stored item is of type "Ghost"`},
			{"", `entable: Task[pk="TL#a" sk="TN#0000000000000000001"]: the stored item is of no registered entity`},
		} {
			item := taskKey("a", 1)
			item["_type"], item["list"] = avS(test.discriminator), avN("5")
			s.Store(table, item)
			v, err := tasks.Get(t.Context(), Task{List: "a", N: 1})
			unknown, ok := errors.AsType[*entable.UnknownEntityError](err)
			if !ok || v != nil {
				t.Fatalf("get of an item of type %q: %v, %v", test.discriminator, v, err)
			}
			if unknown.Want != "Task" || unknown.Type != test.discriminator || dynamoJSON(unknown.Item) != dynamoJSON(item) {
				t.Errorf("the error is %+v", unknown)
			}
			if err.Error() != test.want {
				t.Errorf("error\n%s, want\n%s", err, test.want)
			}
		}

		// An item without a discriminator has the type of its key.
		item := taskKey("a", 2)
		item["list"], item["n"] = avS("a"), avN("2")
		s.Store(table, item)
		got, err := tasks.Get(t.Context(), Task{List: "a", N: 2})
		check(t, err)
		if got.List != "a" || got.N != 2 {
			t.Errorf("read %+v", *got)
		}

		// One whose discriminator is no text is damaged.
		item["_type"] = avN("1")
		s.Store(table, item)
		_, err = tasks.Get(t.Context(), Task{List: "a", N: 2})
		if !is[*entable.DecodeError](err) {
			t.Errorf("a number as discriminator: %v", err)
		}
	})
}

// An item that does not fit its type names the attribute and the item.
func TestGetOfAnItemThatDoesNotFit(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		tasks := registerTasks(s.NewTable())
		item := taskKey("a", 1)
		item["_type"], item["list"], item["n"], item["text"] = avS("Task"), avS("a"), avS("one"), avS("x")
		s.Store(tasks.Table(), item)
		_, err := tasks.Get(t.Context(), Task{List: "a", N: 1})
		bad, ok := errors.AsType[*entable.DecodeError](err)
		if !ok || !entable.IsError(err) {
			t.Fatalf("error %v, want a *DecodeError", err)
		}
		if bad.Entity != "Task" || !strings.Contains(bad.Key, `pk="TL#a"`) {
			t.Errorf("the error is %+v", bad)
		}
		if want := `entable: Task[pk="TL#a" sk="TN#0000000000000000001"]: attribute n: cannot decode S into int`; err.Error() != want {
			t.Errorf("error\n%s, want\n%s", err, want)
		}
	})
}

// A hundred attributes before and after the discriminator do not matter, wherever it stands.
func TestTypeIsFoundWhereverTheDiscriminatorStands(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		table := s.NewTable(entable.Discriminator("n_type"))
		tasks := registerTasks(table)
		item := taskKey("a", 1)
		for i := range 100 {
			item[fmt.Sprintf("a%03d", i)], item[fmt.Sprintf("z%03d", i)] = avS(strings.Repeat("x", 100)), avS("y")
		}
		// A decoy with the discriminator's name, inside a map.
		item["nested"] = &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"n_type": avS("Ghost")}}
		item["n_type"], item["list"], item["n"] = avS("Task"), avS("a"), avN("1")
		s.Store(table, item)
		got, err := tasks.Get(t.Context(), Task{List: "a", N: 1})
		check(t, err)
		if got.N != 1 {
			t.Errorf("read %+v", *got)
		}
		all := enginetest.Collect(t, table.Query(Task{List: "a"}).All(t.Context()))
		if len(all) != 1 {
			t.Fatalf("read %d items, want 1", len(all))
		}
		if _, ok := all[0].(*Task); !ok {
			t.Errorf("read a %T, want a *Task", all[0])
		}
	})
}
