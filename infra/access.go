package infra

import (
	"fmt"

	"github.com/entable/entable"
)

// Access is what a program does, for [Allow], [AllowIndex] and [AllowTable]. Several are joined by |.
type Access uint32

// What a program does with items of entities.
const (
	// Get is Get, and the Gets of TransactGet.
	Get Access = 1 << iota
	// BatchGet is BatchGet, and Hydrate of a query or scan.
	BatchGet
	// Query is Query of entities, tables and collections, with Count; for [AllowIndex], QueryIndex.
	Query
	// Scan reads the whole table, or the whole index for [AllowIndex], whatever it is looking for.
	Scan
	// Put is Put and Create, alone and in transactions.
	Put
	// Update is Update, Patch and SaveChanges, alone, with Once, and in transactions.
	Update
	// Fetch is an Update with Fetch, and a Patch or SaveChanges of an item that was read in part: these may read the item first.
	Fetch
	// Delete is Delete and Remove, alone and in transactions.
	Delete
	// BatchWrite is BatchWrite of puts and deletes. Those that have conditions, as those of a version, are sent alone: allow Put and
	// Delete as well.
	BatchWrite
	// Check is the ConditionCheck of a transaction.
	Check

	// Read and Write are all that read and write items by key.
	Read  = Get | BatchGet | Query
	Write = Put | Update | Fetch | Delete | BatchWrite | Check
)

// What a program does with the table as a whole.
const (
	// Compare is Diff, Exists and Require, and Ensure where the table is there and fits.
	Compare Access = 1 << (iota + 16)
	// Create is CreateTable.
	Create
	// Ensure is Ensure where the table may be missing.
	Ensure
	// Drop is DeleteTable.
	Drop
	// Verify is Verify.
	Verify
	// Audit is Audit without Repair.
	Audit
	// Repair is Audit with Repair.
	Repair
	// Stream is Poll of a handler of the package stream.
	Stream
	// Checkpoints is keeping its positions with TableCheckpoints that are in this table.
	Checkpoints
	// AddIndexes is AddIndexes.
	AddIndexes
)

const (
	onItems   = Read | Write | Scan
	onIndexes = Query | Scan
	onTables  = Compare | Create | Ensure | Drop | Verify | Audit | Repair | Stream | Checkpoints | AddIndexes
)

func (a Access) has(b Access) bool { return a&b != 0 }

// A Grant is a part of what a program does, for [Policy].
type Grant func(*policy) error

// Allow says what the program does with items of these entities.
func Allow(access Access, entities ...entable.Registered) Grant {
	return func(p *policy) error {
		if access == 0 || access&^onItems != 0 {
			return fmt.Errorf("cannot allow entities %#x: give Get, Query, Put and the others that are about items", uint32(access))
		}
		list, err := p.entities(entities)
		if err != nil {
			return err
		}
		for _, e := range list {
			p.allowEntity(access, e)
		}
		return nil
	}
}

// AllowIndex says that the program reads these entities through an index: by Query, Scan or both.
func AllowIndex(index string, access Access, entities ...entable.Registered) Grant {
	return func(p *policy) error {
		if access == 0 || access&^onIndexes != 0 {
			return fmt.Errorf("cannot allow index %q %#x: an index has Query and Scan", index, uint32(access))
		}
		list, err := p.entities(entities)
		if err != nil {
			return err
		}
		for _, e := range list {
			if err := p.allowIndex(access, index, e); err != nil {
				return err
			}
		}
		return nil
	}
}

// AllowTable says what the program does with the table as a whole: the [Access] of [Compare] and those behind it.
func AllowTable(access Access) Grant {
	return func(p *policy) error {
		if access == 0 || access&^onTables != 0 {
			return fmt.Errorf("cannot allow the table %#x: give Verify, Audit and the others that are about tables", uint32(access))
		}
		return p.allowTable(access)
	}
}

// ARN sets the table's ARN, overriding arn:aws:dynamodb:*:*:table/ and its name; use it to name region and account, or another
// partition of AWS. A table whose name is an ARN has that one.
func ARN(arn string) Grant {
	return func(p *policy) error {
		p.arn = arn
		return nil
	}
}

// entities finds entities in the manifest.
func (p *policy) entities(list []entable.Registered) (out []*entity, err error) {
	if len(list) == 0 {
		return nil, fmt.Errorf("cannot allow anything without an entity: say of which items it is")
	}
	for _, r := range list {
		named, ok := r.(interface {
			Name() string
			Table() *entable.Table
		})
		if !ok || named.Name() == "" {
			return nil, fmt.Errorf("cannot allow %T: it is not registered", r)
		}
		e := p.found[named.Name()]
		if e == nil || named.Table() != p.table {
			return nil, fmt.Errorf("cannot allow %s: it is not registered on table %q", named.Name(), p.table.Name())
		}
		out = append(out, e)
	}
	return out, nil
}
