package explorer

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
)

// row is a stored item as the pages show it.
type row struct {
	PK, SK  string // as text
	Link    string // to its page
	Edit    string // to the page on which it is changed
	Kind    kind
	Brief   []node // a few attributes
	Fields  []node // as it is decoded under its type, or its attributes
	Decoded bool
	Stored  string // DynamoDB JSON
	Long    bool   // too long to be unfolded in a list
	Size    int    // in bytes, by the service's rules
	Fault   string // why it was not decoded
	Own     bool   // the library's own

	item   map[string]types.AttributeValue
	entity *schema.Entity
	value  any // decoded
}

// kind is an entity, with the colour that it has on all pages.
type kind struct {
	Name  string
	Color string // a class of the style sheet
}

const colors = 8

func (h *Handler) kindOf(e *schema.Entity) kind {
	if e == nil {
		return kind{"", "none"}
	}
	i := slices.Index(h.declared.Directory().All, e)
	return kind{e.Name, "c" + strconv.Itoa(i%colors)}
}

// longItem is how many bytes of an item are unfolded in a list at most.
const longItem = 16 << 10

// row makes the row of a stored item, of which index says what it holds; single is set for a page of its own.
func (h *Handler) row(raw []byte, single bool) (*row, error) {
	item, err := wire.ReadItem(raw)
	if err != nil {
		return nil, err
	}
	r := &row{item: item, PK: keyText(item[h.declared.PK.Name]), SK: keyText(item[h.declared.SK.Name])}
	r.Link = "item?" + h.keyQuery(item).Encode()
	r.Edit = "edit?" + h.keyQuery(item).Encode()
	if r.Size, err = wire.ItemSize(raw); err != nil {
		return nil, err
	}
	h.decode(r, raw)
	b := some
	if single {
		b = much
	}
	r.Fields = h.fields(r, b)
	r.Brief = h.brief(r)
	if r.Long = r.Size > longItem && !single; r.Long {
		r.Fields = nil
		return r, nil
	}
	r.Stored, err = h.stored(r)
	return r, err
}

// decode reads an item under its type, without hooks.
func (h *Handler) decode(r *row, raw []byte) {
	defer func() {
		if p := recover(); p != nil { // of a method of the user's
			r.Fault = fmt.Sprintf("cannot be decoded: %v", p)
		}
		r.Kind = h.kindOf(r.entity)
	}()
	r.entity = h.declared.Tell(wire.NewReader(raw)).Entity
	value, err := h.table.DecodeJSON(raw)
	unknown, ok := errors.AsType[*entable.UnknownEntityError](err)
	switch {
	case err == nil:
		r.value, r.Decoded = value, true
	case ok && unknown.Own:
		r.Own = true
	case ok:
		r.Fault = "no registered type"
	default:
		r.Fault = h.withoutHidden(r, err.Error())
	}
}

// fields lists an item's fields as they are decoded; those of other items as they are stored.
func (h *Handler) fields(r *row, b bounds) (list []node) {
	if !r.Decoded {
		for _, name := range sortedNames(r.item) {
			list = append(list, h.attribute(r, name, b))
		}
		return list
	}
	ptr := r.entity.Pointer(r.value)
	b.pkg = packageOf(r.entity)
	for _, f := range r.entity.Plan.Fields() {
		n := node{Hidden: true}
		if !h.hides(r.entity, f.Name) {
			v, ok := f.Value(ptr)
			if !ok {
				v = reflect.Zero(f.Type)
			}
			n = b.value(v)
		}
		n.Type = typeName(f.Type, b.pkg)
		n.Name = f.Name
		list = append(list, n)
	}
	if r.entity.Rest != nil {
		rest := r.entity.RestOf(ptr)
		for _, name := range sortedNames(r.item) {
			if rest.MapIndex(reflect.ValueOf(name)).IsValid() {
				list = append(list, h.attribute(r, name, b))
			}
		}
	}
	return list
}

func (h *Handler) attribute(r *row, name string, b bounds) node {
	if h.hides(r.entity, name) {
		return node{Name: name, Hidden: true}
	}
	return b.attribute(r.item[name]).named(name)
}

// brief lists the first attributes that say something: no keys, no type, nothing that a key is made of.
func (h *Handler) brief(r *row) (list []node) {
	skip := append(h.keyAttributes(), h.declared.Discriminator)
	names := sortedNames(r.item)
	if r.entity != nil {
		skip = append(skip, r.entity.KeyAttrs...)
		names = nil
		for _, f := range r.entity.Plan.Fields() {
			if r.item[f.Name] != nil {
				names = append(names, f.Name)
			}
		}
	}
	for _, name := range names {
		if !slices.Contains(skip, name) && len(list) < 4 {
			list = append(list, h.attribute(r, name, brief))
		}
	}
	return list
}

// keyAttributes lists the attributes of keys, of the table and of its indexes.
func (h *Handler) keyAttributes() (names []string) {
	add := func(a schema.Attr) {
		if a.Exists() && !slices.Contains(names, a.Name) {
			names = append(names, a.Name)
		}
	}
	add(h.declared.PK)
	add(h.declared.SK)
	for i := range h.declared.Indexes {
		for _, a := range h.declared.Indexes[i].Attrs() {
			add(a)
		}
	}
	return names
}

// hides reports whether the value of an attribute is not shown: of one that is declared to be hidden or encrypted, or named by
// Hide. Of an item of no entity it is one that any entity hides.
func (h *Handler) hides(e *schema.Entity, attribute string) bool {
	if slices.Contains(h.hidden, attribute) {
		return true
	}
	if e != nil {
		return slices.Contains(e.Withheld, attribute)
	}
	return slices.ContainsFunc(h.declared.Directory().All, func(e *schema.Entity) bool { return slices.Contains(e.Withheld, attribute) })
}

// withoutHidden takes the values of hidden attributes out of a message.
func (h *Handler) withoutHidden(r *row, text string) string {
	for name, v := range r.item {
		if value := keyText(v); value != "" && h.hides(r.entity, name) {
			for _, form := range []string{value, strings.Trim(strconv.Quote(value), `"`)} {
				text = strings.ReplaceAll(text, form, "•••")
			}
		}
	}
	return text
}

// keyQuery returns the part of an address that names an item.
func (h *Handler) keyQuery(item map[string]types.AttributeValue) url.Values {
	q := url.Values{"pk": {keyText(item[h.declared.PK.Name])}}
	if h.declared.SK.Exists() {
		q.Set("sk", keyText(item[h.declared.SK.Name]))
	}
	return q
}
