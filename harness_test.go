package entable_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
)

type setup = enginetest.Setup

// wrapper is a client of a test's own: not a *dynamodb.Client, so that items go through the SDK's types.
type wrapper struct{ *dynamodb.Client }

// eachSetup runs a test on every engine by every route.
func eachSetup(t *testing.T, test func(t *testing.T, s *setup)) {
	enginetest.Each(t, enginetest.All, func(t *testing.T, s *setup) {
		if s.Route == enginetest.Direct {
			leanOrNot(s)
		}
		test(t, s)
	}, enginetest.Once)
}

// leanOrNot makes every request of the setup a lean one, or every one the SDK's: half of the tests do this, half that, by their
// names, which tell the engines apart. ENTABLE_SDK_REQUESTS=1 makes all do that.
func leanOrNot(s *setup) {
	if crc32.ChecksumIEEE([]byte(s.T.Name()))%2 == 0 || os.Getenv("ENTABLE_SDK_REQUESTS") != "" {
		s.Options = append(s.Options, entable.SDKRequests())
		return
	}
	// The first request for each operation is the SDK's, so others go ahead, which the spy refuses.
	s.Spy.Refuse(http.StatusBadRequest, "ValidationException")
	defer s.Spy.Reset()
	table := entable.NewTable("ahead")
	tasks := registerTasks(table)
	table.Use(s.Client)
	ctx, task := s.T.Context(), Task{List: "a", N: 1}
	for range 2 {
		for _, err := range []error{
			tasks.Put(ctx, &task), second(tasks.Get(ctx, task)), tasks.Update(task).Set("text", "x").Do(ctx), tasks.Delete(ctx, task),
			drain(tasks.Query(task).All(ctx)), drain(tasks.Scan().All(ctx)),
			second(tasks.BatchGet(ctx, []Task{task})), entable.BatchWrite(ctx, []entable.Write{tasks.PutOp(&task)}),
			second(tasks.TransactGet(ctx, []Task{task})), entable.Transact(ctx, []entable.Write{tasks.PutOp(&task)}),
		} {
			if err == nil {
				s.T.Fatal("the request ahead was not refused")
			}
		}
	}
}

// eachEngine runs a test of what has no routes on every engine.
func eachEngine(t *testing.T, test func(t *testing.T, s *setup)) {
	enginetest.Each(t, enginetest.Engines, test)
}

// onMemory is a setup for what does not depend on the engine.
func onMemory(t testing.TB) *setup { return enginetest.OnMemory(t, enginetest.Once) }

var check = enginetest.Check

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

// label is an item as text.
func label(item any) string {
	if raw, ok := item.(entable.RawItem); ok {
		return dynamoJSON(raw)
	}
	return fmt.Sprintf("%T%v", item, item)
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
		return enginetest.Error(code, more)
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
