package schema

import (
	"cmp"
	"errors"
	"math/big"
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/keys"
)

// Span is where a query reads: one partition of the table or of an index, or all shards of one, and a range of the
// sort keys in it. Conditions on the sort key are kept as the range that they leave, so that several can be joined.
// The span of a scan has a table and an index only.
type Span struct {
	Table *Table
	From  *Entity // the entity whose fields name the partition
	Want  *Entity // only items of this entity, or nil

	Members map[*Entity]bool // only items of these, or nil

	Index      string
	PK, SK     *Key
	Partition  []byte
	Partitions [][]byte // of all shards; partition is the first
	Sort       sortRange
	ranged     bool // between was given, of examples
	Multi      multiRange
	values     []keys.Value // of the partition's components, where items may be at two places
	asked      *asked       // and the condition on the sort key
}

// SortOp is a condition on the sort key.
type SortOp uint8

const (
	AnySort SortOp = iota
	Equal
	Less
	LessEqual
	Greater
	GreaterEqual
	Between
	Prefix
)

// sortRange is what a condition leaves of the sort keys: for equal and prefix the text in lo, else all
// from lo to hi, where "" is no bound and an open bound is not itself in the range.
type sortRange struct {
	Op             SortOp
	Lo, Hi         string
	LoOpen, HiOpen bool
	gap            string // keys above Lo and below it are not in the range
}

// Edge returns the sort key that the request has to include although the range does not: the service has
// no condition with a lower bound and an open upper one.
func (r *sortRange) Edge() string {
	if r.Lo != "" && r.HiOpen {
		return r.Hi
	}
	return ""
}

// Wider reports whether the request reads more than the range.
func (r *sortRange) Wider() bool { return r.Edge() != "" || r.gap != "" }

func (r *sortRange) holds(key string) bool { return key != r.Edge() && (key <= r.Lo || key >= r.gap) }

// NewSpan returns the partition that the fields of the item at ptr name.
func NewSpan(from *Entity, index string, ptr unsafe.Pointer) (Span, error) {
	s := Span{Table: from.Table, From: from, PK: from.PK, SK: from.SK, Index: index}
	if index != "" {
		x := from.index(index)
		if x == nil {
			return s, misuse("%s: unknown index %q: %s", from.Name, index, from.indexNames())
		}
		s.PK, s.SK = x.pk, x.sk
		if x.MultiAttribute {
			return s, s.startMulti(x, ptr)
		}
	}
	if s.PK.shards() == 1 { // else all of them are read
		if err := from.checkRead(ptr, ofKey, from.computedFrom(s.PK)...); err != nil {
			return s, err
		}
	}
	var err error
	if s.Partitions, err = s.PK.partitions(ptr); err != nil {
		return s, from.keyFault(s.PK.Attr.Name, err)
	}
	s.Partition = s.Partitions[0]
	if index == "" && s.Table.Directory().Moved {
		s.values, err = s.PK.values(ptr, nil, len(s.PK.comps)-min(1, s.PK.shards()-1))
	}
	return s, err
}

// Name returns what messages call the reader: the entity that is wanted, or the table.
func (s *Span) Name() string {
	switch {
	case s.Want != nil:
		return s.Want.Name
	case s.Table == nil:
		return ""
	}
	return s.Table.Name
}

func (s *Span) keyFault(key string, err error) error {
	return &Fault{Kind: WrongKey, Entity: s.Name(), Where: key, Err: err}
}

// Where sets the condition on the sort key from examples at low and high; named are the attributes of theirs that count, see
// [comparison].
func (s *Span) Where(op SortOp, low, high unsafe.Pointer, named ...string) error {
	if x := s.From.index(s.Index); s.Multi.Given && len(x.ranges) > 0 && s.Sort.Op == AnySort {
		if err := s.whereMulti(x, op, low, high, named); err != nil {
			return s.keyFault(s.Index, err)
		}
		return nil
	}
	switch {
	case s.Sort.Op == AnySort && (s.SK == nil || len(s.SK.comps) == 0):
		return misuse("%s: the sort key has no attribute to compare", s.Name())
	case op == Prefix && s.SK.Attr.Type == types.ScalarAttributeTypeN:
		return misuse("%s: the sort key is a number and has no beginning: use Between", s.Name())
	case s.Sort.Op != AnySort:
		return misuse("%s: give one condition on the sort key", s.Name())
	default:
		if err := s.setRange(op, low, high, named); err != nil {
			return s.keyFault(s.SK.Attr.Name, err)
		}
		if s.values != nil {
			s.asked = &asked{op, low, high, named}
		}
	}
	return nil
}

