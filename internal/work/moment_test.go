package work_test

import (
	"errors"
	"fmt"
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
		of := func(token string) *work.Moment {
			m, _ := moments.Of(token)
			return m
		}
		a, was := moments.Of("a")
		if _, again := moments.Of("a"); was || !again {
			t.Errorf("there before: %t, then %t", was, again)
		}
		if of("b") == a || of("a") != a {
			t.Error("the token does not tell moments apart")
		}
		time.Sleep(11 * time.Minute)
		if of("a") != a {
			t.Error("it is another one while the service knows the token")
		}
		time.Sleep(5 * time.Minute)
		later := of("a")
		if later == a {
			t.Error("it is kept for ever")
		}
		moments.Forget("a")
		if of("a") == later {
			t.Error("it is not forgotten")
		}
	})
}

// When no outcome is known for a while, memory stays bounded: the earliest moments go first.
func TestMomentsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var moments work.Moments
		first, _ := moments.Of("0")
		kept := 0
		for i := range 50_000 {
			moments.Of(fmt.Sprint(i))
		}
		for i := range 50_000 {
			token := fmt.Sprint(49_999 - i)
			if _, was := moments.Of(token); was {
				kept++
			} else if i < 10_000 {
				t.Fatalf("%s is forgotten", token)
			}
			moments.Forget(token)
		}
		if again, was := moments.Of("0"); was || again == first || kept > 20_000 {
			t.Errorf("%d are kept, the first among them: %t", kept, was)
		}
	})
}

func TestMomentFindsOnce(t *testing.T) {
	calls, bad := 0, errors.New("bad")
	find := func() (any, error) { calls++; return calls, nil }
	m, _ := (&work.Moments{}).Of("t")
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
