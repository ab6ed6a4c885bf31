package explorer

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/entable/entable"
)

// auditPage is what an audit has found.
type auditPage struct {
	Ran      bool
	Items    int
	Findings []finding
	More     int // how many findings of this part are not shown
	Counts   []count
	Next     string
	First    string
	TimeOut  bool
	Cost     entable.Counts
}

// finding is a finding with the address of its item.
type finding struct {
	entable.Finding
	Kind  kind
	What  string
	Error string
	Link  string
}

type count struct {
	What string
	N    int
}

// How far one page audits: it stops behind the response in which one of these is reached.
const (
	auditItems    = 20_000
	auditFindings = 100
	auditTime     = 20 * time.Second
)

// shownFindings bounds the findings of one page; a response of 1 MB may have more.
const shownFindings = 500

func (h *Handler) audit(v *view) error {
	body := auditPage{}
	if v.form.Get("run") == "" {
		return v.show("audit", "Audit", body)
	}
	body.Ran = true
	ctx, stop := context.WithTimeout(v.ctx, auditTime)
	defer stop()
	var all []entable.Finding
	var done entable.AuditProgress
	complete := 0 // how many findings are of responses that were gone through
	enough := false
	cursor := v.form.Get("after")
	progress := func(p entable.AuditProgress) {
		done, complete, cursor = p, len(all), p.Cursor
		if enough = p.Items >= auditItems || p.Findings >= auditFindings; enough {
			stop()
		}
	}
	for f, err := range h.table.Audit(ctx, entable.AuditOptions{From: cursor, Progress: progress}) {
		if enough {
			break
		}
		if err != nil {
			if body.TimeOut = ctx.Err() != nil && v.ctx.Err() == nil; !body.TimeOut {
				return auditError(err)
			}
			break
		}
		all = append(all, f)
	}
	all = all[:complete]
	body.Items, body.Cost = done.Items, v.cost()
	body.More = max(0, len(all)-shownFindings)
	counts := map[entable.FindingKind]int{}
	for i, f := range all {
		if counts[f.Kind]++; i < shownFindings {
			body.Findings = append(body.Findings, h.finding(f))
		}
	}
	for kind, n := range counts {
		body.Counts = append(body.Counts, count{string(kind), n})
	}
	sortCounts(body.Counts)
	if cursor != "" {
		body.Next = v.address(cursor)
	}
	if v.form.Get("after") != "" {
		body.First = v.address("")
	}
	return v.show("audit", "Audit", body)
}

// finding makes a finding ready to be shown: without what is hidden.
func (h *Handler) finding(f entable.Finding) finding {
	r := &row{item: f.Item, entity: h.entity(f.Entity)}
	out := finding{Finding: f, What: string(f.Kind), Link: "item?" + h.keyQuery(f.Item).Encode(), Kind: h.kindOf(r.entity)}
	if h.hides(r.entity, f.Attribute) {
		out.Have, out.Want = "•••", "•••"
	}
	if f.Err != nil {
		out.Error = h.withoutHidden(r, f.Err.Error())
	}
	return out
}

func sortCounts(list []count) {
	slices.SortFunc(list, func(a, b count) int { return cmp.Or(b.N-a.N, strings.Compare(a.What, b.What)) })
}

// auditError says of an error what the reader can do about it.
func auditError(err error) error {
	if errors.Is(err, entable.ErrBadCursor) {
		return badRequest("this is no page of an audit: %s; begin with the first", err)
	}
	return err
}
