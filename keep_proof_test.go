package entable_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/trial"
)

// plot has an attribute of every kind that a key can have.
type (
	plot struct {
		A string    `dynamodbav:"a,omitempty"`
		B string    `dynamodbav:"b,omitempty"`
		N int       `dynamodbav:"n,omitempty"`
		I int8      `dynamodbav:"i,omitempty"`
		U uint      `dynamodbav:"u,omitempty"`
		F float64   `dynamodbav:"f,omitempty"`
		O bool      `dynamodbav:"o,omitempty"`
		Z []byte    `dynamodbav:"z,omitempty"`
		Y [2]byte   `dynamodbav:"y,omitempty"`
		T time.Time `dynamodbav:"t,omitempty"`
	}
	plotX plot
	plotY plot
)

// small are the values of the brute force: alike where the kinds allow, and alike to the literals.
var small = map[string][]func(*plot){
	"a": textValues(func(p *plot, s string) { p.A = s }),
	"b": textValues(func(p *plot, s string) { p.B = s }),
	"n": {func(p *plot) { p.N = 0 }, func(p *plot) { p.N = 1 }, func(p *plot) { p.N = 20 }, func(p *plot) { p.N = -1 }},
	"i": {func(p *plot) { p.I = 0 }, func(p *plot) { p.I = 20 }, func(p *plot) { p.I = -1 }},
	"f": {func(p *plot) { p.F = 0 }, func(p *plot) { p.F = 1 }},
	"u": {func(p *plot) { p.U = 0 }, func(p *plot) { p.U = 1 }, func(p *plot) { p.U = 20 }},
	"o": {func(p *plot) { p.O = false }, func(p *plot) { p.O = true }},
	"z": {func(p *plot) { p.Z = []byte{0} }, func(p *plot) { p.Z = []byte{0x20} }, func(p *plot) { p.Z = []byte{0, 1} }},
	"y": {func(p *plot) { p.Y = [2]byte{0, 1} }, func(p *plot) { p.Y = [2]byte{0x20} }},
	"t": {func(p *plot) { p.T = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }, func(p *plot) { p.T = time.Date(20, 1, 1, 0, 0, 0, 0, time.UTC) }},
}

var smallTexts = []string{"x", "0", "20", "true", "x|x", "-", "#"}

func textValues(set func(*plot, string)) (out []func(*plot)) {
	for _, text := range smallTexts {
		out = append(out, func(p *plot) { set(p, text) })
	}
	return out
}

// plotKeys are the keys of an entity, and the attributes in them.
type plotKeys struct {
	opts  []entable.EntityOption
	attrs []string
	text  string // for messages
	// hashed is what a shard is made from, if no key has it.
	hashed string
}

// randomPlotKeys makes keys of as many parts as sizes say.
func randomPlotKeys(rnd *rand.Rand, sizes [2]int) plotKeys {
	var k plotKeys
	of := ""
	key := func(sort bool) []any {
		parts := []any{entable.NoPrefix()}
		name, at := "PK(", 0
		if sort {
			name, at = " SK(", 1
		}
		k.text += name
		if rnd.IntN(5) == 0 {
			sep := []string{"|", "-", "#"}[rnd.IntN(3)]
			parts, k.text = append(parts, entable.Separator(sep)), k.text+"separated by "+sep+" "
		}
		for range sizes[at] {
			attr := []string{"a", "a", "b", "n", "i", "u", "f", "o", "z", "y", "t", "", "", ""}[rnd.IntN(14)]
			switch attr {
			case "":
				text := []string{"x", "0", "20", "true", "00", "2000", "1", "0001", "02", "29"}[rnd.IntN(10)]
				parts, k.text = append(parts, entable.Literal(text)), k.text+strconv.Quote(text)+" "
				continue
			case "n", "i", "u":
				width := []int{1, 2, 4, 19}[rnd.IntN(4)]
				parts, k.text = append(parts, entable.Attr(attr).Width(width)), k.text+fmt.Sprint(attr, ":", width, " ")
			case "t":
				layout := []string{"2006", "2006-01", "2006-01-02"}[rnd.IntN(3)]
				parts, k.text = append(parts, entable.Attr(attr).Layout(layout)), k.text+attr+":"+layout+" "
			default:
				parts, k.text = append(parts, attr), k.text+attr+" "
			}
			k.attrs = append(k.attrs, attr)
		}
		if !sort && rnd.IntN(10) == 0 {
			n := 3 + 2*rnd.IntN(2) // even ones have patterns of their own
			of = []string{"a", "o", "n", "y"}[rnd.IntN(4)]
			parts, k.text = append(parts, entable.Shards(n, of)), k.text+fmt.Sprint(n, " shards by ", of)
		}
		k.text += ")"
		return parts
	}
	k.opts = []entable.EntityOption{entable.PK(key(false)...), entable.SK(key(true)...)}
	if of != "" && !slices.Contains(k.attrs, of) {
		k.hashed, k.attrs = of, append(k.attrs, of)
	}
	return k
}

