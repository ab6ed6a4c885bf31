package codec

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/entable/entable/internal/wire"
)

// Decoding guesses what comes next and checks the guess in the pass that reads it. Every guess has a slow twin that reads the
// same bytes without it; a wrong one costs time, and is replaced by what has come instead.
//
//   - Which attribute follows (slot.next, slot.after), and of which kind its value is (slot.kind): one comparison with
//     slot.prefix in place of reading a name, looking it up and reading a type tag. find is the twin.
//   - That a value is of the form that most have (usual.go, slot.opening), or is read by a struct's layout (codec.layout): without
//     a call of the codec. codec.decode and codec.encode are the twins.
//   - That a number is short and a time is UTC: wire's IntAt and FloatAt, parseUTC. wire's Number and the standard
//     library are the twins.
//   - That a name which is no attribute's will come again (layout.learned): its slot is guessed like the others, and no case is
//     folded to look for it. spelled is the twin.
//   - Of which type an item is (Plan.Expect): the twin is the caller's, who looks for the type first.
//   - How long a list is (list.room): as long as the last one of its type. grow is the twin.
//
// For example, the fields ID, N and Note have slots whose prefixes are `"ID":{"S":`, `"N":{"N":` and `"Note":{"S":`, linked in
// this order. Of the item
//
//	{"N":{"N":"7"},"ID":{"S":"a"},"x":{"S":"?"},"Note":{"NULL":true}}
//
// the first name is not what head.next guesses: find reads "N", and from now on head guesses N, and ID if it is not that. Behind N
// the guess was Note; ID takes its place. Behind ID neither N nor anything else is right: "x" is no attribute's name and gets a
// slot without a codec, which is skipped, and guessed like the others. Behind x nothing was guessed: "Note" is found. Its
// value is not the S that its prefix has, so OpenValue reads the tag, and the codec decides what NULL means. Of the next item
// of this shape all guesses are right but for that NULL.

// A layout is the codec of a struct's attributes: one slot for each.
type layout struct {
	typ      reflect.Type
	attrs    []attribute
	slots    []*slot
	byName   map[string]*slot
	head     slot  // in front of the first attribute; only its guesses are used
	required *slot // an attribute without which the item is not the right one, or nil

	// learned holds slots for names that are no attribute's own: unknown ones, to be skipped, and those that differ from
	// an attribute's in case. It is replaced under mu and holds at most maxLearned, whatever names are read.
	learned atomic.Pointer[map[string]*slot]
	mu      sync.Mutex
}

const maxLearned = 64

// A slot is an attribute of a struct, or a name that is skipped.
type slot struct {
	name   string
	prefix wire.Prefix // how the attribute begins in JSON: its name and, if its kind is set, the value up to the type tag's colon
	kind   wire.Kind
	codec  *codec // nil to skip
	comma  string // a comma, the name and the colon
	index  int    // of the attribute among all
	folded bool   // the name is another spelling of the attribute's
	noted  int    // as which of the reader's notes the value is kept, counted from one; 0: as none

	way   way         // how usual values are read
	front wire.Prefix // what stands before them
	bit   uint64      // of the attribute in structDecoder.few[0], if there is a way

	text    bool   // a string right in the struct, stored as S
	opening string // if every value of such a string is stored: a comma and all up to its opening quote
	hops    []step // how to get to the struct with the field: embedded pointers only
	offset  uintptr

	// next and after guess the slot that follows in the input: as it was the last time, and the time before if that was
	// another; nil if nothing ever did. The service sends the attributes of like items in the same order, so that in place
	// of a look-up one comparison nearly always will do.
	next, after atomic.Pointer[slot]
}

