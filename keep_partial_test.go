package entable_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
)

// staged is a client of a user's own that puts a stage in front of the names of tables, and does not take it off again.
type staged struct{ *dynamodb.Client }

func stage[V any](tables map[string]V) map[string]V {
	out := map[string]V{}
	for name, v := range tables {
		out["dev-"+name] = v
	}
	return out
}

func (c staged) BatchWriteItem(ctx context.Context, in *dynamodb.BatchWriteItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.BatchWriteItemOutput, error) {
	return c.Client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: stage(in.RequestItems)}, opts...)
}

func (c staged) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	return c.Client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: stage(in.RequestItems)}, opts...)
}

// What is left unprocessed is not lost where the answer calls its table otherwise than the request: a write is reported, a key asked for again.
func TestUnprocessedItemsOfARenamedTable(t *testing.T) {
	s := onMemory(t)
	stored := entable.NewTable("dev-tasks")
	all := registerTasks(stored)
	stored.Use(s.SDK)
	s.Create(stored)
	tasks := registerTasks(entable.NewTable("tasks"))
	tasks.Table().Use(staged{s.SDK})
	var writes []entable.Write
	var keys []Task
	for n := range 25 {
		keys = append(keys, Task{List: "a", N: n})
		writes = append(writes, tasks.PutOp(&Task{List: "a", N: n}))
	}
	s.DB.Inject(memory.Unprocessed(10).On("BatchWriteItem").Times(1))
	err := entable.BatchWrite(t.Context(), writes)
	failed, ok := errors.AsType[*entable.BatchError](err)
	if !ok || len(failed.Failures) != 25 || !failed.Failures[0].Unknown || !strings.Contains(err.Error(), "left items unprocessed that were not sent") {
		t.Errorf("of 25 writes, of which 10 were carried out: %v", err)
	}
	check(t, entable.BatchWrite(t.Context(), writes))
	s.DB.Inject(memory.Unprocessed(3).On("BatchGetItem"))
	got, err := tasks.BatchGet(t.Context(), keys)
	check(t, err)
	for i, task := range got {
		if task == nil || task.N != i {
			t.Errorf("the item of key %d is %v", i, task)
		}
	}
	if n, err := all.Query(Task{List: "a"}).Count(t.Context()); err != nil || n != 25 {
		t.Errorf("%d are stored, %v", n, err)
	}
}

// hollow is a client whose answers lack what they are asked for.
type hollow struct{ entable.Client }

func (hollow) UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	return &dynamodb.UpdateItemOutput{}, nil
}

func (hollow) TransactGetItems(context.Context, *dynamodb.TransactGetItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactGetItemsOutput, error) {
	return &dynamodb.TransactGetItemsOutput{Responses: []types.ItemResponse{{}}}, nil
}

func (hollow) BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	return &dynamodb.BatchGetItemOutput{UnprocessedKeys: map[string]types.KeysAndAttributes{
		"tasks": {Keys: []map[string]types.AttributeValue{taskKey("another", 1)}},
	}}, nil
}

func TestAnswersThatLackSomething(t *testing.T) {
	tasks := registerTasks(entable.NewTable("tasks"))
	tasks.Table().Use(hollow{})
	ctx, keys := t.Context(), []Task{{List: "a", N: 1}, {List: "a", N: 2}}
	for want, do := range map[string]func() error{
		"the write was carried out, but its item cannot be read: the client answered without it": func() error { return second(tasks.Update(keys[0]).Set("text", "x").Updated(ctx)) },
		"the client answered for 1 of 2 items":                                                   func() error { return second(tasks.TransactGet(ctx, keys)) },
		"the service left keys unprocessed that were not asked for":                              func() error { return second(tasks.BatchGet(ctx, keys)) },
	} {
		if err := do(); err == nil || !entable.IsError(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	check(t, tasks.Update(keys[0]).Set("text", "x").Do(ctx))
	if was, err := tasks.Update(keys[0]).Set("text", "x").Previous(ctx); was != nil || err != nil {
		t.Errorf("there was %v, %v", was, err)
	}
}
