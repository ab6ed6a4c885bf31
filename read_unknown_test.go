package entable_test

import (
	"fmt"
	"iter"
	"maps"
	"strings"
	"testing"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
)

type (
	RolloutHead struct {
		ID   string `dynamodbav:"id"`
		Name string `dynamodbav:"name"`
	}
	RolloutTag struct {
		ID  string `dynamodbav:"id"`
		Tag string `dynamodbav:"tag"`
	}
	RolloutAll struct {
		Head *RolloutHead
		Tags []RolloutTag
	}
)

// rollout is the version of a program that does not know votes, on a table where a newer one has written them: one
// between the tags, and one where a head could be.
type rollout struct {
	table *entable.Table
	heads *entable.Entity[RolloutHead]
	tags  *entable.Entity[RolloutTag]
	all   *entable.Collection[RolloutAll]
}

func newRollout(t *testing.T, s *setup, opts ...entable.TableOption) rollout {
	t.Helper()
	newer := s.NewTable()
	register := func(table *entable.Table) (*entable.Entity[RolloutHead], *entable.Entity[RolloutTag]) {
		heads := entable.Register[RolloutHead](table, entable.PK("id", entable.Prefix("R")))
		return heads, entable.Register[RolloutTag](table, entable.PK("id", entable.PrefixOf(heads)), entable.SK("tag", entable.Prefix("T")))
	}
	heads, tags := register(newer)
	check(t, heads.Put(t.Context(), &RolloutHead{"1", "one"}))
	check(t, tags.Put(t.Context(), &RolloutTag{"1", "a"}))
	check(t, tags.Put(t.Context(), &RolloutTag{"1", "c"}))
	for _, k := range []string{"R#1 T#b", "R#2 A"} {
		var pk, sk string
		fmt.Sscan(k, &pk, &sk)
		vote := key(pk, sk)
		vote["_type"] = avS("Vote")
		s.Store(newer, vote)
	}
	r := rollout{table: entable.NewTable(newer.Name(), append(opts, s.Options...)...)}
	r.table.Use(s.Client)
	r.heads, r.tags = register(r.table)
	r.all = entable.NewCollection[RolloutAll](r.heads, r.tags)
	return r
}

// read makes every kind of read, each of which meets a vote, and tells what it gives.
func (r rollout) read(t *testing.T) map[string]string {
	ctx, out := t.Context(), map[string]string{}
	tell := func(what string, err error, items ...any) {
		var text strings.Builder
		for _, item := range items {
			switch v := item.(type) {
			case *RolloutHead:
				text.WriteString(" head")
				if v == nil {
					text.WriteString("=nil")
				}
			case *RolloutTag:
				text.WriteString(" " + v.Tag)
			case RolloutTag:
				text.WriteString(" " + v.Tag)
			case entable.RawItem:
				text.WriteString(" raw")
			default:
				text.WriteString(fmt.Sprintf(" %v", v))
			}
		}
		switch {
		case is[*entable.UnknownEntityError](err):
			text.WriteString(" unknown")
		case err != nil:
			text.WriteString(" " + err.Error())
		}
		out[what] = text.String()
	}
	list, err := until(r.table.Query(RolloutHead{ID: "1"}).All(ctx))
	tell("mixed query", err, list...)
	n, err := r.table.Query(RolloutHead{ID: "1"}).Count(ctx)
	tell("mixed count", err, n)
	list, err = until(r.tags.Query(RolloutTag{ID: "1"}).All(ctx))
	tell("query", err, list...)
	c, err := r.all.Get(ctx, RolloutHead{ID: "1"})
	if c == nil {
		tell("collection", err)
	} else {
		tell("collection", err, c.Head, c.Tags[0], c.Tags[1])
	}
	list, err = until(r.all.Query(RolloutHead{ID: "1"}).All(ctx))
	tell("collection's items", err, list...)
	scan := func(what string, list []any, err error) {
		if err != nil {
			list = nil // where the unknown ones lie is open
		}
		tell(what, err, len(list))
	}
	list, err = until(r.table.Scan().All(ctx))
	scan("mixed scan", list, err)
	list, err = until(r.tags.Scan().Segments(2).All(ctx))
	scan("scan", list, err)
	keys := []any{RolloutHead{ID: "1"}, RolloutHead{ID: "2"}, RolloutHead{ID: "3"}}
	list, err = r.table.BatchGet(ctx, keys)
	tell("mixed batch", err, list...)
	list, err = r.table.TransactGet(ctx, keys)
	tell("mixed transaction", err, list...)
	heads, err := r.heads.BatchGet(ctx, []RolloutHead{{ID: "1"}, {ID: "2"}})
	var read []any
	for _, h := range heads {
		read = append(read, h)
	}
	tell("batch", err, read...)
	_, err = r.heads.TransactGet(ctx, []RolloutHead{{ID: "1"}, {ID: "2"}})
	tell("transaction", err)
	_, err = r.heads.Get(ctx, RolloutHead{ID: "2"})
	tell("get", err)
	return out
}

