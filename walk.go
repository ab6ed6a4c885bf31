package entable

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/cursor"
	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
)

// pageRequest is a Query or Scan that can be sent for one page after the other.
type pageRequest interface {
	// send requests the page behind the key start, of at most limit items, and gives its items to the sink.
	send(ctx context.Context, c *route.Conn, start map[string]types.AttributeValue, limit *int32, sink *pageItems) (route.Page, error)
}

type queryRequest struct{ in *dynamodb.QueryInput }

func (q queryRequest) send(ctx context.Context, c *route.Conn, start map[string]types.AttributeValue, limit *int32, sink *pageItems) (route.Page, error) {
	in := *q.in // the last request may still be in the hands of a client's middleware
	in.ExclusiveStartKey, in.Limit = start, limit
	return c.Query(ctx, &in, sink)
}

type scanRequest struct{ in *dynamodb.ScanInput }

func (s scanRequest) send(ctx context.Context, c *route.Conn, start map[string]types.AttributeValue, limit *int32, sink *pageItems) (route.Page, error) {
	in := *s.in
	in.ExclusiveStartKey, in.Limit = start, limit
	return c.Scan(ctx, &in, sink)
}

// pager walks one stream of pages and fetches them as it goes. The plan is not changed by it.
type pager struct {
	plan   *queryPlan
	conn   *route.Conn
	req    pageRequest
	start  cursor.Position // where the next request starts
	before cursor.Position // where the page in sink started
	taken  cursor.Position // behind the last item that was taken of the pages before, in moving
	sink   pageItems
	next   int               // in sink.items
	out    int               // items given out
	most   int               // what a request for all reads at the most; 0: all
	short  int               // pages from which items were passed over
	passed int               // unknown items that the walk has gone past since countSkipped
	key    *schema.SortValue // of the next item, in a merged walk; nil: not read yet

	behindLast int // unknown items behind the last item that was taken of the page, which may be read anew, see moving
}

func (p *queryPlan) pager(c *route.Conn, req pageRequest, start cursor.Position) *pager {
	return &pager{plan: p, conn: c, req: req, start: start, before: start, taken: start, sink: pageItems{plan: p}}
}

// walk starts a walk over a query from its cursor.
func (p *queryPlan) walk(ctx context.Context) (walker, error) {
	pagers, err := p.pagers(ctx)
	if err != nil {
		return nil, err
	}
	switch {
	case len(p.others) > 0:
		return p.moving(pagers), nil
	case len(pagers) == 1:
		return pagers[0], nil
	}
	return &merged{plan: p, pagers: pagers}, nil
}

func (p *queryPlan) pagers(ctx context.Context) ([]*pager, error) {
	if !p.ready() {
		return nil, p.err
	}
	at, err := p.openCursor(p.streams())
	if err != nil {
		return nil, err
	}
	if len(p.others) > 0 {
		p.mark, at = at[len(at)-1], at[:len(at)-1]
	}
	out := make([]*pager, len(at))
	for i := range out {
		one := p
		if i > 0 {
			one = p.shard(i)
		}
		in, err := one.input()
		if err != nil {
			return nil, err
		}
		out[i] = one.pager(nil, queryRequest{in}, at[i])
	}
	c, err := p.t.connAs(ctx, ownerOf(p.From), ownerOf(p.Want))
	for _, g := range out {
		g.conn = c
	}
	return out, err
}

// item returns the next item, or ok == false at the end or at the limit.
func (g *pager) item(ctx context.Context) (v any, ok bool, err error) {
	p := g.plan
	if p.limit > 0 && g.out == p.limit {
		return nil, false, nil
	}
	for g.next == len(g.sink.items) {
		if g.start.Done {
			return nil, false, nil
		}
		if err := g.fetch(ctx); err != nil {
			return nil, false, err
		}
		g.countSkipped()
	}
	l := g.take()
	g.countSkipped()
	if l.err != nil {
		return nil, false, l.err
	}
	g.out++
	return l.value, true, l.afterLoad(ctx, p)
}

func (l *loaded) afterLoad(ctx context.Context, p *queryPlan) error {
	if l.entity == nil || p.skipHooks == nil && l.entity.skipHooks || p.skipHooks != nil && *p.skipHooks {
		return nil
	}
	return l.entity.run(ctx, afterLoad, l.value)
}

// fetch requests the next page.
func (g *pager) fetch(ctx context.Context) error {
	g.next, g.key = 0, nil
	g.sink.by = g.plan.t.protector(ctx)
	res, err := g.req.send(ctx, g.conn, g.start.After, g.limit(), &g.sink)
	if err != nil {
		return g.plan.opError(err)
	}
	g.before, g.start = g.start, cursor.Position{After: res.Last, Done: len(res.Last) == 0}
	if g.plan.hydrates() {
		if err := g.hydrate(ctx); err != nil {
			return g.plan.opError(err)
		}
	}
	if g.sink.doubles {
		if err := g.dropDoubles(ctx); err != nil {
			return g.plan.opError(err)
		}
	}
	if len(g.sink.items) < g.sink.seen {
		g.short++
	}
	if g.passed, g.behindLast = g.passed+g.behindLast, 0; len(g.sink.items) == 0 {
		g.behindLast = g.sink.skipped
	}
	return nil
}

