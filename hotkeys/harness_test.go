package hotkeys_test

import (
	"crypto/rand"
	"iter"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/ddblocal"
	"github.com/entable/entable/memory"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func collect[T any](t testing.TB, items iter.Seq2[T, error]) (all []T) {
	t.Helper()
	for v, err := range items {
		check(t, err)
		all = append(all, v)
	}
	return all
}

// wrapper is a client that is no *dynamodb.Client.
type wrapper struct{ *dynamodb.Client }

// setup is one engine, and one route to it.
type setup struct {
	t      *testing.T
	client entable.Client
	opts   []entable.TableOption
	sent   atomic.Int64 // attempts
	next   dynamodb.HTTPClient
}

func (s *setup) Do(r *http.Request) (*http.Response, error) {
	s.sent.Add(1)
	return s.next.Do(r)
}

// eachSetup runs a test on both engines, by each route.
func eachSetup(t *testing.T, test func(t *testing.T, s *setup)) {
	engines := map[string]func(testing.TB) *dynamodb.Client{"memory": func(t testing.TB) *dynamodb.Client {
		db := memory.New()
		t.Cleanup(db.Close)
		return db.Client()
	}, "local": ddblocal.Client}
	for engine, open := range engines {
		for _, route := range []string{"direct", "plain", "wrapped"} {
			if engine == "local" && route == "plain" {
				continue // which is that of a wrapped client
			}
			t.Run(engine+"/"+route, func(t *testing.T) {
				t.Parallel()
				o := open(t).Options()
				s := &setup{t: t, next: o.HTTPClient}
				o.HTTPClient = s
				client := dynamodb.New(o)
				if s.client = client; route == "wrapped" {
					s.client = wrapper{client}
				} else if route == "plain" {
					s.opts = append(s.opts, entable.PlainRoute())
				}
				test(t, s)
			})
		}
	}
}

func (s *setup) newTable(opts ...entable.TableOption) *entable.Table {
	s.t.Helper()
	table := entable.NewTable("things-"+rand.Text(), append(s.opts, opts...)...)
	table.Use(s.client)
	check(s.t, table.CreateTable(s.t.Context()))
	return table
}
