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
	// onlyOld refuses returnValues other than NONE and ALL_OLD, sized an item that is too big.
	onlyOld, sized bool
	// older says that faults of values have the words that they had before 2026.
	older        bool
	returnValues *string
	returnOld    bool
	kind         actionKind

	exprs expressions
	write *write
}

type actionKind uint8

const (
	checkAction actionKind = iota // changes nothing: a condition, or the place of a read
	putAction
	deleteAction
	updateAction
)

func (a *action) make(t *table) (*write, error) {
	switch a.kind {
	case putAction:
		return t.put(a.item.Item)
	case deleteAction:
		return t.delete(a.item.Item)
	case updateAction:
		return t.update(a.item.Item, a.exprs.update)
	}
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
	if a.onlyOld {
		if err := checkReturnsOld(a.returnValues); err != nil {
			return err
		}
	}
	if a.sized {
		if err := checkItemSize(a.item.Item); err != nil {
			return err
		}
	}
	a.exprs, err = a.texts.parse()
	return a.frame(err)
}

func (a *action) frame(err error) error {
	if !a.older {
		err = newer(err)
	}
	if err == nil || !a.frames {
		return err
	}
	return framed(err)
}

// prepare makes the action's write.
func (a *action) prepare(t *table) error {
	w, err := a.make(t)
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
