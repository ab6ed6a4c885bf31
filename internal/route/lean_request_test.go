package route_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/trial"
)

// captured is an HTTP client that answers with nothing and keeps the last request. With a clock of its own it tells the time.
type captured struct {
	request *http.Request
	body    []byte
	ahead   time.Duration
}

func (c *captured) Do(r *http.Request) (*http.Response, error) {
	c.request = r
	c.body, _ = io.ReadAll(r.Body)
	return good(`{}`, c.ahead), nil
}

// good returns an answer as the service gives it; its clock is ahead of ours.
func good(body string, ahead time.Duration) *http.Response {
	return answered(http.StatusOK, body, ahead)
}

func answered(status int, text string, ahead time.Duration) *http.Response {
	return &http.Response{
		StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(len(text)),
		Header: http.Header{
			"Content-Type":     {"application/x-amz-json-1.0"},
			"Date":             {time.Now().Add(ahead).UTC().Format(http.TimeFormat)},
			"X-Amzn-Requestid": {"ID"},
			"X-Amz-Crc32":      {strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte(text))), 10)},
		},
		Body: &body{Reader: strings.NewReader(text)},
	}
}

// identity is a provider of credentials that tells where they come from, as providers of the SDK do.
type identity struct{ aws.Credentials }

func (i identity) Retrieve(context.Context) (aws.Credentials, error) { return i.Credentials, nil }
func (i identity) ProviderSources() []aws.CredentialSource {
	return []aws.CredentialSource{aws.CredentialSourceEnvVars}
}

// send makes one request by a conn; inputs are made anew.
type send struct {
	op string
	do func(context.Context, *route.Conn) error
}

// requests returns one random request of each operation, for a table.
func requests(rnd *mathrand.Rand, table string) []send {
	text := func() string {
		b := make([]byte, rnd.IntN(40))
		for i := range b {
			b[i] = "abcXYZ09 \"\\<é"[rnd.IntN(13)]
		}
		return strings.ToValidUTF8(string(b), "?")
	}
	item := func() []byte {
		raw, _ := json.Marshal(map[string]any{"pk": map[string]any{"S": text()}, "n": map[string]any{"N": fmt.Sprint(rnd.IntN(1000))}})
		return raw
	}
	key := map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: text()}}
	one, two, condition := item(), item(), text()
	names := map[string]string{"#a": text()}
	sink := &sink{}
	gone := types.TransactWriteItem{Delete: &types.Delete{TableName: &table, Key: key}}
	return []send{
		{"PutItem", func(ctx context.Context, c *route.Conn) error {
			return c.Put(ctx, &dynamodb.PutItemInput{TableName: &table, ConditionExpression: &condition}, one)
		}},
		{"GetItem", func(ctx context.Context, c *route.Conn) error {
			return c.Get(ctx, &dynamodb.GetItemInput{TableName: &table, ConsistentRead: aws.Bool(true)}, one, sink)
		}},
		{"UpdateItem", func(ctx context.Context, c *route.Conn) error {
			return c.Update(ctx, &dynamodb.UpdateItemInput{TableName: &table, Key: key, UpdateExpression: &condition, ExpressionAttributeNames: names}, sink)
		}},
		{"DeleteItem", func(ctx context.Context, c *route.Conn) error {
			return c.Delete(ctx, &dynamodb.DeleteItemInput{TableName: &table, Key: key})
		}},
		{"Query", func(ctx context.Context, c *route.Conn) error {
			_, err := c.Query(ctx, &dynamodb.QueryInput{TableName: &table, KeyConditionExpression: &condition, ExclusiveStartKey: key, Limit: aws.Int32(7)}, sink)
			return err
		}},
		{"Scan", func(ctx context.Context, c *route.Conn) error {
			_, err := c.Scan(ctx, &dynamodb.ScanInput{TableName: &table, Segment: aws.Int32(1), TotalSegments: aws.Int32(2)}, sink)
			return err
		}},
		{"BatchGetItem", func(ctx context.Context, c *route.Conn) error {
			_, err := c.BatchGet(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
				table: {ConsistentRead: aws.Bool(true)},
			}}, map[string][][]byte{table: {one, two}}, sink)
			return err
		}},
		{"BatchWriteItem", func(ctx context.Context, c *route.Conn) error {
			_, err := c.BatchWrite(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{}}, map[string][][]byte{table: {one, two}})
			return err
		}},
		{"TransactGetItems", func(ctx context.Context, c *route.Conn) error {
			err := c.TransactGet(ctx, &dynamodb.TransactGetItemsInput{TransactItems: []types.TransactGetItem{{Get: &types.Get{TableName: &table, Key: key}}}}, sink)
			if err != nil && err.Error() == "the client answered for 0 of 1 items" { // nor do the answers of other operations hold anything
				return nil
			}
			return err
		}},
		{"TransactWriteItems", func(ctx context.Context, c *route.Conn) error {
			put := types.TransactWriteItem{Put: &types.Put{TableName: &table}}
			return c.TransactWrite(ctx, &dynamodb.TransactWriteItemsInput{
				TransactItems: []types.TransactWriteItem{put, gone}, ClientRequestToken: aws.String("token"),
			}, func(int) []byte { return two })
		}},
	}
}

