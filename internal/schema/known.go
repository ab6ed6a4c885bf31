package schema

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/keys"
	"github.com/entable/entable/internal/manifest"
)

// known returns the keys of the entities of a manifest, by their places in it, for the proof. A manifest does not say of how
// many bits an integer is and how long an array: the proof then takes all that the kind can have.
func (t *Table) known(m *manifest.Manifest) (set keys.Set, err error) {
	for i := range m.Entities {
		patterns, err := t.patternsOf(&m.Entities[i])
		if err != nil {
			return set, fmt.Errorf("cannot read the key of %s: %w", m.Entities[i].Name, err)
		}
		set.Add(i, patterns)
		for _, place := range m.Entities[i].Places() {
			if patterns, err = t.patternsOf(place); err != nil {
				return set, fmt.Errorf("cannot read the key that %s had: %w", m.Entities[i].Name, err)
			}
			set.Add(i, patterns)
		}
	}
	return set, nil
}

func (t *Table) patternsOf(e *manifest.Entity) (out []*keys.Pattern, err error) {
	for i, k := range []*manifest.Key{&e.PK, e.SK} {
		attr := []Attr{t.PK, t.SK}[i]
		switch {
		case (k != nil) != attr.Exists():
			return nil, errors.New("its sort key does not fit the table")
		case k == nil || attr.Type == types.ScalarAttributeTypeN:
			continue
		}
		segments := make([]keys.Segment, len(k.Segments))
		for j, s := range k.Segments {
			if segments[j], err = segmentOf(s); err != nil {
				return nil, err
			}
		}
		separator := k.Separator
		if attr.Type == types.ScalarAttributeTypeB {
			separator = keys.DefaultSeparator
		}
		compile := func() (*keys.Pattern, error) { return keys.Compile(k.Prefix, separator, segments) }
		if k.Template {
			compile = func() (*keys.Pattern, error) { return keys.CompileTemplate(segments) }
		}
		p, err := compile()
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// segmentOf does the reverse of component.manifest.
func segmentOf(m manifest.Segment) (keys.Segment, error) {
	if m.Literal != "" {
		return keys.Segment{Literal: m.Literal, Tail: m.Tail}, nil
	}
	s := keys.Segment{Attr: m.Attribute, Width: m.Width, Layout: m.Layout, Format: m.Format, Tail: m.Tail, Derived: m.Kind == derivedKind}
	if s.Derived {
		return s, nil
	}
	kinds := []keys.Kind{keys.Text, keys.Int, keys.Uint, keys.Float, keys.Bool, keys.Time, keys.Bytes}
	i := slices.IndexFunc(kinds, func(k keys.Kind) bool { return k.String() == m.Kind || k == keys.Time && m.Kind == unixTimeKind })
	if i < 0 {
		return s, fmt.Errorf("attribute %q is of the unknown kind %q", m.Attribute, m.Kind)
	}
	if s.Kind = kinds[i]; m.Shards == 0 {
		return s, nil
	}
	return shardSegment(s, m.Shards), nil
}

// shardSegment returns the number of one of n shards, made of a component.
func shardSegment(of keys.Segment, n int) keys.Segment {
	return keys.Segment{Attr: "shard of " + of.Attr, Kind: keys.Int, Width: len(strconv.Itoa(n - 1)), Shards: n, Of: &of}
}

// proveLocked shows that no entity that only the lock knows can build the key of an item of this one.
func (r *registration) proveLocked(e *Entity) error {
	lock := r.t.Lock
	if lock == nil {
		return nil
	}
	if r.t.reg.locked == nil {
		set, err := r.t.known(lock.Manifest)
		if err != nil {
			return r.errorf("", "cannot use the lock: %s", err)
		}
		r.t.reg.locked = &set
	}
	registered := map[*manifest.Entity]bool{r.locked: true}
	for _, o := range r.t.reg.entities { // proved by what they are
		registered[lock.Entity(o.Name)] = true
	}
	i, examples, found := r.t.reg.locked.Meets(e.patterns, func(i int) bool { return registered[&lock.Entities[i]] })
	if !found {
		return nil
	}
	other, cure := lock.Entities[i].Name, strangerCure(lock.Entities[i].Name)
	if r.locked != nil && r.e.Other == nil {
		cure = "the lock has both, as when two branches that have each added one are merged: take out of it the one of which no items are stored, and extend it anew"
	}
	return r.errorf("", "%s: %s", e.meeting(other+", which the lock knows", examples), cure)
}

func strangerCure(name string) string {
	return fmt.Sprintf("give it a prefix of its own, or, if it is the new name of %s, say entable.Was(%q)", name, name)
}

// Strangers lists the registered entities that can have the key of an item of an entity that only a stored manifest knows:
// another service, or another version of this one, has it. Without a lock, which keeps names, it lists those that seem to be
// such an entity under a new name too.
func (t *Table) Strangers(stored, now *manifest.Manifest) (list []manifest.Difference, err error) {
	if len(stored.Table.Contradictions(&now.Table)) > 0 {
		return nil, nil // the keys cannot be compared
	}
	names := map[string]bool{}
	for _, e := range now.Entities {
		for _, name := range append([]string{e.Name}, e.Was...) {
			names[name] = true
		}
	}
	if t.Lock == nil {
		list = stored.Renames(now)
	}
	t.reg.mu.Lock()
	defer t.reg.mu.Unlock()
	for i := range stored.Entities {
		e := &stored.Entities[i]
		if slices.ContainsFunc(append([]string{e.Name}, e.Was...), func(name string) bool { return names[name] }) {
			continue
		}
		said := func(i int) bool {
			return slices.ContainsFunc(e.Distinct, func(d manifest.Distinct) bool { return slices.Contains(t.reg.entities[i].Names(), d.Entity) })
		}
		var j int
		var examples []string
		found := false
		for _, place := range append([]*manifest.Entity{e}, e.Places()...) {
			patterns, err := t.patternsOf(place)
			if err != nil {
				return nil, fmt.Errorf("cannot read the key of %s: %w", e.Name, err)
			}
			if j, examples, found = t.reg.keys.Meets(patterns, said); found {
				break
			}
		}
		if !found {
			continue
		}
		own := t.reg.entities[j]
		m := own.manifest()
		list = append(list, manifest.Difference{
			Where: own.Name, What: "primary key", Was: e.KeyTexts() + " of " + e.Name, Is: m.KeyTexts(),
			Effect: own.meeting(e.Name+", and would overwrite it", examples), Cure: strangerCure(e.Name),
		})
	}
	return list, nil
}
