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
type Slabs [8]slab

type slab struct {
	e          *Entity
	base       unsafe.Pointer
	at         int // r's offset at the last allocation
	left, size int
}

// newItem returns a zero item. r stands in front of what it is read from.
func (s *Slabs) newItem(e *Entity, r *wire.Reader) unsafe.Pointer {
	if s == nil {
		return e.NewItem()
	}
	b := s.of(e)
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
	for i := range s {
		if e := s[i].e; e != nil && e.TypeValue == name {
			return e
		}
	}
	return nil
}

// of returns the slab of an entity: the one that its number says, where another has not taken it, or else any. Numbers of
// the types of a page often have a common divisor with the number of slabs.
func (s *Slabs) of(e *Entity) *slab {
	home := &s[e.number&7]
	if home.e == e {
		return home
	}
	b := home
	for i := range s {
		if s[i].e == e {
			return &s[i]
		}
		if s[i].e == nil && b.e != nil {
			b = &s[i]
		}
	}
	*b = slab{e: e}
	return b
}

// NewItem returns a zero item of its own.
func (e *Entity) NewItem() unsafe.Pointer { return reflect.New(e.Type).UnsafePointer() }
