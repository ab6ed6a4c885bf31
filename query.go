package entable

import (
	"context"
	"iter"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/entable/entable/internal/schema"
)

// Query reads items of one entity from one partition, in the order of the sort key. Its methods
// refine it and return it; [Query.All], [Query.First], [Query.One], [Query.Count] and [Query.Page] send it,
// and return the mistakes made in building it. A Query may be sent several times, but is not for concurrent
// use. A copy (q2 := *q) is a query of its own: what is then set on one is not set on the other; they share
// only the counter of [Query.SkipUnknown]. In its documentation Self stands for the query itself, and Item for a *T.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html
type Query[T any] struct{ refine[*Query[T], *T] }

// Query starts a query of the partition that key's partition-key fields name; its other fields do not
// count. It reads the entity's own part of the partition: the sort keys with its prefix.
func (e *Entity[T]) Query(key T) *Query[T] { return newQuery(e, "", &key) }

// QueryIndex starts a query of an index of the entity by the fields of the index's partition key.
func (e *Entity[T]) QueryIndex(index string, key T) *Query[T] { return newQuery(e, index, &key) }

func newQuery[T any](e *Entity[T], index string, key *T) *Query[T] {
	q := &Query[T]{}
	q.plan.startOf(e.registered(), index, unsafe.Pointer(key))
	return q
}

// Equal keeps the item whose sort key is that of the example.
//
// In this and the other comparisons the example's sort-key fields count up to the last that is set, and the first always, so
// that a composite key can be compared by a leading part. A field behind, of a number or a bool, that is zero could be meant as
// well: where that makes a difference, the query's error is a [*KeyError], until attributes names those that count, in their order:
//
//	q.LessEqual(Temp{Deg: 1, Sub: 0}, "deg")        // up to 1.9
//	q.LessEqual(Temp{Deg: 1, Sub: 0}, "deg", "sub") // up to 1.0
//	q.Equal(Count{Year: 2025}, "year")              // all of the year
func (q *Query[T]) Equal(example T, attributes ...string) *Query[T] {
	q.plan.where(schema.Equal, unsafe.Pointer(&example), nil, attributes)
	return q
}

// Less keeps the items below the example's sort key, see [Query.Equal].
func (q *Query[T]) Less(example T, attributes ...string) *Query[T] {
	q.plan.where(schema.Less, nil, unsafe.Pointer(&example), attributes)
	return q
}

// LessEqual keeps the items up to the example's sort key, those with the same leading part included, see [Query.Equal].
func (q *Query[T]) LessEqual(example T, attributes ...string) *Query[T] {
	q.plan.where(schema.LessEqual, nil, unsafe.Pointer(&example), attributes)
	return q
}

// Greater keeps the items above the example's sort key and above all with the same leading part, see [Query.Equal].
func (q *Query[T]) Greater(example T, attributes ...string) *Query[T] {
	q.plan.where(schema.Greater, unsafe.Pointer(&example), nil, attributes)
	return q
}

// GreaterEqual keeps the items from the example's sort key on, see [Query.Equal].
func (q *Query[T]) GreaterEqual(example T, attributes ...string) *Query[T] {
	q.plan.where(schema.GreaterEqual, unsafe.Pointer(&example), nil, attributes)
	return q
}

// Between keeps the items from the sort key of low to that of high, both included, see [Query.Equal].
func (q *Query[T]) Between(low, high T, attributes ...string) *Query[T] {
	q.plan.where(schema.Between, unsafe.Pointer(&low), unsafe.Pointer(&high), attributes)
	return q
}

// Prefix keeps the items whose sort key starts with the fields that count in the example: whole
// components, but for a text in the last component, which is matched by its beginning. See [Query.Equal].
func (q *Query[T]) Prefix(example T, attributes ...string) *Query[T] {
	q.plan.where(schema.Prefix, unsafe.Pointer(&example), nil, attributes)
	return q
}

