package entable_test

import (
	"context"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

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
	if err := table.CreateTable(ctx); err != nil {
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

// Items of any entities, all as they were at one moment.
func ExampleTable_TransactGet() {
	ctx := context.Background()
	songs, stop := exampleSongs(ctx)
	defer stop()

	found, err := songs.Table().TransactGet(ctx, []any{Song{Album: "Kind of Blue", Track: 2}, Song{Album: "Kind of Blue", Track: 9}})
	if err != nil {
		panic(err)
	}
	fmt.Println(found[0].(*Song).Title, found[1])
	// Output: Freddie Freeloader <nil>
}

// A scan that can be interrupted and goes on where it was.
func ExampleEntity_Scan() {
	ctx := context.Background()
	songs, stop := exampleSongs(ctx)
	defer stop()

	var saved string // where a program would keep it
	scan := songs.Scan().Segments(4).Progress(func(p entable.ScanProgress) { saved = p.Cursor })
	n := 0
	for _, err := range scan.All(ctx) {
		if err != nil {
			panic(err)
		}
		n++
	}
	fmt.Printf("%d songs, the cursor is %q\n", n, saved)
	// Output: 5 songs, the cursor is ""
}

func ExampleQuery_Count() {
	ctx := context.Background()
	songs, stop := exampleSongs(ctx)
	defer stop()

	title := entable.Field(songs, func(s *Song) *string { return &s.Title })
	n, err := songs.Query(Song{Album: "Kind of Blue"}).Filter(title.Contains("Blue")).Count(ctx)
	if err != nil {
		panic(err)
	}
	fmt.Println(n)
	// Output: 2
}

// Only some attributes are read, and the key; all other fields stay zero.
func ExampleQuery_Select() {
	ctx := context.Background()
	songs, stop := exampleSongs(ctx)
	defer stop()

	song, err := songs.Query(Song{Album: "Kind of Blue"}).Reverse().Select("title").First(ctx)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%+v\n", *song)
	// Output: {Album:Kind of Blue Track:5 Title:Flamenco Sketches}
}

// Plays of a song that the whole world hears at once lie in eight partitions and are read as one.
func ExampleShards() {
	type Play struct {
		Song string `dynamodbav:"song"`
		At   int    `dynamodbav:"at"`
		User string `dynamodbav:"user"`
	}
	ctx := context.Background()
	db := memory.New()
	defer db.Close()
	table := entable.NewTable("plays")
	plays := entable.Register[Play](table, entable.PK("song", entable.Shards(8, "user")), entable.SK("at", "user"))
	table.Use(db.Client())
	if err := table.CreateTable(ctx); err != nil {
		panic(err)
	}
	for at, user := range []string{"ann", "bob", "cy", "dee"} {
		if err := plays.Put(ctx, &Play{"So What", at, user}); err != nil {
			panic(err)
		}
	}
	for p, err := range plays.Query(Play{Song: "So What"}).Limit(3).All(ctx) {
		if err != nil {
			panic(err)
		}
		fmt.Println(p.At, p.User)
	}
	// Output:
	// 0 ann
	// 1 bob
	// 2 cy
}

// Songs had a text for their length, and now have seconds.
func ExampleUpgrades() {
	type Track struct {
		ID      string `dynamodbav:"id"`
		Seconds int    `dynamodbav:"seconds"`
	}
	tracks := entable.Register[Track](entable.NewTable("music"), entable.Upgrades(func(item entable.RawItem) error {
		var minutes, seconds int
		text, _ := item["length"].(*types.AttributeValueMemberS)
		if _, err := fmt.Sscanf(text.Value, "%d:%d", &minutes, &seconds); err != nil {
			return err
		}
		item["seconds"] = &types.AttributeValueMemberN{Value: strconv.Itoa(60*minutes + seconds)}
		delete(item, "length")
		return nil
	}))

	old := map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: "TI#1"}, "sk": &types.AttributeValueMemberS{Value: "A"},
		"id": &types.AttributeValueMemberS{Value: "1"}, "length": &types.AttributeValueMemberS{Value: "9:22"},
	}
	track, err := tracks.FromItem(old)
	if err != nil {
		panic(err)
	}
	fmt.Println(track.Seconds)
	// Output: 562
}
