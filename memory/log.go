package memory

import (
	"slices"
	"time"

	"github.com/entable/entable/internal/engine"
)

// A RequestLog notes the requests to a database, so that a test can say what the code under test sent, what that cost, and
// which permissions it needs. It is safe for concurrent use.
//
//	log := db.Log()
//	defer log.Stop()
//	…
//	if units := log.ReadUnits(); units > 10 { … }
//	fmt.Println(log.Permissions()) // [dynamodb:PutItem table/orders dynamodb:Query table/orders/index/by-date]
//
// While a log runs, requests take a few times longer.
type RequestLog struct{ log *engine.Log }

// A LoggedRequest is one request, each attempt of a client being one.
type LoggedRequest struct {
	// Operation is the operation's name, such as "PutItem".
	Operation string
	// At is when it ended, by the database's clock.
	At time.Time
	// Permissions are the actions of IAM that it needs, each with its resource: "dynamodb:Query table/orders/index/by-date".
	// A transaction needs those of its parts. They are in the order of their texts.
	Permissions []string
	// LeadingKeys are the partition keys of the items that it is about, or of the partition of a Query, for each of the
	// permissions, in order: what dynamodb:LeadingKeys is in the condition of a policy. Binary ones are in base64. What goes over a
	// whole table, and what is about no item, has none.
	LeadingKeys map[string][]string
	// ReadUnits and WriteUnits are the capacity that it consumed, indexes included, whether it asked for them or not. A
	// refused request consumes none here.
	ReadUnits, WriteUnits float64
	// Error is the code of the error that it was answered with, such as "ConditionalCheckFailedException", or "".
	Error string
}

// Log begins to note requests, until the log is stopped.
func (db *DB) Log() *RequestLog { return &RequestLog{db.engine.StartLog()} }

// Stop ends the log. What it has noted stays.
func (l *RequestLog) Stop() { l.log.Stop() }

// Requests returns the requests so far, in the order in which they ended.
func (l *RequestLog) Requests() []LoggedRequest {
	entries := l.log.Entries()
	list := make([]LoggedRequest, len(entries))
	for i, e := range entries {
		list[i] = LoggedRequest{Operation: e.Operation, At: e.At, ReadUnits: e.ReadUnits, WriteUnits: e.WriteUnits, Error: e.Error,
			LeadingKeys: map[string][]string{}}
		for _, u := range e.Uses {
			p := u.Action + " " + u.Resource
			if list[i].Permissions = append(list[i].Permissions, p); len(u.Keys) > 0 {
				list[i].LeadingKeys[p] = u.Keys
			}
		}
	}
	return list
}

// Operations returns the names of the operations so far, in order.
func (l *RequestLog) Operations() []string {
	var names []string
	for _, e := range l.log.Entries() {
		names = append(names, e.Operation)
	}
	return names
}

// ReadUnits returns the read capacity that all requests so far have consumed.
func (l *RequestLog) ReadUnits() float64 {
	sum := 0.0
	for _, e := range l.log.Entries() {
		sum += e.ReadUnits
	}
	return sum
}

// WriteUnits returns the write capacity that all requests so far have consumed.
func (l *RequestLog) WriteUnits() float64 {
	sum := 0.0
	for _, e := range l.log.Entries() {
		sum += e.WriteUnits
	}
	return sum
}

// Permissions returns what all requests so far need, each once, in order: what a least-privilege policy has to allow.
func (l *RequestLog) Permissions() []string {
	var all []string
	for _, r := range l.Requests() {
		all = append(all, r.Permissions...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
