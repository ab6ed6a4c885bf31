package entable

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/keys"
	"github.com/entable/entable/internal/wire"
)

// verdict is what an item by itself is found to be.
type verdict struct {
	e        *entity
	item     RawItem
	findings []Finding
	fixes    map[string]types.AttributeValue // what repairs it; nil: remove the attribute
	assumed  []string                        // the attributes that the judgement was made from
	claims   []claimed                       // its unique values
}

// claimed is a unique value of an item, and the sentinel that it should have.
type claimed struct {
	e    *entity
	u    *uniqueField
	item RawItem
	text string
}

func (v *verdict) add(a *audit, kind FindingKind, attribute, have, want string, err error) {
	f := Finding{Kind: kind, Key: a.t.keyText(v.item), Attribute: attribute, Have: have, Want: want, Item: v.item, Err: err}
	if v.e != nil {
		f.Entity = v.e.name
	}
	v.findings = append(v.findings, f)
}

// judge compares an item with what its fields make.
func (a *audit) judge(item RawItem) verdict {
	v := verdict{item: item, fixes: map[string]types.AttributeValue{}}
	typ, typed, err := a.typeOf(item)
	switch {
	case err != nil:
		v.add(a, Undecodable, "", "", "", err)
		return v
	case a.t.owns(typ, item):
		if avText(item[a.t.pk.name]) != storedManifestKey {
			v.add(a, UnknownItem, "", "", "", nil)
		}
		return v
	}
	byKey := a.d.byKey(avText(item[a.t.pk.name]), avText(item[a.t.sk.name]))
	v.e = byKey
	if typed {
		v.e = a.d.byName[typ]
	}
	if v.e == nil {
		v.add(a, UnknownItem, "", "", "", nil)
		return v
	}
	ptr, err := a.decode(v.e, item)
	if typed && byKey != nil && byKey != v.e && !a.keyMatches(v.e, item) {
		// The key is another entity's. If the fields are too, it is the type that is wrong.
		if other, otherErr := a.decode(byKey, item); otherErr == nil && a.keyFits(byKey, other, item) {
			v.e, ptr, err = byKey, other, nil
			typed = false
		}
	}
	if err != nil {
		v.add(a, Undecodable, "", "", "", err)
		return v
	}
	if !a.judgeKey(&v, ptr) {
		return v
	}
	if a.t.discriminator != "" && !typed {
		v.add(a, WrongType, a.t.discriminator, typ, v.e.name, nil)
		v.fixes[a.t.discriminator] = &types.AttributeValueMemberS{Value: v.e.name}
		v.assumed = append(v.assumed, v.e.keyAttrs...)
	}
	a.judgeIndexes(&v, ptr)
	for _, u := range v.e.unique {
		text, err := u.sentinel(v.e, ptr)
		if err != nil {
			v.add(a, Undecodable, u.field.Name, avText(item[u.field.Name]), "", err)
		}
		if text != "" {
			v.claims = append(v.claims, claimed{v.e, u, item, text})
		}
	}
	if len(v.fixes) > 0 && a.outdated(v.e, item) {
		v.fixes = nil
		for i := range v.findings {
			v.findings[i].Err = errors.New("the item is in an older shape: load it and Put it")
		}
	}
	return v
}

// typeOf is an item's discriminator.
func (a *audit) typeOf(item RawItem) (typ string, typed bool, err error) {
	if a.t.discriminator == "" || item[a.t.discriminator] == nil {
		return "", false, nil
	}
	s, ok := item[a.t.discriminator].(*types.AttributeValueMemberS)
	if !ok {
		return "", false, fmt.Errorf("attribute %s: the type is no string", a.t.discriminator)
	}
	return s.Value, true, nil
}

// decode reads an item as one of e.
func (a *audit) decode(e *entity, item RawItem) (unsafe.Pointer, error) {
	raw, err := wire.AppendItem(nil, item)
	if err != nil {
		return nil, err
	}
	r, err := e.upgrade(wire.NewReader(raw))
	if err != nil {
		return nil, err
	}
	ptr := e.newItem()
	start := r.Offset()
	if err := e.load(e.plan, r, ptr); err != nil {
		return nil, err
	}
	return ptr, e.fillKey(r, start, ptr)
}

// outdated reports whether an item was written in an older shape.
func (a *audit) outdated(e *entity, item RawItem) bool {
	if len(e.upgrades) == 0 {
		return false
	}
	n, err := strconv.Atoi(avText(item[schemaAttribute]))
	return err != nil || n < len(e.upgrades)
}

