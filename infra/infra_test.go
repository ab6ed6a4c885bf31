package infra_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/entable/entable"
	"github.com/entable/entable/infra"
	"github.com/entable/entable/internal/enginetest"
)

var check = enginetest.Check

type session struct {
	ID      string `dynamodbav:"id"`
	Region  string `dynamodbav:"region"`
	N       int    `dynamodbav:"n"`
	Expires int64  `dynamodbav:"expires" entable:"ttl"`
}

// declare declares a table with every kind of index; native: also one on several attributes, which DynamoDB
// Local does not have.
func declare(name string, native bool) *entable.Table {
	opts := []entable.TableOption{entable.GSI("gsi1"), entable.GSI("gsi2", entable.NoSortKey(), entable.KeysOnly()),
		entable.LSI("lsi1", entable.Include("region", "n"))}
	if native {
		opts = append(opts, entable.GSI("by-region", entable.MultiAttribute(), entable.PartitionKey("region", types.ScalarAttributeTypeS),
			entable.PartitionKey("id", types.ScalarAttributeTypeS), entable.SortKey("n", types.ScalarAttributeTypeN)))
	}
	table := entable.NewTable(name, opts...)
	entable.Register[session](table)
	return table
}

// infrequent are edits of a CreateTable request.
func infrequent(in *dynamodb.CreateTableInput) {
	in.TableClass = types.TableClassStandardInfrequentAccess
	in.DeletionProtectionEnabled = aws.Bool(false)
}

func streamed(in *dynamodb.CreateTableInput) {
	in.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewAndOldImages}
}

// templated are the same edits for a template, and continuous backups, which a table gets once it is created.
var templated = []infra.Option{infra.Edit(infrequent), infra.StreamView(types.StreamViewTypeNewAndOldImages), infra.PointInTimeRecovery(7)}

// The templates say of a table what DescribeTable says once it is created.
func TestTemplatesAreTheTable(t *testing.T) {
	enginetest.Each(t, enginetest.Engines, func(t *testing.T, s *enginetest.Setup) {
		table := declare("templates-"+rand.Text(), s.Engine == enginetest.Memory)
		table.Use(s.Client)
		check(t, table.CreateTable(t.Context(), infrequent, streamed))
		d, err := s.SDK.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String(table.Name())})
		check(t, err)
		templatesMatch(t, table, d.Table)
		check(t, table.DeleteTable(t.Context()))
	})
}

type projection struct {
	Type       string   `json:"projection_type"`
	Attributes []string `json:"non_key_attributes"`
}

// held names what an index holds besides keys, in order: a service need not keep the one that it was given.
func held(names []string) string {
	return strings.Join(slices.Sorted(slices.Values(names)), ",")
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
					StreamSpecification              struct{ StreamViewType string }
					PointInTimeRecoverySpecification types.PointInTimeRecoverySpecification
					TimeToLiveSpecification          struct{ AttributeName string }
				}
			}
		}
	}
	check(t, json.Unmarshal(infra.CloudFormation(table, templated...), &cfn))
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
	if r := p.PointInTimeRecoverySpecification; !aws.ToBool(r.PointInTimeRecoveryEnabled) || aws.ToInt32(r.RecoveryPeriodInDays) != 7 {
		t.Errorf("CloudFormation says of backups %+v", r)
	}
	var indexes, made []string
	for _, x := range p.GlobalSecondaryIndexes {
		indexes = append(indexes, fmt.Sprint("global ", x.IndexName, schema(x.KeySchema), x.Projection.ProjectionType, held(x.Projection.NonKeyAttributes)))
	}
	for _, x := range p.LocalSecondaryIndexes {
		indexes = append(indexes, fmt.Sprint("local ", x.IndexName, schema(x.KeySchema), x.Projection.ProjectionType, held(x.Projection.NonKeyAttributes)))
	}
	for _, x := range d.GlobalSecondaryIndexes {
		made = append(made, fmt.Sprint("global ", *x.IndexName, schema(x.KeySchema), x.Projection.ProjectionType, held(x.Projection.NonKeyAttributes)))
	}
	for _, x := range d.LocalSecondaryIndexes {
		made = append(made, fmt.Sprint("local ", *x.IndexName, schema(x.KeySchema), x.Projection.ProjectionType, held(x.Projection.NonKeyAttributes)))
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
						projection
					} `json:"global_secondary_index"`
					Local []struct {
						Name  string
						Range string `json:"range_key"`
						projection
					} `json:"local_secondary_index"`
					Stream   string `json:"stream_view_type"`
					Streamed bool   `json:"stream_enabled"`
					Recovery struct {
						Enabled bool
						Days    int `json:"recovery_period_in_days"`
					} `json:"point_in_time_recovery"`
					TTL struct {
						Name string `json:"attribute_name"`
					} `json:"ttl"`
				} `json:"table"`
			} `json:"aws_dynamodb_table"`
		}
	}
	check(t, json.Unmarshal(infra.Terraform(table, templated...), &tf))
	r := tf.Resource.Table.Table
	if !r.Streamed || r.Stream != "NEW_AND_OLD_IMAGES" || !r.Recovery.Enabled || r.Recovery.Days != 7 {
		t.Errorf("Terraform says of stream and backups %+v", r)
	}
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
		indexes = append(indexes, "global "+x.Name+text+x.Type+held(x.Attributes))
	}
	for _, x := range r.Local {
		indexes = append(indexes, "local "+x.Name+hashRange(r.Hash, x.Range)+x.Type+held(x.Attributes))
	}
	slices.Sort(indexes)
	if got, want := append(got, indexes...), append(want, made...); !slices.Equal(got, want) {
		t.Errorf("Terraform says\n%q\nthe table has\n%q", got, want)
	}
}

