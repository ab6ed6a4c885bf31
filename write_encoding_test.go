package entable_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"

	"github.com/entable/entable"
)

// Grade is an enum that is an int, with a text.
type Grade int

func (g Grade) MarshalText() ([]byte, error) { return []byte(strings.Repeat("*", int(g))), nil }
func (g *Grade) UnmarshalText(b []byte) error {
	*g = Grade(len(b))
	return nil
}

type Review struct {
	Of uuid.UUID `dynamodbav:"of"`
}

// Movie has types that a table stores by their methods or by their kinds.
type Movie struct {
	ID      uuid.UUID        `dynamodbav:"id"`
	Grade   Grade            `dynamodbav:"grade"`
	Studio  uuid.UUID        `dynamodbav:"studio"`
	Cast    []uuid.UUID      `dynamodbav:"cast"`
	Best    *Review          `dynamodbav:"best,omitempty"`
	ByGrade map[string]Grade `dynamodbav:"by_grade"`
	Any     any              `dynamodbav:"any"`
	Code    string           `dynamodbav:"code,omitempty" entable:"unique"`
	Rest    map[string]any   `dynamodbav:"-" entable:"rest"`
}

func movie() Movie {
	return Movie{
		ID: uuid.MustParse("00112233-4455-6677-8899-aabbccddeeff"), Grade: 3, Studio: uuid.New(), Cast: []uuid.UUID{uuid.New()},
		Best: &Review{uuid.New()}, ByGrade: map[string]Grade{"x": 2}, Any: Grade(1), Rest: map[string]any{"more": uuid.New()},
	}
}

func avB(id uuid.UUID) types.AttributeValue { return &types.AttributeValueMemberB{Value: id[:]} }

// With SDKDefaults items are what the SDK's own package makes of the struct, and keys are made of the values that are stored.
func TestSDKDefaults(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		ctx := t.Context()
		table := s.NewTable(entable.SDKDefaults(), entable.GSI("gsi1"))
		movies := entable.Register[Movie](table, entable.PK("id"), entable.SK("grade"),
			entable.Index("gsi1", entable.PK("studio"), entable.SK("grade")))
		m := movie()
		check(t, movies.Put(ctx, &m))
		k := key("MI#00112233445566778899aabbccddeeff", "MG#0000000000000000003")
		want, err := attributevalue.MarshalMap(m)
		check(t, err)
		maps.Copy(want, k)
		maps.Copy(want, map[string]types.AttributeValue{
			"_type": avS("Movie"), "more": avB(m.Rest["more"].(uuid.UUID)),
			"gsi1pk": avS("MS#" + strings.ReplaceAll(m.Studio.String(), "-", "")), "gsi1sk": avS("MG#0000000000000000003"),
		})
		same(t, "item", dynamoJSON(s.Load(table, k)), dynamoJSON(want))
		got, err := movies.QueryIndex("gsi1", Movie{Studio: m.Studio}).One(ctx)
		check(t, err)
		m.Any, m.Rest = float64(1), map[string]any{"more": want["more"]}
		same(t, "loaded", got.ByGrade, m.ByGrade)
		same(t, "loaded", got.ID, m.ID)

		// Changes of all kinds are encoded so, and conditions by handles, by Value and by the SDK alone hold.
		next := uuid.New()
		best := entable.Field(movies, func(m *Movie) *uuid.UUID { return &m.Best.Of })
		cast := entable.Field(movies, func(m *Movie) *[]uuid.UUID { return &m.Cast })
		for _, c := range []expression.ConditionBuilder{
			best.Equal(m.Best.Of), cast.Contains(m.Cast[0]),
			expression.Name("studio").Equal(entable.Value(m.Studio)), expression.Name("studio").Equal(expression.Value(m.Studio)),
			expression.Name("by_grade.x").Equal(entable.Value(Grade(2))), expression.Name("more").Equal(entable.Value(want["more"])),
		} {
			check(t, movies.Update(m).Set("any", next).If(c).Do(ctx))
		}
		found, err := movies.Query(m).Filter(expression.Name("studio").Equal(entable.Value(m.Studio))).One(ctx)
		check(t, err)
		found.Rest["more"] = next
		check(t, movies.SaveChanges(ctx, *got, found))
		check(t, movies.Update(m).Append("cast", []uuid.UUID{next}).Set("by_grade.y", Grade(4)).Set("best.of", next).Do(ctx))
		m.Any, m.Cast, m.ByGrade["y"], m.Best.Of = next, append(m.Cast, next), 4, next
		changed, err := attributevalue.MarshalMap(m)
		check(t, err)
		maps.Copy(want, changed)
		want["more"] = avB(next)
		same(t, "changed", dynamoJSON(s.Load(table, k)), dynamoJSON(want))

		// A unique value's sentinel is made of what is stored too.
		check(t, movies.Update(m).Set("code", "x").Do(ctx))
		other := movie()
		other.ID, other.Code = next, "x"
		if err := movies.Put(ctx, &other); !is[*entable.UniqueError](err) {
			t.Errorf("error %v, want a *UniqueError", err)
		}
	})
}

