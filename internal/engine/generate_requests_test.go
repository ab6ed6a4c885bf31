package engine_test

import (
	"encoding/json"
)

// A genRequest is a request, with what the comparison of its answers has to know.
type genRequest struct {
	operation string
	body      object
	// drain says that pages are read to the end, because their limits depend on an
	// order that is not defined.
	drain bool
	// touched are the items that are written, by table.
	touched []genItem
	// removes says that an update may do no more than remove.
	removes bool
}

type genItem struct {
	table *genTable
	key   object
}

func (r *genRequest) text() string {
	b, err := json.Marshal(r.body)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func (g *generator) request() *genRequest {
	t := pick(g, g.tables...)
	r := &genRequest{body: object{"TableName": t.name}}
	switch n := g.IntN(100); {
	case n < 25:
		g.put(t, r)
	case n < 35:
		g.get(t, r)
	case n < 43:
		g.delete(t, r)
	case n < 63:
		g.update(t, r)
	case n < 80:
		g.query(t, r)
	case n < 86:
		g.scan(t, r)
	case n < 89:
		g.batchGet(r)
	case n < 92:
		g.batchWrite(r)
	case n < 97:
		g.transactWrite(r)
	default:
		g.transactGet(r)
	}
	if g.chance(3) {
		r.body["ReturnConsumedCapacity"] = pick(g, "TOTAL", "INDEXES", "NONE")
	}
	g.spoil(r.body)
	return r
}

func (g *generator) put(t *genTable, r *genRequest) {
	r.operation = "PutItem"
	it := g.item(t)
	r.body["Item"] = it
	r.touched = []genItem{{t, keyOf(t, it)}}
	if !g.legacy(t, r) {
		g.conditional(t, r.body, "ALL_OLD", "NONE")
	}
}

func (g *generator) conditional(t *genTable, body object, returns ...string) {
	x := g.expressions(t)
	if g.chance(3) {
		body["ConditionExpression"] = x.condition(2)
	}
	x.into(body)
	if g.chance(3) && len(returns) > 0 {
		body["ReturnValues"] = pick(g, returns...)
	}
	if g.chance(6) {
		body["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
	}
}

func (g *generator) get(t *genTable, r *genRequest) {
	r.operation = "GetItem"
	r.body["Key"] = g.key(t)
	if !g.legacy(t, r) && g.chance(3) {
		x := g.expressions(t)
		r.body["ProjectionExpression"] = x.projection()
		r.body["ExpressionAttributeNames"] = x.names
		if len(x.names) == 0 {
			delete(r.body, "ExpressionAttributeNames")
		}
	}
	if g.chance(3) {
		r.body["ConsistentRead"] = true
	}
}

func (g *generator) delete(t *genTable, r *genRequest) {
	r.operation = "DeleteItem"
	key := g.key(t)
	r.body["Key"] = key
	r.touched = []genItem{{t, key}}
	if !g.legacy(t, r) {
		g.conditional(t, r.body, "ALL_OLD", "NONE")
	}
}

func (g *generator) update(t *genTable, r *genRequest) {
	r.operation = "UpdateItem"
	key := g.key(t)
	r.body["Key"] = key
	r.touched = []genItem{{t, key}}
	if !g.legacy(t, r) {
		r.removes = g.updating(t, r.body)
	}
	if g.chance(2) {
		r.body["ReturnValues"] = pick(g, "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW", "NONE")
	}
}

func (g *generator) updating(t *genTable, body object) (removes bool) {
	x := g.expressions(t)
	body["UpdateExpression"], removes = x.update()
	if g.chance(3) {
		body["ConditionExpression"] = x.condition(1)
	}
	x.into(body)
	if g.chance(6) {
		body["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
	}
	return removes
}

func (g *generator) query(t *genTable, r *genRequest) {
	r.operation = "Query"
	if g.legacy(t, r) {
		return
	}
	keys := t.keys
	if len(t.indexes) > 0 && g.chance(2) {
		ix := pick(g, t.indexes...)
		r.body["IndexName"] = ix.name
		keys = ix.keys
		r.drain = true
	}
	x := g.expressions(t)
	partition := g.keyValue(keys[0].kind)
	cond := x.name(keys[0].name) + " = " + x.bind(partition)
	if len(keys) == 2 && g.chance(2) {
		cond += " AND " + x.sortCondition(keys[1])
	}
	r.body["KeyConditionExpression"] = cond
	if g.chance(4) {
		g.startKey(t, keys, partition, r)
	}
	g.reading(x, r)
	if g.chance(2) {
		r.body["ScanIndexForward"] = g.chance(2)
	}
}

// startKey adds an ExclusiveStartKey, mostly one of the partition that is read. For an index it is an unsuitable one: the order of
// entries with equal keys is not defined.
func (g *generator) startKey(t *genTable, keys []genKey, partition object, r *genRequest) {
	start := g.key(t)
	for _, k := range keys[1:] {
		start[k.name] = g.keyValue(k.kind)
	}
	if !g.chance(5) || r.body["IndexName"] != nil {
		start[keys[0].name] = partition
	}
	if r.body["IndexName"] != nil {
		start[pick(g, keys...).name] = pick(g, object{"S": ""}, object{"B": ""}, object{"NULL": true})
	}
	r.body["ExclusiveStartKey"] = start
}

func (x *genExpressions) sortCondition(k genKey) string {
	name, v := x.name(k.name), func() string { return x.bind(x.keyValue(k.kind)) }
	switch x.IntN(8) {
	case 0:
		return name + " BETWEEN " + v() + " AND " + v()
	case 1:
		return "begins_with(" + name + ", " + v() + ")"
	case 2:
		return v() + pick(x.generator, " < ", " >= ", " = ") + name
	}
	return name + pick(x.generator, " = ", " < ", " <= ", " > ", " >= ") + v()
}

func (g *generator) reading(x *genExpressions, r *genRequest) {
	if g.chance(3) {
		r.body["FilterExpression"] = x.condition(1)
	}
	if g.chance(4) {
		r.body["ProjectionExpression"] = x.projection()
	}
	x.into(r.body)
	if g.chance(3) {
		r.body["Limit"] = 1 + g.IntN(4)
	}
	if g.chance(6) {
		r.body["Select"] = pick(g, "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES", "SPECIFIC_ATTRIBUTES")
	}
	if g.chance(5) {
		r.body["ConsistentRead"] = true
	}
}

func (g *generator) scan(t *genTable, r *genRequest) {
	r.operation, r.drain = "Scan", true
	if g.legacy(t, r) {
		return
	}
	if len(t.indexes) > 0 && g.chance(3) {
		r.body["IndexName"] = pick(g, t.indexes...).name
	}
	g.reading(g.expressions(t), r)
}

func (g *generator) batchGet(r *genRequest) {
	r.operation = "BatchGetItem"
	items := object{}
	for range 1 + g.IntN(2) {
		t := pick(g, g.tables...)
		var keys []any
		for range 1 + g.IntN(3) {
			keys = append(keys, g.key(t))
		}
		request := object{"Keys": keys}
		if g.chance(4) {
			x := g.expressions(t)
			request["ProjectionExpression"] = x.projection()
			if len(x.names) > 0 {
				request["ExpressionAttributeNames"] = x.names
			}
		}
		items[t.name] = request
	}
	r.body = object{"RequestItems": items}
}

func (g *generator) batchWrite(r *genRequest) {
	r.operation = "BatchWriteItem"
	items := object{}
	for range 1 + g.IntN(2) {
		t := pick(g, g.tables...)
		if items[t.name] != nil {
			continue
		}
		var writes []any
		for range 1 + g.IntN(3) {
			if g.chance(3) {
				key := g.key(t)
				writes = append(writes, object{"DeleteRequest": object{"Key": key}})
				r.touched = append(r.touched, genItem{t, key})
			} else {
				it := g.item(t)
				writes = append(writes, object{"PutRequest": object{"Item": it}})
				r.touched = append(r.touched, genItem{t, keyOf(t, it)})
			}
		}
		items[t.name] = writes
	}
	r.body = object{"RequestItems": items}
}

func (g *generator) transactWrite(r *genRequest) {
	r.operation = "TransactWriteItems"
	var actions []any
	for range 1 + g.IntN(4) {
		t := pick(g, g.tables...)
		action := object{"TableName": t.name}
		switch g.IntN(4) {
		case 0:
			it := g.item(t)
			action["Item"] = it
			g.conditional(t, action)
			actions = append(actions, object{"Put": action})
			r.touched = append(r.touched, genItem{t, keyOf(t, it)})
			continue
		case 1:
			r.removes = true
			key := g.key(t)
			action["Key"] = key
			g.updating(t, action)
			actions = append(actions, object{"Update": action})
			r.touched = append(r.touched, genItem{t, key})
			continue
		}
		key := g.key(t)
		action["Key"] = key
		if g.chance(2) {
			g.conditional(t, action)
			actions = append(actions, object{"Delete": action})
		} else {
			x := g.expressions(t)
			action["ConditionExpression"] = x.condition(1)
			x.into(action)
			actions = append(actions, object{"ConditionCheck": action})
		}
		r.touched = append(r.touched, genItem{t, key})
	}
	r.body = object{"TransactItems": actions}
}

func (g *generator) transactGet(r *genRequest) {
	r.operation = "TransactGetItems"
	var gets []any
	for range 1 + g.IntN(3) {
		t := pick(g, g.tables...)
		get := object{"TableName": t.name, "Key": g.key(t)}
		if g.chance(4) {
			x := g.expressions(t)
			get["ProjectionExpression"] = x.projection()
			if len(x.names) > 0 {
				get["ExpressionAttributeNames"] = x.names
			}
		}
		gets = append(gets, object{"Get": get})
	}
	r.body = object{"TransactItems": gets}
}

func keyOf(t *genTable, it object) object {
	key := object{}
	for _, k := range t.keys {
		if v, ok := it[k.name]; ok {
			key[k.name] = v
		}
	}
	return key
}
