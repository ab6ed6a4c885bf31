package schema

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unsafe"

	"github.com/google/uuid"
	"github.com/oklog/ulid/v2"
	"github.com/segmentio/ksuid"

	"github.com/entable/entable/internal/codec"
)

// Strategy names a way to generate a value; the root documents them.
type Strategy string

const (
	byUUID4   Strategy = "uuid4"
	byUUID7   Strategy = "uuid7"
	byULID    Strategy = "ulid"
	byKSUID   Strategy = "ksuid"
	byEpoch   Strategy = "epoch"
	byEpochMS Strategy = "epoch_ms"
	byISO8601 Strategy = "iso8601"
	byNow     Strategy = "now"
)

// The layouts of generated times as text; that of byNow is the one of times in keys.
const (
	iso8601  = "2006-01-02T15:04:05Z"
	fullTime = "2006-01-02T15:04:05.000000000Z"
)

// isID reports whether the strategy makes ids; the others make timestamps.
func (s Strategy) isID() bool {
	switch s {
	case byUUID4, byUUID7, byULID, byKSUID:
		return true
	}
	return false
}

func (s Strategy) isTime() bool {
	return s == byEpoch || s == byEpochMS || s == byISO8601 || s == byNow
}

// wholeSeconds reports whether two values of one second are the same.
func (s Strategy) wholeSeconds() bool { return s == byEpoch || s == byISO8601 }

// DefaultGenerator serves Generate and every table without a clock or entropy of its own, so that
// ULIDs are monotonic in the whole process.
var DefaultGenerator = &Generator{Clock: time.Now, entropy: &entropy{r: rand.Reader}}

// Generator makes values. mu guards the state of the monotonic ULIDs and of the rising times.
type Generator struct {
	Clock   func() time.Time
	entropy *entropy

	mu   sync.Mutex
	last ulid.ULID
	rose time.Time
}

// entropy is where random bytes come from, for one reader at a time: that of a table may have several generators, one after the other.
type entropy struct {
	mu sync.Mutex
	r  io.Reader
}

// WithClock returns a generator like g, nil for the process's, that takes the time from clock; nil for time.Now.
func (g *Generator) WithClock(clock func() time.Time) *Generator {
	if clock == nil {
		clock = time.Now
	}
	return &Generator{Clock: clock, entropy: cmp.Or(g, DefaultGenerator).entropy}
}

// WithEntropy returns a generator like g, nil for the process's, that takes random bytes from r; nil for crypto/rand.
func (g *Generator) WithEntropy(r io.Reader) *Generator {
	if r == nil {
		r = rand.Reader
	}
	return &Generator{Clock: cmp.Or(g, DefaultGenerator).Clock, entropy: &entropy{r: r}}
}

func (g *Generator) Text(s Strategy, now time.Time) (string, error) {
	switch now = now.UTC(); s {
	case byUUID4, byUUID7:
		id, err := g.uuid(s, now)
		return id.String(), err
	case byULID:
		id, err := g.ulid(now)
		return id.String(), err
	case byKSUID:
		id, err := g.ksuid(now)
		return id.String(), err
	case byEpoch:
		return strconv.FormatInt(now.Unix(), 10), nil
	case byEpochMS:
		return strconv.FormatInt(now.UnixMilli(), 10), nil
	case byISO8601:
		return now.Format(iso8601), nil
	case byNow:
		return g.rising(now).Format(fullTime), nil
	}
	return "", fmt.Errorf("unknown strategy %q", string(s))
}

// read fills b with random bytes. It does not fail with crypto/rand.
func (e *entropy) read(b []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, err := io.ReadFull(e.r, b); err != nil {
		return fmt.Errorf("cannot read entropy: %w", err)
	}
	return nil
}

func (g *Generator) uuid(s Strategy, now time.Time) (id uuid.UUID, err error) {
	if err := g.entropy.read(id[:]); err != nil {
		return uuid.Nil, err
	}
	version := byte(4)
	if s == byUUID7 {
		var ms [8]byte
		binary.BigEndian.PutUint64(ms[:], uint64(now.UnixMilli()))
		copy(id[:6], ms[2:])
		version = 7
	}
	id[6] = id[6]&0x0f | version<<4
	id[8] = id[8]&0x3f | 0x80 // variant RFC 9562
	return id, nil
}

