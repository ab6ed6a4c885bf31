package lean

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// A Call makes the SDK's call of an operation.
type Call func(context.Context, ...func(*dynamodb.Options)) error

// Learn finds out what the request of an attempt is like, unless somebody else is about to, or tells why it must remain the
// SDK's. The call is made twice, and nothing is sent: what differs between its two requests, for two bodies, is not known. It
// changes nothing of the client's: no token is taken, no credentials are asked for.
func (a *Attempt) Learn(ctx context.Context, call Call) error {
	c := a.client
	if !c.learning.TryLock() {
		return nil
	}
	defer c.learning.Unlock()
	all := *c.targets.Load()
	switch k, seen := all[a.target]; {
	case !seen && len(all) < maxTargets:
		c.know(a.target, known{})
	case seen && k.head == nil && k.err == nil:
		k.head, k.err = c.record(ctx, call, &a.creds)
		if k.head != nil {
			k.head.values = stackValues(a.target.operation, c.region)
		}
		c.know(a.target, k)
		a.head = k.head
		return k.err
	}
	return nil
}

// record returns the head of the requests that a call makes.
func (c *Client) record(ctx context.Context, call Call, creds *aws.Credentials) (*head, error) {
	var made []recording
	for _, body := range []string{`{}`, `{"":""}`} {
		r := &recorder{recording: recording{body: body}}
		err := call(context.WithoutCancel(ctx), func(o *dynamodb.Options) {
			o.HTTPClient = r
			o.Credentials = &heldCredentials{o.Credentials, &Attempt{creds: *creds, holdsCreds: true}}
			o.Retryer = quiet(o.Retryer)
			o.Protocol = blank{o.Protocol, body}
		})
		switch {
		case err != nil:
			return nil, err
		case r.Request == nil || r.sent != body:
			return nil, fmt.Errorf("requests have another body than expected: %q", r.sent)
		}
		made = append(made, r.recording)
	}
	return headOf(made, creds, c.retryer.MaxAttempts())
}

// recorder is an HTTP client that keeps a request and answers nothing.
type recorder struct {
	recording
	sent string
}

func (r *recorder) Do(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	r.Request, r.sent = req, string(body)
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"X-Amz-Crc32": {"0"}}, Body: http.NoBody, Request: req}, err
}

// quiet returns a retryer that takes no tokens and sends the same headers: the SDK looks for one type.
func quiet(r aws.Retryer) aws.Retryer {
	if _, ok := r.(*retry.Standard); ok {
		return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts = r.MaxAttempts() })
	}
	return quietRetryer{r.(aws.RetryerV2)}
}

type quietRetryer struct{ aws.RetryerV2 }

func (quietRetryer) GetAttemptToken(context.Context) (func(error) error, error) {
	return noRelease, nil
}

func noRelease(error) error { return nil }

// blank is a protocol that sends another body.
type blank struct {
	smithyhttp.ClientProtocol
	body string
}

func (b blank) SerializeRequest(ctx context.Context, op *smithy.OperationSchema, _ smithy.Serializable, req *smithyhttp.Request) error {
	if err := b.ClientProtocol.SerializeRequest(ctx, op, nothing{}, req); err != nil {
		return err
	}
	out, err := req.SetStream(strings.NewReader(b.body))
	if err == nil {
		*req = *out
	}
	return err
}

func (blank) DeserializeResponse(context.Context, *smithy.OperationSchema, *smithy.TypeRegistry, *smithyhttp.Response, smithy.Deserializable) error {
	return nil
}

type nothing struct{}

func (nothing) Serialize(smithy.ShapeSerializer) {}
