package entable

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/manifest"
	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/work"
)

// Waiting for a table: the service takes seconds, an emulator none.
const (
	firstTableWait = 20 * time.Millisecond
	maxTableWait   = 2 * time.Second
	tableWaitLimit = 10 * time.Minute
	maxIndexTries  = 10 // in a row, of a table that is not being changed
)

// CreateTable creates the table with [Table.CreateInput], waits until it and its indexes are active, at
// most ten minutes or until ctx ends, and turns expiry on when an entity has a `ttl` field. edits change
// the request first: billing mode, table class, encryption, streams, projections.
//
//	err := Items.CreateTable(ctx, func(in *dynamodb.CreateTableInput) {
//		in.TableClass = types.TableClassStandardInfrequentAccess
//	})
//
// The error matches [ErrTableExists] when there is such a table, after a wait for one that somebody else is creating;
// [Table.Ensure] takes it if it fits. Of a table with an ARN, the name is what is created.
func (t *Table) CreateTable(ctx context.Context, edits ...func(*dynamodb.CreateTableInput)) error {
	c, tc, err := t.tableClient(ctx, "CreateTable")
	if err != nil {
		return err
	}
	in := t.editedInput(edits)
	if aws.ToString(in.TableName) != schema.BareName(t.s().Name) { // it would be waited for in vain
		return usagef("CreateTable of table %q: an edit gives it another name: give that to NewTable", t.s().Name)
	}
	_, err = tc.CreateTable(ctx, in)
	if classify(err) == ErrTableExists {
		if late := t.wait(ctx, tc, settled); late != nil {
			err = fmt.Errorf("%w; it is not known to be active: %w", err, late)
		}
	}
	if err != nil {
		return &OpError{Op: "CreateTable", Entity: t.s().Name, Err: err}
	}
	err = t.wait(ctx, tc, func(d *types.TableDescription, err error) (bool, error) {
		if classify(err) == ErrTableNotFound { // just created, it may not be visible yet
			return false, nil
		}
		return schema.IsActive(d), err
	})
	if err != nil {
		return &OpError{Op: "CreateTable", Entity: t.s().Name, Err: fmt.Errorf("the table is created but not known to be active: %w", err)}
	}
	return t.enableTTL(ctx, c)
}

// settled ends the wait for a table that exists: when it is active, or about to go.
func settled(d *types.TableDescription, err error) (bool, error) {
	if err == nil && d.TableStatus == types.TableStatusDeleting {
		return false, errors.New("the table is being deleted")
	}
	return schema.IsActive(d), err
}

// Ensure returns when the table exists, is active and has what the registry needs. It creates a table that is missing, as
// [Table.CreateTable] does with edits, waits for one that is being created or changed, and turns expiry on where it is off. Any
// number of instances may call it at once. What else differs, see [Table.Diff], is a [*DriftError] from "table", and is left as it is:
// a missing index has to be filled by the service for as long as hours, and is added by [Table.AddIndexes], or a template of
// the package infra. Where the table exists it needs no permission to create one; [Table.Require] never creates one.
func (t *Table) Ensure(ctx context.Context, edits ...func(*dynamodb.CreateTableInput)) error {
	there, err := t.Exists(ctx)
	if err == nil && !there {
		err = t.CreateTable(ctx, edits...)
	}
	if err != nil && !errors.Is(err, ErrTableExists) {
		return err
	}
	c, tc, err := t.tableClient(ctx, opEnsure)
	if err == nil {
		err = t.wait(ctx, tc, settled)
	}
	var list []schema.Difference
	if err == nil {
		list, err = t.differences(ctx, "Diff")
	}
	off := func(d schema.Difference) bool { return d.What == "ttl" && d.Have == "" }
	if err == nil && slices.ContainsFunc(list, off) {
		list, err = slices.DeleteFunc(list, off), t.enableTTL(ctx, c)
	}
	if err != nil {
		return &OpError{Op: opEnsure, Entity: t.s().Name, Err: err}
	}
	return t.drift(list)
}

