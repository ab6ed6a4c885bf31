package entable

import (
	"context"
	"errors"
	"slices"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/audit"
	"github.com/entable/entable/internal/change"
	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
)

// Value returns v for the SDK's expression builders, in the encoding of the table that the expression is then for. By itself
// the SDK encodes as a table with [SDKDefaults] does: a uuid.UUID in expression.Value is a B, which no stored S equals.
//
//	entable.If(expression.Name("owner").Equal(entable.Value(id)))
//
// It is for the requests of this package only. expression.Contains takes no builders: use [FieldOf.Contains].
func Value(v any) expression.ValueBuilder { return expression.Value(change.Unencoded{Value: v}) }

// build makes the expression of a request from its parts; nil when there are none. What the caller's conditions name is checked.
func (e *entity) build(update *change.Update, conditions ...change.Condition) (*change.Expression, error) {
	if update == nil && len(conditions) == 0 {
		return nil, nil
	}
	return change.Express(update, conditions, func(callers expression.ConditionBuilder) (*expression.Expression, error) {
		return complete(expression.NewBuilder().WithCondition(callers), e.Table, e.Name, "If", func(x *expression.Expression) error {
			return change.Check([]change.Shape{e.shape}, *x.Condition(), x.Names(), x.Values())
		})
	})
}

// complete builds an expression, encodes its values, and checks it. The caller gave what it asks by the method called by.
func complete(b expression.Builder, t *schema.Table, name, by string, check func(*expression.Expression) error) (*expression.Expression, error) {
	x, err := b.Build()
	if _, empty := errors.AsType[expression.UnsetParameterError](err); empty {
		return nil, usagef("%s: %s: the condition, or a part of it, is empty", name, by)
	}
	if err != nil {
		return nil, &EncodeError{Entity: name, Err: err}
	}
	change.EncodeValues(x.Values(), t.Encoding)
	switch err := check(&x).(type) {
	case nil:
		return &x, nil
	case *codec.Error:
		return nil, &EncodeError{Entity: name, Err: err}
	case usageError: // of a handle
		return nil, err
	default:
		return nil, usagef("%s: %s: %s", name, by, err)
	}
}

// attr names a top-level attribute in an expression, whatever characters it has.
func attr(name string) expression.NameBuilder { return expression.NameNoDotSplit(name) }

// vacant returns the condition that a key is free for a new item: that there is none, or one of the entity that has expired and
// that reads hide.
func (e *entity) vacant() change.Condition {
	none := e.none()
	if !e.HideExpired || e.TTL == nil {
		return none
	}
	gone := change.AtMost(e.TTL.Name, number(e.Table.Settings().Gen.Clock().Unix()))
	if name := e.Table.Discriminator; name != "" {
		gone = gone.And(change.OneOf(name, e.Names()).Or(change.Absent(name)))
	}
	return none.Or(gone)
}

// ofTypes returns the condition that an item is of one of the named types, or does not say of which.
func ofTypes(discriminator string, names []string) expression.ConditionBuilder {
	is := make([]expression.OperandBuilder, len(names))
	for i, n := range names {
		is[i] = expression.Value(n)
	}
	return expression.Or(expression.In(attr(discriminator), is[0], is[1:]...), expression.AttributeNotExists(attr(discriminator)))
}

// raiseVersion raises the version of the item at ptr and returns the condition that the stored item
// still has the one before. A new item starts at 1 whatever the instance says.
func (e *entity) raiseVersion(ptr unsafe.Pointer, create bool) []change.Condition {
	if create {
		e.SetVersion(ptr, 1)
		return nil
	}
	same := e.sameVersion(ptr)
	e.SetVersion(ptr, e.VersionOf(ptr)+1)
	return []change.Condition{same}
}

// sameVersion returns the condition that the stored item has the version of the item at ptr: none for 0.
func (e *entity) sameVersion(ptr unsafe.Pointer) change.Condition {
	return e.isVersion(e.VersionOf(ptr))
}

func (e *entity) isVersion(n int64) change.Condition {
	if n == 0 {
		return change.Absent(e.Version.Name)
	}
	return change.Equal(e.Version.Name, number(n))
}

// inShape returns the condition that the stored item has today's shape, or, where an upsert may create it, that
// there is none.
func (e *entity) inShape(orNone bool) change.Condition {
	today := change.Equal(schema.SchemaAttribute, number(int64(len(e.Upgrades))))
	if !orNone {
		return today
	}
	return today.Or(e.none())
}

// guards returns the writes that keep the unique values of an item, which are those of the item at now, nil for none.
func (e *entity) guards(key schema.ItemKey, old *storedItem, now unsafe.Pointer) ([]schema.Guard, error) {
	from := key.Attrs
	if old != nil && e.Other != nil {
		from = e.Table.KeyIn(old.attrs)
	}
	list, err := e.Entity.Guards(key, from, old.at(), now)
	return list, public(err)
}

