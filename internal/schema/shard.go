package schema

import (
	"unsafe"

	"github.com/entable/entable/internal/keys"
)

// maxShards bounds the queries that one query becomes.
const maxShards = 256

// shard is the last component of a sharded partition key.
type shard struct {
	n  int
	of component // what is hashed
}

// number returns the shard of the item at ptr: the FNV-1a hash of the attribute as it would stand in a key.
func (s *shard) number(ptr unsafe.Pointer) (int, error) {
	v, err := s.of.value(ptr)
	if err != nil {
		return 0, err
	}
	return keys.Shard(v, s.n), nil
}

// addShards makes the component that Shards declares.
func (r *registration) addShards(s *keySettings, p Part, what string, sort bool) error {
	if sort {
		return r.errorf(what, "Shards belongs to a PK")
	}
	if p.Shards < 2 || p.Shards > maxShards {
		return r.errorf(what, "Shards(%d): use 2 to %d", p.Shards, maxShards)
	}
	f := r.e.Plan.Field(p.Text)
	if f == nil {
		return r.errorf(what, "Shards: unknown attribute %q: %s has %s", p.Text, r.e.Type, attrNames(r.e.Plan))
	}
	of, err := componentOf(f)
	if err != nil {
		return r.errorf(r.fieldName(f), "%s", err)
	}
	if err := r.sealComponent(&of, what); err != nil {
		return err
	}
	s.shard = &component{
		field: f, root: f, path: f.Name,
		Seg:   shardSegment(of.Seg, p.Shards),
		shard: &shard{n: p.Shards, of: of},
	}
	return nil
}

// shards returns the number of partitions that a key's values are spread over.
func (k *Key) shards() int {
	if n := len(k.comps); n > 0 && k.comps[n-1].shard != nil {
		return k.comps[n-1].shard.n
	}
	return 1
}

// partitions lists the texts of the partitions that hold the items with the key fields at ptr.
func (k *Key) partitions(ptr unsafe.Pointer) ([][]byte, error) {
	if k.shards() == 1 {
		text, err := k.AppendText(nil, ptr)
		return [][]byte{text}, err
	}
	vals, err := k.values(ptr, nil, len(k.comps)-1)
	if err != nil {
		return nil, err
	}
	out := make([][]byte, k.shards())
	for i := range out {
		shard := keys.Value{Kind: keys.Int, I: int64(i)}
		if out[i], err = k.pattern.Append(nil, append(vals[:len(vals):len(vals)], shard)); err != nil {
			return nil, err
		}
		if err := k.checkLength(len(out[i])); err != nil {
			return nil, err
		}
	}
	return out, nil
}
