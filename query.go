package entable

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/keys"
)

// Query reads items of one entity from one partition, in the order of the sort key. Its methods
// refine it and return it; [Query.All], [Query.First] and [Query.Page] send it. A mistake in building
// it is returned by these. A Query may be sent several times, but is not for concurrent use.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html
type Query[T any] struct{ RefineQuery[*Query[T]] }

// Query starts a query of the partition that key's partition-key fields name; its other fields do not
// count. It reads the entity's own part of the partition: the sort keys with its prefix.
func (e *Entity[T]) Query(key T) *Query[T] { return newQuery(e, "", &key) }

// QueryIndex starts a query of an index of the entity by the fields of the index's partition key.
func (e *Entity[T]) QueryIndex(index string, key T) *Query[T] { return newQuery(e, index, &key) }

func newQuery[T any](e *Entity[T], index string, key *T) *Query[T] {
	q := &Query[T]{}
	q.self = q
	q.plan = planQuery(e.e.table, e.e, index, unsafe.Pointer(key))
	q.plan.want = e.e
	return q
}

// Equal keeps the item whose sort key is that of the example.
func (q *Query[T]) Equal(example T) *Query[T] { return q.where(equal, &example, nil) }

// Less keeps the items below the example's sort key. In all comparisons the example's sort-key fields
// count up to the first that is not set (the first always counts), so that a composite key can be
// compared by a leading part.
func (q *Query[T]) Less(example T) *Query[T] { return q.where(less, nil, &example) }

// LessEqual keeps the items up to the example's sort key, those with the same leading part included.
func (q *Query[T]) LessEqual(example T) *Query[T] { return q.where(lessEqual, nil, &example) }

// Greater keeps the items above the example's sort key and above all with the same leading part.
func (q *Query[T]) Greater(example T) *Query[T] { return q.where(greater, &example, nil) }

// GreaterEqual keeps the items from the example's sort key on.
func (q *Query[T]) GreaterEqual(example T) *Query[T] { return q.where(greaterEqual, &example, nil) }

// Between keeps the items from the sort key of low to that of high, both included.
func (q *Query[T]) Between(low, high T) *Query[T] { return q.where(between, &low, &high) }

// Prefix keeps the items whose sort key starts with the fields that the example sets: whole
// components, but for a text in the last component, which is matched by its beginning.
func (q *Query[T]) Prefix(example T) *Query[T] { return q.where(prefix, &example, nil) }

func (q *Query[T]) where(op sortOp, low, high *T) *Query[T] {
	q.plan.where(op, unsafe.Pointer(low), unsafe.Pointer(high))
	return q
}

// All sends the query and ranges over its items. It holds one response page at a time: the next is
// requested when the loop goes past the last item of the one before. A break ends it; an error comes
// last.
func (q *Query[T]) All(ctx context.Context) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		q.plan.each(ctx, func(v any, err error) bool {
			t, _ := v.(*T)
			return yield(t, err)
		})
	}
}

// First sends the query and returns its first item, or an error that matches [ErrNotFound].
func (q *Query[T]) First(ctx context.Context) (*T, error) {
	v, err := q.plan.first(ctx)
	t, _ := v.(*T)
	return t, err
}

// One sends the query and returns its only item. The error matches [ErrNotFound] when there is none and
// [ErrSeveral] when there are more.
func (q *Query[T]) One(ctx context.Context) (*T, error) {
	v, err := q.plan.one(ctx)
	t, _ := v.(*T)
	return t, err
}

// Count sends the query and returns the number of its items. Items of types that are not registered do not
// count, and hooks do not run. Reading the items is paid for all the same.
func (q *Query[T]) Count(ctx context.Context) (int, error) { return q.plan.count(ctx) }

// Page sends the query and returns as many items as the limit says, or one response page without a
// limit, and a cursor to go on with [Refine.From].
func (q *Query[T]) Page(ctx context.Context) (*Page[*T], error) { return pageOf[*T](ctx, &q.plan) }