// ulid returns an id above all before it. Within a millisecond, or when the clock went back, it is the
// last one plus one: the 80 random bits start below 2^79, so that they do not run over.
func (g *Generator) ulid(now time.Time) (ulid.ULID, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if ms := ulid.Timestamp(now); ms > g.last.Time() || g.last.IsZero() {
		var id ulid.ULID
		if err := g.entropy.read(id[6:]); err != nil {
			return id, err
		}
		id[6] &= 0x7f
		if err := id.SetTime(ms); err != nil {
			return id, fmt.Errorf("cannot make a ULID of the time %s: %w", now, err)
		}
		g.last = id
		return id, nil
	}
	for i := len(g.last) - 1; i >= 0; i-- {
		g.last[i]++
		if g.last[i] != 0 {
			break
		}
	}
	return g.last, nil
}

// rising returns now, or, if that is not above all it has returned before, the nanosecond behind the last.
func (g *Generator) rising(now time.Time) time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	if now = now.UTC().Round(0); !now.After(g.rose) {
		now = g.rose.Add(1)
	}
	g.rose = now
	return now
}

func (g *Generator) ksuid(now time.Time) (ksuid.KSUID, error) {
	var payload [16]byte
	if err := g.entropy.read(payload[:]); err != nil {
		return ksuid.Nil, err
	}
	return ksuid.FromParts(now, payload[:])
}

// autoPlan is what is filled in on a write of one entity.
type autoPlan struct {
	Fields []autoField
	ids    []*codec.Field // the fields with generated ids, or with times that are part of the primary key
	rises  bool           // there are fields whose times rise with every write
}

// setter sets a field to a generated value or a default.
type setter func(g *Generator, now time.Time, v reflect.Value) error

// autoField fills in one field: on every write when always is set, else when the field is zero.
type autoField struct {
	Field  *codec.Field
	Always bool
	Set    setter

	made Strategy // of the value; "" for a default
}

// Fill sets the generated values and defaults of the item at ptr. All timestamps of one write are the
// same instant, which Now has given.
func (p *autoPlan) Fill(g *Generator, now time.Time, ptr unsafe.Pointer) error {
	for i := range p.Fields {
		f := &p.Fields[i]
		v, ok := f.Field.Value(ptr)
		if !ok || !f.Always && !v.IsZero() {
			continue
		}
		if err := f.Set(g, now, v); err != nil {
			return fmt.Errorf("attribute %q: %w", f.Field.Name, err)
		}
	}
	return nil
}

// Now returns the instant of a write, of which all timestamps are.
func (p *autoPlan) Now(g *Generator) time.Time {
	now := g.Clock().UTC()
	if p.rises {
		return g.rising(now)
	}
	return now
}

// Touches reports whether every write sets a field.
func (p *autoPlan) Touches(f *codec.Field) bool {
	return slices.ContainsFunc(p.Fields, func(a autoField) bool { return a.Always && a.Field == f })
}

// KeepIDs copies generated ids from one item to another that has none, so that a retry of a failed
// write writes the same item.
func (p *autoPlan) KeepIDs(from, to unsafe.Pointer) {
	for _, f := range p.ids {
		if src, ok := f.Value(from); ok && !src.IsZero() {
			if dst := f.Reach(to); dst.IsZero() {
				dst.Set(src)
			}
		}
	}
}

// readTags reads the entable tags of the entity's fields.
func (e *Entity) readTags() error {
	for _, f := range e.Plan.Fields() {
		tag, ok := f.Tag.Lookup("entable")
		if !ok {
			continue
		}
		if err := e.readTag(f, tag); err != nil {
			return declarationFault(e.Name, "field "+e.Type.FieldByIndex(f.Index).Name, "tag `entable:%q`: %s", tag, err)
		}
	}
	if err := e.findRest(); err != nil {
		return err
	}
	if err := e.findPartial(); err != nil {
		return err
	}
	return e.checkUnstored()
}

