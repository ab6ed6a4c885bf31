package codec

import (
	"time"
	"unsafe"

	"github.com/entable/entable/internal/wire"
)

// The usual attribute is the one that was guessed, its value is of its usual kind, has no white space and no escapes, and another
// attribute or the end follows. A loop reads such attributes with the position in a local variable: one comparison for the
// name, the type tag and the opening quote, one look at each byte of a text, one at what follows. In front of all else it stops as if
// nothing had been read, and layout.decode, its slow twin, goes on.

// A way is how the value of a usual attribute is read, behind slot.front.
type way uint8

const (
	noWay    way = iota // by layout.decode
	callWay             // by the codec
	textWay             // a string
	intWay              // an int64
	floatWay            // a float64
	boolWay             // a bool
	timeWay             // a time.Time, in UTC
	skipWay             // nobody wants it
	sameWay             // all of it is in front
)

// setWay decides how the slot's values are read.
func (s *slot) setWay() {
	front := s.prefix.Text()
	switch {
	case s.codec == nil:
		s.way = skipWay
	case s.folded || s.hops != nil || s.index >= 64 || s.kind == wire.Invalid:
		s.way = noWay
	case s.text:
		s.way, front = textWay, front+`"`
	case s.codec.way != noWay:
		if s.way = s.codec.way; s.way != boolWay {
			front += `"`
		}
	default:
		s.way = callWay
	}
	if s.way != noWay && s.way != skipWay {
		s.bit = 1 << s.index
	}
	s.front = wire.NewPrefix(front)
}

// mustBe makes the slot one of a text that is the same in all items.
func (s *slot) mustBe(value string) {
	if s.bit != 0 {
		s.way, s.front = sameWay, wire.NewPrefix(s.prefix.Text()+string(wire.AppendString(nil, value)))
	}
}

// usual reads attributes as long as they are usual, from in front of a name, with the slot before it. It returns the last slot, and
// whether that was the end of the item.
func (d *structDecoder) usual(r *wire.Reader, last *slot) (_ *slot, done bool, err error) {
	data, at := r.At()
	for at+wire.PrefixRoom <= len(data) {
		s := last.next.Load()
		if s == nil || s.way == noWay || !s.front.At(data, at) || s.front.Len() > wire.PrefixRoom && !s.front.Is(data, at) || d.few[0]&s.bit != 0 {
			break
		}
		i, end := at+s.front.Len(), -1
		switch s.way {
		case textWay:
			if end = wire.PlainEnd(data, i); end < 0 || !r.Ends(end+1) {
				end = -1
				break
			}
			text := ""
			if end > i {
				kept := r.Kept(data[i:end:end])
				text = unsafe.String(unsafe.SliceData(kept), len(kept))
			}
			*(*string)(unsafe.Add(d.p, s.offset)) = text
			end++
		case intWay:
			var n int64
			if n, end = wire.IntAt(data, i); end >= 0 {
				*(*int64)(unsafe.Add(d.p, s.offset)) = n
				end++
			}
		case floatWay:
			var f float64
			if f, end = wire.FloatAt(data, i); end >= 0 {
				*(*float64)(unsafe.Add(d.p, s.offset)) = f
				end++
			}
		case boolWay:
			truth := i+5 <= len(data) && string(data[i:i+5]) == "true}"
			if truth {
				end = i + 4
			} else if i+6 <= len(data) && string(data[i:i+6]) == "false}" {
				end = i + 5
			}
			if end >= 0 {
				*(*bool)(unsafe.Add(d.p, s.offset)) = truth
			}
		case timeWay:
			if end = wire.PlainEnd(data, i); end >= 0 {
				t, ok := parseUTC(data[i:end])
				if !ok {
					end = -1
					break
				}
				*(*time.Time)(unsafe.Add(d.p, s.offset)) = t
				end++
			}
		case sameWay:
			end = i
		case skipWay:
			if d.rest == nil || s.noted > 0 {
				if end = wire.ScalarEnd(data, i); end >= 0 && s.noted > 0 && r.Ends(end) {
					r.NoteAt(s.noted-1, i, end+1)
				}
			}
		case callWay:
			d.few[0] |= s.bit
			r.Goto(i)
			if err = s.codec.decode(r, s.kind, unsafe.Add(d.p, s.offset)); err != nil {
				return s, false, within(err, s.name)
			}
			last = s
			if _, at = r.At(); r.Ends(at) {
				end = at
				break
			}
			if err = r.CloseValue(); err != nil {
				return s, false, within(err, s.name)
			}
			more, err := r.More('}')
			if !more || err != nil {
				return s, err == nil, err
			}
			_, at = r.At()
			continue
		}
		if end < 0 || !r.Ends(end) {
			break
		}
		d.few[0] |= s.bit
		last, at = s, end+2
		if data[end+1] == '}' {
			r.Goto(at)
			return s, true, nil
		}
	}
	r.Goto(at)
	return last, false, nil
}
