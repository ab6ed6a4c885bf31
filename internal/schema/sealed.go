package schema

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/wire"
)

// A field with the tag `entable:"encrypt"` or `entable:"zstd"` is sealed: what its type's codec makes of it, DynamoDB JSON, is
// compressed, encrypted, or both, and stored as a B. So the codec knows nothing of it: items are opened before it reads them,
// and their sealed attributes are appended behind what it has written. That B is
//
//	mark, form, flags, then the payload
//
// The mark tells it from plain bytes that were stored before, the form is that of these three bytes and of what the payload is
// bound to, and the flags say what was done. All three are bound too, so that no flag can be taken away.

const (
	sealedMark = 0xED // no text begins with it: it would have to be followed by a byte above 0x7f
	sealedForm = 1
	headerSize = 3

	encryptedFlag  = 1 << 0
	compressedFlag = 1 << 1
)

// Protector encrypts and decrypts for one operation. bound is what a ciphertext belongs to: with another one it does not open.
type Protector interface {
	Seal(plaintext, bound []byte) (ciphertext []byte, err error)
	Open(ciphertext, bound []byte) (plaintext []byte, err error)
}

// Plain stands for nobody: of what is made for people, and read from them, encrypted attributes are left out, and compressed
// ones stand in it as their values.
var Plain Protector = plain{}

type plain struct{}

func (plain) Seal(_, _ []byte) ([]byte, error) { return nil, errNoProtector }
func (plain) Open(_, _ []byte) ([]byte, error) { return nil, errNoProtector }

// Sealing is how a field is sealed.
type Sealing struct {
	Field      *codec.Field
	Encrypt    bool
	compress   bool
	hash       string // the key of the hash that stands for it in keys, "" for none
	readsPlain bool
}

// Text says how the field is stored, for messages.
func (s *Sealing) Text() string {
	if s.Encrypt {
		return "is stored encrypted"
	}
	return "is stored compressed"
}

// readSealing reads what the tags say of sealing and hiding, before the keys are compiled.
func (r *registration) readSealing() error {
	e := r.e
	for _, f := range e.Plan.Fields() {
		if f.Tag.Get("entable") == "" {
			continue
		}
		s := &Sealing{Field: f}
		has := map[string]bool{}
		for _, option := range codec.TagOptions(f.Tag) {
			name, value, _ := strings.Cut(option, "=")
			has[name] = true
			if name == "hash" {
				s.hash = value
			}
		}
		s.Encrypt, s.compress, s.readsPlain = has["encrypt"], has["zstd"], has["readplain"]
		if has["encrypt"] || has["hidden"] {
			e.Withheld = append(e.Withheld, f.Name)
		}
		if has["hidden"] {
			e.hidden = append(e.hidden, f.Name)
		}
		why := ""
		switch sealed := s.Encrypt || s.compress; {
		case !sealed && (has["hash"] || s.readsPlain):
			why = "hash and readplain go with encrypt or zstd"
		case !sealed:
			continue
		case has["hash"] && !s.Encrypt:
			why = "hash goes with encrypt"
		case s.Encrypt && !r.t.Settings().Encrypts:
			why = "the table has nothing to encrypt with: give it entable.Encryption"
		case has["hash"] && !r.t.Settings().knows(s.hash):
			why = fmt.Sprintf("the table has %s, not %q: give it entable.HashKey(%[2]q, …)", r.t.Settings().hashNames(), s.hash)
		case has["unique"] && s.Encrypt && s.hash == "":
			why = "a unique value stands in the key of an item of its own: with encrypt, give it hash=… too"
		case has["version"] || has["ttl"] || has["keyonly"]:
			why = "the service has to read version and ttl, and a keyonly field stands in the key: they cannot be encrypted or compressed"
		case e.Plan.Marshals():
			why = fmt.Sprintf("%s encodes itself, so that no field of it can be encrypted or compressed", e.Type)
		}
		if why != "" {
			return r.errorf(r.fieldName(f), "tag `entable:%q`: %s", f.Tag.Get("entable"), why)
		}
		if s.compress {
			warm()
		}
		e.sealed = append(e.sealed, s)
	}
	return r.checkInner()
}

