package entable_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/entable/entable"
)

func (c *club) drop(s *setup, key map[string]types.AttributeValue) {
	_, err := s.SDK.DeleteItem(s.T.Context(), &dynamodb.DeleteItemInput{TableName: aws.String(c.table.Name()), Key: key})
	check(s.T, err)
}

// reserve stores the sentinel of i's value for an owner.
func (c *club) reserve(s *setup, i int, owner map[string]types.AttributeValue) {
	item := emailSentinel(i)
	item["_type"] = avS("_unique")
	if owner != nil {
		item["owner"] = &types.AttributeValueMemberM{Value: owner}
	}
	s.Store(c.table, item)
}

// A writer comes between what a repair has read and what it writes. The repair judges anew.
func TestAuditRepairsNothingThatHasChangedSince(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		damage   func(*club, *setup)
		op       string // before the first of these the other writer comes
		other    func(*club, *setup)
		findings int
		attr     string // of member 1, or "sentinel 1" and "sentinel 99"
		want     string
	}{
		{"the item is deleted", (*club).loseIndexKey, "UpdateItem", func(c *club, s *setup) {
			c.drop(s, key(memberKey(1)))
			c.drop(s, emailSentinel(1))
		}, 0, "id", ""},
		{"it gets another type", (*club).loseIndexKey, "UpdateItem", func(c *club, s *setup) { c.edit(s, 1, "", "_type", avS("Stranger")) }, 2, "lsi1sk", ""},
		{"the field of an index key changes", (*club).loseIndexKey, "UpdateItem", func(c *club, s *setup) { c.edit(s, 1, "", "n", avN("77")) }, 1, "lsi1sk", "MN#0000000000000000077"},
		{"the field of the key changes", func(c *club, s *setup) { c.edit(s, 1, "", "_type", nil) }, "UpdateItem",
			func(c *club, s *setup) { c.edit(s, 1, "", "id", avS("another")) }, 2, "_type", ""},
		{"the unique value changes", (*club).loseSentinel, "TransactWriteItems", func(c *club, s *setup) { c.edit(s, 1, "", "email", avS("new@x")) }, 0, "sentinel 1", ""},
		{"the holder of the value gets another type", (*club).loseSentinel, "TransactWriteItems", func(c *club, s *setup) { c.edit(s, 1, "", "_type", avS("Stranger")) }, 0, "sentinel 1", ""},
		{"the sentinel is written", (*club).loseSentinel, "TransactGetItems", func(c *club, s *setup) { c.reserve(s, 1, key(memberKey(1))) }, 0, "sentinel 1", "reserved"},
		{"the orphan gets an owner", func(c *club, s *setup) { c.reserve(s, 99, key("MC#gone", "MI#gone")) }, "TransactWriteItems", func(c *club, s *setup) {
			c.edit(s, 1, "", "email", avS("99@x"))
			c.reserve(s, 99, key(memberKey(1)))
		}, 0, "sentinel 99", "reserved"},
		{"the owner of the orphan gets the value", func(c *club, s *setup) { c.reserve(s, 99, key(memberKey(1))) }, "TransactGetItems",
			func(c *club, s *setup) { c.edit(s, 1, "", "email", avS("99@x")) }, 0, "sentinel 99", "reserved"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := onMemory(t)
			c := newClub(s)
			c.fill(t, 3)
			test.damage(c, s)
			s.Spy.Before(once(test.op, func() { test.other(c, s) }))
			var found []string
			for f, err := range c.table.Audit(t.Context(), entable.AuditOptions{Repair: true}) {
				check(t, err)
				found = append(found, f.String())
			}
			got := ""
			if n, ok := map[string]int{"sentinel 1": 1, "sentinel 99": 99}[test.attr]; ok {
				if s.Load(c.table, emailSentinel(n)) != nil {
					got = "reserved"
				}
			} else if v, ok := s.Load(c.table, key(memberKey(1)))[test.attr].(*types.AttributeValueMemberS); ok {
				got = v.Value
			}
			if len(found) != test.findings || got != test.want {
				t.Errorf("%s is %q, want %q; found %d, want %d: %q", test.attr, got, test.want, len(found), test.findings, found)
			}
		})
	}
}

func (c *club) loseIndexKey(s *setup) { c.edit(s, 1, "", "lsi1sk", nil) }

func (c *club) loseSentinel(s *setup) { c.drop(s, emailSentinel(1)) }

