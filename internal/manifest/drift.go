package manifest

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Difference is one point in which a registry departs from a manifest.
type Difference struct {
	Where   string // the place: `table`, `Order: index "gsi1": SK`
	What    string // the property: "prefix"
	Was, Is string // the recorded value and the declared one
	Effect  string // on stored items
	Cure    string
}

// How a registry may depart from a manifest. A contradiction is what would hide stored items, or give them
// other keys. What only one of the two knows is none: a newer version of a program adds to it, and an
// older one may still run.

const (
	effectTable  = "stored items have the other and cannot be read or found"
	effectKey    = "stored items keep their keys and are not found under the new ones"
	effectIndex  = "stored items keep their keys in the index and are not found there under the new ones"
	effectPart   = "stored items are in it in part, and would be read as if they lacked the rest"
	effectUnique = "the values of stored items are not compared with new ones any more"
)

// Contradictions lists where now contradicts the manifest.
func (m *Manifest) Contradictions(now *Manifest) []Difference {
	list := m.Table.Contradictions(&now.Table)
	known := m.byName()
	for i := range now.Entities {
		e := &now.Entities[i]
		var old *Entity
		for _, name := range e.names() {
			found := known[name]
			if found == nil {
				continue
			}
			if old != nil && old != found {
				list = append(list, Difference{Where: e.Name, What: "names", Was: old.Name + " and " + found.Name + ", two entities", Is: "one entity",
					Effect: "their items would be read as one type", Cure: "register both, or copy the items of one"})
			}
			old = found
		}
		list = append(list, m.EntityContradictions(old, e)...)
	}
	return list
}

// Contradictions lists where now contradicts the table.
func (m *Table) Contradictions(now *Table) (list []Difference) {
	differ := func(where, what, was, is, cure string) {
		if was != is {
			list = append(list, Difference{Where: where, What: what, Was: was, Is: is, Effect: effectTable, Cure: cure})
		}
	}
	optional := func(a *Attr) string {
		if a == nil {
			return ""
		}
		return a.String()
	}
	create := ", or create a new table and copy the items"
	differ("table", "partition key", m.PK.String(), now.PK.String(), fmt.Sprintf("give the table entable.PartitionKey(%q, %q)%s", m.PK.Name, m.PK.Type, create))
	cure := "give the table entable.NoSortKey()" + create
	if m.SK != nil {
		cure = fmt.Sprintf("give the table entable.SortKey(%q, %q)%s", m.SK.Name, m.SK.Type, create)
	}
	differ("table", "sort key", optional(m.SK), optional(now.SK), cure)
	cure = "give the table entable.NoDiscriminator()"
	if m.Discriminator != "" {
		cure = fmt.Sprintf("give the table entable.Discriminator(%q)", m.Discriminator)
	}
	differ("table", "discriminator", quoted(m.Discriminator), quoted(now.Discriminator), cure)
	cure = "leave entable.SDKDefaults() out" + create
	if m.Encoding != "" {
		cure = "give the table entable.SDKDefaults()" + create
	}
	differ("table", "encoding", quoted(m.Encoding), quoted(now.Encoding), cure)
	for _, x := range m.Indexes {
		i := slices.IndexFunc(now.Indexes, func(o Index) bool { return o.Name == x.Name })
		if i < 0 {
			continue
		}
		o, where := now.Indexes[i], fmt.Sprintf("index %q", x.Name)
		cure := "declare it as it was, or an index with a new name"
		differ(where, "kind", x.Kind, o.Kind, cure)
		if x.Kind == o.Kind {
			differ(where, "partition key", fmt.Sprint(x.PK), fmt.Sprint(o.PK), cure)
			differ(where, "sort key", fmt.Sprint(x.SK), fmt.Sprint(o.SK), cure)
		}
		if !x.holds(&o) {
			list = append(list, Difference{Where: where, What: "projection", Was: x.projection(), Is: o.projection(), Effect: effectPart, Cure: cure})
		}
	}
	return list
}

