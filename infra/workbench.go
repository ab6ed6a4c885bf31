package infra

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/manifest"
	"github.com/entable/entable/internal/wire"
)

// Workbench returns the table as a data model of NoSQL Workbench, for its menu "Import": keys, global indexes with their
// projections, and a facet for each entity with the samples that are its items. Samples are registered structs, or pointers to
// them, which are shown as Put would store them but for generated values and defaults; or stored items, as maps of attribute
// values, for a type that is registered twice. Attributes and their types are those of the samples: an entity without any has an
// empty facet. An attribute that has several types in the samples is shown with one of them.
//
// The format has no place for local indexes, and for indexes with several attributes to a key: the model's description names those
// that it lacks. Its dates are not those of the model, so that equal tables and samples give equal bytes.
//
// An error names a sample that is not registered, has no key, or has that of another.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/workbench.Modeler.ImportExisting.html
func Workbench(table *entable.Table, samples ...any) ([]byte, error) {
	m, err := manifest.Parse(table.Manifest())
	if err != nil {
		return nil, fmt.Errorf("entable: infra: table %q: %w", table.Name(), err)
	}
	w := &workbench{table: table, manifest: m, kinds: map[string]string{}, keys: map[string]int{}}
	facets := make([]facet, len(m.Entities))
	for i := range m.Entities {
		facets[i] = newFacet(&m.Entities[i])
	}
	for i, s := range samples {
		if err := w.place(i, s, facets); err != nil {
			return nil, fmt.Errorf("entable: infra: table %q: sample %d: %w", table.Name(), i, err)
		}
	}
	return w.model(facets), nil
}

// workbench is a model on its way.
type workbench struct {
	table    *entable.Table
	manifest *manifest.Manifest
	kinds    map[string]string // of attributes
	keys     map[string]int    // of samples, to their places
}

// facet is one entity: which items it has, and what is shown of it.
type facet struct {
	of     *entity
	pk, sk *regexp.Regexp // of the texts of its keys
	items  []object
	names  map[string]bool
}

func newFacet(e *entity) facet {
	f := facet{of: e, pk: keyTexts(&e.PK), names: map[string]bool{}}
	if e.SK != nil {
		f.sk = keyTexts(e.SK)
	}
	return f
}

// keyTexts matches the texts of a key, and few others.
func keyTexts(k *manifest.Key) *regexp.Regexp {
	var parts []string
	if k.Prefix != "" {
		parts = append(parts, regexp.QuoteMeta(k.Prefix))
	}
	for _, s := range k.Segments {
		if s.Tail { // it and what follows may be missing
			parts = append(parts, ".*")
			break
		}
		if s.Literal != "" {
			parts = append(parts, regexp.QuoteMeta(s.Literal))
		} else {
			parts = append(parts, ".+")
		}
	}
	return regexp.MustCompile("(?s)^" + strings.Join(parts, regexp.QuoteMeta(k.Separator)) + "$")
}

// place adds a sample to the facet of its entity.
func (w *workbench) place(i int, sample any, facets []facet) error {
	item, ok := sample.(map[string]types.AttributeValue)
	if !ok {
		var err error
		if item, err = w.table.ToItem(sample); err != nil {
			return err
		}
	}
	raw, err := wire.AppendItem(nil, item)
	if err != nil {
		return err
	}
	var shown object
	if err := json.Unmarshal(raw, &shown); err != nil {
		return err
	}
	pk, sk := w.text(shown, &w.manifest.Table.PK), w.text(shown, w.manifest.Table.SK)
	if before, taken := w.keys[pk+"\x00"+sk]; taken {
		return fmt.Errorf("it has the key of sample %d, %q %q", before, pk, sk)
	}
	w.keys[pk+"\x00"+sk] = i
	typ := w.text(shown, &manifest.Attr{Name: w.manifest.Table.Discriminator})
	for j := range facets {
		f := &facets[j]
		if (typ == "" || typ == f.of.Name || typ == f.of.Type || slices.Contains(f.of.Was, typ)) && f.pk.MatchString(pk) && (f.sk == nil || f.sk.MatchString(sk)) {
			f.items = append(f.items, shown)
			w.learn(f, shown)
			return nil
		}
	}
	return fmt.Errorf("it is no item of a registered entity: its type is %q and its key %q %q", typ, pk, sk)
}

