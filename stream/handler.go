package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"

	"github.com/entable/entable"
)

// Change is one change of an item of the type T: a [Record] whose values have their type.
type Change[T any] struct {
	*Record
	// Key has the fields of the primary key set and no others.
	Key *T
	// Old and New are the item before and after the change, or nil: for a kind of change that has none, when the
	// stream does not carry them, or where the [Record] has an item of another type in their place.
	Old, New *T
}

// Handler hands the changes of a table to functions, by type: those that a Lambda function is called for ([Handler.Lambda]), or those
// that it reads itself from a stream ([Handler.Poll]). It is safe for concurrent use.
//
// A change is handed over at least once: again whenever the handling was not completed, and whatever the service repeats. A
// function that must not do its work twice keeps [Record.ID], for example in a condition of the transaction that it writes.
type Handler struct {
	table   *entable.Table
	options []Option
	routes  map[reflect.Type]func(context.Context, *Record) error
	rest    func(context.Context, *Record) error
	failed  func(context.Context, *RecordError)
}

// HandlerOption is what a [Handler] is made of: [On], [Else], [Failures], and the options [SkipUnknown] and [RawUnknown].
type HandlerOption interface{ applyHandler(*Handler) error }

type handlerOption func(*Handler) error

func (o handlerOption) applyHandler(h *Handler) error { return o(h) }

func (o Option) applyHandler(h *Handler) error {
	h.options = append(h.options, o)
	return nil
}

// NewHandler makes the handler of a table. Changes of entities that have no [On] go to [Else] or, without it, are passed over.
// Items of types that are not registered are failures, unless an option says otherwise, see [Option].
//
// It is meant for package initialisation and panics when an entity is of another table, or two functions are for one type.
func NewHandler(table *entable.Table, opts ...HandlerOption) *Handler {
	if table == nil {
		panic(errors.New("entable: stream: the table of the handler is nil"))
	}
	h := &Handler{table: table, routes: map[reflect.Type]func(context.Context, *Record) error{}, failed: logFailure}
	for _, o := range opts {
		if o == nil {
			panic(errors.New("entable: stream: an option of the handler is nil"))
		}
		if err := o.applyHandler(h); err != nil {
			panic(fmt.Errorf("entable: stream: %w", err))
		}
	}
	return h
}

// On has f called for each change of the entity's items. What f is given is its own. An error of f ends the batch at this
// change, which will be handed over again. Entities of one Go type have one function. With [Handler.Poll], f is called from
// several goroutines at once, for items of different shards.
func On[T any](e *entable.Entity[T], f func(ctx context.Context, c Change[T]) error) HandlerOption {
	return handlerOption(func(h *Handler) error {
		typ := reflect.TypeFor[*T]()
		switch {
		case f == nil:
			return fmt.Errorf("On: the function for %s is nil", typ.Elem())
		case e.Table() != h.table:
			return fmt.Errorf("On: %s is not registered on table %q", typ.Elem(), h.table.Name())
		case h.routes[typ] != nil:
			return fmt.Errorf("On: there are two functions for %s", typ.Elem())
		}
		h.routes[typ] = func(ctx context.Context, r *Record) error {
			c := Change[T]{Record: r}
			c.Key, _ = r.Key.(*T)
			c.Old, _ = r.Old.(*T)
			c.New, _ = r.New.(*T)
			return f(ctx, c)
		}
		return nil
	})
}

// Else has f called for each change that no [On] takes: of other entities and, with [RawUnknown], of unknown types.
func Else(f func(ctx context.Context, r *Record) error) HandlerOption {
	return handlerOption(func(h *Handler) error {
		if f == nil {
			return errors.New("Else: the function is nil")
		}
		h.rest = f
		return nil
	})
}

// Failures has f called for each failure, which is otherwise logged by [slog.Default] without contents of items.
func Failures(f func(ctx context.Context, err *RecordError)) HandlerOption {
	return handlerOption(func(h *Handler) error {
		if f == nil {
			return errors.New("Failures: the function is nil")
		}
		h.failed = f
		return nil
	})
}

func logFailure(ctx context.Context, err *RecordError) {
	slog.ErrorContext(ctx, "a change was not handled", "sequence_number", err.SequenceNumber, "event_id", err.ID, "error", trim(err.Err))
}

// handle gives one record to its function.
func (h *Handler) handle(ctx context.Context, r *Record) error {
	f := h.routes[reflect.TypeOf(r.Key)]
	if f == nil {
		f = h.rest
	}
	if f == nil {
		return nil
	}
	return f(ctx, r)
}

// LambdaResponse is what a function answers whose event source mapping says ReportBatchItemFailures.
// https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
type LambdaResponse struct {
	BatchItemFailures []BatchItemFailure `json:"batchItemFailures"`
}

// BatchItemFailure names a record by its sequence number.
type BatchItemFailure struct {
	ItemIdentifier string `json:"itemIdentifier"`
}

// Lambda handles the event with which a Lambda function is called, in one of the forms that the function [Lambda] takes. It stops
// at the first record that fails and names it in the response, so that Lambda calls again from there on: what comes behind it
// may be of the same item. An error means that the whole event is to be repeated: it cannot be read, or the failed record
// has no sequence number.
//
// Give it to the runtime as it is: lambda.Start(handler.Lambda).
func (h *Handler) Lambda(ctx context.Context, event json.RawMessage) (LambdaResponse, error) {
	done := LambdaResponse{BatchItemFailures: []BatchItemFailure{}}
	d := newDecoder(h.table, h.options)
	for r, err := range d.lambda(event) {
		failed, undecoded := errors.AsType[*RecordError](err)
		switch {
		case undecoded:
		case err != nil:
			return LambdaResponse{}, err
		case ctx.Err() != nil:
			failed = r.failed(d.index, ctx.Err())
		default:
			if err := h.handle(ctx, r); err != nil {
				failed = r.failed(d.index, err)
			}
		}
		if failed == nil {
			continue
		}
		h.failed(ctx, failed)
		if failed.SequenceNumber == "" {
			return LambdaResponse{}, failed
		}
		done.BatchItemFailures = append(done.BatchItemFailures, BatchItemFailure{failed.SequenceNumber})
		return done, nil
	}
	return done, nil
}
