// Package audit judges stored items by what their fields make, a page of a table at a time, and repairs them. It does one
// page; who walks over the pages is its caller. audit.go judges items by themselves, claims.go unique values, which take two
// or three items, and read.go reads what both need.
package audit

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
	"github.com/entable/entable/internal/work"
)

// Audit is an audit of a table. It is safe for concurrent use.
type Audit struct {
	Table  *schema.Table
	Conn   *route.Conn
	Repair bool // mend what can be mended
	By     schema.Protector
}

// Item is a stored item.
type Item = map[string]types.AttributeValue

// Finding is one thing that is wrong with a stored item.
type Finding struct {
	Kind, Entity, Key, Attribute string
	Have, Want                   string
	Item                         Item
	Repaired                     bool
	Elsewhere                    bool // the item lies at the other place of its entity, or may do so
	Err                          error
}

// The kinds of findings about unique values.
const (
	missingSentinel  = "missing sentinel"
	foreignSentinel  = "foreign sentinel"
	duplicateValue   = "duplicate unique value"
	orphanedSentinel = "orphaned sentinel"
)

// maxConflicts bounds how often a judgement is made again when another writer comes between.
const maxConflicts = 10

// Fetch reads a page of one of the segments that the table is read in, from behind a key on.
func (a *Audit) Fetch(ctx context.Context, segment, of int, after map[string]types.AttributeValue) (items [][]byte, last map[string]types.AttributeValue, err error) {
	in := &dynamodb.ScanInput{TableName: &a.Table.Name, ConsistentRead: new(true), ExclusiveStartKey: after}
	if of > 1 {
		in.Segment, in.TotalSegments = new(int32(segment)), new(int32(of))
	}
	var sink route.RawItems
	res, err := a.Conn.Scan(ctx, in, &sink)
	if err != nil {
		return nil, nil, err
	}
	return sink.Items, res.Last, nil
}

// Check judges the items of one page, and mends them.
func (a *Audit) Check(ctx context.Context, raws [][]byte) (out []Finding, err error) {
	var claims []schema.Claimed
	var sentinels []Item
	var verdicts []*judged
	for _, raw := range raws {
		item, err := wire.ReadItem(raw)
		if err != nil {
			return nil, err
		}
		if a.Table.IsSentinel(item) {
			sentinels = append(sentinels, item)
			continue
		}
		verdicts = append(verdicts, &judged{verdict: a.judge(item)})
	}
	wrong := slices.DeleteFunc(slices.Clone(verdicts), func(v *judged) bool { return len(v.Fixes) == 0 && v.Home == nil })
	work.InParallel(maxRepairs, wrong, func(v *judged) { v.verdict, v.err = a.mend(ctx, v.verdict) })
	for _, v := range verdicts {
		if v.err != nil {
			return nil, v.err
		}
		out, claims = append(out, v.findings...), append(claims, v.Claims...)
	}
	for _, check := range []func() ([]Finding, error){
		func() ([]Finding, error) { return a.checkClaims(ctx, claims) },
		func() ([]Finding, error) { return a.checkSentinels(ctx, sentinels) },
	} {
		found, err := check()
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

// maxRepairs bounds how many items of a page are repaired at once.
const maxRepairs = 8

// judged is an item of a page on its way.
type judged struct {
	verdict
	err error
}

// mend repairs an item that was judged by itself, if asked to; when another writer comes between, it is judged again with what
// that one wrote.
func (a *Audit) mend(ctx context.Context, v verdict) (verdict, error) {
	tries := work.Tries{Most: maxConflicts}
	for {
		item, err := v.Item, error(nil)
		if v.Home != nil {
			err = a.lookHome(ctx, &v)
		}
		if err != nil || !a.Repair || len(v.Fixes) == 0 && v.Home == nil {
			return v, err
		}
		if v.Home != nil {
			err = a.bringHome(ctx, &v)
		} else {
			err = a.fix(ctx, &v)
		}
		if err == nil {
			for i := range v.findings {
				v.findings[i].Repaired = v.findings[i].Err == nil
			}
			return v, nil
		}
		if !raced(err) {
			return v, err
		}
		if !tries.More(ctx) {
			if tries.Ended != nil {
				return v, tries.Ended
			}
			for i := range v.findings {
				v.findings[i].Err = err
			}
			return v, nil
		}
		if item, err = a.read(ctx, a.keyOf(item)); err != nil {
			return v, err
		}
		if item == nil { // deleted since
			return verdict{}, nil
		}
		v = a.judge(item)
	}
}

// verdict is what an item by itself is found to be, for its users.
type verdict struct {
	schema.Verdict
	findings []Finding
}

// judge compares an item with what its fields make.
func (a *Audit) judge(item Item) verdict {
	v := verdict{Verdict: a.Table.Judge(item, a.By)}
	for _, f := range v.Found {
		one := Finding{Kind: f.Kind, Key: a.Table.KeyText(item), Attribute: f.Attribute, Have: f.Have, Want: f.Want, Item: item, Elsewhere: v.Elsewhere(), Err: f.Err}
		if v.Entity != nil {
			one.Entity = v.Entity.Name
		}
		v.findings = append(v.findings, one)
	}
	return v
}

// fix writes what repairs the item, if all that it was judged by is unchanged.
func (a *Audit) fix(ctx context.Context, v *verdict) error {
	assumed := append(v.Assumed, a.Table.PK.Name)
	if a.Table.Discriminator != "" {
		assumed = append(assumed, a.Table.Discriminator)
	}
	if len(v.Entity.Upgrades) > 0 {
		assumed = append(assumed, schema.SchemaAttribute)
	}
	var update expression.UpdateBuilder
	for _, name := range slices.Sorted(maps.Keys(v.Fixes)) {
		assumed = append(assumed, name)
		if value := v.Fixes[name]; value == nil {
			update = update.Remove(expression.NameNoDotSplit(name))
		} else {
			update = update.Set(expression.NameNoDotSplit(name), expression.Value(value))
		}
	}
	slices.Sort(assumed)
	var conditions []expression.ConditionBuilder
	for _, name := range slices.Compact(assumed) {
		conditions = append(conditions, same(name, v.Item[name]))
	}
	x, err := expression.NewBuilder().WithUpdate(update).WithCondition(expression.And(conditions[0], conditions[1], conditions[2:]...)).Build()
	if err != nil {
		return err
	}
	return a.Conn.Update(ctx, &dynamodb.UpdateItemInput{
		TableName: &a.Table.Name, Key: a.keyOf(v.Item),
		UpdateExpression: x.Update(), ConditionExpression: x.Condition(),
		ExpressionAttributeNames: x.Names(), ExpressionAttributeValues: x.Values(),
	}, nil)
}

// same returns the condition that the stored attribute still has a value; nil: that it is absent.
func same(name string, was types.AttributeValue) expression.ConditionBuilder {
	if was == nil {
		return expression.AttributeNotExists(expression.NameNoDotSplit(name))
	}
	return expression.Equal(expression.NameNoDotSplit(name), expression.Value(was))
}
