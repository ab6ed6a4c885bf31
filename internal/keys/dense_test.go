package keys_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/entable/entable/internal/keys"
	"github.com/entable/entable/internal/trial"
)

// Kinds of items whose keys look much alike: templates of a few short texts and attributes, and changed copies of them.

var (
	denseTexts = []string{"#", "#", "x", "0", "##", "x#", "true", "20", "-1"}
	denseParts = []string{"{a}", "{a}", "{b}", "{n}", "{n:02}", "{i}", "{u:02}", "{o}", "{t:2006}", "{y}", "{D}", "{E}"}
)

// dense returns a template as its pieces: a fixed text, a component, "[" or "]".
func dense(r *rand.Rand) (pieces []string) {
	for range 1 + r.IntN(2) {
		pieces = append(pieces, denseTexts[r.IntN(len(denseTexts))], denseParts[r.IntN(len(denseParts))])
	}
	switch r.IntN(4) {
	case 0:
		pieces = pieces[1:]
	case 1:
		pieces = pieces[:len(pieces)-1]
	}
	for range r.IntN(6) / 4 * (1 + r.IntN(2)) {
		pieces = append(pieces, "[", denseTexts[r.IntN(len(denseTexts))], denseParts[r.IntN(len(denseParts))])
		if r.IntN(3) == 0 {
			pieces = append(pieces, denseTexts[r.IntN(len(denseTexts))])
		}
		pieces = append(pieces, "]")
	}
	return pieces
}

// mutated returns a template like another one.
func mutated(r *rand.Rand, pieces []string) []string {
	pieces = slices.Clone(pieces)
	for range r.IntN(4) {
		i := r.IntN(len(pieces))
		switch p := pieces[i]; {
		case strings.ContainsAny(p, "[]"):
			pieces[i] = "" // and so does the other half, or it is no template
			j := slices.Index(pieces, map[string]string{"[": "]", "]": "["}[p])
			if j >= 0 {
				pieces[j] = ""
			}
		case p == "":
		case p[0] != '{':
			pieces[i] = denseTexts[r.IntN(len(denseTexts))]
		case r.IntN(4) == 0: // a value in the place of the component
			pieces[i] = denseTexts[r.IntN(len(denseTexts))]
		case r.IntN(8) == 0:
			pieces = slices.Insert(pieces, i, "[#")
			pieces = append(pieces, "]")
		default:
			pieces[i] = denseParts[r.IntN(len(denseParts))]
		}
	}
	return pieces
}

// fewer texts are enough to find most of what they have in common.
var fewer = vals(text(""), text("x"), text("0"), text("#"), text("x0"), text("20"), text("true"))

// densePair returns two kinds of items, of one key or of two.
func densePair(r *rand.Rand) (a, b kind) {
	a.fewer, b.fewer = true, true
	for range 1 + r.IntN(2) {
		pieces := dense(r)
		a.patterns = append(a.patterns, compiled(r, dense, &pieces))
		again := func(r *rand.Rand) []string { return mutated(r, pieces) }
		other := again(r)
		b.patterns = append(b.patterns, compiled(r, again, &other))
	}
	return a, b
}

// compiled returns the pattern of a template, which is made anew until it is one.
func compiled(r *rand.Rand, make func(*rand.Rand) []string, pieces *[]string) *keys.Pattern {
	for {
		if p, err := tryTemplate(strings.Join(*pieces, "")); err == nil {
			return p
		}
		*pieces = make(r)
	}
}

// TestTemplatesMeetOnlyWhereTheyDo compares pairs of kinds that are much alike with brute force over few values.
func TestTemplatesMeetOnlyWhereTheyDo(t *testing.T) {
	r := trial.Rand(t)
	pairs := tuples() / 20
	var met, tails, derived, accepted, shown, open, openMet int
	start := time.Now()
	for range pairs {
		a, b := densePair(r)
		ok, examples := keys.Apart(a.patterns, b.patterns)
		common := a.common(b)
		both := a.String() + b.String()
		if common != "" {
			met++
			if strings.Contains(both, "[") {
				tails++
			}
			if strings.Contains(both, "{D}") || strings.Contains(both, "{E}") {
				derived++
			}
		}
		switch {
		case ok && common != "":
			t.Fatalf("%s and %s are said to be apart, but %q is of both", a, b, common)
		case ok:
			accepted++
		case examples == nil:
			open++
			if common != "" {
				openMet++
			}
		case !a.builds(r, examples) || !b.builds(r, examples):
			t.Fatalf("%s and %s: not both build %q", a, b, examples)
		default:
			shown++
		}
	}
	t.Logf("%d of %d pairs meet, %d with tails and %d with what is derived; %d are accepted, %d refused with an example, "+
		"%d that cannot be shown, of which %d meet; %v", met, pairs, tails, derived, accepted, shown, open, openMet, time.Since(start))
	if met < pairs/4 || tails < pairs/20 || derived < pairs/20 || accepted < pairs/8 {
		t.Error("too few meet, or too few do not")
	}
}

func (k kind) String() string {
	var texts []string
	for _, p := range k.patterns {
		texts = append(texts, p.String())
	}
	return strings.Join(texts, " ")
}

// derive is what the functions of the derived components do.
func derive(attr string, values map[string]keys.Value) keys.Value {
	a := values["a"].S
	if attr == "D" && len(a) > 0 {
		return text(a[:1])
	}
	return text([]string{"x", "0"}[len(a)%2])
}
