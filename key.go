package entable

import (
	"fmt"
	"reflect"
	"unsafe"

	"github.com/entable/entable/internal/schema"
)

// KeySpec declares how an entity builds a partition key or a sort key; [PK] and [SK] make it.
type KeySpec struct{ d schema.KeyDecl }

// PK declares the partition key of an entity, or of one of its indexes inside [Index]. Its parts are,
// in the order in which the key is rendered:
//
//   - a string: the name of an attribute (the name under which a field is stored, not the Go name);
//   - [Attr]: the same with a width or a layout;
//   - [Literal]: fixed text;
//   - alone: [Template], a key as it is stored;
//
// and, anywhere among them, settings of the whole key: [Prefix], [NoPrefix], [PrefixOf], [Separator],
// [Shards].
//
// The key is rendered as prefix, "#", component, "#", component, …; inside a component `#`, `%` and all
// that sorts below `%`, such as a space, are percent-encoded, so that different values never give the same
// key and the order of keys is that of values. Without a setting the prefix is
// generated, see [Register]; a key that starts with a Literal has no other prefix. In a table whose
// key attribute is a number or binary, the key is one attribute and has no prefix.
//
// Fields may be strings and named string types, integers, unsigned integers, floats, bools, []byte and
// byte arrays, [time.Time], and types with MarshalText such as uuid.UUID or an enum. The rendered
// keys have the order of the values. A key field may not be a pointer, and may not be empty when an
// item is written: an empty text, a zero time or a zero array (uuid.Nil) is a [*KeyError].
func PK(parts ...any) KeySpec { return KeySpec{schema.KeyDecl{Parts: keyParts(parts)}} }

// SK declares the sort key; see [PK] for the parts. An entity without one, on a table or index that
// has a sort key, gets the sort key "A".
func SK(parts ...any) KeySpec { return KeySpec{schema.KeyDecl{Sort: true, Parts: keyParts(parts)}} }

func keyParts(list []any) []schema.Part {
	out := make([]schema.Part, len(list))
	for i, p := range list {
		switch p := p.(type) {
		case string:
			out[i] = schema.Part{Kind: schema.AttrPart, Text: p}
		case KeyPart:
			out[i] = p.p
		default:
			out[i] = schema.Part{Kind: schema.WrongPart, Text: fmt.Sprintf("%T", p)}
		}
	}
	return out
}

func (k KeySpec) applyEntity(c *entityConfig) {
	if k.d.Sort {
		c.SKs = append(c.SKs, k.d)
	} else {
		c.PKs = append(c.PKs, k.d)
	}
}

// KeyPart is a part of a key: a component, made by [Attr] or [Literal], or a setting of the whole key, made by [Prefix],
// [NoPrefix], [PrefixOf], [Separator] or [Shards]. The zero KeyPart is none, and a wrong declaration.
type KeyPart struct{ p schema.Part }

// Attr names an attribute as a component of a key, to be refined with [KeyPart.Width] or
// [KeyPart.Layout]. Attr("id") alone means the same as "id".
func Attr(name string) KeyPart { return KeyPart{schema.Part{Kind: schema.AttrPart, Text: name}} }

// Width sets the number of digits of an integer component, overriding the default of 19 (20 for
// unsigned integers). Use it for short readable keys of a known range: Attr("year").Width(4). A value
// that needs more digits is a [*KeyError], never a longer text.
func (k KeyPart) Width(digits int) KeyPart {
	k.p.Width, k.p.Refined = digits, fmt.Sprintf("Width(%d)", digits)
	return k
}

// Layout sets the layout of a time component, overriding the default of nanoseconds
// ("2006-01-02T15:04:05.000000000Z"). It is one of the layouts that sort as the times do: "2006",
// "2006-01", "2006-01-02", "2006-01-02T15", "2006-01-02T15:04", "2006-01-02T15:04:05Z", and the last
// with .000Z, .000000Z or .000000000Z. Times are rendered in UTC. A time that the layout cannot hold
// exactly is a [*KeyError], never truncated: two times are never one key.
func (k KeyPart) Layout(layout string) KeyPart {
	k.p.Layout, k.p.Refined = layout, fmt.Sprintf("Layout(%q)", layout)
	return k
}

// Literal returns fixed text as a segment of a key: SK(Literal("ORDER"), "year", "id"). At the start of a
// key it takes the place of the prefix and is reserved like one.
func Literal(text string) KeyPart { return KeyPart{schema.Part{Kind: schema.LiteralPart, Text: text}} }

