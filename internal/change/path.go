package change

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// nameMark stands around a name that may have dots, in paths that the library makes itself, and is doubled inside it.
const nameMark = "\x00"

// Quote returns the path of one name, whatever characters it has.
func Quote(name string) string {
	return nameMark + strings.ReplaceAll(name, nameMark, nameMark+nameMark) + nameMark
}

// Show returns a path for messages.
func Show(path string) string { return strings.ReplaceAll(path, nameMark, "") }

// Segment is a name in a path and the positions in lists behind it, as in lines[2][0].
type Segment struct {
	Name string
	At   []int
}

// Parse splits a path, such as address.city or lines[2].qty, at its dots. It returns at least one segment, or an error: an
// empty name, a name with brackets, which the SDK's expressions cannot name, or an index that is no number in brackets.
func Parse(path string) ([]Segment, error) {
	var out []Segment
	for rest := path; ; {
		var s Segment
		var err error
		if s.Name, rest, err = cutName(rest); err != nil {
			return nil, err
		}
		if s.At, rest, err = cutIndexes(rest); err != nil {
			return nil, err
		}
		out = append(out, s)
		if rest == "" {
			return out, nil
		}
		var ok bool
		if rest, ok = strings.CutPrefix(rest, "."); !ok {
			return nil, errors.New("text follows an index")
		}
	}
}

// isName reports whether a path is one name as it stands.
func isName(path string) bool { return path != "" && !strings.ContainsAny(path, ".[]"+nameMark) }

// Outermost reports of each path whether it is to be asked for: none in which it lies is among the others, and it is the first of those
// that lead to the same. The service refuses a projection in which paths overlap.
func Outermost(paths []string) []bool {
	all, outer := make([][]Segment, len(paths)), make([]bool, len(paths))
	for i, path := range paths {
		all[i], _ = Parse(path)
	}
	for i, inner := range all {
		outer[i] = true
		for j, o := range all {
			if j != i && leads(o, inner) && (j < i || !leads(inner, o)) {
				outer[i] = false
			}
		}
	}
	return outer
}

// leads reports whether a path lies in an outer one, or is the same.
func leads(outer, inner []Segment) bool {
	n := len(outer)
	if n == 0 || n > len(inner) {
		return false
	}
	last, in := outer[n-1], inner[n-1]
	return slices.EqualFunc(outer[:n-1], inner[:n-1], func(a, b Segment) bool { return a.Name == b.Name && slices.Equal(a.At, b.At) }) &&
		last.Name == in.Name && len(last.At) <= len(in.At) && slices.Equal(last.At, in.At[:len(last.At)])
}

// cutName cuts a name off the front of a path.
func cutName(path string) (name, rest string, err error) {
	if quoted, ok := strings.CutPrefix(path, nameMark); ok {
		if name, rest, err = cutQuoted(quoted); err != nil {
			return "", "", err
		}
	} else {
		end := strings.IndexAny(path, ".[")
		if end < 0 {
			end = len(path)
		}
		name, rest = path[:end], path[end:]
	}
	switch {
	case name == "":
		return "", "", errors.New("a name is empty")
	case strings.ContainsAny(name, "[]"):
		return "", "", fmt.Errorf("the SDK's expressions cannot name %q, which has brackets", name)
	}
	return name, rest, nil
}

// cutQuoted cuts a name, and the mark behind it, off what follows the mark in front of it.
func cutQuoted(quoted string) (name, rest string, err error) {
	for {
		part, after, ok := strings.Cut(quoted, nameMark)
		if !ok {
			return "", "", errors.New("a quoted name has no end")
		}
		name += part
		if quoted, ok = strings.CutPrefix(after, nameMark); !ok {
			return name, after, nil
		}
		name += nameMark
	}
}

// cutIndexes cuts the indexes off the front of what follows a name.
func cutIndexes(path string) (at []int, rest string, err error) {
	for strings.HasPrefix(path, "[") {
		digits, after, ok := strings.Cut(path[1:], "]")
		n, err := strconv.Atoi(digits)
		if !ok || err != nil || n < 0 || digits != strconv.Itoa(n) {
			return nil, "", errors.New("an index is not a number in brackets")
		}
		at, path = append(at, n), after
	}
	return at, path, nil
}
