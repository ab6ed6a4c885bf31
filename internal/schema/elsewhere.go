package schema

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/keys"
)

// Where a query reads besides its own partitions, see moved.go.

// Elsewhere is where a query of the table reads besides its own partitions: a partition at the other place of an entity.
type Elsewhere struct {
	*Entity // the entity itself
	Text    []byte
	sort    sortRange
}

// Elsewhere lists the partitions at the other places of the entities whose items the query reads; members are those that it is
// restricted to, or nil.
func (s *Span) Elsewhere(members map[*Entity]bool) (list []Elsewhere, err error) {
	if s.From == nil || s.Index != "" {
		return nil, s.checkIndex()
	}
	for _, e := range s.Table.Directory().All {
		if e.Other == nil || s.Want != nil && s.Want != e || members != nil && !members[e] || !e.SharesPartitions(s.From, "") {
			continue
		}
		fixed := s.fixed(e)
		texts, err := e.partitionsThere(s.Partitions, fixed)
		if err != nil {
			return nil, misuse("%s: cannot query while items of %s may be at another place: %s: move what is left there with Table.Audit, "+
				"and leave entable.Moved out", s.Name(), e.Name, err)
		}
		for _, text := range texts {
			list = append(list, Elsewhere{e, text, s.rangeThere(e, fixed)})
		}
	}
	return list, nil
}

// checkIndex refuses a query of an index that has a key of the table as its own.
func (s *Span) checkIndex() error {
	for _, e := range s.Table.Directory().All {
		x := e.index(s.Index)
		if e.Other == nil || x == nil || s.From == nil || s.Want != nil && s.Want != e {
			continue
		}
		for _, k := range []*Key{x.pk, x.sk} {
			if k != nil && (k == e.PK && e.PK != e.Other.PK || k == e.SK && e.SK != e.Other.SK) {
				return misuse("%s: index %q is by the table's own key, of which items of %s have another at the other place: "+
					"move what is left there with Table.Audit, and leave entable.Moved out", s.Name(), s.Index, e.Name)
			}
		}
	}
	return nil
}

// fixed returns the values that the query's partition has for attributes of e, which shares its partitions.
func (s *Span) fixed(e *Entity) map[string]keys.Value {
	out := map[string]keys.Value{}
	for i := range e.PK.comps {
		if c := &e.PK.comps[i]; i < len(s.values) && c.shard == nil && !c.part {
			out[c.path] = s.values[i]
		}
	}
	return out
}

// partitionsThere renders the partitions at the other place of e of what the query's own are at its place.
func (e *Entity) partitionsThere(own [][]byte, fixed map[string]keys.Value) (out [][]byte, err error) {
	if err := e.sameOrder(fixed); err != nil {
		return nil, err
	}
	k := e.Other.PK
	var vals []keys.Value
	for i := range k.comps {
		c := &k.comps[i]
		v, ok := fixed[c.path]
		switch {
		case c.shard != nil:
		case !ok || c.part:
			return nil, fmt.Errorf("the partition there depends on %q, which the query does not know", c.path)
		default:
			vals = append(vals, v)
		}
	}
	if k.pattern == nil { // the one attribute of both
		return own, nil
	}
	for n := range k.shards() {
		all := vals
		if k.shards() > 1 {
			all = append(slices.Clip(vals), keys.Value{Kind: keys.Int, I: int64(n)})
		}
		text, err := k.pattern.Append(nil, all)
		if err != nil {
			return nil, nil //nolint:nilerr // no key there holds such values
		}
		out = append(out, text)
	}
	return out, nil
}

// sameOrder reports why the items of a partition at the other place do not have the order that they have at the entity's own,
// where what is fixed has one value.
func (e *Entity) sameOrder(fixed map[string]keys.Value) error {
	if e.SK == nil || e.SK.sameRest(e.Other.SK) {
		return nil
	}
	open := func(k *Key) (paths []string, ordered bool) {
		ordered = k.pattern == nil || k.separator == "" || k.separator < "%"
		for i := range k.comps {
			c := &k.comps[i]
			if _, one := fixed[c.path]; !one || c.part {
				paths = append(paths, c.path)
				ordered = ordered && !c.part && (k.separator != "" || k.pattern == nil || k.pattern.Ordered(i))
			}
		}
		return paths, ordered
	}
	here, ordered := open(e.SK)
	there, orderedThere := open(e.Other.SK)
	if !slices.Equal(here, there) || !ordered || !orderedThere {
		return fmt.Errorf("the sort keys there, %s, have another order than those here, %s", e.Other.SK.manifest(), e.SK.manifest())
	}
	return nil
}

// sameRest reports whether two keys have the same segments behind their prefixes.
func (k *Key) sameRest(o *Key) bool {
	return k.separator == o.separator && k.pattern != nil && o.pattern != nil && slices.Equal(k.pattern.Segments(), o.pattern.Segments())
}

