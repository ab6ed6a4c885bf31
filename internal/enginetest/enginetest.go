// Package enginetest runs tests of the mapper on both engines, the in-process one and DynamoDB Local, by each route that items take
// to them. Test files alone import it.
package enginetest

import (
	"iter"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/ddblocal"
	"github.com/entable/entable/memory"
)

// Engine is a database that tests run on.
type Engine string

const (
	Memory Engine = "memory" // a database of its own for each test
	Local  Engine = "local"  // one for all tests of a process; where it cannot run, the test is skipped and says why
)

func (e Engine) open(t testing.TB) (*dynamodb.Client, *memory.DB) {
	t.Helper()
	if e == Local {
		return ddblocal.Client(t), nil
	}
	db := memory.New()
	t.Cleanup(db.Close)
	return db.Client(), db
}

// By returns the ways to the engine by some routes.
func (e Engine) By(routes ...Route) (ways []Way) {
	for _, r := range routes {
		ways = append(ways, Way{e, r})
	}
	return ways
}

// Route is the way that items take between a table and the wire.
type Route string

const (
	Direct  Route = "direct"  // the client is the SDK's
	Plain   Route = "plain"   // so it is, and items go through the SDK's types all the same
	Wrapped Route = "wrapped" // the client is a user's own, so that items go through the SDK's types
)

// Routes are all of them.
var Routes = []Route{Direct, Plain, Wrapped}

// wrapper is a client of a user's own.
type wrapper struct{ *dynamodb.Client }

// Client returns what a table uses on the route.
func (r Route) Client(c *dynamodb.Client) entable.Client {
	if r == Wrapped {
		return wrapper{c}
	}
	return c
}

// Options returns how a table is declared for the route.
func (r Route) Options() []entable.TableOption {
	if r == Plain {
		return []entable.TableOption{entable.PlainRoute()}
	}
	return nil
}

// Way is an engine and a route to it. Without one it is the direct route, of tests that are not about routes.
type Way struct {
	Engine Engine
	Route  Route
}

// String returns how the way's subtests are named.
func (w Way) String() string {
	if w.Route == "" {
		return string(w.Engine)
	}
	return string(w.Engine) + "/" + string(w.Route)
}

var (
	// All are both engines by all routes.
	All = slices.Concat(Memory.By(Routes...), Local.By(Routes...))
	// Apart are all but one, which sends DynamoDB Local what a wrapped client sends.
	Apart = slices.Concat(Memory.By(Routes...), Local.By(Direct, Wrapped))
	// Engines are both, by no route in particular.
	Engines = []Way{{Engine: Memory}, {Engine: Local}}
)

// Each runs a test by each of the ways, in parallel, with clients that the options change.
func Each(t *testing.T, ways []Way, test func(t *testing.T, s *Setup), opts ...func(*dynamodb.Options)) {
	t.Parallel()
	for _, w := range ways {
		t.Run(w.String(), func(t *testing.T) {
			t.Parallel()
			test(t, w.Open(t, opts...))
		})
	}
}

// Check ends the test at an error.
func Check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Collect ranges to the end.
func Collect[T any](t testing.TB, items iter.Seq2[T, error]) (all []T) {
	t.Helper()
	for item, err := range items {
		Check(t, err)
		all = append(all, item)
	}
	return all
}
