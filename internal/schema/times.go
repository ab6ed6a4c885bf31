package schema

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/keys"
)

// checkTimes refuses generated times that cannot do in a key what they are there for: those in whole seconds as all that tells
// items apart, and those that the key's layout cannot hold.
func (r *registration) checkTimes() error {
	e := r.e
	last := e.PK // the key that tells the items of a partition apart, or else the partitions
	if e.SK != nil && len(e.SK.comps) > 0 {
		last = e.SK
	}
	repeats := func(c component) bool { return c.shard == nil && !c.part && e.Auto.made(c.field).wholeSeconds() }
	differs := func(c component) bool { return c.shard == nil && !c.part && !repeats(c) }
	if i := slices.IndexFunc(last.comps, repeats); i >= 0 && !slices.ContainsFunc(last.comps, differs) {
		f := last.comps[i].field
		return r.errorf(r.fieldName(f), "%s is the same for all writes of one second, and nothing else in key %q tells the items apart: "+
			"one would replace the other; use auto=now or auto=ulid, or add an attribute to the key", e.Auto.made(f), last.Attr.Name)
	}
	all := []*Key{e.PK, e.SK}
	for _, g := range e.Kept {
		all = append(all, g.Keys...)
	}
	for _, k := range all {
		if k == nil {
			continue
		}
		for _, c := range k.comps {
			made, by := e.Auto.made(c.field), fmt.Sprintf("Layout(%q)", c.Seg.Layout)
			switch {
			case k.separator == "":
				by = fmt.Sprintf("{%s:%s}", c.path, c.Seg.Format)
			case c.Seg.Width > 0:
				by = fmt.Sprintf("Width(%d)", c.Seg.Width)
			}
			if !c.part && !made.fits(c.Seg) {
				return r.errorf(r.fieldName(c.field), "%s cannot hold the times that %s makes: leave it out", by, made)
			}
		}
	}
	return nil
}

// made returns the strategy that fills a field in, or "".
func (p *autoPlan) made(f *codec.Field) Strategy {
	for i := range p.Fields {
		if p.Fields[i].Field == f {
			return p.Fields[i].made
		}
	}
	return ""
}

// fits reports whether a component of a key holds the times that the strategy makes.
func (s Strategy) fits(c keys.Segment) bool {
	at := time.Date(2006, 1, 2, 3, 4, 5, 0, time.UTC)
	if c.Format != "" && s.isTime() && (c.Kind == keys.Time || c.Kind == keys.Int || c.Kind == keys.Uint) {
		if !s.wholeSeconds() {
			at = at.Add(1)
		}
		p, err := keys.CompileTemplate([]keys.Segment{c})
		if err == nil {
			_, err = p.Append(nil, []keys.Value{{Kind: c.Kind, I: s.number(at), U: uint64(s.number(at)), T: at}})
		}
		return err == nil
	}
	if c.Width > 0 && s.isTime() {
		return c.Width >= len(strconv.FormatInt(s.number(at), 10))
	}
	if !s.isTime() || c.Kind != keys.Time || c.Layout == "" {
		return true
	}
	if !s.wholeSeconds() {
		at = at.Add(1)
	}
	held, err := time.Parse(c.Layout, at.Format(c.Layout))
	return err == nil && held.Equal(at)
}
