package docs_test

import (
	"bytes"
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/entable/entable"
	"github.com/entable/entable/seal"
)

type Patient struct {
	ID    string   `dynamodbav:"id" entable:"auto=uuid4"`
	Name  string   `dynamodbav:"name"`
	Email string   `dynamodbav:"email,omitempty" entable:"encrypt,hash=emails,unique"`
	Notes []string `dynamodbav:"notes" entable:"encrypt,zstd"`
	Token string   `dynamodbav:"token" entable:"hidden"`
}

func clinic(secret, hashSecret []byte) (*entable.Table, *entable.Entity[Patient]) {
	keys, err := seal.Keys(seal.Key{ID: "2026-11", Secret: secret}) // and old ones, to read with
	check(err)
	table := entable.NewTable("clinic",
		entable.GSI("gsi1"),
		entable.Encryption(seal.New(keys, seal.Options{})),
		entable.HashKey("emails", hashSecret))
	return table, entable.Register[Patient](table, entable.PK("id"), entable.Index("gsi1", entable.PK("email")))
}

func Example_secrets() {
	table, patients := clinic(bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32))
	ctx := start(table)
	check(patients.Put(ctx, &Patient{Name: "Ann", Email: "ann@example.com", Notes: []string{"fine"}}))
	ann, err := patients.QueryIndex("gsi1", Patient{Email: "ann@example.com"}).One(ctx)
	check(err)
	fmt.Println(ann.Name, ann.Notes)
	shown, err := patients.ToMap(ann)
	check(err)
	_, email := shown["email"]
	_, token := shown["token"]
	fmt.Println(shown["name"], email, token)
	fmt.Println(stored(ctx, table, "ann@example.com"))
	// Output:
	// Ann [fine]
	// Ann false false
	// false
}

// stored reports whether a text stands in the table.
func stored(ctx context.Context, table *entable.Table, text string) bool {
	out, err := client(ctx).Scan(ctx, &dynamodb.ScanInput{TableName: aws.String(table.Name())})
	check(err)
	for _, item := range out.Items {
		for _, v := range item {
			if bytes.Contains(fmt.Appendf(nil, "%s", v), []byte(text)) {
				return true
			}
		}
	}
	return false
}
