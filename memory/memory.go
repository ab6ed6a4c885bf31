// Package memory is a DynamoDB in the process, for tests, examples and programs
// that should run without a server.
//
//	db := memory.New()
//	defer db.Close()
//	client := db.Client() // a *dynamodb.Client like any other
//
// It answers as the service does: key schemas, global and local secondary indexes
// with their projections, all expressions with their error messages, numbers of 38
// digits, pages of 1 MB, limits, consumed capacity, batches, transactions with
// cancellation reasons, idempotency tokens, streams and expiry. What a program does wrong
// against DynamoDB, it does wrong here. Where AWS's own DynamoDB Local is known to
// differ from the service, the service is followed.
//
// # What there is
//
// Tables (create, update, describe, delete, list), items (Put, Get, Update, Delete,
// Query, Scan), BatchGetItem, BatchWriteItem, TransactGetItems,
// TransactWriteItems, time to live, tags, DescribeLimits and DescribeEndpoints; the four operations of DynamoDB
// Streams ([DB.StreamsClient]); and the parameters that expressions have replaced (KeyConditions, QueryFilter, ScanFilter,
// Expected, AttributeUpdates, AttributesToGet, ConditionalOperator).
//
// For tests: faults ([DB.Inject]), time that passes at once ([DB.Clock]), indexes that are behind ([DB.LagIndexes]), a log of requests with
// their costs and permissions ([DB.Log]), stream records ([DB.Records]), seeds, dumps and snapshots.
//
// # What the service has and this has not
//
//   - PartiQL, backups and their restoring, exports and imports, global tables and their replicas, Kinesis destinations,
//     contributor insights, auto scaling, vector search and bulk operations: an UnknownOperationException that names the operation.
//   - Point-in-time recovery, resource policies, encryption, table classes, throughput of every kind and deletion protection are kept and
//     reported. Only the last one has an effect: nothing is recovered, allowed, encrypted or throttled by them.
//   - Parameters of these that stand in CreateTable and UpdateTable (replicas, vector indexes): a ValidationException that names
//     the parameter.
//   - Signatures have to be there but are not verified, and IAM allows everything.
//
// # What differs from a service far away
//
// A table is usable with the request after the one that creates it (see
// [WithTableDelay]), a new index has been filled by then, and reads of indexes are
// never behind (see [DB.LagIndexes]). Nothing is throttled and nothing fails, until a [Fault] is
// injected. Expired items stay until [DB.Sweep], or go at once with [WithExpiry], while the service sweeps by
// itself within days. Sizes in DescribeTable are exact. A stream begins with one shard and keeps one, but for [DB.SplitShards], while
// the service has about one for each partition.
//
// # Other languages
//
// A DB is an [http.Handler] that serves SDKs of any language:
//
//	http.ListenAndServe("127.0.0.1:8000", db)
package memory

import (
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"github.com/entable/entable/internal/engine"
)

// DB is one database. Databases know nothing of each other, so that each test can
// have its own; making one takes microseconds.
//
// A DB is safe for concurrent use. Reads and writes of an item are linearizable,
// ConsistentRead or not; transactions are serializable; each page of a Query or a
// Scan shows its table at one moment. A DB runs no goroutines, but one with [WithExpiry].
type DB struct {
	engine            *engine.DB
	account           *engine.Account
	region, accessKey string
	clock             *Clock
}

// An Option changes how a database behaves. The functions that begin with With make
// them.
type Option struct{ apply func(*engine.Config) }

// WithClock sets the clock that expiry, idempotency tokens, table states and
// creation times go by, overriding the default time.Now. [DB.Clock] can be ahead of it.
func WithClock(now func() time.Time) Option {
	return Option{func(c *engine.Config) { c.Now = now }}
}

// WithTableDelay sets how long tables stay CREATING, UPDATING and DELETING, and
// new indexes unreadable, overriding the default 0. Use it to find code that
// does not wait for a table as it would have to with the service.
//
// Even with 0 the answer of CreateTable itself says CREATING; the next
// DescribeTable says ACTIVE.
func WithTableDelay(d time.Duration) Option {
	return Option{func(c *engine.Config) { c.TableDelay = d }}
}

