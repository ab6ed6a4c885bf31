package entable_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
)

// Recipe has something of everything that an update can change.
type Recipe struct {
	ID          string         `dynamodbav:"id"`
	Author      string         `dynamodbav:"author,omitempty"`
	Servings    int            `dynamodbav:"servings" validate:"max=20"`
	Steps       []string       `dynamodbav:"steps,omitempty"`
	Tags        []string       `dynamodbav:"tags,stringset,omitempty"`
	Ingredients []Ingredient   `dynamodbav:"ingredients"`
	Stars       map[string]int `dynamodbav:"stars"` // by user
	Partial     bool           `entable:"partial"`
}

type Ingredient struct {
	Name  string `dynamodbav:"name"`
	Grams int    `dynamodbav:"grams"`
}

// BeforeSave is a hook.
func (r *Recipe) BeforeSave(context.Context) error {
	if r.Servings < 0 {
		return errors.New("a recipe is for somebody")
	}
	return nil
}

// openRecipes declares recipes on a table of its own in memory, which has one.
func openRecipes(opts ...entable.TableOption) (context.Context, *entable.Entity[Recipe]) {
	ctx := context.Background()
	table := entable.NewTable("recipes", append(opts, entable.GSI("by-author", entable.KeysOnly()))...)
	table.Use(memory.New().Client())
	recipes := entable.Register[Recipe](table, entable.Index("by-author", entable.PK("author"), entable.SK("id")))
	must(table.CreateTable(ctx))
	must(recipes.Put(ctx, &Recipe{ID: "1", Author: "ann", Servings: 4, Steps: []string{"mix"}, Tags: []string{"sweet"},
		Ingredients: []Ingredient{{"flour", 500}}, Stars: map[string]int{"bob": 5}}))
	return ctx, recipes
}

// An index of keys alone costs less to write, and a query of it says what it wants.
func ExampleKeysOnly() {
	ctx, recipes := openRecipes() // NewTable("recipes", GSI("by-author", KeysOnly()))
	byAnn := func() *entable.Query[Recipe] { return recipes.QueryIndex("by-author", Recipe{Author: "ann"}) }

	_, err := byAnn().First(ctx)
	fmt.Println(err)
	part, err := byAnn().Partial().First(ctx) // what the index holds
	fmt.Println(part.ID, part.Servings, part.Partial, err)
	fmt.Println(recipes.Put(ctx, part))
	whole, err := byAnn().Hydrate().First(ctx) // with a read of each item
	fmt.Println(whole.ID, whole.Servings, whole.Partial, err)
	// Output:
	// entable: Recipe: index "by-author" does not hold whole items: say Hydrate for these, or Partial for what it holds
	// 1 0 true <nil>
	// entable: Recipe: the item was read in part, and what it lacks would be lost: read it whole, by Get or with Hydrate, or use Update or Patch
	// 1 4 false <nil>
}

func ExampleQuery_Partial() {
	ctx, recipes := openRecipes()
	for r, err := range recipes.QueryIndex("by-author", Recipe{Author: "ann"}).Partial().All(ctx) {
		must(err)
		must(recipes.Patch(r).Set("servings", 8).Do(ctx)) // leaves what was not read alone
		fmt.Println(r.Servings, len(r.Ingredients), r.Partial)
	}
	// Output: 8 1 false
}

func ExampleQuery_Hydrate() {
	ctx, recipes := openRecipes()
	for r, err := range recipes.QueryIndex("by-author", Recipe{Author: "ann"}).Hydrate().All(ctx) {
		must(err)
		fmt.Println(r.ID, r.Ingredients)
	}
	// Output: 1 [{flour 500}]
}

func ExampleIndex() {
	tracks := entable.Register[Track](entable.NewTable("music", entable.GSI("gsi1")), entable.PK("album"), entable.SK("n"),
		entable.Index("gsi1", entable.PK("genre"), entable.SK("album", "n")))
	item, err := tracks.ToItem(&Track{Album: "Blue", N: 5, Genre: "folk"})
	must(err)
	fmt.Println(item["gsi1pk"].(*types.AttributeValueMemberS).Value, item["gsi1sk"].(*types.AttributeValueMemberS).Value)

	item, err = tracks.ToItem(&Track{Album: "Blue", N: 6}) // genre has omitempty: without one, it is not in the index
	must(err)
	fmt.Println(item["gsi1pk"], item["gsi1sk"])
	// Output:
	// TG#folk TA#Blue#0000000000000000005
	// <nil> <nil>
}

