package memory_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/entable/entable/memory"
)

var ignoreUnexported = cmpopts.IgnoreUnexported(
	types.AttributeValueMemberS{}, types.AttributeValueMemberN{}, types.AttributeValueMemberB{}, types.AttributeValueMemberBOOL{}, types.AttributeValueMemberNULL{},
	types.AttributeValueMemberSS{}, types.AttributeValueMemberNS{}, types.AttributeValueMemberBS{}, types.AttributeValueMemberL{}, types.AttributeValueMemberM{},
)

// everything has an attribute of each type.
func everything() map[string]types.AttributeValue {
	it := item("a", "1")
	it["n"] = &types.AttributeValueMemberN{Value: "-12.5"}
	it["b"] = &types.AttributeValueMemberB{Value: []byte{0, 255}}
	it["bool"] = &types.AttributeValueMemberBOOL{Value: true}
	it["null"] = &types.AttributeValueMemberNULL{Value: true}
	it["ss"] = &types.AttributeValueMemberSS{Value: []string{"x", "y"}}
	it["ns"] = &types.AttributeValueMemberNS{Value: []string{"-1", "2"}}
	it["bs"] = &types.AttributeValueMemberBS{Value: [][]byte{{1}, {2}}}
	it["l"] = &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberS{Value: ""}, &types.AttributeValueMemberL{Value: []types.AttributeValue{}}}}
	it["m"] = &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"x": &types.AttributeValueMemberN{Value: "0"}, "y": &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{}}}}
	return it
}

func TestSeededItemsAreThoseOfAClient(t *testing.T) {
	db, client := newDB(t)
	if err := db.Seed("orders", everything()); err != nil {
		t.Fatal(err)
	}
	out, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("orders"), Key: item("a", "1")})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(everything(), out.Item, ignoreUnexported); diff != "" {
		t.Error(diff)
	}
	items, err := db.Items("orders")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]map[string]types.AttributeValue{everything()}, items, ignoreUnexported); diff != "" {
		t.Error(diff)
	}
}

func TestSeedingIsAllOrNothing(t *testing.T) {
	db, _ := newDB(t)
	for name, bad := range map[string]map[string]types.AttributeValue{
		"no key":     {"pk": s("a")},
		"empty key":  item("a", ""),
		"bad number": {"pk": s("a"), "sk": s("b"), "n": &types.AttributeValueMemberN{Value: "x"}},
		"bad set":    {"pk": s("a"), "sk": s("b"), "n": &types.AttributeValueMemberSS{}},
		"too big":    {"pk": s("a"), "sk": s("b"), "x": s(strings.Repeat("x", 400<<10))},
		"nil":        {"pk": s("a"), "sk": s("b"), "n": nil},
	} {
		if err := db.Seed("orders", item("a", "good"), bad); err == nil {
			t.Errorf("%s: seeded", name)
		}
	}
	if items, _ := db.Items("orders"); len(items) != 0 {
		t.Errorf("%d items", len(items))
	}
	if err := db.Seed("nothing", item("a", "b")); err == nil {
		t.Error("seeded a table that is not there")
	}
	if err := db.SeedJSON("orders", strings.NewReader("{\"pk\":{\"S\":\"a\"},\"sk\":{\"S\":\"b\"}}\n{\n")); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("bad JSON: %v", err)
	}
}

func TestADumpSeedsAnEqualTable(t *testing.T) {
	db, _ := newDB(t)
	if err := db.Seed("orders", everything(), item("b", "2"), item("a", "0")); err != nil {
		t.Fatal(err)
	}
	var first, second bytes.Buffer
	if err := db.Dump("orders", &first); err != nil {
		t.Fatal(err)
	}
	other, _ := newDB(t)
	if err := other.SeedJSON("orders", bytes.NewReader(first.Bytes())); err != nil {
		t.Fatal(err)
	}
	if err := other.Dump("orders", &second); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first.String(), second.String()); diff != "" {
		t.Error(diff)
	}
	if lines := strings.Split(first.String(), "\n"); len(lines) != 4 || !strings.Contains(lines[0], `"sk":{"S":"0"}`) {
		t.Errorf("not in order: %s", first.String())
	}
}

func TestSnapshotsAreMomentsThatStay(t *testing.T) {
	db, client := newDB(t)
	var snapshots []*memory.Snapshot
	for i := range 50 {
		snapshots = append(snapshots, db.Snapshot())
		if err := put(t.Context(), client, fmt.Sprintf("%02d", i)); err != nil {
			t.Fatal(err)
		}
	}
	newTable(t.Context(), client, "later")
	for i, snapshot := range snapshots {
		db.Restore(snapshot)
		items, err := db.Items("orders")
		if err != nil || len(items) != i {
			t.Errorf("snapshot %d has %d items: %v", i, len(items), err)
		}
		if _, err := db.Items("later"); err == nil {
			t.Errorf("snapshot %d has a table of the future", i)
		}
		if err := put(t.Context(), client, "changed"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDatabasesKnowNothingOfEachOther(t *testing.T) {
	one, _ := newDB(t)
	other, _ := newDB(t)
	if err := one.Seed("orders", item("a", "1")); err != nil {
		t.Fatal(err)
	}
	if items, _ := other.Items("orders"); len(items) != 0 {
		t.Errorf("%d items in the other database", len(items))
	}
}

func TestTableDelayHoldsTablesBack(t *testing.T) {
	now := time.Unix(1_000_000_000, 0)
	db := memory.New(memory.WithClock(func() time.Time { return now }), memory.WithTableDelay(time.Minute))
	defer db.Close()
	client := db.Client(once)
	newTable(t.Context(), client, "orders")
	if got := code(put(t.Context(), client, "1")); got != "ResourceNotFoundException" {
		t.Errorf("at once: %s", got)
	}
	now = now.Add(time.Minute)
	if err := put(t.Context(), client, "1"); err != nil {
		t.Errorf("after the delay: %v", err)
	}
}
