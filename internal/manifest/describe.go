package manifest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Text returns the description of the table called name as columns of plain text.
func (m *Manifest) Text(name string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "table %s: %s\n", name, m.Table.head())
	for _, g := range m.grids() {
		g.text(&b)
	}
	return b.Bytes()
}

// Markdown returns what Text does, as tables for a document.
func (m *Manifest) Markdown(name string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "## Table `%s`\n\n%s\n", name, m.Table.head())
	for _, g := range m.grids() {
		g.markdown(&b)
	}
	return b.Bytes()
}

// head tells the table's own attributes.
func (m *Table) head() string {
	text := fmt.Sprintf("partition key %s", m.PK)
	if m.SK != nil {
		text += fmt.Sprintf(", sort key %s", *m.SK)
	}
	if m.Discriminator == "" {
		text += ", no discriminator"
	} else {
		text += fmt.Sprintf(", discriminator %q", m.Discriminator)
	}
	if m.Encoding != "" {
		text += ", values by the " + m.Encoding
	}
	return text
}

// grids lists the tables of the description that have a row.
func (m *Manifest) grids() []grid {
	entities := grid{title: "Entities", columns: []string{"entity", "pk", "sk", "also"}}
	indexes := grid{title: "Indexes", columns: []string{"index", "entity", "pk", "sk"}}
	for i := range m.Entities {
		e := &m.Entities[i]
		entities.add(e.Name, e.PK.String(), e.SK.String(), e.also())
		for _, x := range e.Indexes {
			pk, sk := m.indexKeys(e, x)
			indexes.add(x.Name, e.Name, pk, sk)
		}
	}
	slices.SortStableFunc(indexes.rows, func(a, b []string) int { return strings.Compare(a[0], b[0]) })
	collections := grid{title: "Collections", columns: []string{"partition", "index", "entities"}}
	for _, p := range m.Partitions() {
		if len(p.Entities) > 1 {
			collections.add(p.Pattern, p.Index, strings.Join(p.Entities, ", "))
		}
	}
	return slices.DeleteFunc([]grid{entities, indexes, collections, m.patterns()}, func(g grid) bool { return len(g.rows) == 0 })
}

// also lists what else is to be known of an entity.
func (m *Entity) also() string {
	var parts []string
	for _, p := range []struct{ name, value string }{{"was", strings.Join(m.Was, ", ")}, {"version", m.Version}, {"ttl", m.TTL}} {
		if p.value != "" {
			parts = append(parts, p.name+" "+p.value)
		}
	}
	for _, p := range m.Moved {
		if !p.Removed {
			parts = append(parts, "also at "+p.String())
		}
	}
	for _, d := range m.Distinct {
		parts = append(parts, fmt.Sprintf("distinct from %s (%s)", d.Entity, d.Reason))
	}
	for _, u := range m.Unique {
		parts = append(parts, "unique "+u.Attribute)
	}
	for _, x := range m.Sealed {
		parts = append(parts, x.How+" "+x.Attribute)
	}
	for _, name := range m.Hidden {
		parts = append(parts, "hidden "+name)
	}
	return strings.Join(parts, "; ")
}

// indexKeys returns the patterns of an entity's keys in an index.
func (m *Manifest) indexKeys(e *Entity, x EntityIndex) (pk, sk string) {
	for _, declared := range m.Table.Indexes {
		switch {
		case declared.Name != x.Name:
		case declared.Kind == Native:
			return attrPattern(declared.PK), attrPattern(declared.SK)
		case declared.Kind == Local:
			return e.PK.String(), x.SK.String()
		}
	}
	return x.PK.String(), x.SK.String()
}

func attrPattern(attrs []Attr) string {
	var parts []string
	for _, a := range attrs {
		parts = append(parts, "{"+a.Name+"}")
	}
	return strings.Join(parts, " ")
}

// attributes names what keys are made of, each once. A nil key is made of nothing.
func attributes(keys ...*Key) string {
	var names []string
	for _, k := range keys {
		for i := 0; k != nil && i < len(k.Segments); i++ {
			switch s := k.Segments[i]; {
			case len(s.Sources) > 0:
				names = append(names, s.Sources...)
			case s.Attribute != "" && s.Shards == 0:
				names = append(names, s.Attribute)
			}
		}
	}
	return joinOnce(names)
}

func joinOnce(names []string) string {
	var once []string
	for _, name := range names {
		if !slices.Contains(once, name) {
			once = append(once, name)
		}
	}
	return strings.Join(once, ", ")
}

// Access is a way to read: what, the attributes that one has to know for it and those that items are ordered by, and the call.
type Access struct {
	Read, Know, Order, Call string
	Entities                []string
	Index                   string // "" for the table
	One                     bool   // one item, by its whole key
}

// Accesses lists the ways to read that follow from the keys.
func (m *Manifest) Accesses() (list []Access) {
	for i := range m.Entities {
		e := &m.Entities[i]
		sk, only := attributes(e.SK), []string{e.Name}
		list = append(list, Access{Read: "one " + e.Name, Know: attributes(&e.PK, e.SK), Call: "Get", Entities: only, One: true})
		if sk != "" {
			list = append(list, Access{Read: "all " + e.Name, Know: attributes(&e.PK), Order: sk, Call: "Query", Entities: only})
		}
	}
	partitions := m.Partitions()
	for _, p := range partitions {
		if p.Index == "" && len(p.Entities) > 1 {
			list = append(list, Access{Read: strings.Join(p.Entities, " and "), Know: p.braces(), Call: "Table.Query, Collection.Get", Entities: p.Entities})
		}
	}
	for _, p := range partitions {
		if p.Index == "" {
			continue
		}
		for i, name := range p.Entities {
			list = append(list, Access{
				Read: "all " + name, Know: braces(p.PKs[i]), Order: braces(p.Sorts[i]),
				Call: fmt.Sprintf("QueryIndex(%q)", p.Index), Entities: []string{name}, Index: p.Index,
			})
		}
		if len(p.Entities) > 1 {
			list = append(list, Access{
				Read: strings.Join(p.Entities, " and "), Know: p.braces(),
				Call: fmt.Sprintf("Table.QueryIndex(%q), Collection.QueryIndex(%[1]q)", p.Index), Entities: p.Entities, Index: p.Index,
			})
		}
	}
	return list
}

// patterns lists the access patterns: what a read has to know, and the call for it.
func (m *Manifest) patterns() grid {
	g := grid{title: "Access patterns", columns: []string{"to read", "know", "order", "call"}}
	for _, a := range m.Accesses() {
		g.add(a.Read, a.Know, a.Order, a.Call)
	}
	return g
}

// braces lists the attributes in a pattern.
func braces(pattern string) string {
	var names []string
	for part := range strings.SplitSeq(pattern, "{") {
		name, _, ok := strings.Cut(part, "}")
		if name, _, _ = strings.Cut(name, ":"); ok && !strings.Contains(name, " shards by ") {
			names = append(names, name)
		}
	}
	return joinOnce(names)
}
