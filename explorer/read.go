package explorer

import (
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/cursor"
	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
)

// pageSize is how many items a page shows. One more is read: it tells whether there is a next page.
const pageSize = 50

// result is what a read has given, and how.
type result struct {
	Rows    []*row
	Passed  int    // how many items were read and passed over: they are not what was asked for
	Next    string // the address of the next page; "" at the end
	First   string // the address of the first page, on others
	Request string // as JSON
	Service string // the operation of the service
	Go      string
	Cost    entable.Counts
}

// read sends a query and fills the result.
func (v *view) read(in *dynamodb.QueryInput, span schema.Span, shard int) (*result, error) {
	at, err := v.position(&span, shard)
	if err != nil {
		return nil, err
	}
	in.ExclusiveStartKey, in.Limit = at, new(int32(pageSize+1))
	c, err := v.conn()
	if err != nil {
		return nil, err
	}
	var sink route.RawItems
	page, err := c.Query(v.ctx, in, &sink)
	if err != nil {
		return nil, err
	}
	res := &result{Cost: v.cost(), Service: "Query"}
	if res.Request, err = queryText(in); err != nil {
		return nil, err
	}
	read, last, err := onPage(&span, sink.Items, page.Last)
	if err != nil {
		return nil, err
	}
	items, err := within(&span, read)
	if err != nil {
		return nil, err
	}
	if res.Rows, err = v.h.rows(items); err != nil {
		return nil, err
	}
	res.Rows = slices.DeleteFunc(res.Rows, func(r *row) bool { return span.Want != nil && r.entity != nil && r.entity != span.Want })
	res.Passed = len(read) - len(res.Rows)
	return res, v.turn(res, &span, shard, last)
}

// onPage returns the items that a page has room for, and where the next one begins.
func onPage(span *schema.Span, items [][]byte, last map[string]types.AttributeValue) ([][]byte, map[string]types.AttributeValue, error) {
	if len(items) <= pageSize {
		return items, last, nil
	}
	last, err := span.KeyIn(items[pageSize-1])
	return items[:pageSize], last, err
}

// within leaves out the items that a request reads although they are not in its range: the service has no condition with an open
// end on both sides.
func within(span *schema.Span, items [][]byte) (list [][]byte, err error) {
	if !span.Sort.Wider() {
		return items, nil
	}
	for _, raw := range items {
		out, err := span.Outside(wire.NewReader(raw))
		if err != nil {
			return nil, err
		}
		if !out {
			list = append(list, raw)
		}
	}
	return list, nil
}

func (h *Handler) rows(items [][]byte) (list []*row, err error) {
	for _, raw := range items {
		r, err := h.row(raw, false)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}

// walk returns how cursors of this page's reads are made: they are bound to its address, so that one that is taken to another
// page is refused.
func (v *view) walk(span *schema.Span) *cursor.Walk {
	return &cursor.Walk{
		Identity: func(byte) []byte { return []byte(v.address("")) },
		Key:      func(item []byte, _ int) (map[string]types.AttributeValue, error) { return span.KeyIn(item) },
	}
}

// address returns the page's own address with another cursor.
func (v *view) address(after string) string {
	q := url.Values{}
	for name, values := range v.form {
		if name != "after" {
			q[name] = values
		}
	}
	if after != "" {
		q.Set("after", after)
	}
	return strings.TrimPrefix(v.r.URL.Path, "/") + "?" + q.Encode()
}

// position returns the key that the page starts behind, of one of several shards that are read one after the other.
func (v *view) position(span *schema.Span, shard int) (map[string]types.AttributeValue, error) {
	at, err := v.positions(span)
	if err != nil || shard >= len(at) {
		return nil, err
	}
	return at[shard].After, nil
}

func (v *view) positions(span *schema.Span) ([]cursor.Position, error) {
	at, err := v.walk(span).Open(v.form.Get("after"), max(1, len(span.Partitions)))
	if err != nil {
		return nil, badRequest("this is no page of this list: %s; begin with the first", err)
	}
	return at, nil
}

// turn sets the addresses of the pages around.
func (v *view) turn(res *result, span *schema.Span, shard int, last map[string]types.AttributeValue) error {
	at := make([]cursor.Position, max(1, len(span.Partitions)))
	for i := range shard {
		at[i].Done = true
	}
	at[shard] = cursor.Position{After: last, Done: len(last) == 0}
	after, err := v.walk(span).Seal(at)
	if err != nil {
		return err
	}
	if after != "" {
		res.Next = v.address(after)
	}
	if v.form.Get("after") != "" {
		res.First = v.address("")
	}
	return nil
}