// setRange turns a condition into a range of sort keys. It stays within the entity's own lead
// ("CT#"), so that `>` does not run into the next entity's items.
func (s *Span) setRange(op SortOp, low, high unsafe.Pointer, named []string) error {
	var lo, hi bound
	at := comparison{op: op, named: named, index: s.Index != ""}
	err := s.SK.checkOrder(at, low, high)
	if err != nil {
		return err
	}
	if low != nil {
		if lo, err = s.SK.bound(low, at.from(GreaterEqual)); err != nil {
			return err
		}
	}
	if high != nil {
		if hi, err = s.SK.bound(high, at.from(LessEqual)); err != nil {
			return err
		}
	}
	lead := s.SK.Lead()
	r := sortRange{Op: op, Lo: lo.text, Hi: hi.text, gap: lo.gap}
	if hi.part && op != Less { // up to the end of everything that starts with the part
		r.Hi, r.HiOpen = hi.after(), true
	}
	switch op {
	case Equal, Prefix:
		switch {
		case op == Equal && !lo.part:
			r.gap = ""
		case lo.gap != "":
			r.Op, r.Hi, r.HiOpen = Between, lo.after(), true
		default:
			r.Op = Prefix
		}
	case Less:
		r.Lo, r.HiOpen = lead, true
	case LessEqual:
		r.Lo = lead
	case Greater, GreaterEqual:
		r.Hi, r.HiOpen = keys.After(lead), true
		r.LoOpen = op == Greater
		if r.LoOpen && lo.part {
			r.Lo, r.LoOpen, r.gap = lo.after(), false, ""
		}
	}
	if op == Between && s.SK.compare(r.Lo, r.Hi) > 0 {
		return errReversed
	}
	s.Sort = r
	return nil
}

var errReversed = errors.New("the low bound of Between lies above the high one: exchange them")

// compare compares two of the key's values as the service does.
func (k *Key) compare(a, b string) int {
	if k.Attr.Type == types.ScalarAttributeTypeN {
		x, ok := new(big.Rat).SetString(a)
		if y, ok2 := new(big.Rat).SetString(b); ok && ok2 {
			return x.Cmp(y)
		}
	}
	return strings.Compare(a, b)
}

// bound is the text of a sort key or of a leading part of one. One that can go on with a tail has a gap: what the keys begin
// with that do. Keys between the two are of other values.
type bound struct {
	text  string
	part  bool
	gap   string
	loose bool // keys of the entity itself can be between
}

// after returns the smallest text above all keys that start with the part.
func (b bound) after() string { return keys.After(cmp.Or(b.gap, b.text)) }

func (k *Key) bound(ptr unsafe.Pointer, q comparison) (bound, error) {
	n := len(k.comps)
	if n > 0 {
		var err error
		if n, err = q.counts(n, k.component, ptr); err != nil {
			return bound{}, err
		}
	}
	if k.pattern == nil || n == len(k.comps) && q.op != Prefix && (n == 0 || !k.comps[n-1].tail) {
		text, err := k.AppendText(nil, ptr)
		return bound{text: string(text)}, err
	}
	vals, err := k.values(ptr, nil, n)
	if err != nil {
		return bound{}, err
	}
	m := n // without the zeros of a tail that is not there
	for m > 0 && k.comps[m-1].tail && vals[m-1].IsZero() {
		m--
	}
	if q.op == Prefix && n == len(k.comps) { // the beginning of nothing
		n = m
	}
	text, ends, err := k.pattern.AppendLeading(nil, vals[:n])
	b := bound{text: string(text), part: ends < len(text) || q.op == Prefix}
	if err == nil && ends == len(text) && m < n {
		if text, ends, err = k.pattern.AppendLeading(nil, vals[:m]); ends < 0 {
			return b, err
		}
	}
	if 0 <= ends && ends < len(text) {
		b.text, b.gap, b.loose = string(text[:ends]), string(text), m > 0 && !k.pattern.Ordered(m-1)
	}
	return b, err
}

// KeyCondition writes the key condition of a query, with its names and values.
func (s *Span) KeyCondition(names map[string]string, values map[string]types.AttributeValue) string {
	if s.Multi.Given {
		return s.Multi.condition(names, values)
	}
	names["#pk"] = s.PK.Attr.Name
	values[":pk"] = s.PK.AttributeValue(s.Partition)
	return "#pk = :pk" + s.sortCondition(names, values)
}

// sortCondition writes the condition on the sort key, with its names and values.
func (s *Span) sortCondition(names map[string]string, values map[string]types.AttributeValue) string {
	if s.SK == nil {
		return ""
	}
	r := s.Sort
	if r.Op == AnySort {
		if s.Want == nil || s.SK.Lead() == "" {
			return ""
		}
		r.Op, r.Lo = Prefix, s.SK.Lead()
		if len(s.SK.comps) == 0 {
			r.Op = Equal
		}
	}
	names["#sk"] = s.SK.Attr.Name
	set := func(name, text string) {
		values[name] = s.SK.AttributeValue([]byte(text))
	}
	switch {
	case r.Op == Equal:
		set(":sk", r.Lo)
		return " AND #sk = :sk"
	case r.Op == Prefix:
		set(":sk", r.Lo)
		return " AND begins_with(#sk, :sk)"
	case r.Lo == "":
		set(":hi", r.Hi)
		return " AND #sk " + operator("<", r.HiOpen) + " :hi"
	case r.Hi == "":
		set(":lo", r.Lo)
		return " AND #sk " + operator(">", r.LoOpen) + " :lo"
	case r.LoOpen:
		r.Lo = sortKeyAbove(r.Lo)
	}
	set(":lo", r.Lo)
	set(":hi", r.Hi)
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
