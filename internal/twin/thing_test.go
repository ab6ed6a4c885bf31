package twin_test

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
)

// Thing has what a field can have.
type Thing struct {
	Tenant  string         `dynamodbav:"tenant"`
	ID      string         `dynamodbav:"id"`
	State   string         `dynamodbav:"state,omitempty"`
	Rank    int            `dynamodbav:"rank"`
	N       int            `dynamodbav:"n" validate:"lt=1000"`
	C       int            `dynamodbav:"c"`
	Kind    string         `dynamodbav:"kind" entable:"default=plain"`
	Log     []string       `dynamodbav:"log,omitempty"`
	Tags    []string       `dynamodbav:"tags,omitempty,stringset"`
	Map     map[string]int `dynamodbav:"map,omitempty"`
	Gen     string         `dynamodbav:"gen" entable:"auto=ulid"`
	Born    time.Time      `dynamodbav:"born" entable:"auto=iso8601"`
	Touched time.Time      `dynamodbav:"touched" entable:"touch=now"`
	Blob    string         `dynamodbav:"blob,omitempty" entable:"zstd"`
	Secret  string         `dynamodbav:"secret,omitempty" entable:"encrypt"`
	Until   int64          `dynamodbav:"until,omitempty" entable:"ttl"`
	Mark    string         `dynamodbav:"mark,omitempty"`
	Rest    map[string]any `entable:"rest"`
}

// The types are things with and without what makes a write conditional.
type (
	Plain     struct{ Thing }
	Versioned struct {
		Thing
		Version int64 `dynamodbav:"version" entable:"version"`
	}
	Unique struct {
		Thing
		Email string `dynamodbav:"email,omitempty" entable:"unique"`
		Code  string `dynamodbav:"code,omitempty" entable:"unique,encrypt,hash=codes"`
	}
	Both struct {
		Thing
		Version int64  `dynamodbav:"version" entable:"version"`
		Email   string `dynamodbav:"email,omitempty" entable:"unique"`
		Code    string `dynamodbav:"code,omitempty" entable:"unique,encrypt,hash=codes"`
	}
)

// facet is what the tests know of one of the types: pointers to what it has, nil for what it has not.
type facet struct {
	*Thing
	version     *int64
	email, code *string
}

func facetOf(v any) facet {
	switch v := v.(type) {
	case *Plain:
		return facet{&v.Thing, nil, nil, nil}
	case *Versioned:
		return facet{&v.Thing, &v.Version, nil, nil}
	case *Unique:
		return facet{&v.Thing, nil, &v.Email, &v.Code}
	case *Both:
		return facet{&v.Thing, &v.Version, &v.Email, &v.Code}
	}
	panic("no thing")
}

// hookPlan is what hooks do in one operation.
type hookPlan struct {
	before, after string // "", "mark", "err", "panic"
}

type hookKey struct{}

var errHook = errors.New("the hook says no")

func planOf(ctx context.Context) hookPlan {
	p, _ := ctx.Value(hookKey{}).(hookPlan)
	return p
}

func (v *Thing) run(what string) error {
	switch what {
	case "mark":
		v.Mark += "m"
		v.Tags = nil
	case "err":
		v.Mark = "never"
		return errHook
	case "panic":
		v.Mark = "never"
		panic(errHook)
	}
	return nil
}

func (v *Thing) BeforeSave(ctx context.Context) error   { return v.run(planOf(ctx).before) }
func (v *Thing) BeforeUpdate(ctx context.Context) error { return v.run(planOf(ctx).before) }
func (v *Thing) BeforeDelete(ctx context.Context) error { return v.run(planOf(ctx).before) }
func (*Thing) AfterSave(ctx context.Context) error      { return new(Thing).run(planOf(ctx).after) }
func (*Thing) AfterUpdate(ctx context.Context) error    { return new(Thing).run(planOf(ctx).after) }
func (*Thing) AfterDelete(ctx context.Context) error    { return new(Thing).run(planOf(ctx).after) }

// shape is how things are declared.
type shape struct {
	name            string
	own, other      []entable.KeySpec // other: where they were
	upgrades, hides bool
}

var shapes = []shape{
	{name: "keys", own: []entable.KeySpec{entable.PK("tenant"), entable.SK("id")}},
	{name: "keys, hidden", own: []entable.KeySpec{entable.PK("tenant"), entable.SK("id")}, hides: true},
	{name: "shards, upgrades", own: []entable.KeySpec{entable.PK("tenant", entable.Shards(3, "id")), entable.SK("id")}, upgrades: true},
	{name: "templates", own: []entable.KeySpec{entable.PK(entable.Template("T/{tenant}")), entable.SK(entable.Template("THING/{id}"))}, upgrades: true, hides: true},
	{name: "moved", own: []entable.KeySpec{entable.PK("tenant", entable.Prefix("T"), entable.Shards(5, "id")), entable.SK("id", entable.Prefix("I"))},
		other: []entable.KeySpec{entable.PK("tenant", entable.Prefix("T"), entable.Shards(2, "id")), entable.SK("id", entable.Prefix("I"))}},
	{name: "moved, upgrades, hidden", own: []entable.KeySpec{entable.PK(entable.Template("T/{tenant}")), entable.SK(entable.Template("THING/{id}"))},
		other: []entable.KeySpec{entable.PK("tenant", entable.Prefix("T")), entable.SK("id", entable.Prefix("I"))}, upgrades: true, hides: true},
}

// options declare things of a type; ahead is the version of the program that writes where they were.
func (s shape) options(v any, ahead bool) (opts []entable.EntityOption) {
	own, other := s.own, s.other
	if ahead {
		own, other = other, own
	}
	for _, k := range own {
		opts = append(opts, k)
	}
	if other != nil {
		opts = append(opts, entable.Moved(other...))
	}
	if s.upgrades {
		opts = append(opts, entable.Upgrades(upgrade))
	}
	return append(opts, entable.HideExpired(s.hides), entable.Name("Thing"),
		entable.Index("gsi1", entable.PK("state", entable.Prefix("ST")), entable.SK("rank", "id", entable.Prefix("R"))),
		entable.Index("gsi2", entable.PK(entable.Template("[S:{state}]")), entable.SK("kind", entable.Prefix("K"))),
		entable.Index("gsi3", entable.PK("bucket", entable.Prefix("B")), entable.SK("id", entable.Prefix("BI"))), derived(v))
}

func derived(v any) entable.EntityOption {
	switch v.(type) {
	case *Plain:
		return entable.Derived("bucket", []string{"n"}, func(v *Plain) string { return bucket(v.N) })
	case *Versioned:
		return entable.Derived("bucket", []string{"n"}, func(v *Versioned) string { return bucket(v.N) })
	case *Unique:
		return entable.Derived("bucket", []string{"n"}, func(v *Unique) string { return bucket(v.N) })
	}
	return entable.Derived("bucket", []string{"n"}, func(v *Both) string { return bucket(v.N) })
}

func bucket(n int) string { return strings.Repeat("x", 1+max(0, n)%3) }

// upgrade gives items of the older shape, which have "grade", a rank.
func upgrade(item entable.RawItem) error {
	if v, ok := item["grade"]; ok {
		item["rank"] = v
		delete(item, "grade")
	} else if item["rank"] == nil {
		item["rank"] = &types.AttributeValueMemberN{Value: "0"}
	}
	return nil
}
