package entable

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/audit"
	"github.com/entable/entable/internal/change"
	"github.com/entable/entable/internal/cursor"
	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
)

// Moved says at which other place items of the entity may be: the [PK], the [SK], or both, that they had before a key was
// changed (another number of [Shards], prefix, layout or template), or will have in the next version of the program. Both keys
// are made of the same attributes; a key that is not given is the entity's own. Reads look at both places, and the item at the
// entity's own place counts where both have it. Writes move the item there, in one transaction. [Table.Audit] with Repair moves
// what is left, and says when the option can go.
//
// Programs that know one place only neither find nor respect what is at the other. So a key is changed in four versions, of which
// two that follow each other may run at once:
//
//	Register[Order](Items, PK("tenant", Shards(8, "id")), SK("id"))                                        // as it was
//	Register[Order](Items, PK("tenant", Shards(8, "id")), SK("id"), Moved(PK("tenant", Shards(32, "id")))) // looks ahead
//	Register[Order](Items, PK("tenant", Shards(32, "id")), SK("id"), Moved(PK("tenant", Shards(8, "id")))) // moves
//	Register[Order](Items, PK("tenant", Shards(32, "id")), SK("id"))                                       // when all have moved
//
// Without the second one, what the first writes at the old place beside the third is lost where the item has moved before, and
// an item that has moved is not there for the first. A lock takes the change; [Table.Verify] refuses the first version once the
// third has come, and the fourth until an audit with Settle has found no item at the old place. In Moved, [PrefixOf] is the prefix
// at the other place of an entity that has one.
//
// What it costs: a Get reads two keys in one request, and, where neither is, both again in a transaction, so that an item on its
// way is found. A query asks the partitions of both places, and those of the new once more after each page of the old; it never
// gives an item twice, and misses none that moves to the entity's own place meanwhile. Put, Create and Delete are transactions
// of two items, which cost four times as much, and with conditions a read more; an update of an item that has moved is one
// request, of one that has not a read and a transaction. [BatchWrite] sends them one by one. Where the sort keys have another
// order, or a partition depends on what a query does not know, queries are refused, as are those of indexes by the table's key.
// Scans and queries of indexes give an item that both places have once; one that moves while they run may come twice or not at all.
func Moved(keys ...KeySpec) EntityOption {
	var d schema.MovedDecl
	for _, k := range keys {
		if k.d.Sort {
			d.SKs = append(d.SKs, k.d)
		} else {
			d.PKs = append(d.PKs, k.d)
		}
	}
	return entityOption(func(c *entityConfig) { c.Moved = append(c.Moved, d) })
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
	found, err := replayOf(ctx).find("item of "+e.Name+r.key.Text(), func() (any, error) {
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

// other makes the half of the request that clears the other place, which must have the conditions; own of them are the caller's.
func (r *request) other(key schema.ItemKey, conditions []expression.ConditionBuilder, from, own int) (err error) {
	r.half = &request{e: r.e, op: r.op, verb: verbDelete, key: key}
	r.half.expr, err = r.e.build(nil, conditions, from, own)
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
		r.expr, err = r.e.build(nil, r.conditions, 0, r.given)
		return err
	}
	e, create := r.e, r.op == opCreate
	if len(r.conditions) > 0 && !create && !r.looked {
		if _, err := r.find(ctx, c, ptr); err != nil {
			return err
		}
	}
	free, there := []expression.ConditionBuilder{e.none()}, expression.AttributeExists(attr(e.Table.PK.Name))
	if create {
		free[0] = e.vacant()
	}
	main, half, own := r.conditions, free, r.given
	switch {
	case r.old != nil && e.Table.SameKey(r.old.attrs, other.Attrs):
		r.stays(r.old.attrs, false)
		if half = append(slices.Clip(main), there); r.verb == verbCheck {
			r.key, r.half, main = other, nil, half
			break
		}
		if err := r.other(other, half, 0, own); err != nil {
			return err
		}
		r.expr, err = e.build(nil, free, 0, 0)
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
	if r.expr, err = e.build(nil, main, 0, own); err != nil || r.verb == verbCheck && r.old != nil {
		return err
	}
	return r.other(other, half, 0, 0)
}

// none returns the condition that there is no item.
func (e *entity) none() expression.ConditionBuilder {
	return expression.AttributeNotExists(attr(e.Table.PK.Name))
}

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
	return r.other(other, []expression.ConditionBuilder{u.e.none()}, 0, 0)
}

// move makes the request of an update whose item is at the other place: what the changes make of it is put at the entity's own,
// if the item is still just what it was.
func (s *updateState) move(ctx context.Context, conditions []expression.ConditionBuilder, from int) error {
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
	if err := r.other(s.other, append(slices.Clip(conditions), same.Condition), from, len(u.conditions)); err != nil {
		return err
	}
	r.verb, r.item = verbPut, raw
	if r.gives = &s.stored.loaded; r.returns != types.ReturnValueAllOld {
		r.gives = new(load(e.Table.Decode(wire.NewReader(raw), e.Entity, nil, by)))
	}
	r.expr, err = e.build(nil, []expression.ConditionBuilder{e.none()}, 0, 0)
	return err
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

// dropDoubles takes out of a page of a scan or an index the items at another place that their entity's own place has too.
func (g *pager) dropDoubles(ctx context.Context) error {
	p := g.plan
	homes := map[int]*getKey{}
	var all []*getKey
	for i, it := range g.sink.items {
		if it.other && it.value != nil {
			key, err := it.entity.keyOf(it.entity.Pointer(it.value))
			if err != nil {
				return err
			}
			homes[i] = &getKey{e: it.entity, key: key}
			all = append(all, homes[i])
		}
	}
	b := &batchGet{t: p.t, conn: g.conn, cfg: batchGetConfig{batchConfig{attempts: defaultAttempts}, readConfig{consistent: strong}}}
	for _, chunk := range b.chunks(all) {
		b.get(ctx, chunk)
	}
	kept := g.sink.items[:0]
	for i, it := range g.sink.items {
		switch home := homes[i]; {
		case home == nil || !home.lies():
			kept = append(kept, it)
		case home.err != nil:
			return home.err
		}
	}
	clear(g.sink.items[len(kept):])
	g.sink.items = kept
	return nil
}

// place takes an item by where it lies, and reports whether the stream that it came in is to give it.
func (s *pageItems) place(l *loaded) bool {
	p := s.plan
	switch {
	case p.home == nil && p.Index == "" && p.segments == 0:
		return false // another stream has it, if it belongs to the query
	case p.home == nil:
		s.doubles = true
	case l.entity == nil || l.entity.Entity != p.Want || l.err == nil && !l.other:
		return false
	case l.err == nil:
		_, ok, err := p.home.Takes(p.Want, l.entity.Pointer(l.value))
		if l.err = public(err); err != nil {
			l.value = nil
		}
		return ok || err != nil
	}
	return true
}

// moving walks the partitions of both places side by side. An item is given by the order of its key at the entity's own place,
// and once: from there if both have it. It may move there while the walk goes on. So a page of the other place is read before
// those of the own place that may have the same items, and these are read anew after it; what then comes behind the last item
// that was given has been given already.
type moving struct {
	merged
	own  int        // pagers[:own] are of the entity's own place
	last *sortValue // of the item that was given last
	done bool
}

func (p *queryPlan) moving(pagers []*pager) *moving {
	m := &moving{merged: merged{plan: p, pagers: pagers}, own: len(pagers) - len(p.others)}
	if p.mark.After != nil {
		m.last = &sortValue{}
		if p.SK != nil {
			m.last = newSortValue(schema.Text(p.mark.After[p.SK.Attr.Name]), p.SK.Attr.Type == types.ScalarAttributeTypeN)
		}
	}
	return m
}

func (m *moving) item(ctx context.Context) (any, bool, error) {
	for m.plan.limit == 0 || m.out < m.plan.limit {
		if err := m.ready(ctx); err != nil {
			return nil, false, err
		}
		first, err := m.first()
		if err != nil || first == nil {
			m.done = err == nil
			return nil, false, err
		}
		it := &first.sink.items[first.next]
		if it.err == nil && it.entity != nil && it.entity.Other != nil && m.last != nil && !m.before(m.last, first.key) {
			first.passed += int(it.skipped)
			first.next, first.key = first.next+1, nil
			continue
		}
		m.last = first.key
		return m.give(ctx, first)
	}
	return nil, false, nil
}

func (m *moving) ready(ctx context.Context) error {
	others := m.pagers[m.own:]
	if slices.ContainsFunc(others, func(g *pager) bool { return g.pageEnds() && !g.start.Done }) {
		for _, g := range m.pagers[:m.own] {
			if err := g.rewind(); err != nil {
				return err
			}
		}
		if err := m.fetch(ctx, others); err != nil {
			return err
		}
	}
	return m.fetch(ctx, m.pagers[:m.own])
}

// rewind lets the pager read on from behind the last item that was taken.
func (g *pager) rewind() (err error) {
	if g.start, err = g.behind(); err == nil {
		g.before, g.sink.items, g.next, g.key = g.start, g.sink.items[:0], 0, nil
	}
	return err
}

func (g *pager) behind() (cursor.Position, error) {
	if g.next == 0 {
		return g.before, nil
	}
	after, err := g.plan.KeyIn(g.sink.items[g.next-1].raw)
	return cursor.Position{After: after}, err
}

func (m *moving) positions() ([]cursor.Position, error) {
	out := make([]cursor.Position, len(m.pagers)+1)
	over := m.done
	for i := len(m.pagers) - 1; i >= 0; i-- {
		g, err := m.pagers[i], error(nil)
		if i == m.own-1 {
			over = m.done || !slices.ContainsFunc(out[m.own:len(m.pagers)], func(at cursor.Position) bool { return !at.Done })
		}
		if out[i].Done = m.done || g.pageEnds() && g.start.Done && (i >= m.own || over); out[i].Done {
			continue
		}
		if out[i], err = g.behind(); err != nil {
			return nil, err
		}
	}
	if p := m.plan; m.last != nil && !m.done {
		mark := map[string]types.AttributeValue{p.PK.Attr.Name: p.PK.AttributeValue(p.Partition)}
		if p.SK != nil {
			mark[p.SK.Attr.Name] = p.SK.AttributeValue([]byte(m.last.text))
		}
		out[len(m.pagers)].After = mark
	}
	out[len(m.pagers)].Done = m.done
	return out, nil
}
