package entable_test

import (
	"encoding/json"
	"errors"
	"fmt"
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
		opts = append(opts, entable.GSI("by-region", entable.Native(), entable.PartitionKey("region", types.ScalarAttributeTypeS),
			entable.PartitionKey("id", types.ScalarAttributeTypeS), entable.SortKey("n", types.ScalarAttributeTypeN)))
	}
	return opts
}

func TestTableLifeCycle(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *setup) {
		table := s.declare(contractOptions(s.engine == "memory")...)
		entable.Register[session](table)
		ctx := t.Context()
		if ok, err := table.Exists(ctx); ok || err != nil {
			t.Fatalf("exists before: %t, %v", ok, err)
		}
		if _, err := table.Diff(ctx); !errors.Is(err, entable.ErrTableNotFound) {
			t.Errorf("diff before: %v", err)
		}
		if err := table.Delete(ctx); !errors.Is(err, entable.ErrTableNotFound) {
			t.Errorf("delete before: %v", err)
		}
		check(t, table.Create(ctx, infrequent))
		if err := table.Create(ctx); !errors.Is(err, entable.ErrTableExists) {
			t.Errorf("created twice: %v", err)
		}
		if ok, err := table.Exists(ctx); !ok || err != nil {
			t.Errorf("exists: %t, %v", ok, err)
		}
		if list, err := table.Diff(ctx); len(list) > 0 || err != nil {
			t.Errorf("diff of its own table: %v, %v", list, err)
		}
		d, err := s.sdk.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(table.Name())})
		check(t, err)
		templatesMatch(t, table, d.Table)
		check(t, table.Delete(ctx))
		if ok, err := table.Exists(ctx); ok || err != nil {
			t.Errorf("exists behind: %t, %v", ok, err)
		}
	})
}

// templatesMatch compares what the templates say with a table that was created.
func templatesMatch(t *testing.T, table *entable.Table, d *types.TableDescription) {
	t.Helper()
	var cfn struct {
		Resources struct {
			Table struct {
				Properties struct {
					TableName, TableClass                         string
					KeySchema                                     []types.KeySchemaElement
					AttributeDefinitions                          []types.AttributeDefinition
					GlobalSecondaryIndexes, LocalSecondaryIndexes []struct {
						IndexName  string
						KeySchema  []types.KeySchemaElement
						Projection types.Projection
					}
					StreamSpecification     struct{ StreamViewType string }
					TimeToLiveSpecification struct{ AttributeName string }
				}
			}
		}
	}
	check(t, json.Unmarshal(table.CloudFormation(infrequent), &cfn))
	p := cfn.Resources.Table.Properties
	attrs := func(list []types.AttributeDefinition) string {
		var out []string
		for _, a := range list {
			out = append(out, *a.AttributeName+" "+string(a.AttributeType))
		}
		slices.Sort(out)
		return strings.Join(out, ", ")
	}
	schema := func(list []types.KeySchemaElement) (out string) {
		for _, k := range list {
			out += *k.AttributeName + " " + string(k.KeyType) + ", "
		}
		return out
	}
	got, want := []string{p.TableName, schema(p.KeySchema), attrs(p.AttributeDefinitions), p.TableClass, p.TimeToLiveSpecification.AttributeName, p.StreamSpecification.StreamViewType},
		[]string{*d.TableName, schema(d.KeySchema), attrs(d.AttributeDefinitions), "STANDARD_INFREQUENT_ACCESS", "expires", "NEW_AND_OLD_IMAGES"}
	var indexes, made []string
	for _, x := range p.GlobalSecondaryIndexes {
		indexes = append(indexes, fmt.Sprint("global ", x.IndexName, schema(x.KeySchema), x.Projection.ProjectionType))
	}
	for _, x := range p.LocalSecondaryIndexes {
		indexes = append(indexes, fmt.Sprint("local ", x.IndexName, schema(x.KeySchema), x.Projection.ProjectionType))
	}
	for _, x := range d.GlobalSecondaryIndexes {
		made = append(made, fmt.Sprint("global ", *x.IndexName, schema(x.KeySchema), x.Projection.ProjectionType))
	}
	for _, x := range d.LocalSecondaryIndexes {
		made = append(made, fmt.Sprint("local ", *x.IndexName, schema(x.KeySchema), x.Projection.ProjectionType))
	}
	slices.Sort(indexes)
	slices.Sort(made)
	if got, want := append(got, indexes...), append(want, made...); !slices.Equal(got, want) {
		t.Errorf("CloudFormation says\n%q\nthe table has\n%q", got, want)
	}

	var tf struct {
		Resource struct {
			Table struct {
				Table struct {
					Name      string
					Hash      string `json:"hash_key"`
					Range     string `json:"range_key"`
					Attribute []struct{ Name, Type string }
					Global    []struct {
						Name   string
						Hash   string `json:"hash_key"`
						Range  string `json:"range_key"`
						Schema []struct {
							Name string `json:"attribute_name"`
							Type string `json:"key_type"`
						} `json:"key_schema"`
					} `json:"global_secondary_index"`
					Local []struct {
						Name  string
						Range string `json:"range_key"`
					} `json:"local_secondary_index"`
					TTL struct {
						Name string `json:"attribute_name"`
					} `json:"ttl"`
				} `json:"table"`
			} `json:"aws_dynamodb_table"`
		}
	}
	check(t, json.Unmarshal(table.Terraform(infrequent), &tf))
	r := tf.Resource.Table.Table
	hashRange := func(hash, rng string) string {
		text := hash + " HASH, "
		if rng != "" {
			text += rng + " RANGE, "
		}
		return text
	}
	var names []types.AttributeDefinition
	for _, a := range r.Attribute {
		names = append(names, types.AttributeDefinition{AttributeName: &a.Name, AttributeType: types.ScalarAttributeType(a.Type)})
	}
	got, want = []string{r.Name, hashRange(r.Hash, r.Range), attrs(names), r.TTL.Name}, []string{*d.TableName, schema(d.KeySchema), attrs(d.AttributeDefinitions), "expires"}
	indexes = nil
	for _, x := range r.Global {
		text := hashRange(x.Hash, x.Range)
		if len(x.Schema) > 0 {
			text = ""
		}
		for _, k := range x.Schema {
			text += k.Name + " " + k.Type + ", "
		}
		indexes = append(indexes, "global "+x.Name+text+"ALL")
	}
	for _, x := range r.Local {
		indexes = append(indexes, "local "+x.Name+hashRange(r.Hash, x.Range)+"ALL")
	}
	slices.Sort(indexes)
	if got, want := append(got, indexes...), append(want, made...); !slices.Equal(got, want) {
		t.Errorf("Terraform says\n%q\nthe table has\n%q", got, want)
	}
}

func TestDiffNamesWhatDiffers(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *setup) {
		made := s.newTable(entable.GSI("gsi1"), entable.GSI("gsi2"), entable.PartitionKey("pk", types.ScalarAttributeTypeN))
		table := entable.NewTable(made.Name(), entable.NoSortKey(), entable.GSI("gsi1", entable.NoSortKey()), entable.GSI("gsi3"))
		table.Use(s.client)
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

func TestTemplateTexts(t *testing.T) {
	table := entable.NewTable("contract", contractOptions(true)...)
	entable.Register[session](table)
	golden(t, "cloudformation.json", table.CloudFormation(infrequent))
	golden(t, "terraform.tf.json", table.Terraform(infrequent))
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
