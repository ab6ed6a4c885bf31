package infra_test

import (
	"bytes"
	"encoding/json"
	"fmt"
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
	os.Stdout.Write(infra.Terraform(exampleTable(), infra.Edit(protect)))
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

// Visit and Visitor share partitions; a program that counts visits has no need of visitors.
type (
	Visitor struct {
		ID   string `dynamodbav:"id"`
		Name string `dynamodbav:"name"`
	}
	Visit struct {
		Visitor string `dynamodbav:"visitor"`
		Page    string `dynamodbav:"page"`
		N       int    `dynamodbav:"n"`
	}
)

func ExamplePolicy() {
	site := entable.NewTable("site", entable.GSI("by-page"))
	visitors := entable.Register[Visitor](site, entable.PK("id", entable.Prefix("VISITOR")))
	visits := entable.Register[Visit](site, entable.PK("visitor", entable.Prefix("VISITS")), entable.SK("page"),
		entable.Index("by-page", entable.PK("page", entable.Prefix("PAGE")), entable.SK("n")))
	policy, err := infra.Policy(site,
		infra.ARN("arn:aws:dynamodb:eu-central-1:123456789012:table/site"),
		infra.Allow(infra.Get, visitors, visits),
		infra.Allow(infra.Update, visits),
		infra.AllowIndex("by-page", infra.Query|infra.Scan, visits))
	if err != nil {
		fmt.Println(err)
		return
	}
	os.Stdout.Write(policy.JSON())
	for _, note := range policy.Notes {
		fmt.Println(note)
	}
	// Output:
	// {
	//   "Version": "2012-10-17",
	//   "Statement": [
	//     {
	//       "Effect": "Allow",
	//       "Action": [
	//         "dynamodb:GetItem"
	//       ],
	//       "Resource": "arn:aws:dynamodb:eu-central-1:123456789012:table/site",
	//       "Condition": {
	//         "ForAllValues:StringLike": {
	//           "dynamodb:LeadingKeys": [
	//             "VISITOR#*",
	//             "VISITS#*"
	//           ]
	//         }
	//       }
	//     },
	//     {
	//       "Effect": "Allow",
	//       "Action": [
	//         "dynamodb:UpdateItem"
	//       ],
	//       "Resource": "arn:aws:dynamodb:eu-central-1:123456789012:table/site",
	//       "Condition": {
	//         "ForAllValues:StringLike": {
	//           "dynamodb:LeadingKeys": [
	//             "VISITS#*"
	//           ]
	//         }
	//       }
	//     },
	//     {
	//       "Effect": "Allow",
	//       "Action": [
	//         "dynamodb:Query"
	//       ],
	//       "Resource": "arn:aws:dynamodb:eu-central-1:123456789012:table/site/index/by-page",
	//       "Condition": {
	//         "ForAllValues:StringLike": {
	//           "dynamodb:LeadingKeys": [
	//             "PAGE#*"
	//           ]
	//         }
	//       }
	//     },
	//     {
	//       "Effect": "Allow",
	//       "Action": [
	//         "dynamodb:Scan"
	//       ],
	//       "Resource": "arn:aws:dynamodb:eu-central-1:123456789012:table/site/index/by-page"
	//     }
	//   ]
	// }
	// a Scan of index "by-page" sees the items of all entities
}

func ExampleWorkbench() {
	model, err := infra.Workbench(exampleTable(), Login{User: "ann", Expires: 1767225600})
	if err != nil {
		fmt.Println(err)
		return
	}
	var read struct {
		DataModel []struct {
			TableFacets []struct {
				FacetName string
				TableData json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(model, &read); err != nil {
		fmt.Println(err)
		return
	}
	facet := read.DataModel[0].TableFacets[0]
	var items bytes.Buffer
	if err := json.Compact(&items, facet.TableData); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(facet.FacetName, &items)
	// Output: Login [{"_type":{"S":"Login"},"expires":{"N":"1767225600"},"pk":{"S":"LU#ann"},"user":{"S":"ann"}}]
}
