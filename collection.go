package entable

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/entable/entable/internal/schema"
)

// ItemsQuery reads items of all registered types from one partition, in the order of the sort key. Its
// methods refine it and return it; a mistake in building it is returned by the methods that send it.
// It may be sent several times, but is not for concurrent use.
type ItemsQuery struct{ mixed[*ItemsQuery] }

// mixed is what queries for items of several types have in common.
type mixed[Self any] struct{ refine[Self, any] }

// Between keeps the items from the sort key of low to that of high, both included and of any type; a nil
// is no bound. Low and high are registered structs whose items are in such partitions, or pointers to
// them. Their sort-key fields count as in [Query.Equal], where of attributes each takes those that it has; up to a
// leading part means all that starts with it.
func (q *mixed[Self]) Between(low, high any, attributes ...string) Self {
	q.plan.setBetween(low, high, attributes)
	return selfOf[Self](unsafe.Pointer(q))
}

// Reverse sets descending order, see [Query.Reverse].
func (q *mixed[Self]) Reverse() Self {
	q.plan.reverse = true
	return selfOf[Self](unsafe.Pointer(q))
}

// Input returns the request that the query starts with, see [Query.Input].
func (q *mixed[Self]) Input(context.Context) (*dynamodb.QueryInput, error) {
	return q.plan.firstInput()
}

// Query starts a query of the partition that the partition-key fields of example name; example is a
// registered struct, or a pointer to one. Items come as pointers to their registered types.
func (t *Table) Query(example any) *ItemsQuery { return t.QueryIndex("", example) }

// QueryIndex starts a query of one partition of an index, for all types that share it.
func (t *Table) QueryIndex(index string, example any) *ItemsQuery {
	q := &ItemsQuery{}
	e, ptr, err := t.exampleOf(example)
	if err != nil {
		q.plan = queryPlan{t: t, Span: schema.Span{Table: t.s()}, err: err}
		return q
	}
	q.plan = planQuery(t, e, index, ptr)
	return q
}

// Only keeps the items of some entities. Where their sort keys have prefixes, the query reads no more than
// the part of the partition from the first prefix to the last; where not, other items are filtered out
// after they were read and paid for. [ItemsQuery.Input] shows which.
func (q *ItemsQuery) Only(entities ...Registered) *ItemsQuery {
	q.plan.only(entities)
	return q
}

// RawUnknown gives items of types that are not registered as [RawItem], instead of ending with an
// [*UnknownEntityError], overriding the table's setting.
func (q *ItemsQuery) RawUnknown() *ItemsQuery {
	q.plan.unknown = schema.RawUnknown
	return q
}

// Collection is an item collection as one Go struct: C has a field for each member entity, a slice
// ([]T or []*T) or, where there is at most one item, a *T. It is safe for concurrent use.
type Collection[C any] struct{ grouping }

// grouping is a collection without its type.
type grouping struct {
	table   *Table
	name    string
	members map[*entity]collectionField
	order   []*entity // the members in the order of their fields
	byType  map[reflect.Type]*entity
}

// collectionField is where a member's items go.
type collectionField struct {
	index   []int
	slice   bool
	pointer bool
}

// NewCollection declares the item collection C of entities that share their partitions, see
// [PrefixOf], in the table or in an index. Each exported field of C takes the items of one member; a field with the tag
// `entable:"-"` takes none. It panics with a [*DeclarationError] when members do not share the
// partition or do not match the fields of C; [TryNewCollection] returns it.
func NewCollection[C any](members ...Registered) *Collection[C] {
	c, err := TryNewCollection[C](members...)
	if err != nil {
		panic(err)
	}
	return c
}

// TryNewCollection does what [NewCollection] does, but returns the error.
func TryNewCollection[C any](members ...Registered) (*Collection[C], error) {
	typ := reflect.TypeFor[C]()
	c := &Collection[C]{grouping{name: typ.Name(), members: map[*entity]collectionField{}}}
	if c.name == "" {
		c.name = typ.String()
	}
	errorf := func(field, format string, args ...any) error {
		return &DeclarationError{What: "collection " + c.name, Field: field, Reason: fmt.Sprintf(format, args...)}
	}
	if typ.Kind() != reflect.Struct {
		return nil, errorf("", "%s is not a struct", typ)
	}
	if len(members) == 0 {
		return nil, errorf("", "it has no members: give the registered entities")
	}
	byType := map[reflect.Type]*entity{}
	var first *entity
	for _, m := range members {
		e := entityOf(m)
		if e == nil {
			return nil, errorf("", "a member is nil: declare the entities before the collection")
		}
		if first == nil {
			first, c.table = e, e.table
		}
		if e.table != first.table {
			return nil, errorf("", "%s is on table %q and %s on %q: members share one table", first.Name, first.table.s().Name, e.Name, e.Table.Name)
		}
		if other := byType[e.Type]; other != nil && other != e {
			return nil, errorf("", "%s and %s are both of %s: a collection has one member of a type", other.Name, e.Name, e.Type)
		}
		byType[e.Type] = e
	}
	c.byType = byType
	if e := apart(first, byType, ""); e != nil && !slices.ContainsFunc(first.Indexes, func(x *schema.EntityIndex) bool {
		return apart(first, byType, x.Name) == nil
	}) {
		return nil, errorf("", "%s does not share the partition of %s: register it with entable.PK(…, entable.PrefixOf(…))", e.Name, first.Name)
	}
	for f := range typ.Fields() {
		if !f.IsExported() || f.Tag.Get("entable") == "-" {
			continue
		}
		to, item := fieldFor(f)
		e := byType[item]
		if e == nil {
			return nil, errorf("field "+f.Name, "%s takes the items of no member: use []T, []*T or *T of a member, or the tag `entable:\"-\"`", f.Type)
		}
		if _, twice := c.members[e]; twice {
			return nil, errorf("field "+f.Name, "another field takes the items of %s", e.Name)
		}
		c.members[e], c.order = to, append(c.order, e)
	}
	for _, m := range members {
		if e := entityOf(m); c.members[e].index == nil {
			return nil, errorf("", "it has no field for the items of %s: add one of type []%s", e.Name, e.Type)
		}
	}
	return c, nil
}