// Page is a part of a query's items.
type Page[I any] struct {
	Items []I
	// Cursor stands behind the last item; "" when there is nothing more. It holds the last item's key, in
	// plain form unless the table has a [CursorKey].
	Cursor string
}

func pageOf[I any](ctx context.Context, p *queryPlan) (*Page[I], error) {
	var page Page[I]
	cursor, err := p.page(ctx, func(v any) { page.Items = append(page.Items, v.(I)) })
	if err != nil {
		return nil, err
	}
	page.Cursor = cursor
	return &page, nil
}

// Refine holds the settings that all queries share. Q is the query itself, which each method returns.
type Refine[Q any] struct {
	self Q
	plan queryPlan
}

// Filter drops items that do not satisfy a condition on their attributes, after they were read and
// paid for; several must all hold. Key attributes cannot be filtered.
func (r *Refine[Q]) Filter(condition expression.ConditionBuilder) Q {
	r.plan.filters = append(r.plan.filters, condition)
	return r.self
}

// Limit sets how many items are returned at the most, overriding the default of all. It counts items
// after filtering.
func (r *Refine[Q]) Limit(items int) Q {
	if items < 1 {
		r.plan.fail(usagef("%s: invalid limit %d: use 1 or more", r.plan.name(), items))
	}
	r.plan.limit = items
	return r.self
}

// PageSize sets how many items the service reads for one response, overriding the default of 1 MB, or
// the limit when there is no filter; use it to bound the latency or the cost of one request.
func (r *Refine[Q]) PageSize(items int) Q {
	if items < 1 {
		r.plan.fail(usagef("%s: invalid page size %d: use 1 or more", r.plan.name(), items))
	}
	r.plan.pageSize = items
	return r.self
}

// Consistent sets whether the read is strongly consistent, see [Consistent].
func (r *Refine[Q]) Consistent(on bool) Q {
	r.plan.consistent = Consistent(on).c
	return r.self
}

// From continues behind the cursor of a page of the same query; "" starts at the beginning. Filters
// and limits may be others; if anything else is, the error matches [ErrBadCursor].
func (r *Refine[Q]) From(cursor string) Q {
	r.plan.cursor = cursor
	return r.self
}

// SkipUnknown goes past items of types that are not registered, instead of ending with an
// [*UnknownEntityError], and counts them in n, if n is not nil.
func (r *Refine[Q]) SkipUnknown(n *int) Q {
	if n == nil {
		n = new(int)
	}
	r.plan.skipped = n
	return r.self
}

// SkipHooks sets whether the AfterLoad hooks are left out, see [SkipHooks].
func (r *Refine[Q]) SkipHooks(on bool) Q {
	r.plan.skipHooks = &on
	return r.self
}

// Select reads only the attributes at the paths, and those that the library needs: the keys, the type, and,
// where they are used, the time to live and the version of the shape. All other fields stay zero; defaults
// and validation do not run. The whole item is paid for all the same.
func (r *Refine[Q]) Select(paths ...string) Q {
	r.plan.paths = append(r.plan.paths, paths...)
	return r.self
}

// RefineQuery holds the settings of queries. Q is the query itself, which each method returns.
type RefineQuery[Q any] struct{ Refine[Q] }

// Reverse sets descending order, overriding the default, ascending.
func (r *RefineQuery[Q]) Reverse() Q {
	r.plan.reverse = true
	return r.self
}

// Input returns the request that the query starts with, without a client and without sending it: that of
// the first shard, if the partition has [Shards].
func (r *RefineQuery[Q]) Input() (*dynamodb.QueryInput, error) {
	in, err := r.plan.input()
	if err != nil {
		return nil, err
	}
	at, err := r.plan.openCursor(r.plan.streams())
	if err != nil {
		return nil, err
	}
	in.ExclusiveStartKey = at[0].after
	return in, nil
}

