package engine

import (
	"github.com/entable/entable/internal/engine/expr"
	"github.com/entable/entable/internal/engine/value"
)

// A write is one change of one item: what PutItem, UpdateItem, DeleteItem and
// the actions of batches and transactions have in common.
type write struct {
	table *table
	key   string // the item's place in the table's tree
	// keyItem has the key attributes, perhaps among others.
	keyItem value.Item
	// condition is nil for an unconditional write. returnOld puts the stored item
	// into the error when it fails.
	condition *expr.Condition
	returnOld bool
	// rec is what a put stores, whatever was there.
	rec *record
	// next works out what is stored afterwards, nil for nothing, if rec does not tell.
	// It does not run when the condition fails. It may run more than once.
	next func(old *record) (*record, error)
}

// changes says whether the write is one, and not only a condition.
func (w *write) changes() bool { return w.rec != nil || w.next != nil }

// decide evaluates the condition against old, then works out the new record.
func (w *write) decide(old *record) (*record, error) {
	if w.condition != nil {
		var stored value.Item
		if old != nil {
			stored = old.item
		}
		if !w.condition.Eval(stored) {
			if !w.returnOld {
				stored = value.Item{}
			}
			return nil, conditionFailed(stored)
		}
	}
	switch {
	case w.rec != nil:
		return w.rec, nil
	case w.next != nil:
		return w.next(old)
	}
	return old, nil
}

// apply does the write. The decision is made outside the table's lock, on the
// record that was there a moment ago, and made again under the lock in the rare
// case that another writer has replaced that record meanwhile; records are never
// changed, so the same pointer means the same state. A decision not to write
// (a failed condition) stands as of the moment of the read. A put without a condition
// has nothing to decide.
//
// used may be nil.
func (w *write) apply(used *consumption) (old, rec *record, err error) {
	t := w.table
	if w.condition == nil && w.rec != nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		old = t.items.set(w.key, w.rec)
		t.stored(w.key, old, w.rec, used, byUser)
		return old, w.rec, nil
	}
	t.mu.RLock()
	old = t.items.get(w.key)
	t.mu.RUnlock()
	if rec, err = w.decide(old); err != nil {
		return old, nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if now := t.items.get(w.key); now != old {
		old = now
		if rec, err = w.decide(old); err != nil {
			return old, nil, err
		}
	}
	t.store(w.key, old, rec, used)
	return old, rec, nil
}

func (w *write) consumption(report *capacityReport) *consumption {
	if !report.wanted() {
		return nil
	}
	return &consumption{tableName: w.table.name}
}

// put makes a write that stores it. The table's rules of keys are checked here;
// the size is the caller's.
func (t *table) put(it value.Item) (*write, error) {
	key, err := t.checkItem(it)
	if err != nil {
		return nil, err
	}
	return &write{table: t, key: key, keyItem: it, rec: newRecord(it)}, nil
}

func (t *table) delete(keyItem value.Item) (*write, error) {
	key, err := t.checkKey(keyItem)
	if err != nil {
		return nil, err
	}
	return &write{table: t, key: key, keyItem: keyItem, next: func(*record) (*record, error) { return nil, nil }}, nil
}

// update makes a write of an UpdateExpression, which may be nil: then the item is
// only made to exist.
func (t *table) update(keyItem value.Item, u *expr.Update) (*write, error) {
	key, err := t.checkKey(keyItem)
	if err != nil {
		return nil, err
	}
	var touched []string
	if u != nil {
		touched = u.Attributes()
	}
	for _, name := range touched {
		if t.key.has(name) {
			return nil, badValue("Cannot update attribute " + name + ". This attribute is part of the key")
		}
	}
	next := func(old *record) (*record, error) {
		stored := keyItem
		if old != nil {
			stored = old.item
		}
		switch {
		case u == nil:
			return newRecord(stored), nil
		case old == nil && u.OnlyRemoves():
			return nil, nil // whatever its paths: there is nothing to remove
		}
		it, err := u.Apply(stored)
		if err != nil {
			return nil, err
		}
		rec := newRecord(it)
		if rec.size > maxItemSize {
			return nil, validation("Item size to update has exceeded the maximum allowed size")
		}
		return rec, t.checkTouched(it, touched, !u.Legacy())
	}
	return &write{table: t, key: key, keyItem: keyItem, next: next}, nil
}

func checkItemSize(it value.Item) error {
	if it.Size() > maxItemSize {
		return validation("Item size has exceeded the maximum allowed size")
	}
	return nil
}

// appendCollection adds ItemCollectionMetrics, which only tables with local
// indexes have. The service's estimate is a range of whole gigabytes.
func (w *write) appendCollection(o *object) {
	if !w.table.hasLocalIndex() {
		return
	}
	o.member("ItemCollectionMetrics")
	o.b = w.appendCollectionMetrics(o.b)
}

func (w *write) appendCollectionMetrics(dst []byte) []byte {
	dst = append(dst, `{"ItemCollectionKey":`...)
	dst = w.keyItem.Pick([]string{w.table.key.hash[0].name}).AppendJSON(dst)
	return append(dst, `,"SizeEstimateRangeGB":[0.0,1.0]}`...)
}
