package docs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
)

type LegacyOrg struct {
	Name string `dynamodbav:"name"`
	Plan string `dynamodbav:"plan"`
}

type LegacyIssue struct {
	Org    string    `dynamodbav:"org"`
	No     int       `dynamodbav:"no"`
	ID     uuid.UUID `dynamodbav:"id"` // stored as 16 bytes
	Title  string    `dynamodbav:"title"`
	Owner  string    `dynamodbav:"owner"`
	Opened time.Time `dynamodbav:"opened"`
}

// LegacyUser has the organisation and the name in its key alone.
type LegacyUser struct {
	Org     string `dynamodbav:"org" entable:"keyonly"`
	Name    string `dynamodbav:"name" entable:"keyonly"`
	Enabled bool   `dynamodbav:"enabled"`
}

type LegacyDoc struct {
	Name string `dynamodbav:"name"`
	No   int    `dynamodbav:"no"`
	Text string `dynamodbav:"text"`
}

// LegacyConfig has the sort key as a field.
type LegacyConfig struct {
	Name  string `dynamodbav:"SK"`
	Value int    `dynamodbav:"value"`
}

type LegacySession struct {
	Token string `dynamodbav:"token"`
	User  string `dynamodbav:"user"`
}

const S = types.ScalarAttributeTypeS

var Legacy = entable.NewTable("tracker",
	entable.PartitionKey("PK", S), entable.SortKey("SK", S),
	entable.Discriminator("entity"), // what the type's attribute is called; or NoDiscriminator
	entable.SDKDefaults(),           // a UUID is 16 bytes, as the SDK stores it without options
	entable.GSI("inverted", entable.PartitionKey("SK", S), entable.SortKey("PK", S)),
	entable.GSI("by-owner", entable.PartitionKey("owner", S), entable.SortKey("opened", S), entable.KeysOnly()))

var (
	LegacyOrgs   = entable.Register[LegacyOrg](Legacy, entable.Name("org"), pk("ORG#{name}"), sk("#META"))
	LegacyIssues = entable.Register[LegacyIssue](Legacy, entable.Name("issue"), pk("ORG#{org}"), sk("ISSUE#{no}"), entable.Index("by-owner"))
	LegacyUsers  = entable.Register[LegacyUser](Legacy, entable.Name("user"), pk("ORG#{org}"), sk("USER|{name}"), entable.Index("inverted"))

	// One type value for a document and its older versions, whose keys differ.
	LegacyDocs     = entable.Register[LegacyDoc](Legacy, entable.Name("doc"), pk("DOC#{name}"), sk("latest"))
	LegacyVersions = entable.Register[LegacyDoc](Legacy, entable.Name("version"), entable.TypeValue("doc"), pk("DOC#{name}"), sk("v{no:04}"))

	LegacyConfigs = entable.Register[LegacyConfig](Legacy, entable.Name("config"), pk("CONFIG")) // its sort key is the field

	LegacySessions = entable.Register[LegacySession](Legacy, entable.Name("session"), pk("{token}"), sk("session"),
		entable.Distinct(LegacyConfigs, "a token is eight hexadecimal digits, never CONFIG"))
)

func pk(template string) entable.KeySpec { return entable.PK(entable.Template(template)) }
func sk(template string) entable.KeySpec { return entable.SK(entable.Template(template)) }

// legacy returns a context with the table as the other program has made and filled it.
func legacy() (context.Context, *memory.DB) {
	db := memory.New()
	ctx := entable.WithClient(context.Background(), db.Client())
	check(Legacy.CreateTable(ctx))
	items, err := os.Open("testdata/tracker.jsonl")
	check(err)
	check(db.SeedJSON("tracker", items))
	return ctx, db
}

func Example_existing() {
	ctx, db := legacy()
	var before, after bytes.Buffer
	check(db.Dump("tracker", &before))

	for finding, err := range Legacy.Audit(ctx, entable.AuditOptions{}) {
		fmt.Println(finding, err) // nothing, when all is declared as it is stored
	}
	for item, err := range Legacy.Scan().All(ctx) {
		check(err)
		switch v := item.(type) {
		case *LegacyIssue:
			check(LegacyIssues.Put(ctx, v))
		case *LegacyUser:
			check(LegacyUsers.Put(ctx, v))
		case *LegacyConfig:
			check(LegacyConfigs.Put(ctx, v))
		}
	}
	check(db.Dump("tracker", &after))
	fmt.Println("the same bytes:", bytes.Equal(before.Bytes(), after.Bytes()))

	issue, err := LegacyIssues.QueryIndex("by-owner", LegacyIssue{Owner: "ann"}).Reverse().Hydrate().First(ctx)
	check(err)
	fmt.Println(issue.No, issue.ID)
	versions, err := LegacyVersions.Query(LegacyDoc{Name: "readme"}).Count(ctx)
	check(err)
	fmt.Println(versions, "older version")
	// Output:
	// the same bytes: true
	// 12 186d3ca1-f1df-4697-5dad-39f11015b4a1
	// 1 older version
}

func Example_existingKeys() {
	ctx, _ := legacy()

	_, err := LegacyIssues.Query(LegacyIssue{Org: "Acme Inc"}).GreaterEqual(LegacyIssue{No: 10}).First(ctx)
	fmt.Println(err)

	err = LegacyUsers.Put(ctx, &LegacyUser{Org: "", Name: "bob"})
	_, isKeyError := errors.AsType[*entable.KeyError](err)
	fmt.Println(isKeyError)

	_, err = LegacyIssues.QueryIndex("by-owner", LegacyIssue{Owner: "ann"}).First(ctx)
	fmt.Println(err)
	// Output:
	// entable: issue: cannot build key SK: attribute "no": the order of keys ISSUE#{no} is not that of its values, and no range of them can be asked for: give whole values, with Prefix where more attributes follow
	// true
	// entable: issue: index "by-owner" does not hold whole items: say Hydrate for these, or Partial for what it holds
}

func Example_distinct() {
	table := entable.NewTable("tracker", entable.PartitionKey("PK", S), entable.SortKey("SK", S))
	entable.Register[LegacyConfig](table, entable.Name("config"), pk("CONFIG"))
	_, err := entable.TryRegister[LegacySession](table, entable.Name("session"), pk("{token}"), sk("session"))
	fmt.Println(err)
	// Output:
	// entable: session: an item can have the same key as one of config, for example PK="CONFIG" SK="session": give one of them a prefix of its own, or a sort key that tells them apart
}
