package change

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// The library's own expressions are spelled here, just as the SDK's builders spell them, at a fraction of their cost. What the
// caller gives is spelled by those, and its placeholders are numbered on. For example, of an update with a condition:
//
//	own, exists pk      (attribute_exists (#0)) AND          names #0 pk
//	caller's, #0 = :0   (#1 = :0)                            names #1 status, values :0
//	own, set            SET #1 = :1                          values :1
//
// Names are numbered where they first stand, and values each time.

// A phrase is a part of an expression: a text in which # stands for what a path names, and : for each of the values.
type phrase struct {
	text   string
	root   string
	steps  []step
	values []types.AttributeValue
}

// Condition is a condition on a stored item: the library's own, or the caller's.
type Condition struct {
	phrase
	join  string // what stands between the parts
	parts []Condition
	by    *expression.ConditionBuilder
}

// By returns the caller's condition.
func By(c expression.ConditionBuilder) Condition { return Condition{by: &c} }

// Exists returns the condition that there is an attribute.
func Exists(name string) Condition { return own("attribute_exists (#)", name) }

// Absent returns the condition that there is no attribute.
func Absent(name string) Condition { return own("attribute_not_exists (#)", name) }

// Equal returns the condition that an attribute has a value.
func Equal(name string, v types.AttributeValue) Condition { return own("# = :", name, v) }

// AtMost returns the condition that an attribute has a value or a lower one.
func AtMost(name string, v types.AttributeValue) Condition { return own("# <= :", name, v) }

// OneOf returns the condition that an attribute has one of some texts, of which there is at least one.
func OneOf(name string, texts []string) Condition {
	values := make([]types.AttributeValue, len(texts))
	for i, text := range texts {
		values[i] = &types.AttributeValueMemberS{Value: text}
	}
	return own("# IN (:"+strings.Repeat(", :", len(texts)-1)+")", name, values...)
}

func own(text, name string, values ...types.AttributeValue) Condition {
	return Condition{phrase: phrase{text: text, root: name, values: values}}
}

// And returns the condition that both hold.
func (c Condition) And(d Condition) Condition {
	return Condition{join: " AND ", parts: []Condition{c, d}}
}

// Or returns the condition that one of both holds.
func (c Condition) Or(d Condition) Condition {
	return Condition{join: " OR ", parts: []Condition{c, d}}
}

// Update is the changes of an update expression. The zero value is none.
type Update struct {
	add, del, remove, set []phrase
	bounds                []Condition // that must hold for the changes
}

// Set sets an attribute.
func (u *Update) Set(name string, v types.AttributeValue) {
	u.set = append(u.set, phrase{text: "# = :", root: name, values: []types.AttributeValue{v}})
}

// Fill sets an attribute that is absent.
func (u *Update) Fill(name string, v types.AttributeValue) {
	u.set = append(u.set, phrase{text: fill, root: name, values: []types.AttributeValue{v}})
}

// Remove removes an attribute.
func (u *Update) Remove(name string) { u.remove = append(u.remove, phrase{text: "#", root: name}) }

// Raise adds one to a number, which is 0 if it is absent.
func (u *Update) Raise(name string) {
	u.set = append(u.set, phrase{text: plus, root: name, values: []types.AttributeValue{number("0"), number("1")}})
}

const (
	fill = "# = if_not_exists(#, :)"
	plus = "# = if_not_exists(#, :) + :"
)

// The values of an expression are its own: who gets a request may change it.

func number(text string) types.AttributeValue { return &types.AttributeValueMemberN{Value: text} }

func emptyList() types.AttributeValue {
	return &types.AttributeValueMemberL{Value: []types.AttributeValue{}}
}

// Expression is the expressions of one request, with the names and values that they share. A nil one has none.
type Expression struct {
	update, condition string
	names             map[string]string
	values            map[string]types.AttributeValue
}

// Update returns the update expression, nil for none.
func (x *Expression) Update() *string { return unlessEmpty(&x.orEmpty().update) }

// Condition returns the condition, nil for none.
func (x *Expression) Condition() *string { return unlessEmpty(&x.orEmpty().condition) }

// Names returns what the placeholders of names stand for.
func (x *Expression) Names() map[string]string { return x.orEmpty().names }

// Values returns what the placeholders of values stand for, nil if there are none.
func (x *Expression) Values() map[string]types.AttributeValue { return x.orEmpty().values }

var noExpression Expression

func (x *Expression) orEmpty() *Expression {
	if x == nil {
		return &noExpression
	}
	return x
}

func unlessEmpty(s *string) *string {
	if *s == "" {
		return nil
	}
	return s
}

