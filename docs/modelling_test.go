package docs_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"github.com/entable/entable"
)

// The table of the guide: a tracker of projects and tasks for many organisations.
var Tracker = entable.NewTable("tracker", entable.GSI("by-user"), entable.GSI("by-due"), entable.GSI("by-email"))

type Org struct {
	ID   string `dynamodbav:"id"`
	Name string `dynamodbav:"name" validate:"required"`
}

type Project struct {
	OrgID string `dynamodbav:"org_id"`
	ID    string `dynamodbav:"id" entable:"auto=ulid"`
	Name  string `dynamodbav:"name" validate:"required"`
}

type Member struct {
	OrgID string `dynamodbav:"org_id"`
	User  string `dynamodbav:"user"`
	Role  string `dynamodbav:"role" entable:"default=reader" validate:"oneof=reader editor owner"`
}

var (
	Orgs     = entable.Register[Org](Tracker, entable.PK("id"))
	Projects = entable.Register[Project](Tracker, entable.PK("org_id", entable.PrefixOf(Orgs)), entable.SK("id"))
	Members  = entable.Register[Member](Tracker, entable.PK("org_id", entable.PrefixOf(Orgs)), entable.SK("user"),
		entable.Index("by-user", entable.PK("user"), entable.SK("org_id")))
)

// Office is all that is stored of one organisation.
type Office struct {
	Org      *Org
	Projects []Project
	Members  []Member
}

var Offices = entable.NewCollection[Office](Orgs, Projects, Members)

func Example_oneToMany() {
	ctx := start(Tracker)
	check(Orgs.Create(ctx, &Org{ID: "acme", Name: "Acme Inc"}))
	check(Projects.Create(ctx, &Project{OrgID: "acme", Name: "Website"}))
	check(Members.Create(ctx, &Member{OrgID: "acme", User: "ann", Role: "owner"}))

	office, err := Offices.Get(ctx, Org{ID: "acme"}) // one query
	check(err)
	fmt.Println(office.Org.Name, len(office.Projects), office.Members[0].User)
	// Output: Acme Inc 1 ann
}

func orgsOf(ctx context.Context, user string) (orgs []string, err error) {
	for m, err := range Members.QueryIndex("by-user", Member{User: user}).All(ctx) {
		if err != nil {
			return nil, err
		}
		orgs = append(orgs, m.OrgID)
	}
	return orgs, nil
}

func Example_manyToMany() {
	ctx := start(Tracker)
	for _, org := range []string{"zeta", "acme"} {
		check(Members.Create(ctx, &Member{OrgID: org, User: "ann"}))
	}
	fmt.Println(orgsOf(ctx, "ann"))
	// Output: [acme zeta] <nil>
}

type Page struct {
	Site string `dynamodbav:"site"`
	Path string `dynamodbav:"path"` // begins and ends with a slash: /guides/start/
}

type Store struct {
	Chain   string `dynamodbav:"chain"`
	Country string `dynamodbav:"country"`
	City    string `dynamodbav:"city"`
	Number  int    `dynamodbav:"number"`
}

var (
	Pages  = entable.Register[Page](Tracker, entable.PK("site"), entable.SK("path"))
	Stores = entable.Register[Store](Tracker, entable.PK("chain"), entable.SK("country", "city", entable.Attr("number").Width(5)))
)

func Example_hierarchy() {
	ctx := start(Tracker)
	for _, path := range []string{"/", "/guides/", "/guides/start/", "/guidelines/"} {
		check(Pages.Create(ctx, &Page{Site: "docs", Path: path}))
	}
	for page, err := range Pages.Query(Page{Site: "docs"}).Prefix(Page{Path: "/guides/"}).All(ctx) {
		check(err)
		fmt.Println(page.Path)
	}

	for n, city := range []string{"Bonn", "Ulm", "Ulm"} {
		check(Stores.Create(ctx, &Store{Chain: "acme", Country: "DE", City: city, Number: n}))
	}
	inUlm, err := Stores.Query(Store{Chain: "acme"}).Equal(Store{Country: "DE", City: "Ulm"}, "country", "city").Count(ctx)
	fmt.Println(inUlm, err)
	// Output:
	// /guides/
	// /guides/start/
	// 2 <nil>
}

type Reading struct {
	Sensor string    `dynamodbav:"sensor"`
	At     time.Time `dynamodbav:"at" entable:"auto=now"`
	Value  float64   `dynamodbav:"value"`
}

var Readings = entable.Register[Reading](Tracker,
	entable.PK(entable.Template("READINGS#{at:2006-01-02}#{sensor}")), entable.SK("at"))

// readingsOf returns the readings of a sensor from one time to another, oldest first.
func readingsOf(ctx context.Context, sensor string, from, to time.Time) (found []*Reading, err error) {
	for day := from.UTC().Truncate(24 * time.Hour); !day.After(to); day = day.AddDate(0, 0, 1) {
		q := Readings.Query(Reading{Sensor: sensor, At: day}).Between(Reading{At: from}, Reading{At: to})
		for r, err := range q.All(ctx) {
			if err != nil {
				return nil, err
			}
			found = append(found, r)
		}
	}
	return found, nil
}

