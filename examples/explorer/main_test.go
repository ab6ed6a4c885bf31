package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/entable/entable/memory"
)

// serve runs the example with its flags and gives its URL.
func serve(t *testing.T, s settings) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	address, ended := make(chan string, 1), make(chan error, 1)
	s.addr = "127.0.0.1:0"
	go func() { ended <- s.run(ctx, func(url string) { address <- url }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	select {
	case url := <-address:
		return url
	case err := <-ended:
		ended <- nil
		t.Fatal(err)
	}
	return ""
}

func get(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v: %s", url, res.Status, err, body)
	}
	return string(body)
}

func TestTheShop(t *testing.T) {
	url := serve(t, settings{})
	for address, want := range map[string]string{
		"": "LO#{order_id}#{line}",
		"query?entity=Order&f.customer_id=c-1002": "6 items on this page",
		"query?entity=Event&f.day=2026-03-01":     "of shard 1 of 4",
		"audit?run=1":                             "No findings",
	} {
		if body := get(t, url+address); !strings.Contains(body, want) {
			t.Errorf("/%s does not say %q", address, want)
		}
	}
}

// With -endpoint and -table it shows any table of a server, by what its items look like.
func TestATableOfAServer(t *testing.T) {
	db := memory.New()
	defer db.Close()
	server := httptest.NewServer(db)
	defer server.Close()
	other := settings{endpoint: server.URL}
	if err := fill(t.Context(), other.client()); err != nil {
		t.Fatal(err)
	}
	url := serve(t, settings{endpoint: server.URL, table: "shop"})
	if body := get(t, url); !strings.Contains(body, "guessed") || !strings.Contains(body, "CC#{customer_id}") {
		t.Errorf("the page of a guess:\n%s", body)
	}
	if body := get(t, url+"partition?pk=CC%23c-1003"); !strings.Contains(body, "29 items on this page") {
		t.Error("the partition is not shown")
	}
}
