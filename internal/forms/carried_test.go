package forms_test

import (
	"context"
	"errors"
	"testing"

	"github.com/entable/entable"
)

// Gauge has a field that is too small for what another version of the program writes.
type Gauge struct {
	ID    string `dynamodbav:"id"`
	Level int8   `dynamodbav:"level"`
	Note  string `dynamodbav:"note"`
}

type wideGauge struct {
	ID    string `dynamodbav:"id"`
	Level int    `dynamodbav:"level"`
}

// An update whose item cannot be read was carried out. The error says so, or the update would be made a second time.
func TestUpdatesWhoseItemCannotBeRead(t *testing.T) {
	for engine, open := range engines {
		for route, options := range map[string][]entable.TableOption{"fast": nil, "plain": {entable.PlainRoute()}} {
			t.Run(engine+" "+route, func(t *testing.T) {
				ctx := t.Context()
				table := entable.NewTable("stored", options...)
				client := open(t)
				table.Use(client)
				gauges := entable.Register[Gauge](table)
				theirs := entable.NewTable("stored")
				theirs.Use(client)
				wide := entable.Register[wideGauge](theirs, entable.Name("Gauge"))
				must(t, table.CreateTable(ctx))
				defer func() { must(t, table.DeleteTable(context.WithoutCancel(ctx))) }()
				full := Gauge{ID: "1", Level: 100}
				must(t, gauges.Put(ctx, &full))
				loaded := full
				for what, update := range map[string]func() error{
					"updated":  func() error { _, err := gauges.Update(full).Set("note", "x").Updated(ctx); return err },
					"previous": func() error { _, err := gauges.Update(full).Set("note", "x").Previous(ctx); return err },
					"once":     func() error { _, err := gauges.Update(full).Set("note", "x").Once().Updated(ctx); return err },
					"patch":    func() error { return gauges.Patch(&loaded).Set("note", "x").Do(ctx) },
				} {
					must(t, wide.Update(wideGauge{ID: "1"}).Set("level", 200).Do(ctx))
					err := update()
					_, unread := errors.AsType[*entable.DecodeError](err)
					op := map[bool]string{true: "Patch", false: "Update"}[what == "patch"]
					const cause = `the write was carried out, but its item cannot be read: Gauge[pk="GI#1" sk="A"]: attribute level: cannot decode N into int8: 200 overflows`
					if want := "entable: " + op + ` Gauge[pk="GI#1" sk="A"]: ` + cause; !unread || err.Error() != want {
						t.Errorf("%s: got  %v\nwant %s", what, err, want)
					}
					if entable.IsRetryable(err) {
						t.Errorf("%s is to be repeated", what)
					}
				}
			})
		}
	}
}
