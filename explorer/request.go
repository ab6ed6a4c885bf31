package explorer

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// member is a member of a request.
type member struct {
	name  string
	value any
}

// queryText returns a request as JSON, without what it does not say.
func queryText(in *dynamodb.QueryInput) (string, error) {
	return requestText(
		member{"TableName", in.TableName}, member{"IndexName", in.IndexName},
		member{"KeyConditionExpression", in.KeyConditionExpression},
		member{"ExpressionAttributeNames", in.ExpressionAttributeNames},
		member{"ExpressionAttributeValues", in.ExpressionAttributeValues},
		member{"ConsistentRead", in.ConsistentRead}, member{"ScanIndexForward", in.ScanIndexForward},
		member{"Limit", in.Limit}, member{"ExclusiveStartKey", in.ExclusiveStartKey},
	)
}

func scanText(in *dynamodb.ScanInput) (string, error) {
	return requestText(
		member{"TableName", in.TableName}, member{"FilterExpression", in.FilterExpression},
		member{"ExpressionAttributeNames", in.ExpressionAttributeNames},
		member{"ExpressionAttributeValues", in.ExpressionAttributeValues},
		member{"ExclusiveStartKey", in.ExclusiveStartKey},
	)
}

func getText(in *dynamodb.GetItemInput) (string, error) {
	return requestText(member{"TableName", in.TableName}, member{"Key", in.Key}, member{"ConsistentRead", in.ConsistentRead})
}

func requestText(members ...member) (string, error) {
	var p printer
	p.write("{")
	sep := "\n  "
	for _, m := range members {
		switch v := m.value.(type) {
		case map[string]types.AttributeValue:
			if len(v) > 0 {
				p.write(sep, p.quoted(m.name), ": ")
				p.members(v, "  ")
				sep = ",\n  "
			}
		case map[string]string:
			if len(v) > 0 {
				p.write(sep, p.quoted(m.name), ": ")
				p.names(v, "  ")
				sep = ",\n  "
			}
		default:
			text, err := plainJSON(v)
			if err != nil {
				return "", err
			}
			if text != "null" {
				p.write(sep, p.quoted(m.name), ": ", text)
				sep = ",\n  "
			}
		}
	}
	p.write("\n}")
	return visible(p.text.String()), p.err
}

func (p *printer) names(m map[string]string, indent string) {
	p.write("{")
	for i, name := range slices.Sorted(maps.Keys(m)) {
		if i > 0 {
			p.write(",")
		}
		p.write("\n", indent, "  ", p.quoted(name), ": ", p.quoted(m[name]))
	}
	p.write("\n", indent, "}")
}

// plainJSON returns a string, number or bool as JSON in which nothing is escaped for HTML: the page is, as a whole.
func plainJSON(v any) (string, error) {
	var b bytes.Buffer
	w := json.NewEncoder(&b)
	w.SetEscapeHTML(false)
	err := w.Encode(v)
	return strings.TrimSpace(b.String()), err
}
