package entable

import (
	"context"
	"iter"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/cursor"
	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
	"github.com/entable/entable/internal/work"
)

// The audit has three parts: the walk over the table (this file), the judgement of one item by itself, and
// that of unique values, which takes two or three items (both in auditcheck.go).

// AuditOptions are the settings of [Table.Audit]. The zero value reads the table in one segment and changes
// nothing.
type AuditOptions struct {
	// Segments is in how many parts the table is read side by side, by default 1.
	Segments int
	// Repair mends what can be mended: discriminators, index keys and sentinels.
	Repair bool
	// From is a cursor of [AuditProgress], from an audit with as many segments, to go on from.
	From string
	// Progress is called after each response page whose findings were all given out, in the goroutine that
	// ranges.
	Progress func(AuditProgress)
}

// AuditProgress is how far an audit has come.
type AuditProgress struct {
	// Items counts the items read, Findings what was found, Repaired what was mended.
	Items, Findings, Repaired int
	// Cursor is for [AuditOptions.From]; "" at the end.
	Cursor string
}

// Audit reads the whole table, consistently, computes for each item anew what entable would have written
// (keys, index keys, discriminator, shard, sentinels of unique values), and ranges over what differs. Run it
// after data came in by another way, after an incident, or with Repair when an entity has gained an
// index or a unique field: the items that are stored already then get their index keys and sentinels.
//
// Repair writes under the condition that everything the judgement was made from is still as it was read.
// When another writer came between, the item is read and judged again; nothing of that writer is lost.
// Items of unknown types are never changed, nor are primary keys, nor items in an older shape
// ([Upgrades]). A break ends the audit; up to a page of each segment may then be mended and not given out.
// Versions are not raised by a repair, since no field changes.
//
// Audit with the newest version of the program: an older one takes for stray what it does not know.
func (t *Table) Audit(ctx context.Context, o AuditOptions) iter.Seq2[Finding, error] {
	return func(yield func(Finding, error) bool) {
		a, at, err := t.newAudit(ctx, o)
		if err != nil {
			yield(Finding{}, err)
			return
		}
		a.run(ctx, at, yield)
	}
}

// auditPage is what one response page of a segment gave.
type auditPage struct {
	segment  int
	items    int
	findings []Finding
	at       cursor.Position // behind the page
	err      error
}

func (t *Table) newAudit(ctx context.Context, o AuditOptions) (*audit, []cursor.Position, error) {
	o.Segments = max(o.Segments, 1)
	if o.Segments > maxSegments {
		return nil, nil, usagef("table %q: Audit: invalid number of segments %d: use 1 to %d", t.s().Name, o.Segments, maxSegments)
	}
	c, err := t.connFor(ctx, nil)
	if err != nil {
		return nil, nil, err
	}
	a := &audit{AuditOptions: o, t: t, c: c, d: t.s().Directory()}
	a.plan = queryPlan{t: t, Span: schema.Span{Table: t.s()}, op: opAudit, segments: o.Segments, cursor: o.From}
	at, err := a.plan.openCursor(o.Segments)
	return a, at, err
}

func (a *audit) run(ctx context.Context, at []cursor.Position, yield func(Finding, error) bool) {
	from := slices.Clone(at) // at is how far the pages that were given out go
	pages := work.Gather(ctx, len(at), func(ctx context.Context, i int, send func(auditPage) bool) {
		a.segment(ctx, i, from[i], send)
	})
	var done AuditProgress
	for page := range pages {
		if page.err != nil {
			yield(Finding{}, page.err)
			return
		}
		for _, f := range page.findings {
			done.Findings++
			if f.Repaired {
				done.Repaired++
			}
			if !yield(f, nil) {
				return
			}
		}
		done.Items += page.items
		at[page.segment] = page.at
		if a.Progress == nil {
			continue
		}
		var err error
		if done.Cursor, err = a.plan.sealCursor(at); err != nil {
			yield(Finding{}, err)
			return
		}
		a.Progress(done)
	}
	if err := ctx.Err(); err != nil {
		yield(Finding{}, a.error(err))
	}
}

