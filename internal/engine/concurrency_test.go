package engine_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/entable/entable/internal/engine"
)

// What must hold while many goroutines use one database:
//
//   - transactions are serializable: the sum of accounts between which they move money
//     never changes in any consistent read;
//   - writes of one item are linearizable: no increment is lost, and of several
//     compare-and-sets of one value one succeeds;
//   - a page of a query shows one moment, of a table and of its indexes.

const workers = 4

func accounts(t *testing.T, db *engine.DB, n int) {
	t.Helper()
	must(t, db, "CreateTable", things)
	for i := range n {
		must(t, db, "PutItem", fmt.Sprintf(`{"TableName":"things","Item":{"pk":{"S":"bank"},"sk":{"S":"%d"},"g":{"S":"all"},"h":{"N":"100"}}}`, i))
	}
}

// balance reads h of an item as TransactGetItems, Query and GetItem give it.
func balance(it any) int {
	n, _ := strconv.Atoi(it.(map[string]any)["h"].(map[string]any)["N"].(string))
	return n
}

func TestTransfersNeverChangeTheSum(t *testing.T) {
	const n = 6
	db := newDB(t, engine.Config{})
	accounts(t, db, n)
	var writers, readers sync.WaitGroup
	var done atomic.Bool
	var moved atomic.Int64
	for w := range workers {
		writers.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 1))
			for range 300 {
				from, to, amount := r.IntN(n), r.IntN(n), r.IntN(20)
				if from == to {
					continue
				}
				status, out := call(t, db, "TransactWriteItems", fmt.Sprintf(`{"TransactItems":[%s,%s]}`,
					transfer(from, -amount, `"ConditionExpression":"h >= :min",`), transfer(to, amount, "")))
				switch {
				case status == 200:
					moved.Add(1)
				case refusal(out) != "TransactionCanceledException: Transaction cancelled, please refer cancellation reasons for specific reasons [ConditionalCheckFailed, None]":
					t.Error(out)
				}
			}
		})
	}
	for range 2 {
		readers.Go(func() {
			for !done.Load() {
				for name, sum := range sums(t, db, n) {
					if sum != 100*n {
						t.Errorf("%s: the sum is %d", name, sum)
						return
					}
				}
			}
		})
	}
	writers.Wait()
	done.Store(true)
	readers.Wait()
	if moved.Load() == 0 {
		t.Error("nothing was moved")
	}
}

func transfer(account, amount int, condition string) string {
	minimum := ""
	if condition != "" {
		minimum = fmt.Sprintf(`,":min":{"N":"%d"}`, -amount)
	}
	return fmt.Sprintf(`{"Update":{"TableName":"things","Key":{"pk":{"S":"bank"},"sk":{"S":"%d"}},%s"UpdateExpression":"SET h = h + :n",
		"ExpressionAttributeValues":{":n":{"N":"%d"}%s}}}`, account, condition, amount, minimum)
}

// sums adds up all accounts in three kinds of reads.
func sums(t *testing.T, db *engine.DB, n int) map[string]int {
	var gets strings.Builder
	for i := range n {
		if i > 0 {
			gets.WriteString(",")
		}
		fmt.Fprintf(&gets, `{"Get":{"TableName":"things","Key":{"pk":{"S":"bank"},"sk":{"S":"%d"}}}}`, i)
	}
	result := map[string]int{}
	_, out := call(t, db, "TransactGetItems", `{"TransactItems":[`+gets.String()+`]}`)
	for _, r := range asList(out["Responses"]) {
		result["TransactGetItems"] += balance(r.(map[string]any)["Item"])
	}
	for name, request := range map[string]string{
		"Query":      `{"TableName":"things","KeyConditionExpression":"pk = :p","ExpressionAttributeValues":{":p":{"S":"bank"}}}`,
		"index page": `{"TableName":"things","IndexName":"gix","KeyConditionExpression":"g = :p","ExpressionAttributeValues":{":p":{"S":"all"}}}`,
	} {
		_, out := call(t, db, "Query", request)
		for _, it := range asList(out["Items"]) {
			result[name] += balance(it)
		}
	}
	return result
}

func TestNoIncrementIsLost(t *testing.T) {
	db := newDB(t, engine.Config{})
	accounts(t, db, 1)
	var wg sync.WaitGroup
	const each = 300
	for range workers {
		wg.Go(func() {
			for range each {
				call(t, db, "UpdateItem", `{"TableName":"things","Key":{"pk":{"S":"bank"},"sk":{"S":"0"}},"UpdateExpression":"ADD h :one","ExpressionAttributeValues":{":one":{"N":"1"}}}`)
			}
		})
	}
	wg.Wait()
	if got, want := balance(must(t, db, "GetItem", `{"TableName":"things","Key":{"pk":{"S":"bank"},"sk":{"S":"0"}}}`)["Item"]), 100+workers*each; got != want {
		t.Errorf("%d, want %d", got, want)
	}
}

