package codec

import (
	"reflect"
	"strconv"
	"time"
	"unsafe"

	"github.com/entable/entable/internal/wire"
)

var timeType = reflect.TypeFor[time.Time]()

// isTime reports whether t is time.Time or a type defined as one.
func isTime(t reflect.Type) bool { return t.Kind() == reflect.Struct && t.ConvertibleTo(timeType) }

// fillTime handles times: S in RFC 3339 with nanoseconds, or with the option unixtime N in seconds. Both are read whatever
// the option says.
func fillTime(c *codec) {
	unix := c.opts.has(unixTime)
	c.encode = func(dst []byte, p unsafe.Pointer, _ int) ([]byte, error) {
		t := (*time.Time)(p)
		if unix {
			return wire.AppendInt(dst, t.Unix()), nil
		}
		out, err := t.AppendText(append(dst, `{"S":"`...))
		if err != nil {
			return dst, cannotEncode(c.typ, err)
		}
		return append(out, '"', '}'), nil
	}
	strict := c.typ == timeType && !c.opts.has(sdkDefaults)
	if c.typ == timeType && c.kind == wire.S && (strict || !c.opts.has(asString)) {
		c.way = timeWay
	}
	c.decode = func(r *wire.Reader, k wire.Kind, p unsafe.Pointer) error {
		t := (*time.Time)(p)
		switch {
		case k == wire.S && (strict || !c.opts.has(asString)):
			return decodeTimeText(r, c, t, strict)
		case k == wire.N, k == wire.S:
			return decodeUnix(r, c, k, t)
		case k == wire.B && strict:
			b, err := r.Bytes(nil)
			if err != nil {
				return err
			}
			if err := t.UnmarshalBinary(b); err != nil {
				return cannotDecode(k, c.typ, err)
			}
			return nil
		case k == wire.NULL:
			return decodeNull[time.Time](r, p)
		case k == wire.M: // a struct without attributes
			_, err := r.Item()
			return err
		}
		return cannotDecode(k, c.typ, nil)
	}
}

// decodeTimeText reads RFC 3339: for time.Time as strictly as its UnmarshalText, for other types as time.Parse does.
func decodeTimeText(r *wire.Reader, c *codec, t *time.Time, strict bool) error {
	text, err := r.TextBytes()
	if err != nil {
		return err
	}
	if utc, ok := parseUTC(text); ok {
		*t = utc
		return nil
	}
	if strict {
		err = t.UnmarshalText(text)
	} else {
		*t, err = time.Parse(time.RFC3339, string(text))
	}
	if err != nil {
		return cannotDecode(wire.S, c.typ, err)
	}
	return nil
}

func decodeUnix(r *wire.Reader, c *codec, k wire.Kind, t *time.Time) error {
	text, err := r.Digits()
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return cannotDecode(k, c.typ, numberError(text, err))
	}
	*t = time.Unix(n, 0)
	return nil
}

// parseUTC parses 2006-01-02T15:04:05Z with up to nine digits of a fraction after a point. It reports false for all else,
// valid or not; its slow twin is time.Time.UnmarshalText.
func parseUTC(b []byte) (time.Time, bool) {
	const short = len("2006-01-02T15:04:05Z")
	if len(b) < short || len(b) > short+10 || b[len(b)-1] != 'Z' {
		return time.Time{}, false
	}
	if b[4] != '-' || b[7] != '-' || b[10] != 'T' || b[13] != ':' || b[16] != ':' {
		return time.Time{}, false
	}
	year := pair(b, 0)*100 + pair(b, 2)
	month, day := pair(b, 5), pair(b, 8)
	hour, minute, second := pair(b, 11), pair(b, 14), pair(b, 17)
	// A pair that is no number is 100 or more, also times 100, and negative for none.
	if pair(b, 0) > 99 || pair(b, 2) > 99 || month-1 > 11 || day-1 > 27 && day-1 >= daysIn(year, month) ||
		hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	nanos := uint(0)
	if len(b) > short {
		if b[19] != '.' || len(b) == short+1 {
			return time.Time{}, false
		}
		unit := uint(1e9)
		for _, c := range b[20 : len(b)-1] {
			if c -= '0'; c > 9 {
				return time.Time{}, false
			}
			unit /= 10
			nanos += uint(c) * unit
		}
	}
	return time.Date(int(year), time.Month(month), int(day), int(hour), int(minute), int(second), int(nanos), time.UTC), true
}

// pair returns the number that two digits at i make, or at least 100.
func pair(b []byte, i int) uint {
	hi, lo := uint(b[i]-'0'), uint(b[i+1]-'0')
	if hi > 9 || lo > 9 {
		return 100
	}
	return hi*10 + lo
}

func daysIn(year, month uint) uint {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}
