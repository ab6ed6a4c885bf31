package engine

import (
	"github.com/entable/entable/internal/engine/input"
)

// An action is what a request on one item asks for, and so does each part of a transaction: an item or its key, with
// expressions. It is judged in the order of the service: first what can be told from the request alone (parse), then
// what depends on the table (prepare). A transaction does the one for all its actions before it does the other.
type action struct {
	tableName string
	item      *input.Item // Put's item or the others' key
	texts     expressionTexts
	// takesValues are the parameters that can use ExpressionAttributeValues, for the message if all are missing.
	takesValues []string
	// frames says that faults of expressions and values are reported in a frame.
	frames bool
	// also judges the rest of the request when its values have been judged, nil for nothing.
	also      func() error
	returnOld bool
	make      func(a *action, t *table) (*write, error)

	exprs expressions
	write *write
}

// The kinds of actions.

func makePut(a *action, t *table) (*write, error)    { return t.put(a.item.Item) }
func makeDelete(a *action, t *table) (*write, error) { return t.delete(a.item.Item) }
func makeUpdate(a *action, t *table) (*write, error) { return t.update(a.item.Item, a.exprs.update) }

// makeCheck makes a write that changes nothing: a condition, or the place of a read.
func makeCheck(a *action, t *table) (*write, error) {
	key, err := t.checkKey(a.item.Item)
	if err != nil {
		return nil, err
	}
	return &write{table: t, key: key, keyItem: a.item.Item}, nil
}

// parse judges what can be told from the action alone.
func (a *action) parse() error {
	err := a.texts.checkUse(a.takesValues...)
	if err == nil {
		err = a.item.Err
	}
	if err != nil {
		return a.frame(err)
	}
	if a.also != nil {
		if err := a.also(); err != nil {
			return err
		}
	}
	a.exprs, err = a.texts.parse()
	return a.frame(err)
}

func (a *action) frame(err error) error {
	if err == nil || !a.frames {
		return err
	}
	return framed(err)
}

// prepare makes the action's write.
func (a *action) prepare(t *table) error {
	w, err := a.make(a, t)
	if err != nil {
		return err
	}
	if err := t.checkPaths(a.exprs); err != nil {
		return err
	}
	w.condition, w.returnOld = a.exprs.condition, a.returnOld
	a.write = w
	return nil
}

// begin judges an action that is a request of its own.
func (ac *Account) begin(a *action) (*write, error) {
	if err := a.parse(); err != nil {
		return nil, err
	}
	t, err := ac.table(a.tableName)
	if err != nil {
		return nil, err
	}
	if err := a.prepare(t); err != nil {
		return nil, err
	}
	return a.write, nil
}
