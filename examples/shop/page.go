package main

import (
	"bytes"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strconv"

	"github.com/entable/entable"
)

//go:embed pages
var pageFiles embed.FS

// templates are the pages, each within the layout. html/template escapes what stands in them by where it stands.
var templates = func() map[string]*template.Template {
	all := map[string]*template.Template{}
	for _, name := range []string{"products", "product", "register", "signin", "cart", "orders", "order", "messages", "problem"} {
		all[name] = template.Must(template.ParseFS(pageFiles, "pages/layout.html", "pages/"+name+".html"))
	}
	return all
}()

// visit is one request of a browser.
type visit struct {
	*Server
	w       http.ResponseWriter
	r       *http.Request
	visit   string
	session string
	// Customer is the id of who is signed in, or "".
	Customer string
}

// view is what a page is made of.
type view struct {
	*visit
	Title   string
	Problem *problem
	Data    any
}

// Token returns what the page's forms send back.
func (v *visit) Token() string { return v.forms.token(v.visit, v.session) }

// Here reports whether the page is at this path.
func (v *visit) Here(path string) bool { return v.r.URL.Path == path }

// pages adds the routes for browsers.
func (s *Server) pages(mux *http.ServeMux) {
	page := func(pattern string, f func(*visit) error) { mux.Handle(pattern, s.page(f)) }
	customer := func(pattern string, f func(*visit) error) {
		page(pattern, func(v *visit) error {
			if v.Customer == "" {
				http.Redirect(v.w, v.r, "/signin", http.StatusSeeOther)
				return nil
			}
			return f(v)
		})
	}
	page("GET /{$}", (*visit).products)
	page("GET /products/{product}", (*visit).product)
	page("GET /register", func(v *visit) error { return v.show(http.StatusOK, "register", "Register", filled{}) })
	page("POST /register", (*visit).register)
	page("GET /signin", func(v *visit) error { return v.show(http.StatusOK, "signin", "Sign in", filled{}) })
	page("POST /signin", (*visit).signIn)
	page("POST /signout", (*visit).signOut)
	customer("GET /cart", func(v *visit) error { return v.cart(rand.Text(), nil) })
	customer("POST /cart/{product}", (*visit).setQuantity)
	customer("POST /cart/{product}/add", (*visit).putInto)
	customer("POST /orders", (*visit).place)
	customer("GET /orders", (*visit).orders)
	customer("GET /orders/{order}", func(v *visit) error { return v.order(nil) })
	customer("POST /orders/{order}/payment", (*visit).pay)
	customer("GET /messages", (*visit).messages)
	mux.HandleFunc("GET /style.css", func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, pageFiles, "pages/style.css") })
}

// page begins a visit. What is sent has to come from a form of the shop; what fails is shown as a page.
func (s *Server) page(f func(*visit) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		v := &visit{Server: s, w: w, r: r, visit: s.visitOf(w, r)}
		if err := v.run(f); err != nil {
			s.failed(r, err)
			p := problemOf(err)
			if err := v.show(p.Status, "problem", "That did not work", p); err != nil {
				s.log.ErrorContext(r.Context(), "page failed", "error", err)
				http.Error(w, p.Detail, p.Status)
			}
		}
	})
}

func (v *visit) run(f func(*visit) error) error {
	v.session = cookie(v.r, sessionCookie)
	customer, err := v.shop.SignedIn(v.r.Context(), v.session)
	switch {
	case errors.Is(err, errSignedIn): // nobody is, or not any more
	case err != nil:
		return err
	default:
		v.Customer = customer
		if v.r.Method == http.MethodGet {
			v.setCookie(v.w, sessionCookie, v.session, int(sessionLength.Seconds()))
		}
	}
	if v.r.Method == http.MethodPost {
		if err := v.forms.check(v.r); err != nil {
			return err
		}
	}
	return f(v)
}

// show answers with a page. It is made as a whole before anything of it is sent.
func (v *visit) show(status int, name, title string, data any) error {
	return v.showWith(status, name, title, data, nil)
}

func (v *visit) showWith(status int, name, title string, data any, p *problem) error {
	var body bytes.Buffer
	if err := templates[name].ExecuteTemplate(&body, "layout", view{v, title, p, data}); err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if status == http.StatusServiceUnavailable {
		v.w.Header().Set("Retry-After", "1")
	}
	v.w.WriteHeader(status)
	_, _ = v.w.Write(body.Bytes()) // the browser is gone, if this fails
	return nil
}

// showPage answers with the page of a list that is asked for.
func showPage[T any](v *visit, name, title string, data map[string]any, list func(limit int, cursor string) (*entable.Page[T], error)) error {
	limit, cursor, err := paging(v.r)
	if err != nil {
		return err
	}
	if data["Page"], err = list(limit, cursor); err != nil {
		return err
	}
	data["Later"] = cursor != ""
	return v.show(http.StatusOK, name, title, data)
}

// refusal returns what a form says that was not accepted. What the shop is to blame for is logged.
func (v *visit) refusal(err error) (int, *problem) {
	if err == nil {
		return http.StatusOK, nil
	}
	v.failed(v.r, err)
	p := problemOf(err)
	return p.Status, &p
}