// projection says what the index holds of the items.
func (x *Index) projection() string {
	switch x.Projection {
	case "":
		return "all"
	case include:
		return fmt.Sprintf("keys and %q", x.Include)
	}
	return "keys"
}

const include = "INCLUDE"

// holds reports whether the index holds all that o, which is it in another manifest, is said to. Less is safe to read; and those
// who told the service of a projection before it could be declared have declared it since.
func (x *Index) holds(o *Index) bool {
	switch {
	case x.Projection == "":
		return true
	case o.Projection == "":
		return false
	}
	return !slices.ContainsFunc(o.Include, func(name string) bool { return !slices.Contains(x.Include, name) })
}

func quoted(s string) string {
	if s == "" {
		return ""
	}
	return fmt.Sprintf("%q", s)
}

// EntityContradictions compares one entity with what the manifest has of it; old is nil for a new one.
func (m *Manifest) EntityContradictions(old, now *Entity) (list []Difference) {
	list = m.ttlContradictions(now)
	if old == nil {
		return list
	}
	if was, is := cmp.Or(old.Type, old.Name), cmp.Or(now.Type, now.Name); was != is && (old.Type != "" || now.Type != "") {
		list = append(list, Difference{Where: now.Name, What: "type", Was: quoted(was), Is: quoted(is),
			Effect: fmt.Sprintf("stored items of type %q are not read", was), Cure: fmt.Sprintf("give it entable.TypeValue(%q)", was)})
	}
	for _, name := range old.names() {
		if !slices.Contains(now.names(), name) {
			list = append(list, Difference{Where: now.Name, What: "names", Was: strings.Join(old.names(), ", "), Is: strings.Join(now.names(), ", "),
				Effect: fmt.Sprintf("stored items of type %q are not read", name), Cure: fmt.Sprintf("keep it with entable.Was(%q)", name)})
		}
	}
	if len(now.Unique) > 0 && old.OldestName() != now.OldestName() {
		list = append(list, Difference{Where: now.Name, What: "oldest name", Was: quoted(old.OldestName()), Is: quoted(now.OldestName()),
			Effect: effectUnique, Cure: fmt.Sprintf("give entable.Was(%q) first", old.OldestName())})
	}
	list = append(list, old.returns(now)...)
	for _, k := range old.keys() {
		if k.index == "" && now.reads(old.own()) {
			continue
		}
		if is := now.Key(k.what); is != nil {
			list = append(list, k.key.contradictions(now.Name+": "+k.what, k.index, is)...)
		}
	}
	if old.Version != "" && now.Version != "" && old.Version != now.Version {
		list = append(list, Difference{Where: now.Name, What: "version", Was: quoted(old.Version), Is: quoted(now.Version),
			Effect: "writers that check different attributes do not see each other", Cure: fmt.Sprintf("store the version as %q", old.Version)})
	}
	list = append(list, old.sealedContradictions(now)...)
	for _, was := range old.Unique {
		was.Removed = false
		i := slices.IndexFunc(now.Unique, func(s Segment) bool { return s.Attribute == was.Attribute })
		if i >= 0 && !now.Unique[i].equal(was) {
			list = append(list, Difference{Where: fmt.Sprintf("%s: unique %q", now.Name, was.Attribute), What: "kind", Was: was.Kind, Is: now.Unique[i].Kind,
				Effect: effectUnique, Cure: "give the field its old type, or another attribute"})
		}
	}
	return list
}

// ttlContradictions compares the attribute for expiry with that of all entities: the service knows one.
func (m *Manifest) ttlContradictions(now *Entity) []Difference {
	for i := range m.Entities {
		old := &m.Entities[i]
		if old.TTL != "" && now.TTL != "" && old.TTL != now.TTL {
			return []Difference{{Where: now.Name, What: "ttl", Was: quoted(old.TTL), Is: quoted(now.TTL),
				Effect: "stored items would not expire", Cure: fmt.Sprintf("store the ttl as %q", old.TTL)}}
		}
	}
	return nil
}

