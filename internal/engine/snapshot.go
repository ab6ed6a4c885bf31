package engine

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/entable/entable/internal/engine/value"
)

// A Snapshot is the state of a database at one moment: tables, items, indexes,
// streams and settings of all accounts, but neither faults nor remembered tokens. It
// shares what has not changed since with the database it was taken from and with
// those it was restored into, and it is safe for concurrent use.
type Snapshot struct{ accounts map[accountKey]state }

// state is what an account has.
type state struct {
	tables  map[string]*table
	streams map[string]*stream
}

// Snapshot takes the state of all tables at one moment, in time that does not
// depend on the number of items.
func (db *DB) Snapshot() *Snapshot {
	db.mu.Lock()
	defer db.mu.Unlock()
	accounts := *db.accounts.Load()
	states := map[accountKey]state{}
	for key, ac := range accounts {
		ac.mu.Lock()
		defer ac.mu.Unlock()
		states[key] = state{ac.allTables(), *ac.streams.Load()}
	}
	return &Snapshot{cloneAll(states)}
}

// Restore puts the state of a snapshot in place of the database's own. Requests
// that run meanwhile see either state.
func (db *DB) Restore(s *Snapshot) {
	states := cloneAll(s.accounts)
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.closed.Load() {
		return
	}
	for key := range states {
		db.makeAccount(key)
	}
	for key, ac := range *db.accounts.Load() {
		ac.restore(states[key])
	}
}

func (ac *Account) restore(s state) {
	ac.mu.Lock()
	defer ac.mu.Unlock()
	if s.tables == nil {
		s = state{map[string]*table{}, map[string]*stream{}}
	}
	for _, st := range s.streams {
		st.now = ac.cfg.Now // it may come from another database
	}
	ac.tables.Store(&s.tables)
	ac.streams.Store(&s.streams)
}

// cloneAll copies the states of all accounts at one moment.
func cloneAll(states map[accountKey]state) map[accountKey]state {
	var tables []*table
	for _, s := range states {
		tables = slices.AppendSeq(tables, maps.Values(s.tables))
	}
	unlock := lockTables(tables, (*table).lock) // cloning a tree needs it whole
	defer unlock()
	clones := map[accountKey]state{}
	for key, s := range states {
		c := state{map[string]*table{}, map[string]*stream{}}
		for arn, st := range s.streams {
			c.streams[arn] = st.clone()
		}
		for name, t := range s.tables {
			c.tables[name] = t.clone()
			if t.stream != nil {
				c.tables[name].stream = c.streams[t.stream.arn]
			}
		}
		clones[key] = c
	}
	return clones
}

// clone copies a table but for its stream; the trees are shared until one side
// writes. t.mu must be held for writing.
func (t *table) clone() *table {
	c := &table{
		name: t.name, arn: t.arn, id: t.id, created: t.created, key: t.key,
		items: t.items.clone(), bytes: t.bytes, settings: t.settings.clone(), lag: t.lag, behind: slices.Clone(t.behind),
	}
	c.work.Store(t.work.Load())
	var indexes []*index
	for _, ix := range t.indexes() {
		other := *ix
		other.items = ix.items.clone()
		indexes = append(indexes, &other)
	}
	c.setIndexes(indexes)
	return c
}

// Seed puts items into a table by the rules of PutItem, all of them or none.
func (ac *Account) Seed(tableName string, items []value.Item) error {
	t, err := ac.table(tableName)
	if err != nil {
		return err
	}
	writes := make([]*write, len(items))
	for i, it := range items {
		if err := checkItemSize(it); err != nil {
			return fmt.Errorf("item %d: %w", i+1, err)
		}
		if writes[i], err = t.put(it); err != nil {
			return fmt.Errorf("item %d: %w", i+1, err)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range writes {
		old := t.items.get(w.key)
		rec, err := w.decide(old)
		if err != nil {
			return err
		}
		t.store(w.key, old, rec, nil)
	}
	return nil
}

// SeedJSON does what Seed does for items in DynamoDB JSON, one after the other.
func (ac *Account) SeedJSON(tableName string, r io.Reader) error {
	var items []value.Item
	lines := bufio.NewReader(r)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			it, parseErr := value.ParseItem(line)
			if parseErr != nil {
				return fmt.Errorf("line %d: %w", n, parseErr)
			}
			items = append(items, it)
		}
		if err != nil {
			return ac.Seed(tableName, items)
		}
	}
}

// Items gives all items of a table, in the order of their keys' values.
func (ac *Account) Items(tableName string) ([]value.Item, error) {
	t, err := ac.table(tableName)
	if err != nil {
		return nil, err
	}
	type keyed struct {
		key  string
		item value.Item
	}
	var all []keyed
	t.mu.RLock()
	for key, rec := range t.items.scan(span{}, true) {
		all = append(all, keyed{key[hashSize:], rec.item})
	}
	t.mu.RUnlock()
	slices.SortFunc(all, func(a, b keyed) int { return strings.Compare(a.key, b.key) })
	items := make([]value.Item, len(all))
	for i := range all {
		items[i] = all[i].item
	}
	return items, nil
}
