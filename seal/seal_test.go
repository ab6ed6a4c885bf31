package seal_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entable/entable/internal/enginetest"
	"github.com/entable/entable/internal/trial"
	"github.com/entable/entable/seal"
)

var check = enginetest.Check

func key(id string) seal.Key {
	return seal.Key{ID: id, Secret: bytes.Repeat([]byte(id), 32)[:32]}
}

func sealer(t testing.TB, write seal.Key, read ...seal.Key) *seal.Sealer {
	t.Helper()
	keys, err := seal.Keys(write, read...)
	check(t, err)
	return seal.New(keys, seal.Options{})
}

func TestSealedTextsOpen(t *testing.T) {
	s := sealer(t, key("k"))
	for _, text := range []string{"", "a", strings.Repeat("long", 50_000)} {
		sealed, err := s.Seal(t.Context(), []byte(text), []byte("here"))
		check(t, err)
		again, err := s.Seal(t.Context(), []byte(text), []byte("here"))
		check(t, err)
		if bytes.Equal(sealed, again) {
			t.Errorf("two ciphertexts of %d bytes are the same", len(text))
		}
		if len(text) > 8 && bytes.Contains(sealed, []byte(text[:8])) {
			t.Error("the text stands in its ciphertext")
		}
		if got, err := s.Open(t.Context(), sealed, []byte("here")); err != nil || string(got) != text {
			t.Errorf("%d bytes: got %d, %v", len(text), len(got), err)
		}
		if got, err := s.Open(t.Context(), sealed, []byte("there")); !errors.Is(err, seal.ErrForged) || got != nil {
			t.Errorf("in another place: %q, %v", got, err)
		}
	}
}

func TestKeysRotate(t *testing.T) {
	before, after := sealer(t, key("old")), sealer(t, key("new"), key("old"))
	later := sealer(t, key("new"))
	first, err := before.Seal(t.Context(), []byte("text"), nil)
	check(t, err)
	second, err := after.Seal(t.Context(), []byte("text"), nil)
	check(t, err)
	for _, test := range []struct {
		name   string
		with   *seal.Sealer
		sealed []byte
		want   error
	}{
		{"an old text with both keys", after, first, nil},
		{"a new text with both keys", after, second, nil},
		{"a new text with the new key", later, second, nil},
		{"an old text with the new key", later, first, seal.ErrUnknownKey},
		{"a new text with the old key", before, second, seal.ErrUnknownKey},
		{"an old text with another key of its ID", sealer(t, seal.Key{ID: "old", Secret: make([]byte, 32)}), first, seal.ErrForged},
	} {
		got, err := test.with.Open(t.Context(), test.sealed, nil)
		if !errors.Is(err, test.want) || test.want == nil && string(got) != "text" || test.want != nil && got != nil {
			t.Errorf("%s: %q, %v", test.name, got, err)
		}
		if e, ok := errors.AsType[*seal.Error](err); test.want != nil && (!ok || e.KeyID() == "" || !strings.Contains(err.Error(), e.KeyID())) {
			t.Errorf("%s: %v does not name the key", test.name, err)
		}
	}
}

func TestWrongKeysAreRefused(t *testing.T) {
	long := seal.Key{ID: strings.Repeat("x", 256), Secret: make([]byte, 32)}
	for _, test := range []struct {
		keys []seal.Key
		says string
	}{
		{[]seal.Key{{Secret: make([]byte, 32)}}, `invalid key ID ""`},
		{[]seal.Key{long}, "1 to 255 bytes"},
		{[]seal.Key{{ID: "a", Secret: make([]byte, 16)}}, "it has 16 bytes, want 32"},
		{[]seal.Key{key("a"), {ID: "a", Secret: make([]byte, 32)}}, "given twice"},
	} {
		if _, err := seal.Keys(test.keys[0], test.keys[1:]...); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%v, want %q", err, test.says)
		}
	}
}

// No ciphertext opens but the one that was made, in the place that it was made for: whatever is changed, cut, appended, put together
// of two, or moved.
func TestForgeriesDoNotOpen(t *testing.T) {
	n := trial.Size(20_000, 1_000_000)
	r := trial.Rand(t)
	s := sealer(t, key("k1"), key("k2"), key("k3"))
	other := sealer(t, key("k2"))
	refused := 0
	for refused < n {
		text := make([]byte, r.IntN(60))
		bound := fmt.Sprint("place ", r.IntN(1000))
		a, err := s.Seal(t.Context(), text, []byte(bound))
		check(t, err)
		b, err := other.Seal(t.Context(), text, []byte(bound))
		check(t, err)
		for range 50 {
			forged, at := bytes.Clone(a), bound
			switch r.IntN(7) {
			case 0: // a bit
				forged[r.IntN(len(forged))] ^= 1 << r.IntN(8)
			case 1: // a byte
				forged[r.IntN(len(forged))] = byte(r.Uint32())
			case 2:
				forged = forged[:r.IntN(len(forged))]
			case 3:
				forged = append(forged, make([]byte, 1+r.IntN(40))...)
			case 4: // the beginning of one and the end of another
				i := r.IntN(min(len(a), len(b)))
				forged = append(bytes.Clone(a[:i]), b[i:]...)
			case 5:
				at = bound[:r.IntN(len(bound))] + fmt.Sprint(r.IntN(10_000))
			case 6:
				forged = make([]byte, r.IntN(100))
				for i := range forged {
					forged[i] = byte(r.Uint32())
				}
			}
			if at == bound && (bytes.Equal(forged, a) || bytes.Equal(forged, b)) {
				continue
			}
			got, err := s.Open(t.Context(), forged, []byte(at))
			if err == nil || got != nil {
				t.Fatalf("%x opens at %q as %q", forged, at, got)
			}
			if !errors.Is(err, seal.ErrForged) && !errors.Is(err, seal.ErrMalformed) && !errors.Is(err, seal.ErrUnknownKey) {
				t.Fatal(err)
			}
			refused++
		}
	}
	t.Logf("%d forgeries refused", refused)
}

