package audit

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/work"
)

// checkClaims finds unique values whose sentinels are missing or another's.
func (a *Audit) checkClaims(ctx context.Context, claims []schema.Claimed) (out []Finding, err error) {
	wanted := map[string]map[string]types.AttributeValue{}
	for _, c := range claims {
		key := a.Table.SentinelKey(c.Text)
		wanted[a.Table.KeyText(key)] = key
	}
	found, err := a.readMany(ctx, wanted)
	if err != nil {
		return nil, err
	}
	for _, c := range claims {
		s := found[a.Table.KeyText(a.Table.SentinelKey(c.Text))]
		if s != nil && a.ownerText(s) == a.Table.KeyText(c.Item) {
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
func (a *Audit) settled(ctx context.Context, judge func() (*Finding, []types.TransactWriteItem, error)) (*Finding, error) {
	tries := work.Tries{Most: maxConflicts}
	for {
		f, writes, err := judge()
		if err != nil || f == nil || !a.Repair || len(writes) == 0 {
			return f, err
		}
		err = a.Conn.TransactWrite(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes}, nil)
		switch {
		case err == nil:
			f.Repaired = true
			return f, nil
		case !raced(err):
			return nil, err
		}
		if !tries.More(ctx) {
			if tries.Ended != nil {
				return nil, tries.Ended
			}
			f.Err = err
			return f, nil
		}
	}
}

// judgeClaim looks at an item and the sentinel of its value as they are at one moment. The finding is nil
// when they fit, or when the item does not have the value any more.
func (a *Audit) judgeClaim(ctx context.Context, c schema.Claimed) (*Finding, []types.TransactWriteItem, error) {
	key, sentinel := a.keyOf(c.Item), a.Table.SentinelKey(c.Text)
	now, err := a.ReadTogether(ctx, key, sentinel)
	if err != nil {
		return nil, nil, err
	}
	item, s := now[0], now[1]
	if item == nil || !a.holds(item, c.Text) {
		return nil, nil, nil // whoever changed it has seen to the sentinel
	}
	f := &Finding{Kind: missingSentinel, Entity: c.Entity.Name, Key: a.Table.KeyText(key), Attribute: c.Unique.Field.Name, Want: a.Table.KeyText(key), Item: item}
	g := schema.Guard{Attr: c.Unique.Field.Name, Key: sentinel, Owner: key}
	writes := []types.TransactWriteItem{a.unchanged(key, item, c.Unique)}
	if s == nil {
		return f, append(writes, a.Table.GuardWrite(&g)), nil
	}
	if f.Have = a.ownerText(s); f.Have == f.Want {
		return nil, nil, nil
	}
	f.Kind = foreignSentinel
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
		f.Kind = duplicateValue
		return f, nil, nil
	case owner != nil && !a.known(owner):
		f.Err = errors.New("its owner is damaged or unknown")
		return f, nil, nil
	}
	return f, append(writes, a.unchanged(g.From, owner, c.Unique), a.Table.GuardWrite(&g)), nil
}

// unchanged returns the condition that an item still has the unique value that was read; nil: that it does not
// exist.
func (a *Audit) unchanged(key map[string]types.AttributeValue, item Item, u *schema.UniqueField) types.TransactWriteItem {
	check := &types.ConditionCheck{TableName: &a.Table.Name, Key: key, ConditionExpression: new("attribute_not_exists(#pk)"),
		ExpressionAttributeNames: map[string]string{"#pk": a.Table.PK.Name}}
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
	if a.Table.Discriminator != "" {
		same(a.Table.Discriminator, "type")
	}
	return types.TransactWriteItem{ConditionCheck: check}
}

// ownerText returns the key of a sentinel's owner; "" when it has none.
func (a *Audit) ownerText(sentinel Item) string {
	m, ok := sentinel[schema.SentinelOwner].(*types.AttributeValueMemberM)
	if !ok || len(m.Value) != len(a.keyOf(sentinel)) {
		return ""
	}
	return a.Table.KeyText(m.Value)
}

// known reports whether it is known what an item should be, and so which values it has.
func (a *Audit) known(item Item) bool {
	return !slices.ContainsFunc(a.judge(item).findings, func(f Finding) bool {
		return slices.Contains([]string{schema.FoundUnknown, schema.FoundUndecodable, schema.FoundWrongKey, schema.FoundWrongShard}, f.Kind)
	})
}

// holds reports whether an item has the value of a sentinel.
func (a *Audit) holds(item Item, text string) bool {
	return slices.ContainsFunc(a.judge(item).Claims, func(c schema.Claimed) bool { return c.Text == text })
}

// checkSentinels finds sentinels whose owners do not have the value.
func (a *Audit) checkSentinels(ctx context.Context, sentinels []Item) (out []Finding, err error) {
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
		e, u := a.Table.UniqueOf(schema.Text(s[a.Table.PK.Name]))
		if u == nil {
			out = append(out, Finding{Kind: schema.FoundUnknown, Key: a.Table.KeyText(s), Item: s})
			continue
		}
		if owner := found[a.ownerText(s)]; owner != nil && a.holds(owner, schema.Text(s[a.Table.PK.Name])) {
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
func (a *Audit) judgeSentinel(ctx context.Context, s Item, e *schema.Entity, u *schema.UniqueField) (*Finding, []types.TransactWriteItem, error) {
	key := a.keyOf(s)
	reads := []map[string]types.AttributeValue{key}
	if a.ownerText(s) != "" {
		reads = append(reads, s[schema.SentinelOwner].(*types.AttributeValueMemberM).Value)
	}
	now, err := a.ReadTogether(ctx, reads...)
	if err != nil {
		return nil, nil, err
	}
	if now[0] == nil || a.ownerText(now[0]) != a.ownerText(s) {
		return nil, nil, nil // its writer has seen to it
	}
	f := &Finding{Kind: orphanedSentinel, Entity: e.Name, Key: a.Table.KeyText(s), Attribute: u.Field.Name, Have: a.ownerText(s), Item: now[0]}
	remove := &types.Delete{TableName: &a.Table.Name, Key: key, ConditionExpression: new("attribute_not_exists(#owner)"),
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
	case owner != nil && a.holds(owner, schema.Text(s[a.Table.PK.Name])):
		return nil, nil, nil
	case owner != nil && !a.known(owner):
		f.Err = errors.New("its owner is damaged or unknown")
		return f, nil, nil
	}
	return f, append(writes, a.unchanged(reads[1], owner, u)), nil
}
