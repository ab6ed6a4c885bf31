package engine

import "github.com/entable/entable/internal/engine/value"

// A partial tells how much of a batch may be done. The zero partial lets all be done.
type partial struct {
	limited bool
	limit   int     // parts to do, if limited
	share   float64 // of the parts that is left undone, at least one being done, if it is not 0
	// hot says that a part meets a partition that is out of capacity, nil for none.
	hot func(t *table, key value.Item) bool
}

// A batchPart is one key or write of a batch.
type batchPart struct {
	table *table
	key   value.Item // and perhaps other attributes
}

// choose decides which parts are done. If all parts meet hot partitions, the batch is throttled as a whole, as the service does it.
func (p *partial) choose(parts []batchPart) (done []bool, err error) {
	done = make([]bool, len(parts))
	limit := len(parts)
	if p.limited {
		limit = min(limit, p.limit)
	}
	if p.share > 0 {
		limit = min(limit, max(1, len(parts)-int(p.share*float64(len(parts)))))
	}
	hot := 0
	for i, part := range parts {
		if p.hot != nil && p.hot(part.table, part.key) {
			hot++
			continue
		}
		if done[i] = limit > 0; limit > 0 {
			limit--
		}
	}
	if hot > 0 && hot == len(parts) {
		return nil, clientError("ProvisionedThroughputExceededException", throughputExceeded)
	}
	return done, nil
}
