package entable

import "golang.org/x/time/rate"

// Limit limits what requests for the table consume, in read and write capacity units a second; a nil limiter limits nothing. Each request of
// each operation, audits included, waits for what it is taken to cost, by its items' sizes, or by the page before it, and settles
// afterwards what the service says that it has consumed, indexes included. A request of more units than the limiter's burst goes through
// when the burst is there, and later ones wait for the rest.
//
// A request that would have to wait past the end of its context fails at once, with an error that matches [context.DeadlineExceeded], and
// is not sent. One that fails has taken what it was taken to cost. A limiter may serve several tables and programs' parts. [WithLimit]
// comes on top.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
func Limit(read, write *rate.Limiter) TableOption {
	return tableOption(func(c *tableConfig) { c.read, c.write = read, write })
}
