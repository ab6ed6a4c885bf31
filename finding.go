package entable

import "fmt"

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
	// OtherPlace: it lies at the place that [Moved] names. It is moved to the entity's own, with its unique values.
	OtherPlace FindingKind = "at the other place"
	// Superseded: it lies at the place that [Moved] names, and the entity's own place has it too. It is removed: the one at the
	// entity's own place counts.
	Superseded FindingKind = "superseded at the other place"
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
	// Have is its value, Want what it should be; "" for none. For sentinels they are the owners, for items at another place the keys.
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
	case f.Kind == OtherPlace, f.Kind == Superseded:
		text += fmt.Sprintf(": its place is [%s]", f.Want)
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
