package ddblocal

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// startEmulator runs the emulator in dir and returns its endpoint once it answers.
//
// A free port can be found but not handed over: another process may take it before the emulator listens. The emulator
// exits then, and a new port is tried.
func startEmulator(ctx context.Context, dir, java string, flags []string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	var err error
	for range 3 {
		var port int
		if port, err = freePort(); err != nil {
			return "", err
		}
		cmd := exec.Command(java, slices.Concat(flags, []string{
			"-Djava.library.path=./DynamoDBLocal_lib", "-jar", simulator.program,
			"-inMemory", "-disableTelemetry", "-port", strconv.Itoa(port),
		})...)
		cmd.Dir = dir
		var exited <-chan struct{}
		if exited, err = startProcess(cmd); err != nil {
			return "", err
		}
		endpoint := fmt.Sprintf("http://127.0.0.1:%d", port)
		if err = awaitReady(ctx, endpoint, exited); err == nil {
			return endpoint, nil
		}
		killProcess(cmd)
		<-exited
		err = fmt.Errorf("%w: %s", err, cmd.Stdout)
		if ctx.Err() != nil {
			break
		}
	}
	return "", err
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// awaitReady asks the endpoint until it lists its tables, the process ends or ctx does.
func awaitReady(ctx context.Context, endpoint string, exited <-chan struct{}) error {
	client := NewClient(endpoint, func(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} })
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		_, err := client.ListTables(ctx, &dynamodb.ListTablesInput{})
		select {
		case <-exited:
			return fmt.Errorf("the emulator exited before it was ready")
		default:
		}
		if err == nil {
			return nil
		}
		select {
		case <-exited:
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("the emulator does not answer: %w", err)
		}
	}
}

// head keeps the beginning of what a process prints, where it says why it cannot start, and discards the rest.
type head struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

const headSize = 8 << 10

func (h *head) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.buf.Write(p[:min(len(p), headSize-h.buf.Len())])
	return len(p), nil
}

func (h *head) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return string(bytes.TrimSpace(h.buf.Bytes()))
}
