package entable

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
)

// registry knows a table's entities. Registration proves that no two of them can build one key.
type registry struct {
	mu       sync.Mutex
	entities []*entity // in registration order
	taken    map[string]claim
	keys     keys.Set // of the entities, by their places
	// found is the table of who is who, made anew by the first read after a registration.
	found atomic.Pointer[directory]
}

// claim says who holds a prefix.
type claim struct {
	owner   string // the entity's name
	literal bool   // fixed text at the start of a key: others may start with the same
}

// entity is what the registry knows of one registered type. It is immutable but for its client.
type entity struct {
	table       *Table
	name        string
	was         []string // earlier names, the oldest first
	origin      string   // the oldest name: of sentinels and generated prefixes
	typ         reflect.Type
	number      int // among the table's entities
	plan        *codec.Plan
	embedded    [][]int // structs embedded by pointer, which copies of an item do not share
	pk          *key
	sk          *key            // nil in a table without sort key
	patterns    []*keys.Pattern // of these two, for the proof
	keyAttrs    []string
	indexes     []*entityIndex
	consistent  consistency
	maxSize     int
	auto        autoPlan
	version     *codec.Field          // the field of the optimistic lock, or nil
	unique      []*uniqueField        // fields that are kept unique
	ttl         *codec.Field          // when items expire, or nil
	rest        []int                 // the field that takes unknown attributes, or nil
	unstored    []reflect.StructField // fields of the struct that are no attributes
	skipHooks   bool
	hideExpired bool
	validates   bool
	changing    bool // a put may change the item before it is encoded
	hooks       hookSet
	head        []byte      // the discriminator's member, ready to write
	checked     *codec.Plan // plan that accepts only items with this entity's discriminator
	sizeHint    atomic.Int64
	conn        atomic.Pointer[conn]
	upgrades    []func(RawItem) error // from each version of the shape to the next
}

// entityIndex is an index of the table as one entity uses it.
type entityIndex struct {
	*indexConfig
	pk, sk *key
	// hashes and ranges are the key fields of a native index.
	hashes, ranges []*key
}

// keys lists the keys that are kept up: not those that the item has anyway.
func (x *entityIndex) keys() []*key {
	switch {
	case x.native:
		return nil
	case x.local:
		return []*key{x.sk}
	case x.sk == nil:
		return []*key{x.pk}
	}
	return []*key{x.pk, x.sk}
}

// fields lists the attributes that the kept-up keys are made of.
func (x *entityIndex) fields() []*codec.Field {
	var out []*codec.Field
	for _, k := range x.keys() {
		for i := range k.comps {
			out = append(out, k.comps[i].field)
		}
	}
	return out
}

// absent reports whether the index leaves the item at ptr out.
func (x *entityIndex) absent(ptr unsafe.Pointer) bool {
	for _, k := range x.keys() {
		if k.absent(ptr) {
			return true
		}
	}
	return false
}

// keyFields lists the attributes that the primary key is made of.
func (e *entity) keyFields() []string { return e.keyAttrs }

// pointer is the address of an instance of the entity.
func (e *entity) pointer(v any) unsafe.Pointer { return reflect.ValueOf(v).UnsafePointer() }

// names are the discriminators of the entity's items, today's first.
func (e *entity) names() []string { return append([]string{e.name}, e.was...) }

// Registered is any registered entity: every *[Entity] is one.
type Registered interface{ registered() *entity }

// entityOf is the entity behind r, or nil when it is not registered yet.
func entityOf(r Registered) *entity {
	if r == nil {
		return nil
	}
	return r.registered()
}

// registration is one entity on its way into the registry. Nothing of it is visible before all is
// proved, so that a refused declaration leaves no trace.
type registration struct {
	t         *Table
	e         *entity
	taken     map[string]claim
	generated map[string]string // attribute → prefix; one entity and attribute have one prefix
	locked    *manifestEntity   // what the lock has of the entity, or nil
}

func (t *Table) register(typ reflect.Type, opts []EntityOption) (*entity, error) {
	t.reg.mu.Lock()
	defer t.reg.mu.Unlock()
	var c entityConfig
	for _, o := range opts {
		o.applyEntity(&c)
	}
	r := &registration{t: t, taken: map[string]claim{}, generated: map[string]string{}}
	e, err := r.build(typ, c)
	if err != nil {
		return nil, err
	}
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
	return &DeclarationError{What: r.e.name, Field: field, Reason: fmt.Sprintf(format, args...)}
}

func (r *registration) build(typ reflect.Type, c entityConfig) (*entity, error) {
	e := &entity{table: r.t, name: c.name, was: c.was, typ: typ, number: len(r.t.reg.entities), consistent: c.consistent, maxSize: c.maxSize, upgrades: c.upgrades, skipHooks: c.skipHooks, hideExpired: c.hideExpired || r.t.hideExpired}
	r.e = e
	if e.name == "" {
		e.name = typ.Name()
	}
	if e.name == "" {
		e.name = typ.String()
		return nil, r.errorf("", "the type has no name: give it one with entable.Name")
	}
	if typ.Kind() != reflect.Struct {
		return nil, r.errorf("", "%s is not a struct", typ)
	}
	if c.name == "" && strings.ContainsRune(e.name, '[') {
		return nil, r.errorf("", "the name of a generic type changes when its arguments move: give it one with entable.Name")
	}
	if e.maxSize < 0 {
		return nil, r.errorf("", "MaxSize is negative")
	}
	var err error
	if e.plan, err = codec.PlanOf(typ); err != nil {
		return nil, &DeclarationError{What: e.name, Err: err}
	}
	e.embedded = embeddedPointers(e.plan)
	e.origin = append(e.was[:len(e.was):len(e.was)], e.name)[0]
	if len(e.was) > 1 && e.origin == e.name {
		e.was = e.was[1:] // it has its first name again
	}
	if err := r.checkNames(); err != nil {
		return nil, err
	}
	if err := r.findLocked(); err != nil {
		return nil, err
	}
	if err := r.compileKeys(c); err != nil {
		return nil, err
	}
	if err := r.proveDisjoint(); err != nil {
		return nil, err
	}
	if err := e.readTags(); err != nil {
		return nil, err
	}
	if err := r.checkMoving(); err != nil {
		return nil, err
	}
	if err := r.checkLocked(); err != nil {
		return nil, err
	}
	e.unstored = e.unstoredFields()
	e.hooks = hooksOf(reflect.New(typ).Interface())
	var rules ruleSet
	rules.add(typ)
	if err := rules.check(r.t.validate); err != nil {
		return nil, r.errorf("", "invalid validate tag: %s", err)
	}
	e.validates = r.t.validate != defaultValidate() || rules.any
	e.changing = e.hooks.beforeSave || e.validates || e.version != nil || len(e.unique) > 0 || len(e.auto.fields) > 0
	if e.head, err = e.ownMembers(); err != nil {
		return nil, r.errorf("", "invalid name: %s", err)
	}
	e.checked = e.plan.Expect(r.t.discriminator, e.name)
	return e, nil
}

