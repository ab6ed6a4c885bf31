package main

import (
	"fmt"
	"testing"
)

// pagesCases query ten times the items, for which time and memory shall be ten times as much.
func pagesCases() []benchCase {
	var all []benchCase
	for _, n := range []int{500, 5000} {
		all = append(all, benchCase{fmt.Sprint("items=", n), func(testing.TB) work {
			pages := newPaged(n, 1)
			entity := orderEntity(clientOver(pages))
			return work{bytes: pages.bytes(), items: n, want: orders(n), contestants: func() []contestant {
				return []contestant{entableQuery("", entity), handQuery("", clientOver(pages))}
			}}
		}})
	}
	return all
}

// scanCases scan four pages in one segment and side by side in several.
func scanCases() []benchCase {
	var all []benchCase
	for _, segments := range []int{1, 2, 4} {
		all = append(all, benchCase{fmt.Sprint("segments=", segments), func(testing.TB) work {
			pages := newPaged(4*perPage, segments)
			entity := orderEntity(clientOver(pages))
			return work{bytes: pages.bytes(), items: 4 * perPage, want: orders(4 * perPage), contestants: func() []contestant {
				return []contestant{entableScan(entity, segments), handScan(clientOver(pages), segments)}
			}}
		}})
	}
	return all
}

// parallelCases share one table and one client among all goroutines.
func parallelCases() []benchCase {
	return []benchCase{
		{"query500", func(testing.TB) work {
			t := transport(query500)
			client := t.client()
			entity := orderEntity(client)
			return work{parallel: true, bytes: len(t.body), items: 500, want: want(query500), contestants: func() []contestant {
				return []contestant{entableQuery("", entity), handQuery("", client)}
			}}
		}},
		{"get", func(testing.TB) work {
			client := transport(getItem).client()
			entity := orderEntity(client)
			return work{parallel: true, want: want(getItem), contestants: func() []contestant {
				return []contestant{entableGet(entity), handGet(client)}
			}}
		}},
	}
}