// until gives the items of a query up to its first error.
func until[T any](items iter.Seq2[T, error]) (list []any, err error) {
	for v, err := range items {
		if err != nil {
			return list, err
		}
		list = append(list, v)
	}
	return list, nil
}

func TestUnknownTypesByTheTablesSetting(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		for _, c := range []struct {
			name string
			opts []entable.TableOption
			want map[string]string
		}{
			{"error", nil, map[string]string{
				"mixed query": " head a unknown", "mixed count": " 2 unknown", "query": " a unknown",
				"collection": " unknown", "collection's items": " head a unknown", "mixed scan": " 0 unknown", "scan": " 0 unknown",
				"mixed batch": " head <nil> <nil> unknown", "mixed transaction": " unknown",
			}},
			{"skip", []entable.TableOption{entable.SkipUnknown()}, map[string]string{
				"mixed query": " head a c", "mixed count": " 3", "query": " a c",
				"collection": " head a c", "collection's items": " head a c", "mixed scan": " 3", "scan": " 2",
				"mixed batch": " head <nil> <nil>", "mixed transaction": " head <nil> <nil>",
			}},
			{"raw", []entable.TableOption{entable.SkipUnknown(), entable.RawUnknown()}, map[string]string{
				"mixed query": " head a raw c", "mixed count": " 4", "query": " a unknown",
				"collection": " head a c", "collection's items": " head a raw c", "mixed scan": " 5", "scan": " 0 unknown",
				"mixed batch": " head raw <nil>", "mixed transaction": " head raw <nil>",
			}},
		} {
			r := newRollout(t, s, c.opts...)
			// whatever the setting
			maps.Copy(c.want, map[string]string{"batch": " head head=nil unknown", "transaction": " unknown", "get": " unknown"})
			for what, got := range r.read(t) {
				if got != c.want[what] {
					t.Errorf("%s: %s gives%s, want%s", c.name, what, got, c.want[what])
				}
			}

			// A query's own setting goes before the table's.
			skipped := 0
			if got := enginetest.Collect(t, r.table.Query(RolloutHead{ID: "1"}).SkipUnknown(&skipped).All(t.Context())); len(got) != 3 || skipped != 1 {
				t.Errorf("%s: skipping gives %v, %d skipped", c.name, got, skipped)
			}
			if got := enginetest.Collect(t, r.table.Query(RolloutHead{ID: "1"}).RawUnknown().All(t.Context())); len(got) != 4 {
				t.Errorf("%s: raw gives %v", c.name, got)
			}
			if got, err := r.all.Query(RolloutHead{ID: "1"}).SkipUnknown(&skipped).Group(t.Context()); err != nil || len(got.Tags) != 2 || skipped != 2 {
				t.Errorf("%s: skipping gives %+v, %v, %d skipped", c.name, got, err, skipped)
			}
		}
	})
}
