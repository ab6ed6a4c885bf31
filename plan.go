package entable

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/bridge"
	"github.com/entable/entable/internal/change"
	"github.com/entable/entable/internal/cursor"
	"github.com/entable/entable/internal/schema"
)

// queryPlan is a query or scan without its types: where it reads, and how the walk goes.
type queryPlan struct {
	schema.Span
	t  *Table
	op string // for errors

	filters    []expression.ConditionBuilder
	limit      int
	ahead      int // 1 while a page is read: one item behind it says whether there are more
	pageSize   int
	reverse    bool
	consistent consistency
	cursor     string
	unknown    schema.UnknownItems // overrides the table's setting
	skipped    *int                // counts what is passed over
	skipHooks  *bool               // overrides the entities' setting
	paths      []string
	partial    schema.Parts
	selected   bool // the request asks for some attributes only
	parts      bool // so does the index hold some only
	hydrate    bool // whole items are read for what an index holds
	segments   int  // of a scan
	progress   func(ScanProgress)
	others     []schema.Elsewhere // where items are besides, of the last walk
	mark       cursor.Position    // the last item that was given, of a walk with others
	home       *schema.Span       // of the plan of one of these: the query's own
	err        error
}

// ScanProgress is how far a scan has come.
type ScanProgress struct {
	// Items counts the items given out, Pages the responses read.
	Items, Pages int
	// Cursor is for [Query.From]; "" at the end.
	Cursor string
}

// planQuery starts a plan for the partition of the item at ptr.
func planQuery(t *Table, from *entity, index string, ptr unsafe.Pointer) queryPlan {
	p := queryPlan{t: t, op: "Query"}
	if index != "" {
		p.op = "QueryIndex"
	}
	var err error
	if p.Span, err = schema.NewSpan(from.Entity, index, ptr); err != nil {
		p.err = public(err)
	}
	return p
}

// startOf makes the plan one for the items of an entity alone.
//
//go:noinline
func (p *queryPlan) startOf(e *entity, index string, ptr unsafe.Pointer) {
	if e == nil {
		p.err = errUnregistered
		return
	}
	*p = planQuery(e.table, e, index, ptr)
	p.Want = e.Entity
}

// where sets the range of the sort key, from examples.
func (p *queryPlan) where(op schema.SortOp, low, high unsafe.Pointer, named []string) {
	if p.ready() {
		p.fail(public(p.Where(op, low, high, named...)))
	}
}

func (p *queryPlan) filter(condition expression.ConditionBuilder) {
	p.filters = append(slices.Clip(p.filters), condition)
}

func (p *queryPlan) project(paths []string) { p.paths = append(slices.Clip(p.paths), paths...) }

func (p *queryPlan) positive(what string, n int) int {
	if n < 1 {
		p.fail(usagef("%s: invalid %s %d: use 1 or more", p.Name(), what, n))
	}
	return n
}

// ready reports whether there is nothing wrong with the plan so far. That of a zero Query is nothing to begin with.
func (p *queryPlan) ready() bool {
	if p.t == nil {
		p.fail(usagef("the query was not started: use the Query or Scan method of an Entity, Table or Collection"))
	}
	return p.err == nil
}

func (p *queryPlan) fail(err error) {
	if p.err == nil && err != nil {
		p.err = err
	}
}

// firstInput makes the request that the query starts with, from its cursor on.
func (p *queryPlan) firstInput() (*dynamodb.QueryInput, error) {
	in, err := p.input()
	if err != nil {
		return nil, err
	}
	at, err := p.openCursor(p.streams())
	if err != nil {
		return nil, err
	}
	in.ExclusiveStartKey = at[0].After
	return in, nil
}

// input makes the request for the first page.
func (p *queryPlan) input() (*dynamodb.QueryInput, error) {
	if !p.ready() {
		return nil, p.err
	}
	if err := p.checkPartial(); err != nil {
		return nil, err
	}
	in := &dynamodb.QueryInput{
		TableName:                 &p.Table.Name,
		ExpressionAttributeNames:  map[string]string{},
		ExpressionAttributeValues: map[string]types.AttributeValue{},
	}
	in.KeyConditionExpression = new(p.KeyCondition(in.ExpressionAttributeNames, in.ExpressionAttributeValues))
	if p.Index != "" {
		in.IndexName = &p.Index
	}
	if p.reverse {
		in.ScanIndexForward = new(false)
	}
	in.Limit = p.requestLimit()
	var err error
	if in.ConsistentRead, err = p.consistentRead(); err != nil {
		return nil, err
	}
	if err := p.addExpressions(in); err != nil {
		return nil, err
	}
	return in, nil
}

