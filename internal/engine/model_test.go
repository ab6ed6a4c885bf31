package engine_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/entable/entable/internal/engine"
	"github.com/entable/entable/internal/trial"
)

// A naive model of one table: items in a map, found by looking at all of them. Random
// writes and reads on the engine have to agree with it, page by page.
type model struct {
	t     *testing.T
	r     *rand.Rand
	db    *engine.DB
	items map[string]object // by key
}

func TestTheEngineAgreesWithANaiveModel(t *testing.T) {
	m := &model{t: t, r: trial.Rand(t), db: newDB(t, engine.Config{}), items: map[string]object{}}
	must(t, m.db, "CreateTable", things)
	for range 3000 {
		switch n := m.r.IntN(10); {
		case n < 4:
			m.put()
		case n < 5:
			m.delete()
		case n < 7:
			m.query()
		case n < 8:
			m.queryIndex("gix", "g", "h", "g")
		case n < 9:
			m.queryIndex("lix", "pk", "l", "p")
		default:
			m.scan()
		}
		if t.Failed() {
			return
		}
	}
}

func str(format string, args ...any) object { return object{"S": fmt.Sprintf(format, args...)} }

func (m *model) key() object {
	return object{"pk": str("p%d", m.r.IntN(4)), "sk": str("s%02d", m.r.IntN(30))}
}

func (m *model) send(operation string, body object) object {
	m.t.Helper()
	body["TableName"] = "things"
	text, err := json.Marshal(body)
	if err != nil {
		m.t.Fatal(err)
	}
	return must(m.t, m.db, operation, string(text))
}

func id(it object) string { return text(it, "pk") + "/" + text(it, "sk") }

func text(it object, name string) string {
	v, _ := it[name].(object)
	s, _ := v["S"].(string)
	return s
}

func number(it object) int {
	v, _ := it["h"].(object)
	n, _ := strconv.Atoi(fmt.Sprint(v["N"]))
	return n
}

func (m *model) put() {
	it := m.key()
	if m.r.IntN(3) > 0 {
		it["g"] = str("g%d", m.r.IntN(3))
	}
	if m.r.IntN(3) > 0 {
		it["h"] = object{"N": strconv.Itoa(m.r.IntN(20) - 10)}
	}
	if m.r.IntN(3) > 0 {
		it["l"] = str("l%02d", m.r.IntN(20))
	}
	if m.r.IntN(2) > 0 {
		it["x"] = str("x%d", m.r.IntN(5))
	}
	it["y"] = str("y")
	m.send("PutItem", object{"Item": it})
	m.items[id(it)] = it
}

func (m *model) delete() {
	key := m.key()
	m.send("DeleteItem", object{"Key": key})
	delete(m.items, id(key))
}

// pages reads all pages of a request and checks that each is as long as it may be.
func (m *model) pages(operation string, body object) []object {
	m.t.Helper()
	limit := 1 + m.r.IntN(10)
	if m.r.IntN(2) == 0 {
		body["Limit"] = limit
	}
	var all []object
	for {
		out := m.send(operation, body)
		page := asList(out["Items"])
		for _, it := range page {
			all = append(all, it.(object))
		}
		start, more := out["LastEvaluatedKey"]
		if !more {
			return all
		}
		if body["Limit"] == nil || len(page) != limit {
			m.t.Fatalf("%s %v: a page of %d that is not the last", operation, body, len(page))
		}
		body["ExclusiveStartKey"] = start
	}
}

func (m *model) check(what string, got, want []object) {
	m.t.Helper()
	if a, b := fmt.Sprint(got), fmt.Sprint(want); a != b {
		m.t.Errorf("%s\n got %s\nwant %s", what, a, b)
	}
}

// matching gives the items that satisfy want, in the order of less.
func (m *model) matching(want func(object) bool, compare func(a, b object) int) []object {
	var list []object
	for _, it := range m.items {
		if want(it) {
			list = append(list, it)
		}
	}
	slices.SortFunc(list, compare)
	return list
}

func (m *model) query() {
	pk, low := fmt.Sprintf("p%d", m.r.IntN(4)), fmt.Sprintf("s%02d", m.r.IntN(30))
	op := []string{"<", "<=", ">", ">=", "="}[m.r.IntN(5)]
	want := m.matching(func(it object) bool {
		c := strings.Compare(text(it, "sk"), low)
		return text(it, "pk") == pk && map[string]bool{"<": c < 0, "<=": c <= 0, ">": c > 0, ">=": c >= 0, "=": c == 0}[op]
	}, func(a, b object) int { return strings.Compare(id(a), id(b)) })
	body := object{"KeyConditionExpression": "pk = :p AND sk " + op + " :s",
		"ExpressionAttributeValues": object{":p": object{"S": pk}, ":s": object{"S": low}}}
	if m.r.IntN(2) == 0 {
		body["ScanIndexForward"] = false
		slices.Reverse(want)
	}
	m.check("query "+op, m.pages("Query", body), want)
}

// queryIndex compares all of one index partition. Items with equal index keys come in
// any order, so they are compared without it.
func (m *model) queryIndex(index, hash, rng, prefix string) {
	value := fmt.Sprintf("%s%d", prefix, m.r.IntN(3))
	body := object{"IndexName": index, "KeyConditionExpression": "#h = :h", "ExpressionAttributeNames": object{"#h": hash},
		"ExpressionAttributeValues": object{":h": object{"S": value}}}
	got := m.pages("Query", body)
	compare := func(a, b object) int {
		if rng == "h" {
			return number(a) - number(b)
		}
		return strings.Compare(text(a, rng), text(b, rng))
	}
	if !slices.IsSortedFunc(got, compare) {
		m.t.Errorf("index %s out of order: %v", index, got)
	}
	want := m.matching(func(it object) bool { return text(it, hash) == value && it[rng] != nil }, func(a, b object) int { return strings.Compare(id(a), id(b)) })
	for i, it := range want {
		want[i] = maps.Clone(it)
		maps.DeleteFunc(want[i], func(name string, _ any) bool {
			return name == "y" || (index == "lix" && name != "pk" && name != "sk" && name != "l") || (index == "gix" && name == "l")
		})
	}
	slices.SortFunc(got, func(a, b object) int { return strings.Compare(id(a), id(b)) })
	m.check("index "+index, got, want)
}

func (m *model) scan() {
	total := 1 + m.r.IntN(4)
	var got []object
	for i := range total {
		body := object{"TotalSegments": total, "Segment": i}
		got = append(got, m.pages("Scan", body)...)
	}
	slices.SortFunc(got, func(a, b object) int { return strings.Compare(id(a), id(b)) })
	want := m.matching(func(object) bool { return true }, func(a, b object) int { return strings.Compare(id(a), id(b)) })
	m.check("scan", got, want)
}
