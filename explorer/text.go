package explorer

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// run is a part of a text: as it is, or the name of a character that must not act on the page or cannot be seen.
type run struct {
	Text    string
	Escaped bool
}

// unseen reports whether a character is one that would be invisible, or would change how those around it are shown: control
// and format characters, among them all that turn the direction of text, and separators of lines and paragraphs.
func unseen(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp) || r == utf8.RuneError
}

// runs splits a text where characters have to be named.
func runs(s string) (list []run) {
	from := 0
	for i, r := range s {
		if !unseen(r) {
			continue
		}
		if from < i {
			list = append(list, run{Text: s[from:i]})
		}
		size := utf8.RuneLen(r)
		if r == utf8.RuneError {
			_, size = utf8.DecodeRuneInString(s[i:])
		}
		list = append(list, run{name(r), true})
		from = i + size
	}
	if from < len(s) {
		list = append(list, run{Text: s[from:]})
	}
	return list
}

func name(r rune) string {
	switch r {
	case '\n':
		return `\n`
	case '\t':
		return `\t`
	case '\r':
		return `\r`
	}
	return fmt.Sprintf("U+%04X", r)
}

// cut returns the beginning of a text, up to about most bytes, and how many bytes are left out.
func cut(s string, most int) (string, int) {
	if len(s) <= most {
		return s, 0
	}
	n := most
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n], len(s) - n
}

// visible writes the characters of JSON that are unseen as escapes, which leaves its meaning.
func visible(json string) string {
	if !strings.ContainsFunc(json, func(r rune) bool { return unseen(r) && r != '\n' }) {
		return json
	}
	var b strings.Builder
	for _, r := range json {
		switch {
		case !unseen(r) || r == '\n':
			b.WriteRune(r)
		case r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
