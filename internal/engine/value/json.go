package value

// ParseItem reads an object of attribute values. See the note on errors at Error.
func ParseItem(json []byte) (Item, error) { return Item{}, nil }

// ParseValue reads one attribute value.
func ParseValue(json []byte) (Value, error) { return Value{}, nil }

// AppendJSON appends the item as DynamoDB JSON.
func (it Item) AppendJSON(dst []byte) []byte { return dst }

// AppendJSON appends the value as DynamoDB JSON.
func (v Value) AppendJSON(dst []byte) []byte { return dst }
