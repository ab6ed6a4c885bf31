package schema

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"time"

	"github.com/entable/entable/internal/codec"
)

// defaultFor checks a default and returns what sets it. Every value gets its own copy.
func defaultFor(text string, f *codec.Field) (setter, error) {
	t, pointer := f.Type, f.Type.Kind() == reflect.Pointer
	if pointer {
		t = t.Elem()
	}
	if _, err := parseDefault(text, t); err != nil {
		return nil, fmt.Errorf("default=%s: %w", text, err)
	}
	return func(_ *Generator, _ time.Time, v reflect.Value) error {
		d, err := parseDefault(text, t)
		if err != nil {
			return err
		}
		if pointer {
			d = d.Addr()
		}
		v.Set(d)
		return nil
	}, nil
}

func parseDefault(text string, t reflect.Type) (reflect.Value, error) {
	v := reflect.New(t).Elem()
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return v, u.UnmarshalText([]byte(text))
	}
	switch t.Kind() {
	case reflect.String:
		v.SetString(text)
		return v, nil
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		v.SetBool(b)
		return v, err
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if t == reflect.TypeFor[time.Duration]() {
			d, err := time.ParseDuration(text)
			v.SetInt(int64(d))
			return v, err
		}
		i, err := strconv.ParseInt(text, 10, t.Bits())
		v.SetInt(i)
		return v, err
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		u, err := strconv.ParseUint(text, 10, t.Bits())
		v.SetUint(u)
		return v, err
	case reflect.Float32, reflect.Float64:
		x, err := strconv.ParseFloat(text, t.Bits())
		v.SetFloat(x)
		return v, err
	}
	return v, fmt.Errorf("%s has no default: use a string, bool, number, or a type with UnmarshalText", t)
}
