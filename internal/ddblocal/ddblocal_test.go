package ddblocal_test

import (
	"bufio"
	"context"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/entable/entable/internal/ddblocal"
)

func TestClientTalksToOneServerPerProcess(t *testing.T) {
	client := ddblocal.Client(t)
	name := aws.String("ddblocal-" + time.Now().UTC().Format("20060102T150405.000000000"))
	_, err := client.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName:            name,
		BillingMode:          types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.UpdateTable(t.Context(), &dynamodb.UpdateTableInput{TableName: name,
		StreamSpecification: &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeKeysOnly}}); err != nil {
		t.Fatal(err)
	}
	streams, err := ddblocal.StreamsClient(t).ListStreams(t.Context(), &dynamodbstreams.ListStreamsInput{TableName: name})
	if err != nil || len(streams.Streams) != 1 {
		t.Errorf("the client of the streams sees %+v, %v", streams, err)
	}
	other := ddblocal.Client(t)
	if _, err := other.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: name}); err != nil {
		t.Errorf("second client does not see the first one's table: %v", err)
	}
	if _, err := client.DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: name}); err != nil {
		t.Error(err)
	}
}

// The emulator closes a connection that was idle for 30 seconds. A client that would write on it then fails, however short that moment is.
func TestClientsGiveUpIdleConnectionsFirst(t *testing.T) {
	for _, client := range []any{ddblocal.NewClient("http://localhost:1").Options().HTTPClient, ddblocal.StreamsClient(t).Options().HTTPClient} {
		c, ok := client.(*awshttp.BuildableClient)
		if !ok || c.GetTransport().IdleConnTimeout > 20*time.Second {
			t.Errorf("a %T keeps connections too long", client)
		}
	}
}

func TestEndpointOfEnvironmentWins(t *testing.T) {
	const endpoint = "http://localhost:1"
	t.Setenv("ENTABLE_ENDPOINT", endpoint)
	if got := ddblocal.Endpoint(t); got != endpoint {
		t.Errorf("got %q, want %q", got, endpoint)
	}
}

// TestSubprocess is what the tests below run in a process of its own: it prints the endpoint, and then lives until
// its standard input ends.
func TestSubprocess(t *testing.T) {
	if os.Getenv("DDBLOCAL_SUBPROCESS") == "" {
		t.Skip("only run by other tests")
	}
	os.Stdout.WriteString("endpoint " + ddblocal.Endpoint(t) + "\n")
	bufio.NewReader(os.Stdin).ReadByte()
}

func subprocess(ctx context.Context, t *testing.T, env ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, self, "-test.run=^TestSubprocess$", "-test.v")
	cmd.Env = append(os.Environ(), append(env, "DDBLOCAL_SUBPROCESS=1", "ENTABLE_ENDPOINT=")...)
	return cmd
}

func TestMissingJavaSkipsButFailsInCI(t *testing.T) {
	for _, test := range []struct {
		name, ci, want string
	}{
		{"elsewhere", "", "--- SKIP: TestSubprocess"},
		{"in CI", "true", "--- FAIL: TestSubprocess"},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, _ := subprocess(t.Context(), t, "PATH="+t.TempDir(), "CI="+test.ci).CombinedOutput()
			for _, want := range []string{test.want, "needs Java 17"} {
				if !strings.Contains(string(out), want) {
					t.Errorf("output has no %q:\n%s", want, out)
				}
			}
		})
	}
}

func TestOldJavaIsNamed(t *testing.T) {
	for _, test := range []struct {
		printed, want string
	}{
		{`openjdk version "11.0.2" 2019-01-15`, "is 11"},
		{`java version "1.8.0_202"`, "is 1"},
		{`No Java runtime present`, "No Java runtime present"},
	} {
		bin := t.TempDir()
		program(t, bin, "java", "echo '"+test.printed+"' >&2")
		out, _ := subprocess(t.Context(), t, "PATH="+bin, "CI=").CombinedOutput()
		for _, want := range []string{"--- SKIP", test.want} {
			if !strings.Contains(string(out), want) {
				t.Errorf("java prints %q: output has no %q:\n%s", test.printed, want, out)
			}
		}
	}
}

// A test process that is killed has no chance to clean up: the emulator must go all the same.
func TestEmulatorDiesWithItsProcess(t *testing.T) {
	t.Setenv("ENTABLE_ENDPOINT", "")
	ddblocal.Endpoint(t) // skips where no emulator can run
	cmd := subprocess(t.Context(), t)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	endpoint := ""
	for lines := bufio.NewScanner(stdout); endpoint == "" && lines.Scan(); {
		endpoint, _ = strings.CutPrefix(lines.Text(), "endpoint ")
		if !strings.HasPrefix(endpoint, "http") {
			endpoint = ""
		}
	}
	if !answers(t.Context(), endpoint) {
		t.Fatalf("no answer at %q while the process lives", endpoint)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	deadline, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for answers(deadline, endpoint) {
		select {
		case <-tick.C:
		case <-deadline.Done():
			t.Fatalf("%s still answers after its process was killed", endpoint)
		}
	}
}

func answers(ctx context.Context, endpoint string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint, nil)
	if err != nil {
		return false
	}
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	return resp.Body.Close() == nil
}

// program puts a shell script called name into bin.
func program(t *testing.T, bin, name, script string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	if err := os.WriteFile(bin+"/"+name, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}
