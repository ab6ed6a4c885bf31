package engine

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/entable/entable/internal/engine/input"
	"github.com/entable/entable/internal/engine/value"
)

// A Log notes requests, whether they were done or refused.
type Log struct {
	db      *DB
	mu      sync.Mutex
	entries []LogEntry
}

// A LogEntry is one request.
type LogEntry struct {
	Operation string
	At        time.Time
	// Uses are what the request needs: actions, each on a resource.
	Uses []Use
	// ReadUnits and WriteUnits are the capacity that it consumed.
	ReadUnits, WriteUnits float64
	// Error is the code of the refusal, "" if there was none.
	Error string
}

// A Use is an action of IAM on a resource, such as "dynamodb:Query" on "table/orders/index/by-date", with the partition keys that
// it is about, in order. Nothing that goes over a whole table has these.
type Use struct {
	Action, Resource string
	Keys             []string
}

// StartLog begins to note requests, until the log is stopped.
func (db *DB) StartLog() *Log {
	l := &Log{db: db}
	db.faults.mu.Lock()
	defer db.faults.mu.Unlock()
	db.faults.logs = append(db.faults.logs, l)
	db.faults.count()
	return l
}

// Stop ends the log. What it has stays.
func (l *Log) Stop() {
	f := &l.db.faults
	f.mu.Lock()
	defer f.mu.Unlock()
	f.logs = slices.DeleteFunc(f.logs, func(other *Log) bool { return other == l })
	f.count()
}

// Entries gives the requests so far, in the order in which they ended.
func (l *Log) Entries() []LogEntry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.entries)
}

func (l *Log) add(e LogEntry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, e)
}

// actionNames are the actions of IAM for the parts of a transaction.
var actionNames = map[string]string{
	"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem", "Get": "GetItem",
}

// uses tells what the request needs.
func (c *Call) uses() []Use {
	var in struct {
		keyed
		IndexName, StreamArn, ResourceArn, ShardIterator string
		TransactItems                                    []map[string]keyed
		RequestItems                                     map[string]batched
	}
	_ = json.Unmarshal(c.Body, &in) // what cannot be read needs nothing
	n := needs{call: c, keys: map[need]map[string]bool{}}
	for _, actions := range in.TransactItems {
		for name, k := range actions {
			n.add(actionNames[name], k)
		}
	}
	for name, b := range in.RequestItems {
		n.add(c.Operation, keyed{TableName: name})
		for _, key := range b.Keys {
			n.add(c.Operation, keyed{TableName: name, Key: key})
		}
		for _, w := range b.writes {
			for _, k := range w {
				n.add(c.Operation, keyed{name, k.Key, k.Item})
			}
		}
	}
	stream, _, _ := strings.Cut(in.ShardIterator, "|")
	for _, arn := range []string{in.StreamArn, in.ResourceArn, stream} {
		if _, resource, ok := strings.Cut(arn, ":table/"); ok {
			n.note(c.Operation, "table/"+resource, "")
		}
	}
	switch resource := "table/" + input.TableName(in.TableName); {
	case in.TableName == "":
	case c.Operation == "ListStreams":
		n.note(c.Operation, resource+"/stream/*", "")
	case in.IndexName != "":
		n.note(c.Operation, resource+"/index/"+in.IndexName, c.queried())
	case c.Operation == "Query":
		n.note(c.Operation, resource, c.queried())
	default:
		n.add(c.Operation, in.keyed)
	}
	return n.list()
}

// needs collects what a request needs.
type needs struct {
	call *Call
	keys map[need]map[string]bool
}

type need struct{ action, resource string }

func (n *needs) add(operation string, k keyed) {
	key, _ := n.call.partitionOf(k)
	n.note(operation, "table/"+input.TableName(k.TableName), keyText(key))
}

func (n *needs) note(operation, resource, key string) {
	at := need{"dynamodb:" + operation, resource}
	if n.keys[at] == nil {
		n.keys[at] = map[string]bool{}
	}
	if key != "" {
		n.keys[at][key] = true
	}
}

// queried returns the partition key of a Query.
func (c *Call) queried() string {
	v, _ := c.queriedPartition()
	return keyText(v)
}