// checkUnstored refuses tags of fields that are no attributes, on which they would mean nothing.
func (e *Entity) checkUnstored() error {
	if !e.mayHold("") {
		return nil
	}
	for _, f := range reflect.VisibleFields(e.Type) {
		tag := f.Tag.Get("entable")
		stored := func(a *codec.Field) bool { return slices.Equal(a.Index, f.Index) }
		if tag == "" || slices.Equal(f.Index, e.Rest) || slices.Equal(f.Index, e.partial) || slices.ContainsFunc(e.Plan.Fields(), stored) {
			continue
		}
		return declarationFault(e.Name, "field "+f.Name, "tag `entable:%q`: the field is not stored, and only rest and partial are for such fields", tag)
	}
	return nil
}

// tagOptions splits an entable tag.
func tagOptions(tag reflect.StructTag) []string {
	options := strings.Split(tag.Get("entable"), ",")
	for i, o := range options {
		options[i] = strings.TrimSpace(o)
	}
	return options
}

func (e *Entity) readTag(f *codec.Field, tag string) error {
	seen := map[string]bool{}
	for option := range strings.SplitSeq(tag, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(option), "=")
		if seen[name] {
			return fmt.Errorf("option %q is given twice", name)
		}
		seen[name] = true
		if err := e.readTagOption(f, name, value); err != nil {
			return err
		}
	}
	filled := 0
	for _, name := range []string{"auto", "touch", "default", "version"} {
		if seen[name] {
			filled++
		}
	}
	if seen["keyonly"] && (seen["unique"] || seen["ttl"] || filled > 0 && !seen["auto"]) {
		return fmt.Errorf("keyonly goes with auto alone: the items have no such attribute")
	}
	if filled > 1 {
		return fmt.Errorf("give one of auto, touch, default and version")
	}
	return nil
}

func (e *Entity) readTagOption(f *codec.Field, name, value string) error {
	p := &e.Auto
	var set setter
	var err error
	switch name {
	case "auto":
		set, err = setterFor(Strategy(value), f)
		if Strategy(value).isID() || slices.Contains(e.KeyAttrs, f.Name) {
			p.ids = append(p.ids, f)
		}
	case "touch":
		if !Strategy(value).isTime() {
			return fmt.Errorf("touch=%s: use now, epoch, epoch_ms or iso8601", value)
		}
		set, err = setterFor(Strategy(value), f)
	case "default":
		set, err = defaultFor(value, f)
	case "version":
		if e.Version != nil {
			return fmt.Errorf("field %s is the version already", e.Version.Name)
		}
		e.Version = f
		return checkVersionField(f)
	case "ttl":
		return e.setTTL(f)
	case "keyonly":
		e.keyonly = append(e.keyonly, f.Name)
		return nil
	case "unique":
		u, err := uniqueFieldOf(e, f)
		e.Unique = append(e.Unique, u)
		return err
	case "encrypt", "zstd", "hash", "readplain", "hidden": // see readSealing
		return nil
	default:
		return fmt.Errorf("unknown option %q: use auto=…, touch=…, default=…, version, ttl, unique, keyonly, rest, encrypt, zstd, hash=…, readplain or hidden", name)
	}
	if err != nil {
		return err
	}
	one := autoField{Field: f, Always: name == "touch", Set: set}
	if name != "default" {
		one.made = Strategy(value)
	}
	p.Fields, p.rises = append(p.Fields, one), p.rises || one.made == byNow
	return nil
}

// setterFor fits a strategy to the type of a field.
func setterFor(s Strategy, f *codec.Field) (setter, error) {
	t := f.Type
	if t.Kind() == reflect.Pointer {
		elem := *f
		elem.Type = t.Elem()
		set, err := setterFor(s, &elem)
		if err != nil {
			return nil, err
		}
		return func(g *Generator, now time.Time, v reflect.Value) error {
			p := reflect.New(t.Elem())
			v.Set(p)
			return set(g, now, p.Elem())
		}, nil
	}
	switch {
	case s.isID():
		return idSetter(s, t)
	case s.isTime():
		return timeSetter(s, f)
	}
	return nil, fmt.Errorf("unknown strategy %q: use uuid4, uuid7, ulid, ksuid, now, epoch, epoch_ms or iso8601", string(s))
}

