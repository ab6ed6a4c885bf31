package entable

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
	"github.com/entable/entable/internal/work"
)

// Limits of the service.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
const (
	maxBatchGet    = 100
	maxTransactGet = 100
)

// BatchGet reads the items with the key fields of keys, in requests of up to 100 keys, several at once.
// The result has one element for each key, in their order, nil where there is no item; a key that is
// given twice is read once and answered twice, with the same pointer. Keys that the service leaves
// unprocessed are asked for again, as in [BatchWrite]. Options: [Consistent], [SkipHooks],
// [Concurrency] and [Attempts].
//
// When some items could not be read, the error is a [*BatchError], and the result has the others.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
func (e *Entity[T]) BatchGet(ctx context.Context, keys []T, opts ...BatchGetOption) ([]*T, error) {
	if e.registered() == nil {
		return nil, errUnregistered
	}
	return typed[T](e.e.table.batchGet(ctx, e.e.Entity, pointers(keys), 0, opts))
}

// BatchGet does what [Entity.BatchGet] does for keys of any entities of the table: each is a registered struct, or a
// pointer to one, with its key fields set. Results are pointers to the registered types, or as [SkipUnknown] and [RawUnknown] say.
func (t *Table) BatchGet(ctx context.Context, keys []any, opts ...BatchGetOption) ([]any, error) {
	return t.batchGet(ctx, nil, keys, t.s().Unknown, opts)
}

// TransactGet reads up to 100 items in one transaction: all as they were at one moment. The result is in
// the order of keys, nil where there is no item. Such a read is always consistent; of the options,
// [SkipHooks] makes a difference. When the service cancels it, the error holds a [*TransactionError] with
// the keys that stood in the way.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactGetItems.html
func (e *Entity[T]) TransactGet(ctx context.Context, keys []T, opts ...ReadOption) ([]*T, error) {
	if e.registered() == nil {
		return nil, errUnregistered
	}
	return typed[T](e.e.table.transactGet(ctx, e.e.Entity, pointers(keys), 0, opts))
}

func pointers[T any](list []T) []any {
	out := make([]any, len(list))
	for i := range list {
		out[i] = &list[i]
	}
	return out
}

func typed[T any](found []any, err error) ([]*T, error) {
	if found == nil {
		return nil, err
	}
	out := make([]*T, len(found))
	for i, v := range found {
		out[i], _ = v.(*T)
	}
	return out, err
}

// getKey is one distinct key of a batch or transaction.
type getKey struct {
	e     *entity
	key   schema.ItemKey
	at    []int // positions in the caller's list
	found loaded
	err   error
	other *getKey // of the other place where the item may be, or nil
}

// getKeyOf builds the key of the item at ptr.
func (e *entity) getKeyOf(ptr unsafe.Pointer) (*getKey, error) {
	k, err := e.keyOf(ptr)
	g := &getKey{e: e, key: k}
	if err != nil || e.Other == nil {
		return g, err
	}
	if other, ok := e.OtherKey(ptr, k); ok {
		g.other = &getKey{e: e, key: other}
	}
	return g, nil
}

// getKeys builds the distinct keys of examples of an entity, or of that of their type; each position in the list belongs to one.
func (t *Table) getKeys(of *schema.Entity, examples []any) ([]*getKey, error) {
	var out []*getKey
	byID := map[schema.ItemID]*getKey{}
	for i, example := range examples {
		x, ptr, err := t.s().ExampleOf(of, nil, example)
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", i, public(err))
		}
		e := ownerOf(x)
		k, err := e.getKeyOf(ptr)
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", i, err)
		}
		id := t.s().Identity(k.key.Attrs)
		g := byID[id]
		if g == nil {
			g = k
			byID[id] = g
			out = append(out, g)
		}
		g.at = append(g.at, i)
	}
	return out, nil
}

// commonEntity returns the entity of all keys, or nil when they are of several.
func commonEntity(all []*getKey) *entity {
	for _, g := range all {
		if g.e != all[0].e {
			return nil
		}
	}
	return all[0].e
}

func (t *Table) batchGet(ctx context.Context, of *schema.Entity, examples []any, unknown schema.UnknownItems, opts []BatchGetOption) ([]any, error) {
	if len(examples) == 0 {
		return nil, nil
	}
	cfg := batchGetConfig{batchConfig: batchConfig{concurrency: defaultConcurrency, attempts: defaultAttempts}}
	if err := apply(opts, func(o BatchGetOption) { o.applyBatchGet(&cfg) }); err != nil {
		return nil, err
	}
	all, err := t.getKeys(of, examples)
	if err != nil {
		return nil, err
	}
	c, err := t.connFor(ctx, commonEntity(all))
	if err != nil {
		return nil, err
	}
	cfg.unknown = unknown
	b := &batchGet{t: t, cfg: cfg, conn: c}
	work.InParallel(cfg.concurrency, b.chunks(bothPlaces(all)), func(chunk []*getKey) { b.get(ctx, chunk) })
	b.settle(ctx, all)
	return b.result(ctx, all, len(examples))
}

