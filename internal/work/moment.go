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

// Moments are those of what is done under tokens. They are safe for concurrent use.
type Moments struct {
	mu sync.Mutex // guards of
	of map[string]*Moment
}

// Of returns the moment of a token, a new one if there is none.
func (ms *Moments) Of(token string) *Moment {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	clock := time.Now()
	for t, m := range ms.of {
		if clock.Sub(m.since) > momentLasts {
			delete(ms.of, t)
		}
	}
	if m := ms.of[token]; m != nil {
		return m
	}
	if ms.of == nil {
		ms.of = map[string]*Moment{}
	}
	m := &Moment{since: clock}
	ms.of[token] = m
	return m
}

// Forget forgets the moment of a token.
func (ms *Moments) Forget(token string) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	delete(ms.of, token)
}
