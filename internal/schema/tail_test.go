package schema_test

import (
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
)

type Store struct {
	Country string  `dynamodbav:"country"`
	State   string  `dynamodbav:"state,omitempty"`
	City    string  `dynamodbav:"city,omitempty"`
	No      uint16  `dynamodbav:"no,omitempty"`
	ID      [2]byte `dynamodbav:"id"`
	Note    string  `dynamodbav:"note,omitempty"`
}

type StoreCopy Store

const places = "{country}[#{state}][/{city}]"

// stores is an entity whose sort keys have two tails.
func stores(t testing.TB, sort string) *schema.Entity {
	return register[Store](t, newTable(t, decl()), schema.EntityDecl{PKs: pk(template("STORES")), SKs: sk(template(sort))})
}

func TestKeysEndBeforeTailsThatAreMissing(t *testing.T) {
	for _, test := range []struct {
		store Store
		key   string // or the error
	}{
		{Store{Country: "fr"}, "fr"},
		{Store{Country: "us", State: "ny"}, "us#ny"},
		{Store{Country: "us", State: "ny", City: "a/b#"}, "us#ny/a/b#"},
		{Store{Country: "us", City: "x"}, `Store: sk: attribute "state": text is empty`},
		{Store{Country: "u#s"}, `Store: sk: attribute "country": "u#s" cannot be read back from a key in which "#" ends it: the value may not contain that text`},
		{Store{State: "ny"}, `Store: sk: attribute "country": text is empty`},
	} {
		e := stores(t, places)
		stored, _, err := e.AppendItem(nil, unsafe.Pointer(&test.store), nil)
		if err != nil {
			checkFault(t, err, schema.WrongKey, test.key)
			continue
		}
		if !strings.Contains(string(stored), `"sk":{"S":"`+test.key+`"}`) {
			t.Errorf("%s lacks the key %s", stored, test.key)
		}
		// With and without the attributes, as an index of keys has it, the item is the same.
		for _, raw := range []string{string(stored), `{"pk":{"S":"STORES"},"sk":{"S":"` + test.key + `"},"_type":{"S":"Store"}}`} {
			d := e.Table.Decode(wire.NewReader([]byte(raw)), nil, nil, nil)
			if v, ok := d.Value.(*Store); !ok || *v != test.store {
				t.Errorf("%s is read as %+v, %v", raw, d.Value, d.Err)
			}
		}
	}
}

func TestItemsWithOtherTailsAreAtAWrongPlace(t *testing.T) {
	e := stores(t, "{country}[#{no}]")
	for _, raw := range []string{
		`{"pk":{"S":"STORES"},"sk":{"S":"fr"},"_type":{"S":"Store"},"country":{"S":"fr"},"no":{"N":"7"}}`,
		`{"pk":{"S":"STORES"},"sk":{"S":"fr#0"},"_type":{"S":"Store"},"country":{"S":"fr"}}`, // which no Put writes
		`{"pk":{"S":"STORES"},"sk":{"S":"fr#8"},"_type":{"S":"Store"},"country":{"S":"fr"},"no":{"N":"7"}}`,
	} {
		d := e.Table.Decode(wire.NewReader([]byte(raw)), nil, nil, nil)
		if f, ok := d.Err.(*schema.Fault); !ok || f.Kind != schema.WrongPlace {
			t.Errorf("%s is read as %+v, %v", raw, d.Value, d.Err)
		}
		if v := e.Table.Judge(item(t, raw), nil); len(v.Found) != 1 || v.Found[0].Kind != schema.FoundWrongKey {
			t.Errorf("%s is judged %+v", raw, v.Found)
		}
	}
}

func TestWrongTails(t *testing.T) {
	for text, want := range map[string]string{
		"a[#{state}":        `invalid template "a[#{state}": a bracket is not closed: write [[ for the character`,
		"a#{state}]":        `invalid template "a#{state}]": brackets do not match: write [[ and ]] for the characters`,
		"a[#{state}[#{no}]": `invalid template "a[#{state}[#{no}]": brackets do not match: write [[ and ]] for the characters`,
		"a[#{state}]b":      `invalid template "a[#{state}]b": there is more behind a tail in brackets: write [[ and ]] for the characters`,
		"a[#{state}][[":     `invalid template "a[#{state}][[": there is more behind a tail in brackets: write [[ and ]] for the characters`,
		"a[{state}]":        `attribute "state": a tail in brackets begins with a fixed text`,
		"a[#]":              `a tail in brackets has no attribute that could be missing: "#"`,
		"[{state}]":         `the whole key is in brackets, but no item is without it: only a key of an index can be missing`,
	} {
		_, err := newTable(t, decl()).Register(entityOf[Store](schema.EntityDecl{PKs: pk(template("S")), SKs: sk(template(text))}))
		checkFault(t, err, schema.WrongDeclaration, "Store: SK: "+want)
	}
	e := register[Store](t, newTable(t, decl()), schema.EntityDecl{PKs: pk(template("S")), SKs: sk(template("[[{country}]]"))})
	if got := encoded(t, e, Store{Country: "x"}); !strings.Contains(got, `"sk":{"S":"[x]"}`) {
		t.Errorf("brackets of the text: %s", got)
	}
}

