// Package propose makes declarations of items that are stored already: from a sample of a table, the Go types of each kind
// of item and the templates of their keys, as a Go file. Then it declares them itself and reports which of the sampled
// items come back as they were.
//
//   - sample.go, lines.go, scan.go: the table and the items, from files or from the service
//   - skeleton.go, group.go, merge.go, discriminator.go: which items are of one kind
//   - align.go, source.go, format.go: a key as fixed texts and the values of attributes
//   - types.go, names.go: the Go types and names of attributes
//   - kind.go: what is proposed for one kind; propose.go: for all
//   - check.go: the proposal, declared and tried on the sample
//   - print.go: the Go file
//
// What is proposed is a guess from the sample, and made such that a wrong guess shows: as an error of the declarations when
// other items are read, never as an item that is written otherwise than it was. It is the same for the same sample.
package propose