// Template declares a whole key as it is stored, for data that other programs have written; PK and SK take no other part
// then. It is fixed text of any kind and attributes in braces:
//
//	entable.SK(entable.Template("#FUNC:{user}/{name}#v{no:04}"))
//
// Values stand in it as they are. One that is followed by fixed text may not contain that text, which is a [*KeyError] when
// the key is built: so different values never give the same key, and keys read back. UUIDs, ULIDs, KSUIDs and all else that
// has a fixed width is cut by its width instead and needs no text behind it. "{{", "}}", "[[" and "]]" are the characters.
//
// A tail in brackets may be missing: "A#{id}[#{name}]" is A#1 where name is zero, and A#1#x where it is not. Several stand one
// behind the other, "{country}[#{state}][#{city}]", and a key ends before the first from which on all is zero. In an index the
// whole key may be in brackets, "[DUE#{due}]": an item where all in it is zero lacks that attribute, and is not in the index.
//
// An attribute may be a path into a struct, {data.email}, and have a format behind a colon:
//
//   - {no} is an integer as it is, {no:08} one of eight digits with zeros in front, never negative or longer;
//   - {id:uuid}, {id:ulid} and {id:ksuid} are strings of 36, 26 and 27 letters, digits and hyphens;
//   - {at:2006-01-02 15:04:05.000000} is a time in any layout of package time, in UTC unless the layout shows the offset;
//     {at:unix} and {at:unixms} are the digits of its seconds and milliseconds, from 2001-09-09 on; {at} is as the attribute
//     is stored, in RFC 3339. A time that does not fit is a *KeyError;
//   - {at:200601}, a layout without seconds, and {at:~unix}, any with a tilde, hold a part of the time. Such a key does not
//     give the time back, and the key has to tell items apart without it.
//
// Conditions on the sort key are possible where keys have the order of the values: numbers of a fixed width, layouts that
// sort, ids, and text at the end. Any other is a *KeyError when the query is built; equality, also on the leading
// attributes, is always possible.
func Template(text string) KeyPart {
	return KeyPart{schema.Part{Kind: schema.TemplatePart, Text: text}}
}

// Prefix sets the key's prefix, overriding the generated one; use it for prefixes that must not depend
// on registration order, or that exist in stored data. That of a partition key is reserved on the table: a second one with
// the same prefix is refused, unless it shares it through [PrefixOf]. That of a sort key or of an index may stand in several
// entities whose items cannot have one key.
func Prefix(text string) KeyPart { return KeyPart{schema.Part{Kind: schema.PrefixPart, Text: text}} }

// NoPrefix turns the prefix off. Registration then has to prove in another way, from the sort key or the
// number of components, that no other entity can build the same key.
func NoPrefix() KeyPart { return KeyPart{schema.Part{Kind: schema.NoPrefixPart}} }

// PrefixOf shares the prefix and separator of another entity's key of the same kind (partition key,
// sort key, or the same index's). The components must be of the same kinds: both entities then live in
// the same partitions and form an item collection. Of a [Template] it shares the fixed texts and formats: give the names of the
// attributes in its places, in their order.
func PrefixOf(e Registered) KeyPart {
	p := schema.Part{Kind: schema.PrefixOfPart}
	if of := entityOf(e); of != nil {
		p.Of = of.Entity
	}
	return KeyPart{p}
}

// Separator sets the text between prefix and components, overriding the default "#". It is one ASCII
// punctuation character except "%". Separators that sort above "%" keep keys unique and reversible,
// but not the order of text values that contain the separator or "%".
func Separator(s string) KeyPart { return KeyPart{schema.Part{Kind: schema.SeparatorPart, Text: s}} }

// Shards spreads a partition that is written too often for one over n partitions: the key gets a last
// component, a number from 0 to n-1 that is a hash of another attribute. Reads by key find it from that
// attribute, which must therefore be set, and belongs best to the sort key; queries ask all shards and
// merge their items in the order of the sort key. n can be 2 to 256; for stored items it is
// changed with [Moved].
//
//	entable.PK("tenant", entable.Shards(8, "order_id"))
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-sharding.html
func Shards(n int, attribute string) KeyPart {
	return KeyPart{schema.Part{Kind: schema.ShardsPart, Text: attribute, Shards: n}}
}

