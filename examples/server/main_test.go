package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	streams "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"github.com/entable/entable/memory"
)

// sdk are the packages of the AWS SDK for JavaScript that the test runs.
var sdk = []string{"@aws-sdk/client-dynamodb@3.1162.0", "@aws-sdk/lib-dynamodb@3.1162.0"}

// Another language's SDK works against the server. It needs Node, and once npm and
// the network; without them the test is skipped, except with CI=true.
func TestTheJavaScriptSDK(t *testing.T) {
	dir := modules(t)
	script, err := os.ReadFile("testdata/sdk.mjs")
	if err != nil {
		t.Fatal(err)
	}
	// Node looks for packages beside the script.
	path := filepath.Join(dir, "sdk.mjs")
	if err := os.WriteFile(path, script, 0o644); err != nil {
		t.Fatal(err)
	}
	url := start(t)
	cmd := exec.CommandContext(t.Context(), "node", path, url)
	cmd.Env = append(os.Environ(), "NODE_NO_WARNINGS=1", "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED=true")
	out, err := cmd.CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "ok" {
		t.Errorf("%v\n%s", err, out)
	}
}

// start serves a new database until the test ends, and gives its URL.
func start(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	address, served := make(chan string), make(chan error)
	go func() {
		served <- serve(ctx, "127.0.0.1:0", func(url string) { address <- url }, memory.WithExpiry(50*time.Millisecond))
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	select {
	case url := <-address:
		return url
	case err := <-served:
		t.Fatal(err)
	}
	return ""
}

// modules gives a folder with the SDK installed, which is kept in the user's cache.
func modules(t *testing.T) string {
	t.Helper()
	missing := t.Skipf
	if os.Getenv("CI") == "true" {
		missing = t.Fatalf
	}
	if _, err := exec.LookPath("node"); err != nil {
		missing("no Node: %v", err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	_, version, _ := strings.Cut(sdk[0][1:], "@")
	dir := filepath.Join(cache, "entable", "aws-sdk-js-"+version)
	done := filepath.Join(dir, "installed")
	if _, err := os.Stat(done); err == nil {
		return dir
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"install", "--silent", "--no-audit", "--no-fund", "--no-save", "--prefix", dir}, sdk...)
	if out, err := exec.CommandContext(t.Context(), "npm", args...).CombinedOutput(); err != nil {
		missing("cannot install the SDK: %v %s", err, out)
	}
	if err := os.WriteFile(done, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// An expired item goes within a second or two, and the server's stream says that it was the service.
func TestTheServerRemovesExpiredItems(t *testing.T) {
	url := start(t)
	ctx := t.Context()
	creds := credentials.NewStaticCredentialsProvider("any", "any", "")
	client := dynamodb.New(dynamodb.Options{BaseEndpoint: &url, Region: "eu-west-1", Credentials: creds})
	name := aws.String("sessions")
	created, err := client.CreateTable(ctx, &dynamodb.CreateTableInput{TableName: name, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}},
		StreamSpecification:  &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeKeysOnly}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{TableName: name,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{Enabled: aws.Bool(true), AttributeName: aws.String("ttl")}}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutItem(ctx, &dynamodb.PutItemInput{TableName: name, Item: map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: "a"}, "ttl": &types.AttributeValueMemberN{Value: strconv.FormatInt(time.Now().Unix()-1, 10)}}}); err != nil {
		t.Fatal(err)
	}
	stream := dynamodbstreams.New(dynamodbstreams.Options{BaseEndpoint: &url, Region: "eu-west-1", Credentials: creds})
	arn := created.TableDescription.LatestStreamArn
	d, err := stream.DescribeStream(ctx, &dynamodbstreams.DescribeStreamInput{StreamArn: arn})
	if err != nil {
		t.Fatal(err)
	}
	it, err := stream.GetShardIterator(ctx, &dynamodbstreams.GetShardIteratorInput{StreamArn: arn, ShardId: d.StreamDescription.Shards[0].ShardId,
		ShardIteratorType: streams.ShardIteratorTypeTrimHorizon})
	if err != nil {
		t.Fatal(err)
	}
	for next := it.ShardIterator; ; {
		out, err := stream.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: next})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range out.Records {
			if r.EventName == streams.OperationTypeRemove {
				if r.UserIdentity == nil || *r.UserIdentity.PrincipalId != "dynamodb.amazonaws.com" {
					t.Errorf("removed by %+v", r.UserIdentity)
				}
				return
			}
		}
		next = out.NextShardIterator
		runtime.Gosched()
	}
}
