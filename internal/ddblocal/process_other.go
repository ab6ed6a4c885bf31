//go:build !unix || aix || illumos || solaris

package ddblocal

import (
	"os/exec"
	"runtime"
)

func startProcess(*exec.Cmd) (<-chan struct{}, error) {
	return nil, unavailable("it is not started on %s: set ENTABLE_ENDPOINT", runtime.GOOS)
}

func killProcess(*exec.Cmd) {}

func lock(string) (unlock func(), err error) {
	return nil, unavailable("it is not started on %s: set ENTABLE_ENDPOINT", runtime.GOOS)
}
