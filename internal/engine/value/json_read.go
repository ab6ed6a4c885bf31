package value

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// MaxDepth is how deep documents may be: lists and maps in one another, plus the item itself.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-attributes
const MaxDepth = 32

// maxName is the longest attribute name in bytes.
const maxName = 65535

// ParseItem reads an object of attribute values: an item, a key, or the inside of an M.
//
// Errors are of type *Error. The service reads a whole request before it looks at any value, so a
// SerializationException is returned even if a ValidationException comes first in the text.
func ParseItem(json []byte) (Item, error) {
	it, n, err := ReadItem(json)
	if e, ok := err.(*Error); ok && e.Type == SerializationException {
		return Item{}, err
	}
	if rest := (scanner{in: json, pos: n}); rest.end() != nil {
		return Item{}, errSyntax
	}
	return it, err
}

// ReadItem does what ParseItem does for an object that other text may follow. n is its length in the text, unless the
// error is a SerializationException.
func ReadItem(json []byte) (it Item, n int, err error) {
	r := readers.Get().(*reader)
	defer readers.Put(r)
	r.scanner, r.invalid = scanner{in: json}, nil
	packed, bad := r.attributes(r.packed[:0], 1)
	if n = r.pos; cap(packed) <= maxKept {
		r.packed = packed
	}
	r.in = nil
	if bad == nil {
		bad = r.invalid
	}
	if bad != nil {
		return Item{}, n, bad
	}
	return Item{string(packed)}, n, nil
}

// readers keep the buffers that items are packed in, since only the result is kept.
var readers = sync.Pool{New: func() any { return new(reader) }}

// maxKept keeps the buffer of a rare big item from staying in memory.
const maxKept = 64 << 10

// ParseValue reads one attribute value, under the rules of ParseItem.
func ParseValue(json []byte) (Value, error) {
	r := reader{scanner: scanner{in: json}}
	packed, err := r.value(nil, 1)
	if err == nil {
		err = r.end()
	}
	if err == nil {
		err = r.invalid
	}
	if err != nil {
		return Value{}, err
	}
	v, _ := cutValue(string(packed))
	return v, nil
}

// ParseNamed reads an object whose members are attribute values with arbitrary names, such as
// ExpressionAttributeValues. A value that is invalid is handed to f with its error, in the order of
// the text; errors of the text itself are returned.
func ParseNamed(json []byte, f func(name string, v Value, invalid *Error)) error {
	r := reader{scanner: scanner{in: json}}
	if err := r.wantMap(); err != nil {
		return err
	}
	_, err := r.members(nil, func(dst []byte, nameAt int) ([]byte, *Error) {
		name := string(dst[nameAt:])
		r.invalid = nil
		dst, err := r.value(dst[:0], 1)
		if err != nil {
			return dst, err
		}
		var v Value
		if r.invalid == nil {
			v, _ = cutValue(string(dst))
		}
		f(name, v, r.invalid)
		return dst[:0], nil
	})
	if err == nil {
		err = r.end()
	}
	if err != nil {
		return err
	}
	return nil
}

// reader turns JSON into the packed form. It goes on after a value that is invalid, because a malformed one
// behind it takes precedence; invalid is the first.
type reader struct {
	scanner
	invalid *Error
	spans   []span // attributes of the maps and elements of the sets that are being read, innermost last
	spare   []byte
	packed  []byte
}

// span is one attribute in the output, and where its name lies; or one element of a set, which is a name without a value.
type span struct{ start, name, value, end int }

func (r *reader) refuse(err *Error) {
	if r.invalid == nil {
		r.invalid = err
	}
}

// wantMap checks that an object comes next where the service expects a map of attribute values.
func (r *reader) wantMap() *Error {
	switch r.peek() {
	case '{':
		return nil
	case '[':
		return malformed("Unrecognized collection type java.util.Map<java.lang.String, com.amazonaws.dynamodb.v20120810.AttributeValue>")
	case 0:
		return errSyntax
	}
	return malformed("Unexpected field type")
}

// attributes appends the packed attributes of the object that comes next.
func (r *reader) attributes(dst []byte, depth int) ([]byte, *Error) {
	if err := r.wantMap(); err != nil {
		return dst, err
	}
	base, first := len(r.spans), len(dst)
	dst, err := r.members(dst, func(dst []byte, at int) ([]byte, *Error) {
		n := len(dst) - at
		switch {
		case n == 0:
			r.refuse(invalid(msgEmptyName))
		case n > maxName:
			r.refuse(invalid(msgLongName))
		}
		dst = prefixLength(dst, at)
		valueAt := len(dst)
		dst, err := r.value(dst, depth)
		r.spans = append(r.spans, span{at, valueAt - n, valueAt, len(dst)})
		return dst, err
	})
	if spans := r.spans[base:]; err == nil && sortSpans(dst, spans) {
		dst = r.collect(dst, first, spans)
	}
	r.spans = r.spans[:base]
	return dst, err
}

