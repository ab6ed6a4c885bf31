package explorer

import (
	"context"
	"crypto/rand"
	"net/http"
	"time"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/bridge"
	"github.com/entable/entable/internal/propose"
	"github.com/entable/entable/internal/schema"
)

// Handler shows one table. It is safe for concurrent use.
type Handler struct {
	table    *entable.Table
	declared *schema.Table
	options
	guess *guess // how the kinds were guessed; nil for a registry
	mux   *http.ServeMux
	token string // what forms that write have to bring back
}

// New returns a handler that shows a table and what is registered on it, now and later. Requests go to the table's client
// ([entable.Table.Use]) or the default one; those of one page's load to the client that [entable.WithClient] has put into the
// request's context, if any.
func New(table *entable.Table, opts ...Option) *Handler {
	h := &Handler{table: table, declared: bridge.Declared(table), token: rand.Text()}
	for _, o := range opts {
		o(&h.options)
	}
	h.mux = h.routes()
	return h
}

// Client is what [Guess] needs of a client; a *dynamodb.Client has it.
type Client interface {
	entable.Client
	entable.TableClient
}

// sampled is how many items the kinds of a table are guessed from.
const sampled = 1000

// guess says how the kinds of a table were guessed.
type guess struct {
	Items, Placed int
	Unplaced      []propose.Unplaced
	Problem       string // why there are no kinds
}

// Guess returns a handler for a table that no registry is known of. It describes the table, reads a sample of up to 1000 items
// from all over it, and takes for registered what `entable propose` would declare for these. Items that do not fit are shown as
// they are stored. What it says is a guess: an audit shows the items that contradict it. It writes nothing; the error is that
// of DescribeTable or Scan.
func Guess(ctx context.Context, client Client, table string, opts ...Option) (*Handler, error) {
	t, items, err := propose.Scan(ctx, client, table, sampled, nil)
	if err != nil {
		return nil, err
	}
	g := &guess{Items: len(items)}
	bare := &propose.Proposal{Table: t}
	p := bare
	if len(items) == 0 {
		g.Problem = "the table has no items"
	} else if p, err = propose.Propose(t, items); err != nil {
		g.Problem, p = err.Error(), bare
	}
	declared, err := p.Declare()
	if err != nil {
		g.Problem, p = err.Error(), bare
		if declared, err = p.Declare(); err != nil {
			return nil, err
		}
	}
	g.Placed, g.Unplaced = p.Placed(), p.Unplaced
	made := bridge.Table(declared).(*entable.Table)
	made.Use(client)
	h := New(made, opts...)
	h.guess = g
	return h, nil
}

// Option is a setting of a handler.
type Option func(*options)

type options struct {
	hosts  []string
	hidden []string
	writes bool
}

// Hosts sets by which names the handler may be called besides those of this machine itself (localhost, names below it, and
// loopback addresses), without ports: "tables.example.com". Requests under other names are refused, since any page in the
// browser could send them by having its own name resolved to this machine.
func Hosts(names ...string) Option {
	return func(o *options) { o.hosts = append(o.hosts, names...) }
}

// Hide names attributes whose values are not shown, of whichever entity, besides those that are declared as hidden.
func Hide(attributes ...string) Option {
	return func(o *options) { o.hidden = append(o.hidden, attributes...) }
}

// AllowWrites adds pages on which items are changed and deleted, overriding the default of reading only. Whoever can reach the
// handler can then write with the client's rights. Forms carry a token that another site cannot know, and requests that a
// browser marks as another site's are refused. Tokens are good until the program ends, and for one Handler.
//
// A change is sent as an update of what differs, under the condition that it still is as it was shown. It has to leave an item
// that can be read under its type, with the index keys that its fields make. Keys, hidden attributes, unique values and the
// library's own items cannot be written here, nor items with unique values be deleted; the version of an item is raised.
func AllowWrites() Option {
	return func(o *options) { o.writes = true }
}

// requestTime bounds the requests of one page.
const requestTime = 30 * time.Second

func (h *Handler) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for pattern, page := range map[string]func(*view) error{
		"GET /{$}":       h.registry,
		"GET /partition": h.partition,
		"GET /query":     h.query,
		"GET /item":      h.item,
		"GET /search":    h.search,
		"GET /audit":     h.audit,
	} {
		mux.HandleFunc(pattern, h.serve(page))
	}
	if h.writes {
		mux.HandleFunc("GET /edit", h.serve(h.edit))
		mux.HandleFunc("POST /edit", h.serve(h.guarded(h.save)))
		mux.HandleFunc("POST /delete", h.serve(h.guarded(h.remove)))
	}
	mux.HandleFunc("GET /", h.serve(func(*view) error { return notFound("there is no such page") }))
	return mux
}
