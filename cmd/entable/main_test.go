package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/entable/entable/memory"
)

const items = `{"PK":{"S":"USER#ann"},"SK":{"S":"PROFILE"},"type":{"S":"User"},"user":{"S":"ann"},"mail":{"S":"ann@x.org"}}
{"PK":{"S":"USER#bob"},"SK":{"S":"PROFILE"},"type":{"S":"User"},"user":{"S":"bob"}}
{"PK":{"S":"USER#ann"},"SK":{"S":"ORDER#12"},"type":{"S":"Order"},"user":{"S":"ann"},"no":{"N":"12"}}
{"PK":{"S":"USER#bob"},"SK":{"S":"ORDER#7"},"type":{"S":"Order"},"user":{"S":"bob"},"no":{"N":"7"}}
`

const proposal = `// Package model holds what ` + "`entable propose`" + ` makes of 4 items of the table "shop": a proposal, to be read and changed.
//
// 4 of them come back as they were stored. Their attribute "type" is taken for the type.
package model

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
)

// Table is the table "shop".
var Table = entable.NewTable("shop",
	entable.PartitionKey("PK", types.ScalarAttributeTypeS),
	entable.SortKey("SK", types.ScalarAttributeTypeS),
	entable.Discriminator("type"),
)

// User is the type of 2 of the sampled items.
type User struct {
	User string         ` + "`dynamodbav:\"user\"`" + `
	Mail string         ` + "`dynamodbav:\"mail,omitempty\"`" + `
	Rest map[string]any ` + "`entable:\"rest\"`" + ` // attributes that no sampled item has
}

// Users have the keys
//
//	PK=USER#{user} SK=PROFILE
var Users = entable.Register[User](Table,
	entable.PK(entable.Template("USER#{user}")),
	entable.SK(entable.Template("PROFILE")),
)

// Order is the type of 2 of the sampled items.
type Order struct {
	User string         ` + "`dynamodbav:\"user\"`" + `
	No   int64          ` + "`dynamodbav:\"no\"`" + `
	Rest map[string]any ` + "`entable:\"rest\"`" + ` // attributes that no sampled item has
}

// Orders have the keys
//
//	PK=USER#{user} SK=ORDER#{no}
var Orders = entable.Register[Order](Table,
	entable.PK(entable.Template("USER#{user}")),
	entable.SK(entable.Template("ORDER#{no}")),
)
`

const done = "entable: 2 kinds; 4 of 4 sampled items come back as they were\n"

// execute runs the command and returns its exit code and what it writes.
func execute(t *testing.T, in string, args ...string) (code int, out, messages string) {
	t.Helper()
	var o, m bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(in), &o, &m)
	return code, o.String(), m.String()
}

func TestProposesFromFiles(t *testing.T) {
	dir := t.TempDir()
	plain, zipped, exported := filepath.Join(dir, "items.jsonl"), filepath.Join(dir, "items.json.gz"), filepath.Join(dir, "export.json")
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	_, err := w.Write([]byte(items))
	check(t, err)
	check(t, w.Close())
	check(t, os.WriteFile(zipped, z.Bytes(), 0o600))
	check(t, os.WriteFile(plain, []byte(items), 0o600))
	var lines strings.Builder
	for line := range strings.Lines(items) {
		lines.WriteString(`{"Item":` + strings.TrimSpace(line) + "}\n")
	}
	check(t, os.WriteFile(exported, []byte(lines.String()), 0o600))
	scanned := `{"Items":[` + strings.ReplaceAll(strings.TrimSpace(items), "\n", ",\n") + `],"Count":4}`
	for _, in := range []string{plain, zipped, exported, "-"} {
		for _, keys := range [][]string{nil, {"-pk", "PK", "-sk", "SK"}} {
			code, out, messages := execute(t, scanned, append([]string{"propose", "-in", in, "-table", "shop"}, keys...)...)
			if code != 0 || messages != done {
				t.Errorf("%s: code %d, %s", in, code, messages)
			}
			if diff := cmp.Diff(proposal, out); diff != "" {
				t.Errorf("%s (-want +got):\n%s", in, diff)
			}
		}
	}
	file := filepath.Join(dir, "model.go")
	if code, out, messages := execute(t, "", "propose", "-in", plain, "-table", "shop", "-o", file); code != 0 || out != "" {
		t.Errorf("code %d, %s%s", code, out, messages)
	}
	for range 2 {
		if text, err := os.ReadFile(file); err != nil || string(text) != proposal {
			t.Errorf("%s, %v", text, err)
		}
		want := "entable: " + file + " is there, and may have been changed by hand: give another name, or remove it\n"
		if code, _, messages := execute(t, "", "propose", "-in", plain, "-table", "store", "-o", file); code != 1 || messages != want {
			t.Errorf("code %d, %s", code, messages)
		}
	}
}

