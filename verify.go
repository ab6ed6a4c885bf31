package entable

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/keys"
)

// manifestPrefix starts the key of the stored manifest and is its type. No entity can have it.
const manifestPrefix = "_manifest"

// storedManifestKey is the partition key of the stored manifest. No component renders a '%' without two
// digits behind it, so that no entity can build it.
const storedManifestKey = manifestPrefix + "#%"

// Attributes of the stored manifest.
const (
	manifestText     = "_manifest" // a string, or compressed binary where it is long
	manifestRevision = "_revision" // raised by every write
)

// An item holds 400 KB; a manifest has about half a kilobyte for each entity.
const (
	longManifest = 128 << 10
	maxManifest  = 16 << 20
)

// maxVerifyAttempts bounds how often Verify starts over because another instance wrote first. Each of these
// writes adds what some version of the program knows, so that instances of a few versions need a few.
const maxVerifyAttempts = 32

const opVerify = "Verify"

// Verify compares the registry with the manifest that is stored in the table, as an item of its own that
// queries and scans pass over. Call it when a program starts, after all entities are registered. When
// nothing changed it is one consistent read.
//
// The first call stores the manifest. Entities, indexes and other things that the stored one does not have
// are added to it; what only the stored one has stays, since another version of the program may be
// running. A contradiction, after which the two would not find or read each other's items, is a
// [*DriftError] with all differences, and nothing is written. Instances may call it at the same time: each
// write is conditional, and repeated on what the other has written.
//
// It needs a table whose partition key is a string.
func (t *Table) Verify(ctx context.Context) error {
	if t.pk.typ != types.ScalarAttributeTypeS {
		return usagef("table %q: Verify needs a partition key that is a string", t.name)
	}
	c, err := t.connFor(ctx, nil)
	if err != nil {
		return err
	}
	now := t.manifest()
	if err := now.check(); err != nil {
		return &DeclarationError{What: fmt.Sprintf("table %q", t.name), Err: err}
	}
	for attempt := 1; ; attempt++ {
		err := t.verifyOnce(ctx, c, now)
		lost, raced := conditionFailed(err)
		if !raced {
			return err
		}
		if attempt == maxVerifyAttempts {
			return t.verifyError(fmt.Errorf("another instance wrote first, %d times: %w", attempt, lost))
		}
		if err := pause(ctx, 1); err != nil {
			return t.verifyError(err)
		}
	}
}

func (t *Table) verifyError(err error) error {
	return &OpError{Op: opVerify, Entity: t.name, Key: t.keyText(t.sentinelKey(storedManifestKey)), Err: err}
}

func (t *Table) verifyOnce(ctx context.Context, c *conn, now *manifest) error {
	out, err := c.GetItem(ctx, &dynamodb.GetItemInput{TableName: &t.name, Key: t.sentinelKey(storedManifestKey), ConsistentRead: new(true)})
	if err != nil {
		return t.verifyError(err)
	}
	if out == nil || len(out.Item) == 0 {
		return t.storeManifest(ctx, c, now, nil)
	}
	stored, err := readStoredManifest(out.Item)
	if err != nil {
		return t.verifyError(fmt.Errorf("cannot read the stored manifest: %w", err))
	}
	if list := stored.contradictions(now); len(list) > 0 {
		return &DriftError{Table: t.name, From: fromStored, Differences: list}
	}
	merged := stored.extended(now, false)
	if bytes.Equal(merged.text(), stored.text()) {
		return nil
	}
	return t.storeManifest(ctx, c, merged, out.Item[manifestRevision])
}

// storeManifest writes the manifest if the stored one still has the revision that was read; nil: if there
// is none.
func (t *Table) storeManifest(ctx context.Context, c *conn, m *manifest, revision types.AttributeValue) error {
	item, err := t.manifestItem(m, revision)
	if err != nil {
		return t.verifyError(err)
	}
	in := &dynamodb.PutItemInput{TableName: &t.name, Item: item}
	if revision == nil {
		in.ConditionExpression = new("attribute_not_exists(#a)")
		in.ExpressionAttributeNames = map[string]string{"#a": t.pk.name}
	} else {
		in.ConditionExpression = new("#a = :was")
		in.ExpressionAttributeNames = map[string]string{"#a": manifestRevision}
		in.ExpressionAttributeValues = map[string]types.AttributeValue{":was": revision}
	}
	if _, err := c.PutItem(ctx, in); err != nil {
		return t.verifyError(err)
	}
	return nil
}

func (t *Table) manifestItem(m *manifest, revision types.AttributeValue) (map[string]types.AttributeValue, error) {
	next, err := nextRevision(revision)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	item := map[string]types.AttributeValue{
		manifestText:     &types.AttributeValueMemberS{Value: string(text)},
		manifestRevision: next,
	}
	if len(text) > longManifest {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		if _, err := w.Write(text); err != nil {
			return nil, err
		}
		if err := w.Close(); err != nil {
			return nil, err
		}
		item[manifestText] = &types.AttributeValueMemberB{Value: b.Bytes()}
	}
	if t.discriminator != "" {
		item[t.discriminator] = &types.AttributeValueMemberS{Value: manifestPrefix}
	}
	maps.Copy(item, t.sentinelKey(storedManifestKey))
	return item, nil
}

func nextRevision(was types.AttributeValue) (types.AttributeValue, error) {
	n := 0
	if was != nil {
		if _, err := fmt.Sscanf(avText(was), "%d", &n); err != nil {
			return nil, fmt.Errorf("attribute %s: cannot read the revision: %w", manifestRevision, err)
		}
	}
	return &types.AttributeValueMemberN{Value: fmt.Sprint(n + 1)}, nil
}

func readStoredManifest(item map[string]types.AttributeValue) (*manifest, error) {
	if item[manifestRevision] == nil {
		return nil, fmt.Errorf("attribute %s is missing", manifestRevision)
	}
	switch v := item[manifestText].(type) {
	case *types.AttributeValueMemberS:
		return parseManifest([]byte(v.Value))
	case *types.AttributeValueMemberB:
		r, err := gzip.NewReader(bytes.NewReader(v.Value))
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(io.LimitReader(r, maxManifest))
		if err != nil {
			return nil, err
		}
		return parseManifest(text)
	}
	return nil, errors.New("attribute " + manifestText + " is missing")
}

// owns reports whether an item of no registered entity is the library's own: a sentinel or the manifest.
// typ is its discriminator; in a table without, the key tells, which no entity can have.
func (t *Table) owns(typ string, item RawItem) bool {
	if t.discriminator != "" {
		return typ == sentinelPrefix || typ == manifestPrefix
	}
	text := avText(item[t.pk.name])
	return text == storedManifestKey || strings.HasPrefix(text, sentinelPrefix+keys.DefaultSeparator)
}
