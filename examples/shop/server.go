package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// Server answers browsers and programs.
type Server struct {
	shop    *Shop
	log     *slog.Logger
	metrics *Metrics
	forms   forms
	staff   string // the token of the staff; "" for none
	https   bool   // cookies are for HTTPS alone

	draining atomic.Bool // set when it is shutting down: no new requests, please
}

// requestTime is how long a request may take.
const requestTime = 10 * time.Second

// Handler returns all routes.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	s.api(mux)
	s.pages(mux)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.Handle("GET /metrics", s.metrics)
	return s.around(http.NewCrossOriginProtection().Handler(mux), mux)
}

// ready says whether requests should come here: not while the table does not answer, or the registry contradicts it.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	if s.draining.Load() {
		http.Error(w, "shutting down", http.StatusServiceUnavailable)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), time.Second)
	defer cancel()
	if err := s.shop.Table.Verify(ctx); err != nil {
		s.failed(r, err)
		http.Error(w, "the table does not answer as it should", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ready")
}

func (s *Server) isStaff(token string) bool {
	return s.staff != "" && subtle.ConstantTimeCompare([]byte(token), []byte(s.staff)) == 1
}

// failed logs an error that is the shop's, not the client's.
func (s *Server) failed(r *http.Request, err error) {
	if p := problemOf(err); p.Status >= 500 && r.Context().Err() != context.Canceled {
		s.log.ErrorContext(r.Context(), "request failed", "status", p.Status, "error", err)
	}
}

// around gives each request an id, a limit of time and a line in the log, and counts it.
func (s *Server) around(next http.Handler, mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		id := requestID(r)
		w.Header().Set("X-Request-Id", id)
		ctx, cancel := context.WithTimeout(context.WithValue(r.Context(), requestIDKey{}, id), requestTime)
		defer cancel()
		r = r.WithContext(ctx)
		_, route := mux.Handler(r) // the pattern, of which there are few; paths are as many as clients like
		rec := &recorder{ResponseWriter: w}
		defer func() {
			if v := recover(); v != nil {
				s.log.ErrorContext(ctx, "panic", "value", v, "stack", string(debug.Stack()))
				if rec.status == 0 {
					http.Error(rec, "something is wrong with the shop", http.StatusInternalServerError)
				}
			}
			took := time.Since(start)
			s.metrics.served(route, rec.status, took)
			s.log.InfoContext(ctx, "request", "method", r.Method, "path", r.URL.Path, "status", rec.status, "took", took)
		}()
		next.ServeHTTP(rec, r)
	})
}

// recorder notes the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(p)
}

func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

type requestIDKey struct{}

var requestIDs = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// requestID returns the id that a proxy has given the request, or a new one.
func requestID(r *http.Request) string {
	if id := r.Header.Get("X-Request-Id"); requestIDs.MatchString(id) {
		return id
	}
	return rand.Text()
}

// withRequestIDs is a slog.Handler that adds the id of the request that a line belongs to.
type withRequestIDs struct{ slog.Handler }

func (h withRequestIDs) Handle(ctx context.Context, r slog.Record) error {
	if id, ok := ctx.Value(requestIDKey{}).(string); ok {
		r.AddAttrs(slog.String("request_id", id))
	}
	return h.Handler.Handle(ctx, r)
}

func (h withRequestIDs) WithAttrs(attrs []slog.Attr) slog.Handler {
	return withRequestIDs{h.Handler.WithAttrs(attrs)}
}

func (h withRequestIDs) WithGroup(name string) slog.Handler {
	return withRequestIDs{h.Handler.WithGroup(name)}
}
