package engine

import "sync"

// A lock is a sync.RWMutex that asks for a while before it lets its goroutine wait.
//
// A table's lock is mostly held for less than a microsecond, to find or set one entry of a tree, while waking a goroutine
// that waits for it takes from ten microseconds to milliseconds, with its processor idle. A sync.Mutex asks a few times for
// this reason, but a sync.RWMutex does not: without this, two goroutines that write to one table get no more done than one.
type lock struct{ sync.RWMutex }

// lockTries take about ten microseconds: many times what a small request needs, and no more than a wait costs.
const lockTries = 2000

func (l *lock) Lock() {
	for range lockTries {
		if l.TryLock() {
			return
		}
	}
	l.RWMutex.Lock()
}

func (l *lock) RLock() {
	for range lockTries {
		if l.TryRLock() {
			return
		}
	}
	l.RWMutex.RLock()
}