// sortOp is a condition on the sort key.
type sortOp uint8

const (
	anySort sortOp = iota
	equal
	less
	lessEqual
	greater
	greaterEqual
	between
	prefix
)

// sortRange is what a condition leaves of the sort keys: for equal and prefix the text in lo, else all
// from lo to hi, where "" is no bound and an open bound is not itself in the range.
type sortRange struct {
	op             sortOp
	lo, hi         string
	loOpen, hiOpen bool
}

// edge is the sort key that the request has to include although the range does not: the service has
// no condition with a lower bound and an open upper one.
func (r *sortRange) edge() string {
	if r.lo != "" && r.hiOpen {
		return r.hi
	}
	return ""
}

// queryPlan is a query without its types. Conditions on the sort key are kept as the range of sort
// keys that they leave.
type queryPlan struct {
	table  *Table
	from   *entity          // the entity whose fields name the partition
	want   *entity          // only items of this entity, or nil
	member map[*entity]bool // only items of these, or nil
	op     string           // for errors

	index      string
	pk, sk     *key
	partition  []byte
	partitions [][]byte // of all shards; partition is the first
	sort       sortRange
	ranged     bool // Between was given, of examples
	native     nativeRange
	filters    []expression.ConditionBuilder
	limit      int
	pageSize   int
	reverse    bool
	consistent consistency
	cursor     string
	skipped    *int
	skipHooks  *bool // overrides the entities' setting
	raw        bool  // items of unknown types are given as RawItem
	paths      []string
	segments   int // of a scan
	progress   func(ScanProgress)
	err        error
}

// planQuery starts a plan for the partition of the item at ptr.
func planQuery(t *Table, from *entity, index string, ptr unsafe.Pointer) queryPlan {
	p := queryPlan{table: t, from: from, op: "Query", pk: from.pk, sk: from.sk, index: index}
	if index != "" {
		p.op = "QueryIndex"
		x := from.index(index)
		if x == nil {
			p.err = usagef("%s: unknown index %q: %s", from.name, index, from.indexNames())
			return p
		}
		p.pk, p.sk = x.pk, x.sk
		if x.native {
			p.planNative(x, ptr)
			return p
		}
	}
	var err error
	if p.partitions, err = p.pk.partitions(ptr); err != nil {
		p.err = &KeyError{Entity: from.name, Key: p.pk.attr.name, Err: err}
		return p
	}
	p.partition = p.partitions[0]
	return p
}

// indexNames lists the entity's indexes for messages.
func (e *entity) indexNames() string {
	if len(e.indexes) == 0 {
		return "it is in no index"
	}
	var text strings.Builder
	text.WriteString("it has")
	for i, x := range e.indexes {
		if i > 0 {
			text.WriteString(",")
		}
		fmt.Fprintf(&text, " %q", x.name)
	}
	return text.String()
}

func (p *queryPlan) name() string {
	if p.want != nil {
		return p.want.name
	}
	return p.table.name
}

func (p *queryPlan) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

// where sets the condition on the sort key from examples at low and high.
func (p *queryPlan) where(op sortOp, low, high unsafe.Pointer) {
	if p.err != nil {
		return
	}
	if x := p.from.index(p.index); p.native.native && len(x.ranges) > 0 && p.sort.op == anySort {
		if err := p.whereNative(x, op, low, high); err != nil {
			p.fail(&KeyError{Entity: p.name(), Key: p.index, Err: err})
		}
		return
	}
	switch {
	case p.sort.op == anySort && (p.sk == nil || len(p.sk.comps) == 0):
		p.fail(usagef("%s: the sort key has no attribute to compare", p.name()))
	case op == prefix && p.sk.attr.typ == types.ScalarAttributeTypeN:
		p.fail(usagef("%s: the sort key is a number and has no beginning: use Between", p.name()))
	case p.sort.op != anySort:
		p.fail(usagef("%s: give one condition on the sort key", p.name()))
	default:
		if err := p.setRange(op, low, high); err != nil {
			p.fail(&KeyError{Entity: p.name(), Key: p.sk.attr.name, Err: err})
		}
	}
}

