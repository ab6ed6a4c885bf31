package schema

import (
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/wire"
)

// Verdict is what an item by itself is found to be.
type Verdict struct {
	Entity  *Entity
	Item    map[string]types.AttributeValue
	Found   []finding
	Fixes   map[string]types.AttributeValue // what repairs it; nil: remove the attribute
	Assumed []string                        // the attributes that the judgement was made from
	Claims  []Claimed                       // its unique values
	Home    map[string]types.AttributeValue // its key at the entity's own place, if it lies at the other
}

// Elsewhere reports whether the item lies at the other place of its entity, or may do so: of one that cannot be decoded only the
// form of the key tells.
func (v *Verdict) Elsewhere() bool {
	if v.Home != nil || v.Entity == nil || v.Entity.Other == nil {
		return v.Home != nil
	}
	t := v.Entity.Table
	return slices.ContainsFunc(v.Found, func(f finding) bool { return f.Kind == FoundUndecodable }) &&
		v.Entity.Other.hasKey(Text(v.Item[t.PK.Name]), Text(v.Item[t.SK.Name]))
}

// Claimed is a unique value of an item, and the sentinel that it should have.
type Claimed struct {
	Entity *Entity
	Unique *UniqueField
	Item   map[string]types.AttributeValue
	Text   string
}

// finding is one fault of a stored item.
type finding struct {
	Kind       string
	Attribute  string
	Have, Want string // the attribute's value, and what it should be
	Err        error
}

// The kinds of findings, as users see them.
const (
	FoundUnknown       = "unknown item"
	FoundUndecodable   = "undecodable item"
	FoundWrongKey      = "wrong primary key"
	FoundWrongShard    = "wrong shard"
	FoundWrongType     = "wrong type"
	FoundWrongIndexKey = "wrong index key"
	FoundElsewhere     = "at the other place"
)

func (v *Verdict) add(kind string, attribute, have, want string, err error) {
	v.Found = append(v.Found, finding{kind, attribute, have, want, err})
}

// Judge compares an item with what its fields make. What is encrypted by opens.
func (t *Table) Judge(item map[string]types.AttributeValue, by Protector) Verdict {
	d := t.Directory()
	v := Verdict{Item: item, Fixes: map[string]types.AttributeValue{}}
	typ, typed, err := t.typeOf(item)
	switch {
	case err != nil:
		v.add(FoundUndecodable, "", "", "", err)
		return v
	case t.Owns(typ, item):
		if Text(item[t.PK.Name]) != StoredManifestKey {
			v.add(FoundUnknown, "", "", "", nil)
		}
		return v
	}
	byKey := d.byKey(Text(item[t.PK.Name]), Text(item[t.SK.Name]))
	v.Entity = byKey
	if typed {
		v.Entity = d.named(typ, Text(item[t.PK.Name]), Text(item[t.SK.Name]))
	}
	if v.Entity == nil {
		v.add(FoundUnknown, "", "", "", nil)
		return v
	}
	ptr, err := t.decodeItem(v.Entity, item, by)
	if typed && byKey != nil && byKey != v.Entity && !v.Entity.canHaveKey(Text(item[t.PK.Name]), Text(item[t.SK.Name])) {
		// The key is another entity's. If the fields are too, it is the type that is wrong.
		if other, otherErr := t.decodeItem(byKey, item, by); otherErr == nil && (t.keyFits(byKey, other, item) || t.keyFits(byKey.Other, other, item)) {
			v.Entity, ptr, err = byKey, other, nil
			typed = false
		}
	}
	if err != nil {
		v.add(FoundUndecodable, "", "", "", err)
		return v
	}
	if !t.judgeKey(&v, ptr) {
		return v
	}
	if t.Discriminator != "" && !typed {
		v.add(FoundWrongType, t.Discriminator, typ, v.Entity.TypeValue, nil)
		v.Fixes[t.Discriminator] = &types.AttributeValueMemberS{Value: v.Entity.TypeValue}
		v.Assumed = append(v.Assumed, v.Entity.KeyAttrs...)
	}
	t.judgeIndexes(&v, ptr)
	for _, u := range v.Entity.Unique {
		text, err := u.Sentinel(v.Entity, ptr)
		if err != nil {
			v.add(FoundUndecodable, u.Field.Name, Text(item[u.Field.Name]), "", err)
		}
		if text != "" {
			v.Claims = append(v.Claims, Claimed{v.Entity, u, item, text})
		}
	}
	if len(v.Fixes) > 0 && t.Outdated(v.Entity, item) {
		v.Fixes = nil
		for i := range v.Found {
			if v.Found[i].Kind == FoundElsewhere {
				continue // it moves as it is
			}
			v.Found[i].Err = errors.New("the item is in an older shape: load it and Put it")
		}
	}
	return v
}

// typeOf returns an item's discriminator.
func (t *Table) typeOf(item map[string]types.AttributeValue) (typ string, typed bool, err error) {
	if t.Discriminator == "" || item[t.Discriminator] == nil {
		return "", false, nil
	}
	s, ok := item[t.Discriminator].(*types.AttributeValueMemberS)
	if !ok {
		return "", false, fmt.Errorf("attribute %s: the type is no string", t.Discriminator)
	}
	return s.Value, true, nil
}