// all lists the keys that small values make.
func (k plotKeys) all(t *testing.T, item func(*plot) (map[string]types.AttributeValue, error)) map[string]bool {
	out := map[string]bool{}
	var p plot
	var fill func(attrs []string)
	fill = func(attrs []string) {
		if len(attrs) == 0 {
			if m, err := item(&p); err == nil { // a value may not fit
				out[keyPair(m)] = true
			}
			return
		}
		for _, set := range small[attrs[0]] {
			set(&p)
			fill(attrs[1:])
		}
	}
	attrs := slices.Clone(k.attrs)
	slices.Sort(attrs)
	fill(slices.Compact(attrs))
	return out
}

func keyPair(m map[string]types.AttributeValue) string {
	return m["pk"].(*types.AttributeValueMemberS).Value + "\x00" + m["sk"].(*types.AttributeValueMemberS).Value
}

// Two entities are refused if, and only if, they can build one key: those that brute force finds a key in
// common of always, and of those that are refused both really build the key that the message shows.
func TestOnlyEntitiesThatCanCollideAreRefused(t *testing.T) {
	t.Parallel()
	rnd, rounds := trial.Rand(t), trial.Size(1_500, 50_000)
	example := regexp.MustCompile(`for example pk=(".*") sk=(".*"): give one of them`)
	refused, collided, accepted, open := 0, 0, 0, 0
	for range rounds {
		sizes := [2]int{1 + rnd.IntN(3), 1 + rnd.IntN(3)}
		x := randomPlotKeys(rnd, sizes)
		if rnd.IntN(5) == 0 {
			sizes[rnd.IntN(2)] = 1 + rnd.IntN(3)
		}
		y := randomPlotKeys(rnd, sizes)
		what := fmt.Sprintf("X: %s\nY: %s", x.text, y.text)
		// Each alone, to see which keys it builds.
		onlyX, onlyY := entable.NewTable("only-x"), entable.NewTable("only-y")
		xs, err := entable.TryRegister[plotX](onlyX, x.opts...)
		ys, err2 := entable.TryRegister[plotY](onlyY, y.opts...)
		if err != nil || err2 != nil {
			if text := fmt.Sprint(err, err2); !strings.Contains(text, "sentinel") && !strings.Contains(text, "invalid ") {
				t.Fatalf("%s\n%s", what, text)
			}
			continue // the prefix is that of sentinels, or a literal holds the separator
		}
		both := entable.NewTable("both")
		check(t, register[plotX](both, x.opts...))
		err = register[plotY](both, y.opts...)

		common := ""
		ofX := x.all(t, func(p *plot) (map[string]types.AttributeValue, error) { return xs.ToItem((*plotX)(p)) })
		for key := range y.all(t, func(p *plot) (map[string]types.AttributeValue, error) { return ys.ToItem((*plotY)(p)) }) {
			if ofX[key] {
				common = key
			}
		}
		switch {
		case err == nil && common != "":
			t.Fatalf("%s\nare both accepted, and build %q", what, common)
		case err == nil:
			accepted++
			continue
		case common != "":
			collided++
		}
		m := example.FindStringSubmatch(err.Error())
		if m == nil {
			if !strings.Contains(err.Error(), "it cannot be shown that no item has the same key") {
				t.Fatalf("%s\n%v", what, err)
			}
			open++ // see DESIGN.md, the proof
			continue
		}
		refused++
		pk, err := strconv.Unquote(m[1])
		check(t, err)
		sk, err := strconv.Unquote(m[2])
		check(t, err)
		for i, table := range []*entable.Table{onlyX, onlyY} {
			if again, err := rebuilt(table, []plotKeys{x, y}[i].hashed, xs, ys, pk, sk); err != nil || again != pk+"\x00"+sk {
				t.Fatalf("%s\nare refused for %q %q, but it is no key of %s: %v, %q", what, pk, sk, table.Name(), err, again)
			}
		}
	}
	t.Logf("%d accepted, %d refused, %d of these also by brute force; %d are open", accepted, refused, collided, open)
	if refused == 0 || collided == 0 || accepted == 0 || open > rounds/5 {
		t.Error("the registries are of one kind, or too many are open")
	}
}

// rebuilt takes the fields from a key and builds the key again, with some value for what is only hashed.
func rebuilt(table *entable.Table, hashed string, xs *entable.Entity[plotX], ys *entable.Entity[plotY], pk, sk string) (string, error) {
	v, err := table.Decode(key(pk, sk))
	if err != nil {
		return "", err
	}
	item := func() (map[string]types.AttributeValue, error) { return xs.ToItem(v.(*plotX)) }
	p := (*plot)(nil)
	switch v := v.(type) {
	case *plotX:
		p = (*plot)(v)
	case *plotY:
		p = (*plot)(v)
		item = func() (map[string]types.AttributeValue, error) { return ys.ToItem(v) }
	}
	for i := range 200 {
		switch hashed {
		case "a":
			p.A = strconv.Itoa(i)
		case "o":
			p.O = i%2 == 1
		case "n":
			p.N = i
		case "y":
			p.Y = [2]byte{1, byte(i)}
		}
		m, err := item()
		if err != nil {
			return "", err
		}
		if again := keyPair(m); hashed == "" || again == pk+"\x00"+sk {
			return again, nil
		}
	}
	return "", errors.New("no value is in the shard")
}
