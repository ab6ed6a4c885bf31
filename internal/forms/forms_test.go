package forms_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"

	"github.com/entable/entable"
)

// Keys as real tables have them: those of public services, of the examples in AWS's manual, of the designs that books teach.

func pk(template string) entable.KeySpec { return entable.PK(entable.Template(template)) }
func sk(template string) entable.KeySpec { return entable.SK(entable.Template(template)) }

// of collects the options of an entity.
func of(options ...entable.EntityOption) []entable.EntityOption { return options }

// upper is how most tables call their keys.
var upper = []entable.TableOption{
	entable.PartitionKey("PK", types.ScalarAttributeTypeS), entable.SortKey("SK", types.ScalarAttributeTypeS), entable.NoDiscriminator(),
}

// typed is the same with a type attribute.
func typed(attribute string) []entable.TableOption {
	return append(upper[:2:2], entable.Discriminator(attribute))
}

type Problem struct {
	User string `dynamodbav:"user"`
	No   int    `dynamodbav:"no"`
	Note string `dynamodbav:"note"`
}

type Event struct {
	Org  string    `dynamodbav:"org"`
	At   time.Time `dynamodbav:"at"`
	Note string    `dynamodbav:"note"`
}

type Pair struct {
	A    string `dynamodbav:"a"`
	B    string `dynamodbav:"b"`
	Note string `dynamodbav:"note"`
}

type Three struct {
	A    string `dynamodbav:"a"`
	B    string `dynamodbav:"b"`
	No   int64  `dynamodbav:"no"`
	Note string `dynamodbav:"note"`
}

type Device struct {
	Tenant uuid.UUID `dynamodbav:"tenant"`
	ID     uuid.UUID `dynamodbav:"id"`
	Note   string    `dynamodbav:"note"`
}

type Account struct {
	Data struct {
		Email string `dynamodbav:"email"`
		Name  string `dynamodbav:"name"`
	} `dynamodbav:"data"`
}

type Member struct {
	Data *struct {
		Team struct {
			ID string `dynamodbav:"id"`
		} `dynamodbav:"team"`
		Email string `dynamodbav:"email"`
		Note  string `dynamodbav:"note"`
	} `dynamodbav:"data"`
}

type Reading struct {
	Sensor uint16    `dynamodbav:"sensor"`
	Level  float64   `dynamodbav:"level"`
	On     bool      `dynamodbav:"on"`
	At     time.Time `dynamodbav:"at,unixtime"`
	Note   string    `dynamodbav:"note"`
}

type Status string

type Order struct {
	Customer string    `dynamodbav:"customer"`
	ID       string    `dynamodbav:"id"`
	Status   Status    `dynamodbav:"status"`
	At       time.Time `dynamodbav:"at"`
	Note     string    `dynamodbav:"note"`
}

const (
	tenantID = "0b7ee6a2-55c5-4a57-8d3e-6f5f2f7a9f01"
	deviceID = "9d8b2b60-3c55-4f6e-9d7c-0a3f1f0e8f11"
)

func byIndex(options ...entable.IndexOption) []entable.TableOption {
	return append(typed("type"), entable.GSI("GSI1", append([]entable.IndexOption{
		entable.PartitionKey("GSI1PK", types.ScalarAttributeTypeS), entable.SortKey("GSI1SK", types.ScalarAttributeTypeS),
	}, options...)...))
}

