package wire

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"maps"
	"math/bits"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// A SetError is a set that the service refuses: one without elements, or one that has an element twice.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html#HowItWorks.DataTypes.SetTypes
type SetError struct {
	Kind          Kind
	First, Second int // the equal elements, both 0 in an empty set
}

func (e *SetError) Error() string {
	name := map[Kind]string{SS: "string set", NS: "number set", BS: "binary set"}[e.Kind]
	if e.Second == 0 {
		return "the " + name + " is empty, which no stored one can be: leave it out, or use NULL"
	}
	return fmt.Sprintf("elements %d and %d of the %s are equal: give each element once", e.First, e.Second, name)
}

// CheckValue returns an error if v is or has a set that the service refuses, which is a *[SetError] behind the way to it, or a number
// that it has not.
func CheckValue(v types.AttributeValue) error { return checkValue(v, 0) }

func checkValue(v types.AttributeValue, depth int) error {
	if depth > MaxDepth {
		return errDepth
	}
	switch v := v.(type) {
	case *types.AttributeValueMemberN:
		if isNumber(v.Value) {
			return CheckNumber(v.Value)
		}
	case *types.AttributeValueMemberSS:
		return checkSet(SS, len(v.Value), v)
	case *types.AttributeValueMemberNS:
		return checkSet(NS, len(v.Value), v)
	case *types.AttributeValueMemberBS:
		return checkSet(BS, len(v.Value), v)
	case *types.AttributeValueMemberL:
		for i, e := range v.Value {
			if err := checkValue(e, depth+1); err != nil {
				return fmt.Errorf("element %d: %w", i, err)
			}
		}
	case *types.AttributeValueMemberM:
		for _, name := range slices.Sorted(maps.Keys(v.Value)) {
			if err := checkValue(v.Value[name], depth+1); err != nil {
				return fmt.Errorf("attribute %q: %w", name, err)
			}
		}
	}
	return nil
}

func checkSet(kind Kind, n int, v types.AttributeValue) error {
	if n == 0 {
		return &SetError{Kind: kind}
	}
	raw, err := appendValue(make([]byte, 0, 128), v, 0)
	if err != nil {
		return err
	}
	const opening, closing = `{"SS":[`, `]}`
	if numbers, ok := v.(*types.AttributeValueMemberNS); ok {
		for i, number := range numbers.Value {
			if err := CheckNumber(number); err != nil {
				return fmt.Errorf("element %d: %w", i, err)
			}
		}
	}
	elems := raw[len(opening) : len(raw)-len(closing)]
	if first, second := Doubled(elems, n, kind == NS); second > 0 {
		return &SetError{kind, first, second}
	}
	return nil
}

// fewElems are compared each with each.
const fewElems = 8

// Doubled returns which two of the n elements of a set are equal, 0 and 0 if none are. They are given as Append… write them,
// "a","b": equal texts and bytes are equal there. Numbers are equal by value, as to the service: 1, 1.0 and 1e0 are one. Where
// numbers are all written in one way they may be given as texts.
func Doubled(elems []byte, n int, numbers bool) (first, second int) {
	if n > fewElems {
		return doubledOfMany(elems, n, numbers)
	}
	var few [fewElems][]byte
	for n = 0; len(elems) > 0; n++ {
		few[n], elems = cutElem(elems)
		for first := range n {
			if sameElem(few[first], few[n], numbers) {
				return first, n
			}
		}
	}
	return 0, 0
}

// seed is of the hashes of elements.
var seed = maphash.MakeSeed()

// doubledOfMany does what Doubled does with a table of half the hash of an element and where it begins, counted from one. Up to
// 64 elements take no memory.
func doubledOfMany(elems []byte, n int, numbers bool) (first, second int) {
	const half = 32
	var room [128]uint64
	table := room[:]
	if 2*n > len(table) {
		table = make([]uint64, 1<<bits.Len(uint(2*n)))
	}
	for at := 0; at < len(elems); {
		elem, rest := cutElem(elems[at:])
		hash := hashElem(elem, numbers)
		for slot := hash; ; slot++ {
			before := &table[slot&uint64(len(table)-1)]
			if *before == 0 {
				*before = hash>>half<<half | uint64(at+1)
				break
			}
			if *before>>half != hash>>half {
				continue
			}
			if other, _ := cutElem(elems[uint32(*before)-1:]); sameElem(other, elem, numbers) {
				return countElems(elems[:uint32(*before)-1]), countElems(elems[:at])
			}
		}
		at = len(elems) - len(rest)
	}
	return 0, 0
}

// cutElem cuts the first element off, with its quotes.
func cutElem(elems []byte) (elem, rest []byte) {
	for end := 1; ; end++ {
		end += bytes.IndexByte(elems[end:], '"')
		escapes := 0
		for elems[end-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return elems[:end+1], elems[min(end+2, len(elems)):]
		}
	}
}

func countElems(elems []byte) (n int) {
	for ; len(elems) > 0; n++ {
		_, elems = cutElem(elems)
	}
	return n
}

func sameElem(a, b []byte, numbers bool) bool {
	return bytes.Equal(a, b) || numbers && SameNumber(unsafeString(a[1:len(a)-1]), unsafeString(b[1:len(b)-1]))
}

func hashElem(elem []byte, number bool) uint64 {
	if !number {
		return maphash.Bytes(seed, elem)
	}
	var room [64]byte
	return maphash.Bytes(seed, appendCanonical(room[:0], unsafeString(elem[1:len(elem)-1])))
}
