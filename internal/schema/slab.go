package schema

import (
	"reflect"
	"unsafe"

	"github.com/entable/entable/internal/wire"
)

// maxSlab is the number of bytes that items of one page share at the most.
const maxSlab = 8 << 10

// Slabs allocates the items of a response: for each entity one at first, then sixteen times as many each
// time, but no more than the rest of the response seems to have. It serves as many entities at once as it
// has slabs; others take turns.
//
// It expects types, too: item collections are sorted, so that who follows whom repeats itself. See expected.
type Slabs struct {
	slabs [8]slab
	last  uint8 // of the item before
	right uint8 // how many items in a row were of the expected types
}

type slab struct {
	e          *Entity
	base       unsafe.Pointer
	at         int // r's offset at the last allocation
	left, size int
	next       uint8 // slab of the item that came behind the last one from here
}

// newItem returns a zero item. r stands in front of what it is read from.
func (s *Slabs) newItem(e *Entity, r *wire.Reader) unsafe.Pointer {
	if s == nil {
		return e.NewItem()
	}
	b := &s.slabs[s.number(e)]
	if b.left == 0 {
		b.size = min(16*b.size, maxSlab/max(int(e.Type.Size()), 1), r.Expect(b.size, b.at))
		b.at = r.Offset()
		if b.size < 2 {
			b.size = 1
			return e.NewItem()
		}
		b.left, b.base = b.size, reflect.MakeSlice(reflect.SliceOf(e.Type), b.size, b.size).UnsafePointer()
	}
	ptr := unsafe.Add(b.base, uintptr(b.size-b.left)*e.Type.Size()) // base stays: see copied of wire.Reader
	b.left--
	return ptr
}

// typed returns the entity with a discriminator of which the response has had an item, or nil: there are few.
func (s *Slabs) typed(name string) *Entity {
	if s == nil {
		return nil
	}
	for i := range s.slabs {
		if e := s.slabs[i].e; e != nil && e.TypeValue == name {
			return e
		}
	}
	return nil
}

// expected returns the entity that an item of this response has, if all goes on as it went, or nil where that cannot be said. Whoever
// asks for it must look whether it is right, and then call saw, or call missed.
func (s *Slabs) expected() *Entity {
	if s == nil || s.right < 8 {
		return nil
	}
	return s.slabs[s.slabs[s.last].next].e
}

// saw takes notice of an item's entity.
func (s *Slabs) saw(e *Entity) {
	if s == nil {
		return
	}
	now := s.number(e)
	if before := &s.slabs[s.last]; before.next != now {
		before.next, s.right = now, 0
	} else if s.right < 8 {
		s.right++
	}
	s.last = now
}

func (s *Slabs) missed() { s.right = 0 }

// number returns the slab of an entity: the one that its own number says, where another has not taken it, or else any. Numbers of
// the types of a page often have a common divisor with the number of slabs.
func (s *Slabs) number(e *Entity) uint8 {
	home := uint8(e.number & 7)
	if s.slabs[home].e == e {
		return home
	}
	free := home
	for i := range s.slabs {
		switch other := s.slabs[i].e; {
		case other == e:
			return uint8(i)
		case other == nil && s.slabs[free].e != nil:
			free = uint8(i)
		}
	}
	s.slabs[free] = slab{e: e}
	return free
}

// NewItem returns a zero item of its own.
func (e *Entity) NewItem() unsafe.Pointer { return reflect.New(e.Type).UnsafePointer() }
