package expr

import (
	"slices"
	"strings"
	"unicode/utf16"
)

// tree holds paths that neither overlap nor conflict: the paths of a projection, or the targets of an update.
// Each ends at a leaf; every other tree has branches that are either all names or all indexes.
type tree struct {
	leaf     int // number of the path that ends here, -1 if none does
	branches []branch
}

type branch struct {
	step
	sub *tree
}

// growTree makes the tree of paths, and gives the order in which the service looks at them. It adds them from the
// last to the first, which shows in its errors when there are several.
func growTree(name param, count int, get func(i int) (path, error)) (t *tree, order []int, err error) {
	root := &tree{leaf: -1}
	for i := count - 1; i >= 0; i-- {
		p, err := get(i)
		if err != nil {
			return nil, nil, err
		}
		if verb, other := root.add(p, i); verb != "" {
			return nil, nil, name.refuse("Two document paths " + verb + " with each other; must remove or rewrite one of these paths; path one: " +
				p.String() + ", path two: " + other.String())
		}
	}
	order = root.leaves(nil)
	root.sort()
	return root, order, nil
}

// add grows the tree by a path. If the path collides with one that is there, add says how, and names that other path
// as the service does: the first that it finds where they collide, whether or not it is the one that collides.
func (t *tree) add(p path, leaf int) (verb string, other path) {
	for i, s := range p {
		if len(t.branches) > 0 && (t.branches[0].name == "") != (s.name == "") {
			return "conflict", t.firstPath(p[:i])
		}
		j := slices.IndexFunc(t.branches, func(b branch) bool { return b.step == s })
		if j < 0 {
			j = len(t.branches)
			t.branches = append(t.branches, branch{s, &tree{leaf: -1}})
		} else if sub := t.branches[j].sub; sub.leaf >= 0 || i == len(p)-1 {
			return "overlap", t.firstPath(p[:i])
		}
		t = t.branches[j].sub
	}
	t.leaf = leaf
	return "", nil
}

// firstPath returns the path to the first leaf of the tree at prefix.
func (t *tree) firstPath(prefix path) path {
	p := slices.Clone(prefix)
	for len(t.branches) > 0 {
		b := t.hashOrder()[0]
		p = append(p, b.step)
		t = b.sub
	}
	return p
}

// leaves appends the numbers of the leaves in the order in which the service comes to them.
func (t *tree) leaves(dst []int) []int {
	if t.leaf >= 0 {
		return append(dst, t.leaf)
	}
	for _, b := range t.hashOrder() {
		dst = b.sub.leaves(dst)
	}
	return dst
}

// hashOrder gives the branches, which must still be in the order in which they were added, in the order of the Java hash map
// that the service seems to keep them in. It shows in the choice among several errors. The seeds are fitted to
// recorded messages.
func (t *tree) hashOrder() []branch {
	buckets := 16
	for 4*len(t.branches) > 3*buckets {
		buckets *= 2
	}
	bucket := func(s step) int {
		h := uint32(indexSeed + s.index)
		if s.name != "" {
			h = 0
			for _, c := range utf16.Encode([]rune(s.name)) {
				h = 31*h + uint32(c)
			}
			h += nameSeed
		}
		return int(h^h>>16) & (buckets - 1)
	}
	return slices.SortedStableFunc(slices.Values(t.branches), func(a, b branch) int { return bucket(a.step) - bucket(b.step) })
}

const (
	nameSeed  = 1039681
	indexSeed = 1039681
)

func (t *tree) sort() {
	slices.SortFunc(t.branches, func(a, b branch) int {
		if a.name == "" {
			return a.index - b.index
		}
		return strings.Compare(a.name, b.name)
	})
	for _, b := range t.branches {
		b.sub.sort()
	}
}
