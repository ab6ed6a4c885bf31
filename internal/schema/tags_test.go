package schema_test

import (
	"strings"
	"testing"
	"time"

	"github.com/entable/entable/internal/schema"
)

type (
	secrets struct {
		SSN string `dynamodbav:"ssn" entable:"encrypt"`
	}
	keeping struct {
		Rest map[string]any `entable:"rest"`
	}
)

// What a tag asks for is done, or refused: nothing is stored in plain, lost or left undone in silence.
func TestTagsOfWhichNothingWouldCome(t *testing.T) {
	for _, test := range []struct {
		register func(*schema.Table) error
		want     string
	}{
		{try[struct {
			ID string    `dynamodbav:"id"`
			At time.Time `entable:"ttl=24h"`
		}](schema.EntityDecl{Name: "T"}), "T: field At: tag `entable:\"ttl=24h\"`: ttl takes no value"},
		{try[struct {
			ID string `dynamodbav:"id"`
			N  int    `entable:"version=2"`
		}](schema.EntityDecl{Name: "T"}), "T: field N: tag `entable:\"version=2\"`: version takes no value"},
		{try[struct {
			ID string `dynamodbav:"id" entable:"keyonly=yes"`
			S  string
		}](schema.EntityDecl{Name: "T"}), "T: field ID: tag `entable:\"keyonly=yes\"`: keyonly takes no value"},
		{try[struct {
			ID string `dynamodbav:"id"`
			S  string `entable:"unique=s"`
		}](schema.EntityDecl{Name: "T"}), "T: field S: tag `entable:\"unique=s\"`: unique takes no value"},
		{try[struct {
			ID string `dynamodbav:"id"`
			S  string `entable:"encrypt, readplain=false"`
		}](schema.EntityDecl{Name: "T"}), "T: field S: tag `entable:\"encrypt, readplain=false\"`: readplain takes no value"},
		{try[struct {
			ID string `dynamodbav:"id"`
			S  string `entable:"zstd=9"`
		}](schema.EntityDecl{Name: "T"}), "T: field S: tag `entable:\"zstd=9\"`: zstd takes no value"},
		{try[struct {
			ID string `dynamodbav:"id"`
			S  string `entable:"encrypt,hash"`
		}](schema.EntityDecl{Name: "T"}), "T: field S: tag `entable:\"encrypt,hash\"`: hash lacks its value: hash=…"},
		{try[struct {
			ID string `dynamodbav:"id"`
			S  string `entable:"default"`
		}](schema.EntityDecl{Name: "T"}), "T: field S: tag `entable:\"default\"`: default lacks its value: default=…"},
		{try[struct {
			ID      string `dynamodbav:"id"`
			secrets `entable:"encrypt"`
		}](schema.EntityDecl{Name: "T"}), "T: field secrets: tag `entable:\"encrypt\"`: the fields of secrets are attributes of the item, and have tags of their own: give it to these, or secrets a name in a dynamodbav tag"},
		{try[struct {
			ID string `dynamodbav:"id"`
			n  int    `entable:"version"`
		}](schema.EntityDecl{Name: "T"}), "T: field n: tag `entable:\"version\"`: the field is not exported, and not stored"},
		{try[struct {
			ID string `dynamodbav:"id"`
			N  int    `dynamodbav:"-" entable:"version"`
		}](schema.EntityDecl{Name: "T"}), "T: field N: tag `entable:\"version\"`: the field is not stored: its dynamodbav tag is \"-\""},
		{try[struct {
			ID   string         `dynamodbav:"id"`
			rest map[string]any `entable:"rest"`
		}](schema.EntityDecl{Name: "T"}), "T: field rest: tag `entable:\"rest\"`: the field must be an exported map[string]any with no other option"},
		{try[struct {
			ID   string         `dynamodbav:"id"`
			Rest map[string]any `entable:"rest,encrypt"`
		}](schema.EntityDecl{Name: "T"}), "T: field Rest: tag `entable:\"rest\"`: the field must be an exported map[string]any with no other option"},
		{try[struct {
			ID    string    `dynamodbav:"id"`
			Inner []keeping `dynamodbav:"inner"`
		}](schema.EntityDecl{Name: "T"}), "T: field Inner: inner.Rest: only an item keeps what its type does not have, no map in it: give that field the tag `dynamodbav:\"-\"` too"},
		{try[struct {
			ID    string  `dynamodbav:"id"`
			Inner secrets `dynamodbav:"inner" entable:"zstd"`
		}](schema.EntityDecl{Name: "T"}), `T: field Inner: inner.ssn: only whole attributes are encrypted, compressed or hidden: give "inner" the tag`},
		{try[struct {
			ID    string  `dynamodbav:"id"`
			Inner secrets `dynamodbav:"inner" entable:"encrypt"`
		}](schema.EntityDecl{Name: "T"}), ""},
		{try[struct {
			ID string `dynamodbav:"id"`
			secrets
		}](schema.EntityDecl{Name: "T"}), ""},
		{try[struct {
			ID    string `dynamodbav:"id"`
			Inner struct {
				Rest map[string]any `dynamodbav:"-" entable:"rest"`
			}
		}](schema.EntityDecl{Name: "T"}), ""},
	} {
		checkFault(t, test.register(newTable(t, sealedDecl("users"))), schema.WrongDeclaration, test.want)
	}
}

// Options may have spaces around them, for all who read them.
func TestSpacesInTags(t *testing.T) {
	type session struct {
		ID string         `dynamodbav:"id"`
		At time.Time      `dynamodbav:"at" entable:"hidden, ttl"`
		R  map[string]any `entable:" rest"`
	}
	e := register[session](t, newTable(t, decl()), schema.EntityDecl{})
	got := encoded(t, e, session{ID: "1", At: time.Unix(1700000000, 0), R: map[string]any{"x": true}})
	for _, want := range []string{`"at":{"N":"1700000000"}`, `"x":{"BOOL":true}`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s lacks %s", got, want)
		}
	}
}