// A leading part of a key is asked for with what ends there and what goes on, and not with what lies between them: "us" and "us#ny",
// not "us (east)".
func TestConditionsOnKeysWithTails(t *testing.T) {
	for _, test := range []struct {
		sort      string
		op        schema.SortOp
		low, high *Store
		named     []string
		want      string // or the error
		has, not  string // keys, by spaces
	}{
		{places, schema.Equal, &Store{Country: "us", State: "ny", City: "a"}, nil, nil, `sk = "us#ny/a"`, "", ""},
		{places, schema.Equal, &Store{Country: "us"}, nil, nil,
			`Store: sk: attribute "state" is zero, which may be meant or not set: name the attributes that count behind the example: "country", or "country", "state"`, "", ""},
		{places, schema.Equal, &Store{Country: "us"}, nil, []string{"country"}, `sk BETWEEN "us" AND "us$"`, "us us#ny us#ny/a us#~", "us! us$ us\" us( usa"},
		{places, schema.Equal, &Store{Country: "us"}, nil, []string{"country", "state"}, `sk = "us"`, "", ""},
		{places, schema.Equal, &Store{Country: "us"}, nil, []string{"country", "state", "city"}, `sk = "us"`, "", ""},
		{places, schema.Prefix, &Store{Country: "us"}, nil, nil, `sk BETWEEN "us" AND "us$"`, "us us#ny", "us$ us!"},
		{places, schema.Prefix, &Store{Country: "us", State: "ny"}, nil, nil, `sk BETWEEN "us#ny" AND "us#ny0"`, "us#ny us#ny/a", "us#ny# us#ny0 us#ny!"},
		{places, schema.Prefix, &Store{Country: "us", State: "ny", City: "a"}, nil, nil, `begins_with(sk, "us#ny/a")`, "", ""},
		{places, schema.Between, &Store{Country: "us", State: "ny"}, &Store{Country: "us", State: "ny", City: "m"}, []string{"country", "state", "city"},
			`sk BETWEEN "us#ny" AND "us#ny/m"`, "us#ny us#ny/a us#ny/m", "us#ny# us#ny!"},
		{places, schema.Greater, &Store{Country: "us"}, nil, []string{"country"}, `Store: sk: attribute "country": the order of keys {country}[#{state}][/{city}] is not that of its values, ` +
			`and no range of them can be asked for: give whole values, with Prefix where more attributes follow`, "", ""},
		{"{id}[#{no:03}]", schema.Greater, &Store{ID: [2]byte{1}}, nil, []string{"id"}, `sk >= "0100$"`, "0101", ""},
		{"{id}[#{no:03}]", schema.GreaterEqual, &Store{ID: [2]byte{1}}, nil, nil, `sk >= "0100"`, "0100 0100#001", ""},
		{"{id}[#{no:03}]", schema.Less, nil, &Store{ID: [2]byte{1}}, nil, `sk < "0100"`, "00ff#001", "0100"},
		{"{id}[#{no:03}]", schema.LessEqual, nil, &Store{ID: [2]byte{1}}, []string{"id"}, `sk < "0100$"`, "0100 0100#001", "0100$"},
		{"{id}[#{no:03}]", schema.LessEqual, nil, &Store{ID: [2]byte{1}}, []string{"id", "no"}, `sk <= "0100"`, "0100", "0100#001"},
		{"{id}[#{no:03}]", schema.Between, &Store{ID: [2]byte{1}}, &Store{ID: [2]byte{1}, No: 7}, []string{"id", "no"}, `sk BETWEEN "0100" AND "0100#007"`, "0100 0100#007", ""},
		{"A[#{no}/{city}]", schema.Equal, &Store{}, nil, []string{"no"}, `sk BETWEEN "A" AND "A#00"`, "A A#0/x", "A! A#1/x A#00"},
	} {
		e := stores(t, test.sort)
		s, err := schema.NewSpan(e, "", unsafe.Pointer(&Store{}))
		check(t, err)
		s.Want = e
		if err := s.Where(test.op, unsafe.Pointer(test.low), unsafe.Pointer(test.high), test.named...); err != nil {
			checkFault(t, err, schema.WrongKey, test.want)
			continue
		}
		if got := condition(&s); got != `pk = "STORES" AND `+test.want {
			t.Errorf("%s: %s, want %s", test.sort, got, test.want)
		}
		for _, keys := range []struct {
			list string
			has  bool
		}{{test.has, true}, {test.not, false}} {
			for key := range strings.FieldsSeq(keys.list) {
				raw, err := wire.AppendItem(nil, map[string]types.AttributeValue{"sk": &types.AttributeValueMemberS{Value: key}})
				check(t, err)
				out, err := s.Outside(wire.NewReader(raw))
				asked := s.Sort.Lo <= key && (s.Sort.Hi == "" || key < s.Sort.Hi || key == s.Sort.Hi && !s.Sort.HiOpen)
				if err != nil || (asked && !out) != keys.has {
					t.Errorf("%s: %s: the range has %q: %t, %v", test.sort, test.want, key, asked && !out, err)
				}
			}
		}
	}
}

