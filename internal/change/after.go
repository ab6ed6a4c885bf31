package change

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/codec"
)

// Index is an index whose keys updates keep up.
type Index interface {
	IndexName() string
	// Fields lists what the keys that are kept up are made of, Components also the attributes that are keys themselves.
	Fields() []*codec.Field
	Components() []*codec.Field
	// KeyNames lists the attributes of the keys that are kept up, and KeyValues what the item at ptr makes of them.
	KeyNames() []string
	KeyValues(ptr unsafe.Pointer) ([]types.AttributeValue, error)
	// Needs reports whether an item without the attribute is not in the index.
	Needs(f *codec.Field) bool
	// CheckField refuses a value of a component that is a key itself, if the service takes it as none.
	CheckField(f *codec.Field, v reflect.Value) error
	// Absent reports whether the item at ptr is left out, by those of its attributes that are known; by all if known is nil.
	Absent(ptr unsafe.Pointer, known func(attribute string) bool) bool
}

// Refusal is the error of an update that cannot be carried out as it is written.
type Refusal string

func (r Refusal) Error() string { return string(r) }

// After is an item after an update, as far as it is known before, and what that means for its index keys.
type After struct {
	Changes List
	Indexes []Index
	Item    unsafe.Pointer // the attributes that are known
	Fresh   unsafe.Pointer // of an upsert: the item that it makes when there is none; else nil

	known []string
	kept  []Index // those whose keys a stored item keeps
}

// Know notes that attributes of the item are known.
func (a *After) Know(names ...string) { a.known = append(a.known, names...) }

func (a *After) knows(attribute string) bool { return slices.Contains(a.known, attribute) }

// checkFields checks the values that components of an index are set to.
func (a *After) checkFields(x Index) error {
	for _, f := range x.Components() {
		for _, c := range a.Changes.Of(f.Name) {
			if !c.IsWhole() || c.Op != Set && c.Op != SetIfAbsent {
				continue
			}
			v, err := c.Convert(f.Type)
			if err == nil {
				err = x.CheckField(f, v)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// Find sets an attribute of the item to what the changes make of the value was, nil if it is absent.
func (a *After) Find(f *codec.Field, was types.AttributeValue) error {
	now, err := Result(a.Changes.Of(f.Name), was)
	if err == nil {
		err = a.Changes.setStored(f, a.Item, now)
	}
	a.Know(f.Name)
	return err
}

// touched lists the indexes whose keys have to be written: those with a changed component, and for an upsert, which may create
// the item, those whose keys are known anyway.
func (a *After) touched() []Index {
	var out []Index
	for _, x := range a.Indexes {
		if len(x.KeyNames()) == 0 || slices.Contains(a.kept, x) {
			continue
		}
		changed, known := false, true
		for _, f := range x.Fields() {
			changed = changed || a.Changes.Has(f.Name)
			known = known && a.knows(f.Name)
		}
		if changed || a.Fresh != nil && known {
			out = append(out, x)
		}
	}
	return out
}

// Missing lists the components of index keys to be written whose values are not known.
func (a *After) Missing() []*codec.Field {
	var out []*codec.Field
	for _, x := range a.touched() {
		if a.leaves(x) {
			continue
		}
		for _, f := range x.Fields() {
			if !a.knows(f.Name) && !slices.Contains(out, f) {
				out = append(out, f)
			}
		}
	}
	return out
}

// leaves reports whether the item is out of a sparse index after the update, whatever the attributes are that are not known.
func (a *After) leaves(x Index) bool { return x.Absent(a.Item, a.knows) }

// AddKeys adds the keys of touched indexes to the update, or removes them when the item leaves the index. Without all their
// components it refuses to; with fetch, these come from the stored item.
func (a *After) AddKeys(u *Update, fetch bool) error {
	for _, x := range a.Indexes {
		if err := a.checkFields(x); err != nil {
			return err
		}
	}
	for _, x := range a.touched() {
		if a.leaves(x) {
			for _, name := range x.KeyNames() {
				u.Remove(name)
			}
			continue
		}
		if err := a.stale(x, fetch); err != nil {
			return err
		}
		values, err := x.KeyValues(a.Item)
		if err != nil {
			return err
		}
		for i, name := range x.KeyNames() {
			u.Set(name, values[i])
		}
	}
	return nil
}

// stale returns the error of an index key whose components are not all known.
func (a *After) stale(x Index, fetch bool) error {
	var unknown []string
	for _, f := range x.Fields() {
		if name := fmt.Sprintf("%q", f.Name); !a.knows(f.Name) && !slices.Contains(unknown, name) {
			unknown = append(unknown, name)
		}
	}
	switch {
	case len(unknown) == 0:
		return nil
	case fetch:
		return Refusal(fmt.Sprintf("the key of index %q depends on %s in the stored item, which is read when the update is sent", x.IndexName(), strings.Join(unknown, ", ")))
	}
	return Refusal(fmt.Sprintf("the update would leave the key of index %q stale, which is also made of %s: "+
		"set them too, give their present values with Known, or use Fetch", x.IndexName(), strings.Join(unknown, ", ")))
}
