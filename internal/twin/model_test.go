package twin_test

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// stock is what is stored, as far as anybody can see: things by their ids, and which of them are in the older shape.
type stock[T any] struct {
	items map[string]T
	old   map[string]bool
}

func (s stock[T]) clone() stock[T] { return stock[T]{maps.Clone(s.items), maps.Clone(s.old)} }

// generated stands for what the library makes up.
const generated = "*"

var bornSome = time.Date(1, 2, 3, 0, 0, 0, 0, time.UTC)

// text is all of a thing, as text.
func text[T any](v T) string {
	f := facetOf(copyOf(v))
	f.Touched = f.Touched.Truncate(time.Second) // several writes at one time are a nanosecond apart
	slices.Sort(f.Tags)
	for _, e := range []*[]string{&f.Log, &f.Tags} {
		if len(*e) == 0 {
			*e = nil
		}
	}
	if len(f.Map) == 0 {
		f.Map = nil
	}
	for name, v := range f.Rest {
		f.Rest[name] = plain(v)
	}
	if len(f.Rest) == 0 {
		f.Rest = nil
	}
	all := []any{f.Thing, f.version, f.email, f.code}
	b, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// plain is a value of the rest as it is written, whichever way it was read.
func plain(v any) any {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberBOOL:
		return v.Value
	}
	return v
}

// copyOf returns a copy of a thing that shares nothing with it which anybody changes in place.
func copyOf[T any](v T) *T {
	c := v
	f := facetOf(&c)
	f.Log, f.Tags, f.Map, f.Rest = slices.Clone(f.Log), slices.Clone(f.Tags), maps.Clone(f.Map), maps.Clone(f.Rest)
	return &c
}

// is reports whether a thing is what was expected, where some may have been made up.
func is[T any](got, want T) bool {
	g, w := facetOf(copyOf(got)), copyOf(want)
	if f := facetOf(w); f.Gen == generated && g.Gen != "" {
		f.Gen = g.Gen
	}
	if f := facetOf(w); f.Born.Equal(bornSome) && !g.Born.IsZero() {
		f.Born = g.Born
	}
	return text(got) == text(*w)
}

func (s stock[T]) is(want stock[T]) bool {
	if len(s.items) != len(want.items) || !maps.Equal(s.old, want.old) {
		return false
	}
	for id, v := range want.items {
		if got, ok := s.items[id]; !ok || !is(got, v) {
			return false
		}
	}
	return true
}

// The classes of outcomes.
const (
	done      = "done"
	notFound  = "not found"
	exists    = "exists"
	stale     = "version"
	failed    = "condition"
	taken     = "unique"
	invalid   = "invalid"
	hooked    = "hook"
	panicked  = "panic"
	faulty    = "fault"
	unknown   = "unknown"
	cancelled = "cancelled"
	older     = "older shape"
	unsent    = "not sent"
	unread    = "done, and not read"
)

// moment is what effects go by.
type moment struct {
	now   time.Time
	hides bool
	hook  hookPlan
	moves bool // items may be at two places, and are looked for first
	late  bool // unique values are judged when all is done
	lax   bool // of two reasons to fail the other one counts, or what index keys need is taken from what is stored
}

// effect is what a write does: it returns the class of its outcome, and the thing that the caller has then.
type effect[T any] func(s stock[T], m moment) (class string, after *T)

// unique reports whether another thing than that of an id has a unique value of v.
func (s stock[T]) taken(v *T) bool {
	f := facetOf(v)
	if f.email == nil {
		return false
	}
	for id, other := range s.items {
		o := facetOf(&other)
		if id != f.ID && (*f.email != "" && *o.email == *f.email || *f.code != "" && *o.code == *f.code) {
			return true
		}
	}
	return false
}

func (m moment) expired(f facet) bool { return m.hides && f.Until != 0 && f.Until <= m.now.Unix() }

// fill does what is filled in by a put.
func (m moment) fill(f facet) {
	if f.Kind == "" {
		f.Kind = "plain"
	}
	if f.Gen == "" {
		f.Gen = generated
	}
	if f.Born.IsZero() {
		f.Born = bornSome
	}
	f.Touched = m.now
}

