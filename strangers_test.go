package entable_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
)

type (
	strangeCat struct {
		Name string `dynamodbav:"name"`
		Year int    `dynamodbav:"year"`
		By   string `dynamodbav:"by"`
	}
	strangeCow struct {
		Nick string `dynamodbav:"nick"`
		Year int    `dynamodbav:"year"`
		By   string `dynamodbav:"by"`
	}
)

// meeting are keys of a cat and of a cow that can be one, by what they are made of, and apart is a cow's key that cannot.
var meeting = []struct {
	name            string
	cat, cow, apart []entable.EntityOption
}{
	{"generated prefixes", nil, nil, []entable.EntityOption{entable.SK(entable.Literal("COW"))}},
	{
		"literals", options(entable.PK(entable.Literal("X"), "name"), entable.SK("year", entable.NoPrefix())),
		options(entable.PK(entable.Literal("X"), "nick"), entable.SK("year", entable.NoPrefix())),
		options(entable.PK(entable.Literal("X"), "nick"), entable.SK(entable.Literal("Y"), "year")),
	},
	{"widths", options(entable.PK("name", entable.NoPrefix()), entable.SK(entable.Attr("year").Width(4), entable.NoPrefix())),
		options(entable.PK("nick", entable.NoPrefix()), entable.SK(entable.Attr("year").Width(4), entable.NoPrefix())),
		options(entable.PK("nick", entable.NoPrefix()), entable.SK(entable.Attr("year").Width(5), entable.NoPrefix()))},
	{"shards", options(entable.PK("name", entable.NoPrefix(), entable.Shards(4, "by")), entable.SK("year", entable.NoPrefix())),
		options(entable.PK("nick", entable.NoPrefix(), entable.Shards(4, "by")), entable.SK("year", entable.NoPrefix())),
		options(entable.PK("nick", entable.NoPrefix(), entable.Shards(100, "by")), entable.SK("year", entable.NoPrefix()))},
}

func options(opts ...entable.EntityOption) []entable.EntityOption { return opts }

func TestEntitiesOfAnotherServiceArePartOfTheProof(t *testing.T) {
	for _, c := range meeting {
		t.Run(c.name, func(t *testing.T) {
			eachSetup(t, func(t *testing.T, s *setup) {
				one := s.NewTable()
				check(t, register[strangeCat](one, append(c.cat, entable.Name("Cat"))...))
				check(t, one.Verify(t.Context()))
				other := entable.NewTable(one.Name(), s.Options...)
				other.Use(s.Client)
				check(t, register[strangeCow](other, append(c.cow, entable.Name("Cow"))...))
				drift, ok := errors.AsType[*entable.DriftError](other.Verify(t.Context()))
				if !ok || len(drift.Differences) != 1 {
					t.Fatalf("got %v", drift)
				}
				if d := drift.Differences[0]; d.Where != "Cow" || !strings.Contains(d.Was, "of Cat") || !strings.Contains(d.Effect, "for example pk=") {
					t.Errorf("got %+v", d)
				}
				check(t, one.Verify(t.Context())) // nothing was written
				third := entable.NewTable(one.Name(), s.Options...)
				third.Use(s.Client)
				check(t, register[strangeCow](third, append(c.apart, entable.Name("Cow"))...))
				check(t, third.Verify(t.Context()))
			})
		})
	}
}

func TestEntitiesOfTheLockArePartOfTheProof(t *testing.T) {
	for _, c := range meeting[1:] { // the lock reserves prefixes
		one := entable.NewTable("items")
		check(t, register[strangeCat](one, append(c.cat, entable.Name("Cat"))...))
		lock := entable.Lock(one.Manifest())
		err := register[strangeCow](entable.NewTable("items", lock), append(c.cow, entable.Name("Cow"))...)
		if err == nil || !strings.Contains(err.Error(), `the same key as one of Cat, which the lock knows, for example pk=`) ||
			!strings.Contains(err.Error(), `entable.Was("Cat")`) {
			t.Errorf("%s: got %v", c.name, err)
		}
		both := entable.NewTable("items", lock)
		check(t, register[strangeCow](both, append(c.apart, entable.Name("Cow"))...))
		check(t, register[strangeCat](both, append(c.cat, entable.Name("Cat"))...))
	}
}

func TestBinaryKeysOfTheLockArePartOfTheProof(t *testing.T) {
	type a struct {
		Key []byte `dynamodbav:"key"`
	}
	type b struct {
		Key []byte `dynamodbav:"key"`
	}
	binary := []entable.TableOption{entable.PartitionKey("bin", types.ScalarAttributeTypeB), entable.NoSortKey()}
	one := entable.NewTable("items", binary...)
	check(t, register[a](one, entable.Name("A")))
	err := register[b](entable.NewTable("items", append(binary, entable.Lock(one.Manifest()))...), entable.Name("B"))
	if err == nil || !strings.Contains(err.Error(), "which the lock knows, for example bin=0x") {
		t.Errorf("got %v", err)
	}
}
