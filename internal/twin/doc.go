// Package twin holds tests alone: random writes of every form, over a line that loses answers and beside other writers, are carried
// out by the mapper and by a map of Go values, and must do the same.
package twin
