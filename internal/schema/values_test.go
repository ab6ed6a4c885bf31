package schema_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
)

var noon = time.Date(2024, 5, 1, 12, 0, 0, 123456789, time.UTC)

// generating declares a table whose clock stands and whose entropy is given.
func generating(d schema.TableDecl, entropy string) schema.TableDecl {
	d.Gen = d.Gen.WithClock(func() time.Time { return noon }).WithEntropy(bytes.NewReader([]byte(entropy)))
	return d
}

type made struct {
	ID    string `dynamodbav:"id" entable:"auto=uuid4"`
	Time  string `dynamodbav:"time" entable:"auto=uuid7"`
	One   string `dynamodbav:"one" entable:"auto=ulid"`
	Two   string `dynamodbav:"two" entable:"auto=ulid"`
	MS    int64  `dynamodbav:"ms" entable:"auto=epoch_ms"`
	Sec   uint64 `dynamodbav:"sec" entable:"touch=epoch"`
	ISO   string `dynamodbav:"iso" entable:"auto=iso8601"`
	State string `dynamodbav:"state" entable:"default=new"`
}

func TestGeneratedValues(t *testing.T) {
	table := newTable(t, generating(decl(), "0123456789abcdefABCDEFGHIJKLMNOPqrstuvwxyz"))
	e := register[made](t, table, schema.EntityDecl{})
	v := made{ISO: "given", Sec: 1}
	check(t, e.Auto.Fill(table.Settings().Gen, e.Auto.Now(table.Settings().Gen), unsafe.Pointer(&v)))
	want := made{
		ID: "30313233-3435-4637-b839-616263646566", Time: "018f3406-9e7b-7748-894a-4b4c4d4e4f50",
		One: "01HWT0D7KVE5S76X3NESVQGYBT", Two: "01HWT0D7KVE5S76X3NESVQGYBV",
		MS: noon.UnixMilli(), Sec: uint64(noon.Unix()), ISO: "given", State: "new",
	}
	if v != want {
		t.Errorf("made\n%+v, want\n%+v", v, want)
	}
	var retry made
	e.Auto.KeepIDs(unsafe.Pointer(&v), unsafe.Pointer(&retry))
	if retry != (made{ID: v.ID, Time: v.Time, One: v.One, Two: v.Two}) {
		t.Errorf("kept %+v", retry)
	}
	broken := generating(decl(), "")
	broken.Gen = broken.Gen.WithEntropy(iotest.ErrReader(errors.New("no noise")))
	table = newTable(t, broken)
	if err := register[made](t, table, schema.EntityDecl{}).Auto.Fill(table.Settings().Gen, time.Now(), unsafe.Pointer(&made{})); err == nil ||
		err.Error() != `attribute "id": cannot read entropy: no noise` {
		t.Errorf("error %v", err)
	}
}

func TestRestFieldsRefuseStoredNames(t *testing.T) {
	_, e := songs(t)
	for _, name := range []string{"pk", "_type", "gpk", "title"} {
		song := Song{Album: "a", More: map[string]any{name: "x"}}
		_, _, err := e.AppendItem(nil, unsafe.Pointer(&song), nil)
		checkFault(t, err, schema.WrongValue, `Song: attribute "`+name+`" is in the rest field but is stored otherwise: take it out of the map`)
	}
}

// Attributes are others if their names differ in case: also from those of the table, and from a field's beside it.
func TestRestFieldsKeepOtherSpellings(t *testing.T) {
	table, e := songs(t)
	stored := strings.TrimSuffix(storedSong, `,"extra":{"S":"y"}}`) +
		`,"Album":{"S":"u"},"GPK":{"S":"v"},"PK":{"S":"w"},"Sk":{"N":"1"},"TITLE":{"S":"z"},"_Type":{"S":"x"},"_v":{"N":"3"}}`
	d := table.Decode(wire.NewReader([]byte(stored)), nil, nil, nil)
	song, ok := d.Value.(*Song)
	if !ok || song.Album != "a#b" || song.Title != "x" {
		t.Fatalf("%+v, %v", d.Value, d.Err)
	}
	if got := encoded(t, e, *song); got != stored {
		t.Errorf("written back\n%s, want\n%s", got, stored)
	}
}

// So it is where the other spelling of the type's name comes first, with whatever value.
func TestOtherSpellingsOfTheType(t *testing.T) {
	table, e := songs(t)
	for _, other := range []string{`{"S":"Song"}`, `{"S":"x"}`, `{"N":"1"}`, `{"L":[]}`} {
		stored := `{"_TYPE":` + other + "," + storedSong[1:]
		for _, want := range []*schema.Entity{nil, e} { // the second time as it is guessed
			d := table.Decode(wire.NewReader([]byte(stored)), want, nil, nil)
			if song, ok := d.Value.(*Song); !ok || d.Err != nil || song.Title != "x" || len(song.More) != 2 {
				t.Errorf("%s: %+v, %v", other, d.Value, d.Err)
			}
		}
	}
}

func TestUpgrades(t *testing.T) {
	table := newTable(t, decl())
	set := func(v string) func(map[string]types.AttributeValue) error {
		return func(item map[string]types.AttributeValue) error {
			if schema.Text(item["n"]) == "99" {
				return errors.New("too old")
			}
			item["n"] = &types.AttributeValueMemberN{Value: schema.Text(item["n"]) + v}
			return nil
		}
	}
	e := register[plain](t, table, schema.EntityDecl{Upgrades: []func(map[string]types.AttributeValue) error{set("1"), set("2")}})
	if got, want := encoded(t, e, plain{"a", 3}), `{"pk":{"S":"PI#a"},"sk":{"S":"A"},"_type":{"S":"plain"},"_v":{"N":"2"},"id":{"S":"a"},"n":{"N":"3"}}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, test := range []struct {
		members string
		n       int
		want    string
	}{
		{`"n":{"N":"3"}`, 312, ""},
		{`"n":{"N":"3"},"_v":{"N":"1"}`, 32, ""},
		{`"n":{"N":"3"},"_v":{"N":"2"}`, 3, ""},
		{`"n":{"N":"3"},"_v":{"N":"9"}`, 3, ""}, // by a later version of the program
		{`"n":{"N":"3"},"_v":{"N":"-1"}`, 0, "plain: attribute _v: invalid version -1"},
		{`"n":{"N":"99"}`, 0, "plain: cannot upgrade from version 0: too old"},
	} {
		d := table.Decode(wire.NewReader([]byte(`{"pk":{"S":"PI#a"},"sk":{"S":"A"},"id":{"S":"a"},"_type":{"S":"plain"},`+test.members+`}`)), e, nil, nil)
		checkFault(t, d.Err, schema.WrongItem, test.want)
		if v, ok := d.Value.(*plain); test.want == "" && (!ok || v.N != test.n) {
			t.Errorf("%s: %+v, want %d", test.members, d.Value, test.n)
		}
	}
}
