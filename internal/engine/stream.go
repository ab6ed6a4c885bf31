package engine

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/entable/entable/internal/engine/value"
)

// A stream has what writes did to the items of a table in the last 24 hours.
//
// Behaviour:
//   - Each write that changes an item makes one record, in the order of the writes: INSERT,
//     MODIFY or REMOVE, with the keys and the images that the view type names. A write
//     that leaves an item as it is makes none. What Sweep removes is marked as the
//     service's doing.
//   - A stream is a row of shards. Items of one partition stay within a shard and its
//     children, which have their parent's records behind them: all of a parent's records
//     are older than any of its child's. A shard is closed after four hours (and by
//     SplitShards), and its child goes on.
//   - Sequence numbers rise within a stream and have 21 digits.
//   - A record is trimmed 24 hours after it was made, and so is a closed shard without
//     records. A stream that was disabled, or whose table was deleted, stays readable
//     as long.
//   - Enabling a stream again makes another one, with a label of its own.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
type stream struct {
	// Fixed when the stream is opened.
	arn, label, view  string
	tableName, region string
	key               keySchema
	keyElements       []keySchemaElement
	created           time.Time
	now               func() time.Time

	mu       sync.Mutex // guards the rest; held for an append or a look at a few records
	shards   []*shard   // from the oldest to the newest
	next     uint64     // the number of the next record
	disabled time.Time  // zero while the stream is enabled
}

// A shard has the records of those partitions whose hash lies between low and high, both
// included. Numbers are those of records: from first on, and if the shard is closed up to last.
type shard struct {
	id, parent  string
	low, high   uint64
	opened      time.Time
	first, last uint64
	closed      time.Time
	trimmed     uint64 // the highest number of a trimmed record
	// chunks hold the records in order. Full ones are never appended to, and leave as a whole.
	chunks [][]streamRecord
}

// A streamRecord points to the images, which the table and its indexes have too while they are current.
type streamRecord struct {
	number   uint64
	at       int64 // nanoseconds since 1970
	old, rec *record
	by       writer
}

// A writer is who removes an item.
type writer uint8

const (
	byUser writer = iota
	byService
)

const (
	streamLife = 24 * time.Hour
	shardLife  = 4 * time.Hour
	chunkSize  = 256
)

// openStream opens a stream of a table. ac.mu or the table's mu must keep others from doing the same.
func (ac *Account) openStream(t *table, view string, now time.Time) *stream {
	all := maps.Clone(*ac.streams.Load())
	label := streamLabel(now)
	for at := now; all[t.arn+"/stream/"+label] != nil; label = streamLabel(at) {
		at = at.Add(time.Millisecond)
	}
	s := &stream{
		arn: t.arn + "/stream/" + label, label: label, view: view, tableName: t.name, region: ac.region,
		key: t.key, keyElements: t.settings.keySchema, created: now, now: ac.cfg.Now, next: 1,
	}
	s.addShard("", 0, math.MaxUint64, now)
	all[s.arn] = s
	maps.DeleteFunc(all, func(_ string, s *stream) bool { return s.gone(now) })
	ac.streams.Store(&all)
	return s
}

