package propose

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"
)

// A source is a value that a key may show: an attribute or a field inside of one, by its path.
type source struct {
	path string
	text string // as it is stored
	num  bool   // an N
	bool bool
	bin  bool // a B that is a UUID, whose text this is
}

// maxDepth is how deep inside maps keys are looked for.
const maxDepth = 3

// sourcesOf returns the values of an item that keys may be made of, in the order of their paths; skip says which attributes
// are none.
func sourcesOf(item Item, skip func(attr string) bool) (out []source) {
	var walk func(prefix string, m Item, depth int)
	walk = func(prefix string, m Item, depth int) {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			if prefix == "" && skip(name) || name == "" || strings.ContainsAny(name, "{}:.,") {
				continue
			}
			path := prefix + name
			switch v := m[name].(type) {
			case *types.AttributeValueMemberS:
				if v.Value != "" {
					out = append(out, source{path: path, text: v.Value})
				}
			case *types.AttributeValueMemberN:
				out = append(out, source{path: path, text: v.Value, num: true})
			case *types.AttributeValueMemberBOOL:
				out = append(out, source{path: path, text: map[bool]string{true: "true", false: "false"}[v.Value], bool: true})
			case *types.AttributeValueMemberB:
				if id, ok := binaryUUID(v.Value); ok {
					out = append(out, source{path: path, text: id, bin: true})
				}
			case *types.AttributeValueMemberM:
				if depth < maxDepth {
					walk(path+".", v.Value, depth+1)
				}
			}
		}
	}
	walk("", item, 1)
	return out
}

// binaryUUID returns the text of a UUID that is stored as its bytes, as the SDK stores it by default.
func binaryUUID(b []byte) (text string, ok bool) {
	id, err := uuid.FromBytes(b)
	return id.String(), err == nil && id.Variant() == uuid.RFC4122 && 1 <= id.Version() && id.Version() <= 8
}

// layouts are the forms of times that are looked for in keys.
var layouts = []string{
	"2006-01-02T15:04:05Z", "2006-01-02T15:04:05.000Z", "2006-01-02T15:04:05.000000Z", "2006-01-02T15:04:05.000000000Z",
	"2006-01-02T15:04:05Z07:00", "2006-01-02 15:04:05", "2006-01-02 15:04:05.000", "2006-01-02 15:04:05.000000",
	"20060102150405", "20060102T150405Z", "2006-01-02T15:04", "2006-01-02T15", "2006-01-02", "2006/01/02", "20060102",
	"2006-01", "2006/01", "200601", "2006", "unix", "unixms",
}

// instant returns the time that a source holds, as a field of type time.Time holds it and stores it again: text in RFC 3339,
// and seconds of our time.
func (s *source) instant() (t time.Time, ok bool) {
	if s.bool || s.bin || len(s.text) < 10 {
		return t, false
	}
	if s.num {
		n, ok := wholeNumber(s.text)
		return time.Unix(n, 0).UTC(), ok && n >= 1e9 && n < 1e10
	}
	t, err := time.Parse(time.RFC3339Nano, s.text)
	return t, err == nil && t.Format(time.RFC3339Nano) == s.text
}

// formatted returns a time in a layout, and whether it holds a part of it only.
func formatted(t time.Time, layout string) (text string, part bool) {
	switch layout {
	case "unix":
		return wholeText(t.Unix()), t.Nanosecond() != 0
	case "unixms":
		return wholeText(t.UnixMilli()), t.Nanosecond()%1e6 != 0
	}
	if !strings.Contains(layout, "Z07:00") {
		t = t.UTC()
	}
	text = t.Format(layout)
	back, err := time.Parse(layout, text)
	return text, err != nil || !back.Equal(t)
}

// secondless reports whether a layout can hold no time whole, and so needs no tilde in a template.
func secondless(layout string) bool {
	return !strings.Contains(layout, "05") && !strings.HasPrefix(layout, "unix")
}
