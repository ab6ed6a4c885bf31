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
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/manifest"
	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
	"github.com/entable/entable/internal/work"
)

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
// running. A contradiction, after which the two would not find or read each other's items, or an entity that only the
// stored one has and that can build the key of an item of a registered one, or, without a [Lock], that seems to be one under
// its old name (the same keys, with other generated prefixes), is a
// [*DriftError] with all differences, and nothing is written. Instances may call it at the same time: each
// write is conditional, and repeated on what the other has written.
//
// Where items may be at two places, see [Moved], a program that does not look at one of them is refused too.
//
// It needs a table whose partition key is a string.
func (t *Table) Verify(ctx context.Context) error {
	if t.s().PK.Type != types.ScalarAttributeTypeS {
		return usagef("table %q: Verify needs a partition key that is a string", t.s().Name)
	}
	c, err := t.connFor(ctx, nil)
	if err != nil {
		return err
	}
	return t.changeManifest(ctx, c, func(stored, now *manifest.Manifest) (*manifest.Manifest, error) {
		if stored == nil {
			return now, nil
		}
		strangers, err := t.s().Strangers(stored, now)
		if err != nil {
			return nil, t.verifyError(fmt.Errorf("cannot read the stored manifest: %w", err))
		}
		if err := drift(t.s().Name, fromStored, slices.Concat(stored.Contradictions(now), stored.Abandoned(now), strangers)); err != nil {
			return nil, err
		}
		return stored.Extended(now, false), nil
	})
}

// changeManifest stores what change makes of the stored manifest, nil for none, and the registry's, until no other instance has
// come between.
func (t *Table) changeManifest(ctx context.Context, c *route.Conn, change func(stored, now *manifest.Manifest) (*manifest.Manifest, error)) error {
	now := t.s().ManifestOf()
	if err := now.Check(); err != nil {
		return &DeclarationError{What: fmt.Sprintf("table %q", t.s().Name), Err: err}
	}
	tries := work.Tries{Most: maxVerifyAttempts, Steady: true}
	for {
		err := t.changeOnce(ctx, c, now, change)
		lost, raced := conditionFailed(err)
		if !raced {
			return err
		}
		if !tries.More(ctx) {
			if tries.Ended != nil {
				return t.verifyError(tries.Ended)
			}
			return t.verifyError(fmt.Errorf("another instance wrote first, %d times: %w", tries.Made, lost))
		}
	}
}

func (t *Table) verifyError(err error) error {
	return &OpError{Op: opVerify, Entity: t.s().Name, Key: t.s().KeyText(t.s().SentinelKey(schema.StoredManifestKey)), Err: err}
}

func (t *Table) changeOnce(ctx context.Context, c *route.Conn, now *manifest.Manifest, change func(stored, now *manifest.Manifest) (*manifest.Manifest, error)) error {
	var sink route.RawItems
	in := &dynamodb.GetItemInput{TableName: &t.s().Name, Key: t.s().SentinelKey(schema.StoredManifestKey), ConsistentRead: new(true)}
	if err := c.Get(ctx, in, nil, &sink); err != nil {
		return t.verifyError(err)
	}
	item, err := sink.At(0)
	if err != nil {
		return t.verifyError(err)
	}
	var stored *manifest.Manifest
	if item != nil {
		if stored, err = readStoredManifest(item); err != nil {
			return t.verifyError(fmt.Errorf("cannot read the stored manifest: %w", err))
		}
	}
	next, err := change(stored, now)
	if err != nil || next == nil || stored != nil && bytes.Equal(next.JSON(), stored.JSON()) {
		return err
	}
	return t.storeManifest(ctx, c, next, item[manifestRevision])
}

// storeManifest writes the manifest if the stored one still has the revision that was read; nil: if there
// is none.
func (t *Table) storeManifest(ctx context.Context, c *route.Conn, m *manifest.Manifest, revision types.AttributeValue) error {
	attrs, err := t.manifestItem(m, revision)
	if err != nil {
		return t.verifyError(err)
	}
	item, err := wire.AppendItem(nil, attrs)
	if err != nil {
		return t.verifyError(err)
	}
	in := &dynamodb.PutItemInput{TableName: &t.s().Name}
	if revision == nil {
		in.ConditionExpression = new("attribute_not_exists(#a)")
		in.ExpressionAttributeNames = map[string]string{"#a": t.s().PK.Name}
	} else {
		in.ConditionExpression = new("#a = :was")
		in.ExpressionAttributeNames = map[string]string{"#a": manifestRevision}
		in.ExpressionAttributeValues = map[string]types.AttributeValue{":was": revision}
	}
	if err := c.Put(ctx, in, item); err != nil {
		return t.verifyError(err)
	}
	return nil
}

func (t *Table) manifestItem(m *manifest.Manifest, revision types.AttributeValue) (map[string]types.AttributeValue, error) {
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
	if t.s().Discriminator != "" {
		item[t.s().Discriminator] = &types.AttributeValueMemberS{Value: schema.ManifestPrefix}
	}
	maps.Copy(item, t.s().SentinelKey(schema.StoredManifestKey))
	return item, nil
}

func nextRevision(was types.AttributeValue) (types.AttributeValue, error) {
	n := 0
	if was != nil {
		if _, err := fmt.Sscanf(schema.Text(was), "%d", &n); err != nil {
			return nil, fmt.Errorf("attribute %s: cannot read the revision: %w", manifestRevision, err)
		}
	}
	return &types.AttributeValueMemberN{Value: fmt.Sprint(n + 1)}, nil
}

func readStoredManifest(item map[string]types.AttributeValue) (*manifest.Manifest, error) {
	if item[manifestRevision] == nil {
		return nil, fmt.Errorf("attribute %s is missing", manifestRevision)
	}
	switch v := item[manifestText].(type) {
	case *types.AttributeValueMemberS:
		return manifest.Parse([]byte(v.Value))
	case *types.AttributeValueMemberB:
		r, err := gzip.NewReader(bytes.NewReader(v.Value))
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(io.LimitReader(r, maxManifest))
		if err != nil {
			return nil, err
		}
		return manifest.Parse(text)
	}
	return nil, errors.New("attribute " + manifestText + " is missing")
}
