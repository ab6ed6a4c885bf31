package codec

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// tagKey is attributevalue's: structs that work there work here.
const tagKey = "dynamodbav"

// options are those of a struct tag. They apply to one value; elements of lists and maps get elem.
type options uint16

const (
	omitEmpty options = 1 << iota
	omitEmptyElem
	nullEmpty
	nullEmptyElem
	asString
	binarySet
	numberSet
	stringSet
	unixTime
	omitZeroTime // with omitEmpty, for a time to live: a zero time is empty too
	sdkDefaults  // of the plan, not of a tag: see SDKDefaults
)

// An Encoding says what the values of a type with MarshalText or MarshalBinary are stored as. It is that of a whole item. The
// zero Encoding is Methods. What the other one has stored is read as far as it can be told apart: text and bytes by the
// methods, where a value without methods would have another kind.
type Encoding options

const (
	// Methods stores them as these methods say, as attributevalue does with UseEncodingMarshalers: a uuid.UUID is an S.
	Methods = Encoding(0)

	// SDKDefaults stores them by their kinds, as attributevalue does without options: a uuid.UUID, which is an array of bytes,
	// is a B, and an enum that is an int is an N. A type of which nothing would be left, such as big.Int, is refused.
	SDKDefaults = Encoding(sdkDefaults)
)

var optionNames = map[string]options{
	"omitempty":     omitEmpty,
	"omitemptyelem": omitEmptyElem,
	"nullempty":     nullEmpty,
	"nullemptyelem": nullEmptyElem,
	"string":        asString,
	"binaryset":     binarySet,
	"numberset":     numberSet,
	"stringset":     stringSet,
	"unixtime":      unixTime,
}

func (o options) has(p options) bool { return o&p != 0 }

// encoding returns the options that are the plan's.
func (o options) encoding() options { return o & sdkDefaults }

// elem returns the options for the elements of a value with options o.
func (o options) elem() options {
	e := o.encoding()
	if o.has(omitEmptyElem) {
		e |= omitEmpty | omitEmptyElem
	}
	if o.has(nullEmptyElem) {
		e |= nullEmpty
	}
	return e
}

// parseTag reads the tag of a field. It returns false for a field that is no attribute.
func parseTag(owner reflect.Type, f reflect.StructField) (name string, o options, ok bool, err error) {
	name, list, _ := strings.Cut(f.Tag.Get(tagKey), ",")
	if name == "-" {
		return "", 0, false, nil
	}
	for option := range strings.SplitSeq(list, ",") {
		bit, known := optionNames[option]
		if !known && option != "" {
			return "", 0, false, fmt.Errorf("field %s.%s: unknown option %q in the %s tag; correct or remove it", owner, f.Name, option, tagKey)
		}
		o |= bit
	}
	if o.has(omitEmpty) && o.has(nullEmpty) || o.has(omitEmptyElem) && o.has(nullEmptyElem) {
		return "", 0, false, fmt.Errorf("field %s.%s: a value cannot be omitted and be NULL when it is empty; remove one of the options", owner, f.Name)
	}
	switch own := strings.Split(strings.ReplaceAll(f.Tag.Get("entable"), " ", ""), ","); {
	case slices.Contains(own, "rest"), slices.Contains(own, "partial"): // about attributes, and none themselves
		return "", 0, false, nil
	case slices.Contains(own, "ttl"):
		o |= unixTime | omitEmpty | omitZeroTime
	}
	return name, o, true, nil
}