var templates = []form{
	// Numbers as they are.
	adopt[Problem]("numbers without padding", `{"PK":"USER#ann","SK":"PROBLEM#12","user":"ann","no":12,"note":"n"}`,
		expect{table: upper, entity: of(pk("USER#{user}"), sk("PROBLEM#{no}")), refuses: "the order of keys"}),
	adopt[Problem]("a negative number", `{"PK":"USER#ann","SK":"VAR#-3","user":"ann","no":-3,"note":"n"}`,
		expect{table: upper, entity: of(pk("USER#{user}"), sk("VAR#{no}")), refuses: "the order of keys"}),
	adopt[Problem]("a number with zeros", `{"PK":"USER#ann","SK":"v0007","user":"ann","no":7,"note":"n"}`,
		expect{table: upper, entity: of(pk("USER#{user}"), sk("v{no:04}"))}),
	adopt[Problem]("a number alone", `{"PK":"ann","SK":"7","user":"ann","no":7,"note":"n"}`,
		expect{table: upper, entity: of(pk("{user}"), sk("{no}")), refuses: "the order of keys"}),
	adopt[Problem]("a number in front", `{"PK":"7#ann","SK":"#","user":"ann","no":7,"note":"n"}`,
		expect{table: upper, entity: of(pk("{no}#{user}"), sk("#")), noSort: true}),
	adopt[Three]("a number in the middle", `{"PK":"r","SK":"SESSION#7#x","a":"r","no":7,"b":"x","note":"n"}`,
		expect{table: upper, entity: of(pk("{a}"), sk("SESSION#{no}#{b}")), refuses: "the order of keys"}),
	adopt[Reading]("a uint and a float", `{"PK":"S#513","SK":"0.25","sensor":513,"level":0.25,"on":false,"at":1769853600,"note":"n"}`,
		expect{table: upper, entity: of(pk("S#{sensor}"), sk("{level}")), refuses: "the order of keys"}),
	adopt[Reading]("a bool", `{"PK":"S#513","SK":"true","sensor":513,"level":1,"on":true,"at":1769853600,"note":"n"}`,
		expect{table: upper, entity: of(pk("S#{sensor}"), sk("{on}"))}),

	// Fixed texts of any kind.
	adopt[Pair]("several separators", `{"PK":"FUNC#user:1#name","SK":"v1","a":"user:1","b":"v1","note":"n"}`,
		expect{table: upper, entity: of(pk("FUNC#{a}#name"), sk("{b}"))}),
	adopt[Pair]("a leading separator", `{"PK":"#WORKFLOW#REPO$r1#WORKFLOW$w1","SK":"#META","a":"r1","b":"w1","note":"n"}`,
		expect{table: upper, entity: of(pk("#WORKFLOW#REPO${a}#WORKFLOW${b}"), sk("#META")), noSort: true}),
	adopt[Pair]("two colons", `{"PK":"a::b","SK":"x","a":"a","b":"b","note":"n"}`,
		expect{table: upper, entity: of(pk("{a}::{b}"), sk("x")), noSort: true}),
	adopt[Event]("a bar and a date", `{"PK":"acme|2026-01-31","SK":"-","org":"acme","at":"2026-01-31T10:00:00Z","note":"n"}`,
		expect{table: upper, entity: of(pk("{org}|{at:2006-01-02}"), sk("-")), noSort: true}),
	adopt[Order]("#ORDER", `{"PK":"CUSTOMER#bob","SK":"#ORDER#o-1","customer":"bob","id":"o-1","status":"open","at":"2026-01-31T10:00:00Z","note":"n"}`,
		expect{table: upper, entity: of(pk("CUSTOMER#{customer}"), sk("#ORDER#{id}"))}),
	adopt[Pair]("slashes", `{"PK":"/home/ann","SK":"/docs/a b.txt","a":"ann","b":"docs/a b.txt","note":"n"}`,
		expect{table: upper, entity: of(pk("/home/{a}"), sk("/{b}"))}),
	adopt[Pair]("dots and dashes", `{"PK":"a.b-c","SK":"END","a":"a","b":"c","note":"n"}`,
		expect{table: upper, entity: of(pk("{a}.b-{b}"), sk("END")), noSort: true}),
	adopt[Pair]("braces", `{"PK":"{a}","SK":"{b}","a":"a","b":"b","note":"n"}`,
		expect{table: upper, entity: of(pk("{{{a}}}"), sk("{{{b}}}")), refuses: "the order of keys"}),
	adopt[Pair]("prefix and suffix", `{"PK":"u#ann#settings","SK":"s","a":"ann","b":"s","note":"n"}`,
		expect{table: upper, entity: of(pk("u#{a}#settings"), sk("{b}"))}),

	// Texts as they are.
	adopt[Pair]("a space", `{"PK":"ORG#Acme Inc#ACC#x","SK":"A","a":"Acme Inc","b":"x","note":"n"}`,
		expect{table: upper, entity: of(pk("ORG#{a}#ACC#{b}"), sk("A")), noSort: true}),
	adopt[Pair]("the separator in the last place", `{"PK":"ORG#acme","SK":"TAG#C#","a":"acme","b":"C#","note":"n"}`,
		expect{table: upper, entity: of(pk("ORG#{a}"), sk("TAG#{b}"))}),
	adopt[Pair]("percent signs", `{"PK":"ORG#100%","SK":"TAG#%23","a":"100%","b":"%23","note":"n"}`,
		expect{table: upper, entity: of(pk("ORG#{a}"), sk("TAG#{b}"))}),
	adopt[Pair]("any language", `{"PK":"ORG#žluť 日本","SK":"TAG#🎈","a":"žluť 日本","b":"🎈","note":"n"}`,
		expect{table: upper, entity: of(pk("ORG#{a}"), sk("TAG#{b}"))}),
	adopt[Pair]("quotes and backslashes", `{"PK":"ORG#\"a\\b\"","SK":"TAG#\n","a":"\"a\\b\"","b":"\n","note":"n"}`,
		expect{table: upper, entity: of(pk("ORG#{a}"), sk("TAG#{b}"))}),
	adopt[Three]("a path", `{"PK":"r","SK":"#FUNC:u/na me#v3","a":"u","b":"na me","no":3,"note":"n"}`,
		expect{table: upper, entity: of(pk("r"), sk("#FUNC:{a}/{b}#v{no}")), refuses: "the order of keys"}),

	// Ids by their width.
	adopt[Device]("two UUIDs and the hyphen that is in them", `{"PK":"`+tenantID+"-"+deviceID+`","SK":"x","tenant":"`+tenantID+`","id":"`+deviceID+`","note":"n"}`,
		expect{table: upper, entity: of(pk("{tenant}-{id}"), sk("x")), noSort: true}),
	adopt[Device]("a UUID with nothing behind it", `{"PK":"T`+tenantID+`","SK":"`+deviceID+tenantID+`","tenant":"`+tenantID+`","id":"`+deviceID+`","note":"n"}`,
		expect{table: upper, entity: of(pk("T{tenant}"), sk("{id}{tenant}"))}),
	adopt[Pair]("ids that are strings", `{"PK":"`+tenantID+`01ARZ3NDEKTSV4RRFFQ69G5FAV","SK":"x","a":"`+tenantID+`","b":"01ARZ3NDEKTSV4RRFFQ69G5FAV","note":"n"}`,
		expect{table: upper, entity: of(pk("{a:uuid}{b:ulid}"), sk("x")), noSort: true}),
	adopt[Pair]("a KSUID", `{"PK":"u","SK":"0ujtsYcgvSTl8PAuAdqWYSMnLOv|x","a":"0ujtsYcgvSTl8PAuAdqWYSMnLOv","b":"x","note":"n"}`,
		expect{table: upper, entity: of(pk("u"), sk("{a:ksuid}|{b}"))}),

	// Times.
	adopt[Event]("a month bucket", `{"PK":"AUDIT#202601","SK":"2026-01-31T10:00:00.000000007Z","org":"acme","at":"2026-01-31T10:00:00.000000007Z","note":"n"}`,
		expect{table: upper, entity: of(pk("AUDIT#{at:200601}"), sk("{at:2006-01-02T15:04:05.000000000Z}"))}),
	adopt[Event]("a day bucket", `{"PK":"acme","SK":"2026-01-31#e","org":"acme","at":"2026-01-31T10:00:00Z","note":"n"}`,
		expect{table: upper, entity: of(pk("{org}"), sk("{at:2006-01-02}#e"))}),
	adopt[Event]("microseconds", `{"PK":"acme","SK":"CT#2023-08-27 01:10:36.357227","org":"acme","at":"2023-08-27T01:10:36.357227Z","note":"n"}`,
		expect{table: upper, entity: of(pk("{org}"), sk("CT#{at:2006-01-02 15:04:05.000000}"))}),
	adopt[Event]("RFC 3339 as it is", `{"PK":"acme","SK":"2026-01-31T10:00:00.12Z","org":"acme","at":"2026-01-31T10:00:00.12Z","note":"n"}`,
		expect{table: upper, entity: of(pk("{org}"), sk("{at}")), refuses: "the order of keys"}),
	adopt[Event]("RFC 3339 with an offset", `{"PK":"acme","SK":"2026-01-31T10:00:00+02:00","org":"acme","at":"2026-01-31T10:00:00+02:00","note":"n"}`,
		expect{table: upper, entity: of(pk("{org}"), sk("{at:2006-01-02T15:04:05Z07:00}")), refuses: "the order of keys"}),
	adopt[Event]("nanoseconds", `{"PK":"acme","SK":"LOG#2026-01-31T10:00:00.000000120Z","org":"acme","at":"2026-01-31T10:00:00.00000012Z","note":"n"}`,
		expect{table: upper, entity: of(pk("{org}"), sk("LOG#{at:2006-01-02T15:04:05.000000000Z}"))}),
	adopt[Event]("Unix seconds", `{"PK":"acme","SK":"ts#1769853600","org":"acme","at":"2026-01-31T10:00:00Z","note":"n"}`,
		expect{table: upper, entity: of(pk("{org}"), sk("ts#{at:unix}"))}),
	adopt[Event]("Unix milliseconds", `{"PK":"acme","SK":"1769853600123","org":"acme","at":"2026-01-31T10:00:00.123Z","note":"n"}`,
		expect{table: upper, entity: of(pk("{org}"), sk("{at:unixms}"))}),
	adopt[Event]("seconds of a time that has nanoseconds", `{"PK":"acme","SK":"2026-01-31T10:00:00Z","org":"acme","at":"2026-01-31T10:00:00.000000007Z","note":"n"}`,
		expect{table: upper, entity: of(pk("{org}"), sk("{at:~2006-01-02T15:04:05Z}"))}),
	adopt[Event]("Unix seconds of a time that has more", `{"PK":"acme","SK":"1769853600","org":"acme","at":"2026-01-31T10:00:00.5Z","note":"n"}`,
		expect{table: upper, entity: of(pk("{org}"), sk("{at:~unix}"))}),
	adopt[Event]("a date in another order", `{"PK":"acme","SK":"31.01.2026 10:00:00","org":"acme","at":"2026-01-31T10:00:00Z","note":"n"}`,
		expect{table: upper, entity: of(pk("{org}"), sk("{at:02.01.2006 15:04:05}")), refuses: "the order of keys"}),
	adopt[Reading]("an attribute in seconds as a date", `{"PK":"S#1","SK":"2026-01-31 10:00:00","sensor":1,"level":1,"on":true,"at":1769853600,"note":"n"}`,
		expect{table: upper, entity: of(pk("S#{sensor}"), sk("{at:2006-01-02 15:04:05}"))}),

	// Fields inside a map.
	adopt[Account]("a field inside a map", `{"PK":"USER#ann@x.org","SK":"PROFILE","entity_type":"Account","data":{"email":"ann@x.org","name":"Ann"}}`,
		expect{table: typed("entity_type"), entity: of(pk("USER#{data.email}"), sk("PROFILE")), noSort: true, note: "data.name"}),
	adopt[Member]("a field two maps down", `{"PK":"TEAM#t1","SK":"ann","entity_type":"Member","data":{"email":"ann","team":{"id":"t1"},"note":"n"}}`,
		expect{table: typed("entity_type"), entity: of(pk("TEAM#{data.team.id}"), sk("{data.email}")), note: "data.note"}),

	// Keys of indexes.
	adopt[Order]("index keys as they are", `{"PK":"CUSTOMER#bob","SK":"ORDER#o-1","GSI1PK":"STATUS#open","GSI1SK":"2026-01-31","type":"Order","customer":"bob","id":"o-1","status":"open","at":"2026-01-31T10:00:00Z","note":"n"}`,
		expect{table: byIndex(), entity: of(pk("CUSTOMER#{customer}"), sk("ORDER#{id}"), entable.Index("GSI1", pk("STATUS#{status}"), sk("{at:2006-01-02}"))), index: "GSI1", damaged: "GSI1PK"}),
	adopt[Order]("an index key of the note", `{"PK":"CUSTOMER#bob","SK":"ORDER#o-1","GSI1PK":"bob","GSI1SK":"x","type":"Order","customer":"bob","id":"o-1","status":"open","at":"2026-01-31T10:00:00Z","note":"n"}`,
		expect{table: byIndex(), entity: of(pk("CUSTOMER#{customer}"), sk("ORDER#{id}"), entable.Index("GSI1", pk("{customer}"), sk("x"))), index: "GSI1", damaged: "GSI1SK"}),

	// Beside composed keys.
	adopt[Order]("a template beside a composed key", `{"PK":"CUSTOMER#bob%20b","SK":"ORDER#o 1","customer":"bob b","id":"o 1","status":"open","at":"2026-01-31T10:00:00Z","note":"n"}`,
		expect{table: upper, entity: of(entable.PK("customer", entable.Prefix("CUSTOMER")), sk("ORDER#{id}"))}),
}

func TestForms(t *testing.T) {
	for _, f := range templates {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			f.run(t)
		})
	}
}
