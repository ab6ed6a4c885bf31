package entable_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
)

// recorder is a client that answers nothing and notes what it was asked.
type recorder struct {
	entable.Client
	mu     sync.Mutex
	calls  int
	strong []bool
}

func (r *recorder) note(strong *bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	r.strong = append(r.strong, strong != nil && *strong)
}

func (r *recorder) PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	r.note(nil)
	return &dynamodb.PutItemOutput{}, nil
}
func (r *recorder) DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	r.note(nil)
	return &dynamodb.DeleteItemOutput{}, nil
}
func (r *recorder) GetItem(_ context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	r.note(in.ConsistentRead)
	return &dynamodb.GetItemOutput{}, nil
}
func (r *recorder) Query(_ context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	r.note(in.ConsistentRead)
	return &dynamodb.QueryOutput{}, nil
}

// Clients: that of the context goes before the entity's, the entity's before the table's, the table's before the default.
func TestClientPrecedence(t *testing.T) {
	names := []string{"default", "table", "entity", "context"}
	var clients [4]*recorder
	for i := range clients {
		clients[i] = &recorder{}
	}
	table := entable.NewTable("clients")
	tasks := registerTasks(table)
	ctx := t.Context()
	t.Cleanup(func() { entable.SetDefaultClient(nil) })
	set := []func(entable.Client){
		entable.SetDefaultClient, table.Use, tasks.Use,
		func(c entable.Client) { ctx = entable.WithClient(ctx, c) },
	}
	used := func() string {
		for i := range clients {
			if clients[i].calls > 0 {
				calls := clients[i].calls
				clients[i].calls = 0
				return fmt.Sprint(names[i], " ", calls)
			}
		}
		return "none"
	}
	for i, c := range clients {
		set[i](c)
		for name, op := range operations(ctx, tasks, &Task{List: "a", N: 1}) {
			err := op()
			if got, want := used(), names[i]+" 1"; got != want {
				t.Errorf("%s goes to %s, want %s (%v)", name, got, want, err)
			}
		}
	}
	// Taking one away uncovers the next.
	ctx = t.Context()
	for i := 2; i >= 0; i-- {
		if _, err := tasks.Get(ctx, Task{List: "a"}); !errors.Is(err, entable.ErrNotFound) || used() != names[i]+" 1" {
			t.Errorf("client %s is not used: %v", names[i], err)
		}
		set[i](nil)
	}
	if _, err := tasks.Get(ctx, Task{List: "a"}); !errors.Is(err, entable.ErrNoClient) {
		t.Errorf("without clients: %v", err)
	}
}

// Consistency: the operation's setting goes before the entity's, the entity's before the table's.
func TestConsistencyPrecedence(t *testing.T) {
	settings := []struct {
		name   string
		strong bool
		given  bool
	}{{"unset", false, false}, {"eventual", false, true}, {"strong", true, true}}
	type Tasks struct{ Tasks []Task }
	for _, onTable := range settings {
		for _, onEntity := range settings {
			for _, onOp := range settings {
				want := onTable.strong
				if onEntity.given {
					want = onEntity.strong
				}
				if onOp.given {
					want = onOp.strong
				}
				var tableOpts []entable.TableOption
				var entityOpts []entable.EntityOption
				var readOpts []entable.ReadOption
				if onTable.given {
					tableOpts = append(tableOpts, entable.Consistent(onTable.strong))
				}
				if onEntity.given {
					entityOpts = append(entityOpts, entable.Consistent(onEntity.strong))
				}
				if onOp.given {
					readOpts = append(readOpts, entable.Consistent(onOp.strong))
				}
				table := entable.NewTable("reads", tableOpts...)
				tasks := registerTasks(table, entityOpts...)
				collection := entable.NewCollection[Tasks](tasks)
				client := &recorder{}
				table.Use(client)
				k := Task{List: "a", N: 1}
				q, mixed, group := tasks.Query(k), table.Query(k), collection.Query(k)
				if onOp.given {
					q.Consistent(onOp.strong)
					mixed.Consistent(onOp.strong)
					group.Consistent(onOp.strong)
				}
				for name, read := range map[string]func(){
					"Get":              func() { tasks.Get(t.Context(), k, readOpts...) },
					"Query":            func() { drain(q.All(t.Context())) },
					"Table.Query":      func() { drain(mixed.All(t.Context())) },
					"Collection.Query": func() { group.Group(t.Context()) },
					"Collection.Get":   func() { collection.Get(t.Context(), k, readOpts...) },
				} {
					client.strong = nil
					read()
					if len(client.strong) != 1 || client.strong[0] != want {
						t.Errorf("%s with table %s, entity %s, operation %s: %v, want %t", name, onTable.name, onEntity.name, onOp.name, client.strong, want)
					}
				}
			}
		}
	}
}

