package explorer_test

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/entable/entable"
	"github.com/entable/entable/explorer"
)

// A query of a form is the request that the program sends, and the code beside it is the program's.
func TestQueriesAreThoseOfTheProgram(t *testing.T) {
	s := newShop(t)
	client := &recorder{Client: s.client}
	s.table.Use(client)
	for _, c := range []struct {
		form string
		want interface {
			Input(context.Context) (*dynamodb.QueryInput, error)
		}
		code string
	}{
		{"entity=order&f.id=1", s.orders.Query(order{ID: "1"}).Limit(50), `orders.Query(order{ID: "1"}).`},
		{"entity=order&f.id=1&order=desc", s.orders.Query(order{ID: "1"}).Reverse().Limit(50), "Reverse()."},
		{"entity=order&f.id=a%23%22&op=eq&f.year=2026", s.orders.Query(order{ID: `a#"`}).Equal(order{ID: `a#"`, Year: 2026}, "year").Limit(50),
			`Equal(order{ID: "a#\"", Year: 2026}, "year").`},
		{"entity=order&f.id=1&op=eq&f.year=2026&f.no=7", s.orders.Query(order{ID: "1"}).Equal(order{Year: 2026, No: 7}).Limit(50),
			`Equal(order{ID: "1", Year: 2026, No: 7}).`},
		{"entity=order&f.id=1&op=ge&f.year=0", s.orders.Query(order{ID: "1"}).GreaterEqual(order{}, "year").Limit(50), "GreaterEqual("},
		{"entity=order&f.id=1&op=lt&f.year=2026&f.no=0", s.orders.Query(order{ID: "1"}).Less(order{Year: 2026}, "year", "no").Limit(50), "Less("},
		{"entity=order&f.id=1&op=le&f.year=2026&f.no=3", s.orders.Query(order{ID: "1"}).LessEqual(order{Year: 2026, No: 3}).Limit(50), "LessEqual("},
		{"entity=order&f.id=1&op=gt&f.year=2026&f.no=3", s.orders.Query(order{ID: "1"}).Greater(order{Year: 2026, No: 3}).Limit(50), "Greater("},
		{"entity=order&f.id=1&op=between&f.year=2025&f.no=1&t.year=2026&t.no=3",
			s.orders.Query(order{ID: "1"}).Between(order{Year: 2025, No: 1}, order{Year: 2026, No: 3}).Limit(50), "Between("},
		{"entity=order&f.id=1&all=1", s.table.Query(order{ID: "1"}).Limit(50), `table.Query(order{ID: "1"}).`},
		{"entity=order&index=by-state&f.state=paid&op=ge&f.placed=2026-01-02",
			s.orders.QueryIndex("by-state", order{State: "paid"}).GreaterEqual(order{Placed: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)}).Limit(50),
			`GreaterEqual(order{State: "paid", Placed: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)}).`},
		{"entity=order&index=keys&f.year=2026", s.orders.QueryIndex("keys", order{Year: 2026}).Hydrate().Limit(50), "Hydrate()."},
		{"entity=customer&f.id=1", s.customers.Query(customer{ID: "1"}).Limit(50), "customers.Query("},
	} {
		client.query = nil
		text := plain(s.get(http.StatusOK, "query?"+c.form))
		want, err := c.want.Input(t.Context())
		if err != nil || client.query == nil {
			t.Errorf("%s: %v %s", c.form, err, text)
			continue
		}
		want.ReturnConsumedCapacity = client.query.ReturnConsumedCapacity
		*want.Limit++ // as Page asks for
		if !reflect.DeepEqual(client.query, want) {
			t.Errorf("%s sends\n%s %v\nwant\n%s %v", c.form, *client.query.KeyConditionExpression, client.query.ExpressionAttributeValues,
				*want.KeyConditionExpression, want.ExpressionAttributeValues)
		}
		wants(t, text, c.code, `"KeyConditionExpression": "`+*want.KeyConditionExpression+`"`, "Limit(50).")
	}
}

func TestWhatIsWrongInAForm(t *testing.T) {
	s := newShop(t)
	for form, want := range map[string]string{
		"f.id=":                                            "fill in id: it is part of the partition key",
		"f.id=1&op=eq":                                     "fill in year, or ask for any",
		"f.id=1&op=eq&f.no=1":                              "fill in year as well: no comes behind it",
		"f.id=1&op=eq&f.year=x":                            `invalid number "x"`,
		"f.id=1&op=eq&f.year=1.5":                          "1.5",
		"f.id=1&op=eq&f.year=1&f.no=70000":                 "70000",
		"f.id=1&op=get&f.year=1":                           "fill in no: one item is read by its whole key",
		"f.id=1&op=between&f.year=2&t.year=1":              "the low bound of Between lies above",
		"index=by-state&f.state=a&op=eq&f.placed=tomorrow": `invalid time "tomorrow"`,
	} {
		wants(t, plain(s.get(http.StatusOK, "query?entity=order&"+form)), want)
	}
	s.get(http.StatusNotFound, "query?entity=nothing")
	for _, address := range []string{"search?q=%FF%FE", "item?pk=%FF&sk=A", "query?entity=order&f.id=%C3", "partition?pk=%zz"} {
		wants(t, plain(s.get(http.StatusBadRequest, address)), "cannot read the address")
	}
	s.get(http.StatusNotFound, "query?entity=customer&index=by-state")
}