// checkPartial refuses to give out parts of items unasked.
func (p *queryPlan) checkPartial() error {
	switch {
	case p.hydrate && len(p.paths) > 0:
		return usagef("%s: Hydrate reads whole items: leave Select out", p.Name())
	case p.hydrate:
		return nil
	}
	said := p.partial
	if len(p.paths) > 0 {
		said = schema.AnyParts
	}
	p.parts = !p.Whole()
	return public(p.CheckPartial(said))
}

// requestLimit returns how many items the service may read for a response: without a filter no more than
// are wanted.
func (p *queryPlan) requestLimit() *int32 {
	switch {
	case p.pageSize > 0:
		return new(int32(min(p.pageSize, math.MaxInt32)))
	case p.limit > 0 && len(p.filters) == 0 && p.segments <= 1:
		return new(int32(min(p.limit, math.MaxInt32-p.ahead) + p.ahead))
	}
	return nil
}

func (p *queryPlan) consistentRead() (*bool, error) {
	if x := p.Table.Index(p.Index); x != nil && !x.Local {
		if p.consistent == strong {
			return nil, usagef("%s: index %q has no consistent reads: query the table, or leave Consistent out", p.Name(), p.Index)
		}
		return nil, nil
	}
	c := p.consistent
	if p.From != nil {
		c = c.or(ownerOf(p.From).consistent)
	}
	if c.or(p.t.consistent) == strong {
		return new(true), nil
	}
	return nil, nil
}

// addExpressions adds filters and projection; their placeholders, #0 and :0, do not meet those of the
// keys.
func (p *queryPlan) addExpressions(in *dynamodb.QueryInput) error {
	if len(p.filters) == 0 && len(p.paths) == 0 {
		return nil
	}
	x, err := p.expressions()
	if err != nil {
		return err
	}
	in.FilterExpression, in.ProjectionExpression = x.Filter(), x.Projection()
	maps.Copy(in.ExpressionAttributeNames, x.Names())
	maps.Copy(in.ExpressionAttributeValues, x.Values())
	return nil
}

// expressions builds filters and projection. The projection also has what identifies an item and its
// place.
func (p *queryPlan) expressions() (*expression.Expression, error) {
	b, shapes := expression.NewBuilder(), p.shapes()
	if len(p.filters) > 0 {
		b = b.WithFilter(change.All(p.filters))
	}
	if len(p.paths) > 0 {
		own := p.OwnNames()
		whole := own == nil
		var list expression.ProjectionBuilder
		for _, name := range own {
			list = list.AddNames(attr(name))
		}
		outer := change.Outermost(p.paths)
		for i, path := range p.paths {
			name, err := change.Find(shapes, path)
			if err != nil {
				return nil, usagef("%s: %s", p.Name(), err)
			}
			within, _ := change.Parse(path)
			if outer[i] && !slices.Contains(own, within[0].Name) { // which has all that is in it
				list = list.AddNames(name)
			}
		}
		switch {
		case !whole:
			b, p.selected = b.WithProjection(list), true
		case len(p.filters) == 0:
			return &expression.Expression{}, nil
		}
	}
	return complete(b, p.Table, p.Name(), "Filter", func(x *expression.Expression) error {
		if x.Filter() == nil {
			return nil
		}
		return change.Check(shapes, *x.Filter(), x.Names(), x.Values())
	})
}

// shapes lists those of the items that are read, which can be of types that are not registered.
func (p *queryPlan) shapes() []change.Shape {
	switch {
	case p.Want != nil:
		return []change.Shape{p.shapeOf(p.Want)}
	case cmp.Or(p.unknown, p.Table.Unknown) == schema.RawUnknown:
		return []change.Shape{change.AnyShape(p.Lacks(nil))}
	}
	var list []change.Shape
	for _, e := range p.Table.Directory().All {
		if p.Members == nil || p.Members[e] {
			list = append(list, p.shapeOf(e))
		}
	}
	slices.SortFunc(list, change.Shape.Compare)
	return list
}

// shapeOf returns the shape of the entity's items in what is read.
func (p *queryPlan) shapeOf(e *schema.Entity) change.Shape {
	s := ownerOf(e).shape
	s.Lacks = p.Lacks(e)
	return s
}

// exampleOf finds the entity of an example, which is a registered struct or a pointer to one, and where its fields are. cure is what
// the caller can do where its type is several entities, and none or more of those that it is among.
func (t *Table) exampleOf(among map[*schema.Entity]bool, cure string, example any) (*entity, unsafe.Pointer, error) {
	e, ptr, err := t.s().ExampleOf(nil, among, cure, example)
	return ownerOf(e), ptr, public(err)
}

