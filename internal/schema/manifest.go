package schema

import (
	"slices"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/keys"
	"github.com/entable/entable/internal/manifest"
)

// ManifestOf returns what is registered now.
func (t *Table) ManifestOf() *manifest.Manifest {
	t.reg.mu.Lock()
	defer t.reg.mu.Unlock()
	var entities []manifest.Entity
	for _, e := range t.reg.entities {
		entities = append(entities, e.manifest())
	}
	return manifest.New(t.manifestTable(), entities)
}

func manifestAttr(a Attr) manifest.Attr { return manifest.Attr{Name: a.Name, Type: string(a.Type)} }

func manifestAttrs(attrs ...Attr) (out []manifest.Attr) {
	for _, a := range attrs {
		if a.Exists() {
			out = append(out, manifestAttr(a))
		}
	}
	return out
}

func (t *Table) manifestTable() manifest.Table {
	m := manifest.Table{PK: manifestAttr(t.PK), Discriminator: t.Discriminator}
	if t.Encoding == codec.SDKDefaults {
		m.Encoding = manifest.SDKDefaults
	}
	if t.SK.Exists() {
		m.SK = new(manifestAttr(t.SK))
	}
	for i := range t.Indexes {
		m.Indexes = append(m.Indexes, t.Indexes[i].manifest())
	}
	return m
}

func (c *IndexDecl) manifest() manifest.Index {
	m := manifest.Index{Name: c.Name, Kind: manifest.Global, PK: manifestAttrs(c.PK), SK: manifestAttrs(c.SK)}
	switch {
	case c.MultiAttribute:
		m.Kind, m.PK, m.SK = manifest.Native, manifestAttrs(c.Hash...), manifestAttrs(c.Range...)
	case c.Local:
		m.Kind, m.PK = manifest.Local, nil
	}
	if !c.whole() {
		m.Projection, m.Include = string(c.Projection), slices.Sorted(slices.Values(c.Included))
	}
	return m
}

func (e *Entity) manifest() manifest.Entity {
	m := manifest.Entity{Name: e.Name, Was: e.was, PK: *e.PK.manifest(), SK: e.SK.manifest(), Schema: len(e.Upgrades)}
	if e.Origin != e.Name {
		m.Origin = e.Origin
	}
	if e.TypeValue != e.Name {
		m.Type = e.TypeValue
	}
	for _, d := range e.distinct {
		m.Distinct = append(m.Distinct, manifest.Distinct{Entity: d.Of.Name, Reason: d.Reason})
	}
	if o := e.Other; o != nil {
		m.Moved = append(m.Moved, manifest.Place{PK: *o.PK.manifest(), SK: o.SK.manifest()})
	}
	for _, x := range e.Indexes {
		mx := manifest.EntityIndex{Name: x.Name, SK: x.sk.manifest()}
		if !x.Local {
			mx.PK = x.pk.manifest()
		}
		m.Indexes = append(m.Indexes, mx)
	}
	if e.TTL != nil {
		m.TTL = e.TTL.Name
	}
	if e.Version != nil {
		m.Version = e.Version.Name
	}
	for _, u := range e.Unique {
		m.Unique = append(m.Unique, u.component.manifest())
	}
	for _, s := range e.sealed {
		how := manifest.Compressed
		if s.Encrypt {
			how = manifest.Encrypted
		}
		m.Sealed = append(m.Sealed, manifest.Sealed{Attribute: s.Field.Name, How: how, ReadsPlain: s.readsPlain})
	}
	m.Hidden = append(m.Hidden, e.hidden...)
	for _, f := range e.Plan.Fields() {
		m.Fields = append(m.Fields, f.Name)
	}
	return m
}

func (k *Key) manifest() *manifest.Key {
	if k == nil {
		return nil
	}
	m := &manifest.Key{Segments: []manifest.Segment{}}
	if k.pattern == nil {
		m.Segments = append(m.Segments, k.comps[0].manifest())
		return m
	}
	m.Prefix, m.Separator, m.Template = k.prefix, k.separator, k.separator == ""
	next := 0
	for _, s := range k.pattern.Segments() {
		one := manifest.Segment{Literal: s.Literal}
		if s.Literal == "" {
			one = k.comps[next].manifest()
			next++
		}
		one.Tail = s.Tail
		m.Segments = append(m.Segments, one)
	}
	return m
}

func (c *component) manifest() manifest.Segment {
	if c.shard != nil {
		return manifest.Segment{Attribute: c.path, Kind: c.shard.of.kind(), Shards: c.shard.n}
	}
	if c.derived != nil {
		return manifest.Segment{Attribute: c.path, Kind: derivedKind, Format: c.Seg.Format, Sources: slices.Sorted(slices.Values(c.derived.Sources))}
	}
	return manifest.Segment{Attribute: c.path, Kind: c.kind(), Width: c.Seg.Width, Layout: c.Seg.Layout, Format: c.Seg.Format}
}

// unixTimeKind is the kind of a time that is stored in whole seconds.
const unixTimeKind = "unixtime"

// derivedKind is the kind of a text that a function makes.
const derivedKind = "derived"

// kind names what the component renders. A time that is stored in whole seconds renders otherwise, and so does a hash.
func (c *component) kind() string {
	if c.hash != "" {
		return "hash " + c.hash
	}
	if c.Seg.Kind == keys.Time && c.field.UnixTime {
		return unixTimeKind
	}
	return c.Seg.Kind.String()
}
