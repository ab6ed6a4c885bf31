package explorer

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/bridge"
	"github.com/entable/entable/internal/route"
)

//go:embed pages/*.html
var pages embed.FS

var templates = func() map[string]*template.Template {
	all := map[string]*template.Template{}
	base := template.Must(template.New("").Funcs(template.FuncMap{"runs": runs}).ParseFS(pages, "pages/layout.html", "pages/parts.html"))
	for _, name := range []string{"registry", "partition", "query", "item", "search", "audit", "edit", "error"} {
		all[name] = template.Must(template.Must(base.Clone()).ParseFS(pages, "pages/"+name+".html"))
	}
	return all
}()

// view is one page on its way to the browser.
type view struct {
	h     *Handler
	w     http.ResponseWriter
	r     *http.Request
	ctx   context.Context
	form  url.Values
	stats entable.Stats
}

// serve makes a page a handler.
func (h *Handler) serve(page func(*view) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		form, err := parameters(r)
		if err != nil {
			h.refuse(w, http.StatusBadRequest, "cannot read the address: "+err.Error())
			return
		}
		v := &view{h: h, w: w, r: r, form: form}
		ctx, cancel := context.WithTimeout(entable.WithStats(r.Context(), &v.stats), requestTime)
		defer cancel()
		v.ctx = ctx
		if err = page(v); err == nil {
			return
		}
		known, ok := errors.AsType[*pageError](err)
		if !ok {
			known = &pageError{http.StatusBadGateway, err.Error()}
		}
		h.refuse(w, known.status, known.text)
	}
}

// parameters returns what an address asks for.
func parameters(r *http.Request) (url.Values, error) {
	form, err := url.ParseQuery(r.URL.RawQuery)
	for _, texts := range form {
		if !utf8.ValidString(strings.Join(texts, " ")) {
			err = errors.New("text that is not UTF-8")
		}
	}
	return form, err
}

// pageError is an error with the status that it is answered with. All others are the service's.
type pageError struct {
	status int
	text   string
}

func (e *pageError) Error() string { return e.text }

func badRequest(format string, args ...any) error {
	return &pageError{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

func notFound(text string) error { return &pageError{http.StatusNotFound, text} }

// frame is what all pages have around them.
type frame struct {
	Title, Table, Page string
	Style              template.CSS
	Writes             bool
	Guess              *guess
	Body               any
}

func (h *Handler) refuse(w http.ResponseWriter, status int, text string) {
	if err := h.write(w, status, "error", http.StatusText(status), text); err != nil {
		http.Error(w, text, status)
	}
}

// show writes a page.
func (v *view) show(page, title string, body any) error {
	return v.h.write(v.w, http.StatusOK, page, title, body)
}

func (h *Handler) write(w http.ResponseWriter, status int, page, title string, body any) error {
	var text bytes.Buffer
	f := frame{Title: title, Table: h.table.Name(), Page: page, Style: template.CSS(style), Writes: h.writes, Guess: h.guess, Body: body}
	if err := templates[page].ExecuteTemplate(&text, "layout", f); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes()) // the browser has gone
	return nil
}

func (v *view) conn() (*route.Conn, error) { return bridge.Conn(v.ctx, v.h.table) }

// cost returns what the requests of the page have cost.
func (v *view) cost() entable.Counts { return v.stats.Total() }
