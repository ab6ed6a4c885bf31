package entable

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/work"
)

type audit struct {
	AuditOptions
	t    *Table
	c    *route.Conn
	d    *schema.Directory
	plan queryPlan // for its cursors
}

const opAudit = "Audit"

func (a *audit) error(err error) error { return &OpError{Op: opAudit, Entity: a.t.s().Name, Err: err} }

// transactionRaced reports whether a request failed only because another writer came between.
func transactionRaced(err error) bool {
	if errors.Is(err, ErrConflict) {
		return true
	}
	if _, conflict := errors.AsType[*types.TransactionConflictException](err); conflict {
		return true
	}
	canceled, ok := errors.AsType[*types.TransactionCanceledException](err)
	if !ok {
		return false
	}
	for _, r := range canceled.CancellationReasons {
		if r.Code == nil {
			continue
		}
		switch *r.Code {
		case "None", "ConditionalCheckFailed", "TransactionConflict":
		default:
			return false
		}
	}
	return true
}

// keyOf returns an item's primary key.
func (a *audit) keyOf(item RawItem) map[string]types.AttributeValue {
	key := map[string]types.AttributeValue{a.t.s().PK.Name: item[a.t.s().PK.Name]}
	if a.t.s().SK.Exists() {
		key[a.t.s().SK.Name] = item[a.t.s().SK.Name]
	}
	return key
}

// read reads one item, consistently; nil when there is none.
func (a *audit) read(ctx context.Context, key map[string]types.AttributeValue) (RawItem, error) {
	var sink rawItems
	in := &dynamodb.GetItemInput{TableName: &a.t.s().Name, Key: key, ConsistentRead: new(true)}
	err := a.c.Get(ctx, in, nil, &sink)
	if err != nil {
		return nil, a.error(err)
	}
	item, err := sink.item(0)
	if err != nil {
		return nil, a.error(err)
	}
	return item, nil
}

// readTogether reads items as they are at one moment; nil for those that do not exist.
func (a *audit) readTogether(ctx context.Context, keys ...map[string]types.AttributeValue) ([]RawItem, error) {
	in := &dynamodb.TransactGetItemsInput{}
	for _, key := range keys {
		in.TransactItems = append(in.TransactItems, types.TransactGetItem{Get: &types.Get{TableName: &a.t.s().Name, Key: key}})
	}
	var sink rawItems
	tries := work.Tries{Most: maxConflicts}
	for {
		err := a.c.TransactGet(ctx, in, &sink)
		if err == nil {
			break
		}
		if !transactionRaced(err) || !tries.More(ctx) {
			return nil, a.error(tries.Error(err, ErrThrottled))
		}
	}
	items := make([]RawItem, len(keys))
	for i := range items {
		var err error
		if items[i], err = sink.item(i); err != nil {
			return nil, a.error(err)
		}
	}
	return items, nil
}

// readMany reads items, consistently, by their keys' texts.
func (a *audit) readMany(ctx context.Context, keys map[string]map[string]types.AttributeValue) (map[string]RawItem, error) {
	found := map[string]RawItem{}
	var todo []map[string]types.AttributeValue
	for _, text := range slices.Sorted(maps.Keys(keys)) {
		todo = append(todo, keys[text])
	}
	var sink rawItems
	var tries work.Tries
	for len(todo) > 0 {
		n := min(len(todo), maxBatchGet)
		unprocessed, err := a.c.BatchGet(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
			a.t.s().Name: {Keys: todo[:n], ConsistentRead: new(true)},
		}}, &sink)
		if err != nil {
			return nil, a.error(err)
		}
		for i := range sink.items {
			item, err := sink.item(i)
			if err != nil {
				return nil, a.error(err)
			}
			found[a.t.s().KeyText(item)] = item
		}
		left := unprocessed[a.t.s().Name].Keys
		todo = append(todo[n:], left...)
		if len(left) == 0 {
			tries.Made = 0
			continue
		}
		if !tries.More(ctx) {
			return nil, a.error(tries.Ended)
		}
	}
	return found, nil
}

// verdict is what an item by itself is found to be, for its users.
type verdict struct {
	schema.Verdict
	findings []Finding
}

// judge compares an item with what its fields make.
func (a *audit) judge(item RawItem) verdict {
	v := verdict{Verdict: a.t.s().Judge(item)}
	for _, f := range v.Found {
		one := Finding{Kind: FindingKind(f.Kind), Key: a.t.s().KeyText(item), Attribute: f.Attribute, Have: f.Have, Want: f.Want, Item: item, Err: public(f.Err)}
		if v.Entity != nil {
			one.Entity = v.Entity.Name
		}
		v.findings = append(v.findings, one)
	}
	return v
}