func (c *compiler) layout(t reflect.Type, encoding options) (*layout, error) {
	attrs, err := attributesOf(t)
	if err != nil {
		return nil, err
	}
	l := &layout{typ: t, attrs: attrs, byName: make(map[string]*slot, len(attrs))}
	for i, a := range attrs {
		made, err := c.codec(a.field.Type, a.opts|encoding)
		if err != nil {
			return nil, fmt.Errorf("field %s.%s: %w", t, a.field.Name, err)
		}
		s := newSlot(a.name, made)
		s.index = i
		s.locate(a)
		s.text = made.text && s.kind == wire.S && s.hops == nil
		if s.text && made.verbatim {
			s.opening = s.comma + `{"S":"`
		}
		s.setWay()
		l.slots = append(l.slots, s)
		l.byName[a.name] = s
	}
	l.link()
	return l, nil
}

func newSlot(name string, c *codec) *slot {
	quoted := string(wire.AppendString(nil, name)) + ":"
	s := &slot{name: name, codec: c, comma: "," + quoted}
	if c != nil && c.kind != wire.Invalid {
		s.kind = c.kind
		quoted += fmt.Sprintf(`{%q:`, c.kind)
	}
	s.prefix = wire.NewPrefix(quoted)
	if c == nil {
		s.setWay()
	}
	return s
}

// locate sums up the offsets between embedded pointers.
func (s *slot) locate(a attribute) {
	for _, st := range a.steps {
		s.offset += st.offset
		if st.elem != nil {
			s.hops = append(s.hops, step{offset: s.offset, elem: st.elem})
			s.offset = 0
		}
	}
	s.offset += a.field.Offset
}

// link guesses the order of declaration.
func (l *layout) link() {
	last := &l.head
	for _, s := range l.slots {
		last.next.Store(s)
		last = s
	}
}

// field returns the address of the attribute's field, or nil behind an embedded pointer that is nil.
func (s *slot) field(p unsafe.Pointer) unsafe.Pointer {
	for _, h := range s.hops {
		if p = *(*unsafe.Pointer)(unsafe.Add(p, h.offset)); p == nil {
			return nil
		}
	}
	return unsafe.Add(p, s.offset)
}

// makeField returns what field does, and sets embedded pointers that are nil.
func (s *slot) makeField(p unsafe.Pointer) unsafe.Pointer {
	for _, h := range s.hops {
		to := (*unsafe.Pointer)(unsafe.Add(p, h.offset))
		if *to == nil {
			*to = reflect.New(h.elem).UnsafePointer()
		}
		p = *to
	}
	return unsafe.Add(p, s.offset)
}

// fillStruct handles a struct as a map of its attributes.
func (c *compiler) fillStruct(made *codec) error {
	l, err := c.layout(made.typ, made.opts.encoding())
	if err != nil {
		return err
	}
	made.layout = l
	made.encode = func(dst []byte, p unsafe.Pointer, depth int) ([]byte, error) {
		if depth += level; tooDeep(depth) {
			return dst, cannotEncode(made.typ, errDepth)
		}
		dst, err := l.appendMembers(append(dst, `{"M":{`...), p, depth)
		return append(dst, '}', '}'), err
	}
	made.decode = func(r *wire.Reader, k wire.Kind, p unsafe.Pointer) error {
		switch k {
		case wire.M:
			return l.decodeMap(r, p)
		case wire.NULL:
			reflect.NewAt(made.typ, p).Elem().SetZero()
			_, err := r.Bool()
			return err
		}
		return cannotDecode(k, made.typ, nil)
	}
	return nil
}

func (l *layout) appendMembers(dst []byte, p unsafe.Pointer, depth int) ([]byte, error) {
	start := len(dst)
	for _, s := range l.slots {
		var field unsafe.Pointer
		if s.hops == nil {
			field = unsafe.Add(p, s.offset)
		} else if field = s.field(p); field == nil { // the offset is one in the embedded struct, not in this
			continue
		}
		at := len(dst)
		var err error
		if s.opening != "" { // what most attributes are; below is the same for all
			opening := s.opening
			if at == start {
				opening = opening[1:]
			}
			if dst, err = wire.AppendTextIn(dst, opening, *(*string)(field), `"}`); err != nil {
				return dst, within(cannotEncode(s.codec.typ, err), s.name)
			}
			continue
		}
		if at > start {
			dst = append(dst, s.comma...)
		} else {
			dst = append(dst, s.comma[1:]...)
		}
		begin := len(dst)
		if dst, err = s.codec.encode(dst, field, depth); err != nil {
			return dst, within(err, s.name)
		}
		if len(dst) == begin {
			dst = dst[:at]
		}
	}
	return dst, nil
}

