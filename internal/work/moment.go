package work

import (
	"sync"
	"time"
)

// Moment is what something found when it was done first, so that it says the same when it is done again. It is safe for concurrent use.
type Moment struct {
	mu    sync.Mutex // guards found
	found map[string]any
	since time.Time // by the machine's clock
}

// Find returns what find, called now or before, has found under a name. After an error it is called anew.
func (m *Moment) Find(name string, find func() (any, error)) (any, error) {
	m.mu.Lock()
	was, ok := m.found[name]
	m.mu.Unlock()
	if ok {
		return was, nil
	}
	v, err := find()
	if err != nil {
		return v, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if was, ok := m.found[name]; ok { // another one came first
		return was, nil
	}
	if m.found == nil {
		m.found = map[string]any{}
	}
	m.found[name] = v
	return v, nil
}

// momentLasts is how long a moment is kept: longer than the service knows a token, ten minutes.
const momentLasts = 15 * time.Minute

// mostMoments is how many moments are kept for so long: of more, when nothing is answered for a while, the latest ones.
const mostMoments = 10_000

// Moments are those of what is done under tokens. They are safe for concurrent use.
type Moments struct {
	mu     sync.Mutex         // guards what follows
	late   map[string]*Moment // those since the turn
	early  map[string]*Moment // those of the turn before, of which none is kept behind the next one
	turned time.Time
}

// Of returns the moment of a token, and whether it was there before.
func (ms *Moments) Of(token string) (m *Moment, was bool) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	clock := time.Now()
	if clock.Sub(ms.turned) > momentLasts || len(ms.late) == mostMoments {
		ms.early, ms.late, ms.turned = ms.late, map[string]*Moment{}, clock
	}
	for _, of := range []map[string]*Moment{ms.late, ms.early} {
		if m := of[token]; m != nil && clock.Sub(m.since) <= momentLasts {
			return m, true
		}
	}
	m = &Moment{since: clock}
	ms.late[token] = m
	return m, false
}

// Forget forgets the moment of a token.
func (ms *Moments) Forget(token string) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	delete(ms.late, token)
	delete(ms.early, token)
}
