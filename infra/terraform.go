package infra

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
)

// Terraform returns the table as a Terraform configuration in JSON, for a file that ends in .tf.json, with
// one resource, aws_dynamodb_table.table: what [entable.Table.CreateTable] would create with the same edits,
// expiry, and what the options say. An index whose keys are several attributes needs version 6.29 of the AWS provider.
// https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/dynamodb_table
func Terraform(table *entable.Table, options ...Option) []byte {
	s := settingsOf(table, options)
	in := s.in
	p := object{"name": aws.ToString(in.TableName)}
	p.set("billing_mode", string(in.BillingMode))
	p.set("table_class", string(in.TableClass))
	tfKeys(p, in.KeySchema)
	var attrs []object
	for _, a := range in.AttributeDefinitions {
		attrs = append(attrs, object{"name": tfName(a.AttributeName), "type": string(a.AttributeType)})
	}
	p.set("attribute", attrs)
	tfThroughput(p, in.ProvisionedThroughput)
	var global, local []object
	for _, g := range in.GlobalSecondaryIndexes {
		o := object{"name": aws.ToString(g.IndexName)}
		tfKeys(o, g.KeySchema)
		tfProjection(o, g.Projection)
		tfThroughput(o, g.ProvisionedThroughput)
		global = append(global, o)
	}
	for _, l := range in.LocalSecondaryIndexes { // their partition key is the table's
		o := object{"name": aws.ToString(l.IndexName)}
		tfKeys(o, l.KeySchema)
		delete(o, "hash_key")
		tfProjection(o, l.Projection)
		local = append(local, o)
	}
	p.set("global_secondary_index", global)
	p.set("local_secondary_index", local)
	if s.recovers {
		o := object{"enabled": true}
		if s.recoveryDays != 0 {
			o["recovery_period_in_days"] = s.recoveryDays
		}
		p["point_in_time_recovery"] = o
	}
	if s := in.StreamSpecification; s != nil && aws.ToBool(s.StreamEnabled) {
		p["stream_enabled"], p["stream_view_type"] = true, string(s.StreamViewType)
	}
	if s := in.SSESpecification; s != nil {
		o := object{"enabled": aws.ToBool(s.Enabled)}
		o.set("kms_key_arn", aws.ToString(s.KMSMasterKeyId))
		p["server_side_encryption"] = o
	}
	if in.DeletionProtectionEnabled != nil {
		p["deletion_protection_enabled"] = *in.DeletionProtectionEnabled
	}
	if ttl := table.TimeToLiveInput(); ttl != nil {
		s := ttl.TimeToLiveSpecification
		p["ttl"] = object{"attribute_name": tfName(s.AttributeName), "enabled": aws.ToBool(s.Enabled)}
	}
	return object{"resource": object{"aws_dynamodb_table": object{"table": p}}}.text()
}

// tfEscapes keep the name of an attribute, which may have any characters, from being read as a template.
// https://developer.hashicorp.com/terraform/language/syntax/json#expression-mapping
var tfEscapes = strings.NewReplacer("${", "$${", "%{", "%%{")

func tfName(attribute *string) string { return tfEscapes.Replace(aws.ToString(attribute)) }

// tfKeys sets hash_key and range_key, or, where these do not suffice, key_schema.
func tfKeys(o object, schema []types.KeySchemaElement) {
	count := map[types.KeyType]int{}
	var list []object
	for _, k := range schema {
		count[k.KeyType]++
		list = append(list, object{"attribute_name": tfName(k.AttributeName), "key_type": string(k.KeyType)})
	}
	if count[types.KeyTypeHash] > 1 || count[types.KeyTypeRange] > 1 {
		o["key_schema"] = list
		return
	}
	for _, k := range schema {
		name := "hash_key"
		if k.KeyType == types.KeyTypeRange {
			name = "range_key"
		}
		o[name] = tfName(k.AttributeName)
	}
}

func tfProjection(o object, p *types.Projection) {
	if p == nil {
		return
	}
	o["projection_type"] = string(p.ProjectionType)
	if len(p.NonKeyAttributes) > 0 {
		names := make([]string, len(p.NonKeyAttributes))
		for i, name := range p.NonKeyAttributes {
			names[i] = tfEscapes.Replace(name)
		}
		o["non_key_attributes"] = names
	}
}

func tfThroughput(o object, p *types.ProvisionedThroughput) {
	if p != nil {
		o["read_capacity"], o["write_capacity"] = aws.ToInt64(p.ReadCapacityUnits), aws.ToInt64(p.WriteCapacityUnits)
	}
}