// A value that is encoded in another way than the attribute is matches nothing; such a condition is refused wherever it is
// given. One in the table's own encoding holds.
func TestValuesOfAnotherEncoding(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		ctx := t.Context()
		movies := entable.Register[Movie](s.NewTable(), entable.PK("id"), entable.SK("grade"))
		m := movie()
		check(t, movies.Put(ctx, &m))
		wrong, right := expression.Name("studio").Equal(expression.Value(m.Studio)), expression.Name("studio").Equal(entable.Value(m.Studio))
		for name, do := range map[string]func(expression.ConditionBuilder) error{
			"put":    func(c expression.ConditionBuilder) error { return movies.Put(ctx, new(m), entable.If(c)) },
			"update": func(c expression.ConditionBuilder) error { return movies.Update(m).Set("any", 1).If(c).Do(ctx) },
			"patch":  func(c expression.ConditionBuilder) error { return movies.Patch(new(m)).Set("any", 1).If(c).Do(ctx) },
			"check": func(c expression.ConditionBuilder) error {
				return entable.Transact(ctx, []entable.Write{movies.CheckOp(m, c)})
			},
			"query": func(c expression.ConditionBuilder) error { return second(movies.Query(m).Filter(c).One(ctx)) },
			"scan":  func(c expression.ConditionBuilder) error { return second(movies.Scan().Filter(c).One(ctx)) },
			"mixed": func(c expression.ConditionBuilder) error {
				return second(movies.Table().Query(m).Filter(c).One(ctx))
			},
			"count": func(c expression.ConditionBuilder) error {
				n, err := movies.Query(m).Filter(c).Count(ctx)
				if err == nil && n != 1 {
					t.Errorf("counted %d", n)
				}
				return err
			},
			"remove": func(c expression.ConditionBuilder) error {
				err := movies.Remove(ctx, new(m), entable.If(c))
				if err == nil {
					check(t, movies.Put(ctx, &m))
				}
				return err
			},
		} {
			s.Spy.Reset()
			err := do(wrong)
			if err == nil || !entable.IsError(err) || !strings.Contains(err.Error(), "attribute studio: it is stored as S (uuid.UUID), and is compared with B") || s.Spy.Sent("") > s.Spy.Sent("GetItem") { // a put of unique values reads first
				t.Errorf("%s: error %v, want one before any write", name, err)
			}
			if err := do(right); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// Names that items cannot have are refused with those that they have, and what the table itself keeps is among them.
func TestNamesInConditions(t *testing.T) {
	s := onMemory(t)
	table := s.NewTable(entable.GSI("gsi1"))
	tasks := registerTasks(table)
	movies := entable.Register[Movie](table, entable.PK("id"), entable.SK("grade"))
	ctx, k := t.Context(), Task{List: "l", N: 1}
	typo := expression.Name("statsu").Equal(expression.Value("x"))
	const known = `unknown attribute "statsu": entable_test.Task has `
	for _, test := range []struct {
		err  error
		want string
	}{
		{second(tasks.PutOp(&k, entable.If(typo)).Input(ctx)), "entable: Task: If: " + known},
		{second(tasks.CreateOp(&k, entable.If(typo)).Input(ctx)), "entable: Task: If: " + known},
		{second(tasks.DeleteOp(k, entable.If(typo)).Input(ctx)), "entable: Task: If: " + known},
		{second(tasks.CheckOp(k, typo).Input(ctx)), "entable: Task: If: " + known},
		{second(tasks.Update(k).Set("text", "x").If(typo).Input(ctx)), "entable: Task: If: " + known},
		{second(tasks.Query(k).Filter(typo).Input(ctx)), "entable: Task: Filter: " + known},
		{second(tasks.Scan().Filter(typo).Input(ctx)), "entable: Task: Filter: " + known},
		{second(tasks.Query(k).Select("statsu").Input(ctx)), `entable: Task: path "statsu": ` + known},
		{second(table.Query(k).Only(tasks).Filter(typo).Input(ctx)), "entable: " + table.Name() + ": Filter: " + known},
		{second(table.Query(k).Only(tasks).Select("statsu").Input(ctx)), "entable: " + table.Name() + `: path "statsu": ` + known},
		{second(entable.NewCollection[struct{ Tasks []Task }](tasks).Query(k).Filter(typo).Input(ctx)), "entable: " + table.Name() + ": Filter: " + known},
		{second(tasks.PutOp(&k, entable.If(expression.ConditionBuilder{})).Input(ctx)), "entable: Task: If: the condition, or a part of it, is empty"},
		{second(tasks.Query(k).Filter(expression.Not(expression.ConditionBuilder{})).Input(ctx)), "entable: Task: Filter: the condition, or a part of it, is empty"},

		// Movies have a rest field, and so may have any attribute.
		{second(table.Query(k).Filter(typo).Select(entable.Path("statsu")).Input(ctx)), ""},
		{second(table.Scan().RawUnknown().Filter(typo).Select("statsu").Input(ctx)), ""},
		{second(movies.Query(Movie{ID: uuid.New()}).Filter(typo).Input(ctx)), ""},
		{second(tasks.PutOp(&k, entable.If(expression.Name("_type").Equal(expression.Value("Task")).And(
			expression.AttributeExists(expression.Name("pk")), expression.AttributeExists(expression.Name("sk")),
			expression.AttributeNotExists(expression.Name("gsi1pk"))))).Input(ctx)), ""},
	} {
		if test.want == "" && test.err != nil || test.want != "" && (test.err == nil || !strings.HasPrefix(test.err.Error(), test.want)) {
			t.Errorf("error %v\nwant  %s", test.err, test.want)
		}
	}
}

// The error of a value that cannot be encoded is told, also where the SDK's builders would drop it.
func TestValuesThatCannotBeEncoded(t *testing.T) {
	movies := entable.Register[Movie](entable.NewTable("movies"), entable.PK("id"), entable.SK("grade"))
	code := entable.Field(movies, func(m *Movie) *string { return &m.Code })
	for _, c := range []expression.ConditionBuilder{code.Equal("\xff"), code.Contains("\xff"), expression.Name("code").Equal(entable.Value("\xff"))} {
		_, err := movies.Update(movie()).Set("any", 1).If(c).Input(t.Context())
		if !is[*entable.EncodeError](err) || !strings.Contains(err.Error(), "UTF-8") {
			t.Errorf("error %v, want an *EncodeError about UTF-8", err)
		}
	}
}

// A table whose items are encoded in another way than the lock knows would not find or read them.
func TestEncodingIsLocked(t *testing.T) {
	lock := entable.NewTable("movies", entable.SDKDefaults()).Manifest()
	_, err := entable.TryNewTable("movies", entable.Lock(lock))
	if err == nil || !strings.Contains(err.Error(), "give the table entable.SDKDefaults()") {
		t.Errorf("error %v, want one that says to give the option", err)
	}
	_, err = entable.TryNewTable("movies", entable.Lock(entable.NewTable("movies").Manifest()), entable.SDKDefaults())
	if err == nil || !strings.Contains(err.Error(), "leave entable.SDKDefaults() out") {
		t.Errorf("error %v, want one that says to leave the option out", err)
	}
	check(t, second(entable.TryNewTable("movies", entable.Lock(lock), entable.SDKDefaults())))
}
