package sample_test

import (
	"testing"

	"github.com/entable/entable/examples/explorer/sample"
	"github.com/entable/entable/internal/propose/proposetest"
	"github.com/entable/entable/memory"
)

func TestProposalsAreTheDeclarations(t *testing.T) {
	client := memory.New().Client()
	sample.Table.Use(client)
	if err := sample.Table.CreateTable(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := sample.Fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	proposetest.Check(t, client, sample.Table.Name(),
		"pk=CC#{customer_id} sk=A",
		"pk=CC#{customer_id} sk=LO#{order_id:019}#{line:019}",
		"pk=CC#{customer_id} sk=OO#{order_id:019} by-statepk=OS#{state} by-statesk=OP#{placed:2006-01-02T15:04:05.000000000Z}",
		"pk=ED#{day}#{pk_part} sk=EA#{at:2006-01-02T15:04:05.000000000Z}", // the number of a shard, as a comment says
		"pk=PS#{sku} sk=A",
		"pk=PS#{sku} sk=RW#{written:2006-01-02T15:04:05.000000000Z} by-customerpk=RC#{customer_id} by-customersk=RW#{written:2006-01-02T15:04:05.000000000Z}",
		"pk=SS#{session_id} sk=A by-customerpk=RC#{customer_id} by-customersk=SE#{expires:2006-01-02T15:04:05.000000000Z}",
	)
}
