package entable_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
)

// paper is found by more, from version to version.
type paper struct {
	ID    string `dynamodbav:"id"`
	Topic string `dynamodbav:"topic"`
	Year  int    `dynamodbav:"year"`
}

// papers declares them with or without the indexes of the second version.
func papers(t *testing.T, name string, client entable.Client, second bool) *entable.Entity[paper] {
	t.Helper()
	opts, own := []entable.TableOption{entable.GSI("by-id")}, []entable.EntityOption{entable.PK("id"), entable.Index("by-id", entable.PK("id"))}
	if second {
		opts = append(opts, entable.GSI("by-topic", entable.KeysOnly()), entable.GSI("by-year", entable.PartitionKey("year", types.ScalarAttributeTypeN), entable.NoSortKey()))
		own = append(own, entable.Index("by-topic", entable.PK("topic")), entable.Index("by-year", entable.PK("year", entable.NoPrefix())))
	}
	table := entable.NewTable(name, opts...)
	table.Use(client)
	return entable.Register[paper](table, own...)
}

// A request that does not create what is waited for is not sent.
func TestEditsThatMakeAnotherRequest(t *testing.T) {
	s := onMemory(t)
	name := s.Declare().Name()
	other := func(in *dynamodb.CreateTableInput) { in.TableName = new("other") }
	const named = "an edit gives it another name: give that to NewTable"
	for what, err := range map[string]error{
		"CreateTable": papers(t, name, s.Client, false).Table().CreateTable(t.Context(), other),
		"Ensure":      papers(t, name, s.Client, false).Table().Ensure(t.Context(), other),
	} {
		if err == nil || !strings.Contains(err.Error(), named) || !entable.IsError(err) || s.Spy.Sent("CreateTable") > 0 {
			t.Errorf("%s: %v", what, err)
		}
	}
	check(t, papers(t, name, s.Client, false).Table().CreateTable(t.Context()))
	second := papers(t, name, s.Client, true).Table()
	for what, edit := range map[string]func(*dynamodb.UpdateTableInput){
		"another name":   func(in *dynamodb.UpdateTableInput) { in.GlobalSecondaryIndexUpdates[0].Create.IndexName = new("other") },
		"another table":  func(in *dynamodb.UpdateTableInput) { in.TableName = new("other") },
		"nothing of it":  func(in *dynamodb.UpdateTableInput) { in.GlobalSecondaryIndexUpdates = nil },
		"another change": func(in *dynamodb.UpdateTableInput) { in.GlobalSecondaryIndexUpdates[0].Create = nil },
	} {
		err := second.AddIndexes(t.Context(), edit)
		if err == nil || !strings.Contains(err.Error(), `does not create index "by-topic": change what Create says of it, and not the names`) || s.Spy.Sent("UpdateTable") > 0 {
			t.Errorf("%s: %v", what, err)
		}
	}
	check(t, second.AddIndexes(t.Context()))
}

