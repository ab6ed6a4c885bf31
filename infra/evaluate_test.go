package infra_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/entable/entable/infra"
	"github.com/entable/entable/memory"
)

// A small evaluator of policies, by the rules of IAM that these use.

// rule is a statement as its JSON says.
type rule struct {
	Effect    string
	Action    []string
	Resource  string
	Condition map[string]map[string][]string
}

func rulesOf(t testing.TB, d *infra.PolicyDocument) []rule {
	t.Helper()
	var read struct {
		Version   string
		Statement []rule
	}
	check(t, json.Unmarshal(d.JSON(), &read))
	if read.Version != "2012-10-17" || len(read.Statement) == 0 {
		t.Fatalf("%s", d.JSON())
	}
	return read.Statement
}

// like reports whether a text matches a pattern of IAM.
func like(pattern, text string) bool {
	var b strings.Builder
	for pattern != "" {
		switch {
		case strings.HasPrefix(pattern, "${") && len(pattern) > 3 && pattern[3] == '}': // ${*}, ${?} and ${$} are the characters
			b.WriteString(regexp.QuoteMeta(pattern[2:3]))
			pattern = pattern[4:]
			continue
		case pattern[0] == '*':
			b.WriteString(".*")
		case pattern[0] == '?':
			b.WriteString(".")
		default:
			b.WriteString(regexp.QuoteMeta(pattern[:1]))
		}
		pattern = pattern[1:]
	}
	return regexp.MustCompile("(?s)^" + b.String() + "$").MatchString(text)
}

// allows reports whether one rule allows an action on a resource with these partition keys.
func (r rule) allows(permission string, keys []string) bool {
	action, resource, _ := strings.Cut(permission, " ")
	if r.Effect != "Allow" || !slices.Contains(r.Action, action) || !like(r.Resource, "arn:aws:dynamodb:us-east-1:000000000000:"+resource) {
		return false
	}
	for operator, of := range r.Condition {
		for name, patterns := range of {
			if operator != "ForAllValues:StringLike" || name != "dynamodb:LeadingKeys" {
				return false
			}
			for _, key := range keys {
				if !slices.ContainsFunc(patterns, func(p string) bool { return like(p, key) }) {
					return false
				}
			}
		}
	}
	return true
}

// denied lists what of the requests the rules do not allow. A request is allowed if each of its permissions is.
func denied(rules []rule, requests []memory.LoggedRequest) (list []string) {
	for _, r := range requests {
		for _, p := range r.Permissions {
			if !slices.ContainsFunc(rules, func(one rule) bool { return one.allows(p, r.LeadingKeys[p]) }) {
				list = append(list, fmt.Sprint(p, r.LeadingKeys[p]))
			}
		}
	}
	return list
}

// without lists the rules that each lack one thing: a statement, an action, a pattern.
func without(rules []rule) map[string][]rule {
	out := map[string][]rule{}
	for i, r := range rules {
		for j, a := range r.Action {
			less := r
			less.Action = slices.Delete(slices.Clone(r.Action), j, j+1)
			out[a+" of "+r.Resource+fmt.Sprint(r.Condition)] = append(slices.Delete(slices.Clone(rules), i, i+1), less)
		}
		patterns := r.Condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
		for j, p := range patterns {
			less := r
			less.Condition = map[string]map[string][]string{"ForAllValues:StringLike": {"dynamodb:LeadingKeys": slices.Delete(slices.Clone(patterns), j, j+1)}}
			out[p+" of "+fmt.Sprint(r.Action)] = append(slices.Delete(slices.Clone(rules), i, i+1), less)
		}
	}
	return out
}
