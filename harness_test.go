package entable_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"iter"
	mathrand "math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/ddblocal"
	"github.com/entable/entable/memory"
)

// engines are the databases that the suite runs on.
var engines = []struct {
	name   string
	client func(testing.TB) *dynamodb.Client
}{
	{"memory", func(t testing.TB) *dynamodb.Client {
		db := memory.New()
		t.Cleanup(db.Close)
		return db.Client()
	}},
	{"local", ddblocal.Client},
}

// wrapper is a Client of a user's own: not a *dynamodb.Client, so that items go through the SDK's types.
type wrapper struct{ *dynamodb.Client }

// routes are the ways that items take between entable and the wire.
var routes = []struct {
	name string
	opts []entable.TableOption
	wrap func(*dynamodb.Client) entable.Client
}{
	{"direct", nil, func(c *dynamodb.Client) entable.Client { return c }},
	{"plain", []entable.TableOption{entable.PlainRoute()}, func(c *dynamodb.Client) entable.Client { return c }},
	{"wrapped", nil, func(c *dynamodb.Client) entable.Client { return wrapper{c} }},
}

// setup is one engine and one route to it.
type setup struct {
	t      testing.TB
	engine string
	client entable.Client   // what tables of this route use
	sdk    *dynamodb.Client // the same engine, past entable
	spy    *spy             // sees what client sends, and not what sdk sends
	opts   []entable.TableOption
}

// eachSetup runs a test on every engine by every route, in parallel.
func eachSetup(t *testing.T, test func(t *testing.T, s *setup)) {
	t.Parallel()
	for _, engine := range engines {
		for _, route := range routes {
			t.Run(engine.name+"/"+route.name, func(t *testing.T) {
				t.Parallel()
				s := newSetup(t, engine.client(t))
				s.engine, s.client, s.opts = engine.name, route.wrap(s.spied()), route.opts
				test(t, s)
			})
		}
	}
}

// eachEngine runs a test of what has no routes on every engine, in parallel.
func eachEngine(t *testing.T, test func(t *testing.T, s *setup)) {
	t.Parallel()
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			t.Parallel()
			s := newSetup(t, engine.client(t))
			s.engine, s.client = engine.name, s.sdk
			test(t, s)
		})
	}
}

// onMemory is a setup for what does not depend on the engine.
func onMemory(t testing.TB) *setup {
	s := newSetup(t, engines[0].client(t))
	s.engine, s.client = "memory", s.spied()
	return s
}

func newSetup(t testing.TB, sdk *dynamodb.Client) *setup {
	return &setup{t: t, sdk: sdk, spy: &spy{next: sdk.Options().HTTPClient}}
}

// spied is the SDK's client of the engine, watched by the spy. It does not retry.
func (s *setup) spied() *dynamodb.Client {
	return dynamodb.New(s.sdk.Options(), func(o *dynamodb.Options) {
		o.HTTPClient = s.spy
		o.Retryer = aws.NopRetryer{}
	})
}

// declare declares a table with a name of its own that does not exist yet.
func (s *setup) declare(opts ...entable.TableOption) *entable.Table {
	name := strings.Map(func(r rune) rune {
		if r == '/' || r == '#' || r >= 0x7f {
			return '-'
		}
		return r
	}, s.t.Name())
	table := entable.NewTable(name+"-"+rand.Text(), append(s.opts[:len(s.opts):len(s.opts)], opts...)...)
	table.Use(s.client)
	return table
}

// newTable declares and creates a table, which goes with the test.
func (s *setup) newTable(opts ...entable.TableOption) *entable.Table {
	s.t.Helper()
	table := s.declare(opts...)
	check(s.t, table.CreateTable(s.t.Context()))
	s.t.Cleanup(func() { s.drop(table) })
	return table
}

func (s *setup) drop(table *entable.Table) {
	s.sdk.DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: aws.String(table.Name())})
}

// store writes an item as it is, past entable.
func (s *setup) store(table *entable.Table, item map[string]types.AttributeValue) {
	s.t.Helper()
	_, err := s.sdk.PutItem(s.t.Context(), &dynamodb.PutItemInput{TableName: aws.String(table.Name()), Item: item})
	check(s.t, err)
}