// checkInner refuses fields inside attributes whose tags would be missed: what is to be encrypted would be stored in plain, what is to be
// kept would be lost. What is said of the whole attribute holds of all in it.
func (r *registration) checkInner() error {
	for _, f := range r.e.Plan.Fields() {
		missed := []string{"rest", "encrypt", "zstd", "hidden"}
		missed = slices.DeleteFunc(missed, func(option string) bool {
			has := codec.TagOptions(f.Tag)
			return slices.Contains(has, option) || option == "hidden" && slices.Contains(has, "encrypt")
		})
		switch at, option := innerTag(f.Type, f.Name, missed, map[reflect.Type]bool{}); option {
		case "":
		case "rest":
			return r.errorf(r.fieldName(f), "%s: only an item keeps what its type does not have, no map in it: give that field the tag `dynamodbav:\"-\"` too", at)
		default:
			return r.errorf(r.fieldName(f), "%s: only whole attributes are encrypted, compressed or hidden: give %q the tag", at, f.Name)
		}
	}
	return nil
}

// SealingOf returns how a field is sealed, nil for one that is not.
func (e *Entity) SealingOf(f *codec.Field) *Sealing {
	for _, s := range e.sealed {
		if s.Field == f {
			return s
		}
	}
	return nil
}

// Sealed says of the sealed attributes how they are stored; nil for none.
func (e *Entity) Sealed() map[string]string {
	var out map[string]string
	for _, s := range e.sealed {
		if out == nil {
			out = map[string]string{}
		}
		out[s.Field.Name] = s.Text()
	}
	return out
}

// spot is where a sealed attribute stands: what it is bound to, but for its name and header.
type spot []byte

// formLabel begins what is bound. A form that binds otherwise has another one.
const formLabel = "entable sealed attribute 1"

// spotOf returns the spot of attributes of an item with a primary key. Each part has its length in front, so that no two
// spots are the same bytes.
func (e *Entity) spotOf(pk, sk string) spot {
	t := e.Table
	p := spot(appendPart(nil, formLabel))
	for _, part := range []string{t.Settings().BoundTo, e.Origin, t.PK.IDText(pk), t.SK.IDText(sk)} {
		p = appendPart(p, part)
	}
	return p
}

func appendPart(dst []byte, part string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(part))), part...)
}

// spotAt returns the spot of the attributes of the item at ptr.
func (e *Entity) spotAt(ptr unsafe.Pointer) (spot, error) {
	var texts [2]string
	for i, k := range []*Key{e.PK, e.SK} {
		if k == nil {
			continue
		}
		text, err := k.AppendText(nil, ptr)
		if err != nil {
			return nil, e.keyFault(k.Attr.Name, err)
		}
		texts[i] = string(text)
	}
	return e.spotOf(texts[0], texts[1]), nil
}

// spot returns that of the attributes of an item with a stored key.
func (s *storedKey) spot(e *Entity) (spot, error) {
	var texts [2]string
	for i, k := range []*Key{e.PK, e.SK} {
		if k == nil {
			continue
		}
		if s[i] == nil {
			return nil, fmt.Errorf("the item has no %q, to which its encrypted attributes are bound", k.Attr.Name)
		}
		var err error
		if _, texts[i], err = wire.Scalar(s[i]); err != nil {
			return nil, err
		}
	}
	return e.spotOf(texts[0], texts[1]), nil
}

func (p spot) bound(attribute string, header []byte) []byte {
	return append(appendPart(slices.Clip(p), attribute), header...)
}

// appendSealed appends the sealed attributes of the item at ptr behind its others.
func (e *Entity) appendSealed(dst []byte, ptr unsafe.Pointer, by Protector) ([]byte, error) {
	if len(e.sealed) == 0 {
		return dst, nil
	}
	at, err := e.spotAt(ptr)
	if err != nil {
		return nil, err
	}
	for _, s := range e.sealed {
		if s.Encrypt && by == Plain {
			continue
		}
		value, err := s.valueAt(ptr, at, by)
		if err != nil {
			return nil, e.sealFault(s, err)
		}
		if len(value) > 0 {
			dst = append(append(wire.AppendString(append(dst, ','), s.Field.Name), ':'), value...)
		}
	}
	return dst, nil
}

