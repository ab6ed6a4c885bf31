package propose

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/keys"
)

// What is said of values by what they look like, and not declared.

// manyItems is from how many items on it says something that a value is one of few.
const manyItems = 20

// maxShards is how many shards a partition key can have.
const maxShards = 256

// sharded says of the last component of a partition key, which no attribute explains, that it is the number of a shard; "" where it
// does not look like one. Those of entable are a hash of an attribute.
func (b *builder) sharded(p *part) string {
	seen := map[int]bool{}
	most := 0
	for _, text := range p.texts {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n >= maxShards {
			return ""
		}
		seen[n] = true
		most = max(most, n)
	}
	if len(p.texts) < manyItems || len(seen) < 2 || len(p.texts) < 3*len(seen) || 2*len(seen) <= most {
		return ""
	}
	if by := b.hashed(p, most+1); by != "" {
		return by
	}
	return fmt.Sprintf("guess: the number of a shard, 0 to %d, which no attribute tells", most)
}

// hashed looks for an attribute by which entable.Shards makes the numbers, of n shards or some more.
func (b *builder) hashed(p *part, n int) string {
	for _, path := range b.sharedPaths() {
		for shards := n; shards <= min(2*n, maxShards); shards++ {
			if b.hashes(p, path, shards) {
				return fmt.Sprintf("guess: entable.Shards(%d, %q) gives this number: declare the key with it, without a template", shards, path)
			}
		}
	}
	return ""
}

// sharedPaths lists the attributes that all items have.
func (b *builder) sharedPaths() (paths []string) {
	for _, s := range b.sources[0] {
		all := !strings.Contains(s.path, ".") && !slices.ContainsFunc(b.sources, func(of []source) bool {
			return !slices.ContainsFunc(of, func(o source) bool { return o.path == s.path })
		})
		if all {
			paths = append(paths, s.path)
		}
	}
	return paths
}

func (b *builder) hashes(p *part, path string, shards int) bool {
	for row, text := range p.texts {
		s := b.valueAt(row, path)
		v := keys.Value{Kind: keys.Text, S: s.text}
		if n, whole := wholeNumber(s.text); s.num && whole {
			v = keys.Value{Kind: keys.Int, I: n}
		}
		if number, _ := strconv.Atoi(text); keys.Shard(v, shards) != number {
			return false
		}
	}
	return true
}

// derivations are functions that keys are often made with.
var derivations = []struct {
	says string
	of   func(value, text string) bool
}{
	{"%q in small letters", func(value, text string) bool { return strings.ToLower(value) == text }},
	{"%q in capitals", func(value, text string) bool { return strings.ToUpper(value) == text }},
	{"what %q begins with", strings.HasPrefix},
	{"what %q begins with, in small letters", func(value, text string) bool { return strings.HasPrefix(strings.ToLower(value), text) }},
	{"what %q begins with, in capitals", func(value, text string) bool { return strings.HasPrefix(strings.ToUpper(value), text) }},
	{"what %q ends with", strings.HasSuffix},
}

// derived says of a component that no attribute explains that a function of one may make it; "" where none of the usual does.
func (b *builder) derived(p *part) string {
	if len(p.texts) < manyItems || len(slices.Compact(slices.Sorted(slices.Values(p.texts)))) < 2 {
		return ""
	}
	for _, d := range derivations {
		for _, path := range b.sharedPaths() {
			makes := true
			for row, text := range p.texts {
				makes = makes && d.of(b.valueAt(row, path).text, text)
			}
			if makes {
				return "guess: " + fmt.Sprintf(d.says, path) + ", which entable.Derived can make of it"
			}
		}
	}
	return ""
}

// valueAt returns the source of an attribute that all items have.
func (b *builder) valueAt(row int, path string) source {
	return b.sources[row][slices.IndexFunc(b.sources[row], func(s source) bool { return s.path == path })]
}

// fewNumbers reports whether numbers look like those of an enum.
func fewNumbers(values []types.AttributeValue) bool {
	seen := map[string]bool{}
	for _, v := range values {
		n, ok := v.(*types.AttributeValueMemberN)
		if !ok || len(n.Value) > 1 { // 0 to 9
			return false
		}
		seen[n.Value] = true
	}
	return len(values) >= manyItems && 2 <= len(seen) && len(seen) <= 8 && len(values) >= 5*len(seen)
}

// binaryIDs reports whether an attribute of the items is a UUID in bytes, wherever it has a value.
func (s *sample) binaryIDs() bool {
	ids := map[string]int{}
	for _, item := range s.items {
		for name, v := range item {
			b, ok := v.(*types.AttributeValueMemberB)
			if !ok || ids[name] < 0 {
				continue
			}
			ids[name]++
			if _, ok := binaryUUID(b.Value); !ok {
				ids[name] = -1
			}
		}
	}
	for _, n := range ids {
		if n >= few {
			return true
		}
	}
	return false
}