// only restricts a plan to some entities.
func (p *queryPlan) only(entities []Registered) {
	if !p.ready() {
		return
	}
	if p.Members != nil {
		p.fail(usagef("table %q: give Only once, with all entities", p.Table.Name))
		return
	}
	p.Members = map[*schema.Entity]bool{}
	var names []string
	for _, r := range entities {
		e := entityOf(r)
		if e == nil || e.table != p.t {
			p.fail(usagef("table %q: Only takes entities that are registered on it", p.Table.Name))
			return
		}
		p.Members[e.Entity] = true
		names = append(names, e.Names()...)
	}
	if len(p.Members) == 0 {
		p.fail(usagef("table %q: Only takes at least one entity", p.Table.Name))
		return
	}
	narrowed, err := p.Narrow(p.Members)
	if err != nil {
		p.fail(public(err))
	}
	if narrowed || !p.HoldsTypes() {
		return
	}
	slices.Sort(names)
	p.filters = append(p.filters, ofTypes(p.Table.Discriminator, slices.Compact(names)))
}

// setBetween sets the range of sort keys from examples of any entities.
func (p *queryPlan) setBetween(low, high any, attributes []string) {
	if p.ready() {
		p.fail(public(p.Between(low, high, attributes...)))
	}
}

// streams finds where the query reads besides its own partitions, and returns the number of positions in its cursors: of the
// partitions that it asks, and the mark of a walk over both places of items.
func (p *queryPlan) streams() int {
	n := max(1, len(p.Partitions))
	if !p.Table.Directory().Moved {
		return n
	}
	var err error
	p.others, err = p.Elsewhere(p.Members)
	if p.fail(public(err)); len(p.others) > 0 {
		n += len(p.others) + 1
	}
	return n
}

func (p *queryPlan) opError(err error) error {
	where := ""
	if p.PK != nil && !p.Multi.Given && len(p.Partition) > 0 {
		where = fmt.Sprintf("%s=%q", p.PK.Attr.Name, p.Partition)
	}
	return &OpError{Op: p.op, Entity: p.Name(), Key: where, Err: err}
}

// shard returns the plan for the i-th partition alone.
func (p *queryPlan) shard(i int) *queryPlan {
	one := *p
	if n := len(p.Partitions); i >= n {
		one.Span, one.home, one.others = p.At(p.others[i-n]), &p.Span, nil
		return &one
	}
	one.Partition = p.Partitions[i]
	return &one
}

// identity returns what a cursor is bound to.
func (p *queryPlan) identity(version byte) []byte {
	want := ""
	if p.Want != nil {
		want = p.Want.Origin
	}
	// The range belongs to it because the service refuses to start outside of it.
	r := p.Sort
	id := fmt.Appendf(nil, "%d %q %q %q %q %d %q %q %t %t %t %d %q", version, p.op, p.Table.Name, p.Index, p.Partition,
		r.Op, r.Lo, r.Hi, r.LoOpen, r.HiOpen, p.reverse, p.segments, want)
	for _, v := range append(slices.Clone(p.Multi.Equal), p.Multi.Low, p.Multi.High) {
		id = fmt.Appendf(id, " %q", v.Raw)
	}
	return p.AppendOrder(id, p.others)
}

// cursorWalk returns the plan as cursors know it.
func (p *queryPlan) cursorWalk() *cursor.Walk {
	return &cursor.Walk{Keys: p.t.settings().cursorKeys, Identity: p.identity, Key: func(item []byte, i int) (map[string]types.AttributeValue, error) {
		key, err := p.KeyIn(item)
		if err == nil && !p.InPartition(key, i, p.others) {
			err = errors.New("the key is of another partition")
		}
		return key, err
	}}
}

// sealCursor makes the cursor of a walk that stands at the positions; "" when all are done.
func (p *queryPlan) sealCursor(at []cursor.Position) (string, error) {
	text, err := p.cursorWalk().Seal(at)
	if err != nil {
		return "", p.opError(err)
	}
	return text, nil
}

// openCursor gives the positions of the query's cursor, n of them; those of the beginning without one.
func (p *queryPlan) openCursor(n int) ([]cursor.Position, error) {
	at, err := p.cursorWalk().Open(p.cursor, n)
	if err != nil {
		return nil, fmt.Errorf("%w of %s: %w: start from the beginning", ErrBadCursor, p.Name(), err)
	}
	return at, nil
}

func init() {
	bridge.Input = func(t any, s schema.Span, reverse bool) (*dynamodb.QueryInput, error) {
		return (&queryPlan{t: t.(*Table), Span: s, reverse: reverse, partial: schema.AnyParts, op: "Query"}).input()
	}
}