// A second version adds the indexes that it reads to the table of the first, which has items; several instances may do it at once.
func TestAddIndexes(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *setup) {
		ctx := t.Context()
		name := s.Declare().Name()
		first := papers(t, name, s.Client, false)
		missing := first.Table().AddIndexes(ctx)
		if !errors.Is(missing, entable.ErrTableNotFound) {
			t.Errorf("without a table: %v", missing)
		}
		if err := first.Table().Require(ctx); !errors.Is(err, entable.ErrTableNotFound) || !strings.Contains(err.Error(), "Table.Ensure creates it") {
			t.Errorf("without a table: %v", err)
		}
		check(t, first.Table().CreateTable(ctx))
		t.Cleanup(func() { s.Drop(first.Table()) })
		check(t, first.Table().Require(ctx))
		check(t, first.Put(ctx, &paper{"1", "go", 2009}))

		edited := 0
		second := papers(t, name, s.Client, true)
		err := second.Table().Require(ctx)
		if d, ok := errors.AsType[*entable.DriftError](err); !ok || len(d.Differences) != 2 || d.Differences[0].Cure != "Table.AddIndexes adds it" {
			t.Errorf("before: %v", err)
		}
		var instances sync.WaitGroup
		for range 3 {
			instances.Go(func() {
				if err := second.Table().AddIndexes(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		instances.Wait()
		check(t, second.Table().Require(ctx))
		s.Spy.Reset()
		check(t, second.Table().AddIndexes(ctx, func(*dynamodb.UpdateTableInput) { edited++ }))
		if s.Spy.Sent("UpdateTable") > 0 || edited > 0 {
			t.Error("it changes a table that lacks nothing")
		}
		// The service has put in the item that has the key of the index; the composed key is written with the next Put.
		if n, err := second.QueryIndex("by-year", paper{Year: 2009}).Count(ctx); err != nil || n != 1 {
			t.Errorf("%d in the index of an attribute, %v", n, err)
		}
		check(t, second.Put(ctx, &paper{"1", "go", 2009}))
		if got, err := second.QueryIndex("by-topic", paper{Topic: "go"}).Hydrate().One(ctx); err != nil || got.Year != 2009 {
			t.Errorf("by its topic: %+v, %v", got, err)
		}
	})
}

// While others change the table it waits, and asks again.
func TestAddIndexesWaitsForOthers(t *testing.T) {
	t.Parallel()
	s := onMemory(t)
	name := s.NewTable(entable.GSI("by-id")).Name()
	busy := func(code string) string {
		return `{"__type":"com.amazonaws.dynamodb.v20120810#` + code + `","message":"not now"}`
	}
	states, sent := answers("UpdateTable", busy("LimitExceededException"), busy("ResourceInUseException"), busy("ThrottlingException"))
	s.Spy.Before(states)
	check(t, papers(t, name, s.Client, true).Table().AddIndexes(t.Context()))
	if *sent != 5 {
		t.Errorf("asked %d times, want 5: three refusals, two indexes", *sent)
	}
}

// Another instance adds an index between the look and the request: that is as good.
func TestAddIndexesComesSecond(t *testing.T) {
	t.Parallel()
	s := onMemory(t)
	name := s.NewTable(entable.GSI("by-id")).Name()
	s.Spy.Before(once("UpdateTable", func() { check(t, papers(t, name, s.SDK, true).Table().AddIndexes(t.Context())) }))
	check(t, papers(t, name, s.Client, true).Table().AddIndexes(t.Context()))
	check(t, papers(t, name, s.Client, true).Table().Require(t.Context()))
}

// A table with provisioned capacity wants it of each index, and an index may have several attributes as its key.
func TestAddIndexesWithCapacity(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *setup) {
		capacity := &types.ProvisionedThroughput{ReadCapacityUnits: new(int64(1)), WriteCapacityUnits: new(int64(2))}
		table := s.Declare()
		t.Cleanup(func() { s.Drop(table) })
		check(t, table.CreateTable(t.Context(), func(in *dynamodb.CreateTableInput) {
			in.BillingMode, in.ProvisionedThroughput = types.BillingModeProvisioned, capacity
		}))
		opts := []entable.TableOption{entable.GSI("gsi1")}
		if s.Engine == "memory" {
			opts = append(opts, entable.GSI("by-both", entable.MultiAttribute(),
				entable.PartitionKey("topic", types.ScalarAttributeTypeS), entable.PartitionKey("year", types.ScalarAttributeTypeN)))
		}
		next := entable.NewTable(table.Name(), opts...)
		next.Use(s.Client)
		if err := next.AddIndexes(t.Context()); err == nil || !strings.Contains(err.Error(), `cannot add index "gsi1"`) {
			t.Errorf("without capacity: %v", err)
		}
		check(t, next.AddIndexes(t.Context(), nil, func(in *dynamodb.UpdateTableInput) {
			in.GlobalSecondaryIndexUpdates[0].Create.ProvisionedThroughput = capacity
		}))
		check(t, next.Require(t.Context()))
	})
}

