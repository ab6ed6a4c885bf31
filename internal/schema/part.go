package schema

import (
	"reflect"
	"slices"
	"strings"
	"unsafe"

	"github.com/entable/entable/internal/codec"
)

// A field with the tag `entable:"partial"`, a bool, says of an item that it was read in part. It is not stored.

func (e *Entity) findPartial() error {
	if !e.mayHold("partial") {
		return nil
	}
	for _, f := range reflect.VisibleFields(e.Type) {
		if !slices.Contains(codec.TagOptions(f.Tag), "partial") {
			continue
		}
		wrong := ""
		switch {
		case f.Type.Kind() != reflect.Bool || !f.IsExported() || len(codec.TagOptions(f.Tag)) > 1:
			wrong = "the field must be an exported bool with no other option"
		case len(f.Index) > 1:
			wrong = "the field must be one of the struct itself"
		case e.partial != nil:
			wrong = "another field has it"
		}
		if wrong != "" {
			return declarationFault(e.Name, "field "+f.Name, "tag `entable:\"partial\"`: %s", wrong)
		}
		e.partial = f.Index
	}
	return nil
}

// mayHold reports whether a field of the struct, or of one that it embeds, can have a tag with the option.
func (e *Entity) mayHold(option string) bool {
	for f := range e.Type.Fields() {
		if tag, ok := f.Tag.Lookup("entable"); f.Anonymous || ok && strings.Contains(tag, option) {
			return true
		}
	}
	return false
}

func (e *Entity) partialOf(ptr unsafe.Pointer) reflect.Value {
	return reflect.NewAt(e.Type, ptr).Elem().FieldByIndex(e.partial)
}

// IsPart reports whether the item at ptr is known to be read in part.
func (e *Entity) IsPart(ptr unsafe.Pointer) bool { return e.partial != nil && e.partialOf(ptr).Bool() }

// checkWhole refuses to write an item that was read in part as a whole.
func (e *Entity) checkWhole(ptr unsafe.Pointer) error {
	if !e.IsPart(ptr) {
		return nil
	}
	return misuse("%s: the item was read in part, and what it lacks would be lost: read it whole, by Get or with Hydrate, or use Update or Patch", e.Name)
}

// CheckVersion refuses a write that depends on the version of the item at ptr where that was read without it.
func (e *Entity) CheckVersion(ptr unsafe.Pointer) error {
	if e.Version == nil {
		return nil
	}
	return e.checkRead(ptr, "by which its writes tell that nobody else has changed it", e.Version)
}

// checkKeyRead refuses to make the primary key of an item that was read without what it is computed from: it would be another's.
func (e *Entity) checkKeyRead(ptr unsafe.Pointer) error {
	if !e.IsPart(ptr) {
		return nil
	}
	return e.checkRead(ptr, ofKey, append(e.computedFrom(e.PK), e.computedFrom(e.SK)...)...)
}

const ofKey = "of which its key is made"

// computedFrom lists the attributes that a key, which may be nil, is made of and that the primary key does not hold.
func (e *Entity) computedFrom(k *Key) (list []*codec.Field) {
	for i := 0; k != nil && i < len(k.comps); i++ {
		c := &k.comps[i]
		if c.shard == nil && !c.part || c.derived == nil && e.keyHolds(c.path) {
			continue
		}
		for _, f := range c.roots() {
			if !e.keyHolds(f.Name) {
				list = append(list, f)
			}
		}
	}
	return list
}

func (e *Entity) checkRead(ptr unsafe.Pointer, what string, fields ...*codec.Field) error {
	if !e.IsPart(ptr) {
		return nil
	}
	for _, f := range fields {
		if v, ok := f.Value(ptr); !ok || v.IsZero() {
			return misuse("%s: the item was read in part, without %q, %s: let the index hold that, or read the item whole, by Get or with Hydrate", e.Name, f.Name, what)
		}
	}
	return nil
}

// CheckPair refuses to compare an item that was read in part with one that was not.
func (e *Entity) CheckPair(before, after unsafe.Pointer) error {
	if e.IsPart(before) == e.IsPart(after) {
		return nil
	}
	return misuse("%s: one of the two items was read in part, and what it lacks would count as a difference: compare it with a copy of itself", e.Name)
}

// inPart reports whether an index holds so little of the entity's items that it cannot be made of them. What the table's key
// is made of is read from it.
func (e *Entity) inPart(c *IndexDecl) bool {
	if c.whole() {
		return false
	}
	if e.Rest != nil {
		return true
	}
	for _, f := range e.Plan.Fields() {
		if !e.Table.holds(c, f.Name) && !e.keyHolds(f.Name) {
			return true
		}
	}
	return false
}

// keyHolds reports whether an attribute can be read from the primary key.
func (e *Entity) keyHolds(name string) bool {
	for _, k := range [...]*Key{e.PK, e.SK} {
		if k != nil && slices.ContainsFunc(k.comps, func(c component) bool { return c.path == name && !c.part && c.shard == nil }) {
			return true
		}
	}
	return false
}

// MarkPart notes in an item that was read whether it lacks something: because attributes were selected, or because the index
// does not hold it.
func (s *Span) MarkPart(d Decoded, selected bool) {
	if e := d.Entity; d.Value != nil && e.partial != nil && (selected || e.inPart(s.Table.Index(s.Index))) {
		e.partialOf(e.Pointer(d.Value)).SetBool(true)
	}
}
