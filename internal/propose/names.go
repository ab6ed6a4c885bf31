package propose

import (
	"reflect"
	"strconv"
	"strings"
	"unicode"
)

// initialisms are words that Go writes in capitals.
var initialisms = map[string]bool{
	"ACL": true, "API": true, "ARN": true, "AWS": true, "CPU": true, "CSS": true, "DNS": true, "EOF": true, "GUID": true,
	"GSI": true, "HTML": true, "HTTP": true, "HTTPS": true, "ID": true, "IP": true, "JSON": true, "KSUID": true, "LSI": true,
	"PK": true, "QPS": true, "RAM": true, "SK": true, "SKU": true, "SLA": true, "SMS": true, "SQL": true, "SSH": true, "TLS": true,
	"TTL": true, "UI": true, "UID": true, "ULID": true, "URI": true, "URL": true, "UTC": true, "UTF8": true, "UUID": true, "XML": true,
}

// goName returns an exported Go name for the name of an attribute or the text of a label: user_id is UserID.
func goName(text string) string {
	var b strings.Builder
	for _, w := range humps(text) {
		upper := strings.ToUpper(w)
		switch {
		case initialisms[upper]:
			b.WriteString(upper)
		case strings.HasSuffix(upper, "S") && initialisms[upper[:len(upper)-1]] && len(upper) > 2:
			b.WriteString(upper[:len(upper)-1] + "s")
		case strings.ContainsAny(w, "0123456789") && w == upper:
			b.WriteString(title(w))
		case w == upper && strings.ToLower(w) != w:
			b.WriteString(title(strings.ToLower(w)))
		default:
			b.WriteString(title(w))
		}
	}
	name := b.String()
	if name == "" || !unicode.IsUpper([]rune(name)[0]) {
		name = "X" + name
	}
	return name
}

func title(w string) string {
	r := []rune(w)
	r[0] = unicode.ToUpper(r[0])
	return string(r)
}

// humps cuts a name into words: at what is no letter or digit, and where capitals begin or end.
func humps(text string) (words []string) {
	r := []rune(text)
	start := -1
	flush := func(end int) {
		if start >= 0 {
			words = append(words, string(r[start:end]))
		}
		start = -1
	}
	for i, c := range r {
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			flush(i)
			continue
		}
		if start >= 0 && unicode.IsUpper(c) {
			next := i+1 < len(r) && unicode.IsLower(r[i+1])
			if !unicode.IsUpper(r[i-1]) && !unicode.IsDigit(r[i-1]) || next && unicode.IsUpper(r[i-1]) && i-start > 0 {
				flush(i)
			}
		}
		if start < 0 {
			start = i
		}
	}
	flush(len(r))
	return words
}

// unique gives fields with one name other names.
func unique(fields []reflect.StructField) {
	taken := namer{}
	for i := range fields {
		fields[i].Name = taken.name(fields[i].Name)
	}
}

// A namer holds the names that are taken.
type namer map[string]bool

// name takes a name, with a number behind it if it is taken.
func (n namer) name(want string) string {
	name := want
	for i := 2; n[name]; i++ {
		name = want + strconv.Itoa(i)
	}
	n[name] = true
	return name
}

// plural returns the plural of an English noun, as the name of the variable for a type.
func plural(noun string) string {
	lower := strings.ToLower(noun)
	switch {
	case strings.HasSuffix(lower, "s"), strings.HasSuffix(lower, "x"), strings.HasSuffix(lower, "ch"), strings.HasSuffix(lower, "sh"):
		return noun + "es"
	case len(lower) > 1 && strings.HasSuffix(lower, "y") && !strings.ContainsRune("aeiou", rune(lower[len(lower)-2])):
		return noun[:len(noun)-1] + "ies"
	}
	return noun + "s"
}
