package engine_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/entable/entable/internal/ddblocal"
	"github.com/entable/entable/internal/engine"
)

// The files in testdata/recorded are scenarios: requests, each with the answer that
// DynamoDB Local gave to it. The engine has to give the same answers, errors with
// their messages, unless a step says what the service answers instead, and why:
// Difference names an entry of testdata/differences.json.
//
// ENTABLE_RECORD=1 asks DynamoDB Local anew and rewrites the files.

type scenario struct {
	Steps []*step `json:"steps"`
}

type step struct {
	Operation string          `json:"operation"`
	Request   json.RawMessage `json:"request"`
	// Local is what DynamoDB Local answers, Service what the service does if that
	// is something else.
	Local      *reply `json:"local"`
	Service    *reply `json:"service,omitempty"`
	Difference string `json:"difference,omitempty"`
}

type reply struct {
	Error  string         `json:"error,omitempty"` // type and message
	Answer map[string]any `json:"answer,omitempty"`
}

func replyOf(out map[string]any) *reply {
	if msg := refusal(out); msg != "" {
		r := &reply{Error: msg}
		if reasons := out["CancellationReasons"]; reasons != nil {
			r.Answer = map[string]any{"CancellationReasons": reasons}
		}
		return r
	}
	return &reply{Answer: normalize(out)}
}

func (r *reply) String() string {
	text, _ := json.Marshal(r)
	return string(text)
}

// volatile are members that no two runs agree on.
var volatile = []string{
	"CreationDateTime", "TableId", "TableArn", "IndexArn", "LatestStreamArn", "LatestStreamLabel",
	"LastUpdateToPayPerRequestDateTime", "LastIncreaseDateTime", "LastDecreaseDateTime",
}

// normalize drops what is volatile or of no meaning: the order of the items of a
// Scan and of a batch.
func normalize(out map[string]any) map[string]any {
	drop(out)
	if _, ok := out["Responses"].(map[string]any); ok {
		for _, items := range out["Responses"].(map[string]any) {
			sortByText(items)
		}
	}
	if list, ok := out["ConsumedCapacity"].([]any); ok {
		sortByText(list)
	}
	return out
}

func drop(v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range volatile {
			delete(v, name)
		}
		for _, e := range v {
			drop(e)
		}
	case []any:
		for _, e := range v {
			drop(e)
		}
	}
}

func sortByText(v any) {
	list, _ := v.([]any)
	text := func(v any) string {
		b, _ := json.Marshal(v)
		return string(b)
	}
	slices.SortFunc(list, func(a, b any) int { return strings.Compare(text(a), text(b)) })
}

func recordings(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/recorded/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	return files
}

func load(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func TestAnswersAreThoseRecorded(t *testing.T) {
	known := differences(t)
	for _, file := range recordings(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			var s scenario
			load(t, file, &s)
			if os.Getenv("ENTABLE_RECORD") != "" {
				s.record(t, file)
			}
			db := newDB(t, engine.Config{})
			for i, step := range s.Steps {
				want := step.Local
				if step.Service != nil {
					want = step.Service
					if _, ok := known[step.Difference]; !ok {
						t.Errorf("step %d: unknown difference %q", i+1, step.Difference)
					}
				}
				_, out := call(t, db, step.Operation, step.body())
				if got := replyOf(out); got.String() != want.String() && !sameButFrame(got, want) {
					t.Errorf("step %d: %s %s\n got %s\nwant %s", i+1, step.Operation, short(string(step.Request)), short(got.String()), short(want.String()))
				}
			}
		})
	}
}

func short(s string) string {
	if len(s) > 2000 {
		return s[:2000] + "…"
	}
	return s
}