// sortSpans puts the spans in the order of their names, unless they are in it and no name comes twice.
// Spans with the same name stay in the order of the text.
func sortSpans(dst []byte, spans []span) (sorted bool) {
	compare := func(a, b span) int { return bytes.Compare(dst[a.name:a.value], dst[b.name:b.value]) }
	for i := 1; i < len(spans); i++ {
		if compare(spans[i-1], spans[i]) >= 0 {
			slices.SortStableFunc(spans, compare)
			return true
		}
	}
	return false
}

// collect puts what was appended from first on into the order of the spans. Of several with the same name
// the last one stays.
func (r *reader) collect(dst []byte, first int, spans []span) []byte {
	spare := r.spare[:0]
	for i, s := range spans {
		if i+1 < len(spans) && sameName(dst, s, spans[i+1]) {
			continue
		}
		spare = append(spare, dst[s.start:s.end]...)
	}
	if cap(spare) <= maxKept {
		r.spare = spare
	}
	return append(dst[:first], spare...)
}

func sameName(dst []byte, a, b span) bool {
	return bytes.Equal(dst[a.name:a.value], dst[b.name:b.value])
}

// prefixLength puts the length of dst[at:] in front of it.
func prefixLength(dst []byte, at int) []byte {
	n := len(dst) - at
	if n < 0x80 {
		dst = append(dst, 0)
		copy(dst[at+1:], dst[at:at+n])
		dst[at] = byte(n)
		return dst
	}
	var buf [binary.MaxVarintLen64]byte
	w := binary.PutUvarint(buf[:], uint64(n))
	dst = append(dst, buf[:w]...)
	copy(dst[at+w:], dst[at:at+n])
	copy(dst[at:], buf[:w])
	return dst
}

// value appends the packed form of the attribute value that comes next: kind, length, bytes.
func (r *reader) value(dst []byte, depth int) ([]byte, *Error) {
	switch r.peek() {
	case '{':
	case '[':
		return dst, malformed("Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValue")
	case 0:
		return dst, errSyntax
	case 'n':
		if !r.null() {
			return dst, errSyntax
		}
		r.refuse(invalid(msgEmpty))
		return append(dst, byte(None), 0), nil
	default:
		return dst, malformed("Unexpected value type in payload")
	}
	at, kind, several := len(dst), None, false
	dst, err := r.members(dst, func(dst []byte, nameAt int) ([]byte, *Error) {
		k := KindOf(string(dst[nameAt:]))
		dst = dst[:nameAt]
		if k == None {
			return dst, r.skip()
		}
		if r.null() {
			return dst, nil
		}
		several = several || kind != None && kind != k
		kind = k
		dst = append(dst[:at], byte(k)) // what was there is dropped: several values are an error
		dst, err := r.payload(dst, k, depth)
		return prefixLength(dst, at+1), err
	})
	switch {
	case err != nil:
		return dst, err
	case several:
		r.refuse(invalid(msgSeveral))
	case kind == None:
		r.refuse(invalid(msgEmpty))
		dst = append(dst, byte(None), 0)
	}
	return dst, nil
}

// payload appends what follows the kind and the length.
func (r *reader) payload(dst []byte, k Kind, depth int) ([]byte, *Error) {
	switch k {
	case S:
		return r.text(dst)
	case N:
		return r.numeral(dst)
	case B:
		return r.blob(dst)
	case BOOL:
		b, err := r.boolean()
		if b {
			dst = append(dst, 1)
		}
		return dst, err
	case NULL:
		b, err := r.boolean()
		if err == nil && !b {
			r.refuse(invalid(msgNull))
		}
		return dst, err
	case L:
		return r.list(dst, depth+1)
	case M:
		if depth >= MaxDepth {
			r.refuse(invalid(msgNesting))
			return dst, r.skip()
		}
		return r.attributes(dst, depth+1)
	}
	return r.set(dst, k)
}

// wrongType words the complaint about a token where the service expects a string or boolean.
func (r *reader) wrongType(java string) *Error {
	switch r.peek() {
	case '{':
		return malformed("Start of structure or map found where not expected")
	case '[':
		return malformed("Unrecognized collection type class java.lang." + java)
	case 't':
		return malformed("TRUE_VALUE cannot be converted to " + java)
	case 'f':
		return malformed("FALSE_VALUE cannot be converted to " + java)
	}
	integer, err := r.number()
	switch {
	case err != nil:
		return err
	case integer:
		return malformed("NUMBER_VALUE cannot be converted to " + java)
	}
	return malformed("DECIMAL_VALUE cannot be converted to " + java)
}

