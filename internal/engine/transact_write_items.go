package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/entable/entable/internal/engine/input"
)

// TransactWriteItems
//
// Behaviour:
//   - 1 to 100 actions, no two on one item; all are done, or none.
//   - Every action sees the items as they were before the transaction.
//   - What can be told from the request alone (expressions, sizes, empty keys,
//     duplicates) is a ValidationException, and so are missing tables a
//     ResourceNotFoundException. What shows only when an action meets its table or
//     item cancels the transaction: TransactionCanceledException, with a reason for
//     each action in the order of the request, Code "None" for those at no fault.
//   - Reasons: ConditionalCheckFailed (with the item, if it was asked for) and
//     ValidationError (key types, operands, the size of an updated item). What comes
//     behind the first ValidationError is not judged.
//   - The items and keys of a request are 4 MB at most.
//   - A ClientRequestToken makes the request idempotent for ten minutes: the same
//     again answers without writing, and a different one with the same token is an
//     IdempotentParameterMismatchException.
//   - Capacity is double that of the same writes outside a transaction.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html

const (
	maxTransactionSize = 4 << 20
	// invalidAction is the code of a reason that lies in the action itself.
	invalidAction = "ValidationError"
)

type transactWriteItemsInput struct {
	ClientRequestToken          *string             `is:"len=1:36"`
	TransactItems               []transactWriteItem `is:"required len=1:100"`
	ReturnConsumedCapacity      *capacityReport     `is:"enum=INDEXES|TOTAL|NONE"`
	ReturnItemCollectionMetrics *string             `is:"enum=SIZE|NONE"`
}

type transactWriteItem struct {
	ConditionCheck *conditionCheck
	Put            *transactPut
	Delete         *transactDelete
	Update         *transactUpdate
}

type conditionCheck struct {
	TableName                           *string    `is:"required table"`
	Key                                 input.Item `is:"required"`
	ConditionExpression                 *string    `is:"required"`
	ExpressionAttributeNames            map[string]string
	ExpressionAttributeValues           input.Values
	ReturnValuesOnConditionCheckFailure *string `is:"enum=ALL_OLD|NONE"`
}

type transactPut struct {
	TableName                           *string    `is:"required table"`
	Item                                input.Item `is:"required"`
	ConditionExpression                 *string
	ExpressionAttributeNames            map[string]string
	ExpressionAttributeValues           input.Values
	ReturnValuesOnConditionCheckFailure *string `is:"enum=ALL_OLD|NONE"`
}

type transactDelete struct {
	TableName                           *string    `is:"required table"`
	Key                                 input.Item `is:"required"`
	ConditionExpression                 *string
	ExpressionAttributeNames            map[string]string
	ExpressionAttributeValues           input.Values
	ReturnValuesOnConditionCheckFailure *string `is:"enum=ALL_OLD|NONE"`
}

type transactUpdate struct {
	TableName                           *string    `is:"required table"`
	Key                                 input.Item `is:"required"`
	UpdateExpression                    *string    `is:"required"`
	ConditionExpression                 *string
	ExpressionAttributeNames            map[string]string
	ExpressionAttributeValues           input.Values
	ReturnValuesOnConditionCheckFailure *string `is:"enum=ALL_OLD|NONE"`
}

// A transactAction is one action, and why its write could not be made.
type transactAction struct {
	action
	reason reason
}

func (in *transactWriteItem) action() (*transactAction, error) {
	var actions []*transactAction
	add := func(kind actionKind, table *string, item *input.Item, update, condition *string,
		names map[string]string, values input.Values, returns *string) {
		actions = append(actions, &transactAction{action: action{
			tableName: *table, item: item, returnOld: deref(returns) == "ALL_OLD", kind: kind, sized: true, older: true,
			texts:       expressionTexts{update: update, condition: condition, names: names, values: values},
			takesValues: []string{"ConditionExpression"},
		}})
	}
	if c := in.ConditionCheck; c != nil {
		add(checkAction, c.TableName, &c.Key, nil, c.ConditionExpression,
			c.ExpressionAttributeNames, c.ExpressionAttributeValues, c.ReturnValuesOnConditionCheckFailure)
	}
	if p := in.Put; p != nil {
		add(putAction, p.TableName, &p.Item, nil, p.ConditionExpression,
			p.ExpressionAttributeNames, p.ExpressionAttributeValues, p.ReturnValuesOnConditionCheckFailure)
	}
	if d := in.Delete; d != nil {
		add(deleteAction, d.TableName, &d.Key, nil, d.ConditionExpression,
			d.ExpressionAttributeNames, d.ExpressionAttributeValues, d.ReturnValuesOnConditionCheckFailure)
	}
	if u := in.Update; u != nil {
		add(updateAction, u.TableName, &u.Key, u.UpdateExpression, u.ConditionExpression,
			u.ExpressionAttributeNames, u.ExpressionAttributeValues, u.ReturnValuesOnConditionCheckFailure)
	}
	switch len(actions) {
	case 0:
		return nil, validation("Invalid Request: TransactWriteRequest should contain Delete or Put or Update request")
	case 1:
		return actions[0], nil
	}
	return nil, validation("TransactItems can only contain one of Check, Put, Update or Delete")
}

