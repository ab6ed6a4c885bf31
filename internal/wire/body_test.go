package wire_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/entable/entable/internal/trial"
	"github.com/entable/entable/internal/wire"
)

// keeper is a sink that keeps all that it may, beside copies of its own.
type keeper struct {
	texts, copies []string
	raw           [][]byte
}

func (k *keeper) Reset() { *k = keeper{} }

func (k *keeper) Item(_ string, _ int, r *wire.Reader) error {
	at := r.Offset()
	keep := func(text string, err error) error {
		k.texts, k.copies = append(k.texts, text), append(k.copies, strings.Clone(text))
		return err
	}
	raw, err := r.Skip()
	if err != nil {
		return err
	}
	k.raw, k.copies, k.texts = append(k.raw, r.Kept(raw)), append(k.copies, string(raw)), append(k.texts, "")
	r.Rewind(at)
	more, err := r.Open('{')
	for more && err == nil {
		var name string
		var kind wire.Kind
		if name, err = r.Key(); err != nil {
			return err
		}
		_ = keep(name, nil)
		if kind, err = r.OpenValue(); err != nil {
			return err
		}
		if kind == wire.N {
			err = keep(r.Number())
		} else {
			err = keep(r.Text())
		}
		if err == nil {
			err = r.CloseValue()
		}
		if err == nil {
			more, err = r.More('}')
		}
	}
	return err
}

// changed says what is not any more what it was.
func (k *keeper) changed() error {
	raw := k.raw
	for i, text := range k.texts {
		if text == "" && len(raw) > 0 && k.copies[i] != "" {
			text, raw = string(raw[0]), raw[1:]
		}
		if text != k.copies[i] {
			return fmt.Errorf("%d of %d: %.40q became %.40q", i, len(k.texts), k.copies[i], text)
		}
	}
	return nil
}

// randomPage is the body of a query's answer of about so many bytes.
func randomPage(g *rand.Rand, size int) []byte {
	body := []byte(`{"Items":[`)
	for i := 0; len(body) < size; i++ {
		if i > 0 {
			body = append(body, ',')
		}
		text := strings.Repeat(fmt.Sprintf("%016d\"\\é", g.Uint64())[:1+g.IntN(20)], 1+g.IntN(4))
		if g.IntN(40) == 0 {
			text = strings.Repeat(text, 1+g.IntN(1000))
		}
		body = fmt.Appendf(body, `{"pk":{"S":%s},"n":{"N":"%d"},"":{"S":""}}`, wire.AppendString(nil, text), g.Int64())
	}
	return append(body, `]}`...)
}

func answer(body []byte, length int64) *http.Response {
	return &http.Response{StatusCode: 200, ContentLength: length, Body: io.NopCloser(bytes.NewReader(body))}
}

// read reads a body in a call without the SDK.
func read(c *wire.Call, body []byte, length int64) error {
	readErr, closeErr := c.Read(answer(body, length))
	if err := errors.Join(readErr, closeErr); err != nil {
		return err
	}
	if !bytes.Equal(c.Body(), body) {
		return fmt.Errorf("read %d bytes of %d", len(c.Body()), len(body))
	}
	return c.Decode(new(dynamodb.QueryOutput))
}

