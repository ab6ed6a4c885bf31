package entable

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/wire"
)

// pager walks a query's items and fetches pages as it goes. It is one walk: the plan is not changed.
type pager struct {
	plan *queryPlan
	conn *conn
	in   *dynamodb.QueryInput
	sink pageItems
	next int  // in sink.items
	last bool // the response in sink is the last
	out  int  // items given out
}

func (p *queryPlan) walk(ctx context.Context) (*pager, error) {
	in, err := p.input()
	if err != nil {
		return nil, err
	}
	c, err := p.table.connFor(ctx, p.from)
	if err != nil {
		return nil, err
	}
	return &pager{plan: p, conn: c, in: in, sink: pageItems{plan: p}}, nil
}

// item returns the next item, or ok == false at the end.
func (g *pager) item(ctx context.Context) (v any, ok bool, err error) {
	p := g.plan
	if p.limit > 0 && g.out == p.limit {
		return nil, false, nil
	}
	for g.next == len(g.sink.items) {
		if g.last {
			return nil, false, nil
		}
		if err := g.fetch(ctx); err != nil {
			return nil, false, err
		}
	}
	l := g.sink.items[g.next]
	g.next++
	if l.err != nil {
		return nil, false, l.err
	}
	g.out++
	if l.entity != nil {
		err = l.entity.runAfterLoad(ctx, l.value)
	}
	return l.value, err == nil, err
}

// fetch requests the next page.
func (g *pager) fetch(ctx context.Context) error {
	p := g.plan
	g.next = 0
	var last map[string]types.AttributeValue
	if p.table.hooked(g.conn) {
		out, err := g.conn.Query(ctx, g.in, wire.Hook(&g.sink))
		if err != nil {
			return g.opError(err)
		}
		last = out.LastEvaluatedKey
	} else {
		out, err := g.conn.Query(ctx, g.in)
		if err != nil {
			return g.opError(err)
		}
		if err := replay(&g.sink, out.Items); err != nil {
			return g.opError(err)
		}
		last = out.LastEvaluatedKey
	}
	if p.skipped != nil {
		*p.skipped += g.sink.skipped
	}
	g.last = len(last) == 0
	in := *g.in // the last request may still be in the hands of a client's middleware
	in.ExclusiveStartKey = last
	g.in = &in
	return nil
}

func (g *pager) opError(err error) error {
	where := fmt.Sprintf("%s=%q", g.plan.pk.attr.name, g.plan.partition)
	return &OpError{Op: g.plan.op, Entity: g.plan.name(), Key: where, Err: err}
}

// position is the key behind which the walk goes on, or nil at the end.
func (g *pager) position() (map[string]types.AttributeValue, error) {
	if g.next == len(g.sink.items) {
		if g.last {
			return nil, nil
		}
		return g.in.ExclusiveStartKey, nil
	}
	if g.next == 0 {
		return g.in.ExclusiveStartKey, nil
	}
	return g.plan.keyIn(g.sink.raws[g.next-1])
}

// keyIn reads from an item the key that a query of this table or index starts behind.
func (p *queryPlan) keyIn(raw []byte) (map[string]types.AttributeValue, error) {
	names := []string{p.table.pk.name}
	if p.table.sk.exists() {
		names = append(names, p.table.sk.name)
	}
	if p.native.native {
		x := p.from.index(p.index)
		for _, k := range slices.Concat(x.hashes, x.ranges) {
			names = append(names, k.attr.name)
		}
	} else if p.index != "" {
		for _, k := range []*key{p.pk, p.sk} {
			if k != nil && !slices.Contains(names, k.attr.name) {
				names = append(names, k.attr.name)
			}
		}
	}
	values := make([][]byte, len(names))
	if err := wire.FindAttrs(raw, names, values); err != nil {
		return nil, err
	}
	key := make(map[string]types.AttributeValue, len(names))
	for i, name := range names {
		if values[i] == nil {
			return nil, fmt.Errorf("the item has no key attribute %q", name)
		}
		v, err := wire.ReadValue(values[i])
		if err != nil {
			return nil, err
		}
		key[name] = v
	}
	return key, nil
}

