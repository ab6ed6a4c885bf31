package codec

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"sync/atomic"
	"unsafe"

	"github.com/entable/entable/internal/wire"
)

// listKind returns what a slice or array is stored as: bytes as B, by an option or as [][]byte a set, else a list.
func listKind(t reflect.Type, o options) wire.Kind {
	switch {
	case t.Elem().Kind() == reflect.Uint8:
		return wire.B
	case o.has(binarySet) || t == reflect.TypeFor[[][]byte]():
		return wire.BS
	case o.has(numberSet):
		return wire.NS
	case o.has(stringSet):
		return wire.SS
	}
	return wire.L
}

// list is the codec of a slice or array.
type list struct {
	*codec
	elem     *codec // the elements under the options for them
	plain    *codec // the elements as those of a set or list are read, without options
	elemSize uintptr
	slice    reflect.Type // []T
	array    bool
	length   int // of an array
	hint     uint8
	arrays   [maxExact + 1]atomic.Pointer[reflect.Type] // [n]T, made when first needed: reflect allocates one in one piece
}

// maxExact is the longest slice for which exactly the room is allocated that the last slice of its type took.
const maxExact = 8

// lists counts the codecs, to spread them over a reader's rooms.
var lists atomic.Uint32

func (c *compiler) fillList(made *codec) error {
	t := made.typ
	elem, err := c.codec(t.Elem(), made.opts.elem())
	if err != nil {
		return err
	}
	plain, err := c.codec(t.Elem(), made.opts.encoding())
	if err != nil {
		return err
	}
	l := &list{codec: made, elem: elem, plain: plain, elemSize: t.Elem().Size()}
	l.slice = reflect.SliceOf(t.Elem())
	if l.array = t.Kind() == reflect.Array; l.array {
		l.length = t.Len()
	}
	l.hint = uint8(lists.Add(1) * 0x9e3779b1 >> 28) // near ones and those a power of two apart: all spread
	switch kind := listKind(t, made.opts); kind {
	case wire.B:
		made.encode = l.encodeBytes
	case wire.L:
		made.encode = l.encodeList
	default:
		made.encode = l.encodeSet(kind)
	}
	made.decode = l.decodeKind
	return nil
}

// content returns the elements of the slice or array at p.
func (l *list) content(p unsafe.Pointer) (unsafe.Pointer, int) {
	if l.array {
		return p, l.length
	}
	s := (*sliceHeader)(p)
	return s.data, s.len
}

// sliceHeader is how a slice lies in memory.
type sliceHeader struct {
	data     unsafe.Pointer
	len, cap int
}

func (l *list) encodeBytes(dst []byte, p unsafe.Pointer, _ int) ([]byte, error) {
	data, n := l.content(p)
	return wire.AppendB(dst, unsafe.Slice((*byte)(data), n)), nil
}

func (l *list) encodeList(dst []byte, p unsafe.Pointer, depth int) ([]byte, error) {
	if depth += level; tooDeep(depth) {
		return dst, cannotEncode(l.typ, errDepth)
	}
	data, n := l.content(p)
	dst = append(dst, `{"L":[`...)
	start := len(dst)
	for i := range n {
		at := len(dst)
		if at > start {
			dst = append(dst, ',')
		}
		begin := len(dst)
		var err error
		if dst, err = l.elem.encode(dst, unsafe.Add(data, uintptr(i)*l.elemSize), depth); err != nil {
			return dst, withinIndex(err, i)
		}
		if len(dst) == begin {
			dst = dst[:at]
		}
	}
	return append(dst, ']', '}'), nil
}

var errSet = map[wire.Kind]error{
	wire.SS: errors.New("a string set holds strings only"),
	wire.NS: errors.New("a number set holds numbers only"),
	wire.BS: errors.New("a binary set holds bytes only"),
}

