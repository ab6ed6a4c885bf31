package enginetest

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
)

// Setup is a way that is open for a test, until the test ends.
type Setup struct {
	Way
	T       testing.TB
	Client  entable.Client        // what tables use
	SDK     *dynamodb.Client      // the same engine, past the mapper
	DB      *memory.DB            // to make faults; nil on DynamoDB Local
	Spy     *Spy                  // sees what Client sends, and not what SDK sends
	Options []entable.TableOption // of the route
}

// Open opens the way with a client that the options change.
func (w Way) Open(t testing.TB, opts ...func(*dynamodb.Options)) *Setup {
	t.Helper()
	sdk, db := w.Engine.open(t)
	s := &Setup{Way: w, T: t, SDK: sdk, DB: db, Spy: &Spy{next: sdk.Options().HTTPClient}, Options: w.Route.Options()}
	s.Client = w.Route.Client(s.Through(s.Spy, opts...))
	return s
}

// OnMemory opens the direct way to a database of its own.
func OnMemory(t testing.TB, opts ...func(*dynamodb.Options)) *Setup {
	t.Helper()
	return Way{Engine: Memory}.Open(t, opts...)
}

// Once has each request sent once.
func Once(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} }

// Through returns a client of the engine whose requests go through an HTTP client of the test's.
func (s *Setup) Through(line dynamodb.HTTPClient, opts ...func(*dynamodb.Options)) *dynamodb.Client {
	return dynamodb.New(s.SDK.Options(), append(opts[:len(opts):len(opts)], func(o *dynamodb.Options) { o.HTTPClient = line })...)
}

// Declare declares a table with a name of its own that does not exist yet.
func (s *Setup) Declare(opts ...entable.TableOption) *entable.Table {
	name := strings.Map(func(r rune) rune {
		if r == '/' || r == '#' || r >= 0x7f {
			return '-'
		}
		return r
	}, s.T.Name())
	table := entable.NewTable(name+"-"+rand.Text(), append(s.Options[:len(s.Options):len(s.Options)], opts...)...)
	table.Use(s.Client)
	return table
}

// NewTable declares and creates a table, which goes with the test.
func (s *Setup) NewTable(opts ...entable.TableOption) *entable.Table {
	s.T.Helper()
	table := s.Declare(opts...)
	s.Create(table)
	return table
}

// Create creates a table, which goes with the test.
func (s *Setup) Create(table *entable.Table) {
	s.T.Helper()
	Check(s.T, table.CreateTable(s.T.Context()))
	s.T.Cleanup(func() { s.Drop(table) })
}

// Drop deletes a table, if it is there.
func (s *Setup) Drop(table *entable.Table) {
	_, _ = s.SDK.DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: aws.String(table.Name())})
}

// Store writes an item as it is, past the mapper.
func (s *Setup) Store(table *entable.Table, item map[string]types.AttributeValue) {
	s.T.Helper()
	_, err := s.SDK.PutItem(s.T.Context(), &dynamodb.PutItemInput{TableName: aws.String(table.Name()), Item: item})
	Check(s.T, err)
}

// Load reads an item as it is, past the mapper.
func (s *Setup) Load(table *entable.Table, key map[string]types.AttributeValue) map[string]types.AttributeValue {
	s.T.Helper()
	out, err := s.SDK.GetItem(s.T.Context(), &dynamodb.GetItemInput{
		TableName: aws.String(table.Name()), Key: key, ConsistentRead: aws.Bool(true),
	})
	Check(s.T, err)
	return out.Item
}

// Items reads all items of a table as they are, past the mapper, by their keys in the form "pk sk".
func (s *Setup) Items(table string) map[string]map[string]types.AttributeValue {
	s.T.Helper()
	out := map[string]map[string]types.AttributeValue{}
	pages := dynamodb.NewScanPaginator(s.SDK, &dynamodb.ScanInput{TableName: &table, ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(s.T.Context())
		Check(s.T, err)
		for _, item := range page.Items {
			out[Text(item["pk"])+" "+Text(item["sk"])] = item
		}
	}
	return out
}

// Text returns what a key attribute holds, and "" for what is none.
func Text(v types.AttributeValue) string {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		return v.Value
	}
	return ""
}
