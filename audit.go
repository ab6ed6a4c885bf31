package entable

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/wire"
)

// The audit has three parts: the walk over the table (this file), the judgement of one item by itself, and
// that of unique values, which takes two or three items (both in auditcheck.go).

// FindingKind says what is wrong with an item.
type FindingKind string

const (
	// UnknownItem: its type is not registered, or, without a type, its key is no entity's. It is never
	// changed.
	UnknownItem FindingKind = "unknown item"
	// Undecodable: its attributes do not fit its registered type, or make no key. It is never changed.
	Undecodable FindingKind = "undecodable item"
	// WrongKey: its fields make another primary key than it has. It is only reported, since either may be
	// right, and a key cannot be changed.
	WrongKey FindingKind = "wrong primary key"
	// WrongShard: its partition key is right but for the number of the shard. It is only reported.
	WrongShard FindingKind = "wrong shard"
	// WrongType: it has no discriminator, or that of another entity than its key and fields belong to.
	WrongType FindingKind = "wrong type"
	// WrongIndexKey: a key of an index is missing, is not what the fields make, or should not be there.
	WrongIndexKey FindingKind = "wrong index key"
	// MissingSentinel: a unique value of the item is not reserved: another item could take it.
	MissingSentinel FindingKind = "missing sentinel"
	// ForeignSentinel: a unique value of the item is reserved for an item that does not have it.
	ForeignSentinel FindingKind = "foreign sentinel"
	// DuplicateValue: another item has the same unique value. It is only reported.
	DuplicateValue FindingKind = "duplicate unique value"
	// OrphanedSentinel: a value is reserved for an item that does not have it, or does not exist.
	OrphanedSentinel FindingKind = "orphaned sentinel"
)

// Finding is one thing that is wrong with one stored item.
type Finding struct {
	Kind FindingKind
	// Entity is the entity's name, or empty when it is not known.
	Entity string
	// Key is the item's key as `pk="…" sk="…"`.
	Key string
	// Attribute is the attribute that is wrong, or the unique one.
	Attribute string
	// Have is its value, Want what it should be; "" for none. For sentinels they are the owners.
	Have, Want string
	// Item is the item as it was read.
	Item RawItem
	// Repaired is set when it has been mended.
	Repaired bool
	// Err says why it could not be decoded, or not be mended.
	Err error
}

func (f Finding) String() string {
	text := fmt.Sprintf("%s: %s[%s]", f.Kind, f.Entity, f.Key)
	switch {
	case f.Attribute == "":
	case f.Kind == Undecodable: // what it should be is not known
		text += ": " + f.Attribute
	default:
		text += fmt.Sprintf(": %s is %q, should be %q", f.Attribute, f.Have, f.Want)
	}
	if f.Err != nil {
		text += ": " + trim(f.Err, f.Entity)
	}
	if f.Repaired {
		text += " (repaired)"
	}
	return text
}

// AuditOptions are the settings of [Table.Audit]. The zero value reads the table in one segment and changes
// nothing.
type AuditOptions struct {
	// Segments is in how many parts the table is read side by side, by default 1.
	Segments int
	// Repair mends what can be mended: discriminators, index keys and sentinels.
	Repair bool
	// From is a cursor of [AuditProgress], from an audit with as many segments, to go on from.
	From string
	// Progress is called after each response page whose findings were all given out, in the goroutine that
	// ranges.
	Progress func(AuditProgress)
}

// AuditProgress is how far an audit has come.
type AuditProgress struct {
	// Items counts the items read, Findings what was found, Repaired what was mended.
	Items, Findings, Repaired int
	// Cursor is for [AuditOptions.From]; "" at the end.
	Cursor string
}

const opAudit = "Audit"

// Audit reads the whole table, consistently, computes for each item anew what entable would have written
// (keys, index keys, discriminator, shard, sentinels of unique values), and ranges over what differs. Run it
// after data came in by another way, after an incident, or with Repair when an entity has gained an
// index or a unique field: the items that are stored already then get their index keys and sentinels.
//
// Repair writes under the condition that everything the judgement was made from is still as it was read.
// When another writer came between, the item is read and judged again; nothing of that writer is lost.
// Items of unknown types are never changed, nor are primary keys, nor items in an older shape
// ([Upgrades]). A break ends the audit; up to a page of each segment may then be mended and not given out.
// Versions are not raised by a repair, since no field changes.
//
// Audit with the newest version of the program: an older one takes for stray what it does not know.
func (t *Table) Audit(ctx context.Context, o AuditOptions) iter.Seq2[Finding, error] {
	return func(yield func(Finding, error) bool) {
		a, at, err := t.newAudit(ctx, o)
		if err != nil {
			yield(Finding{}, err)
			return
		}
		a.run(ctx, at, yield)
	}
}

