package schema_test

import (
	"strings"
	"testing"
	"unsafe"

	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
)

type Score struct {
	Player string  `dynamodbav:"player"`
	Game   string  `dynamodbav:"game"`
	Points int     `dynamodbav:"points"`
	Note   *string `dynamodbav:"note,omitempty"`
}

type ScoreCopy Score

// derive declares a component of scores.
func derive(name string, f func(*Score) string, sources ...string) schema.DerivedDecl {
	return schema.DerivedDecl{Name: name, Sources: sources, Type: typeOf[Score](), Of: func(p unsafe.Pointer) string { return f((*Score)(p)) }}
}

func initial(s *Score) string { return s.Player[:1] }

func league(s *Score) string {
	switch {
	case s.Points < 0:
		panic("no such points")
	case s.Points < 100:
		return ""
	case s.Points < 1000:
		return "silver"
	}
	return "gold"
}

func TestKeysOfWhatIsDerived(t *testing.T) {
	d := decl()
	d.Indexes = []schema.IndexDecl{{Name: "gsi1", PK: text("gsi1pk"), SK: text("gsi1sk")}}
	e := register[Score](t, newTable(t, d), schema.EntityDecl{
		Derived: []schema.DerivedDecl{derive("initial", initial, "player"), derive("league", league, "points")},
		PKs:     pk(attrs("initial", "game")...), SKs: sk(template("{initial}/{player}")),
		Joins: []schema.JoinDecl{{Index: "gsi1", Keys: append(pk(template("[{league}]")), sk(template("{game}"))...)}},
	})
	for _, test := range []struct {
		score Score
		want  string // or the error
	}{
		{Score{Player: "Ann", Game: "go", Points: 5000}, `{"pk":{"S":"SI#A#go"},"sk":{"S":"A/Ann"},"_type":{"S":"Score"},"gsi1pk":{"S":"gold"},"gsi1sk":{"S":"go"},"player"`},
		{Score{Player: "Ann", Game: "go"}, `{"pk":{"S":"SI#A#go"},"sk":{"S":"A/Ann"},"_type":{"S":"Score"},"gsi1sk":{"S":"go"},"player"`},
		{Score{Game: "go"}, `Score: pk: attribute "initial": the function that derives it panics: runtime error: slice bounds out of range [:1] with length 0`},
		{Score{Player: "Ann", Game: "go", Points: -1}, `Score: gsi1pk: attribute "league": the function that derives it panics: no such points`},
	} {
		stored, _, err := e.AppendItem(nil, unsafe.Pointer(&test.score), nil)
		if err != nil {
			checkFault(t, err, schema.WrongKey, test.want)
			continue
		}
		if !strings.HasPrefix(string(stored), test.want) {
			t.Errorf("%s, want %s", stored, test.want)
		}
		back := e.Table.Decode(wire.NewReader(stored), nil, nil, nil)
		if v, ok := back.Value.(*Score); !ok || *v != test.score {
			t.Errorf("%s is read as %+v, %v", stored, back.Value, back.Err)
		}
		if v := e.Table.Judge(item(t, string(stored)), nil); len(v.Found) > 0 {
			t.Errorf("%s is judged %+v", stored, v.Found)
		}
	}
	if want := []string{"player", "game"}; strings.Join(e.KeyAttrs, " ") != strings.Join(want, " ") {
		t.Errorf("the key is made of %q", e.KeyAttrs)
	}
	for raw, kind := range map[string]string{
		`{"pk":{"S":"SI#B#go"},"sk":{"S":"A/Ann"},"_type":{"S":"Score"},"gsi1sk":{"S":"go"},"player":{"S":"Ann"},"game":{"S":"go"},"points":{"N":"1"}}`:                         schema.FoundWrongKey,
		`{"pk":{"S":"SI#A#go"},"sk":{"S":"A/Ann"},"_type":{"S":"Score"},"gsi1pk":{"S":"gold"},"gsi1sk":{"S":"go"},"player":{"S":"Ann"},"game":{"S":"go"},"points":{"N":"500"}}`: schema.FoundWrongIndexKey,
	} {
		if v := e.Table.Judge(item(t, raw), nil); len(v.Found) != 1 || v.Found[0].Kind != kind {
			t.Errorf("%s is judged %+v", raw, v.Found)
		}
		if d := e.Table.Decode(wire.NewReader([]byte(raw)), nil, nil, nil); (d.Err != nil) != (kind == schema.FoundWrongKey) {
			t.Errorf("%s is read as %+v, %v", raw, d.Value, d.Err)
		}
	}
}

