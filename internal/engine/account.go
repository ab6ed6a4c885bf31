package engine

import (
	"fmt"
	"hash/fnv"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/entable/entable/internal/engine/input"
)

// Accounts and regions.
//
// Behaviour:
//   - The tables and streams of one account in one region are apart from all others:
//     which they are is told by the request's signature, its access key and its
//     region. ARNs name both.
//   - The number of the account is that of Config.Account for the access key of
//     Config.AccessKey, the access key itself if it is twelve digits, and a number
//     made from the access key else.
//   - With Config.Shared all requests meet the same tables.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/DynamoDBLocal.UsageNotes.html
type accountKey struct{ region, accessKey string }

// An Account has the tables of one access key in one region. It is safe for
// concurrent use.
type Account struct {
	cfg            Config
	region, number string

	// tables by name, and streams by ARN. The maps are replaced under mu, never changed,
	// so that requests find their table without a lock.
	tables  atomic.Pointer[map[string]*table]
	streams atomic.Pointer[map[string]*stream]
	mu      sync.Mutex // held to change tables and streams

	tokens tokens
}

func newAccount(cfg Config, key accountKey) *Account {
	ac := &Account{cfg: cfg, region: key.region, number: accountNumber(cfg, key.accessKey)}
	ac.tokens.life = cfg.TokenLife
	ac.clear()
	return ac
}

func accountNumber(cfg Config, accessKey string) string {
	const digits = 12
	switch {
	case accessKey == cfg.AccessKey:
		return cfg.Account
	case len(accessKey) == digits && strings.Trim(accessKey, "0123456789") == "":
		return accessKey
	}
	h := fnv.New64a()
	h.Write([]byte(accessKey))
	return fmt.Sprintf("%0*d", digits, h.Sum64()%1_000_000_000_000)
}

// accountKeyOf reads the access key and the region out of a signature,
// Credential=KEY/DATE/REGION/SERVICE/aws4_request.
func accountKeyOf(r *http.Request, cfg *Config) accountKey {
	_, credential, ok := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	if !ok {
		credential = r.URL.Query().Get("X-Amz-Credential")
	}
	accessKey, rest, _ := strings.Cut(credential, "/")
	_, rest, _ = strings.Cut(rest, "/")
	region, _, _ := strings.Cut(rest, "/")
	if region == "" {
		region = cfg.Region
	}
	return accountKey{region, accessKey}
}

// clear lets go of all that the account has.
func (ac *Account) clear() {
	ac.mu.Lock()
	defer ac.mu.Unlock()
	ac.tables.Store(&map[string]*table{})
	ac.streams.Store(&map[string]*stream{})
	ac.tokens.clear()
}

// arn returns that of a table.
func (ac *Account) arn(tableName string) string {
	return "arn:aws:dynamodb:" + ac.region + ":" + ac.number + ":table/" + tableName
}

// allTables returns the tables by name. The map must not be changed.
func (ac *Account) allTables() map[string]*table { return *ac.tables.Load() }

// table finds a table whose items can be read and written.
func (ac *Account) table(name string) (*table, error) {
	now := ac.cfg.Now()
	t, ok := ac.lookup(input.TableName(name), now)
	if !ok || t.status(now) == creating {
		return nil, resourceNotFound()
	}
	return t, nil
}

// describedTable finds a table for the operations on tables themselves.
func (ac *Account) describedTable(name string) (*table, error) {
	name = input.TableName(name)
	t, ok := ac.lookup(name, ac.cfg.Now())
	if !ok {
		return nil, tableNotFound(name)
	}
	return t, nil
}

// lookup finds a table that has not been deleted, or not for long enough.
func (ac *Account) lookup(name string, now time.Time) (*table, bool) {
	t, ok := ac.allTables()[name]
	if !ok || t.gone(now) {
		return nil, false
	}
	return t, true
}

// tableNames lists the tables in the order of their names.
func (ac *Account) tableNames() []string {
	now, tables := ac.cfg.Now(), ac.allTables()
	return slices.DeleteFunc(slices.Sorted(maps.Keys(tables)), func(name string) bool {
		return tables[name].gone(now)
	})
}
