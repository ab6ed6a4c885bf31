package main

import (
	"testing"

	"github.com/entable/entable"
)

// BenchmarkCopyStrings is the query of 500 items with strings that point into the response, and with copies.
func BenchmarkCopyStrings(b *testing.B) {
	for name, opts := range map[string][]entable.TableOption{"shared": nil, "copied": {entable.CopyStrings()}} {
		table := entable.NewTable(tableName, opts...)
		table.Use(transport(query500).client())
		orders := entable.Register[Order](table,
			entable.PK("customer", entable.Prefix("C")), entable.SK("order", entable.Prefix("O")))
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for _, err := range orders.Query(Order{CustomerID: customerID}).All(b.Context()) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
