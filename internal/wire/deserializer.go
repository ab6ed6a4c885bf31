package wire

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/schemas"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/document"
	smithytime "github.com/aws/smithy-go/time"
	"github.com/aws/smithy-go/traits"
)

// A deserializer reads a response into an SDK output, driven by the SDK's generated code, except for items: where that code
// asks for one of these, the sink gets it, and the code is told that there was nothing in it. Strings in outputs are copies,
// so that a caller who keeps a LastEvaluatedKey does not keep the page.
type deserializer struct {
	r       Reader
	sink    Sink
	sinkErr error

	item      *smithy.Schema // a map which is an item
	items     *smithy.Schema // a list of items
	responses *smithy.Schema // BatchGetItem's map from tables to lists of items
	positions *smithy.Schema // TransactGetItems' list of what contains items

	table    string
	position int
	frames   []frame
}

// A frame is an open container.
type frame struct {
	kind   frameKind
	schema *smithy.Schema
	begun  bool // a member has been read, so that a comma or the end is next
	empty  bool // the end has been read
}

type frameKind uint8

const (
	inStruct frameKind = iota
	inUnion
	inMap
	inList
)

// prepare says where the output has items, and empties it: after a failed attempt it may not be new. It reports false for
// outputs that have none.
func (d *deserializer) prepare(out smithy.Deserializable) bool {
	d.position = -1
	switch o := out.(type) {
	case *dynamodb.GetItemOutput:
		*o = dynamodb.GetItemOutput{}
		d.item = schemas.GetItemOutput_Item
	case *dynamodb.PutItemOutput:
		*o = dynamodb.PutItemOutput{}
		d.item = schemas.PutItemOutput_Attributes
	case *dynamodb.UpdateItemOutput:
		*o = dynamodb.UpdateItemOutput{}
		d.item = schemas.UpdateItemOutput_Attributes
	case *dynamodb.DeleteItemOutput:
		*o = dynamodb.DeleteItemOutput{}
		d.item = schemas.DeleteItemOutput_Attributes
	case *dynamodb.QueryOutput:
		*o = dynamodb.QueryOutput{}
		d.items = schemas.QueryOutput_Items
	case *dynamodb.ScanOutput:
		*o = dynamodb.ScanOutput{}
		d.items = schemas.ScanOutput_Items
	case *dynamodb.BatchGetItemOutput:
		*o = dynamodb.BatchGetItemOutput{}
		d.responses = schemas.BatchGetItemOutput_Responses
		d.items = d.responses.MapValue()
	case *dynamodb.TransactGetItemsOutput:
		*o = dynamodb.TransactGetItemsOutput{}
		d.positions = schemas.TransactGetItemsOutput_Responses.ListMember()
		d.item = schemas.ItemResponse_Item
	case *dynamodb.BatchWriteItemOutput:
		*o = dynamodb.BatchWriteItemOutput{}
	case *dynamodb.TransactWriteItemsOutput:
		*o = dynamodb.TransactWriteItemsOutput{}
	default:
		return false
	}
	return true
}

// toSink hands over the item at the reader's position.
func (d *deserializer) toSink(index int) error {
	d.r.space()
	at := d.r.pos
	if err := d.sink.Item(d.table, index, &d.r); err != nil {
		d.sinkErr = err
		return err
	}
	d.r.depth = 0
	if d.r.pos <= at {
		d.r.pos = at
		return d.r.skip()
	}
	return nil
}

// listToSink hands over all items of a list.
func (d *deserializer) listToSink() error {
	more, err := d.r.Open('[')
	for i := 0; more && err == nil; i++ {
		if !d.r.Null() {
			if err := d.toSink(i); err != nil {
				return err
			}
		}
		more, err = d.r.More(']')
	}
	return err
}

func (d *deserializer) push(k frameKind, schema *smithy.Schema, opening byte) error {
	more, err := d.r.Open(opening)
	d.frames = append(d.frames, frame{kind: k, schema: schema, empty: !more})
	return err
}

// pushEmpty opens a container whose content the sink has got.
func (d *deserializer) pushEmpty(k frameKind) {
	d.frames = append(d.frames, frame{kind: k, empty: true})
}

// more reports whether the innermost container has another member, and closes it if not.
func (d *deserializer) more(closing byte) (bool, error) {
	f := &d.frames[len(d.frames)-1]
	more := !f.empty
	if f.begun {
		var err error
		if more, err = d.r.More(closing); err != nil {
			return false, err
		}
	}
	f.begun = true
	if !more {
		d.frames = d.frames[:len(d.frames)-1]
	}
	return more, nil
}

func (d *deserializer) ReadStruct(schema *smithy.Schema) error {
	if d.r.Null() {
		d.pushEmpty(inStruct)
		return nil
	}
	return d.push(inStruct, schema, '{')
}

func (d *deserializer) ReadStructMember() (*smithy.Schema, error) {
	return d.member(d.frames[len(d.frames)-1].schema)
}

// member returns the next member that the schema knows and that is not null, or nil at the end.
func (d *deserializer) member(schema *smithy.Schema) (*smithy.Schema, error) {
	for {
		more, err := d.more('}')
		if !more || err != nil {
			return nil, err
		}
		name, err := d.r.Name()
		if err != nil {
			return nil, err
		}
		m := schema.Members()[string(name)]
		if m == nil {
			if err := d.r.skip(); err != nil {
				return nil, err
			}
			continue
		}
		if !d.r.Null() {
			return m, nil
		}
	}
}

