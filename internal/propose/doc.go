// Package propose makes declarations of items that are stored already: from a sample of a table, the Go types of each kind
// of item and the templates of their keys, as a Go file. Then it declares them itself and reports which of the sampled
// items come back as they were.
//
//   - sample.go, lines.go, scan.go: the table and the items, from files or from the service
//   - skeleton.go, group.go, merge.go, discriminator.go: which items are of one kind
//   - source.go, format.go, align.go, key.go, loose.go: a key as fixed texts and the values of attributes
//   - types.go, names.go, title.go: Go types and names
//   - kind.go, joined.go: what is proposed for one kind; propose.go: for all
//   - check.go: the proposal, declared and tried on the sample
//   - print.go: the Go file
//
// What is proposed is a guess from the sample, and the same for the same sample. Where other items show that it was wrong, the
// declarations refuse them when they are read, and attributes that no sampled item has are kept by a field for the rest. Maps
// inside of items have no such field: the file says so where it takes one for a struct.
package propose
