package browsertest

import (
	"fmt"
	"testing"

	"github.com/entable/entable"
	"github.com/entable/entable/explorer"
	"github.com/entable/entable/memory"
)

type reading struct {
	Sensor string `dynamodbav:"sensor"`
	No     int    `dynamodbav:"no"`
}

// A partition of a million items is read a page at a time, from either end and from within, and no more of it than is shown.
func TestAMillionItems(t *testing.T) {
	items := 1_000_000
	if testing.Short() {
		items = 10_000
	}
	db := memory.New()
	defer db.Close()
	table := entable.NewTable("readings")
	readings := entable.Register[reading](table, entable.PK("sensor"), entable.SK("no"))
	table.Use(db.Client())
	if err := table.CreateTable(t.Context()); err != nil {
		t.Fatal(err)
	}
	const chunk = 25_000
	for from := 0; from < items; from += chunk {
		var writes []entable.Write
		for i := range min(chunk, items-from) {
			writes = append(writes, readings.PutOp(&reading{"s", from + i + 1}))
		}
		if err := entable.BatchWrite(t.Context(), writes, entable.Concurrency(4)); err != nil {
			t.Fatal(err)
		}
	}
	b := open(t, explorer.New(table), 390)
	b.visit("partition?pk=RS%23s")
	for page := range 4 { // one item more is read, to know whether there is a next page
		b.wantText("50 items on this page", "examined\n51", fmt.Sprintf("RN#%019d", 50*page+1))
		if n := eval[int](b, `document.documentElement.outerHTML.length`); n > 200_000 {
			t.Errorf("the page has %d characters", n)
		}
		b.wantFit()
		b.follow(`a[rel=next]`)
	}
	b.visit("partition?pk=RS%23s&order=desc")
	b.wantText("50 items on this page", "examined\n51", fmt.Sprintf("RN#%019d", items))
	b.visit(fmt.Sprintf("query?entity=reading&f.sensor=s&op=ge&f.no=%d", items/2))
	b.wantText("50 items on this page", "examined\n51", fmt.Sprintf("RN#%019d", items/2))
	b.visit("search?q=RS%23s")
	b.wantText("a partition with exactly this key", "50 items on this page", "there is more of the table")
}
