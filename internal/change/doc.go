// Package change says what a change of an update means: the paths into items, what the service is asked to do there, and
// what it will make of an item.
//
//   - path.go: the text of a path; target.go: what it names in a type; find.go: the path of a field
//   - change.go: Change, its value as it is stored, its part of an update expression
//   - expression.go: updates and conditions of the library's own, spelled without the SDK's builders, and the caller's among them
//   - list.go: the changes of one update; guard.go: what must hold of the stored item for the service to do what they mean; range.go: what keeps numbers in the range of their types
//   - apply.go: what the service will make of an attribute, and of a struct that holds the item
//   - stored.go: a struct's field as it is stored, and back
//   - check.go, value.go: whether a condition is about what items have; the values in it
//
// Errors name the path or the attribute, neither the entity nor the package that the user sees. Those of [Resolve] are about
// the call, all others about the value. Values that
// are only read can be shared between goroutines.
package change
