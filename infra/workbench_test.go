package infra_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/infra"
)

// The format of NoSQL Workbench as the models have it that AWS publishes. Their members are these and no others.
type (
	workbenchModel struct {
		ModelName     string
		ModelMetadata struct{ Author, DateCreated, DateLastModified, Description, AWSService, Version string }
		DataModel     []workbenchTable
	}
	workbenchTable struct {
		TableName              string
		KeyAttributes          workbenchKey
		NonKeyAttributes       []workbenchAttribute
		TableFacets            []workbenchFacet
		GlobalSecondaryIndexes []struct {
			IndexName     string
			KeyAttributes workbenchKey
			Projection    struct {
				ProjectionType   string
				NonKeyAttributes []string
			}
		}
		TableData                   []map[string]json.RawMessage
		DataAccess                  struct{ MySql map[string]any }
		BillingMode                 string
		ProvisionedCapacitySettings map[string]any
	}
	workbenchKey struct {
		PartitionKey workbenchAttribute
		SortKey      *workbenchAttribute
	}
	workbenchAttribute struct{ AttributeName, AttributeType string }
	workbenchFacet     struct {
		FacetName         string
		KeyAttributeAlias struct{ PartitionKeyAlias, SortKeyAlias string }
		TableData         []map[string]json.RawMessage
		NonKeyAttributes  []string
		DataAccess        struct{ MySql map[string]any }
	}
)

func modelOf(t testing.TB, text []byte) workbenchModel {
	t.Helper()
	var m workbenchModel
	r := json.NewDecoder(bytes.NewReader(text))
	r.DisallowUnknownFields()
	check(t, r.Decode(&m))
	return m
}

type shelf struct {
	Room  string            `dynamodbav:"room"`
	No    int               `dynamodbav:"no"`
	Books []string          `dynamodbav:"books,stringset,omitempty"`
	Meta  map[string]string `dynamodbav:"meta,omitempty"`
	Size  float64           `dynamodbav:"size"`
	Kind  string            `dynamodbav:"kind,omitempty"`
}

type room struct {
	Room string `dynamodbav:"room"`
	Big  bool   `dynamodbav:"big"`
}

type shelfCopy shelf

