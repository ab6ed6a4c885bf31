package change

import (
	"fmt"

	"github.com/entable/entable/internal/codec"
)

// An upsert has to give a new item all its index keys, and to leave those of a stored item right, of which it knows only what it
// sets itself. For each index, that is
//
//   - all components known: the key is written.
//   - nothing but fills (values for items that have none): a stored item has its components and keeps its key,
//     if_not_exists(key, that of a new item); the guard is that the item is new or has them all.
//   - a component changes, and others are not known: they are taken to be those of a new item; the guard is that the stored item
//     has the same, or none.
//
// When a guard fails, the item that came back with the failure makes all components known.

// Open reports whether it depends on the stored item which key of an index an upsert has to write.
func (a *After) Open(x Index) bool {
	i := a.look(x)
	return len(i.open) > 0 && (i.filled || i.moved || i.missing != nil)
}

// AddNew adds to an upsert what the key of an index needs if its components are not known, and returns the guards for that.
// none: it is known that no item is stored.
func (a *After) AddNew(u *Update, x Index, pk string, none bool) ([]Guard, error) {
	i := a.look(x)
	switch {
	case len(i.open) == 0 || a.leaves(x):
		return nil, nil
	case i.missing != nil:
		return nil, Refusal(fmt.Sprintf("the upsert does not give attribute %q, of which the key of index %q is made, so that a new item would not be in it: "+
			"set it too, or give its field a default or omitempty", i.missing.Name, x.IndexName()))
	case len(x.KeyNames()) == 0:
		return nil, nil
	case i.moved || none:
		return a.assumeNew(i.open)
	case i.filled:
		return a.keepKey(u, x, i, pk)
	}
	return nil, nil
}

// insight is what the changes of an upsert mean for an index.
type insight struct {
	open    []*codec.Field // the components that are not known
	missing *codec.Field   // one that a new item would not have but should
	sparse  bool           // a new item is not in the index
	filled  bool           // a component gets a value if it has none
	moved   bool           // a component changes
}

func (a *After) look(x Index) insight {
	var i insight
	for _, f := range x.Components() {
		named, fills := a.Changes.Has(f.Name), a.Changes.Fills(f.Name)
		i.filled, i.moved = i.filled || fills, i.moved || named && !fills
		if a.knows(f.Name) {
			continue
		}
		i.open = append(i.open, f)
		if !named && x.Needs(f) && i.missing == nil {
			i.missing = f
		}
	}
	i.sparse = x.Absent(a.Fresh, nil)
	return i
}

// assumeNew takes attributes to be what they are in a new item.
func (a *After) assumeNew(open []*codec.Field) ([]Guard, error) {
	var guards []Guard
	for _, f := range open {
		g := Is(f.Name, nil)
		if a.Changes.Fills(f.Name) && a.Changes.Of(f.Name)[0].Stored == nil { // no two sealed values are the same
			now, err := StoredForm(f, a.Fresh)
			if err != nil {
				return nil, err
			}
			g = Either(g, Is(f.Name, now))
		}
		guards = append(guards, g)
		if err := a.Find(f, nil); err != nil {
			return nil, err
		}
	}
	return guards, nil
}

// keepKey gives a new item its keys of an index, and a stored one nothing.
func (a *After) keepKey(u *Update, x Index, i insight, pk string) ([]Guard, error) {
	a.kept = append(a.kept, x)
	var has []string
	for _, f := range i.open {
		if a.Changes.Fills(f.Name) {
			has = append(has, f.Name)
		}
	}
	if !i.sparse {
		values, err := x.KeyValues(a.Fresh)
		if err != nil {
			return nil, err
		}
		for n, key := range x.KeyNames() {
			u.Fill(key, values[n])
			has = append(has, key)
		}
	}
	return []Guard{Either(Is(pk, nil), Has(has...))}, nil
}