// text returns a scalar of an item; "" for none.
func (w *workbench) text(item object, a *manifest.Attr) string {
	if a == nil {
		return ""
	}
	v, _ := item[a.Name].(map[string]any)
	for _, scalar := range v {
		s, _ := scalar.(string)
		return s
	}
	return ""
}

// learn notes the attributes of a sample.
func (w *workbench) learn(f *facet, item object) {
	for name, v := range item {
		f.names[name] = true
		for kind := range v.(map[string]any) {
			if have := w.kinds[name]; have == "" || have == "NULL" || kind != "NULL" && kind < have {
				w.kinds[name] = kind
			}
		}
	}
}

func (w *workbench) model(facets []facet) []byte {
	in := w.table.CreateInput()
	var lacking []string
	var indexes []object
	for _, g := range in.GlobalSecondaryIndexes {
		if schemaKeys := workbenchKeys(g.KeySchema, in.AttributeDefinitions); schemaKeys != nil {
			indexes = append(indexes, object{"IndexName": aws.ToString(g.IndexName), "KeyAttributes": schemaKeys, "Projection": cfnProjection(g.Projection)})
		} else {
			lacking = append(lacking, fmt.Sprintf("%s, which has several attributes to a key", aws.ToString(g.IndexName)))
		}
	}
	for _, l := range in.LocalSecondaryIndexes {
		lacking = append(lacking, fmt.Sprintf("%s, which is local", aws.ToString(l.IndexName)))
	}
	for _, a := range in.AttributeDefinitions {
		w.kinds[aws.ToString(a.AttributeName)] = string(a.AttributeType)
	}
	keys := workbenchKeys(in.KeySchema, in.AttributeDefinitions)
	isKey := func(name string) bool {
		return slices.ContainsFunc(in.KeySchema, func(k types.KeySchemaElement) bool { return aws.ToString(k.AttributeName) == name })
	}
	attributes := []object{}
	for _, name := range slices.Sorted(maps.Keys(w.kinds)) {
		if !isKey(name) {
			attributes = append(attributes, object{"AttributeName": name, "AttributeType": w.kinds[name]})
		}
	}
	shown := []object{}
	for _, f := range facets {
		names := slices.DeleteFunc(slices.Sorted(maps.Keys(f.names)), isKey)
		shown = append(shown, object{"FacetName": f.of.Name, "KeyAttributeAlias": aliases(f.of), "TableData": append([]object{}, f.items...),
			"NonKeyAttributes": append([]string{}, names...), "DataAccess": object{"MySql": object{}}})
	}
	name, about := aws.ToString(in.TableName), "Written by entable."
	if len(lacking) > 0 {
		about += " Without the indexes that the format has no place for: " + strings.Join(lacking, "; ") + "."
	}
	t := object{"TableName": name, "KeyAttributes": keys, "NonKeyAttributes": attributes, "TableFacets": shown,
		"DataAccess": object{"MySql": object{}}, "BillingMode": string(in.BillingMode)}
	t.set("GlobalSecondaryIndexes", indexes)
	return object{"ModelName": name, "DataModel": []object{t}, "ModelMetadata": object{"Author": "", "DateCreated": modelDate, "DateLastModified": modelDate,
		"Description": about, "AWSService": "Amazon DynamoDB", "Version": "3.0"}}.text()
}

// modelDate is the date of all models, in the form that the format has.
const modelDate = "Jan 01, 1970, 12:00 AM"

// workbenchKeys returns a key with at most one attribute of each role; nil for others.
func workbenchKeys(schema []types.KeySchemaElement, attrs []types.AttributeDefinition) object {
	o := object{}
	for _, k := range schema {
		role := "PartitionKey"
		if k.KeyType == types.KeyTypeRange {
			role = "SortKey"
		}
		if o[role] != nil {
			return nil
		}
		i := slices.IndexFunc(attrs, func(a types.AttributeDefinition) bool {
			return aws.ToString(a.AttributeName) == aws.ToString(k.AttributeName)
		})
		o[role] = object{"AttributeName": aws.ToString(k.AttributeName), "AttributeType": string(attrs[i].AttributeType)}
	}
	return o
}

// aliases says what an entity's keys are made of.
func aliases(e *entity) object {
	o := object{"PartitionKeyAlias": e.PK.String()}
	if e.SK != nil {
		o["SortKeyAlias"] = e.SK.String()
	}
	return o
}
