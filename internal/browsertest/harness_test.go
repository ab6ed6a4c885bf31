package browsertest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/entable/entable"
	"github.com/entable/entable/examples/explorer/sample"
	"github.com/entable/entable/explorer"
	"github.com/entable/entable/memory"
)

// findBrowser returns the path of the browser, or "".
func findBrowser() string {
	names := []string{"chromium", "chromium-browser", "google-chrome", "chrome"}
	if name := os.Getenv("ENTABLE_BROWSER"); name != "" {
		names = []string{name}
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

var browser context.Context // of the one browser that all tests open tabs in

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	path := findBrowser()
	switch {
	case path == "" && os.Getenv("CI") == "true":
		fmt.Println("no browser: with CI=true the pages must be tried in one: install chromium")
		return 1
	case path == "":
		fmt.Println("skipped: there is no browser: install chromium, or name one with ENTABLE_BROWSER")
		return 0
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	defer stop()
	var closeBrowser context.CancelFunc
	browser, closeBrowser = chromedp.NewContext(allocator)
	defer closeBrowser()
	if err := chromedp.Do(browser); err != nil {
		fmt.Println("cannot start", path+":", err)
		return 1
	}
	return m.Run()
}

// tab is a page in the browser, and what it has complained of.
type tab struct {
	t    *testing.T
	ctx  context.Context
	site string // the explorer's URL

	mu         sync.Mutex
	complaints []string
}

// patience bounds one step in the browser. It is generous, since nothing waits for it when all is well.
const patience = time.Minute

// open starts an explorer and a tab of a width for it.
func open(t *testing.T, h http.Handler, width int, features ...*emulation.MediaFeature) *tab {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	b := &tab{t: t, ctx: ctx, site: server.URL + "/"}
	err := chromedp.Listen(ctx, func(event any) {
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			b.complain("exception: " + e.ExceptionDetails.Text)
		case *log.EventEntryAdded: // also of what the policy has refused
			if !strings.Contains(e.Entry.URL, "favicon") && !strings.Contains(e.Entry.Text, "Failed to load resource") {
				b.complain(e.Entry.Text)
			}
		case *page.EventJavascriptDialogOpening:
			b.complain("a dialog: " + e.Message)
		case *network.EventRequestWillBeSent:
			if u := e.Request.URL; !strings.HasPrefix(u, b.site) && u != "about:blank" {
				b.complain("a request for " + u)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	call(b, network.Enable, network.EnableParams{})
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: int64(width), Height: 900, DeviceScaleFactor: 1, Mobile: width < 500})
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, c := range b.complaints {
			t.Error("the browser complains:", c)
		}
	})
	return b
}

func (b *tab) complain(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.complaints = append(b.complaints, text)
}

// do carries actions out.
func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// call sends a command of the protocol.
func call[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	r, err := chromedp.Call(ctx, command, params)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// visit goes to an address of the explorer.
func (b *tab) visit(address string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.site + address))
}

// follow clicks the first element that a selector finds, and waits for the page behind it.
func (b *tab) follow(selector string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		b.t.Fatalf("click %s: %v", selector, err)
	}
}

// eval returns what an expression says in the page.
func eval[T any](b *tab, expression string) (v T) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

func (b *tab) text() string { return eval[string](b, `document.querySelector("main").innerText`) }

func (b *tab) wantText(parts ...string) {
	b.t.Helper()
	text := b.text()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			b.t.Errorf("%s: the page does not say %q:\n%s", b.address(), part, text)
		}
	}
}

func (b *tab) address() string {
	u, _ := url.Parse(eval[string](b, `location.href`))
	return u.RequestURI()
}

// unfold opens all that is folded.
func (b *tab) unfold() {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("details").forEach(d => d.open = true)`))
}

// wantFit checks that the page is no wider than its window.
func (b *tab) wantFit() {
	b.t.Helper()
	if over := eval[int](b, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); over > 0 {
		wide := eval[string](b, `Array.from(document.querySelectorAll("body *")).filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1 && !e.closest("pre")).slice(0, 3).map(e => e.outerHTML.slice(0, 200)).join("\n")`)
		b.t.Errorf("%s is %d pixels wider than the window:\n%s", b.address(), over, wide)
	}
}

// with returns a handler whose requests go to a client.
func with(client *dynamodb.Client, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(entable.WithClient(r.Context(), client)))
	})
}

// shopDB makes a database with the example's shop in it.
func shopDB(t testing.TB) *dynamodb.Client {
	t.Helper()
	db := memory.New()
	t.Cleanup(func() { db.Close() })
	client := db.Client()
	ctx := entable.WithClient(context.Background(), client)
	if err := sample.Table.CreateTable(ctx); err != nil {
		t.Fatal(err)
	}
	if err := sample.Fill(ctx); err != nil {
		t.Fatal(err)
	}
	return client
}

func shopHandler(t testing.TB, opts ...explorer.Option) (http.Handler, *dynamodb.Client) {
	t.Helper()
	client := shopDB(t)
	return with(client, explorer.New(sample.Table, opts...)), client
}