// encodeSet writes a set. Its elements are encoded as values, of which only the content is kept. The service has no empty
// sets: an empty slice is NULL. Nor has it sets with an element twice.
func (l *list) encodeSet(kind wire.Kind) func([]byte, unsafe.Pointer, int) ([]byte, error) {
	opening := fmt.Sprintf(`{%q:[`, kind)
	tag := fmt.Appendf(nil, `{%q:`, kind-wire.SS+wire.S)
	_, custom := customKind(l.elem.typ, l.elem.opts)
	whole := !custom && reflect.Int <= l.elem.typ.Kind() && l.elem.typ.Kind() <= reflect.Uint64
	numbers := kind == wire.NS && !whole // integers are all written in one way
	plain := kind == wire.SS && l.elem.verbatim
	return func(dst []byte, p unsafe.Pointer, depth int) ([]byte, error) {
		data, n := l.content(p)
		if n == 0 {
			return wire.AppendNull(dst), nil
		}
		dst = append(dst, opening...)
		start := len(dst)
		for i := range n {
			at := len(dst)
			if at > start {
				dst = append(dst, ',')
			}
			begin := len(dst)
			elem := unsafe.Add(data, uintptr(i)*l.elemSize)
			var err error
			if plain { // below is the same for all
				if dst, err = wire.AppendText(dst, *(*string)(elem)); err != nil {
					return dst, withinIndex(cannotEncode(l.elem.typ, err), i)
				}
				continue
			}
			if dst, err = l.elem.encode(dst, elem, depth); err != nil {
				return dst, withinIndex(err, i)
			}
			value := dst[begin:]
			if len(value) == 0 {
				dst = dst[:at]
				continue
			}
			if !bytes.HasPrefix(value, tag) {
				return dst, withinIndex(cannotEncode(l.elem.typ, errSet[kind]), i)
			}
			dst = append(dst[:begin], value[len(tag):len(value)-1]...)
		}
		if len(dst) == start { // all elements were left out
			return wire.AppendNull(dst[:start-len(opening)]), nil
		}
		var first, second int
		if plain && n <= fewTexts { // below is the same for all
			first, second = doubledText(unsafe.Slice((*string)(data), n))
		} else {
			first, second = wire.Doubled(dst[start:], n, numbers)
		}
		if second > 0 {
			return dst, cannotEncode(l.typ, &wire.SetError{Kind: kind, First: l.stored(data, first), Second: l.stored(data, second)})
		}
		return append(dst, ']', '}'), nil
	}
}

// fewTexts are compared each with each.
const fewTexts = 8

// doubledText returns which two of some texts are equal, 0 and 0 if none are.
func doubledText(texts []string) (first, second int) {
	for second := 1; second < len(texts); second++ {
		for first := range second {
			if texts[first] == texts[second] {
				return first, second
			}
		}
	}
	return 0, 0
}

// stored returns which element of a set is the nth that is not left out.
func (l *list) stored(data unsafe.Pointer, n int) (i int) {
	for ; n >= 0; i++ {
		if v, _ := l.elem.encode(nil, unsafe.Add(data, uintptr(i)*l.elemSize), 0); len(v) > 0 {
			n--
		}
	}
	return i - 1
}

func (l *list) decodeKind(r *wire.Reader, k wire.Kind, p unsafe.Pointer) error {
	switch k {
	case wire.L:
		if err := r.Enter(); err != nil {
			return err
		}
		err := l.decodeElems(r, wire.Invalid, p)
		r.Leave()
		return err
	case wire.SS, wire.NS, wire.BS:
		return l.decodeElems(r, k-wire.SS+wire.S, p)
	case wire.B:
		if l.typ.Elem().Kind() == reflect.Uint8 {
			return l.decodeBytes(r, p)
		}
	case wire.NULL:
		reflect.NewAt(l.typ, p).Elem().SetZero()
		_, err := r.Bool()
		return err
	}
	return cannotDecode(k, l.typ, nil)
}

func (l *list) decodeBytes(r *wire.Reader, p unsafe.Pointer) error {
	b, err := r.Bytes([]byte{})
	if err != nil {
		return err
	}
	if !l.array {
		*(*[]byte)(p) = b
		return nil
	}
	if len(b) != l.length {
		return cannotDecode(wire.B, l.typ, fmt.Errorf("%d bytes", len(b)))
	}
	copy(unsafe.Slice((*byte)(p), l.length), b)
	return nil
}

// decodeElems reads a JSON array: of attribute values, or for sets of the content of values of kind k. A slice is always a
// new one. An array must have room for all elements: attributevalue drops the others, and a Put would lose them.
func (l *list) decodeElems(r *wire.Reader, k wire.Kind, p unsafe.Pointer) error {
	if l.array {
		return l.decodeArray(r, k, p)
	}
	more, err := r.Open('[')
	var s sliceHeader
	if s.data = zeroBase; more {
		s = l.room(r)
	}
	switch {
	case !more:
	case k == wire.S && l.plain.text:
		s, more = l.decodeTexts(r, s)
	case k == wire.Invalid && l.plain.layout != nil:
		s, more, err = l.decodeStructs(r, s)
	}
	for more && err == nil {
		if s.len == s.cap {
			s = l.grow(s)
		}
		if err = l.decodeElem(r, k, unsafe.Add(s.data, uintptr(s.len)*l.elemSize)); err != nil {
			return withinIndex(err, s.len)
		}
		s.len++
		more, err = r.More(']')
	}
	if err != nil {
		return err
	}
	r.Room(unsafe.Pointer(l), l.hint).Last = uint8(min(s.len, math.MaxUint8))
	*(*sliceHeader)(p) = s
	return nil
}

// decodeTexts reads elements of a set as long as they are plain strings without white space, and reports whether more follow.
func (l *list) decodeTexts(r *wire.Reader, s sliceHeader) (_ sliceHeader, more bool) {
	data, at := r.At()
	for at < len(data) && data[at] == '"' {
		end := wire.PlainEnd(data, at+1)
		if end < 0 || end+1 == len(data) || data[end+1] != ',' && data[end+1] != ']' {
			break
		}
		if s.len == s.cap {
			s = l.grow(s)
		}
		if end > at+1 {
			kept := r.Kept(data[at+1 : end : end])
			*(*string)(unsafe.Add(s.data, uintptr(s.len)*l.elemSize)) = unsafe.String(unsafe.SliceData(kept), len(kept))
		}
		s.len++
		at = end + 2
		if data[end+1] == ']' {
			r.Goto(at)
			return s, false
		}
	}
	r.Goto(at)
	return s, true
}

