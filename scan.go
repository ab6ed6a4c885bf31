package entable

import (
	"context"
	"iter"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// maxSegments is the service's limit.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
const maxSegments = 1_000_000

// Scan reads all items of an entity, in no useful order: the whole table is read and paid for, and
// items of other entities are passed over. So are items of types that are not registered, unless their
// keys have the prefixes of the entity's own: those are treated as by [Query]. Its methods refine it and
// return it. It may be sent several times, but is not for concurrent use.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
type Scan[T any] struct{ RefineScan[*Scan[T]] }

// Scan starts a scan of the table for items of this entity.
func (e *Entity[T]) Scan() *Scan[T] {
	s := &Scan[T]{}
	s.self = s
	s.plan = queryPlan{table: e.e.table, from: e.e, want: e.e, op: "Scan", segments: 1}
	return s
}

// All sends the scan and ranges over its items. With several segments, as many requests are under way at
// once, and each segment holds at most two pages in memory. A break ends all of them before All returns.
func (s *Scan[T]) All(ctx context.Context) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		s.plan.eachSegment(ctx, func(v any, err error) bool {
			t, _ := v.(*T)
			return yield(t, err)
		})
	}
}

// Page sends the scan and returns as many items as the limit says, or one response page without a limit,
// and a cursor to go on with [Refine.From]. It reads one segment after the other.
func (s *Scan[T]) Page(ctx context.Context) (*Page[*T], error) {
	var page Page[*T]
	var err error
	page.Cursor, err = s.plan.scanPage(ctx, func(v any) { page.Items = append(page.Items, v.(*T)) })
	if err != nil {
		return nil, err
	}
	return &page, nil
}

// ItemsScan reads all items of a table, of every registered type, in no useful order.
type ItemsScan struct{ RefineScan[*ItemsScan] }

// Scan starts a scan of the whole table. Items come as pointers to their registered types.
func (t *Table) Scan() *ItemsScan {
	s := &ItemsScan{}
	s.self = s
	s.plan = queryPlan{table: t, op: "Scan", segments: 1}
	return s
}

// RawUnknown gives items of types that are not registered as [RawItem], instead of ending with an
// [*UnknownEntityError].
func (s *ItemsScan) RawUnknown() *ItemsScan {
	s.plan.raw = true
	return s
}

// All sends the scan and ranges over its items, see [Scan.All].
func (s *ItemsScan) All(ctx context.Context) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) { s.plan.eachSegment(ctx, yield) }
}

// Page sends the scan and returns a part of its items, see [Scan.Page].
func (s *ItemsScan) Page(ctx context.Context) (*Page[any], error) {
	var page Page[any]
	var err error
	page.Cursor, err = s.plan.scanPage(ctx, func(v any) { page.Items = append(page.Items, v) })
	if err != nil {
		return nil, err
	}
	return &page, nil
}

// RefineScan holds the settings of scans. S is the scan itself, which each method returns.
type RefineScan[S any] struct{ Refine[S] }

// Index scans an index of the table instead of the table: the items that it has.
func (r *RefineScan[S]) Index(name string) S {
	if r.plan.table.index(name) == nil {
		r.plan.fail(usagef("%s: unknown index %q: table %q: %s", r.plan.name(), name, r.plan.table.name, r.plan.table.indexNames()))
	}
	r.plan.index = name
	return r.self
}

// Segments sets in how many parts the table is scanned side by side, overriding the default of 1. Use
// about as many as the machine can decode for and the table has capacity for.
func (r *RefineScan[S]) Segments(n int) S {
	if n < 1 || n > maxSegments {
		r.plan.fail(usagef("%s: invalid number of segments %d: use 1 to %d", r.plan.name(), n, maxSegments))
		return r.self
	}
	r.plan.segments = n
	return r.self
}

// Progress has f called after each response page whose items were all given out by All, with a cursor
// from which a scan with the same number of segments goes on. It is called in the goroutine that ranges.
func (r *RefineScan[S]) Progress(f func(ScanProgress)) S {
	r.plan.progress = f
	return r.self
}

// ScanProgress is how far a scan has come.
type ScanProgress struct {
	// Items counts the items given out, Pages the responses read.
	Items, Pages int
	// Cursor is for [Refine.From]; "" at the end.
	Cursor string
}

// Input returns the request that the scan's first segment starts with, without a client and without
// sending it.
func (r *RefineScan[S]) Input() (*dynamodb.ScanInput, error) {
	in, err := r.plan.scanInput(0)
	if err != nil {
		return nil, err
	}
	at, err := r.plan.openCursor(r.plan.segments)
	if err != nil {
		return nil, err
	}
	in.ExclusiveStartKey = at[0].after
	return in, nil
}