// fix writes what repairs the item, if all that it was judged by is unchanged.
func (a *audit) fix(ctx context.Context, v *verdict) error {
	assumed := append(v.Assumed, a.t.s().PK.Name)
	if a.t.s().Discriminator != "" {
		assumed = append(assumed, a.t.s().Discriminator)
	}
	if len(v.Entity.Upgrades) > 0 {
		assumed = append(assumed, schema.SchemaAttribute)
	}
	var update expression.UpdateBuilder
	for _, name := range slices.Sorted(maps.Keys(v.Fixes)) {
		assumed = append(assumed, name)
		if value := v.Fixes[name]; value == nil {
			update = update.Remove(attr(name))
		} else {
			update = update.Set(attr(name), expression.Value(value))
		}
	}
	slices.Sort(assumed)
	var conditions []expression.ConditionBuilder
	for _, name := range slices.Compact(assumed) {
		conditions = append(conditions, sameValue(name, v.Item[name]))
	}
	x, err := ownerOf(v.Entity).build(&update, conditions, 0, 0)
	if err != nil {
		return err
	}
	return a.c.Update(ctx, &dynamodb.UpdateItemInput{
		TableName: &a.t.s().Name, Key: a.keyOf(v.Item),
		UpdateExpression: x.Update(), ConditionExpression: x.Condition(),
		ExpressionAttributeNames: x.Names(), ExpressionAttributeValues: x.Values(),
	}, nil)
}

// checkClaims finds unique values whose sentinels are missing or another's.
func (a *audit) checkClaims(ctx context.Context, claims []schema.Claimed) (out []Finding, err error) {
	wanted := map[string]map[string]types.AttributeValue{}
	for _, c := range claims {
		key := a.t.s().SentinelKey(c.Text)
		wanted[a.t.s().KeyText(key)] = key
	}
	found, err := a.readMany(ctx, wanted)
	if err != nil {
		return nil, err
	}
	for _, c := range claims {
		s := found[a.t.s().KeyText(a.t.s().SentinelKey(c.Text))]
		if s != nil && a.ownerText(s) == a.t.s().KeyText(c.Item) {
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
	tries := work.Tries{Most: maxConflicts}
	for {
		f, writes, err := judge()
		if err != nil || f == nil || !a.Repair || len(writes) == 0 {
			return f, err
		}
		err = a.c.TransactWrite(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes}, nil)
		switch {
		case err == nil:
			f.Repaired = true
			return f, nil
		case !transactionRaced(err):
			return nil, a.error(err)
		}
		if !tries.More(ctx) {
			if tries.Ended != nil {
				return nil, a.error(tries.Ended)
			}
			f.Err = err
			return f, nil
		}
	}
}

// judgeClaim looks at an item and the sentinel of its value as they are at one moment. The finding is nil
// when they fit, or when the item does not have the value any more.
func (a *audit) judgeClaim(ctx context.Context, c schema.Claimed) (*Finding, []types.TransactWriteItem, error) {
	key, sentinel := a.keyOf(c.Item), a.t.s().SentinelKey(c.Text)
	now, err := a.readTogether(ctx, key, sentinel)
	if err != nil {
		return nil, nil, err
	}
	item, s := now[0], now[1]
	if item == nil || !a.holds(item, c.Text) {
		return nil, nil, nil // whoever changed it has seen to the sentinel
	}
	f := &Finding{Kind: MissingSentinel, Entity: c.Entity.Name, Key: a.t.s().KeyText(key), Attribute: c.Unique.Field.Name, Want: a.t.s().KeyText(key), Item: item}
	g := schema.Guard{Attr: c.Unique.Field.Name, Key: sentinel, Owner: key}
	writes := []types.TransactWriteItem{a.unchanged(key, item, c.Unique)}
	if s == nil {
		return f, append(writes, guardWrite(a.t, &g)), nil
	}
	if f.Have = a.ownerText(s); f.Have == f.Want {
		return nil, nil, nil
	}
	f.Kind = ForeignSentinel
	if f.Have == "" {
		f.Err = errors.New("the sentinel names no owner")
		return f, nil, nil // it is found as an orphan too
	}
	g.From = s[schema.SentinelOwner].(*types.AttributeValueMemberM).Value
	owner, err := a.read(ctx, g.From)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case owner != nil && a.holds(owner, c.Text):
		f.Kind = DuplicateValue
		return f, nil, nil
	case owner != nil && !a.known(owner):
		f.Err = errors.New("its owner is damaged or unknown")
		return f, nil, nil
	}
	return f, append(writes, a.unchanged(g.From, owner, c.Unique), guardWrite(a.t, &g)), nil
}

