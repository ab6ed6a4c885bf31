package schema

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/keys"
	"github.com/entable/entable/internal/manifest"
)

// registration is one entity on its way into the registry. Nothing of it is visible before all is
// proved, so that a refused declaration leaves no trace.
type registration struct {
	t         *Table
	decl      EntityDecl
	e         *Entity
	taken     map[string]claim
	generated map[string]string // attribute → prefix; one entity and attribute have one prefix
	locked    *manifest.Entity  // what the lock has of the entity, or nil
	natural   []string          // fields that are key attributes themselves
	moving    bool              // the keys of the other place are compiled
	derived   map[string]*derived
}

// Register adds an entity to the registry, after the proof that no item of it can have the key of an item of another. A
// refused declaration leaves nothing behind.
func (t *Table) Register(d EntityDecl) (*Entity, error) {
	t.reg.mu.Lock()
	defer t.reg.mu.Unlock()
	r := &registration{t: t, decl: d, taken: map[string]claim{}, generated: map[string]string{}}
	if err := r.build(); err != nil {
		return nil, err
	}
	e := r.e
	if t.reg.taken == nil {
		t.reg.taken = map[string]claim{}
	}
	maps.Copy(t.reg.taken, r.taken)
	for _, p := range e.places() {
		t.reg.keys.Add(len(t.reg.entities), p.patterns)
	}
	t.reg.entities = append(t.reg.entities, e)
	t.reg.name(e)
	t.reg.found.Store(nil)
	return e, nil
}

func (r *registration) errorf(field, format string, args ...any) error {
	return declarationFault(r.e.Name, field, format, args...)
}

