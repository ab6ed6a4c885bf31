package wire

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"
)

// MaxDepth is the number of lists and maps that may lie inside each other in an item.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-attributes-nested-depth
const MaxDepth = 32

// A SyntaxError reports bytes that are not valid DynamoDB JSON, at their offset in the text.
type SyntaxError struct {
	Offset int
	Msg    string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("invalid DynamoDB JSON at offset %d: %s", e.Offset, e.Msg)
}

// A Reader scans one JSON text from front to back. It is not safe for concurrent use.
//
// It is as strict as RFC 8259, and stricter where a lax reader would change data without a word: text must be valid
// UTF-8, also after unescaping, an attribute value has exactly one type tag, and lists and maps nest at most MaxDepth deep.
// Whatever the bytes are, no method panics, and none allocates more than a small multiple of the bytes that it consumed.
//
// Methods that read expect their token at the current position, after white space. After an error the position is
// unspecified. The text is never modified and must not be modified by anyone else as long as the strings that alias it live.
type Reader struct {
	// Copy makes strings copies, of which several share up to 16 kB. Otherwise they alias the text: nothing is copied, but as
	// long as one of them lives, so does the whole text.
	Copy bool

	room  []byte // for copies
	taken int    // of room
	used  int    // by all rooms
	data  []byte
	pos   int
	depth int
	rooms *[16]Room
	notes [2]struct{ from, to int }
}

// A Room is what a decoder notes between the values of one text, to allocate with foresight: how long the last slice of
// some type was, and memory that is left for the next ones.
type Room struct {
	Owner      unsafe.Pointer // whose it is
	Base       unsafe.Pointer
	At         int    // the offset at the last allocation
	Left, Size uint16 // elements at the end of what is at Base, and those that were allocated there at once
	Last       uint8  // length of the last slice, at most 255
}

// NewReader returns a Reader at the start of data, which makes copies if that is long.
func NewReader(data []byte) *Reader { return &Reader{data: data, Copy: len(data) > maxAliased} }

// NewCopier returns a Reader at the start of data which makes copies.
func NewCopier(data []byte) *Reader { return &Reader{data: data, Copy: true} }

// Reset puts the reader at the start of another text. Copy stays as it is.
func (r *Reader) Reset(data []byte) {
	r.data, r.pos, r.depth, r.used, r.notes = data, 0, 0, 0, [2]struct{ from, to int }{}
}

// Offset returns the current position, for Rewind.
func (r *Reader) Offset() int { return r.pos }

// Rewind goes to a position that Offset returned, in front of a whole item.
func (r *Reader) Rewind(offset int) { r.pos, r.depth = offset, 0 }

// At returns the text and the position, for who reads on by himself and then goes on by Goto.
func (r *Reader) At() ([]byte, int) { return r.data, r.pos }

// Goto goes to a position behind the current one, at the same depth.
func (r *Reader) Goto(offset int) { r.pos = offset }

// Return goes back to where to was, a copy of the reader.
func (r *Reader) Return(to *Reader) { r.pos, r.depth = to.pos, to.depth }

// Ends reports whether at i stands the brace that ends an attribute value, and what ends a map or goes on with it right behind.
func (r *Reader) Ends(i int) bool {
	d := r.data
	return i+1 < len(d) && d[i] == '}' && (d[i+1] == ',' || d[i+1] == '}')
}

// Since returns the bytes from a position that Offset returned up to the current one. They alias the text.
func (r *Reader) Since(offset int) []byte { return r.data[offset:r.pos:r.pos] }

// Note keeps the place of the bytes from an offset up to the current one, in one of two places.
func (r *Reader) Note(place, from int) {
	r.notes[place].from, r.notes[place].to = from, r.pos
}

// NoteAt keeps a place as Note does.
func (r *Reader) NoteAt(place, from, to int) {
	r.notes[place].from, r.notes[place].to = from, to
}

// Noted returns the bytes that were noted last, if they are of the item that starts at an offset and ends here; else nil.
func (r *Reader) Noted(place, start int) []byte {
	n := r.notes[place]
	if n.from <= start || n.to > r.pos {
		return nil
	}
	return r.data[n.from:n.to:n.to]
}

// End checks that nothing but white space is left.
func (r *Reader) End() error {
	if r.space(); r.pos < len(r.data) {
		return r.unexpected("the end")
	}
	return nil
}

