package entable

import (
	"context"
	"fmt"
	"strings"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/keys"
	"github.com/entable/entable/internal/wire"
)

// loaded is one item of a response: a value of a registered type, or the error that it gave.
type loaded struct {
	entity *entity
	value  any // *T
	err    error
	// skipped counts the unknown items right before it that a query has passed over.
	skipped int
}

// decode reads the item at r into its registered type. want is the entity that the caller expects, or
// nil; it is a hint: the result can be of another. Its memory is from slabs, if these are not nil.
//
// The common case is one pass: guess the type from a discriminator nearby, and let the plan check on
// its way that the item has it. Everything else takes the slow path, which looks the discriminator and
// the keys up before it decodes. Both give the same result.
func (t *Table) decode(r *wire.Reader, want *entity, from *slabs) loaded {
	start := r.Offset()
	d := t.directory()
	if e := t.guess(d, r, want); e != nil {
		ptr := from.newItem(e, r)
		if e.load(e.checked, r, ptr) == nil && e.fillKey(r, start, ptr) == nil {
			return loaded{entity: e, value: e.at(ptr)}
		}
		r.Rewind(start)
	}
	e, name, err := t.identify(d, r)
	if err != nil {
		return t.undecodable(r, start, want, err)
	}
	if e == nil {
		return t.unknown(r, start, name)
	}
	ptr := e.newItem()
	now, err := e.upgrade(r)
	if err == nil {
		at := now.Offset()
		if err = e.load(e.plan, now, ptr); err == nil {
			err = e.fillKey(now, at, ptr)
		}
	}
	if err != nil {
		return t.undecodable(r, start, e, err)
	}
	return loaded{entity: e, value: e.at(ptr)}
}

func (t *Table) guess(d *directory, r *wire.Reader, want *entity) *entity {
	if t.discriminator == "" {
		return nil
	}
	e := want
	if e == nil {
		name, _ := r.GuessText(t.discriminator)
		e = d.byName[name]
	}
	if e != nil && len(e.upgrades) > 0 { // the version comes first
		return nil
	}
	return e
}

// identify finds the entity of the item at r: by its discriminator, or, if it has none, by its keys.
// The entity is nil when there is none; name is the discriminator then.
func (t *Table) identify(d *directory, r *wire.Reader) (e *entity, name string, err error) {
	names := [3]string{t.pk.name, t.sk.name, t.discriminator}
	var values [3][]byte
	if err := r.FindAttrs(names[:], values[:]); err != nil {
		return nil, "", err
	}
	if t.discriminator != "" && values[2] != nil {
		kind, text, err := wire.Scalar(values[2])
		if err != nil || kind != wire.S {
			return nil, "", fmt.Errorf("attribute %s: cannot read the type from %s", t.discriminator, values[2])
		}
		return d.byName[text], text, nil
	}
	var texts [2]string
	for i := range texts {
		if values[i] == nil {
			continue
		}
		if _, texts[i], err = wire.Scalar(values[i]); err != nil {
			return nil, "", fmt.Errorf("attribute %s: cannot read the key from %s", names[i], values[i])
		}
	}
	return d.byKey(texts[0], texts[1]), "", nil
}

// undecodable makes the error of a malformed item and goes past it. e may be nil.
func (t *Table) undecodable(r *wire.Reader, start int, e *entity, err error) loaded {
	de := &DecodeError{Entity: t.name, Err: err}
	if e != nil {
		de.Entity = e.name
	}
	r.Rewind(start)
	if raw, skipErr := r.Skip(); skipErr == nil {
		if item, err := wire.ReadItem(raw); err == nil {
			de.Key = t.keyText(item)
		}
	}
	return loaded{entity: e, err: de}
}

// unknown makes the error of an item of no registered type and goes past it.
func (t *Table) unknown(r *wire.Reader, start int, name string) loaded {
	r.Rewind(start)
	raw, err := r.Skip()
	if err != nil {
		return loaded{err: &DecodeError{Entity: t.name, Err: err}}
	}
	item, err := wire.ReadItem(raw)
	if err != nil {
		return loaded{err: &DecodeError{Entity: t.name, Err: err}}
	}
	if name == "" && strings.HasPrefix(avText(item[t.pk.name]), sentinelPrefix+keys.DefaultSeparator) {
		name = sentinelPrefix // a table without discriminators, or an item that has only its keys
	}
	return loaded{err: &UnknownEntityError{Table: t.name, Type: name, Key: t.keyText(item), Item: item}}
}

