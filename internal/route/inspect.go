package route

import (
	"runtime"
	"sync"
	"weak"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/entable/entable/internal/lean"
	"github.com/entable/entable/internal/wire"
)

// inspected is what is known of an SDK client. It does not keep the client.
type inspected struct {
	wire *wire.Client
	lean *lean.Client
}

// known are the clients that live, by weak pointers, so that one that comes with each context is inspected once.
var known sync.Map

func inspect(c *dynamodb.Client) (*wire.Client, *lean.Client) {
	key := weak.Make(c)
	if k, ok := known.Load(key); ok {
		return k.(inspected).wire, k.(inspected).lean
	}
	made := inspected{wire: wire.Inspect(c)}
	if made.wire != nil {
		made.lean = lean.Inspect(c)
	}
	k, loaded := known.LoadOrStore(key, made)
	if !loaded {
		runtime.AddCleanup(c, func(key weak.Pointer[dynamodb.Client]) { known.Delete(key) }, key)
	}
	return k.(inspected).wire, k.(inspected).lean
}
