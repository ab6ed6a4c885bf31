package infra

import (
	"bytes"
	"encoding/json"
)

// object is a JSON object whose names encoding/json sorts, so that equal tables have equal texts.
type object map[string]any

// set adds a member that is not empty.
func (o object) set(name string, v any) {
	switch v := v.(type) {
	case string:
		if v == "" {
			return
		}
	case []object:
		if len(v) == 0 {
			return
		}
	case object:
		if len(v) == 0 {
			return
		}
	case nil:
		return
	}
	o[name] = v
}

func (o object) text() []byte { return jsonText(o) }

func jsonText(v any) []byte {
	var b bytes.Buffer
	w := json.NewEncoder(&b)
	w.SetEscapeHTML(false)
	w.SetIndent("", "  ")
	if err := w.Encode(v); err != nil {
		panic("BUG: " + err.Error())
	}
	return b.Bytes()
}
