package propose_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"

	"github.com/entable/entable/internal/propose"
)

// A stored is a table of 200 items as other programs have written them, and what is to be proposed: the keys of each kind.
type stored struct {
	name  string
	table propose.Table
	kinds []maker
	want  []string
}

// A maker makes the i-th item of a kind.
type maker func(g *gen, i int) propose.Item

// items makes the items of all kinds in turns, from a seed of its own.
func (s *stored) items() (list []propose.Item) {
	g := &gen{rand.New(rand.NewPCG(uint64(len(s.name)), 14))}
	seen := map[string]bool{}
	for i := 0; len(list) < 200; i++ {
		item := s.kinds[i%len(s.kinds)](g, i/len(s.kinds))
		if id := fmt.Sprint(text(item[s.table.PK.Name]), "\n", text(item[s.table.SK.Name])); !seen[id] {
			seen[id] = true
			list = append(list, item)
		}
	}
	return list
}

func text(v types.AttributeValue) string {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		return v.Value
	case *types.AttributeValueMemberB:
		return string(v.Value)
	}
	return ""
}

// gen makes values.
type gen struct{ *rand.Rand }

var names = strings.Fields("ann bob cyd dan eve fay gus hal ivy jon kim leo mia ned ola pam quin ray sue tom")

func (g *gen) name() string { return names[g.IntN(len(names))] }
func (g *gen) user(i int) string {
	return names[i%len(names)] + strings.Repeat("x", i/len(names))
}
func (g *gen) words() string {
	a, b := g.name(), g.name()
	return strings.ToUpper(a[:1]) + a[1:] + " " + strings.ToUpper(b[:1]) + b[1:]
}
func (g *gen) time() time.Time {
	return time.Date(2025, 1, 1, 0, 0, g.IntN(40_000_000), g.IntN(999_999)*1000+1, time.UTC)
}
func (g *gen) id() string {
	var id uuid.UUID
	for i := range id {
		id[i] = byte(g.Uint32())
	}
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id.String()
}

// of makes an item of names and values. A nil is left out.
func of(pairs ...any) propose.Item {
	item := propose.Item{}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != nil {
			item[pairs[i].(string)] = value(pairs[i+1])
		}
	}
	return item
}

func value(v any) types.AttributeValue {
	switch v := v.(type) {
	case types.AttributeValue:
		return v
	case string:
		return &types.AttributeValueMemberS{Value: v}
	case int, int64, float64:
		return &types.AttributeValueMemberN{Value: fmt.Sprint(v)}
	case bool:
		return &types.AttributeValueMemberBOOL{Value: v}
	case []byte:
		return &types.AttributeValueMemberB{Value: v}
	case []string:
		return &types.AttributeValueMemberSS{Value: v}
	case propose.Item:
		return &types.AttributeValueMemberM{Value: v}
	case []any:
		list := &types.AttributeValueMemberL{}
		for _, e := range v {
			list.Value = append(list.Value, value(e))
		}
		return list
	}
	panic(fmt.Sprintf("%T", v))
}

// maybe returns the value in two of three cases.
func (g *gen) maybe(v any) any {
	if g.IntN(3) == 0 {
		return nil
	}
	return v
}

func table(pk, sk string, indexes ...propose.Index) propose.Table {
	return propose.Table{Name: "stored", PK: propose.Attr{Name: pk, Type: "S"}, SK: propose.Attr{Name: sk, Type: "S"}, Indexes: indexes}
}

func index(name, pk, sk string) propose.Index {
	x := propose.Index{Name: name, PK: []propose.Attr{{Name: pk, Type: "S"}}, Projection: "ALL"}
	if sk != "" {
		x.SK = []propose.Attr{{Name: sk, Type: "S"}}
	}
	return x
}

func projecting(x propose.Index, projection string, include ...string) propose.Index {
	x.Projection, x.Include = projection, include
	return x
}

func rfc(t time.Time) string { return t.Format(time.RFC3339Nano) }
