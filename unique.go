package entable

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/route"
)

// Unique fields, `entable:"unique"`: for each value there is a sentinel item in the table whose key is
// made of the entity, the attribute and the value, and which names the item that holds the value. It is
// written and deleted in one transaction with that item.

// sendGuarded writes an item and its sentinels in one transaction. Its errors are those of a single
// write. What an update is to give back is read afterwards.
func (r *request) sendGuarded(ctx context.Context, c *route.Conn) (loaded, error) {
	t := &transaction{writes: []Write{requestWrite{r}}, requests: []*request{r}}
	if err := t.send(ctx, c, rand.Text()); err != nil {
		return loaded{}, single(err)
	}
	if r.gives != nil {
		return *r.gives, nil
	}
	if r.verb != verbUpdate || r.returns != types.ReturnValueAllNew {
		return loaded{}, nil
	}
	s, err := r.e.readStored(ctx, c, r.key)
	if err != nil {
		return loaded{err: r.carriedOut(err)}, nil
	}
	if s == nil { // deleted since
		return loaded{}, nil
	}
	return s.loaded, nil
}

// single makes the error of a transaction one of a single write.
func single(err error) error {
	te, ok := errors.AsType[*TransactionError](err)
	switch {
	case !ok:
		return err
	case len(te.Reasons) == 0:
		return te.Err
	}
	for _, reason := range te.Reasons { // the item itself, at whichever place, before its unique values
		if failed, ok := errors.AsType[*ConditionFailedError](reason.Err); ok {
			return failed.Err
		}
	}
	return te.Reasons[0].Err
}

// requestWrite is a prepared request as a Write.
type requestWrite struct{ r *request }

func (w requestWrite) entity() *entity                                               { return w.r.e }
func (w requestWrite) prepare(context.Context, *route.Conn, *room) (*request, error) { return w.r, nil }

// UniqueError reports a write whose unique value another item has. Nothing is written. It matches
// [ErrExists].
type UniqueError struct {
	Entity    string
	Attribute string
}

func (e *UniqueError) Error() string {
	return fmt.Sprintf("entable: %s: attribute %q: another item has this value", e.Entity, e.Attribute)
}

// Is matches [ErrExists].
func (e *UniqueError) Is(target error) bool { return target == ErrExists }

func (*UniqueError) entableError() {}
