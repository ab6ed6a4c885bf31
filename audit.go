package entable

import (
	"context"
	"iter"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/audit"
	"github.com/entable/entable/internal/cursor"
	"github.com/entable/entable/internal/manifest"
	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/work"
)

// AuditOptions are the settings of [Table.Audit]. The zero value reads the table in one segment and changes
// nothing.
type AuditOptions struct {
	// Segments is in how many parts the table is read side by side, by default 1.
	Segments int
	// Repair mends what can be mended: discriminators, index keys and sentinels, and moves items of entities with [Moved].
	Repair bool
	// Settle, with Repair, has the stored manifest say so when an audit without From has found no item at the other places: from then
	// on [Table.Verify] takes programs without [Moved], and refuses those that write there. None of these may be running any more.
	Settle bool
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
	// Settled names, at the end of an audit without From, the entities with [Moved] of which it has found no item at the other place,
	// nor one that cannot be decoded and may be there: the option can go as soon as no program writes there any more.
	Settled []string
}

// Audit reads the whole table, consistently, computes for each item anew what entable would have written
// (keys, index keys, discriminator, shard, sentinels of unique values), and ranges over what differs. Run it
// after data came in by another way, after an incident, or with Repair when an entity has gained an
// index or a unique field: the items that are stored already then get their index keys and sentinels.
//
// Repair writes under the condition that everything the judgement was made from is still as it was read.
// When another writer came between, the item is read and judged again; nothing of that writer is lost.
// Items of unknown types are never changed, nor are primary keys but of items at the place that [Moved] names, nor the rest of items in
// an older shape ([Upgrades]). A break ends the audit; up to a page of each segment may then be mended and not given out.
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

// publicFinding returns a finding as users see it.
func publicFinding(f audit.Finding) Finding {
	return Finding{FindingKind(f.Kind), f.Entity, f.Key, f.Attribute, f.Have, f.Want, f.Item, f.Repaired, public(f.Err)}
}

// auditor walks over a table and has its pages audited.
type auditor struct {
	AuditOptions
	page audit.Audit
	plan queryPlan // for its cursors
}

const opAudit = "Audit"

func (a *auditor) error(err error) error {
	return &OpError{Op: opAudit, Entity: a.page.Table.Name, Err: err}
}

// auditPage is what one response page of a segment gave.
type auditPage struct {
	segment  int
	items    int
	findings []audit.Finding
	at       cursor.Position // behind the page
	err      error
}

func (t *Table) newAudit(ctx context.Context, o AuditOptions) (*auditor, []cursor.Position, error) {
	o.Segments = max(o.Segments, 1)
	if o.Segments > maxSegments {
		return nil, nil, usagef("table %q: Audit: invalid number of segments %d: use 1 to %d", t.s().Name, o.Segments, maxSegments)
	}
	c, err := t.connFor(ctx, nil)
	if err != nil {
		return nil, nil, err
	}
	a := &auditor{AuditOptions: o, page: audit.Audit{Table: t.s(), Conn: c, Repair: o.Repair, By: t.protector(ctx)}}
	a.plan = queryPlan{t: t, Span: schema.Span{Table: t.s()}, op: opAudit, segments: o.Segments, cursor: o.From}
	at, err := a.plan.openCursor(o.Segments)
	return a, at, err
}

func (a *auditor) run(ctx context.Context, at []cursor.Position, yield func(Finding, error) bool) {
	from := slices.Clone(at) // at is how far the pages that were given out go
	elsewhere := map[string]bool{}
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
			if f.Elsewhere {
				elsewhere[f.Entity] = true
			}
			if f.Repaired {
				done.Repaired++
			}
			if !yield(publicFinding(f), nil) {
				return
			}
		}
		done.Items += page.items
		at[page.segment] = page.at
		if a.Progress == nil && !a.Settle {
			continue
		}
		var err error
		if done.Cursor, err = a.plan.sealCursor(at); err == nil && done.Cursor == "" && a.From == "" {
			done.Settled, err = a.settle(ctx, elsewhere)
		}
		if err != nil {
			yield(Finding{}, err)
			return
		}
		if a.Progress != nil {
			a.Progress(done)
		}
	}
	if err := ctx.Err(); err != nil {
		yield(Finding{}, a.error(err))
	}
}

// settle lists the entities of which no item lies elsewhere, and has the stored manifest say so if that is wanted.
func (a *auditor) settle(ctx context.Context, elsewhere map[string]bool) (names []string, err error) {
	t := a.plan.t
	for _, e := range t.s().Directory().All {
		if e.Other != nil && !elsewhere[e.Name] {
			names = append(names, e.Name)
		}
	}
	if len(names) > 0 && a.Settle && a.Repair && t.s().PK.Type == types.ScalarAttributeTypeS {
		err = t.changeManifest(ctx, a.page.Conn, func(stored, now *manifest.Manifest) (*manifest.Manifest, error) {
			if stored == nil {
				return nil, nil
			}
			return stored.Settled(now, names), nil
		})
	}
	return names, err
}

// segment audits one segment, page by page.
func (a *auditor) segment(ctx context.Context, segment int, at cursor.Position, send func(auditPage) bool) {
	for !at.Done {
		page := auditPage{segment: segment}
		raws, last, err := a.page.Fetch(ctx, segment, a.Segments, at.After)
		at = cursor.Position{After: last, Done: len(last) == 0}
		if err == nil {
			page.items, page.at = len(raws), at
			page.findings, err = a.page.Check(ctx, raws)
		}
		if err != nil {
			page.err = a.error(err)
		}
		if !send(page) || err != nil {
			return
		}
	}
}
