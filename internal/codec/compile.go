package codec

import (
	"fmt"
	"reflect"
	"sync"
	"time"
	"unsafe"

	"github.com/entable/entable/internal/wire"
)

// A codec encodes and decodes the values of one Go type under one set of tag options. Pointers go to a value of that type.
type codec struct {
	typ  reflect.Type
	opts options

	// kind is what the type is usually stored as, wire.Invalid if that is open. It only predicts.
	kind     wire.Kind
	text     bool    // a Go string, whose S is read as it is
	verbatim bool    // a Go string of which each is stored as S, the empty one too
	layout   *layout // of a struct whose M is read by it
	way      way     // how values of the usual kind are read, if not by decode

	// encode appends an attribute value, or nothing if the value is omitted. After an error the appended bytes are void.
	encode func(dst []byte, p unsafe.Pointer, depth int) ([]byte, error)

	// decode reads the content of an attribute value of kind k: what lies between its type tag and its last brace.
	decode func(r *wire.Reader, k wire.Kind, p unsafe.Pointer) error
}

// Depth counts in two units: lists and maps, of which the service allows wire.MaxDepth, and pointers and interfaces, which
// are counted so that a value that contains itself is an error.
const (
	hop   = 1
	level = 1 << 10
)

var errDepth = fmt.Errorf("lists and maps nest deeper than %d levels", wire.MaxDepth)

func tooDeep(depth int) bool { return depth >= (wire.MaxDepth+1)*level }

type codecKey struct {
	typ  reflect.Type
	opts options
}

type codecResult struct {
	codec *codec
	err   error
}

var (
	// codecs holds a codecResult per codecKey. Of two results for a key the first one stays, since other codecs refer to it.
	codecs sync.Map

	// compileMu makes compilers wait for each other: the parts of a recursive type are published together, when complete.
	compileMu sync.Mutex
)

// codecOf returns the codec of a type, compiled once.
func codecOf(t reflect.Type, o options) (*codec, error) {
	key := codecKey{t, o}
	if v, ok := codecs.Load(key); ok {
		res := v.(codecResult)
		return res.codec, res.err
	}
	compileMu.Lock()
	defer compileMu.Unlock()
	c := compiler{done: make(map[codecKey]*codec)}
	made, err := c.codec(t, o)
	if err != nil {
		codecs.LoadOrStore(key, codecResult{err: err})
		return nil, err
	}
	for k, v := range c.done {
		codecs.LoadOrStore(k, codecResult{codec: v})
	}
	return made, nil
}

// A compiler makes the codecs of one type and of all types inside it. A codec is entered before its parts are made, so
// that a recursive type meets itself; closures therefore use the codecs of parts only when they run.
type compiler struct {
	done map[codecKey]*codec
}

// codec returns the codec for values that may be empty: it handles omitempty, nullempty and nil before anything else.
func (c *compiler) codec(t reflect.Type, o options) (*codec, error) {
	key := codecKey{t, o}
	if v, ok := c.done[key]; ok {
		return v, nil
	}
	if v, ok := codecs.Load(key); ok {
		res := v.(codecResult)
		return res.codec, res.err
	}
	made := &codec{typ: t, opts: o, kind: usualKind(t, o)}
	c.done[key] = made
	if err := c.fill(made); err != nil {
		return nil, err
	}
	withEmpty(made)
	return made, nil
}

// fill makes the codec without the rules for empty values. Custom methods go first, in attributevalue's order; types with
// a method for one direction or one kind only use the general code for the rest.
func (c *compiler) fill(made *codec) error {
	if err := c.fillKind(made); err != nil {
		return err
	}
	withMethods(made)
	return nil
}

// fillKind makes the codec by the kind of the type.
func (c *compiler) fillKind(made *codec) error {
	switch t := made.typ; t.Kind() {
	case reflect.Bool:
		fillBool(made)
	case reflect.String:
		fillString(made)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		fillInt(made)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		fillUint(made)
	case reflect.Float32, reflect.Float64:
		fillFloat(made)
	case reflect.Pointer:
		return c.fillPointer(made)
	case reflect.Interface:
		fillInterface(made)
	case reflect.Slice, reflect.Array:
		return c.fillList(made)
	case reflect.Map:
		return c.fillMap(made)
	case reflect.Struct:
		if isTime(t) {
			fillTime(made)
			return nil
		}
		return c.fillStruct(made)
	default:
		fillUnsupported(made)
	}
	return nil
}

