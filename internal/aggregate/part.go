package aggregate

import (
	"bytes"
	"slices"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/change"
	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
)

// Part is an item that was read in part, of which lists, maps and sets are changed. They are set as wholes: what one has stored that was
// not read would be lost.
type Part struct {
	Held
	names []string // of these attributes
}

// ChangedPart returns what the item at before, which may be nil, is when its user changes it into the one at after; nil where nothing
// can be lost.
func ChangedPart(e *schema.Entity, before, after unsafe.Pointer) (*Part, error) {
	if before == nil || !e.IsPart(before) {
		return nil, nil
	}
	changed, err := ByUser(e, before, after)
	if err != nil {
		return nil, err
	}
	p := &Part{Held: Held{Entity: e, Before: before}}
	for _, name := range change.Names(changed) {
		was, err := p.stored(name, before)
		if err != nil {
			return nil, err
		}
		is, err := p.stored(name, after)
		if err != nil {
			return nil, err
		}
		if hasElements(was) || hasElements(is) {
			p.names = append(p.names, name)
		}
	}
	if len(p.names) == 0 {
		return nil, nil
	}
	return p, nil
}

// stored returns what an attribute of the item at ptr is stored as.
func (p *Part) stored(name string, ptr unsafe.Pointer) ([]byte, error) {
	if f := p.Entity.Plan.Field(name); f != nil {
		raw, err := f.AppendFrom(nil, ptr)
		if err != nil {
			return nil, wrong(p.Entity, err)
		}
		return raw, nil
	}
	if v, ok := rest(p.Entity, ptr)[name]; ok {
		return p.Entity.AppendRestValue(nil, name, v)
	}
	return nil, nil
}

// hasElements reports whether a value is a list, a map or a set.
func hasElements(raw []byte) bool {
	if len(raw) == 0 {
		return false
	}
	k, err := wire.NewReader(raw).OpenValue()
	return err == nil && (k == wire.L || k == wire.M || k == wire.SS || k == wire.NS || k == wire.BS)
}

// Guard returns the condition that the attributes are stored as they were read, which does not hold where they are only written
// otherwise than entable does. stored is the item where it is known, or nil; decode reads one.
func (p *Part) Guard(stored map[string]types.AttributeValue, decode func(map[string]types.AttributeValue) unsafe.Pointer) (g change.Guard, err error) {
	h := p.Held
	alike := func(item map[string]types.AttributeValue) bool {
		at := decode(item)
		return at != nil && p.Unlike(at) == ""
	}
	if stored != nil && alike(stored) {
		h.Seen = stored
	}
	all, err := h.are(p.names)
	if err != nil {
		return g, err
	}
	g.Condition = all[0]
	for _, c := range all[1:] {
		g.Condition = g.Condition.And(c)
	}
	g.Holds = func(item map[string]types.AttributeValue) bool { return h.Seen != nil || !alike(item) }
	return g, nil
}

// Unlike returns the first of the attributes that the item at ptr has otherwise than it was read; "" for none.
func (p *Part) Unlike(ptr unsafe.Pointer) string {
	i := slices.IndexFunc(p.names, func(name string) bool {
		was, err := p.stored(name, p.Before)
		is, err2 := p.stored(name, ptr)
		return err != nil || err2 != nil || !bytes.Equal(was, is)
	})
	if i < 0 {
		return ""
	}
	return p.names[i]
}
