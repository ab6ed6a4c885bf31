package entable

import (
	"io"
	"reflect"

	"github.com/entable/entable/internal/change"
	"github.com/entable/entable/internal/schema"
)

// Registered is any registered entity: every *[Entity] is one.
type Registered interface{ registered() *entity }

// entityOf returns the entity behind r, or nil when it is not registered yet.
func entityOf(r Registered) *entity {
	if r == nil {
		return nil
	}
	return r.registered()
}

func (t *Table) register(typ reflect.Type, opts []EntityOption) (*entity, error) {
	var c entityConfig
	if t.s() == undeclared {
		return nil, &DeclarationError{What: typ.String(), Reason: "the Table is not declared: make it with entable.NewTable"}
	}
	if err := apply(opts, func(o EntityOption) { o.applyEntity(&c) }); err != nil {
		return nil, &DeclarationError{What: typ.String(), Err: err}
	}
	c.Type = typ
	hooks, err := hooksOf(reflect.New(typ).Interface())
	if err != nil && !c.skipHooks {
		return nil, &DeclarationError{What: typ.String(), Err: err}
	}
	c.Own = func(declared *schema.Entity) any {
		e := &entity{Entity: declared, table: t, consistent: c.consistent, skipHooks: c.skipHooks, hooks: hooks}
		e.shape = change.Shape{Plan: e.Plan, Kept: e.KeptNames(), Lacks: e.HeldInKey, Seals: e.Sealed(), Mixed: len(e.Upgrades) > 0}
		e.shape.Open = e.Rest != nil || e.Plan.Marshals() || e.shape.Mixed
		e.changing = e.hooks.has(beforeSave) || e.Validates || e.Version != nil || len(e.Unique) > 0 || len(e.Auto.Fields) > 0
		return e
	}
	declared, err := t.s().Register(c.EntityDecl)
	if err != nil {
		return nil, public(err)
	}
	return ownerOf(declared), nil
}

// Manifest returns the registry as JSON: the table's keys and indexes, and of each entity all that stored
// items depend on: names, prefixes, separators, components with their kinds, widths and layouts. It is
// the same bytes on each run, whatever the order of registration, and made to be checked in and read in a
// diff. Given back with [Lock], it keeps the keys as they are. Of a table with a lock it has also the
// entities that only the lock knows, marked as removed. It may be called at any time, and shows what is
// registered then.
func (t *Table) Manifest() []byte {
	m := t.s().ManifestOf()
	if t.s().Lock != nil {
		m = t.s().Lock.Extended(m, true)
	}
	return m.JSON()
}

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
	m := t.s().ManifestOf()
	var text []byte
	switch format {
	case Text:
		text = m.Text(t.s().Name)
	case Markdown:
		text = m.Markdown(t.s().Name)
	case Mermaid:
		text = m.Mermaid()
	default:
		return usagef("table %q: Describe: unknown format %q", t.s().Name, format)
	}
	_, err := w.Write(text)
	return err
}
