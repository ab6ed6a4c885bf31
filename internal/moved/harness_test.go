package moved_test

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
)

// each runs a test on both engines, and by both routes on the faster one.
func each(t *testing.T, test func(t *testing.T, e *enginetest.Setup)) {
	ways := append(enginetest.Memory.By(enginetest.Direct, enginetest.Wrapped), enginetest.Local.By(enginetest.Direct)...)
	enginetest.Each(t, ways, test)
}

// Order is the entity that moves.
type Order struct {
	Tenant string   `dynamodbav:"tenant"`
	ID     string   `dynamodbav:"id"`
	Status string   `dynamodbav:"status,omitempty"`
	N      int      `dynamodbav:"n"`
	Tags   []string `dynamodbav:"tags,omitempty,stringset"`
	Note   string   `dynamodbav:"note,omitempty"`
}

// form is a way in which the keys of orders change.
type form struct {
	name     string
	old, new []entable.KeySpec
}

// forms are the ways that all tests go.
var forms = []form{
	{"shards", []entable.KeySpec{entable.PK("tenant", entable.Prefix("T"), entable.Shards(3, "id")), entable.SK("id", entable.Prefix("O"))},
		[]entable.KeySpec{entable.PK("tenant", entable.Prefix("T"), entable.Shards(11, "id")), entable.SK("id", entable.Prefix("O"))}},
	{"shards of one width", []entable.KeySpec{entable.PK("tenant", entable.Prefix("T"), entable.Shards(2, "id")), entable.SK("id", entable.Prefix("O"))},
		[]entable.KeySpec{entable.PK("tenant", entable.Prefix("T"), entable.Shards(5, "id")), entable.SK("id", entable.Prefix("O"))}},
	{"prefix", []entable.KeySpec{entable.PK("tenant", entable.Prefix("T")), entable.SK("id", entable.Prefix("O"))},
		[]entable.KeySpec{entable.PK("tenant", entable.Prefix("TENANT")), entable.SK("id", entable.Prefix("ORDER"))}},
	{"sort key", []entable.KeySpec{entable.PK("tenant", entable.Prefix("T")), entable.SK("id", entable.Prefix("Z"))},
		[]entable.KeySpec{entable.PK("tenant", entable.Prefix("T")), entable.SK("id", entable.Prefix("A"))}},
	{"layout", []entable.KeySpec{entable.PK("tenant", entable.Prefix("T"), entable.Literal("x")), entable.SK("id", entable.Prefix("O"))},
		[]entable.KeySpec{entable.PK(entable.Template("tenant:{tenant}")), entable.SK(entable.Template("order:{id}"))}},
	{"into the sort key", []entable.KeySpec{entable.PK(entable.Literal("ALL")), entable.SK("tenant", "id", entable.Prefix("O"))},
		[]entable.KeySpec{entable.PK("tenant", entable.Prefix("T")), entable.SK("id", entable.Prefix("O"))}},
}

// The versions of a program: those that know one place, and those that know both.
const (
	before = iota // the old place alone
	ahead         // writes at the old place and looks at the new
	moves         // writes at the new place and looks at the old
	after         // the new place alone
)

func (f form) options(version int) (opts []entable.EntityOption) {
	own, other := f.old, f.new
	if version >= moves {
		own, other = other, own
	}
	for _, k := range own {
		opts = append(opts, k)
	}
	if version == ahead || version == moves {
		opts = append(opts, entable.Moved(other...))
	}
	return opts
}

// program is a version of a program on a table.
type program struct {
	table  *entable.Table
	orders *entable.Entity[Order]
}

// site is a table on which several versions work.
type site struct {
	*enginetest.Setup
	name string
	opts []entable.TableOption
}

func newSite(e *enginetest.Setup, opts ...entable.TableOption) *site {
	opts = append([]entable.TableOption{entable.GSI("gsi1")}, opts...)
	return &site{e, e.NewTable(opts...).Name(), opts}
}

func (s *site) run(f form, version int, opts ...entable.EntityOption) program {
	table := entable.NewTable(s.name, s.opts...)
	table.Use(s.Client)
	opts = append(opts, entable.Index("gsi1", entable.PK("status", entable.Prefix("S")), entable.SK("id", entable.Prefix("N"))))
	if len(s.opts) > 1 {
		opts = append(opts, entable.Index("gsi2", entable.PK("status", entable.Prefix("S2")), entable.SK("id", entable.Prefix("N2"))))
	}
	return program{table, entable.Register[Order](table, append(f.options(version), opts...)...)}
}

// items are all that is stored, past entable, by their keys.
func (s *site) items() map[string]map[string]types.AttributeValue { return s.Items(s.name) }

// keys lists what is stored but for the library's own items.
func (s *site) keys() []string {
	s.T.Helper()
	return slices.DeleteFunc(slices.Sorted(maps.Keys(s.items())), func(k string) bool { return strings.HasPrefix(k, "_") })
}

// at is the key of an order as a version stores it.
func (p program) at(t testing.TB, o Order) string {
	t.Helper()
	item, err := p.orders.ToItem(&o)
	check(t, err)
	return text(item["pk"]) + " " + text(item["sk"])
}

var check, text = enginetest.Check, enginetest.Text

func wantErr(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}

func collect[T any](t testing.TB, items iter.Seq2[*T, error]) (out []T) {
	t.Helper()
	for v, err := range items {
		check(t, err)
		out = append(out, *v)
	}
	return out
}

func same[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
		t.Errorf("%s:\n%s, want\n%s", what, g, w)
	}
}

var errStored = errors.New("the condition failed with the stored item")

// stored returns errStored for a failed condition that comes with the stored item.
func stored(t testing.TB, err error) error {
	t.Helper()
	failed, ok := errors.AsType[*entable.ConditionFailedError](err)
	if !ok {
		return err
	}
	if v, ok := failed.Stored.(*Order); !ok || v.ID != "1" {
		t.Errorf("stored is %v", failed.Stored)
	}
	return errStored
}

// clear removes all that is stored.
func (s *site) clear() {
	s.T.Helper()
	var gone []types.WriteRequest
	for _, item := range s.items() {
		gone = append(gone, types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: map[string]types.AttributeValue{"pk": item["pk"], "sk": item["sk"]}}})
	}
	for part := range slices.Chunk(gone, 25) {
		out, err := s.SDK.BatchWriteItem(s.T.Context(), &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{s.name: part}})
		check(s.T, err)
		same(s.T, "unprocessed", len(out.UnprocessedItems), 0)
	}
}