func (a *audit) keyMatches(e *entity, item RawItem) bool {
	return e.pk.matches(avText(item[a.t.pk.name])) && (e.sk == nil || e.sk.matches(avText(item[a.t.sk.name])))
}

// keyFits reports whether the fields at ptr make the item's key.
func (a *audit) keyFits(e *entity, ptr unsafe.Pointer, item RawItem) bool {
	key, err := e.keyOf(ptr)
	if err != nil {
		return false
	}
	for name, want := range key.attrs {
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
		x, okX := new(big.Rat).SetString(avText(a))
		y, okY := new(big.Rat).SetString(avText(b))
		return okX && okY && x.Cmp(y) == 0
	}
	return avText(a) == avText(b)
}

// judgeKey compares the primary key. Of an item that has a wrong one nothing else can be judged, as its
// fields may be wrong too.
func (a *audit) judgeKey(v *verdict, ptr unsafe.Pointer) bool {
	for _, k := range []*key{v.e.pk, v.e.sk} {
		if k == nil {
			continue
		}
		text, err := k.appendText(nil, ptr)
		have := v.item[k.attr.name]
		switch {
		case err != nil:
			v.add(a, Undecodable, k.attr.name, avText(have), "", err)
			return false
		case !sameKeyValue(have, k.attributeValue(text)):
			kind := WrongKey
			if k.sameButShard(avText(have), string(text)) {
				kind = WrongShard
			}
			v.add(a, kind, k.attr.name, avText(have), string(text), nil)
			return false
		}
	}
	return true
}

// sameButShard reports whether two texts of a sharded key differ in the shard only.
func (k *key) sameButShard(a, b string) bool {
	if k.shards() == 1 || !k.matches(a) {
		return false
	}
	i, j := strings.LastIndex(a, k.separator), strings.LastIndex(b, k.separator)
	return i >= 0 && j >= 0 && a[:i] == b[:j]
}

// judgeIndexes compares the attributes that the table owns for its indexes, also of those that the entity
// is not in.
func (a *audit) judgeIndexes(v *verdict, ptr unsafe.Pointer) {
	for i := range a.t.indexes {
		c := &a.t.indexes[i]
		x := v.e.index(c.name)
		want := map[string]types.AttributeValue{}
		if x != nil && !x.absent(ptr) {
			for _, k := range x.keys() {
				text, err := k.appendText(nil, ptr)
				if err != nil {
					v.add(a, Undecodable, k.attr.name, avText(v.item[k.attr.name]), "", err)
					return
				}
				want[k.attr.name] = k.attributeValue(text)
			}
		}
		for _, attr := range c.attrs() {
			have, want := v.item[attr.name], want[attr.name]
			if want == nil && have == nil || want != nil && have != nil && sameKeyValue(have, want) {
				continue
			}
			v.add(a, WrongIndexKey, attr.name, avText(have), avText(want), nil)
			v.fixes[attr.name] = want
			if x == nil {
				continue
			}
			for _, f := range x.fields() {
				v.assumed = append(v.assumed, f.Name)
			}
		}
	}
}

// fix writes what repairs the item, if all that it was judged by is unchanged.
func (a *audit) fix(ctx context.Context, v *verdict) error {
	assumed := append(v.assumed, a.t.pk.name)
	if a.t.discriminator != "" {
		assumed = append(assumed, a.t.discriminator)
	}
	if len(v.e.upgrades) > 0 {
		assumed = append(assumed, schemaAttribute)
	}
	var update expression.UpdateBuilder
	for _, name := range slices.Sorted(maps.Keys(v.fixes)) {
		assumed = append(assumed, name)
		if value := v.fixes[name]; value == nil {
			update = update.Remove(attr(name))
		} else {
			update = update.Set(attr(name), expression.Value(value))
		}
	}
	slices.Sort(assumed)
	var conditions []expression.ConditionBuilder
	for _, name := range slices.Compact(assumed) {
		conditions = append(conditions, sameValue(name, v.item[name]))
	}
	x, err := v.e.build(&update, conditions)
	if err != nil {
		return err
	}
	_, err = a.c.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &a.t.name, Key: a.keyOf(v.item),
		UpdateExpression: x.Update(), ConditionExpression: x.Condition(),
		ExpressionAttributeNames: x.Names(), ExpressionAttributeValues: x.Values(),
	})
	return err
}

// isSentinel reports whether an item is a sentinel by its type, or by its key where there are no types.
func (a *audit) isSentinel(item RawItem) bool {
	typ, _, _ := a.typeOf(item)
	return a.t.owns(typ, item) && anySentinel.Match(avText(item[a.t.pk.name]))
}

