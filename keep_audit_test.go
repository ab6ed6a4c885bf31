package entable_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
	"github.com/entable/entable/internal/trial"
)

type (
	member struct {
		Club  string `dynamodbav:"club"`
		ID    string `dynamodbav:"id"`
		City  string `dynamodbav:"city,omitempty"`
		Email string `dynamodbav:"email,omitempty" entable:"unique"`
		N     int    `dynamodbav:"n"`
	}
	visit struct {
		Club string `dynamodbav:"club"`
		ID   string `dynamodbav:"id"`
	}
	club struct {
		table   *entable.Table
		members *entable.Entity[member]
		visits  *entable.Entity[visit]
	}
)

func newClub(s *setup) *club {
	table := s.NewTable(entable.GSI("gsi1"), entable.LSI("lsi1"))
	return &club{
		table: table,
		members: entable.Register[member](table, entable.Name("Member"), entable.PK("club"), entable.SK("id"),
			entable.Index("gsi1", entable.PK("city"), entable.SK("id")), entable.Index("lsi1", entable.SK("n"))),
		visits: entable.Register[visit](table, entable.Name("Visit"), entable.PK("club", entable.Shards(4, "id")), entable.SK("id")),
	}
}

// fill stores n members and a tenth as many visits.
func (c *club) fill(t *testing.T, n int) {
	t.Helper()
	var writes []entable.Write
	for i := range n {
		m := &member{Club: fmt.Sprint("c", i%7), ID: fmt.Sprint("m", i), N: i, Email: fmt.Sprintf("%d@x", i)}
		if i%3 > 0 {
			m.City = fmt.Sprint("city", i%5)
		}
		writes = append(writes, c.members.PutOp(m))
		if i%10 == 0 {
			writes = append(writes, c.visits.PutOp(&visit{Club: m.Club, ID: m.ID}))
		}
	}
	check(t, entable.BatchWrite(t.Context(), writes))
}

// findings are what an audit finds, counted by kind and item.
func (c *club) findings(t *testing.T, o entable.AuditOptions) map[string]int {
	t.Helper()
	got := map[string]int{}
	for f, err := range c.table.Audit(t.Context(), o) {
		check(t, err)
		text := fmt.Sprintf("%s [%s] %s", f.Kind, f.Key, f.Attribute)
		if f.Repaired {
			text += " repaired"
		}
		got[text]++
	}
	return got
}

// damage changes stored items past entable, in every way that the audit knows. It returns what is to be
// found, and which of it cannot be repaired.
func (c *club) damage(s *setup, i int) (found, stays []string) {
	pk, sk := fmt.Sprint("MC#c", i%7), fmt.Sprint("MI#m", i)
	k, text := key(pk, sk), fmt.Sprintf("[pk=%q sk=%q]", pk, sk)
	set := func(name string, v types.AttributeValue) {
		item := s.Load(c.table, k)
		if item[name] = v; v == nil {
			delete(item, name)
		}
		s.Store(c.table, item)
	}
	sentinel := fmt.Sprintf("_unique#Member#email#%d@x", i)
	remove := func(key map[string]types.AttributeValue) {
		_, err := s.SDK.DeleteItem(s.T.Context(), &dynamodb.DeleteItemInput{TableName: aws.String(c.table.Name()), Key: key})
		check(s.T, err)
	}
	owned := func(pk, ownerPK, ownerSK string) map[string]types.AttributeValue {
		item := key(pk, "A")
		item["_type"] = avS("_unique")
		item["owner"] = &types.AttributeValueMemberM{Value: key(ownerPK, ownerSK)}
		return item
	}
	switch i % 12 {
	case 0:
		set("_type", nil)
		return []string{"wrong type " + text + " _type"}, nil
	case 1:
		set("_type", avS("Visit"))
		return []string{"wrong type " + text + " _type"}, nil
	case 2:
		set("gsi1pk", avS("MCI#elsewhere")) // missing, wrong or stray, by i
		return []string{"wrong index key " + text + " gsi1pk"}, nil
	case 3:
		set("lsi1sk", nil)
		return []string{"wrong index key " + text + " lsi1sk"}, nil
	case 4:
		remove(key(sentinel, "A"))
		return []string{"missing sentinel " + text + " email"}, nil
	case 5:
		pk := fmt.Sprintf("_unique#Member#email#nobody%d@x", i)
		s.Store(c.table, owned(pk, "MC#gone", "MI#gone"))
		return []string{fmt.Sprintf("orphaned sentinel [pk=%q sk=\"A\"] email", pk)}, nil
	case 6:
		s.Store(c.table, owned(sentinel, "MC#gone", "MI#gone"))
		return []string{"foreign sentinel " + text + " email", fmt.Sprintf("orphaned sentinel [pk=%q sk=\"A\"] email", sentinel)}, nil
	case 7:
		set("n", avS("no number"))
		stays = []string{"undecodable item " + text + " "}
		return stays, stays
	case 8:
		set("id", avS("another"))
		stays = []string{"wrong primary key " + text + " sk"}
		return stays, stays
	case 9:
		set("_type", avS("Stranger"))
		set("gsi1pk", avS("untouched"))
		stays = []string{"unknown item " + text + " "}
		return stays, stays
	case 10:
		item := s.Load(c.table, k)
		item["sk"], item["id"] = avS("MI#twin"+fmt.Sprint(i)), avS("twin"+fmt.Sprint(i))
		if item["gsi1sk"] != nil {
			item["gsi1sk"] = item["sk"]
		}
		s.Store(c.table, item)
		stays = []string{fmt.Sprintf("duplicate unique value [pk=%q sk=\"MI#twin%d\"] email", pk, i)}
		return stays, stays
	}
	item := map[string]types.AttributeValue{"pk": avS(fmt.Sprintf("VC#c%d#9", i)), "sk": avS("VI#x"), "_type": avS("Visit"), "club": avS(fmt.Sprint("c", i)), "id": avS("x")}
	for n := range 4 { // the first shard that is wrong, or one too many
		if i%24 == 23 {
			break
		}
		item["pk"] = avS(fmt.Sprintf("VC#c%d#%d", i, n))
		if _, err := c.table.Decode(item); isMismatch(err) {
			break
		}
	}
	s.Store(c.table, item)
	stays = []string{fmt.Sprintf("wrong shard [pk=%q sk=\"VI#x\"] pk", item["pk"].(*types.AttributeValueMemberS).Value)}
	return stays, stays
}