func (k *Key) contradictions(where, index string, now *Key) (list []Difference) {
	effect := effectKey
	if index != "" {
		effect = effectIndex
	}
	differ := func(what, was, is, cure string) {
		if was != is {
			list = append(list, Difference{Where: where, What: what, Was: was, Is: is, Effect: effect, Cure: cure})
		}
	}
	if k.Template || now.Template {
		cure := "give the parts that it had"
		if k.Template {
			cure = fmt.Sprintf("give it entable.Template(%q)", k.String())
		}
		if differ("template", k.String(), now.String(), cure); len(list) > 0 || k.Template != now.Template {
			return list
		}
	}
	if k.Prefix != "" {
		differ("prefix", quoted(k.Prefix), quoted(now.Prefix), fmt.Sprintf("give it entable.Prefix(%q)", k.Prefix))
	} else {
		differ("prefix", "", quoted(now.Prefix), "give it entable.NoPrefix()")
	}
	differ("separator", quoted(k.Separator), quoted(now.Separator), fmt.Sprintf("give it entable.Separator(%q)", k.Separator))
	if len(k.Segments) != len(now.Segments) || sameParts(k.Segments, now.Segments) {
		what := "components"
		if len(k.Segments) == len(now.Segments) {
			what = "order of components"
		}
		differ(what, k.String(), now.String(), "give the parts that it had, in their order")
		return list
	}
	for i, was := range k.Segments {
		was.contradictions(now.Segments[i], differ)
	}
	return list
}

// sameParts reports whether both keys have the same attributes and texts in another order.
func sameParts(a, b []Segment) bool {
	parts := func(list []Segment) []string {
		var out []string
		for _, s := range list {
			out = append(out, s.Literal+"\x00"+s.Attribute)
		}
		return out
	}
	pa, pb := parts(a), parts(b)
	if slices.Equal(pa, pb) {
		return false
	}
	slices.Sort(pa)
	slices.Sort(pb)
	return slices.Equal(pa, pb)
}

func (s Segment) equal(o Segment) bool { return reflect.DeepEqual(s, o) }

func (s Segment) contradictions(now Segment, differ func(what, was, is, cure string)) {
	switch {
	case s.Literal != "" || now.Literal != "":
		differ("literal", s.String(), now.String(), "give the part that it had")
		return
	case s.Attribute != now.Attribute:
		differ("attribute", s.String(), now.String(), fmt.Sprintf("build it from %q", s.Attribute))
		return
	case s.Shards != now.Shards:
		cure := "take entable.Shards away"
		if s.Shards > 0 {
			cure = fmt.Sprintf("give it entable.Shards(%d, %q)", s.Shards, s.Attribute)
		}
		differ("shards", fmt.Sprint(s.Shards), fmt.Sprint(now.Shards), cure)
		return
	}
	what := func(property string) string { return fmt.Sprintf("%s of %q", property, s.Attribute) }
	cure := "give the field its old type"
	if name, hashed := strings.CutPrefix(s.Kind, "hash "); hashed {
		cure = fmt.Sprintf("give the field `entable:\"encrypt,hash=%s\"`", name)
	} else if strings.HasPrefix(now.Kind, "hash ") {
		cure = "take hash out of the field's tag, or make the key in an index with a new name"
	}
	differ(what("kind"), s.Kind, now.Kind, cure)
	sources := strings.Join(s.Sources, ", ")
	differ(what("sources"), sources, strings.Join(now.Sources, ", "), fmt.Sprintf("derive %q from %s", s.Attribute, sources))
	differ(what("width"), fmt.Sprint(s.Width), fmt.Sprint(now.Width), fmt.Sprintf("give it entable.Attr(%q).Width(%d)", s.Attribute, s.Width))
	differ(what("layout"), quoted(s.Layout), quoted(now.Layout), fmt.Sprintf("give it entable.Attr(%q).Layout(%q)", s.Attribute, s.Layout))
}