// What an index cannot cure is told before anything is changed.
func TestAddIndexesRefuses(t *testing.T) {
	t.Parallel()
	s := onMemory(t)
	name := s.NewTable(entable.GSI("by-id", entable.NoSortKey())).Name()
	err := papers(t, name, s.Client, true).Table().AddIndexes(t.Context())
	if d, ok := errors.AsType[*entable.DriftError](err); !ok || len(d.Differences) != 1 || d.Differences[0].What != `index "by-id"` || s.Spy.Sent("UpdateTable") > 0 {
		t.Errorf("another index of the name: %v", err)
	}
	local := entable.NewTable(name, entable.GSI("by-id", entable.NoSortKey()), entable.LSI("lsi1"))
	local.Use(s.Client)
	if err := local.AddIndexes(t.Context()); err == nil || !strings.Contains(err.Error(), "make a new table") || s.Spy.Sent("UpdateTable") > 0 {
		t.Errorf("a local index: %v", err)
	}
	s.Spy.Reset()
	s.Spy.Before(refusing("UpdateTable", "AccessDeniedException", ""))
	ok := entable.NewTable(name, entable.GSI("by-id", entable.NoSortKey()), entable.GSI("gsi2"))
	ok.Use(s.Client)
	err = ok.AddIndexes(t.Context())
	if op, is := errors.AsType[*entable.OpError](err); !is || op.Op != "AddIndexes" || !strings.Contains(err.Error(), `cannot add index "gsi2"`) {
		t.Errorf("without the permission: %v", err)
	}
	ok.Use(struct {
		entable.Client
		entable.TableClient
	}{s.SDK, s.SDK})
	if err := ok.AddIndexes(t.Context()); err == nil || !strings.Contains(err.Error(), "has no UpdateTable") {
		t.Errorf("a client that cannot: %v", err)
	}
}

// An index that is being filled is no index yet: the table does not have what is needed, and AddIndexes waits as long as it may.
func TestAddIndexesEndsWithItsContext(t *testing.T) {
	t.Parallel()
	db := memory.New(memory.WithTableDelay(time.Hour))
	t.Cleanup(db.Close)
	db.Clock().Stop()
	first, second := papers(t, "papers", db.Client(), false), papers(t, "papers", db.Client(), true)
	_, err := db.Client().CreateTable(t.Context(), first.Table().CreateInput())
	check(t, err)
	if err := first.Table().Require(t.Context()); err == nil || !strings.Contains(err.Error(), "was CREATING, is ACTIVE: operations that need it fail: wait") {
		t.Errorf("of a table that is being created: %v", err)
	}
	db.Clock().Advance(time.Hour)
	check(t, first.Table().Require(t.Context()))

	ctx, cancel := context.WithCancel(t.Context())
	var added atomic.Bool
	db.Inject(memory.Delay(0).On("DescribeTable").When(func(memory.Request) bool {
		if added.Load() { // it waits
			cancel()
		}
		return false
	}))
	err = second.Table().AddIndexes(ctx, func(*dynamodb.UpdateTableInput) { added.Store(true) })
	db.Inject()
	if !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	err = second.Table().Require(t.Context())
	if d, ok := errors.AsType[*entable.DriftError](err); !ok || !strings.HasSuffix(d.Differences[0].Was, ", CREATING") || !strings.HasPrefix(d.Differences[0].Cure, "wait") {
		t.Errorf("while an index is being filled: %v", err)
	}
	check(t, first.Table().Require(t.Context())) // the first version needs none of it
}

// never is a client of a table that takes no index.
type never struct {
	*dynamodb.Client
	asked int
}

func (n *never) DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error) {
	in := entable.NewTable("papers").CreateInput()
	return &dynamodb.DescribeTableOutput{Table: &types.TableDescription{
		TableStatus: types.TableStatusActive, KeySchema: in.KeySchema, AttributeDefinitions: in.AttributeDefinitions,
	}}, nil
}

func (n *never) UpdateTable(context.Context, *dynamodb.UpdateTableInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateTableOutput, error) {
	n.asked++
	return nil, &types.LimitExceededException{}
}

// A limit that does not go away is an error, and not a wait for ever.
func TestAddIndexesGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &never{}
		table := entable.NewTable("papers", entable.GSI("gsi1"))
		table.Use(n)
		err := table.AddIndexes(t.Context())
		if !is[*types.LimitExceededException](err) || n.asked != 10 {
			t.Errorf("asked %d times: %v", n.asked, err)
		}
	})
}