// Reverse sets descending order, overriding the default, ascending.
func (q *Query[T]) Reverse() *Query[T] {
	q.plan.reverse = true
	return q
}

// Input returns the request that the query starts with, without a client and without sending it: that of
// the first shard, if the partition has [Shards].
func (q *Query[T]) Input(context.Context) (*dynamodb.QueryInput, error) { return q.plan.firstInput() }

// Page is a part of a query's items.
type Page[Item any] struct {
	Items []Item
	// Cursor stands behind the last item; "" when there is nothing more. For that, a request with a limit reads one item more than the
	// page gets. It is not known, so that there is a cursor and the page behind it may be empty, where the limit ends a page together with
	// the response of a query with a filter or a page size, where what stands behind is passed over (expired, of another or an
	// unknown type), and where a response of 1 MB ends a page. It holds the last item's key, in plain form unless the table has a
	// [CursorKey].
	Cursor string
}

// refine is what all queries and scans have in common: how they are refined, and how they are sent. Self is the type
// that embeds it, as a pointer, and Item what it gives: a *T, or any for items of several types.
type refine[Self, Item any] struct{ plan queryPlan }

// selfOf returns the query or update that base points to the beginning of: each Self points to a struct whose first
// field is its base. So copies and zero values need no pointer to themselves.
func selfOf[Self any](base unsafe.Pointer) Self { return *(*Self)(unsafe.Pointer(&base)) }

// Filter drops items that do not satisfy a condition on their attributes, after they were read and
// paid for; several must all hold. Key attributes cannot be filtered.
func (r *refine[Self, Item]) Filter(condition expression.ConditionBuilder) Self {
	r.plan.filter(condition)
	return selfOf[Self](unsafe.Pointer(r))
}

// Limit sets how many items are returned at the most, overriding the default of all. It counts items
// after filtering.
func (r *refine[Self, Item]) Limit(items int) Self {
	r.plan.limit = r.plan.positive("limit", items)
	return selfOf[Self](unsafe.Pointer(r))
}

// PageSize sets how many items the service reads for one response, overriding the default of 1 MB, or
// the limit when there is no filter; use it to bound the latency or the cost of one request.
func (r *refine[Self, Item]) PageSize(items int) Self {
	r.plan.pageSize = r.plan.positive("page size", items)
	return selfOf[Self](unsafe.Pointer(r))
}

// Consistent sets whether the read is strongly consistent, see [Consistent].
func (r *refine[Self, Item]) Consistent(on bool) Self {
	r.plan.consistent = consistencyOf(on)
	return selfOf[Self](unsafe.Pointer(r))
}

// From continues behind the cursor of a page of the same query; "" starts at the beginning. Filters
// and limits may be others; if anything else is, the error matches [ErrBadCursor].
func (r *refine[Self, Item]) From(cursor string) Self {
	r.plan.cursor = cursor
	return selfOf[Self](unsafe.Pointer(r))
}

// SkipUnknown goes past items of types that are not registered, instead of ending with an
// [*UnknownEntityError], and counts them in n, if n is not nil. It overrides the table's setting, see [SkipUnknown].
func (r *refine[Self, Item]) SkipUnknown(n *int) Self {
	r.plan.unknown, r.plan.skipped = schema.SkipUnknown, n
	return selfOf[Self](unsafe.Pointer(r))
}

// SkipHooks sets whether the AfterLoad hooks are left out, see [SkipHooks].
func (r *refine[Self, Item]) SkipHooks(on bool) Self {
	r.plan.skipHooks = &on
	return selfOf[Self](unsafe.Pointer(r))
}

// Hydrate gives whole items where an index does not hold them ([KeysOnly], [Include]): each page of the index is followed by
// reads of its items from the table, in requests of up to 100, in the order of the index. They are as the table has them then;
// what was removed in between is left out, and what [RawUnknown] gives stays as the index holds it. Filters see what the index
// holds. It costs a read of each item, and does nothing elsewhere.
func (r *refine[Self, Item]) Hydrate() Self {
	r.plan.hydrate = true
	return selfOf[Self](unsafe.Pointer(r))
}