func counted(lists ...[]string) map[string]int {
	out := map[string]int{}
	for _, list := range lists {
		for _, text := range list {
			out[text]++
		}
	}
	return out
}

func TestAuditFindsAndRepairsDamage(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		c := newClub(s)
		c.fill(t, 60)
		check(t, c.table.Verify(t.Context()))
		if got := c.findings(t, entable.AuditOptions{Segments: 3}); len(got) > 0 {
			t.Fatalf("found in a sound table: %v", got)
		}
		var found, stays []string
		for i := 20; i < 44; i++ {
			f, s := c.damage(s, i)
			found, stays = append(found, f...), append(stays, s...)
		}
		missing := map[string]int{}
		for _, f := range found {
			missing[f]++
		}
		// An item whose primary key, type or fields are damaged does not hold its unique value any more, so
		// that its sentinel is reported, but not repaired.
		got := c.findings(t, entable.AuditOptions{Segments: 3})
		for text := range got {
			if missing[text] == 0 && strings.HasPrefix(text, "orphaned sentinel") {
				missing[text]++
				stays = append(stays, text)
			}
		}
		if diff := cmp.Diff(missing, got); diff != "" {
			t.Fatalf("-want +got\n%s", diff)
		}
		stranger := dynamoJSON(s.Load(c.table, key("MC#c5", "MI#m33")))
		for text, n := range c.findings(t, entable.AuditOptions{Segments: 2, Repair: true}) {
			plain, repaired := strings.CutSuffix(text, " repaired")
			keeps := counted(stays)[plain] > 0
			if repaired == keeps && !strings.HasPrefix(plain, "foreign") && !strings.HasPrefix(plain, "orphaned") && !strings.HasPrefix(plain, "missing") || n != 1 {
				t.Errorf("%d times %s", n, text)
			}
		}
		if diff := cmp.Diff(counted(stays), c.findings(t, entable.AuditOptions{Segments: 2})); diff != "" {
			t.Errorf("after the repair: -want +got\n%s", diff)
		}
		if now := dynamoJSON(s.Load(c.table, key("MC#c5", "MI#m33"))); now != stranger {
			t.Errorf("an item of an unknown type was changed:\n%s\n%s", stranger, now)
		}
	})
}

