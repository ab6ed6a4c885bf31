package entable_test

import (
	"context"
	"fmt"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
)

// Song is one of an album's.
type Song struct {
	Album string `dynamodbav:"album"`
	Track int    `dynamodbav:"track"`
	Title string `dynamodbav:"title"`
}

func exampleSongs(ctx context.Context, opts ...entable.TableOption) (*entable.Entity[Song], func()) {
	db := memory.New()
	table := entable.NewTable("music", opts...)
	songs := entable.Register[Song](table, entable.PK("album"), entable.SK(entable.Attr("track").Width(2)))
	table.Use(db.Client())
	if err := table.Create(ctx); err != nil {
		panic(err)
	}
	for i, title := range []string{"So What", "Freddie Freeloader", "Blue in Green", "All Blues", "Flamenco Sketches"} {
		if err := songs.Put(ctx, &Song{"Kind of Blue", i + 1, title}); err != nil {
			panic(err)
		}
	}
	return songs, db.Close
}

// A cursor that a browser may keep: it is encrypted, and bound to the query.
func ExampleCursorKey() {
	ctx := context.Background()
	songs, stop := exampleSongs(ctx, entable.CursorKey([]byte("a key of 32 bytes from a secret.")))
	defer stop()

	for cursor, more := "", true; more; more = cursor != "" {
		page, err := songs.Query(Song{Album: "Kind of Blue"}).Limit(2).From(cursor).Page(ctx)
		if err != nil {
			panic(err)
		}
		fmt.Println(len(page.Items), "songs, the first is", page.Items[0].Title)
		cursor = page.Cursor
	}
	// Output:
	// 2 songs, the first is So What
	// 2 songs, the first is Blue in Green
	// 1 songs, the first is Flamenco Sketches
}

func ExampleEntity_BatchGet() {
	ctx := context.Background()
	songs, stop := exampleSongs(ctx)
	defer stop()

	found, err := songs.BatchGet(ctx, []Song{{Album: "Kind of Blue", Track: 3}, {Album: "Kind of Blue", Track: 6}})
	if err != nil {
		panic(err)
	}
	fmt.Println(found[0].Title, found[1])
	// Output: Blue in Green <nil>
}

func ExampleWithStats() {
	ctx := context.Background()
	songs, stop := exampleSongs(ctx)
	defer stop()

	var stats entable.Stats
	n, err := songs.Query(Song{Album: "Kind of Blue"}).Greater(Song{Track: 2}).Count(entable.WithStats(ctx, &stats))
	if err != nil {
		panic(err)
	}
	total := stats.Total()
	fmt.Printf("%d songs, %d request, %.1f read units\n", n, total.Requests, total.ReadUnits)
	// Output: 3 songs, 1 request, 0.5 read units
}
