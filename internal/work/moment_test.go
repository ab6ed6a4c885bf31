package work_test

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entable/entable/internal/work"
)

// What is done again under a token is done at the same moment, until it is forgotten or nobody knows the token any more.
func TestMoments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var moments work.Moments
		a := moments.Of("a")
		if moments.Of("b") == a || moments.Of("a") != a {
			t.Error("the token does not tell moments apart")
		}
		time.Sleep(11 * time.Minute)
		if moments.Of("a") != a {
			t.Error("it is another one while the service knows the token")
		}
		time.Sleep(5 * time.Minute)
		later := moments.Of("a")
		if later == a {
			t.Error("it is kept for ever")
		}
		moments.Forget("a")
		if moments.Of("a") == later {
			t.Error("it is not forgotten")
		}
	})
}

func TestMomentFindsOnce(t *testing.T) {
	calls, bad := 0, errors.New("bad")
	find := func() (any, error) { calls++; return calls, nil }
	m := (&work.Moments{}).Of("t")
	if _, err := m.Find("a", func() (any, error) { return nil, bad }); err != bad {
		t.Errorf("error %v", err)
	}
	for range 2 {
		if v, err := m.Find("a", find); v != 1 || err != nil {
			t.Errorf("found %v, %v", v, err)
		}
	}
	if v, _ := m.Find("b", find); v != 2 {
		t.Errorf("under another name %v", v)
	}
	var all sync.WaitGroup
	found := make([]any, 10)
	for i := range found {
		all.Go(func() { found[i], _ = m.Find("c", func() (any, error) { return new(int), nil }) })
	}
	all.Wait()
	for _, v := range found {
		if v != found[0] {
			t.Errorf("found %v and %v", v, found[0])
		}
	}
}
