package seal

import (
	"container/list"
	"context"
	"fmt"
	"sync"
	"time"
)

// Options are the settings of a [Sealer]; those that are zero have their defaults.
type Options struct {
	// MaxAge is how long a data key is written with, by default an hour.
	MaxAge time.Duration
	// MaxUses is how often a data key is written with, by default 1<<20.
	MaxUses int
	// MaxCached is how many unwrapped keys are kept for reading, by default 1000.
	MaxCached int
}

func (o Options) withDefaults() Options {
	if o.MaxAge <= 0 {
		o.MaxAge = time.Hour
	}
	if o.MaxUses <= 0 {
		o.MaxUses = 1 << 20
	}
	if o.MaxCached <= 0 {
		o.MaxCached = 1000
	}
	return o
}

// ring has the keys that a source has given.
type ring struct {
	source KeySource
	Options

	writing flight // one call of DataKey at a time

	mu      sync.Mutex // guards what follows
	current DataKey
	since   time.Time
	uses    int
	cached  map[cacheKey]*list.Element // of *unwrapped
	order   *list.List                 // the one used last in front
	flying  map[cacheKey]*flight       // calls of Unwrap under way
}

type cacheKey struct{ id, wrapped string }

type unwrapped struct {
	key    cacheKey
	secret []byte
}

// flight lets one of several callers do what all want. A caller whose context ends does not wait, and one that failed does not speak for
// the others: the next one tries.
type flight struct {
	slot chan struct{}
	n    int // callers, of Unwrap
}

func newFlight() flight { return flight{slot: make(chan struct{}, 1)} }

func (f *flight) enter(ctx context.Context) error {
	select {
	case f.slot <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *flight) leave() { <-f.slot }

func newRing(source KeySource, o Options) *ring {
	return &ring{source: source, Options: o.withDefaults(), writing: newFlight(),
		cached: map[cacheKey]*list.Element{}, order: list.New(), flying: map[cacheKey]*flight{}}
}

// write returns the key to write with.
func (r *ring) write(ctx context.Context) (DataKey, error) {
	if k, ok := r.writable(); ok {
		return k, nil
	}
	if err := r.writing.enter(ctx); err != nil {
		return DataKey{}, err
	}
	defer r.writing.leave()
	if k, ok := r.writable(); ok { // another one has got it
		return k, nil
	}
	k, err := r.source.DataKey(ctx)
	switch {
	case err != nil:
		return k, err
	case len(k.ID) > maxID || len(k.Wrapped) > maxWrapped || len(k.Secret) != secretSize:
		return k, fmt.Errorf("the source gave a data key with an ID of %d, a secret of %d and a wrapped form of %d bytes: the limits are %d, %d and %d",
			len(k.ID), len(k.Secret), len(k.Wrapped), maxID, secretSize, maxWrapped)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.current, r.since, r.uses = k, time.Now(), 1
	r.keep(cacheKey{k.ID, string(k.Wrapped)}, k.Secret)
	return k, nil
}

// writable returns the current key, if it may be used once more.
func (r *ring) writable() (DataKey, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.uses == 0 || r.uses >= r.MaxUses || time.Since(r.since) >= r.MaxAge {
		return DataKey{}, false
	}
	r.uses++
	return r.current, true
}

// read returns the secret of a key.
func (r *ring) read(ctx context.Context, id string, wrapped []byte) ([]byte, error) {
	key := cacheKey{id, string(wrapped)}
	secret, f := r.known(key)
	if secret != nil {
		return secret, nil
	}
	defer r.land(key, f)
	if err := f.enter(ctx); err != nil {
		return nil, err
	}
	defer f.leave()
	if secret := r.look(key); secret != nil {
		return secret, nil
	}
	secret, err := r.source.Unwrap(ctx, id, wrapped)
	if err == nil && len(secret) != secretSize {
		err = fmt.Errorf("the source gave a secret of %d bytes, want %d", len(secret), secretSize)
	}
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keep(key, secret)
	return secret, nil
}

// known returns a secret that is kept, or else the flight that gets it.
func (r *ring) known(key cacheKey) ([]byte, *flight) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.cached[key]; e != nil {
		r.order.MoveToFront(e)
		return e.Value.(*unwrapped).secret, nil
	}
	f := r.flying[key]
	if f == nil {
		f = new(newFlight())
		r.flying[key] = f
	}
	f.n++
	return nil, f
}

func (r *ring) look(key cacheKey) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.cached[key]; e != nil {
		return e.Value.(*unwrapped).secret
	}
	return nil
}

// land forgets a flight that nobody waits for any more.
func (r *ring) land(key cacheKey, f *flight) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f.n--; f.n == 0 {
		delete(r.flying, key)
	}
}

// keep remembers a secret, and forgets the one that was not used for longest. mu is held.
func (r *ring) keep(key cacheKey, secret []byte) {
	if e := r.cached[key]; e != nil {
		r.order.MoveToFront(e)
		return
	}
	r.cached[key] = r.order.PushFront(&unwrapped{key, secret})
	if r.order.Len() > r.MaxCached {
		last := r.order.Back()
		delete(r.cached, r.order.Remove(last).(*unwrapped).key)
	}
}
