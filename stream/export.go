package stream

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/entable/entable"
)

// maxLine bounds a line of an export, in bytes: two images of 400 KB, whose JSON escapes and type tags can make
// them several times as long.
const maxLine = 16 << 20

// Export decodes a data file of an export to S3 in DynamoDB JSON, plain or compressed as the service does it,
// line by line, in constant memory. An item of a full export is a record with New alone. A line of an
// incremental export has the time of the last write in the period, and Old where the export has old images;
// New is nil where the item is gone. Kind is Remove or Modify where the line says so, and else empty: an item
// with a new image alone was there before or not, which an export without old images does not say.
//
// A line that cannot be decoded is a [*LineError], and the range goes on with the next. An error of reading is
// an [*entable.DecodeError] and ends it.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
func Export(table *entable.Table, r io.Reader, opts ...Option) iter.Seq2[*Record, error] {
	d := newDecoder(table, opts)
	return func(yield func(*Record, error) bool) {
		if err := d.export(r, yield); err != nil {
			yield(nil, d.error(fmt.Errorf("cannot read the export: %w", err)))
		}
	}
}

// LineError reports a line of an export that could not be decoded. Those behind it are not concerned.
type LineError struct {
	Line int // the first is 1
	// Err is an [*entable.UnknownEntityError], with the whole item, or an [*entable.DecodeError].
	Err error
}

func (e *LineError) Error() string {
	return fmt.Sprintf("entable: line %d of the export: %s", e.Line, trim(e.Err))
}

func (e *LineError) Unwrap() error { return e.Err }

func (d *decoder) export(r io.Reader, yield func(*Record, error) bool) error {
	in, err := plain(r)
	if err != nil {
		return err
	}
	var line []byte
	for n := 1; ; n++ {
		line, err = readLine(in, line[:0])
		switch end := err == io.EOF; { //nolint:errorlint // an error that wraps it is a file cut short
		case end && len(line) == 0:
			return nil
		case err != nil && !end:
			return err
		}
		r, lineErr := d.line(line)
		if lineErr != nil {
			lineErr = &LineError{n, lineErr}
		}
		if (r != nil || lineErr != nil) && !yield(r, lineErr) {
			return nil
		}
	}
}

// plain reads what r has, compressed or not.
func plain(r io.Reader) (*bufio.Reader, error) {
	in := bufio.NewReader(r)
	if magic, _ := in.Peek(2); !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return in, nil
	}
	z, err := gzip.NewReader(in)
	return bufio.NewReader(z), err
}

// readLine appends the next line to line. The last one comes with io.EOF.
func readLine(in *bufio.Reader, line []byte) ([]byte, error) {
	for {
		part, err := in.ReadSlice('\n')
		if line = append(line, part...); len(line) > maxLine {
			return line, fmt.Errorf("a line is longer than %d bytes", maxLine)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// line decodes one line; a blank one is no record.
func (d *decoder) line(line []byte) (*Record, error) {
	if line = bytes.TrimSpace(line); len(line) == 0 {
		return nil, nil
	}
	c, err := fromLine(line)
	if err != nil {
		return nil, d.error(err)
	}
	return d.record(&c)
}

func fromLine(line []byte) (c change, err error) {
	var l struct {
		Item, Keys, OldImage, NewImage json.RawMessage
		Metadata                       struct {
			WriteTimestampMicros struct{ N json.Number }
		}
	}
	if err := json.Unmarshal(line, &l); err != nil {
		if bytes.HasPrefix(line, []byte("$ion")) {
			return c, errors.New("it is in Amazon Ion: export in DynamoDB JSON")
		}
		return c, err
	}
	if item := (text{l.Item}); !item.missing() {
		c.new = item
		return c, nil
	}
	keys, before, after := text{l.Keys}, text{l.OldImage}, text{l.NewImage}
	c.keys, c.old, c.new = keys, before, after
	switch {
	case keys.missing() && before.missing() && after.missing():
		return c, errors.New("it has no item")
	case after.missing():
		c.Kind = Remove
	case !before.missing():
		c.Kind = Modify
	}
	if c.At, err = moment(l.Metadata.WriteTimestampMicros.N, time.Microsecond); err != nil {
		err = fmt.Errorf("WriteTimestampMicros %s: %w", l.Metadata.WriteTimestampMicros.N, err)
	}
	return c, err
}