// ReadUnion returns the union's next member. It is called until it returns nil; the first call opens the union.
func (d *deserializer) ReadUnion(schema *smithy.Schema) (*smithy.Schema, error) {
	if n := len(d.frames); n == 0 || d.frames[n-1].kind != inUnion {
		if d.r.Null() {
			return nil, nil
		}
		if len(d.frames) > maxJSONDepth+8 {
			return nil, d.r.failDepth()
		}
		if err := d.push(inUnion, schema, '{'); err != nil {
			return nil, err
		}
	}
	return d.member(schema)
}

func (d *deserializer) ReadList(schema *smithy.Schema) error {
	if d.sink != nil && schema == d.items {
		d.pushEmpty(inList)
		return d.listToSink()
	}
	return d.push(inList, schema, '[')
}

// ReadListItem reports true along with an error: the SDK's loops look at the error only then.
func (d *deserializer) ReadListItem(schema *smithy.Schema) (bool, error) {
	more, err := d.more(']')
	if schema == d.positions && schema != nil {
		d.position++
	}
	return more || err != nil, err
}

func (d *deserializer) ReadMap(schema *smithy.Schema) error {
	if d.sink != nil && schema == d.item {
		d.pushEmpty(inMap)
		return d.toSink(max(d.position, 0))
	}
	return d.push(inMap, schema, '{')
}

// ReadMapKey reports true along with an error, as ReadListItem does.
func (d *deserializer) ReadMapKey(*smithy.Schema) (string, bool, error) {
	schema := d.frames[len(d.frames)-1].schema
	more, err := d.more('}')
	if !more || err != nil {
		return "", err != nil, err
	}
	name, err := d.r.Name()
	key := string(name)
	if schema == d.responses {
		d.table = key
	}
	return key, true, err
}

func (d *deserializer) ReadNil(*smithy.Schema) (bool, error) { return d.r.Null(), nil }

func (d *deserializer) ReadString(_ *smithy.Schema, v *string) error {
	b, err := d.r.text()
	*v = string(b)
	return err
}

func (d *deserializer) ReadBlob(_ *smithy.Schema, v *[]byte) (err error) {
	*v, err = d.r.Bytes([]byte{})
	return err
}

func (d *deserializer) ReadBool(_ *smithy.Schema, v *bool) (err error) {
	*v, err = d.r.Bool()
	return err
}

func (d *deserializer) ReadInt8(_ *smithy.Schema, v *int8) error {
	n, err := d.int(8)
	*v = int8(n)
	return err
}

func (d *deserializer) ReadInt16(_ *smithy.Schema, v *int16) error {
	n, err := d.int(16)
	*v = int16(n)
	return err
}

func (d *deserializer) ReadInt32(_ *smithy.Schema, v *int32) error {
	n, err := d.int(32)
	*v = int32(n)
	return err
}

func (d *deserializer) ReadInt64(_ *smithy.Schema, v *int64) error {
	n, err := d.int(64)
	*v = n
	return err
}

func (d *deserializer) int(bits int) (int64, error) {
	text, err := d.r.literal()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(text, 10, bits)
	if err != nil {
		return 0, d.r.fail(fmt.Sprintf("invalid integer %.48q", text))
	}
	return n, nil
}

func (d *deserializer) ReadFloat32(_ *smithy.Schema, v *float32) error {
	f, err := d.float()
	*v = float32(f)
	return err
}

func (d *deserializer) ReadFloat64(_ *smithy.Schema, v *float64) (err error) {
	*v, err = d.float()
	return err
}

// float reads a number, or one of the strings that stand for what JSON has no number for.
func (d *deserializer) float() (float64, error) {
	d.r.space()
	if d.r.peek() != '"' {
		text, err := d.r.literal()
		if err != nil {
			return 0, err
		}
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return 0, d.r.fail(fmt.Sprintf("invalid number %.48q", text))
		}
		return f, nil
	}
	text, err := d.r.text()
	if err != nil {
		return 0, err
	}
	switch strings.ToLower(string(text)) {
	case "nan":
		return math.NaN(), nil
	case "infinity":
		return math.Inf(1), nil
	case "-infinity":
		return math.Inf(-1), nil
	}
	return 0, d.r.fail("invalid number")
}

func (d *deserializer) ReadTime(schema *smithy.Schema, v *time.Time) error {
	t, ok := smithy.SchemaTrait[*traits.TimestampFormat](schema)
	if !ok || t.Format == "epoch-seconds" {
		f, err := d.float()
		*v = smithytime.ParseEpochSeconds(f)
		return err
	}
	var text string
	err := d.ReadString(schema, &text)
	if err != nil {
		return err
	}
	if t.Format == "http-date" {
		*v, err = smithytime.ParseHTTPDate(text)
	} else {
		*v, err = smithytime.ParseDateTime(text)
	}
	return err
}

// No output with items has members of these types.

var errReadShape = errors.New("cannot read a member of this type")

func (d *deserializer) ReadBigInt(*smithy.Schema, *big.Int) error          { return errReadShape }
func (d *deserializer) ReadBigFloat(*smithy.Schema, *big.Float) error      { return errReadShape }
func (d *deserializer) ReadDocument(*smithy.Schema, *document.Value) error { return errReadShape }