// checkClaims finds unique values whose sentinels are missing or another's.
func (a *audit) checkClaims(ctx context.Context, claims []claimed) (out []Finding, err error) {
	wanted := map[string]map[string]types.AttributeValue{}
	for _, c := range claims {
		key := a.t.sentinelKey(c.text)
		wanted[a.t.keyText(key)] = key
	}
	found, err := a.readMany(ctx, wanted)
	if err != nil {
		return nil, err
	}
	for _, c := range claims {
		s := found[a.t.keyText(a.t.sentinelKey(c.text))]
		if s != nil && a.ownerText(s) == a.t.keyText(c.item) {
			continue
		}
		f, err := a.settled(ctx, func() (*Finding, []types.TransactWriteItem, error) { return a.judgeClaim(ctx, c) })
		if err != nil {
			return nil, err
		}
		if f != nil {
			out = append(out, *f)
		}
	}
	return out, nil
}

// settled judges what the page made suspect on what is stored now, since it was read in two requests, and
// repairs it; when another writer comes between, it starts over.
func (a *audit) settled(ctx context.Context, judge func() (*Finding, []types.TransactWriteItem, error)) (*Finding, error) {
	for attempt := 1; ; attempt++ {
		f, writes, err := judge()
		if err != nil || f == nil || !a.Repair || len(writes) == 0 {
			return f, err
		}
		_, err = a.c.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
		switch {
		case err == nil:
			f.Repaired = true
			return f, nil
		case !transactionRaced(err):
			return nil, a.error(err)
		case attempt == maxConflicts:
			f.Err = err
			return f, nil
		}
		if err := pause(ctx, attempt); err != nil {
			return nil, a.error(err)
		}
	}
}

// judgeClaim looks at an item and the sentinel of its value as they are at one moment. The finding is nil
// when they fit, or when the item does not have the value any more.
func (a *audit) judgeClaim(ctx context.Context, c claimed) (*Finding, []types.TransactWriteItem, error) {
	key, sentinel := a.keyOf(c.item), a.t.sentinelKey(c.text)
	now, err := a.readTogether(ctx, key, sentinel)
	if err != nil {
		return nil, nil, err
	}
	item, s := now[0], now[1]
	if item == nil || !a.holds(item, c.text) {
		return nil, nil, nil // whoever changed it has seen to the sentinel
	}
	f := &Finding{Kind: MissingSentinel, Entity: c.e.name, Key: a.t.keyText(key), Attribute: c.u.field.Name, Want: a.t.keyText(key), Item: item}
	g := guard{attr: c.u.field.Name, key: sentinel, owner: key}
	writes := []types.TransactWriteItem{a.unchanged(key, item, c.u)}
	if s == nil {
		return f, append(writes, g.transactItem(a.t)), nil
	}
	if f.Have = a.ownerText(s); f.Have == f.Want {
		return nil, nil, nil
	}
	f.Kind = ForeignSentinel
	if f.Have == "" {
		f.Err = errors.New("the sentinel names no owner")
		return f, nil, nil // it is found as an orphan too
	}
	g.from = s[sentinelOwner].(*types.AttributeValueMemberM).Value
	owner, err := a.read(ctx, g.from)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case owner != nil && a.holds(owner, c.text):
		f.Kind = DuplicateValue
		return f, nil, nil
	case owner != nil && !a.known(owner):
		f.Err = errors.New("its owner is damaged or unknown")
		return f, nil, nil
	}
	return f, append(writes, a.unchanged(g.from, owner, c.u), g.transactItem(a.t)), nil
}

// unchanged is the condition that an item still has the unique value that was read; nil: that it does not
// exist.
func (a *audit) unchanged(key map[string]types.AttributeValue, item RawItem, u *uniqueField) types.TransactWriteItem {
	check := &types.ConditionCheck{TableName: &a.t.name, Key: key, ConditionExpression: new("attribute_not_exists(#pk)"),
		ExpressionAttributeNames: map[string]string{"#pk": a.t.pk.name}}
	if item == nil {
		return types.TransactWriteItem{ConditionCheck: check}
	}
	*check.ConditionExpression = "attribute_exists(#pk)"
	same := func(name, placeholder string) {
		check.ExpressionAttributeNames["#"+placeholder] = name
		if item[name] == nil {
			*check.ConditionExpression += " AND attribute_not_exists(#" + placeholder + ")"
			return
		}
		*check.ConditionExpression += " AND #" + placeholder + " = :" + placeholder
		if check.ExpressionAttributeValues == nil {
			check.ExpressionAttributeValues = map[string]types.AttributeValue{}
		}
		check.ExpressionAttributeValues[":"+placeholder] = item[name]
	}
	same(u.field.Name, "value")
	if a.t.discriminator != "" {
		same(a.t.discriminator, "type")
	}
	return types.TransactWriteItem{ConditionCheck: check}
}

