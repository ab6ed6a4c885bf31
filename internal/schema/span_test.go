package schema_test

import (
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/schema"
)

type Event struct {
	Org  string `dynamodbav:"org"`
	Kind string `dynamodbav:"kind"`
	No   uint8  `dynamodbav:"no"`
}

// condition returns a key condition with its values in place.
func condition(s *schema.Span) string {
	names, values := map[string]string{}, map[string]types.AttributeValue{}
	text := s.KeyCondition(names, values)
	var pairs []string
	for n, v := range names {
		pairs = append(pairs, n, v)
	}
	for n, v := range values {
		pairs = append(pairs, n, `"`+schema.Text(v)+`"`)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

func TestKeyConditions(t *testing.T) {
	e := register[Event](t, newTable(t, decl()), schema.EntityDecl{PKs: pk(attrs("org")...), SKs: sk(attrs("kind", "no")...)})
	whole, lead, above := &Event{"o", "k", 5}, &Event{Org: "o", Kind: "k"}, &Event{"o", "k", 9}
	for _, test := range []struct {
		op        schema.SortOp
		low, high *Event
		want      string
	}{
		{schema.AnySort, nil, nil, `pk = "EO#o" AND begins_with(sk, "EK#")`},
		{schema.Equal, whole, nil, `pk = "EO#o" AND sk = "EK#k#00000000000000000005"`},
		{schema.Prefix, lead, nil, `pk = "EO#o" AND begins_with(sk, "EK#k#")`},
		{schema.Less, nil, whole, `pk = "EO#o" AND sk BETWEEN "EK#" AND "EK#k#00000000000000000005"`}, // and not its edge
		{schema.Between, whole, above, `pk = "EO#o" AND sk BETWEEN "EK#k#00000000000000000005" AND "EK#k#00000000000000000009"`},
		{schema.Greater, whole, nil, `pk = "EO#o" AND sk BETWEEN "EK#k#00000000000000000005` + "\x00" + `" AND "EK$"`},
		{schema.GreaterEqual, whole, nil, `pk = "EO#o" AND sk BETWEEN "EK#k#00000000000000000005" AND "EK$"`},
	} {
		s, err := schema.NewSpan(e, "", unsafe.Pointer(whole))
		check(t, err)
		s.Want = e
		if test.op != schema.AnySort {
			check(t, s.Where(test.op, unsafe.Pointer(test.low), unsafe.Pointer(test.high)))
			checkFault(t, s.Where(test.op, unsafe.Pointer(test.low), unsafe.Pointer(test.high)), schema.WrongUse, ": Event: give one condition on the sort key")
		}
		if edge := s.Sort.Edge(); test.op == schema.Less && edge != "EK#k#00000000000000000005" {
			t.Errorf("the edge of < is %q", edge)
		}
		if got := condition(&s); got != test.want {
			t.Errorf("%d: %s, want %s", test.op, got, test.want)
		}
	}
	_, err := schema.NewSpan(e, "nix", unsafe.Pointer(whole))
	checkFault(t, err, schema.WrongUse, `: Event: unknown index "nix": it is in no index`)
}

func TestPartitionsOfShards(t *testing.T) {
	e := register[Event](t, newTable(t, decl()), schema.EntityDecl{
		PKs: pk(schema.Part{Text: "org"}, schema.Part{Kind: schema.ShardsPart, Text: "no", Shards: 3}), SKs: sk(attrs("no")...),
	})
	v := &Event{Org: "o", No: 1}
	s, err := schema.NewSpan(e, "", unsafe.Pointer(v))
	check(t, err)
	key, err := e.KeyOf(unsafe.Pointer(v))
	check(t, err)
	var all []string
	for _, p := range s.Partitions {
		all = append(all, string(p))
	}
	if want := []string{"EO#o#0", "EO#o#1", "EO#o#2"}; !slices.Equal(all, want) || !slices.Contains(all, schema.Text(key.Attrs["pk"])) {
		t.Errorf("partitions %q of %s", all, key.Text())
	}
}

func TestKeyConditionsOfMultiAttributeIndexes(t *testing.T) {
	d := decl()
	d.Indexes = []schema.IndexDecl{{Name: "own", MultiAttribute: true, Hash: []schema.Attr{text("org")}, Range: []schema.Attr{text("kind"), number("no")}}}
	e := register[Event](t, newTable(t, d), schema.EntityDecl{Joins: []schema.JoinDecl{{Index: "own"}}})
	low, high, other := &Event{"o", "k", 5}, &Event{"o", "k", 9}, &Event{"o", "l", 9}
	s, err := schema.NewSpan(e, "own", unsafe.Pointer(low))
	check(t, err)
	check(t, s.Where(schema.Between, unsafe.Pointer(low), unsafe.Pointer(high)))
	if got, want := condition(&s), `org = "o" AND kind = "k" AND no BETWEEN "5" AND "9"`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	s, err = schema.NewSpan(e, "own", unsafe.Pointer(low))
	check(t, err)
	checkFault(t, s.Where(schema.Between, unsafe.Pointer(low), unsafe.Pointer(other)), schema.WrongKey,
		`things: own: attribute "kind": the bounds of Between differ before the last attribute`)
}
