package route_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/time/rate"

	"github.com/entable/entable/internal/route"
)

// priced is a client whose answers say what requests have cost.
type priced struct {
	route.Client
	units float64
	table string
	err   error
	sent  int
	asked types.ReturnConsumedCapacity
}

func (p *priced) capacity() *types.ConsumedCapacity {
	if p.units < 0 {
		return nil
	}
	return &types.ConsumedCapacity{CapacityUnits: &p.units, TableName: &p.table}
}

func (p *priced) PutItem(_ context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	p.sent++
	p.asked = in.ReturnConsumedCapacity
	if p.err != nil {
		return nil, p.err
	}
	return &dynamodb.PutItemOutput{ConsumedCapacity: p.capacity()}, nil
}

func (p *priced) DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	p.sent++
	return &dynamodb.DeleteItemOutput{ConsumedCapacity: p.capacity()}, p.err
}

func (p *priced) GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	p.sent++
	return &dynamodb.GetItemOutput{ConsumedCapacity: p.capacity()}, p.err
}

func (p *priced) Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	p.sent++
	return &dynamodb.ScanOutput{ConsumedCapacity: p.capacity()}, p.err
}

func itemOf(bytes int) []byte {
	return fmt.Appendf(nil, `{"pk":{"S":"a"},"t":{"S":%q}}`, strings.Repeat("x", bytes-4))
}

// at returns when, in seconds, each of the steps is done.
func at(t *testing.T, limit *route.Limit, client *priced, steps ...func(c *route.Conn) error) (seconds []float64) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		c := route.New(client).Limited(limit)
		for _, step := range steps {
			check(t, step(c))
			seconds = append(seconds, time.Since(start).Seconds())
		}
	})
	return seconds
}

func repeat(n int, step func(c *route.Conn) error) (steps []func(c *route.Conn) error) {
	for range n {
		steps = append(steps, step)
	}
	return steps
}

func TestRequestsWaitForUnits(t *testing.T) {
	put := func(bytes int) func(c *route.Conn) error {
		return func(c *route.Conn) error {
			return c.Put(context.Background(), &dynamodb.PutItemInput{}, itemOf(bytes))
		}
	}
	get := func(c *route.Conn) error {
		return c.Get(context.Background(), &dynamodb.GetItemInput{}, []byte(`{"pk":{"S":"a"}}`), &sink{})
	}
	scan := func(c *route.Conn) error {
		_, err := c.Scan(context.Background(), &dynamodb.ScanInput{}, &sink{})
		return err
	}
	remove := func(c *route.Conn) error { return c.Delete(context.Background(), &dynamodb.DeleteItemInput{}) }
	for _, test := range []struct {
		name  string
		units float64 // that the service says; negative: it says nothing
		burst int
		steps []func(c *route.Conn) error
		want  string
	}{
		{"puts of two units, as estimated", 2, 2, repeat(4, put(1500)), "[0 2 4 6]"},
		{"more than estimated: a debt", 5, 2, repeat(3, put(1500)), "[0 5 10]"},
		{"less than estimated: given back", 1, 2, repeat(4, put(1500)), "[0 1 2 3]"},
		{"above the burst", 10, 2, repeat(3, put(10_000)), "[0 10 20]"},
		{"nothing is said: the estimate stays", -1, 2, repeat(3, put(1500)), "[0 2 4]"},
		{"halves add up", .5, 1, repeat(6, get), "[0 0 0 1 1 2]"},
		{"a page costs what the last one has", 4, 4, repeat(4, scan), "[0 4 8 12]"},
		{"deletes", 1, 1, repeat(3, remove), "[0 1 2]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := func() *rate.Limiter { return rate.NewLimiter(1, test.burst) }
			client := &priced{units: test.units}
			got := at(t, route.NewLimit("", l(), l()), client, test.steps...)
			for i := range got {
				got[i] = float64(int(got[i] + .001))
			}
			if text := fmt.Sprint(got); text != test.want {
				t.Errorf("done at %s, want %s", text, test.want)
			}
		})
	}
}

func TestLimitsEndWithTheirContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := &priced{units: 10}
		limiter := rate.NewLimiter(1, 1)
		c := route.New(client).Limited(route.NewLimit("", nil, limiter))
		check(t, c.Put(t.Context(), &dynamodb.PutItemInput{}, itemOf(10)))
		if client.asked != types.ReturnConsumedCapacityTotal {
			t.Errorf("asked for %q", client.asked)
		}
		start := time.Now()
		short, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		var d route.Doubt
		err := d.Watch(c).Put(short, &dynamodb.PutItemInput{}, itemOf(10))
		_, unsent := errors.AsType[*route.Unsent](err)
		if !unsent || !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 0 || client.sent != 1 {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
		if d.Of(err, func(error) bool { return true }) {
			t.Error("what was not sent is in doubt")
		}
		ended, stop := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, stop)
		if err := c.Put(ended, &dynamodb.PutItemInput{}, itemOf(10)); !errors.Is(err, context.Canceled) || time.Since(start) != time.Second {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
		check(t, c.Get(t.Context(), &dynamodb.GetItemInput{}, nil, &sink{})) // reads have no limit
		check(t, c.Put(t.Context(), &dynamodb.PutItemInput{}, itemOf(10)))
		if waited := time.Since(start); waited != 10*time.Second {
			t.Errorf("those that gave up have taken units: the next one waits for %s", waited)
		}
		none := route.New(client).Limited(route.NewLimit("", nil, rate.NewLimiter(1, 0)))
		if err := none.Put(t.Context(), &dynamodb.PutItemInput{}, itemOf(10)); err == nil || !strings.Contains(err.Error(), "burst of its rate limiter is 0") {
			t.Errorf("without a burst: %v", err)
		}
		check(t, route.New(client).Limited(route.NewLimit("", nil, rate.NewLimiter(rate.Inf, 0))).Put(t.Context(), &dynamodb.PutItemInput{}, itemOf(10)))
	})
}

// Of several limits each takes what concerns it.
func TestSeveralLimits(t *testing.T) {
	client := &priced{units: 3, table: "orders"}
	frozen := func() *rate.Limiter { return rate.NewLimiter(1e-9, 100) }
	orders, users, job := frozen(), frozen(), frozen()
	c := route.New(client).Limited(route.NewLimit("orders", nil, orders), route.NewLimit("users", nil, users), route.NewLimit("", nil, job))
	check(t, c.Put(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("orders")}, itemOf(10)))
	for _, limit := range []struct {
		*rate.Limiter
		want float64
	}{{orders, 97}, {users, 100}, {job, 97}} {
		if got := limit.Tokens(); got < limit.want-.001 || got > limit.want+.001 {
			t.Errorf("%g tokens are left, want %g", got, limit.want)
		}
	}
	client.err = errors.New("refused")
	if err := c.Put(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("orders")}, itemOf(10)); err != client.err {
		t.Errorf("error %v", err)
	}
	if got := job.Tokens(); got > 96.001 {
		t.Errorf("a request that failed gave its units back: %g", got)
	}
}
