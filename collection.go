package entable

import (
	"cmp"
	"context"
	"reflect"
	"strings"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/entable/entable/internal/aggregate"
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
	q, cure := &ItemsQuery{}, "use Query of one of these entities"
	if index != "" {
		cure = "use QueryIndex of one of these entities"
	}
	e, ptr, err := t.exampleOf(nil, cure, example)
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
type Collection[C any] struct {
	table *Table
	group *aggregate.Group
}

// NewCollection declares the item collection C of entities that share their partitions, see [PrefixOf], in the table or in an index.
// Each exported field of C takes the items of one member; a field with the tag `entable:"-"` takes none. Where a member's Go type is
// registered as other entities too, examples and items are the member's. It panics with a [*DeclarationError] when members do not
// share the partition or do not match the fields of C; [TryNewCollection] returns it.
func NewCollection[C any](members ...Registered) *Collection[C] {
	c, err := TryNewCollection[C](members...)
	if err != nil {
		panic(err)
	}
	return c
}

// TryNewCollection does what [NewCollection] does, but returns the error.
func TryNewCollection[C any](members ...Registered) (*Collection[C], error) {
	table, group, err := groupOf(reflect.TypeFor[C](), members)
	if err != nil {
		return nil, err
	}
	return &Collection[C]{table, group}, nil
}

func groupOf(typ reflect.Type, members []Registered) (*Table, *aggregate.Group, error) {
	var table *Table
	entities := make([]*schema.Entity, len(members))
	for i, m := range members {
		if e := entityOf(m); e != nil {
			entities[i] = e.Entity
			table = cmp.Or(table, e.table)
		}
	}
	group, err := aggregate.NewGroup(typ, entities)
	return table, group, public(err)
}

// Get reads the whole collection of the partition that the partition-key fields of example name, and groups it: one query, as many
// requests as it has pages. Fields keep the order of the sort key. A partition without items gives an empty C. Items of registered
// entities that are no members are left out; items of types that are not registered are an [*UnknownEntityError], unless the query or
// the table says [SkipUnknown], or the table [RawUnknown], which leave them out too: C has no field for them.
func (c *Collection[C]) Get(ctx context.Context, example any, opts ...ReadOption) (*C, error) {
	q := c.Query(example)
	rc, err := readConfigOf(opts)
	q.plan.fail(err)
	q.plan.consistent, q.plan.skipHooks = rc.consistent, rc.skipHooks
	return q.Group(ctx)
}

// ofMember is what to do about an example whose type is several entities, as members are of one type each.
const ofMember = "none of these is a member of the collection: give an example of one that is"

// Query starts a query of the members' items in one partition; example is a member, or a pointer to
// one, with its partition-key fields set.
func (c *Collection[C]) Query(example any) *CollectionQuery[C] { return c.QueryIndex("", example) }

// QueryIndex starts a query of the members' items in one partition of an index, which all members must
// share; example has the fields of the index's partition key set.
func (c *Collection[C]) QueryIndex(index string, example any) *CollectionQuery[C] {
	q := &CollectionQuery[C]{collection: c}
	members := map[*schema.Entity]bool{}
	for _, m := range c.group.Members {
		members[m] = true
	}
	e, ptr, err := c.table.exampleOf(members, ofMember, example)
	if err == nil && !members[e.Entity] {
		err = public(c.group.Refuse("%s is not a member: %s are", e.Name, strings.Join(schema.NamesOf(members), ", ")))
	}
	if err != nil {
		q.plan = queryPlan{t: c.table, Span: schema.Span{Table: c.table.s()}, err: err}
		return q
	}
	q.plan = planQuery(c.table, e, index, ptr)
	q.plan.Members = members
	switch m := c.group.Apart(e.Entity, index); {
	case m == nil:
	case index == "":
		q.plan.fail(public(c.group.Refuse("%s and %s share the partitions of an index only: use QueryIndex", e.Name, m.Name)))
	default:
		q.plan.fail(public(c.group.Refuse("%s does not share the partitions of %s in index %q", m.Name, e.Name, index)))
	}
	return q
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
		if err := q.collection.group.Add(v, item); err != nil {
			return nil, public(err)
		}
	}
	return group, nil
}
