package moved_test

import (
	"context"
	"fmt"
	"iter"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
	"github.com/entable/entable/internal/trial"
)

// Crate has an index that holds keys alone.
type Crate struct {
	Dock string `dynamodbav:"dock"`
	No   int    `dynamodbav:"no"`
}

// An unknown item that is passed over is counted once, whatever is read anew: for what lies at both places, in pages of any size, and
// among items of an index that are read whole.
func TestUnknownItemsAreCountedOnce(t *testing.T) {
	t.Parallel()
	c := enginetest.OnMemory(t).SDK
	kinds := []string{"none", "own", "other", "unknown"}
	for all := range 4 * 4 * 4 {
		table := entable.NewTable(fmt.Sprint("crates", all), entable.GSI("keys", entable.KeysOnly()))
		table.Use(c)
		crates := entable.Register[Crate](table, entable.PK("dock", entable.Prefix("DOCK")), entable.SK("no"),
			entable.Index("keys", entable.PK("dock"), entable.SK("no")), entable.Moved(entable.PK("dock", entable.Prefix("PIER")), entable.SK("no")))
		check(t, table.CreateTable(t.Context()))
		name, known, unknown := "", 0, 0
		for no := range 3 {
			kind := kinds[all>>(2*no)&3]
			name += " " + kind
			item, err := crates.ToItem(&Crate{"a", no})
			check(t, err)
			switch known++; kind {
			case "none":
				known--
				continue
			case "other":
				item["pk"] = &types.AttributeValueMemberS{Value: "PIER#a"}
			case "unknown":
				item["_type"] = &types.AttributeValueMemberS{Value: "Barrel"}
				known, unknown = known-1, unknown+1
			}
			_, err = c.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(table.Name()), Item: item})
			check(t, err)
		}
		for limit := range 4 {
			for size := range 4 {
				if (all+limit+size)%2 > 0 && !trial.Soak() {
					continue
				}
				var skipped int
				for what, q := range map[string]*entable.Query[Crate]{
					"query": crates.Query(Crate{Dock: "a"}), "reverse": crates.Query(Crate{Dock: "a"}).Reverse(),
					"index": crates.QueryIndex("keys", Crate{Dock: "a"}).Hydrate(),
				} {
					checkCount(t, fmt.Sprintf("%s of%s by %d and %d", what, name, limit, size), q.SkipUnknown(&skipped), &skipped, limit, size, known, unknown)
				}
				checkCount(t, fmt.Sprintf("mixed query of%s by %d and %d", name, limit, size),
					table.Query(Crate{Dock: "a"}).SkipUnknown(&skipped), &skipped, limit, size, known, unknown)
				checkCount(t, fmt.Sprintf("scan of%s by %d and %d", name, limit, size), table.Scan().SkipUnknown(&skipped), &skipped, limit, size, known, unknown)
			}
		}
	}
}

// checkCount reads all pages of a query, and then all of it at once.
func checkCount[Q paged[Q, I], I any](t *testing.T, what string, q Q, skipped *int, limit, size, known, unknown int) {
	t.Helper()
	if size > 0 {
		q = q.PageSize(size)
	}
	given, cursor := 0, ""
	for *skipped = 0; ; {
		if limit > 0 {
			q = q.Limit(limit)
		}
		page, err := q.From(cursor).Page(t.Context())
		check(t, err)
		given += len(page.Items)
		if cursor = page.Cursor; cursor == "" {
			break
		}
	}
	if given != known || *skipped != unknown {
		t.Errorf("%s: %d items and %d unknown, want %d and %d", what, given, *skipped, known, unknown)
	}
	if limit > 0 {
		return
	}
	given, *skipped = 0, 0
	for _, err := range q.From("").All(t.Context()) {
		check(t, err)
		given++
	}
	if given != known || *skipped != unknown {
		t.Errorf("%s: %d items and %d unknown at once, want %d and %d", what, given, *skipped, known, unknown)
	}
}

type paged[Q, I any] interface {
	Limit(int) Q
	PageSize(int) Q
	From(string) Q
	Page(context.Context) (*entable.Page[I], error)
	All(context.Context) iter.Seq2[I, error]
}