// limit returns how many items the next request may read. Without a page size these are as many as are still
// wanted, and twice as many after each page with items that were passed over here: a few items among
// many others do not take a request each.
func (g *pager) limit() *int32 {
	limit, wanted := g.plan.requestLimit(), g.most
	switch {
	case limit == nil && wanted == 0 || g.plan.pageSize > 0:
		return limit
	case limit != nil:
		wanted = min(g.plan.limit-g.out, math.MaxInt32-g.plan.ahead) + g.plan.ahead
	}
	return new(int32(min(wanted<<min(g.short, 16), math.MaxInt32)))
}

// countSkipped adds to the counter of SkipUnknown. It is called only by the goroutine that walks.
func (g *pager) countSkipped() {
	if len(g.plan.others) == 0 {
		g.passed, g.behindLast = g.passed+g.behindLast, 0
	}
	g.plan.countSkipped(g.passed)
	g.passed = 0
}

func (p *queryPlan) countSkipped(n int) {
	if p.skipped != nil {
		*p.skipped += n
	}
}

// each gives every item to yield, until it says no; an error comes last.
func (p *queryPlan) each(ctx context.Context, yield func(any, error) bool) {
	if p.segments > 0 {
		p.eachSegment(ctx, yield)
		return
	}
	w, err := p.walk(ctx)
	if err != nil {
		yield(nil, err)
		return
	}
	defer w.end()
	for {
		v, ok, err := w.item(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		if !ok || !yield(v, nil) {
			return
		}
	}
}

// few reads at most n items.
func (p *queryPlan) few(ctx context.Context, n int) ([]any, error) {
	one := *p
	one.limit = n
	var out []any
	var err error
	one.each(ctx, func(v any, e error) bool {
		if err = e; err == nil {
			out = append(out, v)
		}
		return err == nil
	})
	return out, err
}

func (p *queryPlan) first(ctx context.Context) (any, error) {
	found, err := p.few(ctx, 1)
	if err == nil && len(found) == 0 {
		err = p.opError(ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

func (p *queryPlan) one(ctx context.Context) (any, error) {
	found, err := p.few(ctx, 2)
	switch {
	case err != nil:
	case len(found) == 0:
		err = p.opError(ErrNotFound)
	case len(found) > 1:
		err = p.opError(ErrSeveral)
	default:
		return found[0], nil
	}
	return nil, err
}

// count counts the items. The service counts by itself where type and sort key tell the entity's items from
// others; else they are read.
func (p *queryPlan) count(ctx context.Context) (int, error) {
	if p.countable() {
		return p.countByService(ctx)
	}
	one := *p
	one.skipHooks, one.partial = new(true), schema.AnyParts
	if p.Want != nil {
		one.unknown = schema.SkipUnknown // the service does not count them either
	}
	n := 0
	var err error
	one.each(ctx, func(_ any, e error) bool {
		if err = e; err == nil {
			n++
		}
		return err == nil
	})
	return n, err
}

// countable reports whether the service can tell which items are the query's.
func (p *queryPlan) countable() bool {
	return p.Want != nil && p.Want.Other == nil && !p.Want.HideExpired && p.HoldsTypes() && p.LeadTells() && !p.Sort.Wider()
}

func (p *queryPlan) countByService(ctx context.Context) (int, error) {
	one := *p
	one.paths, one.partial, one.hydrate = nil, schema.AnyParts, false
	one.filters = append(slices.Clone(p.filters), ofTypes(p.Table.Discriminator, p.Want.Names()))
	pagers, err := one.pagers(ctx)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, g := range pagers {
		q := g.req.(queryRequest)
		q.in.Select = types.SelectCount
		for !g.start.Done && (p.limit == 0 || n < p.limit) {
			res, err := q.send(ctx, g.conn, g.start.After, q.in.Limit, &g.sink)
			if err != nil {
				return 0, p.opError(err)
			}
			n += int(res.Count)
			g.start = cursor.Position{After: res.Last, Done: len(res.Last) == 0}
		}
	}
	if p.limit > 0 {
		n = min(n, p.limit)
	}
	return n, nil
}

// page gives the items of one page to add and returns the cursor behind them.
func (p *queryPlan) page(ctx context.Context, add func(any)) (string, error) {
	if p.segments > 0 {
		return p.scanPage(ctx, add)
	}
	w, err := p.walk(ctx)
	if err != nil {
		return "", err
	}
	defer w.end()
	at, err := p.pageOf(ctx, w, add)
	if err != nil {
		return "", err
	}
	return p.sealCursor(at)
}

func (p *queryPlan) pageOf(ctx context.Context, w walker, add func(any)) ([]cursor.Position, error) {
	for {
		v, ok, err := w.item(ctx)
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		add(v)
		if p.limit == 0 && w.pageEnds() {
			break
		}
	}
	at, err := w.positions()
	if err != nil {
		return nil, p.opError(err)
	}
	return at, nil
}

// walker gives out the items of a query, of one partition or merged from several shards.
type walker interface {
	// item returns the next item, or ok == false at the end or at the limit.
	item(ctx context.Context) (v any, ok bool, err error)
	// positions are where the walk goes on behind the last item that was given out.
	positions() ([]cursor.Position, error)
	// pageEnds reports whether no item is at hand without another request.
	pageEnds() bool
	// end gives back what the walk has in hand.
	end()
}

func (g *pager) end() { g.sink.free() }

// pageItems receives the items of one response.
type pageItems struct {
	plan    *queryPlan
	by      schema.Protector
	items   []pageItem
	list    *[]pageItem // that items is made of, of the pool
	body    *wire.Body  // that the items alias
	seen    int         // items of the response
	skipped int         // unknown items behind the last of items
	doubles bool        // some may be at both of their places
	slabs   schema.Slabs
}

// pageItem is an item and the bytes that it was read from, where its keys are found.
type pageItem struct {
	loaded
	raw []byte
}

// Lists of items are used again. Those of most pages have room for what a page of 1 MB with items of 256 bytes has; longer ones
// are the collector's.
const maxPageItems = 4096

var pagePool sync.Pool // of *[]pageItem, zero

func (s *pageItems) Reset() {
	s.letGo()
	clear(s.items)
	s.items, s.seen, s.skipped, s.doubles, s.slabs = s.items[:0], 0, 0, false, schema.Slabs{}
}

// Hold keeps the body until the next page is asked for, or the walk ends.
func (s *pageItems) Hold(body *wire.Body) { s.body = body }

// letGo gives back what the items alias. The bytes that they were read from may not be looked at any more.
func (s *pageItems) letGo() {
	s.body.Free()
	s.body = nil
}

// free gives back the items and what they alias.
func (s *pageItems) free() {
	s.Reset()
	if s.list != nil && cap(s.items) <= maxPageItems {
		*s.list = s.items
		pagePool.Put(s.list)
	}
	s.items, s.list = nil, nil
}

// Item takes one item. A bad item is kept as the error in its place: what comes before it is given
// out first, and the request is not repeated for it.
func (s *pageItems) Item(_ string, _ int, r *wire.Reader) error {
	p := s.plan
	s.seen++
	start := r.Offset()
	if p.Sort.Wider() {
		if out, err := p.Outside(r); err != nil || out {
			_, skipErr := r.Skip()
			return skipErr
		}
	}
	var d schema.Decoded
	if p.hydrates() {
		d = p.Table.Tell(r)
	} else {
		d = p.Table.Decode(r, p.Want, &s.slabs, s.by)
		if p.selected || p.parts {
			p.MarkPart(d, p.selected)
		}
	}
	l := load(d)
	if d.Other || p.home != nil {
		if !s.place(&l) {
			return nil
		}
	}
	switch {
	case (l.err == nil || d.Misplaced()) && !p.takes(l.entity), l.value != nil && l.entity.Hides(l.value):
		return nil
	case l.err != nil:
		var keep bool
		if l, keep = s.resolve(l); !keep {
			return nil
		}
	}
	l.skipped, s.skipped = int32(s.skipped), 0
	if s.list == nil {
		s.makeRoom(1 + r.Expect(1, start))
	}
	s.items = append(s.items, pageItem{l, r.Since(start)})
	return nil
}

// makeRoom makes room for the items of a page, of which there may be so many.
func (s *pageItems) makeRoom(n int) {
	var pooled bool
	if s.list, pooled = pagePool.Get().(*[]pageItem); !pooled {
		s.list = new(make([]pageItem, 0, min(n, maxPageItems/4)))
	}
	s.items = *s.list
}

// takes reports whether items of e belong to the query. Those of other registered entities are passed
// over: they are not what was asked for.
func (p *queryPlan) takes(e *entity) bool {
	return e != nil && (p.Want == nil || p.Want == e.Entity) && (p.Members == nil || p.Members[e.Entity])
}

// resolve applies the query's setting for items of unknown types.
func (s *pageItems) resolve(l loaded) (_ loaded, keep bool) {
	u, ok := l.err.(*UnknownEntityError)
	switch set := cmp.Or(s.plan.unknown, s.plan.Table.Unknown); {
	case !ok:
		return l, true
	case u.Own, s.plan.segments > 0 && s.plan.Passes(u.Item): // the library's own, or others'
		return l, false
	case set == schema.RawUnknown && s.plan.Want == nil: // where one type is read there is no place for others
		return loaded{value: u.Item}, true
	case set == schema.SkipUnknown:
		s.skipped++
		return l, false
	}
	if s.plan.Want != nil {
		u.Want = s.plan.Want.Name
	}
	return l, true
}
