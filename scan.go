package entable

import (
	"context"
	"iter"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/entable/entable/internal/cursor"
	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/work"
)

// maxSegments is the service's limit.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
const maxSegments = 1_000_000

// Scan reads all items of an entity, in no useful order: the whole table is read and paid for, and
// items of other entities are passed over. So are items of types that are not registered, unless their
// keys have the prefixes of the entity's own: those are treated as by [Query]. Its methods refine it and
// return it. It may be sent several times, but is not for concurrent use.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
type Scan[T any] struct{ refine[*Scan[T], *T] }

// Scan starts a scan of the table for items of this entity.
func (e *Entity[T]) Scan() *Scan[T] {
	s := &Scan[T]{}
	s.plan.startScan(e.registered())
	return s
}

// Index scans an index of the table instead of the table: the items that it has.
func (s *Scan[T]) Index(name string) *Scan[T] {
	s.plan.setIndex(name)
	return s
}

// Segments sets in how many parts the table is scanned side by side, overriding the default of 1. Use
// about as many as the machine can decode for and the table has capacity for. Each reads up to two pages ahead, which a scan
// that is left early has paid for.
func (s *Scan[T]) Segments(n int) *Scan[T] {
	s.plan.setSegments(n)
	return s
}

// Progress sets f to be called after each response page whose items were all given out by All, with a cursor
// from which a scan with the same number of segments goes on. It is called in the goroutine that ranges.
func (s *Scan[T]) Progress(f func(ScanProgress)) *Scan[T] {
	s.plan.progress = f
	return s
}

// Input returns the request that the scan's first segment starts with, without a client and without
// sending it.
func (s *Scan[T]) Input(context.Context) (*dynamodb.ScanInput, error) { return s.plan.firstScanInput() }

// ItemsScan reads all items of a table, of every registered type, in no useful order.
type ItemsScan struct{ refine[*ItemsScan, any] }

// Scan starts a scan of the whole table. Items come as pointers to their registered types.
func (t *Table) Scan() *ItemsScan {
	s := &ItemsScan{}
	s.plan = queryPlan{t: t, Span: schema.Span{Table: t.s()}, op: "Scan", segments: 1}
	return s
}

// RawUnknown gives items of types that are not registered as [RawItem], instead of ending with an
// [*UnknownEntityError], overriding the table's setting.
func (s *ItemsScan) RawUnknown() *ItemsScan {
	s.plan.unknown = schema.RawUnknown
	return s
}

// Index scans an index of the table, see [Scan.Index].
func (s *ItemsScan) Index(name string) *ItemsScan {
	s.plan.setIndex(name)
	return s
}

// Segments sets in how many parts the table is scanned side by side, see [Scan.Segments].
func (s *ItemsScan) Segments(n int) *ItemsScan {
	s.plan.setSegments(n)
	return s
}

// Progress sets f to be called after each response page, see [Scan.Progress].
func (s *ItemsScan) Progress(f func(ScanProgress)) *ItemsScan {
	s.plan.progress = f
	return s
}

// Input returns the request that the scan's first segment starts with, see [Scan.Input].
func (s *ItemsScan) Input(context.Context) (*dynamodb.ScanInput, error) {
	return s.plan.firstScanInput()
}

// startScan makes the plan a scan for the items of an entity.
//
//go:noinline
func (p *queryPlan) startScan(e *entity) {
	if e == nil {
		p.err = errUnregistered
		return
	}
	*p = queryPlan{t: e.table, Span: schema.Span{Table: e.Table, From: e.Entity, Want: e.Entity}, op: "Scan", segments: 1}
}

// setIndex makes the plan a scan of an index.
func (p *queryPlan) setIndex(name string) {
	if p.ready() && p.Table.Index(name) == nil {
		p.fail(usagef("%s: unknown index %q: table %q: %s", p.Name(), name, p.Table.Name, p.Table.IndexNames()))
	}
	p.Index = name
}

func (p *queryPlan) setSegments(n int) {
	if n < 1 || n > maxSegments {
		p.fail(usagef("%s: invalid number of segments %d: use 1 to %d", p.Name(), n, maxSegments))
		return
	}
	p.segments = n
}

