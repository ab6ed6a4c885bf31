package expr

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/entable/entable/internal/engine/value"
)

// Params holds the placeholders of one request and notes which of them are used. It serves one
// request and one goroutine.
type Params struct {
	names      map[string]string
	values     map[string]value.Value
	usedNames  map[string]bool
	usedValues map[string]bool
}

// NewParams checks the names and values of a request. A nil map is a parameter that is absent; an
// empty one is an error. nil Params are never needed: NewParams(nil, nil) does not fail.
func NewParams(names map[string]string, values map[string]value.Value) (*Params, error) {
	if err := checkNames(names); err != nil {
		return nil, err
	}
	if values != nil {
		if err := checkKeys("ExpressionAttributeValues", ':', slices.Sorted(maps.Keys(values))); err != nil {
			return nil, err
		}
	}
	if err := checkSizes(names, values); err != nil {
		return nil, err
	}
	return &Params{names: names, values: values, usedNames: map[string]bool{}, usedValues: map[string]bool{}}, nil
}

// A ValueError is an invalid value of ExpressionAttributeValues.
type ValueError struct {
	Placeholder string
	Fault       *value.Error
}

func (e *ValueError) Error() string {
	return "ExpressionAttributeValues contains invalid value: " + e.Fault.Message + " for key " + e.Placeholder
}

// ParseValues reads ExpressionAttributeValues. A *value.Error is a malformed request, to be reported before
// anything else; an *Error is an invalid key and a *ValueError an invalid value, to be reported when the service gets
// to expressions.
func ParseValues(json []byte) (map[string]value.Value, error) {
	values := map[string]value.Value{}
	var refused error
	var keys []string
	err := value.ParseNamed(json, func(name string, v value.Value, invalid *value.Error) {
		if keys = append(keys, name); invalid != nil && refused == nil {
			refused = &ValueError{name, invalid}
		}
		values[name] = v
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(keys)
	if err := checkKeys("ExpressionAttributeValues", ':', keys); err != nil {
		return nil, err
	}
	if refused != nil {
		return nil, refused
	}
	return values, nil
}

// checkSizes holds the names and values of a request, with their placeholders, to the limit of their lengths.
func checkSizes(names map[string]string, values map[string]value.Value) error {
	inNames, inValues := 0, 0
	for k, name := range names {
		inNames += len(k) + len(name)
	}
	for k, v := range values {
		inValues += len(k) + v.Size()
	}
	switch {
	case inNames > maxParams:
		return &Error{"ExpressionAttributeNames exceeds max size"}
	case inValues > maxParams:
		return &Error{"ExpressionAttributeValues exceeds max size"}
	case inNames+inValues > maxParams:
		return &Error{"Combined size of ExpressionAttributeNames and ExpressionAttributeValues exceeds max size"}
	}
	return nil
}

func checkNames(names map[string]string) error {
	if names == nil {
		return nil
	}
	keys := slices.Sorted(maps.Keys(names))
	if err := checkKeys("ExpressionAttributeNames", '#', keys); err != nil {
		return err
	}
	const invalid = "ExpressionAttributeNames contains invalid value: "
	for _, k := range keys {
		switch name := names[k]; {
		case name == "":
			return &Error{invalid + "Empty attribute name for key " + k}
		case len(name) > maxName:
			return &Error{invalid + "Attribute name is too large, must be less than 65536 bytes for key " + k}
		}
	}
	return nil
}

func checkKeys(param string, first byte, keys []string) error {
	if len(keys) == 0 {
		return &Error{param + " must not be empty"}
	}
	for _, k := range keys {
		if k == "" {
			return &Error{param + " contains invalid key: The expression attribute map contains an empty key;"}
		}
		if len(k) > maxKey {
			msg := param + " contains invalid key: The expression attribute map contains a key that is too long;"
			if first == '#' {
				msg += " size of key: " + strconv.Itoa(len(k))
			}
			return &Error{msg}
		}
		if len(k) < 2 || k[0] != first || strings.ContainsFunc(k[1:], func(r rune) bool { return !isWord(r) }) {
			return &Error{param + ` contains invalid key: Syntax error; key: "` + k + `"`}
		}
	}
	return nil
}

// Unused reports the placeholders that no expression has used. Ask it after all expressions were parsed.
func (p *Params) Unused() error {
	if err := unused("ExpressionAttributeNames", p.names, p.usedNames); err != nil {
		return err
	}
	return unused("ExpressionAttributeValues", p.values, p.usedValues)
}

func unused[V any](param string, all map[string]V, used map[string]bool) error {
	var left []string
	for k := range all {
		if !used[k] {
			left = append(left, k)
		}
	}
	if left == nil {
		return nil
	}
	slices.Sort(left)
	return &Error{"Value provided in " + param + " unused in expressions: keys: {" + strings.Join(left, ", ") + "}"}
}

func (p *Params) name(placeholder string) (string, bool) {
	name, ok := p.names[placeholder]
	if ok {
		p.usedNames[placeholder] = true
	}
	return name, ok
}

func (p *Params) value(placeholder string) (value.Value, bool) {
	v, ok := p.values[placeholder]
	if ok {
		p.usedValues[placeholder] = true
	}
	return v, ok
}
