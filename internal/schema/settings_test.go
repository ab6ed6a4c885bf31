package schema_test

import (
	"bytes"
	"testing"

	"github.com/entable/entable/internal/schema"
)

// A hash key that comes later has a name that fields can have: one of those that the table was declared with, or, before there is
// any, one that the entities to come are compared with.
func TestHashKeysThatNoFieldCanHave(t *testing.T) {
	const inTime = ", nil) to NewTable"
	key := bytes.Repeat([]byte{7}, 32)
	named := func(names ...string) (d schema.SettingsDecl) {
		d.Encrypts = true
		for _, name := range names {
			d.HashKeys = append(d.HashKeys, schema.HashKey{Name: name, Key: key})
		}
		return d
	}
	sealing := func(names ...string) *schema.Table {
		d := decl()
		d.SettingsDecl = named(names...)
		return newTable(t, d)
	}
	declare := func(table *schema.Table) *schema.Table {
		_, err := table.Register(entityOf[struct {
			ID string `dynamodbav:"id"`
		}](schema.EntityDecl{Name: "Plain"}))
		check(t, err)
		return table
	}
	for _, test := range []struct {
		table *schema.Table
		given []string
		want  string
	}{
		{sealing("emails", "phones"), []string{"phones", "emails"}, ""},
		{sealing("phones", "emails"), []string{"emails", "emial"},
			`table "things": HashKey("emial"): no field can have it, as the table has the hash keys "emails", "phones": correct the name, or give HashKey("emial"` + inTime},
		{declare(sealing("emails")), []string{"emial"}, `table "things": HashKey("emial"): no field can have it, as the table has the hash keys "emails": correct the name, or give HashKey("emial"` + inTime},
		{declare(sealing()), []string{"emails"}, `table "things": HashKey("emails"): no field can have it, as the table has no hash keys: correct the name, or give HashKey("emails"` + inTime},
		{sealing(), []string{"emails"}, ""},
	} {
		before := test.table.Settings()
		err := test.table.Configure(named(test.given...))
		if test.want == "" {
			check(t, err)
			continue
		}
		checkFault(t, err, schema.WrongDeclaration, test.want)
		if test.table.Settings() != before {
			t.Errorf("%s: settings have changed", test.want)
		}
	}

	// What comes before all entities is compared with the fields of each.
	table := sealing()
	check(t, table.Configure(named("emial")))
	type secret struct {
		ID    string `dynamodbav:"id"`
		Email string `dynamodbav:"email" entable:"encrypt,hash=emails"`
	}
	checkFault(t, try[secret](schema.EntityDecl{})(table), schema.WrongDeclaration,
		"secret: field Email: tag `entable:\"encrypt,hash=emails\"`: the table has the hash keys \"emial\", not \"emails\": give it entable.HashKey(\"emails\", …)")
	check(t, table.Configure(named("emial")))
}
