package change

import (
	"bytes"
	"cmp"
	"errors"
	"maps"
	"math/big"
	"slices"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/wire"
)

// errNoPath is a path into something that is not there, errKind an operation on a value of another kind; the service refuses
// the update.
var (
	errNoPath = errors.New("the path leads nowhere in the item")
	errKind   = errors.New("the operation does not fit what is stored")
)

// Resolved is a change and what its path names.
type Resolved struct {
	*Change
	Target
}

// Replaces reports whether the change makes its top-level attribute anew, whatever that was.
func (c Resolved) Replaces() bool { return c.IsWhole() && (c.Op == Set || c.Op == Remove) }

// Puts returns what the target holds after the change whatever it held before, or a part of that; nil for nothing.
func (c Resolved) Puts() (types.AttributeValue, error) {
	switch c.Op {
	case SetIfAbsent, Subtract, Remove, Delete:
		return nil, nil
	}
	v, err := c.operand(c.Target)
	if _, ok := v.(*types.AttributeValueMemberN); ok && c.Op == Add {
		return nil, nil
	}
	return v, c.within(err)
}

// Apply does changes that do not overlap to the item at ptr, each as far as that has what its path leads through. Attributes
// of the rest it leaves alone. After an error some changes may be done.
func Apply(changes []Resolved, ptr unsafe.Pointer) error {
	for len(changes) > 0 {
		first := changes[0]
		var same, others []Resolved
		for _, c := range changes {
			if c.Root == first.Root {
				same = append(same, c)
			} else {
				others = append(others, c)
			}
		}
		if !first.Rest {
			if err := applyTo(first.Root, same, ptr); err != nil {
				return err
			}
		}
		changes = others
	}
	return nil
}

// applyTo does the changes of one field, see [Apply].
func applyTo(f *codec.Field, changes []Resolved, ptr unsafe.Pointer) error {
	var was types.AttributeValue
	if first := changes[0]; len(changes) > 1 || !first.Replaces() {
		var err error
		if was, err = StoredForm(f, ptr); err != nil {
			return first.within(err)
		}
	}
	now, err := result(changes, was, true)
	if err != nil {
		return err
	}
	return changes[0].within(SetStored(f, ptr, now))
}

// Result returns what changes of one top-level attribute make of it when it has the value was; nil stands for absent, in
// both, and a NULL in was counts as absent. It shares parts with was and does not change it. A path that leads nowhere is an
// error, as it is to the service, unless the change removes what is there.
func Result(changes []Resolved, was types.AttributeValue) (types.AttributeValue, error) {
	return result(changes, was, false)
}

// edit is a change and its operand.
type edit struct {
	Resolved
	value types.AttributeValue // nil when it removes its target
	makes bool                 // what others change a part of
}

// compare puts edits into an order in which each finds its place: the service takes all positions in lists as they were
// before the update, and puts elements beyond the end there in the order of their positions. So what is removed leaves a gap
// until all is done, and is removed first: with one element, l[1] is nothing to remove though l[5] is set, and becomes l[1].
// What others change a part of is made before all that.
func (e edit) compare(o edit) int {
	switch {
	case e.makes && o.makes:
		return len(e.steps) - len(o.steps)
	case e.makes:
		return -1
	case o.makes:
		return 1
	case e.value == nil && o.value != nil:
		return -1
	case e.value != nil && o.value == nil:
		return 1
	}
	return slices.CompareFunc(e.steps, o.steps, func(a, b step) int { return cmp.Compare(a.at, b.at) })
}

// result does the work of [Result]; with lenient, it leaves out changes whose paths lead nowhere.
func result(changes []Resolved, was types.AttributeValue, lenient bool) (types.AttributeValue, error) {
	edits := make([]edit, len(changes))
	for i, c := range changes {
		value, err := c.operand(c.Target)
		if err != nil {
			return nil, c.within(err)
		}
		edits[i] = edit{c, value, slices.ContainsFunc(changes, c.makes)}
	}
	slices.SortStableFunc(edits, edit.compare)
	for _, e := range edits {
		now, err := editAt(was, e.steps, func(was types.AttributeValue) (types.AttributeValue, error) {
			now, err := e.compute(was, e.value)
			if err == nil && (e.Op == Add || e.Op == Subtract) {
				err = e.holds(now)
			}
			return now, err
		})
		switch nowhere := errors.Is(err, errNoPath); {
		case lenient && (nowhere || errors.Is(err, errKind)):
			continue
		case nowhere:
			return nil, e.within(e.leadsNowhere(was))
		case err != nil:
			return nil, e.within(err)
		}
		was = now
	}
	closeGaps(was)
	return was, nil
}

// compute applies the operation to one value.
func (c *Change) compute(was, value types.AttributeValue) (types.AttributeValue, error) {
	if isAbsent(was) {
		was = nil
	}
	switch c.Op {
	case Set:
		return value, nil
	case SetIfAbsent:
		if was != nil {
			return was, nil
		}
		return value, nil
	case Append:
		return joinLists(was, value)
	case Prepend:
		return joinLists(value, was)
	case Delete:
		return editSet(was, value, false)
	case Add, Subtract:
		if n, ok := value.(*types.AttributeValueMemberN); ok {
			return addNumbers(was, n.Value, c.Op == Subtract)
		}
		return editSet(was, value, true)
	}
	return nil, nil // Remove
}

