package aggregate_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
)

// A basket is a cart with its lines and notes: one partition.

type Cart struct {
	ID      string    `dynamodbav:"id"`
	Owner   string    `dynamodbav:"owner,omitempty"`
	State   string    `dynamodbav:"state" entable:"default=open" validate:"oneof=open paid"`
	Code    string    `dynamodbav:"code,omitempty" entable:"unique"`
	Changed time.Time `dynamodbav:"changed" entable:"touch=now"`
	Saves   int       `dynamodbav:"saves"`
	Version int       `dynamodbav:"version" entable:"version"`

	hooks []string
}

func (c *Cart) BeforeSave(context.Context) error { c.hooks = append(c.hooks, "BeforeSave"); return nil }
func (c *Cart) AfterSave(context.Context) error  { c.hooks = append(c.hooks, "AfterSave"); return nil }
func (c *Cart) BeforeUpdate(context.Context) error {
	c.hooks = append(c.hooks, "BeforeUpdate")
	return nil
}
func (c *Cart) AfterUpdate(context.Context) error {
	c.hooks = append(c.hooks, "AfterUpdate")
	return nil
}

type Line struct {
	Cart    string   `dynamodbav:"cart"`
	ID      string   `dynamodbav:"line" entable:"auto=ulid"`
	Product string   `dynamodbav:"product"`
	Qty     int      `dynamodbav:"qty"`
	Tags    []string `dynamodbav:"tags,stringset,omitempty"`
	Gift    *bool    `dynamodbav:"gift,omitempty"`
	Blob    []byte   `dynamodbav:"blob,omitempty"`
}

type Note struct {
	Cart  string         `dynamodbav:"cart"`
	At    time.Time      `dynamodbav:"at" entable:"auto=now"`
	Text  string         `dynamodbav:"text" validate:"required"`
	Extra map[string]any `entable:"rest"`
}

type Basket struct {
	Cart  *Cart
	Lines []Line
	Notes []*Note
	Seen  []string `entable:"-"`
}

type shop struct {
	*enginetest.Setup
	table   *entable.Table
	carts   *entable.Entity[Cart]
	lines   *entable.Entity[Line]
	notes   *entable.Entity[Note]
	baskets *entable.Collection[Basket]
}

// openShop declares and creates a table for baskets.
func openShop(e *enginetest.Setup, opts ...entable.TableOption) *shop {
	s := &shop{Setup: e, table: e.Declare(append(opts, entable.GSI("gsi1"))...)}
	s.carts = entable.Register[Cart](s.table, entable.Index("gsi1", entable.PK("owner"), entable.SK("state")))
	s.lines = entable.Register[Line](s.table, entable.PK("cart", entable.PrefixOf(s.carts)), entable.SK("line"),
		entable.Index("gsi1", entable.PK("product"), entable.SK("cart", "qty")))
	s.notes = entable.Register[Note](s.table, entable.PK("cart", entable.PrefixOf(s.carts)), entable.SK("at"))
	s.baskets = entable.NewCollection[Basket](s.carts, s.lines, s.notes)
	s.Create(s.table)
	return s
}

// eachSetup runs a test on both engines by both routes.
func eachSetup(t *testing.T, test func(t *testing.T, s *shop)) {
	ways := slices.Concat(enginetest.Memory.By(enginetest.Direct, enginetest.Wrapped), enginetest.Local.By(enginetest.Direct, enginetest.Wrapped))
	enginetest.Each(t, ways, func(t *testing.T, e *enginetest.Setup) { test(t, openShop(e)) }, enginetest.Once)
}

// onMemory opens a shop on a database of its own, whose faults the test makes.
func onMemory(t *testing.T, opts ...entable.TableOption) *shop {
	return openShop(enginetest.OnMemory(t, enginetest.Once), opts...)
}

var check, text = enginetest.Check, enginetest.Text

// sent returns the operations since it was called last.
func (s *shop) sent() string {
	ops := s.Spy.Ops()
	s.Spy.Reset()
	return strings.Join(ops, " ")
}

// load reads a basket and the copy that it is compared with.
func (s *shop) load(id string) (before, now *Basket) {
	s.T.Helper()
	now, err := s.baskets.Get(s.T.Context(), Cart{ID: id}, entable.Consistent(true))
	check(s.T, err)
	return s.baskets.Clone(now), now
}

// save fills a partition.
func (s *shop) save(b *Basket) {
	s.T.Helper()
	check(s.T, s.baskets.Save(s.T.Context(), nil, b))
	s.sent()
}

// stored reads all items of the table as they are, by their keys.
func (s *shop) stored() map[string]map[string]types.AttributeValue { return s.Items(s.table.Name()) }

func (s *shop) put(item map[string]types.AttributeValue) { s.Store(s.table, item) }

var day = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

func str(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }
