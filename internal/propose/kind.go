package propose

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// A Kind is items of one kind, with the declaration that is proposed for them.
type Kind struct {
	Name    string // of the Go type
	Var     string // of the variable
	Entity  string // what it is registered as
	Value   string // of the discriminator, "" without
	Items   int    // in the sample
	Fields  []Field
	PK, SK  *Key
	Indexes []Joined
	g       *group
}

// A Field is a field of the Go type, with what the reader should know of it.
type Field struct {
	reflect.StructField
	Note string
}

// Joined is an index that the items are in, with the keys that it has for itself: not those that items have anyway.
type Joined struct {
	Index string
	Keys  []*Key
}

// A mode says what is given up for a kind that cannot be declared otherwise.
type mode struct {
	ids        bool // texts that were ids in all items are nothing else
	ownIndexes bool // the keys of indexes are fields
	ownKeys    bool // those of the table too
}

// A builder makes the declaration of one kind.
type builder struct {
	*sample
	mode
	g       *group
	skip    string // the discriminator, where it is no field
	sources [][]source
	typing
	keyonly []Field
	taken   map[string]bool // the names of attributes, in small letters
	notes   map[string]string
	keyed   map[string]bool // the paths that keys are made of
}

// build makes the declaration of a group. The discriminator is no part of keys; typed says that it is no field either.
func (s *sample) build(g *group, discriminator string, typed bool, m mode) (*Kind, error) {
	b := &builder{
		sample: s, mode: m, g: g,
		typing: typing{within: map[string]bool{}, clocks: map[string]bool{}, numeric: map[string]bool{}, values: s.values},
		taken:  map[string]bool{}, notes: map[string]string{}, keyed: map[string]bool{},
	}
	for _, i := range g.items {
		b.sources = append(b.sources, slices.DeleteFunc(slices.Clone(s.sources[i]), func(o source) bool { return o.path == discriminator }))
	}
	switch {
	case typed:
		b.skip = discriminator
	case g.value != "":
		b.notes[discriminator] = fmt.Sprintf("the type, %q in all sampled items: set it on new ones", g.value)
	}
	for name := range s.table.keyAttrs() {
		b.taken[strings.ToLower(name)] = true
	}
	for name := range g.attrs {
		b.taken[strings.ToLower(name)] = true
	}
	k := &Kind{Value: g.value, Items: len(g.items), g: g, PK: b.key(s.table.PK)}
	if s.table.SK.Name != "" {
		k.SK = b.key(s.table.SK)
	}
	b.joins(k)
	b.write(k)
	return k, b.fields(k)
}

// key finds the key of the table in an attribute.
func (b *builder) key(a Attr) *Key {
	k := &Key{Attr: a, Own: true}
	b.numeric[a.Name] = a.Type == "N"
	if a.Type != "S" {
		return k
	}
	texts := b.texts(a.Name, b.g.items)
	if b.ownKeys {
		return b.own(k, texts)
	}
	place := 0
	if a == b.table.SK {
		place = 1
	}
	if levels := b.g.levels[place]; levels != nil {
		k.parts = b.endings(a, levels)
	} else {
		k.parts = explainKeys(texts, b.sources)
	}
	if len(texts) < few && k.parts != nil {
		k.parts = b.loosen(k.parts, texts, a)
	}
	natural := b.natural[0] && a == b.table.PK || b.natural[1] && a == b.table.SK
	if k.parts == nil || whole(k.parts) || natural && (lone(k.parts) || missing(k.parts) > 0) {
		return b.own(k, texts)
	}
	k.Own = false
	b.name(k)
	return k
}

// own makes a key a field, which further keys can be made of.
func (b *builder) own(k *Key, texts []string) *Key {
	k.parts = nil
	for row, text := range texts {
		b.sources[row] = append(b.sources[row], source{path: k.Attr.Name, text: text})
	}
	return k
}

// texts returns an attribute of items, which is a text in all of them.
func (b *builder) texts(attr string, rows []int) (texts []string) {
	for _, i := range rows {
		text, _ := scalar(b.items[i][attr])
		texts = append(texts, text)
	}
	return texts
}

// name gives the components that no attribute explains fields of their own, and lets further keys be made of them.
func (b *builder) name(k *Key) {
	for i := range k.parts {
		p := &k.parts[i]
		if p.fixed != "" || p.cand != nil {
			b.use(p)
			continue
		}
		want := ""
		if i > 0 {
			want = lastWord(k.parts[i-1].fixed)
		}
		if want == "" {
			want = strings.ToLower(k.Attr.Name) + "_part"
		}
		b.keyOnly(p, want, i == len(k.parts)-1 && k.Attr == b.table.PK)
	}
}

// keyOnly gives a component a field that is in the key alone; last: it is the last one of the partition key.
func (b *builder) keyOnly(p *part, want string, last bool) {
	name := want
	for n := 2; b.taken[name]; n++ {
		name = want + "_" + strconv.Itoa(n)
	}
	b.taken[name] = true
	typ, format := textType, ""
	there := p.there()
	if n := digits(there); n > 0 {
		typ, format = wholeType, "0"+strconv.Itoa(n)
	} else if wholes(there) && (len(there) == len(p.texts) || !slices.Contains(there, "0")) {
		typ = wholeType
	}
	tag := reflect.StructTag("dynamodbav:" + strconv.Quote(name) + ` entable:"keyonly"`)
	note := b.derived(p)
	if last && note == "" {
		note = b.sharded(p)
	}
	if note == "" {
		note = b.almost(p)
	}
	b.keyonly = append(b.keyonly, Field{reflect.StructField{Name: goName(name), Type: typ, Tag: tag}, note})
	num := typ == wholeType
	p.cand = &candidate{path: name, format: format, num: num, fixed: format != "", id: !num && idFormat(there) != "", texts: p.texts}
	for row, text := range p.texts {
		if text == "" {
			continue
		}
		if format != "" {
			text = strings.TrimLeft(text[:len(text)-1], "0") + text[len(text)-1:]
		}
		b.sources[row] = append(b.sources[row], source{path: name, text: text, num: num})
	}
}

