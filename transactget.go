package entable

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
)

// TransactGet reads up to 100 items in one transaction: all as they were at one moment. The result is in
// the order of keys, nil where there is no item. Such a read is always consistent; of the options,
// [SkipHooks] makes a difference. When the service cancels it, the error holds a [*TransactionError] with
// the keys that stood in the way.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactGetItems.html
func (e *Entity[T]) TransactGet(ctx context.Context, keys []T, opts ...ReadOption) ([]*T, error) {
	if e.registered() == nil {
		return nil, errUnregistered
	}
	return typed[T](e.e.table.transactGet(ctx, e.e.Entity, len(keys), func(i int) any { return &keys[i] }, 0, opts))
}

// TransactGet does what [Entity.TransactGet] does for keys of any entities of the table; see [SkipUnknown] and [RawUnknown].
func (t *Table) TransactGet(ctx context.Context, keys []any, opts ...ReadOption) ([]any, error) {
	return t.transactGet(ctx, nil, len(keys), func(i int) any { return keys[i] }, t.s().Unknown, opts)
}

func (t *Table) transactGet(
	ctx context.Context, of *schema.Entity, n int, example func(i int) any, unknown schema.UnknownItems, opts []ReadOption,
) ([]any, error) {
	rc, err := readConfigOf(opts)
	rc.unknown = unknown
	switch {
	case err != nil:
		return nil, err
	case n == 0:
		return nil, nil
	case n > maxTransactGet:
		return nil, usagef("table %q: %d keys are above the service's limit of %d in a transaction", t.s().Name, n, maxTransactGet)
	}
	set, err := t.getKeys(of, n, example)
	if err != nil {
		return nil, err
	}
	defer set.free()
	all := set.list
	c, err := t.connFor(ctx, commonEntity(all))
	if err != nil {
		return nil, err
	}
	places := bothPlaces(all)
	if len(places) > maxTransactGet {
		return nil, usagef("table %q: %d keys, of which %d may be at two places, are above the service's limit of %d in a transaction", t.s().Name, len(all), len(places)-len(all), maxTransactGet)
	}
	in := &dynamodb.TransactGetItemsInput{}
	for _, g := range places {
		in.TransactItems = append(in.TransactItems, types.TransactGetItem{Get: &types.Get{TableName: &t.s().Name, Key: g.attrs()}})
	}
	sink := &transactItems{t: t, by: t.protector(ctx), keys: places}
	if err := c.TransactGet(ctx, in, sink); err != nil {
		return nil, &OpError{Op: "TransactGet", Entity: t.s().Name, Err: cancelled(places, err)}
	}
	for i, g := range places {
		g.found = sink.got[i]
	}
	choose(all)
	out := make([]any, n)
	for _, g := range all {
		v, err := g.value(ctx, rc)
		if err != nil {
			return nil, err
		}
		for _, at := range g.at {
			if v != nil {
				out[at] = v
			}
		}
	}
	return out, nil
}

// cancelled makes a [*TransactionError] of the service's reasons, if err has them.
func cancelled(all []*getKey, err error) error {
	c, ok := errors.AsType[*types.TransactionCanceledException](err)
	if !ok {
		return err
	}
	te := &TransactionError{Err: err}
	for i, reason := range c.CancellationReasons {
		if i >= len(all) || reason.Code == nil || *reason.Code == "None" {
			continue
		}
		g := all[i]
		te.Reasons = append(te.Reasons, TransactionReason{
			Index: g.at[0], Entity: g.e.Name, Key: g.text(), Code: *reason.Code, Err: cancellation(reason),
		})
	}
	return te
}

// transactItems receives the items of a TransactGetItems, by their positions in the request.
type transactItems struct {
	t    *Table
	by   schema.Protector
	keys []*getKey
	got  []loaded
}

func (s *transactItems) Reset() {
	if s.got == nil {
		s.got = make([]loaded, len(s.keys))
	}
	clear(s.got)
}

func (s *transactItems) Item(_ string, i int, r *wire.Reader) error {
	if i >= len(s.keys) {
		return fmt.Errorf("the service returned %d items for %d keys", i+1, len(s.keys))
	}
	s.got[i] = load(s.t.s().DecodeAs(r, s.keys[i].e.Entity, s.by))
	return nil
}
