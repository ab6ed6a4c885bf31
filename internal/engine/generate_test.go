package engine_test

import (
	"encoding/base64"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// A generator makes random requests, most of them valid, on tables whose keys it
// draws from a few values, so that requests meet each other's items.
type generator struct {
	*rand.Rand
	tables []*genTable
}

type object = map[string]any

type genKey struct{ name, kind string }

type genTable struct {
	name    string
	keys    []genKey
	indexes []genIndex
}

type genIndex struct {
	name  string
	local bool
	keys  []genKey
}

func pick[T any](g *generator, list ...T) T { return list[g.IntN(len(list))] }

// chance is true in one of n cases.
func (g *generator) chance(n int) bool { return g.IntN(n) == 0 }

// plain are attributes that no key uses; some of them become index keys of tables.
var plain = []string{"a", "b", "c", "d", "e1", "Name", "g1", "g2", "l1"}

// table defines a table at random.
func (g *generator) table(name string) (*genTable, object) {
	t := &genTable{name: name, keys: []genKey{{"pk", pick(g, "S", "S", "N", "B")}}}
	if !g.chance(4) {
		t.keys = append(t.keys, genKey{"sk", pick(g, "S", "N", "B")})
	}
	kinds := map[string]string{}
	for _, k := range t.keys {
		kinds[k.name] = k.kind
	}
	key := func(name string) genKey {
		if kinds[name] == "" {
			kinds[name] = pick(g, "S", "N", "B")
		}
		return genKey{name, kinds[name]}
	}
	def := object{"TableName": name, "BillingMode": "PAY_PER_REQUEST", "KeySchema": schemaOf(t.keys)}
	var gsis, lsis []any
	for i := range g.IntN(3) {
		ix := genIndex{name: fmt.Sprintf("gsi%d", i), keys: []genKey{key(pick(g, "g1", "g2", "pk"))}}
		if g.chance(2) {
			if other := pick(g, "g1", "g2", "l1", "sk"); other != ix.keys[0].name && (other != "sk" || len(t.keys) == 2) {
				ix.keys = append(ix.keys, key(other))
			}
		}
		t.indexes = append(t.indexes, ix)
		gsis = append(gsis, object{"IndexName": ix.name, "KeySchema": schemaOf(ix.keys), "Projection": g.projection()})
	}
	if len(t.keys) == 2 && g.chance(2) {
		ix := genIndex{name: "lsi", local: true, keys: []genKey{t.keys[0], key("l1")}}
		t.indexes = append(t.indexes, ix)
		lsis = append(lsis, object{"IndexName": ix.name, "KeySchema": schemaOf(ix.keys), "Projection": g.projection()})
	}
	if gsis != nil {
		def["GlobalSecondaryIndexes"] = gsis
	}
	if lsis != nil {
		def["LocalSecondaryIndexes"] = lsis
	}
	var defs []any
	for _, name := range []string{"pk", "sk", "g1", "g2", "l1"} {
		if kinds[name] != "" {
			defs = append(defs, object{"AttributeName": name, "AttributeType": kinds[name]})
		}
	}
	def["AttributeDefinitions"] = defs
	return t, def
}

func schemaOf(keys []genKey) []any {
	var list []any
	for i, k := range keys {
		list = append(list, object{"AttributeName": k.name, "KeyType": []string{"HASH", "RANGE"}[i]})
	}
	return list
}

func (g *generator) projection() object {
	switch g.IntN(3) {
	case 0:
		return object{"ProjectionType": "ALL"}
	case 1:
		return object{"ProjectionType": "KEYS_ONLY"}
	}
	return object{"ProjectionType": "INCLUDE", "NonKeyAttributes": []any{"a", "c"}}
}

// kindOf is the type that a table's keys want for an attribute, or "".
func (t *genTable) kindOf(name string) string {
	for _, k := range t.keys {
		if k.name == name {
			return k.kind
		}
	}
	for _, ix := range t.indexes {
		for _, k := range ix.keys {
			if k.name == name {
				return k.kind
			}
		}
	}
	return ""
}

// keyValue is one of few values of a key type.
func (g *generator) keyValue(kind string) object {
	switch kind {
	case "S":
		return object{"S": pick(g, "a", "b", "ba", "c#1", "é", "Z")}
	case "N":
		return object{"N": pick(g, "0", "1", "-1", "1.0", "2.5", "100", "1e2", "-0.001")}
	}
	return object{"B": base64.StdEncoding.EncodeToString([]byte(pick(g, "a", "b", "\x00", "\xff\x01", "ba")))}
}

func (g *generator) key(t *genTable) object {
	key := object{}
	for _, k := range t.keys {
		key[k.name] = g.keyValue(k.kind)
	}
	if g.chance(40) {
		switch g.IntN(4) {
		case 0:
			delete(key, pick(g, t.keys...).name)
		case 1:
			key["a"] = object{"S": "superfluous"}
		case 2:
			key[pick(g, t.keys...).name] = g.value(1)
		case 3:
			key["pk"] = object{"S": ""}
		}
	}
	return key
}

func (g *generator) item(t *genTable) object {
	it := g.key(t)
	for range g.IntN(6) {
		g.attribute(t, it)
	}
	return it
}

func (g *generator) attribute(t *genTable, it object) {
	name := pick(g, plain...)
	if kind := t.kindOf(name); kind != "" && !g.chance(30) {
		it[name] = g.keyValue(kind)
		return
	}
	it[name] = g.value(2)
}

// value is an attribute value of any type, now and then an invalid one.
func (g *generator) value(depth int) object {
	if g.chance(150) {
		return pick(g, object{}, object{"N": "abc"}, object{"N": ""}, object{"SS": []any{}}, object{"NS": []any{}}, object{"BS": []any{}},
			object{"SS": []any{"a", "a"}}, object{"NS": []any{"1", "1.0"}}, object{"S": "a", "N": "1"}, object{"NULL": false},
			object{"N": "1e126"}, object{"N": "1e-131"}, object{"N": "0e126"}, object{"N": "1e9223372036854775808"}, nested(31), nested(32), object{"N": "123456789012345678901234567890123456789"})
	}
	n := 9
	if depth == 0 {
		n = 7
	}
	switch g.IntN(n) {
	case 0, 1:
		return object{"S": pick(g, "", "a", "ab", "b", "abc", "é☺", "a\"\\\n")}
	case 2:
		return object{"N": pick(g, "0", "1", "-1", "2", "10", "1.5", "1000", "-0.001", "123456789012345678901234567890", "99999999999999999999999999999999999999")}
	case 3:
		return object{"B": pick(g, "", "YQ==", "YWI=", "/wA=")}
	case 4:
		return pick(g, object{"BOOL": true}, object{"BOOL": false}, object{"NULL": true})
	case 5:
		return object{"SS": pick(g, []any{"a"}, []any{"a", "b"}, []any{"b", "c", "a"}, []any{""})}
	case 6:
		return pick(g, object{"NS": []any{"1"}}, object{"NS": []any{"1", "2", "-3"}}, object{"BS": []any{"YQ==", "YWI="}})
	case 7:
		list := []any{}
		for range g.IntN(3) {
			list = append(list, g.value(depth-1))
		}
		return object{"L": list}
	}
	m := object{}
	for range g.IntN(3) {
		m[pick(g, "a", "b", "x")] = g.value(depth - 1)
	}
	return object{"M": m}
}

// nested is a value of lists in one another.
func nested(depth int) object {
	v := object{"N": "1"}
	for range depth {
		v = object{"L": []any{v}}
	}
	return v
}

// expressions collects the placeholders of one request.
type genExpressions struct {
	*generator
	table         *genTable
	names, values object
}

func (g *generator) expressions(t *genTable) *genExpressions {
	return &genExpressions{g, t, object{}, object{}}
}

// into puts the placeholders into a request, sometimes one too many or too few.
func (x *genExpressions) into(request object) {
	if x.chance(60) {
		x.values[":unused"] = object{"S": "u"}
	}
	if x.chance(300) {
		x.values[""] = object{"S": "u"}
	}
	if len(x.values) > 0 && x.chance(100) {
		delete(x.values, pick(x.generator, slices.Sorted(maps.Keys(x.values))...))
	}
	if len(x.names) > 0 {
		request["ExpressionAttributeNames"] = x.names
	}
	if len(x.values) > 0 {
		request["ExpressionAttributeValues"] = x.values
	}
}

func (x *genExpressions) bind(v object) string {
	name := fmt.Sprintf(":v%d", len(x.values))
	x.values[name] = v
	return name
}

func (x *genExpressions) name(attr string) string {
	if attr != "Name" && !x.chance(4) {
		return attr
	}
	if attr == "Name" && x.chance(30) {
		return attr // a reserved word
	}
	x.names["#"+attr] = attr
	return "#" + attr
}

func (x *genExpressions) path() string {
	var p strings.Builder
	p.WriteString(x.name(x.attr()))
	for x.chance(5) {
		if x.chance(2) {
			p.WriteString("." + x.name(pick(x.generator, "a", "b", "x")))
		} else {
			fmt.Fprintf(&p, "[%d]", x.IntN(3))
		}
	}
	return p.String()
}

func (x *genExpressions) attr() string {
	if x.chance(8) {
		return pick(x.generator, x.table.keys...).name
	}
	return pick(x.generator, plain...)
}

func (x *genExpressions) operand() string {
	switch n := x.IntN(60); {
	case n < 4:
		return "(" + x.bareOperand() + ")"
	case n < 5:
		return "((" + x.bareOperand() + "))"
	}
	return x.bareOperand()
}

func (x *genExpressions) bareOperand() string {
	switch x.IntN(8) {
	case 0:
		return x.path()
	case 1:
		return "size(" + x.path() + ")"
	}
	return x.bind(x.value(1))
}

func (x *genExpressions) condition(depth int) string {
	if depth > 0 {
		switch x.IntN(8) {
		case 0, 1:
			return x.condition(depth-1) + pick(x.generator, " AND ", " and ", " OR ") + x.condition(depth-1)
		case 2:
			return "NOT " + x.condition(depth-1)
		case 3:
			return "(" + x.condition(depth-1) + ")"
		}
	}
	switch x.IntN(9) {
	case 0:
		return "attribute_exists(" + x.path() + ")"
	case 1:
		return "attribute_not_exists(" + x.path() + ")"
	case 2:
		return "attribute_type(" + x.path() + ", " + x.bind(object{"S": pick(x.generator, "S", "N", "M", "L", "SS", "NULL", "Q")}) + ")"
	case 3:
		return "begins_with(" + x.path() + ", " + x.bind(x.value(0)) + ")"
	case 4:
		return "contains(" + x.path() + ", " + x.operand() + ")"
	case 5:
		return x.operand() + " BETWEEN " + x.operand() + " AND " + x.operand()
	case 6:
		return x.path() + " IN (" + x.operand() + ", " + x.operand() + ")"
	}
	return x.path() + pick(x.generator, " = ", "=", " <> ", " < ", " <= ", " > ", " >= ") + x.operand()
}

func (x *genExpressions) projection() string {
	var paths []string
	for range 1 + x.IntN(3) {
		paths = append(paths, x.path())
	}
	return strings.Join(paths, ", ")
}

// update also says whether the expression does nothing but remove.
func (x *genExpressions) update() (text string, removes bool) {
	var sections []string
	removes = true
	for _, s := range x.Perm(4)[:1+x.IntN(2)] {
		var list []string
		for range 1 + x.IntN(2) {
			list = append(list, x.action(s))
		}
		removes = removes && (s == 1 || s == 3)
		sections = append(sections, []string{"SET ", "REMOVE ", "ADD ", "DELETE "}[s]+strings.Join(list, ", "))
	}
	return strings.Join(sections, " "), removes
}

func (x *genExpressions) action(section int) string {
	target := x.path()
	if x.chance(3) {
		target = x.name(pick(x.generator, "a", "b", "c"))
	}
	switch section {
	case 0:
		return target + " = " + x.assigned()
	case 1:
		return target
	case 2:
		return target + " " + x.bind(pick(x.generator, object{"N": "1"}, object{"N": "-2.5"}, object{"SS": []any{"a", "z"}}, object{"NS": []any{"1", "7"}}, x.value(1)))
	}
	return target + " " + x.bind(pick(x.generator, object{"SS": []any{"a"}}, object{"NS": []any{"1"}}, x.value(1)))
}

func (x *genExpressions) assigned() string {
	switch x.IntN(6) {
	case 0:
		return x.path() + pick(x.generator, " + ", " - ") + x.bind(object{"N": pick(x.generator, "1", "0.5", "-3")})
	case 1:
		return "if_not_exists(" + x.path() + ", " + x.bind(x.value(1)) + ")"
	case 2:
		return "list_append(" + pick(x.generator, x.path(), x.bind(object{"L": []any{object{"S": "p"}}})) + ", " + x.bind(object{"L": []any{object{"N": "9"}}}) + ")"
	case 3:
		return x.path()
	}
	return x.bind(x.value(2))
}

// spoil breaks a request's expressions now and then.
func (g *generator) spoil(request object) {
	if !g.chance(80) {
		return
	}
	for _, name := range []string{"ConditionExpression", "UpdateExpression", "FilterExpression", "ProjectionExpression", "KeyConditionExpression"} {
		text, ok := request[name].(string)
		if !ok || text == "" {
			continue
		}
		at := g.IntN(len(text))
		request[name] = text[:at] + pick(g, "", "(", ")", ",", " AND ", "=", " :v0", "#x", "!") + text[min(len(text), at+g.IntN(3)):]
		return
	}
}
