package expr

import (
	"strings"
	"unicode/utf8"
)

type tokenKind uint8

const (
	tokEnd     tokenKind = iota
	tokUnknown           // a character that starts no token
	tokName              // an attribute or function name
	tokHash              // #name
	tokColon             // :value
	tokNumber            // 0, or digits that do not start with 0
	tokWord              // a keyword, of whatever expression kind
	tokSign              // punctuation and operators
)

// token is a piece of the text. Keywords are upper-case in word.
type token struct {
	kind       tokenKind
	start, end int
	text, word string
}

func (t token) is(word string) bool {
	return (t.kind == tokWord || t.kind == tokSign) && t.word == word
}

// Keywords are reserved in all expressions, not only where they mean something.
var keywords = map[string]bool{
	"AND": true, "OR": true, "NOT": true, "BETWEEN": true, "IN": true,
	"SET": true, "REMOVE": true, "ADD": true, "DELETE": true,
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

func isWord(r rune) bool {
	return r < utf8.RuneSelf && (isLetter(byte(r)) || isDigit(byte(r)) || r == '_')
}

// lex splits a text into tokens, the last of which is tokEnd. It never fails: what fits nothing is tokUnknown, for the
// parser to stumble over in its turn.
func lex(text string) []token {
	tokens := make([]token, 0, len(text)/3+2)
	add := func(kind tokenKind, start, end int) {
		t := token{kind: kind, start: start, end: end, text: text[start:end], word: text[start:end]}
		if kind == tokName {
			if up := strings.ToUpper(t.text); keywords[up] {
				t.kind, t.word = tokWord, up
			}
		}
		tokens = append(tokens, t)
	}
	for i := 0; i < len(text); {
		start, c := i, text[i]
		switch {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			i++
			continue
		case isLetter(c):
			i = wordEnd(text, i)
			add(tokName, start, i)
		case (c == '#' || c == ':') && wordEnd(text, i+1) > i+1:
			i = wordEnd(text, i+1)
			add(map[byte]tokenKind{'#': tokHash, ':': tokColon}[c], start, i)
		case c == '0':
			i++
			add(tokNumber, start, i)
		case isDigit(c):
			for i < len(text) && isDigit(text[i]) {
				i++
			}
			add(tokNumber, start, i)
		case strings.HasPrefix(text[i:], "<>") || strings.HasPrefix(text[i:], "<=") || strings.HasPrefix(text[i:], ">="):
			i += 2
			add(tokSign, start, i)
		case strings.IndexByte("()[].,=<>+-", c) >= 0:
			i++
			add(tokSign, start, i)
		default:
			r, n := utf8.DecodeRuneInString(text[i:])
			i += n
			if r > 0xffff { // the service lexes UTF-16: each half of a pair is a token
				half := token{kind: tokUnknown, start: start, end: start, text: string(utf8.RuneError)}
				tokens = append(tokens, half, token{kind: tokUnknown, start: start, end: i, text: half.text})
				continue
			}
			add(tokUnknown, start, i)
		}
	}
	return append(tokens, token{kind: tokEnd, start: len(text), end: len(text), text: "<EOF>"})
}

func wordEnd(text string, i int) int {
	for i < len(text) && isWord(rune(text[i])) {
		i++
	}
	return i
}
