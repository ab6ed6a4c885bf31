package forms_test

import (
	"context"
	"errors"
	"testing"

	"github.com/entable/entable"
)

// Gauge has a field that overflows when enough is added.
type Gauge struct {
	ID    string `dynamodbav:"id"`
	Level int8   `dynamodbav:"level"`
	Note  string `dynamodbav:"note"`
}

// An update whose item cannot be read was carried out. The error says so, or the update would be made a second time.
func TestUpdatesWhoseItemCannotBeRead(t *testing.T) {
	for engine, open := range engines {
		for route, options := range map[string][]entable.TableOption{"fast": nil, "plain": {entable.PlainRoute()}} {
			t.Run(engine+" "+route, func(t *testing.T) {
				ctx := t.Context()
				table := entable.NewTable("stored", options...)
				table.Use(open(t))
				gauges := entable.Register[Gauge](table)
				must(t, table.CreateTable(ctx))
				defer func() { must(t, table.DeleteTable(context.WithoutCancel(ctx))) }()
				full := Gauge{ID: "1", Level: 100}
				must(t, gauges.Put(ctx, &full))
				loaded := full
				for what, update := range map[string]func() error{
					"updated":  func() error { _, err := gauges.Update(full).Add("level", 100).Updated(ctx); return err },
					"previous": func() error { _, err := gauges.Update(full).Add("level", 100).Previous(ctx); return err },
					"once":     func() error { _, err := gauges.Update(full).Add("level", 100).Once().Updated(ctx); return err },
					"patch":    func() error { return gauges.Patch(&loaded).Set("note", "x").Do(ctx) },
				} {
					must(t, gauges.Update(full).Set("level", int8(100)).Do(ctx))
					if what != "updated" && what != "once" { // it cannot be read before
						must(t, gauges.Update(full).Add("level", 100).Do(ctx))
					}
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
