package schema

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/keys"
	"github.com/entable/entable/internal/manifest"
)

// registry knows a table's entities. Registration proves that no two of them can build one key.
type registry struct {
	mu       sync.Mutex
	entities []*Entity // in registration order
	taken    map[string]claim
	keys     keys.Set  // of the entities, by their places
	locked   *keys.Set // of the lock's entities, by their places in it; nil: not made yet
	// found is the table of who is who, made anew by the first read after a registration.
	found atomic.Pointer[Directory]
}

// claim says who holds a prefix.
type claim struct {
	owner   string // the entity's name
	literal bool   // fixed text at the start of a key: others may start with the same
}

// Entity is what the registry knows of one registered type. It is immutable.
type Entity struct {
	Table       *Table
	Owner       any // what the executing side keeps with the entity
	Name        string
	was         []string // earlier names, the oldest first
	Origin      string   // the oldest name: of sentinels and generated prefixes
	Type        reflect.Type
	number      int // among the table's entities
	Plan        *codec.Plan
	embedded    [][]int // structs embedded by pointer, which copies of an item do not share
	PK          *Key
	SK          *Key            // nil in a table without sort key
	patterns    []*keys.Pattern // of these two, for the proof
	KeyAttrs    []string        // the attributes that the primary key is made of
	Indexes     []*EntityIndex
	MaxSize     int
	Auto        autoPlan
	Version     *codec.Field          // the field of the optimistic lock, or nil
	Unique      []*UniqueField        // fields that are kept unique
	TTL         *codec.Field          // when items expire, or nil
	Rest        []int                 // the field that takes unknown attributes, or nil
	unstored    []reflect.StructField // fields of the struct that are no attributes
	HideExpired bool
	Validates   bool
	head        []byte                                        // the discriminator's member, ready to write
	checked     *codec.Plan                                   // plan that accepts only items with this entity's discriminator
	Upgrades    []func(map[string]types.AttributeValue) error // from each version of the shape to the next
}

// EntityIndex is an index of the table as one entity uses it.
type EntityIndex struct {
	*IndexDecl
	pk, sk *Key
	// hashes and ranges are the key fields of a native index.
	hashes, ranges []*Key
}

// Keys lists the keys that are kept up: not those that the item has anyway.
func (x *EntityIndex) Keys() []*Key {
	switch {
	case x.MultiAttribute:
		return nil
	case x.Local:
		return []*Key{x.sk}
	case x.sk == nil:
		return []*Key{x.pk}
	}
	return []*Key{x.pk, x.sk}
}

// Fields lists the attributes that the kept-up keys are made of.
func (x *EntityIndex) Fields() []*codec.Field {
	var out []*codec.Field
	for _, k := range x.Keys() {
		for i := range k.comps {
			out = append(out, k.comps[i].field)
		}
	}
	return out
}

// absent reports whether the index leaves the item at ptr out.
func (x *EntityIndex) absent(ptr unsafe.Pointer) bool {
	for _, k := range x.Keys() {
		if k.absent(ptr) {
			return true
		}
	}
	return false
}

// Pointer returns the address of an instance of the entity.
func (e *Entity) Pointer(v any) unsafe.Pointer { return reflect.ValueOf(v).UnsafePointer() }

// Names returns the discriminators of the entity's items, today's first.
func (e *Entity) Names() []string { return append([]string{e.Name}, e.was...) }

