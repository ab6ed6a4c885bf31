package lean

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// This file gives the SDK's call what the attempt holds, each thing once: the token, the credentials and the answer, or the
// error that came instead. After that all is as in any other call.

// Unread puts back what has been read of the answer's body. Without an error of reading that was all, and the body has been
// closed.
func (a *Attempt) Unread(read []byte, readErr, closeErr error) {
	from, closing := io.Reader(bytes.NewReader(read)), func() error { return closeErr }
	if readErr != nil {
		from, closing = io.MultiReader(from, failing{readErr}), a.answer.Body.Close
	}
	a.answer.Body = &unread{from, closing}
}

type unread struct {
	io.Reader
	close func() error
}

func (u *unread) Close() error { return u.close() }

type failing struct{ error }

func (f failing) Read([]byte) (int, error) { return 0, f.error }

// Context returns the context for the SDK's call. If that gets an outcome, the context is done only afterwards: it may be done
// because of that.
func (a *Attempt) Context(ctx context.Context) context.Context {
	if !a.holdsAnswer && a.tokenErr == nil && a.credsErr == nil {
		return ctx
	}
	a.late.Context = ctx
	return &a.late
}

type lateContext struct {
	context.Context
	now atomic.Bool
}

func (c *lateContext) Done() <-chan struct{} {
	if !c.now.Load() {
		return nil
	}
	return c.Context.Done()
}

func (c *lateContext) Err() error {
	if !c.now.Load() {
		return nil
	}
	return c.Context.Err()
}

// TakeOver makes the call of the SDK go on from the attempt. It comes behind all other options.
func (a *Attempt) TakeOver(o *dynamodb.Options) {
	// A token of the standard retryer is but a function: to ask again costs nothing, and the SDK looks for that type.
	if _, standard := o.Retryer.(*retry.Standard); !standard {
		o.Retryer = &heldRetryer{o.Retryer.(aws.RetryerV2), a}
	}
	o.Credentials = &heldCredentials{o.Credentials, a}
	o.HTTPClient = &heldAnswer{o.HTTPClient, a}
	if a.invocation != "" {
		o.APIOptions = append(o.APIOptions, a.keepInvocation)
	}
}

// keepInvocation gives all attempts of a request one ID.
func (a *Attempt) keepInvocation(stack *middleware.Stack) error {
	return stack.Build.Insert(middleware.BuildMiddlewareFunc("entable:invocation", func(
		ctx context.Context, in middleware.BuildInput, next middleware.BuildHandler,
	) (middleware.BuildOutput, middleware.Metadata, error) {
		if r, ok := in.Request.(*smithyhttp.Request); ok {
			r.Header.Set(invocation, a.invocation)
		}
		return next.HandleBuild(ctx, in)
	}), (*awsmiddleware.ClientRequestID)(nil).ID(), middleware.After)
}

type heldRetryer struct {
	aws.RetryerV2
	a *Attempt
}

func (h *heldRetryer) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	if !h.a.holdsToken {
		return h.RetryerV2.GetAttemptToken(ctx)
	}
	h.a.holdsToken = false
	if h.a.tokenErr != nil {
		h.a.late.now.Store(true)
	}
	return h.a.release, h.a.tokenErr
}

type heldCredentials struct {
	aws.CredentialsProvider
	a *Attempt
}

func (h *heldCredentials) Retrieve(ctx context.Context) (aws.Credentials, error) {
	if !h.a.holdsCreds {
		return h.CredentialsProvider.Retrieve(ctx)
	}
	h.a.holdsCreds = false
	if h.a.credsErr != nil {
		h.a.late.now.Store(true)
	}
	return h.a.creds, h.a.credsErr
}

// ProviderSources returns what the provider says of itself, for the user agent.
func (h *heldCredentials) ProviderSources() []aws.CredentialSource {
	if p, ok := h.CredentialsProvider.(aws.CredentialProviderSource); ok {
		return p.ProviderSources()
	}
	return nil
}

type heldAnswer struct {
	dynamodb.HTTPClient
	a *Attempt
}

func (h *heldAnswer) Do(r *http.Request) (*http.Response, error) {
	clock := &h.a.client.clock
	if h.a.holdsAnswer {
		h.a.holdsAnswer = false
		h.a.late.now.Store(true)
		if !clock.blames(h.a, r) {
			clock.note(h.a.answer, time.Now())
			return h.a.answer, h.a.answerErr
		}
		h.a.answer.Body.Close()
	}
	sent := time.Now()
	answer, err := h.HTTPClient.Do(r)
	clock.note(answer, sent)
	return answer, err
}
