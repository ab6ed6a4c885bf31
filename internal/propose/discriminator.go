package propose

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// typeNames are what attributes that hold an item's type are called, without case and punctuation; the first is the best.
var typeNames = []string{
	"entitytype", "itemtype", "objecttype", "recordtype", "typename", "type", "entity", "et", "kind", "model", "modelname",
	"discriminator", "doctype", "class", "object", "edbe",
}

// maxTypes is how many values a discriminator can have in a sample.
const maxTypes = 200

// discriminator returns the attribute that holds the items' types, "" for none: a text in most of the items, with few
// values, and one that follows from the form of the item's keys. An attribute that is not called as one must go along with
// the items' other attributes as well.
func (s *sample) discriminator() string {
	type choice struct {
		name string
		rank int
	}
	var choices []choice
	for name, values := range s.texts() {
		rank := typeRank(name)
		n := 0
		for _, count := range values {
			n += count
		}
		if rank < 0 && len(values) > 1 && len(values)*2 <= n {
			rank = len(typeNames)
		}
		if rank >= 0 {
			choices = append(choices, choice{name, rank})
		}
	}
	slices.SortFunc(choices, func(a, b choice) int { return cmp.Or(a.rank-b.rank, cmp.Compare(a.name, b.name)) })
	for _, c := range choices {
		if s.tells(c.name, c.rank < len(typeNames)) {
			return c.name
		}
	}
	return ""
}

// typeRank returns the place of an attribute's name among those of types, -1 if it is none.
func typeRank(name string) int {
	return slices.Index(typeNames, strings.ToLower(strings.Trim(strings.NewReplacer("_", "", "-", "").Replace(name), "$.")))
}

// texts returns the attributes that are texts with few values in most of the items, and these values.
func (s *sample) texts() map[string]map[string]int {
	owned := s.table.keyAttrs()
	out := map[string]map[string]int{}
	wrong := map[string]bool{}
	for _, item := range s.items {
		for name, v := range item {
			a, key := owned[name]
			text, ok := v.(*types.AttributeValueMemberS)
			if !ok || text.Value == "" || key && (s.table.composed(name) || a == s.table.PK || a == s.table.SK) {
				wrong[name] = true
				continue
			}
			if out[name] == nil {
				out[name] = map[string]int{}
			}
			if out[name][text.Value]++; len(out[name]) > maxTypes || len(text.Value) > 64 {
				wrong[name] = true
			}
		}
	}
	maps.DeleteFunc(out, func(name string, values map[string]int) bool {
		n := 0
		for _, count := range values {
			n += count
		}
		return wrong[name] || 2*n <= len(s.items)
	})
	return out
}

// tells reports whether the form of an item's keys decides the value of the attribute.
func (s *sample) tells(name string, named bool) bool {
	values := map[string]string{}
	attrs := map[string]map[string]bool{}
	for i, item := range s.items {
		value, _ := scalar(item[name])
		keys := s.skeletons(i, name)
		id := keys[0].pattern() + "\n" + keys[1].pattern()
		if have, ok := values[id]; ok && have != value {
			return false
		}
		values[id] = value
		if attrs[value] == nil {
			attrs[value] = map[string]bool{}
		}
		for attr := range item {
			attrs[value][attr] = true
		}
	}
	if named {
		return true
	}
	kinds := map[string]bool{}
	for _, set := range attrs {
		kinds[strings.Join(slices.Sorted(maps.Keys(set)), "\n")] = true
	}
	return len(attrs) > 1 && len(kinds) == len(attrs)
}
