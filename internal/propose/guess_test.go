package propose_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/entable/entable/internal/propose"
)

// What is only guessed stands beside the fields, and nothing is said where there are too few items.
func TestGuessesAreSaid(t *testing.T) {
	source := func(name string, n int) string {
		i := slices.IndexFunc(forms, func(f stored) bool { return f.name == name })
		p, err := propose.Propose(forms[i].table, forms[i].items()[:n])
		if err != nil {
			t.Fatal(err)
		}
		text, err := p.Source("model")
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for _, test := range []struct {
		form  string
		items int
		says  []string
		not   []string
	}{
		{"shards", 200, []string{`guess: entable.Shards(8, "order") gives this number`, "guess: the number of a shard, 0 to 9, which no attribute tells"}, nil},
		{"shards", 12, []string{"in the key only"}, []string{"shard"}},
		{"ids in bytes", 200, []string{"entable.SDKDefaults()", "uuid.UUID      `dynamodbav:\"device\"`", "*uuid.UUID     `dynamodbav:\"owner,omitempty\"`", "perhaps of an enum", "[]byte", "Guess: values are stored by the SDK's defaults"}, nil},
		{"ids in bytes", 2, []string{"[]byte"}, []string{"SDKDefaults", "enum", "uuid.UUID"}},
		{"what functions make", 200, []string{`guess: "name" in small letters, which entable.Derived can make of it`, `guess: what "name" begins with, which entable.Derived`}, nil},
		{"what functions make", 12, []string{"in the key only"}, []string{"Derived"}},
		{"numbers without padding", 200, nil, []string{"SDKDefaults()", "shard"}},
	} {
		text := source(test.form, test.items)
		for _, want := range test.says {
			if !strings.Contains(text, want) {
				t.Errorf("%s, %d items: no %q in\n%s", test.form, test.items, want, text)
			}
		}
		for _, not := range test.not {
			if strings.Contains(text, not) {
				t.Errorf("%s, %d items: %q in\n%s", test.form, test.items, not, text)
			}
		}
	}
}