// setRange turns a condition into a range of sort keys. It stays within the entity's own lead
// ("CT#"), so that `>` does not run into the next entity's items.
func (p *queryPlan) setRange(op sortOp, low, high unsafe.Pointer) error {
	var lo, hi bound
	var err error
	if low != nil {
		if lo, err = p.sk.bound(low, op); err != nil {
			return err
		}
	}
	if high != nil {
		if hi, err = p.sk.bound(high, op); err != nil {
			return err
		}
	}
	lead := p.sk.lead()
	r := sortRange{op: op, lo: lo.text, hi: hi.text}
	if hi.part && op != less { // up to the end of everything that starts with the part
		r.hi, r.hiOpen = keys.After(hi.text), true
	}
	switch op {
	case less:
		r.lo, r.hiOpen = lead, true
	case lessEqual:
		r.lo = lead
	case greater, greaterEqual:
		r.hi, r.hiOpen = keys.After(lead), true
		r.loOpen = op == greater
		if r.loOpen && lo.part {
			r.lo, r.loOpen = keys.After(lo.text), false
		}
	}
	p.sort = r
	return nil
}

// bound is the text of a sort key or of a leading part of one.
type bound struct {
	text string
	part bool
}

func (k *key) bound(ptr unsafe.Pointer, op sortOp) (bound, error) {
	n := len(k.comps)
	if op != equal && n > 0 {
		n = max(1, k.leading(ptr))
	}
	if k.pattern == nil || n == len(k.comps) && op != prefix {
		text, err := k.appendText(nil, ptr)
		return bound{text: string(text)}, err
	}
	vals, err := k.values(ptr, nil, n)
	if err != nil {
		return bound{}, err
	}
	text, err := k.pattern.AppendLeading(nil, vals)
	return bound{text: string(text), part: true}, err
}