// Derived names a text that f makes of attributes of the entity, the sources, and that keys are then made of by this name like
// of an attribute: PK("bucket", "id"), Template("B{bucket}#{id}"). It adds nothing to what tells items apart. Keys of indexes
// follow when a source changes; the sources of the primary key cannot be changed. What does not hold the sources, as an index of
// keys only, is read without them, and a query by a leading part stops before the text unless the example has them.
//
// f gets an item with nothing but the sources set. It has to be pure: the manifest and the lock know the sources and not f, and
// stored keys keep what an earlier f made, as the audit then says. A panic, or an empty text where no bracket of a template lets
// it be missing, is a [*KeyError]. f is called by writes, and by reads to check the primary key, concurrently.
func Derived[T any](name string, sources []string, f func(*T) string) EntityOption {
	d := schema.DerivedDecl{Name: name, Sources: sources, Type: reflect.TypeFor[T]()}
	if f != nil {
		d.Of = func(item unsafe.Pointer) string { return f((*T)(item)) }
	}
	return entityOption(func(c *entityConfig) { c.Derived = append(c.Derived, d) })
}

// Distinct says of another entity of the table, registered before, that no item of it has the key of an item of this one,
// where the proof cannot show it: for keys that exist and cannot change, as those whose parts only your own rules keep apart.
// Nothing checks it. The reason stands in the manifest and the lock. Items without a type whose keys are of both entities
// are unknown: see [UnknownEntityError].
func Distinct(other Registered, reason string) EntityOption {
	d := schema.DistinctDecl{Reason: reason}
	if of := entityOf(other); of != nil {
		d.Of = of.Entity
	}
	return entityOption(func(c *entityConfig) { c.Distinct = append(c.Distinct, d) })
}

// Index makes the entity's items visible in an index of the table. The keys are built like the
// table's, with prefixes of their own, and kept up on every write; one whose attribute the items have anyway is left out here. When a component's field is empty
// and its tag says omitempty, the item is left out of the index.
func Index(name string, keys ...KeySpec) EntityOption {
	join := schema.JoinDecl{Index: name}
	for _, k := range keys {
		join.Keys = append(join.Keys, k.d)
	}
	return entityOption(func(c *entityConfig) { c.Joins = append(c.Joins, join) })
}

// Moved says at which other place items of the entity may be: the [PK], the [SK], or both, that they had before a key was
// changed (another number of [Shards], prefix, layout or template), or will have in the next version of the program. Both keys
// are made of the same attributes; a key that is not given is the entity's own. Reads look at both places, and the item at the
// entity's own place counts where both have it. Writes move the item there, in one transaction. [Table.Audit] with Repair moves
// what is left, and says when the option can go.
//
// Programs that know one place only neither find nor respect what is at the other. So a key is changed in four versions, of which
// two that follow each other may run at once:
//
//	Register[Order](Items, PK("tenant", Shards(8, "id")), SK("id"))                                        // as it was
//	Register[Order](Items, PK("tenant", Shards(8, "id")), SK("id"), Moved(PK("tenant", Shards(32, "id")))) // looks ahead
//	Register[Order](Items, PK("tenant", Shards(32, "id")), SK("id"), Moved(PK("tenant", Shards(8, "id")))) // moves
//	Register[Order](Items, PK("tenant", Shards(32, "id")), SK("id"))                                       // when all have moved
//
// Without the second one, what the first writes at the old place beside the third is lost where the item has moved before, and
// an item that has moved is not there for the first. A lock takes the change; [Table.Verify] refuses the first version once the
// third has come, and the fourth until an audit with Settle has found no item at the old place. In Moved, [PrefixOf] is the prefix
// at the other place of an entity that has one.
//
// What it costs: a Get reads two keys in one request, and, where neither is, both again in a transaction, so that an item on its
// way is found. A query asks the partitions of the other place, those of its own, and the other ones again, for each page of either; it
// never gives an item twice, and misses none that moves meanwhile, unless it moves there and back between two of these requests. With
// a filter, or where expired items are hidden, it looks up at both what the other place gives. Put, Create and Delete are transactions of two items, which cost four times as much, and with conditions a read more; an update
// of an item that has moved is one request, of one that has not a read and a transaction. [BatchWrite] sends them one by one. Where the sort keys have another
// order, or a partition depends on what a query does not know, queries are refused, as are those of indexes by the table's key.
// [Collection.Delete] and [Collection.Copy] walk over the other place before and after their own.
// Scans and queries of indexes give an item that both places have once; one that moves while they run may come twice or not at all.
func Moved(keys ...KeySpec) EntityOption {
	var d schema.MovedDecl
	for _, k := range keys {
		if k.d.Sort {
			d.SKs = append(d.SKs, k.d)
		} else {
			d.PKs = append(d.PKs, k.d)
		}
	}
	return entityOption(func(c *entityConfig) { c.Moved = append(c.Moved, d) })
}
