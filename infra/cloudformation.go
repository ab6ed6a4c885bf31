package infra

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
)

// CloudFormation returns the table as a CloudFormation template in JSON, with one resource called "Table":
// what [entable.Table.CreateTable] would create with the same edits, expiry, and what the options say.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
func CloudFormation(table *entable.Table, options ...Option) []byte {
	s := settingsOf(table, options)
	in := s.in
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
	if s.recovers {
		o := object{"PointInTimeRecoveryEnabled": true}
		if s.recoveryDays != 0 {
			o["RecoveryPeriodInDays"] = s.recoveryDays
		}
		p["PointInTimeRecoverySpecification"] = o
	}
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
	if ttl := table.TimeToLiveInput(); ttl != nil {
		s := ttl.TimeToLiveSpecification
		p["TimeToLiveSpecification"] = object{"AttributeName": aws.ToString(s.AttributeName), "Enabled": aws.ToBool(s.Enabled)}
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
