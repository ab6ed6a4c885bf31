package work

import (
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// Crew is goroutines that work for the one that waits for them. What one of them panics with, such as a method of a user's type, comes out
// of Wait, where the caller's own recover is: in a goroutine of the library it would end the program.
type Crew struct {
	wait   sync.WaitGroup
	thrown atomic.Pointer[Thrown]
}

// Go runs f in a goroutine.
func (c *Crew) Go(f func()) {
	c.wait.Add(1)
	go c.do(f)
}

func (c *Crew) do(f func()) {
	defer c.wait.Done()
	defer func() {
		if t := Caught(recover()); t != nil {
			c.thrown.CompareAndSwap(nil, t)
		}
	}()
	f()
}

// Failed reports whether one has panicked.
func (c *Crew) Failed() bool { return c.thrown.Load() != nil }

// Wait returns when all are done.
func (c *Crew) Wait() {
	c.wait.Wait()
	if t := c.thrown.Load(); t != nil {
		panic(t)
	}
}

// Thrown is what a goroutine has panicked with, and where.
type Thrown struct {
	value any
	stack []byte
}

// Caught returns what a deferred function's recover has returned as what another goroutine can panic with, nil for nil.
func Caught(value any) *Thrown {
	if value == nil {
		return nil
	}
	if t, ok := value.(*Thrown); ok {
		return t
	}
	return &Thrown{value, debug.Stack()}
}

func (t *Thrown) Error() string { return fmt.Sprintf("%v\n\n%s", t.value, t.stack) }

// Unwrap returns the value, if it is an error.
func (t *Thrown) Unwrap() error {
	err, _ := t.value.(error)
	return err
}
