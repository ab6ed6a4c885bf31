// Package codec turns Go structs into DynamoDB JSON and back, by a plan that is compiled once per type.
//
//   - plan.go: Plan and Field, the entry points; error.go: Error
//   - options.go, fields.go: tags, and which fields are attributes
//   - compile.go: from a type to its codec, and what holds for all types: when a value is empty
//   - scalar.go, time.go, list.go, maps.go, structs.go, pointer.go, interface.go: the codecs by kind
//   - usual.go: attributes as most are, in one loop; expect.go: items of one type only
//   - methods.go, unset.go: types that encode themselves, and their values that are not set
//   - oneway.go: types that could be written and not be read
//
// What it writes and reads is what attributevalue does with UseEncodingMarshalers and UseEncodingUnmarshalers: the
// dynamodbav tag with all its options, embedded structs, Marshaler and Unmarshaler, the text and binary interfaces of
// package encoding, and the types that an empty interface gets. A plan that is asked for with SDKDefaults does what
// attributevalue does without these options: the interfaces of package encoding do not count. It differs where
// attributevalue would lose or change data without a word, panic, or could not read what it has written:
//
//   - Text and keys that are not UTF-8, NaN and infinities, Number texts that are no numbers, and times before the year 0
//     or after 9999 cannot be encoded. An N that is no decimal number cannot be decoded.
//   - Into an interface, a number that float64 cannot hold exactly is decoded as attributevalue.Number, and a number set
//     with such a number as []attributevalue.Number.
//   - The option unixtime works for time.Time too, which attributevalue stores as text when it uses encoding marshalers.
//   - A types.AttributeValue, as a field or inside an interface, stands for itself.
//   - Methods are found whatever their receiver, also for what maps and interfaces hold and for struct types without a name.
//     They are not called with nil pointers. A pointer to an interface is what the interface holds.
//   - A type that could be written and not be read again is an error of PlanOf: methods for one direction only, interfaces with
//     methods, structs of which no field is exported, complex numbers. Inside an interface such values are encoded.
//   - A value that is not set, and which its methods write and do not read, is NULL, or left out with omitempty: uuid.NullUUID{}.
//   - The key of a map is its value, not what its String method prints, so that a time.Duration can be one. Keys that have the
//     same text, that are not set or NaN are errors.
//   - The elements of sets are encoded and decoded one by one, with their methods.
//   - A number is decoded into a big.Int; encoding makes it text, as attributevalue does.
//   - A binary value whose length is not that of the array, and a value for an interface with methods, are errors.
//   - A decoded slice is always a new one: an older one's elements are neither kept nor overwritten.
//   - An attribute that occurs twice is an error. Of names that differ in case the exact one counts, else the first.
//   - More than 32 levels of lists and maps are an error, so that a value that contains itself is one too.
//   - An item is never text or bytes: these methods of the struct type itself do not count.
//   - Embedded pointers to structs that are not exported are set.
//   - Unknown and contradicting options, two fields of one struct with the same name in their tags, and maps with keys that
//     have no text are errors of PlanOf.
package codec