// keyText is the primary key in an item's attributes, for messages: `pk="CU#1" sk="O#7"`.
func (t *Table) keyText(item map[string]types.AttributeValue) string {
	return attrsText(item, t.pk.name, t.sk.name)
}

func attrsText(item map[string]types.AttributeValue, names ...string) string {
	var b strings.Builder
	for _, name := range names {
		v, ok := item[name]
		if !ok {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		switch v := v.(type) {
		case *types.AttributeValueMemberS:
			fmt.Fprintf(&b, "%s=%q", name, v.Value)
		case *types.AttributeValueMemberN:
			fmt.Fprintf(&b, "%s=%s", name, v.Value)
		case *types.AttributeValueMemberB:
			fmt.Fprintf(&b, "%s=%x", name, v.Value)
		}
	}
	return b.String()
}

// oneItem receives the item of a GetItem.
type oneItem struct {
	table *Table
	want  *entity
	found bool
	loaded
}

func (s *oneItem) Reset() { s.found, s.loaded = false, loaded{} }

func (s *oneItem) Item(_ string, _ int, r *wire.Reader) error {
	r.Copy = s.table.copyStrings
	s.found, s.loaded = true, s.table.decodeAs(r, s.want)
	return nil
}

// get reads the item with the key at ptr.
func (e *entity) get(ctx context.Context, ptr unsafe.Pointer, opts []ReadOption) (any, error) {
	c, err := e.table.connFor(ctx, e)
	if err != nil {
		return nil, err
	}
	var rc readConfig
	if len(opts) > 0 {
		rc = rc.with(opts)
	}
	sink := &oneItem{table: e.table, want: e}
	call := e.table.call(c, sink)
	in := &dynamodb.GetItemInput{TableName: &e.table.name}
	if in.Key, err = e.keyIn(call, ptr); err != nil {
		return nil, err
	}
	if rc.consistent.or(e.consistent).or(e.table.consistent) == strong {
		in.ConsistentRead = new(true)
	}
	if err := getItem(ctx, c, call, in, sink); err != nil {
		return nil, e.getError(ptr, err)
	}
	return e.check(ctx, sink, ptr, rc.skips(e))
}

func (e *entity) getError(ptr unsafe.Pointer, err error) error {
	k, _ := e.keyOf(ptr) // the request has been made with it
	return &OpError{Op: "Get", Entity: e.name, Key: k.text(), Err: err}
}

// keyIn is the primary key of the item at ptr as the call's carrier or, without one, in the SDK's own form.
func (e *entity) keyIn(call *wire.Call, ptr unsafe.Pointer) (map[string]types.AttributeValue, error) {
	if call == nil {
		k, err := e.keyOf(ptr)
		return k.attrs, err
	}
	key, err := e.appendKeys(append(make([]byte, 0, 128), '{'), ptr)
	if err != nil {
		return nil, err
	}
	return call.Raw(append(key, '}')), nil
}

// getItem sends a GetItem; call is nil on the plain route.
func getItem(ctx context.Context, c *conn, call *wire.Call, in *dynamodb.GetItemInput, sink wire.Sink) error {
	if call != nil {
		_, err := c.GetItem(ctx, in, call.Option)
		return err
	}
	out, err := c.GetItem(ctx, in)
	if err != nil || out == nil || len(out.Item) == 0 {
		return err
	}
	return replay(sink, []map[string]types.AttributeValue{out.Item})
}

// replay gives the items of a plain response to a sink.
func replay(sink wire.Sink, items []map[string]types.AttributeValue) error {
	sink.Reset()
	for i, item := range items {
		raw, err := wire.AppendItem(nil, item)
		if err != nil {
			return err
		}
		if err := sink.Item("", i, wire.NewReader(raw)); err != nil {
			return err
		}
	}
	return nil
}

// check makes the result of a read by key: an item of exactly this entity.
func (e *entity) check(ctx context.Context, s *oneItem, key unsafe.Pointer, skipHooks bool) (any, error) {
	switch {
	case !s.found, s.value != nil && s.entity.hides(s.value):
		return nil, e.getError(key, ErrNotFound)
	case s.err != nil:
		if u, ok := s.err.(*UnknownEntityError); ok {
			u.Want = e.name
		}
		return nil, s.err
	}
	if skipHooks {
		return s.value, nil
	}
	return s.value, e.runAfterLoad(ctx, s.value)
}