func (p *queryPlan) scanInput(segment int) (*dynamodb.ScanInput, error) {
	if p.err != nil {
		return nil, p.err
	}
	in := &dynamodb.ScanInput{TableName: &p.table.name, Limit: p.requestLimit()}
	if p.index != "" {
		in.IndexName = &p.index
	}
	if p.segments > 1 {
		in.Segment, in.TotalSegments = new(int32(segment)), new(int32(p.segments))
	}
	var err error
	if in.ConsistentRead, err = p.consistentRead(); err != nil {
		return nil, err
	}
	if len(p.filters) == 0 && len(p.paths) == 0 {
		return in, nil
	}
	x, err := p.expressions()
	if err != nil {
		return nil, err
	}
	in.FilterExpression, in.ProjectionExpression = x.Filter(), x.Projection()
	in.ExpressionAttributeNames, in.ExpressionAttributeValues = x.Names(), x.Values()
	return in, nil
}

// segmentPagers starts a walk of each segment from the cursor.
func (p *queryPlan) segmentPagers(ctx context.Context) ([]*pager, []position, error) {
	if p.err != nil {
		return nil, nil, p.err
	}
	at, err := p.openCursor(p.segments)
	if err != nil {
		return nil, nil, err
	}
	c, err := p.table.connAs(ctx, p.from, p.want)
	if err != nil {
		return nil, nil, err
	}
	pagers := make([]*pager, p.segments)
	for i := range pagers {
		in, err := p.scanInput(i)
		if err != nil {
			return nil, nil, err
		}
		pagers[i] = p.pager(c, scanRequest{in}, at[i])
	}
	return pagers, at, nil
}

// scanPage reads the segments one after the other until a page is full.
func (p *queryPlan) scanPage(ctx context.Context, add func(any)) (string, error) {
	pagers, at, err := p.segmentPagers(ctx)
	if err != nil {
		return "", err
	}
	given := 0
	for i, g := range pagers {
		if at[i].done {
			continue
		}
		g.out = given // the limit counts over all segments
		behind, err := p.pageOf(ctx, g, add)
		if err != nil {
			return "", err
		}
		at[i] = behind[0]
		if given = g.out; given > 0 && (p.limit == 0 || given == p.limit) {
			break
		}
	}
	return p.sealCursor(at)
}

// segmentPage is one response page of a segment, on its way to the goroutine that ranges.
type segmentPage struct {
	segment int
	items   []pageItem
	skipped int      // unknown items behind the last of items
	at      position // behind the page
	err     error
}

// eachSegment gives the items of all segments to yield. With several, a goroutine for each fetches a page
// while the one before is given out; with one, nothing is requested ahead.
func (p *queryPlan) eachSegment(ctx context.Context, yield func(any, error) bool) {
	pagers, at, err := p.segmentPagers(ctx)
	if err != nil {
		yield(nil, err)
		return
	}
	if len(pagers) == 1 {
		p.consume(ctx, pagers[0].pages(ctx), at, yield)
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	pages := make(chan segmentPage)
	var wg sync.WaitGroup
	for i, g := range pagers {
		if !at[i].done {
			wg.Go(func() { g.produce(ctx, i, pages) })
		}
	}
	go func() {
		wg.Wait()
		close(pages)
	}()
	defer func() { // nothing is left running behind the range
		cancel()
		for range pages {
		}
	}()
	p.consume(ctx, func(yield func(segmentPage) bool) {
		for page := range pages {
			if !yield(page) {
				return
			}
		}
	}, at, yield)
}

// pages fetches the pages of the only segment as they are asked for.
func (g *pager) pages(ctx context.Context) iter.Seq[segmentPage] {
	return func(yield func(segmentPage) bool) {
		for !g.start.done {
			page := segmentPage{err: g.fetch(ctx)}
			page.items, page.skipped, page.at = g.sink.items, g.sink.skipped, g.start
			if !yield(page) {
				return
			}
			g.out += len(page.items)
		}
	}
}

// produce fetches the pages of one segment.
func (g *pager) produce(ctx context.Context, segment int, pages chan<- segmentPage) {
	for !g.start.done {
		page := segmentPage{segment: segment, err: g.fetch(ctx)}
		page.items, page.skipped, page.at = g.sink.items, g.sink.skipped, g.start
		g.sink.items = nil
		select {
		case pages <- page:
		case <-ctx.Done():
			return
		}
		if page.err != nil {
			return
		}
	}
}

func (p *queryPlan) consume(ctx context.Context, pages iter.Seq[segmentPage], at []position, yield func(any, error) bool) {
	var done ScanProgress
	for page := range pages {
		if page.err != nil {
			yield(nil, page.err)
			return
		}
		for i, l := range page.items {
			p.countSkipped(l.skipped)
			err := l.err
			if err == nil {
				err = l.afterLoad(ctx, p)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			done.Items++
			if !yield(l.value, nil) || done.Items == p.limit && i < len(page.items)-1 {
				return
			}
		}
		p.countSkipped(page.skipped)
		at[page.segment] = page.at
		done.Pages++
		if p.progress != nil {
			var err error
			if done.Cursor, err = p.sealCursor(at); err != nil {
				yield(nil, err)
				return
			}
			p.progress(done)
		}
		if done.Items == p.limit && p.limit > 0 {
			return
		}
	}
	unread := func(pos position) bool { return !pos.done }
	if err := ctx.Err(); err != nil && slices.ContainsFunc(at, unread) {
		yield(nil, p.opError(err))
	}
}