type batchGet struct {
	t    *Table
	cfg  batchGetConfig
	conn *route.Conn
}

// chunks splits the keys into requests; consistent and other reads do not share one.
func (b *batchGet) chunks(all []*getKey) [][]*getKey {
	byConsistency := map[bool][]*getKey{}
	for _, g := range all {
		strongly := b.cfg.consistent.or(g.e.consistent).or(b.t.consistent) == strong
		byConsistency[strongly] = append(byConsistency[strongly], g)
	}
	var out [][]*getKey
	for _, strongly := range []bool{false, true} {
		rest := byConsistency[strongly]
		for len(rest) > 0 {
			n := min(maxBatchGet, len(rest))
			out = append(out, rest[:n])
			rest = rest[n:]
		}
	}
	return out
}

// get reads one chunk until nothing is left unprocessed.
func (b *batchGet) get(ctx context.Context, chunk []*getKey) {
	strongly := b.cfg.consistent.or(chunk[0].e.consistent).or(b.t.consistent) == strong
	sink := &manyItems{t: b.t, by: b.t.protector(ctx), byID: map[schema.ItemID]*getKey{}}
	for _, g := range chunk {
		sink.byID[b.t.s().Identity(g.key.Attrs)] = g
	}
	left := chunk
	tries := work.Tries{Most: b.cfg.attempts}
	for {
		again, err := b.request(ctx, left, strongly, sink)
		if len(again) < len(left) {
			tries.Made = 0 // progress
		}
		left = again
		if err != nil && !IsRetryable(err) {
			b.fail(left, err)
			return
		}
		if len(left) == 0 {
			return
		}
		if !tries.More(ctx) {
			b.fail(left, tries.Error(err, ErrThrottled))
			return
		}
	}
}

func (b *batchGet) fail(left []*getKey, err error) {
	for _, g := range left {
		g.err = err
	}
}

// request makes one request and returns the keys that are still to be read: all after an error.
func (b *batchGet) request(ctx context.Context, left []*getKey, strongly bool, sink *manyItems) ([]*getKey, error) {
	keys := types.KeysAndAttributes{}
	if strongly {
		keys.ConsistentRead = new(true)
	}
	for _, g := range left {
		keys.Keys = append(keys.Keys, g.key.Attrs)
	}
	in := &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{b.t.s().Name: keys}}
	unprocessed, err := b.conn.BatchGet(ctx, in, sink)
	if err != nil {
		return left, err
	}
	sink.keep()
	var again []*getKey
	for _, attrs := range unprocessed[b.t.s().Name].Keys {
		if g := sink.byID[b.t.s().Identity(attrs)]; g != nil {
			again = append(again, g)
		}
	}
	return again, nil
}

// result puts the items in the order of the caller's keys.
func (b *batchGet) result(ctx context.Context, all []*getKey, n int) ([]any, error) {
	out := make([]any, n)
	failed := &BatchError{Total: n}
	for _, g := range all {
		v, err := g.value(ctx, b.cfg.readConfig)
		for _, i := range g.at {
			if err != nil {
				failed.Failures = append(failed.Failures, BatchFailure{Index: i, Entity: g.e.Name, Key: g.key.Text(), Err: err})
			} else if v != nil {
				out[i] = v
			}
		}
	}
	if len(failed.Failures) > 0 {
		return out, failed
	}
	return out, nil
}

// value returns the item of a key, nil when there is none.
func (g *getKey) value(ctx context.Context, rc readConfig) (any, error) {
	switch {
	case g.err != nil:
		return nil, &OpError{Op: "Get", Entity: g.e.Name, Key: g.key.Text(), Err: g.err}
	case g.found.err != nil:
		u, ok := g.found.err.(*UnknownEntityError)
		switch {
		case ok && g.found.entity == nil && rc.unknown == schema.SkipUnknown:
			return nil, nil
		case ok && g.found.entity == nil && rc.unknown == schema.RawUnknown:
			return u.Item, nil
		case ok:
			u.Want = g.e.Name
		}
		return nil, g.found.err
	case g.found.value == nil || g.e.Hides(g.found.value):
		return nil, nil
	case rc.skips(g.e.skipHooks):
		return g.found.value, nil
	}
	return g.found.value, g.e.run(ctx, afterLoad, g.found.value)
}

// manyItems receives the items of a BatchGetItem. What one attempt gives counts only when the whole
// response was read.
type manyItems struct {
	t    *Table
	by   schema.Protector
	byID map[schema.ItemID]*getKey
	got  map[*getKey]loaded
}

