package moved_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
)

// audit returns the findings of an audit, their kinds counted, and what it says at its end.
func audit(t *testing.T, p program, o entable.AuditOptions) (found []entable.Finding, kinds string, end entable.AuditProgress) {
	t.Helper()
	o.Progress = func(at entable.AuditProgress) { end = at }
	counts := map[entable.FindingKind]int{}
	for f, err := range p.table.Audit(t.Context(), o) {
		check(t, err)
		if f.Repaired != o.Repair || f.Err != nil {
			t.Errorf("%s: repaired %t, %v", f, f.Repaired, f.Err)
		}
		found = append(found, f)
		counts[f.Kind]++
	}
	return found, fmt.Sprint(counts), end
}

// An audit says what is at the other place, changes nothing, and with Repair moves it, repaired; the next one says that the option can go.
func TestAuditMovesTheRest(t *testing.T) {
	each(t, func(t *testing.T, e *enginetest.Setup) {
		for _, f := range forms {
			s := newSite(e)
			all := scatter(t, s, f, "acme", 40)
			old, p := s.run(f, before), s.run(f, moves)
			double, left := 0, 0
			items := s.items()
			for _, o := range all {
				here, there := items[p.at(t, o)] != nil, items[old.at(t, o)] != nil
				switch {
				case p.at(t, o) == old.at(t, o):
				case here && there:
					double++
				case there:
					left++
				}
			}
			damaged := slices.IndexFunc(all, func(o Order) bool { return items[p.at(t, o)] == nil })
			_, err := e.SDK.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
				TableName: aws.String(s.name), Key: keyOf(t, old, all[damaged]), UpdateExpression: aws.String("SET more = :m REMOVE gsi1pk, gsi1sk"),
				ExpressionAttributeValues: map[string]types.AttributeValue{":m": &types.AttributeValueMemberN{Value: "12345678901234567890123456789012345678"}},
			})
			check(t, err)
			want := map[entable.FindingKind]int{entable.OtherPlace: left, entable.WrongIndexKey: 2}
			if double > 0 {
				want[entable.Superseded] = double
			}
			before := s.keys()
			_, kinds, end := audit(t, p, entable.AuditOptions{Segments: 2})
			same(t, f.name+": found", kinds, fmt.Sprint(want))
			same(t, f.name+": settled", end.Settled, nil)
			same(t, f.name+": changed", s.keys(), before)
			_, kinds, end = audit(t, p, entable.AuditOptions{Repair: true})
			same(t, f.name+": found", kinds, fmt.Sprint(want))
			same(t, f.name+": settled", end.Settled, nil)
			if _, kinds, end = audit(t, p, entable.AuditOptions{Repair: true}); kinds != "map[]" {
				t.Errorf("%s: then found %s", f.name, kinds)
			}
			same(t, f.name+": settled", end.Settled, []string{"Order"})
			last := s.run(f, after)
			same(t, f.name+": left", collect(t, last.orders.Query(Order{Tenant: "acme"}).All(t.Context())), all)
			same(t, f.name+": items", len(s.keys()), len(all))
			same(t, f.name+": index", collect(t, last.orders.QueryIndex("gsi1", Order{Status: "open"}).All(t.Context())), all)
			same(t, f.name+": more", fmt.Sprint(s.items()[p.at(t, all[damaged])]["more"] != nil), "true")
		}
	})
}

func keyOf(t *testing.T, p program, o Order) map[string]types.AttributeValue {
	in, err := p.orders.GetInput(t.Context(), o)
	check(t, err)
	return in.Key
}

