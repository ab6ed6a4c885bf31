package entable_test

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
)

// Club has sets of each kind wherever one can be.
type Club struct {
	ID      string                  `dynamodbav:"id"`
	Members []string                `dynamodbav:"members,stringset,omitempty"`
	Scores  []attributevalue.Number `dynamodbav:"scores,numberset,omitempty"`
	Seals   [][]byte                `dynamodbav:"seals,omitempty"`
	Teams   map[string]*Team        `dynamodbav:"teams,omitempty"`
	Extra   any                     `dynamodbav:"extra,omitempty"`
	Secret  []string                `dynamodbav:"secret,stringset,omitempty" entable:"hidden"`
	Rest    map[string]any          `dynamodbav:"-" entable:"rest"`
}

type Team struct {
	Members []string `dynamodbav:"members,stringset"`
}

// A set with an element twice is refused before any request, wherever it stands: the service would refuse it without saying where.
func TestSetsWithAnElementTwiceAreRefused(t *testing.T) {
	s := onMemory(t)
	clubs := entable.Register[Club](s.Declare())
	ctx, key := t.Context(), Club{ID: "1"}
	twice := []string{"ann", "bob", "ann"}
	raw := &types.AttributeValueMemberSS{Value: twice}
	members := entable.Field(clubs, func(c *Club) *[]string { return &c.Members })
	const cure = "elements 0 and 2 of the string set are equal: give each element once"
	for _, test := range []struct {
		name string
		do   func() error
		want string
	}{
		{"Put", func() error { return clubs.Put(ctx, &Club{ID: "1", Members: twice}) }, "attribute members: cannot encode []string: " + cure},
		{"Create", func() error { return clubs.Create(ctx, &Club{ID: "1", Seals: [][]byte{{1}, {1}}}) },
			"attribute seals: cannot encode [][]uint8: elements 0 and 1 of the binary set are equal: give each element once"},
		{"a nested set", func() error { return clubs.Put(ctx, &Club{ID: "1", Teams: map[string]*Team{"a": {twice}}}) },
			"attribute teams.a.members: cannot encode []string: " + cure},
		{"a hidden set", func() error { return clubs.Put(ctx, &Club{ID: "1", Secret: twice}) }, "attribute secret: cannot encode []string: " + cure},
		{"a set in the rest", func() error { return clubs.Put(ctx, &Club{ID: "1", Rest: map[string]any{"x": raw}}) },
			"attribute x: cannot encode types.AttributeValue: " + cure},
		{"a set in an interface", func() error { return clubs.Put(ctx, &Club{ID: "1", Extra: []any{raw}}) },
			"attribute extra[0]: cannot encode types.AttributeValue: " + cure},
		{"BatchWrite", func() error {
			return entable.BatchWrite(ctx, []entable.Write{clubs.PutOp(&Club{ID: "1", Members: twice})})
		}, "attribute members: cannot encode []string: " + cure},
		{"Transact", func() error {
			return entable.Transact(ctx, []entable.Write{clubs.PutOp(&Club{ID: "1", Members: twice})})
		}, "attribute members: cannot encode []string: " + cure},
		{"ToItem", func() error { return second(clubs.ToItem(&Club{ID: "1", Members: twice})) }, "attribute members: cannot encode []string: " + cure},
		{"SaveChanges", func() error { return clubs.SaveChanges(ctx, key, &Club{ID: "1", Members: twice}) },
			"attribute members: cannot encode []string: " + cure},
		{"Set", func() error { return clubs.Update(key).Set("members", twice).Do(ctx) }, "attribute members: cannot encode []string: " + cure},
		{"Add", func() error { return clubs.Update(key).Add("scores", []attributevalue.Number{"1", "1.0"}).Do(ctx) },
			"attribute scores: cannot encode []attributevalue.Number: elements 0 and 1 of the number set are equal: give each element once"},
		{"DeleteFromSet", func() error { return clubs.Update(key).DeleteFromSet("teams.a.members", twice).Do(ctx) },
			"attribute teams.a.members: cannot encode []string: " + cure},
		{"Known", func() error { return clubs.Update(key).Set("extra", 1).Known("members", twice).Do(ctx) },
			"attribute members: cannot encode []string: " + cure},
		{"If of a handle", func() error { return clubs.Put(ctx, &key, entable.If(members.Equal(twice))) },
			"attribute members: cannot encode []string: " + cure},
		{"If of the SDK's value", func() error {
			return clubs.Delete(ctx, key, entable.If(expression.Name("members").Equal(expression.Value(raw))))
		},
			"attribute members: " + cure},
		{"If of Value", func() error {
			return clubs.Update(key).Set("extra", 1).If(expression.Name("seals").Equal(entable.Value([][]byte{{1}, {1}}))).Do(ctx)
		}, "attribute seals: cannot encode [][]uint8: elements 0 and 1 of the binary set are equal: give each element once"},
		{"Filter", func() error {
			return drain(clubs.Query(key).Filter(expression.Name("extra.x").NotEqual(expression.Value(raw))).All(ctx))
		},
			"attribute extra.x: " + cure},
	} {
		err := test.do()
		if e, ok := errors.AsType[*entable.EncodeError](err); !ok || e.Error() != "entable: Club: "+test.want {
			t.Errorf("%s: %v, want an *EncodeError: %s", test.name, err, test.want)
		}
	}
	if n := s.Spy.Sent(""); n > 0 {
		t.Errorf("%d requests were sent", n)
	}
}

// What entable takes for the same element the service does, too, and what it takes for two it stores as two.
func TestElementsOfSetsAreEqualAsToTheService(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		table := s.NewTable()
		clubs := entable.Register[Club](table)
		for _, test := range []struct {
			club Club
			same bool
		}{
			{Club{Scores: []attributevalue.Number{"1", "1.0"}}, true}, {Club{Scores: []attributevalue.Number{"1", "1e0"}}, true},
			{Club{Scores: []attributevalue.Number{"0", "-0"}}, true}, {Club{Scores: []attributevalue.Number{"100", "1E2"}}, true},
			{Club{Scores: []attributevalue.Number{".1", "0.10"}}, true}, {Club{Scores: []attributevalue.Number{"+1", "01"}}, true},
			{Club{Scores: []attributevalue.Number{"1", "-1"}}, false},
			{Club{Scores: []attributevalue.Number{"12345678901234567890123456789012345678", "12345678901234567890123456789012345679"}}, false},
			{Club{Members: []string{"a", "A", "", "e\u0301", "\u00e9"}}, false}, {Club{Members: []string{"", ""}}, true},
			{Club{Seals: [][]byte{{}, {0}, {0, 0}}}, false}, {Club{Seals: [][]byte{{0}, {}, {0}}}, true},
		} {
			test.club.ID = "1"
			item, err := attributevalue.MarshalMap(test.club)
			check(t, err)
			item["pk"], item["sk"] = &types.AttributeValueMemberS{Value: "x"}, &types.AttributeValueMemberS{Value: "x"}
			_, refused := s.SDK.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(table.Name()), Item: item})
			if err := clubs.Put(t.Context(), &test.club); (err != nil) != test.same || (refused != nil) != test.same {
				t.Errorf("%+v: %v, the service: %v", test.club, err, refused)
			}
		}
	})
}
