package schema

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/go-playground/validator/v10"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/manifest"
)

// Table is what is declared of a table: its key attributes and indexes, and the registry of its entities. It is
// safe for concurrent use.
type Table struct {
	Name          string
	PK, SK        Attr
	Discriminator string
	Indexes       []IndexDecl
	MaxSize       int
	Encoding      codec.Encoding // of the items
	hideExpired   bool
	Unknown       UnknownItems
	Validate      *validator.Validate
	Lock          *manifest.Lock // nil when there is none
	settings      atomic.Pointer[Settings]
	reg           registry
}

// New checks the declaration of a table.
func New(d TableDecl) (*Table, error) {
	what := fmt.Sprintf("table %q", d.Name)
	if reason := d.check(); reason != "" {
		return nil, &Fault{Kind: WrongDeclaration, Entity: what, Reason: reason}
	}
	if d.Validate == nil {
		d.Validate = defaultValidate()
	}
	pinned, err := manifest.ParseLock(d.Lock)
	if err != nil {
		return nil, &Fault{Kind: WrongDeclaration, Entity: what, Err: err}
	}
	t := &Table{
		Name: d.Name, PK: d.PK, SK: d.SK, Discriminator: d.Discriminator, Indexes: d.Indexes,
		MaxSize: d.MaxSize, Encoding: d.Encoding, hideExpired: d.HideExpired, Unknown: d.Unknown, Validate: d.Validate, Lock: pinned,
	}
	t.settings.Store(d.over(t.Settings(), d.Name))
	return t, t.checkTableLock(what)
}

// Quotas of the service.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
const (
	maxGSIs       = 20
	maxLSIs       = 5
	maxNativeKeys = 4
)

func (c *TableDecl) check() string {
	if !validTableName(BareName(c.Name)) {
		return "invalid name: use 3 to 255 letters, digits, '_', '-' and '.', or the ARN of a table"
	}
	if c.MaxSize < 0 {
		return "MaxSize is negative"
	}
	if r := c.SettingsDecl.check(); r != "" {
		return r
	}
	used := newAttrClaims()
	if r := used.claim(c.PK, "the partition key"); r != "" {
		return r
	}
	if c.SK.Exists() {
		if r := used.claim(c.SK, "the sort key"); r != "" {
			return r
		}
	}
	if c.Discriminator != "" {
		if r := used.claim(Attr{c.Discriminator, types.ScalarAttributeTypeS}, "the discriminator"); r != "" {
			return r
		}
	}
	local := 0
	for i := range c.Indexes {
		x := &c.Indexes[i]
		if x.Local {
			local++
		}
		if slices.ContainsFunc(c.Indexes[:i], func(o IndexDecl) bool { return o.Name == x.Name }) {
			return fmt.Sprintf("index %q is declared twice", x.Name)
		}
		if r := x.check(c, used); r != "" {
			return r
		}
	}
	if global := len(c.Indexes) - local; global > maxGSIs || local > maxLSIs {
		return fmt.Sprintf("%d global and %d local indexes are above the service's limits of %d and %d", global, local, maxGSIs, maxLSIs)
	}
	return ""
}

func (x *IndexDecl) check(c *TableDecl, used attrClaims) string {
	what := fmt.Sprintf("index %q", x.Name)
	if r := x.checkProjection(what); r != "" {
		return r
	}
	switch {
	case !validTableName(x.Name):
		return fmt.Sprintf("invalid index name %q: use 3 to 255 letters, digits, '_', '-' and '.'", x.Name)
	case x.Local && !c.SK.Exists():
		return what + ": a table without sort key has no local indexes: use entable.GSI"
	case x.Local && (x.MultiAttribute || len(x.Hash) > 0 || !x.SK.Exists()):
		return what + ": a local index has the table's partition key and a sort key of its own: give at most SortKey"
	case x.MultiAttribute:
		return x.checkNative(what)
	case len(x.Hash) > 1 || len(x.Range) > 1:
		return what + ": several key attributes need entable.MultiAttribute()"
	}
	roles := []string{"the partition key of ", "the sort key of "}
	for i, a := range x.Attrs() {
		if x.Local {
			i = 1
		}
		if owner := used.types[a.Name]; owner != "" && owner == a.Type {
			continue // it is there anyway
		}
		if r := used.claim(a, roles[i]+what); r != "" {
			return r
		}
	}
	if !x.Local && x.PK.Name == x.SK.Name {
		return fmt.Sprintf("%s: attribute %q is both of its keys", what, x.PK.Name)
	}
	return ""
}

func (x *IndexDecl) checkNative(what string) string {
	if n, m := len(x.Hash), len(x.Range); n == 0 || n > maxNativeKeys || m > maxNativeKeys {
		return fmt.Sprintf("%s: a native index has one to %d PartitionKey and up to %d SortKey", what, maxNativeKeys, maxNativeKeys)
	}
	own := newAttrClaims()
	for _, a := range slices.Concat(x.Hash, x.Range) {
		if r := own.claim(a, "a key of "+what); r != "" {
			return r
		}
	}
	return ""
}

// attrClaims says what each attribute is used for, and its type.
type attrClaims struct {
	what  map[string]string
	types map[string]types.ScalarAttributeType
}

func newAttrClaims() attrClaims {
	return attrClaims{map[string]string{}, map[string]types.ScalarAttributeType{}}
}

func (used attrClaims) claim(a Attr, what string) string {
	switch owner, taken := used.what[a.Name]; {
	case a.Name == "":
		return what + " has no name"
	case !slices.Contains(a.Type.Values(), a.Type):
		return fmt.Sprintf("%s %q has the invalid type %q: use S, N or B", what, a.Name, a.Type)
	case taken:
		return fmt.Sprintf("attribute %q is both %s and %s", a.Name, owner, what)
	}
	used.what[a.Name], used.types[a.Name] = what, a.Type
	return ""
}

// BareName returns the name of the table whose ARN name may be.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html#amazondynamodb-resources-for-iam-policies
func BareName(name string) string {
	parts := strings.SplitN(name, ":", 6) // arn:aws:dynamodb:eu-west-1:123456789012:table/items
	if len(parts) == 6 && parts[0] == "arn" && parts[2] == "dynamodb" {
		if bare, ok := strings.CutPrefix(parts[5], "table/"); ok {
			return bare
		}
	}
	return name
}

func validTableName(s string) bool {
	for _, c := range []byte(s) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == '.') {
			return false
		}
	}
	return 3 <= len(s) && len(s) <= 255
}

// reserved gives what the table uses an attribute for, or "". Case does not count: a field that is
// absent from an item is filled from an attribute whose name differs only in case, as attributevalue
// does it.
func (t *Table) reserved(attr string) string {
	switch {
	case strings.EqualFold(attr, t.PK.Name):
		return "the table's partition key"
	case strings.EqualFold(attr, t.SK.Name):
		return "the table's sort key"
	case strings.EqualFold(attr, t.Discriminator):
		return "the discriminator"
	}
	for i := range t.Indexes {
		for _, a := range t.Indexes[i].Attrs() {
			if strings.EqualFold(attr, a.Name) {
				return fmt.Sprintf("index %q", t.Indexes[i].Name)
			}
		}
	}
	return ""
}