// The sources are not in the key: what has nothing else is read without them, and is at no wrong place for that.
func TestKeysOnlyItemsHaveNoSources(t *testing.T) {
	e := register[Score](t, newTable(t, decl()), schema.EntityDecl{
		Derived: []schema.DerivedDecl{derive("league", league, "points", "game")}, PKs: pk(attrs("league")...), SKs: sk(attrs("player")...),
	})
	raw := `{"pk":{"S":"SL#gold"},"sk":{"S":"SP#Ann"},"_type":{"S":"Score"}`
	d := e.Table.Decode(wire.NewReader([]byte(raw+"}")), nil, nil, nil)
	if v, ok := d.Value.(*Score); !ok || *v != (Score{Player: "Ann"}) {
		t.Errorf("read as %+v, %v", d.Value, d.Err)
	}
	d = e.Table.Decode(wire.NewReader([]byte(raw+`,"game":{"S":"go"},"points":{"N":"500"}}`)), nil, nil, nil)
	if f, ok := d.Err.(*schema.Fault); !ok || f.Kind != schema.WrongPlace || f.Made != `pk="SL#silver" sk="SP#Ann"` {
		t.Errorf("of another league: %+v, %v", d.Value, d.Err)
	}
}

// A function that looks at more than its sources would make keys that go stale: it sees nothing else, and changes nothing.
func TestFunctionsSeeTheirSourcesAlone(t *testing.T) {
	whole := func(s *Score) string {
		defer func() { s.Game = "changed" }()
		return s.Game + s.Player + "."
	}
	e := register[Score](t, newTable(t, decl()), schema.EntityDecl{
		Derived: []schema.DerivedDecl{derive("whole", whole, "game")}, PKs: pk(attrs("whole")...), SKs: sk(attrs("player")...),
	})
	if got := encoded(t, e, Score{Game: "go", Player: "Ann"}); !strings.Contains(got, `"pk":{"S":"SW#go."}`) || !strings.Contains(got, `"game":{"S":"go"}`) {
		t.Error(got)
	}
	copied, err := e.KeyOnly(unsafe.Pointer(&Score{Game: "go", Player: "Ann", Points: 7}))
	check(t, err)
	if got := (*Score)(copied); *got != (Score{Game: "go", Player: "Ann"}) {
		t.Errorf("%+v", got)
	}
}

