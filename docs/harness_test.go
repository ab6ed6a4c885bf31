package docs_test

import (
	"context"
	"log"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
)

// TestMain gives the tests that want a server one: ENDPOINT, or else a database of this process over HTTP.
func TestMain(m *testing.M) {
	if os.Getenv("ENDPOINT") == "" {
		check(os.Setenv("ENDPOINT", httptest.NewServer(memory.New()).URL))
	}
	os.Exit(m.Run())
}

// start returns a context with a database of its own in which the table is.
func start(table *entable.Table, edits ...func(*dynamodb.CreateTableInput)) context.Context {
	c := memory.New().Client()
	ctx := context.WithValue(entable.WithClient(context.Background(), c), clientKey{}, c)
	check(table.CreateTable(ctx, edits...))
	return ctx
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// text returns a string of an item.
func text(v types.AttributeValue) string {
	s, _ := v.(*types.AttributeValueMemberS)
	return s.Value
}

// client returns the SDK's client of a context that start has made.
func client(ctx context.Context) *dynamodb.Client { return ctx.Value(clientKey{}).(*dynamodb.Client) }

type clientKey struct{}
