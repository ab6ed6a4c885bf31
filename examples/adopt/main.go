// Adopt serves a table that another program has filled: keys in eleven forms, none of which it has chosen.
//
//	go run ./examples/adopt
//
// It loads the items of items.jsonl into a table in the process as they are, reads them by key, as a collection, through the
// other program's indexes, changes one, changes it back, writes everything again, and compares what is then stored with the
// file, byte for byte.
package main

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
)

//go:embed items.jsonl
var stored []byte

func main() {
	if err := run(context.Background(), memory.New().Client(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, client *dynamodb.Client, out io.Writer) error {
	Items.Use(client)
	if err := Items.CreateTable(ctx); err != nil {
		return err
	}
	if err := load(ctx, client); err != nil {
		return err
	}
	for _, step := range []func(context.Context, io.Writer) error{byKey, collection, indexes, change, audit, again} {
		if err := step(ctx, out); err != nil {
			return err
		}
	}
	return compare(ctx, client, out)
}

// load writes the items as the other program did: with the SDK alone.
func load(ctx context.Context, client *dynamodb.Client) error {
	for lines := bufio.NewScanner(bytes.NewReader(stored)); lines.Scan(); {
		item, err := parse(lines.Bytes())
		if err != nil {
			return err
		}
		if _, err := client.PutItem(ctx, &dynamodb.PutItemInput{TableName: new(Items.Name()), Item: item}); err != nil {
			return err
		}
	}
	return nil
}

func byKey(ctx context.Context, out io.Writer) error {
	issue, err := Issues.Get(ctx, Issue{Org: "Acme Inc", No: 12})
	if err != nil {
		return err
	}
	user, err := Users.Get(ctx, User{Org: "Acme Inc", Email: "ann@acme.org"}) // which are in the key alone
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "get: %q, opened %s, and user %d of %s\n", issue.Title, issue.Opened.Format(time.DateOnly), user.ID, user.Org)
	return nil
}

func collection(ctx context.Context, out io.Writer) error {
	for item, err := range Items.Query(Org{Name: "Acme Inc"}).All(ctx) {
		if err != nil {
			return err
		}
		switch v := item.(type) {
		case *Org:
			fmt.Fprintf(out, "org %s, %s plan\n", v.Name, v.Plan)
		case *Issue:
			fmt.Fprintf(out, "  issue %d: %s\n", v.No, v.Title)
		case *User:
			fmt.Fprintf(out, "  user %s\n", v.Email)
		}
	}
	for page, err := range Pages.Query(Page{}).Prefix(Page{Title: "Home"}).All(ctx) { // with its branches, and not "Home office"
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "page %s %s: %s\n", page.Title, page.Branch, page.Text)
	}
	// The keys of issues are numbers without zeros in front: "ISSUE#12" sorts before "ISSUE#9". A range of them is refused.
	_, err := Issues.Query(Issue{Org: "Acme Inc"}).GreaterEqual(Issue{No: 10}).First(ctx)
	fmt.Fprintln(out, "refused:", err)
	return nil
}

func indexes(ctx context.Context, out io.Writer) error {
	for issue, err := range Issues.QueryIndex("GSI1", Issue{Owner: "ann@acme.org"}).Reverse().All(ctx) {
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "owned by ann: %d\n", issue.No)
	}
	user, err := Users.QueryIndex("inverted", User{Email: "ann@acme.org"}).One(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "inverted: ann is of %s\n", user.Org)
	return nil
}

// change gives an issue to another owner, and back: the index key goes with it.
func change(ctx context.Context, _ io.Writer) error {
	for _, owner := range []string{"bob@acme.org", "ann@acme.org"} {
		if err := Issues.Update(Issue{Org: "Acme Inc", No: 9}).Set("owner", owner).Do(ctx); err != nil {
			return err
		}
		if _, err := Issues.QueryIndex("GSI1", Issue{Owner: owner}).First(ctx); err != nil {
			return err
		}
	}
	settings := Settings{}
	settings.Data.Email = "ann@acme.org"
	for _, theme := range []string{"light", "dark"} {
		if err := SettingsOf.Update(settings).Set("data.theme", theme).Do(ctx); err != nil {
			return err
		}
	}
	return nil
}

