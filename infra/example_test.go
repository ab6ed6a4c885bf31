package infra_test

import (
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/entable/entable"
	"github.com/entable/entable/infra"
)

// Login is gone when it expires.
type Login struct {
	User    string `dynamodbav:"user"`
	Expires int64  `dynamodbav:"expires" entable:"ttl"`
}

func exampleTable() *entable.Table {
	table := entable.NewTable("logins", entable.NoSortKey())
	entable.Register[Login](table)
	return table
}

func ExampleCloudFormation() {
	os.Stdout.Write(infra.CloudFormation(exampleTable()))
	// Output:
	// {
	//   "AWSTemplateFormatVersion": "2010-09-09",
	//   "Resources": {
	//     "Table": {
	//       "Properties": {
	//         "AttributeDefinitions": [
	//           {
	//             "AttributeName": "pk",
	//             "AttributeType": "S"
	//           }
	//         ],
	//         "BillingMode": "PAY_PER_REQUEST",
	//         "KeySchema": [
	//           {
	//             "AttributeName": "pk",
	//             "KeyType": "HASH"
	//           }
	//         ],
	//         "TableName": "logins",
	//         "TimeToLiveSpecification": {
	//           "AttributeName": "expires",
	//           "Enabled": true
	//         }
	//       },
	//       "Type": "AWS::DynamoDB::Table"
	//     }
	//   }
	// }
}

func ExampleTerraform() {
	protect := func(in *dynamodb.CreateTableInput) { in.DeletionProtectionEnabled = aws.Bool(true) }
	os.Stdout.Write(infra.Terraform(exampleTable(), protect))
	// Output:
	// {
	//   "resource": {
	//     "aws_dynamodb_table": {
	//       "table": {
	//         "attribute": [
	//           {
	//             "name": "pk",
	//             "type": "S"
	//           }
	//         ],
	//         "billing_mode": "PAY_PER_REQUEST",
	//         "deletion_protection_enabled": true,
	//         "hash_key": "pk",
	//         "name": "logins",
	//         "ttl": {
	//           "attribute_name": "expires",
	//           "enabled": true
	//         }
	//       }
	//     }
	//   }
	// }
}
