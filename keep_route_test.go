package entable_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
)

// mute is a client, such as a mock, that returns neither outputs nor errors.
type mute struct{}

func (mute) PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	return nil, nil
}
func (mute) GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	return nil, nil
}
func (mute) UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	return nil, nil
}
func (mute) DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	return nil, nil
}
func (mute) Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	return nil, nil
}
func (mute) Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	return nil, nil
}
func (mute) BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	return nil, nil
}
func (mute) BatchWriteItem(context.Context, *dynamodb.BatchWriteItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchWriteItemOutput, error) {
	return nil, nil
}
func (mute) TransactGetItems(context.Context, *dynamodb.TransactGetItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactGetItemsOutput, error) {
	return nil, nil
}
func (mute) TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	return nil, nil
}

// A client that answers nothing has carried a write out and has no item; where the answer says whether there is
// more, it is an error: a walk must not end silently.
func TestClientsThatAnswerNothing(t *testing.T) {
	const nothing = "the client returned neither an output nor an error"
	tasks := registerTasks(entable.NewTable("tasks"))
	tasks.Table().Use(mute{})
	key, audit := Task{List: "a", N: 1}, func(ctx context.Context) error {
		for _, err := range tasks.Table().Audit(ctx, entable.AuditOptions{}) {
			return err
		}
		return nil
	}
	var stats entable.Stats
	for _, ctx := range []context.Context{t.Context(), entable.WithStats(t.Context(), &stats)} {
		for _, test := range []struct {
			name string
			do   func() error
			want string
		}{
			{"Put", func() error { return tasks.Put(ctx, &Task{List: "a", N: 1}) }, ""},
			{"Update", func() error { return tasks.Update(key).Set("text", "x").Do(ctx) }, ""},
			{"Delete", func() error { return tasks.Delete(ctx, key) }, ""},
			{"BatchWrite", func() error { return entable.BatchWrite(ctx, []entable.Write{tasks.PutOp(&Task{List: "a", N: 1})}) }, ""},
			{"Transact", func() error { return entable.Transact(ctx, []entable.Write{tasks.PutOp(&Task{List: "a", N: 1})}) }, ""},
			{"Get", func() error { _, err := tasks.Get(ctx, key); return err }, "not found"},
			{"Query", func() error { return drain(tasks.Query(key).All(ctx)) }, nothing},
			{"Count", func() error { _, err := tasks.Query(key).Count(ctx); return err }, nothing},
			{"Scan", func() error { return drain(tasks.Scan().All(ctx)) }, nothing},
			{"Audit", func() error { return audit(ctx) }, nothing},
			{"Verify", func() error { return tasks.Table().Verify(ctx) }, ""},
			{"BatchGet", func() error { _, err := tasks.BatchGet(ctx, []Task{key}); return err }, nothing},
			{"TransactGet", func() error { _, err := tasks.TransactGet(ctx, []Task{key}); return err }, nothing},
		} {
			err := test.do()
			if test.want == "" && err != nil || test.want != "" && (err == nil || !entable.IsError(err) || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("%s: error %v, want %q", test.name, err, test.want)
			}
		}
	}
	if c := stats.Total(); c.Requests != 14 || c.Errors != 0 {
		t.Errorf("counts %+v", c)
	}
}

// answering is an option of an SDK client that gives the output that answer has for an input, if any, in place of
// the service, as a user's cache does.
func answering(answer func(in any) any) func(*dynamodb.Options) {
	return func(o *dynamodb.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("cache", func(
				ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
			) (middleware.InitializeOutput, middleware.Metadata, error) {
				if out := answer(in.Parameters); out != nil {
					return middleware.InitializeOutput{Result: out}, middleware.Metadata{}, nil
				}
				return next.HandleInitialize(ctx, in)
			}), middleware.After)
		})
	}
}

