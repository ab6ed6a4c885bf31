package propose

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/entable/entable/internal/wire"
)

// maxLine is above the longest item, 400 KB of text that JSON may escape.
const maxLine = 4 << 20

// Lines reads up to n items, 0 for all, from lines of DynamoDB's JSON: {"pk":{"S":"…"},…}, as such or as the lines of an
// export to S3, {"Item":{…}}. Either may be compressed with gzip. An item may also stand in several lines, and the output of
// `aws dynamodb scan`, {"Items":[…]}, is read too.
func Lines(r io.Reader, n int) (items []Item, err error) {
	buffered := bufio.NewReaderSize(r, 64<<10)
	if magic, _ := buffered.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		unzipped, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, fmt.Errorf("cannot unzip: %w", err)
		}
		buffered = bufio.NewReaderSize(unzipped, 64<<10)
	}
	switch mark, _ := buffered.Peek(3); {
	case bytes.HasPrefix(mark, []byte("\xff\xfe")), bytes.HasPrefix(mark, []byte("\xfe\xff")):
		return nil, errors.New("it is UTF-16, as a redirection of PowerShell writes it: save it as UTF-8")
	case bytes.Equal(mark, []byte("\xef\xbb\xbf")):
		_, _ = buffered.Discard(len(mark)) // peeked at
	}
	lines := json.NewDecoder(buffered)
	for n <= 0 || len(items) < n {
		var raw json.RawMessage
		err := lines.Decode(&raw)
		if errors.Is(err, io.EOF) {
			return items, nil
		}
		if err != nil {
			return nil, fmt.Errorf("item %d: cannot read JSON: %w", len(items)+1, err)
		}
		if len(raw) > maxLine {
			return nil, fmt.Errorf("item %d: %d bytes are no item: give one item a line", len(items)+1, len(raw))
		}
		some, err := itemsOf(raw)
		if err != nil {
			return nil, fmt.Errorf("item %d: %w", len(items)+1, err)
		}
		items = append(items, some...)
	}
	return items[:n], nil
}

// itemsOf reads one value: an item, an export's line, or the answer to a scan.
func itemsOf(raw []byte) ([]Item, error) {
	var around struct {
		Item  json.RawMessage
		Items []json.RawMessage
	}
	item, err := wire.ReadItem(raw)
	switch {
	case err == nil && len(item) > 0:
		return []Item{item}, nil
	case err == nil:
		return nil, errors.New("it has no attributes")
	}
	if json.Unmarshal(raw, &around) != nil || around.Item == nil && around.Items == nil {
		return nil, fmt.Errorf(`cannot read an item in DynamoDB's JSON, {"pk":{"S":"…"}}: %w`, err)
	}
	if around.Item != nil {
		around.Items = []json.RawMessage{around.Item}
	}
	var items []Item
	for _, one := range around.Items {
		item, err := wire.ReadItem(one)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}