// Each goroutine reads the register and sets it to the next value if nobody else has:
// every value has exactly one winner.
func TestCompareAndSetHasOneWinner(t *testing.T) {
	db := newDB(t, engine.Config{})
	accounts(t, db, 1)
	const last = 400
	winners := make([]atomic.Int32, last+1)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for {
				_, out := call(t, db, "GetItem", `{"TableName":"things","ConsistentRead":true,"Key":{"pk":{"S":"bank"},"sk":{"S":"0"}}}`)
				seen := balance(out["Item"])
				if seen >= last {
					return
				}
				status, _ := call(t, db, "PutItem", fmt.Sprintf(`{"TableName":"things","Item":{"pk":{"S":"bank"},"sk":{"S":"0"},"g":{"S":"all"},"h":{"N":"%d"}},
					"ConditionExpression":"h = :seen","ExpressionAttributeValues":{":seen":{"N":"%d"}}}`, seen+1, seen))
				if status == 200 {
					winners[seen+1].Add(1)
				}
			}
		})
	}
	wg.Wait()
	for v := 101; v <= last; v++ {
		if n := winners[v].Load(); n != 1 {
			t.Errorf("%d writers set %d", n, v)
		}
	}
}

// Tables come and go, indexes are added and dropped, snapshots are taken and restored
// while requests run; nobody may see a race or a broken index.
func TestEverythingAtOnce(t *testing.T) {
	db := newDB(t, engine.Config{})
	accounts(t, db, 10)
	var wg, background sync.WaitGroup
	var done atomic.Bool
	background.Go(func() {
		for !done.Load() {
			call(t, db, "UpdateTable", `{"TableName":"things","AttributeDefinitions":[{"AttributeName":"n","AttributeType":"N"}],
				"GlobalSecondaryIndexUpdates":[{"Create":{"IndexName":"new","KeySchema":[{"AttributeName":"n","KeyType":"HASH"}],"Projection":{"ProjectionType":"KEYS_ONLY"}}}]}`)
			call(t, db, "UpdateTable", `{"TableName":"things","GlobalSecondaryIndexUpdates":[{"Delete":{"IndexName":"new"}}]}`)
		}
	})
	background.Go(func() {
		for i := 0; !done.Load(); i++ {
			call(t, db, "UpdateTable", `{"TableName":"things","StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_AND_OLD_IMAGES"}}`)
			_ = db.Home().SplitShards("things") // which fails if the stream has just been disabled
			_, _ = db.Home().Records("things", time.Time{})
			_ = db.Home().LagIndexes("things", i%3)
			call(t, db, "ListStreams", `{}`)
			call(t, db, "UpdateTable", `{"TableName":"things","StreamSpecification":{"StreamEnabled":false}}`)
			log := db.StartLog()
			log.Entries()
			log.Stop()
		}
	})
	background.Go(func() {
		for !done.Load() {
			s := db.Snapshot()
			if err := db.Check(); err != nil {
				t.Error(err)
			}
			db.Restore(s)
		}
	})
	background.Go(func() {
		for !done.Load() {
			call(t, db, "CreateTable", `{"TableName":"other","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}]}`)
			call(t, db, "ListTables", `{}`)
			call(t, db, "DeleteTable", `{"TableName":"other"}`)
		}
	})
	for w := range workers {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 2))
			for range 200 {
				key := fmt.Sprintf(`"pk":{"S":"bank"},"sk":{"S":"%d"}`, r.IntN(20))
				call(t, db, "PutItem", fmt.Sprintf(`{"TableName":"things","Item":{%s,"g":{"S":"all"},"h":{"N":"1"},"n":{"N":"%d"}}}`, key, r.IntN(3)))
				call(t, db, "Query", `{"TableName":"things","IndexName":"gix","KeyConditionExpression":"g = :p","ExpressionAttributeValues":{":p":{"S":"all"}}}`)
				call(t, db, "Scan", `{"TableName":"things","IndexName":"new"}`)
				call(t, db, "DeleteItem", `{"TableName":"things","Key":{`+key+`}}`)
				call(t, db, "BatchWriteItem", fmt.Sprintf(`{"RequestItems":{"things":[{"PutRequest":{"Item":{"pk":{"S":"%d"},"sk":{"S":"x"},"n":{"N":"1"}}}}],"other":[{"PutRequest":{"Item":{"pk":{"S":"x"}}}}]}}`, w))
			}
		})
	}
	wg.Wait()
	done.Store(true)
	background.Wait()
}
