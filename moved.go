package entable

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/change"
	"github.com/entable/entable/internal/wire"
)

// look finds the item of an update where it may be at two places. The first attempt is for the entity's own place, without
// reading; one that has not found it there knows where it is.
func (s *updateState) look(ctx context.Context) (err error) {
	u, r := s.u, s.r
	other, ok := u.e.OtherKey(u.key, r.key)
	if !ok || s.c == nil {
		return nil
	}
	r.mustExist, u.spread = false, true
	if u.elsewhere || u.fetch || len(u.e.Unique) > 0 || replayOf(ctx) != nil {
		if s.stored, err = r.find(ctx, s.c, u.key); err != nil {
			return err
		}
		if s.hasRead = true; s.stored == nil && !u.upsert {
			return &OpError{Op: u.op, Entity: u.e.Name, Key: r.key.Text(), Err: ErrNotFound}
		}
		s.conditions = append(s.conditions, r.assumeExists(s.stored))
	}
	if s.stored != nil {
		s.moves = u.e.Table.SameKey(s.stored.attrs, other.Attrs)
		s.other = other
		r.stays(s.stored.attrs, false)
		return nil
	}
	if r.stays(nil, u.upsert); !u.upsert {
		return nil
	}
	return r.other(other, u.e.none())
}

// move makes the request of an update whose item is at the other place: what the changes make of it is put at the entity's own,
// if the item is still just what it was.
func (s *updateState) move(ctx context.Context, conditions []change.Condition) error {
	u, e, r, was := s.u, s.u.e, s.r, s.stored.attrs
	item, by := maps.Clone(was), e.table.protector(ctx)
	if err := e.Rebind(item, r.key.Attrs, by); err != nil {
		return public(err)
	}
	if err := s.after.Changes.Do(item); err != nil {
		return &OpError{Op: u.op, Entity: e.Name, Key: r.key.Text(), Err: e.encodeError(err)}
	}
	if e.Version != nil {
		n, err := strconv.ParseInt(e.versionIn(was).Value, 10, 64)
		if err != nil {
			return e.encodeError(err)
		}
		item[e.Version.Name] = number(n + 1)
	}
	if err := e.Rekey(item, by); err != nil {
		return public(err)
	}
	raw, err := wire.AppendItem(nil, item)
	if err != nil {
		return e.encodeError(err)
	}
	if err := e.checkSize(raw, r); err != nil {
		return err
	}
	same := change.Unchanged(was, e.Absent(was))
	r.assumed = []change.Guard{same}
	if err := r.other(s.other, append(slices.Clip(conditions), same.Condition)...); err != nil {
		return err
	}
	r.verb, r.item = verbPut, raw
	if r.gives = &s.stored.loaded; r.returns != types.ReturnValueAllOld {
		r.gives = new(load(e.Table.Decode(wire.NewReader(raw), e.Entity, nil, by)))
	}
	r.expr, err = e.build(nil, e.none())
	return err
}