func TestWrongDerivedComponents(t *testing.T) {
	key := sk(attrs("player")...)
	for _, test := range []struct {
		derived  []schema.DerivedDecl
		pks, sks []schema.KeyDecl
		want     string
	}{
		{[]schema.DerivedDecl{derive("league", league)}, pk(attrs("league")...), key, `Derived("league"): name the attributes that it is made of, and give a function that does it`},
		{[]schema.DerivedDecl{{Name: "league", Sources: []string{"points"}, Type: typeOf[Score]()}}, pk(attrs("league")...), key, `Derived("league"): name the attributes that it is made of, and give a function that does it`},
		{[]schema.DerivedDecl{derive("league", league, "nix")}, pk(attrs("league")...), key, `Derived("league"): unknown attribute "nix": schema_test.Score has "player", "game", "points", "note"`},
		{[]schema.DerivedDecl{derive("game", league, "points")}, pk(attrs("game")...), key, `Derived("game"): the name is taken by an attribute or another Derived: give it another`},
		{[]schema.DerivedDecl{derive("a:b", league, "points")}, pk(attrs("a:b")...), key, `Derived("a:b"): give it a name without braces and colons`},
		{[]schema.DerivedDecl{derive("league", league, "points")}, pk(attrs("game")...), key, `Derived("league"): it is in no key: name it in one, or leave it out`},
		{[]schema.DerivedDecl{derive("league", league, "points")}, pk(attrs("league")...), sk(template("{league}/x")), `the key has only parts of "league", which do not tell items apart: give it an attribute as a whole`},
		{[]schema.DerivedDecl{derive("league", league, "note")}, pk(attrs("league")...), key, `field Note: omitempty: the primary key is derived from it, and could not be checked in items without it`},
		{[]schema.DerivedDecl{derive("league", league, "points")}, pk(template("{league:08}")), key, `PK: attribute "league": invalid format "08": text takes uuid, ulid or ksuid`},
		{[]schema.DerivedDecl{{Name: "l", Sources: []string{"points"}, Type: typeOf[Event]()}}, pk(attrs("l")...), key, `Derived("l"): its function takes a *schema_test.Event, not a *schema_test.Score`},
	} {
		_, err := newTable(t, decl()).Register(entityOf[Score](schema.EntityDecl{Derived: test.derived, PKs: test.pks, SKs: test.sks}))
		want := "Score: " + test.want
		checkFault(t, err, schema.WrongDeclaration, want)
	}
}

// Of what a function makes nothing is known: an example of it would be a guess.
func TestDerivedComponentsAreProvedAndLocked(t *testing.T) {
	first := schema.EntityDecl{Derived: []schema.DerivedDecl{derive("league", league, "points", "game")}, PKs: pk(template("L#{league}")), SKs: sk(template("{player}"))}
	declare := func(lock, second string) (*schema.Table, error) {
		d := decl()
		d.Lock = []byte(lock)
		table := newTable(t, d)
		register[Score](t, table, first)
		_, err := table.Register(entityOf[ScoreCopy](schema.EntityDecl{PKs: pk(template(second)), SKs: sk(template("{player}"))}))
		return table, err
	}
	_, err := declare("", "L#{game}")
	checkFault(t, err, schema.WrongDeclaration, `ScoreCopy: it cannot be shown that no item has the same key as one of Score: give one of them another fixed text, `+
		`or, if their keys exist and cannot change, say why that cannot be with entable.Distinct`)
	table, err := declare("", "G#{game}")
	check(t, err)
	lock := manifestText(t, table)
	if want := `{"literal":"L#"},{"attribute":"league","kind":"derived","sources":["game","points"]}`; !strings.Contains(lock, want) {
		t.Errorf("%s lacks %s", lock, want)
	}
	_, err = declare(lock, "G#{game}")
	check(t, err)
	d := decl()
	d.Lock = []byte(lock)
	_, err = newTable(t, d).Register(entityOf[ScoreCopy](schema.EntityDecl{PKs: pk(template("L#{game}")), SKs: sk(template("{player}"))}))
	if err == nil {
		t.Error("what only the lock knows is no part of the proof")
	}
	other := first
	other.Derived = []schema.DerivedDecl{derive("league", league, "points")}
	_, err = newTable(t, d).Register(entityOf[Score](other))
	if f, ok := err.(*schema.Fault); !ok || len(f.Drift) != 1 || f.Drift[0].What != `sources of "league"` {
		t.Errorf("other sources: %v", err)
	}
}

