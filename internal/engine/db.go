package engine

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/entable/entable/internal/engine/input"
)

// A DB is a DynamoDB: tables, and the requests on them. It is safe for
// concurrent use. It starts no goroutines; closing it only makes it refuse
// further requests and lets go of its data.
//
// Reads and writes of one item are linearizable, transactions are serializable,
// and each page of a Query, Scan or batch is read at one moment of its table.
type DB struct {
	cfg Config

	// tables by name. The map is replaced under mu, never changed, so that requests
	// find their table without a lock.
	tables atomic.Pointer[map[string]*table]
	closed atomic.Bool
	mu     sync.Mutex    // held to change tables and closed
	done   chan struct{} // closed together with the database

	tokens tokens
	faults faults
}

// Config is what a DB can be told when it is made. The zero Config is fine.
type Config struct {
	// Now is the clock of creation times, of expiry and of idempotency tokens,
	// by default time.Now.
	Now func() time.Time
	// Region and Account stand in resource names, by default us-east-1 and
	// 000000000000.
	Region, Account string
	// TableDelay is how long a table stays CREATING, UPDATING or DELETING, by
	// default not at all: the response says CREATING, and the next request finds
	// the table ACTIVE.
	TableDelay time.Duration
}

// New makes an empty database.
func New(cfg Config) *DB {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Region == "" {
		cfg.Region = "us-east-1"
	}
	if cfg.Account == "" {
		cfg.Account = "000000000000"
	}
	db := &DB{cfg: cfg, done: make(chan struct{})}
	db.tables.Store(&map[string]*table{})
	return db
}

// Close makes every further request fail and releases all data. It can be
// called more than once.
func (db *DB) Close() {
	db.mu.Lock()
	defer db.mu.Unlock()
	if !db.closed.Swap(true) {
		close(db.done)
	}
	db.tables.Store(&map[string]*table{})
	db.tokens.clear()
}

// allTables are the tables by name. The map must not be changed.
func (db *DB) allTables() map[string]*table { return *db.tables.Load() }

// table finds a table whose items can be read and written.
func (db *DB) table(name string) (*table, error) {
	now := db.cfg.Now()
	t, ok := db.lookup(input.TableName(name), now)
	if !ok || t.status(now) == creating {
		return nil, resourceNotFound()
	}
	return t, nil
}

// describedTable finds a table for the operations on tables themselves.
func (db *DB) describedTable(name string) (*table, error) {
	name = input.TableName(name)
	t, ok := db.lookup(name, db.cfg.Now())
	if !ok {
		return nil, tableNotFound(name)
	}
	return t, nil
}

// lookup finds a table that has not been deleted, or not for long enough.
func (db *DB) lookup(name string, now time.Time) (*table, bool) {
	t, ok := db.allTables()[name]
	if !ok || t.gone(now) {
		return nil, false
	}
	return t, true
}

// tableNames lists the tables in the order of their names.
func (db *DB) tableNames() []string {
	now, tables := db.cfg.Now(), db.allTables()
	return slices.DeleteFunc(slices.Sorted(maps.Keys(tables)), func(name string) bool {
		return tables[name].gone(now)
	})
}
