package explorer

import (
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/bridge"
	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/schema"
)

// queryPage is a query by the fields of an example.
type queryPage struct {
	Entity   kind
	Index    string
	All      bool // items of all types in the partition
	PK, SK   []field
	High     []field // the upper bounds of between
	Ops      []choice
	Reversed bool
	Shards   int
	Shard    int // the one that is shown, from 1
	Note     string
	Problem  string
	Variable string
	*result
}

// Ran reports whether the query was sent.
func (p *queryPage) Ran() bool { return p.result != nil }

// field is a field of the form.
type field struct {
	Name, Path, Kind, Value string
}

type choice struct {
	Value, Label string
	On           bool
}

// ops are what a query may ask of the sort key.
var ops = []struct {
	value, label, method string
	op                   schema.SortOp
}{
	{"", "any", "", schema.AnySort},
	{"eq", "equal to", "Equal", schema.Equal},
	{"prefix", "starts with", "Prefix", schema.Prefix},
	{"ge", "from", "GreaterEqual", schema.GreaterEqual},
	{"gt", "above", "Greater", schema.Greater},
	{"le", "up to", "LessEqual", schema.LessEqual},
	{"lt", "below", "Less", schema.Less},
	{"between", "between", "Between", schema.Between},
	{"get", "one item (Get)", "", schema.AnySort},
}

func (h *Handler) query(v *view) error {
	e, index := h.entity(v.form.Get("entity")), v.form.Get("index")
	if e == nil {
		return notFound(fmt.Sprintf("there is no entity %q", v.form.Get("entity")))
	}
	pk, sk := e.Asks(index)
	if pk == nil && index != "" {
		return notFound(fmt.Sprintf("%s is not in an index %q", e.Name, index))
	}
	q := &asked{view: v, e: e, index: index, op: v.form.Get("op"), pk: pk, sk: sk, all: v.form.Get("all") != ""}
	body := &queryPage{
		Entity: h.kindOf(e), Index: index, All: q.all, Variable: variable(e),
		PK: v.fields("f.", pk), SK: v.fields("f.", sk), High: v.fields("t.", sk), Reversed: v.form.Get("order") == "desc",
	}
	for _, o := range ops {
		one := o.value == "get"
		if one && (index != "" || q.all) || !one && o.value != "" && (len(sk) == 0 || q.all) {
			continue
		}
		body.Ops = append(body.Ops, choice{o.value, o.label, o.value == q.op})
	}
	if !q.given() {
		return v.show("query", "Query "+e.Name, body)
	}
	err := q.run(body)
	if known, ok := err.(*pageError); ok {
		body.Problem, err = known.text, nil
	}
	if err != nil {
		return err
	}
	return v.show("query", "Query "+e.Name, body)
}

func (v *view) fields(prefix string, list []schema.Asked) (out []field) {
	for _, a := range list {
		out = append(out, field{prefix + a.Path(), a.Path(), a.Kind(), v.form.Get(prefix + a.Path())})
	}
	return out
}

// asked is a query that was asked for.
type asked struct {
	*view
	e        *schema.Entity
	index    string
	op       string
	pk, sk   []schema.Asked
	all      bool
	low      unsafe.Pointer
	high     unsafe.Pointer
	named    []string // the attributes of the sort key that were given
	explicit bool     // they have to be named
}

// given reports whether the form was filled in.
func (q *asked) given() bool {
	for _, a := range append(q.pk, q.sk...) {
		if q.form.Has("f." + a.Path()) {
			return true
		}
	}
	return len(q.pk) == 0 && q.form.Has("run")
}

// fill makes an example of the fields of the form.
func (q *asked) fill(prefix string) (unsafe.Pointer, []string, error) {
	ptr := q.e.NewItem()
	for _, a := range q.pk {
		text := q.form.Get("f." + a.Path())
		switch {
		case text == "" && a.Optional():
			continue
		case text == "":
			return nil, nil, badRequest("fill in %s: it is part of the partition key", a.Path())
		}
		if err := a.Set(ptr, text); err != nil {
			return nil, nil, badRequest("%s", err)
		}
	}
	var named []string
	if q.op == "" || q.all {
		return ptr, nil, nil
	}
	missing := ""
	for _, a := range q.sk {
		text := q.form.Get(prefix + a.Path())
		switch {
		case text == "" && missing == "" && !a.Optional():
			missing = a.Path()
			continue
		case text == "":
			continue
		case missing != "":
			return nil, nil, badRequest("fill in %s as well: %s comes behind it in the sort key", missing, a.Path())
		}
		if err := a.Set(ptr, text); err != nil {
			return nil, nil, badRequest("%s", err)
		}
		if name := a.Component(); !slices.Contains(named, name) {
			named = append(named, name)
		}
	}
	if q.op == "get" && missing != "" {
		return nil, nil, badRequest("fill in %s: one item is read by its whole key", missing)
	}
	if len(named) == 0 && len(q.sk) > 0 {
		return nil, nil, badRequest("fill in %s, or ask for any", q.sk[0].Path())
	}
	return ptr, named, nil
}

