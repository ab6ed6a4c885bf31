package entable

import (
	"context"

	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/work"
)

// The values that the library fills in on write. (The name of this file is the feature's: it is written by hand.)

// Strategy names a way to generate a value, in the tag option `entable:"auto=…"` and for [Generate].
type Strategy string

const (
	// UUID4 is a random UUID (RFC 9562, version 4): 36 characters, lower case, with hyphens.
	UUID4 Strategy = "uuid4"
	// UUID7 is a UUID that starts with the time in milliseconds (version 7), written as UUID4.
	UUID7 Strategy = "uuid7"
	// ULID is 26 characters of Crockford's base 32, upper case: the time in milliseconds and 80 random
	// bits. Within a process each is above the one before, even within a millisecond and across
	// goroutines, so that keys built from them keep the order of the writes. https://github.com/ulid/spec
	ULID Strategy = "ulid"
	// KSUID is 27 characters of base 62: the time in seconds and 128 random bits, in the order of the
	// seconds. https://github.com/segmentio/ksuid
	KSUID Strategy = "ksuid"
	// Epoch is the time in whole seconds since 1970, a number.
	Epoch Strategy = "epoch"
	// EpochMS is the time in whole milliseconds since 1970, a number.
	EpochMS Strategy = "epoch_ms"
	// ISO8601 is the time in whole seconds, in UTC: the 20 characters 2006-01-02T15:04:05Z.
	ISO8601 Strategy = "iso8601"
	// Now is the time in nanoseconds, in UTC: the 30 characters 2006-01-02T15:04:05.000000000Z, or a time.Time. Within a
	// process each is above the one before, even across goroutines: it can tell the items of a partition apart, which
	// whole seconds cannot.
	Now Strategy = "now"
)

// Generate returns a new value, as the tag option auto=… would store it; numbers in decimal. It is for
// hooks that need the value before fields are generated: a BeforeSave that sets its own id. It is
// safe for concurrent use. It panics for a Strategy that is none of the constants.
func Generate(s Strategy) string { return mustGenerate(schema.DefaultGenerator, s) }

// Generate does what the package's [Generate] does, with the table's [Clock] and [Entropy]. It panics when that
// source of entropy fails.
func (t *Table) Generate(s Strategy) string { return mustGenerate(t.s().Settings().Gen, s) }

func mustGenerate(g *schema.Generator, s Strategy) string {
	text, err := g.Text(schema.Strategy(s), g.Clock())
	if err != nil {
		panic("entable: " + err.Error())
	}
	return text
}

// moments are those of transactions whose outcome is unknown, by their tokens.
var moments work.Moments

// replay is one preparation of a transaction that has a moment: it finds what the first one found. nil: there is none.
type replay struct {
	m     *work.Moment
	times int // how often it has asked for the time
}

type replayKey struct{}

func replayOf(ctx context.Context) *replay {
	r, _ := ctx.Value(replayKey{}).(*replay)
	return r
}

// find returns what find found when the transaction was prepared first.
func (r *replay) find(name string, find func() (any, error)) (any, error) {
	if r == nil {
		return find()
	}
	return r.m.Find(name, find)
}

// item does what find does for the stored item with a key.
func (r *replay) item(entity string, key schema.ItemKey, find func() (any, error)) (any, error) {
	if r == nil {
		return find()
	}
	return r.m.Find("item of "+entity+key.Text(), find)
}