// build makes the entity, step by step; each step may use what the ones before it have set:
//
//  1. readType: name, type, plan of its attributes
//  2. checkNames: names and attributes that are taken
//  3. findLocked: what the lock has of it, which decides its origin
//  4. checkTags: tags of which nothing would come
//  5. readSealing: fields that are encrypted, compressed or hidden
//  6. compileKeys: keys of the table and of indexes, with their prefixes
//  7. compileMoved: the keys of the other place where its items may be
//  8. checkDerived: what is derived is for a key, and can be checked
//  9. checkReserved: fields are stored where nothing else is
//
// 10. proveDisjoint: no other entity can build its primary key
// 11. readTags: the meaning of fields: generated values, version, ttl, unique, keyonly, rest
// 12. checkMoving: what every write changes is no part of a key
// 13. checkTimes: generated times in keys tell items apart, and fit
// 14. checkLocked: nothing contradicts the lock
// 15. checkRules: the validator can read and apply the rules of its fields
// 16. finish: what is derived from all that, for speed
func (r *registration) build() error {
	for _, step := range []func() error{
		r.readType, r.checkNames, r.findLocked, r.checkTags, r.readSealing, r.compileKeys, r.compileMoved, r.checkDerived, r.checkReserved,
		r.proveDisjoint, r.readTags, r.checkMoving, r.checkTimes, r.checkLocked, r.checkRules, r.finish,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (r *registration) readType() error {
	d := &r.decl
	e := &Entity{Table: r.t, Name: d.Name, was: d.Was, Type: d.Type, number: len(r.t.reg.entities),
		MaxSize: d.MaxSize, Upgrades: d.Upgrades, HideExpired: r.t.hideExpired}
	if d.HideExpired != nil {
		e.HideExpired = *d.HideExpired
	}
	r.e = e
	if e.Name == "" {
		e.Name = e.Type.Name()
	}
	switch {
	case e.Type.Kind() == reflect.Pointer:
		e.Name = e.Type.String()
		return r.errorf("", "it is a pointer: register %s", e.Type.Elem())
	case e.Name == "":
		e.Name = e.Type.String()
		return r.errorf("", "the type has no name: give it one with entable.Name")
	case e.Type.Kind() != reflect.Struct:
		return r.errorf("", "%s is not a struct", e.Type)
	case d.Name == "" && strings.ContainsRune(e.Name, '['):
		return r.errorf("", "the name of a generic type changes when its arguments move: give it one with entable.Name")
	case e.MaxSize < 0:
		return r.errorf("", "MaxSize is negative")
	case slices.ContainsFunc(e.Upgrades, func(u func(map[string]types.AttributeValue) error) bool { return u == nil }):
		return r.errorf("", "Upgrades has a nil function")
	}
	var err error
	if e.Plan, err = r.t.Encoding.PlanOf(e.Type); err != nil {
		return &Fault{Kind: WrongDeclaration, Entity: e.Name, Err: err}
	}
	e.TypeValue = cmp.Or(d.TypeValue, e.Name)
	e.Origin = append(e.was[:len(e.was):len(e.was)], e.Name)[0]
	if len(e.was) > 1 && e.Origin == e.Name {
		e.was = e.was[1:] // it has its first name again
	}
	return nil
}

func (r *registration) readTags() error { return r.e.readTags() }

func (r *registration) checkRules() error {
	var rules ruleSet
	rules.add(r.e.Type)
	if err := rules.check(r.t.Validate); err != nil {
		return r.errorf("", "invalid validate tag: %s", err)
	}
	r.e.Validates, r.e.loops = r.t.Validate != defaultValidate() || rules.any, rules.loops
	return nil
}

func (r *registration) finish() (err error) {
	e := r.e
	e.embedded, e.unstored = embeddedPointers(e.Plan), e.unstoredFields()
	r.findKept()
	if e.head, err = e.ownMembers(); err != nil {
		return r.errorf("", "invalid name: %s", err)
	}
	if err = r.findAlone(); err != nil {
		return err
	}
	e.checked = e.Plan.Expect(r.t.Discriminator, e.TypeValue, r.t.PK.Name, r.t.SK.Name)
	if r.decl.Own != nil {
		e.Owner = r.decl.Own(e)
	}
	e.finishOther()
	return nil
}

// checkNames refuses a name or type that is registered.
func (r *registration) checkNames() error {
	names := r.e.Names()
	if slices.Contains([]string{SentinelPrefix, ManifestPrefix}, r.e.TypeValue) {
		return r.errorf("", "the type %q is that of the library's own items", r.e.TypeValue)
	}
	for _, o := range r.t.reg.named(append(names, r.e.Name)) {
		if o.Type == r.e.Type && o.Name == r.e.Name {
			return r.errorf("", "%s is registered on table %q already, as %s: a second time it takes a name of its own, with entable.Name", r.e.Type, r.t.Name, o.Name)
		}
		if o.Name == r.e.Name && (r.t.Discriminator != "" || r.t.Lock != nil) {
			return r.errorf("", "the name is taken on table %q by %s: give this type another with entable.Name", r.t.Name, o.Type)
		}
		for _, name := range names {
			if slices.Contains(o.was, name) || name != r.e.TypeValue && name == o.TypeValue {
				return r.errorf("", "the name %q is that of %s, now or before: stored items would be of two types", name, o.Name)
			}
		}
		if o.TypeValue == r.e.TypeValue && slices.ContainsFunc(r.decl.Distinct, func(d DistinctDecl) bool { return d.Of == o }) {
			return r.errorf("", "it has the type %q of %s, and nothing but Distinct tells their keys apart", r.e.TypeValue, o.Name)
		}
	}
	for i, name := range r.e.was {
		if name == "" || name == r.e.Name || slices.Contains(r.e.was[:i], name) {
			return r.errorf("", "Was(%q): give each earlier name once", name)
		}
	}
	if len(r.e.Plan.Fields()) == 0 && len(r.decl.PKs) == 0 {
		return r.errorf("", "%s has no exported field to store", r.e.Type)
	}
	return nil
}

// checkReserved refuses fields stored under the table's own attributes, but for those that are such an attribute.
func (r *registration) checkReserved() error {
	for _, f := range r.e.Plan.Fields() {
		use := r.t.reserved(f.Name)
		if len(r.e.Upgrades) > 0 && strings.EqualFold(f.Name, SchemaAttribute) {
			use = "the version of the item's shape"
		}
		if use != "" && !slices.Contains(r.natural, f.Name) {
			cure := "store the field under another name with a dynamodbav tag"
			if strings.HasPrefix(use, "index ") {
				cure += ", or say entable.Index for items that are in it"
			}
			return r.errorf(r.fieldName(f), "attribute %q is reserved for %s: %s", f.Name, use, cure)
		}
	}
	return nil
}

// checkMoving refuses keys made of what every write changes.
func (r *registration) checkMoving() error {
	e := r.e
	for _, f := range e.Plan.Fields() {
		moves := f == e.Version || e.Auto.Touches(f)
		switch {
		case moves && slices.Contains(e.KeyAttrs, f.Name):
			return r.errorf(r.fieldName(f), "every write changes it: it cannot be part of the key")
		case f == e.Version && e.DerivesFrom(f):
			return r.errorf(r.fieldName(f), "the version cannot be part of an index key or unique")
		}
	}
	return nil
}

// fieldName returns the Go name of a field, for messages.
func (r *registration) fieldName(f *codec.Field) string {
	return "field " + r.e.Type.FieldByIndex(f.Index).Name
}

func (r *registration) compileKeys() error {
	e, c := r.e, &r.decl
	if err := r.findDerived(); err != nil {
		return err
	}
	if len(c.PKs) > 1 || len(c.SKs) > 1 {
		return r.errorf("", "PK and SK may be given once each")
	}
	if len(c.SKs) == 1 && !r.t.SK.Exists() {
		return r.errorf("", "SK is given but table %q has no sort key", r.t.Name)
	}
	if len(c.PKs) == 0 {
		c.PKs = append(c.PKs, KeyDecl{Parts: []Part{{Text: e.Plan.Fields()[0].Name}}})
	}
	var err error
	if e.PK, err = r.compile(partitionKey, c.PKs[0], r.t.PK, func(o *Entity) *Key { return o.PK }); err != nil {
		return err
	}
	if r.t.SK.Exists() {
		if c.SKs = append(c.SKs, defaultSortKey); e.Plan.Field(r.t.SK.Name) != nil && len(c.SKs) == 1 {
			c.SKs[0] = KeyDecl{Sort: true, Parts: []Part{{Text: r.t.SK.Name}}}
		}
		if e.SK, err = r.compile(sortKey, c.SKs[0], r.t.SK, func(o *Entity) *Key { return o.SK }); err != nil {
			return err
		}
	}
	for _, k := range []*Key{e.PK, e.SK} {
		if k == nil {
			continue
		}
		p, err := k.provable()
		if err != nil {
			return r.errorf("", "%s", err)
		}
		if p != nil {
			e.patterns = append(e.patterns, p)
		}
		for i := range k.comps {
			c := &k.comps[i]
			for _, f := range c.roots() {
				e.keyPaths = append(e.keyPaths, append([]string{f.Name}, innerNames(c)...))
				if c.inner == nil && !slices.Contains(e.KeyAttrs, f.Name) {
					e.KeyAttrs = append(e.KeyAttrs, f.Name)
				}
			}
		}
	}
	if path := e.onlyParts(); path != "" {
		return r.errorf("", "the key has only parts of %q, which do not tell items apart: give it an attribute as a whole", path)
	}
	for _, spec := range c.Joins {
		x, err := r.compileIndex(spec)
		if err != nil {
			return err
		}
		r.keepFields(x)
		e.Indexes = append(e.Indexes, x)
	}
	return nil
}

// What messages call the table's keys.
const (
	partitionKey = "PK"
	sortKey      = "SK"
)

// defaultSortKey is the sort key of an entity that declares none.
var defaultSortKey = KeyDecl{Sort: true, Parts: []Part{{Kind: LiteralPart, Text: "A"}}}

func (r *registration) compileIndex(spec JoinDecl) (*EntityIndex, error) {
	what := fmt.Sprintf("index %q", spec.Index)
	i := slices.IndexFunc(r.t.Indexes, func(x IndexDecl) bool { return x.Name == spec.Index })
	if i < 0 {
		return nil, r.errorf(what, "table %q does not declare it (%s): add entable.GSI(%q) to the table", r.t.Name, r.t.IndexNames(), spec.Index)
	}
	if r.e.index(spec.Index) != nil {
		return nil, r.errorf(what, "it is given twice")
	}
	x := &EntityIndex{IndexDecl: &r.t.Indexes[i]}
	var pks, sks []KeyDecl
	for _, k := range spec.Keys {
		if k.Sort {
			sks = append(sks, k)
		} else {
			pks = append(pks, k)
		}
	}
	switch {
	case x.MultiAttribute && len(spec.Keys) > 0:
		return nil, r.errorf(what, "it is native, its keys are attributes of the entity: give no PK and SK")
	case x.MultiAttribute:
		return x, r.joinNative(x, what)
	case x.Local && (len(pks) > 0 || len(sks) > 1 || len(sks) == 0 && !r.has(x.IndexDecl.SK)):
		return nil, r.errorf(what, "it is local and has the table's partition key: give one SK")
	case !x.Local && (len(pks) > 1 || len(sks) > 1 || len(pks) == 0 && !r.has(x.IndexDecl.PK)):
		return nil, r.errorf(what, "give one PK and at most one SK")
	case len(sks) == 1 && !x.IndexDecl.SK.Exists():
		return nil, r.errorf(what, "SK is given but the index has no sort key")
	case len(sks) == 0 && !r.has(x.IndexDecl.SK):
		sks = append(sks, defaultSortKey)
	}
	of := func(get func(*EntityIndex) *Key) func(*Entity) *Key {
		return func(o *Entity) *Key {
			if ox := o.index(spec.Index); ox != nil {
				return get(ox)
			}
			return nil
		}
	}
	x.pk = r.e.PK
	var err error
	if !x.Local {
		if x.pk, err = r.indexKey(x, what+": PK", pks, x.IndexDecl.PK, of(func(x *EntityIndex) *Key { return x.pk })); err != nil {
			return nil, err
		}
	}
	if x.IndexDecl.SK.Exists() {
		if x.sk, err = r.indexKey(x, what+": SK", sks, x.IndexDecl.SK, of(func(x *EntityIndex) *Key { return x.sk })); err != nil {
			return nil, err
		}
	}
	return x, nil
}

// joinNative finds the fields that are the keys of a native index.
func (r *registration) joinNative(x *EntityIndex, what string) error {
	for i, a := range slices.Concat(x.Hash, x.Range) {
		f := r.e.Plan.Field(a.Name)
		if f == nil {
			return r.errorf(what, "unknown attribute %q: %s has %s", a.Name, r.e.Type, attrNames(r.e.Plan))
		}
		if s := r.e.SealingOf(f); s != nil {
			return r.errorf(r.fieldName(f), "%s takes attribute %q as it is stored, which %s", what, a.Name, s.Text())
		}
		c, err := componentOf(f)
		if err != nil {
			return r.errorf(r.fieldName(f), "%s", err)
		}
		if stored := c.storedAs(); stored != a.Type {
			return r.errorf(r.fieldName(f), "%s declares attribute %q as %s, but %s is stored as %s", what, a.Name, a.Type, f.Type, stored)
		}
		k := newKey(a)
		k.sort, k.comps, k.separator = i >= len(x.Hash), []component{c}, keys.DefaultSeparator
		if k.sort {
			x.ranges = append(x.ranges, k)
		} else {
			x.hashes = append(x.hashes, k)
		}
		x.fields = append(x.fields, k)
	}
	return nil
}

// checkDistinct takes over what is said, and not proved, of other entities.
func (r *registration) checkDistinct() error {
	for _, d := range r.decl.Distinct {
		switch {
		case d.Of == nil:
			return r.errorf("", "Distinct(nil): the entity is not registered yet; declare it before this one")
		case d.Of.Table != r.t:
			return r.errorf("", "Distinct(%s): it is registered on table %q, not on %q", d.Of.Name, d.Of.Table.Name, r.t.Name)
		case strings.TrimSpace(d.Reason) == "":
			return r.errorf("", "Distinct(%s): say why no item of one has the key of an item of the other", d.Of.Name)
		}
	}
	r.e.distinct = r.decl.Distinct
	return nil
}

func (e *Entity) isDistinct(o *Entity) bool {
	return slices.ContainsFunc(e.distinct, func(d DistinctDecl) bool { return d.Of == o })
}

// proveDisjoint shows that no other entity of the table can build the key of an item of this one.
func (r *registration) proveDisjoint() error {
	if err := r.checkDistinct(); err != nil {
		return err
	}
	for _, place := range r.e.places() {
		if err := r.provePlace(place); err != nil {
			return err
		}
	}
	if r.e.Other == nil {
		return nil
	}
	return r.proveMoved()
}

// provePlace does the work of proveDisjoint for the keys of one place.
func (r *registration) provePlace(e *Entity) error {
	if e.meetsSentinels() {
		return r.errorf("", "an item can have the key of a unique field's sentinel, which starts with %q: give the key a prefix", SentinelPrefix)
	}
	if i, examples, found := r.t.reg.keys.Meets(e.patterns, func(i int) bool { return r.e.isDistinct(r.t.reg.entities[i]) }); found {
		cure := "give one of them a prefix of its own, or a sort key that tells them apart"
		if examples == nil {
			cure = "give one of them another fixed text, or, if their keys exist and cannot change, say why that cannot be with entable.Distinct"
		}
		return r.errorf("", "%s: %s", e.meeting(r.t.reg.entities[i].Name, examples), cure)
	}
	return r.proveLocked(e)
}
