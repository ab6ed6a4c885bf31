package engine

import (
	"fmt"

	"github.com/entable/entable/internal/engine/expr"
	"github.com/entable/entable/internal/engine/input"
	"github.com/entable/entable/internal/engine/value"
)

// BatchGetItem
//
// Behaviour:
//   - At most 100 keys over all tables, none twice; items that are not there are left
//     out, and the order of the items means nothing (here: that of the keys).
//   - At most 16 MB of items: further keys come back as UnprocessedKeys, each table's
//     with the parameters it was asked with.
//   - All items of one table are read at one moment. Capacity is counted per item.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html

const (
	maxBatchKeys = 100
	maxBatchRead = 16 << 20
)

type batchGetItemInput struct {
	RequestItems           input.Map[keysAndAttributes] `is:"required keys=table"`
	ReturnConsumedCapacity *capacityReport              `is:"enum=INDEXES|TOTAL|NONE"`

	partial partial
}

func (in *batchGetItemInput) only(p partial) { in.partial = p }

type keysAndAttributes struct {
	Keys                     []input.Item `is:"required len=1:"`
	AttributesToGet          []string     `is:"len=1:255"`
	ConsistentRead           *bool
	ProjectionExpression     *string
	ExpressionAttributeNames map[string]string
}

// A tableGet is the part of a BatchGetItem that concerns one table.
type tableGet struct {
	name       string
	in         *keysAndAttributes
	table      *table
	places     []string
	projection *expr.Projection
}

func (ac *Account) batchGetItem(in *batchGetItemInput) ([]byte, error) {
	if len(in.RequestItems) == 0 {
		return nil, validation("The requestItems parameter is required for BatchGetItem")
	}
	gets, err := in.check()
	if err != nil {
		return nil, err
	}
	for _, g := range gets {
		if err := g.resolve(ac); err != nil {
			return nil, err
		}
	}
	var parts []batchPart
	for _, g := range gets {
		for i := range g.in.Keys {
			parts = append(parts, batchPart{g.table, g.in.Keys[i].Item})
		}
	}
	chosen, err := in.partial.choose(parts)
	if err != nil {
		return nil, err
	}
	return in.answer(gets, chosen), nil
}

// check judges what can be judged without the tables.
func (in *batchGetItemInput) check() ([]*tableGet, error) {
	var gets []*tableGet
	keys := 0
	for i := range in.RequestItems {
		g := &tableGet{name: in.RequestItems[i].Key, in: &in.RequestItems[i].Value}
		if len(g.in.Keys) > maxBatchKeys {
			return nil, validation("1 validation error detected: Value at 'RequestItems." + g.name + ".member.Keys' failed to satisfy " +
				"constraint: Member must have length less than or equal to 100")
		}
		texts := expressionTexts{projection: g.in.ProjectionExpression, names: g.in.ExpressionAttributeNames,
			legacy: legacyParameters{attributesToGet: g.in.AttributesToGet}.ifGiven()}
		if err := texts.checkUse(); err != nil {
			return nil, err
		}
		exprs, err := texts.parse()
		if err != nil {
			return nil, err
		}
		g.projection = exprs.projection
		seen := map[value.Item]bool{}
		for j := range g.in.Keys {
			key := &g.in.Keys[j]
			if key.Err != nil {
				return nil, newer(key.Err)
			}
			if seen[key.Item] {
				return nil, validation(duplicateKeys)
			}
			seen[key.Item] = true
		}
		if keys += len(g.in.Keys); keys > maxBatchKeys {
			return nil, validation("Too many items requested for the BatchGetItem call")
		}
		gets = append(gets, g)
	}
	return gets, nil
}

const duplicateKeys = "Provided list of item keys contains duplicates"

func (g *tableGet) resolve(ac *Account) error {
	var err error
	if g.table, err = ac.table(g.name); err != nil {
		return err
	}
	for i := range g.in.Keys {
		place, err := g.table.checkKey(g.in.Keys[i].Item)
		if err != nil {
			return err
		}
		g.places = append(g.places, place)
	}
	return g.table.checkPaths(expressions{projection: g.projection})
}

// read gives the records of the keys, nil for absent ones.
func (g *tableGet) read() []*record {
	recs := make([]*record, len(g.places))
	g.table.mu.RLock()
	defer g.table.mu.RUnlock()
	for i, place := range g.places {
		recs[i] = g.table.items.get(place)
	}
	return recs
}

func (in *batchGetItemInput) answer(gets []*tableGet, chosen []bool) []byte {
	o := newObject(4 << 10)
	o.member("Responses")
	o.b = append(o.b, '{')
	var used []*consumption
	rest := newObject(16)
	size := 0
	for i, g := range gets {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.b = append(appendString(o.b, g.name), ':', '[')
		c := &consumption{tableName: input.TableName(g.name)}
		first, full := true, false
		var left []input.Item
		for j, rec := range g.read() {
			full = full || rec != nil && size+rec.size > maxBatchRead
			if full || !chosen[j] {
				left = append(left, g.in.Keys[j])
				continue
			}
			c.reads += readUnits(sizeOf(rec), deref(g.in.ConsistentRead))
			if rec == nil {
				continue
			}
			size += rec.size
			if !first {
				o.b = append(o.b, ',')
			}
			first = false
			o.b = rec.appendProjected(o.b, g.projection)
		}
		o.b = append(o.b, ']')
		used = append(used, c)
		g.appendUnprocessed(rest, left)
		chosen = chosen[len(g.in.Keys):]
	}
	o.b = append(o.b, '}')
	o.member("UnprocessedKeys")
	o.b = append(o.b, rest.close()...)
	if in.ReturnConsumedCapacity.wanted() {
		appendConsumptions(o, used, *in.ReturnConsumedCapacity, false)
	}
	return o.close()
}

// appendUnprocessed adds the keys that were not read, in the form of a request.
func (g *tableGet) appendUnprocessed(o *object, left []input.Item) {
	if len(left) == 0 {
		return
	}
	if o.b[len(o.b)-1] != '{' {
		o.b = append(o.b, ',')
	}
	o.b = append(appendString(o.b, g.name), `:{"Keys":[`...)
	for i, key := range left {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.b = key.AppendJSON(o.b)
	}
	o.b = append(o.b, ']')
	if g.in.ConsistentRead != nil {
		o.b = fmt.Appendf(o.b, `,"ConsistentRead":%t`, *g.in.ConsistentRead)
	}
	if g.in.AttributesToGet != nil {
		o.b = append(o.b, `,"AttributesToGet":[`...)
		for i, name := range g.in.AttributesToGet {
			if i > 0 {
				o.b = append(o.b, ',')
			}
			o.b = appendString(o.b, name)
		}
		o.b = append(o.b, ']')
	}
	if g.in.ProjectionExpression != nil {
		o.b = appendString(append(o.b, `,"ProjectionExpression":`...), *g.in.ProjectionExpression)
	}
	if g.in.ExpressionAttributeNames != nil {
		o.b = append(o.b, `,"ExpressionAttributeNames":`...)
		o.b = appendStrings(o.b, g.in.ExpressionAttributeNames)
	}
	o.b = append(o.b, '}')
}

// appendConsumptions adds the ConsumedCapacity list of a batch or a transaction.
func appendConsumptions(o *object, used []*consumption, report capacityReport, split bool) {
	o.member("ConsumedCapacity")
	o.b = append(o.b, '[')
	for i, c := range used {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.b = c.appendJSON(o.b, report, split)
	}
	o.b = append(o.b, ']')
}
