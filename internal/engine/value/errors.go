package value

// ErrorType is the service's class of an error, without its namespace.
type ErrorType string

// The two classes that values can fail with. The service answers every SerializationException of
// a request before it looks for ValidationExceptions.
const (
	SerializationException ErrorType = "SerializationException"
	ValidationException    ErrorType = "ValidationException"
)

// Error is a value that the service would refuse. Message is worded as the service words it. Newer is what operations
// say instead that have come to the wording of 2026, or "" for the same.
type Error struct {
	Type           ErrorType
	Message, Newer string
}

func (e *Error) Error() string { return string(e.Type) + ": " + e.Message }

func invalid(msg string) *Error { return &Error{Type: ValidationException, Message: msg} }

func malformed(msg string) *Error { return &Error{Type: SerializationException, Message: msg} }

const (
	msgOverflow  = "Number overflow. Attempting to store a number with magnitude larger than supported range"
	msgUnderflow = "Number underflow. Attempting to store a number with magnitude smaller than supported range"
	msgPrecision = "Attempting to store more than 38 significant digits in a Number"
	msgNumber    = "The parameter cannot be converted to a numeric value"
	msgEmpty     = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
	msgSeveral   = "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
	msgNull      = "One or more parameter values were invalid: Null attribute value types must have the value of true"
	msgNesting   = "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"
	msgLongName  = "Attribute name is too large, must be less than 65536 bytes"
	msgBase64    = "Invalid last non-pad Base64 character dectected"
	msgEmptyName = "Empty attribute name"
)
