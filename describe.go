package entable

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Format is a form in which [Table.Describe] writes.
type Format string

const (
	// Text is columns of plain text, for a terminal.
	Text Format = "text"
	// Markdown is the same as tables for a document.
	Markdown Format = "markdown"
	// Mermaid is a diagram of partitions and indexes with the entities in them.
	// https://mermaid.js.org/syntax/flowchart.html
	Mermaid Format = "mermaid"
)

// Describe writes what the registry holds for people to read: the table's keys, the entities with their
// key patterns, the indexes, the collections of entities that share partitions, and the access patterns
// that follow from them. It is the same text on each run, and sends nothing.
func (t *Table) Describe(w io.Writer, format Format) error {
	m := t.manifest()
	var b bytes.Buffer
	switch format {
	case Text, Markdown:
		m.describe(&b, t.name, format)
	case Mermaid:
		m.diagram(&b)
	default:
		return usagef("table %q: Describe: unknown format %q", t.name, format)
	}
	_, err := w.Write(b.Bytes())
	return err
}

func (m *manifest) describe(b *bytes.Buffer, name string, format Format) {
	head := fmt.Sprintf("partition key %s", m.Table.PK)
	if m.Table.SK != nil {
		head += fmt.Sprintf(", sort key %s", *m.Table.SK)
	}
	if m.Table.Discriminator == "" {
		head += ", no discriminator"
	} else {
		head += fmt.Sprintf(", discriminator %q", m.Table.Discriminator)
	}
	if format == Markdown {
		fmt.Fprintf(b, "## Table `%s`\n\n%s\n", name, head)
	} else {
		fmt.Fprintf(b, "table %s: %s\n", name, head)
	}
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
	for _, p := range m.partitions() {
		if len(p.entities) > 1 {
			collections.add(p.pattern, p.index, strings.Join(p.entities, ", "))
		}
	}
	for _, g := range []grid{entities, indexes, collections, m.patterns()} {
		g.write(b, format)
	}
}

// also lists what else is to be known of an entity.
func (m *manifestEntity) also() string {
	var parts []string
	for _, p := range []struct{ name, value string }{{"was", strings.Join(m.Was, ", ")}, {"version", m.Version}, {"ttl", m.TTL}} {
		if p.value != "" {
			parts = append(parts, p.name+" "+p.value)
		}
	}
	for _, u := range m.Unique {
		parts = append(parts, "unique "+u.Attribute)
	}
	return strings.Join(parts, "; ")
}

// indexKeys are the patterns of an entity's keys in an index.
func (m *manifest) indexKeys(e *manifestEntity, x manifestEntityIndex) (pk, sk string) {
	for _, declared := range m.Table.Indexes {
		switch {
		case declared.Name != x.Name:
		case declared.Kind == "native":
			return attrPattern(declared.PK), attrPattern(declared.SK)
		case declared.Kind == "local":
			return e.PK.String(), x.SK.String()
		}
	}
	return x.PK.String(), x.SK.String()
}

func attrPattern(attrs []manifestAttr) string {
	var parts []string
	for _, a := range attrs {
		parts = append(parts, "{"+a.Name+"}")
	}
	return strings.Join(parts, " ")
}

// partition is a kind of partition, of the table or of an index, and the entities that live in it.
type partition struct {
	index, pattern string
	shape          string
	entities       []string
	sorts          []string // their sort keys
}

// partitions lists the kinds of partitions, those of the table first.
func (m *manifest) partitions() (list []partition) {
	add := func(index, shape, pk, sk, entity string) {
		i := slices.IndexFunc(list, func(p partition) bool { return p.index == index && p.shape == shape })
		if i < 0 {
			i = len(list)
			list = append(list, partition{index: index, shape: shape, pattern: pk})
		}
		list[i].entities = append(list[i].entities, entity)
		list[i].sorts = append(list[i].sorts, sk)
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
				} else if declared.Kind == "local" {
					shape = e.PK.shape()
				}
				add(x.Name, shape, pk, sk, e.Name)
			}
		}
	}
	return list
}

// shape is what two keys have in common that can have one value: all but the attributes' names.
func (k *manifestKey) shape() string {
	var text strings.Builder
	text.WriteString(k.Prefix + k.Separator)
	for _, s := range k.Segments {
		s.Attribute = ""
		text.WriteString(fmt.Sprintf("|%+v", s))
	}
	return text.String()
}

