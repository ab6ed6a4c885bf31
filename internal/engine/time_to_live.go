package engine

// ttlSettings name the attribute that holds the moment an item expires, in
// seconds since 1970.
type ttlSettings struct {
	enabled   bool
	attribute string
}