func TestWorkbenchModels(t *testing.T) {
	for name, options := range map[string][]entable.TableOption{"typed": nil, "untyped": {entable.NoDiscriminator()}} {
		table := entable.NewTable("library", append(options, entable.GSI("kinds", entable.Include("size")), entable.LSI("sizes"),
			entable.GSI("native", entable.MultiAttribute(), entable.PartitionKey("room", types.ScalarAttributeTypeS), entable.PartitionKey("kind", types.ScalarAttributeTypeS)))...)
		rooms := entable.Register[room](table, entable.PK(entable.Template("ROOM|{room}")), entable.SK(entable.Template("#ABOUT")))
		shelves := entable.Register[shelf](table, entable.PK("room", entable.PrefixOf(rooms)), entable.SK("no", entable.Prefix("SHELF")),
			entable.Index("kinds", entable.PK("kind"), entable.SK("size")))
		entable.Register[shelfCopy](table, entable.PK("room", entable.PrefixOf(rooms)), entable.SK("no", entable.Prefix("COPY")))
		samples := []any{
			room{Room: "a b#c", Big: true}, &shelf{Room: "a b#c", No: 1, Books: []string{"x", "y"}, Meta: map[string]string{"k": "v"}, Size: 1.5, Kind: "oak"},
			shelf{Room: "a b#c", No: 2},
		}
		stored, err := shelves.ToItem(&shelf{Room: "z", No: 3, Kind: "ash"})
		check(t, err)
		text, err := infra.Workbench(table, append(samples, stored)...)
		check(t, err)
		again, err := infra.Workbench(table, append(samples, stored)...)
		check(t, err)
		if !bytes.Equal(text, again) {
			t.Error("two texts of one model")
		}
		m := modelOf(t, text)
		if meta := m.ModelMetadata; m.ModelName != "library" || meta.AWSService != "Amazon DynamoDB" || meta.Version != "3.0" || len(m.DataModel) != 1 ||
			!strings.Contains(meta.Description, "native, which has several attributes to a key; sizes, which is local") {
			t.Errorf("%+v", m)
		}
		d := m.DataModel[0]
		if d.TableName != "library" || d.KeyAttributes.PartitionKey != (workbenchAttribute{"pk", "S"}) || *d.KeyAttributes.SortKey != (workbenchAttribute{"sk", "S"}) || d.BillingMode != "PAY_PER_REQUEST" {
			t.Errorf("%+v", d)
		}
		if x := d.GlobalSecondaryIndexes; len(x) != 1 || x[0].IndexName != "kinds" || x[0].KeyAttributes.PartitionKey.AttributeName != "kindspk" ||
			x[0].Projection.ProjectionType != "INCLUDE" || !slices.Equal(x[0].Projection.NonKeyAttributes, []string{"size"}) {
			t.Errorf("indexes %+v", x)
		}
		kinds := map[string]string{"_type": "S", "big": "BOOL", "books": "SS", "meta": "M", "size": "N", "no": "N", "room": "S", "kind": "S", "kindspk": "S", "kindssk": "S", "sizessk": "S"}
		for _, a := range d.NonKeyAttributes {
			if kinds[a.AttributeName] != a.AttributeType {
				t.Errorf("%s: %+v", name, a)
			}
			delete(kinds, a.AttributeName)
		}
		if delete(kinds, "_type"); len(kinds) > 0 {
			t.Errorf("%s: without %v", name, kinds)
		}
		var got []any
		for _, f := range d.TableFacets {
			for _, item := range f.TableData {
				raw, err := json.Marshal(item)
				check(t, err)
				v, err := table.DecodeJSON(raw)
				check(t, err)
				if reflect.TypeOf(v).Elem().Name() != f.FacetName {
					t.Errorf("%T in facet %s", v, f.FacetName)
				}
				for attr := range item {
					if attr != "pk" && attr != "sk" && !slices.Contains(f.NonKeyAttributes, attr) {
						t.Errorf("facet %s lacks attribute %s", f.FacetName, attr)
					}
				}
				got = append(got, v)
			}
		}
		want := []any{&room{Room: "a b#c", Big: true}, samples[1], &shelf{Room: "a b#c", No: 2}, &shelf{Room: "z", No: 3, Kind: "ash"}}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: the samples came back as %+v", name, got)
		}
		if f := d.TableFacets[0]; f.FacetName != "room" || f.KeyAttributeAlias.PartitionKeyAlias != "ROOM|{room}" || f.KeyAttributeAlias.SortKeyAlias != "#ABOUT" {
			t.Errorf("%+v", f)
		}
		if f := d.TableFacets[2]; f.FacetName != "shelfCopy" || len(f.TableData) != 0 {
			t.Errorf("%+v", f)
		}
	}
}

func TestWrongSamples(t *testing.T) {
	table := entable.NewTable("library")
	entable.Register[room](table, entable.PK(entable.Template("ROOM|{room}")), entable.SK(entable.Template("#ABOUT")))
	for want, samples := range map[string][]any{
		`sample 0: entable: table "library": infra_test.shelf is not registered on it`:                             {shelf{}},
		`sample 1: it has the key of sample 0, "ROOM|a" "#ABOUT"`:                                                  {room{Room: "a"}, &room{Room: "a", Big: true}},
		`sample 0: it is no item of a registered entity: its type is "" and its key "x" ""`:                        {map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "x"}}},
		`sample 0: entable: room: cannot build key pk: attribute "room": text is empty`:                            {room{}},
		`sample 0: entable: table "library": the example is nil: give a registered struct with its key fields set`: {nil},
	} {
		if _, err := infra.Workbench(table, samples...); err == nil || err.Error() != `entable: infra: table "library": `+want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