// input makes the request for the first page.
func (p *queryPlan) input() (*dynamodb.QueryInput, error) {
	if p.err != nil {
		return nil, p.err
	}
	in := &dynamodb.QueryInput{
		TableName:                 &p.table.name,
		ExpressionAttributeNames:  map[string]string{},
		ExpressionAttributeValues: map[string]types.AttributeValue{},
	}
	if p.native.native {
		in.KeyConditionExpression = new(p.native.condition(in))
	} else {
		in.ExpressionAttributeNames["#pk"] = p.pk.attr.name
		in.ExpressionAttributeValues[":pk"] = p.pk.attributeValue(p.partition)
		in.KeyConditionExpression = new("#pk = :pk" + p.sortCondition(in))
	}
	if p.index != "" {
		in.IndexName = &p.index
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

// requestLimit is how many items the service may read for a response: without a filter no more than
// are wanted.
func (p *queryPlan) requestLimit() *int32 {
	switch {
	case p.pageSize > 0:
		return new(int32(min(p.pageSize, math.MaxInt32)))
	case p.limit > 0 && len(p.filters) == 0 && p.segments <= 1:
		return new(int32(min(p.limit, math.MaxInt32)))
	}
	return nil
}

// sortCondition writes the condition on the sort key, with its names and values.
func (p *queryPlan) sortCondition(in *dynamodb.QueryInput) string {
	if p.sk == nil {
		return ""
	}
	r := p.sort
	if r.op == anySort {
		if p.want == nil || p.sk.lead() == "" {
			return ""
		}
		r.op, r.lo = prefix, p.sk.lead()
		if len(p.sk.comps) == 0 {
			r.op = equal
		}
	}
	in.ExpressionAttributeNames["#sk"] = p.sk.attr.name
	set := func(name, text string) {
		in.ExpressionAttributeValues[name] = p.sk.attributeValue([]byte(text))
	}
	switch {
	case r.op == equal:
		set(":sk", r.lo)
		return " AND #sk = :sk"
	case r.op == prefix:
		set(":sk", r.lo)
		return " AND begins_with(#sk, :sk)"
	case r.lo == "":
		set(":hi", r.hi)
		return " AND #sk " + operator("<", r.hiOpen) + " :hi"
	case r.hi == "":
		set(":lo", r.lo)
		return " AND #sk " + operator(">", r.loOpen) + " :lo"
	case r.loOpen:
		r.lo = sortKeyAbove(r.lo)
	}
	set(":lo", r.lo)
	set(":hi", r.hi)
	return " AND #sk BETWEEN :lo AND :hi"
}

// sortKeyAbove returns the smallest sort key above text. That is text with a zero byte, if the service
// takes a key so long; else no key is longer, and the next one has a higher code point.
func sortKeyAbove(text string) string {
	if len(text) < maxSortKey {
		return keys.Successor(text)
	}
	next := keys.After(text)
	for len(next) > maxSortKey { // the higher code point takes one byte more
		_, size := utf8.DecodeLastRuneInString(next)
		next = keys.After(next[:len(next)-size])
	}
	return next
}

func operator(op string, open bool) string {
	if open {
		return op
	}
	return op + "="
}

func (p *queryPlan) consistentRead() (*bool, error) {
	if x := p.table.index(p.index); x != nil && !x.local {
		if p.consistent == strong {
			return nil, usagef("%s: index %q has no consistent reads: query the table, or leave Consistent out", p.name(), p.index)
		}
		return nil, nil
	}
	c := p.consistent
	if p.from != nil {
		c = c.or(p.from.consistent)
	}
	if c.or(p.table.consistent) == strong {
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
	b := expression.NewBuilder()
	if len(p.filters) > 0 {
		b = b.WithFilter(allOf(p.filters))
	}
	if len(p.paths) > 0 {
		own := p.ownNames()
		var list expression.ProjectionBuilder
		for _, name := range own {
			list = list.AddNames(attr(name))
		}
		for _, path := range p.paths {
			name := expression.Name(path)
			if p.want != nil {
				t, err := p.want.resolve(path)
				if err != nil {
					return nil, err
				}
				name = t.name
			}
			if !slices.Contains(own, path) {
				list = list.AddNames(name)
				own = append(own, path)
			}
		}
		b = b.WithProjection(list)
	}
	x, err := b.Build()
	if err != nil {
		return nil, &EncodeError{Entity: p.name(), Err: err}
	}
	return &x, nil
}

// ownNames lists the attributes without which an item cannot be told, placed, upgraded or hidden.
func (p *queryPlan) ownNames() []string {
	names := p.keyNames()
	add := func(name string) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	add(p.table.discriminator)
	for _, e := range p.table.directory().byType {
		if p.want != nil && p.want != e {
			continue
		}
		if len(e.upgrades) > 0 {
			add(schemaAttribute)
		}
		if e.hideExpired && e.ttl != nil {
			add(e.ttl.Name)
		}
	}
	slices.Sort(names)
	return names
}

// exampleOf finds the entity of an example, which is a registered struct or a pointer to one, and
// where its fields are.
func (t *Table) exampleOf(example any) (*entity, unsafe.Pointer, error) {
	v := reflect.ValueOf(example)
	if v.Kind() == reflect.Pointer && v.IsNil() || !v.IsValid() {
		return nil, nil, usagef("table %q: the example is nil: give a registered struct with its key fields set", t.name)
	}
	if v.Kind() != reflect.Pointer {
		p := reflect.New(v.Type())
		p.Elem().Set(v)
		v = p
	}
	e := t.directory().byType[v.Type().Elem()]
	if e == nil {
		return nil, nil, usagef("table %q: %s is not registered on it", t.name, v.Type().Elem())
	}
	return e, v.UnsafePointer(), nil
}
