package propose

import (
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// A candidate is a component that a key may have: a source in one format, and its text in each of the items.
type candidate struct {
	path   string
	format string // behind the colon of a template
	clock  bool   // the field is a time.Time
	part   bool   // the key holds a part of the value
	num    bool
	texts  []string
	same   bool // in all items
	fixed  bool // of one width, by which it is cut
	id     bool // a text that is an id in all items, as a UUID
}

// candidates returns the components that occur in all the keys, which are those of the items with these sources.
func candidates(keys []string, items [][]source) (list []*candidate) {
	paths := map[string][]*source{}
	var order []string
	for i := range items {
		for j := range items[i] {
			s := &items[i][j]
			if have := paths[s.path]; len(have) == i {
				if i == 0 {
					order = append(order, s.path)
				}
				paths[s.path] = append(have, s)
			}
		}
	}
	for _, path := range order {
		if values := paths[path]; len(values) == len(keys) {
			list = append(list, formats(path, values, keys)...)
		}
	}
	return list
}

// formats returns the formats in which one source, whose values these are, occurs in all the keys.
func formats(path string, values []*source, keys []string) (list []*candidate) {
	first := values[0]
	plain := &candidate{path: path, num: first.num}
	for _, v := range values {
		if v.num != first.num || v.bool != first.bool || v.bin != first.bin {
			return nil
		}
		plain.texts = append(plain.texts, v.text)
	}
	if first.bin {
		plain.format, plain.fixed = "uuid", true
		if plain.occurs(keys) {
			list = append(list, plain)
		}
		return list
	}
	if plain.occurs(keys) {
		plain.id = !first.num && idFormat(plain.texts) != ""
		if !first.num || wholes(plain.texts) {
			list = append(list, plain)
		}
	}
	if first.num && wholes(plain.texts) && plain.texts[0][0] != '-' {
		list = append(list, padded(path, plain.texts, keys)...)
	}
	return append(list, timed(path, values, keys)...)
}

// occurs reports whether the component is in all the keys.
func (c *candidate) occurs(keys []string) bool {
	for i, k := range keys {
		if c.texts[i] == "" || !strings.Contains(k, c.texts[i]) {
			return false
		}
	}
	c.same = !slices.ContainsFunc(c.texts, func(t string) bool { return t != c.texts[0] })
	return true
}

func padded(path string, texts, keys []string) (list []*candidate) {
	longest := 0
	for _, t := range texts {
		longest = max(longest, len(t))
	}
	for width := max(2, longest); width <= 19; width++ {
		c := &candidate{path: path, format: "0" + strconv.Itoa(width), num: true, fixed: true}
		if width < 10 {
			c.format = "0" + strconv.Itoa(width)
		}
		zeros := false
		for _, t := range texts {
			if t[0] == '-' {
				return nil
			}
			zeros = zeros || len(t) < width
			c.texts = append(c.texts, strings.Repeat("0", width-len(t))+t)
		}
		if zeros && c.occurs(keys) {
			list = append(list, c)
		}
	}
	return list
}

func timed(path string, values []*source, keys []string) (list []*candidate) {
	for _, v := range values {
		if _, ok := v.instant(); !ok {
			return nil
		}
	}
	for _, layout := range layouts {
		c := &candidate{path: path, format: layout, clock: true, fixed: !strings.Contains(layout, "Z07:00")}
		for i, v := range values {
			t, _ := v.instant()
			text, part := formatted(t, layout)
			if !strings.Contains(keys[i], text) {
				break
			}
			c.part = c.part || part
			c.texts = append(c.texts, text)
		}
		if len(c.texts) != len(keys) || !c.occurs(keys) || layout == "unix" && values[0].num {
			continue
		}
		if c.part && !secondless(layout) {
			c.format = "~" + layout
		}
		c.part = c.part || secondless(layout)
		list = append(list, c)
	}
	return list
}

func wholes(texts []string) bool {
	return !slices.ContainsFunc(texts, func(t string) bool { _, ok := wholeNumber(t); return !ok })
}

// wholeNumber returns an int64 that is written as Go writes it.
func wholeNumber(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && wholeText(n) == text
}

func wholeText(n int64) string { return strconv.FormatInt(n, 10) }

// idFormat returns the format of texts that are all ids of one kind, "" for none.
func idFormat(texts []string) string {
	switch {
	case !slices.ContainsFunc(texts, func(t string) bool { _, err := uuid.Parse(t); return err != nil || len(t) != 36 }):
		return "uuid"
	case !slices.ContainsFunc(texts, func(t string) bool { return !isULID(t) }):
		return "ulid"
	case !slices.ContainsFunc(texts, func(t string) bool { return !isKSUID(t) }):
		return "ksuid"
	}
	return ""
}

func isULID(t string) bool {
	return len(t) == 26 && t[0] <= '7' && strings.Trim(t, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") == ""
}

func isKSUID(t string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	return len(t) == 27 && strings.ContainsAny(t, letters) && strings.ContainsAny(t, strings.ToUpper(letters)) &&
		strings.Trim(t, "0123456789"+letters+strings.ToUpper(letters)) == ""
}
