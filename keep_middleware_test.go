package entable_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/entable/entable"
)

// changing is a client's option: a middleware that changes the items of puts, as one that adds a tenant or encrypts would.
func changing(change func(item map[string]types.AttributeValue)) func(*dynamodb.Options) {
	return func(o *dynamodb.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("change", func(
				ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
			) (middleware.InitializeOutput, middleware.Metadata, error) {
				switch in := in.Parameters.(type) {
				case *dynamodb.PutItemInput:
					change(in.Item)
				case *dynamodb.BatchWriteItemInput:
					for _, writes := range in.RequestItems {
						for _, w := range writes {
							change(w.PutRequest.Item)
						}
					}
				case *dynamodb.TransactWriteItemsInput:
					for _, w := range in.TransactItems {
						change(w.Put.Item)
					}
				}
				return next.HandleInitialize(ctx, in)
			}), middleware.Before)
		})
	}
}

// On the fast route a middleware that changes an item fails its own call and says why; on the plain one its change is stored. It
// never touches another call, of whatever table.
func TestMiddlewareThatChangesItems(t *testing.T) {
	t.Parallel()
	for _, plain := range []bool{false, true} {
		s := onMemory(t)
		if plain {
			s.Options = []entable.TableOption{entable.PlainRoute()}
		}
		changed, clean := registerTasks(s.NewTable()), registerTasks(s.NewTable())
		ctx := t.Context()
		for kind, change := range map[string]func(map[string]types.AttributeValue){
			"adds":   func(item map[string]types.AttributeValue) { item["tenant"] = avS("t1") },
			"clears": func(item map[string]types.AttributeValue) { clear(item); item["pk"], item["sk"] = avS("x"), avS("y") },
			"reads":  func(item map[string]types.AttributeValue) { _ = fmt.Sprint(len(item), item["text"]) },
		} {
			changed.Use(dynamodb.New(s.SDK.Options(), changing(change)))
			for name, write := range map[string]func(e *entable.Entity[Task], v *Task) error{
				"Put": func(e *entable.Entity[Task], v *Task) error { return e.Put(ctx, v) },
				"batch": func(e *entable.Entity[Task], v *Task) error {
					return entable.BatchWrite(ctx, []entable.Write{e.PutOp(v)})
				},
				"transact": func(e *entable.Entity[Task], v *Task) error {
					return entable.Transact(ctx, []entable.Write{e.PutOp(v)})
				},
			} {
				what := fmt.Sprintf("plain %t, a middleware that %s, %s", plain, kind, name)
				var wg sync.WaitGroup
				for n := range 4 { // others at the same time
					wg.Go(func() {
						if err := write(clean, &Task{List: name + kind, N: n}); err != nil {
							t.Errorf("%s: another table: %v", what, err)
						}
					})
				}
				err := write(changed, &Task{List: name + kind, N: 1, Text: "mine"})
				wg.Wait()
				refused := !plain && kind != "reads"
				if refused != (err != nil) || refused && !strings.Contains(err.Error(), "an item in the request was changed") {
					t.Errorf("%s: %v", what, err)
				}
				if err := write(clean, &Task{List: name + kind, N: 9, Text: "next"}); err != nil {
					t.Errorf("%s: the next write: %v", what, err)
				}
				stored := s.Load(changed.Table(), taskKey(name+kind, 1))
				text := ""
				if stored != nil {
					text = dynamoJSON(stored)
				}
				wantText, wantTenant := !refused && kind != "clears", plain && kind == "adds"
				if strings.Contains(text, `"mine"`) != wantText || strings.Contains(text, `"tenant"`) != wantTenant {
					t.Errorf("%s: stored %s", what, text)
				}
			}
		}
	}
}