// segment audits one segment, page by page.
func (a *audit) segment(ctx context.Context, segment int, at cursor.Position, send func(auditPage) bool) {
	for !at.Done {
		page := auditPage{segment: segment}
		raws, next, err := a.fetch(ctx, segment, at.After)
		if err == nil {
			page.items, page.at = len(raws), next
			page.findings, err = a.check(ctx, raws)
		}
		page.err, at = err, next
		if !send(page) || err != nil {
			return
		}
	}
}

// rawItems receives the items of a response as they are, by their positions.
type rawItems struct{ items [][]byte }

func (s *rawItems) Reset() { s.items = nil }

func (s *rawItems) Item(_ string, i int, r *wire.Reader) error {
	raw, err := r.Skip()
	for len(s.items) <= i {
		s.items = append(s.items, nil)
	}
	s.items[i] = raw
	return err
}

// item is the item in a position; nil when there is none.
func (s *rawItems) item(i int) (RawItem, error) {
	if i >= len(s.items) || s.items[i] == nil {
		return nil, nil
	}
	item, err := wire.ReadItem(s.items[i])
	if len(item) == 0 {
		return nil, err
	}
	return item, err
}

func (a *audit) fetch(ctx context.Context, segment int, after map[string]types.AttributeValue) ([][]byte, cursor.Position, error) {
	in := &dynamodb.ScanInput{TableName: &a.t.s().Name, ConsistentRead: new(true), ExclusiveStartKey: after}
	if a.Segments > 1 {
		in.Segment, in.TotalSegments = new(int32(segment)), new(int32(a.Segments))
	}
	var sink rawItems
	res, err := a.c.Scan(ctx, in, &sink)
	if err != nil {
		return nil, cursor.Position{}, a.error(err)
	}
	return sink.items, cursor.Position{After: res.Last, Done: len(res.Last) == 0}, nil
}

// check judges the items of one page, and mends them.
func (a *audit) check(ctx context.Context, raws [][]byte) (out []Finding, err error) {
	var claims []schema.Claimed
	var sentinels []RawItem
	for _, raw := range raws {
		item, err := wire.ReadItem(raw)
		if err != nil {
			return nil, a.error(err)
		}
		if a.t.s().IsSentinel(item) {
			sentinels = append(sentinels, item)
			continue
		}
		v, err := a.mend(ctx, item)
		if err != nil {
			return nil, err
		}
		out, claims = append(out, v.findings...), append(claims, v.Claims...)
	}
	for _, check := range []func() ([]Finding, error){
		func() ([]Finding, error) { return a.checkClaims(ctx, claims) },
		func() ([]Finding, error) { return a.checkSentinels(ctx, sentinels) },
	} {
		found, err := check()
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

// mend judges an item by itself and, if asked to, repairs it; when another writer comes between, again
// with what that one wrote.
func (a *audit) mend(ctx context.Context, item RawItem) (verdict, error) {
	tries := work.Tries{Most: maxConflicts}
	for {
		v := a.judge(item)
		if !a.Repair || len(v.Fixes) == 0 {
			return v, nil
		}
		err := a.fix(ctx, &v)
		if err == nil {
			for i := range v.findings {
				v.findings[i].Repaired = v.findings[i].Err == nil
			}
			return v, nil
		}
		if _, raced := conditionFailed(err); !raced && !transactionRaced(err) {
			return v, a.error(err)
		}
		if !tries.More(ctx) {
			if tries.Ended != nil {
				return v, a.error(tries.Ended)
			}
			for i := range v.findings {
				v.findings[i].Err = err
			}
			return v, nil
		}
		if item, err = a.read(ctx, a.keyOf(item)); err != nil {
			return v, err
		}
		if item == nil { // deleted since
			return verdict{}, nil
		}
	}
}
