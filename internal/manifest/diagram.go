package manifest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Mermaid returns a diagram with a box for each kind of partition, and in it the entities with their sort keys.
func (m *Manifest) Mermaid() []byte {
	var b bytes.Buffer
	label := func(s string) string {
		return strings.NewReplacer("#", "#35;", `"`, "#quot;", "<", "#lt;", ">", "#gt;").Replace(s)
	}
	b.WriteString("flowchart LR\n")
	node := map[string]string{} // of the table's own partitions
	var links []string
	for i, p := range m.Partitions() {
		title := p.Pattern
		if p.Index != "" {
			title = "index " + p.Index + ": " + title
		}
		fmt.Fprintf(&b, "  subgraph p%d[\"%s\"]\n", i, label(title))
		for j, name := range p.Entities {
			id, text := fmt.Sprintf("p%de%d", i, j), label(name)
			if p.Sorts[j] != "" {
				text += "<br/>" + label(p.Sorts[j])
			}
			fmt.Fprintf(&b, "    %s[\"%s\"]\n", id, text)
			if p.Index == "" {
				node[name] = id
			} else {
				links = append(links, fmt.Sprintf("  %s -.-> %s\n", node[name], id))
			}
		}
		b.WriteString("  end\n")
	}
	for _, l := range links {
		b.WriteString(l)
	}
	return b.Bytes()
}

// Partition is a kind of partition, of the table or of an index, and the entities that live in it.
type Partition struct {
	Index, Pattern string
	shape          string
	Entities       []string
	PKs, Sorts     []string // their keys
}

// braces lists the attributes that a reader has to know of the partition: those of each entity, where they differ.
func (p *Partition) braces() string {
	var all []string
	for _, pk := range p.PKs {
		if names := braces(pk); !slices.Contains(all, names) {
			all = append(all, names)
		}
	}
	return strings.Join(all, " or ")
}

// Partitions lists the kinds of partitions, those of the table first.
func (m *Manifest) Partitions() (list []Partition) {
	add := func(index, shape, pk, sk, entity string) {
		i := slices.IndexFunc(list, func(p Partition) bool { return p.Index == index && p.shape == shape })
		if i < 0 {
			i = len(list)
			list = append(list, Partition{Index: index, shape: shape, Pattern: pk})
		}
		list[i].Entities = append(list[i].Entities, entity)
		list[i].PKs, list[i].Sorts = append(list[i].PKs, pk), append(list[i].Sorts, sk)
	}
	for i := range m.Entities {
		e := &m.Entities[i]
		add("", e.PK.shape(), e.PK.String(), e.SK.String(), e.Name)
	}
	for _, declared := range m.Table.Indexes {
		for i := range m.Entities {
			e := &m.Entities[i]
			for _, x := range e.Indexes {
				if x.Name != declared.Name {
					continue
				}
				pk, sk := m.indexKeys(e, x)
				shape := pk
				if x.PK != nil {
					shape = x.PK.shape()
				} else if declared.Kind == Local {
					shape = e.PK.shape()
				}
				add(x.Name, shape, pk, sk, e.Name)
			}
		}
	}
	return list
}

// shape returns what two keys have in common that can have one value: all but their attributes.
func (k *Key) shape() string {
	var text strings.Builder
	text.WriteString(k.Prefix + k.Separator)
	for _, s := range k.Segments {
		if s.Attribute = ""; s.Tail {
			text.WriteString("[")
		}
		text.WriteString("|" + s.String())
	}
	return text.String()
}
