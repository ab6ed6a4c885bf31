package main

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/segmentio/ksuid"

	"github.com/entable/entable"
)

type Org struct {
	Name string `dynamodbav:"name"`
	Plan string `dynamodbav:"plan"`
}

type Issue struct {
	Org    string    `dynamodbav:"org"`
	No     int       `dynamodbav:"no"`
	Title  string    `dynamodbav:"title"`
	Owner  string    `dynamodbav:"owner"`
	Opened time.Time `dynamodbav:"opened"`
}

// User has the organisation and the address in its key alone: stored users have no such attributes.
type User struct {
	Org     string `dynamodbav:"org" entable:"keyonly"`
	Email   string `dynamodbav:"email" entable:"keyonly"`
	ID      int    `dynamodbav:"ID"`
	Enabled bool   `dynamodbav:"Enabled"`
}

type Comment struct {
	Issue int       `dynamodbav:"issue"`
	At    time.Time `dynamodbav:"at"`
	Text  string    `dynamodbav:"text"`
}

type Audit struct {
	ID   ksuid.KSUID `dynamodbav:"id" entable:"auto=ksuid"`
	At   time.Time   `dynamodbav:"at" entable:"auto=now"`
	What string      `dynamodbav:"what"`
}

type Settings struct {
	Data struct {
		Email string `dynamodbav:"email"`
		Theme string `dynamodbav:"theme"`
	} `dynamodbav:"data"`
}

type Session struct {
	Email string    `dynamodbav:"email"`
	Began time.Time `dynamodbav:"began,unixtime"`
}

// Page is one of the wiki, as it is or in a branch that is being written: the key ends before a branch that it does not have.
type Page struct {
	Title  string `dynamodbav:"title"`
	Branch string `dynamodbav:"branch,omitempty"`
	Text   string `dynamodbav:"text"`
}

// Config has the table's sort key as a field.
type Config struct {
	Name  string `dynamodbav:"SK"`
	Value int    `dynamodbav:"value"`
}

// Lock is there or not; it has no attributes of its own.
type Lock struct{}

// Items is the table as another program has made and filled it: its key attributes, what it calls the types, its indexes.
var Items = entable.NewTable("tracker",
	entable.PartitionKey("PK", types.ScalarAttributeTypeS), entable.SortKey("SK", types.ScalarAttributeTypeS),
	entable.Discriminator("entity"),
	entable.GSI("GSI1", entable.PartitionKey("GSI1PK", types.ScalarAttributeTypeS), entable.SortKey("GSI1SK", types.ScalarAttributeTypeS)),
	entable.GSI("inverted", entable.PartitionKey("SK", types.ScalarAttributeTypeS), entable.SortKey("PK", types.ScalarAttributeTypeS)),
)

var (
	Orgs   = entable.Register[Org](Items, entable.Name("org"), pk("ORG#{name}"), sk("#META"))
	Issues = entable.Register[Issue](Items, entable.Name("issue"), pk("ORG#{org}"), sk("ISSUE#{no}"),
		entable.Index("GSI1", pk("OWNER#{owner}"), sk("{opened:2006-01-02}")))
	Users         = entable.Register[User](Items, entable.Name("user"), pk("ORG#{org}"), sk("user|{email}"), entable.Index("inverted"))
	Comments      = entable.Register[Comment](Items, entable.Name("comment"), pk("ISSUE::{issue}"), sk("{at:2006-01-02 15:04:05.000000}"))
	Audits        = entable.Register[Audit](Items, entable.Name("audit"), pk("AUDIT#{at:200601}"), sk("{id}"))
	SettingsOf    = entable.Register[Settings](Items, entable.Name("settings"), pk("USER#{data.email}"), sk("SETTINGS"))
	Sessions      = entable.Register[Session](Items, entable.Name("session"), pk("USER#{email}"), sk("SESSION#{began:unix}"))
	Pages         = entable.Register[Page](Items, entable.Name("page"), pk("WIKI"), sk("{title}[#{branch}]"))
	MigrationLock = entable.Register[Lock](Items, entable.Name("lock"), pk("LOCK"), sk("migration"))
	Configs       = entable.Register[Config](Items, entable.Name("config"), pk("CONFIG")) // its sort key is the field
)

func pk(template string) entable.KeySpec { return entable.PK(entable.Template(template)) }
func sk(template string) entable.KeySpec { return entable.SK(entable.Template(template)) }
