package infra_test

import (
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/infra"
)

// settings returns an object of a template, in one line.
func settings(template, name string) string {
	_, after, _ := strings.Cut(template, `"`+name+`": {`)
	inside, _, _ := strings.Cut(after, "}")
	return strings.Join(strings.Fields(inside), " ")
}

func ExamplePointInTimeRecovery() {
	template := string(infra.Terraform(exampleTable(), infra.PointInTimeRecovery(14)))
	fmt.Println(settings(template, "point_in_time_recovery"))
	// Output: "enabled": true, "recovery_period_in_days": 14
}

func ExampleStreamView() {
	template := string(infra.CloudFormation(exampleTable(), infra.StreamView(types.StreamViewTypeNewAndOldImages)))
	fmt.Println(settings(template, "StreamSpecification"))
	// Output: "StreamViewType": "NEW_AND_OLD_IMAGES"
}

// A program that makes sure of its table when it starts, and audits it.
func ExampleAllowTable() {
	policy, err := infra.Policy(exampleTable(), infra.AllowTable(infra.Ensure|infra.Audit))
	if err != nil {
		fmt.Println(err)
		return
	}
	os.Stdout.Write(policy.JSON())
	// Output:
	// {
	//   "Version": "2012-10-17",
	//   "Statement": [
	//     {
	//       "Effect": "Allow",
	//       "Action": [
	//         "dynamodb:BatchGetItem",
	//         "dynamodb:CreateTable",
	//         "dynamodb:DescribeTable",
	//         "dynamodb:DescribeTimeToLive",
	//         "dynamodb:GetItem",
	//         "dynamodb:Scan",
	//         "dynamodb:UpdateTimeToLive"
	//       ],
	//       "Resource": "arn:aws:dynamodb:*:*:table/logins"
	//     }
	//   ]
	// }
}