func streamLabel(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000") }

// stream finds a stream that can be read.
func (ac *Account) stream(arn string) (*stream, error) {
	s := (*ac.streams.Load())[arn]
	if s == nil || s.gone(ac.cfg.Now()) {
		return nil, clientError("ResourceNotFoundException", "Requested resource not found: Stream: "+arn+" not found")
	}
	return s, nil
}

// gone says whether the stream was disabled so long ago that nothing is left of it.
func (s *stream) gone(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.disabled.IsZero() && now.Sub(s.disabled) >= streamLife
}

func (s *stream) addShard(parent string, low, high uint64, now time.Time) {
	h := fnv.New32a()
	h.Write([]byte(s.arn))
	h.Write(binary.BigEndian.AppendUint64(nil, s.next))
	h.Write(binary.BigEndian.AppendUint64(nil, low))
	s.shards = append(s.shards, &shard{
		id:     fmt.Sprintf("shardId-%020d-%08x", now.UnixMilli(), h.Sum32()),
		parent: parent, low: low, high: high, opened: now, first: s.next,
	})
}

// disable ends the stream: it stays readable for a day.
func (s *stream) disable(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.disabled = now
	for _, sh := range s.shards {
		s.close(sh, now)
	}
}

// close closes a shard if it is open. The number of its end is used up, so that the ranges of a shard
// and its children do not touch.
func (s *stream) close(sh *shard, now time.Time) {
	if sh.last == 0 {
		sh.last, sh.closed = s.next, now
		s.next++
	}
}

// split closes the open shards that are due and gives each a number of children: one to go on, or two that share
// its partitions. s.mu must be held.
func (s *stream) split(children int, now time.Time, due func(*shard) bool) {
	for _, sh := range slices.Clone(s.shards) {
		if !due(sh) {
			continue
		}
		end := sh.opened.Add(shardLife) // nobody may have looked since
		if end.After(now) {
			end = now
		}
		s.close(sh, end)
		if middle := sh.low + (sh.high-sh.low)/2; children == 2 && sh.low < sh.high {
			s.addShard(sh.id, sh.low, middle, now)
			s.addShard(sh.id, middle+1, sh.high, now)
		} else {
			s.addShard(sh.id, sh.low, sh.high, now)
		}
	}
}

// settle brings the shards up to date: closes what is old, forgets what is older. s.mu must be held.
func (s *stream) settle(now time.Time) {
	old := func(sh *shard) bool { return sh.last == 0 && now.Sub(sh.opened) >= shardLife }
	if slices.ContainsFunc(s.shards, old) { // every write asks
		s.split(1, now, old)
	}
	limit := now.Add(-streamLife).UnixNano()
	for _, sh := range s.shards {
		sh.trim(limit)
	}
	s.shards = slices.DeleteFunc(s.shards, func(sh *shard) bool {
		return sh.last != 0 && len(sh.chunks) == 0 && now.Sub(sh.closed) >= streamLife
	})
}

// trim drops the records that are as old as limit.
func (sh *shard) trim(limit int64) {
	for len(sh.chunks) > 0 {
		chunk := sh.chunks[0]
		keep := 0
		for keep < len(chunk) && chunk[keep].at <= limit {
			keep++
		}
		if keep > 0 {
			sh.trimmed = chunk[keep-1].number
		}
		if sh.chunks[0] = chunk[keep:]; keep < len(chunk) {
			return
		}
		sh.chunks = sh.chunks[1:]
	}
}

// add appends the record of a write at the table's place. The table's mu keeps the order.
func (s *stream) add(place string, old, rec *record, by writer) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.disabled.IsZero() {
		return
	}
	s.settle(now)
	h := binary.BigEndian.Uint64([]byte(place[:hashSize]))
	for _, sh := range slices.Backward(s.shards) {
		if sh.last == 0 && sh.low <= h && h <= sh.high {
			sh.append(streamRecord{s.next, now.UnixNano(), old, rec, by})
			s.next++
			return
		}
	}
	panic("BUG: no shard for a partition")
}

func (sh *shard) append(r streamRecord) {
	if n := len(sh.chunks); n > 0 && len(sh.chunks[n-1]) < chunkSize {
		sh.chunks[n-1] = append(sh.chunks[n-1], r)
		return
	}
	sh.chunks = append(sh.chunks, append(make([]streamRecord, 0, 4), r))
}

// from gives the records from a number on.
func (sh *shard) from(number uint64) func(yield func(*streamRecord) bool) {
	return func(yield func(*streamRecord) bool) {
		for _, chunk := range sh.chunks {
			if chunk[len(chunk)-1].number < number {
				continue
			}
			for i := range chunk {
				if chunk[i].number >= number && !yield(&chunk[i]) {
					return
				}
			}
		}
	}
}