// decodeMap reads the content of an M.
func (l *layout) decodeMap(r *wire.Reader, p unsafe.Pointer) error {
	if err := r.Enter(); err != nil {
		return err
	}
	err := l.decode(r, p, nil)
	r.Leave()
	return err
}

// decode reads a JSON object of attributes. What is no attribute is noted, or goes to rest, or is skipped if that is nil.
func (l *layout) decode(r *wire.Reader, p unsafe.Pointer, rest func(string, []byte) error) error {
	d := structDecoder{layout: l, p: p, rest: rest}
	if n := len(l.slots); n > 64*len(d.few) {
		d.many = make([]uint64, n/64+1)
	}
	more, err := r.Open('{')
	if more && err == nil {
		err = d.attributes(r)
	}
	if err == nil && l.required != nil && !d.has(l.required) {
		return ErrUnexpected
	}
	return err
}

// attributes reads the attributes of a JSON object behind its opening brace, of which there is one at least, up to its end.
func (d *structDecoder) attributes(r *wire.Reader) (err error) {
	last := &d.head
	for more := true; more && err == nil; {
		if d.many == nil && d.folded == nil {
			var done bool
			if last, done, err = d.usual(r, last); done || err != nil {
				return err
			}
		}
		var name []byte
		var k wire.Kind
		s := last.next.Load()
		if s != nil && r.Matches(&s.prefix) {
			k = s.kind
		} else if s, k, name, err = d.find(r, last); err != nil {
			return err
		}
		if s != skipped {
			last = s
		}
		if s.codec == nil || s.folded {
			err = d.other(r, s, name)
		} else {
			if err = d.attribute(r, s, k); err == nil {
				if r.NextMember() {
					continue
				}
				err = r.CloseValue()
			}
		}
		if err != nil {
			return within(err, cmp.Or(s.name, string(name)))
		}
		more, err = r.More('}')
	}
	for _, f := range d.folded {
		if err == nil && f.err != nil && !d.has(f.slot) {
			err = within(f.err, f.name)
		}
	}
	return err
}

// structDecoder is the state of decoding one struct.
type structDecoder struct {
	*layout
	p      unsafe.Pointer
	rest   func(string, []byte) error
	few    [4]uint64 // bit n: attribute n came under its own name
	many   []uint64  // the same, if there are more than fit into few
	folded []folded  // the attributes that came under another spelling
}

// folded is an attribute that came under another spelling, and its value in the item. One that cannot be read is an error unless the
// attribute comes under its own name, so that the other one is none of the struct's.
type folded struct {
	*slot
	value []byte
	err   error
}

// folding returns what came for an attribute under another spelling, or nil.
func (d *structDecoder) folding(s *slot) *folded {
	i := slices.IndexFunc(d.folded, func(f folded) bool { return f.index == s.index })
	if i < 0 {
		return nil
	}
	return &d.folded[i]
}

// seen returns the word with the attribute's bit.
func (d *structDecoder) seen(s *slot) *uint64 {
	if d.many != nil {
		return &d.many[s.index>>6]
	}
	return &d.few[s.index>>6&3]
}

func (d *structDecoder) has(s *slot) bool { return *d.seen(s)>>(s.index&63)&1 != 0 }

var errTwice = errors.New("occurs twice in the item")