// An entity gains an index and a unique field: Repair gives both to what is stored.
func TestAuditRepairsForNewIndexAndUniqueField(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		type before struct {
			Club  string `dynamodbav:"club"`
			ID    string `dynamodbav:"id"`
			City  string `dynamodbav:"city,omitempty"`
			Email string `dynamodbav:"email,omitempty"`
			N     int    `dynamodbav:"n"`
		}
		c := newClub(s)
		old := entable.NewTable(c.table.Name(), append(s.Options[:len(s.Options):len(s.Options)], entable.GSI("gsi1"), entable.LSI("lsi1"))...)
		old.Use(s.Client)
		plain := entable.Register[before](old, entable.Name("Member"), entable.PK("club"), entable.SK("id"))
		for i := range 10 {
			check(t, plain.Put(t.Context(), &before{"c", fmt.Sprint(i), "x", fmt.Sprintf("%d@x", i), i}))
		}
		n := 0
		for f, err := range c.table.Audit(t.Context(), entable.AuditOptions{Repair: true}) {
			check(t, err)
			if n++; !f.Repaired {
				t.Errorf("%v", f)
			}
		}
		if n != 40 { // two attributes of the global index, one of the local, one sentinel
			t.Errorf("%d findings", n)
		}
		if got := enginetest.Collect(t, c.members.QueryIndex("gsi1", member{City: "x"}).All(t.Context())); len(got) != 10 {
			t.Errorf("%d items in the index", len(got))
		}
		if err := c.members.Create(t.Context(), &member{Club: "c", ID: "new", Email: "3@x"}); !is[*entable.UniqueError](err) {
			t.Errorf("a value of an old item is free: %v", err)
		}
		if got := c.findings(t, entable.AuditOptions{}); len(got) > 0 {
			t.Errorf("left: %v", got)
		}
	})
}

