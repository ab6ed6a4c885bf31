package entable

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"reflect"
	"slices"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/wire"
)

// What the service will make of an item, computed here: for index keys that are built from changed
// attributes, for hooks that see an instance with its new values, and for the instances of a
// transaction, which gives nothing back.

// errNoPath is a path into something that is not there; the service refuses the update.
var errNoPath = errors.New("the path leads nowhere in the item")

// applyTo does the change to the item at ptr, as far as the item has what the path leads through.
func (c *change) applyTo(e *entity, ptr unsafe.Pointer) error {
	t, err := e.resolve(c.path)
	if err != nil || t.rest {
		return err
	}
	now, err := c.resultIn(t, ptr)
	if err == nil {
		err = setStored(t.root, ptr, now)
	}
	if errors.Is(err, errNoPath) {
		return nil
	}
	if err != nil {
		return &EncodeError{Entity: e.name, Err: fmt.Errorf("attribute %s: %w", showPath(c.path), err)}
	}
	return nil
}

// resultIn is what the change makes of its attribute in the item at ptr.
func (c *change) resultIn(t target, ptr unsafe.Pointer) (types.AttributeValue, error) {
	if len(t.steps) == 0 && (c.op == changeSet || c.op == changeRemove) {
		return c.result(t, nil)
	}
	was, err := storedForm(t.root, ptr)
	if err != nil {
		return nil, err
	}
	return c.result(t, was)
}

// result is what the change makes of its top-level attribute when that has the value was; nil stands
// for absent.
func (c *change) result(t target, was types.AttributeValue) (types.AttributeValue, error) {
	var value types.AttributeValue
	if c.op != changeRemove {
		var err error
		if value, err = c.encode(t); err != nil {
			return nil, err
		}
	}
	return editAt(was, t.steps, func(was types.AttributeValue) (types.AttributeValue, error) {
		return c.compute(was, value)
	})
}

// compute applies the operation to one value.
func (c *change) compute(was, value types.AttributeValue) (types.AttributeValue, error) {
	switch c.op {
	case changeSet:
		return value, nil
	case changeSetIfAbsent:
		if was != nil {
			return was, nil
		}
		return value, nil
	case changeAppend:
		return joinLists(was, value)
	case changePrepend:
		return joinLists(value, was)
	case changeDelete:
		return editSet(was, value, false)
	case changeAdd:
		if n, ok := value.(*types.AttributeValueMemberN); ok {
			return addNumbers(was, n.Value, false)
		}
		return editSet(was, value, true)
	case changeSubtract:
		return addNumbers(was, value.(*types.AttributeValueMemberN).Value, true)
	}
	return nil, nil // remove
}

// editAt applies edit to what the steps lead to inside v, and gives the changed v.
func editAt(v types.AttributeValue, steps []step, edit func(types.AttributeValue) (types.AttributeValue, error)) (types.AttributeValue, error) {
	if len(steps) == 0 {
		return edit(v)
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
		changed := maps.Clone(m.Value)
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
	var was types.AttributeValue
	if at < len(list) {
		was = list[at]
	}
	now, err := editAt(was, steps[1:], edit)
	switch {
	case err != nil:
		return nil, err
	case now == nil && was != nil:
		list = slices.Delete(list, at, at+1)
	case now != nil && was == nil:
		list = append(list, now)
	case now != nil:
		list[at] = now
	}
	return &types.AttributeValueMemberL{Value: list}, nil
}

// addNumbers adds decimals exactly.
func addNumbers(was types.AttributeValue, text string, subtract bool) (types.AttributeValue, error) {
	sum := new(big.Rat)
	if was != nil {
		n, ok := was.(*types.AttributeValueMemberN)
		if !ok {
			return nil, errNoPath
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
			return nil, errNoPath
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
			if set := mergeSets(s.Value, e.Value, add, sameNumber); len(set) > 0 {
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
	return nil, errNoPath
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

func sameNumber(a, b string) bool {
	x, ok := new(big.Rat).SetString(a)
	y, ok2 := new(big.Rat).SetString(b)
	return ok && ok2 && x.Cmp(y) == 0
}

// storedForm is a field of the item at ptr as it would be stored; nil when it is left out.
func storedForm(f *codec.Field, ptr unsafe.Pointer) (types.AttributeValue, error) {
	raw, err := f.AppendFrom(nil, ptr)
	if err != nil || len(raw) == 0 {
		return nil, err
	}
	return wire.ReadValue(raw)
}

// setStored sets a field of the item at ptr from its stored form; nil empties it. It shares nothing with
// the field's former value, which belongs to the caller. After an error the field is as it was.
func setStored(f *codec.Field, ptr unsafe.Pointer, v types.AttributeValue) error {
	if v == nil {
		if field, ok := f.Value(ptr); ok {
			field.SetZero()
		}
		return nil
	}
	field := f.Reach(ptr)
	raw, err := wire.AppendValue(nil, v)
	if err != nil {
		return err
	}
	former := reflect.New(f.Type).Elem()
	former.Set(field)
	field.SetZero()
	if err := f.DecodeValue(wire.NewReader(raw), ptr); err != nil {
		field.Set(former)
		return err
	}
	return nil
}
