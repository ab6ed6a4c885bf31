package aggregate

import (
	"maps"
	"slices"
	"strconv"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/change"
	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
)

// Held is that an item is stored as it was loaded. A write that changes or deletes it depends on that.
type Held struct {
	Entity *schema.Entity
	Before unsafe.Pointer
	Seen   map[string]types.AttributeValue // how it is stored, where that is not as entable writes it; else nil
}

// Changed returns the conditions that attributes are what they were. Where there is a version, that says it.
func (h *Held) Changed(names []string) ([]change.Condition, error) {
	if h.Entity.Version != nil {
		return nil, nil
	}
	return h.are(names)
}

// Whole returns the conditions that the item is there and all attributes are what they were. A version says that by itself, unless
// the item may have been loaded in part without it.
func (h *Held) Whole() (all []change.Condition, err error) {
	if h == nil {
		return nil, nil
	}
	e := h.Entity
	there := []change.Condition{change.Has(e.Table.PK.Name).Condition}
	part := e.IsPart(h.Before)
	if part && e.Version == nil {
		return nil, &schema.Fault{Kind: schema.WrongUse, Reason: e.Name + ": an item was read in part, of which nothing tells that it is still the same: " +
			"read the items whole, with Hydrate, to delete one"}
	}
	if e.Version != nil && (part || !slices.ContainsFunc(e.Table.Indexes, func(x schema.IndexDecl) bool { return x.Projection != "" })) {
		return there, nil
	}
	names := slices.AppendSeq(slices.Collect(maps.Keys(h.Seen)), maps.Keys(rest(e, h.Before)))
	for _, f := range e.Plan.Fields() {
		if alone, _ := e.Alone(f.Name); !alone {
			names = append(names, f.Name)
		}
	}
	slices.Sort(names)
	all, err = h.are(slices.DeleteFunc(slices.Compact(names), func(name string) bool {
		return name == e.Table.PK.Name || name == e.Table.SK.Name
	}))
	if n := len(e.Upgrades); n > 0 && h.Seen == nil { // in an older shape a missing attribute is no zero
		there = append(there, change.Equal(schema.SchemaAttribute, &types.AttributeValueMemberN{Value: strconv.Itoa(n)}))
	}
	return append(there, all...), err
}

func (h *Held) are(names []string) (all []change.Condition, err error) {
	for _, name := range names {
		c, err := h.is(name)
		if err != nil {
			return nil, wrong(h.Entity, err)
		}
		all = append(all, c)
	}
	return all, nil
}

// is returns the condition that an attribute is what it was.
func (h *Held) is(name string) (c change.Condition, err error) {
	if h.Seen != nil {
		return change.Is(name, h.Seen[name]).Condition, nil
	}
	var raw []byte
	zero := false
	if f := h.Entity.Plan.Field(name); f != nil {
		v, ok := f.Value(h.Before)
		zero = ok && v.IsZero()
		raw, err = f.AppendFrom(nil, h.Before)
	} else if v, ok := rest(h.Entity, h.Before)[name]; ok {
		raw, err = h.Entity.AppendRestValue(nil, name, v)
	}
	none := change.Is(name, nil).Condition
	switch f := h.Entity.Plan.Field(name); {
	case err != nil || len(raw) == 0:
		return none, err
	case f != nil && h.Entity.SealingOf(f) != nil: // how it is stored is not known before the item comes back with the failure
		return change.Is(h.Entity.Table.PK.Name, nil).Condition, nil
	}
	was, err := wire.ReadValue(raw)
	if c = change.Is(name, was).Condition; zero {
		c = c.Or(none) // which is read as zero too
	}
	return c, err
}

// Spelled takes the stored item, which is that at ptr decoded, if the named attributes, nil for all, are what they were before and only
// written otherwise than entable does: they are the same to who reads them, and not to a condition.
func (h *Held) Spelled(item map[string]types.AttributeValue, ptr unsafe.Pointer, names []string) bool {
	if h.Seen != nil || h.Before == nil || ptr == nil {
		return false
	}
	changed := names
	for _, x := range h.Entity.Kept { // what is in one key with a changed attribute counts too
		fields := x.Fields()
		if slices.ContainsFunc(fields, func(f *codec.Field) bool { return slices.Contains(changed, f.Name) }) {
			for _, f := range fields {
				names = append(slices.Clip(names), f.Name)
			}
		}
	}
	list, err := Difference(h.Entity, h.Before, ptr, func(*codec.Field) bool { return false })
	differs := func(name string) bool { return names == nil || slices.Contains(names, name) }
	if err != nil || slices.ContainsFunc(change.Names(list), differs) {
		return false
	}
	h.Seen = item
	return true
}

// Made reports whether the stored item at ptr, nil for none, is what the write made when it was last prepared: now, with these
// attributes changed of one that there was, and this version. What is generated anew each time does not count.
func (w Write) Made(ptr, now unsafe.Pointer, changed []string, version int64) bool {
	e := w.Entity
	switch {
	case w.After == nil || ptr == nil:
		return w.After == nil && ptr == nil
	case w.Before != nil && e.Version != nil && e.VersionOf(ptr) != version:
		return false
	}
	list, err := Difference(e, now, ptr, func(f *codec.Field) bool { return f == e.Version || e.GeneratesAnew(f, w.After) })
	left := change.Names(list)
	if w.Before != nil { // others may have changed the rest
		left = slices.DeleteFunc(left, func(name string) bool { return !slices.Contains(changed, name) })
	}
	return err == nil && len(left) == 0
}

// SameCopy reports whether the stored item is the one that was sent: what is encrypted is so anew each time, and compared as it is
// opened.
func SameCopy(e *schema.Entity, sent, stored map[string]types.AttributeValue, by schema.Protector) bool {
	for _, names := range []map[string]types.AttributeValue{sent, stored} {
		for name := range names {
			f := e.Plan.Field(name)
			if !change.Same(sent[name], stored[name]) && (f == nil || e.SealingOf(f) == nil) {
				return false
			}
		}
	}
	var at [2]unsafe.Pointer
	for i, item := range []map[string]types.AttributeValue{sent, stored} {
		raw, err := wire.AppendItem(nil, item)
		if err != nil {
			return false
		}
		d := e.Table.Decode(wire.NewReader(raw), e, nil, by)
		if d.Err != nil || d.Entity != e {
			return false
		}
		at[i] = e.Pointer(d.Value)
	}
	list, err := Difference(e, at[0], at[1], func(*codec.Field) bool { return false })
	return err == nil && len(list) == 0
}