type audit struct {
	AuditOptions
	t    *Table
	c    *conn
	d    *directory
	plan queryPlan // for its cursors
}

// auditPage is what one response page of a segment gave.
type auditPage struct {
	segment  int
	items    int
	findings []Finding
	at       position // behind the page
	err      error
}

func (t *Table) newAudit(ctx context.Context, o AuditOptions) (*audit, []position, error) {
	o.Segments = max(o.Segments, 1)
	if o.Segments > maxSegments {
		return nil, nil, usagef("table %q: Audit: invalid number of segments %d: use 1 to %d", t.name, o.Segments, maxSegments)
	}
	c, err := t.connFor(ctx, nil)
	if err != nil {
		return nil, nil, err
	}
	a := &audit{AuditOptions: o, t: t, c: c, d: t.directory()}
	a.plan = queryPlan{table: t, op: opAudit, segments: o.Segments, cursor: o.From}
	at, err := a.plan.openCursor(o.Segments)
	return a, at, err
}

func (a *audit) error(err error) error { return &OpError{Op: opAudit, Entity: a.t.name, Err: err} }

func (a *audit) run(parent context.Context, at []position, yield func(Finding, error) bool) {
	ctx, cancel := context.WithCancel(parent)
	pages := make(chan auditPage)
	var wg sync.WaitGroup
	for i, from := range at {
		if !from.done {
			wg.Go(func() { a.segment(ctx, i, from, pages) })
		}
	}
	go func() {
		wg.Wait()
		close(pages)
	}()
	defer func() { // nothing is left running behind the range
		cancel()
		for range pages {
		}
	}()
	var done AuditProgress
	for page := range pages {
		if page.err != nil {
			yield(Finding{}, page.err)
			return
		}
		for _, f := range page.findings {
			done.Findings++
			if f.Repaired {
				done.Repaired++
			}
			if !yield(f, nil) {
				return
			}
		}
		done.Items += page.items
		at[page.segment] = page.at
		if a.Progress == nil {
			continue
		}
		var err error
		if done.Cursor, err = a.plan.sealCursor(at); err != nil {
			yield(Finding{}, err)
			return
		}
		a.Progress(done)
	}
	if err := parent.Err(); err != nil {
		yield(Finding{}, a.error(err))
	}
}

