package entable_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	mathrand "math/rand/v2"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

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
				if route.name == "direct" {
					s.leanOrNot()
				}
				test(t, s)
			})
		}
	}
}

// leanOrNot makes every request of the setup a lean one, or every one the SDK's: half of the tests do this, half that, by their
// names, which tell the engines apart. ENTABLE_SDK_REQUESTS=1 makes all do that.
func (s *setup) leanOrNot() {
	if crc32.ChecksumIEEE([]byte(s.t.Name()))%2 == 0 || os.Getenv("ENTABLE_SDK_REQUESTS") != "" {
		s.opts = append(s.opts[:len(s.opts):len(s.opts)], entable.SDKRequests())
		return
	}
	// The first request for each operation is the SDK's, so others go ahead, which the spy refuses.
	s.spy.reset(&refusal{http.StatusBadRequest, "ValidationException"})
	defer s.spy.reset(nil)
	table := entable.NewTable("ahead")
	tasks := registerTasks(table)
	table.Use(s.client)
	ctx, task := s.t.Context(), Task{List: "a", N: 1}
	for range 2 {
		for _, err := range []error{
			tasks.Put(ctx, &task), second(tasks.Get(ctx, task)), tasks.Update(task).Set("text", "x").Do(ctx), tasks.Delete(ctx, task),
			drain(tasks.Query(task).All(ctx)), drain(tasks.Scan().All(ctx)),
			second(tasks.BatchGet(ctx, []Task{task})), entable.BatchWrite(ctx, []entable.Write{tasks.PutOp(&task)}),
			second(tasks.TransactGet(ctx, []Task{task})), entable.Transact(ctx, []entable.Write{tasks.PutOp(&task)}),
		} {
			if err == nil {
				s.t.Fatal("the request ahead was not refused")
			}
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

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// register declares T where nothing is done with its items: the compiler makes all operations anew for each Entity[T].
func register[T any](table *entable.Table, opts ...entable.EntityOption) error {
	return entable.RegisterType(table, reflect.TypeFor[T](), opts...)
}

func checkDeclaration(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("refused: %v", err)
	case want == "":
	case err == nil:
		t.Errorf("accepted, want\n%s", want)
	case !is[*entable.DeclarationError](err) || !entable.IsError(err):
		t.Errorf("%T is not a *DeclarationError", err)
	case err.Error() != "entable: "+want:
		t.Errorf("message\n%s, want\nentable: %s", err, want)
	}
}

func second[T any](_ T, err error) error { return err }

func drain[T any](items func(func(T, error) bool)) (last error) {
	for _, err := range items {
		last = err
	}
	return last
}

func texts[I any](items []I) []string {
	out := make([]string, len(items))
	for i, item := range items {
		out[i] = fmt.Sprint(item)
	}
	return out
}

func pointees[T any](list []*T) string {
	var b strings.Builder
	for _, v := range list {
		fmt.Fprintf(&b, "%v ", *v)
	}
	return b.String()
}

// soak reports whether the long form of a test is asked for.
func soak() bool { return os.Getenv("ENTABLE_SOAK") != "" }

// label is an item as text.
func label(item any) string {
	if raw, ok := item.(entable.RawItem); ok {
		return dynamoJSON(raw)
	}
	return fmt.Sprintf("%T%v", item, item)
}

// faulty is a setup on a database of its own whose faults the test makes.
func faulty(t testing.TB) (*setup, *memory.DB) {
	db := memory.New()
	t.Cleanup(db.Close)
	s := newSetup(t, db.Client())
	s.engine, s.client = "memory", s.spied()
	return s, db
}

// Task is an entity without hooks and rules.
type Task struct {
	List  string   `dynamodbav:"list"`
	N     int      `dynamodbav:"n"`
	Text  string   `dynamodbav:"text,omitempty"`
	Tags  []string `dynamodbav:"tags,omitempty,stringset"`
	Extra any      `dynamodbav:"extra,omitempty"`
}

func registerTasks(table *entable.Table, opts ...entable.EntityOption) *entable.Entity[Task] {
	return entable.Register[Task](table, append([]entable.EntityOption{entable.PK("list"), entable.SK("n")}, opts...)...)
}

// taskKey is the stored key of a task.
func taskKey(list string, n int) map[string]types.AttributeValue {
	return key("TL#"+list, fmt.Sprintf("TN#%019d", n))
}

// same compares what is stored of two items: sets have no order.
func same[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	sets := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().Type() != reflect.TypeFor[[]any]() },
		cmp.Transformer("set", func(v []string) []string { return slices.Sorted(slices.Values(v)) }))
	if diff := cmp.Diff(want, got, sets); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// clock is a time that a test sets.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func (c *clock) pass(d time.Duration) { c.now = c.now.Add(d) }

func newClock() *clock { return &clock{time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)} }

// between is an HTTP client that does something before a request goes out, or answers it itself: with an error when
// the answer has a type.
type between struct {
	next interface {
		Do(*http.Request) (*http.Response, error)
	}
	before func(op, body string) (answer string)
}

func (b *between) Do(r *http.Request) (*http.Response, error) {
	_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := b.before(op, string(body))
	if answer == "" {
		return b.next.Do(r)
	}
	status := http.StatusOK
	if strings.HasPrefix(answer, `{"__type"`) {
		status = http.StatusBadRequest
	}
	return &http.Response{
		StatusCode: status,
		Header:     http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		Body:       io.NopCloser(strings.NewReader(answer)),
		Request:    r,
	}, nil
}

// comeBetween calls before ahead of each request that entable sends.
func (s *setup) comeBetween(before func(op, body string) (answer string)) {
	s.spy.next = &between{s.spy.next, before}
}

// once lets do run ahead of the first request of an operation.
func once(op string, do func()) func(string, string) string {
	var first sync.Once
	return func(sent, _ string) string {
		if sent == op {
			first.Do(do)
		}
		return ""
	}
}

// refusing answers an operation with an error, which may have more members.
func refusing(op, code, more string) func(string, string) string {
	return func(sent, _ string) string {
		if sent != op {
			return ""
		}
		return `{"__type":"com.amazonaws.dynamodb.v20120810#` + code + `","message":"refused"` + more + `}`
	}
}

// answer is an HTTP client that answers every request with the same body.
type answer []byte

func (a answer) Do(req *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, Request: req, ContentLength: int64(len(a)),
		Header: http.Header{"X-Amz-Crc32": {strconv.FormatUint(uint64(crc32.ChecksumIEEE(a)), 10)}},
		Body:   io.NopCloser(bytes.NewReader(a)),
	}, nil
}

// sorted makes the result of a parallel scan comparable.
func sorted(texts []string) []string {
	slices.Sort(texts)
	return texts
}

func day(n int) time.Time { return time.Date(2024, 1, 1+n, 0, 0, 0, 0, time.UTC) }
