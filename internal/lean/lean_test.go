package lean_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/schemas"
	smithyauth "github.com/aws/smithy-go/auth"
	smithyendpoints "github.com/aws/smithy-go/endpoints"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/metrics"
	"github.com/aws/smithy-go/middleware"
	"github.com/aws/smithy-go/tracing"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/aws/smithy-go/transport/http/protocol/awsjson"

	"github.com/entable/entable/internal/lean"
)

var creds = aws.Credentials{AccessKeyID: "KEY", SecretAccessKey: "secret"}

func provider() aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return creds, nil })
}

func options() dynamodb.Options {
	return dynamodb.Options{Region: "eu-central-1", Credentials: provider()}
}

// If this fails, the SDK's Options have changed: see what the new field does to a request, and whether it can be ignored.
func TestClientsThatCanBeLean(t *testing.T) {
	for name, c := range map[string]*dynamodb.Client{
		"fresh":  dynamodb.New(options()),
		"a copy": dynamodb.New(dynamodb.New(options()).Options()),
		"as the default configuration makes it": dynamodb.NewFromConfig(aws.Config{
			Region: "eu-central-1", Credentials: aws.NewCredentialsCache(provider()), Logger: logging.NewStandardLogger(t.Output()),
			AccountIDEndpointMode: aws.AccountIDEndpointModePreferred, DefaultsMode: aws.DefaultsModeLegacy, RetryMaxAttempts: 5,
			AppID: "app", BaseEndpoint: aws.String("http://localhost:8000"), RetryMode: aws.RetryModeStandard,
		}),
		"with an HTTP client and a signer of the SDK's": dynamodb.New(options(), func(o *dynamodb.Options) {
			o.HTTPClient = &http.Client{Timeout: time.Second}
			o.HTTPSignerV4 = v4.NewSigner()
			o.Retryer = aws.NopRetryer{}
			o.IdempotencyTokenProvider = nil
		}),
	} {
		want := ""
		if strings.HasPrefix(name, "with") {
			want = "IdempotencyTokenProvider"
		}
		if got := lean.Hindrance(c.Options()); got != want || (lean.Inspect(c) != nil) != (want == "") {
			t.Errorf("%s: %q stands in the way, want %q", name, got, want)
		}
	}
}

// A user's own parts, each of a type that is not the SDK's.
type (
	mySigner   struct{ *v4.Signer }
	myResolver struct{ dynamodb.EndpointResolverV2 }
	myAuth     struct{ dynamodb.AuthSchemeResolver }
	myScheme   struct{ smithyhttp.AuthScheme }
	myMeter    struct{ metrics.NopMeterProvider }
	myTracer   struct{ *tracing.NopTracerProvider }
	myProtocol struct{ *awsjson.Protocol }
	oldRetryer struct{ aws.Retryer }
)

func (myResolver) ResolveEndpoint(context.Context, dynamodb.EndpointParameters) (e smithyendpoints.Endpoint, err error) {
	return e, errors.New("nowhere")
}

func (myAuth) ResolveAuthSchemes(context.Context, *dynamodb.AuthResolverParameters) ([]*smithyauth.Option, error) {
	return nil, nil
}

