package propose

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
)

// A check is the proposal as declarations, which are made as the root makes them: registration proves that no two kinds can
// meet, and each item is decoded and encoded again.
type check struct {
	p      *Proposal
	table  *schema.Table
	kinds  map[*Kind]*schema.Entity
	names  namer
	serial int
}

func newCheck(p *Proposal) (*check, error) {
	c := &check{p: p, names: namer{"Table": true}}
	return c, c.declare()
}

// Declare returns the proposal as declarations, whose types have no names.
func (p *Proposal) Declare() (*schema.Table, error) {
	c, err := newCheck(p)
	if err != nil {
		return nil, err
	}
	return c.table, nil
}

// declare declares the table, and the kinds that are placed.
func (c *check) declare() (err error) {
	t := &c.p.Table
	d := schema.TableDecl{Name: t.Name, PK: attr(t.PK), SK: attr(t.SK)}
	if c.p.Typed {
		d.Discriminator = c.p.Discriminator
	}
	if c.p.SDK {
		d.Encoding = codec.SDKDefaults
	}
	for _, x := range t.Indexes {
		i := schema.IndexDecl{Name: x.Name, Local: x.Local, Projection: types.ProjectionType(x.Projection), Included: x.Include}
		switch {
		case x.Local:
			i.SK = attr(x.SK[0])
		case x.native():
			i.MultiAttribute = true
			for _, a := range x.PK {
				i.Hash = append(i.Hash, attr(a))
			}
			for _, a := range x.SK {
				i.Range = append(i.Range, attr(a))
			}
		default:
			i.PK = attr(x.PK[0])
			if len(x.SK) > 0 {
				i.SK = attr(x.SK[0])
			}
		}
		d.Indexes = append(d.Indexes, i)
	}
	c.kinds = map[*Kind]*schema.Entity{}
	if c.table, err = schema.New(d); err != nil {
		return err
	}
	for _, k := range c.p.Kinds {
		if err := c.register(k); err != nil {
			return err
		}
	}
	return nil
}

func attr(a Attr) schema.Attr {
	return schema.Attr{Name: a.Name, Type: types.ScalarAttributeType(a.Type)}
}

// register declares a kind.
func (c *check) register(k *Kind) error {
	d := schema.EntityDecl{Type: c.structOf(k), PKs: []schema.KeyDecl{keyDecl(k.PK, false)}}
	k.Entity = k.Name
	if c.p.Typed {
		d.TypeValue = k.Value
		if !c.typed(k.Value) {
			k.Entity = k.Value
		}
	}
	d.Name = k.Entity
	if k.SK != nil {
		d.SKs = []schema.KeyDecl{keyDecl(k.SK, true)}
	}
	for _, j := range k.Indexes {
		join := schema.JoinDecl{Index: j.Index}
		for _, key := range j.Keys {
			if !c.p.Table.index(j.Index).native() {
				join.Keys = append(join.Keys, keyDecl(key, key.sort))
			}
		}
		d.Joins = append(d.Joins, join)
	}
	e, err := c.table.Register(d)
	if err == nil {
		c.kinds[k] = e
	}
	return err
}

func keyDecl(k *Key, sort bool) schema.KeyDecl {
	p := schema.Part{Kind: schema.TemplatePart, Text: k.Template}
	if k.Own {
		p = schema.Part{Kind: schema.AttrPart, Text: k.Attr.Name}
	}
	return schema.KeyDecl{Sort: sort, Parts: []schema.Part{p}}
}

// typed reports whether a kind is registered that has the value of the discriminator. The first one has it for its name.
func (c *check) typed(value string) bool {
	for k := range c.kinds {
		if k.Value == value {
			return true
		}
	}
	return false
}

// structOf returns the kind's type, made other than all others by a field that is not stored: a table has each type once.
func (c *check) structOf(k *Kind) reflect.Type {
	var fields []reflect.StructField
	for _, f := range k.Fields {
		fields = append(fields, f.StructField)
	}
	c.serial++
	return reflect.StructOf(append(fields, reflect.StructField{
		Name: "Kind" + strconv.Itoa(c.serial) + "_", Type: reflect.TypeFor[struct{}](), Tag: `dynamodbav:"-"`,
	}))
}

// forget declares anew, without what was registered and is not placed. An error comes again in verify.
func (c *check) forget() { _ = c.declare() }

// place registers a kind if all its items come back as they were, and returns why not, and which items if it is some of them.
func (c *check) place(k *Kind, items []Item) (failed []int, err error) {
	k.Name, k.Var = c.names.pair(k.title(&c.p.Table, c.names))
	if err = c.register(k); err == nil {
		if failed, err = c.roundTrip(k, items); err == nil {
			c.p.Kinds = append(c.p.Kinds, k)
			return nil, nil
		}
		c.forget()
	}
	delete(c.names, k.Name)
	delete(c.names, k.Var)
	return failed, err
}

// verify declares all kinds anew and tries all items.
func (c *check) verify(items []Item) error {
	if err := c.declare(); err != nil {
		return err
	}
	for _, k := range c.p.Kinds {
		if _, err := c.roundTrip(k, items); err != nil {
			return err
		}
	}
	return nil
}

// drop takes a kind back.
func (c *check) drop(i int) {
	k := c.p.Kinds[i]
	delete(c.names, k.Name)
	delete(c.names, k.Var)
	c.p.Kinds = slices.Delete(c.p.Kinds, i, i+1)
	c.forget()
}

// restore undoes drop.
func (c *check) restore(i int, k *Kind) {
	c.names[k.Name], c.names[k.Var] = true, true
	c.p.Kinds = slices.Insert(c.p.Kinds, i, k)
	c.forget()
}

// roundTrip reads each item of a kind and writes it again, and returns those that are not the same, with the reason of the
// first.
func (c *check) roundTrip(k *Kind, items []Item) (failed []int, first error) {
	for _, i := range k.g.items {
		if err := c.same(k, items[i]); err != nil {
			failed = append(failed, i)
			if first == nil {
				first = err
			}
		}
	}
	return failed, first
}

func (c *check) same(k *Kind, item Item) error {
	want, err := wire.AppendItem(nil, item)
	if err != nil {
		return err
	}
	e := c.kinds[k]
	d := c.table.Decode(wire.NewReader(want), nil, nil, nil)
	switch {
	case d.Err != nil:
		return d.Err
	case d.Entity != e:
		return fmt.Errorf("it is read as %s", d.Entity.Name)
	}
	got, _, err := e.AppendItem(nil, reflect.ValueOf(d.Value).UnsafePointer(), nil)
	if err != nil {
		return err
	}
	if got, err = sorted(got); err != nil || bytes.Equal(got, want) {
		return err
	}
	return different(got, item)
}

// different says what is not the same in an item that was written again.
func different(raw []byte, item Item) error {
	again, err := wire.ReadItem(raw)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(item)) {
		have, err := wire.AppendItem(nil, Item{name: item[name]})
		switch {
		case err != nil:
			return err
		case again[name] == nil:
			return fmt.Errorf("attribute %q would be lost", name)
		}
		if now, err := wire.AppendItem(nil, Item{name: again[name]}); err != nil || !bytes.Equal(now, have) {
			return fmt.Errorf("attribute %q would be written as %s", name, now)
		}
	}
	return errors.New("attributes would be added: " + string(raw))
}
