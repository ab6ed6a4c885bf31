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

// growTree makes the tree of paths. The service adds them from the last to the first, which shows in
// its errors when there are several.
func growTree(name param, count int, get func(i int) (path, *Error)) (*tree, *Error) {
	root := &tree{leaf: -1}
	for i := count - 1; i >= 0; i-- {
		p, err := get(i)
		if err != nil {
			return nil, err
		}
		if verb, other := root.add(p, i); verb != "" {
			return nil, name.refuse("Two document paths " + verb + " with each other; must remove or rewrite one of these paths; path one: " +
				p.String() + ", path two: " + other.String())
		}
	}
	root.sort()
	return root, nil
}

// add grows the tree by a path. If the path collides with one that is there, add says how, and names the other path
// as the service does: not always the one that collides, but the one the service comes upon last when it looks below
// the place of the collision.
func (t *tree) add(p path, leaf int) (verb string, other path) {
	for i, s := range p {
		if len(t.branches) > 0 && (t.branches[0].name == "") != (s.name == "") {
			return "conflict", t.lastPath(p[:i])
		}
		j := slices.IndexFunc(t.branches, func(b branch) bool { return b.step == s })
		if j < 0 {
			j = len(t.branches)
			t.branches = append(t.branches, branch{s, &tree{leaf: -1}})
		} else if sub := t.branches[j].sub; sub.leaf >= 0 || i == len(p)-1 {
			return "overlap", t.lastPath(p[:i])
		}
		t = t.branches[j].sub
	}
	t.leaf = leaf
	return "", nil
}

// lastPath is the path to the last leaf of the tree at prefix, when branches come in the order of the hash map that
// the service seems to keep them in: javaHash is fitted to recorded messages.
func (t *tree) lastPath(prefix path) path {
	p := slices.Clone(prefix)
	for len(t.branches) > 0 {
		buckets := 16
		for 4*len(t.branches) > 3*buckets {
			buckets *= 2
		}
		last, best := 0, -1
		for i, b := range t.branches {
			if at := int(javaHash(b.step)) & (buckets - 1); at > best {
				last, best = i, at
			}
		}
		p = append(p, t.branches[last].step)
		t = t.branches[last].sub
	}
	return p
}

func javaHash(s step) uint32 {
	h, power := uint32(17), uint32(1)
	if s.name == "" {
		return h + uint32(s.index)
	}
	for _, c := range slices.Backward(utf16.Encode([]rune(s.name))) {
		h += power * uint32(c)
		power *= 31
	}
	return h
}

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
