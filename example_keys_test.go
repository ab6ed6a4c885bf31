package entable_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
)

// printKey prints under which key an entity's item is stored.
func printKey[T any](e *entable.Entity[T], key T) {
	in, err := e.GetInput(context.Background(), key)
	if err != nil {
		fmt.Println(err)
		return
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(in.Key)) {
		parts = append(parts, name+"="+in.Key[name].(*types.AttributeValueMemberS).Value)
	}
	fmt.Println(strings.Join(parts, " "))
}

// The first part of a key is its prefix, which is generated here.
func ExamplePK() {
	tracks := entable.Register[Track](entable.NewTable("music"), entable.PK("genre", "album"), entable.SK(entable.Attr("n").Width(3)))
	printKey(tracks, Track{Genre: "jazz", Album: "Blue Train", N: 5})
	printKey(tracks, Track{Genre: "jazz#blue", Album: "Train", N: 10}) // no value can be taken for two
	// Output:
	// pk=TG#jazz#Blue%20Train sk=TN#005
	// pk=TG#jazz%23blue#Train sk=TN#010
}

// A prefix of your own does not depend on the order in which entities are registered.
func ExamplePrefix() {
	tracks := entable.Register[Track](entable.NewTable("music"), entable.PK("album", entable.Prefix("ALBUM")), entable.SK("n", entable.Prefix("TRACK")))
	printKey(tracks, Track{Album: "Blue", N: 5})
	// Output: pk=ALBUM#Blue sk=TRACK#0000000000000000005
}

func ExamplePrefixOf() {
	table := entable.NewTable("shop")
	customers := entable.Register[Customer](table)
	purchases := entable.Register[Purchase](table, entable.PK("customer_id", entable.PrefixOf(customers)), entable.SK("number"))
	printKey(customers, Customer{ID: "ann"})
	printKey(purchases, Purchase{CustomerID: "ann", Number: 1}) // in her partition
	// Output:
	// pk=CI#ann sk=A
	// pk=CI#ann sk=PN#0000000000000000001
}

func ExampleNoPrefix() {
	tracks := entable.Register[Track](entable.NewTable("music"), entable.PK("album", entable.NoPrefix()), entable.SK("n", entable.NoPrefix()))
	printKey(tracks, Track{Album: "Blue", N: 5})

	// What could no longer be told apart is refused.
	_, err := entable.TryRegister[Song](tracks.Table(), entable.PK("album", entable.NoPrefix()), entable.SK("track", entable.NoPrefix()))
	fmt.Println(err)
	// Output:
	// pk=Blue sk=0000000000000000005
	// entable: Song: an item can have the same key as one of Track, for example pk="x" sk="0000000000000000000": give one of them a prefix of its own, or a sort key that tells them apart
}

func ExampleSeparator() {
	tracks := entable.Register[Track](entable.NewTable("music"),
		entable.PK("album", entable.Separator("/")), entable.SK("genre", "n", entable.Separator("|")))
	printKey(tracks, Track{Album: "Blue", Genre: "folk", N: 5})
	// Output: pk=TA/Blue sk=TG|folk|0000000000000000005
}

// Fixed text is a segment of a key, and at its start takes the place of the prefix.
func ExampleLiteral() {
	tracks := entable.Register[Track](entable.NewTable("music"),
		entable.PK(entable.Literal("ALBUM"), "album"), entable.SK("genre", entable.Literal("TRACK"), "n"))
	printKey(tracks, Track{Album: "Blue", Genre: "folk", N: 5})
	// Output: pk=ALBUM#Blue sk=TG#folk#TRACK#0000000000000000005
}

func ExampleKeyPart_Width() {
	tracks := entable.Register[Track](entable.NewTable("music"), entable.PK("album"), entable.SK(entable.Attr("n").Width(2)))
	printKey(tracks, Track{Album: "Blue", N: 5})
	printKey(tracks, Track{Album: "Blue", N: 100}) // never a longer text, which would not sort
	// Output:
	// pk=TA#Blue sk=TN#05
	// entable: Track: cannot build key sk: attribute "n": 100 does not fit in 2 digits
}

func ExampleKeyPart_Layout() {
	carts := entable.Register[ShopCart](entable.NewTable("carts", entable.GSI("by-day")),
		entable.Index("by-day", entable.PK(entable.Attr("expires").Layout("2006-01-02")), entable.SK("id")))
	day := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	item, err := carts.ToItem(&ShopCart{ID: "1", Expires: day})
	must(err)
	fmt.Println(item["by-daypk"].(*types.AttributeValueMemberS).Value)
	_, err = carts.ToItem(&ShopCart{ID: "1", Expires: day.Add(time.Hour)}) // never cut: two times are never one key
	fmt.Println(err)
	// Output:
	// SE#2026-05-01
	// entable: ShopCart: cannot build key by-daypk: attribute "expires": time 2026-05-01T01:00:00Z does not fit layout "2006-01-02", which would drop a part of it; truncate the time in UTC, or use a longer layout
}