// load reads an item as it is, past entable.
func (s *setup) load(table *entable.Table, key map[string]types.AttributeValue) map[string]types.AttributeValue {
	s.t.Helper()
	out, err := s.sdk.GetItem(s.t.Context(), &dynamodb.GetItemInput{
		TableName: aws.String(table.Name()), Key: key, ConsistentRead: aws.Bool(true),
	})
	check(s.t, err)
	return out.Item
}

// spy is an HTTP client that notes requests, and can answer them itself.
type spy struct {
	next interface {
		Do(*http.Request) (*http.Response, error)
	}

	mu       sync.Mutex
	requests []string // the operation of each attempt, such as "PutItem"
	body     string   // of the last
	refuse   *refusal
}

// refusal is an error of the service.
type refusal struct {
	status int
	code   string
}

// noJSON is the code of a refusal by something before the service.
const noJSON = "<html>"

func (s *spy) Do(r *http.Request) (*http.Response, error) {
	_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.mu.Lock()
	s.requests, s.body = append(s.requests, op), string(body)
	refuse := s.refuse
	s.mu.Unlock()
	if refuse == nil {
		return s.next.Do(r)
	}
	if refuse.code == noJSON {
		return &http.Response{StatusCode: refuse.status, Body: io.NopCloser(strings.NewReader("<html>")), Request: r}, nil
	}
	answer := `{"__type":"com.amazonaws.dynamodb.v20120810#` + refuse.code + `","message":"refused"}`
	return &http.Response{
		StatusCode: refuse.status,
		Header:     http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		Body:       io.NopCloser(strings.NewReader(answer)),
		Request:    r,
	}, nil
}

// sent counts the requests of an operation since the last call of reset, or all with "".
func (s *spy) sent(op string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, r := range s.requests {
		if op == "" || r == op {
			n++
		}
	}
	return n
}

// lastBody is the body of the last request.
func (s *spy) lastBody() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.body
}

// reset forgets requests and sets how to answer the next; nil lets them through.
func (s *spy) reset(refuse *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests, s.body, s.refuse = nil, "", refuse
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// collect ranges over a query to its end.
func collect[T any](t testing.TB, items iter.Seq2[T, error]) []T {
	t.Helper()
	var all []T
	for item, err := range items {
		check(t, err)
		all = append(all, item)
	}
	return all
}

// random is a source of random values whose seed is printed when the test fails.
func random(t testing.TB) *mathrand.Rand {
	seed := uint64(time.Now().UnixNano())
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	})
	return mathrand.New(mathrand.NewPCG(seed, 0))
}

func avS(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }
func avN(v string) types.AttributeValue { return &types.AttributeValueMemberN{Value: v} }

// key is the primary key of a table with string keys.
func key(pk, sk string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"pk": avS(pk), "sk": avS(sk)}
}

// dynamoJSON is an item in DynamoDB's JSON, names sorted.
func dynamoJSON(item map[string]types.AttributeValue) string {
	m := map[string]any{}
	for name, v := range item {
		m[name] = plainValue(v)
	}
	text, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func plainValue(v types.AttributeValue) any {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return map[string]any{"S": v.Value}
	case *types.AttributeValueMemberN:
		return map[string]any{"N": v.Value}
	case *types.AttributeValueMemberB:
		return map[string]any{"B": base64.StdEncoding.EncodeToString(v.Value)}
	case *types.AttributeValueMemberBOOL:
		return map[string]any{"BOOL": v.Value}
	case *types.AttributeValueMemberNULL:
		return map[string]any{"NULL": v.Value}
	case *types.AttributeValueMemberSS:
		return map[string]any{"SS": v.Value}
	case *types.AttributeValueMemberNS:
		return map[string]any{"NS": v.Value}
	case *types.AttributeValueMemberBS:
		return map[string]any{"BS": v.Value}
	case *types.AttributeValueMemberL:
		list := []any{}
		for _, e := range v.Value {
			list = append(list, plainValue(e))
		}
		return map[string]any{"L": list}
	case *types.AttributeValueMemberM:
		m := map[string]any{}
		for name, e := range v.Value {
			m[name] = plainValue(e)
		}
		return map[string]any{"M": m}
	}
	return v
}