// Writers go on while the audit repairs; what they write is kept, and in the end all is sound.
func TestAuditRepairsBesideWriters(t *testing.T) {
	t.Parallel()
	s := onMemory(t)
	c := newClub(s)
	const n = 300
	c.fill(t, n)
	for i := range n {
		if k := i % 12; k < 7 && i%2 == 0 {
			c.damage(s, i)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	written := make([]map[int]string, 4)
	for w := range written {
		written[w] = map[int]string{}
		rnd := rand.New(rand.NewPCG(uint64(w), 1))
		wg.Go(func() {
			for round := 0; ctx.Err() == nil; round++ {
				i := rnd.IntN(n/4)*4 + w
				m := member{Club: fmt.Sprint("c", i%7), ID: fmt.Sprint("m", i), N: i, City: fmt.Sprint("w", round), Email: fmt.Sprintf("%d-%d@y", i, round)}
				err := c.members.Put(context.WithoutCancel(ctx), &m)
				if err == nil {
					written[w][i] = m.City
				} else if !errors.Is(err, entable.ErrExists) && !is[*entable.ConditionFailedError](err) && !errors.Is(err, entable.ErrConflict) && !is[*entable.OpError](err) {
					t.Error(err)
				}
			}
		})
	}
	for range 3 {
		for f, err := range c.table.Audit(t.Context(), entable.AuditOptions{Repair: true, Segments: 4}) {
			check(t, err)
			if f.Err != nil {
				t.Errorf("%v", f)
			}
		}
	}
	stop()
	wg.Wait()
	c.findings(t, entable.AuditOptions{Repair: true})
	if got := c.findings(t, entable.AuditOptions{}); len(got) > 0 {
		t.Errorf("left: %v", got)
	}
	for _, byItem := range written {
		for i, city := range maps.All(byItem) {
			got, err := c.members.Get(t.Context(), member{Club: fmt.Sprint("c", i%7), ID: fmt.Sprint("m", i)})
			check(t, err)
			if got.City != city {
				t.Errorf("m%d: %s was lost, it has %s", i, city, got.City)
			}
		}
	}
}

func TestAuditGoesOnFromItsCursor(t *testing.T) {
	t.Parallel()
	s := onMemory(t)
	table := s.NewTable(entable.GSI("gsi1"))
	type page struct {
		ID   string `dynamodbav:"id"`
		Text string `dynamodbav:"text"`
	}
	pages := entable.Register[page](table, entable.Index("gsi1", entable.PK("id")))
	const n = 30
	for i := range n {
		p := page{fmt.Sprint(i), strings.Repeat("x", 200_000)} // a few in a response
		check(t, pages.Put(t.Context(), &p))
		item := s.Load(table, key(fmt.Sprint("PI#", i), "A"))
		delete(item, "gsi1pk")
		s.Store(table, item)
	}
	found, rounds, cursor := map[string]int{}, 0, ""
	for done := false; !done; rounds++ {
		ctx, cancel := context.WithCancel(t.Context())
		last := entable.AuditProgress{}
		o := entable.AuditOptions{Segments: 2, From: cursor, Progress: func(p entable.AuditProgress) { last = p }}
		for f, err := range table.Audit(ctx, o) {
			check(t, err)
			if last.Items > 0 { // a page is complete: break off
				break
			}
			found[f.Key]++
		}
		cancel()
		if last.Items == 0 {
			t.Fatal("no progress")
		}
		cursor, done = last.Cursor, last.Cursor == ""
	}
	if len(found) != n || rounds < 3 {
		t.Errorf("%d of %d found in %d rounds", len(found), n, rounds)
	}
	for _, err := range table.Audit(t.Context(), entable.AuditOptions{From: "nonsense"}) {
		if !errors.Is(err, entable.ErrBadCursor) {
			t.Errorf("got %v", err)
		}
	}
}

// mendable are ten ways to damage a member that an audit can repair. Each gives the findings.
var mendable = []func(c *club, s *setup, i int) []string{
	func(c *club, s *setup, i int) []string { // no type
		return c.edit(s, i, entable.WrongType, "_type", nil)
	},
	func(c *club, s *setup, i int) []string { // another's type
		return c.edit(s, i, entable.WrongType, "_type", avS("Visit"))
	},
	func(c *club, s *setup, i int) []string { // the index key of another city, or of none
		return c.edit(s, i, entable.WrongIndexKey, "gsi1pk", avS("MCI#elsewhere"))
	},
	func(c *club, s *setup, i int) []string { // the index key of another member, or of none
		return c.edit(s, i, entable.WrongIndexKey, "gsi1sk", avS("MI#someone"))
	},
	func(c *club, s *setup, i int) []string { // written before the index was declared
		return c.edit(s, i, entable.WrongIndexKey, "lsi1sk", nil)
	},
	func(c *club, s *setup, i int) []string { // the number has changed past entable
		return c.edit(s, i, entable.WrongIndexKey, "lsi1sk", avS("MN#0000000000000999999"))
	},
	func(c *club, s *setup, i int) []string { // not in any index
		out := c.edit(s, i, entable.WrongIndexKey, "lsi1sk", nil)
		if i%3 == 0 { // it has no city
			return out
		}
		return slices.Concat(out, c.edit(s, i, entable.WrongIndexKey, "gsi1pk", nil), c.edit(s, i, entable.WrongIndexKey, "gsi1sk", nil))
	},
	func(c *club, s *setup, i int) []string { // its value is not reserved
		_, err := s.SDK.DeleteItem(s.T.Context(), &dynamodb.DeleteItemInput{TableName: aws.String(c.table.Name()), Key: emailSentinel(i)})
		check(s.T, err)
		return []string{memberFinding(i, entable.MissingSentinel, "email")}
	},
	func(c *club, s *setup, i int) []string { // its value is reserved for a member that does not exist
		item := emailSentinel(i)
		item["_type"], item["owner"] = avS("_unique"), &types.AttributeValueMemberM{Value: key("MC#gone", "MI#gone")}
		s.Store(c.table, item)
		return []string{memberFinding(i, entable.ForeignSentinel, "email"), sentinelFinding(item)}
	},
	func(c *club, s *setup, i int) []string { // a value that it does not have is reserved for it
		item := emailSentinel(-1 - i) // no member has a negative number
		pk, sk := memberKey(i)
		item["_type"], item["owner"] = avS("_unique"), &types.AttributeValueMemberM{Value: key(pk, sk)}
		s.Store(c.table, item)
		return []string{sentinelFinding(item)}
	},
}

func memberKey(i int) (pk, sk string) { return fmt.Sprint("MC#c", i%7), fmt.Sprint("MI#m", i) }

func emailSentinel(i int) map[string]types.AttributeValue {
	return key(fmt.Sprintf("_unique#Member#email#%d@x", i), "A")
}

func memberFinding(i int, kind entable.FindingKind, attribute string) string {
	pk, sk := memberKey(i)
	return fmt.Sprintf("%s [pk=%q sk=%q] %s", kind, pk, sk, attribute)
}

func sentinelFinding(item map[string]types.AttributeValue) string {
	return fmt.Sprintf("%s [pk=%q sk=\"A\"] email", entable.OrphanedSentinel, item["pk"].(*types.AttributeValueMemberS).Value)
}

// edit changes one attribute of a stored member past entable.
func (c *club) edit(s *setup, i int, kind entable.FindingKind, name string, v types.AttributeValue) []string {
	item := s.Load(c.table, key(memberKey(i)))
	if item[name] = v; v == nil {
		delete(item, name)
	}
	s.Store(c.table, item)
	return []string{memberFinding(i, kind, name)}
}

// One item of a hundred is damaged, in ten ways. An audit finds just these; one that repairs, while writers go on, leaves
// nothing to find, and all that was written. ENTABLE_SOAK makes it 100,000 items.
func TestAuditOfALargeTable(t *testing.T) {
	sizes := map[enginetest.Engine]int{"memory": trial.Size(4_000, 100_000), "local": trial.Size(600, 4_000)}
	eachEngine(t, func(t *testing.T, s *setup) {
		c, rnd := newClub(s), trial.Rand(t)
		size := sizes[s.Engine]
		n := size * 10 / 21 // each has a sentinel, and one in ten a visit
		start := time.Now()
		c.fillBeside(t, n)
		filled := time.Since(start)

		var want []string
		damaged := rnd.Perm(n)[:max(size/100, 2*len(mendable))]
		for way, i := range damaged {
			want = append(want, mendable[way%len(mendable)](c, s, i)...)
		}
		start = time.Now()
		var last entable.AuditProgress
		o := entable.AuditOptions{Segments: 4, Progress: func(p entable.AuditProgress) { last = p }}
		if diff := cmp.Diff(counted(want), c.findings(t, o)); diff != "" {
			t.Fatalf("-want +got\n%s", diff)
		}
		found := time.Since(start)
		if last.Items < size-20 || last.Findings != len(want) || last.Cursor != "" {
			t.Errorf("progress %+v at the end", last)
		}

		written, stop := c.writeBeside(t, n, damaged)
		start = time.Now()
		for f, err := range c.table.Audit(t.Context(), entable.AuditOptions{Segments: 4, Repair: true}) {
			check(t, err)
			if !f.Repaired {
				t.Errorf("not repaired: %v", f)
			}
		}
		repaired := time.Since(start)
		stop()
		if left := c.findings(t, entable.AuditOptions{Segments: 4}); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
		writes := 0
		for i, city := range written() {
			got, err := c.members.Get(t.Context(), member{Club: fmt.Sprint("c", i%7), ID: fmt.Sprint("m", i)}, entable.Consistent(true))
			check(t, err)
			if got.City != city {
				t.Errorf("m%d: %s was lost, it has %s", i, city, got.City)
			}
			writes++
		}
		if writes == 0 {
			t.Error("nothing was written beside the repair")
		}
		t.Logf("%d items in %s; %d damaged, found in %s, repaired beside writers of %d items in %s", last.Items, filled, len(damaged), found, writes, repaired)
	})
}

// fillBeside is fill in several goroutines.
func (c *club) fillBeside(t *testing.T, n int) {
	t.Helper()
	var group sync.WaitGroup
	for w := range 4 {
		group.Go(func() {
			for i := w; i < n; i += 4 {
				m := &member{Club: fmt.Sprint("c", i%7), ID: fmt.Sprint("m", i), N: i, Email: fmt.Sprintf("%d@x", i)}
				if i%3 > 0 {
					m.City = fmt.Sprint("city", i%5)
				}
				if err := c.members.Put(t.Context(), m); err != nil {
					t.Error(err)
					return
				}
				if i%10 != 0 {
					continue
				}
				if err := c.visits.Put(t.Context(), &visit{Club: m.Club, ID: m.ID}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// writeBeside starts writers of members, half of them damaged ones. stop ends them; written gives the cities
// that they wrote last.
func (c *club) writeBeside(t *testing.T, n int, damaged []int) (written func() map[int]string, stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	cities := make([]map[int]string, 4)
	for w := range cities {
		cities[w] = map[int]string{}
		rnd := rand.New(rand.NewPCG(uint64(w), 1))
		group.Go(func() {
			for round := 0; ctx.Err() == nil; round++ {
				i := rnd.IntN(n)
				if round%2 == 0 {
					i = damaged[rnd.IntN(len(damaged))]
				}
				if i%len(cities) != w { // each member has one writer
					continue
				}
				m := member{Club: fmt.Sprint("c", i%7), ID: fmt.Sprint("m", i), N: i + round, City: fmt.Sprint("w", round), Email: fmt.Sprintf("%d-%d@y", i, round)}
				err := c.members.Put(context.WithoutCancel(ctx), &m)
				switch {
				case err == nil:
					cities[w][i] = m.City
				case errors.Is(err, entable.ErrExists), errors.Is(err, entable.ErrConflict), is[*entable.ConditionFailedError](err), is[*entable.UnknownEntityError](err):
				default:
					t.Error(err)
				}
			}
		})
	}
	stop = func() {
		cancel()
		group.Wait()
	}
	t.Cleanup(stop)
	return func() map[int]string {
		all := map[int]string{}
		for _, byItem := range cities {
			maps.Copy(all, byItem)
		}
		return all
	}, stop
}