func TestProposesFromATable(t *testing.T) {
	db := memory.New(memory.WithSharedTables())
	t.Cleanup(db.Close)
	server := httptest.NewServer(db)
	t.Cleanup(server.Close)
	name := func(n string, kind types.KeyType) types.KeySchemaElement {
		return types.KeySchemaElement{AttributeName: aws.String(n), KeyType: kind}
	}
	_, err := db.Client().CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String("shop"), BillingMode: types.BillingModePayPerRequest,
		KeySchema: []types.KeySchemaElement{name("PK", types.KeyTypeHash), name("SK", types.KeyTypeRange)},
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("PK"), AttributeType: types.ScalarAttributeTypeS}, {AttributeName: aws.String("SK"), AttributeType: types.ScalarAttributeTypeS},
		},
	})
	check(t, err)
	check(t, db.SeedJSON("shop", strings.NewReader(items)))
	code, out, messages := execute(t, "", "propose", "-table", "shop", "-endpoint", server.URL)
	if code != 0 || messages != done || !strings.Contains(out, "SK=ORDER#{no}") {
		t.Errorf("code %d, %s\n%s", code, messages, out)
	}
	if _, out, _ := execute(t, "", "propose", "-table", "shop", "-endpoint", server.URL, "-sample", "1", "-package", "shop"); !strings.Contains(out, "makes of 1 items") || !strings.Contains(out, "package shop\n") {
		t.Errorf("one item: %s", out)
	}
	if code, _, messages := execute(t, "", "propose", "-table", "none", "-endpoint", server.URL); code != 1 || !strings.Contains(messages, `cannot describe table "none"`) {
		t.Errorf("code %d, %s", code, messages)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var o, m bytes.Buffer
	if code := run(ctx, []string{"propose", "-table", "shop", "-endpoint", server.URL}, nil, &o, &m); code != 1 || !strings.Contains(m.String(), "context canceled") {
		t.Errorf("cancelled: code %d, %s", code, &m)
	}
}

// What cannot be placed is listed, and the code says so.
func TestListsWhatIsNotPlaced(t *testing.T) {
	const odd = items + `{"PK":{"S":"_manifest#%"},"SK":{"S":"A"},"type":{"S":"X"}}`
	code, out, messages := execute(t, odd, "propose", "-in", "-", "-table", "shop")
	want := `not placed: 1 items, such as PK="_manifest#%" SK="A": X: X: PK: "_manifest#%" is reserved for the library's own items`
	if code != 1 || !strings.Contains(messages, want) || !strings.Contains(messages, "4 of 5") || !strings.Contains(out, "// Not placed: 1 items") {
		t.Errorf("code %d, %s\n%s", code, messages, out)
	}
}

// Items that entable itself keeps are passed over, and that is said.
func TestPassesOverOwnItems(t *testing.T) {
	const own = items + `{"PK":{"S":"_manifest#%"},"SK":{"S":"A"},"_type":{"S":"_manifest"}}` +
		`{"PK":{"S":"_unique#User#email#a"},"SK":{"S":"A"},"_type":{"S":"_unique"}}`
	code, out, messages := execute(t, own, "propose", "-in", "-", "-table", "shop")
	if code != 0 || !strings.Contains(messages, "4 of 4") || !strings.Contains(messages, "passed over: 2 items that entable itself keeps") {
		t.Errorf("code %d, %s\n%s", code, messages, out)
	}
	if code, _, messages := execute(t, own[len(items):], "propose", "-in", "-", "-table", "shop", "-pk", "PK"); code != 1 || !strings.Contains(messages, "nothing to propose") {
		t.Errorf("code %d, %s", code, messages)
	}
}

func TestWrongArguments(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_REGION", "")
	for _, test := range []struct {
		args string
		in   string
		code int
		want string
	}{
		{"", "", 2, "usage: entable propose"},
		{"help", "", 2, "usage: entable propose"},
		{"purpose", "", 2, `entable: unknown command "purpose"`},
		{"propose", "", 2, "entable: give -table or -in"},
		{"propose -table t x", "", 2, `entable: unexpected argument "x"`},
		{"propose -table t -pk id", "", 2, "entable: -pk, -sk and -index go with -in"},
		{"propose -in - -sample 0", "", 2, "entable: invalid -sample 0"},
		{"propose -in - -index gsi1", "", 2, "give name=pk or name=pk,sk"},
		{"propose -table t -what", "", 2, "flag provided but not defined: -what"},
		{"propose -table t", "", 1, "entable: no credentials"},
		{"propose -in nowhere.jsonl", "", 1, "entable: open nowhere.jsonl"},
		{"propose -in -", "", 1, "entable: there are no items to propose anything from"},
		{"propose -in -", "{", 1, "entable: -: item 1: cannot read JSON"},
		{"propose -in -", `{"a":1}`, 1, "entable: -: item 1: cannot read an item in DynamoDB's JSON"},
		{"propose -in -", `{"a":{"S":"x"}}`, 1, "entable: cannot tell which attribute is the partition key: give -pk"},
		{"propose -in - -pk b", `{"a":{"S":"x"}}`, 1, `entable: item 1 lacks the key attribute "b"`},
		{"propose -in - -package 1", "", 2, `entable: invalid -package "1"`},
		{"propose -in - -package _", "", 2, `entable: invalid -package "_"`},
		{"propose -in - -region eu-west-1", "", 2, "entable: -endpoint and -region are those of a table that is read"},
		{"propose -in - -endpoint http://127.0.0.1", "", 2, "entable: -endpoint and -region are those of a table that is read"},
		{"propose -in -", "{}\n", 1, "entable: -: item 1: it has no attributes\n"},
		{"propose -in -", "\xff\xfe{\x00", 1, "entable: -: it is UTF-16, as a redirection of PowerShell writes it: save it as UTF-8"},
		{"propose -in - -pk b", "\xef\xbb\xbf" + `{"a":{"S":"x"}}`, 1, `entable: item 1 lacks the key attribute "b"`},
	} {
		code, out, messages := execute(t, test.in, strings.Fields(test.args)...)
		if code != test.code || !strings.Contains(messages, test.want) || out != "" {
			t.Errorf("entable %s: code %d, %q, %q, want %d and %q", test.args, code, out, messages, test.code, test.want)
		}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