// Express spells an update, which may be nil, and conditions that all must hold. The caller's are spelled by spell.
func Express(u *Update, conditions []Condition, spell func(expression.ConditionBuilder) (*expression.Expression, error)) (*Expression, error) {
	w := spellers.Get().(*speller)
	w.spell = spell
	defer w.free()
	if u != nil {
		conditions = append(slices.Clip(conditions), u.bounds...)
	}
	if err := w.joined(" AND ", conditions); err != nil {
		return nil, err
	}
	n := len(w.text)
	if u != nil {
		w.clause("ADD ", u.add)
		w.clause("DELETE ", u.del)
		w.clause("REMOVE ", u.remove)
		w.clause("SET ", u.set)
	}
	text := string(w.text)
	x := &Expression{condition: text[:n], update: text[n:], names: make(map[string]string, len(w.names))}
	for i, name := range w.names {
		x.names[nameHolder(i)] = name
	}
	if len(w.values) > 0 {
		x.values = make(map[string]types.AttributeValue, len(w.values))
	}
	for i, v := range w.values {
		x.values[valueHolder(i)] = v
	}
	return x, nil
}

// A speller writes expressions. It is used again: what it has written stays its own.
type speller struct {
	text   []byte
	names  []string
	values []types.AttributeValue
	spell  func(expression.ConditionBuilder) (*expression.Expression, error)
}

var spellers = sync.Pool{New: func() any { return &speller{} }}

func (w *speller) free() {
	clear(w.names)
	clear(w.values)
	*w = speller{text: w.text[:0], names: w.names[:0], values: w.values[:0]}
	spellers.Put(w)
}

func (w *speller) joined(join string, parts []Condition) error {
	if len(parts) == 1 {
		return w.condition(&parts[0])
	}
	for i := range parts {
		if i > 0 {
			w.text = append(w.text, join...)
		}
		w.text = append(w.text, '(')
		if err := w.condition(&parts[i]); err != nil {
			return err
		}
		w.text = append(w.text, ')')
	}
	return nil
}

func (w *speller) condition(c *Condition) error {
	switch {
	case c.by != nil:
		return w.callers(*c.by)
	case c.parts != nil:
		return w.joined(c.join, c.parts)
	}
	w.phrase(&c.phrase)
	return nil
}

// callers writes a condition of the caller's, and gives its placeholders other numbers.
func (w *speller) callers(c expression.ConditionBuilder) error {
	x, err := w.spell(c)
	if err != nil {
		return err
	}
	names, values := x.Names(), x.Values()
	for rest := *x.Condition(); rest != ""; {
		n := strings.IndexAny(rest, "#:")
		if n < 0 {
			w.text = append(w.text, rest...)
			break
		}
		w.text = append(w.text, rest[:n]...)
		var holder string
		if holder, rest = cutWord(rest[n:]); holder[0] == '#' {
			w.name(names[holder])
		} else {
			w.value(values[holder])
		}
	}
	return nil
}

func (w *speller) clause(verb string, phrases []phrase) {
	for i := range phrases {
		if i == 0 {
			w.text = append(w.text, verb...)
		} else {
			w.text = append(w.text, ", "...)
		}
		w.phrase(&phrases[i])
	}
	if len(phrases) > 0 {
		w.text = append(w.text, '\n')
	}
}

func (w *speller) phrase(t *phrase) {
	values := t.values
	for i := range len(t.text) {
		switch c := t.text[i]; c {
		case '#':
			w.path(t.root, t.steps)
		case ':':
			w.value(values[0])
			values = values[1:]
		default:
			w.text = append(w.text, c)
		}
	}
}

func (w *speller) path(root string, steps []step) {
	w.name(root)
	for _, s := range steps {
		if s.name != "" {
			w.text = append(w.text, '.')
			w.name(s.name)
		} else {
			w.text = append(strconv.AppendInt(append(w.text, '['), int64(s.at), 10), ']')
		}
	}
}

func (w *speller) name(name string) {
	i := slices.Index(w.names, name)
	if i < 0 {
		i = len(w.names)
		w.names = append(w.names, name)
	}
	w.text = append(w.text, nameHolder(i)...)
}

func (w *speller) value(v types.AttributeValue) {
	w.text = append(w.text, valueHolder(len(w.values))...)
	w.values = append(w.values, v)
}

// holders are the first placeholders.
var holders = func() (h [2][32]string) {
	for i := range h[0] {
		h[0][i], h[1][i] = "#"+strconv.Itoa(i), ":"+strconv.Itoa(i)
	}
	return h
}()

func nameHolder(i int) string {
	if i < len(holders[0]) {
		return holders[0][i]
	}
	return "#" + strconv.Itoa(i)
}

func valueHolder(i int) string {
	if i < len(holders[1]) {
		return holders[1][i]
	}
	return ":" + strconv.Itoa(i)
}
