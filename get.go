package entable

import (
	"context"
	"fmt"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
)

// oneItem receives the item of a GetItem.
type oneItem struct {
	table *Table
	want  *entity
	by    schema.Protector
	found bool
	loaded
}

func (s *oneItem) Reset() { s.found, s.loaded = false, loaded{} }

func (s *oneItem) Item(_ string, _ int, r *wire.Reader) error {
	s.found, s.loaded = true, load(s.table.s().DecodeAs(r, s.want.Entity, s.by))
	return nil
}

// get reads the item with the key at ptr.
func (e *entity) get(ctx context.Context, ptr unsafe.Pointer, opts []ReadOption) (any, error) {
	c, err := e.table.connFor(ctx, e)
	if err != nil {
		return nil, err
	}
	rc, err := readConfigOf(opts)
	if err != nil {
		return nil, err
	}
	if e.Other != nil {
		g := &getKey{e: e}
		if _, err := g.locate(nil, ptr); err != nil {
			return nil, err
		}
		if g.other != nil {
			if g.eitherPlace(ctx, c, rc); g.err != nil {
				return nil, e.getError(ptr, g.err)
			}
			return e.check(ctx, &oneItem{table: e.table, want: e, found: g.lies(), loaded: g.found}, ptr, rc.skips(e.skipHooks))
		}
	}
	key, err := e.encodedKey(ptr)
	if err != nil {
		return nil, err
	}
	in := e.getInput(rc)
	sink := &oneItem{table: e.table, want: e, by: e.table.protector(ctx)}
	if err := c.Get(ctx, in, key, sink); err != nil {
		return nil, e.getError(ptr, err)
	}
	return e.check(ctx, sink, ptr, rc.skips(e.skipHooks))
}

// getInput returns the request of a read by key, without the key.
func (e *entity) getInput(rc readConfig) *dynamodb.GetItemInput {
	in := &dynamodb.GetItemInput{TableName: &e.Table.Name}
	if rc.consistent.or(e.consistent).or(e.table.consistent) == strong {
		in.ConsistentRead = new(true)
	}
	return in
}

func (e *entity) getError(ptr unsafe.Pointer, err error) error {
	if zeros := e.Zeros(ptr); err == ErrNotFound && zeros != "" { //nolint:errorlint // itself, of check
		err = fmt.Errorf("%w: %s", err, zeros)
	}
	k, _ := e.keyOf(ptr) // the request has been made with it
	return &OpError{Op: "Get", Entity: e.Name, Key: k.Text(), Err: err}
}

// encodedKey returns the primary key of the item at ptr, encoded.
func (e *entity) encodedKey(ptr unsafe.Pointer) ([]byte, error) {
	key, err := e.appendKeys(append(make([]byte, 0, 128), '{'), ptr)
	if err != nil {
		return nil, err
	}
	return append(key, '}'), nil
}

// check makes the result of a read by key: an item of exactly this entity.
func (e *entity) check(ctx context.Context, s *oneItem, key unsafe.Pointer, skipHooks bool) (any, error) {
	switch {
	case !s.found, s.value != nil && s.entity.Hides(s.value):
		return nil, e.getError(key, ErrNotFound)
	case s.err != nil:
		if u, ok := s.err.(*UnknownEntityError); ok {
			u.Want = e.Name
		}
		return nil, s.err
	}
	if skipHooks {
		return s.value, nil
	}
	return s.value, e.run(ctx, afterLoad, s.value)
}

// storedItem is an item that a write has read before, decoded and as it is stored.
type storedItem struct {
	oneItem
	attrs map[string]types.AttributeValue
}

func (s *storedItem) Reset() {
	s.attrs = nil
	s.oneItem.Reset()
}

func (s *storedItem) Item(table string, index int, r *wire.Reader) error {
	start := r.Offset()
	raw, err := r.Skip()
	if err != nil {
		return err
	}
	if s.attrs, err = wire.ReadItem(raw); err != nil {
		return err
	}
	r.Rewind(start)
	return s.oneItem.Item(table, index, r)
}

// attr returns an attribute as it is stored; nil when it, or the item, is absent.
func (s *storedItem) attr(name string) types.AttributeValue {
	if s == nil {
		return nil
	}
	return s.attrs[name]
}

// at returns the decoded item, or nil.
func (s *storedItem) at() unsafe.Pointer {
	if s == nil {
		return nil
	}
	return s.want.Pointer(s.value)
}

// readStored reads the stored item with a key, consistently; nil when there is none.
func (e *entity) readStored(ctx context.Context, c *route.Conn, key schema.ItemKey) (*storedItem, error) {
	found, err := replayOf(ctx).item(e.Name, key, func() (any, error) { return e.readNow(ctx, c, key) })
	s, _ := found.(*storedItem)
	return s, err
}

func (e *entity) readNow(ctx context.Context, c *route.Conn, key schema.ItemKey) (*storedItem, error) {
	s := &storedItem{oneItem: oneItem{table: e.table, want: e, by: e.table.protector(ctx)}}
	in := &dynamodb.GetItemInput{TableName: &e.Table.Name, Key: key.Attrs, ConsistentRead: new(true)}
	if err := c.Get(ctx, in, nil, s); err != nil {
		return nil, &OpError{Op: opRead, Entity: e.Name, Key: key.Text(), Err: err}
	}
	if !s.found {
		return nil, nil
	}
	return s, s.err
}

// opRead is the operation in the errors of the read that comes before a write.
const opRead = "Get"

// Get reads the item with the key fields of key. The error matches [ErrNotFound] when there is none;
// it is an [*UnknownEntityError] when the stored item is of another type. The AfterLoad hook runs on
// the result. Options: [Consistent], [SkipHooks].
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetItem.html
func (e *Entity[T]) Get(ctx context.Context, key T, opts ...ReadOption) (*T, error) {
	if e.registered() == nil {
		return nil, errUnregistered
	}
	v, err := e.e.get(ctx, unsafe.Pointer(&key), opts)
	if err != nil {
		return nil, err
	}
	return v.(*T), nil
}

// GetInput returns the request that [Entity.Get] would send, without a client and without sending it.
func (e *Entity[T]) GetInput(_ context.Context, key T, opts ...ReadOption) (*dynamodb.GetItemInput, error) {
	if e.registered() == nil {
		return nil, errUnregistered
	}
	rc, err := readConfigOf(opts)
	if err != nil {
		return nil, err
	}
	in := e.e.getInput(rc)
	k, err := e.e.keyOf(unsafe.Pointer(&key))
	in.Key = k.Attrs
	return in, err
}
