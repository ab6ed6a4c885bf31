package propose

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Table is what is known of a table besides its items.
type Table struct {
	Name    string
	PK, SK  Attr // SK without a name: none
	Indexes []Index
	// Guess: the indexes that are not given are guessed from the names of attributes, as gsi1pk.
	Guess bool
}

// Attr is a key attribute; its type is the service's: "S", "N" or "B".
type Attr struct{ Name, Type string }

// Index is an index of a table. A local one has the table's partition key in PK.
type Index struct {
	Name       string
	Local      bool
	PK, SK     []Attr // up to four
	Projection string // "ALL", "KEYS_ONLY" or "INCLUDE"
	Include    []string
}

// native reports whether the keys are more attributes than two, which only attributes of the items can be.
func (x *Index) native() bool { return len(x.PK)+len(x.SK) > 2 }

func (t *Table) index(name string) *Index {
	return &t.Indexes[slices.IndexFunc(t.Indexes, func(x Index) bool { return x.Name == name })]
}

// Item is a stored item.
type Item = map[string]types.AttributeValue

// keyNames are names of attributes that hold composed keys, and no value of their own.
var keyNames = regexp.MustCompile(`(?i)^_?((gsi|lsi|index|idx|i|ix)[-_]?[0-9]*[-_]?)?(s|p|h|r|hash|range|partition|sort|primary)[-_]?(k|key)?[-_]?[0-9]*$`)

// keyEnds are what names of such attributes end with, behind the name of an index.
var keyEnds = []string{"pk", "sk", "hash", "range", "hashkey", "rangekey", "partitionkey", "sortkey"}

// composed reports whether an attribute is called as one that is made of others.
func (t *Table) composed(name string) bool {
	if keyNames.MatchString(name) {
		return true
	}
	for _, x := range t.Indexes {
		if len(name) > len(x.Name) && strings.EqualFold(name[:len(x.Name)], x.Name) &&
			slices.Contains(keyEnds, strings.ToLower(strings.Trim(name[len(x.Name):], "_-."))) {
			return true
		}
	}
	return false
}

// Complete fills in what is not known of the table, guessing from items: the key attributes and their types.
func (t *Table) Complete(items []Item) {
	if t.PK.Name == "" {
		t.PK.Name = keyIn(items, "pk", "hash", "partition", "hashkey", "partitionkey", "p", "id")
		if t.SK.Name == "" {
			t.SK.Name = keyIn(items, "sk", "range", "sort", "rangekey", "sortkey", "s")
		}
	}
	if t.Guess && t.Indexes == nil {
		t.guessIndexes(items)
	}
	t.PK.complete(items)
	t.SK.complete(items)
	for i := range t.Indexes {
		x := &t.Indexes[i]
		for _, a := range []*[]Attr{&x.PK, &x.SK} {
			for j := range *a {
				(*a)[j].complete(items)
			}
		}
		if x.Projection == "" {
			x.Projection = "ALL"
		}
	}
}

// indexKey is what the partition keys of indexes are often called.
var indexKey = regexp.MustCompile(`^((?i)gsi[-_]?[0-9]*)([-_]?)((?i)pk|hash)$`)

// guessIndexes adds an index for each attribute that is called as the partition key of one.
func (t *Table) guessIndexes(items []Item) {
	attrs := map[string]bool{}
	for _, item := range items {
		for name := range item {
			attrs[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		m := indexKey.FindStringSubmatch(name)
		if m == nil {
			continue
		}
		x := Index{Name: m[1], PK: []Attr{{Name: name}}}
		for _, sort := range []string{"sk", "SK", "Sk", "range", "RANGE", "Range"} {
			if sk := m[1] + m[2] + sort; attrs[sk] && x.SK == nil {
				x.SK = []Attr{{Name: sk}}
			}
		}
		t.Indexes = append(t.Indexes, x)
	}
}

// complete finds the type that the attribute has in the items.
func (a *Attr) complete(items []Item) {
	if a.Name == "" || a.Type != "" {
		return
	}
	a.Type = "S"
	for _, item := range items {
		switch item[a.Name].(type) {
		case *types.AttributeValueMemberN:
			a.Type = "N"
		case *types.AttributeValueMemberB:
			a.Type = "B"
		case *types.AttributeValueMemberS:
		default:
			continue
		}
		return
	}
}

// keyIn returns the attribute that all items have and that is called as the first of names that there is, "" for none.
func keyIn(items []Item, names ...string) string {
	if len(items) == 0 {
		return ""
	}
	all := slices.Sorted(maps.Keys(items[0]))
	for _, name := range names {
		for _, attr := range all {
			plain := strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(attr))
			if plain == name && !slices.ContainsFunc(items, func(i Item) bool { return i[attr] == nil }) {
				return attr
			}
		}
	}
	return ""
}

// keyAttrs returns the names of the attributes that are keys of the table or of an index.
func (t *Table) keyAttrs() map[string]Attr {
	out := map[string]Attr{t.PK.Name: t.PK}
	if t.SK.Name != "" {
		out[t.SK.Name] = t.SK
	}
	for _, x := range t.Indexes {
		for _, a := range slices.Concat(x.PK, x.SK) {
			out[a.Name] = a
		}
	}
	return out
}

// scalar returns the text of an S or N.
func scalar(v types.AttributeValue) (text string, ok bool) {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return v.Value, true
	case *types.AttributeValueMemberN:
		return v.Value, true
	}
	return "", false
}

// plain returns the text of a key attribute for people.
func plain(v types.AttributeValue) string {
	if b, ok := v.(*types.AttributeValueMemberB); ok {
		return string(b.Value)
	}
	text, _ := scalar(v)
	return text
}
