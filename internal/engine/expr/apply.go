package expr

import (
	"errors"

	"github.com/entable/entable/internal/engine/value"
)

// The ways in which an update can fail on an item, apart from numbers out of range.
var (
	errNoAttribute = &Error{"The provided expression refers to an attribute that does not exist in the item"}
	errBadTarget   = &Error{"The document path provided in the update expression is invalid for update"}
	errBadOperand  = &Error{"An operand in the update expression has an incorrect data type"}
	// errLegacyOperand is errBadOperand of AttributeUpdates.
	errLegacyOperand = &Error{"Type mismatch for attribute to update"}
	errTooDeep       = &Error{"Nesting Levels have exceeded supported limits"}
)

// Apply gives the item after the update. All operands are taken from the item as it was before. For an item that
// does not exist, give the item of its key attributes.
func (u *Update) Apply(item value.Item) (value.Item, error) {
	results := make([]value.Value, len(u.actions))
	for _, i := range u.order { // it shows when several fail
		var err error
		if results[i], err = u.actions[i].result(item); err != nil {
			if u.legacy && errors.Is(err, errBadOperand) {
				err = errLegacyOperand
			}
			return value.Item{}, err
		}
	}
	after := u.targets.write(item, results)
	if len(u.nested) > 0 && after.Depth() >= value.MaxDepth {
		return value.Item{}, errTooDeep
	}
	return after, nil
}

// result computes what an action writes to its target: None removes it.
func (a *action) result(item value.Item) (value.Value, error) {
	var v value.Value
	if !a.reachable(item) {
		return v, errBadTarget
	}
	if a.operand != nil {
		var err error
		if v, err = a.operand.compute(item); err != nil {
			return v, err
		}
	}
	if a.verb == setVerb || a.verb == removeVerb {
		return v, nil
	}
	old, ok := lookup(item, a.target)
	if a.verb == addVerb {
		if !ok {
			return v, nil
		}
		return add(old, v)
	}
	switch {
	case !ok:
		return value.Value{}, nil
	case old.Kind() != v.Kind():
		return v, errBadOperand
	}
	return value.Difference(old, v), nil
}

// add does the ADD of a value to one that is there: numbers are summed, sets united, lists joined.
func add(old, v value.Value) (value.Value, error) {
	switch {
	case old.Kind() != v.Kind():
		return v, errBadOperand
	case v.Kind() == value.N:
		return arithmetic(value.Add, old, v)
	case v.Kind() == value.L: // of AttributeUpdates only
		return value.Concat(old, v), nil
	}
	return value.Union(old, v), nil
}

// reachable says whether the place for the target is there: the map or list that would hold it.
func (a *action) reachable(item value.Item) bool {
	n := len(a.target) - 1
	if n == 0 {
		return true
	}
	v, ok := lookup(item, a.target[:n])
	want := value.M
	if a.target[n].name == "" {
		want = value.L
	}
	return ok && v.Kind() == want
}

// compute gives the value of an operand of an update, or says why it has none.
func (o *operand) compute(item value.Item) (value.Value, error) {
	switch o.from {
	case fromValue:
		return o.value, nil
	case fromPath:
		v, ok := lookup(item, o.path)
		if !ok {
			return v, errNoAttribute
		}
		return v, nil
	case fromIfNotExists:
		other, err := o.args[1].compute(item) // even if it is not needed: it must exist
		if err != nil {
			return other, err
		}
		if v, ok := lookup(item, o.args[0].path); ok {
			return v, nil
		}
		return other, nil
	}
	want := value.N
	if o.from == fromListAppend {
		want = value.L
	}
	args, err := o.operands(item, want)
	if err != nil {
		return value.Value{}, err
	}
	a, b := args[0], args[1]
	switch {
	case o.from == fromListAppend:
		return value.Concat(a, b), nil
	case o.from == fromSum:
		return arithmetic(value.Add, a, b)
	}
	return arithmetic(value.Sub, a, b)
}

// operands computes both operands of an operator, which must be of the wanted kind. Functions among them come first,
// and fail first.
func (o *operand) operands(item value.Item, want value.Kind) (args [2]value.Value, err error) {
	for i, a := range o.args {
		if a.from == fromIfNotExists {
			if args[i], err = a.compute(item); err != nil {
				return args, err
			}
		}
	}
	for i, a := range o.args {
		if a.from != fromIfNotExists {
			if args[i], err = a.compute(item); err != nil {
				return args, err
			}
		}
		if args[i].Kind() != want {
			return args, errBadOperand
		}
	}
	return args, nil
}

func arithmetic(f func(a, b value.Value) (value.Value, error), a, b value.Value) (value.Value, error) {
	v, err := f(a, b)
	if err != nil {
		return v, &Error{err.(*value.Error).Message}
	}
	return v, nil
}

// write puts the results into the item, each at its leaf.
func (t *tree) write(item value.Item, results []value.Value) value.Item {
	var b value.Builder
	rest := t.branches
	for name, v := range item.All() {
		for len(rest) > 0 && rest[0].name < name {
			b.Set(rest[0].name, results[rest[0].sub.leaf])
			rest = rest[1:]
		}
		if len(rest) > 0 && rest[0].name == name {
			v = rest[0].sub.replace(v, results)
			rest = rest[1:]
		}
		b.Set(name, v)
	}
	for _, br := range rest {
		b.Set(br.name, results[br.sub.leaf])
	}
	return b.Item()
}

// replace gives what the value at the tree's place becomes.
func (t *tree) replace(old value.Value, results []value.Value) value.Value {
	switch {
	case t.leaf >= 0:
		return results[t.leaf]
	case t.branches[0].name != "":
		return value.Map(t.write(old.Item(), results))
	}
	elems := make([]value.Value, 0, 8)
	rest := t.branches
	i := 0
	for e := range old.Elems() {
		if len(rest) > 0 && rest[0].index == i {
			e = rest[0].sub.replace(e, results)
			rest = rest[1:]
		}
		if i++; !e.IsNone() {
			elems = append(elems, e)
		}
	}
	for _, br := range rest { // beyond the end: appended in the order of the indexes
		if v := results[br.sub.leaf]; !v.IsNone() {
			elems = append(elems, v)
		}
	}
	return value.List(elems...)
}

// Touched gives the parts of the item that the update's targets name: of the item before the update what
// UPDATED_OLD returns, of the one after it what UPDATED_NEW does.
func (u *Update) Touched(item value.Item) value.Item { return u.targets.pick(item) }
