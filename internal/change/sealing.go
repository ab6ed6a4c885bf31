package change

import (
	"fmt"
	"reflect"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/codec"
)

// Sealing is what an update has to know of attributes that are not stored as their values, but encrypted or compressed. The zero
// value is for items without such ones.
type Sealing struct {
	How   map[string]string // by attribute, how it is stored
	ByKey bool              // the update is no instance's
	Seal  func(f *codec.Field, v reflect.Value) (types.AttributeValue, error)
	Open  func(f *codec.Field, stored types.AttributeValue) (types.AttributeValue, error)
}

// sealed returns a change of such an attribute with what is stored of its value. It writes the whole of it: of ciphertexts nothing can
// be changed in its place. An update by key has no business with it, as nothing shows that its caller knows what is there.
func (l *List) sealed(c Resolved) (Resolved, error) {
	how := l.How[c.Root.Name]
	switch {
	case how == "":
		return c, nil
	case l.ByKey && !c.Checked:
		return c, Refusal(fmt.Sprintf("attribute %q %s, and an update by key does not change it: load the item, and use Patch, SaveChanges or Put", c.Root.Name, how))
	case !c.Replaces() && !(c.IsWhole() && c.Op == SetIfAbsent):
		return c, Refusal(fmt.Sprintf("attribute %q %s, and cannot be changed in parts: Set the whole of it", Show(c.Path), how))
	case c.Op == Remove:
		return c, nil
	}
	v, err := c.Convert(c.Type)
	if err != nil {
		return c, c.within(err)
	}
	one := *c.Change
	one.Stored, err = l.Seal(c.Root, v)
	c.Change = &one
	return c, err
}

// setStored sets a field from what is stored.
func (l *List) setStored(f *codec.Field, at unsafe.Pointer, v types.AttributeValue) error {
	if l.How[f.Name] != "" && v != nil {
		var err error
		if v, err = l.Open(f, v); err != nil {
			return err
		}
	}
	return SetStored(f, at, v)
}
