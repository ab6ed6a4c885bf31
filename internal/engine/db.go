package engine

import (
	"maps"
	"slices"
	"sync"
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

	mu     sync.RWMutex // guards tables and closed
	tables map[string]*table
	closed bool
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
	return &DB{cfg: cfg, tables: map[string]*table{}, done: make(chan struct{})}
}

// Close makes every further request fail and releases all data. It can be
// called more than once.
func (db *DB) Close() {
	db.mu.Lock()
	defer db.mu.Unlock()
	if !db.closed {
		close(db.done)
	}
	db.closed = true
	db.tables = map[string]*table{}
	db.tokens.clear()
}

func (db *DB) isClosed() bool {
	db.mu.RLock()
	defer db.mu.RUnlock()
	return db.closed
}

// table finds a table whose items can be read and written.
func (db *DB) table(name string) (*table, error) {
	t, ok := db.lookup(input.TableName(name))
	if !ok || t.status(db.cfg.Now()) == creating {
		return nil, resourceNotFound()
	}
	return t, nil
}

// describedTable finds a table for the operations on tables themselves.
func (db *DB) describedTable(name string) (*table, error) {
	name = input.TableName(name)
	t, ok := db.lookup(name)
	if !ok {
		return nil, tableNotFound(name)
	}
	return t, nil
}

// lookup finds a table that has not been deleted, or not for long enough.
func (db *DB) lookup(name string) (*table, bool) {
	db.mu.RLock()
	t, ok := db.tables[name]
	db.mu.RUnlock()
	if ok && t.gone(db.cfg.Now()) {
		return nil, false
	}
	return t, ok
}

// tableNames lists the tables in the order of their names.
func (db *DB) tableNames() []string {
	db.mu.RLock()
	defer db.mu.RUnlock()
	now := db.cfg.Now()
	return slices.DeleteFunc(slices.Sorted(maps.Keys(db.tables)), func(name string) bool {
		return db.tables[name].gone(now)
	})
}