// Room returns the room of an owner, near a slot. There are few: a new owner gets an empty one, or takes that of another.
func (r *Reader) Room(owner unsafe.Pointer, slot uint8) *Room {
	if r.rooms == nil {
		r.rooms = new([16]Room)
	}
	for i := range uint8(8) {
		switch room := &r.rooms[(slot+i)&15]; room.Owner {
		case owner:
			return room
		case nil:
			room.Owner = owner
			return room
		}
	}
	room := &r.rooms[slot&15]
	*room = Room{Owner: owner}
	return room
}

// Expect returns how many elements the rest of the text may have, if from the offset at on there were n.
func (r *Reader) Expect(n, at int) int {
	if r.pos <= at {
		return 0
	}
	return int(min(int64(n)*int64(len(r.data)-r.pos)/int64(r.pos-at), math.MaxInt32-1)) + 1
}

// Enter counts a list or map that is about to be read; Leave ends it.
func (r *Reader) Enter() error {
	if r.depth >= MaxDepth {
		return r.failDepth()
	}
	r.depth++
	return nil
}

// Leave ends what Enter began.
func (r *Reader) Leave() { r.depth-- }

// Match consumes s and reports true if the text goes on with exactly these bytes.
func (r *Reader) Match(s string) bool {
	if rest := r.data[r.pos:]; len(rest) >= len(s) && string(rest[:len(s)]) == s {
		r.pos += len(s)
		return true
	}
	return false
}

// A Prefix is text that Matches tries often.
type Prefix struct {
	text  string
	words [3]uint64 // its first bytes
	masks [3]uint64 // which of the words' bytes are its
}

// Text returns the text.
func (p *Prefix) Text() string { return p.text }

// Len returns the length of the text.
func (p *Prefix) Len() int { return len(p.text) }

// Is reports whether the text stands at i.
func (p *Prefix) Is(d []byte, i int) bool {
	return len(d)-i >= len(p.text) && string(d[i:i+len(p.text)]) == p.text
}

// At reports whether the text, or as much of it as PrefixRoom says, stands at i, in an input that has at least PrefixRoom bytes
// there.
func (p *Prefix) At(d []byte, i int) bool {
	w := d[i : i+PrefixRoom]
	return (binary.LittleEndian.Uint64(w)^p.words[0])&p.masks[0]|(binary.LittleEndian.Uint64(w[8:])^p.words[1])&p.masks[1]|
		(binary.LittleEndian.Uint64(w[16:])^p.words[2])&p.masks[2] == 0
}

// PrefixRoom is how much At compares.
const PrefixRoom = 24

// NewPrefix prepares text to be matched.
func NewPrefix(text string) Prefix {
	p := Prefix{text: text}
	for i := range min(len(text), 8*len(p.words)) {
		p.words[i/8] |= uint64(text[i]) << (i % 8 * 8)
		p.masks[i/8] |= 0xff << (i % 8 * 8)
	}
	return p
}

// Matches reports and consumes what Match would. It compares in words what is not too long for them.
func (r *Reader) Matches(p *Prefix) bool {
	if len(p.text) > 8*len(p.words) || len(r.data)-r.pos < 8*len(p.words) {
		return r.Match(p.text)
	}
	d := r.data[r.pos:][:24]
	differ := (binary.LittleEndian.Uint64(d)^p.words[0])&p.masks[0] |
		(binary.LittleEndian.Uint64(d[8:])^p.words[1])&p.masks[1] |
		(binary.LittleEndian.Uint64(d[16:])^p.words[2])&p.masks[2]
	if differ != 0 {
		return false
	}
	r.pos += len(p.text)
	return true
}

// Open consumes opening, '{' or '[', and reports whether the container has members. The closing byte of an empty one is
// consumed too. More is called after each member.
func (r *Reader) Open(opening byte) (bool, error) {
	d, i := r.data, r.pos
	if i+1 < len(d) && d[i] == opening && d[i+1] > ' ' && d[i+1] != opening+2 {
		r.pos++
		return true, nil
	}
	return r.openSlow(opening)
}

func (r *Reader) openSlow(opening byte) (bool, error) {
	if r.space(); r.peek() != opening {
		return false, r.unexpected("'" + string(opening) + "'")
	}
	r.pos++
	r.space()
	if r.peek() == opening+2 { // '{'+2 is '}', '['+2 is ']'
		r.pos++
		return false, nil
	}
	return true, nil
}

// More consumes the comma in front of another member and reports true, or the closing byte, '}' or ']', and reports false.
func (r *Reader) More(closing byte) (bool, error) {
	if d, i := r.data, r.pos; i < len(d) {
		if d[i] == ',' {
			r.pos++
			return true, nil
		}
		if d[i] == closing {
			r.pos++
			return false, nil
		}
	}
	return r.moreSlow(closing)
}

