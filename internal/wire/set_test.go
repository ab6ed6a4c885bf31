package wire_test

import (
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/trial"
	"github.com/entable/entable/internal/wire"
)

// elems returns elements as a set has them in JSON.
func elems(texts ...string) []byte {
	var all []string
	for _, text := range texts {
		all = append(all, string(wire.AppendString(nil, text)))
	}
	return []byte(strings.Join(all, ","))
}

func TestDoubledNumbers(t *testing.T) {
	for _, test := range []struct {
		a, b string
		same bool
	}{
		{"1", "1.0", true}, {"1", "1e0", true}, {"1", "10E-1", true}, {"1", "+1", true}, {"1", "01", true}, {"1.", "1", true}, {"0.1", ".1", true},
		{"0", "-0", true}, {"0.0", "0e5", true}, {"100", "1e+2", true}, {"-1", "-1.00", true}, {"1E2", "1e2", true}, {"120", "12e1", true},
		{"1", "-1", false}, {"0", "0.1", false}, {"10", "1", false}, {"1e2", "1e3", false}, {"0.01", "0.1", false}, {"1e99999999999999999999", "1", false},
		{"12345678901234567890123456789012345678", "12345678901234567890123456789012345679", false},
	} {
		if got := wire.SameNumber(test.a, test.b); got != test.same {
			t.Errorf("%s and %s: same number %t", test.a, test.b, got)
		}
		if _, second := wire.Doubled(elems(test.a, test.b), 2, true); (second > 0) != test.same {
			t.Errorf("%s and %s: doubled %t", test.a, test.b, second > 0)
		}
	}
	if wire.SameNumber("x", "0") || wire.SameNumber("NaN", "NaN") {
		t.Error("what is no number is one")
	}
}

// Sets of any length are searched as if each element were compared with each.
func TestDoubledOfRandomSets(t *testing.T) {
	r := trial.Rand(t)
	parts := []string{"", "a", `"`, `\`, `\"`, "é", ",", "\n", "long enough for two words"}
	kinds := []struct {
		kind wire.Kind
		make func(n int) string
		form func(string) string // equal for what is equal
	}{
		{wire.SS, func(n int) string { return parts[n%len(parts)] + fmt.Sprint(n/len(parts)) + parts[n/7%len(parts)] }, func(s string) string { return s }},
		{wire.BS, func(n int) string { return base64.StdEncoding.EncodeToString(fmt.Append(nil, n)) }, func(s string) string { return s }},
		{wire.NS, func(n int) string {
			return fmt.Sprintf([]string{"%d", "%d.0", "%de0", "-%d", "%d0e-1", "0%d", "+%d", "-%d0.00e-1"}[r.IntN(8)], n)
		}, func(s string) string {
			n, _ := new(big.Rat).SetString(s)
			return n.String()
		}},
	}
	for range 3000 {
		k := kinds[r.IntN(len(kinds))]
		texts := make([]string, r.IntN([]int{10, 100}[r.IntN(2)]))
		seen, doubled := map[string]int{}, 0
		for i := range texts {
			texts[i] = k.make(r.IntN(1000))
			if _, again := seen[k.form(texts[i])]; again && doubled == 0 {
				doubled = i
			}
			seen[k.form(texts[i])] = i
		}
		first, second := wire.Doubled(elems(texts...), len(texts), k.kind == wire.NS)
		if second != doubled || second > 0 && (first >= second || k.form(texts[first]) != k.form(texts[second])) {
			t.Fatalf("%s %q: elements %d and %d are said to be equal, %d is the first that is there already", k.kind, texts, first, second, doubled)
		}
	}
}

func TestSetsOfUsualLengthTakeNoMemory(t *testing.T) {
	var texts []string
	for i := range 64 {
		texts = append(texts, fmt.Sprint("member ", i))
		set := elems(texts...)
		if n := testing.AllocsPerRun(10, func() { wire.Doubled(set, len(texts), false) }); n > 0 {
			t.Fatalf("%d elements: %v allocations", len(texts), n)
		}
	}
}

func TestCheckValue(t *testing.T) {
	list := func(v ...types.AttributeValue) types.AttributeValue { return &types.AttributeValueMemberL{Value: v} }
	endless := &types.AttributeValueMemberL{Value: make([]types.AttributeValue, 1)}
	endless.Value[0] = endless
	for _, test := range []struct {
		v    types.AttributeValue
		want string
	}{
		{nil, "<nil>"},
		{&types.AttributeValueMemberSS{Value: []string{"", "a"}}, "<nil>"},
		{&types.AttributeValueMemberSS{Value: []string{"a", "b", "", ""}}, "elements 2 and 3 of the string set are equal: give each element once"},
		{&types.AttributeValueMemberNS{Value: []string{"x"}}, `element 0: invalid number "x"`},
		{list(&types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"m": &types.AttributeValueMemberNS{Value: []string{"1", "1.0"}}}}),
			`element 0: attribute "m": elements 0 and 1 of the number set are equal: give each element once`},
		{list(nil, &types.AttributeValueMemberBS{}), "element 1: the binary set is empty, which no stored one can be: leave it out, or use NULL"},
		{list(&types.AttributeValueMemberN{Value: "1e126"}), `element 0: invalid number "1e126": the service's have up to 38 digits, from 1e-130 to below 1e126`},
		{&types.AttributeValueMemberNS{Value: []string{"1", strings.Repeat("9", 39)}},
			`element 1: invalid number "` + strings.Repeat("9", 39) + `": the service's have up to 38 digits, from 1e-130 to below 1e126`},
		{endless, strings.Repeat("element 0: ", 33) + "lists and maps nest deeper than 32 levels"},
	} {
		if got := fmt.Sprint(wire.CheckValue(test.v)); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}

func TestNumbersOfTheService(t *testing.T) {
	nines := strings.Repeat("9", 38)
	for _, number := range []string{"0", "-0", "0e500", nines, "-" + nines, nines + "e88", "9.99e125", "1e-130", "-1E-130", "0." + strings.Repeat("0", 129) + "1",
		nines + strings.Repeat("0", 88), "000" + nines + ".000", "1.0e125", "+5"} {
		if err := wire.CheckNumber(number); err != nil {
			t.Error(err)
		}
	}
	for _, number := range []string{nines + "9", "0." + nines + "1", "1e126", "-1e126", nines + "e89", "9e-131", "0." + strings.Repeat("0", 130) + "1",
		"1" + strings.Repeat("0", 126), "1e9223372036854775807", "1e-9223372036854775808", "10e9223372036854775807", "1e99999999999999999999999"} {
		if wire.CheckNumber(number) == nil {
			t.Errorf("%s passes", number)
		}
	}
}