func TestConditionsOnWhatIsDerived(t *testing.T) {
	e := register[Score](t, newTable(t, decl()), schema.EntityDecl{
		Derived: []schema.DerivedDecl{derive("league", league, "points")}, PKs: pk(attrs("game")...), SKs: sk(attrs("league", "player")...),
	})
	for _, test := range []struct {
		op      schema.SortOp
		example Score
		named   []string
		want    string
	}{
		{schema.Equal, Score{Points: 500, Player: "Ann"}, nil, `sk = "SL#silver#Ann"`},
		{schema.Prefix, Score{Points: 500}, nil, `begins_with(sk, "SL#silver#")`},
		{schema.Equal, Score{Points: 500}, []string{"league"}, `begins_with(sk, "SL#silver#")`},
		{schema.Equal, Score{}, []string{"league"}, `Score: sk: attribute "league": text is empty`},
		{schema.Prefix, Score{Player: "Ann"}, nil, `Score: sk: attribute "league": the field is not set, but "player" behind it is: set both, or name the attributes that count behind the example`},
		{schema.Equal, Score{Points: -5, Player: "x"}, nil, `Score: sk: attribute "league": the function that derives it panics: no such points`},
	} {
		s, err := schema.NewSpan(e, "", unsafe.Pointer(&Score{Game: "go"}))
		check(t, err)
		s.Want = e
		if err := s.Where(test.op, unsafe.Pointer(&test.example), nil, test.named...); err != nil {
			checkFault(t, err, schema.WrongKey, test.want)
			continue
		}
		if got := condition(&s); got != `pk = "SG#go" AND `+test.want {
			t.Errorf("%s, want %s", got, test.want)
		}
	}
}

// An item is at one of two places by what both keys are made of; what is derived from that may stand in either.
func TestDerivedComponentsOfMovedKeys(t *testing.T) {
	declare := func(sources ...string) error {
		_, err := newTable(t, decl()).Register(entityOf[Score](schema.EntityDecl{
			Derived: []schema.DerivedDecl{derive("initial", initial, sources...)}, PKs: pk(template("P#{player}")), SKs: sk(template("{game}")),
			Moved: []schema.MovedDecl{{PKs: pk(template("I#{initial}#{player}"))}},
		}))
		return err
	}
	check(t, declare("player"))
	checkFault(t, declare("player", "points"), schema.WrongDeclaration, `Score: Moved: a part of the key is made of "points", which does not stand in it as a whole: `+
		`the places of an item could not be told from its key`)
}

// What is encrypted is not shown by a key that is derived from it.
func TestDerivedComponentsShowNoSecrets(t *testing.T) {
	type Secret struct {
		ID   string `dynamodbav:"id"`
		Mail string `dynamodbav:"mail" entable:"encrypt"`
		Text string `dynamodbav:"text" entable:"zstd"`
	}
	d := decl()
	d.Encrypts = true
	d.Indexes = []schema.IndexDecl{{Name: "gsi1", PK: text("gsi1pk")}}
	declare := func(source string, index bool) error {
		e := schema.EntityDecl{PKs: pk(attrs("id")...), SKs: sk(template("A")), Derived: []schema.DerivedDecl{
			{Name: "made", Sources: []string{source}, Type: typeOf[Secret](), Of: func(p unsafe.Pointer) string { return (*Secret)(p).Mail + (*Secret)(p).Text }},
		}}
		if index {
			e.Joins = []schema.JoinDecl{{Index: "gsi1", Keys: pk(attrs("made")...)}}
		} else {
			e.SKs = sk(attrs("made")...)
		}
		_, err := newTable(t, d).Register(entityOf[Secret](e))
		return err
	}
	checkFault(t, declare("mail", true), schema.WrongDeclaration, `Secret: index "gsi1": PK: "made" is derived from attribute "mail", which is stored encrypted, and a key shows what it is made of: derive it from another`)
	checkFault(t, declare("text", false), schema.WrongDeclaration, `Secret: SK: "made" is derived from attribute "text", which is stored compressed, and a key shows what it is made of: derive it from another`)
	check(t, declare("text", true))
}
