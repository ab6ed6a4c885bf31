package moved_test

import (
	"context"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
)

// between is a client that does something ahead of its first transaction.
type between struct {
	*dynamodb.Client
	once *sync.Once
	do   func()
}

func (b between) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, opts ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	b.once.Do(b.do)
	return b.Client.TransactWriteItems(ctx, in, opts...)
}

// What another program does with an item between its reading and its moving is neither lost nor done twice.
func TestWritersThatComeBetween(t *testing.T) {
	first := Order{Tenant: "a", ID: "1", N: 1}
	is := expression.Name("n").Equal(expression.Value(1))
	for _, f := range []form{forms[2], forms[4]} {
		for name, test := range map[string]struct {
			other func(old, p program) error
			do    func(p program) error
			want  Order
			err   error
		}{
			"a change at the old place": {
				func(old, _ program) error {
					return old.orders.Update(first).Set("note", "old").Add("n", 10).Do(t.Context())
				},
				func(p program) error { return p.orders.Update(first).Add("n", 1).Do(t.Context()) },
				Order{Tenant: "a", ID: "1", N: 12, Note: "old"}, nil,
			},
			"a move before an update": {
				func(_, p program) error { return p.orders.Update(first).Add("n", 10).Do(t.Context()) },
				func(p program) error { return p.orders.Update(first).Add("n", 1).Do(t.Context()) },
				Order{Tenant: "a", ID: "1", N: 12}, nil,
			},
			"a move before a put": {
				func(_, p program) error { return p.orders.Update(first).Set("note", "moved").Do(t.Context()) },
				func(p program) error {
					return p.orders.Put(t.Context(), &Order{Tenant: "a", ID: "1", N: 2}, entable.If(is))
				},
				Order{Tenant: "a", ID: "1", N: 2}, nil,
			},
			"a move before a put whose condition is false then": {
				func(_, p program) error { return p.orders.Update(first).Set("n", 5).Do(t.Context()) },
				func(p program) error {
					return stored(t, p.orders.Put(t.Context(), &Order{Tenant: "a", ID: "1", N: 2}, entable.If(is)))
				},
				Order{Tenant: "a", ID: "1", N: 5}, errStored,
			},
			"a creation at the old place": {
				func(old, _ program) error {
					if err := old.orders.Delete(t.Context(), first); err != nil {
						return err
					}
					return old.orders.Create(t.Context(), &Order{Tenant: "a", ID: "1", N: 7})
				},
				func(p program) error {
					return p.orders.Update(first).Add("n", 1).Do(t.Context())
				},
				Order{Tenant: "a", ID: "1", N: 8}, nil,
			},
			"a creation before an upsert": {
				func(old, _ program) error { return old.orders.Put(t.Context(), &Order{Tenant: "a", ID: "1", N: 7}) },
				func(p program) error { return p.orders.Update(first).Add("n", 1).Upsert().Do(t.Context()) },
				Order{Tenant: "a", ID: "1", N: 8}, nil,
			},
		} {
			e := enginetest.OnMemory(t)
			s := newSite(e)
			old, plain := s.run(f, before), s.run(f, moves)
			check(t, old.orders.Put(t.Context(), &Order{Tenant: "a", ID: "1", N: 1}))
			s.Client = between{e.SDK, new(sync.Once), func() { check(t, test.other(old, plain)) }}
			if name == "a creation before an upsert" {
				check(t, old.orders.Delete(t.Context(), first))
			}
			wantErr(t, test.do(s.run(f, moves)), test.err)
			got, err := plain.orders.Get(t.Context(), first)
			check(t, err)
			same(t, f.name+": "+name, *got, test.want)
			same(t, f.name+": "+name+": items", s.keys(), []string{plain.at(t, first)})
		}
	}
}

// An expired item that another version creates at the old place meanwhile is replaced with the sentinels of its unique values.
func TestExpiredItemsThatComeBetweenKeepNoUniqueValue(t *testing.T) {
	type Offer struct {
		ID   string `dynamodbav:"id"`
		Code string `dynamodbav:"code,omitempty" entable:"unique"`
		Ends int64  `dynamodbav:"ends" entable:"ttl"`
	}
	each(t, func(t *testing.T, e *enginetest.Setup) {
		name := e.NewTable().Name()
		run := func(client entable.Client, opts ...entable.EntityOption) *entable.Entity[Offer] {
			table := entable.NewTable(name)
			table.Use(client)
			return entable.Register[Offer](table, append(opts, entable.HideExpired(true))...)
		}
		was, is := entable.PK("id", entable.Prefix("WAS")), entable.PK("id", entable.Prefix("IS"))
		old := run(e.Client, was)
		offers := run(between{e.SDK, new(sync.Once), func() {
			check(t, old.Create(t.Context(), &Offer{ID: "1", Code: "c", Ends: 1}))
		}}, is, entable.Moved(was))
		check(t, offers.Create(t.Context(), &Offer{ID: "1", Ends: 1 << 40}))
		check(t, offers.Create(t.Context(), &Offer{ID: "2", Code: "c", Ends: 1 << 40}))
		if n := len(e.Items(name)); n != 3 {
			t.Errorf("%d items are stored, want two and a sentinel", n)
		}
	})
}