func TestTemplateTexts(t *testing.T) {
	table := declare("contract", true)
	golden(t, "cloudformation.json", infra.CloudFormation(table, templated...))
	golden(t, "terraform.tf.json", infra.Terraform(table, templated...))
}

// golden compares a text with a file in testdata; ENTABLE_GOLDEN=1 writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := "testdata/" + name
	if os.Getenv("ENTABLE_GOLDEN") != "" {
		check(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	check(t, err)
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (ENTABLE_GOLDEN=1 writes it): -want +got\n%s", path, diff)
	}
}

// The templates say what an edit of the request says.
func TestTemplatesTakeEdits(t *testing.T) {
	capacity := &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(3), WriteCapacityUnits: aws.Int64(4)}
	table := entable.NewTable("edited", entable.GSI("gsi1"), entable.LSI("lsi1"),
		entable.GSI("by-n", entable.MultiAttribute(), entable.PartitionKey("region", types.ScalarAttributeTypeS),
			entable.SortKey("n", types.ScalarAttributeTypeN), entable.SortKey("id", types.ScalarAttributeTypeS)))
	entable.Register[session](table)
	for _, test := range []struct {
		name      string
		edit      func(*dynamodb.CreateTableInput)
		cfn, tf   string // what the text has
		cfnN, tfN int    // how often
	}{
		{"provisioned", func(in *dynamodb.CreateTableInput) {
			in.BillingMode, in.ProvisionedThroughput = types.BillingModeProvisioned, capacity
		}, `"ProvisionedThroughput":{"ReadCapacityUnits":3,"WriteCapacityUnits":4}`, `"read_capacity":3,`, 1, 1},
		{"provisioned indexes", func(in *dynamodb.CreateTableInput) {
			for i := range in.GlobalSecondaryIndexes {
				in.GlobalSecondaryIndexes[i].ProvisionedThroughput = capacity
			}
		}, `"ProvisionedThroughput":{"ReadCapacityUnits":3,"WriteCapacityUnits":4}`, `"write_capacity":4}`, 2, 2},
		{"projections", func(in *dynamodb.CreateTableInput) {
			p := &types.Projection{ProjectionType: types.ProjectionTypeInclude, NonKeyAttributes: []string{"a", "b"}}
			in.GlobalSecondaryIndexes[0].Projection, in.LocalSecondaryIndexes[0].Projection = p, p
		}, `"Projection":{"NonKeyAttributes":["a","b"],"ProjectionType":"INCLUDE"}`, `"non_key_attributes":["a","b"],"projection_type":"INCLUDE"`, 2, 2},
		{"no stream", func(in *dynamodb.CreateTableInput) {
			in.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(false)}
		}, "Stream", "stream", 0, 0},
		{"a customer key", func(in *dynamodb.CreateTableInput) {
			in.SSESpecification = &types.SSESpecification{Enabled: aws.Bool(true), SSEType: types.SSETypeKms, KMSMasterKeyId: aws.String("arn:k")}
		}, `"SSESpecification":{"KMSMasterKeyId":"arn:k","SSEEnabled":true,"SSEType":"KMS"}`, `"server_side_encryption":{"enabled":true,"kms_key_arn":"arn:k"}`, 1, 1},
		{"the key of the service", func(in *dynamodb.CreateTableInput) {
			in.SSESpecification = &types.SSESpecification{Enabled: aws.Bool(false)}
		}, `"SSESpecification":{"SSEEnabled":false}`, `"server_side_encryption":{"enabled":false}`, 1, 1},
		{"protected", func(in *dynamodb.CreateTableInput) { in.DeletionProtectionEnabled = aws.Bool(true) },
			`"DeletionProtectionEnabled":true`, `"deletion_protection_enabled":true`, 1, 1},
		{"several sort attributes", func(*dynamodb.CreateTableInput) {},
			`"KeySchema":[{"AttributeName":"region","KeyType":"HASH"},{"AttributeName":"n","KeyType":"RANGE"},{"AttributeName":"id","KeyType":"RANGE"}]`,
			`"key_schema":[{"attribute_name":"region","key_type":"HASH"},{"attribute_name":"n","key_type":"RANGE"},{"attribute_name":"id","key_type":"RANGE"}]`, 1, 1},
	} {
		for _, of := range []struct {
			text []byte
			want string
			n    int
		}{{infra.CloudFormation(table, infra.Edit(test.edit)), test.cfn, test.cfnN}, {infra.Terraform(table, infra.Edit(test.edit)), test.tf, test.tfN}} {
			var v any
			check(t, json.Unmarshal(of.text, &v))
			flat, err := json.Marshal(v)
			check(t, err)
			if n := strings.Count(string(flat), of.want); n != of.n {
				t.Errorf("%s: %d times %s, want %d, in\n%s", test.name, n, of.want, of.n, flat)
			}
		}
	}
}

