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

// Register declares T, a struct, as an entity of table t and returns its operations. Fields are stored
// as the SDK's attributevalue package stores them with UseEncodingMarshalers (but see [SDKDefaults]), by their dynamodbav tags,
// beside the table's own attributes. The tag `entable` fills values in and gives fields a meaning: auto=…, touch=…, default=…,
// version, ttl, unique, rest; the package's documentation lists them.
//
// Without [PK] the first exported field is the partition key; without [SK] the sort key, where the
// table has one, is "A".
//
// A key without a setting of its own gets a generated prefix: the first letter of the entity's name
// and the characters of the key's first attribute, one after the other, in upper case, until the
// result is not taken on the table. So the order in which entities are registered decides prefixes:
// use [Prefix] for keys that must survive reordering.
//
// A nil table stands for [DefaultTable].
//
// Options: [PK], [SK], [Index], [Name], [TypeValue], [Was], [Moved], [Distinct], [Upgrades], [Consistent], [MaxSize], [HideExpired], [SkipHooks].
//
// Registration proves that no item of T can have the key of an item of another entity. It panics with
// a [*DeclarationError] when the declaration is wrong; [TryRegister] returns it. It is safe for
// concurrent use, but is meant for package initialisation, where the order is that of the source.
func Register[T any](t *Table, opts ...EntityOption) *Entity[T] {
	e, err := TryRegister[T](t, opts...)
	if err != nil {
		panic(err)
	}
	return e
}

// TryRegister does what [Register] does, but returns the error. After an error the table is as it was before.
func TryRegister[T any](t *Table, opts ...EntityOption) (*Entity[T], error) {
	typ := reflect.TypeFor[T]()
	if t == nil {
		var err error
		if t, err = tryDefaultTable(); err != nil {
			return nil, err
		}
	}
	e, err := t.register(typ, opts)
	if err != nil {
		return nil, err
	}
	return &Entity[T]{e}, nil
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
		e.shape = change.Shape{Plan: e.Plan, Kept: e.KeptNames(), Lacks: e.KeyOnlyFields(), Seals: e.Sealed(), Mixed: len(e.Upgrades) > 0}
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
