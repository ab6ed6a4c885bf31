package explorer_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/entable/entable"
	"github.com/entable/entable/explorer"
	"github.com/entable/entable/memory"
)

type Note struct {
	Author string `dynamodbav:"author"`
	No     int    `dynamodbav:"no"`
	Text   string `dynamodbav:"text"`
}

func Example() {
	items := entable.NewTable("notes")
	entable.Register[Note](items, entable.PK("author"), entable.SK("no"))
	items.Use(memory.New().Client())

	mux := http.NewServeMux()
	mux.Handle("/debug/notes/", http.StripPrefix("/debug/notes", explorer.New(items)))

	// In a program: http.ListenAndServe("127.0.0.1:8088", mux)
	page := httptest.NewRecorder()
	mux.ServeHTTP(page, httptest.NewRequest(http.MethodGet, "http://localhost:8088/debug/notes/", nil))
	fmt.Println(page.Code, page.Header().Get("Content-Type"))
	// Output: 200 text/html; charset=utf-8
}
