// Package engine is a DynamoDB in the process: it takes requests as they come over
// HTTP and answers them as the service does. Package memory is its public face.
//
// It knows nothing of the mapper: only bytes and expression text come in, so that
// one bug cannot pass on both sides of a test.
//
// The parts, in the order in which a request meets them:
//
//	handler.go      HTTP: framing, authentication's form, checksums, compression
//	faults.go       what goes wrong on demand
//	dispatch.go     operations by name
//	input           bodies into input structs: types, then constraints
//	put_item.go …   one file for each operation, which opens with its behaviour
//	action.go       what all requests on one item have in common before they meet it
//	expressions.go  the expression parameters of a request, parsed by package expr
//	legacy.go       what stood in their place before, made into the same
//	write.go        what all writes of one item have in common
//	read.go         what Query and Scan have in common
//	table.go        tables, their items and the rules of keys
//	index.go        secondary indexes and how writes change them
//	stream.go       what writes did, in shards, for a day
//	key.go          where an item stands in a tree
//	tree.go         the ordered copy-on-write tree
//	value, expr     attribute values, and expressions on them
//
// In front of them: db.go, and account.go for what is apart by access key and region.
// Beside them: schema.go and description.go for the definitions of tables,
// capacity.go for what requests cost, tokens.go for idempotency, snapshot.go for
// state, check.go for the invariants. On demand: partial.go for batches that are done
// in part, fault_partition.go for hot partitions, index_lag.go for indexes that are
// behind, request_log.go for what was asked.
//
// # What the service has and this has not
//
// dispatch.go lists the operations that are known by name only. They are answered by an
// UnknownOperationException that says so, and parameters that belong to them, which
// have the type input.Refused, by a ValidationException. resource_policies.go and
// continuous_backups.go keep settings that have no effect, and so have the
// throughput, encryption and class of a table.
//
// # Locks
//
// DB.mu is held to change the set of accounts, Account.mu to change an account's set of tables and streams, table.mu
// guards a table with its indexes, stream.mu a stream's shards. Who needs several of these takes them in this order, and
// several tables in the order of lockTables. Finding a table takes no lock. Records
// (stored items) never change, so that most work is done on them after the locks are
// gone: writes decide outside the lock and check under it that the record they decided
// on is still there, reads render their answers outside. No lock is held while time
// passes.
package engine
