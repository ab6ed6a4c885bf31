package wire

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
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
	// nothing, the item is skipped. The response body is a slice of its own which nobody changes later, so that strings
	// which alias it may be kept.
	//
	// The table is named for BatchGetItem only. The index is the position in the list that the item is in: for
	// BatchGetItem the list of its table, for TransactGetItems that of the requests, where absent items are passed over.
	//
	// An error ends the call, is found in the call's error by errors.As, and is not retried.
	Item(table string, index int, r *Reader) error
}

// RawItem wraps an item or key that is DynamoDB JSON already, or a whole ExpressionAttributeValues object, as an attribute
// map for one of the SDK's inputs. Hook puts the bytes into the request as they are; without Hook the input is useless. The
// bytes are not copied: they stay unchanged until the call returns.
//
// The carrier is a map of one binary value without a name, which is no legal attribute name.
func RawItem(item []byte) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"": &types.AttributeValueMemberB{Value: item}}
}

// Hook returns an option for one call of a client that Hookable approves. The request may then contain RawItems, and each
// item of the response goes to s instead of the output, which holds an empty map or list where the response had an item or
// items. If s is nil, outputs hold items as ever. All else in requests and responses keeps the SDK's meaning; errors of the
// service are left to the SDK.
//
// Two things are stricter than without Hook. A response whose checksum is wrong is an error, while the SDK logs it. And
// text in a request that is not UTF-8 is an error, while the SDK sends something else.
//
// Operations without items, and clients with a protocol of their own, stay as they are.
func Hook(s Sink) func(*dynamodb.Options) {
	return func(o *dynamodb.Options) {
		if speaksJSON(o.Protocol) {
			o.Protocol = &protocol{ClientProtocol: o.Protocol, sink: s}
		}
	}
}

// Hookable reports whether Hook works on the client. It copies the client's options: ask once.
func Hookable(c *dynamodb.Client) bool { return speaksJSON(c.Options().Protocol) }

func speaksJSON(p smithyhttp.ClientProtocol) bool {
	return p != nil && p.ID() == smithy.ShapeID{Namespace: "aws.protocols", Name: "awsJson1_0"}
}

// protocol is the client's own protocol but for the bodies of requests and of good responses.
type protocol struct {
	smithyhttp.ClientProtocol
	sink Sink
}

// maxSplicedBody is up to where it is cheaper to let the protocol copy a body twice than to exchange it afterwards, for
// which the SDK copies the request.
const maxSplicedBody = 4 << 10

var bodies = sync.Pool{New: func() any { return new(serializer) }}

func (p *protocol) SerializeRequest(ctx context.Context, op *smithy.OperationSchema, in smithy.Serializable, req *smithyhttp.Request) error {
	if !carriesItems(in) {
		return p.ClientProtocol.SerializeRequest(ctx, op, in, req)
	}
	s := bodies.Get().(*serializer)
	defer bodies.Put(s)
	s.reset()
	in.Serialize(s)
	if s.err != nil {
		return &smithy.SerializationError{Err: s.err}
	}
	body := rawBody(s.buf)
	if len(body) > maxSplicedBody {
		body = rawBody("{}")
	}
	if err := p.ClientProtocol.SerializeRequest(ctx, op, body, req); err != nil {
		return err
	}
	// The protocol has copied the body, if it knows documents. One that does not has put something else there.
	if n, ok, err := req.StreamLength(); err == nil && ok && n == int64(len(s.buf)) {
		return nil
	}
	out, err := req.SetStream(bytes.NewReader(bytes.Clone(s.buf)))
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

func (p *protocol) DeserializeResponse(
	ctx context.Context, op *smithy.OperationSchema, reg *smithy.TypeRegistry, resp *smithyhttp.Response, out smithy.Deserializable,
) error {
	if p.sink != nil {
		p.sink.Reset()
	}
	d := deserializer{sink: p.sink}
	if resp.StatusCode < 200 || resp.StatusCode >= 300 || !d.prepare(out) {
		return p.ClientProtocol.DeserializeResponse(ctx, op, reg, resp, out)
	}
	body, err := readBody(resp)
	if err != nil {
		return &smithy.DeserializationError{Err: err}
	}
	if len(body) == 0 {
		return nil
	}
	d.r.data = body
	if err = out.Deserialize(&d); err == nil {
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

// maxBodyHint limits how much is allocated because a header says so. It is what a page of Query or Scan may hold.
const maxBodyHint = 1 << 20

// readBody reads the body to its end into a slice of its own and closes it. That is also when the SDK's reader compares the
// checksum, of which the SDK would otherwise take no notice.
func readBody(resp *smithyhttp.Response) ([]byte, error) {
	// The length is that of the compressed body, unknown, or not to be trusted. 512 bytes more let the read that finds the
	// end of an exact length do so without another allocation.
	buf := make([]byte, 0, min(max(resp.ContentLength, 0), maxBodyHint)+512)
	for {
		n, err := resp.Body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read the response: %w", err)
		}
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
	}
	err := resp.Body.Close()
	resp.Body = http.NoBody // for the SDK to close again
	if err != nil {
		return nil, fmt.Errorf("cannot trust the response: %w", err)
	}
	return buf, nil
}

// finalError keeps the SDK from sending a request again whose answer was understood to be wrong.
type finalError struct{ error }

func (e *finalError) Unwrap() error        { return e.error }
func (e *finalError) RetryableError() bool { return false }
