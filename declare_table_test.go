package entable_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
)

// infrequent are edits of a CreateTable request.
func infrequent(in *dynamodb.CreateTableInput) {
	in.TableClass = types.TableClassStandardInfrequentAccess
	in.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewAndOldImages}
	in.DeletionProtectionEnabled = aws.Bool(false)
}

type session struct {
	ID      string `dynamodbav:"id"`
	Region  string `dynamodbav:"region"`
	N       int    `dynamodbav:"n"`
	Expires int64  `dynamodbav:"expires" entable:"ttl"`
}

func contractOptions(native bool) []entable.TableOption {
	opts := []entable.TableOption{entable.GSI("gsi1"), entable.GSI("gsi2", entable.NoSortKey()), entable.LSI("lsi1")}
	if native { // DynamoDB Local has no indexes on several attributes
		opts = append(opts, entable.GSI("by-region", entable.MultiAttribute(), entable.PartitionKey("region", types.ScalarAttributeTypeS),
			entable.PartitionKey("id", types.ScalarAttributeTypeS), entable.SortKey("n", types.ScalarAttributeTypeN)))
	}
	return opts
}

func TestTableLifeCycle(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *setup) {
		table := s.Declare(contractOptions(s.Engine == "memory")...)
		entable.Register[session](table)
		ctx := t.Context()
		if ok, err := table.Exists(ctx); ok || err != nil {
			t.Fatalf("exists before: %t, %v", ok, err)
		}
		if _, err := table.Diff(ctx); !errors.Is(err, entable.ErrTableNotFound) {
			t.Errorf("diff before: %v", err)
		}
		if err := table.DeleteTable(ctx); !errors.Is(err, entable.ErrTableNotFound) {
			t.Errorf("delete before: %v", err)
		}
		check(t, table.CreateTable(ctx, infrequent))
		if err := table.CreateTable(ctx); !errors.Is(err, entable.ErrTableExists) {
			t.Errorf("created twice: %v", err)
		}
		if ok, err := table.Exists(ctx); !ok || err != nil {
			t.Errorf("exists: %t, %v", ok, err)
		}
		if list, err := table.Diff(ctx); len(list) > 0 || err != nil {
			t.Errorf("diff of its own table: %v, %v", list, err)
		}
		check(t, table.DeleteTable(ctx))
		if ok, err := table.Exists(ctx); ok || err != nil {
			t.Errorf("exists behind: %t, %v", ok, err)
		}
	})
}

func TestDiffNamesWhatDiffers(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *setup) {
		made := s.NewTable(entable.GSI("gsi1"), entable.GSI("gsi2"), entable.PartitionKey("pk", types.ScalarAttributeTypeN))
		table := entable.NewTable(made.Name(), entable.NoSortKey(), entable.GSI("gsi1", entable.NoSortKey()), entable.GSI("gsi3"))
		table.Use(s.Client)
		entable.Register[session](table)
		list, err := table.Diff(t.Context())
		check(t, err)
		var got []string
		for _, d := range list {
			got = append(got, d.String())
		}
		want := []string{
			`partition key: the table has "pk" (N), the registry needs "pk" (S)`,
			`index "gsi1": the table has global on "gsi1pk" (S) and "gsi1sk" (S), projecting ALL, the registry needs global on "gsi1pk" (S), projecting ALL`,
			`index "gsi3": the table has nothing, the registry needs global on "gsi3pk" (S) and "gsi3sk" (S), projecting ALL`,
			`sort key: the table has "sk" (S), the registry needs nothing`,
			`ttl: the table has nothing, the registry needs "expires"`,
		}
		if !slices.Equal(got, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

func TestDescribeTexts(t *testing.T) {
	for format, file := range map[entable.Format]string{entable.Text: "devices.txt", entable.Markdown: "devices.md", entable.Mermaid: "devices.mmd"} {
		var b strings.Builder
		check(t, DeviceTable.Describe(&b, format))
		golden(t, file, []byte(b.String()))
	}
	s := newRegistryOf()
	s.was = []string{"Purchase"}
	s.line = append(s.line, entable.Index("gsi1", entable.PK("owner")))
	table, err := s.declare()
	check(t, err)
	for format, file := range map[entable.Format]string{entable.Text: "shop.txt", entable.Markdown: "shop.md", entable.Mermaid: "shop.mmd"} {
		var b strings.Builder
		check(t, table.Describe(&b, format))
		golden(t, file, []byte(b.String()))
	}
	if err := table.Describe(&strings.Builder{}, "html"); err == nil {
		t.Error("an unknown format is accepted")
	}
}