// Require returns nil if the table exists, can be used, and has what the registry needs. It changes nothing and does not wait: it is for
// programs whose table somebody else creates and changes. The error matches [ErrTableNotFound], or is a [*DriftError] from "table" with
// each difference, see [Table.Diff], and its cure. It sends a DescribeTable and, where an entity has a `ttl` field, a DescribeTimeToLive.
func (t *Table) Require(ctx context.Context) error {
	list, err := t.differences(ctx, "Require")
	if errors.Is(err, ErrTableNotFound) {
		err = fmt.Errorf("%w: Table.Ensure creates it, or a template of package infra", err)
	}
	if err != nil {
		return err
	}
	return t.drift(list)
}

const (
	opEnsure     = "Ensure"
	opAddIndexes = "AddIndexes"
)

// drift returns the [*DriftError] of what differs, nil for nothing.
func (t *Table) drift(list []schema.Difference) error {
	var drifts []manifest.Difference
	for _, d := range list {
		drifts = append(drifts, manifest.Difference{Where: "table", What: d.What, Was: d.Have, Is: d.Want,
			Effect: "operations that need it fail", Cure: d.Cure()})
	}
	return drift(t.s().Name, "table", drifts)
}

// AddIndexes adds the global indexes that the registry needs and the table lacks, one after the other, as the service takes them, and
// returns when all are active, which is at once where none is missing. It is for a deployment, before the programs that read the index:
// the service takes minutes at the least, and hours for a large table, and each item that gets into an index is a write to pay for.
// edits change each request first; a table with provisioned capacity wants it for each index:
//
//	err := Items.AddIndexes(ctx, func(in *dynamodb.UpdateTableInput) {
//		in.GlobalSecondaryIndexUpdates[0].Create.ProvisionedThroughput = capacity
//	})
//
// It waits as long as ctx lasts. Then, or when the program ends, the service finishes the index that it is at, and another call goes on.
// Any number of instances may call it at once; while others change the table they wait. What cannot be cured by an index, such as
// another key, is a [*DriftError] from "table", before anything is changed. The error matches [ErrTableNotFound] when there is no table.
//
// The service puts items into the index that have its keys. Items that were stored before the entity was declared with [Index] get these by
// [Table.Audit] with Repair.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.OnlineOps.html
func (t *Table) AddIndexes(ctx context.Context, edits ...func(*dynamodb.UpdateTableInput)) error {
	_, tc, err := t.tableClient(ctx, opAddIndexes)
	if err != nil {
		return err
	}
	uc, ok := tc.(updateClient)
	if !ok {
		return usagef("%s of table %q: the client %T has no UpdateTable", opAddIndexes, t.s().Name, tc)
	}
	tries, name := work.Tries{Most: maxIndexTries}, ""
	for {
		d, err := t.quiet(ctx, tc, name)
		if err != nil {
			return &OpError{Op: opAddIndexes, Entity: t.s().Name, Err: err}
		}
		next, others := t.s().NextIndex(d)
		if next == nil || len(others) > 0 {
			return t.drift(others)
		}
		index := *next.IndexName
		in := &dynamodb.UpdateTableInput{
			TableName: &t.s().Name, AttributeDefinitions: t.s().Layout().Defined(next.KeySchema),
			GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{{Create: next}},
		}
		for _, edit := range edits {
			if edit != nil {
				edit(in)
			}
		}
		if aws.ToString(in.TableName) != t.s().Name || !schema.Creates(in.GlobalSecondaryIndexUpdates, index) { // it would be waited for in vain
			return usagef("%s of table %q: an edit makes the request one that does not create index %q: change what Create says of it, and not the names", opAddIndexes, t.s().Name, index)
		}
		switch _, err = uc.UpdateTable(ctx, in); {
		case err == nil:
			tries.Made, name = 0, index
		case t.hasIndex(ctx, tc, index): // another instance came first
		case !isBusy(err) || !tries.More(ctx):
			return &OpError{Op: opAddIndexes, Entity: t.s().Name, Err: fmt.Errorf("cannot add index %q: %w", index, cmp.Or(tries.Ended, err))}
		}
	}
}

type updateClient interface {
	UpdateTable(context.Context, *dynamodb.UpdateTableInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateTableOutput, error)
}

// isBusy reports whether the table, or the account, takes a change when others are done.
func isBusy(err error) bool {
	_, limited := errors.AsType[*types.LimitExceededException](err)
	_, inUse := errors.AsType[*types.ResourceInUseException](err)
	return limited || inUse || IsRetryable(err)
}

