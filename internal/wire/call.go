package wire

// The fast route: items travel between bytes and a *dynamodb.Client without attribute values in between, and all else of a
// call stays the SDK's. The SDK's (de)serialisation is a protocol that an option can replace for one call; a Call is such a
// protocol, around the client's own.
//
//	                        SerializeRequest                       DeserializeResponse
//	input with carriers ──► serializer.go ──► body ── HTTP ──► deserializer.go ──► output without items
//	bytes of the items ────────┘  (the SDK's generated code drives both)  └────────► Sink
//
//   - Client (client.go) is what is known of an SDK client: whether the route can be used, and what the SDK's protocol
//     writes into a request besides the body.
//   - A carrier stands in the input for the bytes of an item; Raw hands one out, and the serializer puts the bytes in its
//     place. A Sink gets the items of the response, one by one, from the reader that stands in front of them.
//   - Who sends a request without the SDK gets the same body from Encode, and gives what comes to Decode.
//   - A call that fails in the transport is sent again by the SDK: DeserializeResponse begins anew with each attempt.
//     cutError asks the SDK for another one, finalError forbids it.
//
// A put of {"pk":{"S":"a"}}, for example:
//
//	call := client.NewCall(nil)
//	in := &dynamodb.PutItemInput{TableName: &table, Item: call.Raw([]byte(`{"pk":{"S":"a"}}`))}
//	_, err := sdk.PutItem(ctx, in, call.Option)
//
// The item in the input is the carrier {"": B of 0x00}, "what has number 0 of this call". The SDK's middleware sees it so. Its
// generated code calls the serializer with WriteMap(Item), WriteKey(""), WriteUnion(B), WriteBlob(0x00), CloseUnion,
// CloseMap; an empty name right behind the brace is what no item can have, so that the serializer writes none of this but
// the 16 bytes: {"Item":{"pk":{"S":"a"}},"TableName":"t"}. A carrier that is not as Raw made it is an error. The response
// goes the other way: the generated code asks for the map Attributes, the sink gets it, and the code is told that the map was
// empty.

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/document"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// A Sink receives the items of a response in the order of the wire. It belongs to one call at a time.
type Sink interface {
	// Reset begins an attempt of the request: whatever an earlier one delivered is void.
	Reset()

	// Item takes the item in front of which r stands. It reads exactly that one value, as Reader.Skip does; if it reads
	// nothing, the item is skipped. Strings that it reads may be kept; what aliases the text besides these may not, see
	// body.go.
	//
	// The table is named for BatchGetItem only. The index is the position in the list that the item is in: for
	// BatchGetItem the list of its table, for TransactGetItems that of the requests, where absent items are passed over.
	//
	// An error ends the call, is found in the call's error by errors.As, and is not retried.
	Item(table string, index int, r *Reader) error
}

// A Call is one call of a client that Inspect approves, with Option as an option of it. The request may contain carriers of
// bytes, and each item of the response goes to the sink instead of the output, which holds an empty map or list where the
// response had an item or items. Without a sink outputs hold items as ever. All else in requests and responses keeps the
// SDK's meaning; errors of the service are left to the SDK.
//
// Two things are stricter than on the plain route. A response whose checksum is wrong is an error, while the SDK logs it. And
// text in a request that is not UTF-8 is an error, while the SDK sends something else.
//
// Operations without items, and clients with a protocol of their own, stay as they are.
type Call struct {
	smithyhttp.ClientProtocol // the client's own, but for the bodies of requests and of good responses
	client                    *Client
	sink                      Sink
	raw                       []raw
	one                       [1]raw      // room for raw
	boxes                     []box       // that are free
	encoded                   *serializer // holds the body, if that is written already
	text                      []byte      // of the answer
	body                      *Body       // that text is in, or nil
	d                         deserializer
	frames                    [4]frame // room for d.frames
}

// NewCall returns a call of the client whose items go to s, if that is not nil. A nil Client knows nothing of its own.
func (cl *Client) NewCall(s Sink) *Call {
	c := &Call{client: cl, sink: s}
	c.raw = c.one[:0]
	return c
}

// A box is the value in a carrier, and its bytes.
type box struct {
	types.AttributeValueMemberB
	number [2]byte
}

// A raw is what a carrier stands for.
type raw struct {
	json []byte
	more [][]byte // further items or keys of a batch
	list *rawList // that these are of
}

