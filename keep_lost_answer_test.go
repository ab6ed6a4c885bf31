package entable_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/entable/entable"
)

// loser is an HTTP client that carries requests out and loses the answers to the first ones.
type loser struct {
	next   dynamodb.HTTPClient
	lose   int
	half   int    // of so many that come then, only a half arrives
	only   string // the operation whose answers are lost; "": all
	before func() // what happens in place of the requests that are lost; nil: they are carried out
}

func (l *loser) Do(r *http.Request) (*http.Response, error) {
	switch {
	case !strings.HasSuffix(r.Header.Get("X-Amz-Target"), l.only), l.lose+l.half == 0:
		return l.next.Do(r)
	case l.lose == 0:
		l.half--
		response, err := l.next.Do(r)
		if err == nil {
			response.Body = io.NopCloser(io.MultiReader(io.LimitReader(response.Body, 1), iotest.ErrReader(io.ErrUnexpectedEOF)))
		}
		return response, err
	}
	l.lose--
	if l.before != nil {
		l.before()
		return nil, io.ErrUnexpectedEOF
	}
	response, err := l.next.Do(r)
	if err != nil {
		return nil, err
	}
	return nil, errors.Join(io.ErrUnexpectedEOF, response.Body.Close())
}

// losing gives a setup a client that repeats requests over a line that loses answers.
func losing(s *setup) *loser {
	line := &loser{next: s.SDK.Options().HTTPClient}
	s.Client = s.Route.Client(s.Through(line, func(o *dynamodb.Options) {
		o.Retryer = retry.AddWithMaxBackoffDelay(retry.NewStandard(), time.Nanosecond)
	}))
	return line
}

func isUnknown(err error) bool {
	failed, ok := errors.AsType[*entable.OpError](err)
	return ok && failed.Unknown
}

// A write that was carried out, whose answer was lost and which the SDK repeats, has succeeded: the instance has what is stored.
func TestLostAnswers(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		line := losing(s)
		counters := entable.Register[Counter](s.NewTable())
		ctx := t.Context()
		for name, test := range map[string]struct {
			write   func(v *Counter) error
			sum     int // afterwards
			version uint32
		}{
			"Put":         {func(v *Counter) error { v.Sum = 7; return counters.Put(ctx, v) }, 7, 2},
			"Put If":      {func(v *Counter) error { v.Sum = 7; return counters.Put(ctx, v, entable.If(sumIsOne)) }, 7, 2},
			"Patch":       {func(v *Counter) error { return counters.Patch(v).Set("sum", 7).Do(ctx) }, 7, 2},
			"SaveChanges": {func(v *Counter) error { before := *v; v.Sum = 7; return counters.SaveChanges(ctx, before, v) }, 7, 2},
			"Update": {func(v *Counter) error {
				got, err := counters.Update(*v).Set("sum", 7).IfVersion(1).Updated(ctx)
				if err == nil {
					*v = *got
				}
				return err
			}, 7, 2},
			"a batch": {func(v *Counter) error {
				return entable.BatchWrite(ctx, []entable.Write{counters.Patch(v).Set("sum", 7)})
			}, 7, 2},
			"Remove": {func(v *Counter) error { return counters.Remove(ctx, v) }, 1, 1},
			"Delete": {func(v *Counter) error { return counters.Delete(ctx, *v) }, 1, 1},
		} {
			v := Counter{ID: name, Sum: 1}
			line.lose = 1
			if err := counters.Create(ctx, &v); err != nil || v.Version != 1 {
				t.Fatalf("Create: %v, the caller has %+v", err, v)
			}
			line.lose = 1
			err := test.write(&v)
			if want := (Counter{name, test.sum, test.version}); err != nil || v != want || line.lose != 0 {
				t.Errorf("%s: error %v, the caller has %+v, want %+v", name, err, v, want)
			}
			stored, err := counters.Get(ctx, v)
			if gone := test.version == 1; gone != errors.Is(err, entable.ErrNotFound) || !gone && *stored != v {
				t.Errorf("%s: stored %+v (%v), the caller has %+v", name, stored, err, v)
			}
		}
	})
}

var sumIsOne = expression.Name("sum").Equal(expression.Value(1))

// Where the stored item does not tell whose write it shows, the error says so.
func TestUndecidedAnswers(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		line := losing(s)
		counters := entable.Register[Counter](s.NewTable())
		ctx := t.Context()
		for name, test := range map[string]struct {
			write func(v *Counter) error
			lost  int
			other func(Counter) error // a write of somebody else's that comes in place of ours
		}{
			"counted": {func(v *Counter) error { return counters.Patch(v).Add("sum", 1).Do(ctx) }, 1, nil},
			"no version": {func(v *Counter) error {
				return counters.Update(*v).If(sumIsOne).Set("sum", 2).Do(ctx)
			}, 1, nil},
			"the former": {func(v *Counter) error {
				_, err := counters.Update(*v).IfVersion(1).Set("sum", 2).Previous(ctx)
				return err
			}, 1, nil},
			"all lost":     {func(v *Counter) error { return counters.Put(ctx, v) }, 3, nil},
			"no condition": {func(v *Counter) error { return counters.Delete(ctx, *v) }, 3, nil},
			"another's put": {func(v *Counter) error { v.Sum = 2; return counters.Put(ctx, v) }, 1,
				func(v Counter) error { v.Sum = 3; return counters.Put(ctx, &v) }},
			"another's patch": {func(v *Counter) error { return counters.Patch(v).Set("sum", 2).Do(ctx) }, 1,
				func(v Counter) error { return counters.Patch(&v).Set("sum", 3).Do(ctx) }},
			"Remove If": {func(v *Counter) error { return counters.Remove(ctx, v, entable.If(sumIsOne)) }, 1, nil},
			"Delete If": {func(v *Counter) error { return counters.Delete(ctx, *v, entable.If(sumIsOne)) }, 1, nil},
			"another's delete": {func(v *Counter) error { return counters.Delete(ctx, *v, entable.If(sumIsOne)) }, 1,
				func(v Counter) error { return counters.Delete(ctx, v) }},
			"another's two": {func(v *Counter) error { return counters.Remove(ctx, v) }, 1,
				func(v Counter) error { return counters.Update(v).Set("sum", 3).Do(ctx) }},
		} {
			v := Counter{ID: name, Sum: 1}
			check(t, counters.Create(ctx, &v))
			was := v
			if line.lose = test.lost; test.other != nil {
				line.before = func() { check(t, test.other(was)) }
			}
			if err := test.write(&v); !isUnknown(err) || line.lose != 0 {
				t.Errorf("%s: error %v, want one that says unknown", name, err)
			}
			if line.before = nil; v.Version != was.Version {
				t.Errorf("%s: the caller has %+v, had %+v", name, v, was)
			}
			check(t, counters.Update(v).Upsert().Set("sum", 5).Do(ctx))
			err := counters.Create(ctx, &Counter{ID: name, Sum: 1}) // nothing is lost: this is known
			if !errors.Is(err, entable.ErrExists) || isUnknown(err) {
				t.Errorf("Create of an item that exists: %v", err)
			}
		}
	})
}
