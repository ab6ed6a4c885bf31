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

func gureguEncode() contestant {
	var item dynamo.Item
	return contestant{encode, guregu, func(context.Context) (err error) {
		item, err = dynamo.MarshalItem(&one)
		return err
	}, func() any { return item }}
}