// ownerText is the key of a sentinel's owner; "" when it has none.
func (a *audit) ownerText(sentinel RawItem) string {
	m, ok := sentinel[sentinelOwner].(*types.AttributeValueMemberM)
	if !ok || len(m.Value) != len(a.keyOf(sentinel)) {
		return ""
	}
	return a.t.keyText(m.Value)
}

// known reports whether it is known what an item should be, and so which values it has.
func (a *audit) known(item RawItem) bool {
	return !slices.ContainsFunc(a.judge(item).findings, func(f Finding) bool {
		return slices.Contains([]FindingKind{UnknownItem, Undecodable, WrongKey, WrongShard}, f.Kind)
	})
}

// holds reports whether an item has the value of a sentinel.
func (a *audit) holds(item RawItem, text string) bool {
	return slices.ContainsFunc(a.judge(item).claims, func(c claimed) bool { return c.text == text })
}

// checkSentinels finds sentinels whose owners do not have the value.
func (a *audit) checkSentinels(ctx context.Context, sentinels []RawItem) (out []Finding, err error) {
	owners := map[string]map[string]types.AttributeValue{}
	for _, s := range sentinels {
		if text := a.ownerText(s); text != "" {
			owners[text] = s[sentinelOwner].(*types.AttributeValueMemberM).Value
		}
	}
	found, err := a.readMany(ctx, owners)
	if err != nil {
		return nil, err
	}
	for _, s := range sentinels {
		e, u := a.uniqueOf(s)
		if u == nil {
			out = append(out, Finding{Kind: UnknownItem, Key: a.t.keyText(s), Item: s})
			continue
		}
		if owner := found[a.ownerText(s)]; owner != nil && a.holds(owner, avText(s[a.t.pk.name])) {
			continue
		}
		f, err := a.settled(ctx, func() (*Finding, []types.TransactWriteItem, error) { return a.judgeSentinel(ctx, s, e, u) })
		if err != nil {
			return nil, err
		}
		if f != nil {
			out = append(out, *f)
		}
	}
	return out, nil
}

// uniqueOf finds the field that a sentinel is for; nil when no registered entity has it.
func (a *audit) uniqueOf(s RawItem) (*entity, *uniqueField) {
	vals, err := anySentinel.Parse(avText(s[a.t.pk.name]), make([]keys.Value, 0, 3))
	if err != nil {
		return nil, nil
	}
	for _, e := range a.d.byType { // several may have one name where there is no discriminator
		for _, u := range e.unique {
			if e.origin == vals[0].S && u.field.Name == vals[1].S {
				return e, u
			}
		}
	}
	return nil, nil
}

// judgeSentinel looks at a sentinel and its owner as they are at one moment.
func (a *audit) judgeSentinel(ctx context.Context, s RawItem, e *entity, u *uniqueField) (*Finding, []types.TransactWriteItem, error) {
	key := a.keyOf(s)
	reads := []map[string]types.AttributeValue{key}
	if a.ownerText(s) != "" {
		reads = append(reads, s[sentinelOwner].(*types.AttributeValueMemberM).Value)
	}
	now, err := a.readTogether(ctx, reads...)
	if err != nil {
		return nil, nil, err
	}
	if now[0] == nil || a.ownerText(now[0]) != a.ownerText(s) {
		return nil, nil, nil // its writer has seen to it
	}
	f := &Finding{Kind: OrphanedSentinel, Entity: e.name, Key: a.t.keyText(s), Attribute: u.field.Name, Have: a.ownerText(s), Item: now[0]}
	remove := &types.Delete{TableName: &a.t.name, Key: key, ConditionExpression: new("attribute_not_exists(#owner)"),
		ExpressionAttributeNames: map[string]string{"#owner": sentinelOwner}}
	if owner := now[0][sentinelOwner]; owner != nil {
		*remove.ConditionExpression = "#owner = :owner"
		remove.ExpressionAttributeValues = map[string]types.AttributeValue{":owner": owner}
	}
	writes := []types.TransactWriteItem{{Delete: remove}}
	if len(reads) == 1 {
		return f, writes, nil
	}
	owner := now[1]
	switch {
	case owner != nil && a.holds(owner, avText(s[a.t.pk.name])):
		return nil, nil, nil
	case owner != nil && !a.known(owner):
		f.Err = errors.New("its owner is damaged or unknown")
		return f, nil, nil
	}
	return f, append(writes, a.unchanged(reads[1], owner, u)), nil
}
