//go:build unix && !aix && !illumos && !solaris

package ddblocal

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// leash is how the emulator learns that this process is gone. The kernel closes the pipe's only writing end when the
// process ends, in whatever way: tests that are over, a panic, a timeout, SIGKILL. It is kept here because a collected
// os.File is a closed one. (PR_SET_PDEATHSIG would do it on Linux only, and ties the child to a thread, not a process.)
var leash *os.File

// script waits in the background for the end of the pipe, as descriptor 3, and then kills the process group; in the
// foreground it becomes the program, so that the program's end is seen by this process. The watcher is in the group too.
const script = `{ cat; kill -KILL 0; } <&3 >/dev/null 2>&1 &
exec 3<&-
exec "$@"`

// startProcess starts cmd in a process group of its own that dies with this process. The channel is closed when the
// program has ended; what it prints goes to cmd.Stdout.
func startProcess(cmd *exec.Cmd) (<-chan struct{}, error) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		return nil, err
	}
	cmd.Args = append([]string{"sh", "-c", script, "sh", cmd.Path}, cmd.Args[1:]...)
	cmd.Path = sh
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if leash != nil {
		_ = leash.Close() // of an earlier try, which has ended
	}
	leash = w
	cmd.ExtraFiles = []*os.File{r}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stdout = new(head)
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = cmd.Wait() // how it ended is in its output
	}()
	return exited, nil
}

// killProcess kills the program and its watcher.
func killProcess(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }

// lock waits for the exclusive lock on the file at path, which the kernel releases when the process ends.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		_ = f.Close()
		return nil, &os.PathError{Op: "lock", Path: path, Err: err}
	}
	return func() { _ = f.Close() }, nil
}
