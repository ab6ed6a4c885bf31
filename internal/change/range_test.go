package change_test

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/change"
)

type numbers struct {
	I8  int8            `dynamodbav:"i8"`
	U8  uint8           `dynamodbav:"u8"`
	P8  *int8           `dynamodbav:"p8"`
	I16 int16           `dynamodbav:"i16"`
	U32 uint32          `dynamodbav:"u32"`
	I   int             `dynamodbav:"i"`
	I64 int64           `dynamodbav:"i64"`
	U64 uint64          `dynamodbav:"u64"`
	F32 float32         `dynamodbav:"f32"`
	F64 float64         `dynamodbav:"f64"`
	By  map[string]int8 `dynamodbav:"by"`
	Any any             `dynamodbav:"any"`
}

// bound is the condition that a change of a number makes, in the words of what it is about, and whether it holds of n, or of none.
func bound(t *testing.T, op change.Op, path string, value any) (text string, of func(n *int64) bool) {
	t.Helper()
	target, err := change.Resolve(planOf[numbers](t), path, false)
	if err != nil {
		t.Fatal(err)
	}
	var u change.Update
	if err := (&change.Change{Op: op, Path: path, Value: value}).AddTo(&u, target); err != nil {
		t.Fatal(err)
	}
	x := express(t, &u)
	if x.Condition() == nil {
		return "", func(*int64) bool { return true }
	}
	limit := x.Values()[":0"].(*types.AttributeValueMemberN).Value
	text = strings.NewReplacer("#0", "n", ":0", limit).Replace(*x.Condition())
	return text, func(n *int64) bool {
		at, err := strconv.ParseInt(limit, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		switch strings.TrimSuffix(strings.TrimSuffix(text, ")"), limit) {
		case "NOT (n > ":
			return n == nil || *n <= at
		case "NOT (n < ":
			return n == nil || *n >= at
		case "n <= ":
			return n != nil && *n <= at
		case "n >= ":
			return n != nil && *n >= at
		}
		t.Fatalf("unknown condition %s", text)
		return false
	}
}

// Whatever is stored, an update may be carried out if, and only if, its type holds what it makes; so it is for what is worked out here.
func TestNumbersStayInTheRangeOfTheirType(t *testing.T) {
	for path, r := range map[string][2]int64{"i8": {math.MinInt8, math.MaxInt8}, "u8": {0, math.MaxUint8}, "p8": {math.MinInt8, math.MaxInt8}} {
		target, err := change.Resolve(planOf[numbers](t), path, false)
		if err != nil {
			t.Fatal(err)
		}
		for _, op := range []change.Op{change.Add, change.Subtract} {
			for by := r[0]; by <= r[1]; by++ {
				text, holds := bound(t, op, path, by)
				for stored := r[0] - 1; stored <= r[1]; stored += 1 + (stored-r[0]+1)%5 {
					n, was := &stored, types.AttributeValue(&types.AttributeValueMemberN{Value: fmt.Sprint(stored)})
					sum := stored + by
					if stored < r[0] { // for none
						n, was, sum = nil, nil, by
					}
					if op == change.Subtract {
						sum -= 2 * by
					}
					want := sum >= r[0] && sum <= r[1]
					if holds(n) != want {
						t.Fatalf("%s %d, op %d by %d: %t, want %t: %s", path, stored, op, by, holds(n), want, text)
					}
					c := change.Change{Op: op, Path: path, Value: by}
					if _, err := change.Result([]change.Resolved{{Change: &c, Target: target}}, was); (err == nil) != want {
						t.Fatalf("%s %d, op %d by %d: %v, want %t", path, stored, op, by, err, want)
					}
				}
			}
		}
	}
}

func TestBoundsOfNumbers(t *testing.T) {
	for _, test := range []struct {
		op    change.Op
		path  string
		value any
		want  string
	}{
		{change.Add, "i8", 100, "NOT (n > 27)"},
		{change.Add, "i8", -100, "NOT (n < -28)"},
		{change.Subtract, "i8", -128, "n <= -1"},
		{change.Add, "i8", 0, ""},
		{change.Add, "i16", 1, "NOT (n > 32766)"},
		{change.Subtract, "u32", 1, "n >= 1"},
		{change.Add, "u32", 1, "NOT (n > 4294967294)"},
		{change.Add, "i64", 1, "NOT (n > 9223372036854775806)"},
		{change.Subtract, "i64", int64(math.MinInt64), "n <= -1"},
		{change.Add, "i64", int64(math.MinInt64), "NOT (n < 0)"},
		{change.Add, "u64", uint64(math.MaxUint64), "NOT (n > 0)"},
		{change.Subtract, "u64", uint64(math.MaxUint64), "n >= 18446744073709551615"},
		{change.Add, "f32", 1.0, "NOT (n > 3.4028234663852886e+38)"},
		{change.Subtract, "f32", float32(math.MaxFloat32), "NOT (n < 0)"},
		{change.Add, "f64", 1e100, ""}, // the service holds less
		{change.Subtract, "by.a", 1, "NOT (n.#1 < -127)"},
		{change.Add, "any", 1, ""},
		{change.Add, "any.a", 1, ""},
	} {
		if got, _ := bound(t, test.op, test.path, test.value); got != test.want {
			t.Errorf("op %d of %s by %v: %q, want %q", test.op, test.path, test.value, got, test.want)
		}
	}
}

func TestOutOfRange(t *testing.T) {
	plan := planOf[numbers](t)
	l := &change.List{}
	for _, c := range []change.Change{{Op: change.Add, Path: "i", Value: 5}, {Op: change.Subtract, Path: "by.a", Value: 100}} {
		target, err := change.Resolve(plan, c.Path, false)
		if err == nil {
			_, err = l.Add(change.Resolved{Change: &c, Target: target})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct{ by, want string }{
		{`{"M":{"a":{"N":"-28"}}}`, ""},
		{`{"M":{"a":{"N":"-29"}}}`, "attribute by.a: -129 is out of range of int8"},
		{`{"M":{"a":{"S":"x"}}}`, ""}, // which is another fault
		{`{"M":{}}`, ""},
	} {
		got := ""
		if err := l.OutOfRange(map[string]types.AttributeValue{"by": stored(t, test.by)}); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.by, got, test.want)
		}
	}
}
