package keys

import (
	"hash/fnv"
	"strconv"
)

// Shard returns the number of the shard, of n, that a value belongs to: its
// FNV-1a hash, modulo n.
func Shard(v Value, n int) int {
	h := fnv.New64a()
	switch v.Kind {
	case Text:
		h.Write([]byte(v.S))
	case Bytes:
		h.Write(v.B)
	case Time:
		h.Write(v.T.UTC().AppendFormat(nil, fullTime))
	case Bool:
		h.Write(strconv.AppendInt(nil, v.I, 10))
	default:
		h.Write(AppendNumber(nil, v, 64))
	}
	return int(h.Sum64() % uint64(n))
}