// record asks DynamoDB Local for all answers of a scenario, in tables of its own.
func (s *scenario) record(t *testing.T, file string) {
	t.Helper()
	endpoint := localEndpoint(t)
	for _, step := range s.Steps {
		if step.Operation == "CreateTable" {
			ask(t, endpoint, "DeleteTable", fmt.Sprintf(`{"TableName":%q}`, decode(t, string(step.Request))["TableName"]))
		}
	}
	db := engine.New(engine.Config{})
	defer db.Close()
	for _, step := range s.Steps {
		step.Local = replyOf(ask(t, endpoint, step.Operation, step.body()))
		call(t, db, step.Operation, step.body())
		if step.Service != nil {
			s.settle(t, db, endpoint)
		}
		if step.Service != nil && step.Service.String() == step.Local.String() {
			t.Logf("%s: the difference %q is gone: %s", file, step.Difference, step.Request)
			step.Service, step.Difference = nil, ""
		}
	}
	s.save(t, file)
}

// settle makes DynamoDB Local's items those of the engine, so that one difference
// does not lead to others.
func (s *scenario) settle(t *testing.T, db *engine.DB, endpoint string) {
	t.Helper()
	for _, step := range s.Steps {
		if step.Operation != "CreateTable" {
			continue
		}
		def := decode(t, string(step.Request))
		scan := fmt.Sprintf(`{"TableName":%q}`, def["TableName"])
		_, out := call(t, db, "Scan", scan)
		want := byKey(t, def, out["Items"])
		for key, it := range byKey(t, def, ask(t, endpoint, "Scan", scan)["Items"]) {
			if want[key] == it {
				delete(want, key)
			} else if want[key] == "" {
				ask(t, endpoint, "DeleteItem", fmt.Sprintf(`{"TableName":%q,"Key":%s}`, def["TableName"], key))
			}
		}
		for _, it := range want {
			ask(t, endpoint, "PutItem", fmt.Sprintf(`{"TableName":%q,"Item":%s}`, def["TableName"], it))
		}
	}
}

// byKey gives the text of items by the text of their keys.
func byKey(t *testing.T, def map[string]any, items any) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, it := range asList(items) {
		key := map[string]any{}
		for _, k := range asList(def["KeySchema"]) {
			name := k.(map[string]any)["AttributeName"].(string)
			key[name] = it.(map[string]any)[name]
		}
		keyText, err := json.Marshal(key)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(it)
		if err != nil {
			t.Fatal(err)
		}
		texts[string(keyText)] = string(text)
	}
	return texts
}

// localEndpoint is DynamoDB Local. It is no other server that ENTABLE_ENDPOINT may
// name, whose tables are not to be touched.
func localEndpoint(t *testing.T) string {
	t.Helper()
	endpoint := ddblocal.Endpoint(t)
	if u, err := url.Parse(endpoint); err != nil || !net.ParseIP(u.Hostname()).IsLoopback() && u.Hostname() != "localhost" {
		t.Skipf("%s is not on this machine: it is not DynamoDB Local", endpoint)
	}
	return endpoint
}

func (s *scenario) save(t *testing.T, file string) {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("{\"steps\": [\n")
	for i, step := range s.Steps {
		if i > 0 {
			b.WriteString(",\n")
		}
		text, err := marshal(step)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(text)
	}
	b.WriteString("\n]}\n")
	if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// repeats stand in a recorded request for long texts: "@x*100@" is 100 times x.
var repeats = regexp.MustCompile(`@(.)\*(\d+)@`)

// body is the request with its long texts.
func (s *step) body() string {
	return repeats.ReplaceAllStringFunc(string(s.Request), func(m string) string {
		parts := repeats.FindStringSubmatch(m)
		n, _ := strconv.Atoi(parts[2])
		return strings.Repeat(parts[1], n)
	})
}

// marshal is json.Marshal without the escapes for HTML.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

// ask sends a request to a server and gives its decoded body.
func ask(t testing.TB, endpoint, operation, body string) map[string]any {
	t.Helper()
	r := newRequest(operation, body)
	r.RequestURI = ""
	target, err := http.NewRequestWithContext(t.Context(), http.MethodPost, endpoint, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	target.Header = r.Header
	resp, err := http.DefaultClient.Do(target)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, string(text))
}