func Example_timeSeries() {
	ctx := start(Tracker)
	noon := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	for hour := range 48 {
		check(Readings.Put(ctx, &Reading{Sensor: "s1", At: noon.Add(time.Duration(hour) * time.Hour), Value: float64(hour)}))
	}
	found, err := readingsOf(ctx, "s1", noon.Add(10*time.Hour), noon.Add(13*time.Hour))
	fmt.Println(len(found), found[0].Value, found[3].Value, err)
	// Output: 4 10 13 <nil>
}

type Event struct {
	OrgID string `dynamodbav:"org_id"`
	ID    string `dynamodbav:"id" entable:"auto=ulid"`
	What  string `dynamodbav:"what"`
}

var Events = entable.Register[Event](Tracker, entable.PK("org_id", entable.Shards(8, "id")), entable.SK("id"))

func Example_shards() {
	ctx := start(Tracker)
	for n := range 100 {
		check(Events.Create(ctx, &Event{OrgID: "acme", What: fmt.Sprint("event ", n)}))
	}
	last, err := Events.Query(Event{OrgID: "acme"}).Reverse().First(ctx)
	check(err)
	fmt.Println(last.What)
	// Output: event 99
}

// ViewCount is one of eight counters of a page, which add up.
type ViewCount struct {
	Page  string `dynamodbav:"page"`
	Slot  int    `dynamodbav:"slot"`
	Count int    `dynamodbav:"count"`
}

const slots = 8

var ViewCounts = entable.Register[ViewCount](Tracker, entable.PK("page", "slot"))

func viewed(ctx context.Context, page string) error {
	return ViewCounts.Update(ViewCount{Page: page, Slot: rand.IntN(slots)}).Upsert().Add("count", 1).Do(ctx)
}

func views(ctx context.Context, page string) (total int, err error) {
	keys := make([]ViewCount, slots)
	for slot := range keys {
		keys[slot] = ViewCount{Page: page, Slot: slot}
	}
	counts, err := ViewCounts.BatchGet(ctx, keys)
	for _, c := range counts {
		if c != nil {
			total += c.Count
		}
	}
	return total, err
}

func Example_counters() {
	ctx := start(Tracker)
	for range 1000 {
		check(viewed(ctx, "/guides/"))
	}
	fmt.Println(views(ctx, "/guides/"))
	// Output: 1000 <nil>
}

type Account struct {
	ID    string `dynamodbav:"id" entable:"auto=uuid7"`
	Email string `dynamodbav:"email" entable:"unique" validate:"email"`
	Nick  string `dynamodbav:"nick,omitempty" entable:"unique"`
}

var Accounts = entable.Register[Account](Tracker, entable.PK("id"), entable.Index("by-email", entable.PK("email")))

func Example_unique() {
	ctx := start(Tracker)
	check(Accounts.Create(ctx, &Account{Email: "ann@example.com"}))
	err := Accounts.Create(ctx, &Account{Email: "ann@example.com"})
	if taken, ok := errors.AsType[*entable.UniqueError](err); ok {
		fmt.Println(taken.Attribute, "is taken")
	}
	ann, err := Accounts.QueryIndex("by-email", Account{Email: "ann@example.com"}).One(ctx)
	check(err)
	fmt.Println(ann.Email)
	// Output:
	// email is taken
	// ann@example.com
}

type Task struct {
	OrgID string    `dynamodbav:"org_id"`
	ID    string    `dynamodbav:"id" entable:"auto=ulid"`
	Title string    `dynamodbav:"title"`
	Due   time.Time `dynamodbav:"due,omitempty"` // of a task that is open
	Done  time.Time `dynamodbav:"done,omitempty"`
}

var Tasks = entable.Register[Task](Tracker, entable.PK("org_id"), entable.SK("id"),
	entable.Index("by-due", entable.PK("org_id"), entable.SK("due")))

func finish(ctx context.Context, task Task) error {
	return Tasks.Update(task).Remove("due").Set("done", time.Now()).Do(ctx)
}

func Example_sparse() {
	ctx := start(Tracker)
	day := time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)
	write := Task{OrgID: "acme", Title: "write", Due: day}
	test := Task{OrgID: "acme", Title: "test", Due: day.AddDate(0, 0, 1)}
	check(Tasks.Create(ctx, &write))
	check(Tasks.Create(ctx, &test))
	check(finish(ctx, write))
	for task, err := range Tasks.QueryIndex("by-due", Task{OrgID: "acme"}).All(ctx) {
		check(err)
		fmt.Println(task.Title)
	}
	// Output: test
}

func Example_describe() {
	check(Billing.Describe(os.Stdout, entable.Text))
	// Output:
	// table billing: partition key "pk" (S), sort key "sk" (S), discriminator "_type"
	//
	// Entities
	//   ENTITY   PK                    SK       ALSO
	//   Invoice  T#{tenant}#{number}   A
	//   Payment  T#{tenant}#{invoice}  PI#{id}
	//
	// Indexes
	//   INDEX      ENTITY   PK          SK
	//   by-amount  Invoice  T#{tenant}  IC#{cents}
	//
	// Collections
	//   PARTITION            INDEX  ENTITIES
	//   T#{tenant}#{number}         Invoice, Payment
	//
	// Access patterns
	//   TO READ              KNOW                               ORDER  CALL
	//   one Invoice          tenant, number                            Get
	//   one Payment          tenant, invoice, id                       Get
	//   all Payment          tenant, invoice                    id     Query
	//   Invoice and Payment  tenant, number or tenant, invoice         Table.Query, Collection.Get
	//   all Invoice          tenant                             cents  QueryIndex("by-amount")
}