// What lies at the open end of a range is read by the service and is not in the result.
func TestOpenEnds(t *testing.T) {
	s := newShop(t)
	s.put(s.order("1", 2025, 1), s.order("1", 2026, 1), s.order("1", 2026, 2))
	text := plain(s.get(http.StatusOK, "query?entity=order&f.id=1&op=lt&f.year=2026&f.no=2"))
	wants(t, text, "2 items on this page, 1 read and passed over")
}

// A page that is the last one says so: no empty page comes behind it.
func TestTheLastPageIsKnown(t *testing.T) {
	s := newShop(t)
	for n := range 20 { // between which a search has to look on
		s.put(s.customers.PutOp(&customer{ID: fmt.Sprint("big", n), Name: strings.Repeat("x", 300_000)}))
	}
	for i := range 100 {
		s.put(s.order("1", 2026, i))
		n := i + 1
		if n%50 > 1 && n != 7 {
			continue
		}
		for _, address := range []string{"partition?pk=CI%231", "partition?pk=CI%231&order=desc", "query?entity=order&f.id=1",
			"query?entity=order&f.id=1&all=1", "query?entity=order&index=keys&f.year=2026", "search?q=CI%231"} {
			if got, pages := s.follow(address); len(got) != n || pages != (n+49)/50 {
				t.Errorf("%s: %d of %d items on %d pages", address, len(got), n, pages)
			}
		}
	}
}

// A search that has a full page at hand looks for one item more: the last page has no link to an empty one.
func TestASearchLooksBeyondAFullPage(t *testing.T) {
	s := newShop(t)
	for id := 'a'; id < 'u'; id++ {
		s.put(s.customers.PutOp(&customer{ID: string(id), Name: strings.Repeat("x", 300_000)}))
	}
	first, err := s.customers.Scan().First(t.Context()) // behind which a scan has more to read than a response holds
	if err != nil {
		t.Fatal(err)
	}
	for i := range 49 {
		s.put(s.order(first.ID, 2026, i))
	}
	if got, pages := s.follow("search?q=CI%23" + first.ID); len(got) != 50 || pages != 1 {
		t.Errorf("%d items on %d pages, want 50 on one", len(got), pages)
	}
	s.put(s.order(first.ID, 2026, 49))
	if got, pages := s.follow("search?q=CI%23" + first.ID); len(got) != 51 || pages != 2 {
		t.Errorf("%d items on %d pages, want 51 on two", len(got), pages)
	}
}

// follow reads all pages of a list.
func (s *shop) follow(address string) (list []string, pages int) {
	s.t.Helper()
	for address != "" && pages < 100 {
		body := s.get(http.StatusOK, address)
		list, pages = append(list, keys(body)...), pages+1
		address = link(s.t, body, `rel="next"`)
	}
	return list, pages
}

func TestPagesGiveEachItemOnce(t *testing.T) {
	s := newShop(t)
	var want []string
	for i := range 120 {
		s.put(s.order("1", 2026, i), s.events.PutOp(&event{"monday", i}))
		want = append(want, fmt.Sprint(i))
	}
	for _, c := range []struct {
		address string
		pages   int
	}{
		{"partition?pk=CI%231", 3}, {"query?entity=order&f.id=1", 3}, {"query?entity=order&f.id=1&all=1", 3},
		{"query?entity=order&index=keys&f.year=2026", 3}, {"query?entity=event&f.day=monday", 3}, {"search?q=CI%231", 3},
	} {
		got, pages := s.follow(c.address)
		seen := map[string]bool{}
		for _, k := range got {
			seen[k] = true
		}
		if len(got) != len(want) || len(seen) != len(want) || pages < c.pages {
			t.Errorf("%s: %d items, %d different, on %d pages", c.address, len(got), len(seen), pages)
		}
	}
	up, _ := s.follow("partition?pk=CI%231")
	down, _ := s.follow("partition?pk=CI%231&order=desc")
	for i := range up {
		if up[i] != down[len(down)-1-i] {
			t.Fatalf("item %d is %q upwards and %q downwards", i, up[i], down[len(down)-1-i])
		}
	}
	next := link(t, s.get(http.StatusOK, "partition?pk=CI%231"), `rel="next"`)
	if strings.Contains(next, "2026") {
		t.Errorf("the cursor says what it holds: %s", next)
	}
	s.get(http.StatusBadRequest, strings.Replace(next, "CI%231", "CI%232", 1))
	s.get(http.StatusBadRequest, next+"A")
	s.get(http.StatusBadRequest, "search?q=x&after="+next[strings.Index(next, "after=")+6:])
}

