package engine

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A DB is a DynamoDB: accounts with their tables, and the requests on them. It is
// safe for concurrent use. It starts no goroutines but the one of Config.SweepEvery, which ends with
// it; closing makes it refuse further requests and lets go of its data.
//
// Reads and writes of one item are linearizable, transactions are serializable,
// and each page of a Query, Scan or batch is read at one moment of its table.
type DB struct {
	cfg Config

	// accounts are made when they are first asked for. The map is replaced under mu.
	accounts atomic.Pointer[map[accountKey]*Account]
	closed   atomic.Bool
	mu       sync.Mutex    // held to change accounts and closed
	done     chan struct{} // closed together with the database

	faults  faults
	sweeper sync.WaitGroup
}

// Config is what a DB can be told when it is made. The zero Config is fine.
type Config struct {
	// Now is the clock of creation times, of expiry, of streams and of idempotency
	// tokens, by default time.Now.
	Now func() time.Time
	// Region, AccessKey and Account are those of Home, by default us-east-1,
	// memory and 000000000000.
	Region, AccessKey, Account string
	// Shared lets all requests meet the tables of Home.
	Shared bool
	// TableDelay is how long a table stays CREATING, UPDATING or DELETING, by
	// default not at all: the response says CREATING, and the next request finds
	// the table ACTIVE.
	TableDelay time.Duration
	// TokenLife is how long a ClientRequestToken is remembered, by default ten minutes.
	TokenLife time.Duration
	// SweepEvery lets expired items go by themselves, by default never: Sweep does it. It is the time of the world, not that
	// of Now.
	SweepEvery time.Duration
}

// New makes an empty database.
func New(cfg Config) *DB {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Region == "" {
		cfg.Region = "us-east-1"
	}
	if cfg.AccessKey == "" {
		cfg.AccessKey = "memory"
	}
	if cfg.TokenLife == 0 {
		cfg.TokenLife = tokenLife
	}
	if cfg.Account == "" {
		cfg.Account = "000000000000"
	}
	db := &DB{cfg: cfg, done: make(chan struct{})}
	db.accounts.Store(&map[accountKey]*Account{})
	if cfg.SweepEvery > 0 {
		db.sweeper.Go(db.sweepByItself)
	}
	return db
}

func (db *DB) sweepByItself() {
	tick := time.NewTicker(db.cfg.SweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			db.Sweep()
		case <-db.done:
			return
		}
	}
}

// Close makes every further request fail and releases all data. It can be
// called more than once.
func (db *DB) Close() {
	defer db.sweeper.Wait() // without the lock, which Sweep may need
	db.mu.Lock()
	defer db.mu.Unlock()
	if !db.closed.Swap(true) {
		close(db.done)
	}
	for _, ac := range db.allAccounts() {
		ac.clear()
	}
}

// Home returns the account that Config names.
func (db *DB) Home() *Account { return db.Account(db.cfg.Region, db.cfg.AccessKey) }

// Account gives that of an access key in a region.
func (db *DB) Account(region, accessKey string) *Account {
	key := accountKey{region, accessKey}
	if db.cfg.Shared {
		key = accountKey{db.cfg.Region, db.cfg.AccessKey}
	}
	if ac := (*db.accounts.Load())[key]; ac != nil {
		return ac
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.makeAccount(key)
}

// makeAccount finds or makes an account. db.mu must be held.
func (db *DB) makeAccount(key accountKey) *Account {
	accounts := maps.Clone(*db.accounts.Load())
	if accounts[key] == nil {
		accounts[key] = newAccount(db.cfg, key)
		db.accounts.Store(&accounts)
	}
	return accounts[key]
}

// allAccounts returns the accounts that somebody has asked for.
func (db *DB) allAccounts() []*Account { return slices.Collect(maps.Values(*db.accounts.Load())) }

// Sweep deletes the items that have expired by now from all tables, and tells how
// many there were.
func (db *DB) Sweep() int {
	swept := 0
	for _, ac := range db.allAccounts() {
		swept += ac.sweep()
	}
	return swept
}