// Partial takes items as an index holds them: fields that it does not hold stay zero. The types of such items need a bool field
// with the tag `entable:"partial"`, which is set in them, so that a Put of one is refused: what it lacks would be lost; and so is a
// Patch, SaveChanges or Remove without the version that the index does not hold. An index that lacks the `ttl` attribute is refused, as
// [Entity.Expired] would be wrong. Without Partial, [Query.Hydrate] or Select, reads of an index with [KeysOnly] or [Include] are refused.
func (r *refine[Self, Item]) Partial() Self {
	r.plan.partial = schema.ToldParts
	return selfOf[Self](unsafe.Pointer(r))
}

// Select reads only the attributes at the paths, and those that the library needs: the keys and what they are computed from, the
// type, the version and the time to live. All other fields stay zero; defaults and validation do not
// run. A field with the tag `entable:"partial"` is set, and a Put of the item is refused: give it to types of which parts are read and
// items written. Without it nothing tells the part from a whole item, and a Put of it, or SaveChanges from a whole one, writes the zeros,
// so that what was not read is lost. The whole item is paid for all the same. Where an entity that is read has [Upgrades], whole items
// are read, since an upgrade of a part of one could not be right.
func (r *refine[Self, Item]) Select(paths ...string) Self {
	r.plan.project(paths)
	return selfOf[Self](unsafe.Pointer(r))
}

// All sends the query and ranges over its items. It holds one response page at a time: the next is
// requested when the loop goes past the last item of the one before. A break ends it; an error comes
// last. A scan of several segments has as many requests under way at once, each segment holds at most two
// pages in memory, and a break ends all of them before All returns.
func (r *refine[Self, Item]) All(ctx context.Context) iter.Seq2[Item, error] {
	return itemsOf[Item](&r.plan, ctx)
}

// First sends the query and returns its first item, or an error that matches [ErrNotFound].
func (r *refine[Self, Item]) First(ctx context.Context) (Item, error) {
	v, err := r.plan.first(ctx)
	item, _ := v.(Item)
	return item, err
}

// One sends the query and returns its only item. The error matches [ErrNotFound] when there is none and
// [ErrSeveral] when there are more.
func (r *refine[Self, Item]) One(ctx context.Context) (Item, error) {
	v, err := r.plan.one(ctx)
	item, _ := v.(Item)
	return item, err
}

// Count sends the query and returns the number of its items. Hooks do not run, and items of types that are not
// registered do not count where one entity is read. The service counts by itself where items have a [Discriminator] and the sort
// key's prefix is that of no other entity in the partition; then also what could not be read as an item counts, and what is
// stored there without a type. Else the items are read. Reading them is paid for in both cases.
func (r *refine[Self, Item]) Count(ctx context.Context) (int, error) { return r.plan.count(ctx) }

// Page sends the query and returns as many items as the limit says, or one response page without a
// limit, and a cursor to go on with From. A scan reads one segment after the other.
func (r *refine[Self, Item]) Page(ctx context.Context) (*Page[Item], error) {
	return pageOf[Item](&r.plan, ctx)
}

// itemsOf ranges over a plan's items. It and pageOf stand beside the methods, so that these are made of one call each:
// the compiler makes them anew for every entity.
func itemsOf[Item any](p *queryPlan, ctx context.Context) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		p.each(ctx, func(v any, err error) bool {
			item, _ := v.(Item)
			return yield(item, err)
		})
	}
}

func pageOf[Item any](p *queryPlan, ctx context.Context) (*Page[Item], error) {
	var page Page[Item]
	var err error
	p.ahead = 1
	defer func() { p.ahead = 0 }()
	page.Cursor, err = p.page(ctx, func(v any) { page.Items = append(page.Items, v.(Item)) })
	if err != nil {
		return nil, err
	}
	return &page, nil
}
