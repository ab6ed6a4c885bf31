// Package manifest holds what stored items depend on of a registry, as data: written as JSON, read, merged, compared
// with another, and described for people. It knows no Go type and no request; a registry is made into a manifest
// elsewhere. Nothing in it changes a manifest that it is given, so that one may be read at the same time by many.
//
//   - manifest.go: the data and its JSON
//   - lock.go: what a lock reserves, and how a manifest grows
//   - moved.go: the places where items of one entity may be
//   - drift.go: where two manifests differ, and what that means for stored items
//   - describe.go, grid.go, diagram.go: texts and a diagram for people
package manifest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// version is the form of the manifest. A program refuses a newer one, since it would lose what it
// does not know.
const version = 1

// Manifest is a registry as far as stored items depend on it. The table's name is no part of it: it
// differs between environments.
type Manifest struct {
	Version  int      `json:"version"`
	Table    Table    `json:"table"`
	Entities []Entity `json:"entities"` // by name
}

// New returns the manifest of a table and its entities, which it takes over and sorts.
func New(table Table, entities []Entity) *Manifest {
	m := &Manifest{Version: version, Table: table, Entities: append([]Entity{}, entities...)}
	m.sort()
	return m
}

// Table is the table's own declaration.
type Table struct {
	PK            Attr    `json:"pk"`
	SK            *Attr   `json:"sk,omitempty"`
	Discriminator string  `json:"discriminator"`      // "" when there is none
	Encoding      string  `json:"encoding,omitempty"` // of values: "" is by their methods
	Indexes       []Index `json:"indexes,omitempty"`
}

// SDKDefaults is the encoding of values by their kinds, as the SDK stores them without options.
const SDKDefaults = "SDK defaults"

// Attr is a key attribute of the table or of an index; its type is the service's: "S", "N" or "B".
type Attr struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

func (a Attr) String() string { return fmt.Sprintf("%q (%s)", a.Name, a.Type) }

// The kinds of an index.
const (
	Global = "global"
	Local  = "local"
	Native = "native" // global, on the entities' own attributes
)

// Index is an index of the table. A local one has no partition key of its own.
type Index struct {
	Name    string `json:"name"`
	Kind    string `json:"kind"`
	Removed bool   `json:"removed,omitempty"`
	PK      []Attr `json:"pk,omitempty"`
	SK      []Attr `json:"sk,omitempty"`
	// Projection is what it holds of the items: "" is all, else the service's KEYS_ONLY or INCLUDE, with what it has besides keys.
	Projection string   `json:"projection,omitempty"`
	Include    []string `json:"include,omitempty"` // in their order as texts
}

// Entity is what items of one type depend on.
type Entity struct {
	Name string `json:"name"`
	// Type is the discriminator of the items, if it is not Name.
	Type string `json:"type,omitempty"`
	// Was are earlier names, which are still the discriminators of stored items.
	Was []string `json:"was,omitempty"`
	// Origin is the name in the keys of sentinels and in generated prefixes, if it is not Name.
	Origin string `json:"origin,omitempty"`
	// Removed: the entity is not registered any more. Its names and prefixes stay reserved.
	Removed bool `json:"removed,omitempty"`
	// Distinct are other entities whose items have other keys, for a reason that is no proof.
	Distinct []Distinct `json:"distinct,omitempty"`

	PK      Key           `json:"pk"`
	SK      *Key          `json:"sk,omitempty"`
	Moved   []Place       `json:"moved,omitempty"`
	Indexes []EntityIndex `json:"indexes,omitempty"`
	TTL     string        `json:"ttl,omitempty"`
	Version string        `json:"version,omitempty"`
	Unique  []Segment     `json:"unique,omitempty"`
	Schema  int           `json:"schema,omitempty"`
	Sealed  []Sealed      `json:"sealed,omitempty"`
	// Hidden are attributes that are not shown to people.
	Hidden []string `json:"hidden,omitempty"`

	// Fields are all attributes that the type has now: one that is gone contradicts nothing.
	Fields []string `json:"-"`
}

// Sealed is an attribute that is not stored as its value.
type Sealed struct {
	Attribute string `json:"attribute"`
	How       string `json:"how"` // Encrypted or Compressed; an encrypted one may be compressed too
	Removed   bool   `json:"removed,omitempty"`

	ReadsPlain bool `json:"-"` // what is stored as its value, or only compressed, is read too
}

// How attributes are sealed.
const (
	Encrypted  = "encrypted"
	Compressed = "compressed"
)

// Distinct names another entity, and why no item of it has the key of an item of this one.
type Distinct struct {
	Entity string `json:"entity"`
	Reason string `json:"reason"`
}

// EntityIndex is an index as one entity uses it; a native one has no keys of its own.
type EntityIndex struct {
	Name    string `json:"name"`
	Removed bool   `json:"removed,omitempty"`
	PK      *Key   `json:"pk,omitempty"`
	SK      *Key   `json:"sk,omitempty"`
}

// Key is how a key is built; a key in a number or binary attribute has no separator. The segments of a template follow each
// other as they are.
type Key struct {
	Template  bool      `json:"template,omitempty"`
	Prefix    string    `json:"prefix,omitempty"`
	Separator string    `json:"separator,omitempty"`
	Segments  []Segment `json:"segments"`
}

// Segment is fixed text, or an attribute's value, or, with Shards, a number made of it.
type Segment struct {
	Literal   string `json:"literal,omitempty"`
	Attribute string `json:"attribute,omitempty"`
	Kind      string `json:"kind,omitempty"`
	Width     int    `json:"width,omitempty"`
	Layout    string `json:"layout,omitempty"`
	Format    string `json:"format,omitempty"` // in a template
	Tail      bool   `json:"tail,omitempty"`   // the key can end in front of it, or lack all if it is the first
	Shards    int    `json:"shards,omitempty"`
	Removed   bool   `json:"removed,omitempty"` // of unique attributes
	// Sources are the attributes that a function makes the text of, sorted. The function itself cannot be compared.
	Sources []string `json:"sources,omitempty"`
}

