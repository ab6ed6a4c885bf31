package main

import (
	"context"

	"github.com/guregu/dynamo/v2"
)

func gureguContestants(at func(row string) *canned) []contestant {
	return []contestant{
		gureguQuery(query500, at(query500)),
		gureguQuery(query20, at(query20)),
		gureguGet(at(getItem)),
		gureguPut(at(putItem)),
		gureguUpdate(at(updateItem)),
		gureguBatchGet(at(batchGet100)),
		gureguEncode(),
	}
}

func gureguTable(t *canned) dynamo.Table {
	return dynamo.NewFromIface(t.client()).Table(tableName)
}

func gureguQuery(row string, t *canned) contestant {
	table := gureguTable(t)
	var found []Order
	return contestant{row, guregu, func(ctx context.Context) error {
		found = nil
		return table.Get("pk", partition).All(ctx, &found)
	}, func() any { return found }}
}

func gureguGet(t *canned) contestant {
	table := gureguTable(t)
	var found Order
	return contestant{getItem, guregu, func(ctx context.Context) error {
		found = Order{}
		return table.Get("pk", partition).Range("sk", dynamo.Equal, sortKey(kinds[0], &one)).One(ctx, &found)
	}, func() any { return found }}
}

func gureguPut(t *canned) contestant {
	table := gureguTable(t)
	o := stored{partition, sortKey(kinds[0], &one), kinds[0], one}
	return contestant{putItem, guregu, func(ctx context.Context) error {
		return table.Put(&o).Run(ctx)
	}, t.lastRequest}
}

func gureguUpdate(t *canned) contestant {
	table := gureguTable(t)
	return contestant{updateItem, guregu, func(ctx context.Context) error {
		return table.Update("pk", partition).Range("sk", sortKey(kinds[0], &one)).Set("status", "shipped").If("attribute_exists(pk)").Run(ctx)
	}, t.lastRequest}
}

func gureguBatchGet(t *canned) contestant {
	table := gureguTable(t)
	all := orders(100)
	var found []Order
	return contestant{batchGet100, guregu, func(ctx context.Context) error {
		found = nil
		keys := make([]dynamo.Keyed, len(all))
		for i := range all {
			keys[i] = dynamo.Keys{partition, sortKey(kinds[0], &all[i])}
		}
		return table.Batch("pk", "sk").Get(keys...).All(ctx, &found)
	}, func() any { return found }}
}

func gureguEncode() contestant {
	var item dynamo.Item
	return contestant{encode, guregu, func(context.Context) (err error) {
		item, err = dynamo.MarshalItem(&one)
		return err
	}, func() any { return item }}
}
