package schema

import (
	"errors"
	"reflect"
	"slices"
	"strings"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/wire"
)

// A field with the tag `entable:"hidden"`, or one that is encrypted, is withheld: what is made of items for people, ToMap and
// errors, does not show it.

// discreet takes what an error may show of a withheld attribute out of it.
func (e *Entity) discreet(err error) error {
	c, ok := errors.AsType[*codec.Error](err)
	if !ok {
		return err
	}
	for _, name := range e.Withheld {
		if rest, of := strings.CutPrefix(c.Path, name); of && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return plainly(c)
		}
	}
	return err
}

// plainly returns an error of the codec without its reason if that may quote the value.
func plainly(err error) error {
	c, ok := errors.AsType[*codec.Error](err)
	if !ok {
		return errors.New("its value cannot be stored")
	}
	bare := &codec.Error{Path: c.Path, WireKind: c.WireKind, GoType: c.GoType}
	if set, ok := errors.AsType[*wire.SetError](err); ok {
		bare.Err = set
	} else if bare.GoType == nil {
		bare.Err = errors.New("its value is not valid")
	}
	return bare
}

// innerTag returns the path of a field inside another one whose tag has one of some options, which are for attributes of the item
// itself; "" if none has. Types that contain themselves are looked at once.
func innerTag(t reflect.Type, path string, options []string, seen map[reflect.Type]bool) (at, option string) {
	kind := t.Kind()
	inside := kind == reflect.Pointer || kind == reflect.Slice || kind == reflect.Array || kind == reflect.Map
	if !inside && kind != reflect.Struct || seen[t] {
		return "", ""
	}
	if seen[t] = true; inside {
		return innerTag(t.Elem(), path, options, seen)
	}
	for f := range t.Fields() {
		name, embedded := codec.StoredName(f)
		if at = path; !embedded {
			at += "." + name
		}
		for _, option := range codec.TagOptions(f.Tag) {
			if slices.Contains(options, option) && (option != "rest" || f.Tag.Get("dynamodbav") != "-") {
				return at, option
			}
		}
		if at, option = innerTag(f.Type, at, options, seen); option != "" {
			return at, option
		}
	}
	return "", ""
}