// segment audits one segment, page by page.
func (a *audit) segment(ctx context.Context, segment int, at position, pages chan<- auditPage) {
	for !at.done {
		page := auditPage{segment: segment}
		raws, next, err := a.fetch(ctx, segment, at.after)
		if err == nil {
			page.items, page.at = len(raws), next
			page.findings, err = a.check(ctx, raws)
		}
		page.err, at = err, next
		select {
		case pages <- page:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// rawItems receives the items of a response as they are.
type rawItems struct{ items [][]byte }

func (s *rawItems) Reset() { s.items = nil }

func (s *rawItems) Item(_ string, _ int, r *wire.Reader) error {
	raw, err := r.Skip()
	s.items = append(s.items, raw)
	return err
}

func (a *audit) fetch(ctx context.Context, segment int, after map[string]types.AttributeValue) ([][]byte, position, error) {
	in := &dynamodb.ScanInput{TableName: &a.t.name, ConsistentRead: new(true), ExclusiveStartKey: after}
	if a.Segments > 1 {
		in.Segment, in.TotalSegments = new(int32(segment)), new(int32(a.Segments))
	}
	var sink rawItems
	var out *dynamodb.ScanOutput
	var err error
	if a.t.hooked(a.c) {
		out, err = a.c.Scan(ctx, in, a.c.wire.NewCall(&sink).Option)
	} else if out, err = a.c.Scan(ctx, in); err == nil {
		err = replay(&sink, out.Items)
	}
	if err != nil {
		return nil, position{}, a.error(err)
	}
	return sink.items, position{after: out.LastEvaluatedKey, done: len(out.LastEvaluatedKey) == 0}, nil
}

// check judges the items of one page, and mends them.
func (a *audit) check(ctx context.Context, raws [][]byte) (out []Finding, err error) {
	var claims []claimed
	var sentinels []RawItem
	for _, raw := range raws {
		item, err := wire.ReadItem(raw)
		if err != nil {
			return nil, a.error(err)
		}
		if a.isSentinel(item) {
			sentinels = append(sentinels, item)
			continue
		}
		v, err := a.mend(ctx, item)
		if err != nil {
			return nil, err
		}
		out, claims = append(out, v.findings...), append(claims, v.claims...)
	}
	for _, check := range []func() ([]Finding, error){
		func() ([]Finding, error) { return a.checkClaims(ctx, claims) },
		func() ([]Finding, error) { return a.checkSentinels(ctx, sentinels) },
	} {
		found, err := check()
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

// mend judges an item by itself and, if asked to, repairs it; when another writer comes between, again
// with what that one wrote.
func (a *audit) mend(ctx context.Context, item RawItem) (verdict, error) {
	for attempt := 1; ; attempt++ {
		v := a.judge(item)
		if !a.Repair || len(v.fixes) == 0 {
			return v, nil
		}
		err := a.fix(ctx, &v)
		if err == nil {
			for i := range v.findings {
				v.findings[i].Repaired = v.findings[i].Err == nil
			}
			return v, nil
		}
		if _, raced := conditionFailed(err); !raced && !transactionRaced(err) {
			return v, a.error(err)
		}
		if attempt == maxConflicts {
			for i := range v.findings {
				v.findings[i].Err = err
			}
			return v, nil
		}
		if err := pause(ctx, attempt); err != nil {
			return v, a.error(err)
		}
		if item, err = a.read(ctx, a.keyOf(item)); err != nil {
			return v, err
		}
		if item == nil { // deleted since
			return verdict{}, nil
		}
	}
}

// transactionRaced reports whether a request failed only because another writer came between.
func transactionRaced(err error) bool {
	if errors.Is(err, ErrConflict) {
		return true
	}
	if _, conflict := errors.AsType[*types.TransactionConflictException](err); conflict {
		return true
	}
	canceled, ok := errors.AsType[*types.TransactionCanceledException](err)
	if !ok {
		return false
	}
	for _, r := range canceled.CancellationReasons {
		if r.Code == nil {
			continue
		}
		switch *r.Code {
		case "None", "ConditionalCheckFailed", "TransactionConflict":
		default:
			return false
		}
	}
	return true
}

// keyOf is an item's primary key.
func (a *audit) keyOf(item RawItem) map[string]types.AttributeValue {
	key := map[string]types.AttributeValue{a.t.pk.name: item[a.t.pk.name]}
	if a.t.sk.exists() {
		key[a.t.sk.name] = item[a.t.sk.name]
	}
	return key
}

// read reads one item, consistently; nil when there is none.
func (a *audit) read(ctx context.Context, key map[string]types.AttributeValue) (RawItem, error) {
	out, err := a.c.GetItem(ctx, &dynamodb.GetItemInput{TableName: &a.t.name, Key: key, ConsistentRead: new(true)})
	if err != nil {
		return nil, a.error(err)
	}
	return itemOrNil(out.Item), nil
}

func itemOrNil(item map[string]types.AttributeValue) RawItem {
	if len(item) == 0 {
		return nil
	}
	return item
}

// readTogether reads items as they are at one moment; nil for those that do not exist.
func (a *audit) readTogether(ctx context.Context, keys ...map[string]types.AttributeValue) ([]RawItem, error) {
	in := &dynamodb.TransactGetItemsInput{}
	for _, key := range keys {
		in.TransactItems = append(in.TransactItems, types.TransactGetItem{Get: &types.Get{TableName: &a.t.name, Key: key}})
	}
	for attempt := 1; ; attempt++ {
		out, err := a.c.TransactGetItems(ctx, in)
		if err == nil {
			items := make([]RawItem, len(keys))
			for i := range out.Responses {
				items[i] = itemOrNil(out.Responses[i].Item)
			}
			return items, nil
		}
		if !transactionRaced(err) || attempt == maxConflicts {
			return nil, a.error(err)
		}
		if err := pause(ctx, attempt); err != nil {
			return nil, a.error(err)
		}
	}
}

// readMany reads items, consistently, by their keys' texts.
func (a *audit) readMany(ctx context.Context, keys map[string]map[string]types.AttributeValue) (map[string]RawItem, error) {
	found := map[string]RawItem{}
	var todo []map[string]types.AttributeValue
	for _, text := range slices.Sorted(maps.Keys(keys)) {
		todo = append(todo, keys[text])
	}
	for attempt := 1; len(todo) > 0; {
		n := min(len(todo), maxBatchGet)
		out, err := a.c.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
			a.t.name: {Keys: todo[:n], ConsistentRead: new(true)},
		}})
		if err != nil {
			return nil, a.error(err)
		}
		for _, item := range out.Responses[a.t.name] {
			found[a.t.keyText(item)] = item
		}
		left := out.UnprocessedKeys[a.t.name].Keys
		todo = append(todo[n:], left...)
		if len(left) == 0 {
			attempt = 1
			continue
		}
		if err := pause(ctx, attempt); err != nil {
			return nil, a.error(err)
		}
		attempt++
	}
	return found, nil
}
