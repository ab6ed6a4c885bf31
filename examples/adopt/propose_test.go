package main

import (
	"io"
	"testing"

	"github.com/entable/entable/internal/propose/proposetest"
	"github.com/entable/entable/memory"
)

func TestProposalsAreTheDeclarations(t *testing.T) {
	client := memory.New().Client()
	if err := run(t.Context(), client, io.Discard); err != nil {
		t.Fatal(err)
	}
	proposetest.Check(t, client, Items.Name(),
		"PK=AUDIT#{at:200601} SK={id}",
		"PK=CONFIG SK=limits", // one item says no more
		"PK=ISSUE::{issue} SK={at:2006-01-02 15:04:05.000000}",
		"PK=LOCK SK=migration",
		"PK=ORG#{name} SK=#META",
		"PK=ORG#{org} SK=ISSUE#{no} GSI1PK=OWNER#{owner} GSI1SK={opened:2006-01-02}",
		"PK=ORG#{org} SK=user|{user}",
		"PK=USER#{data.email} SK=SETTINGS",
		"PK=USER#{email} SK=SESSION#{began}",
		"PK=WIKI SK={title}[#{branch}]",
	)
}