// before runs the hook in front of a write, and says how the write ends if it does so here.
func (m moment) before(f facet) string {
	switch m.hook.before {
	case "mark":
		f.Mark += "m"
		f.Tags = nil
	case "err":
		return hooked
	case "panic":
		return panicked
	}
	return ""
}

// behind is the outcome of a write that was carried out and has a hook behind it.
func (m moment) behind() string {
	switch m.hook.after {
	case "err":
		return hooked
	case "panic":
		return panicked
	}
	return done
}

// put is the effect of Put and Create.
func put[T any](v T, create bool, state string, unchecked, skip bool) effect[T] {
	return func(s stock[T], m moment) (string, *T) {
		if skip {
			m.hook = hookPlan{}
		}
		work := copyOf(v)
		f := facetOf(work)
		if end := m.before(f); end != "" {
			return end, nil
		}
		m.fill(f)
		if f.N >= 1000 && !unchecked {
			return invalid, nil
		}
		stored, there := s.items[f.ID]
		now := facetOf(&stored)
		if create {
			if there && !m.expired(now) {
				if m.lax && m.moves && s.taken(work) { // the item is at its other place, which is looked at last
					return taken, nil
				}
				return exists, nil
			}
			if f.version != nil {
				*f.version = 1
			}
		} else if f.version != nil {
			have := int64(0)
			if there {
				have = *now.version
			}
			switch {
			case !there && *f.version != 0:
				return notFound, nil
			case have != *f.version:
				return stale, nil
			}
			*f.version++
		}
		if end := when(there, now, state); end != "" {
			return end, nil
		}
		if !m.late && s.taken(work) {
			return taken, nil
		}
		s.items[f.ID] = *work
		delete(s.old, f.ID)
		return m.behind(), work
	}
}

// when decides the condition that the state is the given one, "" for none.
func when(there bool, now facet, state string) string {
	switch {
	case state == "":
		return ""
	case !there:
		return notFound
	case now.State != state:
		return failed
	}
	return ""
}

// remove is the effect of Delete and Remove.
func remove[T any](v T, instance bool, state string) effect[T] {
	return func(s stock[T], m moment) (string, *T) {
		work := copyOf(v)
		f := facetOf(work)
		if instance {
			if end := m.before(f); end != "" {
				return end, nil
			}
		}
		stored, there := s.items[f.ID]
		now := facetOf(&stored)
		if instance && f.version != nil {
			switch {
			case !there && *f.version != 0:
				return notFound, nil
			case there && *now.version != *f.version:
				return stale, nil
			}
		}
		if end := when(there, now, state); end != "" {
			return end, nil
		}
		delete(s.items, f.ID)
		delete(s.old, f.ID)
		if !instance {
			return done, nil
		}
		return m.behind(), work
	}
}

// change is one change of an update, to the model and to what is sent.
type change struct {
	name    string
	do      func(f facet)
	invalid bool
	root    string // the attribute
	add     bool   // what it makes depends on what is there
}

// fields that index keys are made of, with those that each needs.
var together = map[string][]string{
	"state": {"state", "rank", "kind"},
	"rank":  {"state", "rank"},
	"kind":  {"state", "kind"},
	"n":     {"n"},
}

func value(f facet, name string) any {
	switch name {
	case "state":
		return f.State
	case "rank":
		return f.Rank
	case "kind":
		return f.Kind
	}
	return f.N
}

