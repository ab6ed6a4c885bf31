package change_test

import (
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/entable/entable/internal/change"
)

func TestParse(t *testing.T) {
	for _, test := range []struct {
		path string
		want []change.Segment
		err  string
	}{
		{path: "status", want: []change.Segment{{Name: "status"}}},
		{path: "address.city", want: []change.Segment{{Name: "address"}, {Name: "city"}}},
		{path: "lines[2][0].qty", want: []change.Segment{{Name: "lines", At: []int{2, 0}}, {Name: "qty"}}},
		{path: "größe.#1 x", want: []change.Segment{{Name: "größe"}, {Name: "#1 x"}}},
		{path: change.Quote("a.b"), want: []change.Segment{{Name: "a.b"}}},
		{path: change.Quote("a.b") + "[1]." + change.Quote("c.d"), want: []change.Segment{{Name: "a.b", At: []int{1}}, {Name: "c.d"}}},
		{path: change.Quote("a\x00b"), want: []change.Segment{{Name: "a\x00b"}}},
		{path: change.Quote("\x00"), want: []change.Segment{{Name: "\x00"}}},
		{path: "", err: "a name is empty"},
		{path: ".a", err: "a name is empty"},
		{path: "a..b", err: "a name is empty"},
		{path: "a.", err: "a name is empty"},
		{path: "[0]", err: "a name is empty"},
		{path: change.Quote(""), err: "a name is empty"},
		{path: "\x00a", err: "a quoted name has no end"},
		{path: "a]", err: `the SDK's expressions cannot name "a]", which has brackets`},
		{path: change.Quote("a[0]"), err: `the SDK's expressions cannot name "a[0]", which has brackets`},
		{path: "a[", err: "an index is not a number in brackets"},
		{path: "a[]", err: "an index is not a number in brackets"},
		{path: "a[x]", err: "an index is not a number in brackets"},
		{path: "a[-1]", err: "an index is not a number in brackets"},
		{path: "a[01]", err: "an index is not a number in brackets"},
		{path: "a[+1]", err: "an index is not a number in brackets"},
		{path: "a[99999999999999999999]", err: "an index is not a number in brackets"},
		{path: "a[0]b", err: "text follows an index"},
		{path: "a[0]]", err: "text follows an index"},
	} {
		got, err := change.Parse(test.path)
		if text := errorText(err); text != test.err || !reflect.DeepEqual(got, test.want) {
			t.Errorf("Parse(%q) = %v, %q, want %v, %q", test.path, got, text, test.want, test.err)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// FuzzParse parses arbitrary text. What parses is parsed the same when each name is quoted, and is its own text otherwise.
func FuzzParse(f *testing.F) {
	for _, path := range []string{"", "a", "a.b", "a[0].b[1][2]", "a[01]", "a]", "\x00a.b\x00[3].c", "\x00a\x00\x00b\x00", "\x00", "a\x00"} {
		f.Add(path)
	}
	plan := planOf[shelf](f)
	f.Fuzz(func(t *testing.T, path string) {
		_, _ = change.Resolve(plan, path, true)
		segments, err := change.Parse(path)
		if err != nil {
			return
		}
		again, err := change.Parse(join(segments, change.Quote))
		if err != nil || !reflect.DeepEqual(again, segments) {
			t.Errorf("%q is %v, when quoted %v, %v", path, segments, again, err)
		}
		if plain := join(segments, func(name string) string { return name }); !strings.Contains(path, "\x00") && (plain != path || change.Show(path) != path) {
			t.Errorf("%q is joined as %q, shown as %q", path, plain, change.Show(path))
		}
	})
}

func join(segments []change.Segment, name func(string) string) string {
	var b strings.Builder
	for i, s := range segments {
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(name(s.Name))
		for _, at := range s.At {
			b.WriteString("[" + strconv.Itoa(at) + "]")
		}
	}
	return b.String()
}

func TestOutermost(t *testing.T) {
	for paths, want := range map[string]string{
		"a b": "a b", "a a.b": "a", "a.b a": "a", "a.b a.c": "a.b a.c", "a.b a.b": "a.b", "a[0] a": "a", "a[0] a[0].b a[1]": "a[0] a[1]", "a[0].b a[0]": "a[0]",
		"a[0][1] a[0] a[1]": "a[0] a[1]", "a[0].b a[1].b": "a[0].b a[1].b", "a[1] a[10]": "a[1] a[10]", "ab a": "ab a", "a.b.c a.b a.b": "a.b",
		"a.b " + change.Quote("a"): change.Quote("a"), change.Quote("a.b") + " a": change.Quote("a.b") + " a", "a.b a a.b a": "a",
	} {
		all := strings.Split(paths, " ")
		var got []string
		for i, outer := range change.Outermost(all) {
			if outer {
				got = append(got, all[i])
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %q, want %q", paths, got, want)
		}
	}
}
