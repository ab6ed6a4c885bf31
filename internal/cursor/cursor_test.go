package cursor_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/cursor"
	"github.com/entable/entable/internal/wire"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// walk returns a walk of a name, whose cursors are sealed under keys filled with the bytes.
func walk(t testing.TB, name string, keys ...byte) *cursor.Walk {
	var raw [][]byte
	for _, b := range keys {
		raw = append(raw, bytes.Repeat([]byte{b}, 32))
	}
	made, err := cursor.NewKeys(raw)
	check(t, err)
	return &cursor.Walk{
		Keys:     made,
		Identity: func(version byte) []byte { return append([]byte{version}, name...) },
		Key: func(item []byte, _ int) (map[string]types.AttributeValue, error) {
			key, err := wire.ReadItem(item)
			if err == nil && key["pk"] == nil {
				err = errors.New("no key")
			}
			return key, err
		},
	}
}

// positions are in each state, those of done walks apart.
func positions() []cursor.Position {
	return []cursor.Position{
		{After: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "CU#1"}}},
		{},
		{Done: true},
	}
}

func TestCursorsComeBack(t *testing.T) {
	for _, w := range []*cursor.Walk{walk(t, "a"), walk(t, "a", 1)} {
		text, err := w.Seal(positions())
		check(t, err)
		at, err := w.Open(text, 3)
		check(t, err)
		if !reflect.DeepEqual(at, positions()) {
			t.Errorf("opened %v", at)
		}
		if text, err := w.Seal([]cursor.Position{{Done: true}, {Done: true}}); text != "" || err != nil {
			t.Errorf("the end is %q, %v", text, err)
		}
		if at, err := w.Open("", 2); err != nil || !reflect.DeepEqual(at, make([]cursor.Position, 2)) {
			t.Errorf("the beginning is %v, %v", at, err)
		}
	}
}

// Base64 passes over line ends: a cursor that was changed so is refused as any other.
func TestLineEndsInCursors(t *testing.T) {
	for _, w := range []*cursor.Walk{walk(t, "a"), walk(t, "a", 1)} {
		text, err := w.Seal(positions())
		check(t, err)
		for _, changed := range []string{text + "\n", text + "\r\n", "\n" + text, text[:5] + "\n" + text[5:], text[:5] + "\r" + text[5:]} {
			if at, err := w.Open(changed, 3); err == nil {
				t.Errorf("%q opens %v", changed, at)
			}
		}
	}
}

func TestForeignCursorsAreRefused(t *testing.T) {
	for _, test := range []struct {
		from, to *cursor.Walk
		n        int
		want     string
	}{
		{walk(t, "a"), walk(t, "b"), 3, "it is damaged, or belongs to another query or version"},
		{walk(t, "a", 1), walk(t, "b", 1), 3, "it is damaged, or belongs to another query or version"},
		{walk(t, "a", 1), walk(t, "a", 2), 3, "it is damaged, or belongs to another query or version"},
		{walk(t, "a"), walk(t, "a"), 2, "it is damaged, or belongs to another query or version"},
		{walk(t, "a"), walk(t, "a"), 4, "it is damaged, or belongs to another query or version"},
		{walk(t, "a"), walk(t, "a", 1), 3, "it is not sealed, and the table has a cursor key"},
		{walk(t, "a", 1), walk(t, "a"), 3, "it is sealed, and the table has no cursor key"},
		{walk(t, "a", 1), walk(t, "a", 2, 1), 3, ""}, // rotated
	} {
		text, err := test.from.Seal(positions())
		check(t, err)
		got := ""
		if _, err := test.to.Open(text, test.n); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("opened: %q, want %q", got, test.want)
		}
	}
}

func TestDamagedCursorsAreRefused(t *testing.T) {
	for _, w := range []*cursor.Walk{walk(t, "a"), walk(t, "a", 1)} {
		text, err := w.Seal(positions())
		check(t, err)
		for i := range text {
			damaged := []byte(text)
			damaged[i] ^= 1
			if _, err := w.Open(string(damaged), 3); err == nil {
				t.Errorf("opened with byte %d changed", i)
			}
			if _, err := w.Open(text[:i], 3); err == nil && i > 0 {
				t.Errorf("opened the first %d bytes", i)
			}
		}
	}
}

func TestWrongCursorKeys(t *testing.T) {
	if _, err := cursor.NewKeys([][]byte{make([]byte, 5)}); err == nil || err.Error() != "CursorKey of 5 bytes: use 16, 24 or 32" {
		t.Errorf("error %v", err)
	}
}

// What opens is sealed to what opens again.
func FuzzOpen(f *testing.F) {
	w := walk(f, "a")
	text, err := w.Seal(positions())
	check(f, err)
	f.Add(text, 3)
	f.Add("", 1)
	f.Fuzz(func(t *testing.T, text string, n int) {
		if n < 1 || n > 100 {
			return
		}
		at, err := w.Open(text, n)
		if err != nil {
			return
		}
		again, err := w.Seal(at)
		check(t, err)
		if back, err := w.Open(again, n); again != "" && (err != nil || !reflect.DeepEqual(back, at)) {
			t.Errorf("%v came back as %v, %v", at, back, err)
		}
	})
}
