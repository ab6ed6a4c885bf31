// Package wire reads and writes DynamoDB JSON, the form in which items travel, and is the fast route through the SDK's client.
//
//   - reader.go, text.go, number.go, skip.go: Reader, a strict scanner over one JSON text
//   - append.go: writers that append to the caller's slice
//   - attrs.go: a few attributes of an item without decoding it
//   - size.go: the service's item size
//   - value.go: attribute values of the SDK to bytes and back
//   - call.go, client.go, serializer.go, deserializer.go: the fast route, by which requests and responses of a *dynamodb.Client
//     have no attribute values in between
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
package wire

// Kind is the type tag of an attribute value. The zero Kind is no tag.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
type Kind uint8

// The kinds of attribute values, scalars first.
const (
	Invalid Kind = iota
	S
	N
	B
	BOOL
	NULL
	M
	L
	SS
	NS
	BS
)

var kindNames = [...]string{"invalid", "S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"}

// String returns the tag as it stands in JSON.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return kindNames[Invalid]
}

// kindOf returns the kind with that tag, or Invalid.
func kindOf(tag []byte) Kind {
	switch string(tag) {
	case "S":
		return S
	case "N":
		return N
	case "B":
		return B
	case "BOOL":
		return BOOL
	case "NULL":
		return NULL
	case "M":
		return M
	case "L":
		return L
	case "SS":
		return SS
	case "NS":
		return NS
	case "BS":
		return BS
	}
	return Invalid
}