// quiet waits until nothing of the table is being changed and it shows the index that was added last, and returns its description.
func (t *Table) quiet(ctx context.Context, tc TableClient, added string) (quiet *types.TableDescription, err error) {
	err = t.poll(ctx, tc, func(d *types.TableDescription, err error) (bool, error) {
		quiet = d
		done, err := settled(d, err)
		return done && (added == "" || schema.HasIndex(d, added)), err
	})
	if err != nil && added != "" {
		err = fmt.Errorf("index %q is being created, but not known to be active: %w", added, err)
	}
	return quiet, err
}

func (t *Table) hasIndex(ctx context.Context, tc TableClient, name string) bool {
	d, err := t.describe(ctx, tc)
	return err == nil && schema.HasIndex(d, name)
}

// CreateInput returns the request that creates the table as the registry needs it: keys, attribute
// definitions and indexes, billed on demand. Change it before sending it, or see [Table.CreateTable].
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
func (t *Table) CreateInput() *dynamodb.CreateTableInput {
	l := t.s().Layout()
	return &dynamodb.CreateTableInput{
		TableName: new(schema.BareName(t.s().Name)), BillingMode: types.BillingModePayPerRequest,
		KeySchema: l.Key, AttributeDefinitions: l.Definitions, GlobalSecondaryIndexes: l.Global, LocalSecondaryIndexes: l.Local,
	}
}

func (t *Table) editedInput(edits []func(*dynamodb.CreateTableInput)) *dynamodb.CreateTableInput {
	in := t.CreateInput()
	for _, edit := range edits {
		if edit != nil {
			edit(in)
		}
	}
	return in
}

// wait describes the table until done says so, or it has taken too long.
func (t *Table) wait(ctx context.Context, tc TableClient, done func(*types.TableDescription, error) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, tableWaitLimit)
	defer cancel()
	return t.poll(ctx, tc, done)
}

func (t *Table) poll(ctx context.Context, tc TableClient, done func(*types.TableDescription, error) (bool, error)) error {
	for wait := firstTableWait; ; wait = min(2*wait, maxTableWait) {
		d, err := t.describe(ctx, tc)
		ok, err := done(d, err)
		if ok || err != nil {
			return err
		}
		timer := time.NewTimer(wait/2 + rand.N(wait/2))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// DeleteTable deletes the table with all its items and waits until it is gone, at most ten minutes or until ctx
// ends. The error matches [ErrTableNotFound] when there is none.
func (t *Table) DeleteTable(ctx context.Context) error {
	_, tc, err := t.tableClient(ctx, "DeleteTable")
	if err != nil {
		return err
	}
	if _, err = tc.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &t.s().Name}); err == nil {
		err = t.wait(ctx, tc, func(_ *types.TableDescription, err error) (bool, error) {
			if classify(err) == ErrTableNotFound {
				return true, nil
			}
			return false, err
		})
	}
	if err != nil {
		return &OpError{Op: "DeleteTable", Entity: t.s().Name, Err: err}
	}
	return nil
}

// TimeToLiveInput returns the request that turns expiry on as the registry needs it, or nil when no entity
// has a `ttl` field. [Table.CreateTable] sends it once the table is active.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html
func (t *Table) TimeToLiveInput() *dynamodb.UpdateTimeToLiveInput {
	name := t.s().TTLAttribute()
	if name == "" {
		return nil
	}
	return &dynamodb.UpdateTimeToLiveInput{
		TableName:               new(t.s().Name),
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: &name, Enabled: new(true)},
	}
}

type ttlClient interface {
	UpdateTimeToLive(context.Context, *dynamodb.UpdateTimeToLiveInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateTimeToLiveOutput, error)
}

func (t *Table) enableTTL(ctx context.Context, c *route.Conn) error {
	in := t.TimeToLiveInput()
	if in == nil {
		return nil
	}
	tc, ok := c.Client.(ttlClient)
	if !ok {
		return usagef("cannot turn expiry on for table %q: the client %T has no UpdateTimeToLive", t.s().Name, c.Client)
	}
	if _, err := tc.UpdateTimeToLive(ctx, in); err != nil {
		if have, _, _ := t.expiresBy(ctx, c.Client); have == t.s().TTLAttribute() {
			return nil // another instance came first
		}
		return &OpError{Op: "CreateTable", Entity: t.s().Name, Err: err}
	}
	return nil
}
