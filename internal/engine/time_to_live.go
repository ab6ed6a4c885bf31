package engine

import (
	"time"

	"github.com/entable/entable/internal/engine/value"
)

// UpdateTimeToLive and DescribeTimeToLive
//
// Behaviour:
//   - One attribute of a table holds the moment, in seconds since 1970 as an N, after
//     which an item may be deleted. Other types, and moments more than five years ago,
//     do not expire.
//   - Expired items stay readable and writable until they are swept: the service does
//     that within days, the engine when Sweep is called. Streams say that it was the
//     service.
//   - Enabling what is enabled, or another attribute before the first is disabled, is
//     a ValidationException.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html

type updateTimeToLiveInput struct {
	TableName               *string                  `is:"required table"`
	TimeToLiveSpecification *timeToLiveSpecification `is:"required"`
}

type timeToLiveSpecification struct {
	Enabled       *bool   `is:"required"`
	AttributeName *string `is:"required len=1:255"`
}

// ttlSettings name the attribute; it is "" when nothing expires.
type ttlSettings struct{ attribute string }

func (ac *Account) updateTimeToLive(in *updateTimeToLiveInput) ([]byte, error) {
	t, err := ac.describedTable(*in.TableName)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	spec, ttl := in.TimeToLiveSpecification, &t.settings.ttl
	switch {
	case ttl.attribute == "" && !*spec.Enabled:
		return nil, validation("TimeToLive is already disabled")
	case ttl.attribute != "" && ttl.attribute != *spec.AttributeName:
		return nil, validation("TimeToLive is active on a different AttributeName: current AttributeName is " + ttl.attribute)
	case ttl.attribute != "" && *spec.Enabled:
		return nil, validation("TimeToLive is already enabled")
	}
	ttl.attribute = ""
	if *spec.Enabled {
		ttl.attribute = *spec.AttributeName
	}
	return marshal(in.answer())
}

func (in *updateTimeToLiveInput) answer() any {
	return struct{ TimeToLiveSpecification *timeToLiveSpecification }{in.TimeToLiveSpecification}
}

type describeTimeToLiveInput struct {
	TableName *string `is:"required table"`
}

type timeToLiveDescription struct {
	TimeToLiveStatus string
	AttributeName    string `json:",omitempty"`
}

func (ac *Account) describeTimeToLive(in *describeTimeToLiveInput) ([]byte, error) {
	t, err := ac.describedTable(*in.TableName)
	if err != nil {
		return nil, err
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	d := timeToLiveDescription{TimeToLiveStatus: "DISABLED"}
	if name := t.settings.ttl.attribute; name != "" {
		d = timeToLiveDescription{"ENABLED", name}
	}
	return marshal(struct{ TimeToLiveDescription timeToLiveDescription }{d})
}

// maxExpired is how long ago an item may have expired to be swept.
const maxExpired = 5 * 365 * 24 * time.Hour

// sweep deletes what has expired from the tables of one account.
func (ac *Account) sweep() int {
	now := ac.cfg.Now()
	swept := 0
	for _, name := range ac.tableNames() {
		if t, ok := ac.lookup(name, now); ok {
			swept += t.sweep(now)
		}
	}
	return swept
}

func (t *table) sweep(now time.Time) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.settings.ttl.attribute == "" {
		return 0
	}
	var keys []string
	for key, rec := range t.items.scan(span{}, true) {
		if expired(rec.item, t.settings.ttl.attribute, now) {
			keys = append(keys, key)
		}
	}
	for _, key := range keys {
		t.change(key, t.items.get(key), nil, nil, byService)
	}
	return len(keys)
}

func expired(it value.Item, attribute string, now time.Time) bool {
	v, ok := it.Get(attribute)
	if !ok || v.Kind() != value.N {
		return false
	}
	at, ok := v.Int64()
	return ok && at < now.Unix() && at >= now.Add(-maxExpired).Unix()
}
