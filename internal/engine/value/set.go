package value

import (
	"encoding/base64"
	"slices"
	"strings"
)

// StringSet makes an SS. It must have elements, and none twice.
func StringSet(elems ...string) (Value, error) { return checked(newSet(SS, elems)) }

// BinarySet makes a BS of raw bytes, under the rules of StringSet.
func BinarySet(elems ...string) (Value, error) { return checked(newSet(BS, elems)) }

// NumberSet makes an NS of numbers' texts; 1 and 1.0 are the same element.
func NumberSet(elems ...string) (Value, error) {
	packed := make([]string, len(elems))
	for i, e := range elems {
		n, err := Number(e)
		if err != nil {
			return Value{}, err
		}
		packed[i] = n.data
	}
	return checked(newSet(NS, packed))
}

// checked keeps a nil *Error from becoming a non-nil error.
func checked(v Value, err *Error) (Value, error) {
	if err != nil {
		return Value{}, err
	}
	return v, nil
}

func newSet(kind Kind, elems []string) (Value, *Error) {
	if len(elems) == 0 {
		return Value{}, invalid(emptySet(kind))
	}
	sorted := slices.Sorted(slices.Values(elems))
	if len(slices.Compact(slices.Clone(sorted))) != len(sorted) {
		return Value{}, duplicates(kind, elems)
	}
	return packSet(kind, sorted), nil
}

// packSet packs elements that are sorted and distinct.
func packSet(kind Kind, sorted []string) Value {
	n := 0
	for _, e := range sorted {
		n += len(e) + maxUvarint
	}
	b := make([]byte, 0, n)
	for _, e := range sorted {
		b = appendText(b, e)
	}
	return Value{kind, string(b)}
}

func emptySet(kind Kind) string {
	const prefix = "One or more parameter values were invalid: "
	switch kind {
	case SS:
		return prefix + "An string set  may not be empty"
	case NS:
		return prefix + "An number set  may not be empty"
	}
	return prefix + "Binary sets should not be empty"
}

func nullInSet(kind Kind) string {
	const prefix = "One or more parameter values were invalid: "
	switch kind {
	case SS:
		return prefix + "An string set may not have a null string as a member"
	case NS:
		return prefix + "An number set may not have a null string as a member"
	}
	return prefix + "Binary sets may not contain null values"
}

// duplicates words the complaint about a set in which an element comes twice, given in the order of the text. The service leaves the
// blank out in front of "of type BS".
func duplicates(kind Kind, elems []string) *Error {
	const prefix = "One or more parameter values were invalid: Input collection "
	if kind == NS {
		return &Error{ValidationException, "Input collection contains duplicates", prefix + "contains duplicates."}
	}
	newer, blank, end := upToRepeat(elems), " ", " contains duplicates."
	if kind == BS {
		elems, newer, blank, end = inBase64(elems), inBase64(newer), "", "of type BS contains duplicates."
	}
	return &Error{ValidationException, prefix + "[" + strings.Join(elems, ", ") + "]" + end,
		prefix + `["` + strings.Join(newer, `",`+blank+`"`) + `"]` + end}
}

// upToRepeat returns the elements in the order in which the newer wording has them: those before the first that comes again are
// sorted.
func upToRepeat(elems []string) []string {
	elems = slices.Clone(elems)
	seen := map[string]bool{}
	for i, e := range elems {
		if seen[e] {
			slices.Sort(elems[:i])
			break
		}
		seen[e] = true
	}
	return elems
}

func inBase64(elems []string) []string {
	coded := make([]string, len(elems))
	for i, e := range elems {
		coded[i] = base64.StdEncoding.EncodeToString([]byte(e))
	}
	return coded
}

// Union gives the set of the elements of a and b, which are sets of the same kind.
func Union(a, b Value) Value {
	out := make([]byte, 0, len(a.data)+len(b.data))
	x, y := a.data, b.data
	for x != "" && y != "" {
		ex, restX := cutText(x)
		ey, restY := cutText(y)
		c := strings.Compare(ex, ey)
		if c <= 0 {
			out = appendText(out, ex)
			x = restX
		} else {
			out = appendText(out, ey)
		}
		if c >= 0 {
			y = restY
		}
	}
	return Value{a.kind, string(append(append(out, x...), y...))}
}

// Difference gives the set of the elements of a that are not in b, a set of the same kind, and the
// zero Value if there are none: the service has no empty sets.
func Difference(a, b Value) Value {
	out := make([]byte, 0, len(a.data))
	x, y := a.data, b.data
	for x != "" {
		ex, restX := cutText(x)
		drop := false
		for y != "" {
			ey, restY := cutText(y)
			c := strings.Compare(ex, ey)
			if drop = c == 0; c <= 0 {
				break
			}
			y = restY
		}
		if !drop {
			out = appendText(out, ex)
		}
		x = restX
	}
	if len(out) == 0 {
		return Value{}
	}
	return Value{a.kind, string(out)}
}