// update is the effect of an update by key; v is the key.
func update[T any](v T, changes []change, upsert bool, version *int64, state string) effect[T] {
	return func(s stock[T], m moment) (string, *T) {
		id := facetOf(&v).ID
		stored, there := s.items[id]
		for _, c := range changes {
			if c.invalid && (there || upsert || !m.moves || m.lax) {
				return invalid, nil
			}
		}
		work := copyOf(stored)
		f := facetOf(work)
		switch {
		case !there && !upsert:
			return notFound, nil
		case !there:
			f.Tenant, f.ID = "t", id
		case s.old[id]:
			return older, nil
		case version != nil && *f.version != *version:
			return stale, nil
		}
		if !there && (version != nil && *version != 0) {
			return notFound, nil
		}
		if end := when(there, f, state); end != "" {
			return end, nil
		}
		for _, c := range changes {
			c.do(f)
		}
		if !there || upsert {
			touched := f.Touched
			m.fill(f)
			f.Touched = touched
		}
		f.Touched = m.now
		if f.version != nil {
			*f.version++
		}
		if !m.late && s.taken(work) {
			return taken, nil
		}
		s.items[id] = *work
		return done, work
	}
}

// patch is the effect of an update of an instance.
func patch[T any](v T, changes []change, state string) effect[T] {
	return func(s stock[T], m moment) (string, *T) {
		mine := facetOf(copyOf(v))
		for _, c := range changes {
			c.do(mine)
		}
		tags := mine.Tags
		mark := mine.Mark
		if end := m.before(mine); end != "" {
			return end, nil
		}
		stored, there := s.items[mine.ID]
		for _, c := range changes {
			if c.invalid && (there || !m.moves || m.lax) {
				return invalid, nil
			}
		}
		work := copyOf(stored)
		f, was := facetOf(work), facetOf(copyOf(v))
		switch {
		case !there:
			return notFound, nil
		case s.old[mine.ID]:
			return older, nil
		case f.version != nil && *f.version != *was.version:
			return stale, nil
		}
		if end := when(there, f, state); end != "" {
			return end, nil
		}
		if end := lacks(changes, f, was); end != "" && !m.lax {
			return end, nil
		}
		for _, c := range changes {
			c.do(f)
		}
		if mine.Mark != mark {
			f.Mark = mine.Mark
		}
		if m.hook.before == "mark" && len(tags) > 0 {
			f.Tags = nil
		}
		f.Touched = m.now
		if f.version != nil {
			*f.version++
		}
		if !m.late && s.taken(work) {
			return taken, nil
		}
		s.items[mine.ID] = *work
		return m.behind(), work
	}
}

// lacks says whether what changes need of index keys is another thing than the instance has.
func lacks(changes []change, now, was facet) string {
	for _, c := range changes {
		for _, name := range together[c.root] {
			given := slices.ContainsFunc(changes, func(c change) bool { return c.root == name && !c.add })
			if !given && value(now, name) != value(was, name) {
				return failed
			}
		}
	}
	return ""
}

// save is the effect of SaveChanges, and of what Collection.Save makes of two states of an item if held is set.
func save[T any](before, after T, state string, held, skip bool) effect[T] {
	return func(s stock[T], m moment) (string, *T) {
		if skip {
			m.hook = hookPlan{}
		}
		mine := copyOf(after)
		a, b := facetOf(mine), facetOf(copyOf(before))
		if end := m.before(a); end != "" {
			return end, nil
		}
		changes := differences(b, a)
		if len(changes) == 0 {
			return done, copyOf(after)
		}
		if a.N >= 1000 {
			return invalid, nil
		}
		stored, there := s.items[b.ID]
		work := copyOf(stored)
		f := facetOf(work)
		switch {
		case !there:
			return notFound, nil
		case s.old[b.ID]:
			return older, nil
		case f.version != nil && *f.version != *b.version:
			return stale, nil
		}
		if end := when(there, f, state); end != "" {
			return end, nil
		}
		if end := lacks(changes, f, b); end != "" && !m.lax {
			return end, nil
		}
		if held && f.version == nil {
			for _, c := range differences(b, f) {
				if slices.ContainsFunc(changes, func(o change) bool { return o.root == c.root }) {
					return failed, nil
				}
			}
		}
		for _, c := range changes {
			c.do(f)
		}
		f.Touched = m.now
		if f.version != nil {
			*f.version++
		}
		if !m.late && s.taken(work) {
			return taken, nil
		}
		s.items[b.ID] = *work
		return m.behind(), work
	}
}