// unchanged returns the conditions that the unique values of the item are still those that were read.
func (r *request) unchanged(old *storedItem) []change.Condition {
	conditions := []change.Condition{r.assumeExists(old)}
	for _, u := range r.e.Unique {
		if old != nil {
			g := change.Is(u.Field.Name, old.attr(u.Field.Name))
			r.assumed = append(r.assumed, g)
			conditions = append(conditions, g.Condition)
		}
	}
	return conditions
}

// assumeExists returns the condition that the item that was read is still there, or still is not.
func (r *request) assumeExists(old *storedItem) change.Condition {
	g := change.Has(r.e.Table.PK.Name)
	if old == nil {
		g = change.Is(r.e.Table.PK.Name, nil)
	}
	r.assumed = append(r.assumed, g)
	return g.Condition
}

// together reads the items with keys as they are at one moment, nil for those that do not exist.
func (e *entity) together(ctx context.Context, c *route.Conn, keys ...map[string]types.AttributeValue) ([]map[string]types.AttributeValue, error) {
	return (&audit.Audit{Table: e.Table, Conn: c}).ReadTogether(ctx, keys...)
}

// find reads the stored item of the request, whose key fields are at ptr, consistently and at whichever place it is; nil when there
// is none.
func (r *request) find(ctx context.Context, c *route.Conn, ptr unsafe.Pointer) (*storedItem, error) {
	e, err := r.e, error(nil)
	other, ok := e.OtherKey(ptr, r.itemKey())
	if r.looked = true; !ok {
		r.old, err = e.readStored(ctx, c, r.key)
		return r.old, err
	}
	found, err := replayOf(ctx).item(e.Name, r.key, func() (any, error) {
		s, err := e.readNow(ctx, c, r.key)
		if s != nil || err != nil {
			return s, err
		}
		items, err := e.together(ctx, c, r.key.Attrs, other.Attrs)
		if err != nil {
			return s, &OpError{Op: opRead, Entity: e.Name, Key: r.key.Text(), Err: err}
		}
		for _, item := range items {
			if item != nil {
				raw, err := wire.AppendItem(nil, item)
				s = &storedItem{oneItem: oneItem{table: e.table, want: e, by: e.table.protector(ctx)}}
				if err == nil {
					err = s.Item("", 0, wire.NewReader(raw))
				}
				if err == nil {
					err = s.err
				}
				return s, err
			}
		}
		return s, nil
	})
	r.old, _ = found.(*storedItem)
	return r.old, err
}

// stays makes it an assumption of the request that the item is where it was found, which is its entity's own place for nil.
func (r *request) stays(found map[string]types.AttributeValue, orNone bool) {
	if found == nil {
		found = r.key.Attrs
	}
	r.assumed = append(r.assumed, change.Guard{Holds: func(item map[string]types.AttributeValue) bool {
		return len(item) == 0 && orNone || r.e.Table.SameKey(item, found)
	}})
}

// other makes the half of the request that clears the other place, which must have the conditions.
func (r *request) other(key schema.ItemKey, conditions ...change.Condition) (err error) {
	r.half = &request{e: r.e, op: r.op, verb: verbDelete, key: key}
	r.half.expr, err = r.e.build(nil, conditions...)
	return err
}

// express makes the expression of a put, delete or check from its conditions. Where the item may be at two places, they are
// about the one that holds it.
func (r *request) express(ctx context.Context, c *route.Conn, ptr unsafe.Pointer) (err error) {
	var other schema.ItemKey
	two := false
	if r.e.Other != nil && c != nil {
		other, two = r.e.OtherKey(ptr, r.itemKey())
	}
	if !two {
		r.expr, err = r.e.build(nil, r.conditions...)
		return err
	}
	e, create := r.e, r.op == opCreate
	if len(r.conditions) > 0 && !create && !r.looked {
		if _, err := r.find(ctx, c, ptr); err != nil {
			return err
		}
	}
	free, there := []change.Condition{e.none()}, change.Exists(e.Table.PK.Name)
	if create && !r.looked { // else an expired one with unique values of its own has been found, or there is none
		free[0] = e.vacant()
	}
	main, half := r.conditions, free
	switch {
	case r.old != nil && e.Table.SameKey(r.old.attrs, other.Attrs):
		r.stays(r.old.attrs, false)
		if half = append(slices.Clip(main), there); r.verb == verbCheck {
			r.key, r.half, main = other, nil, half
			break
		}
		if err := r.other(other, half...); err != nil {
			return err
		}
		r.expr, err = e.build(nil, free...)
		return err
	case r.old != nil:
		r.stays(nil, false)
		if main = append(slices.Clip(main), there); !create {
			half = nil
		}
	case r.looked:
		r.stays(nil, true)
	case !create:
		half = nil
	}
	if r.expr, err = e.build(nil, main...); err != nil || r.verb == verbCheck && r.old != nil {
		return err
	}
	return r.other(other, half...)
}

// none returns the condition that there is no item.
func (e *entity) none() change.Condition { return change.Absent(e.Table.PK.Name) }

// refused makes the error that users see of index keys that an update cannot write.
func (e *entity) refused(err error) error {
	switch err := err.(type) {
	case change.Refusal:
		return usagef("%s: %s", e.Name, err)
	case *schema.Fault:
		return public(err)
	}
	return e.encodeError(err)
}
