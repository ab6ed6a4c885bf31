package entable_test

import (
	"context"
	"fmt"

	"github.com/entable/entable"
)

// Handles are declared once, when the package is initialised.
var (
	Recipes = entable.Register[Recipe](entable.NewTable("recipes"))

	recipeAuthor      = entable.Field(Recipes, func(r *Recipe) *string { return &r.Author })
	recipeServings    = entable.Field(Recipes, func(r *Recipe) *int { return &r.Servings })
	recipeSteps       = entable.Field(Recipes, func(r *Recipe) *[]string { return &r.Steps })
	recipeTags        = entable.Field(Recipes, func(r *Recipe) *[]string { return &r.Tags })
	recipeIngredients = entable.Field(Recipes, func(r *Recipe) *[]Ingredient { return &r.Ingredients })
	recipeStars       = entable.Field(Recipes, func(r *Recipe) *map[string]int { return &r.Stars })
)

func ExampleUpdate_Append() {
	ctx, recipes := openRecipes()
	r, err := recipes.Update(Recipe{ID: "1"}).Append("steps", []string{"bake"}).Updated(ctx)
	must(err)
	fmt.Println(r.Steps)
	// Output: [mix bake]
}

func ExampleUpdate_Prepend() {
	ctx, recipes := openRecipes()
	r, err := recipes.Update(Recipe{ID: "1"}).Prepend("steps", []string{"weigh", "sift"}).Updated(ctx)
	must(err)
	fmt.Println(r.Steps)
	// Output: [weigh sift mix]
}

func ExampleUpdate_DeleteFromSet() {
	ctx, recipes := openRecipes()
	r, err := recipes.Update(Recipe{ID: "1"}).Add("tags", []string{"quick", "cheap"}).Updated(ctx)
	must(err)
	fmt.Println(r.Tags)
	r, err = recipes.Update(Recipe{ID: "1"}).DeleteFromSet("tags", []string{"cheap", "salty"}).Updated(ctx)
	must(err)
	fmt.Println(r.Tags)
	// Output:
	// [cheap quick sweet]
	// [quick sweet]
}

func ExampleUpdate_Subtract() {
	ctx, recipes := openRecipes()
	r, err := recipes.Update(Recipe{ID: "1"}).Subtract("servings", 1).If(recipeServings.Greater(1)).Updated(ctx)
	must(err)
	fmt.Println(r.Servings)
	// Output: 3
}

// What a path leads through is made first where it is not there.
func ExampleUpdate_SetIfAbsent() {
	ctx, recipes := openRecipes()
	must(recipes.Put(ctx, &Recipe{ID: "2"})) // has no stars
	r, err := recipes.Update(Recipe{ID: "2"}).SetIfAbsent("stars", map[string]int{}).Set(entable.Path("stars", "ann"), 4).Updated(ctx)
	must(err)
	fmt.Println(r.Stars)
	// Output: map[ann:4]
}

func ExampleUpdate_Upsert() {
	ctx, recipes := openRecipes()
	update := recipes.Update(Recipe{ID: "2"}).Add("servings", 2)
	fmt.Println(update.Do(ctx))
	r, err := update.Upsert().Updated(ctx)
	must(err)
	fmt.Println(r.ID, r.Servings)
	// Output:
	// entable: Update Recipe[pk="RI#2" sk="A"]: item not found
	// 2 2
}

func ExampleUpdate_Previous() {
	ctx, recipes := openRecipes()
	before, err := recipes.Update(Recipe{ID: "1"}).Set("servings", 6).Previous(ctx)
	must(err)
	fmt.Println(before.Servings)
	// Output: 4
}

// A browser has shown version 1, and sends it back with the change.
func ExampleUpdate_IfVersion() {
	ctx := openShop()
	must(ShopOrders.Put(ctx, &ShopOrder{ID: "1", Customer: "ann"}))
	update := ShopOrders.Update(ShopOrder{ID: "1"}).Set("total", 12).IfVersion(1)
	fmt.Println(update.Do(ctx))
	fmt.Println(update.Do(ctx))
	// Output:
	// <nil>
	// entable: Update ShopOrder[pk="SI#1" sk="A"]: condition failed: the stored version is 2, that of the write 1
}

// What is added is added once, even where an answer is lost and the SDK sends the request again.
func ExampleUpdate_Once() {
	ctx, recipes := openRecipes()
	r, err := recipes.Update(Recipe{ID: "1"}).Add(entable.Path("stars", "bob"), 1).Once().Updated(ctx)
	must(err)
	fmt.Println(r.Stars)
	// Output: map[bob:6]
}

// A recipe from before the rule that at most 20 can be served.
func ExampleSkipValidation() {
	ctx, recipes := openRecipes()
	canteen := &Recipe{ID: "2", Servings: 300}
	fmt.Println(recipes.Put(ctx, canteen))
	fmt.Println(recipes.Put(ctx, canteen, entable.SkipValidation()))
	fmt.Println(recipes.Update(Recipe{ID: "2"}).Set("servings", 200).SkipValidation().Do(ctx))
	// Output:
	// entable: Recipe: invalid: attribute servings: int value does not satisfy "max=20"
	// <nil>
	// <nil>
}

func ExampleSkipHooks() {
	ctx, recipes := openRecipes()
	odd := &Recipe{ID: "2", Servings: -1}
	fmt.Println(recipes.Put(ctx, odd))
	fmt.Println(recipes.Put(ctx, odd, entable.SkipHooks(true)))
	// Output:
	// entable: Recipe: BeforeSave: a recipe is for somebody
	// <nil>
}

