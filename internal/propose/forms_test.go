package propose_test

import (
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/entable/entable/internal/keys"
	"github.com/entable/entable/internal/propose"
)

// The forms of keys that were met in real tables.
var forms = []stored{
	{
		name: "numbers without padding", table: table("PK", "SK"),
		kinds: []maker{
			func(g *gen, i int) propose.Item {
				return of("PK", "USER#"+g.user(i), "SK", "PROFILE", "user", g.user(i), "name", g.words(), "age", g.maybe(g.IntN(90)))
			},
			func(g *gen, i int) propose.Item {
				u := g.user(i % 30)
				return of("PK", "USER#"+u, "SK", fmt.Sprintf("PROBLEM#%d", i), "user", u, "problem", i, "solved", g.IntN(2) == 0)
			},
			func(g *gen, i int) propose.Item {
				u := g.user(i % 30)
				return of("PK", "USER#"+u, "SK", fmt.Sprintf("SESSION#%d", 3*i), "user", u, "session_no", 3*i, "at", g.time().Unix())
			},
		},
		want: []string{"PK=USER#{user} SK=PROBLEM#{problem}", "PK=USER#{user} SK=PROFILE", "PK=USER#{user} SK=SESSION#{session_no}"},
	},
	{
		name: "several separators", table: table("PK", "SK"),
		kinds: []maker{
			func(g *gen, i int) propose.Item {
				owner := "user:" + g.user(i)
				return of("PK", "FUNC#"+owner+"#name", "SK", fmt.Sprintf("v%d", i%7+1), "owner", owner, "version", i%7+1, "size", i)
			},
			func(g *gen, i int) propose.Item {
				r, w := "r"+g.user(i%9), g.id()
				return of("PK", "#WORKFLOW#REPO$"+r+"#WORKFLOW$"+w, "SK", "#META", "repo", r, "workflow", w, "steps", []any{"a", "b"})
			},
		},
		want: []string{"PK=#WORKFLOW#REPO${repo}#WORKFLOW${workflow} SK=#META", "PK=FUNC#{owner}#name SK=v{version}"},
	},
	{
		name: "two values and a separator", table: table("pk", "sk"),
		kinds: []maker{
			func(g *gen, i int) propose.Item {
				a, b := g.user(i), g.name()
				return of("pk", a+"::"+b, "sk", "EDGE", "from", a, "to", b, "weight", g.IntN(1000))
			},
			func(g *gen, i int) propose.Item {
				t := g.time()
				org := g.name()
				return of("pk", org+"|"+t.Format("2006-01-02"), "sk", "VISIT#"+g.id(), "tenant", org, "seen_at", rfc(t))
			},
		},
		want: []string{"pk={from}::{to} sk=EDGE", "pk={tenant}|{seen_at:2006-01-02} sk=VISIT#{visit}"},
	},
	{
		name: "a leading separator", table: table("PK", "SK"),
		kinds: []maker{
			func(g *gen, i int) propose.Item {
				return of("PK", "CUSTOMER#"+g.user(i), "SK", "CUSTOMER#"+g.user(i), "Type", "Customer", "Username", g.user(i), "Name", g.words())
			},
			func(g *gen, i int) propose.Item {
				u, id := g.user(i%40), g.id()
				return of("PK", "CUSTOMER#"+u, "SK", "#ORDER#"+id, "Type", "Order", "Username", u, "OrderId", id, "Amount", 0.5+float64(i))
			},
		},
		want: []string{"PK=CUSTOMER#{Username} SK=#ORDER#{OrderId}", "PK=CUSTOMER#{Username} SK=CUSTOMER#{Username}"},
	},
	{
		name: "texts as they are", table: table("PK", "SK"),
		kinds: []maker{
			func(g *gen, i int) propose.Item {
				org := g.words()
				return of("PK", "ORG#"+org+"#ACC#"+g.user(i), "SK", "A", "org", org, "account", g.user(i))
			},
			func(g *gen, i int) propose.Item {
				org, tag := g.words(), g.user(i)+[]string{"", "#", "++", "%"}[i%4]
				return of("PK", "ORG#"+org, "SK", "TAG#"+tag, "org", org, "tag", tag, "note", g.maybe(""))
			},
		},
		want: []string{"PK=ORG#{org} SK=TAG#{tag}", "PK=ORG#{org}#ACC#{account} SK=A"},
	},
	{
		name: "parts of times", table: table("PK", "SK"),
		kinds: []maker{
			func(g *gen, i int) propose.Item {
				t, id := g.time(), g.id()
				return of("PK", "AUDIT#"+t.Format("200601"), "SK", id, "id", id, "at", rfc(t), "by", g.name())
			},
			func(g *gen, i int) propose.Item {
				t, u := g.time(), g.name()
				return of("PK", "DAY#"+u+"|"+t.Format("2006-01-02"), "SK", "CT#"+t.Format("2006-01-02 15:04:05.000000"), "user", u, "created", rfc(t))
			},
		},
		want: []string{"PK=AUDIT#{at:200601} SK={id}", "PK=DAY#{user}|{created:2006-01-02} SK=CT#{created:~2006-01-02 15:04:05.000000}"},
	},
	{
		name: "times", table: table("PK", "SK"),
		kinds: []maker{
			func(g *gen, i int) propose.Item {
				t := g.time().In(zone)
				return of("PK", "LOG#"+g.name(), "SK", rfc(t), "at", rfc(t), "line", g.words())
			},
			func(g *gen, i int) propose.Item {
				t, u := g.time(), g.name()
				return of("PK", "SEEN#"+u, "SK", fmt.Sprint(t.Unix()), "user", u, "at", rfc(t))
			},
			func(g *gen, i int) propose.Item {
				t, u := g.time(), g.name()
				return of("PK", "POINT#"+u, "SK", fmt.Sprint(t.UnixMilli()), "user", u, "ms", t.UnixMilli(), "v", g.IntN(5))
			},
			func(g *gen, i int) propose.Item {
				t, u := g.time(), g.name()
				return of("PK", "HIT#"+u, "SK", t.Format("2006-01-02T15:04:05Z"), "user", u, "hit_at", rfc(t))
			},
		},
		want: []string{"PK=HIT#{user} SK={hit_at:~2006-01-02T15:04:05Z}", "PK=LOG#{log} SK={at}", "PK=POINT#{user} SK={ms}", "PK=SEEN#{user} SK={at:~unix}"},
	},
	{
		name: "components inside a map", table: table("PK", "SK"),
		kinds: []maker{
			func(g *gen, i int) propose.Item {
				mail := g.user(i) + "@example.org"
				return of("PK", "USER#"+mail, "SK", "PROFILE", "entity_type", "user", "data", of("email", mail, "name", g.words(), "age", g.maybe(i)))
			},
			func(g *gen, i int) propose.Item {
				mail, team := g.user(i)+"@example.org", "t-"+g.name()
				return of("PK", "TEAM#"+team, "SK", "USER#"+mail, "entity_type", "member", "data", of("email", mail, "team", of("id", team)))
			},
		},
		want: []string{"PK=TEAM#{data.team.id} SK=USER#{data.email}", "PK=USER#{data.email} SK=PROFILE"},
	},
	{
		name: "components that are not stored", table: table("PK", "SK"),
		kinds: []maker{
			func(g *gen, i int) propose.Item {
				return of("PK", "org#"+g.name()+"#user", "SK", g.user(i)+"@example.org", "Enabled", i%3 > 0, "ID", g.id())
			},
			func(g *gen, i int) propose.Item {
				return of("PK", "org#"+g.name()+"#group", "SK", fmt.Sprintf("%06d", i), "Title", g.words())
			},
		},
		want: []string{"PK=org#{org}#group SK={SK}", "PK=org#{org}#user SK={SK}"},
	},
	{
		name: "key attributes that are fields", table: table("userId", "orderId"),
		kinds: []maker{func(g *gen, i int) propose.Item {
			return of("userId", g.name(), "orderId", g.id(), "total", i, "lines", []any{of("sku", g.name(), "qty", i)})
		}},
		want: []string{"userId={userId} orderId={orderId}"},
	},
	{
		name: "a struct with PK and SK", table: table("PK", "SK"),
		kinds: []maker{func(g *gen, i int) propose.Item {
			return of("PK", g.user(i), "SK", g.name(), "value", g.words(), "ttl", 0)
		}},
		want: []string{"PK={PK} SK={SK}"},
	},
	{
		name: "numbers as keys", table: propose.Table{Name: "stored", PK: propose.Attr{Name: "device", Type: "S"}, SK: propose.Attr{Name: "ts", Type: "N"}},
		kinds: []maker{func(g *gen, i int) propose.Item {
			return of("device", g.name(), "ts", g.time().UnixNano(), "level", []float64{0.25, 1, 17.125}[i%3])
		}},
		want: []string{"device={device} ts={ts}"},
	},
	{
		name: "an inverted index", table: table("PK", "SK", index("inv", "SK", "PK"), index("GSI1", "GSI1PK", "SK")),
		kinds: []maker{
			func(g *gen, i int) propose.Item {
				return of("PK", "GROUP#"+g.user(i), "SK", "GROUP", "entity", "Group", "group", g.user(i), "GSI1PK", "GROUPS")
			},
			func(g *gen, i int) propose.Item {
				a, b := g.user(i%50), g.name()
				return of("PK", "GROUP#"+a, "SK", "USER#"+b, "entity", "Membership", "group", a, "user", b, "GSI1PK", "USER#"+b)
			},
		},
		want: []string{"PK=GROUP#{group} SK=GROUP GSI1PK=GROUPS", "PK=GROUP#{group} SK=USER#{user} GSI1PK=USER#{user}"},
	},
	{
		name: "indexes that share an attribute", table: table("PK", "SK", index("byStatus", "GSI1PK", "created"), index("byOwner", "GSI1PK", "owner"), index("byType", "kind", "created")),
		kinds: []maker{
			func(g *gen, i int) propose.Item {
				id, st := g.id(), []string{"open", "done"}[i%2]
				return of("PK", "TASK#"+id, "SK", "TASK", "kind", "Task", "id", id, "status", st, "owner", g.name(), "created", rfc(g.time()), "GSI1PK", "STATUS#"+st)
			},
			func(g *gen, i int) propose.Item {
				id := g.id()
				return of("PK", "TASK#"+id, "SK", fmt.Sprintf("STEP#%d", i), "kind", "Step", "id", id, "step", i, "created", rfc(g.time()))
			},
		},
		want: []string{"PK=TASK#{id} SK=STEP#{step} GSI1PK={GSI1PK} created={created}", "PK=TASK#{id} SK=TASK GSI1PK=STATUS#{status} created={created} owner={owner}"},
	},
	{
		name: "one type value for two kinds", table: table("PK", "SK"),
		kinds: []maker{
			func(g *gen, i int) propose.Item {
				return of("PK", "DOC#"+g.user(i), "SK", "CURRENT", "Entity", "Doc", "doc", g.user(i), "version", i%5+1, "body", g.words())
			},
			func(g *gen, i int) propose.Item {
				v := i%5 + 1
				return of("PK", "DOC#"+g.user(i/5), "SK", fmt.Sprintf("v%d", v), "Entity", "Doc", "doc", g.user(i/5), "version", v, "body", g.words())
			},
			func(g *gen, i int) propose.Item {
				return of("PK", "DOC#"+g.user(i), "SK", "LOCK", "Entity", "Lock")
			},
			func(g *gen, i int) propose.Item { // nothing but the number tells v0 from the others
				v := i % 5
				return of("PK", "BOOK#"+g.user(i/5), "SK", fmt.Sprintf("v%d", v), "Entity", "Book", "book", g.user(i/5), "version", max(v, 1), "title", g.words())
			},
		},
		want: []string{"PK=BOOK#{book} SK=v{v}", "PK=DOC#{doc} SK=CURRENT", "PK=DOC#{doc} SK=LOCK", "PK=DOC#{doc} SK=v{version}"},
	},
	{
		name: "one sort key under two partition keys", table: table("PK", "SK"),
		kinds: []maker{
			func(g *gen, i int) propose.Item {
				id, post := g.id(), g.user(i%20)
				return of("PK", "POST#"+post, "SK", "COMMENT#"+id, "id", id, "post", post, "text", g.words())
			},
			func(g *gen, i int) propose.Item {
				id, photo := g.id(), g.user(i%20)
				return of("PK", "PHOTO#"+photo, "SK", "COMMENT#"+id, "id", id, "photo", photo, "text", g.words(), "stars", i%5)
			},
		},
		want: []string{"PK=PHOTO#{photo} SK=COMMENT#{id}", "PK=POST#{post} SK=COMMENT#{id}"},
	},
	{
		name: "projections", table: table("PK", "SK",
			projecting(index("GSI1", "GSI1PK", "GSI1SK"), "KEYS_ONLY"), projecting(index("GSI2", "GSI2PK", ""), "INCLUDE", "name", "price")),
		kinds: []maker{
			func(g *gen, i int) propose.Item {
				id, cat := g.id(), g.name()
				item := of("PK", "PRODUCT#"+id, "SK", "PRODUCT", "_type", "Product", "id", id, "category", cat, "name", g.words(), "price", i,
					"GSI1PK", "CATEGORY#"+cat, "GSI1SK", fmt.Sprintf("%08d", i))
				if i%4 == 0 {
					item["GSI2PK"] = value("SALE")
				}
				return item
			},
		},
		want: []string{"PK=PRODUCT#{id} SK=PRODUCT GSI1PK=CATEGORY#{category} GSI1SK={price:08} GSI2PK={GSI2PK}"},
	},
	{
		name: "an optional tail", table: table("PK", "SK", index("GSI1", "GSI1PK", "GSI1SK")),
		kinds: []maker{
			func(g *gen, i int) propose.Item {
				return of("PK", "A#"+g.user(i), "SK", fmt.Sprintf("A#%d", i), "owner", g.user(i), "no", i, "GSI1PK", "NO#"+fmt.Sprint(i%9))
			},
			func(g *gen, i int) propose.Item {
				return of("PK", "A#"+g.user(i), "SK", fmt.Sprintf("A#%d#%s", i, g.name()), "owner", g.user(i), "no", i, "GSI1PK", "NO#"+fmt.Sprint(i%9), "GSI1SK", "x")
			},
		},
		want: []string{"PK=A#{owner} SK=A#{no}[#{sk_part}] GSI1PK={GSI1PK} GSI1SK={GSI1SK}"},
	},
	{
		name: "two tails, and an index whose sort key alone is missing", table: table("PK", "SK", index("GSI1", "GSI1PK", "GSI1SK"), index("GSI2", "GSI2PK", "GSI2SK")),
		kinds: []maker{func(g *gen, i int) propose.Item {
			at := "cdu"[i%3:i%3+1] + g.user(i)
			item := of("PK", "STORES", "SK", at, "country", at, "owner", g.name(), "note", "", "rank", 0)
			item["GSI1PK"] = value("OWNER#" + text(item["owner"]))
			if i%3 > 0 {
				item["state"] = value(g.user(i))
				item["SK"] = value(text(item["SK"]) + "#" + text(item["state"]))
				item["due"] = value(g.time().Format("2006-01-02"))
				item["GSI1SK"] = value("DUE#" + text(item["due"]))
			}
			if i%3 > 1 {
				item["city"] = value(g.name() + "ton")
				item["SK"] = value(text(item["SK"]) + "#" + text(item["city"]))
				item["note"], item["rank"] = value(g.words()), value(i)
				item["GSI2PK"], item["GSI2SK"] = value("NOTE#"+text(item["note"])), value(fmt.Sprintf("%04d", i))
			}
			return item
		}},
		want: []string{"PK=STORES SK={country}[#{state}][#{city}] GSI1PK=OWNER#{owner} GSI1SK=[DUE#{due}] GSI2PK=[NOTE#{note}] GSI2SK=[{rank:04}]"},
	},
	{
		name: "tails with a label that could be the end of a text, and brackets", table: table("PK", "SK"),
		kinds: []maker{
			func(g *gen, i int) propose.Item {
				return of("PK", "ORG#"+g.user(i), "SK", "list[0]", "org", g.user(i), "note", g.words())
			},
			func(g *gen, i int) propose.Item {
				a := g.name()
				return of("PK", "ORG#"+g.user(i)+"#ACC#"+a, "SK", "list[0]", "org", g.user(i), "note", g.words(), "acc", a)
			},
		},
		want: []string{"PK=ORG#{org}[#ACC#{acc}] SK=list[[0]]"},
	},
	{
		name: "values of the SDK's default", table: table("PK", "SK"),
		kinds: []maker{func(g *gen, i int) propose.Item {
			id := uuid.MustParse(g.id())
			return of("PK", "DEVICE#"+strings.ToUpper(g.name()), "SK", "BOOT#"+fmt.Sprintf("%05d", i), "boot", i, "session", id[:], "state", i%4,
				"flags", []string{"a", "b"}, "meta", of(g.name(), g.id(), g.name()+"1", g.id()), "next", g.maybe(g.name()), "ok", g.maybe(i%2 == 0))
		}},
		want: []string{"PK=DEVICE#{device} SK=BOOT#{boot:05}"},
	},
	{
		name: "ids in bytes", table: table("PK", "SK"),
		kinds: []maker{func(g *gen, i int) propose.Item {
			id, owner := uuid.MustParse(g.id()), uuid.MustParse(g.id())
			return of("PK", "DEVICE#"+id.String(), "SK", "STATE", "device", id[:], "owner", g.maybe(owner[:]), "raw", []byte{1, byte(i)}, "state", i%4)
		}},
		want: []string{"PK=DEVICE#{device:uuid} SK=STATE"},
	},
	{
		name: "what functions make", table: table("PK", "SK"),
		kinds: []maker{
			func(g *gen, i int) propose.Item {
				name := g.words() + g.user(i)
				return of("PK", "NAMES#"+strings.ToUpper(name[:1]), "SK", "NAME#"+strings.ToLower(name), "name", name, "n", i)
			},
		},
		want: []string{"PK=NAMES#{names} SK=NAME#{name_2}"},
	},
	{
		name: "shards", table: table("PK", "SK"),
		kinds: []maker{
			func(g *gen, i int) propose.Item {
				tenant, order := g.name(), g.user(i)
				shard := keys.Shard(keys.Value{Kind: keys.Text, S: order}, 8)
				return of("PK", fmt.Sprintf("TENANT#%s#%d", tenant, shard), "SK", "ORDER#"+order, "tenant", tenant, "order", order)
			},
			func(g *gen, i int) propose.Item {
				tenant, at := g.name(), g.time()
				return of("PK", fmt.Sprintf("EVENTS#%s-%d", tenant, i*7%10), "SK", rfc(at), "tenant", tenant, "at", rfc(at))
			},
		},
		want: []string{"PK=EVENTS#{tenant}-{pk_part} SK={at}", "PK=TENANT#{tenant}#{pk_part} SK=ORDER#{order}"},
	},
	{
		name: "items with and without a type", table: table("pk", "sk"),
		kinds: []maker{
			func(g *gen, i int) propose.Item {
				return of("pk", "USER#"+g.user(i), "sk", "USER", "_type", "User", "user", g.user(i), "mail", g.maybe(g.name()), "ttl", i%2*int(g.time().Unix()))
			},
			func(g *gen, i int) propose.Item {
				return of("pk", "IP#10.0."+fmt.Sprint(i)+".1", "sk", "COUNTER", "n", g.IntN(1000))
			},
		},
		want: []string{"pk=IP#{ip} sk=COUNTER", "pk=USER#{user} sk=USER"},
	},
}