// prepare makes the action's write; a fault of its key or item becomes its reason.
func (a *transactAction) prepare(t *table) error {
	if err := a.action.prepare(t); err != nil {
		e := asError(err)
		if e.upFront {
			return e
		}
		a.reason = reason{code: invalidAction, message: e.Message}
	}
	return nil
}

func (ac *Account) transactWriteItems(in *transactWriteItemsInput) ([]byte, error) {
	actions, err := in.actions(ac)
	if err != nil {
		return nil, err
	}
	if in.ClientRequestToken == nil {
		return in.commit(actions)
	}
	return ac.tokens.once(*in.ClientRequestToken, in.digest(), ac.cfg.Now(),
		func() ([]byte, error) { return in.commit(actions) },
		func() []byte { return in.answerAgain(actions) })
}

func (in *transactWriteItemsInput) actions(ac *Account) ([]*transactAction, error) {
	actions := make([]*transactAction, len(in.TransactItems))
	size := 0
	for i := range in.TransactItems {
		a, err := in.TransactItems[i].action()
		if err != nil {
			return nil, err
		}
		if err := a.parse(); err != nil {
			return nil, err
		}
		size += a.item.Size()
		actions[i] = a
	}
	if size > maxTransactionSize {
		return nil, validation(fmt.Sprintf("Transaction payload size cannot exceed 4MB. Payload Size: %d", size))
	}
	type target struct {
		table *table
		key   string
	}
	seen := map[target]bool{}
	for _, a := range actions {
		t, err := ac.table(a.tableName)
		if err != nil {
			return nil, err
		}
		if err := a.prepare(t); err != nil {
			return nil, err
		}
		if a.write == nil {
			continue
		}
		if seen[target{t, a.write.key}] {
			return nil, validation("Transaction request cannot include multiple operations on one item")
		}
		seen[target{t, a.write.key}] = true
	}
	return actions, nil
}

// commit decides all actions under the locks of all tables, then does them.
func (in *transactWriteItemsInput) commit(actions []*transactAction) ([]byte, error) {
	var tables []*table
	for _, a := range actions {
		if a.write != nil {
			tables = append(tables, a.write.table)
		}
	}
	unlock := lockTables(tables, (*table).lock)
	defer unlock()
	olds, recs := make([]*record, len(actions)), make([]*record, len(actions))
	reasons := make([]reason, len(actions))
	for i, a := range actions {
		if reasons[i] = a.reason; a.write == nil {
			break
		}
		olds[i] = a.write.table.items.get(a.write.key)
		var err error
		if recs[i], err = a.write.decide(olds[i]); err != nil {
			reasons[i] = reasonOf(err)
		}
		if reasons[i].code == invalidAction {
			break
		}
	}
	if slices.ContainsFunc(reasons, func(r reason) bool { return r.code != "" }) {
		return nil, canceled(reasons)
	}
	used := newConsumptions()
	for i, a := range actions {
		w, c := a.write, used.of(a.write.table)
		if !w.changes() {
			c.write(olds[i], olds[i])
			continue
		}
		w.table.store(w.key, olds[i], recs[i], c)
	}
	return in.answer(actions, used), nil
}

func (t *table) lock() func() {
	t.mu.Lock()
	return t.mu.Unlock
}

func (t *table) rlock() func() {
	t.mu.RLock()
	return t.mu.RUnlock
}