// Items of several types can lie between those of one, so that no range of all is that of one's leading part.
func TestRangesOfSeveralTypesHaveNoGaps(t *testing.T) {
	table := newTable(t, decl())
	e := register[Store](t, table, schema.EntityDecl{PKs: pk(template("S")), SKs: sk(template(places))})
	s, err := schema.NewSpan(e, "", unsafe.Pointer(&Store{}))
	check(t, err)
	err = s.Between(&Store{Country: "us"}, &Store{Country: "us"}, "country")
	checkFault(t, err, schema.WrongUse, `: table "things": keys with other values lie between "us" and those that go on with "us#": ask for one entity alone`)
	s, _ = schema.NewSpan(e, "", unsafe.Pointer(&Store{}))
	check(t, s.Between(&Store{Country: "us", State: "ny", City: "a"}, &Store{Country: "us", State: "ny", City: "b"}))
	if got, want := condition(&s), `pk = "S" AND sk BETWEEN "us#ny/a" AND "us#ny/b"`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestTailsAreProvedAndLocked(t *testing.T) {
	declare := func(lock, first, second string) (string, error) {
		d := decl()
		d.Lock = []byte(lock)
		table := newTable(t, d)
		if _, err := table.Register(entityOf[Store](schema.EntityDecl{PKs: pk(template("S")), SKs: sk(template(first))})); err != nil {
			return "", err
		}
		if second != "" {
			if _, err := table.Register(entityOf[StoreCopy](schema.EntityDecl{PKs: pk(template("S")), SKs: sk(template(second))})); err != nil {
				return "", err
			}
		}
		return manifestText(t, table), nil
	}
	const met = `StoreCopy: an item can have the same key as one of Store, for example pk="S" sk=%s: give one of them a prefix of its own, or a sort key that tells them apart`
	for second, example := range map[string]string{
		"A#{no:04}":     "", // no country is of digits, which the proof knows of numbers only
		"A#fr":          `"A#fr"`,
		"A#fr#{city}":   `"A#fr#x"`,
		"A":             "",
		"A#fr/{city}":   `"A#fr/x"`,
		"A#{no}[#{no}]": `"A#0"`,
	} {
		_, err := declare("", "A#{country}[#{state}]", second)
		if second == "A#{no:04}" {
			example = `"A#0000"`
		}
		want := ""
		if example != "" {
			want = strings.Replace(met, "%s", example, 1)
		}
		checkFault(t, err, schema.WrongDeclaration, want)
	}
	lock, err := declare("", "A[#{state}][[#{city}]", "")
	if err == nil {
		t.Fatalf("a bracket behind a tail is taken: %s", lock)
	}
	lock, err = declare("", "A[[#{country}[#{state}][/{city}]", "")
	check(t, err)
	if want := `{"literal":"A[#"},{"attribute":"country","kind":"text"},{"literal":"#","tail":true},{"attribute":"state","kind":"text"},{"literal":"/","tail":true}`; !strings.Contains(lock, want) {
		t.Errorf("%s lacks %s", lock, want)
	}
	_, err = declare(lock, "A[[#{country}[#{state}][/{city}]", "")
	check(t, err)
	_, err = declare(lock, "A[[#{country}[#{state}/{city}]", "")
	if f, ok := err.(*schema.Fault); !ok || len(f.Drift) == 0 || f.Drift[0].Cure != `give it entable.Template("A[[#{country}[#{state}][/{city}]")` {
		t.Errorf("another tail: %v", err)
	}
}

// A key of an index that is in brackets as a whole is missing where all in it is zero, also without omitempty.
func TestIndexKeysThatAreMissingAlone(t *testing.T) {
	type Task struct {
		ID    string `dynamodbav:"id"`
		Owner string `dynamodbav:"owner"`
		Due   string `dynamodbav:"due"`
		No    int    `dynamodbav:"no"`
	}
	d := decl()
	d.Indexes = []schema.IndexDecl{{Name: "gsi1", PK: text("gsi1pk"), SK: text("gsi1sk")}}
	e := register[Task](t, newTable(t, d), schema.EntityDecl{PKs: pk(template("T#{id}")), SKs: sk(template("A")),
		Joins: []schema.JoinDecl{{Index: "gsi1", Keys: append(pk(template("O#{owner}")), sk(template("[DUE#{due}#{no}]"))...)}}})
	for _, test := range []struct {
		task Task
		want string
	}{
		{Task{"1", "ann", "", 0}, `"gsi1pk":{"S":"O#ann"},"id"`},
		{Task{"1", "ann", "today", 0}, `"gsi1pk":{"S":"O#ann"},"gsi1sk":{"S":"DUE#today#0"}`},
	} {
		stored := encoded(t, e, test.task)
		if !strings.Contains(stored, test.want) {
			t.Errorf("%s lacks %s", stored, test.want)
		}
		if v := e.Table.Judge(item(t, stored), nil); len(v.Found) > 0 {
			t.Errorf("%s is judged %+v", stored, v.Found)
		}
	}
	_, _, err := e.AppendItem(nil, unsafe.Pointer(&Task{"1", "ann", "", 7}), nil)
	checkFault(t, err, schema.WrongKey, `Task: gsi1sk: attribute "due": text is empty: set it, or give it omitempty, which leaves the item out of the index`)
	v := e.Table.Judge(item(t, `{"pk":{"S":"T#1"},"sk":{"S":"A"},"_type":{"S":"Task"},"id":{"S":"1"},"gsi1pk":{"S":"O#ann"},"gsi1sk":{"S":"DUE##0"},"owner":{"S":"ann"},"due":{"S":""},"no":{"N":"0"}}`), nil)
	if len(v.Found) != 1 || v.Found[0].Kind != schema.FoundWrongIndexKey || v.Found[0].Want != "" {
		t.Errorf("a key that should be missing: %+v", v.Found)
	}
	if g := e.Kept[1]; !reflect.DeepEqual(g.KeyNames(), []string{"gsi1sk"}) || g.Absent(unsafe.Pointer(&Task{}), func(attribute string) bool { return attribute == "due" }) {
		t.Error("the key is said to be missing although the number is not known")
	}
}

// PrefixOf shares the partitions of a template with a tail, also of an index where the whole key may be missing.
func TestTailsAreShared(t *testing.T) {
	d := decl()
	d.Indexes = []schema.IndexDecl{{Name: "gsi1", PK: text("gsi1pk")}}
	table := newTable(t, d)
	join := func(parts ...schema.Part) []schema.JoinDecl {
		return []schema.JoinDecl{{Index: "gsi1", Keys: pk(parts...)}}
	}
	stores := register[Store](t, table, schema.EntityDecl{PKs: pk(template("{country}[#{state}]")), SKs: sk(template("A")), Joins: join(template("[C#{city}]"))})
	share := schema.Part{Kind: schema.PrefixOfPart, Of: stores}
	copies := register[StoreCopy](t, table, schema.EntityDecl{PKs: pk(share, schema.Part{Text: "country"}, schema.Part{Text: "state"}), SKs: sk(template("B")),
		Joins: join(share, schema.Part{Text: "city"})})
	for _, v := range []StoreCopy{{Country: "fr"}, {Country: "us", State: "ny", City: "x"}} {
		a, b := encoded(t, stores, Store(v)), encoded(t, copies, v)
		if strings.NewReplacer("StoreCopy", "Store", `{"S":"B"}`, `{"S":"A"}`).Replace(b) != a {
			t.Errorf("%s and %s are not alike", a, b)
		}
	}
	if !stores.SharesPartitions(copies, "") || !stores.SharesPartitions(copies, "gsi1") {
		t.Error("they share no partitions")
	}
}

// An item that comes into another partition has the fields of its key, and no others.
func TestItemsComeIntoPartitionsWithOtherTails(t *testing.T) {
	e := register[Store](t, newTable(t, decl()), schema.EntityDecl{PKs: pk(template("{country}[#{state}]")), SKs: sk(template("A"))})
	for _, test := range []struct{ from, to Store }{
		{Store{Country: "us", State: "ny", Note: "n"}, Store{Country: "fr"}},
		{Store{Country: "fr", Note: "n"}, Store{Country: "us", State: "ny"}},
	} {
		moved, err := e.Copied(item(t, encoded(t, e, test.from)), e, unsafe.Pointer(&test.to), nil)
		check(t, err)
		test.to.Note = "n"
		if want := item(t, encoded(t, e, test.to)); !reflect.DeepEqual(moved, want) {
			t.Errorf("%+v comes to %+v as %v", test.from, test.to, moved)
		}
	}
}