// span returns where the query reads.
func (q *asked) span(named ...string) (schema.Span, error) {
	s, err := schema.NewSpan(q.e, q.index, q.low)
	if err != nil {
		return s, err
	}
	if !q.all {
		s.Want = q.e
	}
	for _, o := range ops {
		if o.value != q.op || o.op == schema.AnySort {
			continue
		}
		low, high := q.low, q.high
		switch o.op {
		case schema.Less, schema.LessEqual:
			low, high = nil, q.low
		case schema.Between:
		default:
			high = nil
		}
		err = s.Where(o.op, low, high, named...)
	}
	return s, err
}

// run sends what was asked for and fills the page.
func (q *asked) run(body *queryPage) (err error) {
	if q.low, q.named, err = q.fill("f."); err != nil {
		return err
	}
	if q.op == "between" && !q.all {
		if q.high, _, err = q.fill("t."); err != nil {
			return err
		}
	}
	if q.op == "get" && q.index == "" && !q.all {
		return q.get(body)
	}
	span, err := q.span(q.named...)
	if err != nil {
		return badRequest("%s", err)
	}
	short, err := q.span() // what one would write, where it means the same
	q.explicit = err != nil || condition(&span) != condition(&short)
	shard, err := q.shard(&span)
	if err != nil {
		return err
	}
	if body.Shards = len(span.Partitions); body.Shards > 1 {
		body.Shard = shard + 1
	}
	if len(span.Partitions) > 0 {
		span.Partition = span.Partitions[shard]
	}
	in, err := bridge.Input(q.h.table, span, body.Reversed)
	if err != nil {
		return badRequest("%s", err)
	}
	if body.result, err = q.read(in, span, shard); err != nil {
		return err
	}
	if !q.h.whole(q.index) {
		body.Note = fmt.Sprintf("index %q does not hold whole items: fields that it lacks are shown as zero", q.index)
	}
	others, err := span.Elsewhere(nil)
	if len(others) > 0 || err != nil {
		body.Note = "items of this kind are moved: what is left at their other place is not shown, and the program's query reads both"
	}
	body.Go = q.code(body.Reversed)
	return nil
}

// condition returns what a span asks for.
func condition(s *schema.Span) string {
	values := map[string]types.AttributeValue{}
	var text strings.Builder
	text.WriteString(s.KeyCondition(map[string]string{}, values))
	for _, name := range sortedNames(values) {
		text.WriteString("\x00" + keyText(values[name]))
	}
	return text.String()
}

// shard returns which shard the page is in: the first that is not done.
func (q *asked) shard(span *schema.Span) (int, error) {
	at, err := q.positions(span)
	if err != nil {
		return 0, err
	}
	for i := range at {
		if !at[i].Done {
			return i, nil
		}
	}
	return 0, nil
}

// get reads one item.
func (q *asked) get(body *queryPage) error {
	key, err := q.e.KeyOf(q.low)
	if err != nil {
		return badRequest("%s", err)
	}
	in := &dynamodb.GetItemInput{TableName: &q.h.declared.Name, Key: key.Attrs}
	c, err := q.conn()
	if err != nil {
		return err
	}
	var sink route.RawItems
	if err := c.Get(q.ctx, in, nil, &sink); err != nil {
		return err
	}
	body.result = &result{Cost: q.cost(), Service: "GetItem"}
	if body.Request, err = getText(in); err != nil {
		return err
	}
	w := codeFor(q.e)
	body.Go = w.with("item, err := " + body.Variable + ".Get(ctx, " + w.example(q.e, q.low) + ")")
	body.Rows, err = q.h.rows(sink.Items)
	return err
}

// code returns the Go code of the query.
func (q *asked) code(reversed bool) string {
	if q.all {
		return q.h.tableCode(q.e, q.index, q.low, reversed)
	}
	c := codeFor(q.e)
	start := q.e.NewItem()
	for _, a := range q.pk {
		if text := q.form.Get("f." + a.Path()); text != "" {
			_ = a.Set(start, text) // it was set so before
		}
	}
	text := variable(q.e) + ".Query(" + c.example(q.e, start) + ")"
	if q.index != "" {
		text = fmt.Sprintf("%s.QueryIndex(%q, %s)", variable(q.e), q.index, c.example(q.e, start))
	}
	for _, o := range ops {
		if o.value != q.op || o.method == "" {
			continue
		}
		args := []string{c.example(q.e, q.low)}
		if o.op == schema.Between {
			args = append(args, c.example(q.e, q.high))
		}
		if q.explicit {
			for _, name := range q.named {
				args = append(args, fmt.Sprintf("%q", name))
			}
		}
		text += ".\n\t" + o.method + "(" + strings.Join(args, ", ") + ")"
	}
	return c.with("page, err := " + text + q.h.refinements(&schema.Span{Table: q.h.declared, Index: q.index, Want: q.e}, reversed))
}
