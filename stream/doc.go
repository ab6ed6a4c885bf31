// Package stream decodes the changes of an entable table into its registered types: from the SDK's client of
// DynamoDB Streams ([Records]), in Lambda functions ([Lambda]), and from exports to S3 ([Export]). All three are
// ranged over, and give a [*Record] or an error for each change.
//
// A [Handler] hands changes to functions, by type: those that a Lambda function is called with ([Handler.Lambda]), or those of a
// stream that it polls ([Handler.Poll]).
//
//	var Changes = stream.NewHandler(Items, stream.On(Orders, func(ctx context.Context, c stream.Change[Order]) error {
//		return index(ctx, c.Key, c.Old, c.New) // each is an *Order, or nil
//	}))
//
//	func main() { lambda.Start(Changes.Lambda) } // of github.com/aws/aws-lambda-go
//
// The library's own items, which keep `unique` fields unique and hold the manifest of [entable.Table.Verify], are in
// every stream and export of the table. They are passed over here, whatever the options.
//
// An item of a type that is not registered is a [*RecordError] in its place, with the item in the
// [*entable.UnknownEntityError] that it wraps, and the range goes on. While a newer version of the program is
// being rolled out, that would stop the older one at the first new item: [SkipUnknown] passes over them,
// [RawUnknown] gives them as they are.
//
// Hooks do not run, and expired items are decoded like any others. The functions only read the registry: they may
// be called at the same time. A range in progress belongs to one goroutine.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
package stream
