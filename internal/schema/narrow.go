package schema

import (
	"slices"
	"strings"
	"unsafe"

	"github.com/entable/entable/internal/keys"
)

// Narrow sets the range of sort keys to that of the members, and reports whether it could: if all have a lead.
func (s *Span) Narrow(members map[*Entity]bool) (bool, error) {
	var r sortRange
	for e := range members {
		if s.Index != "" && e.index(s.Index) == nil {
			continue // it has no items there
		}
		k := e.sortKeyIn(s.Index)
		if k == nil || k.Lead() == "" {
			return false, nil
		}
		lo, hi, open := k.Lead(), keys.After(k.Lead()), true
		if len(k.comps) == 0 {
			hi, open = lo, false
		}
		if r.Op == AnySort || lo < r.Lo {
			r.Lo = lo
		}
		if r.Op == AnySort || hi > r.Hi || hi == r.Hi && !open {
			r.Hi, r.HiOpen = hi, open
		}
		r.Op = Between
	}
	if r.Op == AnySort {
		return false, nil
	}
	return true, s.within(r)
}

// LeadTells reports whether what the sort keys of the wanted entity start with tells its items from those of all other registered
// entities in the partition, also where they have no type, or the same.
func (s *Span) LeadTells() bool {
	if s.Multi.Given || s.SK == nil || s.SK.Lead() == "" {
		return false
	}
	lead := s.SK.Lead()
	return !slices.ContainsFunc(s.Table.Directory().All, func(e *Entity) bool {
		return e != s.Want && slices.ContainsFunc(e.places(), func(at *Entity) bool {
			pk, sk := at.PK, at.SK
			if s.Index != "" {
				x := e.index(s.Index)
				if x == nil {
					return false
				}
				pk, sk = x.pk, x.sk
			}
			return pk.Covers(string(s.Partition)) && (strings.HasPrefix(sk.Lead(), lead) || strings.HasPrefix(lead, sk.Lead()))
		})
	})
}

// Between sets the range of sort keys from examples of any entities; a nil is no bound. Of the attributes named, those
// of its sort key count in each.
func (s *Span) Between(low, high any, named ...string) error {
	if s.ranged {
		return misuse("table %q: give one condition on the sort key", s.Table.Name)
	}
	if low == nil && high == nil {
		return misuse("table %q: Between takes a low or a high example, or both", s.Table.Name)
	}
	s.ranged = true
	if s.Multi.Given {
		return s.betweenMulti(low, high, named)
	}
	r := sortRange{Op: Between}
	used := map[string]bool{}
	if low != nil {
		b, err := s.boundOf(low, high, GreaterEqual, named, used)
		if err != nil {
			return err
		}
		if r.Lo = b.text; b.gap != "" && b.loose {
			return misuse("table %q: keys with other values lie between %q and those that go on with %q: ask for one entity alone", s.Table.Name, b.text, b.gap)
		}
	}
	if high != nil {
		b, err := s.boundOf(high, low, LessEqual, named, used)
		if err != nil {
			return err
		}
		r.Hi = b.text
		if b.part {
			r.Hi, r.HiOpen = b.after(), true
		}
	}
	for _, name := range named {
		if !used[name] {
			return misuse("table %q: attribute %q is in no sort key of the bounds", s.Table.Name, name)
		}
	}
	if low != nil && high != nil && s.From.sortKeyIn(s.Index).compare(r.Lo, r.Hi) > 0 {
		return misuse("table %q: %s", s.Table.Name, errReversed)
	}
	return s.within(r)
}

// whichBound says what to do about a bound whose type is several entities. A collection has its members, and Only may have been given
// already, once: then there is no place to say which it is.
func (s *Span) whichBound() string {
	if s.Members == nil {
		return "say with Only, before Between, which it is"
	}
	return "give a bound of another type, or use Between in the Query of one of these entities"
}

