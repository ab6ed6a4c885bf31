package propose

import (
	"strconv"
	"strings"
)

// plainLabels say nothing of the kind of item that a sort key with them is of.
var plainLabels = map[string]bool{
	"A": true, "CURRENT": true, "DATA": true, "DETAIL": true, "DETAILS": true, "INFO": true, "ITEM": true, "MAIN": true,
	"META": true, "METADATA": true, "PROFILE": true, "RECORD": true, "ROOT": true, "SELF": true, "V": true,
}

// title returns a name for the Go type: that of the discriminator's value, or of the labels in the keys, or the table's.
func (k *Kind) title(t *Table, taken namer) string {
	var names []string
	if k.Value != "" {
		names = append(names, goName(k.Value))
	}
	pk, sk := labels(k.PK), labels(k.SK)
	switch {
	case len(sk) > 0 && !plainLabels[strings.ToUpper(sk[0])]:
		names = append(names, goName(sk[0]))
		if len(pk) > 0 {
			names = append(names, goName(pk[0]+" "+sk[0]))
		}
	case len(pk) > 0:
		names = append(names, goName(pk[0]))
	}
	if all := strings.Join(append(pk, sk...), " "); all != "" {
		names = append(names, goName(all))
	}
	if len(names) == 0 {
		names = append(names, goName(singular(t.Name)))
	}
	for _, name := range names {
		if taken.free(name) {
			return name
		}
	}
	return names[0]
}

func singular(text string) string {
	if strings.HasSuffix(text, "s") && !strings.HasSuffix(text, "ss") && len(text) > 3 {
		return text[:len(text)-1]
	}
	return text
}

// labels returns the words of a key's fixed texts that name something.
func labels(k *Key) (words []string) {
	if k == nil || k.Own {
		return nil
	}
	for _, p := range k.parts {
		for _, w := range humps(p.fixed) {
			if letters(w) > 1 || len(k.parts) == 1 {
				words = append(words, w)
			}
		}
	}
	return words
}

// free reports whether a name for a type is free, and that of its variable.
func (n namer) free(name string) bool { return !n[name] && !n[plural(name)] }

// pair takes names for a type and for its variable.
func (n namer) pair(want string) (name, variable string) {
	name = want
	for i := 2; !n.free(name); i++ {
		name = want + strconv.Itoa(i)
	}
	n[name], n[plural(name)] = true, true
	return name, plural(name)
}
