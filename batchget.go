package entable

import (
	"context"
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

// maxBatchGet is the service's limit.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
const maxBatchGet = 100

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
	key   []byte // encoded
	at    []int  // positions in the caller's list
	found loaded
	err   error
	other *getKey // of the other place where the item may be, or nil
}

// locate appends the key of the item at ptr to the encoded keys of others, and makes it g's.
func (g *getKey) locate(dst []byte, ptr unsafe.Pointer) ([]byte, error) {
	start := len(dst)
	dst, err := g.e.appendKeys(append(dst, '{'), ptr)
	if err != nil {
		return nil, err
	}
	dst = append(dst, '}')
	g.key = dst[start:len(dst):len(dst)]
	if g.e.Other == nil {
		return dst, nil
	}
	k, err := g.e.keyOf(ptr)
	if err != nil {
		return nil, err
	}
	if other, ok := g.e.OtherKey(ptr, k); ok {
		g.other = &getKey{e: g.e}
		g.other.key, err = other.Encoded()
	}
	return dst, err
}

func (g *getKey) attrs() map[string]types.AttributeValue {
	attrs, _ := wire.ReadItem(g.key) // it was encoded here
	return attrs
}

func (g *getKey) text() string { return g.e.Table.KeyText(g.attrs()) }

func (g *getKey) id() schema.ItemID {
	if id, ok := g.e.Table.EncodedIdentity(g.key, len(g.key)-1); ok {
		return id
	}
	return g.e.Table.Identity(g.attrs())
}

// getKeys builds the distinct keys of examples of an entity, or of that of their type; each position in the list belongs to one.
func (t *Table) getKeys(of *schema.Entity, examples []any) ([]*getKey, error) {
	n := len(examples)
	out, all, at := make([]*getKey, 0, n), make([]getKey, n), make([]int, n)
	byID := make(map[schema.ItemID]*getKey, n)
	encoded := make([]byte, 0, n*usualKey)
	for i, example := range examples {
		x, ptr, err := t.s().ExampleOf(of, nil, "use BatchGet or TransactGet of one of these entities", example)
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", i, public(err))
		}
		g := &all[i]
		g.e = ownerOf(x)
		if encoded, err = g.locate(encoded, ptr); err != nil {
			return nil, fmt.Errorf("key %d: %w", i, err)
		}
		id := g.id()
		if same := byID[id]; same != nil {
			same.at = append(same.at, i)
			continue
		}
		at[i], g.at = i, at[i:i+1:i+1]
		byID[id] = g
		out = append(out, g)
	}
	return out, nil
}

// usualKey is how long encoded keys are that need no second piece of memory.
const usualKey = 96

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
	eventually, strongly := make([]*getKey, 0, len(all)), []*getKey(nil)
	for _, g := range all {
		if b.strongly(g) {
			strongly = append(strongly, g)
		} else {
			eventually = append(eventually, g)
		}
	}
	return slices.AppendSeq(slices.Collect(slices.Chunk(eventually, maxBatchGet)), slices.Chunk(strongly, maxBatchGet))
}

func (b *batchGet) strongly(g *getKey) bool {
	return b.cfg.consistent.or(g.e.consistent).or(b.t.consistent) == strong
}

// get reads one chunk until nothing is left unprocessed.
func (b *batchGet) get(ctx context.Context, chunk []*getKey) {
	strongly := b.strongly(chunk[0])
	sink := &manyItems{t: b.t, by: b.t.protector(ctx), byID: make(map[schema.ItemID]*getKey, len(chunk))}
	for _, g := range chunk {
		sink.byID[g.id()] = g
	}
	if e := commonEntity(chunk); e != nil {
		sink.want = e.Entity
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
	table, of := b.t.s().Name, types.KeysAndAttributes{}
	if strongly {
		of.ConsistentRead = new(true)
	}
	keys := make([][]byte, len(left))
	for i, g := range left {
		keys[i] = g.key
	}
	in := &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{table: of}}
	unprocessed, err := b.conn.BatchGet(ctx, in, map[string][][]byte{table: keys}, sink)
	if err != nil {
		return left, err
	}
	sink.keep()
	var again []*getKey
	for _, attrs := range unprocessed[table].Keys {
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
				failed.Failures = append(failed.Failures, BatchFailure{Index: i, Entity: g.e.Name, Key: g.text(), Err: err})
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
		return nil, &OpError{Op: "Get", Entity: g.e.Name, Key: g.text(), Err: g.err}
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
	want *schema.Entity // of all keys, or nil
	byID map[schema.ItemID]*getKey
	got  []gotItem
	// slabs are those of one attempt.
	slabs   schema.Slabs
	scratch [256]byte
}

type gotItem struct {
	key *getKey
	loaded
}

func (s *manyItems) Reset() {
	clear(s.got)
	s.got, s.slabs = s.got[:0], schema.Slabs{}
}

func (s *manyItems) keep() {
	for _, i := range s.got {
		i.key.found = i.loaded
	}
	s.Reset()
}

func (s *manyItems) Item(_ string, _ int, r *wire.Reader) error {
	start := r.Offset()
	d := s.t.s().Decode(r, s.want, &s.slabs, s.by)
	id, err := s.t.s().IdentityOfRead(s.scratch[:0], r, start)
	if err != nil {
		return err
	}
	g := s.byID[id]
	if g == nil {
		return fmt.Errorf("the service returned an item that was not asked for")
	}
	if s.got == nil {
		s.got = make([]gotItem, 0, len(s.byID))
	}
	s.got = append(s.got, gotItem{g, load(s.t.s().As(d, r, start, g.e.Entity))})
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
			keys = append(keys, g.attrs(), g.other.attrs())
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