// Sealer returns what makes of a value of a sealed field what is stored in an item with the key of that at key; nil for nothing.
func (e *Entity) Sealer(key unsafe.Pointer, by Protector) func(*codec.Field, reflect.Value) (types.AttributeValue, error) {
	return func(f *codec.Field, v reflect.Value) (types.AttributeValue, error) {
		at, err := e.spotAt(key)
		if err != nil {
			return nil, err
		}
		s, holder := e.SealingOf(f), e.NewItem()
		f.Reach(holder).Set(v)
		stored, err := s.sealAt(holder, at, by)
		if err != nil || stored == nil {
			return nil, e.sealFault(s, err)
		}
		return &types.AttributeValueMemberB{Value: stored}, nil
	}
}

// valueAt returns the attribute value that is written.
func (s *Sealing) valueAt(ptr unsafe.Pointer, at spot, by Protector) ([]byte, error) {
	if by == Plain {
		return s.Field.AppendFrom(nil, ptr)
	}
	stored, err := s.sealAt(ptr, at, by)
	if err != nil || stored == nil {
		return nil, err
	}
	return wire.AppendB(nil, stored), nil
}

// sealAt returns the bytes that are stored.
func (s *Sealing) sealAt(ptr unsafe.Pointer, at spot, by Protector) ([]byte, error) {
	raw, err := s.Field.AppendFrom(nil, ptr)
	if err != nil {
		return nil, plainly(err)
	}
	if len(raw) == 0 {
		return nil, nil
	}
	return s.seal(raw, at, by)
}

var errNoProtector = errors.New("there is nothing to encrypt or decrypt with: give the table entable.Encryption")

func (s *Sealing) seal(raw []byte, at spot, by Protector) ([]byte, error) {
	var flags byte
	if s.compress {
		small, err := compress(raw)
		if err != nil {
			return nil, err
		}
		if len(small) < len(raw) {
			raw, flags = small, flags|compressedFlag
		}
	}
	if s.Encrypt {
		flags |= encryptedFlag
	}
	header := []byte{sealedMark, sealedForm, flags}
	if !s.Encrypt {
		return append(header, raw...), nil
	}
	if by == nil {
		return nil, errNoProtector
	}
	sealed, err := by.Seal(raw, at.bound(s.Field.Name, header))
	if err != nil {
		return nil, fmt.Errorf("cannot encrypt: %w", err)
	}
	return append(header, sealed...), nil
}

// open returns the attribute value that was sealed, as DynamoDB JSON.
func (s *Sealing) open(value []byte, at spot, by Protector) ([]byte, error) {
	r := wire.NewReader(value)
	kind, err := r.OpenValue()
	if err != nil {
		return nil, err
	}
	var stored []byte
	if kind == wire.B {
		if stored, err = r.Bytes(nil); err != nil {
			return nil, err
		}
	}
	sealed := len(stored) >= headerSize && stored[0] == sealedMark
	if !sealed || s.Encrypt && stored[2]&encryptedFlag == 0 {
		if !s.readsPlain && (s.Encrypt || by != Plain) {
			return nil, fmt.Errorf("it is stored as %s that is not sealed, though its field %s: readplain in its tag takes such values", kind, s.Text())
		}
		if !sealed {
			return value, nil
		}
	}
	header, payload := stored[:headerSize], stored[headerSize:]
	flags := header[2]
	if header[1] != sealedForm || flags&^(encryptedFlag|compressedFlag) != 0 {
		return nil, fmt.Errorf("it is sealed in the form %d with flags %#x, which this version does not know", header[1], flags)
	}
	if flags&encryptedFlag != 0 {
		if by == nil {
			return nil, errNoProtector
		}
		if payload, err = by.Open(payload, at.bound(s.Field.Name, header)); err != nil {
			return nil, fmt.Errorf("cannot decrypt: %w", err)
		}
	}
	if flags&compressedFlag != 0 {
		if payload, err = decompress(payload); err != nil {
			return nil, err
		}
	}
	inner := wire.NewReader(payload)
	if _, err = inner.Skip(); err == nil {
		err = inner.End()
	}
	if err != nil {
		return nil, errors.New("what was sealed is no attribute value")
	}
	return payload, nil
}