func (r *reader) text(dst []byte) ([]byte, *Error) {
	if r.peek() != '"' {
		return dst, r.wrongType("String")
	}
	return r.string(dst)
}

func (r *reader) numeral(dst []byte) ([]byte, *Error) {
	at := len(dst)
	dst, err := r.text(dst)
	if err != nil {
		return dst, err
	}
	var d decimal
	if err := d.parse(string(dst[at:])); err != nil {
		r.refuse(err)
		d = decimal{}
	}
	return d.appendPacked(dst[:at]), nil
}

// blob appends the bytes of a base64 string. The service takes the standard alphabet with padding,
// and no bits that say nothing.
func (r *reader) blob(dst []byte) ([]byte, *Error) {
	switch r.peek() {
	case '"':
	case '{':
		return dst, malformed("Start of structure or map found where not expected")
	case '[':
		return dst, malformed("Unrecognized collection type class java.nio.ByteBuffer")
	default:
		return dst, malformed("only base-64-encoded strings are convertible to bytes")
	}
	at := len(dst)
	dst, err := r.string(dst)
	if err != nil {
		return dst, err
	}
	if n := len(dst) - at; n%4 != 0 {
		return dst, malformed("Base64 encoded length is expected a multiple of 4 bytes but found: " + strconv.Itoa(n))
	}
	if bytes.ContainsAny(dst[at:], "\r\n") { // package base64 would let them pass
		return dst, malformed(msgBase64)
	}
	n, bad := base64.StdEncoding.Strict().Decode(dst[at:], dst[at:])
	if bad != nil {
		return dst, malformed(msgBase64)
	}
	return dst[:at+n], nil
}

// boolean reads a BOOL or NULL. The service converts the strings yes, no, 1 and 0, too.
func (r *reader) boolean() (bool, *Error) {
	switch r.peek() {
	case 't':
		if !r.literal("true") {
			return false, errSyntax
		}
		return true, nil
	case 'f':
		if !r.literal("false") {
			return false, errSyntax
		}
		return false, nil
	case '"':
		text, err := r.string(nil)
		if err != nil {
			return false, err
		}
		switch strings.ToUpper(string(text)) {
		case "TRUE", "YES", "1":
			return true, nil
		case "FALSE", "NO", "0":
			return false, nil
		}
		return false, malformed("Unexpected token received from parser")
	}
	return false, r.wrongType("Boolean")
}

func (r *reader) wantList() *Error {
	switch r.peek() {
	case '[':
		return nil
	case '{':
		return malformed("Start of structure or map found where not expected")
	case 0:
		return errSyntax
	}
	return malformed("Unexpected field type")
}

func (r *reader) list(dst []byte, depth int) ([]byte, *Error) {
	if err := r.wantList(); err != nil {
		return dst, err
	}
	if depth > MaxDepth {
		r.refuse(invalid(msgNesting))
		return dst, r.skip()
	}
	err := r.elements(func() (err *Error) {
		dst, err = r.value(dst, depth)
		return err
	})
	return dst, err
}

func (r *reader) set(dst []byte, k Kind) ([]byte, *Error) {
	if err := r.wantList(); err != nil {
		return dst, err
	}
	base, first, hasNull := len(r.spans), len(dst), false
	err := r.elements(func() (err *Error) {
		at := len(dst)
		switch {
		case r.null():
			hasNull = true
			return nil
		case k == SS:
			dst, err = r.text(dst)
		case k == NS:
			dst, err = r.numeral(dst)
		default:
			dst, err = r.blob(dst)
		}
		n := len(dst) - at
		dst = prefixLength(dst, at)
		r.spans = append(r.spans, span{at, len(dst) - n, len(dst), len(dst)})
		return err
	})
	spans := r.spans[base:]
	r.spans = r.spans[:base]
	switch {
	case err != nil:
		return dst, err
	case hasNull:
		r.refuse(invalid(nullInSet(k)))
		return dst[:first], nil
	case len(spans) == 0:
		r.refuse(invalid(emptySet(k)))
		return dst, nil
	}
	if !sortSpans(dst, spans) {
		return dst, nil
	}
	for i := 1; i < len(spans); i++ {
		if sameName(dst, spans[i-1], spans[i]) {
			r.refuse(duplicates(k, inText(dst, spans)))
			return dst[:first], nil
		}
	}
	return r.collect(dst, first, spans), nil
}

// inText gives the elements of a set in the order of the text.
func inText(dst []byte, spans []span) []string {
	slices.SortFunc(spans, func(a, b span) int { return a.start - b.start })
	elems := make([]string, len(spans))
	for i, s := range spans {
		elems[i] = string(dst[s.name:s.value])
	}
	return elems
}
