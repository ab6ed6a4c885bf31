package seal_test

import (
	"testing"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
)

// What an encrypted attribute of a few adds to a put and a read: compare the pairs.
func BenchmarkItems(b *testing.B) {
	type plain struct {
		ID, Name, Email, Street, City, Note string
	}
	type sealed struct {
		ID, Name   string
		Email      string `entable:"encrypt"`
		Street     string
		City, Note string
	}
	db := memory.New()
	defer db.Close()
	table := entable.NewTable("items", entable.Encryption(sealer(b, key("k1"))))
	table.Use(db.Client())
	check(b, table.CreateTable(b.Context()))
	one, two := entable.Register[plain](table), entable.Register[sealed](table)
	v, w := &plain{"1", "Ann", "ann@example.com", "Long Street", "Oslo", "n"}, &sealed{"1", "Ann", "ann@example.com", "Long Street", "Oslo", "n"}
	for name, do := range map[string]func() error{
		"put/plain":  func() error { return one.Put(b.Context(), v) },
		"put/sealed": func() error { return two.Put(b.Context(), w) },
		"get/plain":  func() error { _, err := one.Get(b.Context(), *v); return err },
		"get/sealed": func() error { _, err := two.Get(b.Context(), *w); return err },
	} {
		check(b, one.Put(b.Context(), v))
		check(b, two.Put(b.Context(), w))
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				check(b, do())
			}
		})
	}
}