func TestSearch(t *testing.T) {
	s := newShop(t)
	s.put(s.order("one", 2026, 1), s.order("two", 2026, 2))
	text := plain(s.get(http.StatusOK, "search?q=CI%23one"))
	wants(t, text, "partition with exactly this key", "CI#one", "3 examined", "1 item on this page")
	wants(t, plain(s.get(http.StatusOK, "search?q=placed")), "2 items on this page") // in a key of an index
	wants(t, plain(s.get(http.StatusOK, "search?q=nothing+like+it")), "Nothing was found", "the end of the table")
	wants(t, plain(s.get(http.StatusOK, "search?q=")), "2 items on this page")
}

func TestItemsThatDoNotFit(t *testing.T) {
	s := newShop(t)
	put := func(item map[string]any) {
		if _, err := s.client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: new("shop"), Item: attributes(t, item)}); err != nil {
			t.Fatal(err)
		}
	}
	put(map[string]any{"pk": "CI#1", "sk": "ZZ#1", "_type": "stranger", "text": "of another program", "secret": secret})
	put(map[string]any{"pk": "CI#1", "sk": "ON#5", "_type": "order", "year": "no number", "secret": secret})
	put(map[string]any{"pk": "CI#1", "sk": "A", "_type": "customer", "id": "2", "secret": secret})
	text := plain(s.get(http.StatusOK, "partition?pk=CI%231"))
	wants(t, text, "3 items", "no registered type", "of another program", "year", "hidden")
	text = plain(s.get(http.StatusOK, "audit?run=1"))
	wants(t, text, "unknown item", "undecodable item", "wrong primary key", "3 items examined")
	if err := s.customers.Put(t.Context(), &customer{ID: "9", Email: "a@b", Secret: secret}); err != nil {
		t.Fatal(err)
	}
	wants(t, plain(s.get(http.StatusOK, "search?q=_unique")), "the library's own")
}

// An audit of one page is bounded, and the next goes on where it ended.
func TestAuditInParts(t *testing.T) {
	s := newShop(t)
	const items = 12_000 // which the service gives in six responses
	var writes []entable.Write
	for i := range items {
		writes = append(writes, s.events.PutOp(&event{fmt.Sprintf("%0200d", i%500), i}))
	}
	s.put(writes...)
	for i := range 300 {
		key := attributes(t, map[string]any{"pk": fmt.Sprintf("stray%d", i), "sk": "1"})
		if _, err := s.client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: new("shop"), Item: key}); err != nil {
			t.Fatal(err)
		}
	}
	found, examined, pages := 0, 0, 0
	for address := "audit?run=1"; address != ""; pages++ {
		body := s.get(http.StatusOK, address)
		found += len(keys(body))
		var n int
		if _, err := fmt.Sscanf(strings.TrimSpace(main.FindString(body)[strings.Index(main.FindString(body), `<p class="lead">`)+16:]), "%d", &n); err != nil {
			t.Fatal(err)
		}
		examined += n
		address = link(t, body, `rel="next"`)
	}
	if found != 300 || examined != items+300 || pages < 2 {
		t.Errorf("%d findings in %d items on %d pages", found, examined, pages)
	}
	s.get(http.StatusBadRequest, "audit?run=1&after=nothing")
}

func TestWithoutARegistry(t *testing.T) {
	s := newShop(t)
	for i := range 30 {
		s.put(s.order(fmt.Sprint("c", i%5), 2020+i%3, i))
	}
	guessed, err := explorer.Guess(t.Context(), s.client, "shop", explorer.Hide("secret"))
	if err != nil {
		t.Fatal(err)
	}
	s.site = guessed
	text := plain(s.get(http.StatusOK, ""))
	wants(t, text, "30 of 30 sampled items", "CI#{id}")
	wants(t, plain(s.get(http.StatusOK, "partition?pk=CI%23c1")), "6 items", "Decoded", `"year": {"N": "2021"}`)
	wants(t, plain(s.get(http.StatusOK, "audit?run=1")), "No findings", "30 items examined")
	body := s.get(http.StatusOK, "")
	query := link(t, body, `href="query?entity=`)
	wants(t, plain(s.get(http.StatusOK, query+"&f.id=c2")), "6 items", `Query(`, `ID: "c2"`)
	empty := newShop(t)
	if empty.site, err = explorer.Guess(t.Context(), empty.client, "shop"); err != nil {
		t.Fatal(err)
	}
	wants(t, plain(empty.get(http.StatusOK, "")), "the table has no items")
	if _, err := explorer.Guess(t.Context(), s.client, "nowhere"); err == nil {
		t.Error("a table that does not exist is shown")
	}
}

func TestErrorsOfTheServiceAreSaid(t *testing.T) {
	s := newShop(t)
	if err := s.table.DeleteTable(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"partition?pk=1", "query?entity=order&f.id=1", "item?pk=1&sk=1", "search?q=1", "audit?run=1"} {
		wants(t, plain(s.get(http.StatusBadGateway, address)), "Bad Gateway")
	}
	wants(t, plain(s.get(http.StatusBadRequest, "partition?pk=")), `the key attribute "pk" is empty`)
	s.get(http.StatusBadRequest, "partition?index=none&pk=1")
	s.get(http.StatusBadRequest, "item?pk=1")
}