// rangeThere returns the part of a partition at the other place of e that holds all items in the query's range: the range itself
// where the sort key has the same attributes, or what begins with what is fixed.
func (s *Span) rangeThere(e *Entity, fixed map[string]keys.Value) sortRange {
	k := e.Other.SK
	if k == nil || k.pattern == nil && s.asked == nil {
		return sortRange{}
	}
	if s.asked != nil && slices.EqualFunc(k.comps, e.SK.comps, func(a, b component) bool { return a.path == b.path }) {
		one := Span{Table: s.Table, From: s.From, Want: e, SK: k}
		if one.setRange(s.asked.op, s.asked.low, s.asked.high, s.asked.named) == nil {
			return one.Sort
		}
	}
	var vals []keys.Value
	for i := range k.comps {
		v, ok := fixed[k.comps[i].path]
		if !ok || k.comps[i].part || k.pattern == nil {
			break
		}
		vals = append(vals, v)
	}
	if text, ends, err := k.pattern.AppendLeading(nil, vals); err == nil && len(vals) > 0 && len(vals) < len(k.comps) {
		if ends >= 0 { // keys that lack a tail are among them
			text = text[:ends]
		}
		return sortRange{Op: Prefix, Lo: string(text)}
	}
	return sortRange{}
}

// asked is a condition on the sort key as it was given.
type asked struct {
	op        SortOp
	low, high unsafe.Pointer
	named     []string
}

// At returns the span of a partition elsewhere alone.
func (s *Span) At(x Elsewhere) Span {
	one := *s
	one.PK, one.SK, one.Partition, one.Sort, one.Want = x.Other.PK, x.Other.SK, x.Text, x.sort, x.Entity
	return one
}

// AppendOrder appends what decides in which order the items of the query come, as far as other versions of the program can have
// declared it otherwise: the sort keys of the entities that it is for, and where they are besides. A new name changes nothing, nor
// does one more entity where all are read.
func (s *Span) AppendOrder(b []byte, others []Elsewhere) []byte {
	var of []string
	for e := range s.Members {
		of = append(of, fmt.Sprintf("%q %s", e.Origin, e.sortKeyIn(s.Index).manifest()))
	}
	slices.Sort(of)
	if s.Want != nil {
		of = append(of, s.SK.manifest().String())
	}
	for _, x := range others {
		of = append(of, fmt.Sprintf("%q %s %s %q %s", x.Origin, x.Entity.PK.manifest(), x.Entity.SK.manifest(), x.Text, x.Other.SK.manifest()))
	}
	return fmt.Appendf(b, " %q", of)
}

// InPartition reports whether a key belongs to the i-th of the query's partitions and of the others that it reads.
func (s *Span) InPartition(key map[string]types.AttributeValue, i int, others []Elsewhere) bool {
	if len(s.Partitions) == 0 {
		return true // a scan; or an index of several attributes, where the service compares the key with the condition
	}
	partition := s.Partitions[0] // of the mark
	if n := len(s.Partitions); i < n {
		partition = s.Partitions[i]
	} else if i -= n; i < len(others) {
		partition = others[i].Text
	}
	return s.PK.Attr.IDText(Text(key[s.PK.Attr.Name])) == s.PK.Attr.IDText(string(partition))
}

// Takes reports whether an item that was found elsewhere lies at the entity's own place in the query's partitions and range,
// and returns its sort key there.
func (s *Span) Takes(e *Entity, item unsafe.Pointer) (sortKey string, ok bool, err error) {
	text, err := e.PK.AppendText(nil, item)
	if err != nil {
		return "", false, e.keyFault(e.PK.Attr.Name, err)
	}
	id := e.PK.Attr.IDText(string(text))
	if !slices.ContainsFunc(s.Partitions, func(p []byte) bool { return e.PK.Attr.IDText(string(p)) == id }) {
		return "", false, nil
	}
	if e.SK == nil {
		return "", true, nil
	}
	if text, err = e.SK.AppendText(nil, item); err != nil {
		return "", false, e.keyFault(e.SK.Attr.Name, err)
	}
	return string(text), s.Sort.has(e.SK, string(text)), nil
}

// EndsAt reports whether a sort key is the last one of the range: not all engines take it as one to start behind.
func (r sortRange) EndsAt(text string, reverse bool) bool {
	if r.Op == AnySort {
		return false
	}
	if r = r.open(); reverse {
		return r.Lo == text && !r.LoOpen
	}
	return r.Hi == text && !r.HiOpen
}

// has reports whether a sort key is in the range.
func (r sortRange) has(k *Key, text string) bool {
	if r.Op == AnySort {
		return true
	}
	if r.gap != "" && r.Lo < text && text < r.gap {
		return false
	}
	r = r.open()
	if c := k.compare(text, r.Lo); r.Lo != "" && (c < 0 || c == 0 && r.LoOpen) {
		return false
	}
	c := k.compare(text, r.Hi)
	return r.Hi == "" || c < 0 || c == 0 && !r.HiOpen
}