// fillUnsupported handles channels and functions, which as with attributevalue are no attributes, and what has a value but no
// form in an item: complex numbers and the like are errors, where an interface holds one.
func fillUnsupported(c *codec) {
	c.encode = func(dst []byte, _ unsafe.Pointer, _ int) ([]byte, error) { return dst, nil }
	if formless(c.typ) {
		c.encode = func(dst []byte, _ unsafe.Pointer, _ int) ([]byte, error) { return dst, cannotEncode(c.typ, nil) }
	}
	c.decode = func(r *wire.Reader, k wire.Kind, p unsafe.Pointer) error {
		if k == wire.NULL {
			reflect.NewAt(c.typ, p).Elem().SetZero()
			_, err := r.Bool()
			return err
		}
		return cannotDecode(k, c.typ, nil)
	}
}

// usualKind predicts what the values of a type are stored as.
func usualKind(t reflect.Type, o options) wire.Kind {
	for range 4 {
		if t.Kind() != reflect.Pointer {
			break
		}
		t = t.Elem()
	}
	if k, custom := customKind(t, o); custom && !(isTime(t) && o.has(unixTime)) {
		return k
	}
	switch t.Kind() {
	case reflect.Bool:
		return wire.BOOL
	case reflect.String:
		if isNumber(t) && !o.has(asString) {
			return wire.N
		}
		return wire.S
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64,
		reflect.Float32, reflect.Float64:
		if o.has(asString) {
			return wire.S
		}
		return wire.N
	case reflect.Slice, reflect.Array:
		return listKind(t, o)
	case reflect.Map:
		return wire.M
	case reflect.Struct:
		if !isTime(t) {
			return wire.M
		}
		if o.has(unixTime) {
			return wire.N
		}
		return wire.S
	}
	return wire.Invalid
}

// withEmpty puts the rules for empty values in front of the encoder: omit or write NULL.
func withEmpty(c *codec) {
	empty, nullable := emptyOf(c.typ)
	if isTime(c.typ) && c.opts.has(omitZeroTime) {
		empty = func(p unsafe.Pointer) bool { return (*time.Time)(p).IsZero() }
	}
	if empty == nil || !nullable && !c.opts.has(omitEmpty|nullEmpty) {
		return
	}
	c.verbatim = false
	omit, encode := c.opts.has(omitEmpty), c.encode
	c.encode = func(dst []byte, p unsafe.Pointer, depth int) ([]byte, error) {
		switch {
		case !empty(p):
			return encode(dst, p, depth)
		case omit:
			return dst, nil
		default:
			return wire.AppendNull(dst), nil
		}
	}
}

// emptyOf returns the test for empty values of a type, nil if there are none, and whether an empty value is nil, which is
// NULL even without an option. A struct is never empty, not even a zero time.
func emptyOf(t reflect.Type) (empty func(unsafe.Pointer) bool, nullable bool) {
	switch t.Kind() {
	case reflect.Bool:
		return isZero[bool], false
	case reflect.Int, reflect.Uint, reflect.Uintptr:
		return isZero[uint], false
	case reflect.Int8, reflect.Uint8:
		return isZero[uint8], false
	case reflect.Int16, reflect.Uint16:
		return isZero[uint16], false
	case reflect.Int32, reflect.Uint32:
		return isZero[uint32], false
	case reflect.Int64, reflect.Uint64:
		return isZero[uint64], false
	case reflect.Float32:
		return isZero[float32], false
	case reflect.Float64:
		return isZero[float64], false
	case reflect.String:
		return func(p unsafe.Pointer) bool { return len(*(*string)(p)) == 0 }, false
	case reflect.Array:
		if t.Len() == 0 {
			return func(unsafe.Pointer) bool { return true }, false
		}
	case reflect.Map, reflect.Slice, reflect.Interface, reflect.Pointer:
		// The first word of each is nil if and only if the value is.
		return isZero[unsafe.Pointer], true
	}
	return nil, false
}

func isZero[T comparable](p unsafe.Pointer) bool {
	var zero T
	return *(*T)(p) == zero
}