// someOptions returns random options with which requests may be lean, and the credentials in them.
func someOptions(rnd *mathrand.Rand, http dynamodb.HTTPClient) (dynamodb.Options, aws.Credentials) {
	pick := func(s ...string) string { return s[rnd.IntN(len(s))] }
	creds := aws.Credentials{AccessKeyID: pick("AKIDA", "AKID/B="), SecretAccessKey: pick("secret", "other/+"), SessionToken: pick("", "token/+=="), AccountID: pick("", "111122223333", "444455556666")}
	o := dynamodb.Options{
		Region: pick("eu-central-1", "us-east-1", "us-gov-west-1", "cn-north-1", "fips-us-east-1"), HTTPClient: http,
		AccountIDEndpointMode: aws.AccountIDEndpointMode(pick("", "preferred", "disabled")), AppID: pick("", "an app"),
		DisableClockSkewCorrection: rnd.IntN(4) == 0, DisableValidateResponseChecksum: rnd.IntN(4) == 0,
	}
	switch rnd.IntN(3) {
	case 0:
		o.Credentials = identity{creds}
	case 1:
		o.Credentials = aws.NewCredentialsCache(identity{creds})
	default:
		o.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return creds, nil })
	}
	switch rnd.IntN(5) {
	case 0:
		o.Retryer = aws.NopRetryer{}
	case 1:
		o.RetryMaxAttempts = 1 + rnd.IntN(9)
	case 2:
		o.Retryer = retry.AddWithErrorCodes(retry.NewStandard(), "Odd")
	case 3:
		o.RetryMode = aws.RetryModeStandard
	}
	if rnd.IntN(3) == 0 && o.Region != "fips-us-east-1" {
		o.BaseEndpoint = aws.String(pick("http://localhost:8000", "https://proxy.example.com:443", "http://proxy.example.com/a/b", "https://[::1]:8000", "https://dynamodb.eu-central-1.amazonaws.com"))
	} else if o.Region == "us-east-1" {
		o.EndpointOptions.UseDualStackEndpoint = aws.DualStackEndpointState(rnd.IntN(3))
		o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointState(rnd.IntN(3))
		o.EndpointOptions.DisableHTTPS = rnd.IntN(3) == 0
	}
	return o, creds
}

var (
	uuid     = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	signedBy = regexp.MustCompile(`, SignedHeaders=([^,]+), `)
)

// A lean request is the SDK's, but for fewer signed headers, and its signature is that of the SDK's signer over these.
func TestLeanRequestsAreTheSDKs(t *testing.T) {
	total, rnd := trial.Size(3_000, 100_000), trial.Rand(t)
	lean := 0
	for done := 0; done < total; {
		t.Setenv("AWS_LAMBDA_FUNCTION_NAME", "f") // and away at the end
		if t.Setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988;Sampled=1 é"); rnd.IntN(2) == 0 {
			os.Unsetenv("AWS_LAMBDA_FUNCTION_NAME")
		}
		to := &captured{ahead: time.Duration(rnd.IntN(5)-2) * 10 * time.Second}
		o, creds := someOptions(rnd, to)
		client := dynamodb.New(o)
		var cost route.Cost
		meter := func(_ context.Context, c route.Cost) { cost = c }
		leans, sdks := route.New(client).For(meter, route.Ways{}), route.New(client).For(meter, route.Ways{Lean: true})
		table := []string{"t", "orders", "arn:aws:dynamodb:" + o.Region + ":777788889999:table/t"}[rnd.IntN(3)]
		if err := requests(rnd, table)[0].do(t.Context(), leans); err != nil { // tells both the time
			t.Fatal(err)
		}
		for range 20 {
			for _, r := range requests(rnd, table) {
				ctx, cancel := t.Context(), context.CancelFunc(func() {})
				if rnd.IntN(2) == 0 {
					ctx, cancel = context.WithTimeout(ctx, time.Hour)
				}
				what := fmt.Sprintf("%s of %s, %+v", r.op, table, o)
				if err := r.do(ctx, leans); err != nil {
					t.Fatalf("%s: %v", what, err)
				}
				if cost.Lean {
					lean++
					checkSignature(t, what, to.request, to.body, creds, o.Region)
				}
				got, gotBody := to.request, to.body
				if err := r.do(ctx, sdks); err != nil || cost.Lean {
					t.Fatalf("%s: lean %t, %v", what, cost.Lean, err)
				}
				compareRequests(t, what, got, to.request, gotBody, to.body)
				done++
				cancel()
			}
		}
		if t.Failed() {
			return
		}
	}
	if lean < total*8/10 { // each first one is the SDK's
		t.Errorf("%d of %d requests were lean", lean, total)
	}
}