// The rarer kinds of damage, by what the finding says. Those with an error are not repaired.
func TestAuditFindings(t *testing.T) {
	t.Parallel()
	pk, sk := memberKey(1)
	at := fmt.Sprintf("[pk=%q sk=%q]", pk, sk)
	orphan := "orphaned sentinel: Member[" + `pk="_unique#Member#email#1@x" sk="A"]: email is `
	for _, test := range []struct {
		name   string
		damage func(*club, *setup)
		want   []string
	}{
		{"a type that is no string", func(c *club, s *setup) {
			c.edit(s, 1, "", "_type", avN("1"))
			c.drop(s, emailSentinel(1))
		}, []string{"undecodable item: " + at + ": attribute _type: the type is no string"}},
		{"a sentinel whose key says nothing", func(c *club, s *setup) {
			item := key("junk", "A")
			item["_type"] = avS("_unique")
			s.Store(c.table, item)
		}, []string{`unknown item: [pk="junk" sk="A"]`}},
		{"a sentinel of a field that is not unique", func(c *club, s *setup) {
			item := key("_unique#Member#city#x", "A")
			item["_type"] = avS("_unique")
			s.Store(c.table, item)
		}, []string{`unknown item: [pk="_unique#Member#city#x" sk="A"]`}},
		{"the type of another and the fields of none", func(c *club, s *setup) {
			item := key("MC#x", "MI#y")
			item["_type"], item["club"], item["id"] = avS("Visit"), avS("x"), avS("z")
			s.Store(c.table, item)
		}, []string{`wrong primary key: Visit[pk="MC#x" sk="MI#y"]: pk is "MC#x", should be "VC#x#1"`}},
		{"an index key of an entity that is not in the index", func(c *club, s *setup) {
			item := s.Load(c.table, key("VC#c0#0", "VI#m0"))
			item["gsi1pk"] = avS("stray")
			s.Store(c.table, item)
		}, []string{`wrong index key: Visit[pk="VC#c0#0" sk="VI#m0"]: gsi1pk is "stray", should be "" (repaired)`}},
		{"a sentinel without owner", func(c *club, s *setup) { c.reserve(s, 1, nil) }, []string{
			"foreign sentinel: Member" + at + `: email is "", should be "pk=\"MC#c1\" sk=\"MI#m1\"": the sentinel names no owner`, orphan + `"", should be "" (repaired)`}},
		{"a sentinel with half an owner", func(c *club, s *setup) { c.reserve(s, 1, map[string]types.AttributeValue{"pk": avS(pk)}) }, []string{
			"foreign sentinel: Member" + at + `: email is "", should be "pk=\"MC#c1\" sk=\"MI#m1\"": the sentinel names no owner`, orphan + `"", should be "" (repaired)`}},
		{"a sentinel of a damaged item", func(c *club, s *setup) {
			c.reserve(s, 1, key(memberKey(2)))
			c.edit(s, 2, "", "n", avS("no number"))
			c.drop(s, emailSentinel(2))
		}, []string{
			`undecodable item: Member[pk="MC#c2" sk="MI#m2"]: attribute n: cannot decode S into int`,
			"foreign sentinel: Member" + at + `: email is "pk=\"MC#c2\" sk=\"MI#m2\"", should be "pk=\"MC#c1\" sk=\"MI#m1\"": its owner is damaged or unknown`,
			orphan + `"pk=\"MC#c2\" sk=\"MI#m2\"", should be "": its owner is damaged or unknown`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := onMemory(t)
			c := newClub(s)
			c.fill(t, 3)
			test.damage(c, s)
			var got []string
			for f, err := range c.table.Audit(t.Context(), entable.AuditOptions{Repair: true}) {
				check(t, err)
				got = append(got, f.String())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// Items in an older shape are reported and left: what their fields make is not what they have.
func TestAuditLeavesOlderShapes(t *testing.T) {
	t.Parallel()
	type thing struct {
		ID string `dynamodbav:"id"`
		N  int    `dynamodbav:"n"`
	}
	same := func(entable.RawItem) error { return nil }
	for _, test := range []struct {
		name          string
		stored, later types.AttributeValue // its shape, and when another writer has come between
		want          string
	}{
		{"before any", nil, nil, ": the item is in an older shape: load it and Put it"},
		{"an older one", avN("1"), avN("1"), ": the item is in an older shape: load it and Put it"},
		{"the newest", avN("2"), avN("2"), " (repaired)"},
		{"an older one since", avN("2"), avN("1"), ": the item is in an older shape: load it and Put it"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := onMemory(t)
			table := s.NewTable(entable.GSI("gsi1", entable.NoSortKey()))
			entable.Register[thing](table, entable.Name("Thing"), entable.Index("gsi1", entable.PK("n")), entable.Upgrades(same, same))
			store := func(shape types.AttributeValue) {
				item := key("TI#1", "A")
				item["_type"], item["id"], item["n"] = avS("Thing"), avS("1"), avN("5")
				if shape != nil {
					item["_v"] = shape
				}
				s.Store(table, item)
			}
			store(test.stored)
			s.Spy.Before(once("UpdateItem", func() { store(test.later) }))
			n := 0
			for f, err := range table.Audit(t.Context(), entable.AuditOptions{Repair: true}) {
				check(t, err)
				n++
				if !strings.HasSuffix(f.String(), test.want) {
					t.Errorf("%s", f)
				}
			}
			if repaired := s.Load(table, key("TI#1", "A"))["gsi1pk"] != nil; n != 1 || repaired != strings.Contains(test.want, "repaired") {
				t.Errorf("%d findings, repaired %t", n, repaired)
			}
		})
	}
}

// Numbers as keys are compared as numbers: the service gives them in its own form.
func TestAuditOfNumberKeys(t *testing.T) {
	t.Parallel()
	s := onMemory(t)
	type reading struct {
		ID string  `dynamodbav:"id"`
		At float64 `dynamodbav:"at"`
		N  int     `dynamodbav:"n"`
	}
	table := s.NewTable(entable.SortKey("sk", types.ScalarAttributeTypeN), entable.GSI("gsi1", entable.PartitionKey("gn", types.ScalarAttributeTypeN), entable.NoSortKey()))
	readings := entable.Register[reading](table, entable.SK("at"), entable.Index("gsi1", entable.PK("n")))
	for i, at := range []float64{0, -1.5, 1e21, 1e-7, 1200} {
		check(t, readings.Put(t.Context(), &reading{"r", at, 10 * i}))
	}
	for f, err := range table.Audit(t.Context(), entable.AuditOptions{}) {
		t.Errorf("%v, %v", f, err)
	}
}

// In a table without discriminator the keys say what is the library's own.
func TestAuditWithoutDiscriminator(t *testing.T) {
	t.Parallel()
	s := onMemory(t)
	table := s.NewTable(entable.NoDiscriminator())
	members := entable.Register[member](table, entable.Name("Member"), entable.PK("club"), entable.SK("id"))
	check(t, members.Put(t.Context(), &member{Club: "c1", ID: "m1", Email: "1@x"}))
	check(t, table.Verify(t.Context()))
	var got []string
	for range 2 {
		for f, err := range table.Audit(t.Context(), entable.AuditOptions{}) {
			check(t, err)
			got = append(got, string(f.Kind))
		}
		_, err := s.SDK.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: aws.String(table.Name()), Key: emailSentinel(1)})
		check(t, err)
	}
	if diff := cmp.Diff([]string{"missing sentinel"}, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// All reads of an audit are consistent, and a conflict of its transaction is no error.
func TestAuditReads(t *testing.T) {
	t.Parallel()
	s := onMemory(t)
	c := newClub(s)
	c.fill(t, 3)
	c.reserve(s, 1, key(memberKey(2))) // which has the type of no entity
	c.edit(s, 2, "", "_type", avS("Stranger"))
	c.edit(s, 0, "", "lsi1sk", nil)
	conflicts, reads := 1, map[string]int{}
	var last entable.AuditProgress
	s.Spy.Before(func(op, body string) string {
		switch op {
		case "Scan", "BatchGetItem", "GetItem":
			if reads[op]++; !strings.Contains(body, `"ConsistentRead":true`) {
				t.Errorf("%s of %s", op, body)
			}
		case "TransactGetItems":
			if conflicts--; conflicts >= 0 {
				return `{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","CancellationReasons":[{"Code":"None"},{"Code":"TransactionConflict"}]}`
			}
		}
		return ""
	})
	got := c.findings(t, entable.AuditOptions{Repair: true, Progress: func(p entable.AuditProgress) { last = p }})
	if len(reads) != 3 || conflicts >= 0 || len(got) != last.Findings || last.Repaired != 1 {
		t.Errorf("%v reads, progress %+v, found %v", reads, last, got)
	}
}

func TestAuditEndsWithAnError(t *testing.T) {
	t.Parallel()
	s := onMemory(t)
	c := newClub(s)
	c.fill(t, 3)
	audit := func(ctx context.Context, o entable.AuditOptions) (last error) {
		for _, err := range c.table.Audit(ctx, o) {
			last = err
		}
		return last
	}
	if err := audit(t.Context(), entable.AuditOptions{Segments: 1_000_001}); err == nil || !strings.Contains(err.Error(), "invalid number of segments 1000001: use 1 to 1000000") {
		t.Errorf("too many segments: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := audit(ctx, entable.AuditOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

// An error that is no lost race ends an audit, at once and as it is.
func TestAuditReportsErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ op, code, more string }{
		{"Scan", "AccessDeniedException", ""},
		{"BatchGetItem", "AccessDeniedException", ""},
		{"TransactGetItems", "AccessDeniedException", ""},
		{"GetItem", "AccessDeniedException", ""},
		{"UpdateItem", "AccessDeniedException", ""},
		{"TransactWriteItems", "AccessDeniedException", ""},
		{"TransactWriteItems", "TransactionCanceledException", `,"CancellationReasons":[{"Code":"ConditionalCheckFailed"},{"Code":"ValidationError"}]`},
	} {
		s := onMemory(t)
		c := newClub(s)
		c.fill(t, 3)
		c.loseIndexKey(s)
		c.reserve(s, 1, key(memberKey(2)))
		s.Spy.Before(refusing(test.op, test.code, test.more))
		s.Spy.Reset()
		var last error
		for _, err := range c.table.Audit(t.Context(), entable.AuditOptions{Repair: true}) {
			last = err
		}
		api, ok := errors.AsType[smithy.APIError](last)
		if op, _ := errors.AsType[*entable.OpError](last); !ok || api.ErrorCode() != test.code || op == nil || op.Op != "Audit" || s.Spy.Sent(test.op) != 1 {
			t.Errorf("%s: got %v after %d requests", test.op, last, s.Spy.Sent(test.op))
		}
	}
}

// seat is a text that cannot be written again when it is "broken".
type seat struct{ text string }

func (s seat) MarshalText() ([]byte, error) {
	if s.text == "broken" {
		return nil, errors.New("the seat is broken")
	}
	return []byte(s.text), nil
}

func (s *seat) UnmarshalText(text []byte) error {
	s.text = string(text)
	return nil
}

// A unique value that makes no key of a sentinel is reported. What else the item has is judged and repaired, and a
// sentinel that it holds stays.
func TestAuditOfUniqueValuesThatMakeNoKey(t *testing.T) {
	t.Parallel()
	type ticket struct {
		ID   string `dynamodbav:"id"`
		Seat seat   `dynamodbav:"seat" entable:"unique"`
		Code string `dynamodbav:"code" entable:"unique"`
	}
	for value, reason := range map[string]string{
		"broken":                  "cannot build key seat: cannot marshal entable_test.seat: the seat is broken",
		strings.Repeat("x", 3000): "cannot build key seat: a unique value makes a key of 3020 bytes, above the service's limit of 2048",
	} {
		s := onMemory(t)
		table := s.NewTable(entable.GSI("gsi1", entable.NoSortKey()))
		tickets := entable.Register[ticket](table, entable.Name("Ticket"), entable.Index("gsi1", entable.PK("code")))
		check(t, tickets.Put(t.Context(), &ticket{"1", seat{"A1"}, "c"}))
		item := s.Load(table, key("TI#1", "A"))
		item["seat"], item["code"] = avS(value), avS("d")
		s.Store(table, item)
		stays := []string{
			`orphaned sentinel: Ticket[pk="_unique#Ticket#code#c" sk="A"]: code is "pk=\"TI#1\" sk=\"A\"", should be "": its owner is damaged or unknown`,
			`orphaned sentinel: Ticket[pk="_unique#Ticket#seat#A1" sk="A"]: seat is "pk=\"TI#1\" sk=\"A\"", should be "": its owner is damaged or unknown`,
			`undecodable item: Ticket[pk="TI#1" sk="A"]: seat: ` + reason,
		}
		repaired := []string{
			`missing sentinel: Ticket[pk="TI#1" sk="A"]: code is "", should be "pk=\"TI#1\" sk=\"A\"" (repaired)`,
			`wrong index key: Ticket[pk="TI#1" sk="A"]: gsi1pk is "TC#c", should be "TC#d" (repaired)`,
		}
		for _, want := range [][]string{slices.Concat(repaired[:1], stays, repaired[1:]), stays} {
			var got []string
			for f, err := range table.Audit(t.Context(), entable.AuditOptions{Repair: true}) {
				check(t, err)
				if got = append(got, f.String()); f.Kind == entable.Undecodable && f.Have != value {
					t.Errorf("the finding has the value %q", f.Have)
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		}
	}
}

// Two entities of one name have unique fields of their own: the audit knows the sentinels of both.
func TestAuditOfEntitiesOfOneName(t *testing.T) {
	t.Parallel()
	s := onMemory(t)
	type guest struct {
		ID    string `dynamodbav:"id"`
		Phone string `dynamodbav:"phone" entable:"unique"`
	}
	table := s.NewTable(entable.NoDiscriminator())
	members := entable.Register[member](table, entable.Name("Person"), entable.PK("id", entable.Prefix("MEMBER")))
	guests := entable.Register[guest](table, entable.Name("Person"), entable.PK("id", entable.Prefix("GUEST")))
	check(t, errors.Join(members.Put(t.Context(), &member{ID: "1", Email: "1@x"}), guests.Put(t.Context(), &guest{"1", "555"})))
	for f, err := range table.Audit(t.Context(), entable.AuditOptions{}) {
		t.Errorf("%v, %v", f, err)
	}
}