// WithSharedTables lets all access keys and regions meet the same tables, overriding the
// default that they are apart. Use it for a server whose clients mix them.
func WithSharedTables() Option {
	return Option{func(c *engine.Config) { c.Shared = true }}
}

// WithExpiry lets expired items go by themselves, within the given time after they have expired, overriding the default
// that only [DB.Sweep] removes them. The database runs a goroutine for it, which ends with [DB.Close].
func WithExpiry(every time.Duration) Option {
	return Option{func(c *engine.Config) { c.SweepEvery = every }}
}

// WithTokenWindow sets how long a ClientRequestToken makes a transaction idempotent, overriding the default of ten
// minutes. Use it to see what a caller does who repeats a transaction too late.
func WithTokenWindow(d time.Duration) Option {
	return Option{func(c *engine.Config) { c.TokenLife = d }}
}

// New makes an empty database.
func New(opts ...Option) *DB {
	var cfg engine.Config
	for _, opt := range opts {
		opt.apply(&cfg)
	}
	clock := newClock(cfg.Now)
	cfg.Now = clock.Now
	return (&DB{engine: engine.New(cfg), clock: clock}).In(homeRegion, homeKey)
}

// The region and the access key of a new database's clients.
const (
	homeRegion = "us-east-1"
	homeKey    = "memory"
)

// In returns the same database as another access key in another region sees it: with
// tables and streams of its own, which [DB.Client], [DB.StreamsClient], [DB.Seed],
// [DB.Items], [DB.Dump], [DB.Records] and [DB.SplitShards] then work on. Requests over
// HTTP are told apart by their signatures in the same way. Everything else (faults,
// snapshots, [DB.Sweep], [DB.Close]) is about the database as a whole.
//
// [New] returns it as the access key "memory" in us-east-1 sees it. With
// [WithSharedTables] there is only one view.
func (db *DB) In(region, accessKey string) *DB {
	return &DB{db.engine, db.engine.Account(region, accessKey), region, accessKey, db.clock}
}

// Clock returns the clock that the database goes by.
func (db *DB) Clock() *Clock { return db.clock }

// Client gives an SDK client of the database. Its requests never leave the
// process, as the database is the client's HTTP client; everything else about it
// is the SDK's: signing, retries with their delays, middleware, deserialization.
// Credentials and region are dummies, see [DB.In].
//
// optFns change the client's options, as those of dynamodb.NewFromConfig do. Use
// them, for example, to shorten the retryer's delays in tests with faults.
func (db *DB) Client(optFns ...func(*dynamodb.Options)) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		Region:       db.region,
		BaseEndpoint: new("http://memory.invalid"),
		Credentials:  credentials.NewStaticCredentialsProvider(db.accessKey, "memory", ""),
		HTTPClient:   db.engine,
	}, optFns...)
}

// StreamsClient gives an SDK client of the database's streams, like [DB.Client].
func (db *DB) StreamsClient(optFns ...func(*dynamodbstreams.Options)) *dynamodbstreams.Client {
	return dynamodbstreams.New(dynamodbstreams.Options{
		Region:       db.region,
		BaseEndpoint: new("http://memory.invalid"),
		Credentials:  credentials.NewStaticCredentialsProvider(db.accessKey, "memory", ""),
		HTTPClient:   db.engine,
	}, optFns...)
}

// ServeHTTP serves the protocol of DynamoDB (AWS JSON 1.0) to SDKs of any language.
// Signatures have to be there but are not verified, so any credentials do.
func (db *DB) ServeHTTP(w http.ResponseWriter, r *http.Request) { db.engine.ServeHTTP(w, r) }

// Sweep deletes the items of all tables that have expired by the time to live
// attribute of their table, and gives their number. Until then they can be read
// and written: the service promises no more than that they go within a few days.
func (db *DB) Sweep() int { return db.engine.Sweep() }

// Close lets go of all data and makes further requests fail. Requests that a
// [Fault] delays end at once. Close may be called more than once.
func (db *DB) Close() { db.engine.Close() }