// What a sink may keep stays what it was, whatever is read into the same memory meanwhile.
func TestWhatMayBeKeptStays(t *testing.T) {
	seed := trial.Seed(t)
	var wg sync.WaitGroup
	for n := range uint64(8) {
		wg.Go(func() {
			g := rand.New(rand.NewPCG(seed, n))
			var kept []*keeper
			for range 30 {
				k := &keeper{}
				c := newCall(k)
				body := randomPage(g, 1<<g.IntN(18))
				if err := read(c, body, []int64{int64(len(body)), -1, 10, 1 << 40}[g.IntN(4)]); err != nil {
					t.Error(err)
				}
				c.Free()
				if kept = append(kept, k); len(kept) > 20 {
					kept = slices.Delete(kept, 0, 10)
				}
			}
			for _, k := range kept {
				if err := k.changed(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// The SDK reads into the same memory, also where the answer is compressed.
func TestSDKsAnswersMayBeKept(t *testing.T) {
	g := trial.Rand(t)
	var replies []reply
	for range 20 {
		body := randomPage(g, 16<<g.IntN(14))
		header := http.Header{}
		if g.IntN(2) == 0 {
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			_, _ = z.Write(body)
			z.Close()
			body = b.Bytes()
			header.Set("Content-Encoding", "gzip")
		}
		replies = append(replies, reply{body: string(body), header: header})
	}
	client, _ := newClient(t, replies, func(o *dynamodb.Options) { o.EnableAcceptEncodingGzip = true })
	var kept []*keeper
	for range replies {
		k := &keeper{}
		c := newCall(k)
		if _, err := query(t.Context(), client, c.Option); err != nil {
			t.Fatal(err)
		}
		c.Free()
		kept = append(kept, k)
	}
	for _, k := range kept {
		if err := k.changed(); err != nil || len(k.raw) == 0 {
			t.Error(len(k.raw), err)
		}
	}
}

// holder is a sink that holds the body.
type holder struct {
	keeper
	alias [][]byte
	body  *wire.Body
}

func (h *holder) Reset() {
	h.body.Free()
	*h = holder{}
}

func (h *holder) Hold(b *wire.Body) { h.body = b }

func (h *holder) Item(table string, i int, r *wire.Reader) error {
	at := r.Offset()
	err := h.keeper.Item(table, i, r)
	h.alias = append(h.alias, r.Since(at))
	return err
}

func TestHoldersHaveTheBodyUntilTheyFreeIt(t *testing.T) {
	g := rand.New(rand.NewPCG(1, 0))
	for range 20 {
		h := &holder{}
		c := newCall(h)
		if err := read(c, randomPage(g, 100_000), -1); err != nil {
			t.Fatal(err)
		}
		c.Free()
		for range 10 {
			other := newCall(&keeper{})
			if err := read(other, randomPage(g, 100_000), -1); err != nil {
				t.Fatal(err)
			}
			other.Free()
		}
		for i, raw := range h.raw {
			if !bytes.Equal(h.alias[i], raw) {
				t.Fatalf("item %d became %.40q", i, h.alias[i])
			}
		}
		alias := h.alias[0]
		h.Reset()
		if wire.Hostile && alias[0] != 0xff {
			t.Error("a body that was freed is not overwritten")
		}
	}
}

// What somebody else has got is not used again.
func TestBodiesThatWereGivenAwayStay(t *testing.T) {
	g := rand.New(rand.NewPCG(2, 0))
	page := randomPage(g, 100_000)
	c := newCall(&keeper{})
	if err := read(c, page, -1); err != nil {
		t.Fatal(err)
	}
	given := c.GiveAway()
	c.Free()
	broken := newCall(&keeper{})
	readErr, _ := broken.Read(&http.Response{ContentLength: -1, Body: io.NopCloser(io.MultiReader(bytes.NewReader(page), failing{io.ErrUnexpectedEOF}))})
	partly := broken.Body()
	broken.Free()
	for range 20 {
		other := newCall(&keeper{})
		if err := read(other, randomPage(g, 100_000), -1); err != nil {
			t.Fatal(err)
		}
		other.Free()
	}
	if !bytes.Equal(given, page) {
		t.Error("the body was used again")
	}
	if readErr == nil || !bytes.Equal(partly, page) {
		t.Error("a body that was read in part was used again", readErr)
	}
}

func TestLongBodiesShareMemory(t *testing.T) {
	page := randomPage(rand.New(rand.NewPCG(3, 0)), 100_000)
	var last *byte
	for range 1000 { // the pool forgets some on purpose when races are looked for
		c := newCall(&keeper{})
		if err := read(c, page, int64(len(page))); err != nil {
			t.Fatal(err)
		}
		now := unsafe.SliceData(c.Body())
		c.Free()
		if now == last {
			return
		}
		last = now
	}
	t.Error("no two bodies were in the same memory")
}

// live returns the bytes that are in use.
func live() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// A string that is kept keeps 16 kB at the most, not its page.
func TestKeptStringsKeepLittle(t *testing.T) {
	page := randomPage(rand.New(rand.NewPCG(4, 0)), 500_000)
	var kept []string
	before := live()
	for range 100 {
		k := &keeper{}
		c := newCall(k)
		if err := read(c, page, int64(len(page))); err != nil {
			t.Fatal(err)
		}
		c.Free()
		kept = append(kept, k.texts[len(k.texts)/2+1])
	}
	if each := (live() - before) / 100; each > 17<<10+wire.MaxKept/100 {
		t.Errorf("a string keeps %d bytes", each)
	}
	runtime.KeepAlive(kept)
}

// The pool is bounded, however many bodies there were at once.
func TestWhatIsKeptIsBounded(t *testing.T) {
	for _, size := range []int{wire.MaxKept - 100_000, wire.MaxKept + 100_000} {
		page := randomPage(rand.New(rand.NewPCG(5, 0)), size)
		runtime.GC()
		runtime.GC() // other tests' bodies are forgotten
		before := live()
		var calls []*wire.Call
		for range 2 * wire.MaxBodies {
			c := newCall(nil)
			if readErr, _ := c.Read(answer(page, int64(len(page)))); readErr != nil {
				t.Fatal(readErr)
			}
			calls = append(calls, c)
		}
		if inUse := live() - before; inUse < int64(2*wire.MaxBodies*size)*3/4 {
			t.Errorf("only %d bytes are in use", inUse)
		}
		for _, c := range calls {
			c.Free()
		}
		clear(calls)
		most := int64(wire.MaxBodies * wire.MaxKept)
		if size > wire.MaxKept {
			most = 100 << 10
		}
		if kept := live() - before; kept > most {
			t.Errorf("%d bytes are kept of bodies of %d, want at most %d", kept, size, most)
		}
		runtime.GC()
		runtime.GC() // what is not used is forgotten
		if kept := live() - before; kept > 100<<10 {
			t.Errorf("%d bytes are kept for good", kept)
		}
	}
}
