// Package ddblocal gives tests a real DynamoDB to talk to: AWS's own emulator, DynamoDB Local.
//
// The endpoint comes from the first of these that applies:
//
//   - ENTABLE_ENDPOINT, when set: any server that speaks DynamoDB's protocol. Requests to it are signed with the
//     AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_REGION of the environment, as far as they are set.
//   - An emulator that the first caller starts for its test process. It needs Java 17 or later, and once npm and the
//     network, to fetch the package that ships it into the user's cache.
//
// Where neither is possible the test is skipped and prints why, so that a bare Go installation passes; with CI=true it
// fails instead, because there a skipped suite would go unnoticed.
//
// The emulator keeps its tables in memory and is shared by all tests of one process: a test names its tables so that
// they cannot meet another's. It never outlives the process, however that ends.
package ddblocal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
)

const (
	// javaVersion is the oldest Java that runs the emulator's class files.
	javaVersion = 17
	// fetchTimeout bounds the only slow step, which moves 56 MB once per machine.
	fetchTimeout = 5 * time.Minute
	// startTimeout is generous: a JVM starts in a second or two alone, but tests start several on few cores.
	startTimeout = 2 * time.Minute
)

// unavailableError is why this machine cannot run the emulator; any other error is a defect and fails the test.
type unavailableError struct{ reason string }

func (e *unavailableError) Error() string { return e.reason }

func unavailable(format string, args ...any) error {
	return &unavailableError{fmt.Sprintf(format, args...)}
}

// local starts the emulator of this process. Its context is not a test's: the emulator serves all of them.
var local = sync.OnceValues(func() (string, error) {
	// A small heap and the quick compiler: several test processes share few cores, and each is short.
	return start(context.Background(), "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
})

// Start starts an emulator for a benchmark and returns its endpoint. It has Java's own defaults for heap and compiler,
// which the emulator of the tests gives up for a quick start, and dies with this process like that one; a process
// starts one or the other, and only once.
func Start(ctx context.Context) (endpoint string, err error) { return start(ctx) }

func start(ctx context.Context, flags ...string) (string, error) {
	java, err := findJava(ctx)
	if err != nil {
		return "", err
	}
	dir, err := emulatorDir(ctx)
	if err != nil {
		return "", err
	}
	return startEmulator(ctx, dir, java, flags)
}

// Endpoint returns the URL of a DynamoDB that is ready for requests, or skips the test: see the package's comment.
func Endpoint(t testing.TB) string {
	t.Helper()
	if endpoint := os.Getenv("ENTABLE_ENDPOINT"); endpoint != "" {
		return endpoint
	}
	endpoint, err := local()
	if err == nil {
		return endpoint
	}
	if _, ok := errors.AsType[*unavailableError](err); ok && os.Getenv("CI") != "true" {
		t.Skipf("no DynamoDB Local: %v", err)
	}
	t.Fatalf("cannot run DynamoDB Local: %v", err)
	return ""
}

// Client returns a client of [Endpoint]. All clients of a process see the same tables: DynamoDB Local keeps a
// database for each pair of access key and region, and these are the same for all.
func Client(t testing.TB) *dynamodb.Client {
	t.Helper()
	return NewClient(Endpoint(t))
}

// NewClient returns a client of the endpoint, with the credentials and the region that the package's comment names.
func NewClient(endpoint string, optFns ...func(*dynamodb.Options)) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		BaseEndpoint: aws.String(endpoint),
		Region:       region(),
		Credentials:  identity(),
		HTTPClient:   connections(),
	}, optFns...)
}

// connections returns an HTTP client that gives up idle connections before the emulator does: that closes them after 30 seconds, where
// the SDK would use them for 90. A write on one that is being closed fails, and most tests do not repeat requests.
func connections() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) { t.IdleConnTimeout = 10 * time.Second })
}

// StreamsClient returns a client of the streams of the tables that [Client] sees.
func StreamsClient(t testing.TB) *dynamodbstreams.Client {
	t.Helper()
	return dynamodbstreams.New(dynamodbstreams.Options{
		BaseEndpoint: aws.String(Endpoint(t)),
		Region:       region(),
		Credentials:  identity(),
		HTTPClient:   connections(),
	})
}

func region() string { return getenv("AWS_REGION", "us-east-1") }

func identity() aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider(
		getenv("AWS_ACCESS_KEY_ID", "entable"),
		getenv("AWS_SECRET_ACCESS_KEY", "entable"),
		os.Getenv("AWS_SESSION_TOKEN"))
}

func getenv(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}

var versionText = regexp.MustCompile(`version "(\d+)`)

func findJava(ctx context.Context) (string, error) {
	path, err := exec.LookPath("java")
	if err != nil {
		return "", unavailable("it needs Java %d: %v", javaVersion, err)
	}
	out, err := exec.CommandContext(ctx, path, "-version").CombinedOutput()
	if err != nil {
		return "", unavailable("it needs Java %d: %s -version: %v", javaVersion, path, err)
	}
	match := versionText.FindSubmatch(out)
	if match == nil {
		return "", unavailable("it needs Java %d: %s -version printed %q", javaVersion, path, out)
	}
	// Java 8 and older call themselves 1.8, 1.7, …, which is below the limit as well.
	if major, err := strconv.Atoi(string(match[1])); err != nil || major < javaVersion {
		return "", unavailable("it needs Java %d, and %s is %s", javaVersion, path, match[1])
	}
	return path, nil
}

// emulatorDir returns the folder of the unpacked emulator, fetching it when the cache does not have it yet.
func emulatorDir(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	return simulator.fetch(ctx, filepath.Join(cache, "entable"))
}