// each gives every item to yield, until it says no; an error comes last.
func (p *queryPlan) each(ctx context.Context, yield func(any, error) bool) {
	g, err := p.walk(ctx)
	if err != nil {
		yield(nil, err)
		return
	}
	for {
		v, ok, err := g.item(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		if !ok || !yield(v, nil) {
			return
		}
	}
}

func (p *queryPlan) first(ctx context.Context) (any, error) {
	one := *p
	one.limit = 1
	g, err := one.walk(ctx)
	if err != nil {
		return nil, err
	}
	v, ok, err := g.item(ctx)
	if err == nil && !ok {
		err = g.opError(ErrNotFound)
	}
	return v, err
}

// page gives the items of one page to add and returns the cursor behind them.
func (p *queryPlan) page(ctx context.Context, add func(any)) (string, error) {
	g, err := p.walk(ctx)
	if err != nil {
		return "", err
	}
	for {
		v, ok, err := g.item(ctx)
		if err != nil {
			return "", err
		}
		if !ok {
			break
		}
		add(v)
		if p.limit == 0 && g.next == len(g.sink.items) {
			break
		}
	}
	key, err := g.position()
	if err != nil {
		return "", g.opError(err)
	}
	return p.sealCursor(key)
}

// pageItems receives the items of one response.
type pageItems struct {
	plan    *queryPlan
	items   []loaded
	raws    [][]byte
	skipped int
}

func (s *pageItems) Reset() {
	clear(s.items)
	clear(s.raws)
	s.items, s.raws, s.skipped = s.items[:0], s.raws[:0], 0
}

// Item takes one item. A bad item is kept as the error in its place: what comes before it is given
// out first, and the request is not repeated for it.
func (s *pageItems) Item(_ string, _ int, r *wire.Reader) error {
	p := s.plan
	r.Copy = p.table.copyStrings
	start := r.Offset()
	if edge := p.sort.edge(); edge != "" {
		if at, err := p.atEdge(r, edge); err != nil || at {
			_, skipErr := r.Skip()
			return skipErr
		}
	}
	l := p.table.decode(r, p.want)
	switch {
	case l.err == nil && l.entity.hides(l.value), l.err == nil && (p.want != nil && l.entity != p.want || p.member != nil && !p.member(l.entity)):
		return nil
	case l.err != nil:
		var keep bool
		if l, keep = s.resolve(l); !keep {
			return nil
		}
	}
	s.items = append(s.items, l)
	s.raws = append(s.raws, r.Since(start))
	return nil
}

// resolve applies the query's setting for items of unknown types.
func (s *pageItems) resolve(l loaded) (_ loaded, keep bool) {
	u, ok := l.err.(*UnknownEntityError)
	switch {
	case !ok:
		return l, true
	case s.plan.raw:
		return loaded{value: u.Item}, true
	case s.plan.skipped != nil:
		s.skipped++
		return l, false
	}
	if s.plan.want != nil {
		u.Want = s.plan.want.name
	}
	return l, true
}

// atEdge reports whether the sort key of the item at r is the one that the range does not include.
func (p *queryPlan) atEdge(r *wire.Reader, edge string) (bool, error) {
	var value [1][]byte
	if err := r.FindAttrs([]string{p.sk.attr.name}, value[:]); err != nil || value[0] == nil {
		return false, err
	}
	_, text, err := wire.Scalar(value[0])
	return text == edge, err
}

// cursor is the plain form of a query's position.
type cursor struct {
	Version int             `json:"v"`
	Query   string          `json:"q"` // fingerprint of what the cursor belongs to
	Key     json.RawMessage `json:"k"` // DynamoDB JSON
	Sum     string          `json:"s"` // checksum of the key, against damage
}

const cursorVersion = 1

// fingerprint binds a cursor to the table, index, partition, range, direction and entities of its
// query. The range belongs to it because the service refuses to start outside of it.
func (p *queryPlan) fingerprint() string {
	s := p.sort
	return digest(fmt.Appendf(nil, "%q %q %q %q %d %q %q %t %t %t %q %q", p.table.name, p.index, p.pk.attr.name, p.partition,
		s.op, s.lo, s.hi, s.loOpen, s.hiOpen, p.reverse, p.name(), p.members))
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

func (p *queryPlan) sealCursor(key map[string]types.AttributeValue) (string, error) {
	if key == nil {
		return "", nil
	}
	raw, err := wire.AppendItem(nil, key)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(cursor{Version: cursorVersion, Query: p.fingerprint(), Key: raw, Sum: digest(raw)})
	return base64.RawURLEncoding.EncodeToString(text), err
}

func (p *queryPlan) openCursor() (map[string]types.AttributeValue, error) {
	if p.cursor == "" {
		return nil, nil
	}
	bad := func(why string) error { return fmt.Errorf("%w of %s: %s", ErrBadCursor, p.name(), why) }
	text, err := base64.RawURLEncoding.DecodeString(p.cursor)
	if err != nil {
		return nil, bad("it is damaged")
	}
	var c cursor
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil || c.Version != cursorVersion {
		return nil, bad("it is damaged or of another version")
	}
	if c.Query != p.fingerprint() {
		return nil, bad("it belongs to another query")
	}
	key, err := p.keyIn(c.Key)
	if err != nil {
		return nil, bad("it is damaged")
	}
	// There is one text for one position, so that whatever was changed shows.
	if sealed, err := p.sealCursor(key); err != nil || sealed != p.cursor {
		return nil, bad("it is damaged")
	}
	return key, nil
}