func idSetter(s Strategy, t reflect.Type) (setter, error) {
	own := map[Strategy]reflect.Type{
		byUUID4: reflect.TypeFor[uuid.UUID](),
		byUUID7: reflect.TypeFor[uuid.UUID](),
		byULID:  reflect.TypeFor[ulid.ULID](),
		byKSUID: reflect.TypeFor[ksuid.KSUID](),
	}[s]
	if t.Kind() == reflect.String {
		return func(g *Generator, now time.Time, v reflect.Value) error {
			text, err := g.Text(s, now)
			if err == nil {
				v.SetString(text)
			}
			return err
		}, nil
	}
	if t != own {
		return nil, fmt.Errorf("%s cannot hold a %s: use string or %s", t, s, own)
	}
	return func(g *Generator, now time.Time, v reflect.Value) error {
		var id any
		var err error
		switch s {
		case byULID:
			id, err = g.ulid(now)
		case byKSUID:
			id, err = g.ksuid(now)
		default:
			id, err = g.uuid(s, now)
		}
		if err == nil {
			v.Set(reflect.ValueOf(id))
		}
		return err
	}, nil
}

func timeSetter(s Strategy, f *codec.Field) (setter, error) {
	switch t := f.Type; {
	case s == byNow:
		return nowSetter(f)
	case t == TimeType && (s == byISO8601 && !f.UnixTime || s == byEpoch && f.UnixTime):
		return func(_ *Generator, now time.Time, v reflect.Value) error {
			v.Set(reflect.ValueOf(now.Truncate(time.Second)))
			return nil
		}, nil
	case t == TimeType:
		return nil, fmt.Errorf("a time.Time is not stored as %s: use iso8601, epoch with `dynamodbav:\",unixtime\"`, or an int64", s)
	case t.Kind() == reflect.String && s == byISO8601:
		return func(_ *Generator, now time.Time, v reflect.Value) error {
			v.SetString(now.Format(iso8601))
			return nil
		}, nil
	case (t.Kind() == reflect.Int64 || t.Kind() == reflect.Int) && s != byISO8601:
		return func(_ *Generator, now time.Time, v reflect.Value) error {
			v.SetInt(s.number(now))
			return nil
		}, nil
	case (t.Kind() == reflect.Uint64 || t.Kind() == reflect.Uint) && s != byISO8601:
		return func(_ *Generator, now time.Time, v reflect.Value) error {
			v.SetUint(uint64(s.number(now)))
			return nil
		}, nil
	case s == byISO8601:
		return nil, fmt.Errorf("%s cannot hold iso8601: use string or time.Time", t)
	default:
		return nil, fmt.Errorf("%s cannot hold %s: use int64 or uint64", t, s)
	}
}

// nowSetter fits byNow, whose instant [autoPlan.Now] has made.
func nowSetter(f *codec.Field) (setter, error) {
	switch t := f.Type; {
	case t == TimeType && !f.UnixTime:
		return func(_ *Generator, now time.Time, v reflect.Value) error {
			v.Set(reflect.ValueOf(now))
			return nil
		}, nil
	case t == TimeType:
		return nil, fmt.Errorf("unixtime stores whole seconds of now: leave it out, or use epoch")
	case t.Kind() == reflect.String:
		return func(_ *Generator, now time.Time, v reflect.Value) error {
			v.SetString(now.Format(fullTime))
			return nil
		}, nil
	default:
		return nil, fmt.Errorf("%s cannot hold now: use time.Time or string", t)
	}
}

func (s Strategy) number(now time.Time) int64 {
	if s == byEpochMS {
		return now.UnixMilli()
	}
	return now.Unix()
}

// GeneratesKey reports whether a write fills in a part of the primary key of the item at ptr.
func (e *Entity) GeneratesKey(ptr unsafe.Pointer) bool {
	return slices.ContainsFunc(e.Auto.Fields, func(a autoField) bool {
		v, ok := a.Field.Value(ptr)
		return slices.Contains(e.KeyAttrs, a.Field.Name) && (!ok || v.IsZero())
	})
}

// GeneratesAnew reports whether each write of the item at ptr gives a field another value: the time, of touch or, in place of
// a zero, of auto.
func (e *Entity) GeneratesAnew(f *codec.Field, ptr unsafe.Pointer) bool {
	return slices.ContainsFunc(e.Auto.Fields, func(a autoField) bool {
		v, ok := f.Value(ptr)
		return a.Field == f && a.made != "" && (a.Always || !ok || v.IsZero())
	})
}