// registration is one entity on its way into the registry. Nothing of it is visible before all is
// proved, so that a refused declaration leaves no trace.
type registration struct {
	t         *Table
	decl      EntityDecl
	e         *Entity
	taken     map[string]claim
	generated map[string]string // attribute → prefix; one entity and attribute have one prefix
	locked    *manifest.Entity  // what the lock has of the entity, or nil
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
	t.reg.keys.Add(len(t.reg.entities), e.patterns)
	t.reg.entities = append(t.reg.entities, e)
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
//  4. compileKeys: keys of the table and of indexes, with their prefixes
//  5. proveDisjoint: no other entity can build its primary key
//  6. readTags: the meaning of fields: generated values, version, ttl, unique, rest
//  7. checkMoving: what every write changes is no part of a key
//  8. checkLocked: nothing contradicts the lock
//  9. checkRules: the validator can read the rules of its fields
//  10. finish: what is derived from all that, for speed
func (r *registration) build() error {
	for _, step := range []func() error{
		r.readType, r.checkNames, r.findLocked, r.compileKeys, r.proveDisjoint,
		r.readTags, r.checkMoving, r.checkLocked, r.checkRules, r.finish,
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
	case e.Name == "":
		e.Name = e.Type.String()
		return r.errorf("", "the type has no name: give it one with entable.Name")
	case e.Type.Kind() != reflect.Struct:
		return r.errorf("", "%s is not a struct", e.Type)
	case d.Name == "" && strings.ContainsRune(e.Name, '['):
		return r.errorf("", "the name of a generic type changes when its arguments move: give it one with entable.Name")
	case e.MaxSize < 0:
		return r.errorf("", "MaxSize is negative")
	}
	var err error
	if e.Plan, err = codec.PlanOf(e.Type); err != nil {
		return &Fault{Kind: WrongDeclaration, Entity: e.Name, Err: err}
	}
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
	r.e.Validates = r.t.Validate != defaultValidate() || rules.any
	return nil
}

func (r *registration) finish() (err error) {
	e := r.e
	e.embedded, e.unstored = embeddedPointers(e.Plan), e.unstoredFields()
	if e.head, err = e.ownMembers(); err != nil {
		return r.errorf("", "invalid name: %s", err)
	}
	e.checked = e.Plan.Expect(r.t.Discriminator, e.Name, r.t.PK.Name, r.t.SK.Name)
	if r.decl.Own != nil {
		e.Owner = r.decl.Own(e)
	}
	return nil
}

// checkNames refuses a name or type that is registered, and fields stored under the table's own
// attributes.
func (r *registration) checkNames() error {
	names := r.e.Names()
	for _, o := range r.t.reg.entities {
		if o.Type == r.e.Type {
			return r.errorf("", "%s is registered on table %q already, as %s", r.e.Type, r.t.Name, o.Name)
		}
		if o.Name == r.e.Name && (r.t.Discriminator != "" || r.t.Lock != nil) {
			return r.errorf("", "the name is taken on table %q by %s: give this type another with entable.Name", r.t.Name, o.Type)
		}
		for _, name := range names {
			if slices.Contains(o.was, name) || name != r.e.Name && name == o.Name {
				return r.errorf("", "the name %q is that of %s, now or before: stored items would be of two types", name, o.Name)
			}
		}
	}
	for i, name := range r.e.was {
		if name == "" || name == r.e.Name || slices.Contains(r.e.was[:i], name) {
			return r.errorf("", "Was(%q): give each earlier name once", name)
		}
	}
	if len(r.e.Plan.Fields()) == 0 {
		return r.errorf("", "%s has no exported field to store", r.e.Type)
	}
	for _, f := range r.e.Plan.Fields() {
		use := r.t.reserved(f.Name)
		if len(r.e.Upgrades) > 0 && strings.EqualFold(f.Name, SchemaAttribute) {
			use = "the version of the item's shape"
		}
		if use != "" {
			return r.errorf(r.fieldName(f), "attribute %q is reserved for %s: store the field under another name with a dynamodbav tag", f.Name, use)
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
	if len(c.PKs) > 1 || len(c.SKs) > 1 {
		return r.errorf("", "PK and SK may be given once each")
	}
	if len(c.SKs) == 1 && !r.t.SK.Exists() {
		return r.errorf("", "SK is given but table %q has no sort key", r.t.Name)
	}
	c.PKs = append(c.PKs, KeyDecl{Parts: []Part{{Kind: AttrPart, Text: e.Plan.Fields()[0].Name}}})
	var err error
	if e.PK, err = r.compile("PK", c.PKs[0], r.t.PK, func(o *Entity) *Key { return o.PK }); err != nil {
		return err
	}
	if r.t.SK.Exists() {
		c.SKs = append(c.SKs, defaultSortKey)
		if e.SK, err = r.compile("SK", c.SKs[0], r.t.SK, func(o *Entity) *Key { return o.SK }); err != nil {
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
			e.KeyAttrs = append(e.KeyAttrs, k.comps[i].field.Name)
		}
	}
	for _, spec := range c.Joins {
		x, err := r.compileIndex(spec)
		if err != nil {
			return err
		}
		e.Indexes = append(e.Indexes, x)
	}
	return nil
}

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
	case x.Local && (len(pks) > 0 || len(sks) != 1):
		return nil, r.errorf(what, "it is local and has the table's partition key: give one SK")
	case !x.Local && (len(pks) != 1 || len(sks) > 1):
		return nil, r.errorf(what, "give one PK and at most one SK")
	case len(sks) == 1 && !x.IndexDecl.SK.Exists():
		return nil, r.errorf(what, "SK is given but the index has no sort key")
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
		if x.pk, err = r.compile(what+": PK", pks[0], x.IndexDecl.PK, of(func(x *EntityIndex) *Key { return x.pk })); err != nil {
			return nil, err
		}
	}
	if x.IndexDecl.SK.Exists() {
		sks = append(sks, defaultSortKey)
		if x.sk, err = r.compile(what+": SK", sks[0], x.IndexDecl.SK, of(func(x *EntityIndex) *Key { return x.sk })); err != nil {
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
		c, err := componentOf(f)
		if err != nil {
			return r.errorf(r.fieldName(f), "%s", err)
		}
		if stored := c.storedAs(); stored != a.Type {
			return r.errorf(r.fieldName(f), "%s declares attribute %q as %s, but %s is stored as %s", what, a.Name, a.Type, f.Type, stored)
		}
		k := &Key{Attr: a, sort: i >= len(x.Hash), comps: []component{c}, separator: keys.DefaultSeparator}
		if k.sort {
			x.ranges = append(x.ranges, k)
		} else {
			x.hashes = append(x.hashes, k)
		}
	}
	return nil
}

// IndexNames lists the table's indexes for messages.
func (t *Table) IndexNames() string {
	if len(t.Indexes) == 0 {
		return "it has none"
	}
	names := make([]string, len(t.Indexes))
	for i, x := range t.Indexes {
		names[i] = fmt.Sprintf("%q", x.Name)
	}
	return "it has " + strings.Join(names, ", ")
}

// Index finds an index of the table, or nil.
func (t *Table) Index(name string) *IndexDecl {
	for i := range t.Indexes {
		if t.Indexes[i].Name == name {
			return &t.Indexes[i]
		}
	}
	return nil
}

func (e *Entity) index(name string) *EntityIndex {
	for _, x := range e.Indexes {
		if x.Name == name {
			return x
		}
	}
	return nil
}

// keySettings are a keyDecl's parts, sorted out.
type keySettings struct {
	segs      []keys.Segment
	comps     []component
	prefix    *string
	noPrefix  bool
	share     *Entity
	separator string
	shard     *component
}

// compile builds one key of the entity, called what in messages, for attribute a; same finds the
// corresponding key of another.
func (r *registration) compile(what string, spec KeyDecl, a Attr, same func(*Entity) *Key) (*Key, error) {
	s, err := r.settings(spec, what)
	if err != nil {
		return nil, err
	}
	k := &Key{Attr: a, sort: spec.Sort, comps: s.comps, separator: keys.DefaultSeparator}
	if s.separator != "" {
		k.separator = s.separator
	}
	if a.Type != types.ScalarAttributeTypeS {
		return k, r.checkNative(k, s, what)
	}
	var shared *Key
	if s.share != nil {
		if s.share.Table != r.t {
			return nil, r.errorf(what, "PrefixOf(%s): it is registered on table %q, not on %q", s.share.Name, s.share.Table.Name, r.t.Name)
		}
		if shared = same(s.share); shared == nil {
			return nil, r.errorf(what, "PrefixOf(%s): it has no such key", s.share.Name)
		}
		k.prefix, k.separator = shared.prefix, shared.separator
	} else if k.prefix, err = r.prefix(s, k.separator, what, r.locked.Key(what)); err != nil {
		return nil, err
	}
	if k.pattern, err = keys.Compile(k.prefix, k.separator, s.segs); err != nil {
		return nil, r.errorf(what, "%s", err)
	}
	fixed := slices.IndexFunc(s.segs, func(s keys.Segment) bool { return s.Literal == "" })
	k.straight = k.separator == keys.DefaultSeparator && len(s.segs)-max(fixed, 0) == len(s.comps)
	if shared != nil && !k.sameShape(shared) {
		return nil, r.errorf(what, "PrefixOf(%s): the components differ: %s is not built like %s", s.share.Name, k.pattern, shared.pattern)
	}
	return k, nil
}

func (r *registration) settings(spec KeyDecl, what string) (keySettings, error) {
	var s keySettings
	for _, p := range spec.Parts {
		if err := r.addPart(&s, p, what, spec.Sort); err != nil {
			return s, err
		}
	}
	if len(s.segs) == 0 {
		return s, r.errorf(what, "it names no attribute")
	}
	if s.shard != nil {
		s.segs, s.comps = append(s.segs, s.shard.Seg), append(s.comps, *s.shard)
	}
	if len(s.comps) > maxComponents {
		return s, r.errorf(what, "%d components are above the limit of %d", len(s.comps), maxComponents)
	}
	if s.share != nil && (s.prefix != nil || s.noPrefix || s.separator != "") || s.prefix != nil && s.noPrefix {
		return s, r.errorf(what, "give one of Prefix, NoPrefix and PrefixOf (which brings its separator)")
	}
	return s, nil
}

func (r *registration) addPart(s *keySettings, p Part, what string, sort bool) error {
	switch p.Kind {
	case AttrPart:
		return r.addComponent(s, p, what)
	case LiteralPart:
		if p.Text == "" {
			return r.errorf(what, "Literal is empty")
		}
		s.segs = append(s.segs, keys.Segment{Literal: p.Text})
	case PrefixPart:
		if p.Text == "" {
			return r.errorf(what, "Prefix is empty: use entable.NoPrefix()")
		}
		s.prefix = &p.Text
	case NoPrefixPart:
		s.noPrefix = true
	case SeparatorPart:
		if p.Text == "" {
			return r.errorf(what, "Separator is empty: use one ASCII punctuation character")
		}
		s.separator = p.Text
	case PrefixOfPart:
		if s.share = p.Of; s.share == nil {
			return r.errorf(what, "PrefixOf(nil): the entity is not registered yet; declare it before this one")
		}
	case ShardsPart:
		if s.shard != nil {
			return r.errorf(what, "Shards is given twice")
		}
		return r.addShards(s, p, what, sort)
	default:
		return r.errorf(what, "a part of type %s: give attribute names, Attr, Literal, or a setting such as Prefix", p.Text)
	}
	return nil
}

func (r *registration) addComponent(s *keySettings, p Part, what string) error {
	f := r.e.Plan.Field(p.Text)
	if f == nil {
		return r.errorf(what, "unknown attribute %q: %s has %s", p.Text, r.e.Type, attrNames(r.e.Plan))
	}
	c, err := componentOf(f)
	if err != nil {
		return r.errorf(r.fieldName(f), "%s", err)
	}
	c.Seg.Width, c.Seg.Layout = p.Width, p.Layout
	s.segs = append(s.segs, c.Seg)
	s.comps = append(s.comps, c)
	return nil
}

func attrNames(p *codec.Plan) string {
	var b strings.Builder
	for i, f := range p.Fields() {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q", f.Name)
	}
	return b.String()
}

// checkNative checks a key in an attribute that is a number or binary: one component as it is.
func (r *registration) checkNative(k *Key, s keySettings, what string) error {
	kind := "number"
	if k.Attr.Type == types.ScalarAttributeTypeB {
		kind = "binary"
	}
	if s.prefix != nil || s.share != nil || s.separator != "" {
		return r.errorf(what, "attribute %q is a %s and cannot have a prefix: leave Prefix, PrefixOf and Separator out", k.Attr.Name, kind)
	}
	if len(s.segs) != 1 || len(s.comps) != 1 {
		return r.errorf(what, "attribute %q is a %s: give exactly one attribute", k.Attr.Name, kind)
	}
	if p := s.segs[0]; p.Width != 0 || p.Layout != "" {
		return r.errorf(what, "attribute %q is a %s and has no width or layout", k.Attr.Name, kind)
	}
	c := s.comps[0]
	number := c.Seg.Kind == keys.Int || c.Seg.Kind == keys.Uint || c.Seg.Kind == keys.Float
	if kind == "number" && !number || kind == "binary" && c.Seg.Kind != keys.Bytes {
		return r.errorf(r.fieldName(c.field), "%s cannot be the key %q, which is a %s", c.field.Type, k.Attr.Name, kind)
	}
	return nil
}

// prefix reserves the key's own prefix. locked is what the lock has of the key, or nil.
func (r *registration) prefix(s keySettings, separator, what string, locked *manifest.Key) (string, error) {
	text := s.segs[0].Literal
	if s.prefix != nil {
		text = *s.prefix
	}
	switch owner := r.t.Lock.Foreign(text, r.locked, s.prefix == nil); {
	case text == SentinelPrefix:
		return "", r.errorf(what, "prefix %q is reserved for unique fields: choose another", SentinelPrefix)
	case text == ManifestPrefix:
		return "", r.errorf(what, "prefix %q is reserved for the manifest: choose another", ManifestPrefix)
	case owner != "":
		return "", r.errorf(what, "prefix %q is reserved for %s by the lock: choose another, share its partitions with entable.PrefixOf, or, if this is its new name, say entable.Was(%q)", text, owner, owner)
	case s.prefix != nil:
		if c, ok := r.t.reg.taken[*s.prefix]; ok && (locked == nil || locked.Prefix != *s.prefix) {
			return "", r.errorf(what, "prefix %q is taken by %s: choose another, or share its partitions with entable.PrefixOf", *s.prefix, c.owner)
		}
		r.taken[*s.prefix] = claim{owner: r.e.Name}
		return *s.prefix, nil
	case text != "":
		if c, ok := r.t.reg.taken[text]; ok && !c.literal {
			return "", r.errorf(what, "Literal %q is a prefix of %s: choose another", text, c.owner)
		}
		if _, ok := r.taken[text]; !ok {
			r.taken[text] = claim{owner: r.e.Name, literal: true}
		}
		return "", nil
	case s.noPrefix:
		return "", nil
	}
	if locked != nil && locked.Prefix != "" {
		r.generated[s.comps[0].field.Name] = locked.Prefix
		r.taken[locked.Prefix] = claim{owner: r.e.Name}
		return locked.Prefix, nil
	}
	return r.generate(s.comps[0].field.Name, separator, what)
}

func (r *registration) holder(prefix string) string {
	if owner := r.t.Lock.Foreign(prefix, nil, false); owner != "" {
		return owner
	}
	if c, ok := r.t.reg.taken[prefix]; ok {
		return c.owner
	}
	return r.taken[prefix].owner
}

// generate makes the default prefix: the first letter of the entity's name, then the attribute's
// characters one by one, all in upper case, until the result is not taken on the table.
func (r *registration) generate(attr, separator, what string) (string, error) {
	if p, ok := r.generated[attr]; ok {
		return p, nil
	}
	first := []rune(r.e.Origin)[0]
	var p strings.Builder
	p.WriteString(string(unicode.ToUpper(first)))
	for _, c := range attr {
		p.WriteString(string(unicode.ToUpper(c)))
		if strings.Contains(p.String(), separator) {
			break
		}
		if r.holder(p.String()) == "" {
			r.generated[attr] = p.String()
			r.taken[p.String()] = claim{owner: r.e.Name}
			return p.String(), nil
		}
	}
	return "", r.errorf(what, "every prefix that can be made of attribute %q is taken on table %q: choose one with entable.Prefix(\"…\")", attr, r.t.Name)
}

// proveDisjoint shows that no other entity of the table can build the key of an item of this one.
func (r *registration) proveDisjoint() error {
	if r.e.meetsSentinels() {
		return r.errorf("", "an item can have the key of a unique field's sentinel, which starts with %q: give the key a prefix", SentinelPrefix)
	}
	if i, examples, found := r.t.reg.keys.Meets(r.e.patterns, nil); found {
		return r.errorf("", "%s: give one of them a prefix of its own, or a sort key that tells them apart", r.e.meeting(r.t.reg.entities[i].Name, examples))
	}
	return r.proveLocked()
}

// meeting says that an item of e can have the key of one of another entity.
func (e *Entity) meeting(other string, examples []string) string {
	if examples == nil {
		return "it cannot be shown that no item has the same key as one of " + other
	}
	why := ""
	for _, k := range []*Key{e.PK, e.SK} {
		if k == nil || k.Attr.Type == types.ScalarAttributeTypeN {
			continue
		}
		format := " %s=%q"
		if k.Attr.Type == types.ScalarAttributeTypeB {
			format = " %s=0x%s"
		}
		if why == "" {
			why = ", for example"
		}
		why += fmt.Sprintf(format, k.Attr.Name, examples[0])
		examples = examples[1:]
	}
	return "an item can have the same key as one of " + other + why
}

// Directory finds the entity of a type, a discriminator or a key, in constant time.
type Directory struct {
	ByType map[reflect.Type]*Entity
	byName map[string]*Entity
	// byLead finds candidates by the first segments of both keys, as far as they are fixed.
	byLead     map[[2]string][]*Entity
	separators string
}

func (t *Table) Directory() *Directory {
	if d := t.reg.found.Load(); d != nil {
		return d
	}
	t.reg.mu.Lock()
	defer t.reg.mu.Unlock()
	d := &Directory{
		ByType: map[reflect.Type]*Entity{},
		byName: map[string]*Entity{},
		byLead: map[[2]string][]*Entity{},
	}
	for _, e := range t.reg.entities {
		d.ByType[e.Type] = e
		for _, name := range e.Names() {
			d.byName[name] = e
		}
		var lead [2]string
		for i, k := range []*Key{e.PK, e.SK} {
			if k == nil {
				continue
			}
			lead[i] = firstSegment(k.Lead(), k.separator)
			if !strings.Contains(d.separators, k.separator) {
				d.separators += k.separator
			}
		}
		d.byLead[lead] = append(d.byLead[lead], e)
	}
	t.reg.found.Store(d)
	return d
}

// EntityOfValue returns the entity of a pointer to a registered type.
func (d *Directory) EntityOfValue(v any) *Entity { return d.ByType[reflect.TypeOf(v).Elem()] }

// firstSegment returns text up to and with the first separator, or all of it.
func firstSegment(text, separators string) string {
	if i := strings.IndexAny(text, separators); i >= 0 {
		return text[:i+1]
	}
	return text
}

// byKey finds the entity whose keys pk and sk can be, or nil. The proof of registration makes it the
// only one.
func (d *Directory) byKey(pk, sk string) *Entity {
	pkLeads, skLeads := d.leads(pk), d.leads(sk)
	for _, p := range pkLeads {
		for _, s := range skLeads {
			for _, e := range d.byLead[[2]string{p, s}] {
				if e.PK.matches(pk) && (e.SK == nil || e.SK.matches(sk)) {
					return e
				}
			}
		}
	}
	return nil
}

// leads returns the first segments that text has under each separator of the table, and "" for keys
// without fixed text.
func (d *Directory) leads(text string) []string {
	leads := make([]string, 0, 4)
	for i := range len(d.separators) {
		if s := firstSegment(text, d.separators[i:i+1]); !slices.Contains(leads, s) {
			leads = append(leads, s)
		}
	}
	return append(leads, "")
}

// ExampleOf finds the entity of an example, which is a registered struct or a pointer to one, and
// where its fields are.
func (t *Table) ExampleOf(example any) (*Entity, unsafe.Pointer, error) {
	v := reflect.ValueOf(example)
	if v.Kind() == reflect.Pointer && v.IsNil() || !v.IsValid() {
		return nil, nil, misuse("table %q: the example is nil: give a registered struct with its key fields set", t.Name)
	}
	if v.Kind() != reflect.Pointer {
		p := reflect.New(v.Type())
		p.Elem().Set(v)
		v = p
	}
	e := t.Directory().ByType[v.Type().Elem()]
	if e == nil {
		return nil, nil, misuse("table %q: %s is not registered on it", t.Name, v.Type().Elem())
	}
	return e, v.UnsafePointer(), nil
}
