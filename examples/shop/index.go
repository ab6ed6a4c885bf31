package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/progress"
)

// The index by-day came with the second version of the shop, when there were orders already. Step by step:
//
//  1. shop -add-indexes adds it to the table: the second version does not start without.
//  2. The second version is deployed. It writes the keys of the index, and nobody reads it yet.
//  3. No instance of the first version is left: those write orders without these keys.
//  4. shop -backfill gives the orders that are stored already their keys.
//  5. Now the orders of a day are complete, and GET /api/days/{day}/orders can be told to others.
//
// The tests go through it.

// addIndexes adds to the table what indexes it lacks, one after the other, as the service takes them.
func addIndexes(ctx context.Context, client *dynamodb.Client, m *Model) error {
	name := m.Table.Name()
	for {
		table, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
		if err != nil {
			return err
		}
		want := m.Table.CreateInput()
		at := slices.IndexFunc(want.GlobalSecondaryIndexes, func(i types.GlobalSecondaryIndex) bool {
			return !slices.ContainsFunc(table.Table.GlobalSecondaryIndexes, func(have types.GlobalSecondaryIndexDescription) bool {
				return *have.IndexName == *i.IndexName
			})
		})
		if at < 0 {
			return m.Table.Ensure(ctx) // waits until all are active
		}
		missing := want.GlobalSecondaryIndexes[at]
		_, err = client.UpdateTable(ctx, &dynamodb.UpdateTableInput{
			TableName: &name,
			AttributeDefinitions: slices.DeleteFunc(want.AttributeDefinitions, func(d types.AttributeDefinition) bool {
				return !slices.ContainsFunc(missing.KeySchema, func(k types.KeySchemaElement) bool { return *k.AttributeName == *d.AttributeName })
			}),
			GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{{Create: &types.CreateGlobalSecondaryIndexAction{
				IndexName: missing.IndexName, KeySchema: missing.KeySchema, Projection: missing.Projection,
			}}},
		})
		if err != nil {
			return err
		}
		// Others may be missing still, which is a difference; that it is active is what is waited for.
		if err := m.Table.Ensure(ctx); err != nil && !is[*entable.DriftError](err) {
			return err
		}
	}
}

// backfill gives stored items the index keys that they should have. It may run beside the shop, and again after it was interrupted.
func backfill(ctx context.Context, m *Model, errs io.Writer) (repaired int, err error) {
	line := progress.New(errs, "backfill", progress.Options{})
	defer line.End()
	left := 0
	options := entable.AuditOptions{Repair: true, Segments: 4}
	options.Progress = func(a entable.AuditProgress) {
		repaired = a.Repaired
		line.Set(a.Items)
	}
	start := time.Now()
	for finding, err := range m.Table.Audit(ctx, options) {
		if err != nil {
			return repaired, err
		}
		if !finding.Repaired {
			left++
			line.Printf("left alone: %s", finding)
		}
	}
	line.End()
	line.Printf("%d repaired in %s, %d left alone", repaired, time.Since(start).Round(time.Millisecond), left)
	if left > 0 {
		return repaired, fmt.Errorf("%d findings were left alone", left)
	}
	return repaired, nil
}
