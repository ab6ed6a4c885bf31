package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/stream"
)

// Outbox does what follows from changes that were made: a message to who has registered; the receipt of a payment, the message
// about it, and the sales of the day. It reads the table's stream, so that nothing is forgotten when a program ends behind a write.
//
// A change comes at least once. Each thing is written exactly once, since its key is made of what it is about, and all that follows
// from a payment is one transaction that depends on there being no receipt yet.
type Outbox struct {
	shop    *Shop
	log     *slog.Logger
	metrics *Metrics
	handler *stream.Handler
}

// interval is the pause between looks at a stream that has nothing new.
const interval = 500 * time.Millisecond

func NewOutbox(shop *Shop, log *slog.Logger, metrics *Metrics) *Outbox {
	o := &Outbox{shop: shop, log: log, metrics: metrics}
	o.handler = stream.NewHandler(shop.Table, stream.SkipUnknown(nil),
		stream.On(shop.Customers, o.registered),
		stream.On(shop.Payments, o.paid),
		stream.Failures(func(ctx context.Context, err *stream.RecordError) {
			log.ErrorContext(ctx, "a change was not handled", "sequence_number", err.SequenceNumber, "error", err.Err)
		}))
	return o
}

// withStream turns the stream on, as an edit of CreateTable.
func withStream(in *dynamodb.CreateTableInput) {
	in.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewAndOldImages}
}

// Run handles changes until the context ends: then the change that is being handled is finished, the position is kept in the table,
// and Run returns. After an error it begins anew at its position. Of the instances of the shop, one runs it at a time.
func (o *Outbox) Run(ctx context.Context, client stream.Client, interval time.Duration) {
	options := stream.PollOptions{Checkpoints: o.shop.Positions, Interval: interval, Grace: requestTime}
	for {
		err := o.handler.Poll(ctx, client, options)
		if ctx.Err() != nil {
			if !errors.Is(err, context.Canceled) {
				o.log.Error("the outbox has not kept its position: it will handle some changes again", "error", err)
			}
			return
		}
		o.log.Error("the outbox has stopped", "error", err)
		select {
		case <-time.After(10 * interval):
		case <-ctx.Done():
			return
		}
	}
}

func (o *Outbox) registered(ctx context.Context, c stream.Change[Customer]) error {
	if c.Kind != stream.Insert {
		return nil
	}
	err := o.shop.Messages.Create(ctx, &Message{
		Customer: c.New.ID, ID: c.New.ID, Subject: "Welcome", Text: fmt.Sprintf("Welcome to the shop, %s!", c.New.Name),
	})
	return o.done(err, "welcome")
}

func (o *Outbox) paid(ctx context.Context, c stream.Change[Payment]) error {
	if c.Kind != stream.Insert {
		return nil
	}
	p := c.New
	err := entable.Transact(ctx, []entable.Write{
		o.shop.Receipts.CreateOp(&Receipt{Order: p.Order, Number: "R-" + p.ID, Amount: p.Amount}),
		o.shop.Messages.CreateOp(&Message{
			Customer: p.Customer, ID: p.ID, Subject: "Your receipt",
			Text: fmt.Sprintf("Thank you: we have got %s for order %s. The receipt is R-%s.", p.Amount, p.Order, p.ID),
		}),
		o.shop.Sales.Update(Sales{Day: p.Made.UTC().Format(time.DateOnly)}).Upsert().Add("orders", 1).Add("amount", p.Amount),
	})
	return o.done(err, "receipt")
}

// done judges the outcome of a change: what is there already was done before.
func (o *Outbox) done(err error, kind string) error {
	if errors.Is(err, entable.ErrExists) {
		o.metrics.handled(kind + " again")
		return nil
	}
	if err == nil {
		o.metrics.handled(kind)
	}
	return err
}
