package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/entable/entable/internal/engine"
)

// A clock is time that passes when the test says so.
type clock struct{ now time.Time }

func newClock() *clock { return &clock{time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (c *clock) Now() time.Time { return c.now }

func (c *clock) pass(d time.Duration) { c.now = c.now.Add(d) }

func tableStatus(t *testing.T, db *engine.DB) string {
	t.Helper()
	status, out := call(t, db, "DescribeTable", `{"TableName":"things"}`)
	if status != 200 {
		return refusal(out)
	}
	table := out["Table"].(map[string]any)
	var text strings.Builder
	text.WriteString(table["TableStatus"].(string))
	for _, ix := range asList(table["GlobalSecondaryIndexes"]) {
		ix := ix.(map[string]any)
		fmt.Fprintf(&text, " %v=%v", ix["IndexName"], ix["IndexStatus"])
	}
	return text.String()
}

func asList(v any) []any {
	list, _ := v.([]any)
	return list
}

func TestTablesAndIndexesPassThroughTheirStates(t *testing.T) {
	c := newClock()
	db := newDB(t, engine.Config{Now: c.Now, TableDelay: time.Minute})
	expect := func(want string) {
		t.Helper()
		if got := tableStatus(t, db); got != want {
			t.Errorf("status %q, want %q", got, want)
		}
	}
	refused := func(operation, body, want string) {
		t.Helper()
		if _, out := call(t, db, operation, body); !strings.HasPrefix(refusal(out), want) {
			t.Errorf("%s: %v, want %s", operation, out, want)
		}
	}
	must(t, db, "CreateTable", things)
	expect("CREATING gix=CREATING")
	put := `{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"S":"b"},"n":{"S":"1"}}}`
	refused("PutItem", put, "ResourceNotFoundException")
	refused("CreateTable", things, "ResourceInUseException: Table already exists: things")
	refused("DeleteTable", `{"TableName":"things"}`, "ResourceInUseException")
	c.pass(time.Minute)
	expect("ACTIVE gix=ACTIVE")
	must(t, db, "PutItem", put)

	must(t, db, "UpdateTable", `{"TableName":"things","AttributeDefinitions":[{"AttributeName":"n","AttributeType":"S"}],
		"GlobalSecondaryIndexUpdates":[{"Create":{"IndexName":"new","KeySchema":[{"AttributeName":"n","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}}}]}`)
	expect("UPDATING gix=ACTIVE new=CREATING")
	query := `{"TableName":"things","IndexName":"new","KeyConditionExpression":"n = :n","ExpressionAttributeValues":{":n":{"S":"1"}}}`
	refused("Query", query, "ValidationException: Cannot read from backfilling global secondary index: new")
	refused("UpdateTable", `{"TableName":"things","DeletionProtectionEnabled":true}`, "ResourceInUseException")
	must(t, db, "PutItem", strings.ReplaceAll(put, `"b"`, `"c"`))
	c.pass(time.Minute)
	expect("ACTIVE gix=ACTIVE new=ACTIVE")
	if got := must(t, db, "Query", query)["Count"]; got != 2.0 {
		t.Errorf("the new index has %v items, want 2", got)
	}

	must(t, db, "UpdateTable", `{"TableName":"things","GlobalSecondaryIndexUpdates":[{"Delete":{"IndexName":"new"}}]}`)
	refused("Query", query, "ValidationException: The table does not have the specified index: new")
	c.pass(time.Minute)
	must(t, db, "DeleteTable", `{"TableName":"things"}`)
	expect("DELETING")
	refused("CreateTable", things, "ResourceInUseException")
	c.pass(time.Minute)
	expect("ResourceNotFoundException: Requested resource not found: Table: things not found")
	must(t, db, "CreateTable", things)
}

func TestAttributeDefinitionsFollowTheIndexes(t *testing.T) {
	db := newDB(t, engine.Config{})
	must(t, db, "CreateTable", things)
	names := func() string {
		var list []string
		for _, d := range must(t, db, "DescribeTable", `{"TableName":"things"}`)["Table"].(map[string]any)["AttributeDefinitions"].([]any) {
			list = append(list, d.(map[string]any)["AttributeName"].(string))
		}
		slices.Sort(list)
		return strings.Join(list, " ")
	}
	must(t, db, "UpdateTable", `{"TableName":"things","GlobalSecondaryIndexUpdates":[{"Delete":{"IndexName":"gix"}}]}`)
	if got := names(); got != "l pk sk" {
		t.Errorf("definitions %s", got)
	}
	must(t, db, "UpdateTable", `{"TableName":"things","AttributeDefinitions":[{"AttributeName":"n","AttributeType":"N"},{"AttributeName":"unused","AttributeType":"S"}],
		"GlobalSecondaryIndexUpdates":[{"Create":{"IndexName":"new","KeySchema":[{"AttributeName":"n","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}}}]}`)
	if got := names(); got != "l n pk sk" {
		t.Errorf("definitions %s", got)
	}
}

// Items written before an index existed may have its key attributes with other
// types: they are not in the index, and can be updated all the same.
func TestItemsOlderThanAnIndexMayNotFitIt(t *testing.T) {
	db := newDB(t, engine.Config{})
	must(t, db, "CreateTable", things)
	must(t, db, "PutItem", `{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"S":"b"},"n":{"S":"text"}}}`)
	must(t, db, "UpdateTable", `{"TableName":"things","AttributeDefinitions":[{"AttributeName":"n","AttributeType":"N"}],
		"GlobalSecondaryIndexUpdates":[{"Create":{"IndexName":"new","KeySchema":[{"AttributeName":"n","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}}}]}`)
	must(t, db, "UpdateItem", `{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"b"}},"UpdateExpression":"SET x = :x","ExpressionAttributeValues":{":x":{"S":"y"}}}`)
	if got := must(t, db, "Scan", `{"TableName":"things","IndexName":"new"}`)["Count"]; got != 0.0 {
		t.Errorf("%v items in the index", got)
	}
	must(t, db, "UpdateItem", `{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"b"}},"UpdateExpression":"SET n = :n","ExpressionAttributeValues":{":n":{"N":"1"}}}`)
	if got := must(t, db, "Scan", `{"TableName":"things","IndexName":"new"}`)["Count"]; got != 1.0 {
		t.Errorf("%v items in the index", got)
	}
}

// An index key of a length that no key can have keeps an older item out of an index too.
func TestItemsOlderThanAnIndexMayHaveKeysOfOtherLengths(t *testing.T) {
	db := newDB(t, engine.Config{})
	must(t, db, "CreateTable", things)
	for sk, value := range map[string]string{"empty": "", "fits": "x", "longest": strings.Repeat("x", 1024), "long": strings.Repeat("x", 1025)} {
		must(t, db, "PutItem", fmt.Sprintf(`{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"S":%q},"p":{"S":"p%[2]s%[2]s"},"n":{"S":%[2]q}}}`, sk, value))
	}
	must(t, db, "UpdateTable", `{"TableName":"things","AttributeDefinitions":[{"AttributeName":"n","AttributeType":"S"}, {"AttributeName":"p","AttributeType":"S"}],
		"GlobalSecondaryIndexUpdates":[{"Create":{"IndexName":"new","KeySchema":[{"AttributeName":"p","KeyType":"HASH"},{"AttributeName":"n","KeyType":"RANGE"}],"Projection":{"ProjectionType":"ALL"}}}]}`)
	var got []string
	for _, it := range asList(must(t, db, "Scan", `{"TableName":"things","IndexName":"new"}`)["Items"]) {
		got = append(got, it.(map[string]any)["sk"].(map[string]any)["S"].(string))
	}
	if strings.Join(got, " ") != "fits" { // "longest" has a partition key of 2,049 bytes
		t.Errorf("in the index: %s", got)
	}
	must(t, db, "DeleteItem", `{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"long"}}}`)
}

func TestAnEmptyDatabaseListsNoTables(t *testing.T) {
	db := newDB(t, engine.Config{})
	if _, isList := must(t, db, "ListTables", `{}`)["TableNames"].([]any); !isList {
		t.Error("TableNames is no list")
	}
}

func TestADeletedTableIsDescribedInShort(t *testing.T) {
	db := newDB(t, engine.Config{})
	must(t, db, "CreateTable", things)
	d := must(t, db, "DeleteTable", `{"TableName":"things"}`)["TableDescription"].(map[string]any)
	for _, name := range []string{"KeySchema", "AttributeDefinitions", "CreationDateTime", "GlobalSecondaryIndexes", "LocalSecondaryIndexes"} {
		if d[name] != nil {
			t.Errorf("%s: %v", name, d[name])
		}
	}
	if d["TableStatus"] != "DELETING" || d["TableArn"] == nil {
		t.Errorf("description %v", d)
	}
}

// Nothing is removed from an item that is not there, whatever the path.
func TestRemovingFromAnAbsentItemDoesNothing(t *testing.T) {
	db := newDB(t, engine.Config{})
	must(t, db, "CreateTable", things)
	must(t, db, "UpdateItem", `{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"b"}},"UpdateExpression":"REMOVE x.y, z[1]"}`)
	if got := must(t, db, "Scan", `{"TableName":"things"}`)["Count"]; got != 0.0 {
		t.Errorf("%v items", got)
	}
}

func TestDefinitionsOfKeysAndTagsHaveLimits(t *testing.T) {
	db := newDB(t, engine.Config{})
	long := strings.Repeat("ä", 255)
	create := func(edit ...string) string {
		_, out := call(t, db, "CreateTable", strings.NewReplacer(edit...).Replace(things))
		if refusal(out) == "" {
			must(t, db, "DeleteTable", `{"TableName":"things"}`)
		}
		return refusal(out)
	}
	tags := func(list ...string) []string {
		return []string{`{"TableName"`, `{"Tags":[` + strings.Join(list, ",") + `],"TableName"`}
	}
	var many []string
	for i := range 51 {
		many = append(many, fmt.Sprintf(`{"Key":"k%d","Value":"v"}`, i))
	}
	key := func(schema string) []string {
		return []string{`[{"AttributeName":"g","KeyType":"HASH"},{"AttributeName":"h","KeyType":"RANGE"}]`, schema}
	}
	for _, c := range []struct {
		edit []string
		want string
	}{
		{[]string{`["x"]`, `["` + long + `"]`}, ""},
		{[]string{`["x"]`, `["` + long + `a"]`}, "Member must have length less than or equal to 255"},
		{tags(many[:50]...), ""},
		{tags(many...), "Number of tags exceeds the limit of 50"},
		{tags(`{"Key":"` + long[:256] + `","Value":"` + long[:510] + `"}`), ""},
		{tags(`{"Key":"` + long[:258] + `","Value":"v"}`), "Member must have length less than or equal to 128"},
		{tags(`{"Key":"k","Value":"` + long + `aa"}`), "Member must have length less than or equal to 256"},
		{tags(`{"Key":"Größe 1+-=._:/@","Value":""}`), ""},
		{tags(`{"Key":"k!","Value":"v"}`), "may contain letters, digits, spaces"},
		{tags(`{"Key":"k","Value":"50 %"}`), "may contain letters, digits, spaces"},
		{key(`[{"AttributeName":"g","KeyType":"HASH"},{"AttributeName":"h","KeyType":"RANGE"},{"AttributeName":"l","KeyType":"HASH"}]`), "HASH key elements must precede the RANGE key elements"},
		{key(`[{"AttributeName":"g","KeyType":"HASH"},{"AttributeName":"h","KeyType":"RANGE"},{"AttributeName":"g","KeyType":"RANGE"}]`), "same name: g"},
	} {
		if got := create(c.edit...); !strings.Contains(got, c.want) || (c.want == "") != (got == "") {
			t.Errorf("%.120s: %s, want %s", c.edit[1], got, c.want)
		}
	}
}

func TestDeletionProtection(t *testing.T) {
	db := newDB(t, engine.Config{})
	must(t, db, "CreateTable", things)
	must(t, db, "UpdateTable", `{"TableName":"things","DeletionProtectionEnabled":true}`)
	if _, out := call(t, db, "DeleteTable", `{"TableName":"things"}`); refusal(out) == "" {
		t.Error("the table was deleted")
	}
	must(t, db, "UpdateTable", `{"TableName":"things","DeletionProtectionEnabled":false}`)
	must(t, db, "DeleteTable", `{"TableName":"things"}`)
}

func TestThroughputChanges(t *testing.T) {
	c := newClock()
	db := newDB(t, engine.Config{Now: c.Now})
	must(t, db, "CreateTable", `{"TableName":"things","ProvisionedThroughput":{"ReadCapacityUnits":5,"WriteCapacityUnits":5},
		"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}]}`)
	if _, out := call(t, db, "UpdateTable", `{"TableName":"things","ProvisionedThroughput":{"ReadCapacityUnits":5,"WriteCapacityUnits":5}}`); !strings.Contains(refusal(out), "will not change") {
		t.Errorf("no change: %v", out)
	}
	must(t, db, "UpdateTable", `{"TableName":"things","ProvisionedThroughput":{"ReadCapacityUnits":9,"WriteCapacityUnits":1}}`)
	got := must(t, db, "DescribeTable", `{"TableName":"things"}`)["Table"].(map[string]any)["ProvisionedThroughput"]
	now := float64(c.now.Unix())
	want := map[string]any{"ReadCapacityUnits": 9.0, "WriteCapacityUnits": 1.0, "NumberOfDecreasesToday": 1.0, "LastIncreaseDateTime": now, "LastDecreaseDateTime": now}
	if !equal(got, any(want)) {
		t.Errorf("throughput %v, want %v", got, want)
	}
	must(t, db, "UpdateTable", `{"TableName":"things","BillingMode":"PAY_PER_REQUEST"}`)
	must(t, db, "UpdateTable", `{"TableName":"things","BillingMode":"PROVISIONED","ProvisionedThroughput":{"ReadCapacityUnits":5,"WriteCapacityUnits":5}}`)
}

func TestThroughputOfIndexesChanges(t *testing.T) {
	db := newDB(t, engine.Config{})
	const throughput = `"ProvisionedThroughput":{"ReadCapacityUnits":5,"WriteCapacityUnits":5}`
	must(t, db, "CreateTable", `{"TableName":"things",`+throughput+`,"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],
		"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],"GlobalSecondaryIndexes":[{"IndexName":"gix",`+throughput+`,
		"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}}]}`)
	must(t, db, "PutItem", `{"TableName":"things","Item":{"pk":{"S":"a"}}}`)
	change := func(update string) string {
		_, out := call(t, db, "UpdateTable", `{"TableName":"things","GlobalSecondaryIndexUpdates":[{"Update":`+update+`}]}`)
		return refusal(out)
	}
	for update, want := range map[string]string{
		`{"IndexName":"gix",` + throughput + `}`:   "The provisioned throughput for the table will not change",
		`{"IndexName":"other",` + throughput + `}`: "ResourceNotFoundException: Requested resource not found",
		`{"IndexName":"gix"}`:                      "ValidationException: ",
	} {
		if got := change(update); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", update, got, want)
		}
	}
	if got := change(`{"IndexName":"gix","ProvisionedThroughput":{"ReadCapacityUnits":9,"WriteCapacityUnits":5}}`); got != "" {
		t.Error(got)
	}
	must(t, db, "PutItem", `{"TableName":"things","Item":{"pk":{"S":"b"}}}`)
	got := must(t, db, "Scan", `{"TableName":"things","IndexName":"gix"}`)
	index := must(t, db, "DescribeTable", `{"TableName":"things"}`)["Table"].(map[string]any)["GlobalSecondaryIndexes"].([]any)[0].(map[string]any)
	if units := index["ProvisionedThroughput"].(map[string]any)["ReadCapacityUnits"]; units != 9.0 || got["Count"] != 2.0 {
		t.Errorf("%v units and %v items", units, got["Count"])
	}
}

func TestTablesAreListedInPages(t *testing.T) {
	db := newDB(t, engine.Config{})
	for _, name := range []string{"ccc", "aaa", "bbb"} {
		must(t, db, "CreateTable", strings.Replace(things, "things", name, 1))
	}
	if got := must(t, db, "ListTables", `{"Limit":2}`); !equal(got, map[string]any{"TableNames": []any{"aaa", "bbb"}, "LastEvaluatedTableName": "bbb"}) {
		t.Errorf("first page %v", got)
	}
	if got := must(t, db, "ListTables", `{"Limit":2,"ExclusiveStartTableName":"bbb"}`); !equal(got, map[string]any{"TableNames": []any{"ccc"}}) {
		t.Errorf("second page %v", got)
	}
}

func TestTags(t *testing.T) {
	db := newDB(t, engine.Config{})
	out := must(t, db, "CreateTable", strings.Replace(things, `{"TableName"`, `{"Tags":[{"Key":"team","Value":"a"}],"TableName"`, 1))
	arn := out["TableDescription"].(map[string]any)["TableArn"].(string)
	list := func() string {
		return fmt.Sprint(must(t, db, "ListTagsOfResource", fmt.Sprintf(`{"ResourceArn":%q}`, arn))["Tags"])
	}
	must(t, db, "TagResource", fmt.Sprintf(`{"ResourceArn":%q,"Tags":[{"Key":"env","Value":"x"},{"Key":"team","Value":"b"}]}`, arn))
	if got, want := list(), "[map[Key:env Value:x] map[Key:team Value:b]]"; got != want {
		t.Errorf("tags %s, want %s", got, want)
	}
	must(t, db, "UntagResource", fmt.Sprintf(`{"ResourceArn":%q,"TagKeys":["env","none"]}`, arn))
	if got, want := list(), "[map[Key:team Value:b]]"; got != want {
		t.Errorf("tags %s, want %s", got, want)
	}
	for arn, want := range map[string]string{
		"not-an-arn": "ValidationException: Invalid TableArn: Invalid ResourceArn provided as input not-an-arn",
		"arn:aws:dynamodb:us-east-1:000000000000:table/none":   "ResourceNotFoundException: Requested resource not found: ResourcArn: arn:aws:dynamodb:us-east-1:000000000000:table/none not found",
		"arn:aws:dynamodb:us-east-1:123456789012:table/things": "AccessDeniedException: User: arn:aws:iam::000000000000:root is not authorized to perform: dynamodb:ListTagsOfResource on resource: arn:aws:dynamodb:us-east-1:123456789012:table/things",
	} {
		if _, out := call(t, db, "ListTagsOfResource", fmt.Sprintf(`{"ResourceArn":%q}`, arn)); refusal(out) != want {
			t.Errorf("%s: %s", arn, refusal(out))
		}
	}
}

// A table can be named by its ARN wherever it can be named.
func TestTablesAreFoundByTheirARN(t *testing.T) {
	db := newDB(t, engine.Config{})
	arn := must(t, db, "CreateTable", things)["TableDescription"].(map[string]any)["TableArn"].(string)
	must(t, db, "PutItem", fmt.Sprintf(`{"TableName":%q,"Item":{"pk":{"S":"a"},"sk":{"S":"b"}}}`, arn))
	if got := must(t, db, "Scan", fmt.Sprintf(`{"TableName":%q}`, arn))["Count"]; got != 1.0 {
		t.Errorf("%v items", got)
	}
	must(t, db, "DescribeTable", fmt.Sprintf(`{"TableName":%q}`, arn))
}

func TestExpiredItemsStayUntilSwept(t *testing.T) {
	c := newClock()
	db := newDB(t, engine.Config{Now: c.Now})
	must(t, db, "CreateTable", things)
	must(t, db, "UpdateTimeToLive", `{"TableName":"things","TimeToLiveSpecification":{"Enabled":true,"AttributeName":"ttl"}}`)
	at := func(d time.Duration) string { return fmt.Sprintf(`{"N":"%d"}`, c.now.Add(d).Unix()) }
	for sk, ttl := range map[string]string{
		"gone": at(time.Second), "fraction": strings.Replace(at(time.Second), `"}`, `.5"}`, 1), "later": at(time.Hour),
		"ancient": at(-6 * 365 * 24 * time.Hour), "text": `{"S":"1"}`,
	} {
		must(t, db, "PutItem", fmt.Sprintf(`{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"S":%q},"g":{"S":"g"},"h":{"N":"1"},"ttl":%s}}`, sk, ttl))
	}
	c.pass(time.Minute)
	if got := must(t, db, "Scan", `{"TableName":"things"}`)["Count"]; got != 5.0 {
		t.Errorf("%v items before the sweep", got)
	}
	if got := db.Sweep(); got < 1 || got > 2 { // the service does not say what a fraction means
		t.Errorf("%d items swept", got)
	}
	left := must(t, db, "Scan", `{"TableName":"things","IndexName":"gix","ProjectionExpression":"sk"}`)
	if strings.Contains(fmt.Sprint(left["Items"]), "gone") {
		t.Errorf("left in the index: %v", left["Items"])
	}
}

// The behaviour of multi-attribute keys, as it was observed on the service:
// https://github.com/paritysuite/dynamodb-conformance/blob/main/tests/tier1/query/multiAttributeGsiKey.test.ts
func TestMultiAttributeKeys(t *testing.T) {
	db := newDB(t, engine.Config{})
	must(t, db, "CreateTable", `{"TableName":"things","BillingMode":"PAY_PER_REQUEST","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],
		"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"h","AttributeType":"S"},{"AttributeName":"i","AttributeType":"N"},
			{"AttributeName":"a","AttributeType":"S"},{"AttributeName":"b","AttributeType":"N"},{"AttributeName":"c","AttributeType":"S"}],
		"GlobalSecondaryIndexes":[{"IndexName":"gix","Projection":{"ProjectionType":"ALL"},"KeySchema":[{"AttributeName":"h","KeyType":"HASH"},{"AttributeName":"i","KeyType":"HASH"},
			{"AttributeName":"a","KeyType":"RANGE"},{"AttributeName":"b","KeyType":"RANGE"},{"AttributeName":"c","KeyType":"RANGE"}]}]}`)
	for _, it := range []string{
		`"pk":{"S":"p1"},"a":{"S":"t"},"b":{"N":"10"},"c":{"S":"b"}`,
		`"pk":{"S":"p2"},"a":{"S":"t"},"b":{"N":"10"},"c":{"S":"a"}`,
		`"pk":{"S":"p3"},"a":{"S":"t"},"b":{"N":"9"},"c":{"S":"z"}`,
		`"pk":{"S":"p4"},"a":{"S":"f"},"b":{"N":"-1"},"c":{"S":"a"}`,
		`"pk":{"S":"p5"},"a":{"S":"t"},"b":{"N":"10"}`,
	} {
		must(t, db, "PutItem", `{"TableName":"things","Item":{"h":{"S":"o"},"i":{"N":"1"},`+it+`}}`)
	}
	must(t, db, "PutItem", `{"TableName":"things","Item":{"pk":{"S":"other"},"h":{"S":"o"},"i":{"N":"2"},"a":{"S":"t"},"b":{"N":"10"},"c":{"S":"a"}}}`)
	query := func(condition, more string) map[string]any {
		values := map[string]string{":h": `{"S":"o"}`, ":i": `{"N":"1"}`, ":a": `{"S":"t"}`, ":b": `{"N":"10"}`, ":c": `{"S":"a"}`}
		var used []string
		for name, v := range values {
			if strings.Contains(condition, name) {
				used = append(used, fmt.Sprintf("%q:%s", name, v))
			}
		}
		_, out := call(t, db, "Query", fmt.Sprintf(`{"TableName":"things","IndexName":"gix","KeyConditionExpression":%q,"ExpressionAttributeValues":{%s}%s}`,
			condition, strings.Join(used, ","), more))
		return out
	}
	for _, c := range []struct{ condition, more, want string }{
		{"h = :h AND i = :i", "", "p4 p3 p2 p1"},
		{"h = :h AND i = :i", `,"ScanIndexForward":false`, "p1 p2 p3 p4"},
		{"i = :i AND a = :a AND h = :h", "", "p3 p2 p1"},
		{"h = :h AND i = :i AND a = :a AND b = :b", "", "p2 p1"},
		{"h = :h AND i = :i AND a = :a AND b < :b", "", "p3"},
		{"h = :h AND i = :i AND a = :a AND b = :b AND c > :c", "", "p1"},
		{"h = :h AND i = :i AND a = :a AND b = :b AND begins_with(c, :c)", "", "p2"},
		{"h = :h AND i = :i AND a = :a AND b BETWEEN :b AND :b", "", "p2 p1"},
		{"h = :h", "", "HASH key attributes i must have equality conditions specified in the query"},
		{"h = :h AND i > :i", "", "HASH key attributes i must have equality conditions specified in the query"},
		{"h = :h AND i = :i AND b = :b", "", "RANGE key attributes a must have equality conditions specified in the query because a condition is present on key attribute b"},
		{"h = :h AND i = :i AND a = :a AND c = :c", "", "RANGE key attributes b must have equality conditions specified in the query because a condition is present on key attribute c"},
		{"h = :h AND i = :i AND a = :a AND b > :b AND c = :c", "", "RANGE key attributes b must have equality conditions specified in the query because a condition is present on key attribute c"},
	} {
		out := query(c.condition, c.more)
		_, got, _ := strings.Cut(refusal(out), ": ")
		if got == "" {
			var pks []string
			for _, it := range asList(out["Items"]) {
				pks = append(pks, it.(map[string]any)["pk"].(map[string]any)["S"].(string))
			}
			got = strings.Join(pks, " ")
		}
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.condition, got, c.want)
		}
	}
	must(t, db, "UpdateTable", `{"TableName":"things","AttributeDefinitions":[{"AttributeName":"h","AttributeType":"S"},{"AttributeName":"i","AttributeType":"N"}],
		"GlobalSecondaryIndexUpdates":[{"Create":{"IndexName":"hashes","Projection":{"ProjectionType":"ALL"},"KeySchema":[{"AttributeName":"h","KeyType":"HASH"},{"AttributeName":"i","KeyType":"HASH"}]}}]}`)
	if _, out := call(t, db, "Query", `{"TableName":"things","IndexName":"hashes","KeyConditionExpression":"h = :h","ExpressionAttributeValues":{":h":{"S":"o"}}}`); !strings.Contains(refusal(out),
		"HASH key attributes i must have equality conditions") {
		t.Errorf("an index of two HASH attributes: %v", out)
	}
	page := query("h = :h AND i = :i", `,"Limit":2`)
	start, _ := marshal(page["LastEvaluatedKey"])
	if got := len(page["LastEvaluatedKey"].(map[string]any)); got != 6 {
		t.Errorf("%d attributes in %s, want 6", got, start)
	}
	if rest := query("h = :h AND i = :i", `,"ExclusiveStartKey":`+string(start)); rest["Count"] != 2.0 {
		t.Errorf("rest %v", rest)
	}
}