// lockTables locks each table once. Everybody who locks more than one does so in
// the order of names (and of creation, of two tables that had one name one after
// the other), so that no two can wait for each other.
func lockTables(tables []*table, lock func(*table) func()) (unlock func()) {
	tables = slices.Clone(tables)
	slices.SortFunc(tables, func(a, b *table) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return strings.Compare(a.id, b.id)
	})
	var unlocks []func()
	for _, t := range slices.Compact(tables) {
		unlocks = append(unlocks, lock(t))
	}
	return func() {
		for _, u := range unlocks {
			u()
		}
	}
}

func reasonOf(err error) reason {
	e := asError(err)
	if strings.HasSuffix(e.Type, "#ConditionalCheckFailedException") {
		return reason{code: "ConditionalCheckFailed", message: e.Message, item: e.Item}
	}
	return reason{code: invalidAction, message: e.Message}
}

func canceled(reasons []reason) *Error {
	codes := make([]string, len(reasons))
	for i, r := range reasons {
		if codes[i] = r.code; r.code == "" {
			codes[i] = "None"
		}
	}
	e := clientError("TransactionCanceledException",
		"Transaction cancelled, please refer cancellation reasons for specific reasons "+list(codes))
	e.Reasons = reasons
	return e
}

func (in *transactWriteItemsInput) answer(actions []*transactAction, used *consumptions) []byte {
	o := newObject(32)
	if in.ReturnConsumedCapacity.wanted() {
		appendConsumptions(o, used.doubled(), *in.ReturnConsumedCapacity, true)
	}
	if deref(in.ReturnItemCollectionMetrics) == "SIZE" {
		in.appendMetrics(o, actions)
	}
	return o.close()
}

func (in *transactWriteItemsInput) appendMetrics(o *object, actions []*transactAction) {
	metrics := newObject(64)
	byTable := map[*table][]*write{}
	for _, a := range actions {
		if t := a.write.table; a.write.changes() && t.hasLocalIndex() {
			byTable[t] = append(byTable[t], a.write)
		}
	}
	for _, a := range actions {
		if ws := byTable[a.write.table]; ws != nil {
			appendTableMetrics(metrics, a.tableName, ws)
			delete(byTable, a.write.table)
		}
	}
	if len(metrics.b) > 1 {
		o.member("ItemCollectionMetrics")
		o.b = append(o.b, metrics.close()...)
	}
}

// answerAgain answers a request that has been done already. It costs what reading
// the items in a transaction costs.
func (in *transactWriteItemsInput) answerAgain(actions []*transactAction) []byte {
	used := newConsumptions()
	for _, a := range actions {
		if a.write != nil {
			used.of(a.write.table).reads += readUnits(sizeOf(a.write.table.get(a.write.key)), true)
		}
	}
	o := newObject(32)
	if in.ReturnConsumedCapacity.wanted() {
		appendConsumptions(o, used.doubled(), *in.ReturnConsumedCapacity, true)
	}
	return o.close()
}

// digest tells whether two requests are the same: everything but the token and
// what is to be reported counts.
func (in *transactWriteItemsInput) digest() string {
	var b []byte
	part := func(texts ...string) {
		for _, s := range texts {
			b = appendString(b, s)
		}
	}
	for i := range in.TransactItems {
		a, err := in.TransactItems[i].action()
		if err != nil {
			continue
		}
		t := &in.TransactItems[i]
		part(fmt.Sprint(t.ConditionCheck != nil, t.Put != nil, t.Delete != nil, t.Update != nil, a.returnOld),
			a.tableName, deref(a.texts.update), deref(a.texts.condition))
		b = a.item.AppendJSON(b)
		b = appendStrings(b, a.texts.names)
		b = appendValues(b, a.texts.values.Map)
	}
	return string(b)
}

// consumptions collect the capacity that a transaction consumes, by table.
type consumptions struct {
	list    []*consumption
	byTable map[*table]*consumption
}

func newConsumptions() *consumptions { return &consumptions{byTable: map[*table]*consumption{}} }

func (c *consumptions) of(t *table) *consumption {
	if c.byTable[t] == nil {
		c.byTable[t] = &consumption{tableName: t.name}
		c.list = append(c.list, c.byTable[t])
	}
	return c.byTable[t]
}

func (c *consumptions) doubled() []*consumption {
	for _, one := range c.list {
		one.double()
	}
	return c.list
}
