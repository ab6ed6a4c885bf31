package entable

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/keys"
)

// manifestVersion is the form of the manifest. A program refuses a newer one, since it would lose what it
// does not know.
const manifestVersion = 1

// manifest is the registry as far as stored items depend on it. The table's name is no part of it: it
// differs between environments.
type manifest struct {
	Version  int              `json:"version"`
	Table    manifestTable    `json:"table"`
	Entities []manifestEntity `json:"entities"` // by name
}

type manifestTable struct {
	PK            manifestAttr    `json:"pk"`
	SK            *manifestAttr   `json:"sk,omitempty"`
	Discriminator string          `json:"discriminator"` // "" when there is none
	Indexes       []manifestIndex `json:"indexes,omitempty"`
}

type manifestAttr struct {
	Name string                    `json:"name"`
	Type types.ScalarAttributeType `json:"type"`
}

func (a manifestAttr) String() string { return fmt.Sprintf("%q (%s)", a.Name, a.Type) }

// manifestIndex is an index of the table: "global", "local" or "native".
type manifestIndex struct {
	Name    string         `json:"name"`
	Kind    string         `json:"kind"`
	Removed bool           `json:"removed,omitempty"`
	PK      []manifestAttr `json:"pk,omitempty"`
	SK      []manifestAttr `json:"sk,omitempty"`
}

type manifestEntity struct {
	Name string `json:"name"`
	// Was are earlier names, which are still the discriminators of stored items.
	Was []string `json:"was,omitempty"`
	// Origin is the name in the keys of sentinels and in generated prefixes, if it is not Name.
	Origin string `json:"origin,omitempty"`
	// Removed: the entity is not registered any more. Its names and prefixes stay reserved.
	Removed bool                  `json:"removed,omitempty"`
	PK      manifestKey           `json:"pk"`
	SK      *manifestKey          `json:"sk,omitempty"`
	Indexes []manifestEntityIndex `json:"indexes,omitempty"`
	TTL     string                `json:"ttl,omitempty"`
	Version string                `json:"version,omitempty"`
	Unique  []manifestSegment     `json:"unique,omitempty"`
	Schema  int                   `json:"schema,omitempty"`
}

// manifestEntityIndex is an index as one entity uses it; a native one has no keys of its own.
type manifestEntityIndex struct {
	Name    string       `json:"name"`
	Removed bool         `json:"removed,omitempty"`
	PK      *manifestKey `json:"pk,omitempty"`
	SK      *manifestKey `json:"sk,omitempty"`
}

// manifestKey is how a key is built; a key in a number or binary attribute has no separator.
type manifestKey struct {
	Prefix    string            `json:"prefix,omitempty"`
	Separator string            `json:"separator,omitempty"`
	Segments  []manifestSegment `json:"segments"`
}

// manifestSegment is fixed text, or an attribute's value, or, with Shards, a number made of it.
type manifestSegment struct {
	Literal   string `json:"literal,omitempty"`
	Attribute string `json:"attribute,omitempty"`
	Kind      string `json:"kind,omitempty"`
	Width     int    `json:"width,omitempty"`
	Layout    string `json:"layout,omitempty"`
	Shards    int    `json:"shards,omitempty"`
	Removed   bool   `json:"removed,omitempty"` // of unique attributes
}

func (s manifestSegment) String() string {
	switch {
	case s.Literal != "":
		return s.Literal
	case s.Shards > 0:
		return fmt.Sprintf("{%d shards by %s}", s.Shards, s.Attribute)
	}
	return "{" + s.Attribute + "}"
}

// String is the key's pattern: "CD#{device_id}".
func (k *manifestKey) String() string {
	if k == nil {
		return ""
	}
	var parts []string
	if k.Prefix != "" {
		parts = append(parts, k.Prefix)
	}
	for _, s := range k.Segments {
		parts = append(parts, s.String())
	}
	return strings.Join(parts, k.Separator)
}

// names are all discriminators of the entity's items.
func (m *manifestEntity) names() []string { return append([]string{m.Name}, m.Was...) }

func (m *manifestEntity) origin() string { return cmp.Or(m.Origin, m.Name) }

// keys lists the entity's keys by what messages call them.
func (m *manifestEntity) keys() []namedKey {
	out := []namedKey{{"PK", "", &m.PK}}
	if m.SK != nil {
		out = append(out, namedKey{"SK", "", m.SK})
	}
	for i := range m.Indexes {
		x := &m.Indexes[i]
		if x.PK != nil {
			out = append(out, namedKey{fmt.Sprintf("index %q: PK", x.Name), x.Name, x.PK})
		}
		if x.SK != nil {
			out = append(out, namedKey{fmt.Sprintf("index %q: SK", x.Name), x.Name, x.SK})
		}
	}
	return out
}

// key is one of keys, or nil. It is nil for a nil entity.
func (m *manifestEntity) key(what string) *manifestKey {
	if m == nil {
		return nil
	}
	for _, k := range m.keys() {
		if k.what == what {
			return k.key
		}
	}
	return nil
}

type namedKey struct {
	what  string // `PK`, `index "gsi1": SK`
	index string // "" for the table's own
	key   *manifestKey
}

// Manifest returns the registry as JSON: the table's keys and indexes, and of each entity all that stored
// items depend on: names, prefixes, separators, components with their kinds, widths and layouts. It is
// the same bytes on each run, whatever the order of registration, and made to be checked in and read in a
// diff. Given back with [Lock], it keeps the keys as they are. Of a table with a lock it has also the
// entities that only the lock knows, marked as removed. It may be called at any time, and shows what is
// registered then.
func (t *Table) Manifest() []byte {
	m := t.manifest()
	if t.lock != nil {
		m = t.lock.manifest.extended(m, true)
	}
	return m.text()
}