// checkNames refuses a name or type that is registered, and fields stored under the table's own
// attributes.
func (r *registration) checkNames() error {
	names := r.e.names()
	for _, o := range r.t.reg.entities {
		if o.typ == r.e.typ {
			return r.errorf("", "%s is registered on table %q already, as %s", r.e.typ, r.t.name, o.name)
		}
		if o.name == r.e.name && (r.t.discriminator != "" || r.t.lock != nil) {
			return r.errorf("", "the name is taken on table %q by %s: give this type another with entable.Name", r.t.name, o.typ)
		}
		for _, name := range names {
			if slices.Contains(o.was, name) || name != r.e.name && name == o.name {
				return r.errorf("", "the name %q is that of %s, now or before: stored items would be of two types", name, o.name)
			}
		}
	}
	for i, name := range r.e.was {
		if name == "" || name == r.e.name || slices.Contains(r.e.was[:i], name) {
			return r.errorf("", "Was(%q): give each earlier name once", name)
		}
	}
	if len(r.e.plan.Fields()) == 0 {
		return r.errorf("", "%s has no exported field to store", r.e.typ)
	}
	for _, f := range r.e.plan.Fields() {
		use := r.t.reserved(f.Name)
		if len(r.e.upgrades) > 0 && strings.EqualFold(f.Name, schemaAttribute) {
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
	for _, f := range e.plan.Fields() {
		moves := f == e.version || e.auto.touches(f)
		switch {
		case moves && slices.Contains(e.keyAttrs, f.Name):
			return r.errorf(r.fieldName(f), "every write changes it: it cannot be part of the key")
		case f == e.version && e.derivesFrom(f):
			return r.errorf(r.fieldName(f), "the version cannot be part of an index key or unique")
		}
	}
	return nil
}

// fieldName is the Go name of a field, for messages.
func (r *registration) fieldName(f *codec.Field) string {
	return "field " + r.e.typ.FieldByIndex(f.Index).Name
}

func (r *registration) compileKeys(c entityConfig) error {
	e := r.e
	if len(c.pks) > 1 || len(c.sks) > 1 {
		return r.errorf("", "PK and SK may be given once each")
	}
	if len(c.sks) == 1 && !r.t.sk.exists() {
		return r.errorf("", "SK is given but table %q has no sort key", r.t.name)
	}
	c.pks = append(c.pks, PK(e.plan.Fields()[0].Name))
	var err error
	if e.pk, err = r.compile("PK", c.pks[0], r.t.pk, func(o *entity) *key { return o.pk }); err != nil {
		return err
	}
	if r.t.sk.exists() {
		c.sks = append(c.sks, SK(Literal("A")))
		if e.sk, err = r.compile("SK", c.sks[0], r.t.sk, func(o *entity) *key { return o.sk }); err != nil {
			return err
		}
	}
	for _, k := range []*key{e.pk, e.sk} {
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
			e.keyAttrs = append(e.keyAttrs, k.comps[i].field.Name)
		}
	}
	for _, spec := range c.indexes {
		x, err := r.compileIndex(spec)
		if err != nil {
			return err
		}
		e.indexes = append(e.indexes, x)
	}
	return nil
}

func (r *registration) compileIndex(spec indexSpec) (*entityIndex, error) {
	what := fmt.Sprintf("index %q", spec.name)
	i := slices.IndexFunc(r.t.indexes, func(x indexConfig) bool { return x.name == spec.name })
	if i < 0 {
		return nil, r.errorf(what, "table %q does not declare it (%s): add entable.GSI(%q) to the table", r.t.name, r.t.indexNames(), spec.name)
	}
	if r.e.index(spec.name) != nil {
		return nil, r.errorf(what, "it is given twice")
	}
	x := &entityIndex{indexConfig: &r.t.indexes[i]}
	var pks, sks []KeySpec
	for _, k := range spec.keys {
		if k.sort {
			sks = append(sks, k)
		} else {
			pks = append(pks, k)
		}
	}
	switch {
	case x.native && len(spec.keys) > 0:
		return nil, r.errorf(what, "it is native, its keys are attributes of the entity: give no PK and SK")
	case x.native:
		return x, r.joinNative(x, what)
	case x.local && (len(pks) > 0 || len(sks) != 1):
		return nil, r.errorf(what, "it is local and has the table's partition key: give one SK")
	case !x.local && (len(pks) != 1 || len(sks) > 1):
		return nil, r.errorf(what, "give one PK and at most one SK")
	case len(sks) == 1 && !x.indexConfig.sk.exists():
		return nil, r.errorf(what, "SK is given but the index has no sort key")
	}
	of := func(get func(*entityIndex) *key) func(*entity) *key {
		return func(o *entity) *key {
			if ox := o.index(spec.name); ox != nil {
				return get(ox)
			}
			return nil
		}
	}
	x.pk = r.e.pk
	var err error
	if !x.local {
		if x.pk, err = r.compile(what+": PK", pks[0], x.indexConfig.pk, of(func(x *entityIndex) *key { return x.pk })); err != nil {
			return nil, err
		}
	}
	if x.indexConfig.sk.exists() {
		sks = append(sks, SK(Literal("A")))
		if x.sk, err = r.compile(what+": SK", sks[0], x.indexConfig.sk, of(func(x *entityIndex) *key { return x.sk })); err != nil {
			return nil, err
		}
	}
	return x, nil
}

// joinNative finds the fields that are the keys of a native index.
func (r *registration) joinNative(x *entityIndex, what string) error {
	for i, a := range slices.Concat(x.hash, x.rng) {
		f := r.e.plan.Field(a.name)
		if f == nil {
			return r.errorf(what, "unknown attribute %q: %s has %s", a.name, r.e.typ, attrNames(r.e.plan))
		}
		c, err := componentOf(f)
		if err != nil {
			return r.errorf(r.fieldName(f), "%s", err)
		}
		if stored := c.storedAs(); stored != a.typ {
			return r.errorf(r.fieldName(f), "%s declares attribute %q as %s, but %s is stored as %s", what, a.name, a.typ, f.Type, stored)
		}
		k := &key{attr: a, sort: i >= len(x.hash), comps: []component{c}, separator: keys.DefaultSeparator}
		if k.sort {
			x.ranges = append(x.ranges, k)
		} else {
			x.hashes = append(x.hashes, k)
		}
	}
	return nil
}

// indexNames lists the table's indexes for messages.
func (t *Table) indexNames() string {
	if len(t.indexes) == 0 {
		return "it has none"
	}
	names := make([]string, len(t.indexes))
	for i, x := range t.indexes {
		names[i] = fmt.Sprintf("%q", x.name)
	}
	return "it has " + strings.Join(names, ", ")
}

// index finds an index of the table, or nil.
func (t *Table) index(name string) *indexConfig {
	for i := range t.indexes {
		if t.indexes[i].name == name {
			return &t.indexes[i]
		}
	}
	return nil
}

func (e *entity) index(name string) *entityIndex {
	for _, x := range e.indexes {
		if x.name == name {
			return x
		}
	}
	return nil
}

// keySettings are a KeySpec's parts, sorted out.
type keySettings struct {
	segs      []keys.Segment
	comps     []component
	prefix    *string
	noPrefix  bool
	share     *entity
	separator string
	shard     *component
}

// compile builds one key of the entity, called what in messages, for attribute a; same finds the
// corresponding key of another.
func (r *registration) compile(what string, spec KeySpec, a keyAttr, same func(*entity) *key) (*key, error) {
	s, err := r.settings(spec, what)
	if err != nil {
		return nil, err
	}
	k := &key{attr: a, sort: spec.sort, comps: s.comps, separator: keys.DefaultSeparator}
	if s.separator != "" {
		k.separator = s.separator
	}
	if a.typ != types.ScalarAttributeTypeS {
		return k, r.checkNative(k, s, what)
	}
	var shared *key
	if s.share != nil {
		if s.share.table != r.t {
			return nil, r.errorf(what, "PrefixOf(%s): it is registered on table %q, not on %q", s.share.name, s.share.table.name, r.t.name)
		}
		if shared = same(s.share); shared == nil {
			return nil, r.errorf(what, "PrefixOf(%s): it has no such key", s.share.name)
		}
		k.prefix, k.separator = shared.prefix, shared.separator
	} else if k.prefix, err = r.prefix(s, k.separator, what, r.locked.key(what)); err != nil {
		return nil, err
	}
	if k.pattern, err = keys.Compile(k.prefix, k.separator, s.segs); err != nil {
		return nil, r.errorf(what, "%s", err)
	}
	if shared != nil && !k.sameShape(shared) {
		return nil, r.errorf(what, "PrefixOf(%s): the components differ: %s is not built like %s", s.share.name, k.pattern, shared.pattern)
	}
	return k, nil
}

func (r *registration) settings(spec KeySpec, what string) (keySettings, error) {
	var s keySettings
	for _, p := range spec.parts {
		switch p := p.(type) {
		case string:
			if err := r.addComponent(&s, AttrPart{name: p}, what); err != nil {
				return s, err
			}
		case AttrPart:
			if err := r.addComponent(&s, p, what); err != nil {
				return s, err
			}
		case literalPart:
			if p == "" {
				return s, r.errorf(what, "Literal is empty")
			}
			s.segs = append(s.segs, keys.Segment{Literal: string(p)})
		case prefixPart:
			if p.text == "" {
				return s, r.errorf(what, "Prefix is empty: use entable.NoPrefix()")
			}
			s.prefix = &p.text
		case noPrefixPart:
			s.noPrefix = true
		case separatorPart:
			if p == "" {
				return s, r.errorf(what, "Separator is empty: use one ASCII punctuation character")
			}
			s.separator = string(p)
		case prefixOfPart:
			if s.share = entityOf(p.of); s.share == nil {
				return s, r.errorf(what, "PrefixOf(nil): the entity is not registered yet; declare it before this one")
			}
		case shardsPart:
			if s.shard != nil {
				return s, r.errorf(what, "Shards is given twice")
			}
			if err := r.addShards(&s, p, what, spec.sort); err != nil {
				return s, err
			}
		default:
			return s, r.errorf(what, "a part of type %T: give attribute names, Attr, Literal, or a setting such as Prefix", p)
		}
	}
	if len(s.segs) == 0 {
		return s, r.errorf(what, "it names no attribute")
	}
	if s.shard != nil {
		s.segs, s.comps = append(s.segs, s.shard.seg), append(s.comps, *s.shard)
	}
	if len(s.comps) > maxComponents {
		return s, r.errorf(what, "%d components are above the limit of %d", len(s.comps), maxComponents)
	}
	if s.share != nil && (s.prefix != nil || s.noPrefix || s.separator != "") || s.prefix != nil && s.noPrefix {
		return s, r.errorf(what, "give one of Prefix, NoPrefix and PrefixOf (which brings its separator)")
	}
	return s, nil
}

func (r *registration) addComponent(s *keySettings, p AttrPart, what string) error {
	f := r.e.plan.Field(p.name)
	if f == nil {
		return r.errorf(what, "unknown attribute %q: %s has %s", p.name, r.e.typ, attrNames(r.e.plan))
	}
	c, err := componentOf(f)
	if err != nil {
		return r.errorf(r.fieldName(f), "%s", err)
	}
	c.seg.Width, c.seg.Layout = p.width, p.layout
	s.segs = append(s.segs, c.seg)
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
func (r *registration) checkNative(k *key, s keySettings, what string) error {
	kind := "number"
	if k.attr.typ == types.ScalarAttributeTypeB {
		kind = "binary"
	}
	if s.prefix != nil || s.share != nil || s.separator != "" {
		return r.errorf(what, "attribute %q is a %s and cannot have a prefix: leave Prefix, PrefixOf and Separator out", k.attr.name, kind)
	}
	if len(s.segs) != 1 || len(s.comps) != 1 {
		return r.errorf(what, "attribute %q is a %s: give exactly one attribute", k.attr.name, kind)
	}
	if p := s.segs[0]; p.Width != 0 || p.Layout != "" {
		return r.errorf(what, "attribute %q is a %s and has no width or layout", k.attr.name, kind)
	}
	c := s.comps[0]
	number := c.seg.Kind == keys.Int || c.seg.Kind == keys.Uint || c.seg.Kind == keys.Float
	if kind == "number" && !number || kind == "binary" && c.seg.Kind != keys.Bytes {
		return r.errorf(r.fieldName(c.field), "%s cannot be the key %q, which is a %s", c.field.Type, k.attr.name, kind)
	}
	return nil
}

// prefix reserves the key's own prefix. locked is what the lock has of the key, or nil.
func (r *registration) prefix(s keySettings, separator, what string, locked *manifestKey) (string, error) {
	text := s.segs[0].Literal
	if s.prefix != nil {
		text = *s.prefix
	}
	switch owner := r.t.lock.foreign(text, r.locked, s.prefix == nil); {
	case text == sentinelPrefix:
		return "", r.errorf(what, "prefix %q is reserved for unique fields: choose another", sentinelPrefix)
	case text == manifestPrefix:
		return "", r.errorf(what, "prefix %q is reserved for the manifest: choose another", manifestPrefix)
	case owner != "":
		return "", r.errorf(what, "prefix %q is reserved for %s by the lock: choose another, share its partitions with entable.PrefixOf, or, if this is its new name, say entable.Was(%q)", text, owner, owner)
	case s.prefix != nil:
		if c, ok := r.t.reg.taken[*s.prefix]; ok && (locked == nil || locked.Prefix != *s.prefix) {
			return "", r.errorf(what, "prefix %q is taken by %s: choose another, or share its partitions with entable.PrefixOf", *s.prefix, c.owner)
		}
		r.taken[*s.prefix] = claim{owner: r.e.name}
		return *s.prefix, nil
	case text != "":
		if c, ok := r.t.reg.taken[text]; ok && !c.literal {
			return "", r.errorf(what, "Literal %q is a prefix of %s: choose another", text, c.owner)
		}
		if _, ok := r.taken[text]; !ok {
			r.taken[text] = claim{owner: r.e.name, literal: true}
		}
		return "", nil
	case s.noPrefix:
		return "", nil
	}
	if locked != nil && locked.Prefix != "" {
		r.generated[s.comps[0].field.Name] = locked.Prefix
		r.taken[locked.Prefix] = claim{owner: r.e.name}
		return locked.Prefix, nil
	}
	return r.generate(s.comps[0].field.Name, separator, what)
}

func (r *registration) holder(prefix string) string {
	if owner := r.t.lock.foreign(prefix, nil, false); owner != "" {
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
	first := []rune(r.e.origin)[0]
	var p strings.Builder
	p.WriteString(string(unicode.ToUpper(first)))
	for _, c := range attr {
		p.WriteString(string(unicode.ToUpper(c)))
		if strings.Contains(p.String(), separator) {
			break
		}
		if r.holder(p.String()) == "" {
			r.generated[attr] = p.String()
			r.taken[p.String()] = claim{owner: r.e.name}
			return p.String(), nil
		}
	}
	return "", r.errorf(what, "every prefix that can be made of attribute %q is taken on table %q: choose one with entable.Prefix(\"…\")", attr, r.t.name)
}

// proveDisjoint shows that no other entity of the table can build the key of an item of this one.
func (r *registration) proveDisjoint() error {
	if r.e.meetsSentinels() {
		return r.errorf("", "an item can have the key of a unique field's sentinel, which starts with %q: give the key a prefix", sentinelPrefix)
	}
	if i, examples, found := r.t.reg.keys.Meets(r.e.patterns); found {
		return r.collision(r.t.reg.entities[i], examples)
	}
	return nil
}

func (r *registration) collision(o *entity, examples []string) error {
	const cure = "give one of them a prefix of its own, or a sort key that tells them apart"
	if examples == nil {
		return r.errorf("", "it cannot be shown that no item has the same key as one of %s: %s", o.name, cure)
	}
	why := ""
	for _, k := range []*key{r.e.pk, r.e.sk} {
		if k == nil || k.attr.typ == types.ScalarAttributeTypeN {
			continue
		}
		format := " %s=%q"
		if k.attr.typ == types.ScalarAttributeTypeB {
			format = " %s=0x%s"
		}
		if why == "" {
			why = ", for example"
		}
		why += fmt.Sprintf(format, k.attr.name, examples[0])
		examples = examples[1:]
	}
	return r.errorf("", "an item can have the same key as one of %s%s: %s", o.name, why, cure)
}

// directory finds the entity of a type, a discriminator or a key, in constant time.
type directory struct {
	byType map[reflect.Type]*entity
	byName map[string]*entity
	// byLead finds candidates by the first segments of both keys, as far as they are fixed.
	byLead     map[[2]string][]*entity
	separators string
}

func (t *Table) directory() *directory {
	if d := t.reg.found.Load(); d != nil {
		return d
	}
	t.reg.mu.Lock()
	defer t.reg.mu.Unlock()
	d := &directory{
		byType: map[reflect.Type]*entity{},
		byName: map[string]*entity{},
		byLead: map[[2]string][]*entity{},
	}
	for _, e := range t.reg.entities {
		d.byType[e.typ] = e
		for _, name := range e.names() {
			d.byName[name] = e
		}
		var lead [2]string
		for i, k := range []*key{e.pk, e.sk} {
			if k == nil {
				continue
			}
			lead[i] = firstSegment(k.lead(), k.separator)
			if !strings.Contains(d.separators, k.separator) {
				d.separators += k.separator
			}
		}
		d.byLead[lead] = append(d.byLead[lead], e)
	}
	t.reg.found.Store(d)
	return d
}

// entityOfValue is the entity of a pointer to a registered type.
func (d *directory) entityOfValue(v any) *entity { return d.byType[reflect.TypeOf(v).Elem()] }

// firstSegment is text up to and with the first separator, or all of it.
func firstSegment(text, separators string) string {
	if i := strings.IndexAny(text, separators); i >= 0 {
		return text[:i+1]
	}
	return text
}

// byKey finds the entity whose keys pk and sk can be, or nil. The proof of registration makes it the
// only one.
func (d *directory) byKey(pk, sk string) *entity {
	pkLeads, skLeads := d.leads(pk), d.leads(sk)
	for _, p := range pkLeads {
		for _, s := range skLeads {
			for _, e := range d.byLead[[2]string{p, s}] {
				if e.pk.matches(pk) && (e.sk == nil || e.sk.matches(sk)) {
					return e
				}
			}
		}
	}
	return nil
}

// leads are the first segments that text has under each separator of the table, and "" for keys
// without fixed text.
func (d *directory) leads(text string) []string {
	leads := make([]string, 0, 4)
	for i := range len(d.separators) {
		if s := firstSegment(text, d.separators[i:i+1]); !slices.Contains(leads, s) {
			leads = append(leads, s)
		}
	}
	return append(leads, "")
}
