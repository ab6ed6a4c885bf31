package main

import (
	"html"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// browser is a browser with cookies that fills in forms.
type browser struct {
	t      *testing.T
	base   string
	client *http.Client
	path   string // of the page that is shown
	page   string
	status int
}

func (s *testShop) browser() *browser {
	s.t.Helper()
	server := httptest.NewServer(s.handler)
	s.t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &browser{t: s.t, base: server.URL, client: &http.Client{Jar: jar}}
}

func (b *browser) do(method, path string, form url.Values, header ...string) *browser {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	b.page, b.status, b.path = string(body), res.StatusCode, res.Request.URL.RequestURI()
	return b
}

func (b *browser) visit(path string) *browser { b.t.Helper(); return b.do("GET", path, nil) }

var (
	formText  = regexp.MustCompile(`(?s)<form method="post" action="([^"]*)".*?</form>`)
	inputText = regexp.MustCompile(`<input[^>]*\sname="([^"]*)"[^>]*>`)
	valueText = regexp.MustCompile(`\svalue="([^"]*)"`)
)

// form returns what the form of the page that is sent to a path holds.
func (b *browser) form(action string) url.Values {
	b.t.Helper()
	for _, form := range formText.FindAllStringSubmatch(b.page, -1) {
		if html.UnescapeString(form[1]) != action {
			continue
		}
		values := url.Values{}
		for _, input := range inputText.FindAllStringSubmatch(form[0], -1) {
			values.Set(input[1], "")
			if v := valueText.FindStringSubmatch(input[0]); v != nil {
				values.Set(input[1], html.UnescapeString(v[1]))
			}
		}
		return values
	}
	b.t.Fatalf("%s has no form for %s:\n%s", b.path, action, b.page)
	return nil
}

// send fills in a form of the page and sends it.
func (b *browser) send(action string, fields map[string]string) *browser {
	b.t.Helper()
	values := b.form(action)
	for name, value := range fields {
		if !values.Has(name) {
			b.t.Fatalf("the form for %s has no field %s", action, name)
		}
		values.Set(name, value)
	}
	return b.do("POST", action, values)
}

// want checks the status and what the page says.
func (b *browser) want(status int, texts ...string) *browser {
	b.t.Helper()
	if b.status != status {
		b.t.Errorf("%s: status %d, want %d", b.path, b.status, status)
	}
	for _, text := range texts {
		if !strings.Contains(b.page, text) {
			b.t.Errorf("%s does not say %q:\n%s", b.path, text, b.page)
		}
	}
	return b
}

func (b *browser) register(user string) *browser {
	b.t.Helper()
	return b.visit("/register").send("/register", map[string]string{
		"name": "Name of " + user, "email": user + "@example.com", "user": user, "password": "a long password",
	})
}

// A customer clicks her way through the shop.
func TestPages(t *testing.T) {
	t.Parallel()
	s := open(t)
	if err := s.shop.addDemo(t.Context()); err != nil {
		t.Fatal(err)
	}
	b := s.browser()
	b.visit("/").want(http.StatusOK, "Fountain pen", "€ 34.90", "20 left", "Register")
	b.visit("/cart").want(http.StatusOK, "Sign in")
	b.register("ann").want(http.StatusOK, "Sign out")
	if b.path != "/" {
		t.Errorf("then she is at %s", b.path)
	}
	b.send("/cart/fountain-pen/add", nil).want(http.StatusOK, "Your cart", "Fountain pen")
	b.visit("/products/pencil-2b").want(http.StatusOK, "Soft, cedar.").send("/cart/pencil-2b/add", nil)
	b.send("/cart/pencil-2b", map[string]string{"quantity": "3"}).want(http.StatusOK, "€ 40.60")
	b.send("/cart/pencil-2b", map[string]string{"quantity": "100"}).want(http.StatusUnprocessableEntity, `role="alert"`, "must be at most 99")
	order := b.form("/orders")
	b.send("/orders", nil).want(http.StatusOK, "Order ", "placed", "€ 40.60", "Pencil 2B")
	path := b.path
	b.do("POST", "/orders", order).want(http.StatusOK) // the button was pressed twice
	if b.path != path {
		t.Errorf("pressed again, the button leads to %s, and first to %s", b.path, path)
	}
	b.send(path+"/payment", nil).want(http.StatusOK, "Paid on", "on its way")
	s.handleAll(nil)
	b.visit(path).want(http.StatusOK, "Receipt R-")
	b.visit("/messages").want(http.StatusOK, "Welcome to the shop, Name of ann!", "Your receipt")
	b.visit("/orders").want(http.StatusOK, "paid", "2 lines")
	b.visit("/cart").want(http.StatusOK, "Nothing is in it")
	b.send("/signout", nil).want(http.StatusOK, "Register")
	b.visit(path).want(http.StatusOK, "Sign in")
	b.send("/signin", map[string]string{"email": "ann@example.com", "password": "another password"}).want(http.StatusUnauthorized, "e-mail or password is wrong", `value="ann@example.com"`)
	b.send("/signin", map[string]string{"email": "Ann@example.com", "password": "a long password"}).want(http.StatusOK, "Sign out")
	s.wantBooks()
}

var nextText = regexp.MustCompile(`<a href="([^"]*)" rel="next">`)

func TestPagesArePaged(t *testing.T) {
	t.Parallel()
	s := open(t)
	if err := s.shop.addDemo(t.Context()); err != nil {
		t.Fatal(err)
	}
	b := s.browser().visit("/?category=paper")
	titles := regexp.MustCompile(`<h2><a href="/products/([^"]*)"`)
	var seen []string
	for {
		for _, m := range titles.FindAllStringSubmatch(b.page, -1) {
			seen = append(seen, m[1])
		}
		next := nextText.FindStringSubmatch(b.page)
		if next == nil {
			break
		}
		b.visit(html.UnescapeString(next[1])).want(http.StatusOK, "First page")
	}
	if len(seen) != 26 || seen[0] != "graph-paper" || seen[25] != "card-24" {
		t.Errorf("the pages have %v", seen)
	}
	b.visit("/?category=paper&cursor=none").want(http.StatusBadRequest, "That did not work", "role=\"alert\"")
	b.visit("/products/none").want(http.StatusNotFound, "there is no such thing")
}

// A page that ends with the last product has no next one.
func TestTheLastPageHasNoNext(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, id := range numbered("card-", pageSize) {
		s.stocked(id, 120, 1)
	}
	if b := s.browser().visit("/?category=paper"); nextText.MatchString(b.page) || !strings.Contains(b.page, "Product card-11") {
		t.Errorf("the only page is %s", b.page)
	}
	s.stocked("card-99", 120, 1)
	if b := s.browser().visit("/?category=paper"); !nextText.MatchString(b.page) {
		t.Error("there is no way to the last product")
	}
}

// What others have written is text, wherever it stands.
func TestPagesEscape(t *testing.T) {
	t.Parallel()
	s := open(t)
	const hostile = `"><script>alert(1)</script><img src=x onerror=alert(2)>{{.Token}}`
	s.call(staffToken, "POST", "/api/products", object{"id": "a/b?c", "category": "paper", "name": "x", "price": 120}).want(http.StatusUnprocessableEntity)
	product := object{"id": "card", "category": "paper", "name": hostile, "text": hostile, "price": 120, "received": 5}
	s.call(staffToken, "POST", "/api/products", product).want(http.StatusCreated)
	b := s.browser()
	pages := map[string]string{}
	look := func() {
		t.Helper()
		pages[b.path] = b.page
		if strings.Contains(b.page, "<script") || strings.Contains(b.page, "<img") || strings.Contains(b.page, `href="javascript`) {
			t.Errorf("%s has markup of others:\n%s", b.path, b.page)
		}
	}
	b.visit("/register").send("/register", map[string]string{"name": hostile, "email": hostile, "user": hostile, "password": "short"}).want(http.StatusUnprocessableEntity)
	look()
	b.send("/register", map[string]string{"name": hostile, "email": "ann@example.com", "user": "ann", "password": "a long password"}).want(http.StatusOK, "Sign out")
	b.visit("/?category=paper")
	look()
	b.visit("/products/card").want(http.StatusOK, html.EscapeString(`onerror=alert(2)>{{.Token}}`))
	look()
	b.send("/cart/card/add", nil).want(http.StatusOK, "Your cart", "€ 1.20")
	look()
	b.send("/orders", nil).want(http.StatusOK, "placed")
	look()
	s.handleAll(nil)
	b.visit("/messages").want(http.StatusOK, "Welcome to the shop, ")
	look()
	b.visit("/?category=" + url.QueryEscape(hostile)).want(http.StatusOK)
	look()
	if len(pages) != 7 {
		t.Errorf("the pages were %v", slices.Sorted(maps.Keys(pages)))
	}
}

// A form that another site has made changes nothing: not with a customer's cookies, not with a token of another browser.
func TestFormsOfOthersAreRefused(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.stocked("card", 120, 5)
	b := s.browser()
	b.register("ann").want(http.StatusOK)
	b.visit("/products/card")
	ours := b.form("/cart/card/add")
	other := s.browser().visit("/register").form("/register")
	for name, form := range map[string]url.Values{"none": {}, "empty": {"token": {""}}, "of another browser": {"token": other["token"]}} {
		b.do("POST", "/cart/card/add", form).want(http.StatusForbidden)
		if b.status != http.StatusForbidden {
			t.Errorf("a token that is %s is taken", name)
		}
	}
	b.do("POST", "/cart/card/add", ours, "Sec-Fetch-Site", "cross-site").want(http.StatusForbidden)
	b.do("POST", "/cart/card/add", ours, "Origin", "https://other.example").want(http.StatusForbidden)
	b.visit("/cart").want(http.StatusOK, "Nothing is in it")
	b.do("POST", "/cart/card/add", ours, "Sec-Fetch-Site", "same-origin").want(http.StatusOK, "Your cart")
	// A token from before the customer signed in is none of hers.
	b.do("POST", "/cart/card/add", b.form("/orders")).want(http.StatusOK)
	// The API takes no cookies.
	b.visit("/api/me").want(http.StatusUnauthorized)

	res := s.call("", "GET", "/", nil)
	for _, c := range res.Result().Cookies() {
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode {
			t.Errorf("the cookie is %s", c)
		}
	}
	if policy := res.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") {
		t.Errorf("the policy is %q", policy)
	}
}

// What goes wrong with an order is said where it was ordered, and the same form can be sent again.
func TestSoldOutOnThePage(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.stocked("quill", 900, 1)
	ann, bob := s.browser(), s.browser()
	ann.register("ann").visit("/products/quill").send("/cart/quill/add", nil)
	bob.register("bob").visit("/products/quill").send("/cart/quill/add", nil)
	ann.send("/orders", nil).want(http.StatusOK, "placed")
	key := bob.form("/orders").Get("key")
	bob.send("/orders", nil).want(http.StatusConflict, `role="alert"`, "is sold out", "Error: Your cart")
	if again := bob.form("/orders").Get("key"); again != key {
		t.Error("the form has another key")
	}
	s.call(staffToken, "POST", "/api/products/quill/stock", object{"received": 1}).want(http.StatusOK)
	bob.send("/orders", nil).want(http.StatusOK, "placed")
}
