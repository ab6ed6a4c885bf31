// Package expr parses, checks and evaluates the five kinds of DynamoDB expressions.
package expr

import "github.com/entable/entable/internal/engine/value"

// Error is an expression that the service would refuse, with the whole text of its
// ValidationException.
type Error struct{ Message string }

func (e *Error) Error() string { return e.Message }

// Params holds the names and values of one request. It notes which of them are used, so one Params serves one
// request and one goroutine; the parsed expressions do not keep it.
type Params struct{}

// ParseValues reads ExpressionAttributeValues.
func ParseValues(json []byte) (map[string]value.Value, error) { return nil, nil }

// NewParams checks the placeholders of a request. A nil map is an absent parameter; an empty one is an error.
func NewParams(names map[string]string, values map[string]value.Value) (*Params, error) {
	return &Params{}, nil
}

// Unused reports placeholders that no expression used; ask after all expressions were parsed.
func (p *Params) Unused() error { return nil }

// Condition is a parsed condition or filter: immutable, safe for concurrent use.
type Condition struct{}

// ParseCondition parses the text of the parameter named param.
func ParseCondition(param, text string, p *Params) (*Condition, error) { return &Condition{}, nil }

// Eval says whether the item meets the condition. It does not fail and does not allocate.
func (c *Condition) Eval(item value.Item) bool { return false }

// Attributes lists the top-level attributes that the condition names, in order of appearance, each once.
func (c *Condition) Attributes() []string { return nil }

// Op is the operator of a key condition.
type Op uint8

// The operators that key conditions may have.
const (
	Equal Op = iota + 1
	Less
	LessOrEqual
	Greater
	GreaterOrEqual
	Between
	BeginsWith
)

// KeyTerm is one conjunct of a key condition. Low is the only operand, or the lower bound of Between; High is
// the upper bound.
type KeyTerm struct {
	Attribute string
	Op        Op
	Low, High value.Value
}

// KeyCondition is a parsed KeyConditionExpression: a conjunction, at most one term for each attribute.
type KeyCondition struct{ Terms []KeyTerm }

// ParseKeyCondition parses a KeyConditionExpression.
func ParseKeyCondition(text string, p *Params) (*KeyCondition, error) { return &KeyCondition{}, nil }

// Projection is a parsed ProjectionExpression: immutable, safe for concurrent use.
type Projection struct{}

// ParseProjection parses a ProjectionExpression.
func ParseProjection(text string, p *Params) (*Projection, error) { return &Projection{}, nil }

// Apply gives the parts of the item that the projection names.
func (p *Projection) Apply(item value.Item) value.Item { return item }

// Attributes lists the top-level attributes that the projection names, in order of appearance, each once.
func (p *Projection) Attributes() []string { return nil }

// Update is a parsed UpdateExpression: immutable, safe for concurrent use.
type Update struct{}

// ParseUpdate parses an UpdateExpression.
func ParseUpdate(text string, p *Params) (*Update, error) { return &Update{}, nil }

// Apply gives the item after the update. A missing item is the item of its key attributes.
func (u *Update) Apply(item value.Item) (value.Item, error) { return item, nil }

// Attributes lists the top-level attributes that the update changes, in order of appearance, each once.
func (u *Update) Attributes() []string { return nil }

// Touched gives the parts of item at the paths that the update names: UPDATED_OLD of the item before,
// UPDATED_NEW of the item after.
func (u *Update) Touched(item value.Item) value.Item { return item }

// OnlyRemoves says whether the update has nothing but REMOVE and DELETE actions: it creates no item... see Apply.
func (u *Update) OnlyRemoves() bool { return false }
