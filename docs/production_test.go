package docs_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"expvar"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/tracing"

	"github.com/entable/entable"
	"github.com/entable/entable/infra"
	"github.com/entable/entable/memory"
)

// connect returns a client for a service whose own callers wait for two seconds.
func connect(cfg aws.Config) *dynamodb.Client {
	return dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) {
		o.HTTPClient = awshttp.NewBuildableClient().
			WithTimeout(500 * time.Millisecond). // of one attempt, by default none
			WithTransportOptions(func(t *http.Transport) { t.MaxIdleConnsPerHost = 100 })
		o.Retryer = retry.NewStandard(func(s *retry.StandardOptions) {
			s.MaxAttempts = 4                     // by default 3
			s.MaxBackoff = 200 * time.Millisecond // by default 20 s
		})
	})
}

func TestConnect(t *testing.T) {
	o := connect(aws.Config{Region: "eu-central-1"}).Options()
	if o.Retryer.MaxAttempts() != 4 || o.HTTPClient.(*awshttp.BuildableClient).GetTimeout() != 500*time.Millisecond {
		t.Errorf("%d attempts, %v", o.Retryer.MaxAttempts(), o.HTTPClient)
	}
}

// protected is what the table has in production and not in tests.
func protected(in *dynamodb.CreateTableInput) {
	in.DeletionProtectionEnabled = aws.Bool(true)
	in.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewAndOldImages}
}

// The template is a file beside the code; UPDATE=1 writes it.
func TestTemplate(t *testing.T) {
	const file = "testdata/bank.json"
	want := infra.CloudFormation(Bank, infra.Edit(protected))
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil || string(have) != string(want) {
		t.Errorf("%s is not what the registry needs: UPDATE=1 go test writes it (%v)", file, err)
	}
}

// policy returns the IAM policy that allows what a log has seen, and no more.
func policy(permissions []string, arn string) ([]byte, error) {
	type statement struct {
		Effect   string
		Action   []string
		Resource string
	}
	var statements []statement
	at := map[string]int{}
	for _, p := range permissions {
		action, resource, _ := strings.Cut(p, " ")
		i, known := at[resource]
		if !known {
			i, at[resource] = len(statements), len(statements)
			statements = append(statements, statement{Effect: "Allow", Resource: arn + ":" + resource})
		}
		statements[i].Action = append(statements[i].Action, action)
	}
	return json.MarshalIndent(map[string]any{"Version": "2012-10-17", "Statement": statements}, "", "  ")
}

func Example_policy() {
	db := memory.New()
	ctx := entable.WithClient(context.Background(), db.Client())
	check(Bank.CreateTable(ctx)) // by the template, in production
	log := db.Log()

	check(Bank.Ensure(ctx))
	check(Bank.Verify(ctx))
	check(Wallets.Create(ctx, &Wallet{Owner: "ann", Cents: 1000}))
	check(Wallets.Create(ctx, &Wallet{Owner: "bob"}))
	check(transfer(ctx, &Transfer{From: "ann", To: "bob", Cents: 300}, rand.Text()))
	_, err := Transfers.QueryIndex("by-receiver", Transfer{To: "bob"}).Count(ctx)
	check(err)

	text, err := policy(log.Permissions(), "arn:aws:dynamodb:eu-central-1:123456789012")
	check(err)
	fmt.Println(string(text))
	// Output:
	// {
	//   "Statement": [
	//     {
	//       "Effect": "Allow",
	//       "Action": [
	//         "dynamodb:DescribeTable",
	//         "dynamodb:GetItem",
	//         "dynamodb:PutItem",
	//         "dynamodb:UpdateItem"
	//       ],
	//       "Resource": "arn:aws:dynamodb:eu-central-1:123456789012:table/bank"
	//     },
	//     {
	//       "Effect": "Allow",
	//       "Action": [
	//         "dynamodb:Query"
	//       ],
	//       "Resource": "arn:aws:dynamodb:eu-central-1:123456789012:table/bank/index/by-receiver"
	//     }
	//   ],
	//   "Version": "2012-10-17"
	// }
}

// slow is how long a request may take until it is worth a line in the log.
const slow = 200 * time.Millisecond

var (
	units    = expvar.NewMap("dynamodb_units")    // by table, entity and operation
	failures = expvar.NewMap("dynamodb_failures") // the same
)

// observed logs what failed or was slow, and counts everything.
func observed(log *slog.Logger) entable.TableOption {
	return entable.Observe(func(ctx context.Context, e entable.Event) {
		name := e.Table + " " + e.Entity + " " + e.Operation
		units.AddFloat(name, e.ReadUnits+e.WriteUnits)
		level := slog.LevelDebug
		if e.Err != nil {
			failures.Add(name, 1)
		}
		if e.Err != nil || e.Retries > 0 || e.Duration > slow {
			level = slog.LevelWarn
		}
		log.Log(ctx, level, "dynamodb", "request", e)
	})
}

func Example_observe() {
	log := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "duration" {
			return slog.Attr{} // not the same on each run
		}
		return a
	}}))
	table := entable.NewTable("observed", observed(log))
	wallets := entable.Register[Wallet](table)
	db := memory.New()
	ctx := entable.WithClient(context.Background(), db.Client(quick))
	check(table.CreateTable(ctx))

	check(wallets.Create(ctx, &Wallet{Owner: "ann", Cents: 1000}))
	defer db.Inject(memory.Throttle().On("GetItem").Times(3))()
	_, err := wallets.Get(ctx, Wallet{Owner: "ann"})
	fmt.Println(entable.IsRetryable(err))
	fmt.Println(units.Get("observed Wallet PutItem"), failures.Get("observed Wallet GetItem"))
	// Output:
	// level=WARN msg=dynamodb request.table=observed request.entity=Wallet request.operation=GetItem request.retries=2 request.read_units=0 request.write_units=0 request.examined=0 request.returned=0 request.failed=true request.throttled=true
	// true
	// 1 1
}

// spans is a provider of traces that prints the names of operations; OpenTelemetry's is put in its place.
type spans struct{ tracing.NopTracerProvider }

func (s spans) Tracer(string, ...tracing.TracerOption) tracing.Tracer { return s }

func (s spans) StartSpan(ctx context.Context, name string, _ ...tracing.SpanOption) (context.Context, tracing.Span) {
	if strings.HasPrefix(name, "DynamoDB.") {
		fmt.Println(name)
	}
	return s.NopTracerProvider.Tracer("").StartSpan(ctx, name)
}

func Example_traces() {
	ctx := start(Bank)
	traced := dynamodb.New(client(ctx).Options(), func(o *dynamodb.Options) { o.TracerProvider = spans{} })
	ctx = entable.WithClient(ctx, traced)
	check(Wallets.Create(ctx, &Wallet{Owner: "ann"}))
	_, err := Wallets.Get(ctx, Wallet{Owner: "ann"})
	check(err)
	// Output:
	// DynamoDB.PutItem
	// DynamoDB.GetItem
}

// initialise is what a Lambda function does once, before its first event.
func initialise(ctx context.Context, cfg aws.Config) error {
	Bank.Use(connect(cfg))
	return Bank.Verify(ctx) // opens the connection, too
}

func TestInitialise(t *testing.T) {
	ctx := start(Bank)
	Bank.Use(nil)
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := initialise(ended, aws.Config{Region: "eu-central-1"}); err == nil {
		t.Error("it has verified a table without time for it")
	}
	Bank.Use(nil)
}
