package propose_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entable/entable/internal/propose"
	"github.com/entable/entable/internal/trial"
)

// A proposal is the same for the same items.
func TestProposalsAreRepeatable(t *testing.T) {
	for _, f := range forms {
		var first []byte
		for range trial.Size(2, 10) {
			p, err := propose.Propose(f.table, f.items())
			if err != nil {
				t.Fatal(err)
			}
			source, err := p.Source("model")
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = source
			}
			if diff := cmp.Diff(string(first), string(source)); diff != "" {
				t.Fatalf("%s: another proposal for the same items:\n%s", f.name, diff)
			}
		}
	}
}

// Kinds with random templates are placed, whatever they are: what is proposed has read and written each item.
func TestRandomTablesArePlaced(t *testing.T) {
	g := &gen{trial.Rand(t)}
	placed, items, exact, kinds := 0, 0, 0, 0
	for range 40 {
		table, made, want := randomTable(g)
		p, err := propose.Propose(table, made)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Source("model"); err != nil {
			t.Error(err)
		}
		for _, u := range p.Unplaced {
			t.Logf("%d not placed, such as %s: %s", u.Items, strings.Join(u.Keys, "; "), u.Reason)
		}
		for _, k := range p.Kinds {
			if want[k.String()] {
				exact++
			} else {
				t.Logf("%s is none of %v", k, want)
			}
		}
		placed, items, kinds = placed+p.Placed(), items+p.Items, kinds+len(want)
	}
	t.Logf("%d of %d items, %d of %d kinds as they were made", placed, items, exact, kinds)
	if placed < items*99/100 || exact < kinds*8/10 {
		t.Errorf("%d of %d items are placed, %d of %d kinds are as they were made", placed, items, exact, kinds)
	}
}

// randomTable makes a table of two to five kinds, each with a label of its own in one of its keys.
func randomTable(g *gen) (propose.Table, []propose.Item, map[string]bool) {
	var items []propose.Item
	want := map[string]bool{}
	typed := g.IntN(2) == 0
	labels := strings.Fields("ORG USER ORDER TEAM LINE EVENT")
	for k, label := range labels[:2+g.IntN(4)] {
		seps := []string{"#", "|", ":", "/", "::", "$"}
		sep, end := seps[g.IntN(len(seps))], ""
		if g.IntN(4) == 0 {
			end = sep + "END"
		}
		lower := strings.ToLower(label)
		pk, sk := "P"+sep+"{owner}", label+sep+"{"+lower+"_id}"+end
		if g.IntN(3) == 0 {
			pk, sk = sk, "AT"+sep+"{no}"
		}
		want["pk="+pk+" sk="+sk] = true
		for i := range 20 + g.IntN(40) {
			item := of("owner", g.user(i%7), lower+"_id", g.text(i), "no", 100+i*7, fmt.Sprint("only", k), g.words())
			if typed {
				item["type"] = value(lower)
			}
			item["pk"], item["sk"] = value(fill(pk, item)), value(fill(sk, item))
			items = append(items, item)
		}
	}
	return table("pk", "sk"), items, want
}

// text returns an id of one of several kinds.
func (g *gen) text(i int) string {
	switch g.IntN(3) {
	case 0:
		return g.id()
	case 1:
		return g.user(i) + fmt.Sprint(i)
	}
	return fmt.Sprintf("%s.%d@example.org", g.name(), i)
}

// fill writes a template's values.
func fill(template string, item propose.Item) string {
	var b bytes.Buffer
	for part := range strings.SplitSeq(template, "{") {
		name, rest, ok := strings.Cut(part, "}")
		if ok {
			b.WriteString(text(item[name]))
			part = rest
		}
		b.WriteString(part)
	}
	return b.String()
}

func TestLargeSamplesArePlaced(t *testing.T) {
	f := forms[0]
	var items []propose.Item
	g := &gen{rand.New(rand.NewPCG(1, 1))}
	for i := range 5000 {
		items = append(items, f.kinds[i%len(f.kinds)](g, i/len(f.kinds)))
	}
	p, err := propose.Propose(f.table, items)
	if err != nil || p.Placed() != 5000 || len(p.Kinds) != 3 {
		t.Errorf("%+v, %v", p, err)
	}
}
