package explorer

import (
	"net/url"
	"slices"
	"strings"

	"github.com/entable/entable/internal/manifest"
	"github.com/entable/entable/internal/schema"
)

// registryPage is the registry as a picture.
type registryPage struct {
	Keys          []manifest.Attr
	Discriminator string
	Indexes       []indexBox
	Table         []partitionBox // kinds of partitions of the table
	Accesses      []access
	Entities      []entityBox
}

type indexBox struct {
	manifest.Index
	Holds      string // "" for whole items
	Partitions []partitionBox
}

// partitionBox is a kind of partition with the entities whose items are in it.
type partitionBox struct {
	Index, Pattern string
	Members        []memberBox
	Link           string // to a query of all of them
}

type memberBox struct {
	Kind kind
	PK   string // where it differs from the partition's
	SK   string
	Link string
}

type access struct {
	manifest.Access
	Kinds []kind
	Link  string
}

type entityBox struct {
	Kind   kind
	PK, SK string
	Also   []string
	Fields []fieldBox
}

type fieldBox struct {
	Attribute, GoName, GoType string
	Notes                     []string
}

func (h *Handler) registry(v *view) error {
	m := h.declared.ManifestOf()
	body := registryPage{Keys: []manifest.Attr{m.Table.PK}, Discriminator: m.Table.Discriminator}
	if m.Table.SK != nil {
		body.Keys = append(body.Keys, *m.Table.SK)
	}
	all := m.Partitions()
	body.Table = h.boxes(all, "")
	for _, x := range m.Table.Indexes {
		body.Indexes = append(body.Indexes, indexBox{x, h.holds(x.Name), h.boxes(all, x.Name)})
	}
	for _, a := range m.Accesses() {
		shown := access{Access: a, Link: h.accessLink(a)}
		for _, name := range a.Entities {
			shown.Kinds = append(shown.Kinds, h.kindOf(h.entity(name)))
		}
		body.Accesses = append(body.Accesses, shown)
	}
	for i := range m.Entities {
		if e := h.entity(m.Entities[i].Name); e != nil {
			body.Entities = append(body.Entities, h.entityBox(e, &m.Entities[i]))
		}
	}
	return v.show("registry", "Registry", body)
}

// entity finds a registered entity by its name, or nil.
func (h *Handler) entity(name string) *schema.Entity {
	for _, e := range h.declared.Directory().All {
		if e.Name == name {
			return e
		}
	}
	return nil
}

func (h *Handler) holds(index string) string {
	p := h.declared.Index(index).Projected()
	if len(p.NonKeyAttributes) > 0 {
		return "keys, " + strings.Join(p.NonKeyAttributes, ", ")
	}
	if p.ProjectionType == "KEYS_ONLY" {
		return "keys only"
	}
	return ""
}

func (h *Handler) boxes(all []manifest.Partition, index string) (list []partitionBox) {
	for _, p := range all {
		if p.Index != index {
			continue
		}
		box := partitionBox{Index: index, Pattern: p.Pattern}
		for i, name := range p.Entities {
			member := memberBox{Kind: h.kindOf(h.entity(name)), SK: p.Sorts[i], Link: queryLink(index, false, name)}
			if p.PKs[i] != p.Pattern {
				member.PK = p.PKs[i]
			}
			box.Members = append(box.Members, member)
		}
		if len(p.Entities) > 1 {
			box.Link = queryLink(index, true, p.Entities[0])
		}
		list = append(list, box)
	}
	return list
}

func (h *Handler) accessLink(a manifest.Access) string {
	link := queryLink(a.Index, len(a.Entities) > 1, a.Entities[0])
	if a.One {
		link += "&op=get"
	}
	return link
}

// queryLink returns the address of the form for a query.
func queryLink(index string, all bool, entity string) string {
	q := url.Values{"entity": {entity}}
	if index != "" {
		q.Set("index", index)
	}
	if all {
		q.Set("all", "1")
	}
	return "query?" + q.Encode()
}

func (h *Handler) entityBox(e *schema.Entity, m *manifest.Entity) entityBox {
	box := entityBox{Kind: h.kindOf(e), PK: m.PK.String(), SK: m.SK.String()}
	if len(m.Was) > 0 {
		box.Also = append(box.Also, "was called "+strings.Join(m.Was, ", "))
	}
	if m.Schema > 0 {
		box.Also = append(box.Also, "older shapes are upgraded")
	}
	unique := map[string]bool{}
	for _, u := range m.Unique {
		unique[u.Attribute] = true
	}
	for _, f := range e.Plan.Fields() {
		field := fieldBox{Attribute: f.Name, GoName: e.Type.FieldByIndex(f.Index).Name, GoType: typeName(f.Type, packageOf(e))}
		for _, note := range []struct {
			on   bool
			text string
		}{
			{slices.Contains(e.KeyAttrs, f.Name), "key"},
			{unique[f.Name], "unique"},
			{m.Version == f.Name, "version"},
			{m.TTL == f.Name, "expires"},
			{h.hides(e, f.Name), "hidden"},
		} {
			if note.on {
				field.Notes = append(field.Notes, note.text)
			}
		}
		box.Fields = append(box.Fields, field)
	}
	return box
}
