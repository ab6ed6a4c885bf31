package engine

import (
	"sync"
	"time"
)

// tokenLife is how long a ClientRequestToken is remembered, unless Config says otherwise.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
const tokenLife = 10 * time.Minute

// tokens remember the transactions that were done under a ClientRequestToken.
type tokens struct {
	life time.Duration
	mu   sync.Mutex // guards done, and its order
	done map[string]*tokenUse
	// order has the tokens from the oldest to the newest, for forgetting.
	order []*tokenUse
}

type tokenUse struct {
	mu     sync.Mutex // held while the transaction runs
	token  string
	digest string
	at     time.Time
	ok     bool // guarded by mu: the transaction was committed
}

func (t *tokens) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done, t.order = nil, nil
}

// use finds or makes the entry of a token, and forgets what is too old.
func (t *tokens) use(token, digest string, now time.Time) *tokenUse {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.order) > 0 && now.Sub(t.order[0].at) >= t.life {
		if old := t.order[0]; t.done[old.token] == old {
			delete(t.done, old.token)
		}
		t.order = t.order[1:]
	}
	u := t.done[token]
	if u == nil {
		u = &tokenUse{token: token, digest: digest, at: now}
		if t.done == nil {
			t.done = map[string]*tokenUse{}
		}
		t.done[token] = u
		t.order = append(t.order, u)
	}
	return u
}

// once runs do under a token, unless that was done before: then it answers with
// again. A transaction that failed leaves the token free.
func (t *tokens) once(token, digest string, now time.Time, do func() ([]byte, error), again func() []byte) ([]byte, error) {
	u := t.use(token, digest, now)
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.ok && u.digest != digest:
		return nil, clientError("IdempotentParameterMismatchException", "")
	case u.ok:
		return again(), nil
	}
	u.digest = digest
	out, err := do()
	u.ok = err == nil
	return out, err
}
