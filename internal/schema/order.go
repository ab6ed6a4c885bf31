package schema

import (
	"bytes"
	"fmt"
	"slices"
	"unsafe"
)

// checkOrder refuses a condition on a sort key for which the order of keys is not that of the values: of a template, whose
// texts are what they are, or of a hash. low or high may be nil.
//
// The bounds of Between may have in common what has no order; the keys between them then have it too. A beginning is one of
// the last component's text, or ends where a component ends, which needs no order.
func (k *Key) checkOrder(at comparison, low, high unsafe.Pointer) error {
	op := at.op
	ordered := k.separator != "" && !slices.ContainsFunc(k.comps, func(c component) bool { return c.hash != "" })
	if k.pattern == nil || ordered || op == Equal {
		return nil
	}
	given, from := 1, 0
	for _, ptr := range []unsafe.Pointer{low, high} {
		if ptr != nil {
			n, err := at.counts(len(k.comps), k.component, ptr)
			if err != nil {
				return err
			}
			given = max(given, n)
		}
	}
	switch {
	case op == Prefix && given < len(k.comps):
		return nil
	case op == Prefix:
		from = given - 1
	case low != nil && high != nil:
		var err error
		if from, err = k.common(low, high, given); err != nil {
			return err
		}
	}
	for i := from; i < given; i++ {
		if k.comps[i].hash != "" {
			return fmt.Errorf("attribute %q stands in the key as a hash, of which there are no ranges: ask for one value", k.comps[i].path)
		}
		if k.separator == "" && !k.pattern.Ordered(i) {
			return fmt.Errorf("attribute %q: the order of keys %s is not that of its values, and no range of them can be asked for: "+
				"give whole values, with Prefix where more attributes follow", k.comps[i].path, k.pattern)
		}
	}
	return nil
}

// common counts the components at the start of the key, of so many, that two examples have in common.
func (k *Key) common(low, high unsafe.Pointer, given int) (n int, err error) {
	for ; n < given; n++ {
		var texts [2][]byte
		for i, ptr := range []unsafe.Pointer{low, high} {
			vals, err := k.values(ptr, nil, n+1)
			if err != nil {
				return n, nil //nolint:nilerr // it has no more components
			}
			if texts[i], _, err = k.pattern.AppendLeading(nil, vals); err != nil {
				return n, err
			}
		}
		if !bytes.Equal(texts[0], texts[1]) {
			break
		}
	}
	return n, nil
}
