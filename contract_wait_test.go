package entable_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
)

// answers gives one operation these answers, one after the other, and lets the rest through; sent counts all.
func answers(op string, list ...string) (before func(string, string) string, sent *int) {
	sent = new(int)
	return func(is, _ string) string {
		if is != op {
			return ""
		}
		if *sent++; *sent > len(list) {
			return ""
		}
		return list[*sent-1]
	}, sent
}

// A table takes seconds to be there, and to be gone.
func TestCreateAndDeleteWait(t *testing.T) {
	t.Parallel()
	s := onMemory(t)
	table := s.declare(entable.GSI("gsi1"))
	states, sent := answers("DescribeTable",
		`{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"not yet"}`,
		`{"Table":{"TableStatus":"CREATING"}}`,
		`{"Table":{"TableStatus":"ACTIVE","GlobalSecondaryIndexes":[{"IndexName":"gsi1","IndexStatus":"CREATING"}]}}`)
	s.comeBetween(states)
	check(t, table.CreateTable(t.Context()))
	if *sent != 4 {
		t.Errorf("Create asked %d times, want 4", *sent)
	}
	states, sent = answers("DescribeTable", `{"Table":{"TableStatus":"DELETING"}}`)
	s.comeBetween(states)
	check(t, table.DeleteTable(t.Context()))
	if *sent != 2 {
		t.Errorf("Delete asked %d times, want 2", *sent)
	}
}

func TestExistsGivesErrors(t *testing.T) {
	t.Parallel()
	s := onMemory(t)
	s.spy.reset(&refusal{400, "AccessDeniedException"})
	if ok, err := s.declare().Exists(t.Context()); ok || !is[*entable.OpError](err) {
		t.Errorf("got %t, %v", ok, err)
	}
}

func TestDiffOfExpiryAndIndexes(t *testing.T) {
	t.Parallel()
	native := func(second string) entable.TableOption {
		return entable.GSI("by-region", entable.MultiAttribute(), entable.PartitionKey("region", types.ScalarAttributeTypeS), entable.PartitionKey(second, types.ScalarAttributeTypeS))
	}
	type plain struct {
		ID string `dynamodbav:"id"`
	}
	for _, test := range []struct {
		name       string
		have, need []entable.TableOption
		expires    bool   // what the registry says
		ttl        string // what the service says
		want       string
	}{
		{"turned on", nil, nil, true, `"AttributeName":"expires","TimeToLiveStatus":"ENABLED"`, ""},
		{"being turned on", nil, nil, true, `"AttributeName":"expires","TimeToLiveStatus":"ENABLING"`, ""},
		{"being turned off", nil, nil, true, `"AttributeName":"expires","TimeToLiveStatus":"DISABLING"`, `ttl: the table has nothing, the registry needs "expires"`},
		{"another attribute", nil, nil, true, `"AttributeName":"ttl","TimeToLiveStatus":"ENABLED"`, `ttl: the table has "ttl", the registry needs "expires"`},
		{"not needed", nil, nil, false, `"AttributeName":"ttl","TimeToLiveStatus":"ENABLED"`, ""},
		{"no local index", nil, []entable.TableOption{entable.LSI("lsi1")}, false, "",
			`index "lsi1": the table has nothing, the registry needs local on "pk" (S) and "lsi1sk" (S), projecting ALL`},
		{"another second attribute", []entable.TableOption{native("id")}, []entable.TableOption{native("city")}, false, "",
			`index "by-region": the table has global on "region" (S), "id" (S), projecting ALL, the registry needs global on "region" (S), "city" (S), projecting ALL`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := onMemory(t)
			table := entable.NewTable(s.newTable(test.have...).Name(), test.need...)
			table.Use(s.client)
			if test.expires {
				entable.Register[session](table)
			} else {
				entable.Register[plain](table)
			}
			states, _ := answers("DescribeTimeToLive", `{"TimeToLiveDescription":{`+test.ttl+`}}`)
			s.comeBetween(states)
			list, err := table.Diff(t.Context())
			check(t, err)
			var got []string
			for _, d := range list {
				got = append(got, d.String())
			}
			if strings.Join(got, "\n") != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
