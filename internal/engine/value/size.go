package value

// Size returns what the service counts for the value, in bytes:
//
//   - S, B: their UTF-8 or raw bytes
//   - N: 1, plus 1 for each pair of digits on both sides of the point, plus 1 below zero, 21 at most
//   - BOOL, NULL: 1
//   - sets: the sum of their elements
//   - L, M: 3, plus 1 for each element, plus the elements and the names
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
func (v Value) Size() int {
	switch v.kind {
	case S, B:
		return len(v.data)
	case N:
		return min(len(v.data), maxNumberSize)
	case BOOL, NULL:
		return 1
	case SS, NS, BS:
		n := 0
		for d := v.data; d != ""; {
			var e string
			e, d = cutText(d)
			if v.kind == NS {
				e = e[:min(len(e), maxNumberSize)]
			}
			n += len(e)
		}
		return n
	case L:
		n := containerSize
		for d := v.data; d != ""; {
			var e Value
			e, d = cutValue(d)
			n += elementSize + e.Size()
		}
		return n
	case M:
		it := Item{v.data}
		return containerSize + elementSize*it.Len() + it.Size()
	}
	return 0
}

const (
	maxNumberSize = 21
	containerSize = 3
	elementSize   = 1
)

// Size returns what the service counts for the item: the sum of names and values.
func (it Item) Size() int {
	n := 0
	for d := it.data; d != ""; {
		var a Attr
		a, d = cutAttr(d)
		n += len(a.Name) + a.Value.Size()
	}
	return n
}

// Depth returns the number of lists and maps that lie in one another: 0 for a scalar or a set.
func (v Value) Depth() int {
	deepest := 0
	switch v.kind {
	case L:
		for d := v.data; d != ""; {
			var e Value
			e, d = cutValue(d)
			deepest = max(deepest, e.Depth())
		}
	case M:
		deepest = Item{v.data}.Depth()
	default:
		return 0
	}
	return deepest + 1
}

// Depth returns that of the deepest attribute.
func (it Item) Depth() int {
	deepest := 0
	for d := it.data; d != ""; {
		var a Attr
		a, d = cutAttr(d)
		deepest = max(deepest, a.Value.Depth())
	}
	return deepest
}
