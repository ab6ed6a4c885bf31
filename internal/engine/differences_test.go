package engine_test

import (
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A difference is a way in which DynamoDB Local and the service are known not to
// agree, and the page that decides it: the engine does as the service does.
type difference struct {
	ID      string `json:"id"`
	Local   string `json:"local"`
	Service string `json:"service"`
	Page    string `json:"page"`
}

func differences(t testing.TB) map[string]difference {
	t.Helper()
	var list []difference
	tt, ok := t.(*testing.T)
	if !ok {
		t.Fatal("differences need a test")
	}
	load(tt, "testdata/differences.json", &list)
	byID := map[string]difference{}
	for _, d := range list {
		byID[d.ID] = d
	}
	return byID
}

// A wording is a difference between errors: what DynamoDB Local says, and what the
// service says instead.
type wording struct {
	id             string
	local, service *regexp.Regexp
}

func words(id, local, service string) wording {
	return wording{id, regexp.MustCompile(local), regexp.MustCompile(service)}
}

// keyFaults are the words in which DynamoDB Local finds fault with keys.
const keyFaults = `(One of the required keys was not given|The number of conditions on the keys|Type mismatch for key$|Type mismatch for Index Key$|` +
	`Invalid attribute value type|Hash primary key values must be under|Size limit exceeded|Type mismatch for attribute to update|Cannot have null key)`

var wordings = []wording{
	words("not-found", `Cannot do operations on a non-existent table$`, `Requested resource not found`),
	words("names", `Invalid table/index name`, `validation errors? detected|not found`),
	words("batch-wording", `(must have some requests set|null or no requests set|list of keys in RequestItems|batch write request list)`,
		`(requestItems parameter is required|validation error|)`),
	words("batch-wording", `Too many items requested`, `validation error`),
	words("constraints", `^ValidationException: `, `^ValidationException: [0-9]+ validation errors? detected: `),
	words("json-types", `^InternalFailure`, `^SerializationException`),
	words("key-conditions", `Conditions can be of length 1 or 2 only`, `The number of query conditions`),
	words("start-key", `(cannot be restarted|Exclusive Start Key must have same size|Type mismatch for attribute to update|The provided starting key does not match)`,
		`(The provided starting key is|The provided key element does not match)`),
	words("keys", keyFaults,
		`^ValidationException: (One or more parameter values were invalid: (Missing the key|Type mismatch for|Size of hashkey|Aggregated size)|The provided key element|.*empty (string|binary) value)`),
	words("missed-key", `Query condition missed key schema element$`, `Query condition missed key schema element: |Query key condition not supported`),
	words("consistent-index", `Consistent read cannot be true when (querying|scanning) a GSI`, `Consistent reads are not supported`),
	words("return-values", `Return values set to invalid value`, `ReturnValues can only be ALL_OLD or NONE`),
	words("unused-parameters", `unused in expressions|can only be specified when using expressions`, `can only be specified when using expressions`),
	words("transaction-reasons", `^(ValidationException|TransactionCanceledException): `,
		`^TransactionCanceledException: .*ValidationError`),
	words("idempotency", `^IdempotentParameterMismatchException`, `^IdempotentParameterMismatchException`),
	words("payload", `Transaction payload size`, `Transaction payload size`),
	words("table-wording", `(key schema must match the number|not specified in Attribute Definitions|No provisioned throughput|No Attribute Schema|`+
		`Cannot create preexisting|Nothing to update|action is null|Invalid global secondary index name|Subscriber limit)`, `.`),
	words("slow-tables", `^ResourceInUseException`, `.`),
	words("ttl-wording", `TimeToLive is active on a different|Names of key attributes`, `TimeToLive is active on a different|validation error`),
	words("tags", `^UnknownOperationException`, `.`),
	words("internal", `^InternalFailure|: Internal server error$`, `.`),
	words("on-demand-throughput", `.`, `Neither ReadCapacityUnits nor WriteCapacityUnits can be specified|should not be specified for index`),
	words("values", `(cannot be converted into a number|DynamoDB only supports precision|contains duplicates( for key.*)?$)`,
		`(cannot be converted to a numeric value|significant digits|contains duplicates\.)`),
	words("listing-order", `unused in expressions: keys: {.*, `, `unused in expressions: keys: {.*, `),
	words("listing-order", `(does not project [a-z ]*|filter attributes: )\[.*, `, `(does not project [a-z ]*|filter attributes: )\[.*, `),
	words("listing-order", `Cannot update attribute`, `Cannot update attribute`),
	words("listing-order", `Key attributes must be scalars`, `Key attributes must be scalars`),
	words("type-names", `attribute_type, operand type: \{.*DECIMAL`, `attribute_type, operand type: \{`),
	words("value-in-path", `Syntax error; token: |Incorrect operand type`, `Syntax error; token: ":[a-z0-9]+", near: "\. ?:`),
	words("value-in-path", `not defined; attribute name: :`, `Syntax error; token: `),
	words("deep-values", `.`, `Nesting Levels have exceeded`),
	words("exponents", `cannot be converted into a number`, `.`),
	words("number-text", `The BETWEEN operator requires .*[0-9](e|\.0)`, `The BETWEEN operator requires`),
	words("values", `DynamoDB only supports precision`, `Number overflow`),
	words("keys", `empty (string|binary) value`, `Type mismatch for|The provided key element|Missing the key`),
	words("legacy-index-keys", `Updates on index keys must be of the same data type`, `.`),
	words("legacy-wording", `is not supported for the type [A-Z]+$`, `is not supported for the type [A-Z]+$`),
	words("legacy-wording", `Cannot have two attributes with the same name`, `Duplicate value in attribute name`),
	words("legacy-wording", `Only scalar types can be used as Range Key values`, `not an indexable operation`),
	words("index-key-update", `The provided expression refers to an attribute that does not exist|Invalid attribute value type`,
		`Type mismatch for Index Key|incorrect data type`),
}

// causes tell faults apart. A request with several faults may be refused for any
// of them: which one is the matter of the difference "order".
var causes = []struct {
	name    string
	message *regexp.Regexp
}{
	{"start key", regexp.MustCompile(`starting key|Exclusive Start Key`)},
	{"update", regexp.MustCompile(`Invalid UpdateExpression: `)},
	{"condition expression", regexp.MustCompile(`Invalid ConditionExpression: `)},
	{"key condition expression", regexp.MustCompile(`Invalid KeyConditionExpression: `)},
	{"filter expression", regexp.MustCompile(`Invalid FilterExpression: `)},
	{"projection expression", regexp.MustCompile(`Invalid ProjectionExpression: `)},
	{"values", regexp.MustCompile(`ExpressionAttributeValues contains invalid value`)},
	{"placeholders", regexp.MustCompile(`unused in expressions|can only be specified when using expressions`)},
	{"updated key", regexp.MustCompile(`Cannot update attribute`)},
	{"paths", regexp.MustCompile(`Key attributes must be scalars`)},
	{"keys", regexp.MustCompile(keyFaults + `|empty (string|binary) value|The provided key element|Missing the key|Type mismatch for|Size of hashkey|Aggregated size`)},
	{"select", regexp.MustCompile(`(Must|Cannot) specify the|ALL_PROJECTED_ATTRIBUTES can be used`)},
	{"consistency", regexp.MustCompile(`[Cc]onsistent read`)},
	{"filter", regexp.MustCompile(`Filter Expression can only|filter attributes`)},
	{"projection", regexp.MustCompile(`index [a-z0-9]+ (does not project|because)|ALL_ATTRIBUTES is not supported`)},
	{"duplicates", regexp.MustCompile(`list of item keys contains duplicates|multiple operations on one item`)},
	{"condition", regexp.MustCompile(`ConditionalCheckFailed`)},
	{"execution", regexp.MustCompile(`An operand in the update|The provided expression refers|The document path provided`)},
	{"operands", regexp.MustCompile(`is not valid for [A-Z]+ AttributeValue type|Invalid number of argument|must be of same type|The BETWEEN condition was`)},
	{"legacy updates", regexp.MustCompile(`is not supported for the type|Only DELETE action is allowed`)},
	{"expected", regexp.MustCompile(`for Attribute: `)},
	{"mix", regexp.MustCompile(`Can not use both expression and non-expression`)},
	{"key count", regexp.MustCompile(`Conditions can be of length`)},
	{"key operator", regexp.MustCompile(`not an indexable operation|Only scalar types can be used as Range Key`)},
	{"conditional operator", regexp.MustCompile(`ConditionalOperator can`)},
	{"value", regexp.MustCompile(`AttributeValue|Input collection|may not be empty|should not be empty|numeric value|into a number|significant digits|magnitude|precision|overflow|underflow|Null attribute`)},
	{"key condition", regexp.MustCompile(`Query key condition|Query condition|KeyCondition`)},
}

func causeOf(msg string) string {
	for _, c := range causes {
		if c.message.MatchString(msg) {
			return c.name
		}
	}
	return ""
}

const frame = "ValidationException: 1 validation error detected: "

// sameButFrame says whether two refusals are the same but for the frame that the service puts around faults of
// writes, and for the note which expression is missing, which it leaves out there.
func sameButFrame(got, want *reply) bool {
	unframed, ok := strings.CutPrefix(got.Error, frame)
	return ok && unframed == withoutMissing.ReplaceAllString(strings.TrimPrefix(want.Error, "ValidationException: "), "$1")
}

var withoutMissing = regexp.MustCompile(`(can only be specified when using expressions): .* (is|are) null$`)

// unframed is the refusal without its frame, if it is one of those of values and expressions.
func (r *reply) unframed() *reply {
	text, ok := strings.CutPrefix(r.Error, frame)
	if !ok || strings.HasPrefix(text, "Value ") {
		return r
	}
	return &reply{Error: "ValidationException: " + text, Answer: r.Answer}
}

// ofPlaceholder matches a fault of a value of ExpressionAttributeValues, with the text that it has elsewhere.
var ofPlaceholder = regexp.MustCompile(`ExpressionAttributeValues contains invalid value: (.*) for key :.*`)

// explain finds the difference that makes the engine's answer right although it is
// not that of DynamoDB Local, or gives "".
func explain(operation string, local, got *reply) string {
	if sameButFrame(got, local) {
		return "frame"
	}
	got = got.unframed()
	if ofPlaceholder.MatchString(local.Error) && got.Error == ofPlaceholder.ReplaceAllString(local.Error, "$1") {
		return "value-layers"
	}
	if got.Error != "" && local.Error != "" {
		if got.Error == local.Error {
			return "transaction-reasons" // the service's reasons end without a full stop
		}
		if a, b := causeOf(local.String()), causeOf(got.String()); a != b && a != "" && b != "" {
			return "order"
		}
		for _, w := range wordings {
			if w.local.MatchString(local.Error) && w.service.MatchString(got.Error) {
				return w.id
			}
		}
		return ""
	}
	text := got.String()
	if got.Error == "" && local.Error == "" {
		return explainAnswer(operation, local, got)
	}
	switch {
	case got.Error == "" && strings.Contains("UpdateItem TransactWriteItems", operation) && strings.Contains(local.Error, "The document path provided"):
		return "remove-only"
	case strings.Contains(local.Error, "Updates on index keys must be of the same data type"):
		return "legacy-index-keys"
	case strings.Contains(text, "Nesting Levels"):
		return "deep-values"
	case strings.Contains(text, "Number overflow"):
		return "exponents"
	case got.Error != "" && strings.Contains(text, "Type mismatch for Index Key"):
		return "index-key-update"
	case causeOf(got.Error) == "duplicates":
		return "duplicate-numbers"
	case got.Error != "" && strings.Contains(text, "Key attributes must be scalars"):
		return "order"
	case got.Error != "" && strings.Contains(text, "ReadCapacityUnits"):
		return "on-demand-throughput"
	case strings.Contains(text, "validation error"):
		return "constraints"
	case strings.Contains(local.Error, "UnknownOperationException"):
		return "tags"
	case strings.Contains(local.Error, "InternalFailure"):
		return "internal"
	case strings.Contains(local.Error, "ResourceInUseException"):
		return "slow-tables"
	}
	return ""
}

func explainAnswer(operation string, local, got *reply) string {
	text := got.String()
	switch {
	case got.Answer["Count"] == 0.0 && local.Answer["Count"] == 0.0:
		return "empty-read"
	case operation == "BatchGetItem" && sameBut(local, got, "ConsumedCapacity"):
		return "empty-read"
	case operation == "TransactGetItems" && strings.Contains(local.String(), `"Item":{}`):
		return "transact-get-empty"
	case sameNumbers(local.Answer, got.Answer):
		return "number-text"
	case operation == "Scan":
		return "scan-filter"
	case operation == "DeleteItem" && sameBut(local, got, "ConsumedCapacity") && got.Answer["ConsumedCapacity"] == nil:
		return "unasked-capacity"
	case sameBut(local, got, "ConsumedCapacity") && units(local) > units(got) && strings.HasSuffix(operation, "Item"):
		return "sparse-capacity"
	case operation == "BatchWriteItem" && sameBut(local, got, "ConsumedCapacity"):
		return "unasked-capacity"
	case strings.HasPrefix(operation, "Transact") && got.Answer["ConsumedCapacity"] != nil:
		return "transaction-capacity"
	case strings.Contains(text, "ItemCollectionMetrics"):
		return "collection-metrics"
	case strings.HasSuffix(operation, "Table"):
		return "table-description"
	}
	return ""
}

// updatedParts says whether the attributes of one answer are parts of those of another,
// as which nested attributes that an update names are returned.
func updatedParts(local, got *reply) bool {
	whole, _ := local.Answer["Attributes"].(map[string]any)
	parts, _ := got.Answer["Attributes"].(map[string]any)
	for name, value := range whole {
		kinds, _ := value.(map[string]any)
		if _, ok := parts[name]; !ok && kinds["M"] == nil && kinds["L"] == nil {
			return false
		}
	}
	return sameBut(local, got, "Attributes") && partOf(whole, parts)
}

func partOf(whole, part any) bool {
	switch part := part.(type) {
	case map[string]any:
		whole, _ := whole.(map[string]any)
		for name, value := range part {
			if !partOf(whole[name], value) {
				return false
			}
		}
		return true
	case []any:
		whole, _ := whole.([]any)
		for _, element := range part {
			i := slices.IndexFunc(whole, func(w any) bool { return partOf(w, element) })
			if i < 0 {
				return false
			}
			whole = whole[i+1:]
		}
		return true
	}
	return whole == part
}

// sameNumbers says whether two answers differ in nothing but the texts of their numbers.
func sameNumbers(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, _ := b.(map[string]any)
		return maps.EqualFunc(a, b, func(v, w any) bool { return sameNumbers(v, w) })
	case []any:
		b, _ := b.([]any)
		return slices.EqualFunc(a, b, sameNumbers)
	case string:
		b, _ := b.(string)
		x, isNumber := new(big.Rat).SetString(a)
		y, areNumbers := new(big.Rat).SetString(b)
		return a == b || isNumber && areNumbers && x.Cmp(y) == 0
	}
	return a == b
}

// units is the capacity that an answer reports.
func units(r *reply) float64 {
	capacity, _ := r.Answer["ConsumedCapacity"].(map[string]any)
	n, _ := capacity["CapacityUnits"].(float64)
	return n
}

// sameBut says whether two answers agree but for one member and the texts of numbers.
func sameBut(local, got *reply, member string) bool {
	without := func(r *reply) map[string]any {
		answer := maps.Clone(r.Answer)
		delete(answer, member)
		return answer
	}
	return sameNumbers(without(local), without(got))
}

func TestDifferencesAreDocumented(t *testing.T) {
	known := differences(t)
	for _, w := range wordings {
		if _, ok := known[w.id]; !ok {
			t.Errorf("%s: unknown", w.id)
		}
	}
	for id, d := range known {
		if d.Local == "" || d.Service == "" || !strings.HasPrefix(d.Page, "https://") {
			t.Errorf("%s: incomplete", id)
		}
	}
}