// What a user's middleware answers in place of the service counts on the fast route too.
func TestAnswersOfMiddleware(t *testing.T) {
	s := onMemory(t)
	tasks := registerTasks(s.NewTable())
	for n := range 3 {
		check(t, tasks.Put(t.Context(), &Task{List: "a", N: n, Text: "stored"}))
	}
	cached := func(n int) map[string]types.AttributeValue {
		item := taskKey("a", n)
		item["_type"], item["list"], item["n"], item["text"] = avS("Task"), avS("a"), avN(fmt.Sprint(n)), avS("cached")
		return item
	}
	pages := 0
	tasks.Table().Use(dynamodb.New(s.SDK.Options(), answering(func(in any) any {
		switch in := in.(type) {
		case *dynamodb.GetItemInput:
			return &dynamodb.GetItemOutput{Item: cached(1)}
		case *dynamodb.UpdateItemInput:
			return &dynamodb.UpdateItemOutput{Attributes: cached(1)}
		case *dynamodb.QueryInput:
			switch pages++; pages {
			case 2: // nothing in it, after a page of the service's
				return &dynamodb.QueryOutput{LastEvaluatedKey: in.ExclusiveStartKey}
			case 3:
				return &dynamodb.QueryOutput{Items: []map[string]types.AttributeValue{cached(8), cached(9)}, Count: 2}
			}
		case *dynamodb.BatchGetItemInput:
			return &dynamodb.BatchGetItemOutput{Responses: map[string][]map[string]types.AttributeValue{
				tasks.Table().Name(): {cached(1)},
			}}
		case *dynamodb.TransactGetItemsInput:
			return &dynamodb.TransactGetItemsOutput{Responses: []types.ItemResponse{{}, {Item: cached(2)}}}
		}
		return nil
	})))
	ctx := t.Context()
	if got, err := tasks.Get(ctx, Task{List: "a", N: 1}); err != nil || got.Text != "cached" {
		t.Errorf("Get: %+v, %v", got, err)
	}
	if got, err := tasks.Update(Task{List: "a", N: 1}).Set("text", "x").Updated(ctx); err != nil || got.Text != "cached" {
		t.Errorf("Update: %+v, %v", got, err)
	}
	var read []string
	for _, task := range enginetest.Collect(t, tasks.Query(Task{List: "a"}).PageSize(2).All(ctx)) {
		read = append(read, fmt.Sprint(task.N, task.Text))
	}
	if want := []string{"0stored", "1stored", "8cached", "9cached"}; !slices.Equal(read, want) {
		t.Errorf("Query: %v, want %v", read, want)
	}
	if got, err := tasks.BatchGet(ctx, []Task{{List: "a", N: 1}}); err != nil || got[0] == nil || got[0].Text != "cached" {
		t.Errorf("BatchGet: %v, %v", got, err)
	}
	if got, err := tasks.TransactGet(ctx, []Task{{List: "a", N: 1}, {List: "a", N: 2}}); err != nil || got[0] != nil || got[1] == nil || got[1].Text != "cached" {
		t.Errorf("TransactGet: %v, %v", got, err)
	}
}

// A user's middleware sees the items of a request that one of its tables wants on the plain route.
func TestPlainRouteOfOneTableOfSeveral(t *testing.T) {
	s := onMemory(t)
	plain, fast := s.NewTable(entable.PlainRoute()), s.NewTable()
	tasks, others := registerTasks(plain), registerTasks(fast)
	var mu sync.Mutex
	seen := map[string]int{}
	client := dynamodb.New(s.SDK.Options(), answering(func(in any) any {
		mu.Lock()
		defer mu.Unlock()
		switch in := in.(type) {
		case *dynamodb.BatchWriteItemInput:
			for name, writes := range in.RequestItems {
				for _, w := range writes {
					if w.PutRequest.Item["pk"] != nil {
						seen[name]++
					}
				}
			}
		case *dynamodb.TransactWriteItemsInput:
			for _, w := range in.TransactItems {
				if w.Put.Item["pk"] != nil {
					seen[*w.Put.TableName]++
				}
			}
		}
		return nil
	}))
	plain.Use(client)
	fast.Use(client)
	for name, write := range map[string]func(...entable.Write) error{
		"BatchWrite": func(w ...entable.Write) error { return entable.BatchWrite(t.Context(), w) },
		"Transact":   func(w ...entable.Write) error { return entable.Transact(t.Context(), w) },
	} {
		clear(seen)
		check(t, write(tasks.PutOp(&Task{List: "a", N: 1}), tasks.PutOp(&Task{List: "a", N: 2}), others.PutOp(&Task{List: "a", N: 1})))
		if seen[plain.Name()] != 2 || seen[fast.Name()] != 1 {
			t.Errorf("%s: seen %v", name, seen)
		}
		clear(seen)
		check(t, write(others.PutOp(&Task{List: "a", N: 1}), others.PutOp(&Task{List: "a", N: 2})))
		if len(seen) > 0 {
			t.Errorf("%s on the fast route: seen %v", name, seen)
		}
	}
}
