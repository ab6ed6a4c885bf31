package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/big"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/schemas"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/document"
	smithytime "github.com/aws/smithy-go/time"
	"github.com/aws/smithy-go/traits"
)

// carriesItems reports whether the input is one of those in which a carrier may stand.
func carriesItems(in smithy.Serializable) bool {
	switch in.(type) {
	case *dynamodb.GetItemInput, *dynamodb.PutItemInput, *dynamodb.UpdateItemInput, *dynamodb.DeleteItemInput,
		*dynamodb.QueryInput, *dynamodb.ScanInput, *dynamodb.BatchGetItemInput, *dynamodb.BatchWriteItemInput,
		*dynamodb.TransactGetItemsInput, *dynamodb.TransactWriteItemsInput:
		return true
	}
	return false
}

// A serializer writes an SDK input as JSON, driven by the SDK's generated code, and puts in the bytes of carriers. The
// interface knows no errors: the first one is kept and the rest of the output is void.
type serializer struct {
	buf   []byte
	err   error
	lists []bool // for each open container, whether it is a list
	raws  []raw  // what the carriers stand for
	used  int    // of them
	raw   rawState
	inM   bool // the map opened last is an M, whose names are data
}

// rawState says how much of a carrier has gone by: its empty name, its tag, its number.
type rawState uint8

const (
	notRaw rawState = iota
	rawName
	rawTag
	rawBytes
)

var (
	errNoRawItem = errors.New("raw item is no JSON object of its own")
	errChanged   = errors.New("an item in the request was changed, where only a carrier of its bytes stands; " +
		"middleware that changes items needs a table with entable.PlainRoute()")
)

func (s *serializer) reset(raws []raw) {
	size := 0
	for _, raw := range raws {
		size += len(raw.json)
		for _, item := range raw.more {
			size += len(raw.list.between) + len(item)
		}
	}
	s.buf, s.lists = slices.Grow(s.buf[:0], size+size/16+512), s.lists[:0]
	s.err, s.raws, s.used, s.raw, s.inM = nil, raws, 0, notRaw, false
}

func (s *serializer) Bytes() []byte { return s.buf }

// serialize writes an input in which all of the carriers stand.
func (s *serializer) serialize(in smithy.Serializable, raws []raw) error {
	s.reset(raws)
	if in.Serialize(s); s.used != len(raws) {
		s.fail(errChanged)
	}
	s.raws = nil
	return s.err
}

// maxKeptBody is up to where the room for a body is kept for another one.
const maxKeptBody = 64 << 10

func (s *serializer) free() {
	if cap(s.buf) > maxKeptBody {
		s.buf = nil
	}
	bodies.Put(s)
}

// take gives the output away.
func (s *serializer) take() []byte {
	out := s.buf
	s.buf = nil
	return out
}

func (s *serializer) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// next writes what comes before a value: nothing after a colon and at the very start, else a comma if it is not the first
// in its container, and in a structure its name. The last byte tells: the three that have no comma after them, '{', '['
// and ':', never end a value.
func (s *serializer) next(schema *smithy.Schema) {
	if s.raw != notRaw {
		s.endRaw()
	}
	if len(s.lists) == 0 || s.buf[len(s.buf)-1] == ':' {
		return
	}
	s.comma()
	if !s.lists[len(s.lists)-1] {
		s.name(schema)
	}
}

func (s *serializer) comma() {
	if c := s.buf[len(s.buf)-1]; c != '{' && c != '[' {
		s.buf = append(s.buf, ',')
	}
}

func (s *serializer) name(schema *smithy.Schema) {
	s.buf = append(s.buf, '"')
	s.buf = append(s.buf, schema.MemberName()...)
	s.buf = append(s.buf, '"', ':')
}

// endRaw handles what began as a carrier does and went on differently.
func (s *serializer) endRaw() {
	s.fail(errChanged)
	s.raw = notRaw
	s.buf = append(s.buf, '"', '"', ':')
}

func (s *serializer) open(c byte) {
	s.buf = append(s.buf, c)
	s.lists = append(s.lists, c == '[')
}

func (s *serializer) close(c byte) {
	s.buf = append(s.buf, c)
	s.lists = s.lists[:len(s.lists)-1]
}

func (s *serializer) WriteStruct(schema *smithy.Schema) {
	s.next(schema)
	s.open('{')
}

func (s *serializer) CloseStruct() { s.close('}') }

func (s *serializer) WriteList(schema *smithy.Schema) {
	s.next(schema)
	s.open('[')
}

func (s *serializer) CloseList() { s.close(']') }

func (s *serializer) WriteMap(schema *smithy.Schema) {
	s.next(schema)
	s.open('{')
	s.inM = schema == schemas.AttributeValue_M
}

func (s *serializer) WriteKey(_ *smithy.Schema, key string) {
	if s.raw != notRaw {
		s.fail(errChanged)
	}
	if key == "" && !s.inM {
		if s.buf[len(s.buf)-1] == '{' {
			s.raw = rawName
			return
		}
		s.fail(errChanged)
	}
	s.comma()
	s.text(key)
	s.buf = append(s.buf, ':')
}

