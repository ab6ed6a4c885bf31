package stream

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/entable/entable"
)

// Position is how far a shard has been handled.
type Position struct {
	// SequenceNumber is the last record that was handled; "" for none.
	SequenceNumber string
	// Done is set when the shard is closed and all of it was handled.
	Done bool
	// Since is when a poll began with what is written from then on, where nothing of the shard was handled since, see
	// [PollOptions.Latest].
	Since time.Time
}

// Checkpoints keep the positions of [Handler.Poll] from one run to the next. They must be safe for concurrent use.
type Checkpoints interface {
	// Load returns the positions in the shards of a stream, by the shards' ids.
	Load(ctx context.Context, stream string) (map[string]Position, error)
	// Save keeps the position in one shard.
	Save(ctx context.Context, stream, shard string, p Position) error
	// Forget removes that of a shard that the stream does not have any more.
	Forget(ctx context.Context, stream, shard string) error
}

// MemoryCheckpoints returns checkpoints that live as long as the process.
func MemoryCheckpoints() Checkpoints { return &memoryCheckpoints{at: map[shardKey]Position{}} }

type shardKey struct{ stream, shard string }

type memoryCheckpoints struct {
	mu sync.Mutex
	at map[shardKey]Position
}

func (m *memoryCheckpoints) Load(_ context.Context, stream string) (map[string]Position, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[string]Position{}
	for k, p := range m.at {
		if k.stream == stream {
			out[k.shard] = p
		}
	}
	return out, nil
}

func (m *memoryCheckpoints) Save(_ context.Context, stream, shard string, p Position) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.at[shardKey{stream, shard}] = p
	return nil
}

func (m *memoryCheckpoints) Forget(_ context.Context, stream, shard string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.at, shardKey{stream, shard})
	return nil
}

// checkpoint is the item that a position is kept in.
type checkpoint struct {
	Consumer string `dynamodbav:"consumer"`
	Stream   string `dynamodbav:"stream"`
	Shard    string `dynamodbav:"shard"`
	After    string `dynamodbav:"after,omitempty"`
	Done     bool   `dynamodbav:"done,omitempty"`
	Since    int64  `dynamodbav:"since,omitempty"` // in milliseconds
	Version  int64  `dynamodbav:"version" entable:"version"`
}

func isCheckpoint(v any) bool {
	_, ok := v.(*checkpoint)
	return ok
}

// TableCheckpoints keep positions as items of a table, one for each shard. They may be in the table whose stream they are of:
// a [Handler] passes them over. Each is written under the condition that it is as it was left, so that two programs that poll for one
// consumer find out about each other.
type TableCheckpoints struct {
	entity   *entable.Entity[checkpoint]
	consumer string

	mu   sync.Mutex
	held map[shardKey]checkpoint // as they are stored
}

// NewTableCheckpoints registers the positions on a table, as the entity StreamCheckpoint with keys of the prefixes
// "StreamCheckpoint" and "Shard"; see [entable.Register] for what it says of errors and of the order of declarations. The consumer
// names who polls, so that several can do so side by side; [TableCheckpoints.For] gives those of another one.
//
// The functions of this package pass the positions over. To programs that do not register them they are items of an unknown
// type, in partitions of their own.
func NewTableCheckpoints(table *entable.Table, consumer string) *TableCheckpoints {
	if consumer == "" {
		panic(errors.New("entable: stream: checkpoints need the name of a consumer"))
	}
	e := entable.Register[checkpoint](table, entable.Name("StreamCheckpoint"),
		entable.PK("consumer", "stream", entable.Prefix("StreamCheckpoint")), entable.SK("shard", entable.Prefix("Shard")))
	return &TableCheckpoints{entity: e, consumer: consumer, held: map[shardKey]checkpoint{}}
}

// For returns the checkpoints of another consumer, in the same table.
func (c *TableCheckpoints) For(consumer string) *TableCheckpoints {
	return &TableCheckpoints{entity: c.entity, consumer: consumer, held: map[shardKey]checkpoint{}}
}

// Load reads the positions, consistently.
func (c *TableCheckpoints) Load(ctx context.Context, stream string) (map[string]Position, error) {
	found := map[shardKey]checkpoint{}
	out := map[string]Position{}
	for p, err := range c.entity.Query(checkpoint{Consumer: c.consumer, Stream: stream}).Consistent(true).All(ctx) {
		if err != nil {
			return nil, err
		}
		found[shardKey{stream, p.Shard}] = *p
		at := Position{SequenceNumber: p.After, Done: p.Done}
		if p.Since != 0 {
			at.Since = time.UnixMilli(p.Since)
		}
		out[p.Shard] = at
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.held, func(k shardKey, _ checkpoint) bool { return k.stream == stream })
	maps.Copy(c.held, found)
	return out, nil
}

// Save writes the position in one shard.
func (c *TableCheckpoints) Save(ctx context.Context, stream, shard string, p Position) error {
	key := shardKey{stream, shard}
	c.mu.Lock()
	one, ok := c.held[key]
	c.mu.Unlock()
	if !ok {
		one = checkpoint{Consumer: c.consumer, Stream: stream, Shard: shard}
	}
	if one.After, one.Done, one.Since = p.SequenceNumber, p.Done, 0; !p.Since.IsZero() {
		one.Since = p.Since.UnixMilli()
	}
	if err := c.entity.Put(ctx, &one); err != nil {
		return c.rivalled(err)
	}
	c.mu.Lock()
	c.held[key] = one
	c.mu.Unlock()
	return nil
}

// Forget deletes the position in a shard.
func (c *TableCheckpoints) Forget(ctx context.Context, stream, shard string) error {
	c.mu.Lock()
	delete(c.held, shardKey{stream, shard})
	c.mu.Unlock()
	return c.entity.Delete(ctx, checkpoint{Consumer: c.consumer, Stream: stream, Shard: shard})
}

func (c *TableCheckpoints) rivalled(err error) error {
	if _, ok := errors.AsType[*entable.ConditionFailedError](err); !ok {
		return err
	}
	return fmt.Errorf("another program polls as consumer %q: let one do it, or give each a consumer of its own: %w", c.consumer, err)
}
