package entable_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
)

// answers gives one operation these answers, one after the other, and lets the rest through; sent counts all.
func answers(op string, list ...string) (before func(string, string) string, sent *int) {
	sent = new(int)
	return func(is, _ string) string {
		if is != op {
			return ""
		}
		if *sent++; *sent > len(list) {
			return ""
		}
		return list[*sent-1]
	}, sent
}

// A table takes seconds to be there, and to be gone.
func TestCreateAndDeleteWait(t *testing.T) {
	t.Parallel()
	s := onMemory(t)
	table := s.Declare(entable.GSI("gsi1"))
	states, sent := answers("DescribeTable",
		`{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"not yet"}`,
		`{"Table":{"TableStatus":"CREATING"}}`,
		`{"Table":{"TableStatus":"ACTIVE","GlobalSecondaryIndexes":[{"IndexName":"gsi1","IndexStatus":"CREATING"}]}}`)
	s.Spy.Before(states)
	check(t, table.CreateTable(t.Context()))
	if *sent != 4 {
		t.Errorf("Create asked %d times, want 4", *sent)
	}
	states, sent = answers("DescribeTable", `{"Table":{"TableStatus":"DELETING"}}`)
	s.Spy.Before(states)
	check(t, table.DeleteTable(t.Context()))
	if *sent != 2 {
		t.Errorf("Delete asked %d times, want 2", *sent)
	}
}

func TestExistsGivesErrors(t *testing.T) {
	t.Parallel()
	s := onMemory(t)
	s.Spy.Refuse(400, "AccessDeniedException")
	if ok, err := s.Declare().Exists(t.Context()); ok || !is[*entable.OpError](err) {
		t.Errorf("got %t, %v", ok, err)
	}
}