// Removals lists what the manifest has, not marked as removed, and now does not.
func (m *Manifest) Removals(now *Manifest) (list []Difference) {
	gone := func(where, what, was, effect, cure string) {
		list = append(list, Difference{Where: where, What: what, Was: was, Effect: effect,
			Cure: cure + "; if it is meant, extend the lock: its names and prefixes stay reserved"})
	}
	for _, x := range m.Table.Indexes {
		if !x.Removed && !slices.ContainsFunc(now.Table.Indexes, func(o Index) bool { return o.Name == x.Name }) {
			gone("table", "index", quoted(x.Name), "its keys are not kept up any more", "declare it")
		}
	}
	names := now.byName()
	for i := range m.Entities {
		e := &m.Entities[i]
		var is *Entity
		for _, name := range e.names() {
			if is == nil {
				is = names[name]
			}
		}
		switch {
		case is == nil && !e.Removed:
			gone(e.Name, "entity", "registered", fmt.Sprintf("stored items of type %q are not read", e.Name),
				fmt.Sprintf("register it, or its new name with entable.Was(%q)", e.Name))
		case is != nil:
			for _, p := range e.left(is) {
				gone(is.Name, "other place", p.String(), "items that are still there are not found", "keep entable.Moved until Table.Audit has found none there")
			}
			for _, what := range e.parts() {
				if !slices.Contains(is.parts(), what) {
					gone(is.Name, what, "declared", "it is not kept up any more", "declare it")
				}
			}
			if is.Schema < e.Schema {
				gone(is.Name, "upgrades", fmt.Sprint(e.Schema), "newer items are decoded as they are", "give all Upgrades")
			}
		}
	}
	return list
}

// parts lists what an entity may gain without a contradiction.
func (m *Entity) parts() (list []string) {
	for _, x := range m.Indexes {
		if !x.Removed {
			list = append(list, fmt.Sprintf("index %q", x.Name))
		}
	}
	for _, u := range m.Unique {
		if !u.Removed {
			list = append(list, fmt.Sprintf("unique %q", u.Attribute))
		}
	}
	for _, x := range m.Sealed {
		if !x.Removed {
			list = append(list, fmt.Sprintf("%s %q", x.How, x.Attribute))
		}
	}
	if m.TTL != "" {
		list = append(list, "ttl")
	}
	if m.Version != "" {
		list = append(list, "version")
	}
	return list
}

// Additions lists what now has and the manifest does not.
func (m *Manifest) Additions(now *Manifest) (list []Difference) {
	added := func(where, what, is string) {
		list = append(list, Difference{Where: where, What: what, Is: is, Effect: "the lock does not hold it yet", Cure: "extend the lock"})
	}
	for _, x := range now.Table.Indexes {
		i := slices.IndexFunc(m.Table.Indexes, func(o Index) bool { return o.Name == x.Name && !o.Removed })
		switch {
		case i < 0:
			added("table", "index", quoted(x.Name))
		case m.Table.Indexes[i].projection() != x.projection():
			added(fmt.Sprintf("index %q", x.Name), "projection", x.projection())
		}
	}
	known := m.byName()
	for i := range now.Entities {
		e := &now.Entities[i]
		var old *Entity
		for _, name := range e.names() {
			if known[name] == nil {
				if name != e.Name {
					added(e.Name, "earlier name", quoted(name))
				}
				continue
			}
			old = known[name]
		}
		if old == nil || old.Removed {
			added(e.Name, "entity", "registered")
			continue
		}
		if old.Name != e.Name {
			added(e.Name, "name", fmt.Sprintf("%q, once %q", e.Name, old.Name))
		}
		for _, p := range e.Moved {
			if i := old.at(p); i < 0 || old.Moved[i].Removed {
				added(e.Name, "other place", p.String())
			}
		}
		for _, what := range e.parts() {
			if !slices.Contains(old.parts(), what) {
				added(e.Name, what, "declared")
			}
		}
		if e.Schema > old.Schema {
			added(e.Name, "upgrades", fmt.Sprint(e.Schema))
		}
	}
	return list
}
