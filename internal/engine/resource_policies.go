package engine

import (
	"fmt"
	"maps"
	"strings"
)

// PutResourcePolicy, GetResourcePolicy and DeleteResourcePolicy
//
// Behaviour:
//   - A table and its stream may have a policy each: a JSON document of 20 KB at most, which is kept and
//     given back, and allows or denies nothing here. CreateTable can bring the table's.
//   - Each change gives the policy a revision; with ExpectedRevisionId the change is refused unless it is the
//     current one. NO_POLICY expects none.
//   - Deleting a policy that is not there succeeds; getting it is a PolicyNotFoundException.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutResourcePolicy.html

type putResourcePolicyInput struct {
	ResourceArn                     *string `is:"required len=1:1283"`
	Policy                          *string `is:"required"`
	ExpectedRevisionId              *string `is:"len=1:255"`
	ConfirmRemoveSelfResourceAccess bool
}

type getResourcePolicyInput struct {
	ResourceArn *string `is:"required len=1:1283"`
}

type deleteResourcePolicyInput struct {
	ResourceArn        *string `is:"required len=1:1283"`
	ExpectedRevisionId *string `is:"len=1:255"`
}

// A policy is that of a table or a stream.
type policy struct {
	Policy     string `json:",omitempty"`
	RevisionId string
}

const (
	maxPolicySize = 20 << 10
	noPolicy      = "NO_POLICY"
)

func newPolicy(text string, revision uint64) (policy, error) {
	switch {
	case len(text) > maxPolicySize:
		return policy{}, clientError("LimitExceededException", "Resource-based policy document exceeds the size limit of 20 KB")
	case !validJSON([]byte(text)) || !strings.HasPrefix(strings.TrimSpace(text), "{"):
		return policy{}, badValue("Invalid policy document: the policy is not valid JSON")
	}
	return policy{text, fmt.Sprint(revision)}, nil
}

func (ac *Account) putResourcePolicy(in *putResourcePolicyInput) ([]byte, error) {
	t, err := ac.policyTable("PutResourcePolicy", *in.ResourceArn)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	s := &t.settings
	p, err := newPolicy(*in.Policy, s.revision+1)
	if err != nil {
		return nil, err
	}
	if err := s.checkRevision(*in.ResourceArn, in.ExpectedRevisionId); err != nil {
		return nil, err
	}
	if old, ok := s.policies[*in.ResourceArn]; ok && old.Policy == p.Policy {
		return marshal(policy{RevisionId: old.RevisionId})
	}
	s.setPolicy(*in.ResourceArn, p)
	return marshal(policy{RevisionId: p.RevisionId})
}

func (ac *Account) getResourcePolicy(in *getResourcePolicyInput) ([]byte, error) {
	t, err := ac.policyTable("GetResourcePolicy", *in.ResourceArn)
	if err != nil {
		return nil, err
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	p, ok := t.settings.policies[*in.ResourceArn]
	if !ok {
		return nil, policyNotFound(*in.ResourceArn)
	}
	return marshal(p)
}

func (ac *Account) deleteResourcePolicy(in *deleteResourcePolicyInput) ([]byte, error) {
	t, err := ac.policyTable("DeleteResourcePolicy", *in.ResourceArn)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	s := &t.settings
	if err := s.checkRevision(*in.ResourceArn, in.ExpectedRevisionId); err != nil {
		return nil, err
	}
	old, ok := s.policies[*in.ResourceArn]
	if !ok {
		return []byte(`{}`), nil
	}
	s.policies = maps.Clone(s.policies)
	delete(s.policies, *in.ResourceArn)
	return marshal(policy{RevisionId: old.RevisionId})
}

func (s *settings) setPolicy(arn string, p policy) {
	policies := map[string]policy{arn: p}
	for other, p := range s.policies {
		if other != arn {
			policies[other] = p
		}
	}
	s.policies = policies
	s.revision++
}

func (s *settings) checkRevision(arn string, expected *string) error {
	p, ok := s.policies[arn]
	switch {
	case expected == nil, ok && *expected == p.RevisionId, !ok && *expected == noPolicy:
		return nil
	}
	return policyNotFound(arn)
}

func policyNotFound(arn string) error {
	return clientError("PolicyNotFoundException", "Resource-based policy not found for the provided ResourceArn: "+
		"Requested policy was not found for the resource: "+arn)
}

// policyTable finds the table of a policy: that which the ARN names, or the one whose stream it names.
func (ac *Account) policyTable(operation, arn string) (*table, error) {
	tableArn, _, _ := strings.Cut(arn, "/stream/")
	t, err := ac.taggedTable(operation, tableArn)
	if err == nil && tableArn != arn {
		_, err = ac.stream(arn)
	}
	return t, err
}
