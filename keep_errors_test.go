package entable_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
)

// The texts of errors are read by people and matched by their alarms: a change shows here.
func TestErrorTexts(t *testing.T) {
	const at = `pk="TL#a" sk="TN#1"`
	for _, test := range []struct {
		err  error
		want string
	}{
		{entable.ErrNoClient, "entable: no DynamoDB client: call Table.Use, Entity.Use, SetDefaultClient or WithClient first"},
		{entable.ErrBadCursor, "entable: invalid cursor"},
		{entable.ErrNotFound, "entable: item not found"},
		{entable.ErrExists, "entable: item already exists"},
		{entable.ErrTableNotFound, "entable: table not found, or not active yet"},
		{entable.ErrTableExists, "entable: table already exists, or is being changed"},
		{entable.ErrConflict, "entable: another write is on the item"},
		{entable.ErrThrottled, "entable: throttled"},
		{&entable.DeclarationError{What: "Task", Reason: "wrong"}, "entable: Task: wrong"},
		{&entable.DeclarationError{What: "Task", Field: "field N", Reason: "wrong", Err: io.EOF}, "entable: Task: field N: wrong: EOF"},
		{&entable.OpError{Op: "Get", Entity: "Task", Key: at, Err: entable.ErrNotFound}, `entable: Get Task[pk="TL#a" sk="TN#1"]: item not found`},
		{&entable.OpError{Op: "Create", Entity: "items", Err: io.EOF}, "entable: Create items: EOF"},
		{&entable.KeyError{Entity: "Task", Key: "gsi1pk", Err: errors.New(`attribute "n": text is empty`)},
			`entable: Task: cannot build key gsi1pk: attribute "n": text is empty`},
		{&entable.ConditionFailedError{Entity: "Task"}, "entable: Task: condition failed"},
		{&entable.OpError{Op: "Put", Entity: "Task", Key: at, Err: &entable.ConditionFailedError{Entity: "Task"}}, `entable: Put Task[pk="TL#a" sk="TN#1"]: condition failed`},
		{&entable.ItemTooLargeError{Entity: "Task", Key: at, Size: 500_000, Max: 409_600}, `entable: Task[pk="TL#a" sk="TN#1"]: item of 500000 bytes is above the limit of 409600`},
		{&entable.UnknownEntityError{Table: "items", Type: "Ghost", Key: at}, `entable: table "items": item [pk="TL#a" sk="TN#1"] is of type "Ghost", which is not registered`},
		{&entable.UnknownEntityError{Table: "items", Key: at}, `entable: table "items": item [pk="TL#a" sk="TN#1"] is of no registered entity`},
		{&entable.UnknownEntityError{Table: "items", Want: "Task", Type: "Order", Key: at}, `entable: Task[pk="TL#a" sk="TN#1"]: the stored item is of type "Order"`},
		{&entable.DecodeError{Entity: "Task", Key: at, Err: errors.New("attribute n: cannot decode S into int")},
			`entable: Task[pk="TL#a" sk="TN#1"]: attribute n: cannot decode S into int`},
		{&entable.DecodeError{Entity: "Task", Err: io.EOF}, "entable: Task: EOF"},
		{&entable.KeyMismatchError{Entity: "Task", Key: at, Made: `pk="TI#2"`}, `entable: Task[` + at + `]: the item's fields make the key [pk="TI#2"]`},
		{&entable.KeyMismatchError{Entity: "Task", Key: at, Err: &entable.KeyError{Entity: "Task", Key: "pk", Err: io.EOF}},
			`entable: Task[` + at + `]: the item's fields make no key: cannot build key pk: EOF`},
		{&entable.EncodeError{Entity: "Task", Err: io.EOF}, "entable: Task: EOF"},
		{&entable.HookError{Entity: "Task", Hook: "AfterLoad", Err: io.EOF}, "entable: Task: AfterLoad: EOF"},
		{&entable.ValidationError{Entity: "Task", Fields: []entable.FieldError{{Attribute: "a[0].b", Rule: "oneof", Param: "x y", Kind: "string"}, {Attribute: "c", Rule: "required", Kind: "int"}}},
			`entable: Task: invalid: attribute a[0].b: string value does not satisfy "oneof=x y"; attribute c: int value does not satisfy "required"`},
	} {
		if got := test.err.Error(); got != test.want {
			t.Errorf("text\n%s, want\n%s", got, test.want)
		}
		if !entable.IsError(test.err) || !entable.IsError(fmt.Errorf("wrapped: %w", test.err)) {
			t.Errorf("%T is no error of the package", test.err)
		}
	}
}

func TestErrorsOfOthers(t *testing.T) {
	for _, err := range []error{nil, io.EOF, &types.ResourceNotFoundException{}} {
		if entable.IsError(err) || entable.IsRetryable(err) {
			t.Errorf("%v is ours: %t, retryable: %t", err, entable.IsError(err), entable.IsRetryable(err))
		}
	}
	// The service's answers are matched with and without the operation around them.
	throttled := &types.ProvisionedThroughputExceededException{}
	if !entable.IsRetryable(throttled) || !entable.IsRetryable(&entable.OpError{Err: throttled}) {
		t.Error("throttling is not retryable")
	}
	op := &entable.OpError{Err: throttled}
	for _, other := range []error{entable.ErrNotFound, entable.ErrExists, entable.ErrTableNotFound, entable.ErrTableExists, io.EOF} {
		if errors.Is(op, other) {
			t.Errorf("throttling matches %v", other)
		}
	}
	if !errors.Is(op, entable.ErrThrottled) || !is[*types.ProvisionedThroughputExceededException](op) {
		t.Error("throttling does not match")
	}
}