// apart returns the first of the entities, by name, that does not share the partitions of e in an index,
// or, for "", in the table.
func apart(e *entity, members map[reflect.Type]*entity, index string) *entity {
	var out *entity
	for _, m := range members {
		if !m.SharesPartitions(e.Entity, index) && (out == nil || m.Name < out.Name) {
			out = m
		}
	}
	return out
}

// fieldFor finds how a field takes items, and of which type.
func fieldFor(f reflect.StructField) (collectionField, reflect.Type) {
	to, t := collectionField{index: f.Index}, f.Type
	if t.Kind() == reflect.Slice {
		to.slice, t = true, t.Elem()
	}
	if t.Kind() == reflect.Pointer {
		to.pointer, t = true, t.Elem()
	}
	if !to.slice && !to.pointer {
		return to, nil
	}
	return to, t
}

// Get reads the whole collection of the partition that the partition-key fields of example name, and
// groups it: one query, as many requests as it has pages. Fields keep the order of the sort key. A
// partition without items gives an empty C. Items of registered entities that are no members are left
// out; items of types that are not registered are an [*UnknownEntityError], unless the query or the table says [SkipUnknown],
// or the table [RawUnknown], which leave them out too: C has no field for them.
func (c *Collection[C]) Get(ctx context.Context, example any, opts ...ReadOption) (*C, error) {
	q := c.Query(example)
	rc, err := readConfigOf(opts)
	q.plan.fail(err)
	q.plan.consistent, q.plan.skipHooks = rc.consistent, rc.skipHooks
	return q.Group(ctx)
}

// Query starts a query of the members' items in one partition; example is a member, or a pointer to
// one, with its partition-key fields set.
func (c *Collection[C]) Query(example any) *CollectionQuery[C] { return c.QueryIndex("", example) }

// QueryIndex starts a query of the members' items in one partition of an index, which all members must
// share; example has the fields of the index's partition key set.
func (c *Collection[C]) QueryIndex(index string, example any) *CollectionQuery[C] {
	q := &CollectionQuery[C]{collection: c}
	e, ptr, err := c.table.exampleOf(example)
	if err != nil {
		q.plan = queryPlan{t: c.table, Span: schema.Span{Table: c.table.s()}, err: err}
		return q
	}
	q.plan = planQuery(c.table, e, index, ptr)
	q.plan.member = map[*schema.Entity]bool{}
	for m := range c.members {
		q.plan.member[m.Entity] = true
	}
	if !q.plan.member[e.Entity] {
		q.plan.err = usagef("collection %s: %s is not a member: %s are", c.name, e.Name, c.memberNames())
		return q
	}
	switch m := apart(e, c.byType, index); {
	case m == nil:
	case index == "":
		q.plan.fail(usagef("collection %s: %s and %s share the partitions of an index only: use QueryIndex", c.name, e.Name, m.Name))
	default:
		q.plan.fail(usagef("collection %s: %s does not share the partitions of %s in index %q", c.name, m.Name, e.Name, index))
	}
	return q
}

func (c *Collection[C]) memberNames() string {
	members := map[*schema.Entity]bool{}
	for e := range c.members {
		members[e.Entity] = true
	}
	return strings.Join(memberNames(members), ", ")
}

// CollectionQuery reads the items of a collection's members from one partition, in the order of the
// sort key. Its methods refine it and return it; a mistake in building it is returned by the methods
// that send it. It may be sent several times, but is not for concurrent use.
type CollectionQuery[C any] struct {
	mixed[*CollectionQuery[C]]
	collection *Collection[C]
}

// Group sends the query and returns its items grouped by type. A second item for a field that takes
// one is an error.
func (q *CollectionQuery[C]) Group(ctx context.Context) (*C, error) {
	group := new(C)
	v := reflect.ValueOf(group).Elem()
	for item, err := range q.All(ctx) {
		if err != nil {
			return nil, err
		}
		if _, raw := item.(RawItem); raw {
			continue
		}
		if err := q.collection.add(v, item); err != nil {
			return nil, err
		}
	}
	return group, nil
}

func (c *Collection[C]) add(group reflect.Value, item any) error {
	v := reflect.ValueOf(item)
	e := c.byType[v.Type().Elem()]
	to := c.members[e]
	if !to.pointer {
		v = v.Elem()
	}
	f := group.FieldByIndex(to.index)
	switch {
	case to.slice:
		f.Set(reflect.Append(f, v))
	case !f.IsNil():
		return usagef("collection %s: the partition holds several items of %s: make the field a []%s", c.name, e.Name, e.Type)
	default:
		f.Set(v)
	}
	return nil
}
