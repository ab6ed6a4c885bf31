package memory_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/memory"
)

func createTable(t testing.TB, client *dynamodb.Client, name string) {
	t.Helper()
	_, err := client.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName:   &name,
		BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String("sk"), AttributeType: types.ScalarAttributeTypeS},
		},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash},
			{AttributeName: aws.String("sk"), KeyType: types.KeyTypeRange},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func s(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }

func TestClientReadsWhatItWrote(t *testing.T) {
	db := memory.New()
	defer db.Close()
	client := db.Client()
	createTable(t, client, "things")
	for i := range 5 {
		_, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("things"), Item: map[string]types.AttributeValue{
			"pk": s("a"), "sk": s(fmt.Sprint(i)), "n": &types.AttributeValueMemberN{Value: "1.50"},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("things"), Key: map[string]types.AttributeValue{"pk": s("a"), "sk": s("3")}})
	if err != nil {
		t.Fatal(err)
	}
	if n := got.Item["n"].(*types.AttributeValueMemberN).Value; n != "1.5" {
		t.Errorf("n = %q, want 1.5", n)
	}
	page, err := client.Query(t.Context(), &dynamodb.QueryInput{TableName: aws.String("things"),
		KeyConditionExpression:    aws.String("pk = :p AND sk > :s"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":p": s("a"), ":s": s("2")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if page.Count != 2 {
		t.Errorf("Count = %d, want 2", page.Count)
	}
}