// audit computes every key anew and finds nothing.
func audit(ctx context.Context, out io.Writer) error {
	n := 0
	progress := func(p entable.AuditProgress) { n = p.Items }
	for finding, err := range Items.Audit(ctx, entable.AuditOptions{Progress: progress}) {
		if err != nil {
			return err
		}
		fmt.Fprintln(out, "audit:", finding)
	}
	fmt.Fprintf(out, "audited: %d items\n", n)
	return nil
}

// again puts every item as it was read.
func again(ctx context.Context, _ io.Writer) error {
	for item, err := range Items.Scan().All(ctx) {
		if err != nil {
			return err
		}
		if err := put(ctx, item); err != nil {
			return err
		}
	}
	return nil
}

func put(ctx context.Context, item any) error {
	switch v := item.(type) {
	case *Org:
		return Orgs.Put(ctx, v)
	case *Issue:
		return Issues.Put(ctx, v)
	case *User:
		return Users.Put(ctx, v)
	case *Comment:
		return Comments.Put(ctx, v)
	case *Audit:
		return Audits.Put(ctx, v)
	case *Settings:
		return SettingsOf.Put(ctx, v)
	case *Session:
		return Sessions.Put(ctx, v)
	case *Page:
		return Pages.Put(ctx, v)
	case *Config:
		return Configs.Put(ctx, v)
	case *Lock:
		return MigrationLock.Put(ctx, v)
	}
	return fmt.Errorf("no entity for %T", item)
}

// compare tells how many stored items are those of the file.
func compare(ctx context.Context, client *dynamodb.Client, out io.Writer) error {
	page, err := client.Scan(ctx, &dynamodb.ScanInput{TableName: new(Items.Name())})
	if err != nil {
		return err
	}
	var have, want []string
	for _, item := range page.Items {
		have = append(have, format(item))
	}
	for line := range strings.Lines(string(stored)) {
		item, err := parse([]byte(line))
		if err != nil {
			return err
		}
		want = append(want, format(item))
	}
	same := slices.DeleteFunc(slices.Clone(have), func(item string) bool { return !slices.Contains(want, item) })
	fmt.Fprintf(out, "stored: %d of %d items as they were, %d in all\n", len(same), len(want), len(have))
	return nil
}

// parse reads an item in DynamoDB JSON.
func parse(line []byte) (map[string]types.AttributeValue, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(line, &raw); err != nil {
		return nil, err
	}
	item := map[string]types.AttributeValue{}
	for name, value := range raw {
		var v struct {
			S, N *string
			BOOL bool
			M    json.RawMessage
		}
		if err := json.Unmarshal(value, &v); err != nil {
			return nil, err
		}
		switch {
		case v.S != nil:
			item[name] = &types.AttributeValueMemberS{Value: *v.S}
		case v.N != nil:
			item[name] = &types.AttributeValueMemberN{Value: *v.N}
		case v.M != nil:
			m, err := parse(v.M)
			if err != nil {
				return nil, err
			}
			item[name] = &types.AttributeValueMemberM{Value: m}
		default:
			item[name] = &types.AttributeValueMemberBOOL{Value: v.BOOL}
		}
	}
	return item, nil
}

// format writes an item with its attributes in order.
func format(item map[string]types.AttributeValue) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(item)) {
		value := fmt.Sprintf("%#v", item[name])
		if m, ok := item[name].(*types.AttributeValueMemberM); ok {
			value = format(m.Value)
		}
		fmt.Fprintf(&b, "%q: {%s}, ", name, value)
	}
	return b.String()
}
