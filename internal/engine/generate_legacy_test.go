package engine_test

// Requests with the parameters that expressions have replaced.

var comparisonOperators = []string{"EQ", "NE", "LE", "LT", "GE", "GT", "CONTAINS", "NOT_CONTAINS", "BEGINS_WITH", "IN", "BETWEEN", "NULL", "NOT_NULL"}

// comparison is an operator with operands that mostly fit it.
func (g *generator) comparison(operand func() object) object {
	op := pick(g, comparisonOperators...)
	n := 1
	switch op {
	case "NULL", "NOT_NULL":
		n = 0
	case "BETWEEN":
		n = 2
	case "IN":
		n = 1 + g.IntN(2)
	}
	if g.chance(60) {
		n = g.IntN(3)
	}
	c := object{"ComparisonOperator": op}
	list := []any{}
	for range n {
		list = append(list, operand())
	}
	if n > 0 || g.chance(20) {
		c["AttributeValueList"] = list
	}
	return c
}

// operand is a value that comparisons can have, now and then another one.
func (g *generator) operand(t *genTable, attr string) func() object {
	kind := t.kindOf(attr)
	if kind == "" {
		kind = pick(g, "S", "N", "B")
	}
	return func() object {
		if g.chance(12) {
			return g.value(1)
		}
		return g.keyValue(kind)
	}
}

func (g *generator) filter(t *genTable) object {
	filter := object{}
	for range 1 + g.IntN(2) {
		attr := pick(g, plain...)
		if g.chance(20) {
			attr = pick(g, t.keys...).name
		}
		filter[attr] = g.comparison(g.operand(t, attr))
	}
	return filter
}

// joined adds a ConditionalOperator where it fits, and sometimes where it does not.
func (g *generator) joined(body object, entries int) {
	if entries > 1 && g.chance(2) || g.chance(60) {
		body["ConditionalOperator"] = pick(g, "AND", "OR")
	}
}

func (g *generator) expected(t *genTable, body object) {
	expected := object{}
	for range 1 + g.IntN(2) {
		attr := pick(g, plain...)
		switch g.IntN(4) {
		case 0:
			expected[attr] = object{"Exists": false}
		case 1:
			expected[attr] = object{"Value": g.operand(t, attr)()}
			if g.chance(5) {
				expected[attr].(object)["Exists"] = g.chance(2)
			}
		default:
			expected[attr] = g.comparison(g.operand(t, attr))
		}
	}
	body["Expected"] = expected
	g.joined(body, len(expected))
}

func (g *generator) attributesToGet(body object) {
	names := []any{}
	for range 1 + g.IntN(3) {
		names = append(names, pick(g, plain...))
	}
	body["AttributesToGet"] = names
}

// attributeUpdates also says whether the updates do nothing but remove.
func (g *generator) attributeUpdates(t *genTable, body object) (removes bool) {
	updates := object{}
	for range 1 + g.IntN(2) {
		attr := pick(g, plain...)
		u := object{}
		switch action := g.IntN(8); {
		case action < 3:
			it := object{}
			for it[attr] == nil {
				g.attribute(t, it)
			}
			u["Value"] = it[attr]
			if g.chance(2) {
				u["Action"] = "PUT"
			}
		case action < 5:
			u["Action"] = "ADD"
			u["Value"] = pick(g, object{"N": "1"}, object{"N": "-2.5"}, object{"SS": []any{"a", "z"}}, object{"L": []any{object{"S": "x"}}}, g.value(1))
		case action < 6:
			u["Action"], u["Value"] = "DELETE", pick(g, object{"SS": []any{"a"}}, object{"NS": []any{"1"}}, g.value(1))
		default:
			u["Action"] = "DELETE"
		}
		updates[attr] = u
	}
	body["AttributeUpdates"] = updates
	for _, u := range updates {
		if u.(object)["Action"] != "DELETE" {
			return false
		}
	}
	return true
}

// legacy makes a request with legacy parameters, or false for one that is to have none.
func (g *generator) legacy(t *genTable, r *genRequest) bool {
	if !g.chance(5) {
		return false
	}
	switch r.operation {
	case "PutItem", "DeleteItem":
		g.expected(t, r.body)
		if g.chance(3) {
			r.body["ReturnValues"] = "ALL_OLD"
		}
	case "UpdateItem":
		r.removes = g.attributeUpdates(t, r.body)
		if g.chance(3) {
			g.expected(t, r.body)
		}
	case "GetItem":
		g.attributesToGet(r.body)
	case "Query", "Scan":
		g.legacyRead(t, r)
	}
	if g.chance(50) {
		r.body[pick(g, "ConditionExpression", "FilterExpression", "ProjectionExpression")] = "attribute_exists(a)"
	}
	return true
}

func (g *generator) legacyRead(t *genTable, r *genRequest) {
	filter := "ScanFilter"
	keys := t.keys
	if len(t.indexes) > 0 && g.chance(2) {
		ix := pick(g, t.indexes...)
		r.body["IndexName"], keys, r.drain = ix.name, ix.keys, true
	}
	if r.operation == "Query" {
		filter = "QueryFilter"
		conditions := object{keys[0].name: object{"ComparisonOperator": "EQ", "AttributeValueList": []any{g.keyValue(keys[0].kind)}}}
		if len(keys) == 2 && g.chance(2) {
			conditions[keys[1].name] = g.comparison(func() object { return g.keyValue(keys[1].kind) })
		}
		if g.chance(60) {
			delete(conditions, pick(g, keys...).name)
		}
		r.body["KeyConditions"] = conditions
	} else {
		r.drain = true
	}
	if g.chance(2) {
		f := g.filter(t)
		r.body[filter] = f
		g.joined(r.body, len(f))
	}
	if g.chance(4) {
		g.attributesToGet(r.body)
	}
	if g.chance(3) {
		r.body["Limit"] = 1 + g.IntN(4)
	}
	if g.chance(8) {
		r.body["Select"] = pick(g, "COUNT", "ALL_ATTRIBUTES", "SPECIFIC_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES")
	}
}

// legacyEntries says whether a request has several entries that can be at fault: which one is told is not defined.
func (r *genRequest) legacyEntries() bool {
	n := 0
	for _, name := range []string{"KeyConditions", "QueryFilter", "ScanFilter", "Expected", "AttributeUpdates"} {
		entries, _ := r.body[name].(object)
		n += len(entries)
	}
	names, _ := r.body["AttributesToGet"].([]any)
	return n > 1 || n == 1 && len(names) > 0 || len(names) > 1
}
