package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/entable/entable"
)

var (
	errBadRequest = errors.New("the request is not understood")
	errStaff      = errors.New("that is for the shop's staff")
	errIfMatch    = errors.New("say in If-Match which version of it you have read")
)

// maxBody is how large the body of a request may be.
const maxBody = 64 << 10

// api adds the routes for programs. They sign in with a token in the header Authorization, never with a cookie: so no page of another
// site can send requests in a customer's name.
func (s *Server) api(mux *http.ServeMux) {
	open := func(pattern string, f func(http.ResponseWriter, *http.Request) error) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			if err := f(w, r); err != nil {
				s.failed(r, err)
				sendProblem(w, problemOf(err))
			}
		})
	}
	customer := func(pattern string, f func(http.ResponseWriter, *http.Request, string) error) {
		open(pattern, func(w http.ResponseWriter, r *http.Request) error {
			id, err := s.shop.SignedIn(r.Context(), bearer(r))
			if err != nil {
				return err
			}
			return f(w, r, id)
		})
	}
	staff := func(pattern string, f func(http.ResponseWriter, *http.Request) error) {
		open(pattern, func(w http.ResponseWriter, r *http.Request) error {
			if !s.isStaff(bearer(r)) {
				return errStaff
			}
			return f(w, r)
		})
	}

	open("POST /api/customers", s.postCustomer)
	open("POST /api/sessions", s.postSession)
	open("DELETE /api/session", s.deleteSession)
	customer("GET /api/me", s.getMe)
	customer("PATCH /api/me", s.patchMe)
	open("GET /api/products", s.getProducts)
	open("GET /api/products/{product}", s.getProduct)
	customer("GET /api/cart", s.getCart)
	customer("PUT /api/cart/{product}", s.putCart)
	customer("POST /api/orders", s.postOrder)
	customer("GET /api/orders", s.getOrders)
	customer("GET /api/orders/{order}", s.getOrder)
	customer("POST /api/orders/{order}/payment", s.postPayment)
	customer("GET /api/messages", s.getMessages)

	staff("POST /api/products", s.postProduct)
	staff("PUT /api/products/{product}", s.putProduct)
	staff("POST /api/products/{product}/stock", s.postStock)
	staff("GET /api/days/{day}", s.getDay)
	staff("GET /api/days/{day}/orders", s.getDayOrders)
}

func (s *Server) postCustomer(w http.ResponseWriter, r *http.Request) error {
	var in struct{ Email, User, Name, Password string }
	if err := read(r, &in); err != nil {
		return err
	}
	c, err := s.shop.Register(r.Context(), Customer{Email: in.Email, User: in.User, Name: in.Name}, in.Password)
	if err != nil {
		return err
	}
	return send(w, http.StatusCreated, c)
}

func (s *Server) postSession(w http.ResponseWriter, r *http.Request) error {
	var in struct{ Email, Password string }
	if err := read(r, &in); err != nil {
		return err
	}
	token, err := s.shop.SignIn(r.Context(), in.Email, in.Password)
	if err != nil {
		return err
	}
	return send(w, http.StatusCreated, map[string]any{"token": token, "seconds": sessionLength.Seconds()})
}

func (s *Server) deleteSession(w http.ResponseWriter, r *http.Request) error {
	if err := s.shop.SignOut(r.Context(), bearer(r)); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) getMe(w http.ResponseWriter, r *http.Request, customer string) error {
	c, err := s.shop.Profile(r.Context(), customer)
	if err != nil {
		return err
	}
	return sendVersion(w, r, c.Version, c)
}

func (s *Server) patchMe(w http.ResponseWriter, r *http.Request, customer string) error {
	version, err := ifMatch(r)
	if err != nil {
		return err
	}
	var in struct{ Name, Email string }
	if err := read(r, &in); err != nil {
		return err
	}
	c, err := s.shop.Rename(r.Context(), customer, in.Name, in.Email, version)
	if err != nil {
		return err
	}
	return sendVersion(w, r, c.Version, c)
}