// Text from users goes into paths only so: it is one name. The SDK's expressions cannot name what has brackets.
func ExamplePath() {
	ctx, recipes := openRecipes()
	r, err := recipes.Update(Recipe{ID: "1"}).
		Set(entable.Path("stars", "c.d"), 3).
		Set(entable.Path("ingredients", 0, "grams"), 450). // or "ingredients[0].grams"
		Updated(ctx)
	must(err)
	fmt.Println(r.Stars, r.Ingredients)
	fmt.Println(recipes.Update(Recipe{ID: "1"}).Set(entable.Path("stars", "ann[0]"), 3).Do(ctx))
	// Output:
	// map[bob:5 c.d:3] [{flour 450}]
	// entable: Recipe: invalid path "stars.ann[0]": the SDK's expressions cannot name "ann[0]", which has brackets
}

func ExampleEntry() {
	ctx, recipes := openRecipes()
	bobs := entable.Entry(recipeStars, "bob")
	r, err := recipes.Update(Recipe{ID: "1"}).Apply(bobs.Set(4), entable.Entry(recipeStars, "cy").Set(2)).If(bobs.Equal(5)).Updated(ctx)
	must(err)
	fmt.Println(r.Stars)
	// Output: map[bob:4 cy:2]
}

func ExampleElement() {
	ctx, recipes := openRecipes()
	first, second := entable.Element(recipeSteps, 0), entable.Element(recipeSteps, 1)
	r, err := recipes.Update(Recipe{ID: "1"}).Apply(first.Set("mix well"), second.Set("bake")).Updated(ctx)
	must(err)
	fmt.Println(r.Steps)
	// Output: [mix well bake]
}

func ExampleWithin() {
	ctx, recipes := openRecipes()
	grams := entable.Within(entable.Element(recipeIngredients, 0), func(i *Ingredient) *int { return &i.Grams })
	r, err := recipes.Update(Recipe{ID: "1"}).Apply(grams.Add(50)).If(grams.LessEqual(1000)).Updated(ctx)
	must(err)
	fmt.Println(r.Ingredients)
	// Output: [{flour 550}]
}

// The changes that a handle makes are those of Update, checked by the compiler.
func ExampleFieldOf() {
	ctx, recipes := openRecipes()
	r, err := recipes.Update(Recipe{ID: "1"}).Apply(
		recipeServings.Subtract(1),
		recipeSteps.Append([]string{"bake"}),
		recipeTags.DeleteFromSet([]string{"salty"}),
		recipeStars.SetIfAbsent(map[string]int{}),
	).Updated(ctx)
	must(err)
	fmt.Println(r.Servings, r.Steps, r.Tags, r.Stars)
	r, err = recipes.Update(Recipe{ID: "1"}).Apply(recipeSteps.Prepend([]string{"weigh"}), recipeTags.Remove()).Updated(ctx)
	must(err)
	fmt.Println(r.Steps, r.Tags)
	// Output:
	// 3 [mix bake] [sweet] map[bob:5]
	// [weigh mix bake] []
}

func ExampleFieldOf_Between() {
	ctx, recipes := openRecipes()
	must(recipes.Put(ctx, &Recipe{ID: "2", Author: "bob", Servings: 12}))
	for r, err := range recipes.Scan().Filter(recipeServings.Between(2, 6).And(recipeAuthor.BeginsWith("a"))).All(ctx) {
		must(err)
		fmt.Println(r.ID)
	}
	// Output: 1
}

func ExampleFieldOf_In() {
	ctx, recipes := openRecipes()
	serve := func(n int) *entable.Update[Recipe] { return recipes.Update(Recipe{ID: "1"}).Set("servings", n) }
	fmt.Println(serve(6).If(recipeAuthor.In("ann", "bob")).Do(ctx))
	fmt.Println(serve(8).If(recipeAuthor.NotEqual("ann")).Do(ctx))
	// Output:
	// <nil>
	// entable: Update Recipe[pk="RI#1" sk="A"]: condition failed
}

// A nil slice or map is stored as NULL, or left out with omitempty. Either counts as none.
func ExampleFieldOf_Exists() {
	ctx, recipes := openRecipes()
	must(recipes.Put(ctx, &Recipe{ID: "2"}))
	with, err := recipes.Scan().Filter(recipeStars.Exists().And(recipeSteps.Size().GreaterThan(entable.Value(0)))).One(ctx)
	must(err)
	without, err := recipes.Scan().Filter(recipeStars.NotExists().And(recipeSteps.NotExists())).One(ctx)
	must(err)
	fmt.Println(with.ID, without.ID)
	// Output: 1 2
}

func ExampleEntity_GetInput() {
	in, err := Recipes.GetInput(context.Background(), Recipe{ID: "1"}, entable.Consistent(true))
	must(err)
	fmt.Println(*in.TableName, dynamoJSON(in.Key), *in.ConsistentRead)
	// Output: recipes {"pk":{"S":"RI#1"},"sk":{"S":"A"}} true
}

func ExampleEntity_ToMap() {
	m, err := Recipes.ToMap(&Recipe{ID: "1", Servings: 4, Tags: []string{"sweet"}})
	must(err)
	fmt.Println(m)
	r, err := Recipes.FromMap(m)
	must(err)
	fmt.Println(r.Servings, r.Tags)
	// Output:
	// map[_type:Recipe id:1 ingredients:<nil> pk:RI#1 servings:4 sk:A stars:<nil> tags:[sweet]]
	// 4 [sweet]
}
