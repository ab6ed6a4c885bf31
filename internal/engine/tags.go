package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// TagResource, UntagResource and ListTagsOfResource
//
// Behaviour:
//   - Only tables have tags; they are named by their ARN, at most 50 of each.
//   - A key has 1 to 128 characters, a value up to 256: letters, digits, spaces and
//     + - = . _ : / @.
//   - What is no ARN of a table in this account is refused as inaccessible.
//   - Tagging answers with an empty body.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TagResource.html

const maxTags = 50

type tagResourceInput struct {
	ResourceArn *string `is:"required len=1:1283"`
	Tags        []tag   `is:"required"`
}

// checkTags judges the tags of one request: their number, and the characters that they have.
func checkTags(tags []tag) error {
	if len(tags) > maxTags {
		return badValue(fmt.Sprintf("Number of tags exceeds the limit of %d", maxTags))
	}
	for _, t := range tags {
		for _, text := range []*string{t.Key, t.Value} {
			if strings.ContainsFunc(*text, notInTags) {
				return badValue("Tag keys and values may contain letters, digits, spaces and + - = . _ : / @ only: " + *text)
			}
		}
	}
	return nil
}

func notInTags(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsSpace(r) && !strings.ContainsRune("+-=._:/@", r)
}

func (ac *Account) tagResource(in *tagResourceInput) ([]byte, error) {
	t, err := ac.taggedTable("TagResource", *in.ResourceArn)
	if err != nil {
		return nil, err
	}
	if len(in.Tags) == 0 {
		return nil, validation("Atleast one Tag needs to be provided as Input.")
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	tags := maps.Clone(t.settings.tags)
	for _, tag := range in.Tags {
		tags[*tag.Key] = *tag.Value
	}
	if len(tags) > maxTags {
		return nil, clientError("LimitExceededException", fmt.Sprintf("Number of tags exceeds the limit of %d", maxTags))
	}
	t.settings.tags = tags
	return nil, nil
}

type untagResourceInput struct {
	ResourceArn *string  `is:"required len=1:1283"`
	TagKeys     []string `is:"required"`
}

func (ac *Account) untagResource(in *untagResourceInput) ([]byte, error) {
	t, err := ac.taggedTable("UntagResource", *in.ResourceArn)
	if err != nil {
		return nil, err
	}
	if len(in.TagKeys) == 0 {
		return nil, validation("Atleast one Tag Key needs to be provided as Input.")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	tags := maps.Clone(t.settings.tags)
	for _, key := range in.TagKeys {
		delete(tags, key)
	}
	t.settings.tags = tags
	return nil, nil
}

type listTagsOfResourceInput struct {
	ResourceArn *string `is:"required len=1:1283"`
	NextToken   *string
}

func (ac *Account) listTagsOfResource(in *listTagsOfResourceInput) ([]byte, error) {
	t, err := ac.taggedTable("ListTagsOfResource", *in.ResourceArn)
	if err != nil {
		return nil, err
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	tags := []tag{}
	for _, key := range slices.Sorted(maps.Keys(t.settings.tags)) {
		tags = append(tags, tag{new(key), new(t.settings.tags[key])})
	}
	return marshal(struct{ Tags []tag }{tags})
}

func (ac *Account) taggedTable(operation, arn string) (*table, error) {
	rest, ok := strings.CutPrefix(arn, strings.TrimSuffix(ac.arn(""), "table/"))
	if !ok {
		if !strings.HasPrefix(arn, "arn:") {
			return nil, validation("Invalid TableArn: Invalid ResourceArn provided as input " + arn)
		}
		return nil, coralError("AccessDeniedException", "User: arn:aws:iam::"+ac.number+":root is not authorized to perform: "+
			"dynamodb:"+operation+" on resource: "+arn)
	}
	name, ok := strings.CutPrefix(rest, "table/")
	if !ok || strings.Contains(name, "/") || len(name) < 3 {
		return nil, validation("Invalid TableArn: Invalid ResourceArn provided as input " + arn)
	}
	t, ok := ac.lookup(name, ac.cfg.Now())
	if !ok {
		return nil, clientError("ResourceNotFoundException", "Requested resource not found: ResourcArn: "+arn+" not found")
	}
	return t, nil
}