// Keys that another program has stored are declared as they are.
func ExampleTemplate() {
	table := entable.NewTable("music")
	tracks := entable.Register[Track](table, entable.PK(entable.Template("ALBUM:{album}")), entable.SK(entable.Template("no.{n:04}[/{genre}]")))
	printKey(tracks, Track{Album: "Blue Train", N: 5, Genre: "jazz"})
	printKey(tracks, Track{Album: "Blue Train", N: 6})
	// Output:
	// pk=ALBUM:Blue Train sk=no.0005/jazz
	// pk=ALBUM:Blue Train sk=no.0006
}

// Albums lie in partitions by their first letter, which no attribute holds.
func ExampleDerived() {
	tracks := entable.Register[Track](entable.NewTable("music"),
		entable.Derived("letter", []string{"album"}, func(t *Track) string { return strings.ToUpper(t.Album[:1]) }),
		entable.PK("letter"), entable.SK("album", "n"))
	printKey(tracks, Track{Album: "blue", N: 5})
	// Output: pk=TL#B sk=TA#blue#0000000000000000005
}

// Customers and trips have stored keys that only the shop's own rules keep apart.
func ExampleDistinct() {
	table := entable.NewTable("shop", entable.NoSortKey())
	customers := entable.Register[Customer](table, entable.PK(entable.Template("{id}")))
	trip := entable.PK(entable.Template("{id}"))
	_, err := entable.TryRegister[Trip](table, trip)
	fmt.Println(err)

	trips, err := entable.TryRegister[Trip](table, trip, entable.Distinct(customers, "ids of trips have five digits, those of customers none"))
	must(err)
	printKey(trips, Trip{ID: "10042"})
	// Output:
	// entable: Trip: an item can have the same key as one of Customer, for example pk="x": give one of them a prefix of its own, or a sort key that tells them apart
	// pk=10042
}

// The Go type has another name now; items that were stored under the old one are still read.
func ExampleWas() {
	before := entable.Register[Song](entable.NewTable("music"), entable.Name("Tune"), entable.PK("album"), entable.SK("track"))
	old, err := before.ToItem(&Song{Album: "Blue", Track: 5, Title: "Blue"})
	must(err)

	songs := entable.Register[Song](entable.NewTable("music"), entable.Was("Tune"), entable.PK("album"), entable.SK("track"))
	song, err := songs.FromItem(old)
	must(err)
	fmt.Println(song.Title)
	printKey(songs, *song) // with the prefixes of the old name
	// Output:
	// Blue
	// pk=TA#Blue sk=TT#0000000000000000005
}

func ExampleName() {
	tracks := entable.Register[Track](entable.NewTable("music"), entable.Name("AlbumTrack"), entable.PK("album"), entable.SK("n"))
	item, err := tracks.ToItem(&Track{Album: "Blue", N: 5})
	must(err)
	fmt.Println(tracks.Name(), item["_type"].(*types.AttributeValueMemberS).Value)
	printKey(tracks, Track{Album: "Blue", N: 5})
	// Output:
	// AlbumTrack AlbumTrack
	// pk=AA#Blue sk=AN#0000000000000000005
}

// In stored data a song and its older versions are both called "song"; their keys differ.
func ExampleTypeValue() {
	table := entable.NewTable("music")
	current := entable.Register[Song](table, entable.TypeValue("song"), entable.PK("album", entable.Prefix("ALBUM")), entable.SK("track", entable.Prefix("NOW")))
	past := entable.Register[Song](table, entable.Name("PastSong"), entable.TypeValue("song"),
		entable.PK("album", entable.PrefixOf(current)), entable.SK("track", "title", entable.Prefix("PAST")))
	for _, e := range []*entable.Entity[Song]{current, past} {
		item, err := e.ToItem(&Song{Album: "Blue", Track: 5, Title: "Blue"})
		must(err)
		fmt.Println(e.Name(), item["_type"].(*types.AttributeValueMemberS).Value, item["sk"].(*types.AttributeValueMemberS).Value)
	}
	// Output:
	// Song song NOW#0000000000000000005
	// PastSong song PAST#0000000000000000005#Blue
}
