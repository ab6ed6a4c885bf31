package entable

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
	"github.com/entable/entable/internal/work"
)

// The service's limits.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactGetItems.html
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
	return typed[T](e.e.table.batchGet(ctx, e.e.Entity, len(keys), func(i int) any { return &keys[i] }, 0, opts))
}

// BatchGet does what [Entity.BatchGet] does for keys of any entities of the table: each is a registered struct, or a
// pointer to one, with its key fields set. Results are pointers to the registered types, or as [SkipUnknown] and [RawUnknown] say.
func (t *Table) BatchGet(ctx context.Context, keys []any, opts ...BatchGetOption) ([]any, error) {
	return t.batchGet(ctx, nil, len(keys), func(i int) any { return keys[i] }, t.s().Unknown, opts)
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
	other *getKey    // of the other place where the item may be, or nil
	sink  *manyItems // of the request that asks for it, if it is in a batch
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

// keysByID finds keys by the identities of their items.
type keysByID map[schema.ItemID]*getKey

// keySet is the distinct keys of a batch or transaction. Its memory is used again when the call ends: nothing of it may be kept.
type keySet struct {
	list    []*getKey
	byID    keysByID
	room    []getKey
	at      []int
	encoded []byte
}

// A set whose memory is used again has at most so many keys, of so many bytes in all.
const (
	maxKeySet   = 10 * maxBatchGet
	maxKeyBytes = 64 * maxKeySet
)

var keySets = sync.Pool{New: func() any { return &keySet{byID: keysByID{}} }}

func newKeySet(n int) *keySet {
	s := keySets.Get().(*keySet)
	s.list, s.room, s.at = slices.Grow(s.list[:0], n), slices.Grow(s.room[:0], n)[:n], slices.Grow(s.at[:0], n)[:n]
	return s
}

func (s *keySet) free() {
	if wire.Hostile {
		clear(s.encoded)
	}
	if len(s.room) <= maxKeySet && cap(s.encoded) <= maxKeyBytes {
		clear(s.list)
		clear(s.byID)
		clear(s.room)
		keySets.Put(s)
	}
}

// getKeys builds the keys of n examples of an entity, or of that of their type; each of their positions belongs to one.
func (t *Table) getKeys(of *schema.Entity, n int, example func(i int) any) (*keySet, error) {
	s := newKeySet(n)
	encoded := s.encoded[:0]
	for i := range n {
		x, ptr, err := t.s().ExampleOf(of, nil, "use BatchGet or TransactGet of one of these entities", example(i))
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", i, public(err))
		}
		g := &s.room[i]
		g.e = ownerOf(x)
		if encoded, err = g.locate(encoded, ptr); err != nil {
			return nil, fmt.Errorf("key %d: %w", i, err)
		}
		if i == 0 { // the others are hardly longer
			encoded = slices.Grow(encoded, (n-1)*(len(encoded)+8))
		}
		id := g.id()
		if same := s.byID[id]; same != nil {
			same.at = append(same.at, i)
			continue
		}
		s.at[i], g.at = i, s.at[i:i+1:i+1]
		s.byID[id] = g
		s.list = append(s.list, g)
	}
	s.encoded = encoded
	return s, nil
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

func (t *Table) batchGet(
	ctx context.Context, of *schema.Entity, n int, example func(i int) any, unknown schema.UnknownItems, opts []BatchGetOption,
) ([]any, error) {
	if n == 0 {
		return nil, nil
	}
	cfg := batchGetConfig{batchConfig: batchConfig{concurrency: defaultConcurrency, attempts: defaultAttempts}}
	if err := apply(opts, func(o BatchGetOption) { o.applyBatchGet(&cfg) }); err != nil {
		return nil, err
	}
	keys, err := t.getKeys(of, n, example)
	if err != nil {
		return nil, err
	}
	defer keys.free()
	c, err := t.connFor(ctx, commonEntity(keys.list))
	if err != nil {
		return nil, err
	}
	cfg.unknown = unknown
	b, places := &batchGet{t: t, cfg: cfg, conn: c}, bothPlaces(keys.list)
	if len(places) == len(keys.list) {
		b.byID = keys.byID
	}
	work.InParallel(cfg.concurrency, b.chunks(places), func(chunk []*getKey) { b.get(ctx, chunk) })
	b.settle(ctx, keys.list)
	return b.result(ctx, keys.list, n)
}

type batchGet struct {
	t    *Table
	cfg  batchGetConfig
	conn *route.Conn
	byID keysByID // of all requests; nil: each makes its own
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
	sink := &manyItems{t: b.t, by: b.t.protector(ctx), byID: b.byID}
	if sink.byID == nil {
		sink.byID = make(keysByID, len(chunk))
		for _, g := range chunk {
			sink.byID[g.id()] = g
		}
	}
	for _, g := range chunk {
		g.sink = sink
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
	sink.asked = left
	unprocessed, err := b.conn.BatchGet(ctx, in, map[string][][]byte{table: keys}, sink)
	if err != nil {
		sink.Reset()
		return left, err
	}
	var again []*getKey
	for _, of := range unprocessed { // of the one table, whatever a client calls it
		for _, attrs := range of.Keys {
			if again = append(again, sink.find(b.t.s().Identity(attrs))); again[len(again)-1] == nil {
				return left, usagef("the service left keys unprocessed that were not asked for")
			}
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
	byID keysByID       // of other requests, too
	// asked are the keys of one attempt, slabs are for what it gives.
	asked   []*getKey
	slabs   schema.Slabs
	scratch [256]byte
}

func (s *manyItems) Reset() {
	for _, g := range s.asked {
		g.found = loaded{}
	}
	s.slabs = schema.Slabs{}
}

// find returns the key of an item that was asked for, or nil.
func (s *manyItems) find(id schema.ItemID) *getKey {
	if g := s.byID[id]; g != nil && g.sink == s {
		return g
	}
	return nil
}

func (s *manyItems) Item(_ string, _ int, r *wire.Reader) error {
	start := r.Offset()
	d := s.t.s().Decode(r, s.want, &s.slabs, s.by)
	id, err := s.t.s().IdentityOfRead(s.scratch[:0], r, start)
	if err != nil {
		return err
	}
	g := s.find(id)
	if g == nil {
		return fmt.Errorf("the service returned an item that was not asked for")
	}
	g.found = load(s.t.s().As(d, r, start, g.e.Entity))
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

// eitherPlace reads an item that may be at two places.
func (g *getKey) eitherPlace(ctx context.Context, c *route.Conn, rc readConfig) {
	b := &batchGet{t: g.e.table, conn: c, cfg: batchGetConfig{batchConfig{attempts: defaultAttempts}, rc}}
	b.get(ctx, bothPlaces([]*getKey{g}))
	b.settle(ctx, []*getKey{g})
}