func (s *Server) getProducts(w http.ResponseWriter, r *http.Request) error {
	return sendPage(w, r, func(limit int, cursor string) (*entable.Page[Offer], error) {
		return s.shop.ProductsOf(r.Context(), r.FormValue("category"), limit, cursor)
	})
}

func (s *Server) getProduct(w http.ResponseWriter, r *http.Request) error {
	offer, err := s.shop.Offer(r.Context(), r.PathValue("product"))
	if err != nil {
		return err
	}
	w.Header().Set("ETag", etag(offer.Version)) // of the description, not of what is left
	return send(w, http.StatusOK, offer)
}

func (s *Server) postProduct(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Product
		Received int `json:"received"`
	}
	if err := read(r, &in); err != nil {
		return err
	}
	if in.Received < 0 {
		return fmt.Errorf("%w: received is below 0", errBadRequest)
	}
	in.Version = 0
	p, err := s.shop.AddProduct(r.Context(), in.Product, in.Received)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/products/"+p.ID)
	w.Header().Set("ETag", etag(p.Version))
	return send(w, http.StatusCreated, p)
}

func (s *Server) putProduct(w http.ResponseWriter, r *http.Request) error {
	version, err := ifMatch(r)
	if err != nil {
		return err
	}
	var p Product
	if err := read(r, &p); err != nil {
		return err
	}
	p.ID, p.Version = r.PathValue("product"), version
	changed, err := s.shop.ChangeProduct(r.Context(), p)
	if err != nil {
		return err
	}
	return sendVersion(w, r, changed.Version, changed)
}

func (s *Server) postStock(w http.ResponseWriter, r *http.Request) error {
	var in struct{ Received int }
	if err := read(r, &in); err != nil {
		return err
	}
	if in.Received < 1 {
		return fmt.Errorf("%w: received is below 1", errBadRequest)
	}
	stock, err := s.shop.Receive(r.Context(), r.PathValue("product"), in.Received)
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, stock)
}

func (s *Server) getCart(w http.ResponseWriter, r *http.Request, customer string) error {
	basket, err := s.shop.Basket(r.Context(), customer)
	if err != nil {
		return err
	}
	w.Header().Set("ETag", etag(basket.Version)) // of what is in it, not of the prices
	return send(w, http.StatusOK, basket)
}

// putCart takes If-Match but does not ask for it: the last of two quantities counts.
func (s *Server) putCart(w http.ResponseWriter, r *http.Request, customer string) error {
	version := int64(anyVersion)
	if r.Header.Get("If-Match") != "" {
		var err error
		if version, err = ifMatch(r); err != nil {
			return err
		}
	}
	var in struct{ Quantity int }
	if err := read(r, &in); err != nil {
		return err
	}
	if err := s.shop.SetQuantity(r.Context(), customer, r.PathValue("product"), in.Quantity, version); err != nil {
		return err
	}
	return s.getCart(w, r, customer)
}

func (s *Server) postOrder(w http.ResponseWriter, r *http.Request, customer string) error {
	var in struct{ Total Money }
	if err := read(r, &in); err != nil {
		return err
	}
	order, repeated, err := s.shop.Place(r.Context(), customer, r.Header.Get("Idempotency-Key"), in.Total)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/orders/"+order.ID)
	return send(w, created(repeated), order)
}

func (s *Server) getOrders(w http.ResponseWriter, r *http.Request, customer string) error {
	return sendPage(w, r, func(limit int, cursor string) (*entable.Page[*Order], error) {
		return s.shop.OrdersOf(r.Context(), customer, limit, cursor)
	})
}

func (s *Server) getOrder(w http.ResponseWriter, r *http.Request, customer string) error {
	file, err := s.shop.File(r.Context(), customer, r.PathValue("order"))
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, map[string]any{"order": file.Order, "lines": file.Dossier.Lines, "payment": file.Payment, "receipt": file.Receipt})
}

