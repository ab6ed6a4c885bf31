package schema

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/keys"
	"github.com/entable/entable/internal/wire"
)

// Asked is a field that keys are made of, as a person gives it: as text.
type Asked struct {
	c  *component
	of *component // of the key: c itself, or what is derived from it
}

// Asks lists the fields that the partition key and the sort key of an index are made of, or, for "", those of the table. An
// index that the entity is not in has none.
func (e *Entity) Asks(index string) (pk, sk []Asked) {
	if index == "" {
		return asksOf(e.PK), asksOf(e.SK)
	}
	x := e.index(index)
	switch {
	case x == nil:
		return nil, nil
	case x.MultiAttribute:
		return asksOf(x.hashes...), asksOf(x.ranges...)
	}
	return asksOf(x.pk), asksOf(x.sk)
}

// asksOf lists the fields of keys, each once: for the number of a shard none, as that is made of a field of its own, and for what is
// derived its sources, but for those that are no text.
func asksOf(list ...*Key) (out []Asked) {
	seen := map[string]bool{}
	add := func(c, of *component) {
		if !seen[c.path] {
			seen[c.path] = true
			out = append(out, Asked{c, of})
		}
	}
	for _, k := range list {
		if k == nil {
			continue
		}
		for i := range k.comps {
			switch c := &k.comps[i]; {
			case c.shard != nil:
			case c.derived == nil:
				add(c, c)
			default:
				for _, f := range c.derived.sources {
					if source, err := componentOf(f); err == nil {
						add(&source, c)
					}
				}
			}
		}
	}
	return out
}

// Path returns the name of the field's attribute, with dots where it lies inside of one.
func (a Asked) Path() string { return a.c.path }

// Component returns the name that the part of the key has which the field is, or which is derived from it.
func (a Asked) Component() string { return a.of.path }

// Optional reports whether the key may do without the field.
func (a Asked) Optional() bool { return a.of.tail }

// Kind returns what kind of text Set takes: "string", "int", "time" and so on.
func (a Asked) Kind() string { return a.c.kind() }

// Set sets the field of the item at ptr to what text says: a number, true or false, a time in RFC 3339 or a date, bytes in
// base64 or, behind 0x, in hexadecimal digits, else the text itself.
func (a Asked) Set(ptr unsafe.Pointer, text string) error {
	raw, err := a.c.asked(text)
	if err == nil {
		err = a.c.field.DecodeValue(wire.NewReader(raw), a.c.holder(ptr))
	}
	if err != nil {
		return fmt.Errorf("attribute %q: %w", a.c.path, err)
	}
	return nil
}

// asked returns the stored form of what text says.
func (c *component) asked(text string) ([]byte, error) {
	switch c.Seg.Kind {
	case keys.Int, keys.Uint, keys.Float:
		if c.storedAs() == types.ScalarAttributeTypeN {
			return wire.AppendN(nil, strings.TrimSpace(text))
		}
		text = strings.TrimSpace(text)
	case keys.Bool:
		on, err := strconv.ParseBool(text)
		if err != nil {
			return nil, fmt.Errorf("invalid bool %q: give true or false", text)
		}
		return wire.AppendBool(nil, on), nil
	case keys.Bytes:
		b, err := askedBytes(text)
		return wire.AppendB(nil, b), err
	case keys.Time:
		t, err := askedTime(text)
		if err != nil {
			return nil, err
		}
		if c.storedAs() == types.ScalarAttributeTypeN {
			return wire.AppendInt(nil, t.Unix()), nil
		}
		return wire.AppendS(nil, t.Format(time.RFC3339Nano))
	}
	return wire.AppendS(nil, text)
}

func askedBytes(text string) ([]byte, error) {
	if digits, ok := strings.CutPrefix(text, "0x"); ok {
		return hex.DecodeString(digits)
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("invalid bytes %q: give base64, or 0x and hexadecimal digits", text)
	}
	return b, nil
}

func askedTime(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateTime, time.DateOnly} {
		if t, err := time.Parse(layout, strings.TrimSpace(text)); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("invalid time %q: give one such as 2026-01-02T15:04:05Z, or a date", text)
}

// Text returns the field of the item at ptr as Set takes it; "" if it is not set, or stands in the key as a hash alone.
func (a Asked) Text(ptr unsafe.Pointer) string {
	v, err := a.c.value(ptr)
	if err != nil || a.c.hash != "" {
		return ""
	}
	switch v.Kind {
	case keys.Int:
		return strconv.FormatInt(v.I, 10)
	case keys.Uint:
		return strconv.FormatUint(v.U, 10)
	case keys.Float:
		return string(keys.AppendNumber(nil, v, a.c.Seg.Bits))
	case keys.Bool:
		return strconv.FormatBool(v.I != 0)
	case keys.Bytes:
		return base64.StdEncoding.EncodeToString(v.B)
	case keys.Time:
		return v.T.Format(time.RFC3339Nano)
	}
	return v.S
}