func TestDiffOfExpiryAndIndexes(t *testing.T) {
	t.Parallel()
	native := func(second string) entable.TableOption {
		return entable.GSI("by-region", entable.MultiAttribute(), entable.PartitionKey("region", types.ScalarAttributeTypeS), entable.PartitionKey(second, types.ScalarAttributeTypeS))
	}
	type plain struct {
		ID string `dynamodbav:"id"`
	}
	for _, test := range []struct {
		name       string
		have, need []entable.TableOption
		expires    bool   // what the registry says
		ttl        string // what the service says
		want       string
	}{
		{"turned on", nil, nil, true, `"AttributeName":"expires","TimeToLiveStatus":"ENABLED"`, ""},
		{"being turned on", nil, nil, true, `"AttributeName":"expires","TimeToLiveStatus":"ENABLING"`, ""},
		{"being turned off", nil, nil, true, `"AttributeName":"expires","TimeToLiveStatus":"DISABLING"`, `ttl: the table has nothing, the registry needs "expires"`},
		{"another attribute", nil, nil, true, `"AttributeName":"ttl","TimeToLiveStatus":"ENABLED"`, `ttl: the table has "ttl", the registry needs "expires"`},
		{"not needed", nil, nil, false, `"AttributeName":"ttl","TimeToLiveStatus":"ENABLED"`, ""},
		{"no local index", nil, []entable.TableOption{entable.LSI("lsi1")}, false, "",
			`index "lsi1": the table has nothing, the registry needs local on "pk" (S) and "lsi1sk" (S), projecting ALL`},
		{"another second attribute", []entable.TableOption{native("id")}, []entable.TableOption{native("city")}, false, "",
			`index "by-region": the table has global on "region" (S), "id" (S), projecting ALL, the registry needs global on "region" (S), "city" (S), projecting ALL`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := onMemory(t)
			table := entable.NewTable(s.NewTable(test.have...).Name(), test.need...)
			table.Use(s.Client)
			if test.expires {
				entable.Register[session](table)
			} else {
				entable.Register[plain](table)
			}
			states, _ := answers("DescribeTimeToLive", `{"TimeToLiveDescription":{`+test.ttl+`}}`)
			s.Spy.Before(states)
			list, err := table.Diff(t.Context())
			check(t, err)
			var got []string
			for _, d := range list {
				got = append(got, d.String())
			}
			if strings.Join(got, "\n") != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// A table that another instance is creating is waited for, so that the next Put succeeds.
func TestCreateWaitsForATableThatOthersCreate(t *testing.T) {
	t.Parallel()
	s := onMemory(t)
	table := s.NewTable()
	for _, test := range []struct {
		answers []string
		sent    int
		want    string
	}{
		{[]string{`{"Table":{"TableStatus":"CREATING"}}`, `{"Table":{"TableStatus":"CREATING"}}`}, 3, "Table already exists"},
		{[]string{`{"Table":{"TableStatus":"CREATING"}}`, `{"Table":{"TableStatus":"DELETING"}}`}, 2, "it is not known to be active: the table is being deleted"},
		{[]string{`{"__type":"com.amazonaws.dynamodb.v20120810#AccessDeniedException","message":"no"}`}, 1, "it is not known to be active"},
	} {
		states, sent := answers("DescribeTable", test.answers...)
		s.Spy.Before(states)
		err := table.CreateTable(t.Context())
		if !errors.Is(err, entable.ErrTableExists) || *sent != test.sent || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%d requests, %v; want %d, %s", *sent, err, test.sent, test.want)
		}
	}
}

func TestEnsure(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *setup) {
		ctx := t.Context()
		table := s.Declare(entable.GSI("gsi1"))
		t.Cleanup(func() { s.Drop(table) })
		check(t, table.Ensure(ctx)) // creates it
		check(t, table.Ensure(ctx))
		entable.Register[Lease](table) // expires, and the table does not yet
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if err := table.Ensure(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if list, err := table.Diff(ctx); err != nil || len(list) > 0 {
			t.Errorf("different behind it: %v, %v", list, err)
		}

		other := entable.NewTable(table.Name(), entable.GSI("gsi1", entable.NoSortKey()), entable.GSI("gsi2"))
		other.Use(s.Client)
		err := other.Ensure(ctx)
		want := fmt.Sprintf(`entable: the registry of table %q departs from its table:
	table: index "gsi1": was global on "gsi1pk" (S) and "gsi1sk" (S), projecting ALL, is global on "gsi1pk" (S), projecting ALL: operations that need it fail: change the table, or the declaration
	table: index "gsi2": was none, is global on "gsi2pk" (S) and "gsi2sk" (S), projecting ALL: operations that need it fail: Table.AddIndexes adds it`, table.Name())
		if d, ok := errors.AsType[*entable.DriftError](err); !ok || d.From != "table" || err.Error() != want {
			t.Errorf("error\n%v, want\n%s", err, want)
		}
	})
}

// Ensure waits, creates nothing that is there, and gives up when it may not look.
func TestEnsureAsks(t *testing.T) {
	t.Parallel()
	s := onMemory(t)
	table := s.NewTable()
	states, sent := answers("DescribeTable", `{"Table":{"TableStatus":"CREATING"}}`, `{"Table":{"TableStatus":"UPDATING"}}`)
	s.Spy.Before(states)
	s.Spy.Reset()
	check(t, table.Ensure(t.Context()))
	if *sent != 4 || s.Spy.Sent("CreateTable") > 0 {
		t.Errorf("asked %d times, created %d", *sent, s.Spy.Sent("CreateTable"))
	}
	states, _ = answers("DescribeTable", `{"__type":"com.amazonaws.dynamodb.v20120810#AccessDeniedException","message":"no"}`)
	s.Spy.Before(states)
	if err := table.Ensure(t.Context()); !is[*entable.OpError](err) {
		t.Errorf("got %v", err)
	}
}

// noTimes is a client that tells nothing of expiry.
type noTimes struct{ *dynamodb.Client }

func (noTimes) DescribeTimeToLive(context.Context, *dynamodb.DescribeTimeToLiveInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTimeToLiveOutput, error) {
	return nil, nil
}

// One of several instances turns expiry on, and the others are told that it is on.
func TestExpiryIsOnAlready(t *testing.T) {
	t.Parallel()
	s := onMemory(t)
	for name, make := range map[string]func(*entable.Table) error{
		"Ensure":      func(t1 *entable.Table) error { return t1.Ensure(t.Context()) },
		"CreateTable": func(t1 *entable.Table) error { return t1.CreateTable(t.Context()) },
	} {
		table := s.Declare()
		entable.Register[Lease](table)
		already := `{"__type":"com.amazon.coral.validate#ValidationException","message":"TimeToLive is already enabled"}`
		s.Spy.Before(func(op, _ string) string {
			if op != "UpdateTimeToLive" {
				return ""
			}
			_, err := s.SDK.UpdateTimeToLive(t.Context(), table.TimeToLiveInput())
			check(t, err)
			return already
		})
		if err := make(table); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		refused, _ := answers("UpdateTimeToLive", already)
		s.Spy.Before(refused)
		off := s.Declare()
		entable.Register[Lease](off)
		if err := make(off); err == nil || !strings.Contains(err.Error(), "already enabled") {
			t.Errorf("%s, and it is off: %v", name, err)
		}
		table.Use(noTimes{s.SDK})
		if list, err := table.Diff(t.Context()); err != nil || len(list) > 0 {
			t.Errorf("%s: %v, %v", name, list, err)
		}
	}
}

// A table can be given as its ARN; DynamoDB Local takes none.
func TestTablesByARN(t *testing.T) {
	t.Parallel()
	for _, r := range enginetest.Memory.By(enginetest.Routes...) {
		s := r.Open(t, enginetest.Once)
		ctx := t.Context()
		plain := s.NewTable()
		d, err := s.SDK.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(plain.Name())})
		check(t, err)
		table := entable.NewTable(*d.Table.TableArn, s.Options...)
		table.Use(s.Client)
		tasks := registerTasks(table)
		check(t, table.Ensure(ctx))
		check(t, table.Verify(ctx))
		check(t, tasks.Put(ctx, &Task{List: "a", N: 1}))
		check(t, entable.BatchWrite(ctx, []entable.Write{tasks.PutOp(&Task{List: "a", N: 2}), tasks.PutOp(&Task{List: "a", N: 3})}))
		check(t, entable.Transact(ctx, []entable.Write{tasks.PutOp(&Task{List: "a", N: 4})}))
		keys := []Task{{List: "a", N: 1}, {List: "a", N: 2}, {List: "a", N: 3}, {List: "a", N: 4}}
		batch, err := tasks.BatchGet(ctx, keys)
		check(t, err)
		transaction, err := tasks.TransactGet(ctx, keys)
		check(t, err)
		if n := len(enginetest.Collect(t, tasks.Query(Task{List: "a"}).All(ctx))); n != 4 || slices.Contains(batch, nil) || slices.Contains(transaction, nil) {
			t.Errorf("%s: %d items, %v, %v", r, n, batch, transaction)
		}
		check(t, table.DeleteTable(ctx))
		if got := *table.CreateInput().TableName; got != plain.Name() {
			t.Errorf("the table is created as %q", got)
		}
		check(t, table.CreateTable(ctx))
		s.Drop(plain)
	}
	for _, wrong := range []string{
		"arn:aws:dynamodb:eu-west-1:123456789012:table/items/index/gsi1", "arn:aws:dynamodb:eu-west-1:123456789012:table/", "arn:aws:s3:::items", "table/items",
	} {
		if _, err := entable.TryNewTable(wrong); !is[*entable.DeclarationError](err) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}