func (s *serializer) CloseMap() {
	s.inM = false
	if s.raw == rawBytes {
		s.raw = notRaw
		s.lists = s.lists[:len(s.lists)-1]
		return
	}
	s.close('}')
}

func (s *serializer) WriteUnion(schema, variant *smithy.Schema) {
	if s.raw == rawName && variant == schemas.AttributeValue_B {
		s.raw = rawTag
		return
	}
	s.next(schema)
	s.open('{')
	s.name(variant)
}

func (s *serializer) CloseUnion() {
	if s.raw != rawBytes {
		s.close('}')
	}
}

func (s *serializer) WriteBlob(schema *smithy.Schema, v []byte) {
	if s.raw == rawTag {
		s.raw = rawBytes
		s.buf = s.buf[:len(s.buf)-1] // without the brace that WriteMap wrote
		raw, ok := s.carried(v)
		if s.used++; !ok {
			s.fail(errChanged)
		}
		if len(raw.more) > 0 && !bytes.HasSuffix(s.buf, unsafeBytes(raw.list.front)) {
			s.fail(errChanged)
		}
		s.splice(raw.json)
		for _, item := range raw.more {
			s.buf = append(s.buf, raw.list.between...)
			s.splice(item)
		}
		return
	}
	s.next(schema)
	s.buf = AppendBase64(s.buf, v)
}

// splice appends an object that is JSON already.
func (s *serializer) splice(raw []byte) {
	if len(raw) < 2 || raw[0] != '{' || raw[len(raw)-1] != '}' {
		s.fail(errNoRawItem)
	}
	s.buf = append(s.buf, raw...)
}

// carried returns what the carrier with a number stands for. It is not ok if the call has none with it.
func (s *serializer) carried(number []byte) (r raw, ok bool) {
	n, size := binary.Uvarint(number)
	if size < 1 || size != len(number) || n >= uint64(len(s.raws)) {
		return raw{}, false
	}
	return s.raws[n], true
}

func (s *serializer) WriteString(schema *smithy.Schema, v string) {
	s.next(schema)
	s.text(v)
}

func (s *serializer) text(v string) {
	var err error
	if s.buf, err = AppendText(s.buf, v); err != nil {
		s.fail(err)
		s.buf = append(s.buf, '"', '"')
	}
}

func (s *serializer) WriteBool(schema *smithy.Schema, v bool) {
	s.next(schema)
	s.buf = strconv.AppendBool(s.buf, v)
}

func (s *serializer) WriteInt8(schema *smithy.Schema, v int8)   { s.WriteInt64(schema, int64(v)) }
func (s *serializer) WriteInt16(schema *smithy.Schema, v int16) { s.WriteInt64(schema, int64(v)) }
func (s *serializer) WriteInt32(schema *smithy.Schema, v int32) { s.WriteInt64(schema, int64(v)) }

func (s *serializer) WriteInt64(schema *smithy.Schema, v int64) {
	s.next(schema)
	s.buf = strconv.AppendInt(s.buf, v, 10)
}

func (s *serializer) WriteFloat32(schema *smithy.Schema, v float32) { s.float(schema, float64(v), 32) }
func (s *serializer) WriteFloat64(schema *smithy.Schema, v float64) { s.float(schema, v, 64) }

func (s *serializer) float(schema *smithy.Schema, v float64, bits int) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		s.fail(errors.New("cannot write " + strconv.FormatFloat(v, 'g', -1, 64) + " as JSON"))
	}
	s.next(schema)
	s.buf = strconv.AppendFloat(s.buf, v, 'g', -1, bits)
}

func (s *serializer) WriteTime(schema *smithy.Schema, v time.Time) {
	if t, ok := smithy.SchemaTrait[*traits.TimestampFormat](schema); ok && t.Format != "epoch-seconds" {
		if t.Format == "http-date" {
			s.WriteString(schema, smithytime.FormatHTTPDate(v))
		} else {
			s.WriteString(schema, smithytime.FormatDateTime(v))
		}
		return
	}
	s.WriteFloat64(schema, smithytime.FormatEpochSeconds(v))
}

func (s *serializer) WriteNil(schema *smithy.Schema) {
	s.next(schema)
	s.buf = append(s.buf, "null"...)
}

// No input with items has members of these types.

var errShape = errors.New("cannot write a member of this type")

func (s *serializer) WriteBigInt(schema *smithy.Schema, _ *big.Int)         { s.unknown(schema) }
func (s *serializer) WriteBigFloat(schema *smithy.Schema, _ *big.Float)     { s.unknown(schema) }
func (s *serializer) WriteDocument(schema *smithy.Schema, _ document.Value) { s.unknown(schema) }

func (s *serializer) unknown(schema *smithy.Schema) {
	s.fail(errShape)
	s.WriteNil(schema)
}
