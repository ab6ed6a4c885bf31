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
//	write.go        what all writes of one item have in common
//	read.go         what Query and Scan have in common
//	table.go        tables, their items and the rules of keys
//	index.go        secondary indexes and how writes change them
//	key.go          where an item stands in a tree
//	tree.go         the ordered copy-on-write tree
//	value, expr     attribute values, and expressions on them
//
// Beside them: schema.go and description.go for the definitions of tables,
// capacity.go for what requests cost, tokens.go for idempotency, snapshot.go for
// state, check.go for the invariants.
//
// # Locks
//
// DB.mu is held to change the set of tables, table.mu guards a table with its
// indexes. Who needs both takes DB.mu first; who needs several tables takes them in
// the order of lockTables. Finding a table takes no lock. Records (stored items) never change, so that most work is done on
// them after the locks are gone: writes decide outside the lock and check under it
// that the record they decided on is still there, reads render their answers
// outside. No lock is held while time passes.
package engine
