package wire

import (
	"bytes"
	"fmt"
)

// FindAttrs looks for top-level attributes of an item by name: values[i] becomes the bytes of the value of names[i], type
// tag and braces included, which alias the item, or nil. Of an attribute that occurs twice the first counts. All that it
// passes is checked, and it stops as soon as all names are found.
func FindAttrs(item []byte, names []string, values [][]byte) error {
	return NewReader(item).FindAttrs(names, values)
}

// FindAttrs looks, like the function FindAttrs, in the item in front of which the reader stands. The reader does not move.
func (r *Reader) FindAttrs(names []string, values [][]byte) error {
	defer func(pos int) { r.pos = pos }(r.pos)
	clear(values)
	missing := len(names)
	more, err := r.Open('{')
	for more && err == nil && missing > 0 {
		var name, value []byte
		if name, err = r.Name(); err != nil {
			return err
		}
		if value, err = r.Skip(); err != nil {
			return err
		}
		for i, want := range names {
			if want == string(name) && values[i] == nil {
				values[i] = value
				missing--
			}
		}
		more, err = r.More('}')
	}
	return err
}

// guessWindow is how far GuessText looks. Most items are shorter; beyond, a scan by FindAttrs is as good.
const guessWindow = 4096

// GuessText returns the text of the first string attribute of that name within some distance of the reader, which stands in
// front of an item. It is a guess: the attribute may lie inside a map, or in the next item. It is what lets a decoder
// choose a type without reading the item twice, provided that it then checks the attribute in passing. The text
// aliases the input. The name must be plain ASCII that JSON does not escape.
func (r *Reader) GuessText(name string) (string, bool) {
	near := r.data[r.pos:min(len(r.data), r.pos+guessWindow)]
	for {
		i := bytes.Index(near, unsafeBytes(name))
		if i < 0 {
			return "", false
		}
		after := near[i+len(name):]
		if i > 0 && near[i-1] == '"' && len(after) > 7 && string(after[:8]) == `":{"S":"` {
			text := after[8:]
			if end := bytes.IndexByte(text, '"'); end >= 0 && bytes.IndexByte(text[:end], '\\') < 0 {
				return unsafeString(text[:end]), true
			}
			return "", false
		}
		near = after
	}
}

// Scalar returns the kind of an S, N or B value and its content: text, digits, or the bytes that base64 stands for, in a
// string of its own. Other kinds are errors.
func Scalar(value []byte) (Kind, string, error) {
	r := Reader{data: value, Copy: true}
	k, err := r.OpenValue()
	if err != nil {
		return Invalid, "", err
	}
	var text string
	switch k {
	case S:
		text, err = r.Text()
	case N:
		text, err = r.Number()
	case B:
		var b []byte
		b, err = r.Bytes(nil)
		text = string(b)
	default:
		return k, "", fmt.Errorf("cannot use %s as a scalar", k)
	}
	if err == nil {
		err = r.CloseValue()
	}
	if err == nil {
		err = r.End()
	}
	return k, text, err
}