func (s Segment) String() string {
	switch {
	case s.Literal != "":
		return s.Literal
	case s.Shards > 0:
		return fmt.Sprintf("{%d shards by %s}", s.Shards, s.Attribute)
	case s.Format != "":
		return "{" + s.Attribute + ":" + s.Format + "}"
	}
	return "{" + s.Attribute + "}"
}

// String returns the key's pattern, "CD#{device_id}", and "" for a nil key.
func (k *Key) String() string {
	if k == nil {
		return ""
	}
	var parts []string
	if k.Template {
		closing := ""
		for _, s := range k.Segments {
			if s.Tail {
				parts, closing = append(parts, closing+"["), "]"
			}
			s.Literal = strings.NewReplacer("{", "{{", "}", "}}", "[", "[[", "]", "]]").Replace(s.Literal)
			parts = append(parts, s.String())
		}
		return strings.Join(parts, "") + closing
	}
	if k.Prefix != "" {
		parts = append(parts, k.Prefix)
	}
	for _, s := range k.Segments {
		parts = append(parts, s.String())
	}
	return strings.Join(parts, k.Separator)
}

// names returns all discriminators of the entity's items.
func (m *Entity) names() []string { return append([]string{m.Name}, m.Was...) }

// OldestName returns the name in the keys of sentinels and in generated prefixes.
func (m *Entity) OldestName() string { return cmp.Or(m.Origin, m.Name) }

// keys lists the entity's keys with what messages call them.
func (m *Entity) keys() []namedKey {
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

// Key returns the key that messages call what: `PK`, `index "gsi1": SK`. It returns nil when there is none, and for a nil
// entity.
func (m *Entity) Key(what string) *Key {
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
	key   *Key
}

func (m *Manifest) sort() {
	slices.SortFunc(m.Table.Indexes, func(a, b Index) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(m.Entities, func(a, b Entity) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.PK.String(), b.PK.String()), strings.Compare(a.SK.String(), b.SK.String()))
	})
	for _, e := range m.Entities {
		slices.SortFunc(e.Indexes, func(a, b EntityIndex) int { return strings.Compare(a.Name, b.Name) })
		slices.SortFunc(e.Unique, func(a, b Segment) int { return strings.Compare(a.Attribute, b.Attribute) })
		slices.SortFunc(e.Sealed, func(a, b Sealed) int { return strings.Compare(a.Attribute, b.Attribute) })
	}
}

// JSON returns the manifest as it is checked in: indented, the same bytes for the same manifest.
func (m *Manifest) JSON() []byte {
	var b bytes.Buffer
	w := json.NewEncoder(&b)
	w.SetEscapeHTML(false)
	w.SetIndent("", "  ")
	if err := w.Encode(m); err != nil {
		panic("BUG: " + err.Error())
	}
	return b.Bytes()
}

// Parse returns the manifest that text holds as JSON. It refuses one of another version and what it does not know.
func Parse(text []byte) (*Manifest, error) {
	var head struct{ Version int }
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, err
	}
	switch head.Version {
	case version:
	case 0:
		return nil, errors.New("it has no version, and is no manifest")
	default:
		return nil, fmt.Errorf("it has version %d, and this program knows %d: use a newer entable", head.Version, version)
	}
	if err := twice(json.NewDecoder(bytes.NewReader(text))); err != nil {
		return nil, err
	}
	m := &Manifest{}
	r := json.NewDecoder(bytes.NewReader(text))
	r.DisallowUnknownFields()
	if err := r.Decode(m); err != nil {
		if json.Unmarshal(text, &Manifest{}) == nil { // but for what this program does not know
			err = fmt.Errorf("%w: use a newer entable", err)
		}
		return nil, err
	}
	if _, err := r.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("text behind the end")
	}
	if m.Table.PK.Name == "" {
		return nil, errors.New("the table has no partition key")
	}
	m.sort()
	if err := m.check("take one of them out"); err != nil {
		return nil, err
	}
	for i := range m.Entities {
		e := &m.Entities[i]
		for _, place := range append(e.Places(), e) {
			if (place.SK != nil) != (m.Table.SK != nil) {
				return nil, fmt.Errorf("entity %q: its sort key does not fit the table", e.Name)
			}
		}
	}
	return m, nil
}

// twice refuses an object that has a member twice, of which one would be lost. To the decoder, names that differ in case are one.
func twice(r *json.Decoder) error {
	open, err := r.Token()
	if _, inside := open.(json.Delim); !inside {
		return err
	}
	seen := map[string]bool{}
	for r.More() {
		if open == json.Delim('{') {
			name, err := r.Token()
			if err != nil {
				return err
			}
			text := strings.ToLower(fmt.Sprint(name))
			if seen[text] {
				return fmt.Errorf("%q stands twice in one object: take out the one that is wrong", name)
			}
			seen[text] = true
		}
		if err := twice(r); err != nil {
			return err
		}
	}
	_, err = r.Token()
	return err
}

// Check refuses a manifest of a registry in which two entities have one name.
func (m *Manifest) Check() error { return m.check("give one another name with entable.Name") }

func (m *Manifest) check(cure string) error {
	seen := map[string]bool{}
	for i := range m.Entities {
		e := &m.Entities[i]
		for _, name := range e.names() {
			if name == "" {
				return errors.New("an entity has an empty name")
			}
			if seen[name] {
				return fmt.Errorf("two entities are called %q: %s", name, cure)
			}
			seen[name] = true
		}
	}
	return nil
}
