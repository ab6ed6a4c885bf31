package explorer

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/route"
)

// itemPage is one item.
type itemPage struct {
	*row
	PKName, SKName string
	GoType         string
	Partitions     []partitionRef
	Request, Go    string
	Cost           entable.Counts
}

// partitionRef names a partition that an item is in.
type partitionRef struct{ Index, Link string }

// load reads the item that the form names.
func (v *view) load() (*row, string, error) {
	key, err := v.key()
	if err != nil {
		return nil, "", err
	}
	return v.loadKey(key)
}

func (v *view) loadKey(key map[string]types.AttributeValue) (*row, string, error) {
	in := &dynamodb.GetItemInput{TableName: &v.h.declared.Name, Key: key, ConsistentRead: new(true)}
	c, err := v.conn()
	if err != nil {
		return nil, "", err
	}
	var sink route.RawItems
	if err := c.Get(v.ctx, in, nil, &sink); err != nil {
		return nil, "", err
	}
	if len(sink.Items) == 0 {
		return nil, "", notFound("there is no item with this key")
	}
	text, err := getText(in)
	if err != nil {
		return nil, "", err
	}
	r, err := v.h.row(sink.Items[0], true)
	return r, text, err
}

func (h *Handler) item(v *view) error {
	r, request, err := v.load()
	if err != nil {
		return err
	}
	body := itemPage{row: r, PKName: h.declared.PK.Name, SKName: h.declared.SK.Name, Request: request, Cost: v.cost()}
	body.Partitions = []partitionRef{{"", h.partitionLink("", r.item)}}
	for i := range h.declared.Indexes {
		name := h.declared.Indexes[i].Name
		if link := h.partitionLink(name, r.item); link != "" {
			body.Partitions = append(body.Partitions, partitionRef{name, link})
		}
	}
	if r.Decoded {
		body.GoType, body.Go = goName(r.entity), h.itemCode(r)
	}
	return v.show("item", "Item "+r.PK+" "+r.SK, body)
}

// itemCode returns the Go code that reads the item.
func (h *Handler) itemCode(r *row) string {
	key, err := r.entity.KeyOnly(r.entity.Pointer(r.value))
	if err != nil {
		return ""
	}
	c := codeFor(r.entity)
	return c.with("item, err := " + variable(r.entity) + ".Get(ctx, " + c.example(r.entity, key) + ")")
}
