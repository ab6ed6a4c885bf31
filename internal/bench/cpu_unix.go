//go:build unix

package main

import (
	"syscall"
	"time"
)

// knowsCPU says that this platform tells how much CPU time the process has taken.
const knowsCPU = true

// cpuTime returns the CPU time that the process has taken.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