func FuzzOpen(f *testing.F) {
	s := sealer(f, key("k"))
	good, err := s.Seal(context.Background(), []byte("text"), []byte("place"))
	check(f, err)
	f.Add(good, []byte("place"))
	f.Add([]byte{1, 255}, []byte{})
	f.Fuzz(func(t *testing.T, sealed, bound []byte) {
		got, err := s.Open(t.Context(), sealed, bound)
		if real := bytes.Equal(sealed, good) && string(bound) == "place"; real != (err == nil) || !real && got != nil {
			t.Errorf("%x at %q: %q, %v", sealed, bound, got, err)
		}
	})
}

// service counts the calls of a key service. A secret is its wrapped form, inverted.
type service struct {
	mu        sync.Mutex
	generated int
	unwrapped int
	err       error
	slow      time.Duration
}

func (s *service) DataKey(context.Context) (seal.DataKey, error) {
	time.Sleep(s.slow)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.generated++
	k := seal.DataKey{ID: "kms", Secret: make([]byte, 32), Wrapped: make([]byte, 32)}
	for i := range k.Secret {
		k.Secret[i], k.Wrapped[i] = byte(s.generated), ^byte(s.generated)
	}
	return k, s.err
}

func (s *service) Unwrap(_ context.Context, _ string, wrapped []byte) ([]byte, error) {
	time.Sleep(s.slow)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unwrapped++
	secret := bytes.Clone(wrapped)
	for i := range secret {
		secret[i] = ^secret[i]
	}
	return secret, s.err
}

func TestServiceIsCalledOnceForEachKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kms := &service{slow: time.Second}
		s := seal.New(kms, seal.Options{MaxAge: time.Minute, MaxUses: 100})
		var all [][]byte
		write := func() {
			sealed, err := s.Seal(t.Context(), []byte("text"), nil)
			check(t, err)
			all = append(all, sealed)
		}
		for range 100 {
			write()
		}
		if kms.generated != 1 {
			t.Errorf("100 texts took %d keys", kms.generated)
		}
		write()
		if kms.generated != 2 {
			t.Errorf("101 texts took %d keys", kms.generated)
		}
		time.Sleep(time.Minute)
		write()
		if kms.generated != 3 {
			t.Errorf("behind its age there are %d keys", kms.generated)
		}
		cold := seal.New(kms, seal.Options{MaxCached: 3})
		var wait sync.WaitGroup
		for _, sealed := range all {
			wait.Go(func() {
				if got, err := cold.Open(t.Context(), sealed, nil); err != nil || string(got) != "text" {
					t.Errorf("%q, %v", got, err)
				}
			})
		}
		wait.Wait()
		if kms.unwrapped != 3 {
			t.Errorf("three keys took %d calls", kms.unwrapped)
		}
		small := seal.New(kms, seal.Options{MaxCached: 1})
		for _, i := range []int{0, 1, 100, 101} { // the keys 1, 1, 2, 3, and 1 again
			_, err := small.Open(t.Context(), all[i], nil)
			check(t, err)
		}
		_, err := small.Open(t.Context(), all[0], nil)
		check(t, err)
		if kms.unwrapped != 3+4 {
			t.Errorf("with room for one key, four turns took %d calls", kms.unwrapped-3)
		}
	})
}

func TestErrorsOfTheServiceAreNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kms := &service{err: errors.New("throttled")}
		s := seal.New(kms, seal.Options{})
		if _, err := s.Seal(t.Context(), nil, nil); !errors.Is(err, kms.err) {
			t.Errorf("seal: %v", err)
		}
		kms.err = nil
		sealed, err := s.Seal(t.Context(), []byte("text"), nil)
		check(t, err)
		cold := seal.New(kms, seal.Options{})
		kms.err = errors.New("throttled")
		if _, err := cold.Open(t.Context(), sealed, nil); !errors.Is(err, kms.err) {
			t.Errorf("open: %v", err)
		}
		kms.err, kms.slow = nil, time.Hour
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		go func() { _, _ = cold.Open(t.Context(), sealed, nil) }()
		synctest.Wait()
		if _, err := cold.Open(ctx, sealed, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("one that waits for another's call past its deadline: %v", err)
		}
		time.Sleep(time.Hour)
		if got, err := cold.Open(t.Context(), sealed, nil); err != nil || string(got) != "text" {
			t.Errorf("%q, %v", got, err)
		}
	})
}

func BenchmarkSealer(b *testing.B) {
	s := sealer(b, key("k"))
	for _, n := range []int{20, 2000} {
		text := make([]byte, n)
		sealed, err := s.Seal(b.Context(), text, make([]byte, 100))
		check(b, err)
		b.Run(fmt.Sprintf("seal/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = s.Seal(b.Context(), text, make([]byte, 100))
			}
		})
		b.Run(fmt.Sprintf("open/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = s.Open(b.Context(), sealed, make([]byte, 100))
			}
		})
	}
}
