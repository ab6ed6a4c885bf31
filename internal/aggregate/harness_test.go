package aggregate_test

import (
	"context"
	"crypto/rand"
	mathrand "math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/ddblocal"
	"github.com/entable/entable/memory"
)

// A basket is a cart with its lines and notes: one partition.

type Cart struct {
	ID      string    `dynamodbav:"id"`
	Owner   string    `dynamodbav:"owner,omitempty"`
	State   string    `dynamodbav:"state" entable:"default=open" validate:"oneof=open paid"`
	Code    string    `dynamodbav:"code,omitempty" entable:"unique"`
	Changed time.Time `dynamodbav:"changed" entable:"touch=now"`
	Saves   int       `dynamodbav:"saves"`
	Version int       `dynamodbav:"version" entable:"version"`

	hooks []string
}

func (c *Cart) BeforeSave(context.Context) error { c.hooks = append(c.hooks, "BeforeSave"); return nil }
func (c *Cart) AfterSave(context.Context) error  { c.hooks = append(c.hooks, "AfterSave"); return nil }
func (c *Cart) BeforeUpdate(context.Context) error {
	c.hooks = append(c.hooks, "BeforeUpdate")
	return nil
}
func (c *Cart) AfterUpdate(context.Context) error {
	c.hooks = append(c.hooks, "AfterUpdate")
	return nil
}

type Line struct {
	Cart    string   `dynamodbav:"cart"`
	ID      string   `dynamodbav:"line" entable:"auto=ulid"`
	Product string   `dynamodbav:"product"`
	Qty     int      `dynamodbav:"qty"`
	Tags    []string `dynamodbav:"tags,stringset,omitempty"`
	Gift    *bool    `dynamodbav:"gift,omitempty"`
	Blob    []byte   `dynamodbav:"blob,omitempty"`
}

type Note struct {
	Cart  string         `dynamodbav:"cart"`
	At    time.Time      `dynamodbav:"at" entable:"auto=now"`
	Text  string         `dynamodbav:"text" validate:"required"`
	Extra map[string]any `entable:"rest"`
}

type Basket struct {
	Cart  *Cart
	Lines []Line
	Notes []*Note
	Seen  []string `entable:"-"`
}

type shop struct {
	t       *testing.T
	table   *entable.Table
	carts   *entable.Entity[Cart]
	lines   *entable.Entity[Line]
	notes   *entable.Entity[Note]
	baskets *entable.Collection[Basket]
	sdk     *dynamodb.Client // past entable
	spy     *spy
	db      *memory.DB // nil on DynamoDB Local
}

// openShop declares and creates a table for baskets.
func openShop(t *testing.T, client *dynamodb.Client, wrap func(*dynamodb.Client) entable.Client, opts ...entable.TableOption) *shop {
	name := strings.NewReplacer("/", "-", "#", "-").Replace(t.Name()) + "-" + rand.Text()
	s := &shop{t: t, sdk: client, spy: &spy{next: client.Options().HTTPClient}}
	s.table = entable.NewTable(name, append(opts, entable.GSI("gsi1"))...)
	s.carts = entable.Register[Cart](s.table, entable.Index("gsi1", entable.PK("owner"), entable.SK("state")))
	s.lines = entable.Register[Line](s.table, entable.PK("cart", entable.PrefixOf(s.carts)), entable.SK("line"),
		entable.Index("gsi1", entable.PK("product"), entable.SK("cart", "qty")))
	s.notes = entable.Register[Note](s.table, entable.PK("cart", entable.PrefixOf(s.carts)), entable.SK("at"))
	s.baskets = entable.NewCollection[Basket](s.carts, s.lines, s.notes)
	s.table.Use(wrap(dynamodb.New(client.Options(), func(o *dynamodb.Options) {
		o.HTTPClient = s.spy
		o.Retryer = aws.NopRetryer{}
	})))
	check(t, s.table.CreateTable(t.Context()))
	t.Cleanup(func() {
		client.DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: aws.String(name)})
	})
	return s
}

// wrapper is a client of a user's own, whose items go through the SDK's types.
type wrapper struct{ *dynamodb.Client }

func direct(c *dynamodb.Client) entable.Client { return c }

// eachSetup runs a test on both engines by both routes.
func eachSetup(t *testing.T, test func(t *testing.T, s *shop)) {
	t.Parallel()
	for _, engine := range []string{"memory", "local"} {
		for route, wrap := range map[string]func(*dynamodb.Client) entable.Client{
			"direct":  direct,
			"wrapped": func(c *dynamodb.Client) entable.Client { return wrapper{c} },
		} {
			t.Run(engine+"/"+route, func(t *testing.T) {
				t.Parallel()
				if engine == "local" {
					test(t, openShop(t, ddblocal.Client(t), wrap))
					return
				}
				db := memory.New()
				t.Cleanup(db.Close)
				s := openShop(t, db.Client(), wrap)
				s.db = db
				test(t, s)
			})
		}
	}
}

// onMemory opens a shop on a database of its own, whose faults the test makes.
func onMemory(t *testing.T, opts ...entable.TableOption) *shop {
	db := memory.New()
	t.Cleanup(db.Close)
	s := openShop(t, db.Client(), direct, opts...)
	s.db = db
	return s
}

// spy is an HTTP client that notes operations.
type spy struct {
	next interface {
		Do(*http.Request) (*http.Response, error)
	}
	mu   sync.Mutex
	ops  []string
	each func() // with the mutex
}

func (s *spy) Do(r *http.Request) (*http.Response, error) {
	_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	s.mu.Lock()
	s.ops = append(s.ops, op)
	if s.each != nil {
		s.each()
	}
	s.mu.Unlock()
	return s.next.Do(r)
}

// sent returns the operations since it was called last.
func (s *spy) sent() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	ops := strings.Join(s.ops, " ")
	s.ops = nil
	return ops
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// load reads a basket and the copy that it is compared with.
func (s *shop) load(id string) (before, now *Basket) {
	s.t.Helper()
	now, err := s.baskets.Get(s.t.Context(), Cart{ID: id}, entable.Consistent(true))
	check(s.t, err)
	return s.baskets.Clone(now), now
}

// save fills a partition.
func (s *shop) save(b *Basket) {
	s.t.Helper()
	check(s.t, s.baskets.Save(s.t.Context(), nil, b))
	s.spy.sent()
}

// stored reads all items of the table as they are, by their keys.
func (s *shop) stored() map[string]map[string]types.AttributeValue {
	s.t.Helper()
	out := map[string]map[string]types.AttributeValue{}
	pages := dynamodb.NewScanPaginator(s.sdk, &dynamodb.ScanInput{TableName: aws.String(s.table.Name()), ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.Background())
		check(s.t, err)
		for _, it := range page.Items {
			out[text(it["pk"])+" "+text(it["sk"])] = it
		}
	}
	return out
}

func (s *shop) put(item map[string]types.AttributeValue) {
	s.t.Helper()
	_, err := s.sdk.PutItem(s.t.Context(), &dynamodb.PutItemInput{TableName: aws.String(s.table.Name()), Item: item})
	check(s.t, err)
}

func text(v types.AttributeValue) string {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		return v.Value
	}
	return ""
}

var day = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

func str(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }

func soak() bool { return os.Getenv("ENTABLE_SOAK") != "" }

// random is a source of random values whose seed is printed when the test fails.
func random(t testing.TB) *mathrand.Rand {
	seed := uint64(time.Now().UnixNano())
	t.Cleanup(func() {
		if t.Failed() || soak() {
			t.Logf("seed %d", seed)
		}
	})
	return mathrand.New(mathrand.NewPCG(seed, 0))
}
