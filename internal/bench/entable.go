package main

import (
	"context"
	"reflect"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/codec"
)

// orderTable returns the workload's table as entable's users declare it, with all types of the mixed collection registered
// for every row.
func orderTable(client *dynamodb.Client) (*entable.Table, *entable.Entity[Order]) {
	table := entable.NewTable(tableName)
	table.Use(client)
	orders := entable.Register[Order](table,
		entable.PK("customer", entable.Prefix("C")), entable.SK("order", entable.Prefix("O")))
	register[Quote](table, orders, "Q")
	register[Shipment](table, orders, "S")
	register[Invoice](table, orders, "I")
	register[Refund](table, orders, "R")
	return table, orders
}

func orderEntity(client *dynamodb.Client) *entable.Entity[Order] {
	_, orders := orderTable(client)
	return orders
}

func register[T any](table *entable.Table, orders *entable.Entity[Order], prefix string) {
	entable.Register[T](table, entable.PK("customer", entable.PrefixOf(orders)), entable.SK("order", entable.Prefix(prefix)))
}

func entableContestants(at func(row string) *canned) []contestant {
	return []contestant{
		entableQuery(query500, orderEntity(at(query500).client())),
		entableQuery(query20, orderEntity(at(query20).client())),
		entableGet(orderEntity(at(getItem).client())),
		entablePut(at(putItem)),
		entableUpdate(updateItem, at(updateItem)),
		entableUpdate(updateItemIf, at(updateItemIf), isPending),
		entableBatchWrite(at(batchWrite25)),
		entableBatchGet(orderEntity(at(batchGet100).client())),
		entableMixed(at(mixed500)),
		entableEncode(),
	}
}

func entableQuery(row string, orders *entable.Entity[Order]) contestant {
	var found []*Order
	return contestant{row, entabled, func(ctx context.Context) error {
		found = nil
		for o, err := range orders.Query(Order{CustomerID: customerID}).All(ctx) {
			if err != nil {
				return err
			}
			found = append(found, o)
		}
		return nil
	}, func() any { return found }}
}

func entableMixed(t *canned) contestant {
	table, _ := orderTable(t.client())
	return entableMixedOf(table)
}

func entableMixedOf(table *entable.Table) contestant {
	var found []any
	return contestant{mixed500, entabled, func(ctx context.Context) error {
		found = nil
		for v, err := range table.Query(Order{CustomerID: customerID}).All(ctx) {
			if err != nil {
				return err
			}
			found = append(found, v)
		}
		return nil
	}, func() any { return found }}
}

func entableGet(orders *entable.Entity[Order]) contestant {
	var found *Order
	return contestant{getItem, entabled, func(ctx context.Context) (err error) {
		found, err = orders.Get(ctx, Order{CustomerID: customerID, OrderID: one.OrderID})
		return err
	}, func() any { return *found }}
}

func entablePut(t *canned) contestant {
	orders := orderEntity(t.client())
	o := one
	return contestant{putItem, entabled, func(ctx context.Context) error {
		return orders.Put(ctx, &o)
	}, t.lastRequest}
}

func entableUpdate(row string, t *canned, conditions ...expression.ConditionBuilder) contestant {
	orders := orderEntity(t.client())
	return contestant{row, entabled, func(ctx context.Context) error {
		u := orders.Update(Order{CustomerID: customerID, OrderID: one.OrderID}).Set("status", "shipped")
		for _, c := range conditions {
			u.If(c)
		}
		return u.Do(ctx)
	}, t.lastRequest}
}

func entableBatchGet(entity *entable.Entity[Order]) contestant {
	all := orders(100)
	var found []*Order
	return contestant{batchGet100, entabled, func(ctx context.Context) (err error) {
		keys := make([]Order, len(all))
		for i := range all {
			keys[i] = Order{CustomerID: customerID, OrderID: all[i].OrderID}
		}
		found, err = entity.BatchGet(ctx, keys)
		return err
	}, func() any { return found }}
}

func entableBatchWrite(t *canned) contestant {
	table := orderEntity(t.client())
	all := orders(25)
	return contestant{batchWrite25, entabled, func(ctx context.Context) error {
		writes := make([]entable.Write, len(all))
		for i := range all {
			writes[i] = table.PutOp(&all[i])
		}
		return entable.BatchWrite(ctx, writes)
	}, t.lastRequest}
}

// entableEncode appends to a buffer that it keeps, as entable does with those of its requests.
func entableEncode() contestant {
	plan, err := codec.PlanOf(reflect.TypeFor[Order]())
	var item []byte
	return contestant{encode, entabled, func(context.Context) error {
		if err != nil {
			return err
		}
		item, err = plan.AppendMembers(item[:0], unsafe.Pointer(&one))
		return err
	}, func() any { return item }}
}