// unchanged returns the condition that an item still has the unique value that was read; nil: that it does not
// exist.
func (a *audit) unchanged(key map[string]types.AttributeValue, item RawItem, u *schema.UniqueField) types.TransactWriteItem {
	check := &types.ConditionCheck{TableName: &a.t.s().Name, Key: key, ConditionExpression: new("attribute_not_exists(#pk)"),
		ExpressionAttributeNames: map[string]string{"#pk": a.t.s().PK.Name}}
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
	same(u.Field.Name, "value")
	if a.t.s().Discriminator != "" {
		same(a.t.s().Discriminator, "type")
	}
	return types.TransactWriteItem{ConditionCheck: check}
}

// ownerText returns the key of a sentinel's owner; "" when it has none.
func (a *audit) ownerText(sentinel RawItem) string {
	m, ok := sentinel[schema.SentinelOwner].(*types.AttributeValueMemberM)
	if !ok || len(m.Value) != len(a.keyOf(sentinel)) {
		return ""
	}
	return a.t.s().KeyText(m.Value)
}

// known reports whether it is known what an item should be, and so which values it has.
func (a *audit) known(item RawItem) bool {
	return !slices.ContainsFunc(a.judge(item).findings, func(f Finding) bool {
		return slices.Contains([]FindingKind{UnknownItem, Undecodable, WrongKey, WrongShard}, f.Kind)
	})
}

// holds reports whether an item has the value of a sentinel.
func (a *audit) holds(item RawItem, text string) bool {
	return slices.ContainsFunc(a.judge(item).Claims, func(c schema.Claimed) bool { return c.Text == text })
}

// checkSentinels finds sentinels whose owners do not have the value.
func (a *audit) checkSentinels(ctx context.Context, sentinels []RawItem) (out []Finding, err error) {
	owners := map[string]map[string]types.AttributeValue{}
	for _, s := range sentinels {
		if text := a.ownerText(s); text != "" {
			owners[text] = s[schema.SentinelOwner].(*types.AttributeValueMemberM).Value
		}
	}
	found, err := a.readMany(ctx, owners)
	if err != nil {
		return nil, err
	}
	for _, s := range sentinels {
		e, u := a.t.s().UniqueOf(schema.Text(s[a.t.s().PK.Name]))
		if u == nil {
			out = append(out, Finding{Kind: UnknownItem, Key: a.t.s().KeyText(s), Item: s})
			continue
		}
		if owner := found[a.ownerText(s)]; owner != nil && a.holds(owner, schema.Text(s[a.t.s().PK.Name])) {
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

// judgeSentinel looks at a sentinel and its owner as they are at one moment.
func (a *audit) judgeSentinel(ctx context.Context, s RawItem, e *schema.Entity, u *schema.UniqueField) (*Finding, []types.TransactWriteItem, error) {
	key := a.keyOf(s)
	reads := []map[string]types.AttributeValue{key}
	if a.ownerText(s) != "" {
		reads = append(reads, s[schema.SentinelOwner].(*types.AttributeValueMemberM).Value)
	}
	now, err := a.readTogether(ctx, reads...)
	if err != nil {
		return nil, nil, err
	}
	if now[0] == nil || a.ownerText(now[0]) != a.ownerText(s) {
		return nil, nil, nil // its writer has seen to it
	}
	f := &Finding{Kind: OrphanedSentinel, Entity: e.Name, Key: a.t.s().KeyText(s), Attribute: u.Field.Name, Have: a.ownerText(s), Item: now[0]}
	remove := &types.Delete{TableName: &a.t.s().Name, Key: key, ConditionExpression: new("attribute_not_exists(#owner)"),
		ExpressionAttributeNames: map[string]string{"#owner": schema.SentinelOwner}}
	if owner := now[0][schema.SentinelOwner]; owner != nil {
		*remove.ConditionExpression = "#owner = :owner"
		remove.ExpressionAttributeValues = map[string]types.AttributeValue{":owner": owner}
	}
	writes := []types.TransactWriteItem{{Delete: remove}}
	if len(reads) == 1 {
		return f, writes, nil
	}
	owner := now[1]
	switch {
	case owner != nil && a.holds(owner, schema.Text(s[a.t.s().PK.Name])):
		return nil, nil, nil
	case owner != nil && !a.known(owner):
		f.Err = errors.New("its owner is damaged or unknown")
		return f, nil, nil
	}
	return f, append(writes, a.unchanged(reads[1], owner, u)), nil
}