func (s *Server) postPayment(w http.ResponseWriter, r *http.Request, customer string) error {
	var in struct{ Amount Money }
	if err := read(r, &in); err != nil {
		return err
	}
	payment, repeated, err := s.shop.Pay(r.Context(), customer, r.PathValue("order"), in.Amount)
	if err != nil {
		return err
	}
	return send(w, created(repeated), payment)
}

func (s *Server) getMessages(w http.ResponseWriter, r *http.Request, customer string) error {
	return sendPage(w, r, func(limit int, cursor string) (*entable.Page[*Message], error) {
		return s.shop.MessagesOf(r.Context(), customer, limit, cursor)
	})
}

func (s *Server) getDay(w http.ResponseWriter, r *http.Request) error {
	day, err := dayOf(r)
	if err != nil {
		return err
	}
	sales, err := s.shop.SalesOn(r.Context(), day)
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, sales)
}

func (s *Server) getDayOrders(w http.ResponseWriter, r *http.Request) error {
	day, err := dayOf(r)
	if err != nil {
		return err
	}
	return sendPage(w, r, func(limit int, cursor string) (*entable.Page[*Order], error) {
		return s.shop.OrdersOn(r.Context(), day, limit, cursor)
	})
}

// What requests have in common.

func bearer(r *http.Request) string {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return token
}

func read(r *http.Request, into any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		if is[*http.MaxBytesError](err) {
			return err
		}
		return fmt.Errorf("%w: %w", errBadRequest, err)
	}
	return nil
}

func dayOf(r *http.Request) (time.Time, error) {
	day, err := time.Parse(time.DateOnly, r.PathValue("day"))
	if err != nil {
		return day, fmt.Errorf("%w: a day is 2006-01-02", errBadRequest)
	}
	return day, nil
}

// paging returns which page is asked for: a cursor is opaque, encrypted, and of one list alone.
func paging(r *http.Request) (limit int, cursor string, err error) {
	limit = pageSize
	if text := r.FormValue("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > 100 {
			return 0, "", fmt.Errorf("%w: limit is 1 to 100", errBadRequest)
		}
	}
	return limit, r.FormValue("cursor"), nil
}

func etag(version int64) string { return fmt.Sprintf(`"%d"`, version) }

// ifMatch returns the version that the client has read.
func ifMatch(r *http.Request) (int64, error) {
	tag := r.Header.Get("If-Match")
	if tag == "" {
		return 0, errIfMatch
	}
	version, err := strconv.ParseInt(strings.Trim(tag, `"`), 10, 64)
	if err != nil || version < 0 || etag(version) != tag {
		return 0, fmt.Errorf("%w: If-Match is none of the shop's ETags", errBadRequest)
	}
	return version, nil
}

func created(repeated bool) int {
	if repeated {
		return http.StatusOK
	}
	return http.StatusCreated
}

func send(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // the client is gone, if this fails
	return nil
}

// sendPage sends the page of a list that is asked for.
func sendPage[T any](w http.ResponseWriter, r *http.Request, list func(limit int, cursor string) (*entable.Page[T], error)) error {
	limit, cursor, err := paging(r)
	if err != nil {
		return err
	}
	page, err := list(limit, cursor)
	if err != nil {
		return err
	}
	items := page.Items
	if items == nil {
		items = []T{}
	}
	return send(w, http.StatusOK, map[string]any{"items": items, "cursor": page.Cursor})
}

// sendVersion sends what has a version, unless the client has that version already.
func sendVersion(w http.ResponseWriter, r *http.Request, version int64, v any) error {
	w.Header().Set("ETag", etag(version))
	if r.Method == http.MethodGet && r.Header.Get("If-None-Match") == etag(version) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return send(w, http.StatusOK, v)
}
