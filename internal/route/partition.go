package route

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/wire"
)

// Partition is a partition that a request was for, of the table or of one of its indexes.
type Partition struct{ Table, Index, Key string }

// body is what a request holds in bytes: an item or a key, or several, by table or by position.
type body struct {
	one  []byte
	many map[string][][]byte
	at   func(i int) []byte
}

// Partitions lists those that the request was for, each as often as it has items there; none for a scan. pk names a table's partition
// key. It looks at what the request was made of, and may be called within the Meter alone.
func (c *Cost) Partitions(pk func(table string) string) (list []Partition) {
	b := c.body
	add := func(table string, v types.AttributeValue) {
		switch v := v.(type) {
		case *types.AttributeValueMemberS:
			list = append(list, Partition{Table: table, Key: v.Value})
		case *types.AttributeValueMemberN:
			list = append(list, Partition{Table: table, Key: v.Value})
		case *types.AttributeValueMemberB:
			list = append(list, Partition{Table: table, Key: string(v.Value)})
		}
	}
	key := func(table string, attrs map[string]types.AttributeValue) { add(table, attrs[pk(table)]) }
	item := func(table string, raw []byte) {
		var value [1][]byte
		if err := wire.FindAttrs(raw, []string{pk(table)}, value[:]); err != nil || value[0] == nil {
			return
		}
		if _, text, err := wire.Scalar(value[0]); err == nil {
			list = append(list, Partition{Table: table, Key: text})
		}
	}
	switch in := c.in.(type) {
	case *dynamodb.PutItemInput:
		item(*in.TableName, b.one)
	case *dynamodb.GetItemInput:
		if b.one != nil {
			item(*in.TableName, b.one)
		} else {
			key(*in.TableName, in.Key)
		}
	case *dynamodb.UpdateItemInput:
		key(*in.TableName, in.Key)
	case *dynamodb.DeleteItemInput:
		key(*in.TableName, in.Key)
	case *dynamodb.QueryInput:
		if add(*in.TableName, in.ExpressionAttributeValues[":pk"]); in.IndexName != nil && len(list) > 0 {
			list[0].Index = *in.IndexName
		}
	case *dynamodb.BatchGetItemInput:
		for table, keys := range b.many {
			for _, raw := range keys {
				item(table, raw)
			}
		}
		for table, keys := range in.RequestItems {
			for _, k := range keys.Keys {
				if len(b.many[table]) == 0 {
					key(table, k)
				}
			}
		}
	case *dynamodb.BatchWriteItemInput:
		for table, items := range b.many {
			for _, raw := range items {
				item(table, raw)
			}
		}
		for table, requests := range in.RequestItems {
			for _, r := range requests {
				if r.DeleteRequest != nil {
					key(table, r.DeleteRequest.Key)
				}
			}
		}
	case *dynamodb.TransactGetItemsInput:
		for _, i := range in.TransactItems {
			key(*i.Get.TableName, i.Get.Key)
		}
	case *dynamodb.TransactWriteItemsInput:
		for i, w := range in.TransactItems {
			switch {
			case w.Put != nil:
				n := len(list)
				if key(*w.Put.TableName, w.Put.Item); n == len(list) && b.at != nil { // it stands in the bytes
					item(*w.Put.TableName, b.at(i))
				}
			case w.Update != nil:
				key(*w.Update.TableName, w.Update.Key)
			case w.Delete != nil:
				key(*w.Delete.TableName, w.Delete.Key)
			case w.ConditionCheck != nil:
				key(*w.ConditionCheck.TableName, w.ConditionCheck.Key)
			}
		}
	}
	return list
}