// attribute reads the value of an attribute under its own name up to its last brace, after the type tag if k is set.
func (d *structDecoder) attribute(r *wire.Reader, s *slot, k wire.Kind) (err error) {
	seen, bit := d.seen(s), uint64(1)<<(s.index&63)
	if *seen&bit != 0 {
		return errTwice
	}
	*seen |= bit
	var field unsafe.Pointer
	if s.hops == nil {
		field = unsafe.Add(d.p, s.offset)
	} else {
		field = s.makeField(d.p)
	}
	if f := d.folding(s); f != nil { // which is then another attribute
		reflect.NewAt(s.codec.typ, field).Elem().SetZero()
		if d.rest != nil {
			if err = d.rest(f.name, f.value); err != nil {
				return err
			}
		}
	}
	if k == wire.Invalid {
		if k, err = r.OpenValue(); err != nil {
			return err
		}
	}
	return s.codec.decode(r, k, field)
}

// other reads what is no attribute under its own name: another spelling counts as long as nothing else has come for the
// attribute, all else goes to rest or is skipped.
func (d *structDecoder) other(r *wire.Reader, s *slot, name []byte) error {
	at := r.Offset()
	if s.codec != nil && !d.has(s) && d.folding(s) == nil {
		before := *r
		err := s.codec.decodeWhole(r, s.makeField(d.p))
		if err != nil {
			r.Return(&before)
			if _, err := r.Skip(); err != nil {
				return err
			}
		}
		d.folded = append(d.folded, folded{s, r.Since(at), err})
		return nil
	}
	if (d.rest == nil || s.noted > 0) && r.SkipScalar() { // what most are; below is the same for all
		if s.noted > 0 {
			r.Note(s.noted-1, at)
		}
		return nil
	}
	value, err := r.Skip()
	if err == nil && s.noted > 0 {
		r.Note(s.noted-1, at)
	}
	if err != nil || d.rest == nil || s.noted > 0 {
		return err
	}
	return d.rest(cmp.Or(s.name, string(name)), value)
}

// find reads a name that was not guessed, or a value that is not of the usual kind, and corrects the guess. The name is
// returned if the slot is skipped.
func (l *layout) find(r *wire.Reader, last *slot) (*slot, wire.Kind, []byte, error) {
	if s := last.after.Load(); s != nil && r.Matches(&s.prefix) {
		return s, s.kind, nil, nil
	}
	name, err := r.Name()
	if err != nil {
		return nil, 0, nil, err
	}
	s := l.byName[string(name)]
	if s == nil {
		s = l.unknown(name)
	}
	if guess := last.next.Load(); s != guess && s != skipped {
		last.after.Store(guess)
		last.next.Store(s)
	}
	return s, wire.Invalid, name, nil
}

// skipped stands for names that have no slot.
var skipped = new(slot)

// unknown returns the slot for a name that is no attribute's. If it differs from one in case only it is taken for that, the
// first in the order of declaration.
func (l *layout) unknown(name []byte) *slot {
	if known := l.learned.Load(); known != nil {
		if s := (*known)[string(name)]; s != nil {
			return s
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	known := make(map[string]*slot)
	if old := l.learned.Load(); old != nil {
		if s := (*old)[string(name)]; s != nil {
			return s
		}
		maps.Copy(known, *old)
	}
	s := l.spelled(string(name))
	if len(known) < maxLearned {
		if s == skipped {
			s = newSlot(string(name), nil)
		}
		known[s.name] = s
		l.learned.Store(&known)
	}
	return s
}

// spelled returns a slot for another spelling of an attribute's name, or skipped.
func (l *layout) spelled(name string) *slot {
	for _, a := range l.slots {
		if strings.EqualFold(a.name, name) && a.codec.typ != nil { // of a field: the type alone has the name that it has
			s := newSlot(name, nil)
			s.codec, s.index, s.hops, s.offset, s.folded, s.way = a.codec, a.index, a.hops, a.offset, true, noWay
			return s
		}
	}
	return skipped
}
