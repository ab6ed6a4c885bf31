package stream_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/entable/entable"
	"github.com/entable/entable/stream"
)

func TestHandlerTellsLambdaTheFirstFailure(t *testing.T) {
	table, ledgers := declareLedgers()
	event := lambdaEvent(t)
	var sequence struct {
		Records []struct {
			Dynamodb struct{ SequenceNumber string }
		}
	}
	check(t, json.Unmarshal(event, &sequence))
	broken := errors.New("no connection")
	for _, test := range []struct {
		name   string
		fails  string // the owner whose record fails
		want   string
		handed string
	}{
		{"none", "", `{"batchItemFailures":[]}`, "INSERT ann, MODIFY bob# from 1 to 2, REMOVE cy, REMOVE dee"},
		{"the third of the library's five", "bob#", fmt.Sprintf(`{"batchItemFailures":[{"itemIdentifier":%q}]}`, sequence.Records[2].Dynamodb.SequenceNumber), "INSERT ann, MODIFY bob# from 1 to 2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var handed []string
			var failed *stream.RecordError
			h := stream.NewHandler(table,
				stream.On(ledgers, func(_ context.Context, c stream.Change[Ledger]) error {
					text := fmt.Sprintf("%s %s", c.Kind, c.Key.Owner)
					if c.Old != nil && c.New != nil {
						text += fmt.Sprintf(" from %d to %d", c.Old.Sum, c.New.Sum)
					}
					handed = append(handed, text)
					if c.Key.Owner == test.fails {
						return broken
					}
					return nil
				}),
				stream.Failures(func(_ context.Context, err *stream.RecordError) { failed = err }))
			res, err := h.Lambda(t.Context(), event)
			check(t, err)
			got, err := json.Marshal(res)
			check(t, err)
			if string(got) != test.want {
				t.Errorf("response %s, want %s", got, test.want)
			}
			if got := strings.Join(handed, ", "); got != test.handed {
				t.Errorf("handed over: %s, want %s", got, test.handed)
			}
			if (failed != nil) != (test.fails != "") || failed != nil && (!errors.Is(failed, broken) || failed.Index != 2) {
				t.Errorf("reported %v", failed)
			}
		})
	}
}

func TestHandlerGivesTheRestToElse(t *testing.T) {
	table, _ := declareLedgers()
	other := entable.NewTable("ledgers")
	tasks := entable.Register[Task](other, entable.PK("list"), entable.SK("n"))
	var kinds []string
	h := stream.NewHandler(table, stream.Else(func(_ context.Context, r *stream.Record) error {
		kinds = append(kinds, fmt.Sprintf("%T", r.Key))
		return nil
	}))
	res, err := h.Lambda(t.Context(), lambdaEvent(t))
	check(t, err)
	if len(res.BatchItemFailures) != 0 || len(kinds) != 4 {
		t.Errorf("%v, handed over %v", res, kinds)
	}
	if _, err := h.Lambda(t.Context(), []byte(`{"Records":7}`)); err == nil || !entable.IsError(err) {
		t.Errorf("an event that is none: %v", err)
	}
	refused := func(what, want string, opts ...stream.HandlerOption) {
		t.Helper()
		defer func() {
			if got := fmt.Sprint(recover()); got != want {
				t.Errorf("%s: %s, want %s", what, got, want)
			}
		}()
		stream.NewHandler(table, opts...)
	}
	nothing := func(context.Context, stream.Change[Task]) error { return nil }
	refused("an entity of another table", `entable: stream: On: stream_test.Task is not registered on table "ledgers"`, stream.On(tasks, nothing))
	refused("no option", "entable: stream: an option of the handler is nil", nil)
	refused("no function of a type", "entable: stream: On: the function for stream_test.Task is nil", stream.On[Task](tasks, nil))
	refused("no function of the rest", "entable: stream: Else: the function is nil", stream.Else(nil))
	refused("no function of failures", "entable: stream: Failures: the function is nil", stream.Failures(nil))
}

// An event that holds a record that cannot be handled stops there, unless unknown types are passed over.
func TestHandlerAndUnknownTypes(t *testing.T) {
	table := entable.NewTable("ledgers")
	event := lambdaEvent(t)
	h := stream.NewHandler(table, stream.Failures(func(context.Context, *stream.RecordError) {}))
	res, err := h.Lambda(t.Context(), event)
	check(t, err)
	if len(res.BatchItemFailures) != 1 {
		t.Errorf("failures %v, want the first record", res.BatchItemFailures)
	}
	var skipped int
	res, err = stream.NewHandler(table, stream.SkipUnknown(&skipped)).Lambda(t.Context(), event)
	check(t, err)
	if len(res.BatchItemFailures) != 0 || skipped != 4 {
		t.Errorf("failures %v, skipped %d", res.BatchItemFailures, skipped)
	}
	raw := 0
	_, err = stream.NewHandler(table, stream.RawUnknown(), stream.Else(func(_ context.Context, r *stream.Record) error {
		if _, ok := r.Key.(entable.RawItem); ok {
			raw++
		}
		return nil
	})).Lambda(t.Context(), event)
	check(t, err)
	if raw != 4 {
		t.Errorf("%d raw records, want 4", raw)
	}
}