// firstScanInput makes the request that the first segment starts with.
func (p *queryPlan) firstScanInput() (*dynamodb.ScanInput, error) {
	in, err := p.scanInput(0)
	if err != nil {
		return nil, err
	}
	at, err := p.openCursor(p.segments)
	if err != nil {
		return nil, err
	}
	in.ExclusiveStartKey = at[0].After
	return in, nil
}

func (p *queryPlan) scanInput(segment int) (*dynamodb.ScanInput, error) {
	if !p.ready() {
		return nil, p.err
	}
	if err := p.checkPartial(); err != nil {
		return nil, err
	}
	in := &dynamodb.ScanInput{TableName: &p.Table.Name, Limit: p.requestLimit()}
	if p.Index != "" {
		in.IndexName = &p.Index
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
func (p *queryPlan) segmentPagers(ctx context.Context) ([]*pager, []cursor.Position, error) {
	if !p.ready() {
		return nil, nil, p.err
	}
	at, err := p.openCursor(p.segments)
	if err != nil {
		return nil, nil, err
	}
	c, err := p.t.connAs(ctx, ownerOf(p.From), ownerOf(p.Want))
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
		if at[i].Done {
			continue
		}
		g.out = given // the limit counts over all segments
		behind, err := p.pageOf(ctx, g, add)
		g.end()
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
	*pageItems
	at  cursor.Position // behind the page
	err error
}

// eachSegment gives the items of all segments to yield. With several, a goroutine for each fetches pages
// while others are given out, about two a segment ahead; with one, nothing is requested ahead.
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
	p.consume(ctx, work.Gather(ctx, len(pagers), func(ctx context.Context, i int, send func(segmentPage) bool) {
		pagers[i].produce(ctx, i, send)
	}), at, yield)
}

// pages fetches the pages of the only segment as they are asked for.
func (g *pager) pages(ctx context.Context) iter.Seq[segmentPage] {
	return func(yield func(segmentPage) bool) {
		for !g.start.Done {
			err := g.fetch(ctx)
			items := len(g.sink.items)
			if !yield(segmentPage{pageItems: &g.sink, at: g.start, err: err}) {
				return
			}
			g.out += items
		}
	}
}

// produce fetches the pages of one segment.
func (g *pager) produce(ctx context.Context, segment int, send func(segmentPage) bool) {
	for !g.start.Done {
		err := g.fetch(ctx)
		g.sink.letGo() // here, so that the next page is read into memory that is in this processor's cache
		page := segmentPage{segment: segment, pageItems: new(g.sink), at: g.start, err: err}
		g.sink = pageItems{plan: g.plan}
		if !send(page) || err != nil {
			return
		}
	}
}

func (p *queryPlan) consume(ctx context.Context, pages iter.Seq[segmentPage], at []cursor.Position, yield func(any, error) bool) {
	var done ScanProgress
	for page := range pages {
		more := p.give(ctx, page, at, &done, yield)
		page.free()
		if !more {
			return
		}
	}
	unread := func(pos cursor.Position) bool { return !pos.Done }
	if err := ctx.Err(); err != nil && slices.ContainsFunc(at, unread) {
		yield(nil, p.opError(err))
	}
}

// give gives the items of a page to yield, and reports whether that goes on.
func (p *queryPlan) give(ctx context.Context, page segmentPage, at []cursor.Position, done *ScanProgress, yield func(any, error) bool) bool {
	if page.err != nil {
		yield(nil, page.err)
		return false
	}
	for i, l := range page.items {
		p.countSkipped(int(l.skipped))
		err := l.err
		if err == nil {
			err = l.afterLoad(ctx, p)
		}
		if err != nil {
			yield(nil, err)
			return false
		}
		done.Items++
		if !yield(l.value, nil) || done.Items == p.limit && i < len(page.items)-1 {
			return false
		}
	}
	p.countSkipped(page.skipped)
	at[page.segment] = page.at
	done.Pages++
	if p.progress != nil {
		var err error
		if done.Cursor, err = p.sealCursor(at); err != nil {
			yield(nil, err)
			return false
		}
		p.progress(*done)
	}
	return p.limit == 0 || done.Items != p.limit
}