// manifest is what is registered now.
func (t *Table) manifest() *manifest {
	t.reg.mu.Lock()
	defer t.reg.mu.Unlock()
	m := &manifest{Version: manifestVersion, Table: t.manifestTable(), Entities: []manifestEntity{}}
	for _, e := range t.reg.entities {
		m.Entities = append(m.Entities, e.manifest())
	}
	m.sort()
	return m
}

func (m *manifest) sort() {
	slices.SortFunc(m.Table.Indexes, func(a, b manifestIndex) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(m.Entities, func(a, b manifestEntity) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.PK.String(), b.PK.String()), strings.Compare(a.SK.String(), b.SK.String()))
	})
	for _, e := range m.Entities {
		slices.SortFunc(e.Indexes, func(a, b manifestEntityIndex) int { return strings.Compare(a.Name, b.Name) })
		slices.SortFunc(e.Unique, func(a, b manifestSegment) int { return strings.Compare(a.Attribute, b.Attribute) })
	}
}

func (m *manifest) text() []byte {
	var b bytes.Buffer
	w := json.NewEncoder(&b)
	w.SetEscapeHTML(false)
	w.SetIndent("", "  ")
	if err := w.Encode(m); err != nil {
		panic("BUG: " + err.Error())
	}
	return b.Bytes()
}

// parseManifest reads a manifest that can be trusted from then on.
func parseManifest(text []byte) (*manifest, error) {
	var head struct{ Version int }
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, err
	}
	if head.Version != manifestVersion {
		return nil, fmt.Errorf("it has version %d, and this program knows %d: use a newer entable", head.Version, manifestVersion)
	}
	m := &manifest{}
	r := json.NewDecoder(bytes.NewReader(text))
	r.DisallowUnknownFields()
	if err := r.Decode(m); err != nil {
		return nil, err
	}
	if _, err := r.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("text behind the end")
	}
	if m.Table.PK.Name == "" {
		return nil, errors.New("the table has no partition key")
	}
	m.sort()
	return m, m.check()
}

// check refuses a manifest in which two entities have one name.
func (m *manifest) check() error {
	seen := map[string]bool{}
	for i := range m.Entities {
		e := &m.Entities[i]
		for _, name := range e.names() {
			if name == "" {
				return errors.New("an entity has an empty name")
			}
			if seen[name] {
				return fmt.Errorf("two entities are called %q: give one another name with entable.Name", name)
			}
			seen[name] = true
		}
	}
	return nil
}

func manifestAttrs(attrs ...keyAttr) (out []manifestAttr) {
	for _, a := range attrs {
		if a.exists() {
			out = append(out, manifestAttr{a.name, a.typ})
		}
	}
	return out
}

func (t *Table) manifestTable() manifestTable {
	m := manifestTable{PK: manifestAttr{t.pk.name, t.pk.typ}, Discriminator: t.discriminator}
	if t.sk.exists() {
		m.SK = &manifestAttr{t.sk.name, t.sk.typ}
	}
	for i := range t.indexes {
		m.Indexes = append(m.Indexes, t.indexes[i].manifest())
	}
	return m
}

func (c *indexConfig) manifest() manifestIndex {
	switch {
	case c.native:
		return manifestIndex{Name: c.name, Kind: "native", PK: manifestAttrs(c.hash...), SK: manifestAttrs(c.rng...)}
	case c.local:
		return manifestIndex{Name: c.name, Kind: "local", SK: manifestAttrs(c.sk)}
	}
	return manifestIndex{Name: c.name, Kind: "global", PK: manifestAttrs(c.pk), SK: manifestAttrs(c.sk)}
}

func (e *entity) manifest() manifestEntity {
	m := manifestEntity{Name: e.name, Was: e.was, PK: *e.pk.manifest(), SK: e.sk.manifest(), Schema: len(e.upgrades)}
	if e.origin != e.name {
		m.Origin = e.origin
	}
	for _, x := range e.indexes {
		mx := manifestEntityIndex{Name: x.name, SK: x.sk.manifest()}
		if !x.local {
			mx.PK = x.pk.manifest()
		}
		m.Indexes = append(m.Indexes, mx)
	}
	if e.ttl != nil {
		m.TTL = e.ttl.Name
	}
	if e.version != nil {
		m.Version = e.version.Name
	}
	for _, u := range e.unique {
		m.Unique = append(m.Unique, u.component.manifest())
	}
	return m
}

func (k *key) manifest() *manifestKey {
	if k == nil {
		return nil
	}
	m := &manifestKey{Segments: []manifestSegment{}}
	if k.pattern == nil {
		m.Segments = append(m.Segments, k.comps[0].manifest())
		return m
	}
	m.Prefix, m.Separator = k.prefix, k.separator
	next := 0
	for _, s := range k.pattern.Segments() {
		if s.Literal != "" {
			m.Segments = append(m.Segments, manifestSegment{Literal: s.Literal})
			continue
		}
		m.Segments = append(m.Segments, k.comps[next].manifest())
		next++
	}
	return m
}

func (c *component) manifest() manifestSegment {
	if c.shard != nil {
		return manifestSegment{Attribute: c.field.Name, Kind: c.shard.of.kind(), Shards: c.shard.n}
	}
	return manifestSegment{Attribute: c.field.Name, Kind: c.kind(), Width: c.seg.Width, Layout: c.seg.Layout}
}

// kind names what the component renders. A time that is stored in whole seconds renders otherwise.
func (c *component) kind() string {
	if c.seg.Kind == keys.Time && c.field.UnixTime {
		return "unixtime"
	}
	return c.seg.Kind.String()
}