// editAt applies edit to what the steps lead to inside v, and returns the changed v. What it removes from a list leaves a
// gap, a nil.
func editAt(v types.AttributeValue, steps []step, edit func(types.AttributeValue) (types.AttributeValue, error)) (types.AttributeValue, error) {
	if len(steps) == 0 {
		return edit(v)
	}
	if isAbsent(v) {
		if now, err := edit(nil); now == nil && err == nil {
			return v, nil // there is nothing to remove
		}
		return nil, errNoPath
	}
	if name := steps[0].name; name != "" {
		m, ok := v.(*types.AttributeValueMemberM)
		if !ok {
			return nil, errNoPath
		}
		now, err := editAt(m.Value[name], steps[1:], edit)
		if err != nil {
			return nil, err
		}
		changed := make(map[string]types.AttributeValue, len(m.Value)+1)
		maps.Copy(changed, m.Value)
		if now == nil {
			delete(changed, name)
		} else {
			changed[name] = now
		}
		return &types.AttributeValueMemberM{Value: changed}, nil
	}
	l, ok := v.(*types.AttributeValueMemberL)
	if !ok {
		return nil, errNoPath
	}
	list := slices.Clone(l.Value)
	at := min(steps[0].at, len(list)) // the service puts what is beyond the end at the end
	if at == len(list) {
		list = append(list, nil)
	}
	now, err := editAt(list[at], steps[1:], edit)
	if err != nil {
		return nil, err
	}
	list[at] = now
	return &types.AttributeValueMemberL{Value: list}, nil
}

// closeGaps drops the gaps of lists, which are only in those that editAt has made.
func closeGaps(v types.AttributeValue) {
	switch v := v.(type) {
	case *types.AttributeValueMemberM:
		for _, inner := range v.Value {
			closeGaps(inner)
		}
	case *types.AttributeValueMemberL:
		for _, inner := range v.Value {
			closeGaps(inner)
		}
		if slices.Contains(v.Value, nil) {
			v.Value = slices.DeleteFunc(v.Value, func(e types.AttributeValue) bool { return e == nil })
		}
	}
}

// addNumbers adds decimals exactly.
func addNumbers(was types.AttributeValue, text string, subtract bool) (types.AttributeValue, error) {
	sum := new(big.Rat)
	if was != nil {
		n, ok := was.(*types.AttributeValueMemberN)
		if !ok {
			return nil, errKind
		}
		if _, ok := sum.SetString(n.Value); !ok {
			return nil, wire.ErrNumber
		}
	}
	operand, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil, wire.ErrNumber
	}
	if subtract {
		operand.Neg(operand)
	}
	sum.Add(sum, operand)
	digits, _ := sum.FloatPrec() // a sum of decimals ends
	return &types.AttributeValueMemberN{Value: sum.FloatString(digits)}, nil
}

// joinLists puts two lists together, of which an absent one counts as empty.
func joinLists(lists ...types.AttributeValue) (types.AttributeValue, error) {
	all := &types.AttributeValueMemberL{}
	for _, v := range lists {
		l, ok := v.(*types.AttributeValueMemberL)
		if !ok && v != nil {
			return nil, errKind
		}
		if ok {
			all.Value = append(all.Value, l.Value...)
		}
	}
	return all, nil
}

// editSet puts elements into a set, or takes them out; a set without elements is absent.
func editSet(was, elements types.AttributeValue, add bool) (types.AttributeValue, error) {
	if was == nil {
		if add {
			return elements, nil
		}
		return nil, nil
	}
	switch e := elements.(type) {
	case *types.AttributeValueMemberSS:
		if s, ok := was.(*types.AttributeValueMemberSS); ok {
			if set := mergeSets(s.Value, e.Value, add, func(a, b string) bool { return a == b }); len(set) > 0 {
				return &types.AttributeValueMemberSS{Value: set}, nil
			}
			return nil, nil
		}
	case *types.AttributeValueMemberNS:
		if s, ok := was.(*types.AttributeValueMemberNS); ok {
			if set := mergeSets(s.Value, e.Value, add, wire.SameNumber); len(set) > 0 {
				return &types.AttributeValueMemberNS{Value: set}, nil
			}
			return nil, nil
		}
	case *types.AttributeValueMemberBS:
		if s, ok := was.(*types.AttributeValueMemberBS); ok {
			if set := mergeSets(s.Value, e.Value, add, bytes.Equal); len(set) > 0 {
				return &types.AttributeValueMemberBS{Value: set}, nil
			}
			return nil, nil
		}
	}
	return nil, errKind
}

func mergeSets[E any](was, elements []E, add bool, same func(a, b E) bool) []E {
	without := slices.DeleteFunc(slices.Clone(was), func(w E) bool {
		return slices.ContainsFunc(elements, func(e E) bool { return same(w, e) })
	})
	if !add {
		return without
	}
	return slices.Concat(without, elements)
}
