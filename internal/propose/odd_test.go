package propose_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/propose"
)

// odd are tables of which one thing is unusual.
var odd = []stored{
	{
		name: "a hierarchy", table: table("PK", "SK"),
		kinds: []maker{func(g *gen, i int) propose.Item {
			st, city := []string{"NY", "CA", "TX"}[i%3], strings.ToUpper(g.name())
			return of("PK", "COUNTRY#USA", "SK", st+"#"+city+"#"+fmt.Sprint(i), "country", "USA", "state", st, "city", city, "store", i)
		}},
		want: []string{"PK=COUNTRY#{country} SK={state}#{city}#{store}"},
	},
	{
		name: "keys in capitals of names that are not", table: table("PK", "SK"),
		kinds: []maker{
			func(g *gen, i int) propose.Item {
				n := g.user(i)
				return of("PK", "ORG#"+strings.ToUpper(n), "SK", "METADATA#"+strings.ToUpper(n), "OrgName", n, "Plan", g.name())
			},
			func(g *gen, i int) propose.Item {
				n, u := g.user(i%20), g.user(i)
				return of("PK", "ORG#"+strings.ToUpper(n), "SK", "USER#"+strings.ToUpper(u), "OrgName", n, "UserName", u, "Role", []string{"Admin", "Member"}[i%2])
			},
		},
		want: []string{"PK=ORG#{org} SK=METADATA#{org}", "PK=ORG#{org} SK=USER#{user}"},
	},
	{
		name: "nothing but keys", table: table("PK", "SK"),
		kinds: []maker{
			func(g *gen, i int) propose.Item { return of("PK", "USER#"+g.user(i%9), "SK", "FOLLOWS#"+g.user(i)) },
			func(g *gen, i int) propose.Item { return of("PK", "USER#"+g.user(i%9), "SK", "BLOCKS#"+g.user(i)) },
		},
		want: []string{"PK=USER#{user} SK=BLOCKS#{blocks}", "PK=USER#{user} SK=FOLLOWS#{follows}"},
	},
	{
		name: "no sort key", table: propose.Table{Name: "stored", PK: propose.Attr{Name: "id", Type: "S"}},
		kinds: []maker{
			func(g *gen, i int) propose.Item {
				return of("id", "user:"+g.user(i), "name", g.words(), "login", g.user(i))
			},
			func(g *gen, i int) propose.Item { return of("id", "group:"+g.user(i), "members", []any{g.name()}) },
		},
		want: []string{"id=group:{group}", "id=user:{login}"},
	},
	{
		name: "names that are none in Go", table: table("PK", "SK"),
		kinds: []maker{func(g *gen, i int) propose.Item {
			return of("PK", "X#"+g.user(i), "SK", "A", "a,b", 1, "-", 2, "x`y", 3, `q"q`, 4, "日本", 5, "naïve", 6, "type", "x", "Type", 7, "9lives", 8, "a.b", 9, "rest", 10,
				"func", true, "a b", of("c,d", 1, "e", 2), "n", []any{})
		}},
		want: []string{"PK=X#{x} SK=A"},
	},
	{
		name: "values of all kinds", table: table("PK", "SK"),
		kinds: []maker{func(g *gen, i int) propose.Item {
			var mixed, null any = []any{"a", i, true, of("x", 1)}, &types.AttributeValueMemberNULL{Value: true}
			return of("PK", "V#"+fmt.Sprint(i), "SK", "V", "id", i, "mixed", mixed, "null", null, "sometimes", []any{null, "x", nil}[i%3], "either", []any{"a", i}[i%2],
				"big", &types.AttributeValueMemberN{Value: "12345678901234567890123456789"}, "odd", &types.AttributeValueMemberN{Value: "1.50"},
				"bs", &types.AttributeValueMemberBS{Value: [][]byte{{1}, {2}}}, "ns", &types.AttributeValueMemberNS{Value: []string{"1", "2.5"}},
				"lists", []any{[]any{1, 2}, []any{}}, "empty", "", "bytes", []byte{}, "m", of(), "byDay", of(fmt.Sprintf("2026-01-%02d", i%28+1), of("n", i)),
				"sets", []any{[]string{"a"}}, "maybe", g.maybe(of("a", g.maybe(""), "b", g.maybe([]any{}))))
		}},
		want: []string{"PK=V#{id} SK=V"},
	},
	{
		name: "paths", table: table("PK", "SK"),
		kinds: []maker{
			func(g *gen, i int) propose.Item {
				dir := "/" + strings.Repeat(g.name()+"/", i%4)
				return of("PK", "FILE#"+g.name(), "SK", dir+fmt.Sprintf("f%d.txt", i), "size", i)
			},
			func(g *gen, i int) propose.Item {
				return of("PK", "TREE#"+g.name(), "SK", "URL#https://x.org/"+strings.Repeat(g.name()+"/", i%5)+fmt.Sprint(i), "hits", i)
			},
		},
		want: []string{"PK=FILE#{file} SK={SK}", "PK=TREE#{tree} SK=URL#https://x.org/{org}"},
	},
	{
		name: "two UUIDs with a hyphen", table: table("PK", "SK"),
		kinds: []maker{func(g *gen, i int) propose.Item {
			a, b := g.id(), g.id()
			return of("PK", a+"-"+b, "SK", b+a, "tenant", a, "device", b)
		}},
		want: []string{"PK={tenant:uuid}-{device} SK={device:uuid}{tenant}"},
	},
	{
		name: "an attribute called type that is none", table: table("PK", "SK"),
		kinds: []maker{
			func(g *gen, i int) propose.Item {
				return of("PK", "USER#"+g.user(i), "SK", "USER", "user", g.user(i), "type", []string{"admin", "member", "guest"}[i%3])
			},
			func(g *gen, i int) propose.Item {
				return of("PK", "TEAM#"+g.user(i), "SK", "TEAM", "team", g.user(i), "type", []string{"open", "closed"}[i%2])
			},
		},
		want: []string{"PK=TEAM#{team} SK=TEAM", "PK=USER#{user} SK=USER"},
	},
	{
		name: "few items of an optional attribute", table: table("PK", "SK"),
		kinds: []maker{func(g *gen, i int) propose.Item {
			item := of("PK", "U#"+g.user(i), "SK", "U", "name", g.user(i), "nick", g.maybe(g.name()), "at", g.maybe(int(g.time().Unix())))
			if i%9 == 0 { // renamed since
				item["name"] = value("other")
			}
			return item
		}},
		want: []string{"PK=U#{u} SK=U"},
	},
}

func TestOddTablesArePlaced(t *testing.T) {
	for _, f := range odd {
		t.Run(f.name, func(t *testing.T) { checkForm(t, f) })
	}
}

// One item of each kind is enough to say something.
func TestOneItemIsEnough(t *testing.T) {
	for _, f := range append(forms, odd...) {
		g := &gen{rand.New(rand.NewPCG(1, 2))}
		var items []propose.Item
		for _, one := range f.kinds {
			items = append(items, one(g, 4))
		}
		p, err := propose.Propose(f.table, items)
		if err != nil {
			t.Fatalf("%s: %v", f.name, err)
		}
		for _, u := range p.Unplaced {
			t.Errorf("%s: %d items are not placed, such as %s: %s", f.name, u.Items, strings.Join(u.Keys, "; "), u.Reason)
		}
		if _, err := p.Source("model"); err != nil {
			t.Errorf("%s: %v", f.name, err)
		}
	}
}
