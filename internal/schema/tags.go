package schema

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/entable/entable/internal/codec"
)

// checkTags refuses what nothing would come of: a value of an option that takes none, and a tag of what is no attribute of the item.
// A tag inside an attribute counts for an entity of that type, and not here; see [innerTag] for those that would be missed.
func (r *registration) checkTags() error { return r.checkTagsOf(r.e.Type, map[reflect.Type]bool{}) }

// checkTagsOf checks those of a struct and of what it embeds.
func (r *registration) checkTagsOf(t reflect.Type, seen map[reflect.Type]bool) error {
	seen[t] = true
	for f := range t.Fields() {
		_, embedded := codec.StoredName(f)
		if tag, ok := f.Tag.Lookup("entable"); ok {
			why := ""
			for _, option := range codec.TagOptions(f.Tag) {
				if why == "" {
					why = wrongOption(option)
				}
			}
			if why == "" {
				why = unstoredTag(f, embedded)
			}
			if why != "" {
				return r.errorf("field "+f.Name, "tag `entable:%q`: %s", tag, why)
			}
		}
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if embedded && !seen[inner] {
			if err := r.checkTagsOf(inner, seen); err != nil {
				return err
			}
		}
	}
	return nil
}

var (
	flagOptions  = []string{"version", "ttl", "keyonly", "unique", "encrypt", "zstd", "readplain", "hidden", "rest", "partial"}
	valueOptions = []string{"auto", "touch", "default", "hash"}
)

// wrongOption says why an option has no meaning as it is given; "" if it has one, or is unknown.
func wrongOption(option string) string {
	switch name, _, given := strings.Cut(option, "="); {
	case given && slices.Contains(flagOptions, name):
		return fmt.Sprintf("%s takes no value", name)
	case !given && slices.Contains(valueOptions, name):
		return fmt.Sprintf("%s lacks its value: %[1]s=…", name)
	}
	return ""
}

// unstoredTag says why a field is no attribute that a tag could be about; "" if it is one.
func unstoredTag(f reflect.StructField, embedded bool) string {
	options := codec.TagOptions(f.Tag)
	switch {
	case slices.Contains(options, "rest"), slices.Contains(options, "partial"), slices.Equal(options, []string{"-"}):
		return "" // about items, and no attributes
	case embedded:
		return fmt.Sprintf("the fields of %s are attributes of the item, and have tags of their own: give it to these, or %[1]s a name in a dynamodbav tag", f.Name)
	case !f.IsExported():
		return "the field is not exported, and not stored"
	case f.Tag.Get("dynamodbav") == "-":
		return "the field is not stored: its dynamodbav tag is \"-\""
	}
	return ""
}

// readTags reads the entable tags of the entity's fields.
func (e *Entity) readTags() error {
	for _, f := range e.Plan.Fields() {
		tag, ok := f.Tag.Lookup("entable")
		if !ok {
			continue
		}
		if err := e.readTag(f); err != nil {
			return declarationFault(e.Name, "field "+e.Type.FieldByIndex(f.Index).Name, "tag `entable:%q`: %s", tag, err)
		}
	}
	if err := e.findRest(); err != nil {
		return err
	}
	return e.findPartial()
}

func (e *Entity) readTag(f *codec.Field) error {
	seen := map[string]bool{}
	for _, option := range codec.TagOptions(f.Tag) {
		name, value, _ := strings.Cut(option, "=")
		if seen[name] {
			return fmt.Errorf("option %q is given twice", name)
		}
		seen[name] = true
		if err := e.readTagOption(f, name, value); err != nil {
			return err
		}
	}
	filled := 0
	for _, name := range []string{"auto", "touch", "default", "version"} {
		if seen[name] {
			filled++
		}
	}
	if seen["keyonly"] && (seen["unique"] || seen["ttl"] || filled > 0 && !seen["auto"]) {
		return fmt.Errorf("keyonly goes with auto alone: the items have no such attribute")
	}
	if filled > 1 {
		return fmt.Errorf("give one of auto, touch, default and version")
	}
	return nil
}
