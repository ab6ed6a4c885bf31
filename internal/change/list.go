package change

import (
	"maps"
	"math"
	"slices"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// List is the changes of one update. The zero value is empty.
type List struct {
	Sealing
	all   []Resolved      // those of one top-level attribute behind each other
	exact map[string]bool // the attributes that AddTo has set to what the changes make of a known value
}

// Add adds a change. One that overlaps with an earlier one, which it returns then, it does not add; but SetIfAbsent may make
// what others change inside it. Nor does it add what cannot be done to a sealed attribute.
func (l *List) Add(c Resolved) (overlapping *Change, err error) {
	if c, err = l.sealed(c); err != nil {
		return nil, err
	}
	from, to := l.span(c.Root.Name)
	for _, o := range l.all[from:to] {
		if c.Overlaps(o.Target) && !c.makes(o) && !o.makes(c) {
			return o.Change, nil
		}
	}
	l.all = slices.Insert(l.all, to, c)
	return nil, nil
}

// Of returns the changes of a top-level attribute, in their order, until the next one is added.
func (l *List) Of(name string) []Resolved {
	from, to := l.span(name)
	return l.all[from:to]
}

// Has reports whether there are changes of a top-level attribute.
func (l *List) Has(name string) bool { return len(l.Of(name)) > 0 }

// span returns where the changes of a top-level attribute are; behind all others if there are none.
func (l *List) span(name string) (from, to int) {
	for from < len(l.all) && l.all[from].Root.Name != name {
		from++
	}
	to = from
	for to < len(l.all) && l.all[to].Root.Name == name {
		to++
	}
	return from, to
}

// byName yields the changes of each top-level attribute that has any.
func (l *List) byName(yield func(string, []Resolved) bool) {
	for rest := l.all; len(rest) > 0; {
		name, n := rest[0].Root.Name, 1
		for n < len(rest) && rest[n].Root.Name == name {
			n++
		}
		if !yield(name, rest[:n]) {
			return
		}
		rest = rest[n:]
	}
}

// Fills reports whether an attribute gets a value only if it has none.
func (l *List) Fills(name string) bool {
	changes := l.Of(name)
	return len(changes) == 1 && changes[0].IsWhole() && changes[0].Op == SetIfAbsent
}

// makes reports whether the change makes, if it is absent, what another one changes a part of.
func (c Resolved) makes(o Resolved) bool {
	return c.Op == SetIfAbsent && len(c.steps) < len(o.steps) && c.leadsTo(o.Target)
}

// AddTo adds the changes to an update expression, and returns what must hold of the stored item for the service to do what
// they mean. When the item is known, nil for none, an attribute of which that does not hold is set to what the changes make
// of it, under the guard that it is still what it was.
func (l *List) AddTo(u *Update, item map[string]types.AttributeValue, known bool) ([]Guard, error) {
	var guards []Guard
	l.exact = nil
	for _, c := range l.all {
		name := c.Root.Name
		if l.exact[name] {
			continue
		}
		if known && !Hold(guardsOf(l.Of(name)), item) {
			now, err := Result(l.Of(name), item[name])
			if err != nil {
				return nil, err
			}
			if now == nil {
				u.Remove(name)
			} else {
				u.Set(name, now)
			}
			if l.exact == nil {
				l.exact = map[string]bool{}
			}
			l.exact[name] = true
			guards = append(guards, Is(name, item[name]))
			continue
		}
		if slices.ContainsFunc(l.Of(name), c.makes) {
			continue // what is inside it has the guard that it is there
		}
		if err := c.AddTo(u, c.Target); err != nil {
			return nil, err
		}
		for _, g := range c.guards() {
			if !slices.ContainsFunc(guards, func(o Guard) bool { return g.id != "" && g.id == o.id }) {
				guards = append(guards, g)
			}
		}
	}
	return guards, nil
}

// guardsOf returns what must hold for the service to do changes of one attribute.
func guardsOf(changes []Resolved) []Guard {
	var guards []Guard
	for _, c := range changes {
		if !slices.ContainsFunc(changes, c.makes) {
			guards = append(guards, c.guards()...)
		}
	}
	return guards
}

// Repeats reports whether the request that AddTo has made, carried out twice, does the same as once, or fails.
func (l *List) Repeats() bool {
	return !slices.ContainsFunc(l.all, func(c Resolved) bool { return !l.exact[c.Root.Name] && !c.repeats() })
}

// repeats reports whether the change, done twice, does the same as once. What is put into a list beyond its end is not, nor
// what is taken out of one: others move into its place.
func (c Resolved) repeats() bool {
	switch c.Op {
	case Append, Prepend, Subtract:
		return false
	case Add:
		v, _ := c.operand(c.Target)
		return !isNumber(v)
	}
	return c.IsWhole() || c.steps[len(c.steps)-1].name != ""
}

// Settled reports whether the changes, done again, would leave a stored item as it is.
func (l *List) Settled(item map[string]types.AttributeValue) bool {
	for name, changes := range l.byName {
		again, err := Result(changes, item[name])
		if err != nil || !Same(again, item[name]) {
			return false
		}
	}
	return true
}

// IsSmall reports whether what Least adds, in JSON, is sure to be no longer than n. It is about an update with all that AddTo
// has added.
func (l *List) IsSmall(u *Update, n int) bool {
	for _, phrases := range [...][]phrase{u.add, u.del, u.remove, u.set} {
		for i := range phrases {
			n -= jsonRoom(len(phrases[i].root))
			for _, v := range phrases[i].values {
				n -= roomOf(v)
			}
		}
	}
	return len(l.exact) == 0 && n >= 0
}

// jsonRoom returns the longest that a text of n bytes is in JSON, with the quotes, its type and what is around it.
func jsonRoom(n int) int { return 6*n + 16 }

// roomOf returns the longest that a value is in JSON; that of lists and maps, which is not looked at, no length is enough for.
func roomOf(v types.AttributeValue) int {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return jsonRoom(len(v.Value))
	case *types.AttributeValueMemberN:
		return jsonRoom(len(v.Value))
	case *types.AttributeValueMemberBOOL, *types.AttributeValueMemberNULL:
		return jsonRoom(0)
	}
	return math.MaxInt32
}

// Least adds to an item what it has at least after the changes, whatever is stored. What is put into parts of an attribute
// stands in a list, which takes no more than what they are in.
func (l *List) Least(item map[string]types.AttributeValue) error {
	for name, changes := range l.byName {
		var parts []types.AttributeValue
		for _, c := range changes {
			v, err := c.Puts()
			if err != nil {
				return err
			}
			if c.IsWhole() {
				item[name] = v
			} else if v != nil {
				parts = append(parts, v)
			}
		}
		if len(parts) > 0 {
			item[name] = &types.AttributeValueMemberL{Value: parts}
		}
	}
	maps.DeleteFunc(item, func(_ string, v types.AttributeValue) bool { return v == nil })
	return nil
}

// Make does the changes to the item at ptr, which has none of the attributes that they are about. Attributes of the rest it
// leaves alone.
func (l *List) Make(ptr unsafe.Pointer) error {
	for _, changes := range l.byName {
		c := changes[0]
		if c.Rest {
			continue
		}
		now, err := Result(changes, nil)
		if err == nil {
			err = c.within(l.setStored(c.Root, ptr, now))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
