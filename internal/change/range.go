package change

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// What counts a number up or down makes one that its Go type can hold, or nothing: what is stored else could not be read any more.
// The update does not know the number, so it asks. An absent one counts as 0, and every comparison with it is false. For an int8,
//
//	Add 100          NOT (n > 27)
//	Subtract -128    n <= -1         0 would become 128

// errRange is the error of a number that its Go type cannot hold.
var errRange = errors.New("out of range")

// bound adds to an update the condition that the target, to which n is added or from which it is subtracted, stays in the range of its
// type.
func (c *Change) bound(u *Update, t Target, n string) {
	if t.Type == nil || isOpen(t.Type) {
		return
	}
	limit, most, zero := limitOf(deref(t.Type), n, c.Op == Subtract)
	text := "# >= :"
	switch {
	case limit == "":
		return
	case most && zero:
		text = "NOT (# > :)"
	case most:
		text = "# <= :"
	case zero:
		text = "NOT (# < :)"
	}
	u.bounds = append(u.bounds, Condition{phrase: phrase{text, t.Root.Name, t.steps, []types.AttributeValue{number(limit)}}})
}

// limitOf returns what a number of a type must be at most, or at least, for n to be added to it, or subtracted from it, and whether 0
// is that; "" if it does not matter.
func limitOf(t reflect.Type, n string, subtract bool) (limit string, most, zero bool) {
	switch k := t.Kind(); {
	case k >= reflect.Int && k <= reflect.Int64:
		by, err := strconv.ParseInt(n, 10, 64)
		if err != nil || by == 0 {
			return "", false, false
		}
		most = by > 0 != subtract
		at := int64(math.MaxInt64) >> (64 - t.Bits())
		if !most {
			at = -at - 1
		}
		if subtract {
			at += by
		} else {
			at -= by
		}
		return strconv.FormatInt(at, 10), most, !most || at >= 0
	case k >= reflect.Uint && k <= reflect.Uint64:
		by, err := strconv.ParseUint(n, 10, 64)
		switch {
		case err != nil || by == 0:
			return "", false, false
		case subtract:
			return n, false, false
		}
		return strconv.FormatUint(math.MaxUint64>>(64-t.Bits())-by, 10), true, true
	case k == reflect.Float32:
		by, err := strconv.ParseFloat(n, 32)
		if err != nil || by == 0 {
			return "", false, false
		}
		if subtract {
			by = -by
		}
		return strconv.FormatFloat(math.Copysign(math.MaxFloat32, by)-by, 'g', -1, 64), by > 0, true
	}
	return "", false, false
}

// holds returns an error if a number is out of the range of the target's type.
func (t Target) holds(v types.AttributeValue) (err error) {
	n, ok := v.(*types.AttributeValueMemberN)
	if !ok || t.Type == nil || isOpen(t.Type) { // a set
		return nil
	}
	typ := deref(t.Type)
	switch k := typ.Kind(); {
	case k >= reflect.Int && k <= reflect.Int64:
		_, err = strconv.ParseInt(n.Value, 10, typ.Bits())
	case k >= reflect.Uint && k <= reflect.Uint64:
		if _, err = strconv.ParseUint(n.Value, 10, typ.Bits()); n.Value[0] == '-' {
			err = strconv.ErrRange
		}
	case k == reflect.Float32:
		_, err = strconv.ParseFloat(n.Value, 32)
	}
	if errors.Is(err, strconv.ErrRange) {
		return fmt.Errorf("%s is %w of %s", n.Value, errRange, typ)
	}
	return nil
}

// OutOfRange returns the error of a number that the changes would make of the stored item and that its Go type cannot hold, or nil.
func (l *List) OutOfRange(item map[string]types.AttributeValue) error {
	for name, changes := range l.byName {
		if _, err := Result(changes, item[name]); errors.Is(err, errRange) {
			return err
		}
	}
	return nil
}