func TestClientsWhoseRequestsAreTheSDKs(t *testing.T) {
	for _, test := range []struct {
		field  string
		change func(*dynamodb.Options)
	}{
		{"APIOptions", func(o *dynamodb.Options) {
			o.APIOptions = append(o.APIOptions, func(*middleware.Stack) error { return nil })
		}},
		{"AuthSchemePreference", func(o *dynamodb.Options) { o.AuthSchemePreference = []string{"sigv4a"} }},
		{"AuthSchemeResolver", func(o *dynamodb.Options) { o.AuthSchemeResolver = myAuth{} }},
		{"AuthSchemes", func(o *dynamodb.Options) {
			o.AuthSchemes = []smithyhttp.AuthScheme{myScheme{dynamodb.New(options()).Options().AuthSchemes[0]}}
		}},
		{"AuthSchemes", func(o *dynamodb.Options) { o.AuthSchemes = []smithyhttp.AuthScheme{} }},
		{"AuthSchemes", func(o *dynamodb.Options) { o.AuthSchemes = []smithyhttp.AuthScheme{smithyhttp.NewAnonymousScheme()} }},
		{"AuthSchemes", func(o *dynamodb.Options) { // one that holds another signer than the options do
			signed := options()
			signed.HTTPSignerV4 = mySigner{v4.NewSigner()}
			o.AuthSchemes = dynamodb.New(signed).Options().AuthSchemes
		}},
		{"AuthSchemes", func(o *dynamodb.Options) { // or one that logs
			logs := options()
			logs.ClientLogMode = aws.LogSigning
			o.AuthSchemes = dynamodb.New(logs).Options().AuthSchemes
		}},
		{"ClientLogMode", func(o *dynamodb.Options) { o.ClientLogMode = aws.LogRetries }},
		{"ClientLogMode", func(o *dynamodb.Options) { o.ClientLogMode = aws.LogDeprecatedUsage }},
		{"Credentials", func(o *dynamodb.Options) { o.Credentials = nil }},
		{"Credentials", func(o *dynamodb.Options) { o.Credentials = aws.AnonymousCredentials{} }},
		{"EnableAcceptEncodingGzip", func(o *dynamodb.Options) { o.EnableAcceptEncodingGzip = true }},
		{"EndpointDiscovery", func(o *dynamodb.Options) {
			o.EndpointDiscovery.EnableEndpointDiscovery = aws.EndpointDiscoveryEnabled
		}},
		{"EndpointResolver", func(o *dynamodb.Options) { o.EndpointResolver = dynamodb.EndpointResolverFromURL("http://localhost") }}, //nolint:staticcheck // deprecated, and set by some
		{"EndpointResolverV2", func(o *dynamodb.Options) { o.EndpointResolverV2 = myResolver{} }},
		{"HTTPSignerV4", func(o *dynamodb.Options) { o.HTTPSignerV4 = mySigner{v4.NewSigner()} }},
		{"Interceptors", func(o *dynamodb.Options) { o.Interceptors.AddAfterAttempt(nil) }},
		{"Interceptors", func(o *dynamodb.Options) { o.Interceptors.AddBeforeSigning(nil) }},
		{"MeterProvider", func(o *dynamodb.Options) { o.MeterProvider = myMeter{} }},
		{"Protocol", func(o *dynamodb.Options) { o.Protocol = myProtocol{awsjson.New10(schemas.DynamoDB_20120810)} }},
		{"Retryer", func(o *dynamodb.Options) { o.Retryer = retry.NewAdaptiveMode() }},
		{"Retryer", func(o *dynamodb.Options) { o.Retryer = oldRetryer{retry.NewStandard()} }},
		{"TracerProvider", func(o *dynamodb.Options) { o.TracerProvider = myTracer{} }},
	} {
		c := dynamodb.New(options(), test.change)
		if got := lean.Hindrance(c.Options()); got != test.field || lean.Inspect(c) != nil {
			t.Errorf("%q stands in the way, want %s", got, test.field)
		}
	}
}

// learn uses a client twice, with a change of the SDK's calls, and reports whether its requests are known then, or why not.
func learn(t *testing.T, o dynamodb.Options, change func(*dynamodb.Options)) (bool, error) {
	t.Helper()
	c := dynamodb.New(o)
	known := lean.Inspect(c)
	var err error
	for range 3 {
		a := known.Begin(t.Context(), known.HTTPClient(), lean.Request{Operation: "ListTables", Body: []byte(`{}`)})
		if a.Unknown() {
			learned := a.Learn(t.Context(), func(ctx context.Context, opts ...func(*dynamodb.Options)) error {
				_, err := c.ListTables(ctx, &dynamodb.ListTablesInput{}, append(opts, change)...)
				return err
			})
			err = errors.Join(err, learned)
		}
		if a.Known() {
			return true, err
		}
	}
	return false, err
}

// build is an option that changes requests before they are signed, as a new SDK may.
func build(change func(*smithyhttp.Request)) func(*dynamodb.Options) {
	return func(o *dynamodb.Options) {
		o.APIOptions = append(o.APIOptions, func(s *middleware.Stack) error {
			return s.Build.Add(middleware.BuildMiddlewareFunc("change", func(
				ctx context.Context, in middleware.BuildInput, next middleware.BuildHandler,
			) (middleware.BuildOutput, middleware.Metadata, error) {
				change(in.Request.(*smithyhttp.Request))
				return next.HandleBuild(ctx, in)
			}), middleware.After)
		})
	}
}

// sent is an option that changes requests when they have been signed.
func sent(change func(*http.Request)) func(*dynamodb.Options) {
	return func(o *dynamodb.Options) { o.HTTPClient = &changing{o.HTTPClient, change} }
}

type changing struct {
	dynamodb.HTTPClient
	change func(*http.Request)
}

func (c *changing) Do(r *http.Request) (*http.Response, error) {
	c.change(r)
	return c.HTTPClient.Do(r)
}

