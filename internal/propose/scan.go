package propose

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Client is what reads a table: a *dynamodb.Client.
type Client interface {
	DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error)
	Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error)
}

// segments is how many parts of the table a sample is taken from: the items of one partition lie together, and a sample
// from the front alone would be of a few partitions.
const segments = 16

// Scan describes a table and reads up to n of its items, an equal share from each of its segments. It sends up to 16 requests,
// more where items are large, and writes nothing. After each, tell, if not nil, learns how many items are read, of how many, and the units
// that they have consumed.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
func Scan(ctx context.Context, client Client, table string, n int, tell func(done, of int, units float64)) (Table, []Item, error) {
	out, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &table})
	if err != nil {
		return Table{}, nil, fmt.Errorf("cannot describe table %q: %w", table, err)
	}
	var items []Item
	units, all := 0.0, int(aws.ToInt64(out.Table.ItemCount))
	for i := range segments {
		share := (n - len(items) + segments - i - 1) / (segments - i)
		for start, more := Item(nil), share > 0; more; more = share > 0 && start != nil {
			page, err := client.Scan(ctx, &dynamodb.ScanInput{
				TableName: &table, Limit: aws.Int32(int32(min(share, 1<<20))), ExclusiveStartKey: start,
				Segment: aws.Int32(int32(i)), TotalSegments: aws.Int32(segments), ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
			})
			if err != nil {
				return Table{}, nil, fmt.Errorf("cannot scan table %q: %w", table, err)
			}
			items, share, start = append(items, page.Items...), share-len(page.Items), page.LastEvaluatedKey
			if page.ConsumedCapacity != nil {
				units += aws.ToFloat64(page.ConsumedCapacity.CapacityUnits)
			}
			if tell != nil {
				tell(len(items), min(n, all), units)
			}
		}
	}
	return described(out.Table), items, nil
}

func described(d *types.TableDescription) Table {
	typ := map[string]string{}
	for _, a := range d.AttributeDefinitions {
		typ[aws.ToString(a.AttributeName)] = string(a.AttributeType)
	}
	split := func(schema []types.KeySchemaElement) (pk, sk []Attr) {
		for _, e := range schema {
			a := Attr{aws.ToString(e.AttributeName), typ[aws.ToString(e.AttributeName)]}
			if e.KeyType == types.KeyTypeHash {
				pk = append(pk, a)
			} else {
				sk = append(sk, a)
			}
		}
		return pk, sk
	}
	t := Table{Name: aws.ToString(d.TableName)}
	add := func(name *string, schema []types.KeySchemaElement, p *types.Projection, local bool) {
		x := Index{Name: aws.ToString(name), Local: local, Projection: "ALL"}
		x.PK, x.SK = split(schema)
		if p != nil {
			x.Projection, x.Include = string(p.ProjectionType), p.NonKeyAttributes
		}
		t.Indexes = append(t.Indexes, x)
	}
	pk, sk := split(d.KeySchema)
	t.PK = pk[0]
	if len(sk) > 0 {
		t.SK = sk[0]
	}
	for _, x := range d.GlobalSecondaryIndexes {
		add(x.IndexName, x.KeySchema, x.Projection, false)
	}
	for _, x := range d.LocalSecondaryIndexes {
		add(x.IndexName, x.KeySchema, x.Projection, true)
	}
	return t
}
