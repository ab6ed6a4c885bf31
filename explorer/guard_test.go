package explorer_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/entable/entable/explorer"
)

// addresses are of every kind of page, wrong ones among them.
var addresses = []string{"", "query?entity=order", "query?entity=order&f.id=1", "partition?pk=CI%231", "item?pk=CI%231&sk=A", "search?q=C", "audit?run=1",
	"edit?pk=CI%231&sk=A", "nowhere", "item", "partition?index=none&pk=1", "query?entity=none", "partition?pk=CI%231&after=none"}

func TestHeaders(t *testing.T) {
	s := newShop(t)
	for _, address := range addresses {
		res := s.do(s.request(http.MethodGet, address, nil))
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; style-src 'sha256-",
			"X-Content-Type-Options":  "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
			"X-Frame-Options": "DENY", "Content-Type": "text/html; charset=utf-8",
		} {
			if got := res.Header.Get(name); !strings.HasPrefix(got, want) {
				t.Errorf("/%s: %s is %q, want %q", address, name, got, want)
			}
		}
		if policy := res.Header.Get("Content-Security-Policy"); strings.Contains(policy, "unsafe") || strings.Contains(policy, "script-src") {
			t.Errorf("/%s: the policy allows too much: %s", address, policy)
		}
		if body := bodyOf(t, res); strings.Contains(body, "<script") || strings.Contains(body, "style=") || strings.Contains(body, "src=") {
			t.Errorf("/%s has a script, a style of its own, or an asset", address)
		}
	}
}

// A name that is resolved to this machine by somebody else does not reach the table.
func TestHosts(t *testing.T) {
	s := newShop(t, explorer.Hosts("tables.example.com"))
	for host, status := range map[string]int{
		"localhost": 200, "localhost:8080": 200, "LOCALHOST.": 200, "app.localhost:1": 200, "127.0.0.1": 200, "127.8.9.1:80": 200,
		"[::1]:8080": 200, "[::ffff:127.0.0.1]": 200, "tables.example.com": 200, "Tables.Example.com:443": 200,
		"evil.example": 421, "localhost.evil.example": 421, "127.0.0.1.evil.example:8080": 421, "192.168.1.7": 421, "0.0.0.0": 421,
		"xtables.example.com": 421, "notlocalhost": 421, "[::2]": 421, "": 421,
	} {
		r := s.request(http.MethodGet, "", nil)
		r.Host = host
		if res := s.do(r); res.StatusCode != status {
			t.Errorf("host %q: status %d, want %d", host, res.StatusCode, status)
		}
	}
}

func TestOtherSites(t *testing.T) {
	s := newShop(t)
	for _, c := range []struct {
		address, site, mode, dest string
		status                    int
	}{
		{"", "cross-site", "navigate", "document", 200}, // a link
		{"item?pk=CI%231&sk=A", "cross-site", "navigate", "document", 404},
		{"item?pk=CI%231&sk=A", "cross-site", "no-cors", "image", 403},
		{"", "cross-site", "navigate", "iframe", 403},
		{"", "same-site", "cors", "empty", 403},
		{"audit?run=1", "cross-site", "navigate", "document", 403}, // which costs
		{"search?q=x", "same-site", "navigate", "document", 403},
		{"audit?run=1", "same-origin", "navigate", "document", 200},
		{"audit?run=1", "none", "navigate", "document", 200}, // typed, or a bookmark
		{"audit?run=1", "", "", "", 200},
	} {
		r := s.request(http.MethodGet, c.address, nil)
		for name, value := range map[string]string{"Sec-Fetch-Site": c.site, "Sec-Fetch-Mode": c.mode, "Sec-Fetch-Dest": c.dest} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		if res := s.do(r); res.StatusCode != c.status {
			t.Errorf("%+v: status %d", c, res.StatusCode)
		}
	}
}

func TestReadOnly(t *testing.T) {
	s := newShop(t)
	for _, path := range []string{"", "item", "edit", "delete", "audit", "query", "nowhere"} {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			res := s.do(s.request(method, path, url.Values{"pk": {"1"}}))
			if res.StatusCode != http.StatusNotFound && res.StatusCode != http.StatusMethodNotAllowed {
				t.Errorf("%s /%s: status %d", method, path, res.StatusCode)
			}
		}
	}
	s.get(http.StatusNotFound, "edit?pk=CI%231&sk=A")
}

func TestMounted(t *testing.T) {
	s := newShop(t)
	s.put(s.order("1", 2026, 1))
	mounted := http.StripPrefix("/debug/table", s.site)
	for address, location := range map[string]string{"/debug/table": "./table/", "/debug/table/": "", "/debug/table/query?entity=order&f.id=1": ""} {
		w := httptest.NewRecorder()
		mounted.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost"+address, nil))
		if got := w.Result().Header.Get("Location"); got != location {
			t.Errorf("%s leads to %q, want %q", address, got, location)
		}
		if strings.Contains(w.Body.String(), `href="/`) || strings.Contains(w.Body.String(), `action="/`) {
			t.Errorf("%s has an address that leads out of where it is mounted", address)
		}
	}
}