// A rawList is a list in a request of which one element stands for many: how the text in front of the first one ends, and what
// stands between them.
type rawList struct{ front, between string }

var (
	// putList is the puts of a BatchWriteItem: between their items are the end of one request and the beginning of the next.
	putList = rawList{`{"PutRequest":{"Item":`, `}},{"PutRequest":{"Item":`}
	// keyList is the keys of a BatchGetItem.
	keyList = rawList{`"Keys":[`, `,`}
)

// Grow makes room for n carriers.
func (c *Call) Grow(n int) { c.raw = slices.Grow(c.raw, n) }

// Raw returns a carrier of an item or key that is DynamoDB JSON already, or of a whole ExpressionAttributeValues object, to
// be used once in the call's input. The bytes are put into the request as they are. They are not copied: they stay
// unchanged until the call returns.
//
// A carrier is a map of one binary value, a number of the call's, without a name, which is no legal attribute name. It is the
// call's own, as middleware sees it in the input: what changes one makes this call an error, and no other.
func (c *Call) Raw(json []byte) map[string]types.AttributeValue { return c.carrier(raw{json: json}) }

// RawPuts returns a carrier, as Raw does, for the item of the one PutRequest that stands, in the input of a BatchWriteItem,
// for a put of each of the items. There is at least one.
func (c *Call) RawPuts(items [][]byte) map[string]types.AttributeValue {
	return c.carrier(raw{items[0], items[1:], &putList})
}

// RawKeys returns a carrier, as Raw does, for the one key that stands, in the input of a BatchGetItem, for all of the keys of its
// table. There is at least one.
func (c *Call) RawKeys(keys [][]byte) map[string]types.AttributeValue {
	return c.carrier(raw{keys[0], keys[1:], &keyList})
}

func (c *Call) carrier(r raw) map[string]types.AttributeValue {
	if len(c.boxes) == 0 {
		c.boxes = make([]box, max(cap(c.raw)-len(c.raw), 1))
	}
	b := &c.boxes[0]
	c.boxes = c.boxes[1:]
	b.Value = binary.AppendUvarint(b.number[:0], uint64(len(c.raw)))
	c.raw = append(c.raw, r)
	return map[string]types.AttributeValue{"": &b.AttributeValueMemberB}
}

// Option puts the fast route in place of the plain one, as an option of the SDK's call: it wraps the client's protocol.
func (c *Call) Option(o *dynamodb.Options) {
	if speaksJSON(o.Protocol) {
		c.ClientProtocol = o.Protocol
		o.Protocol = c
	}
}

// maxSplicedBody is up to where bodies are copied, by the protocol or out of a buffer that is used again. Above it is
// cheaper to hand the buffer over.
const maxSplicedBody = 4 << 10

var bodies = sync.Pool{New: func() any { return new(serializer) }}

func (c *Call) SerializeRequest(ctx context.Context, op *smithy.OperationSchema, in smithy.Serializable, req *smithyhttp.Request) error {
	if !carriesItems(in) {
		return c.ClientProtocol.SerializeRequest(ctx, op, in, req)
	}
	s := c.encoded
	if s == nil {
		s = bodies.Get().(*serializer)
		defer s.free()
		if err := s.serialize(in, c.raw); err != nil {
			return &smithy.SerializationError{Err: err}
		}
	}
	if c.own() {
		if h, ok := c.client.heads.Load(op.ID().Name); ok {
			return h.(*head).write(c.give(s), req)
		}
	}
	body := rawBody(s.buf)
	if len(body) > maxSplicedBody {
		body = rawBody("{}")
	}
	if err := c.learn(ctx, op, body, req); err != nil {
		return err
	}
	// The protocol has copied the body, if it knows documents. One that does not has put something else there.
	if n, ok, err := req.StreamLength(); err == nil && ok && n == int64(len(s.buf)) {
		return nil
	}
	return setBody(c.give(s), req)
}

// give returns what a serializer has written, for the SDK to keep.
func (c *Call) give(s *serializer) []byte {
	if s == c.encoded || len(s.buf) <= maxSplicedBody {
		return bytes.Clone(s.buf)
	}
	return s.take()
}

