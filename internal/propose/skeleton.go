package propose

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A skeleton is a key with its values taken out: USER#ann is the words USER and ann, of which the second is a value. It
// tells items of one kind from others before it is known what the values are.
type skeleton struct {
	words   []word
	between []string // the separators before the first word, between words, and behind the last one
}

// A word is a part of a key between separators.
type word struct {
	kind wordKind
	text string // of a label; else only to see whether it varies
}

type wordKind uint8

const (
	fixedWord wordKind = iota // fixed text, as far as can be seen
	explained                 // the value of an attribute
	unknown                   // looks like a value and is that of no attribute
)

// skeletonOf returns the skeleton of a key of an item with these sources.
func skeletonOf(key string, sources []source) skeleton {
	spans := explain(key, sources)
	var s skeleton
	sep := ""
	for at := 0; at < len(key); {
		if len(spans) > 0 && spans[0][0] == at {
			end := spans[0][1]
			s.add(sep, word{explained, key[at:end]})
			sep, at, spans = "", end, spans[1:]
			continue
		}
		end := len(key)
		if len(spans) > 0 {
			end = spans[0][0]
		}
		n := separator(key[at:end])
		if n > 0 {
			sep += key[at : at+n]
			at += n
			continue
		}
		for at+n < end && separator(key[at+n:end]) == 0 {
			_, size := utf8.DecodeRuneInString(key[at+n:])
			n += size
		}
		for _, w := range wordsOf(key[at : at+n]) {
			s.add(sep, w)
			sep = ""
		}
		at += n
	}
	s.between = append(s.between, sep)
	return s
}

func (s *skeleton) add(sep string, w word) {
	s.between, s.words = append(s.between, sep), append(s.words, w)
}

// separator returns the length of the separator that text begins with.
func separator(text string) int {
	r, size := utf8.DecodeRuneInString(text)
	if strings.ContainsRune(`#|:/\$~^;,=&*!?<>()[]{}%`, r) {
		return size
	}
	return 0
}

// wordsOf tells labels from values: words with digits and long ones are values, but v0 is a label and v12 is one before a value.
func wordsOf(text string) []word {
	digit := strings.IndexFunc(text, unicode.IsDigit)
	switch {
	case strings.ContainsRune(text, '@'):
	case digit < 0 && len(text) <= 32 || digit > 0 && strings.Trim(text[digit:], "0") == "":
		return []word{{fixedWord, text}}
	case 0 < digit && digit <= 8 && strings.Trim(text[digit:], "0123456789") == "" && letters(text[:digit]) == digit:
		return []word{{fixedWord, text[:digit]}, {unknown, text[digit:]}}
	}
	return []word{{unknown, text}}
}

// explain returns the places of a key that show the value of an attribute, from left to right. Longer values go first.
func explain(key string, sources []source) (spans [][2]int) {
	var texts []string
	for i := range sources {
		s := &sources[i]
		if s.bool || typeRank(s.path) >= 0 {
			continue
		}
		texts = append(texts, s.text)
		if t, ok := s.instant(); ok {
			for _, layout := range layouts {
				text, _ := formatted(t, layout)
				texts = append(texts, text)
			}
		}
		if _, whole := wholeNumber(s.text); s.num && whole && s.text[0] != '-' {
			texts = append(texts, zeroed(key, s.text)...)
		}
	}
	slices.SortFunc(texts, func(a, b string) int { return cmp.Or(len(b)-len(a), cmp.Compare(a, b)) })
	for _, text := range slices.Compact(texts) {
		for from := 0; ; {
			i := strings.Index(key[from:], text)
			if i < 0 {
				break
			}
			start, end := from+i, from+i+len(text)
			from = end
			free := !slices.ContainsFunc(spans, func(s [2]int) bool { return start < s[1] && s[0] < end })
			if free && (len(text) > 25 || apart(key, start) && apart(key, end)) { // an id is a word wherever it stands
				spans = append(spans, [2]int{start, end})
			}
		}
	}
	slices.SortFunc(spans, func(a, b [2]int) int { return a[0] - b[0] })
	return spans
}

// zeroed returns the texts in a key that are a number with zeros in front of it.
func zeroed(key, number string) (texts []string) {
	for _, run := range strings.FieldsFunc(key, func(r rune) bool { return r < '0' || r > '9' }) {
		if len(run) > len(number) && strings.TrimLeft(run, "0") == strings.TrimLeft(number, "0") {
			texts = append(texts, run)
		}
	}
	return texts
}

// pattern returns the skeleton with its labels, as one text.
func (s *skeleton) pattern() string {
	return s.render(func(w word) string { return [...]string{w.text, "\x00", "\x01"}[w.kind] })
}

// shape returns the skeleton without its labels.
func (s *skeleton) shape() string { return s.render(func(word) string { return "\x02" }) }

// lead returns the labels that it begins with, as far as the first value.
func (s *skeleton) lead() string {
	n := slices.IndexFunc(s.words, func(w word) bool { return w.kind != fixedWord })
	if n < 0 {
		n = len(s.words)
	}
	front := skeleton{s.words[:n], s.between[:n+1]}
	return front.pattern()
}

func (s *skeleton) render(one func(word) string) string {
	var b strings.Builder
	for i, w := range s.words {
		b.WriteString(s.between[i])
		b.WriteString(one(w))
	}
	b.WriteString(s.between[len(s.words)])
	return b.String()
}