// clone copies the stream for a snapshot. Records never change, and both sides append to arrays of their own.
func (s *stream) clone() *stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &stream{
		arn: s.arn, label: s.label, view: s.view, tableName: s.tableName, region: s.region, key: s.key,
		keyElements: s.keyElements, created: s.created, now: s.now, next: s.next, disabled: s.disabled,
	}
	for _, sh := range s.shards {
		if n := len(sh.chunks); n > 0 {
			sh.chunks[n-1] = slices.Clip(sh.chunks[n-1])
		}
		other := *sh
		other.chunks = slices.Clone(sh.chunks)
		c.shards = append(c.shards, &other)
	}
	return c
}

// sequence returns a record's number as a SequenceNumber: 21 digits, so that the order of texts is that of numbers.
func sequence(number uint64) string { return fmt.Sprintf("1%020d", number) }

// numberOf reads a SequenceNumber.
func numberOf(sequence string) (uint64, bool) {
	if len(sequence) != 21 || sequence[0] != '1' {
		return 0, false
	}
	n, err := strconv.ParseUint(sequence[1:], 10, 64)
	return n, err == nil
}

// A StreamRecord is one record of a stream.
type StreamRecord struct {
	ID        string
	EventName string // INSERT, MODIFY or REMOVE
	// ByService marks an item that expired.
	ByService      bool
	Region         string
	Created        time.Time
	SequenceNumber string
	View           string
	Keys           value.Item
	// New and Old are empty if there is none, or the view has none.
	New, Old value.Item
	Size     int
}

// publish makes the record that readers get.
func (s *stream) publish(r *streamRecord) StreamRecord {
	out := StreamRecord{
		ByService: r.by == byService, Region: s.region, Created: time.Unix(0, r.at), SequenceNumber: sequence(r.number), View: s.view,
	}
	id := fnv.New128a()
	id.Write([]byte(s.arn))
	id.Write([]byte(out.SequenceNumber))
	out.ID = fmt.Sprintf("%x", id.Sum(nil))
	image := r.rec
	switch {
	case r.old == nil:
		out.EventName = "INSERT"
	case r.rec == nil:
		out.EventName, image = "REMOVE", r.old
	default:
		out.EventName = "MODIFY"
	}
	out.Keys = s.key.of(image.item)
	out.Size = out.Keys.Size()
	if r.rec != nil && (s.view == "NEW_IMAGE" || s.view == "NEW_AND_OLD_IMAGES") {
		out.New = r.rec.item
		out.Size += r.rec.size
	}
	if r.old != nil && (s.view == "OLD_IMAGE" || s.view == "NEW_AND_OLD_IMAGES") {
		out.Old = r.old.item
		out.Size += r.old.size
	}
	return out
}

// Records gives the records of the table's current stream, or of its last one, that were made at a moment or
// later, in the order of the writes.
func (ac *Account) Records(tableName string, since time.Time) ([]StreamRecord, error) {
	s, err := ac.latestStream(tableName)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(s.now())
	var found []*streamRecord
	for _, sh := range s.shards {
		for r := range sh.from(0) {
			if since.IsZero() || r.at >= since.UnixNano() {
				found = append(found, r)
			}
		}
	}
	slices.SortFunc(found, func(a, b *streamRecord) int { return int(int64(a.number) - int64(b.number)) })
	records := make([]StreamRecord, len(found))
	for i, r := range found {
		records[i] = s.publish(r)
	}
	return records, nil
}

// SplitShards closes the open shards of a table's stream, and opens two children for each.
func (ac *Account) SplitShards(tableName string) error {
	s, err := ac.latestStream(tableName)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.disabled.IsZero() {
		return fmt.Errorf("cannot split the shards of table %s: its stream is disabled", tableName)
	}
	now := s.now()
	s.settle(now)
	s.split(2, now, func(sh *shard) bool { return sh.last == 0 })
	return nil
}

func (ac *Account) latestStream(tableName string) (*stream, error) {
	var latest *stream
	for _, s := range *ac.streams.Load() {
		if s.tableName == tableName && (latest == nil || s.label > latest.label) {
			latest = s
		}
	}
	if latest == nil {
		return nil, fmt.Errorf("table %s has no stream", tableName)
	}
	return latest, nil
}