func (r *Reader) moreSlow(closing byte) (bool, error) {
	r.space()
	switch r.peek() {
	case ',':
		r.pos++
		return true, nil
	case closing:
		r.pos++
		return false, nil
	}
	return false, r.unexpected("',' or '" + string(closing) + "'")
}

// Name consumes a member's name and the colon. The bytes alias the text unless the name was escaped.
func (r *Reader) Name() ([]byte, error) {
	name, err := r.text()
	if err != nil {
		return nil, err
	}
	return name, r.colon()
}

// Key consumes a member's name and the colon like Name, and returns the name as Text does.
func (r *Reader) Key() (string, error) {
	key, err := r.Text()
	if err != nil {
		return "", err
	}
	return key, r.colon()
}

func (r *Reader) colon() error {
	if d, i := r.data, r.pos; i < len(d) && d[i] == ':' {
		r.pos++
		return nil
	}
	if r.space(); r.peek() != ':' {
		return r.unexpected("':'")
	}
	r.pos++
	return nil
}

// OpenValue consumes the front of an attribute value, up to the colon after its type tag, and returns its kind. A value
// without a tag, or with an unknown one, is an error.
func (r *Reader) OpenValue() (Kind, error) {
	// Fast for `{"S":` and `{"N":`, which most values are.
	if d, i := r.data, r.pos; i+5 <= len(d) && d[i] == '{' && d[i+1] == '"' && d[i+3] == '"' && d[i+4] == ':' {
		if k := oneByteKinds[d[i+2]]; k != Invalid {
			r.pos += 5
			return k, nil
		}
	}
	return r.openValueSlow()
}

var oneByteKinds = [256]Kind{'S': S, 'N': N, 'B': B, 'M': M, 'L': L}

func (r *Reader) openValueSlow() (Kind, error) {
	tagged, err := r.Open('{')
	if err != nil {
		return Invalid, err
	}
	if !tagged {
		return Invalid, r.fail("attribute value without a type tag")
	}
	at := r.pos
	tag, err := r.Name()
	if err != nil {
		return Invalid, err
	}
	k := kindOf(tag)
	if k == Invalid {
		r.pos = at
		return Invalid, r.fail(fmt.Sprintf("unknown type tag %q", clip(tag)))
	}
	return k, nil
}

// CloseValue consumes the brace that ends an attribute value. A second type tag is an error.
func (r *Reader) CloseValue() error {
	if d, i := r.data, r.pos; i < len(d) && d[i] == '}' {
		r.pos++
		return nil
	}
	switch r.space(); r.peek() {
	case '}':
		r.pos++
		return nil
	case ',':
		return r.fail("attribute value with more than one type tag")
	}
	return r.unexpected("'}'")
}

// NextMember does what CloseValue and then More('}') do, where the value is followed by another member without white space.
// In front of anything else it consumes nothing and reports false.
func (r *Reader) NextMember() bool {
	if d, i := r.data, r.pos; i+1 < len(d) && d[i] == '}' && d[i+1] == ',' {
		r.pos += 2
		return true
	}
	return false
}

// Bool consumes true or false.
func (r *Reader) Bool() (bool, error) {
	r.space()
	if r.Match("true") {
		return true, nil
	}
	if r.Match("false") {
		return false, nil
	}
	return false, r.unexpected("a boolean")
}

// Null consumes null, if that is next.
func (r *Reader) Null() bool {
	r.space()
	return r.Match("null")
}

func (r *Reader) space() {
	for r.pos < len(r.data) && r.data[r.pos] <= ' ' {
		switch r.data[r.pos] {
		case ' ', '\t', '\n', '\r':
			r.pos++
		default:
			return
		}
	}
}

// peek returns the next byte, or 0 at the end: a byte that no valid token starts with.
func (r *Reader) peek() byte {
	if r.pos < len(r.data) {
		return r.data[r.pos]
	}
	return 0
}

func (r *Reader) fail(msg string) error { return &SyntaxError{Offset: r.pos, Msg: msg} }

func (r *Reader) failDepth() error { return r.fail(errDepth.Error()) }

// unexpected reports the next byte where something else was wanted.
func (r *Reader) unexpected(want string) error {
	if r.pos >= len(r.data) {
		return r.fail("unexpected end, want " + want)
	}
	return r.fail(fmt.Sprintf("unexpected %q, want %s", clip(r.data[r.pos:])[:1], want))
}

// clip keeps data from the wire short in messages.
func clip(b []byte) []byte { return b[:min(len(b), 32)] }