func compareRequests(t *testing.T, what string, got, want *http.Request, gotBody, wantBody []byte) {
	t.Helper()
	if got.Method != want.Method || *got.URL != *want.URL || got.Host != want.Host || got.Proto != want.Proto ||
		(got.GetBody == nil) != (want.GetBody == nil) || got.ContentLength != int64(len(gotBody)) {
		t.Errorf("%s: %s %s %q, want %s %s %q", what, got.Method, got.URL, got.Host, want.Method, want.URL, want.Host)
	}
	var gotJSON, wantJSON any
	if json.Unmarshal(gotBody, &gotJSON) != nil || json.Unmarshal(wantBody, &wantJSON) != nil || !cmp.Equal(gotJSON, wantJSON) {
		t.Errorf("%s: body %s, want %s", what, gotBody, wantBody)
	}
	a, b := got.Header.Clone(), want.Header.Clone()
	if x, y := a.Get("X-Amz-Date"), b.Get("X-Amz-Date"); !near(x, y, 30*time.Second) {
		t.Errorf("%s: dates %s and %s", what, x, y)
	}
	if x, y := a.Get("Amz-Sdk-Request"), b.Get("Amz-Sdk-Request"); x != y {
		x, ttl, _ := strings.Cut(x, "; ttl=")
		y, want, _ := strings.Cut(y, "; ttl=")
		if x != y || !near(ttl, want, 3*time.Second) {
			t.Errorf("%s: attempts %s %s and %s %s", what, x, ttl, y, want)
		}
	}
	if x := a.Get("Amz-Sdk-Invocation-Id"); !uuid.MatchString(x) || x == b.Get("Amz-Sdk-Invocation-Id") {
		t.Errorf("%s: invocation ID %s", what, x)
	}
	for _, name := range []string{"X-Amz-Date", "Authorization", "Amz-Sdk-Invocation-Id", "Amz-Sdk-Request"} {
		delete(a, name)
		delete(b, name)
	}
	if diff := cmp.Diff(b, a); diff != "" {
		t.Errorf("%s: header (-SDK's +lean):\n%s", what, diff)
	}
}

func near(a, b string, within time.Duration) bool {
	x, err := time.Parse("20060102T150405Z", a)
	y, err2 := time.Parse("20060102T150405Z", b)
	return err == nil && err2 == nil && x.Sub(y).Abs() <= within
}

// checkSignature signs a request again by the SDK's signer, with the headers alone that are signed in it.
func checkSignature(t *testing.T, what string, r *http.Request, body []byte, creds aws.Credentials, region string) {
	t.Helper()
	m := signedBy.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		t.Errorf("%s: authorization %q", what, r.Header.Get("Authorization"))
		return
	}
	again := &http.Request{Method: r.Method, URL: new(*r.URL), Host: r.Host, Header: http.Header{}}
	must := []string{"content-type", "host", "x-amz-date", "x-amz-target"}
	if creds.SessionToken != "" {
		must = append(must, "x-amz-security-token")
	}
	list := strings.Split(m[1], ";")
	if slices.Sort(must); !slices.Equal(list, must) {
		t.Errorf("%s: signed headers %s, want %s", what, list, must)
	}
	for _, name := range list {
		if name != "host" {
			again.Header.Set(name, r.Header.Get(name))
		}
	}
	date, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
	scope := strings.Split(r.Header.Get("Authorization"), "/")
	err = v4.NewSigner().SignHTTP(t.Context(), creds, again, hashOf(body), "dynamodb", scope[len(scope)-3], date)
	if got, want := r.Header.Get("Authorization"), again.Header.Get("Authorization"); err != nil || got != want {
		t.Errorf("%s: authorization\n%s, want\n%s, %v", what, got, want, err)
	}
}

func hashOf(body []byte) string { return fmt.Sprintf("%x", sha256.Sum256(body)) }