// opened returns a reader in front of the item at r with its sealed attributes opened, and goes past the item; r itself where
// the entity has none.
func (e *Entity) opened(r *wire.Reader, stored *storedKey, by Protector) (*wire.Reader, error) {
	if len(e.sealed) == 0 {
		return r, nil
	}
	at, err := stored.spot(e)
	if err != nil {
		return r, err
	}
	start := r.Offset()
	item, err := r.Skip()
	if err != nil {
		return r, err
	}
	r.Rewind(start)
	out := append(make([]byte, 0, len(item)), '{')
	more, err := r.Open('{')
	for more && err == nil {
		var name, value []byte
		if name, err = r.Name(); err != nil {
			return r, err
		}
		attribute := string(name)
		if value, err = r.Skip(); err != nil {
			return r, err
		}
		if s := e.sealingNamed(attribute); s != nil {
			if value, err = s.openNamed(attribute, value, at, by); err != nil {
				return r, e.sealFault(s, err)
			}
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(wire.AppendString(out, attribute), ':')
		out = append(out, value...)
		more, err = r.More('}')
	}
	return wire.NewReader(append(out, '}')), err
}

// sealingNamed returns the sealing of an attribute, by any spelling of its name: where the name itself is not in the item, the
// codec takes another spelling for it.
func (e *Entity) sealingNamed(name string) *Sealing {
	for _, s := range e.sealed {
		if strings.EqualFold(s.Field.Name, name) {
			return s
		}
	}
	return nil
}

// openNamed opens the attribute that stands in an item under a name.
func (s *Sealing) openNamed(name string, value []byte, at spot, by Protector) ([]byte, error) {
	if name != s.Field.Name {
		return nil, fmt.Errorf("attribute %q differs from it in case only, and could be taken for it", name)
	}
	return s.open(value, at, by)
}

// Opener returns what opens stored values of sealed fields of an item with the key of that at key.
func (e *Entity) Opener(key unsafe.Pointer, by Protector) func(*codec.Field, types.AttributeValue) (types.AttributeValue, error) {
	return func(f *codec.Field, stored types.AttributeValue) (types.AttributeValue, error) {
		s := e.SealingOf(f)
		raw, err := wire.AppendValue(nil, stored)
		if err != nil {
			return nil, err
		}
		for _, place := range e.places() { // the item may be at any
			at, wrong := place.spotAt(key)
			if wrong != nil {
				continue
			}
			var opened []byte
			if opened, err = s.open(raw, at, by); err == nil {
				return wire.ReadValue(opened)
			}
		}
		return nil, e.sealFault(s, err)
	}
}

// Rebind gives an item another primary key, to which its encrypted attributes are bound then.
func (e *Entity) Rebind(item, key map[string]types.AttributeValue, by Protector) error {
	spotIn := func(attrs map[string]types.AttributeValue) spot {
		return e.spotOf(Text(attrs[e.Table.PK.Name]), Text(attrs[e.Table.SK.Name]))
	}
	from, to := spotIn(item), spotIn(key)
	for _, s := range e.sealed {
		v := item[s.Field.Name]
		if v == nil || !s.Encrypt {
			continue
		}
		raw, err := wire.AppendValue(nil, v)
		if err == nil {
			raw, err = s.open(raw, from, by)
		}
		if err == nil {
			raw, err = s.seal(raw, to, by)
		}
		if err != nil {
			return e.sealFault(s, err)
		}
		item[s.Field.Name] = &types.AttributeValueMemberB{Value: raw}
	}
	maps.Copy(item, key)
	return nil
}

// sealFault returns the fault of an attribute that cannot be sealed or opened; nil for no error.
func (e *Entity) sealFault(s *Sealing, err error) error {
	if err == nil {
		return nil
	}
	return &Fault{Kind: WrongSeal, Entity: e.Name, Where: s.Field.Name, Err: err}
}
