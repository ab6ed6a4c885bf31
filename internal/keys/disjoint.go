package keys

import "strings"

// Disjoint reports whether no text is a key of both patterns. If not, example
// is a key that both build, or "" where none was found.
//
// With one separator the answer is exact. With two it is exact but for what
// depends on the calendar or on the precision of floats: there, patterns may be
// called not disjoint that are.
//
// It compares fixed texts first and does not allocate for disjoint patterns of
// one separator: thousands of patterns can be compared pairwise.
func Disjoint(a, b *Pattern) (ok bool, example string) {
	switch {
	case leadsApart(a, b):
		return true, ""
	case a.separator == b.separator:
		return disjointSegments(a, b)
	case b.Match(a.example):
		return false, a.example
	case a.Match(b.example):
		return false, b.example
	case a.comps == 0 || b.comps == 0:
		return true, "" // the example is the only key
	}
	return disjointTexts(a, b)
}

func leadsApart(a, b *Pattern) bool {
	n := min(len(a.lead), len(b.lead))
	return a.lead[:n] != b.lead[:n]
}

// segmentsMeet compares patterns of one separator. No segment's text holds
// it, so a key falls into segments in one way, and both patterns build it only
// if they have as many segments and meet at each of them.
func segmentsMeet(a, b *Pattern) bool {
	if len(a.segments) != len(b.segments) {
		return false
	}
	for i := range a.segments { // the cheap ones first
		if x, y := a.segments[i].literal, b.segments[i].literal; x != "" && y != "" && x != y {
			return false
		}
	}
	for i := range a.segments {
		if _, ok := meet(&a.segments[i], &b.segments[i]); !ok {
			return false
		}
	}
	return true
}

func disjointSegments(a, b *Pattern) (ok bool, example string) {
	if !segmentsMeet(a, b) {
		return true, ""
	}
	common := make([]string, len(a.segments))
	for i := range a.segments {
		common[i], _ = meet(&a.segments[i], &b.segments[i])
	}
	return false, strings.Join(common, a.separator)
}

// meet returns a text that both segments, at the same place of their keys,
// render. The sample of one or the other is such a text if there is any:
//
//   - A literal has one text, its sample.
//   - Text renders every sample: its escapes are those of fixed layouts.
//   - Int, Uint and the year of Time have texts of their number of digits in
//     common, where these agree; the sample of each is one (a negative Int
//     starts with a '-', which neither of the others nor Bytes does).
//   - Bytes have with these the texts of digits in common if their number is
//     even, so every sample of theirs.
//   - Two layouts of Time have different lengths; longer ones than the year
//     have a '-' after four digits, which no other kind of fixed layout has.
//   - A Float has an 'e' and a '.', which no other has both, and a Bool is one
//     of two words, which no other is.
func meet(a, b *segment) (text string, ok bool) {
	if b.match(a.sample) {
		return a.sample, true
	}
	return b.sample, a.match(b.sample)
}
