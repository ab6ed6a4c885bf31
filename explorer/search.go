package explorer

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/route"
	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
)

// searchPage is the items whose keys hold a text.
type searchPage struct {
	Text      string
	Among     []string // the attributes that are searched
	Partition string   // the address of the partition of exactly this key; "" if there is none
	Problem   string
	*result
}

// Ran reports whether the table was read.
func (p searchPage) Ran() bool { return p.result != nil }

// searchRequests bounds how many pages of the table one page searches, of up to 1 MB each.
const searchRequests = 8

func (h *Handler) search(v *view) error {
	body := searchPage{Text: v.form.Get("q")}
	for _, a := range h.searched(body.Text) {
		body.Among = append(body.Among, a.Name)
	}
	if !v.form.Has("q") {
		return v.show("search", "Search", body)
	}
	var err error
	if body.Text != "" && v.form.Get("after") == "" {
		if body.Partition, err = v.exactPartition(body.Text); err != nil {
			return err
		}
	}
	if len(body.Among) == 0 {
		body.Problem = "the keys of this table are numbers or bytes: give a whole number"
		return v.show("search", "Search", body)
	}
	if body.result, err = v.scan(body.Text); err != nil {
		return err
	}
	return v.show("search", "Search "+body.Text, body)
}

// searched lists the attributes of keys that can hold the text: strings, and numbers where it is one.
func (h *Handler) searched(text string) (list []schema.Attr) {
	add := func(a schema.Attr) {
		number := a.Type == types.ScalarAttributeTypeN && isNumber(text)
		if a.Type == types.ScalarAttributeTypeS || number {
			for _, b := range list {
				if a.Name == b.Name {
					return
				}
			}
			list = append(list, a)
		}
	}
	add(h.declared.PK)
	add(h.declared.SK)
	for i := range h.declared.Indexes {
		for _, a := range h.declared.Indexes[i].KeyAttrs() {
			add(a)
		}
	}
	return list
}

func isNumber(text string) bool {
	_, err := wire.AppendN(nil, text)
	return err == nil
}

// exactPartition returns the address of the partition whose key is text.
func (v *view) exactPartition(text string) (string, error) {
	pk := v.h.declared.PK
	value, err := keyValue(pk, text)
	if err != nil {
		return "", nil //nolint:nilerr // text is no such key
	}
	if len(text) > 2048 { // the service's limit of a partition key
		return "", nil
	}
	c, err := v.conn()
	if err != nil {
		return "", err
	}
	var sink route.RawItems
	_, err = c.Query(v.ctx, &dynamodb.QueryInput{
		TableName: &v.h.declared.Name, Limit: new(int32(1)), KeyConditionExpression: new("#pk = :pk"),
		ExpressionAttributeNames:  map[string]string{"#pk": pk.Name},
		ExpressionAttributeValues: map[string]types.AttributeValue{":pk": value},
	}, &sink)
	if err != nil || len(sink.Items) == 0 {
		return "", err
	}
	return v.h.partitionLink("", map[string]types.AttributeValue{pk.Name: value, v.h.declared.SK.Name: value}), nil
}

// filter makes the request that finds the text; "" is in all keys.
func (v *view) filter(text string) *dynamodb.ScanInput {
	in := &dynamodb.ScanInput{TableName: &v.h.declared.Name}
	if text == "" {
		return in
	}
	in.ExpressionAttributeNames = map[string]string{}
	in.ExpressionAttributeValues = map[string]types.AttributeValue{}
	var any []string
	for i, a := range v.h.searched(text) {
		name := fmt.Sprintf("#k%d", i)
		in.ExpressionAttributeNames[name] = a.Name
		if a.Type == types.ScalarAttributeTypeN {
			in.ExpressionAttributeValues[":n"] = &types.AttributeValueMemberN{Value: text}
			any = append(any, name+" = :n")
			continue
		}
		in.ExpressionAttributeValues[":text"] = &types.AttributeValueMemberS{Value: text}
		any = append(any, "contains("+name+", :text)")
	}
	in.FilterExpression = new(strings.Join(any, " OR "))
	return in
}

// scan reads the table until a page is full, or as much as one page may read.
func (v *view) scan(text string) (*result, error) {
	span := &schema.Span{Table: v.h.declared}
	at, err := v.position(span, 0)
	if err != nil {
		return nil, err
	}
	c, err := v.conn()
	if err != nil {
		return nil, err
	}
	in := v.filter(text)
	res := &result{Service: "Scan"}
	if res.Request, err = scanText(in); err != nil {
		return nil, err
	}
	var items [][]byte
	for n := 0; n == 0 || n < searchRequests && len(at) > 0 && len(items) <= pageSize; n++ {
		var sink route.RawItems
		in.ExclusiveStartKey = at
		page, err := c.Scan(v.ctx, in, &sink)
		if err != nil {
			return nil, err
		}
		items, at = append(items, sink.Items...), page.Last
	}
	if items, at, err = onPage(span, items, at); err != nil {
		return nil, err
	}
	res.Cost = v.cost()
	if res.Rows, err = v.h.rows(items); err != nil {
		return nil, err
	}
	return res, v.turn(res, span, 0, at)
}
