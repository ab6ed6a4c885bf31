package wire

import (
	"bytes"
	"io"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
)

// The bodies of responses lie in memory that is used again. Who may keep what of them:
//
//   - Up to maxOwn bytes a body is a slice of its own, and strings alias it.
//   - A longer one is read into a Body, which is given back when the call ends. Reader makes copies of strings then. What
//     aliases the text all the same (Skip, Since, Name, TextBytes, FindAttrs, notes) is void after that, unless Reader.Kept has
//     made a copy of it, or the sink is a Holder, which gives the body back itself.
//   - What somebody else has got to see, the SDK above all, is never given back: the collector takes it.

const (
	// maxAliased is how much memory a string that was read keeps at the most, unless it is longer.
	maxAliased = 16 << 10
	// maxOwn is the longest body that nothing is copied out of. In longer ones there is more memory to save, about two thirds of
	// the text, than the copies cost.
	maxOwn = 4 << 10
	// maxKept is the longest body that is kept for the next one. A page of Query or Scan has 1 MB of items, as the service counts
	// them; in JSON these take 1.2 to 2 MB, the more the shorter the values.
	maxKept = 2 << 20
	// maxBodies limits how many bodies are kept or to be given back, and so what is kept in all: 32 MB. Others are the collector's.
	maxBodies = 16
	// bodyStep is what their lengths are rounded up to, so that pages which differ a little fit into each other's memory.
	bodyStep = 64 << 10
	// bytesMore is how much longer the room for a body of known length is.
	bytesMore = 16
)

// Hostile is for tests, which set it before anything is read, or link with -X …/internal/wire.hostile=yes: bodies of any length
// are read into memory that is used again, and that is overwritten when it is given back.
var (
	Hostile = hostile != ""
	hostile string
)

// A Body holds the body of a response until it is given back. The nil Body holds none.
type Body struct {
	bytes  []byte
	pooled bool
}

var (
	bodyPool   sync.Pool
	madeBodies atomic.Int32 // that are in the pool or will be
)

func newBody() *Body {
	if b, ok := bodyPool.Get().(*Body); ok {
		return b
	}
	b := &Body{}
	if madeBodies.Add(1) > maxBodies {
		madeBodies.Add(-1)
		return b
	}
	b.pooled = true
	runtime.AddCleanup(b, func(n int32) { madeBodies.Add(n) }, -1) // the pool forgets what is not used, and callers may
	return b
}

// Free gives the body back. Nothing that aliases it may be used any more.
func (b *Body) Free() {
	if b == nil {
		return
	}
	if Hostile {
		overwrite(b.bytes[:cap(b.bytes)])
	}
	if !b.pooled {
		return
	}
	if cap(b.bytes) > maxKept {
		b.bytes = nil
	}
	bodyPool.Put(b)
}

// overwrite writes what is in no JSON, and in no text.
func overwrite(b []byte) {
	copy(b, "\xff")
	for n := 1; n < len(b); n *= 2 {
		copy(b[n:], b[:n])
	}
}

// A Holder is a sink whose items alias the body. It gets the body of a call behind the last item of that, and frees it.
type Holder interface{ Hold(*Body) }

// readBody reads the body to its end, and then closes it, which is when the SDK's reader compares the checksum, of which the
// SDK would otherwise take no notice. It returns what came before an error, too. The bytes are in a Body, or are a slice of
// their own, if there is none.
func readBody(resp *http.Response) (text []byte, in *Body, readErr, closeErr error) {
	// The length is that of the compressed body, unknown, or not to be trusted. Some bytes more let the read that finds the
	// end of an exact length do so without another allocation.
	room := 512
	if resp.ContentLength >= 0 {
		room = int(min(resp.ContentLength, maxKept-bytesMore)) + bytesMore
	}
	if 0 <= resp.ContentLength && resp.ContentLength <= maxOwn && !Hostile {
		text, readErr, closeErr = readAll(resp.Body, make([]byte, 0, room))
		return text, nil, readErr, closeErr
	}
	b := newBody()
	if cap(b.bytes) < room {
		if b.pooled {
			room = (room + bodyStep - 1) &^ (bodyStep - 1)
		}
		b.bytes = make([]byte, 0, room)
	}
	text, readErr, closeErr = readAll(resp.Body, b.bytes[:0])
	b.bytes = text
	if len(text) <= maxOwn && readErr == nil && !Hostile {
		text = bytes.Clone(text)
		b.Free()
		b = nil
	}
	return text, b, readErr, closeErr
}

func readAll(body io.ReadCloser, buf []byte) (text []byte, readErr, closeErr error) {
	for {
		n, err := body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return buf, nil, body.Close()
		}
		if err != nil {
			return buf, err, nil
		}
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
	}
}