// attributes names the components of a key.
func (k *manifestKey) attributes() string {
	if k == nil {
		return ""
	}
	var names []string
	for _, s := range k.Segments {
		if s.Attribute != "" && s.Shards == 0 {
			names = append(names, s.Attribute)
		}
	}
	return strings.Join(names, ", ")
}

// patterns lists the access patterns: what a read has to know, and the call for it.
func (m *manifest) patterns() grid {
	g := grid{title: "Access patterns", columns: []string{"to read", "know", "order", "call"}}
	for i := range m.Entities {
		e := &m.Entities[i]
		pk, sk := e.PK.attributes(), e.SK.attributes()
		if sk == "" {
			g.add("one "+e.Name, pk, "", "Get")
			continue
		}
		g.add("one "+e.Name, pk+", "+sk, "", "Get")
		g.add("all "+e.Name, pk, sk, "Query")
	}
	for _, p := range m.partitions() {
		if p.index == "" && len(p.entities) > 1 {
			g.add(strings.Join(p.entities, " and "), braces(p.pattern), "", "Table.Query, Collection.Get")
		}
	}
	for _, p := range m.partitions() {
		for i, name := range p.entities {
			if p.index != "" {
				g.add("all "+name, braces(p.pattern), braces(p.sorts[i]), fmt.Sprintf("QueryIndex(%q)", p.index))
			}
		}
		if p.index != "" && len(p.entities) > 1 {
			g.add(strings.Join(p.entities, " and "), braces(p.pattern), "", fmt.Sprintf("Table.QueryIndex(%q), Collection.QueryIndex(%[1]q)", p.index))
		}
	}
	return g
}

// braces lists the attributes in a pattern.
func braces(pattern string) string {
	var names []string
	for part := range strings.SplitSeq(pattern, "{") {
		name, _, ok := strings.Cut(part, "}")
		if ok && !strings.Contains(name, " shards by ") {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// grid is a table of texts.
type grid struct {
	title   string
	columns []string
	rows    [][]string
}

func (g *grid) add(cells ...string) { g.rows = append(g.rows, cells) }

func (g *grid) write(b *bytes.Buffer, format Format) {
	if len(g.rows) == 0 {
		return
	}
	if format == Markdown {
		fmt.Fprintf(b, "\n### %s\n\n| %s |\n|%s\n", g.title, strings.Join(g.columns, " | "), strings.Repeat("---|", len(g.columns)))
		for _, row := range g.rows {
			b.WriteString("|")
			for _, cell := range row {
				if strings.ContainsAny(cell, "#{") {
					cell = "`" + cell + "`"
				}
				b.WriteString(" " + strings.ReplaceAll(cell, "|", `\|`) + " |")
			}
			b.WriteByte('\n')
		}
		return
	}
	widths := make([]int, len(g.columns))
	head := []string{strings.ToUpper(g.columns[0])}
	for _, c := range g.columns[1:] {
		head = append(head, strings.ToUpper(c))
	}
	all := append([][]string{head}, g.rows...)
	for _, row := range all {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	fmt.Fprintf(b, "\n%s\n", g.title)
	for _, row := range all {
		var line strings.Builder
		for i, cell := range row {
			if widths[i] == 0 || i == len(g.columns)-1 && cell == "" {
				continue
			}
			fmt.Fprintf(&line, "  %-*s", widths[i], cell)
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

// diagram draws a box for each kind of partition, with the entities in it and their sort keys.
func (m *manifest) diagram(b *bytes.Buffer) {
	label := func(s string) string {
		return strings.NewReplacer("#", "#35;", `"`, "#quot;", "<", "#lt;", ">", "#gt;").Replace(s)
	}
	b.WriteString("flowchart LR\n")
	node := map[string]string{} // of the table's own partitions
	var links []string
	for i, p := range m.partitions() {
		title := p.pattern
		if p.index != "" {
			title = "index " + p.index + ": " + title
		}
		fmt.Fprintf(b, "  subgraph p%d[\"%s\"]\n", i, label(title))
		for j, name := range p.entities {
			id, text := fmt.Sprintf("p%de%d", i, j), label(name)
			if p.sorts[j] != "" {
				text += "<br/>" + label(p.sorts[j])
			}
			fmt.Fprintf(b, "    %s[\"%s\"]\n", id, text)
			if p.index == "" {
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
}
