package explorer

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/schema"
)

// partitionPage is an item collection: what one partition holds, in the order of its sort keys.
type partitionPage struct {
	Index    string
	Keys     []keyPart
	SortBy   string // the attributes that the items are ordered by
	Reversed bool
	Other    string // the address in the other order
	*result
}

// keyPart is an attribute of a key with its value.
type keyPart struct{ Name, Value string }

// partitionKeys lists the attributes of a partition key, and those that its items are ordered by.
func (h *Handler) partitionKeys(index string) (pk, sk []schema.Attr, err error) {
	x := h.declared.Index(index)
	switch {
	case index == "":
		pk, sk = []schema.Attr{h.declared.PK}, []schema.Attr{h.declared.SK}
	case x == nil:
		return nil, nil, badRequest("there is no index %q: %s", index, h.declared.IndexNames())
	case x.MultiAttribute:
		pk, sk = x.Hash, x.Range
	case x.Local:
		pk, sk = []schema.Attr{h.declared.PK}, []schema.Attr{x.SK}
	default:
		pk, sk = []schema.Attr{x.PK}, []schema.Attr{x.SK}
	}
	return pk, slices.DeleteFunc(slices.Clone(sk), func(a schema.Attr) bool { return !a.Exists() }), nil
}

// partitionLink returns the address of the partition that an item is in; "" if it is in none of the index.
func (h *Handler) partitionLink(index string, item map[string]types.AttributeValue) string {
	pk, sk, err := h.partitionKeys(index)
	if err != nil {
		return ""
	}
	q := url.Values{}
	if index != "" {
		q.Set("index", index)
	}
	for _, a := range slices.Concat(pk, sk) {
		if item[a.Name] == nil {
			return ""
		}
	}
	for _, a := range pk {
		q.Add("pk", keyText(item[a.Name]))
	}
	return "partition?" + q.Encode()
}

func (h *Handler) partition(v *view) error {
	index := v.form.Get("index")
	pk, sk, err := h.partitionKeys(index)
	if err != nil {
		return err
	}
	values := v.form["pk"]
	if len(values) != len(pk) {
		return badRequest("give %d values of the partition key as pk", len(pk))
	}
	in := &dynamodb.QueryInput{
		TableName:                &h.declared.Name,
		ExpressionAttributeNames: map[string]string{}, ExpressionAttributeValues: map[string]types.AttributeValue{},
	}
	if index != "" {
		in.IndexName = &index
	}
	body := partitionPage{Index: index, Reversed: v.form.Get("order") == "desc"}
	if body.Reversed {
		in.ScanIndexForward = new(false)
	}
	var equal []string
	for i, a := range pk {
		value, err := keyValue(a, values[i])
		if err != nil {
			return err
		}
		name := "pk"
		if len(pk) > 1 {
			name = fmt.Sprintf("k%d", i)
		}
		in.ExpressionAttributeNames["#"+name], in.ExpressionAttributeValues[":"+name] = a.Name, value
		equal = append(equal, fmt.Sprintf("#%s = :%[1]s", name))
		body.Keys = append(body.Keys, keyPart{a.Name, values[i]})
	}
	in.KeyConditionExpression = new(strings.Join(equal, " AND "))
	var by []string
	for _, a := range sk {
		by = append(by, a.Name)
	}
	body.SortBy = strings.Join(by, ", ")
	span := schema.Span{Table: h.declared, Index: index}
	if body.result, err = v.read(in, span, 0); err != nil {
		return err
	}
	body.Other = v.otherOrder(body.Reversed)
	body.Go = h.partitionCode(body.Rows, index, body.Reversed)
	return v.show("partition", "Partition "+strings.Join(values, " "), body)
}

// otherOrder returns the address of the first page in the other order.
func (v *view) otherOrder(reversed bool) string {
	q := url.Values{}
	for name, values := range v.form {
		if name != "after" && name != "order" {
			q[name] = values
		}
	}
	if !reversed {
		q.Set("order", "desc")
	}
	return strings.TrimPrefix(v.r.URL.Path, "/") + "?" + q.Encode()
}

// partitionCode returns the Go code that reads the partition, made from the first item that tells its fields; "" if none does.
func (h *Handler) partitionCode(rows []*row, index string, reversed bool) string {
	for _, r := range rows {
		if !r.Decoded {
			continue
		}
		pk, _ := r.entity.Asks(index)
		example := r.entity.NewItem()
		for _, a := range pk {
			text := a.Text(r.entity.Pointer(r.value))
			if text == "" && a.Optional() {
				continue
			}
			if err := a.Set(example, text); text == "" || err != nil {
				return ""
			}
		}
		return h.tableCode(r.entity, index, example, reversed)
	}
	return ""
}

func (h *Handler) whole(index string) bool {
	return (&schema.Span{Table: h.declared, Index: index}).Whole()
}

// tableCode returns the code of a query for items of all types.
func (h *Handler) tableCode(e *schema.Entity, index string, example unsafe.Pointer, reversed bool) string {
	c := codeFor(e)
	call := "Query("
	if index != "" {
		call = fmt.Sprintf("QueryIndex(%q, ", index)
	}
	read := h.refinements(&schema.Span{Table: h.declared, Index: index}, reversed)
	return c.with("page, err := table." + call + c.example(e, example) + ")" + read)
}

// refinements returns the calls that a query ends with.
func (h *Handler) refinements(s *schema.Span, reversed bool) string {
	text := ""
	if reversed {
		text += ".\n\tReverse()"
	}
	switch {
	case s.Whole():
	case s.CheckPartial(schema.ToldParts) == nil:
		text += ".\n\tPartial()"
	default:
		text += ".\n\tHydrate()"
	}
	return text + fmt.Sprintf(".\n\tLimit(%d).\n\tPage(ctx)", pageSize)
}