// decodeItem reads an item as one of e.
func (t *Table) decodeItem(e *Entity, item map[string]types.AttributeValue, by Protector) (unsafe.Pointer, error) {
	raw, err := wire.AppendItem(nil, item)
	if err != nil {
		return nil, err
	}
	r := wire.NewReader(raw)
	stored, err := t.storedKeyAt(r)
	if err != nil {
		return nil, err
	}
	return e.decode(r, &stored, by)
}

// Outdated reports whether a stored item, if there is one, was written in an older shape.
func (t *Table) Outdated(e *Entity, item map[string]types.AttributeValue) bool {
	if len(e.Upgrades) == 0 || len(item) == 0 {
		return false
	}
	n, err := strconv.Atoi(Text(item[SchemaAttribute]))
	return err != nil || n < len(e.Upgrades)
}

// keyFits reports whether the fields at ptr make the item's key at a place; nil is none.
func (t *Table) keyFits(e *Entity, ptr unsafe.Pointer, item map[string]types.AttributeValue) bool {
	if e == nil {
		return false
	}
	key, err := e.KeyOf(ptr)
	if err != nil {
		return false
	}
	for name, want := range key.Attrs {
		if !sameKeyValue(item[name], want) {
			return false
		}
	}
	return true
}

// sameKeyValue compares key attributes; the service gives numbers in its own form.
func sameKeyValue(a, b types.AttributeValue) bool {
	if reflect.TypeOf(a) != reflect.TypeOf(b) {
		return false
	}
	if _, number := a.(*types.AttributeValueMemberN); number {
		x, okX := new(big.Rat).SetString(Text(a))
		y, okY := new(big.Rat).SetString(Text(b))
		return okX && okY && x.Cmp(y) == 0
	}
	return Text(a) == Text(b)
}

// judgeKey compares the primary key. Of an item that has a wrong one nothing else can be judged, as its
// fields may be wrong too.
func (t *Table) judgeKey(v *Verdict, ptr unsafe.Pointer) bool {
	if v.Entity.Other != nil && !t.keyFits(v.Entity, ptr, v.Item) && t.keyFits(v.Entity.Other, ptr, v.Item) {
		key, err := v.Entity.KeyOf(ptr)
		if err != nil {
			v.add(FoundUndecodable, t.PK.Name, Text(v.Item[t.PK.Name]), "", err)
			return false
		}
		v.Home = key.Attrs
		v.add(FoundElsewhere, "", t.KeyText(v.Item), key.Text(), nil)
		return true
	}
	for _, k := range []*Key{v.Entity.PK, v.Entity.SK} {
		if k == nil {
			continue
		}
		text, err := k.AppendText(nil, ptr)
		have := v.Item[k.Attr.Name]
		switch {
		case err != nil:
			v.add(FoundUndecodable, k.Attr.Name, Text(have), "", err)
			return false
		case !sameKeyValue(have, k.AttributeValue(text)):
			kind := FoundWrongKey
			if k.sameButShard(Text(have), string(text)) {
				kind = FoundWrongShard
			}
			v.add(kind, k.Attr.Name, Text(have), string(text), nil)
			return false
		}
	}
	return true
}

// sameButShard reports whether two texts of a sharded key differ in the shard only.
func (k *Key) sameButShard(a, b string) bool {
	if k.shards() == 1 || !k.matches(a) {
		return false
	}
	i, j := strings.LastIndex(a, k.separator), strings.LastIndex(b, k.separator)
	return i >= 0 && j >= 0 && a[:i] == b[:j]
}

// judgeIndexes compares the attributes that the table owns for its indexes, also of those that the entity
// is not in.
func (t *Table) judgeIndexes(v *Verdict, ptr unsafe.Pointer) {
	want, made := map[string]types.AttributeValue{}, map[string]*KeptKeys{}
	for _, g := range v.Entity.Kept {
		absent := g.Absent(ptr, nil)
		for _, k := range g.Keys {
			if made[k.Attr.Name] = g; absent {
				continue
			}
			text, err := k.AppendText(nil, ptr)
			if err != nil {
				v.add(FoundUndecodable, k.Attr.Name, Text(v.Item[k.Attr.Name]), "", err)
				return
			}
			want[k.Attr.Name] = k.AttributeValue(text)
		}
	}
	for _, name := range t.indexAttrs() {
		if v.Entity.Plan.Field(name) != nil {
			continue
		}
		have, want := v.Item[name], want[name]
		if want == nil && have == nil || want != nil && have != nil && sameKeyValue(have, want) {
			continue
		}
		v.add(FoundWrongIndexKey, name, Text(have), Text(want), nil)
		v.Fixes[name] = want
		if g := made[name]; g != nil {
			for _, f := range g.Fields() {
				v.Assumed = append(v.Assumed, f.Name)
			}
		}
	}
}

// indexAttrs lists the attributes that the table owns for its indexes, each once.
func (t *Table) indexAttrs() (names []string) {
	for i := range t.Indexes {
		for _, a := range t.Indexes[i].Attrs() {
			if a.Name != t.PK.Name && a.Name != t.SK.Name && a.Name != t.Discriminator && !slices.Contains(names, a.Name) {
				names = append(names, a.Name)
			}
		}
	}
	return names
}

// IsSentinel reports whether an item is a sentinel by its type, or by its key where there are no types.
func (t *Table) IsSentinel(item map[string]types.AttributeValue) bool {
	typ, _, _ := t.typeOf(item)
	return t.Owns(typ, item) && anySentinel.Match(Text(item[t.PK.Name]))
}
