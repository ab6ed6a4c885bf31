package forms_test

import (
	"fmt"
	"slices"
	"strconv"
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

type Nested struct {
	Note string `dynamodbav:"note"`
	Data struct {
		No int  `dynamodbav:"no"`
		On bool `dynamodbav:"on"`
	} `dynamodbav:"data"`
}

type Reading struct {
	Sensor uint16    `dynamodbav:"sensor"`
	Level  float64   `dynamodbav:"level"`
	On     bool      `dynamodbav:"on"`
	At     time.Time `dynamodbav:"at,unixtime"`
	Note   string    `dynamodbav:"note"`
}

// Opt has attributes that may be missing.
type Opt struct {
	Country string `dynamodbav:"country"`
	State   string `dynamodbav:"state,omitempty"`
	No      int    `dynamodbav:"no,omitempty"`
	Note    string `dynamodbav:"note"`
}

type Leaf struct {
	ID     string `dynamodbav:"id"`
	Page   int    `dynamodbav:"page" entable:"keyonly"`
	Branch string `dynamodbav:"branch" entable:"keyonly"`
	Note   string `dynamodbav:"note"`
}

func nameLength(o *Order) string { return strconv.Itoa(len(o.Customer)) }

func week(o *Order) string {
	year, week := o.At.ISOWeek()
	return fmt.Sprintf("%d-%02d", year, week)
}

func ifOpen(o *Order) string {
	if o.Status != "open" {
		return ""
	}
	return "OPEN"
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

	adopt[Nested]("a number and a flag inside a map", `{"PK":"P","SK":"0007#true","data":{"on":true,"no":7},"note":"n"}`,
		expect{table: upper, entity: of(pk("P"), sk("{data.no:04}#{data.on}"))}),

	// Keys of indexes.
	adopt[Order]("index keys as they are", `{"PK":"CUSTOMER#bob","SK":"ORDER#o-1","GSI1PK":"STATUS#open","GSI1SK":"2026-01-31","type":"Order","customer":"bob","id":"o-1","status":"open","at":"2026-01-31T10:00:00Z","note":"n"}`,
		expect{table: byIndex(), entity: of(pk("CUSTOMER#{customer}"), sk("ORDER#{id}"), entable.Index("GSI1", pk("STATUS#{status}"), sk("{at:2006-01-02}"))), index: "GSI1", damaged: "GSI1PK"}),
	adopt[Order]("an index key of the note", `{"PK":"CUSTOMER#bob","SK":"ORDER#o-1","GSI1PK":"bob","GSI1SK":"x","type":"Order","customer":"bob","id":"o-1","status":"open","at":"2026-01-31T10:00:00Z","note":"n"}`,
		expect{table: byIndex(), entity: of(pk("CUSTOMER#{customer}"), sk("ORDER#{id}"), entable.Index("GSI1", pk("{customer}"), sk("x"))), index: "GSI1", damaged: "GSI1SK"}),

	// Tails that may be missing.
	adopt[Three]("a tail that is there", `{"PK":"TEAM#red","SK":"A#1#B","a":"red","b":"B","no":1,"note":"n"}`,
		expect{table: upper, entity: of(pk("TEAM#{a}"), sk("A#{no}[#{b}]")), refuses: "the order of keys"}),
	adopt[Three]("a tail that is missing", `{"PK":"TEAM#red","SK":"A#1","a":"red","b":"","no":1,"note":"n"}`,
		expect{table: upper, entity: of(pk("TEAM#{a}"), sk("A#{no}[#{b}]")), exact: []string{"no", "b"}, refuses: "the order of keys"}),
	adopt[Opt]("a tail of two, and what is missing is not stored", `{"PK":"STORES","SK":"us","country":"us","note":"n"}`,
		expect{table: upper, entity: of(pk("STORES"), sk("{country}[#{state}/{no}]")), exact: []string{"country", "state"}, refuses: "the order of keys"}),
	adopt[Opt]("two tails of which one is there", `{"PK":"us#ny","SK":"x","country":"us","state":"ny","note":"n"}`,
		expect{table: upper, entity: of(pk("{country}[#{state}][#{no:04}]"), sk("x")), noSort: true}),
	adopt[Opt]("a tail behind a fixed width", `{"PK":"us","SK":"v0000","country":"us","note":"n"}`,
		expect{table: upper, entity: of(pk("{country}"), sk("v{no:04}[.{state}]")), exact: []string{"no", "state"}}),
	adopt[Leaf]("a tail that only the key has", `{"PK":"DOC#d","SK":"p7#draft","id":"d","note":"n"}`,
		expect{table: upper, entity: of(pk("DOC#{id}"), sk("p{page}[#{branch}]")), refuses: "the order of keys", damaged: "-"}),
	adopt[Leaf]("a missing tail that only the key has", `{"PK":"DOC#d","SK":"p7","id":"d","note":"n"}`,
		expect{table: upper, entity: of(pk("DOC#{id}"), sk("p{page}[#{branch}]")), exact: []string{"page", "branch"}, refuses: "the order of keys", damaged: "-"}),
	adopt[Pair]("brackets", `{"PK":"[a]","SK":"list[0]b","a":"a","b":"b","note":"n"}`,
		expect{table: upper, entity: of(pk("[[{a}]]"), sk("list[[0]]{b}"))}),
	adopt[Order]("an index key with a tail that is missing", `{"PK":"CUSTOMER#bob","SK":"ORDER#o-1","GSI1PK":"ALL","GSI1SK":"2026-01-31","type":"Order","customer":"bob","id":"o-1","status":"","at":"2026-01-31T10:00:00Z","note":"n"}`,
		expect{table: byIndex(), entity: of(pk("CUSTOMER#{customer}"), sk("ORDER#{id}"), entable.Index("GSI1", pk("ALL"), sk("{at:2006-01-02}[#{status}]"))), index: "GSI1", damaged: "GSI1SK"}),
	adopt[Order]("an index whose sort key alone is missing, of an attribute that is empty", `{"PK":"CUSTOMER#bob","SK":"ORDER#o-1","GSI1PK":"2026-01-31","type":"Order","customer":"bob","id":"o-1","status":"","at":"2026-01-31T10:00:00Z","note":"n"}`,
		expect{table: byIndex(), entity: of(pk("CUSTOMER#{customer}"), sk("ORDER#{id}"), entable.Index("GSI1", pk("{at:2006-01-02}"), sk("[STATUS#{status}]"))), damaged: "GSI1PK"}),

	// What functions make of attributes.
	adopt[Order]("a bucket of a text", `{"PK":"C3#bob","SK":"ORDER#o-1","customer":"bob","id":"o-1","status":"open","at":"2026-01-31T10:00:00Z","note":"n"}`,
		expect{table: upper, entity: of(pk("C{len}#{customer}"), sk("ORDER#{id}"), entable.Derived("len", []string{"customer"}, nameLength))}),
	adopt[Order]("a week in a composed key", `{"PK":"WEEK#2026-05","SK":"OID#o-1","customer":"bob","id":"o-1","status":"open","at":"2026-01-31T10:00:00Z","note":"n"}`,
		expect{table: upper, entity: of(entable.PK("week", entable.Prefix("WEEK")), entable.SK("id", entable.Prefix("OID")), entable.Derived("week", []string{"at"}, week))}),
	adopt[Order]("a week in an index", `{"PK":"CUSTOMER#bob","SK":"ORDER#o-1","GSI1PK":"OPEN","GSI1SK":"2026-05#bob","type":"Order","customer":"bob","id":"o-1","status":"open","at":"2026-01-31T10:00:00Z","note":"n"}`,
		expect{table: byIndex(), entity: of(pk("CUSTOMER#{customer}"), sk("ORDER#{id}"), entable.Derived("week", []string{"at"}, week), entable.Derived("open", []string{"status"}, ifOpen),
			entable.Index("GSI1", pk("[{open}]"), sk("{week}#{customer}"))), index: "GSI1", damaged: "GSI1SK"}),

	// Beside composed keys.
	adopt[Order]("a template beside a composed key", `{"PK":"CUSTOMER#bob%20b","SK":"ORDER#o 1","customer":"bob b","id":"o 1","status":"open","at":"2026-01-31T10:00:00Z","note":"n"}`,
		expect{table: upper, entity: of(entable.PK("customer", entable.Prefix("CUSTOMER")), sk("ORDER#{id}"))}),
}

type Plain struct {
	PK   string `dynamodbav:"PK"`
	SK   string `dynamodbav:"SK"`
	Note string `dynamodbav:"note"`
}

type UserOrder struct {
	UserID  string `dynamodbav:"userId"`
	OrderID string `dynamodbav:"orderId"`
	Note    string `dynamodbav:"note"`
}

type Song struct {
	Artist string `dynamodbav:"Artist"`
	Title  string `dynamodbav:"SongTitle"`
	Year   int    `dynamodbav:"Year,omitempty"`
	Note   string `dynamodbav:"note"`
}

type Sample struct {
	Sensor int       `dynamodbav:"sensor"`
	At     time.Time `dynamodbav:"at,unixtime"`
	Note   string    `dynamodbav:"note"`
}

type Blob struct {
	Hash []byte `dynamodbav:"hash"`
	Note string `dynamodbav:"note"`
}

type User struct {
	Tenant  string `dynamodbav:"tenant" entable:"keyonly"`
	Email   string `dynamodbav:"email" entable:"keyonly"`
	ID      string `dynamodbav:"ID"`
	Enabled bool   `dynamodbav:"Enabled"`
	Note    string `dynamodbav:"note"`
}

type Visit struct {
	Site uuid.UUID `dynamodbav:"site" entable:"keyonly"`
	At   time.Time `dynamodbav:"at" entable:"keyonly"`
	No   int       `dynamodbav:"no" entable:"keyonly"`
	Note string    `dynamodbav:"note"`
}

type Ticket struct {
	Project string `dynamodbav:"project"`
	ID      string `dynamodbav:"id"`
	Owner   string `dynamodbav:"owner,omitempty"`
	State   string `dynamodbav:"state"`
	Note    string `dynamodbav:"note"`
}

type PKTicket struct {
	Ticket
	SK string `dynamodbav:"SK"`
}

func keys(pk, sk string, typ types.ScalarAttributeType) []entable.TableOption {
	options := []entable.TableOption{entable.NoDiscriminator(), entable.PartitionKey(pk, typ)}
	if sk == "" {
		return append(options, entable.NoSortKey())
	}
	return append(options, entable.SortKey(sk, typ))
}

// with adds options to those of a table.
func with(table []entable.TableOption, more ...entable.TableOption) []entable.TableOption {
	return append(append([]entable.TableOption(nil), table...), more...)
}

func text(name string) entable.KeyAttribute {
	return entable.PartitionKey(name, types.ScalarAttributeTypeS)
}
func sorted(name string) entable.KeyAttribute {
	return entable.SortKey(name, types.ScalarAttributeTypeS)
}

const ticket = `"project":"p","id":"t1","owner":"ann","state":"open","note":"n"`

var ticketKeys = of(pk("PROJECT#{project}"), sk("TICKET#{id}"))

var natural = []form{
	// Fields that are the key attributes.
	adopt[Plain]("a struct with PK and SK", `{"PK":"USER#ann","SK":"PROFILE","note":"n"}`,
		expect{table: upper, damaged: "-"}),
	adopt[UserOrder]("the table's keys are fields", `{"userId":"ann","orderId":"o 1","note":"n"}`,
		expect{table: keys("userId", "orderId", types.ScalarAttributeTypeS), entity: of(entable.PK("userId"), entable.SK("orderId")), damaged: "-"}),
	adopt[UserOrder]("only the partition key is a field", `{"userId":"ann","orderId":"o1","SK":"ORDER#o1","note":"n"}`,
		expect{table: keys("userId", "SK", types.ScalarAttributeTypeS), entity: of(sk("ORDER#{orderId}"))}),
	adopt[Song]("the table of the manual", `{"Artist":"No One You Know","SongTitle":"Call Me Today","Year":2019,"note":"n"}`,
		expect{table: keys("Artist", "SongTitle", types.ScalarAttributeTypeS), damaged: "-"}),
	adopt[Song]("no sort key", `{"Artist":"No One You Know","SongTitle":"Call Me Today","note":"n"}`,
		expect{table: keys("Artist", "", types.ScalarAttributeTypeS), noSort: true, damaged: "-"}),
	adopt[Sample]("number keys", `{"sensor":7,"at":1769853600,"note":"n"}`,
		expect{table: keys("sensor", "at", types.ScalarAttributeTypeN), damaged: "-"}),
	adopt[Sample]("a composed key and a number", `{"PK":"SENSOR#7","at":1769853600,"sensor":7,"note":"n"}`,
		expect{table: with(keys("PK", "at", types.ScalarAttributeTypeN), text("PK")), entity: of(pk("SENSOR#{sensor}")), damaged: "PK"}),
	adopt[Blob]("a binary key", `{"hash":"\\x01\u0002","note":"n"}`,
		expect{table: keys("hash", "", types.ScalarAttributeTypeB), noSort: true, damaged: "-"}),
	adopt[Plain]("only the sort key is a field", `{"PK":"CONFIG","SK":"a b","note":"n"}`,
		expect{table: upper, entity: of(entable.PK("PK"), entable.SK("SK")), damaged: "-"}),

	// Components that are not stored.
	adopt[User]("components that only the key has", `{"PK":"org#acme#user","SK":"ann@x.org","ID":"7","Enabled":true,"note":"n"}`,
		expect{table: upper, entity: of(pk("org#{tenant}#user"), sk("{email}")), damaged: "-"}),
	adopt[User]("composed keys that only the key has", `{"PK":"ORG#acme%20inc","SK":"USER#ann@x.org","ID":"7","Enabled":true,"note":"n"}`,
		expect{table: upper, entity: of(entable.PK("tenant", entable.Prefix("ORG")), entable.SK("email", entable.Prefix("USER"))), damaged: "-"}),
	adopt[Visit]("a UUID, a time and a number that only the key has", `{"PK":"`+tenantID+`","SK":"2026-01-31 10:00:00.000001#5","note":"n"}`,
		expect{table: upper, entity: of(pk("{site}"), sk("{at:2006-01-02 15:04:05.000000}#{no}")), refuses: "the order of keys", damaged: "-"}),

	// Index attributes that items have anyway.
	adopt[Ticket]("an inverted index", `{"PK":"PROJECT#p","SK":"TICKET#t1","type":"Ticket",`+ticket+`}`,
		expect{table: with(typed("type"), entable.GSI("inv", text("SK"), sorted("PK"))), entity: append(ticketKeys, entable.Index("inv")), index: "inv"}),
	adopt[Ticket]("an index with the table's sort key", `{"PK":"PROJECT#p","SK":"TICKET#t1","GSI1PK":"OWNER#ann","type":"Ticket",`+ticket+`}`,
		expect{table: with(typed("type"), entable.GSI("GSI1", text("GSI1PK"), sorted("SK"))), entity: append(ticketKeys, entable.Index("GSI1", pk("OWNER#{owner}"))), index: "GSI1", damaged: "GSI1PK"}),
	adopt[Ticket]("an index with the table's partition key behind a composed one", `{"PK":"PROJECT#p","SK":"TICKET#t1","GSI1PK":"STATE#open","type":"Ticket",`+ticket+`}`,
		expect{table: with(typed("type"), entable.GSI("GSI1", text("GSI1PK"), sorted("PK"))), entity: append(ticketKeys, entable.Index("GSI1", entable.PK("state", entable.Prefix("STATE")))), index: "GSI1", damaged: "GSI1PK"}),
	adopt[Ticket]("two indexes on one attribute", `{"PK":"PROJECT#p","SK":"TICKET#t1","GSI1PK":"OWNER#ann","GSI1SK":"open","GSI2SK":"t1","type":"Ticket",`+ticket+`}`,
		expect{table: with(typed("type"), entable.GSI("GSI1", text("GSI1PK"), sorted("GSI1SK")), entable.GSI("GSI2", text("GSI1PK"), sorted("GSI2SK"))),
			entity: append(ticketKeys, entable.Index("GSI1", pk("OWNER#{owner}"), sk("{state}")), entable.Index("GSI2", sk("{id}"))), index: "GSI2", damaged: "GSI2SK"}),
	adopt[Ticket]("an index on the type", `{"PK":"PROJECT#p","SK":"TICKET#t1","type":"Ticket",`+ticket+`}`,
		expect{table: with(typed("type"), entable.GSI("by-type", text("type"), sorted("SK"))), entity: append(ticketKeys, entable.Index("by-type")), index: "by-type"}),
	adopt[Ticket]("an index on fields", `{"PK":"PROJECT#p","SK":"TICKET#t1","type":"Ticket",`+ticket+`}`,
		expect{table: with(typed("type"), entable.GSI("by-owner", text("owner"), sorted("state"))), entity: append(ticketKeys, entable.Index("by-owner")), index: "by-owner"}),
	adopt[Ticket]("an index on a field and the partition key", `{"PK":"PROJECT#p","SK":"TICKET#t1","type":"Ticket",`+ticket+`}`,
		expect{table: with(typed("type"), entable.GSI("by-owner", text("owner"), sorted("PK"))), entity: append(ticketKeys, entable.Index("by-owner")), index: "by-owner"}),
	adopt[Ticket]("a local index on a field", `{"PK":"PROJECT#p","SK":"TICKET#t1","type":"Ticket",`+ticket+`}`,
		expect{table: with(typed("type"), entable.LSI("by-state", sorted("state"))), entity: append(ticketKeys, entable.Index("by-state")), index: "by-state"}),
	adopt[Ticket]("an index whose sort key alone is missing", `{"PK":"PROJECT#p","SK":"TICKET#t1","GSI1PK":"STATE#open","type":"Ticket","project":"p","id":"t1","state":"open","note":"n"}`,
		expect{table: byIndex(), entity: append(ticketKeys, entable.Index("GSI1", pk("STATE#{state}"), sk("{owner}"))), damaged: "GSI1PK"}),
	adopt[PKTicket]("a field that is the sort key, and an index of both", `{"PK":"PROJECT#p","SK":"t1","type":"PKTicket",`+ticket+`}`,
		expect{table: with(typed("type"), entable.GSI("inv", text("SK"), sorted("PK"))), entity: of(pk("PROJECT#{project}"), entable.Index("inv")), index: "inv", damaged: "PK"}),
}

// Lock has no attributes of its own.
type Lock struct{}

type Doc struct {
	ID   string `dynamodbav:"id"`
	No   int    `dynamodbav:"no"`
	Note string `dynamodbav:"note"`
}

var others = []form{
	adopt[Lock]("a lock item", `{"PK":"LOCK","SK":"migration","Entity":"Lock"}`,
		expect{table: typed("Entity"), entity: of(pk("LOCK"), sk("migration")), noSort: true, noUpdate: true}),
	adopt[Lock]("an item that is nothing but its key", `{"PK":"LOCK","SK":"migration"}`,
		expect{table: upper, entity: of(pk("LOCK"), sk("migration")), noSort: true, noUpdate: true}),
	adopt[Doc]("a type that is called otherwise", `{"PK":"DOC#d","SK":"v0","kind":"document","id":"d","no":4,"note":"n"}`,
		expect{table: typed("kind"), entity: of(pk("DOC#{id}"), sk("v0"), entable.TypeValue("document")), noSort: true}),
	adopt[Problem]("composed keys", `{"PK":"USER#ann%20b","SK":"PROBLEM#0012","user":"ann b","no":12,"note":"n"}`,
		expect{table: upper, entity: of(entable.PK("user", entable.Prefix("USER")), entable.SK(entable.Attr("no").Width(4), entable.Prefix("PROBLEM")))}),
}

func TestForms(t *testing.T) {
	for _, f := range slices.Concat(templates, natural, others) {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			f.run(t)
		})
	}
}