// What the SDK's requests have that is not understood keeps them the SDK's, and is told by name.
func TestLearning(t *testing.T) {
	n := 0
	path := options()
	path.BaseEndpoint = aws.String("http://localhost/a%20b")
	for _, test := range []struct {
		name   string
		o      dynamodb.Options
		change func(*dynamodb.Options)
		want   string // in the error; "" for none
	}{
		{"nothing new", options(), func(*dynamodb.Options) {}, ""},
		{"a new header", options(), build(func(r *smithyhttp.Request) { r.Header.Set("X-Amz-New", "constant") }), ""},
		{"a new header that counts", options(), build(func(r *smithyhttp.Request) { n++; r.Header.Set("X-Amz-New", strings.Repeat("n", n)) }), "header X-Amz-New differs"},
		{"a new header of the body", options(), build(func(r *smithyhttp.Request) {
			r.Header.Set("Content-Sum", strings.Repeat("n", int(r.ContentLength)))
		}), "header Content-Sum differs"},
		{"a header in some requests", options(), build(func(r *smithyhttp.Request) {
			if n++; n%2 == 0 {
				r.Header.Set("Sometimes", "yes")
			}
		}), "Sometimes"},
		{"a header twice", options(), build(func(r *smithyhttp.Request) { r.Header["Twice"] = []string{"a", "b"} }), "header Twice"},
		{"a header with spaces", options(), build(func(r *smithyhttp.Request) { r.Header.Set("Spaced", "a  b") }), "header Spaced"},
		{"many headers", options(), build(func(r *smithyhttp.Request) {
			for i := range 20 {
				r.Header.Set("H-"+strings.Repeat("i", i), "x")
			}
		}), "headers"},
		{"a query", options(), build(func(r *smithyhttp.Request) { r.URL.RawQuery = "a=b" }), "URL"},
		{"a path with escapes", path, func(*dynamodb.Options) {}, "URL"},
		{"another host each time", options(), sent(func(r *http.Request) { n++; r.URL.Host = strings.Repeat("n", n) }), "signature"},
		{"another method each time", options(), build(func(r *smithyhttp.Request) { n++; r.Method = strings.Repeat("M", n) }), "go to"},
		{"a header after the signature", options(), sent(func(r *http.Request) { r.Header.Set("Amz-Sdk-Invocation-Id", "again") }), "signature"},
		{"no signature", options(), sent(func(r *http.Request) { r.Header.Del("Authorization") }), "signed"},
		{"another form of signature", options(), sent(func(r *http.Request) { r.Header.Set("Authorization", "AWS5 x") }), "Authorization"},
		{"attempts in words", options(), sent(func(r *http.Request) { r.Header.Set("Amz-Sdk-Request", "first") }), "Amz-Sdk-Request"},
		{"requests that can be rewound", options(), sent(func(r *http.Request) { r.GetBody = func() (io.ReadCloser, error) { return http.NoBody, nil } }), "simple"},
		{"a signer that leaves the token out", options(), func(o *dynamodb.Options) {
			o.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: "KEY", SecretAccessKey: "secret", SessionToken: "token"}, nil
			})
		}, "signed"},
		{"a call that fails", options(), func(o *dynamodb.Options) {
			o.APIOptions = append(o.APIOptions, func(*middleware.Stack) error { return errors.New("no stack") })
		}, "no stack"},
	} {
		known, err := learn(t, test.o, test.change)
		if known != (test.want == "") || (err != nil) != (test.want != "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: known %t, %v", test.name, known, err)
		}
	}
}

// The first request of each kind is the SDK's; no more kinds are learned than can be kept.
func TestTargets(t *testing.T) {
	c := dynamodb.New(options())
	l := lean.Inspect(c)
	call := func(ctx context.Context, opts ...func(*dynamodb.Options)) error {
		_, err := c.ListTables(ctx, &dynamodb.ListTablesInput{}, opts...)
		return err
	}
	use := func(resource string) bool {
		a := l.Begin(t.Context(), l.HTTPClient(), lean.Request{Operation: "ListTables", Resource: resource})
		if a.Unknown() {
			if err := a.Learn(t.Context(), call); err != nil {
				t.Fatal(err)
			}
		}
		return a.Known()
	}
	if use("a") || !use("a") || use("b") || !use("b") {
		t.Error("not every second request is known")
	}
	for i := range 1000 {
		use(strings.Repeat("x", i))
	}
	for range 3 {
		if use("late") {
			t.Error("one kind too many is known")
		}
	}
	if !use("a") || !use("b") {
		t.Error("what was known is forgotten")
	}
}

// Credentials that cannot be used here make their own requests the SDK's, and no others.
func TestOddCredentials(t *testing.T) {
	given := creds
	o := options()
	o.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return given, nil })
	c := dynamodb.New(o)
	l := lean.Inspect(c)
	for i, test := range []struct {
		creds aws.Credentials
		known bool
	}{
		{aws.Credentials{}, false},
		{aws.Credentials{AccessKeyID: "KEY", SecretAccessKey: "secret", SessionToken: "a  b"}, false},
		{aws.Credentials{AccessKeyID: "KEY", SecretAccessKey: "secret", SessionToken: "é"}, false},
		{creds, false}, // the first that can be
		{creds, true},
		{aws.Credentials{}, false},
		{aws.Credentials{AccessKeyID: "OTHER", SecretAccessKey: "secret", SessionToken: "token"}, true},
	} {
		given = test.creds
		a := l.Begin(t.Context(), l.HTTPClient(), lean.Request{Operation: "ListTables"})
		if a.Unknown() {
			if err := a.Learn(t.Context(), func(ctx context.Context, opts ...func(*dynamodb.Options)) error {
				_, err := c.ListTables(ctx, &dynamodb.ListTablesInput{}, opts...)
				return err
			}); err != nil {
				t.Error(err)
			}
		}
		if a.Known() != test.known {
			t.Errorf("%d: known %t", i, a.Known())
		}
	}
}