func (s *manyItems) Reset() {
	if s.got == nil {
		s.got = map[*getKey]loaded{}
	}
	clear(s.got)
}

func (s *manyItems) keep() {
	for g, l := range s.got {
		g.found = l
	}
	clear(s.got)
}

func (s *manyItems) Item(_ string, _ int, r *wire.Reader) error {
	id, err := s.t.s().IdentityAt(r)
	if err != nil {
		return err
	}
	g := s.byID[id]
	if g == nil {
		return fmt.Errorf("the service returned an item that was not asked for")
	}
	s.got[g] = load(s.t.s().DecodeAs(r, g.e.Entity, s.by))
	return nil
}

// TransactGet does what [Entity.TransactGet] does for keys of any entities of the table; see [SkipUnknown] and [RawUnknown].
func (t *Table) TransactGet(ctx context.Context, keys []any, opts ...ReadOption) ([]any, error) {
	return t.transactGet(ctx, nil, keys, t.s().Unknown, opts)
}

func (t *Table) transactGet(ctx context.Context, of *schema.Entity, keys []any, unknown schema.UnknownItems, opts []ReadOption) ([]any, error) {
	rc, err := readConfigOf(opts)
	rc.unknown = unknown
	switch {
	case err != nil:
		return nil, err
	case len(keys) == 0:
		return nil, nil
	case len(keys) > maxTransactGet:
		return nil, usagef("table %q: %d keys are above the service's limit of %d in a transaction", t.s().Name, len(keys), maxTransactGet)
	}
	all, err := t.getKeys(of, keys)
	if err != nil {
		return nil, err
	}
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
		in.TransactItems = append(in.TransactItems, types.TransactGetItem{Get: &types.Get{TableName: &t.s().Name, Key: g.key.Attrs}})
	}
	sink := &transactItems{t: t, by: t.protector(ctx), keys: places}
	if err := c.TransactGet(ctx, in, sink); err != nil {
		return nil, &OpError{Op: "TransactGet", Entity: t.s().Name, Err: cancelled(places, err)}
	}
	for i, g := range places {
		g.found = sink.got[i]
	}
	choose(all)
	out := make([]any, len(keys))
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
			Index: g.at[0], Entity: g.e.Name, Key: g.key.Text(), Code: *reason.Code, Err: cancellation(reason),
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

// bothPlaces lists keys with those of the other places where their items may be, in the order in which they are read.
func bothPlaces(all []*getKey) []*getKey {
	if !slices.ContainsFunc(all, func(g *getKey) bool { return g.other != nil }) {
		return all
	}
	var out []*getKey
	for _, g := range all {
		if out = append(out, g); g.other != nil {
			g.other.at = g.at
			out = append(out, g.other)
		}
	}
	return out
}

// lies reports whether something was found under the key itself.
func (g *getKey) lies() bool { return g.found.value != nil || g.found.err != nil || g.err != nil }

// choose takes what was found at the other place for the keys that have nothing at their own, and returns those with nothing at
// both.
func choose(all []*getKey) (missing []*getKey) {
	for _, g := range all {
		if g.other == nil || g.lies() {
			continue
		}
		if g.found, g.err = g.other.found, g.other.err; !g.lies() {
			missing = append(missing, g)
		}
	}
	return missing
}

// settle decides between the places of what was read. What was at neither may have been on its way: it is read again at both, as
// they are at one moment.
func (b *batchGet) settle(ctx context.Context, all []*getKey) {
	for chunk := range slices.Chunk(choose(all), maxTransactGet/2) {
		var keys []map[string]types.AttributeValue
		for _, g := range chunk {
			keys = append(keys, g.key.Attrs, g.other.key.Attrs)
		}
		items, err := chunk[0].e.together(ctx, b.conn, keys...)
		for i, item := range items {
			if g := chunk[i/2]; item != nil && !g.lies() {
				var raw []byte
				if raw, g.err = wire.AppendItem(nil, item); g.err == nil {
					g.found = load(b.t.s().DecodeAs(wire.NewReader(raw), g.e.Entity, b.t.protector(ctx)))
				}
			}
		}
		if err != nil {
			b.fail(chunk, err)
		}
	}
}

// getBoth does what get does for an item that may be at two places.
func (e *entity) getBoth(ctx context.Context, c *route.Conn, g *getKey, ptr unsafe.Pointer, rc readConfig) (any, error) {
	b := &batchGet{t: e.table, conn: c, cfg: batchGetConfig{batchConfig{attempts: defaultAttempts}, rc}}
	b.get(ctx, bothPlaces([]*getKey{g}))
	if b.settle(ctx, []*getKey{g}); g.err != nil {
		return nil, e.getError(ptr, g.err)
	}
	return e.check(ctx, &oneItem{table: e.table, want: e, found: g.lies(), loaded: g.found}, ptr, rc.skips(e.skipHooks))
}