// Encode returns the body of a request with the input, for who sends it without the SDK. It is what the call gives the SDK too,
// if that is to send the request all the same, and is the caller's until Free.
func (c *Call) Encode(in smithy.Serializable) ([]byte, error) {
	c.encoded = bodies.Get().(*serializer)
	if err := c.encoded.serialize(in, c.raw); err != nil {
		c.Free()
		return nil, err
	}
	return c.encoded.buf, nil
}

// Free ends the call. It gives back the bodies of the request and of the answer, or that to the sink, if it is a Holder.
func (c *Call) Free() {
	if c.encoded != nil {
		c.encoded.free()
		c.encoded = nil
	}
	if h, ok := c.sink.(Holder); ok && c.body != nil {
		h.Hold(c.body)
	} else {
		c.body.Free()
	}
	c.text, c.body = nil, nil
}

func setBody(body []byte, req *smithyhttp.Request) error {
	out, err := req.SetStream(bytes.NewReader(body))
	if err != nil {
		return &smithy.SerializationError{Err: err}
	}
	*req = *out
	return nil
}

// rawBody is an input whose serialization are these bytes.
type rawBody []byte

func (b rawBody) Serialize(s smithy.ShapeSerializer)     { s.WriteDocument(nil, document.Opaque{Value: b}) }
func (b rawBody) MarshalSmithyDocument() ([]byte, error) { return b, nil }

func (c *Call) DeserializeResponse(
	ctx context.Context, op *smithy.OperationSchema, reg *smithy.TypeRegistry, resp *smithyhttp.Response, out smithy.Deserializable,
) error {
	if !c.begin(out) || resp.StatusCode < 200 || resp.StatusCode >= 300 {
		return c.ClientProtocol.DeserializeResponse(ctx, op, reg, resp, out)
	}
	readErr, closeErr := c.Read(resp.Response)
	if readErr != nil {
		return &smithy.DeserializationError{Err: &cutError{fmt.Errorf("cannot read the response: %w", readErr)}}
	}
	resp.Body = http.NoBody // for the SDK to close again
	if closeErr != nil {
		return &smithy.DeserializationError{Err: &cutError{fmt.Errorf("cannot trust the response: %w", closeErr)}}
	}
	return c.decode(out)
}

// Read reads the body of an answer to its end, and closes it: see readBody. Body is what came, also if that is not all.
func (c *Call) Read(resp *http.Response) (readErr, closeErr error) {
	c.body.Free() // of an attempt before
	c.text, c.body, readErr, closeErr = readBody(resp)
	if readErr != nil {
		c.GiveAway()
	}
	return readErr, closeErr
}

// Body returns what Read has read. It is the call's until Free.
func (c *Call) Body() []byte { return c.text }

// GiveAway returns what Read has read for somebody else to keep.
func (c *Call) GiveAway() []byte {
	c.body = nil
	return c.text
}

// begin begins an attempt whose answer goes to the sink and to an output, and reports whether that is one with items.
func (c *Call) begin(out smithy.Deserializable) bool {
	if c.sink != nil {
		c.sink.Reset()
	}
	c.d = deserializer{sink: c.sink, frames: c.frames[:0]}
	return c.d.prepare(out)
}

func (c *Call) decode(out smithy.Deserializable) error {
	if len(c.text) == 0 {
		return nil
	}
	d := &c.d
	d.r.data, d.r.Copy = c.text, c.body != nil || len(c.text) > maxAliased
	err := out.Deserialize(d)
	if err == nil {
		err = d.r.End()
	}
	if err == nil {
		return nil
	}
	if d.sinkErr != nil {
		return &finalError{d.sinkErr}
	}
	return &finalError{&smithy.DeserializationError{Err: err}}
}

// Decode decodes a good answer that came without the SDK, which Read has read. The output is one with items.
func (c *Call) Decode(out smithy.Deserializable) error {
	c.begin(out)
	return c.decode(out)
}

// cutError is an answer that did not arrive whole. The SDK takes it for a broken connection and sends the request again,
// unless the context has ended.
type cutError struct{ error }

func (e *cutError) Unwrap() error { return e.error }
func (e *cutError) ConnectionError() bool {
	return !errors.Is(e.error, context.Canceled) && !errors.Is(e.error, context.DeadlineExceeded)
}

// finalError keeps the SDK from sending a request again whose answer was understood to be wrong.
type finalError struct{ error }

func (e *finalError) Unwrap() error        { return e.error }
func (e *finalError) RetryableError() bool { return false }