// keyText returns the value of a key attribute, in base64 if it is binary; "" for none.
func keyText(v value.Value) string {
	if v.IsNone() {
		return ""
	}
	var typed map[string]string
	_ = json.Unmarshal(v.AppendJSON(nil), &typed) // the engine's own
	for _, text := range typed {
		return text
	}
	return ""
}

func (n *needs) list() (list []Use) {
	for at, keys := range n.keys {
		list = append(list, Use{Action: at.action, Resource: at.resource, Keys: slices.Sorted(maps.Keys(keys))})
	}
	slices.SortFunc(list, func(a, b Use) int { return strings.Compare(a.Action+" "+a.Resource, b.Action+" "+b.Resource) })
	return list
}

// reporter is the input of an operation that can report what it consumes.
type reporter interface{ report() **capacityReport }

func (in *putItemInput) report() **capacityReport            { return &in.ReturnConsumedCapacity }
func (in *getItemInput) report() **capacityReport            { return &in.ReturnConsumedCapacity }
func (in *updateItemInput) report() **capacityReport         { return &in.ReturnConsumedCapacity }
func (in *deleteItemInput) report() **capacityReport         { return &in.ReturnConsumedCapacity }
func (in *queryInput) report() **capacityReport              { return &in.ReturnConsumedCapacity }
func (in *scanInput) report() **capacityReport               { return &in.ReturnConsumedCapacity }
func (in *batchGetItemInput) report() **capacityReport       { return &in.ReturnConsumedCapacity }
func (in *batchWriteItemInput) report() **capacityReport     { return &in.ReturnConsumedCapacity }
func (in *transactGetItemsInput) report() **capacityReport   { return &in.ReturnConsumedCapacity }
func (in *transactWriteItemsInput) report() **capacityReport { return &in.ReturnConsumedCapacity }

// metered runs an operation with its capacity reported, takes the total from the answer, and leaves in the answer what
// the request asked for.
func metered(r reporter, run func() ([]byte, error)) (out []byte, units float64, err error) {
	asked := *r.report()
	*r.report() = new(reportIndexes)
	if out, err = run(); err != nil {
		return nil, 0, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(out, &members); err != nil {
		return nil, 0, err
	}
	raw := members["ConsumedCapacity"]
	isList := len(raw) > 0 && raw[0] == '['
	if raw != nil && !isList {
		raw = slices.Concat([]byte("["), raw, []byte("]"))
	}
	var used []map[string]json.RawMessage
	if raw != nil {
		if err := json.Unmarshal(raw, &used); err != nil {
			return nil, 0, err
		}
	}
	for _, u := range used {
		var n float64
		if err := json.Unmarshal(u["CapacityUnits"], &n); err != nil {
			return nil, 0, err
		}
		units += n
		for _, part := range []string{"Table", "LocalSecondaryIndexes", "GlobalSecondaryIndexes"} {
			if asked.wanted() && *asked == reportTotal {
				delete(u, part)
			}
		}
	}
	switch {
	case !asked.wanted() || used == nil:
		delete(members, "ConsumedCapacity")
	case isList:
		members["ConsumedCapacity"], err = json.Marshal(used)
	default:
		members["ConsumedCapacity"], err = json.Marshal(used[0])
	}
	if err != nil {
		return nil, 0, err
	}
	out, err = json.Marshal(members)
	return out, units, err
}

// reads are the operations whose capacity is that of reading.
var reads = []string{"GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems"}

// log notes a request in all logs.
func (f *faults) log(c *Call, at time.Time, units float64, err error) {
	f.mu.Lock()
	logs := slices.Clone(f.logs)
	f.mu.Unlock()
	if len(logs) == 0 {
		return
	}
	e := LogEntry{Operation: c.Operation, At: at, Uses: c.uses(), WriteUnits: units}
	if slices.Contains(reads, c.Operation) {
		e.ReadUnits, e.WriteUnits = units, 0
	}
	switch {
	case errors.Is(err, errDropped):
		e.Error = "connection dropped"
	case err != nil:
		_, e.Error, _ = strings.Cut(asError(err).Type, "#")
	}
	for _, l := range logs {
		l.add(e)
	}
}