// decodeStructs reads elements of a list as long as they are maps that are written without white space and have members, and reports
// whether more follow.
func (l *list) decodeStructs(r *wire.Reader, s sliceHeader) (_ sliceHeader, more bool, err error) {
	d := structDecoder{layout: l.plain.layout}
	if len(d.slots) > 64*len(d.few) {
		return s, true, nil
	}
	for more = true; more; {
		data, at := r.At()
		const opening = `{"M":{"`
		if len(data)-at < len(opening) || string(data[at:at+len(opening)]) != opening {
			return s, true, nil
		}
		if s.len == s.cap {
			s = l.grow(s)
		}
		if err = r.Enter(); err != nil {
			return s, false, withinIndex(err, s.len)
		}
		r.Goto(at + len(opening) - 1)
		d.p, d.few, d.folded = unsafe.Add(s.data, uintptr(s.len)*l.elemSize), [4]uint64{}, nil
		if err = d.attributes(r); err == nil {
			r.Leave()
			err = r.CloseValue()
		}
		if err != nil {
			return s, false, withinIndex(err, s.len)
		}
		s.len++
		if more, err = r.More(']'); err != nil {
			return s, false, err
		}
	}
	return s, false, nil
}

// zeroBase is the address of slices that are empty but not nil.
var zeroBase = unsafe.Pointer(new([0]byte))

func (l *list) decodeElem(r *wire.Reader, k wire.Kind, p unsafe.Pointer) error {
	if k == wire.Invalid {
		return l.plain.decodeWhole(r, p)
	}
	return l.plain.decode(r, k, p)
}

// ErrRoom is of an array that has no room for all elements that are stored.
var ErrRoom = errors.New("there are more elements")

func (l *list) decodeArray(r *wire.Reader, k wire.Kind, p unsafe.Pointer) error {
	more, err := r.Open('[')
	for i := 0; more && err == nil; i++ {
		if i == l.length {
			if k == wire.Invalid {
				return cannotDecode(wire.L, l.typ, ErrRoom)
			}
			return cannotDecode(k-wire.S+wire.SS, l.typ, ErrRoom)
		}
		if err = l.decodeElem(r, k, unsafe.Add(p, uintptr(i)*l.elemSize)); err != nil {
			return withinIndex(err, i)
		}
		more, err = r.More(']')
	}
	return err
}

// room allocates for a slice that has at least one element: as many as the last one had, if that is few. What is allocated
// ahead for one slice is at most 512 bytes or one element, however short the input.
//
// Slices of one text lie one behind the other in memory that is allocated for several of them: sixteen times as many each time,
// but no more than the rest of the text seems to have. Their capacities end where the next one begins.
func (l *list) room(r *wire.Reader) sliceHeader {
	room := r.Room(unsafe.Pointer(l), l.hint)
	n := int(room.Last)
	if n == 0 || n > maxExact {
		n = maxExact / 2
	}
	if most := 512 / max(int(l.elemSize), 1); n > most {
		n = max(most, 1)
	}
	if l.elemSize == 0 {
		return l.alone(n)
	}
	if int(room.Left) < n {
		size := min(16*int(room.Size), maxShared/int(l.elemSize), r.Expect(int(room.Size), room.At)+n)
		room.At = r.Offset()
		if size < 2*n {
			room.Size, room.Left = uint16(n), 0
			return l.alone(n)
		}
		room.Size, room.Left = uint16(size), uint16(size)
		room.Base = reflect.MakeSlice(l.slice, size, size).UnsafePointer()
	}
	s := sliceHeader{data: unsafe.Add(room.Base, uintptr(room.Size-room.Left)*l.elemSize), cap: n} // Base stays: see Reader.copied
	room.Left -= uint16(n)
	return s
}

// maxShared is the number of bytes that slices share at the most.
const maxShared = 4 << 10

// alone allocates for one slice.
func (l *list) alone(n int) sliceHeader {
	array := l.arrays[n].Load()
	if array == nil {
		array = new(reflect.ArrayOf(n, l.typ.Elem()))
		l.arrays[n].Store(array)
	}
	return sliceHeader{data: reflect.New(*array).UnsafePointer(), cap: n}
}

func (l *list) grow(s sliceHeader) sliceHeader {
	n := 2 * s.cap
	bigger := reflect.MakeSlice(l.slice, n, n)
	reflect.Copy(bigger, reflect.NewAt(l.slice, unsafe.Pointer(&s)).Elem())
	return sliceHeader{data: bigger.UnsafePointer(), len: s.len, cap: n}
}