// An audit that was broken off goes on where it was.
func TestAuditGoesOn(t *testing.T) {
	f := forms[0]
	s := newSite(enginetest.OnMemory(t))
	old, p := s.run(f, before), s.run(f, moves)
	var writes []entable.Write
	const n = 70 // five pages
	for i := range n {
		writes = append(writes, old.orders.PutOp(&Order{Tenant: "acme", ID: fmt.Sprint(i), Note: strings.Repeat("x", 60_000)}))
	}
	check(t, entable.BatchWrite(t.Context(), writes))
	cursor, rounds, moved := "", 0, 0
	for {
		var at entable.AuditProgress
		for f, err := range p.table.Audit(t.Context(), entable.AuditOptions{Repair: true, From: cursor, Progress: func(now entable.AuditProgress) { at = now }}) {
			check(t, err)
			if moved++; f.Kind != entable.OtherPlace {
				t.Error(f)
			}
			if at.Items > 0 {
				break
			}
		}
		rounds++
		if cursor = at.Cursor; cursor == "" {
			break
		}
	}
	if rounds < 3 {
		t.Errorf("%d rounds", rounds)
	}
	if _, kinds, end := audit(t, p, entable.AuditOptions{Repair: true}); kinds != "map[]" || len(end.Settled) != 1 {
		t.Errorf("left %s", kinds)
	}
	left, err := s.run(f, after).orders.Query(Order{Tenant: "acme"}).Count(t.Context())
	check(t, err)
	same(t, "orders", left, n)
}

// The lock and the stored manifest know both places, and refuse a program that does not look where items may be.
func TestLockAndManifestKnowBothPlaces(t *testing.T) {
	each(t, func(t *testing.T, e *enginetest.Setup) {
		for _, f := range forms {
			s := newSite(e)
			verify := func(v int) error { return s.run(f, v).table.Verify(t.Context()) }
			refused := func(v int, part string) {
				t.Helper()
				err := verify(v)
				if drift, ok := errors.AsType[*entable.DriftError](err); !ok || !strings.Contains(drift.Error(), part) {
					t.Errorf("%s: version %d: error %v", f.name, v, err)
				}
			}
			for _, v := range []int{before, ahead, before, ahead, moves, ahead, moves} { // instances of two versions start in turns
				check(t, verify(v))
			}
			refused(before, "Order: ")
			refused(after, "keep entable.Moved until Table.Audit with Settle has found none there")
			check(t, s.run(f, before).orders.Put(t.Context(), &Order{Tenant: "a", ID: "1"}))
			p := s.run(f, moves)
			audit(t, p, entable.AuditOptions{Repair: true, Settle: true})
			if s.run(f, before).at(t, Order{Tenant: "a", ID: "1"}) != p.at(t, Order{Tenant: "a", ID: "1"}) {
				refused(after, "other place")
				audit(t, p, entable.AuditOptions{Repair: true})
				refused(after, "other place")
				audit(t, p, entable.AuditOptions{Repair: true, Settle: true})
			}
			for _, v := range []int{after, moves, after} {
				check(t, verify(v))
			}
			refused(before, "Order: ")
			refused(ahead, "all items were moved away")

			var lock []byte
			under := func(v int) (*entable.Table, error) {
				table := entable.NewTable("locked", entable.GSI("gsi1"), entable.Lock(lock))
				_, err := entable.TryRegister[Order](table, append(f.options(v), entable.Index("gsi1", entable.PK("status", entable.Prefix("S")), entable.SK("id", entable.Prefix("N"))))...)
				return table, err
			}
			for _, v := range []int{before, ahead, moves, after} {
				table, err := under(v)
				check(t, err)
				if v != before && table.CheckLock(lock) == nil {
					t.Errorf("%s: the lock says nothing of version %d", f.name, v)
				}
				lock, err = table.ExtendLock(lock)
				check(t, err)
				check(t, table.CheckLock(lock))
				if v == moves { // both are known: the change can be taken back
					_, err := under(ahead)
					check(t, err)
				}
			}
			if _, err := under(before); !is[*entable.DeclarationError](err) {
				t.Errorf("%s: the lock takes the first version: %v", f.name, err)
			}
			if !strings.Contains(string(lock), `"removed": true`) {
				t.Errorf("%s: the lock does not keep the old place:\n%s", f.name, lock)
			}
		}
	})
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
