package explorer_test

import (
	"context"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/entable/entable"
	"github.com/entable/entable/explorer"
	"github.com/entable/entable/memory"
)

type customer struct {
	ID     string `dynamodbav:"id"`
	Email  string `dynamodbav:"email" entable:"unique"`
	Secret string `dynamodbav:"secret"`
	Name   string `dynamodbav:"name"`
}

type order struct {
	ID      string    `dynamodbav:"id"`
	Year    int       `dynamodbav:"year"`
	No      uint16    `dynamodbav:"no"`
	State   string    `dynamodbav:"state,omitempty"`
	Placed  time.Time `dynamodbav:"placed"`
	Secret  string    `dynamodbav:"secret"`
	Version int       `dynamodbav:"version" entable:"version"`
}

type event struct {
	Day string `dynamodbav:"day"`
	No  int    `dynamodbav:"no"`
}

// shop is a table of a test's own with its entities, and the explorer of it.
type shop struct {
	t         *testing.T
	table     *entable.Table
	customers *entable.Entity[customer]
	orders    *entable.Entity[order]
	events    *entable.Entity[event]
	client    *dynamodb.Client
	site      http.Handler
	host      string
}

func newShop(t *testing.T, opts ...explorer.Option) *shop {
	t.Helper()
	s := &shop{t: t, host: "localhost:8080"}
	s.table = entable.NewTable("shop", entable.GSI("by-state"), entable.GSI("keys", entable.KeysOnly()))
	s.customers = entable.Register[customer](s.table)
	s.orders = entable.Register[order](s.table, entable.PK("id", entable.PrefixOf(s.customers)), entable.SK("year", "no"),
		entable.Index("by-state", entable.PK("state"), entable.SK("placed")), entable.Index("keys", entable.PK("year"), entable.SK("no")))
	s.events = entable.Register[event](s.table, entable.PK("day", entable.Shards(3, "no")), entable.SK("no"))
	db := memory.New()
	t.Cleanup(func() { db.Close() })
	s.client = db.Client()
	s.table.Use(s.client)
	if err := s.table.CreateTable(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.site = explorer.New(s.table, append(opts, explorer.Hide("secret"))...)
	return s
}

const secret = "never-to-be-seen"

func (s *shop) put(writes ...entable.Write) {
	s.t.Helper()
	if err := entable.BatchWrite(s.t.Context(), writes); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) order(id string, year, no int) entable.Write {
	return s.orders.PutOp(&order{ID: id, Year: year, No: uint16(no), State: "placed", Placed: time.Unix(int64(1e9+no), 0).UTC(), Secret: secret})
}

// do sends a request as a browser does and returns the answer.
func (s *shop) do(r *http.Request) *http.Response {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.site.ServeHTTP(w, r)
	if strings.Contains(w.Body.String(), secret) {
		s.t.Errorf("%s shows what is hidden", r.URL)
	}
	return w.Result()
}

func (s *shop) request(method, address string, form url.Values) *http.Request {
	r := httptest.NewRequestWithContext(s.t.Context(), method, "http://"+s.host+"/"+address, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return r
}

// get returns a page's text, without its markup, and fails unless it has the status.
func (s *shop) get(status int, address string) string {
	s.t.Helper()
	return s.page(status, s.request(http.MethodGet, address, nil))
}

func (s *shop) page(status int, r *http.Request) string {
	s.t.Helper()
	res := s.do(r)
	body := bodyOf(s.t, res)
	if res.StatusCode != status {
		s.t.Fatalf("%s %s: status %d, want %d: %s", r.Method, r.URL, res.StatusCode, status, plain(body))
	}
	return body
}

var (
	main   = regexp.MustCompile(`(?s)<main.*</main>`)
	markup = regexp.MustCompile(`(?s)<[^>]*>`)
)

// plain returns the text of a page.
func plain(body string) string {
	return html.UnescapeString(markup.ReplaceAllString(main.FindString(body), ""))
}

// link returns the address of the first link whose markup has all parts.
func link(t *testing.T, body string, parts ...string) string {
	t.Helper()
	for _, l := range regexp.MustCompile(`(?s)<a [^>]*href="([^"]*)"[^>]*>`).FindAllStringSubmatch(body, -1) {
		found := true
		for _, p := range parts {
			found = found && strings.Contains(l[0], p)
		}
		if found {
			return html.UnescapeString(l[1])
		}
	}
	return ""
}

// keys lists the texts of the keys in a list, in its order.
func keys(body string) (list []string) {
	for _, k := range regexp.MustCompile(`(?s)<a class="key" [^>]*>(.*?)</a>`).FindAllStringSubmatch(body, -1) {
		list = append(list, html.UnescapeString(markup.ReplaceAllString(k[1], "")))
	}
	return list
}

// field returns the value of a hidden field of a form.
func field(t *testing.T, body, name string) string {
	t.Helper()
	m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(body)
	if m == nil {
		t.Fatalf("there is no field %q", name)
	}
	return html.UnescapeString(m[1])
}

func wants(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("it does not say %q:\n%s", p, text)
		}
	}
}

// recorder is a client that keeps the last query.
type recorder struct {
	entable.Client
	query *dynamodb.QueryInput
	reads int
}

func (c *recorder) Query(ctx context.Context, in *dynamodb.QueryInput, opts ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	c.query = in
	c.reads++
	return c.Client.Query(ctx, in, opts...)
}

func bodyOf(t *testing.T, res *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
