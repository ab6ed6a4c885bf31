package memory

import (
	"bufio"
	"io"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/engine"
	"github.com/entable/entable/internal/engine/value"
)

// Seed puts items into a table, all of them or none, by the rules of PutItem. It is
// faster than writing them through a client, and faults do not touch it.
func (db *DB) Seed(table string, items ...map[string]types.AttributeValue) error {
	list := make([]value.Item, len(items))
	for i, attrs := range items {
		var err error
		if list[i], err = itemOf(attrs); err != nil {
			return err
		}
	}
	return db.account.Seed(table, list)
}

// SeedJSON does what [DB.Seed] does for items in DynamoDB JSON, one a line, as [DB.Dump] writes
// them: {"pk":{"S":"a"},"n":{"N":"1"}}. Empty lines are skipped.
func (db *DB) SeedJSON(table string, r io.Reader) error { return db.account.SeedJSON(table, r) }

// Items gives all items of a table as they are at one moment, in the order of their
// key values. The items are the caller's.
func (db *DB) Items(table string) ([]map[string]types.AttributeValue, error) {
	items, err := db.account.Items(table)
	if err != nil {
		return nil, err
	}
	list := make([]map[string]types.AttributeValue, len(items))
	for i, it := range items {
		list[i] = attrsOf(it)
	}
	return list, nil
}

// Dump writes all items of a table as they are at one moment, as DynamoDB JSON, one
// a line, in the order of their key values, attributes in the order of their
// names: equal tables have equal dumps.
func (db *DB) Dump(table string, w io.Writer) error {
	items, err := db.account.Items(table)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	var line []byte
	for _, it := range items {
		line = append(it.AppendJSON(line[:0]), '\n')
		if _, err := out.Write(line); err != nil {
			return err
		}
	}
	return out.Flush()
}

// A Snapshot is the state of a database at one moment: its tables with all items,
// indexes and settings. It never changes, takes next to no memory of its own, and
// can be restored many times, into any database, by several goroutines at once.
type Snapshot struct{ snapshot *engine.Snapshot }

// Snapshot takes the state of all tables at one moment. It takes microseconds,
// however many items there are: the database and the snapshot share everything
// until it is changed. Faults and idempotency tokens are no part of it.
func (db *DB) Snapshot() *Snapshot { return &Snapshot{db.engine.Snapshot()} }

// Restore puts the state of a snapshot in place of the database's own, in
// microseconds. Use one database with a snapshot of seeded tables for many tests,
// or restore it into a new database for each parallel test.
func (db *DB) Restore(s *Snapshot) { db.engine.Restore(s.snapshot) }

// LagIndexes keeps the last writes of a table from its global secondary indexes: a Query or Scan of an index does not see
// them until more writes follow, or [DB.CatchUp] is called. The service's indexes are behind in the same way, for a moment; local
// indexes never are. 0 ends it.
func (db *DB) LagIndexes(table string, writes int) error { return db.account.LagIndexes(table, writes) }

// CatchUp lets the global secondary indexes of a table see all writes so far, see [DB.LagIndexes].
func (db *DB) CatchUp(table string) error { return db.account.CatchUp(table) }
