package entable

import (
	"bytes"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// object is a JSON object whose names encoding/json sorts, so that equal tables have equal texts.
type object map[string]any

// set adds a member that is not empty.
func (o object) set(name string, v any) {
	switch v := v.(type) {
	case string:
		if v == "" {
			return
		}
	case []object:
		if len(v) == 0 {
			return
		}
	case object:
		if len(v) == 0 {
			return
		}
	case nil:
		return
	}
	o[name] = v
}

func (o object) text() []byte {
	var b bytes.Buffer
	w := json.NewEncoder(&b)
	w.SetEscapeHTML(false)
	w.SetIndent("", "  ")
	if err := w.Encode(o); err != nil {
		panic("BUG: " + err.Error())
	}
	return b.Bytes()
}

// CloudFormation returns the table as a CloudFormation template in JSON, with one resource called "Table":
// what [Table.Create] would create with the same edits, and expiry. Of the edits it takes name, keys,
// indexes, billing mode, throughput, table class, streams, encryption and deletion protection.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
func (t *Table) CloudFormation(edits ...func(*dynamodb.CreateTableInput)) []byte {
	in := t.editedInput(edits)
	p := object{"TableName": aws.ToString(in.TableName), "KeySchema": cfnSchema(in.KeySchema)}
	p.set("BillingMode", string(in.BillingMode))
	p.set("TableClass", string(in.TableClass))
	var attrs []object
	for _, a := range in.AttributeDefinitions {
		attrs = append(attrs, object{"AttributeName": aws.ToString(a.AttributeName), "AttributeType": string(a.AttributeType)})
	}
	p.set("AttributeDefinitions", attrs)
	var global, local []object
	for _, g := range in.GlobalSecondaryIndexes {
		o := object{"IndexName": aws.ToString(g.IndexName), "KeySchema": cfnSchema(g.KeySchema)}
		o.set("Projection", cfnProjection(g.Projection))
		o.set("ProvisionedThroughput", cfnThroughput(g.ProvisionedThroughput))
		global = append(global, o)
	}
	for _, l := range in.LocalSecondaryIndexes {
		o := object{"IndexName": aws.ToString(l.IndexName), "KeySchema": cfnSchema(l.KeySchema)}
		o.set("Projection", cfnProjection(l.Projection))
		local = append(local, o)
	}
	p.set("GlobalSecondaryIndexes", global)
	p.set("LocalSecondaryIndexes", local)
	p.set("ProvisionedThroughput", cfnThroughput(in.ProvisionedThroughput))
	if s := in.StreamSpecification; s != nil && aws.ToBool(s.StreamEnabled) {
		p["StreamSpecification"] = object{"StreamViewType": string(s.StreamViewType)}
	}
	if s := in.SSESpecification; s != nil {
		o := object{"SSEEnabled": aws.ToBool(s.Enabled)}
		o.set("SSEType", string(s.SSEType))
		o.set("KMSMasterKeyId", aws.ToString(s.KMSMasterKeyId))
		p["SSESpecification"] = o
	}
	if in.DeletionProtectionEnabled != nil {
		p["DeletionProtectionEnabled"] = *in.DeletionProtectionEnabled
	}
	if ttl := t.ttlAttribute(); ttl != "" {
		p["TimeToLiveSpecification"] = object{"AttributeName": ttl, "Enabled": true}
	}
	return object{
		"AWSTemplateFormatVersion": "2010-09-09",
		"Resources":                object{"Table": object{"Type": "AWS::DynamoDB::Table", "Properties": p}},
	}.text()
}

func cfnSchema(schema []types.KeySchemaElement) (out []object) {
	for _, k := range schema {
		out = append(out, object{"AttributeName": aws.ToString(k.AttributeName), "KeyType": string(k.KeyType)})
	}
	return out
}

func cfnProjection(p *types.Projection) object {
	if p == nil {
		return nil
	}
	o := object{"ProjectionType": string(p.ProjectionType)}
	if len(p.NonKeyAttributes) > 0 {
		o["NonKeyAttributes"] = p.NonKeyAttributes
	}
	return o
}

func cfnThroughput(p *types.ProvisionedThroughput) object {
	if p == nil {
		return nil
	}
	return object{"ReadCapacityUnits": aws.ToInt64(p.ReadCapacityUnits), "WriteCapacityUnits": aws.ToInt64(p.WriteCapacityUnits)}
}

// Terraform returns the table as a Terraform configuration in JSON, for a file that ends in .tf.json, with
// one resource, aws_dynamodb_table.table: what [Table.Create] would create with the same edits, and
// expiry. It takes the edits that [Table.CloudFormation] takes. An index whose keys are several attributes
// needs version 6.29 of the AWS provider.
// https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/dynamodb_table
func (t *Table) Terraform(edits ...func(*dynamodb.CreateTableInput)) []byte {
	in := t.editedInput(edits)
	p := object{"name": aws.ToString(in.TableName)}
	p.set("billing_mode", string(in.BillingMode))
	p.set("table_class", string(in.TableClass))
	tfKeys(p, in.KeySchema)
	var attrs []object
	for _, a := range in.AttributeDefinitions {
		attrs = append(attrs, object{"name": aws.ToString(a.AttributeName), "type": string(a.AttributeType)})
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
	if ttl := t.ttlAttribute(); ttl != "" {
		p["ttl"] = object{"attribute_name": ttl, "enabled": true}
	}
	return object{"resource": object{"aws_dynamodb_table": object{"table": p}}}.text()
}

// tfKeys sets hash_key and range_key, or, where these do not suffice, key_schema.
func tfKeys(o object, schema []types.KeySchemaElement) {
	count := map[types.KeyType]int{}
	var list []object
	for _, k := range schema {
		count[k.KeyType]++
		list = append(list, object{"attribute_name": aws.ToString(k.AttributeName), "key_type": string(k.KeyType)})
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
		o[name] = aws.ToString(k.AttributeName)
	}
}

func tfProjection(o object, p *types.Projection) {
	if p == nil {
		return
	}
	o["projection_type"] = string(p.ProjectionType)
	if len(p.NonKeyAttributes) > 0 {
		o["non_key_attributes"] = p.NonKeyAttributes
	}
}

func tfThroughput(o object, p *types.ProvisionedThroughput) {
	if p != nil {
		o["read_capacity"], o["write_capacity"] = aws.ToInt64(p.ReadCapacityUnits), aws.ToInt64(p.WriteCapacityUnits)
	}
}
