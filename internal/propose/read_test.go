package propose_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/entable/entable/internal/propose"
	"github.com/entable/entable/memory"
)

func TestLinesOfEveryForm(t *testing.T) {
	one, two := `{"pk":{"S":"a"},"n":{"N":"1"}}`, `{"pk":{"S":"b"},"Item":{"M":{"x":{"S":"y"}}}}`
	want := []propose.Item{of("pk", "a", "n", 1), of("pk", "b", "Item", of("x", "y"))}
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	fmt.Fprintln(w, one)
	fmt.Fprintln(w, two)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string]string{
		"items":              one + "\n" + two,
		"empty lines":        "\n\n" + one + "\n\n" + two + "\n",
		"an export's lines":  `{"Item":` + one + "}\n{\"Item\":" + two + "}\n",
		"an item over lines": strings.ReplaceAll(one+two, ",", ",\n"),
		"a scan's output":    `{"Count":2,"Items":[` + one + "," + two + `],"ScannedCount":2}`,
		"gzip":               zipped.String(),
	} {
		items, err := propose.Lines(strings.NewReader(in), 0)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, items, cmpopts.IgnoreUnexported(types.AttributeValueMemberS{}, types.AttributeValueMemberN{}, types.AttributeValueMemberM{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if items, err := propose.Lines(strings.NewReader(in), 1); err != nil || len(items) != 1 {
			t.Errorf("%s: one of them: %d, %v", name, len(items), err)
		}
	}
}

func TestWrongLines(t *testing.T) {
	for in, want := range map[string]string{
		`{"pk":{"S":"a"}}` + "\n{": "item 2: cannot read JSON",
		`[1]`:                      "item 1: cannot read an item in DynamoDB's JSON",
		`{"pk":{"X":"a"}}`:         "item 1: cannot read an item",
		`{"Item":{"pk":1}}`:        "item 1: ",
		"\x1f\x8b!":                "cannot unzip",
		`{"a":{"S":"` + strings.Repeat("x", 5<<20) + `"}}`: "item 1: 5242894 bytes are no item",
	} {
		if _, err := propose.Lines(strings.NewReader(in), 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: got %v, want %s", in, err, want)
		}
	}
}

func element(name string, kind types.KeyType) types.KeySchemaElement {
	return types.KeySchemaElement{AttributeName: aws.String(name), KeyType: kind}
}

// A scan takes its sample from all over the table, in pages of any size, and knows what the table says of itself.
func TestScanDescribesAndSamples(t *testing.T) {
	db := memory.New()
	t.Cleanup(db.Close)
	var defs []types.AttributeDefinition
	for _, name := range []string{"PK", "SK", "GSI1PK", "at"} {
		def := types.AttributeDefinition{AttributeName: aws.String(name), AttributeType: types.ScalarAttributeTypeS}
		if name == "at" {
			def.AttributeType = types.ScalarAttributeTypeN
		}
		defs = append(defs, def)
	}
	_, err := db.Client().CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String("stored"), BillingMode: types.BillingModePayPerRequest, AttributeDefinitions: defs,
		KeySchema: []types.KeySchemaElement{element("PK", types.KeyTypeHash), element("SK", types.KeyTypeRange)},
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{{
			IndexName: aws.String("gsi1"), KeySchema: []types.KeySchemaElement{element("GSI1PK", types.KeyTypeHash), element("at", types.KeyTypeRange)},
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeInclude, NonKeyAttributes: []string{"x"}},
		}},
		LocalSecondaryIndexes: []types.LocalSecondaryIndex{{
			IndexName: aws.String("lsi1"), KeySchema: []types.KeySchemaElement{element("PK", types.KeyTypeHash), element("at", types.KeyTypeRange)},
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 300 {
		item := of("PK", fmt.Sprint("P", i%100), "SK", fmt.Sprint(i), "x", strings.Repeat("x", 10_000))
		if err := db.Seed("stored", item); err != nil {
			t.Fatal(err)
		}
	}
	want := propose.Table{
		Name: "stored", PK: propose.Attr{Name: "PK", Type: "S"}, SK: propose.Attr{Name: "SK", Type: "S"},
		Indexes: []propose.Index{
			{Name: "gsi1", PK: []propose.Attr{{Name: "GSI1PK", Type: "S"}}, SK: []propose.Attr{{Name: "at", Type: "N"}}, Projection: "INCLUDE", Include: []string{"x"}},
			{Name: "lsi1", Local: true, PK: []propose.Attr{{Name: "PK", Type: "S"}}, SK: []propose.Attr{{Name: "at", Type: "N"}}, Projection: "KEYS_ONLY"},
		},
	}
	for n, least := range map[int]int{1: 1, 50: 50, 5000: 300} {
		table, items, err := propose.Scan(t.Context(), db.Client(), "stored", n, nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, table); diff != "" {
			t.Errorf("the table (-want +got):\n%s", diff)
		}
		seen := map[string]bool{}
		for _, item := range items {
			seen[text(item["SK"])] = true
		}
		if len(items) < least || len(items) > n || len(seen) != len(items) {
			t.Errorf("%d of %d items, %d of them different", len(items), n, len(seen))
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := propose.Scan(ctx, db.Client(), "stored", 10, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestKeysAreGuessed(t *testing.T) {
	for _, test := range []struct {
		items []propose.Item
		want  propose.Table
	}{
		{[]propose.Item{of("PK", "a", "SK", 1, "x", "y"), of("PK", "b", "SK", 2)}, propose.Table{PK: propose.Attr{Name: "PK", Type: "S"}, SK: propose.Attr{Name: "SK", Type: "N"}}},
		{[]propose.Item{of("_pk", "a", "pk", "x"), of("_pk", "b")}, propose.Table{PK: propose.Attr{Name: "_pk", Type: "S"}}},
		{[]propose.Item{of("id", []byte{1}, "name", "x")}, propose.Table{PK: propose.Attr{Name: "id", Type: "B"}}},
		{[]propose.Item{of("partitionKey", "a", "sort_key", "b"), of("partitionKey", "a", "sort_key", "b", "sk", "c")},
			propose.Table{PK: propose.Attr{Name: "partitionKey", Type: "S"}, SK: propose.Attr{Name: "sort_key", Type: "S"}}},
		{[]propose.Item{of("pk", "a", "sk", "b"), of("pk", "b", "sk", "b", "gsi1_pk", "x", "gsi1_sk", "y", "GSI2PK", "z")}, propose.Table{
			PK: propose.Attr{Name: "pk", Type: "S"}, SK: propose.Attr{Name: "sk", Type: "S"},
			Indexes: []propose.Index{{Name: "GSI2", PK: []propose.Attr{{Name: "GSI2PK", Type: "S"}}, Projection: "ALL"},
				{Name: "gsi1", PK: []propose.Attr{{Name: "gsi1_pk", Type: "S"}}, SK: []propose.Attr{{Name: "gsi1_sk", Type: "S"}}, Projection: "ALL"}},
		}},
	} {
		got := propose.Table{Guess: true}
		got.Complete(test.items)
		got.Guess = false
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", test.items[0], diff)
		}
	}
}