func ExampleGSI() {
	table := entable.NewTable("music", entable.GSI("by-genre",
		entable.PartitionKey("genre-key", types.ScalarAttributeTypeS), entable.NoSortKey()))
	for _, index := range table.CreateInput().GlobalSecondaryIndexes {
		fmt.Println(*index.IndexName, *index.KeySchema[0].AttributeName, index.Projection.ProjectionType)
	}
	// Output: by-genre genre-key ALL
}

func ExampleInclude() {
	table := entable.NewTable("music", entable.GSI("by-genre", entable.Include("album", "n")))
	projection := table.CreateInput().GlobalSecondaryIndexes[0].Projection
	fmt.Println(projection.ProjectionType, projection.NonKeyAttributes)
	// Output: INCLUDE [album n]
}

// Another order of the items of each partition, with consistent reads.
func ExampleLSI() {
	ctx := context.Background()
	table := entable.NewTable("music", entable.LSI("by-title"))
	table.Use(memory.New().Client())
	songs := entable.Register[Song](table, entable.PK("album"), entable.SK("track"), entable.Index("by-title", entable.SK("title")))
	must(table.CreateTable(ctx))
	must(songs.Put(ctx, &Song{"Blue Train", 1, "Blue Train"}))
	must(songs.Put(ctx, &Song{"Blue Train", 4, "I'm Old Fashioned"}))
	must(songs.Put(ctx, &Song{"Blue Train", 5, "Lazy Bird"}))
	must(songs.Put(ctx, &Song{"Blue Train", 3, "Locomotion"}))
	for song, err := range songs.QueryIndex("by-title", Song{Album: "Blue Train"}).GreaterEqual(Song{Title: "L"}).Consistent(true).All(ctx) {
		must(err)
		fmt.Println(song.Title)
	}
	// Output:
	// Lazy Bird
	// Locomotion
}

// The index's keys are the entities' own attributes: nothing is to be kept up.
func ExampleMultiAttribute() {
	ctx := context.Background()
	table := entable.NewTable("music", entable.GSI("by-genre", entable.MultiAttribute(),
		entable.PartitionKey("genre", types.ScalarAttributeTypeS),
		entable.SortKey("album", types.ScalarAttributeTypeS), entable.SortKey("n", types.ScalarAttributeTypeN)))
	table.Use(memory.New().Client())
	tracks := entable.Register[Track](table, entable.PK("album"), entable.SK("n"), entable.Index("by-genre"))
	must(table.CreateTable(ctx))
	must(tracks.Put(ctx, &Track{"Blue Train", 1, "jazz"}))
	must(tracks.Put(ctx, &Track{"Blue", 5, "folk"}))
	track, err := tracks.QueryIndex("by-genre", Track{Genre: "folk"}).One(ctx)
	must(err)
	fmt.Println(*track)
	// Output: {Blue 5 folk}
}

// A table that exists, with keys of its own names.
func ExamplePartitionKey() {
	table := entable.NewTable("music",
		entable.PartitionKey("PartitionKey", types.ScalarAttributeTypeS), entable.SortKey("SortKey", types.ScalarAttributeTypeS))
	tracks := entable.Register[Track](table, entable.PK("album"), entable.SK("n"))
	printKey(tracks, Track{Album: "Blue", N: 5})
	// Output: PartitionKey=TA#Blue SortKey=TN#0000000000000000005
}

// A field is the key itself where it has the attribute's name: no prefix, nothing stored twice.
func ExampleSortKey() {
	table := entable.NewTable("music", entable.PartitionKey("album", types.ScalarAttributeTypeS), entable.SortKey("n", types.ScalarAttributeTypeN))
	tracks := entable.Register[Track](table, entable.PK("album"), entable.SK("n"))
	item, err := tracks.ToItem(&Track{Album: "Blue", N: 5})
	must(err)
	fmt.Println(dynamoJSON(item))
	// Output: {"_type":{"S":"Track"},"album":{"S":"Blue"},"n":{"N":"5"}}
}

func ExampleNoSortKey() {
	table := entable.NewTable("customers", entable.NoSortKey())
	customers := entable.Register[Customer](table)
	printKey(customers, Customer{ID: "ann"})
	// Output: pk=CI#ann
}
