package explorer

import (
	"crypto/sha256"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"path"
	"slices"
	"strings"
)

//go:embed pages/style.css
var style string

// policy allows the one style sheet that the pages bring with them, and forms: no script, no image, no frame around them.
var policy = func() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
}()

// ServeHTTP serves the pages. It may be mounted below a path: with [http.StripPrefix], under one that ends in a slash.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	set := w.Header().Set
	set("Content-Security-Policy", policy)
	set("X-Content-Type-Options", "nosniff")
	set("X-Frame-Options", "DENY")
	set("Cross-Origin-Opener-Policy", "same-origin")
	set("Cross-Origin-Resource-Policy", "same-origin")
	set("Cache-Control", "no-store")
	set("Referrer-Policy", "no-referrer")
	if h.writes { // with no-referrer a browser says that the origin of a form is null
		set("Referrer-Policy", "same-origin")
	}
	switch {
	case !h.known(r.Host):
		h.refuse(w, http.StatusMisdirectedRequest, fmt.Sprintf("%q is no name of this explorer: call it by localhost, or name the host with explorer.Hosts", r.Host))
	case foreign(r):
		h.refuse(w, http.StatusForbidden, "another site has sent this request")
	case r.URL.Path == "": // mounted without its slash, so that links would lead elsewhere
		before, _, _ := strings.Cut(r.RequestURI, "?")
		set("Location", "./"+path.Base(before)+"/")
		w.WriteHeader(http.StatusMovedPermanently)
	default:
		h.mux.ServeHTTP(w, r)
	}
}

// known reports whether host, which may have a port, is a name of this machine or one that is allowed.
func (h *Handler) known(host string) bool {
	name := host
	if bare, _, err := net.SplitHostPort(host); err == nil {
		name = bare
	}
	name = strings.TrimSuffix(strings.ToLower(strings.Trim(name, "[]")), ".")
	if addr, err := netip.ParseAddr(name); err == nil && addr.Unmap().IsLoopback() {
		return true
	}
	return name == "localhost" || strings.HasSuffix(name, ".localhost") ||
		slices.ContainsFunc(h.hosts, func(allowed string) bool { return strings.EqualFold(allowed, name) })
}

// foreign reports whether a browser says that another site has made the request. Links from other sites may lead to pages that
// cost one read; pages that read much have to be asked for from here.
func foreign(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	if site != "cross-site" && site != "same-site" {
		return false
	}
	cheap := r.URL.Path != "/search" && r.URL.Path != "/audit" && r.URL.Path != "/query"
	link := r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
	return !(r.Method == http.MethodGet && link && cheap)
}

// maxForm bounds what a form may send, in bytes: an item before and after, in JSON with every byte escaped.
const maxForm = 8 << 20

// guarded lets a page be served only to a form that came from a page of this handler.
func (h *Handler) guarded(page func(*view) error) func(*view) error {
	return func(v *view) error {
		if err := new(http.CrossOriginProtection).Check(v.r); err != nil {
			return &pageError{http.StatusForbidden, "another site has sent this form"}
		}
		v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxForm)
		if err := v.r.ParseForm(); err != nil {
			return badRequest("cannot read the form: %s", err)
		}
		if subtle.ConstantTimeCompare([]byte(v.r.PostForm.Get("token")), []byte(h.token)) != 1 {
			return &pageError{http.StatusForbidden, "the form is not of this run of the program: load the page with it anew"}
		}
		return page(v)
	}
}
