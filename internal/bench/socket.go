package main

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/entable/entable"
)

const (
	socketGoroutines = 64
	socketRequests   = 100 // of each goroutine
	scannedTable     = "many"
	scannedItems     = 200_000
)

// socketContestants ask a server in another process, at a URL. All keep as many connections open as they have goroutines:
// the SDK's default is 10, which would cost all of them the same.
func socketContestants(url string, requests int) []contestant {
	client := dynamodb.New(dynamodb.Options{
		Region: "us-east-1", BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider("bench", "bench", ""),
		HTTPClient: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: socketGoroutines}},
	})
	orders := orderEntity(client)
	return []contestant{
		entableSocketGet(orders, requests), handSocketGet(client, requests),
		entableSocketPut(orders, client, requests), handSocketPut(client, requests),
		entableSocketScan(client), handSocketScan(client),
	}
}

// concurrently does work in all goroutines, each of them so many times.
func concurrently(requests int, work func(goroutine int) error) error {
	var wg sync.WaitGroup
	errs := make([]error, socketGoroutines)
	for g := range errs {
		wg.Go(func() {
			for i := 0; i < requests && errs[g] == nil; i++ {
				errs[g] = work(g)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func entableSocketGet(orders *entable.Entity[Order], requests int) contestant {
	found := make([]*Order, socketGoroutines)
	return contestant{socketGet, entabled, func(ctx context.Context) error {
		return concurrently(requests, func(g int) (err error) {
			found[g], err = orders.Get(ctx, Order{CustomerID: customerID, OrderID: orderID(g)})
			return err
		})
	}, func() any { return found }}
}

func handSocketGet(client *dynamodb.Client, requests int) contestant {
	found := make([]Order, socketGoroutines)
	return contestant{socketGet, hand, func(ctx context.Context) error {
		return concurrently(requests, func(g int) error {
			out, err := client.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String(tableName), Key: handKey(&Order{OrderID: orderID(g)})})
			if err != nil {
				return err
			}
			found[g] = Order{}
			return attributevalue.UnmarshalMap(out.Item, &found[g])
		})
	}, func() any { return found }}
}

// putOrders returns what the goroutines write.
func putOrders() []Order { return orders(2 * socketGoroutines)[socketGoroutines:] }

func entableSocketPut(orders *entable.Entity[Order], client *dynamodb.Client, requests int) contestant {
	all := putOrders()
	return contestant{socketPut, entabled, func(ctx context.Context) error {
		return concurrently(requests, func(g int) error { return orders.Put(ctx, &all[g]) })
	}, func() any { return taken(client) }}
}

func handSocketPut(client *dynamodb.Client, requests int) contestant {
	var all []stored
	for _, o := range putOrders() {
		all = append(all, stored{partition, sortKey(kinds[0], &o), kinds[0], o})
	}
	return contestant{socketPut, hand, func(ctx context.Context) error {
		return concurrently(requests, func(g int) error {
			item, err := attributevalue.MarshalMap(&all[g])
			if err != nil {
				return err
			}
			_, err = client.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(tableName), Item: item})
			return err
		})
	}, func() any { return taken(client) }}
}

// taken returns the orders that were written, and deletes them, so that the next one to write them has to.
func taken(client *dynamodb.Client) any {
	found := make([]Order, socketGoroutines)
	for i, o := range putOrders() {
		out, err := client.DeleteItem(context.Background(), &dynamodb.DeleteItemInput{
			TableName: aws.String(tableName), Key: handKey(&o), ReturnValues: "ALL_OLD",
		})
		if err == nil {
			err = attributevalue.UnmarshalMap(out.Attributes, &found[i])
		}
		if err != nil {
			return err
		}
	}
	return found
}

// A tally is what is kept of the items of a scan, which are too many to keep.
type tally struct {
	items, lines int
	ids          uint64
	cents        int64 // whole, because sums of fractions depend on the order
}

func (t *tally) add(o *Order) error {
	id, err := strconv.ParseUint(o.OrderID[2:], 10, 64)
	t.items, t.lines, t.ids, t.cents = t.items+1, t.lines+len(o.Lines), t.ids+id, t.cents+int64(math.Round(100*o.Total))
	return err
}

func entableSocketScan(client *dynamodb.Client) contestant {
	table := entable.NewTable(scannedTable)
	table.Use(client)
	orders := entable.Register[Order](table,
		entable.PK("customer", entable.Prefix("C")), entable.SK("order", entable.Prefix("O")))
	return tallied(socketScan, entabled, orders.Scan().All)
}

func handSocketScan(client *dynamodb.Client) contestant {
	var found tally
	return contestant{socketScan, hand, func(ctx context.Context) error {
		found = tally{}
		pages := dynamodb.NewScanPaginator(client, &dynamodb.ScanInput{TableName: aws.String(scannedTable)})
		for pages.HasMorePages() {
			out, err := pages.NextPage(ctx)
			if err != nil {
				return err
			}
			var page []Order
			if err := attributevalue.UnmarshalListOfMaps(out.Items, &page); err != nil {
				return err
			}
			for i := range page {
				if err := found.add(&page[i]); err != nil {
					return err
				}
			}
		}
		return nil
	}, func() any { return found }}
}