// almost says of a component that no attribute explains which one does in most of the items.
func (b *builder) almost(p *part) string {
	n := map[string]int{}
	best := ""
	for row, text := range p.texts {
		for _, s := range b.sources[row] {
			if s.text == text {
				if n[s.path]++; n[s.path] > n[best] || n[s.path] == n[best] && s.path < best {
					best = s.path
				}
			}
		}
	}
	if 2*n[best] > len(p.texts) {
		return fmt.Sprintf("guess: in the key only; %q is the same in %d of %d items", best, n[best], len(p.texts))
	}
	return "guess: in the key only, no attribute has it"
}

// use notes what a component asks of its field.
func (b *builder) use(p *part) {
	c := p.cand
	if c == nil {
		return
	}
	b.keyed[c.path] = true
	if c.clock {
		b.clocks[c.path] = true
	}
	for path := c.path; ; {
		i := strings.LastIndexByte(path, '.')
		if i < 0 {
			break
		}
		path = path[:i]
		b.within[path] = true
	}
	if c.same && len(p.texts) > 1 {
		b.notes[c.path] = "guess: a part of the key, and the same in all sampled items"
	}
}

// write writes the templates, now that it is known which attributes are times.
func (b *builder) write(k *Kind) {
	keys := []*Key{k.PK, k.SK}
	for _, j := range k.Indexes {
		keys = append(keys, j.Keys...)
	}
	for _, key := range keys {
		if key != nil && !key.Own {
			key.Template = template(key.parts, b.ids, b.clocks)
		}
	}
}

// fields makes the fields: those of the keys first, in their order, then the others by name, then the rest.
func (b *builder) fields(k *Kind) error {
	omitted := map[string]bool{b.skip: b.skip != ""}
	first, last := k.keyFields(omitted)
	done := map[string]bool{}
	for _, name := range slices.Concat(first, slices.Sorted(maps.Keys(b.g.attrs)), last) {
		if i := slices.IndexFunc(b.keyonly, func(f Field) bool { return tagName(f) == name }); i >= 0 && !done[name] {
			k.Fields = append(k.Fields, b.keyonly[i])
		} else if !done[name] && !omitted[name] && taggable(name) && !b.shadowed(name) {
			f, err := b.attribute(name)
			if err != nil {
				return err
			}
			k.Fields = append(k.Fields, f)
		}
		done[name] = true
	}
	k.Fields = append(k.Fields, Field{reflect.StructField{Name: "Rest", Type: restType, Tag: `entable:"rest"`}, "attributes that no sampled item has"})
	taken := namer{}
	for i := range k.Fields {
		k.Fields[i].Name = taken.name(k.Fields[i].Name)
	}
	return nil
}

// shadowed reports whether an attribute's name differs from one of the table's own in nothing but case, and so cannot be that of
// a field: it is in the rest.
func (b *builder) shadowed(name string) bool {
	for own := range b.table.keyAttrs() {
		if own != name && strings.EqualFold(own, name) {
			return true
		}
	}
	return b.skip != name && strings.EqualFold(b.skip, name)
}

// keyFields returns the attributes that the table's key is made of, and those that are keys of indexes themselves. It adds the
// attributes that are written for a key to omitted.
func (k *Kind) keyFields(omitted map[string]bool) (first, last []string) {
	for _, key := range []*Key{k.PK, k.SK} {
		switch {
		case key == nil:
		case key.Own:
			first = append(first, key.Attr.Name)
		default:
			omitted[key.Attr.Name] = true
			for _, p := range key.parts {
				if p.cand != nil {
					root, _, _ := strings.Cut(p.cand.path, ".")
					first = append(first, root)
				}
			}
		}
	}
	for _, j := range k.Indexes {
		for _, key := range j.Keys {
			if omitted[key.Attr.Name] = !key.Own; key.Own {
				last = append(last, key.Attr.Name)
			}
		}
	}
	return first, last
}

func tagName(f Field) string {
	name, _, _ := strings.Cut(f.Tag.Get("dynamodbav"), ",")
	return name
}

func (b *builder) attribute(name string) (Field, error) {
	var values []types.AttributeValue
	for _, i := range b.g.items {
		if v := b.items[i][name]; v != nil {
			values = append(values, v)
		}
	}
	if len(values) == 0 { // a key of an index that no sampled item is in
		tag := reflect.StructTag("dynamodbav:" + strconv.Quote(name+",omitempty"))
		return Field{reflect.StructField{Name: goName(name), Type: textType, Tag: tag}, "guess: no sampled item has it"}, nil
	}
	f, ok := b.field(name, name, values, len(values) < len(b.g.items))
	if !ok {
		return Field{}, fmt.Errorf("attribute %q cannot be held by a field as it is", name)
	}
	note := b.notes[name]
	switch {
	case note != "":
	case f.Type == anyType:
		note = "guess: the sampled items have values of several kinds, or only NULL"
	case f.Type == wholeType && !b.keyed[name] && fewNumbers(values):
		note = "guess: perhaps of an enum: a type with MarshalText is stored so with entable.SDKDefaults"
	}
	return Field{f, note}, nil
}