func (v *visit) redirect(path string) error {
	http.Redirect(v.w, v.r, path, http.StatusSeeOther)
	return nil
}

// filled is what was filled into a form, to be shown again.
type filled struct{ Email, User, Name string }

func (v *visit) products() error {
	category := v.r.FormValue("category")
	if category == "" {
		category = Categories[0]
	}
	return showPage(v, "products", "Products", map[string]any{"Categories": Categories, "Category": category}, func(limit int, cursor string) (*entable.Page[Offer], error) {
		return v.shop.ProductsOf(v.r.Context(), category, limit, cursor)
	})
}

func (v *visit) product() error {
	offer, err := v.shop.Offer(v.r.Context(), v.r.PathValue("product"))
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "product", offer.Name, offer)
}

func (v *visit) register() error {
	c := Customer{Email: v.r.PostFormValue("email"), User: v.r.PostFormValue("user"), Name: v.r.PostFormValue("name")}
	secret := v.r.PostFormValue("password")
	if _, err := v.shop.Register(v.r.Context(), c, secret); err != nil {
		status, p := v.refusal(err)
		return v.showWith(status, "register", "Register", filled{c.Email, c.User, c.Name}, p)
	}
	return v.begin(c.Email, secret, "register", "Register")
}

func (v *visit) signIn() error {
	return v.begin(v.r.PostFormValue("email"), v.r.PostFormValue("password"), "signin", "Sign in")
}

// begin signs a customer in, or shows the form again.
func (v *visit) begin(email, secret, form, title string) error {
	token, err := v.shop.SignIn(v.r.Context(), email, secret)
	if err != nil {
		status, p := v.refusal(err)
		return v.showWith(status, form, title, filled{Email: email}, p)
	}
	v.setCookie(v.w, sessionCookie, token, int(sessionLength.Seconds()))
	return v.redirect("/")
}

func (v *visit) signOut() error {
	if err := v.shop.SignOut(v.r.Context(), v.session); err != nil {
		return err
	}
	v.setCookie(v.w, sessionCookie, "", -1)
	return v.redirect("/")
}

// cart shows the cart, with the key that its order will be known by however often the form is sent.
func (v *visit) cart(key string, failed error) error {
	status, p := v.refusal(failed)
	basket, err := v.shop.Basket(v.r.Context(), v.Customer)
	if err != nil {
		return err
	}
	return v.showWith(status, "cart", "Your cart", map[string]any{"Basket": basket, "Key": key}, p)
}

func (v *visit) setQuantity() error {
	quantity, err := strconv.Atoi(v.r.PostFormValue("quantity"))
	if err != nil {
		return v.cart(rand.Text(), fmt.Errorf("%w: a quantity is a number", errBadRequest))
	}
	if err := v.shop.SetQuantity(v.r.Context(), v.Customer, v.r.PathValue("product"), quantity, anyVersion); err != nil {
		return v.cart(rand.Text(), err)
	}
	return v.redirect("/cart")
}

func (v *visit) putInto() error {
	if err := v.shop.PutInto(v.r.Context(), v.Customer, v.r.PathValue("product")); err != nil {
		return v.cart(rand.Text(), err)
	}
	return v.redirect("/cart")
}

func (v *visit) place() error {
	key := v.r.PostFormValue("key")
	total, err := strconv.ParseInt(v.r.PostFormValue("total"), 10, 64)
	if err != nil {
		return fmt.Errorf("%w: the form has no total", errBadRequest)
	}
	order, _, err := v.shop.Place(v.r.Context(), v.Customer, key, Money(total))
	if err != nil {
		return v.cart(key, err)
	}
	return v.redirect("/orders/" + order.ID)
}

func (v *visit) orders() error {
	return showPage(v, "orders", "Your orders", map[string]any{}, func(limit int, cursor string) (*entable.Page[*Order], error) {
		return v.shop.OrdersOf(v.r.Context(), v.Customer, limit, cursor)
	})
}

func (v *visit) order(failed error) error {
	status, p := v.refusal(failed)
	file, err := v.shop.File(v.r.Context(), v.Customer, v.r.PathValue("order"))
	if err != nil {
		return err
	}
	return v.showWith(status, "order", "Order "+file.ID, file, p)
}

func (v *visit) pay() error {
	amount, err := strconv.ParseInt(v.r.PostFormValue("amount"), 10, 64)
	if err != nil {
		return fmt.Errorf("%w: the form has no amount", errBadRequest)
	}
	id := v.r.PathValue("order")
	if _, _, err := v.shop.Pay(v.r.Context(), v.Customer, id, Money(amount)); err != nil {
		return v.order(err)
	}
	return v.redirect("/orders/" + id)
}

func (v *visit) messages() error {
	return showPage(v, "messages", "Your messages", map[string]any{}, func(limit int, cursor string) (*entable.Page[*Message], error) {
		return v.shop.MessagesOf(v.r.Context(), v.Customer, limit, cursor)
	})
}
