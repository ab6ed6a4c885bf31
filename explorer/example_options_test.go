package explorer_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/entable/entable"
	"github.com/entable/entable/explorer"
	"github.com/entable/entable/memory"
)

// notes makes a table with one item.
func notes() (*entable.Table, *memory.DB) {
	ctx, db, table := context.Background(), memory.New(), entable.NewTable("notes")
	table.Use(db.Client())
	notes := entable.Register[Note](table, entable.PK("author"), entable.SK("no"))
	if err := table.CreateTable(ctx); err != nil {
		panic(err)
	}
	if err := notes.Put(ctx, &Note{"ann", 1, "buy milk"}); err != nil {
		panic(err)
	}
	return table, db
}

// show asks for a page, as a browser would.
func show(h http.Handler, url string) *httptest.ResponseRecorder {
	page := httptest.NewRecorder()
	h.ServeHTTP(page, httptest.NewRequest(http.MethodGet, url, nil))
	return page
}

// The page is served on a machine of the company's, behind its login.
func ExampleHosts() {
	table, db := notes()
	defer db.Close()
	fmt.Println(show(explorer.New(table), "http://tables.example.com/").Code)
	fmt.Println(show(explorer.New(table, explorer.Hosts("tables.example.com")), "http://tables.example.com/").Code)
	// Output:
	// 421
	// 200
}

func ExampleHide() {
	table, db := notes()
	defer db.Close()
	const partition = "http://localhost/partition?pk=NA%23ann"
	fmt.Println(strings.Contains(show(explorer.New(table), partition).Body.String(), "buy milk"))
	fmt.Println(strings.Contains(show(explorer.New(table, explorer.Hide("text")), partition).Body.String(), "buy milk"))
	// Output:
	// true
	// false
}

// Items can be changed, too; otherwise there are no such pages.
func ExampleAllowWrites() {
	table, db := notes()
	defer db.Close()
	fmt.Println(show(explorer.New(table, explorer.AllowWrites()), "http://localhost/").Code)
	// Output: 200
}

// A table of which no registry is known.
func ExampleGuess() {
	_, db := notes()
	defer db.Close()
	guessed, err := explorer.Guess(context.Background(), db.Client(), "notes")
	if err != nil {
		panic(err)
	}
	fmt.Println(show(guessed, "http://localhost/").Code)
	// Output: 200
}
