package entable

import (
	"slices"
	"unsafe"

	"github.com/entable/entable/internal/keys"
)

// sharesPartitions reports whether the items of two entities with equal partition-key fields lie in one
// partition of an index, or, for "", of the table.
func (e *entity) sharesPartitions(other *entity, index string) bool {
	if index == "" {
		return e.pk.sameShape(other.pk)
	}
	a, b := e.index(index), other.index(index)
	switch {
	case a == nil || b == nil:
		return false
	case a.native:
		return true
	}
	return a.pk.sameShape(b.pk)
}

// only restricts a plan to some entities.
func (p *queryPlan) only(entities []Registered) {
	if p.err != nil {
		return
	}
	if p.member != nil {
		p.fail(usagef("table %q: give Only once, with all entities", p.table.name))
		return
	}
	p.member = map[*entity]bool{}
	var names []string
	for _, r := range entities {
		e := entityOf(r)
		if e == nil || e.table != p.table {
			p.fail(usagef("table %q: Only takes entities that are registered on it", p.table.name))
			return
		}
		p.member[e] = true
		names = append(names, e.names()...)
	}
	if len(p.member) == 0 {
		p.fail(usagef("table %q: Only takes at least one entity", p.table.name))
		return
	}
	if p.narrow() || p.table.discriminator == "" {
		return
	}
	slices.Sort(names)
	p.filters = append(p.filters, ofTypes(p.table.discriminator, slices.Compact(names)))
}

// narrow sets the range of sort keys to that of the members, if all have a lead.
func (p *queryPlan) narrow() bool {
	var r sortRange
	for e := range p.member {
		if p.index != "" && e.index(p.index) == nil {
			continue // it has no items there
		}
		k := e.sortKeyIn(p.index)
		if k == nil || k.lead() == "" {
			return false
		}
		lo, hi, open := k.lead(), keys.After(k.lead()), true
		if len(k.comps) == 0 {
			hi, open = lo, false
		}
		if r.op == anySort || lo < r.lo {
			r.lo = lo
		}
		if r.op == anySort || hi > r.hi || hi == r.hi && !open {
			r.hi, r.hiOpen = hi, open
		}
		r.op = between
	}
	if r.op == anySort {
		return false
	}
	p.within(r)
	return true
}

// sortKeyIn is the entity's sort key in an index, or, for "", in the table; nil if it has none of its own.
func (e *entity) sortKeyIn(index string) *key {
	if index == "" {
		return e.sk
	}
	if x := e.index(index); x != nil {
		return x.sk
	}
	return nil
}

// betweenExamples sets the range of sort keys from examples of any entities; a nil is no bound.
func (p *queryPlan) betweenExamples(low, high any) {
	if p.err != nil {
		return
	}
	if p.ranged {
		p.fail(usagef("table %q: give one condition on the sort key", p.table.name))
		return
	}
	if low == nil && high == nil {
		p.fail(usagef("table %q: Between takes a low or a high example, or both", p.table.name))
		return
	}
	p.ranged = true
	if p.native.native {
		p.betweenNative(low, high)
		return
	}
	r := sortRange{op: between}
	if low != nil {
		b, ok := p.boundOf(low)
		if !ok {
			return
		}
		r.lo = b.text
	}
	if high != nil {
		b, ok := p.boundOf(high)
		if !ok {
			return
		}
		r.hi = b.text
		if b.part {
			r.hi, r.hiOpen = keys.After(b.text), true
		}
	}
	p.within(r)
}

// boundOf finds the sort key of an example, whose entity has to have items in such partitions.
func (p *queryPlan) boundOf(example any) (bound, bool) {
	e, ptr, err := p.table.exampleOf(example)
	if err != nil {
		p.fail(err)
		return bound{}, false
	}
	if !p.from.sharesPartitions(e, p.index) {
		p.fail(usagef("table %q: no items of %s lie in the partitions of %s", p.table.name, e.name, p.from.name))
		return bound{}, false
	}
	k := e.sortKeyIn(p.index)
	if k == nil {
		p.fail(usagef("table %q: %s has no sort key to compare", p.table.name, e.name))
		return bound{}, false
	}
	b, err := k.bound(ptr, between)
	if err != nil {
		p.fail(&KeyError{Entity: e.name, Key: k.attr.name, Err: err})
	}
	return b, err == nil
}

// betweenNative is Between on a native index. Its entities need not have fields of the same kinds, so the
// examples are of the query's.
func (p *queryPlan) betweenNative(low, high any) {
	var at [2]unsafe.Pointer
	for i, example := range []any{low, high} {
		if example == nil {
			continue
		}
		e, ptr, err := p.table.exampleOf(example)
		if err == nil && e != p.from {
			err = usagef("table %q: index %q is native: give examples of %s as bounds", p.table.name, p.index, p.from.name)
		}
		if err != nil {
			p.fail(err)
			return
		}
		at[i] = ptr
	}
	switch {
	case at[0] == nil:
		p.where(lessEqual, nil, at[1])
	case at[1] == nil:
		p.where(greaterEqual, at[0], nil)
	default:
		p.where(between, at[0], at[1])
	}
}

// within narrows the range of sort keys to what is also in r.
func (p *queryPlan) within(r sortRange) {
	if p.sort.op != anySort {
		own := p.sort.open()
		if own.lo > r.lo || own.lo == r.lo && own.loOpen {
			r.lo, r.loOpen = own.lo, own.loOpen
		}
		if r.hi == "" || own.hi != "" && own.hi < r.hi || own.hi == r.hi && own.hiOpen {
			r.hi, r.hiOpen = own.hi, own.hiOpen
		}
		if r.hi != "" && (r.lo > r.hi || r.lo == r.hi && (r.loOpen || r.hiOpen)) {
			p.fail(usagef("table %q: no sort keys of the entities in Only lie in the range of Between", p.table.name))
			return
		}
	}
	switch {
	case r.loOpen:
	case r.hi == r.lo && !r.hiOpen:
		r.op = equal
	case r.hiOpen && r.hi == keys.After(r.lo):
		r = sortRange{op: prefix, lo: r.lo}
	}
	p.sort = r
}

// open is the range as bounds.
func (r sortRange) open() sortRange {
	switch r.op {
	case equal:
		r.hi = r.lo
	case prefix:
		r.hi, r.hiOpen = keys.After(r.lo), true
	}
	r.op = between
	return r
}
