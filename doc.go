// Package entable maps Go structs of many types to one DynamoDB table.
//
// A single table serves an application well when items that are read together share a partition. The
// price is paid in key strings that are put together by hand, in collisions between them that nobody
// notices, and in responses that have to be decoded twice: once to see what an item is, and once into
// it. Here the table owns the key attributes, types register on it, and one query of a partition
// returns all its items, each decoded into its own type.
//
// # The nouns
//
//   - [Table]: one DynamoDB table with generic key attributes, "pk" and "sk", and the registry of the
//     types on it.
//   - [Entity]: a struct type registered on a table by [Register], with its operations: Put, Create,
//     Get, Query, QueryIndex, Update, Patch, SaveChanges, Delete, Remove.
//   - Key: what [PK] and [SK] build from fields: a prefix, which tells entities apart, and components.
//   - Prefix: generated for each key ("CD", "CT"), set with [Prefix], or shared with [PrefixOf].
//     Entities that share a partition key's prefix share partitions.
//   - [Collection]: the items of several entities in one partition, as one Go struct.
//   - Discriminator: the attribute "_type" that names an item's entity. Tables can do without, see
//     [NoDiscriminator]; types are then found from the keys.
//   - Example: how a key is given. A T with its key fields set; the other fields do not count.
//   - Place: where an entity's items are: under its own keys and, while these change, under those that [Moved] names.
//   - [Write]: one write of any entity, to be carried out with others by [Transact] or [BatchWrite].
//
// # A tour
//
// Declare the types, the table and the entities. This runs at package initialisation: a mistake in it
// panics with a [*DeclarationError] that names the type, the field and the cure. (The Try forms return
// it.) Nothing panics on data.
//
//	type Command struct {
//		DeviceID  uuid.UUID `dynamodbav:"device_id"`
//		CommandID uuid.UUID `dynamodbav:"command_id" entable:"auto=uuid4"`
//		Status    string    `dynamodbav:"status" entable:"default=pending" validate:"oneof=pending failed complete"`
//	}
//	type Log struct {
//		DeviceID  uuid.UUID `dynamodbav:"device_id"`
//		Timestamp time.Time `dynamodbav:"timestamp" entable:"auto=now"`
//		Text      string    `dynamodbav:"text" validate:"required"`
//	}
//	type Device struct { // all that is stored of one device
//		Commands []Command
//		Logs     []Log
//	}
//
//	var (
//		Items    = entable.NewTable("items")
//		Commands = entable.Register[Command](Items, entable.PK("device_id"), entable.SK("command_id"))
//		Logs     = entable.Register[Log](Items, entable.PK("device_id", entable.PrefixOf(Commands)), entable.SK("timestamp"))
//		Devices  = entable.NewCollection[Device](Commands, Logs)
//	)
//
// Give the table a client and use the entities:
//
//	Items.Use(dynamodb.NewFromConfig(cfg))
//	cmd := Command{DeviceID: device}
//	err := Commands.Put(ctx, &cmd)                           // CommandID and Status are filled in
//	got, err := Commands.Get(ctx, cmd)                       // by its key fields
//	err = Commands.Update(*got).Set("status", "failed").Do(ctx)
//	dev, err := Devices.Get(ctx, Command{DeviceID: device})  // one Query, both types, grouped
//	before := Devices.Clone(dev)
//	dev.Logs = append(dev.Logs, Log{DeviceID: device, Text: "seen"})
//	err = Devices.Save(ctx, before, dev)                     // what differs, in one transaction
//	for item, err := range Items.Query(Command{DeviceID: device}).All(ctx) {
//		switch v := item.(type) {                        // mixed, in the order of the sort key
//		case *Command:
//		case *Log:
//		}
//	}
//
// Tests need no server: memory.New().Client(), of the package entable/memory, is a *dynamodb.Client
// whose requests are answered in the process.
//
// # What is stored
//
// An item has the key attributes, the discriminator, the keys of the indexes that it is in, and each
// exported field under its own name, as the SDK's attributevalue package stores it with UseEncodingMarshalers, or, on a table
// with [SDKDefaults], by default; key fields too.
// What this package writes, attributevalue reads, and the other way round. The keys of the two types
// above are
//
//	pk=CD#{device_id}  sk=CC#{command_id}
//	pk=CD#{device_id}  sk=LT#{timestamp}
//
// Keys that another program has stored are declared as they are, with [Template]; a field can be a key attribute itself, and
// [Derived] names what a function makes of fields.
//
// Different values never give the same key, and the order of the stored sort keys is the order of the
// values, for every type of field; [PK] has the rules.
//
// # Tags
//
// The tag `dynamodbav:"name,options"` is the SDK's, with all its options:
//
//	name                             the attribute's name; without it, the field's
//	-                                the field is not stored
//	omitempty                        left out when zero
//	omitemptyelem                    empty elements of a list or map are left out
//	nullempty, nullemptyelem         empty values, or elements, are stored as NULL
//	string                           a number or bool is stored as S
//	unixtime                         a time.Time is stored as N, seconds since 1970
//	stringset, numberset, binaryset  a slice is stored as a set, which has no element twice
//
// The tag `entable:"option,option"` gives a field a meaning to this package:
//
//	auto=STRATEGY   set when an item is put, created or upserted and the field is zero; see [Strategy]
//	touch=STRATEGY  set to the time on every write, updates too: now, epoch, epoch_ms, iso8601
//	default=TEXT    set as by auto when the field is zero
//	version         an integer that every write checks and raises: a write of an instance that is
//	                no longer what is stored is a [*ConditionFailedError]
//	ttl             when the service may remove the item; stored as seconds since 1970, left out when
//	                zero; see [ExpiresIn], [HideExpired]
//	keyonly         the items have no such attribute: the value stands in the primary key, and is read from there
//	unique          no two items of the entity have the same value; a second one is a [*UniqueError]
//	encrypt         stored encrypted, see [Encryption]; with hash=NAME, index keys and unique values have a hash of it, see [HashKey]
//	zstd            stored compressed; both go on fields of the item itself, whose parts cannot be asked for or changed then
//	readplain       with these: values that are stored as they are, from before, are read too
//	hidden          left out of ToMap and of errors, as encrypted fields are
//	partial         a bool, not stored, that is set in items which were read in part
//	rest            a map[string]any that keeps the attributes that the type does not have
//
// They are for fields that are attributes of the item. In a struct inside an attribute they have no meaning, for it may be an entity elsewhere;
// but what is to be encrypted, compressed, hidden or kept there is refused. On a field of a collection's struct, "-" says that the field takes no items.
//
// The tag `validate:"…"` has the rules of github.com/go-playground/validator/v10. They are checked on every write, after values were
// filled in, unless it says [SkipValidation], and never on a read. Update and Patch check each value that they write by its own rules; what
// adding makes of a number, and rules across fields, are left to Put, SaveChanges and upserts. A rule with a wrong parameter, or for another
// type, is a wrong declaration; one that cannot be applied to what an interface holds counts as broken.
//
// # Errors
//
// Operations return errors that name the operation, the entity and the key. Match the cause:
//
//	errors.Is(err, entable.ErrNotFound)            // also ErrExists, ErrThrottled, ErrTableNotFound, …
//	errors.AsType[*entable.ValidationError](err)   // also *ConditionFailedError, *ItemTooLargeError, …
//
// The SDK's own errors stay in the chain. [IsError] tells whether an error is of this package,
// [IsRetryable] whether the same call may succeed later.
//
// Each error with its cure, and a table of what can be lost, doubled or wrong, and how a program is told:
// https://github.com/entable/entable/blob/main/docs/errors.md#what-can-be-lost-doubled-or-wrong-and-how-you-are-told
//
// # Caveats
//
//   - Generated prefixes depend on the order of registration and on the names of types and attributes.
//     Once data is stored, pin them with [Lock], and give renamed types their old names with [Was].
//     Without a lock, do not reorder, insert or rename, and declare the entities of a table in one file:
//     files of one package are initialised in the order of their names. Start programs with
//     [Table.Verify].
//   - Zero is "not set". A zero time, UUID or byte array and an empty text cannot be part of a key;
//     defaults and generated values cannot tell a zero that was meant.
//   - Loaded strings share pieces of memory of up to 16 kB, and items of one page such of 8 kB, which live as long as
//     one of them. Where a few items of many pages are kept for long, what FromItem makes of ToItem is apart.
//   - A write works on a copy of the caller's struct and gives it back when the write succeeds. Slices
//     and maps are not copied: a hook must replace them, not change them in place.
//   - Put replaces the whole item: attributes that T does not have are lost, unless T has a `rest`
//     field. Patch, SaveChanges and Update leave them alone. An attribute is written as a whole, by SaveChanges too: what its map has and
//     the Go type has not is lost then. A path, as in Patch(&v).Set("address.city", city), changes that part alone.
//   - `unique` costs a consistent read and a transaction with one more item for each value that changes.
//     It holds among writes through this package only.
//   - [If] and filters take the SDK's expressions, which know attributes by their stored names and encode values as
//     attributevalue does by default. A name that items do not have, and a value of a kind that the attribute never has, are
//     refused; [Value] and the handles of [Field] encode as the table does.
//   - A cursor holds the last key in plain form, unless the table has a [CursorKey].
//   - Separators other than "#" may cost the order of text values: [Separator].
package entable