// boundOf finds the sort key of an example, whose entity has to have items in such partitions. other is the example at the
// other end, or nil. It notes the names that it has used.
func (s *Span) boundOf(example, other any, op SortOp, named []string, used map[string]bool) (bound, error) {
	e, ptr, err := s.Table.ExampleOf(nil, s.Members, s.whichBound(), example)
	if err != nil {
		return bound{}, err
	}
	if !s.From.SharesPartitions(e, s.Index) {
		return bound{}, misuse("table %q: no items of %s lie in the partitions of %s", s.Table.Name, e.Name, s.From.Name)
	}
	k := e.sortKeyIn(s.Index)
	if k == nil {
		return bound{}, misuse("table %q: %s has no sort key to compare", s.Table.Name, e.Name)
	}
	q := comparison{op: op, index: s.Index != ""}
	for _, name := range named {
		if slices.ContainsFunc(k.comps, func(c component) bool { return c.path == name }) {
			q.named, used[name] = append(q.named, name), true
		}
	}
	if len(named) > 0 && len(q.named) == 0 && len(k.comps) > 0 {
		return bound{}, misuse("table %q: no attribute of the sort key of %s is named: it has %s", s.Table.Name, e.Name,
			strings.Join(quotedNames(len(k.comps), k.component), ", "))
	}
	var otherPtr unsafe.Pointer
	if o, at, err := s.Table.ExampleOf(nil, s.Members, s.whichBound(), other); err == nil && o == e {
		otherPtr = at
	}
	if err := k.checkOrder(q, ptr, otherPtr); err != nil {
		return bound{}, e.keyFault(k.Attr.Name, err)
	}
	b, err := k.bound(ptr, q)
	if err != nil {
		return bound{}, e.keyFault(k.Attr.Name, err)
	}
	return b, nil
}

// betweenMulti does what between does on a native index. Its entities need not have fields of the same kinds, so the
// examples are of the query's.
func (s *Span) betweenMulti(low, high any, named []string) error {
	var at [2]unsafe.Pointer
	for i, example := range []any{low, high} {
		if example == nil {
			continue
		}
		e, ptr, err := s.Table.ExampleOf(nil, s.Members, "give examples of the entity of the query as bounds", example)
		if err == nil && e != s.From {
			err = misuse("table %q: index %q is native: give examples of %s as bounds", s.Table.Name, s.Index, s.From.Name)
		}
		if err != nil {
			return err
		}
		at[i] = ptr
	}
	switch {
	case at[0] == nil:
		return s.Where(LessEqual, nil, at[1], named...)
	case at[1] == nil:
		return s.Where(GreaterEqual, at[0], nil, named...)
	}
	return s.Where(Between, at[0], at[1], named...)
}

// within narrows the range of sort keys to what is also in r.
func (s *Span) within(r sortRange) error {
	if s.Sort.Op != AnySort {
		own := s.Sort.open()
		if own.Lo > r.Lo || own.Lo == r.Lo && own.LoOpen {
			r.Lo, r.LoOpen = own.Lo, own.LoOpen
		}
		if r.Hi == "" || own.Hi != "" && own.Hi < r.Hi || own.Hi == r.Hi && own.HiOpen {
			r.Hi, r.HiOpen = own.Hi, own.HiOpen
		}
		if r.Hi != "" && (r.Lo > r.Hi || r.Lo == r.Hi && (r.LoOpen || r.HiOpen)) {
			return misuse("table %q: no sort keys of the entities in Only lie in the range of Between", s.Table.Name)
		}
	}
	switch {
	case r.LoOpen:
	case r.Hi == r.Lo && !r.HiOpen:
		r.Op = Equal
	case r.HiOpen && r.Hi == keys.After(r.Lo):
		r = sortRange{Op: Prefix, Lo: r.Lo}
	}
	s.Sort = r
	return nil
}

// open returns the range as bounds.
func (r sortRange) open() sortRange {
	switch r.Op {
	case Equal:
		r.Hi = r.Lo
	case Prefix:
		r.Hi, r.HiOpen = keys.After(r.Lo), true
	}
	r.Op = Between
	return r
}