// Indexes have no consistent reads: the settings of table and entity do not count there.
func TestConsistencyOfIndexes(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		table := s.NewTable(entable.GSI("gsi1"), entable.Consistent(true))
		carts := entable.Register[Cart](table, entable.Consistent(true), entable.Index("gsi1", entable.PK("year")))
		check(t, carts.Put(t.Context(), &Cart{ID: "1", Year: 1}))
		if got := enginetest.Collect(t, carts.QueryIndex("gsi1", Cart{Year: 1}).All(t.Context())); len(got) != 1 {
			t.Errorf("read %s", pointees(got))
		}
		if got := enginetest.Collect(t, table.QueryIndex("gsi1", Cart{Year: 1}).Consistent(false).All(t.Context())); len(got) != 1 {
			t.Errorf("read %v", got)
		}
		err := drain(table.QueryIndex("gsi1", Cart{Year: 1}).Consistent(true).All(t.Context()))
		if err == nil || !strings.HasSuffix(err.Error(), `index "gsi1" has no consistent reads: query the table, or leave Consistent out`) {
			t.Errorf("error %v", err)
		}
	})
}

// ghostly answers a read with an item that nothing protects from what the service never sends.
type ghostly struct {
	entable.Client
	item map[string]types.AttributeValue
}

func (g ghostly) GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	return &dynamodb.GetItemOutput{Item: g.item}, nil
}

// A client that answers nonsense gets errors, not panics.
func TestClientsThatAnswerNonsense(t *testing.T) {
	tasks := registerTasks(entable.NewTable("tasks"))
	for name, item := range map[string]map[string]types.AttributeValue{
		"nil value":      {"_type": avS("Task"), "list": nil},
		"unknown member": {"_type": avS("Task"), "list": &types.UnknownUnionMember{Tag: "X"}},
		"bad number":     {"_type": avS("Task"), "n": avN("one")},
		"bad text":       {"_type": avS("Task"), "list": avS("\xff")},
		"no attribute":   {"": avS("Task")},
	} {
		ctx := entable.WithClient(t.Context(), ghostly{item: item})
		if v, err := tasks.Get(ctx, Task{List: "a"}); err == nil || !entable.IsError(err) {
			t.Errorf("%s: read %+v, %v", name, v, err)
		}
	}
}

// A batch of reads keeps each entity's setting: consistent and other reads do not share a request.
func TestConsistencyOfBatchGet(t *testing.T) {
	for _, test := range []struct {
		opts []entable.BatchGetOption
		want string
	}{
		{nil, "map[Cart:false Task:true]"},
		{[]entable.BatchGetOption{entable.Consistent(true)}, "map[Cart:true Task:true]"},
		{[]entable.BatchGetOption{entable.Consistent(false)}, "map[Cart:false Task:false]"},
	} {
		table := entable.NewTable("reads", entable.Consistent(false))
		tasks := registerTasks(table, entable.Consistent(true))
		carts := entable.Register[Cart](table)
		got := map[string]bool{}
		table.Use(batchReader{seen: func(pk string, strong bool) {
			got[map[string]string{"TL#a": "Task", "CI#1": "Cart"}[pk]] = strong
		}})
		_, err := table.BatchGet(t.Context(), []any{Task{List: "a", N: 1}, Cart{ID: "1"}}, append(test.opts, entable.Concurrency(1))...)
		check(t, err)
		if fmt.Sprint(got) != test.want {
			t.Errorf("%v of %s and %s, want %s", got, tasks.Name(), carts.Name(), test.want)
		}
	}
}

// batchReader finds nothing, and tells which keys were asked for how.
type batchReader struct {
	entable.Client
	seen func(pk string, strong bool)
}

func (b batchReader) BatchGetItem(_ context.Context, in *dynamodb.BatchGetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	for _, keys := range in.RequestItems {
		for _, k := range keys.Keys {
			b.seen(k["pk"].(*types.AttributeValueMemberS).Value, keys.ConsistentRead != nil && *keys.ConsistentRead)
		}
	}
	return &dynamodb.BatchGetItemOutput{}, nil
}
