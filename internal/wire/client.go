package wire

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/aws/smithy-go/transport/http/protocol/awsjson"
)

// A Client is what is known of an SDK client whose calls can take the fast route.
type Client struct {
	protocol *awsjson.Protocol // nil if it is another
	heads    sync.Map          // from the names of operations to heads
}

// Inspect returns what calls of the client use, or nil if they can take the plain route only. It copies the client's options: ask once.
func Inspect(c *dynamodb.Client) *Client {
	p := c.Options().Protocol
	if !speaksJSON(p) {
		return nil
	}
	own, _ := p.(*awsjson.Protocol)
	return &Client{protocol: own}
}

// A head is what the SDK's own protocol writes into the requests of an operation besides the body: the same each time.
type head struct {
	method, path string
	header       http.Header
}

// own reports whether the call goes by the SDK's own protocol, of which the client knows the heads.
func (c *Call) own() bool {
	return c.client != nil && c.client.protocol != nil && c.ClientProtocol == smithyhttp.ClientProtocol(c.client.protocol)
}

// learn writes a request by the protocol, and keeps its head.
func (c *Call) learn(ctx context.Context, op *smithy.OperationSchema, body rawBody, req *smithyhttp.Request) error {
	before, path := req.Header.Clone(), req.URL.Path
	if err := c.ClientProtocol.SerializeRequest(ctx, op, body, req); err != nil {
		return err
	}
	if !c.own() || path != "" {
		return nil
	}
	h := &head{method: req.Method, path: req.URL.Path, header: http.Header{}}
	for name, values := range req.Header {
		if !slices.Equal(values, before[name]) {
			h.header[name] = slices.Clip(values)
		}
	}
	c.client.heads.Store(op.ID().Name, h)
	return nil
}

// write puts the head and a body into a request.
func (h *head) write(body []byte, req *smithyhttp.Request) error {
	if err := setBody(body, req); err != nil { // first: it copies the request
		return err
	}
	req.Method = h.method
	if req.URL.Path == "" {
		req.URL.Path = h.path
	}
	maps.Copy(req.Header, h.header)
	return nil
}

func speaksJSON(p smithyhttp.ClientProtocol) bool {
	return p != nil && p.ID() == smithy.ShapeID{Namespace: "aws.protocols", Name: "awsJson1_0"}
}
