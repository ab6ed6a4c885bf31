package entable_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
)

// answers gives one operation these answers, one after the other, and lets the rest through; sent counts all.
func answers(op string, list ...string) (before func(string, string) string, sent *int) {
	sent = new(int)
	return func(is, _ string) string {
		if is != op {
			return ""
		}
		if *sent++; *sent > len(list) {
			return ""
		}
		return list[*sent-1]
	}, sent
}

// A table takes seconds to be there, and to be gone.
func TestCreateAndDeleteWait(t *testing.T) {
	t.Parallel()
	s := onMemory(t)
	table := s.declare(entable.GSI("gsi1"))
	states, sent := answers("DescribeTable",
		`{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"not yet"}`,
		`{"Table":{"TableStatus":"CREATING"}}`,
		`{"Table":{"TableStatus":"ACTIVE","GlobalSecondaryIndexes":[{"IndexName":"gsi1","IndexStatus":"CREATING"}]}}`)
	s.comeBetween(states)
	check(t, table.Create(t.Context()))
	if *sent != 4 {
		t.Errorf("Create asked %d times, want 4", *sent)
	}
	states, sent = answers("DescribeTable", `{"Table":{"TableStatus":"DELETING"}}`)
	s.comeBetween(states)
	check(t, table.Delete(t.Context()))
	if *sent != 2 {
		t.Errorf("Delete asked %d times, want 2", *sent)
	}
}

func TestExistsGivesErrors(t *testing.T) {
	t.Parallel()
	s := onMemory(t)
	s.spy.reset(&refusal{400, "AccessDeniedException"})
	if ok, err := s.declare().Exists(t.Context()); ok || !is[*entable.OpError](err) {
		t.Errorf("got %t, %v", ok, err)
	}
}

func TestDiffOfExpiryAndIndexes(t *testing.T) {
	t.Parallel()
	native := func(second string) entable.TableOption {
		return entable.GSI("by-region", entable.Native(), entable.PartitionKey("region", types.ScalarAttributeTypeS), entable.PartitionKey(second, types.ScalarAttributeTypeS))
	}
	type plain struct {
		ID string `dynamodbav:"id"`
	}
	for _, test := range []struct {
		name       string
		have, need []entable.TableOption
		expires    bool   // what the registry says
		ttl        string // what the service says
		want       string
	}{
		{"turned on", nil, nil, true, `"AttributeName":"expires","TimeToLiveStatus":"ENABLED"`, ""},
		{"being turned on", nil, nil, true, `"AttributeName":"expires","TimeToLiveStatus":"ENABLING"`, ""},
		{"being turned off", nil, nil, true, `"AttributeName":"expires","TimeToLiveStatus":"DISABLING"`, `ttl: the table has nothing, the registry needs "expires"`},
		{"another attribute", nil, nil, true, `"AttributeName":"ttl","TimeToLiveStatus":"ENABLED"`, `ttl: the table has "ttl", the registry needs "expires"`},
		{"not needed", nil, nil, false, `"AttributeName":"ttl","TimeToLiveStatus":"ENABLED"`, ""},
		{"no local index", nil, []entable.TableOption{entable.LSI("lsi1")}, false, "",
			`index "lsi1": the table has nothing, the registry needs local on "pk" (S) and "lsi1sk" (S), projecting ALL`},
		{"another second attribute", []entable.TableOption{native("id")}, []entable.TableOption{native("city")}, false, "",
			`index "by-region": the table has global on "region" (S), "id" (S), projecting ALL, the registry needs global on "region" (S), "city" (S), projecting ALL`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := onMemory(t)
			table := entable.NewTable(s.newTable(test.have...).Name(), test.need...)
			table.Use(s.client)
			if test.expires {
				entable.Register[session](table)
			} else {
				entable.Register[plain](table)
			}
			states, _ := answers("DescribeTimeToLive", `{"TimeToLiveDescription":{`+test.ttl+`}}`)
			s.comeBetween(states)
			list, err := table.Diff(t.Context())
			check(t, err)
			var got []string
			for _, d := range list {
				got = append(got, d.String())
			}
			if strings.Join(got, "\n") != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// The templates say what an edit of the request says.
func TestTemplatesTakeEdits(t *testing.T) {
	capacity := &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(3), WriteCapacityUnits: aws.Int64(4)}
	table := entable.NewTable("edited", entable.GSI("gsi1"), entable.LSI("lsi1"),
		entable.GSI("by-n", entable.Native(), entable.PartitionKey("region", types.ScalarAttributeTypeS),
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
		}{{table.CloudFormation(test.edit), test.cfn, test.cfnN}, {table.Terraform(test.edit), test.tf, test.tfN}} {
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