// Without a period the service's default holds, and without the option nothing is said.
func TestTemplatesOfContinuousBackups(t *testing.T) {
	table := declare("backups", true)
	for _, test := range []struct {
		text []byte
		want int
	}{
		{infra.CloudFormation(table, infra.PointInTimeRecovery(0)), 1},
		{infra.Terraform(table, infra.PointInTimeRecovery(0)), 1},
		{infra.CloudFormation(table), 0},
		{infra.Terraform(table), 0},
	} {
		lower := strings.ToLower(strings.ReplaceAll(string(test.text), "_", ""))
		if strings.Count(lower, `"pointintimerecovery`) != test.want+test.want*strings.Count(lower, `"pointintimerecoveryenabled`) || strings.Contains(lower, "recoveryperiod") {
			t.Errorf("want %d in\n%s", test.want, test.text)
		}
	}
}

// A table whose items do not expire has no expiry in its templates.
func TestTemplatesWithoutExpiry(t *testing.T) {
	type note struct {
		ID string `dynamodbav:"id"`
	}
	table := entable.NewTable("notes")
	entable.Register[note](table)
	for _, text := range [][]byte{infra.CloudFormation(table), infra.Terraform(table)} {
		if lower := strings.ToLower(string(text)); strings.Contains(lower, "ttl") || strings.Contains(lower, "timetolive") {
			t.Errorf("expiry in\n%s", text)
		}
	}
}

// The name of an attribute may have any characters: it is a name in a template too.
func TestNamesAreNoTemplates(t *testing.T) {
	type odd struct {
		ID      string `dynamodbav:"id"`
		Part    string `dynamodbav:"${var.part}"`
		Expires int64  `dynamodbav:"%{ if true }$${x}" entable:"ttl"`
	}
	table := entable.NewTable("odd", entable.PartitionKey("${path.root}", types.ScalarAttributeTypeS), entable.SortKey("a\"\n%{b", types.ScalarAttributeTypeS),
		entable.GSI("gsi1", entable.NoSortKey(), entable.Include("${var.part}")))
	entable.Register[odd](table, entable.Index("gsi1", entable.PK("${var.part}")))
	text := string(infra.Terraform(table))
	for _, want := range []string{`"hash_key": "$${path.root}"`, `"range_key": "a\"\n%%{b"`, `"name": "$${path.root}"`, `"$${var.part}"`, `"attribute_name": "%%{ if true }$$${x}"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the template has no %s:\n%s", want, text)
		}
	}
	if !json.Valid([]byte(text)) || strings.Contains(strings.ReplaceAll(text, "$${", ""), "${") {
		t.Errorf("the template has a reference:\n%s", text)
	}
	edited := string(infra.Terraform(table, infra.Edit(func(in *dynamodb.CreateTableInput) { in.TableName = aws.String("${var.stage}-odd") })))
	if !strings.Contains(edited, `"name": "${var.stage}-odd"`) {
		t.Errorf("a reference that was asked for is gone:\n%s", edited)
	}
	if text := infra.CloudFormation(table); !json.Valid(text) || !strings.Contains(string(text), `"AttributeName": "a\"\n%{b"`) {
		t.Errorf("CloudFormation: %s", text)
	}
}

// IAM takes no characters above U+00FF in a policy.
func TestPoliciesHaveNoCharacterThatIAMRefuses(t *testing.T) {
	type größe struct {
		ID   string `dynamodbav:"id"`
		Mail string `dynamodbav:"日本*?$" entable:"unique"`
	}
	table := entable.NewTable("odd")
	entity := entable.Register[größe](table, entable.PK("id", entable.Prefix("Ü")))
	policy, err := infra.Policy(table, infra.Allow(infra.Put, entity))
	check(t, err)
	text := string(policy.JSON())
	if strings.ContainsFunc(text, func(r rune) bool { return r > 0xFF || r < ' ' && r != '\n' }) {
		t.Errorf("the policy is\n%s", text)
	}
	if want := `"_unique#größe#**${*}${?}%24#*"`; !strings.Contains(text, want) {
		t.Errorf("the policy is\n%s, want %s in it", text, want)
	}
}
