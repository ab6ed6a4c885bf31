package route

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go"

	"github.com/entable/entable/internal/lean"
	"github.com/entable/entable/internal/wire"
)

// attempt makes a request, by a lean attempt if that is possible and succeeds, and by the SDK in all other cases. It reports
// which.
func (o *operation[I, O]) attempt(ctx context.Context, c *Conn, call *wire.Call, in *I) (*O, bool, error) {
	var a *lean.Attempt
	if call != nil {
		defer call.Free()
	}
	if c.lean != nil && call != nil {
		if a = o.begin(ctx, c, call, in); a != nil && a.Known() {
			if out := settle[O](ctx, call, a); out != nil {
				return out, true, nil
			}
		}
	}
	var opts []func(*dynamodb.Options)
	if call != nil {
		opts = append(opts, call.Option)
	}
	if o.write && c.doubt != nil {
		opts = append(opts, c.doubt.watchAttempts)
	}
	if a != nil {
		opts, ctx = append(opts, a.TakeOver), a.Context(ctx)
	}
	out, err := o.call(c.Client, ctx, in, opts...)
	return out, false, err
}

// begin begins a lean attempt, or returns nil if the request has to be the SDK's from its beginning.
func (o *operation[I, O]) begin(ctx context.Context, c *Conn, call *wire.Call, in *I) *lean.Attempt {
	resource, ok := resourceOf(in)
	if !ok || !withToken(in, c.lean) {
		return nil
	}
	body, err := call.Encode(any(in).(smithy.Serializable))
	if err != nil {
		return nil
	}
	http := c.lean.HTTPClient()
	if o.write && c.doubt != nil {
		http = attempts{http, c.doubt}
	}
	a := c.lean.Begin(ctx, http, lean.Request{Operation: o.name, Resource: resource, Body: body})
	if a != nil && a.Unknown() {
		_ = a.Learn(ctx, func(ctx context.Context, opts ...func(*dynamodb.Options)) error {
			_, err := o.call(c.Client, ctx, in, opts...)
			return err
		}) // without a head the request is the SDK's
	}
	return a
}

// settle returns the output of a request that a lean attempt settles, or nil.
func settle[O any](ctx context.Context, call *wire.Call, a *lean.Attempt) *O {
	answer := a.Send(ctx)
	if answer == nil {
		return nil
	}
	readErr, closeErr := call.Read(answer)
	if readErr == nil && closeErr == nil && a.Right(call.Body()) {
		out := new(O)
		if call.Decode(any(out).(smithy.Deserializable)) == nil {
			a.Done()
			return out
		}
	}
	a.Unread(call.GiveAway(), readErr, closeErr)
	return nil
}

// withToken gives a transaction the token that the SDK would give it, and reports whether it could.
func withToken(in any, c *lean.Client) bool {
	if in, ok := in.(*dynamodb.TransactWriteItemsInput); ok && in.ClientRequestToken == nil {
		token, err := c.Token()
		if err != nil {
			return false
		}
		in.ClientRequestToken = &token
	}
	return true
}

// resourceOf returns the ARN by which a request names its tables, of which the endpoint may be made, or "" for names. It is not
// ok if an endpoint may be that of any of them.
func resourceOf(in any) (string, bool) {
	switch in := in.(type) {
	case *dynamodb.PutItemInput:
		return arn(*in.TableName), true
	case *dynamodb.GetItemInput:
		return arn(*in.TableName), true
	case *dynamodb.UpdateItemInput:
		return arn(*in.TableName), true
	case *dynamodb.DeleteItemInput:
		return arn(*in.TableName), true
	case *dynamodb.QueryInput:
		return arn(*in.TableName), true
	case *dynamodb.ScanInput:
		return arn(*in.TableName), true
	case *dynamodb.BatchGetItemInput:
		return oneResource(in.RequestItems)
	case *dynamodb.BatchWriteItemInput:
		return oneResource(in.RequestItems)
	case *dynamodb.TransactGetItemsInput:
		return sameResource(len(in.TransactItems), func(i int) string { return *in.TransactItems[i].Get.TableName })
	case *dynamodb.TransactWriteItemsInput:
		return sameResource(len(in.TransactItems), func(i int) string { return tableOf(in.TransactItems[i]) })
	}
	return "", false
}

func arn(table string) string {
	if strings.HasPrefix(table, "arn:") {
		return table
	}
	return ""
}

func oneResource[V any](tables map[string]V) (string, bool) {
	for table := range tables {
		if r := arn(table); r != "" {
			return r, len(tables) == 1
		}
	}
	return "", true
}

func sameResource(n int, table func(int) string) (string, bool) {
	first := ""
	for i := range n {
		switch r := arn(table(i)); {
		case i == 0:
			first = r
		case r != first:
			return "", false
		}
	}
	return first, true
}
