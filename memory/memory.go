// Package memory is a DynamoDB in the process.
package memory

import (
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/entable/entable/internal/engine"
)

// DB is one database.
type DB struct {
	engine *engine.DB
}

// New makes an empty database.
func New() *DB {
	return &DB{engine: engine.New(engine.Config{})}
}

// Client gives an SDK client of the database. Its requests never leave the
// process: the client's HTTP client is the database. Everything else about it is
// the SDK's, so middleware, interceptors, retries and the like behave as in
// production; optFns change its options as those of dynamodb.NewFromConfig do.
func (db *DB) Client(optFns ...func(*dynamodb.Options)) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String("http://memory.invalid"),
		Credentials:  credentials.NewStaticCredentialsProvider("memory", "memory", ""),
		HTTPClient:   db.engine,
	}, optFns...)
}

// ServeHTTP serves SDKs of any language.
func (db *DB) ServeHTTP(w http.ResponseWriter, r *http.Request) { db.engine.ServeHTTP(w, r) }

// Close releases the database's data; requests fail from then on.
func (db *DB) Close() { db.engine.Close() }
