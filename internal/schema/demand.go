package schema

import (
	"reflect"
	"strings"

	"github.com/go-playground/validator/v10"

	"github.com/entable/entable/internal/codec"
)

// invalid is what a rule asks for that says nothing to people.
const invalid = "is invalid"

// demands are what rules ask for, whatever the type of the value.
var demands = map[string]string{
	"required": "is required", "unique": "must have no entry twice",
	"email": "must be an e-mail address", "e164": "must be a phone number with its country code, such as +15551234567",
	"url": "must be a URL", "http_url": "must be a URL", "https_url": "must be a URL", "uri": "must be a URI",
	"hostname": "must be a host name", "hostname_rfc1123": "must have letters, digits, hyphens and dots only", "fqdn": "must be a host name",
	"ip": "must be an IP address", "ipv4": "must be an IPv4 address", "ipv6": "must be an IPv6 address",
	"alpha": "must have letters only", "alphanum": "must have letters and digits only", "ascii": "must have ASCII characters only",
	"alphaunicode": "must have letters only", "alphanumunicode": "must have letters and digits only",
	"lowercase": "must be in lower case", "uppercase": "must be in upper case",
	"number": "must be a number", "numeric": "must be a number", "boolean": "must be true or false", "hexcolor": "must be a colour, such as #1a2b3c",
	"uuid": "must be a UUID", "uuid4": "must be a UUID", "uuid7": "must be a UUID", "ulid": "must be a ULID",
	"iso3166_1_alpha2": "must be a country code of two letters", "iso4217": "must be a currency code",
}

// demandsOf are what rules with a parameter ask for, which stands behind.
var demandsOf = map[string]string{
	"eq": "must be ", "ne": "must not be ", "datetime": "must have the form ",
	"startswith": "must start with ", "endswith": "must end with ", "contains": "must contain ", "excludes": "must not contain ",
}

// bounds are what rules ask for of a number, a length or a time.
var bounds = map[string]struct{ of, than, time string }{
	"min": {"at least ", "", ""}, "max": {"at most ", "", ""}, "len": {"exactly ", "", ""},
	"gte": {"at least ", "", "must not be in the past"}, "lte": {"at most ", "", "must not be in the future"},
	"gt": {"", "more than ", "must be in the future"}, "lt": {"", "less than ", "must be in the past"},
}

// demand says, to people, what a broken rule asks for: as what follows the name of the field.
func demand(b validator.FieldError) string {
	rule, param := b.Tag(), b.Param()
	if text := demands[rule]; text != "" {
		return text
	}
	if rule == "oneof" {
		return "must be one of: " + strings.Join(alternatives(param), ", ")
	}
	if bound, ok := bounds[rule]; ok {
		switch of := bound.of + bound.than; {
		case b.Type() == TimeType:
			if param == "" && bound.time != "" {
				return bound.time
			}
		case param == "":
		case b.Kind() == reflect.String:
			return "must have " + of + counted(param, "character", "characters")
		case b.Kind() == reflect.Slice, b.Kind() == reflect.Array, b.Kind() == reflect.Map:
			return "must have " + of + counted(param, "entry", "entries")
		default:
			return "must be " + of + param
		}
	}
	if text := demandsOf[rule]; text != "" && param != "" {
		return text + param
	}
	return invalid
}

func counted(n, one, several string) string {
	if n == "1" {
		return n + " " + one
	}
	return n + " " + several
}

// alternatives lists those of oneof: parted by spaces, or in quotes.
func alternatives(param string) (list []string) {
	for rest := strings.TrimSpace(param); rest != ""; rest = strings.TrimSpace(rest) {
		end := " "
		if rest[0] == '\'' {
			end, rest = "'", rest[1:]
		}
		var one string
		one, rest, _ = strings.Cut(rest, end)
		list = append(list, one)
	}
	return list
}

// JSONPath returns the path of a stored attribute of the entity by the names that encoding/json has for the fields; "" if it leaves one of
// them out. What is in an interface stays as it is.
func (e *Entity) JSONPath(path string) string {
	var out strings.Builder
	t := e.Type
	for path != "" {
		for t != nil && t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if path[0] == '[' {
			end := elementEnd(path)
			out.WriteString(path[:end])
			t, path = elementType(t), strings.TrimPrefix(path[end:], ".")
			continue
		}
		end := strings.IndexAny(path, ".[")
		if end < 0 {
			end = len(path)
		}
		name := path[:end]
		if t != nil && t.Kind() == reflect.Struct {
			json, inner, ok := jsonField(t, name)
			if ok && json == "" {
				return ""
			}
			if t = inner; ok {
				name = json
			}
		} else {
			t = elementType(t)
		}
		if out.Len() > 0 {
			out.WriteByte('.')
		}
		out.WriteString(name)
		path = strings.TrimPrefix(path[end:], ".")
	}
	return out.String()
}

func elementType(t reflect.Type) reflect.Type {
	if t != nil {
		switch t.Kind() {
		case reflect.Slice, reflect.Array, reflect.Map:
			return t.Elem()
		}
	}
	return nil
}

// jsonField finds the field of a struct that is stored under a name, and its path as encoding/json has it, "" if that leaves it out.
func jsonField(t reflect.Type, stored string) (json string, typ reflect.Type, ok bool) {
	for f := range t.Fields() {
		tag := f.Tag.Get("json")
		json, _, _ := strings.Cut(tag, ",")
		name, embedded := codec.StoredName(f)
		switch inner := f.Type; {
		case embedded:
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			if path, typ, ok := jsonField(inner, stored); ok {
				if json != "" && path != "" && tag != "-" {
					path = json + "." + path
				} else if tag == "-" {
					path = ""
				}
				return path, typ, true
			}
		case name != stored || !f.IsExported():
		case tag == "-":
			return "", inner, true
		case json == "":
			return f.Name, inner, true
		default:
			return json, inner, true
		}
	}
	return "", nil, false
}
