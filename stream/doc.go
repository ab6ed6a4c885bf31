// Package stream decodes the changes of an entable table into its registered types: from the SDK's client of
// DynamoDB Streams ([Records]), in Lambda functions ([Lambda]), and from exports to S3 ([Export]). All three are
// ranged over, and give a [*Record] or an error for each change.
//
// A function that Lambda calls for the changes of a table, and that reports the first record that it could not
// handle, so that Lambda starts over there (its event source mapping says ReportBatchItemFailures):
//
//	func handle(ctx context.Context, event json.RawMessage) (events.DynamoDBEventResponse, error) {
//		for record, err := range stream.Lambda(Items, event) {
//			if failed, ok := errors.AsType[*stream.RecordError](err); ok {
//				return retryFrom(failed.SequenceNumber), nil
//			}
//			if err != nil {
//				return events.DynamoDBEventResponse{}, err
//			}
//			switch order := record.New.(type) {
//			case *Order: // inserted or modified; record.Old is what it was, as an *Order, or nil
//				if err := index(ctx, order); err != nil {
//					return retryFrom(record.SequenceNumber), nil
//				}
//			case nil: // removed; record.Key tells which item
//			}
//		}
//		return events.DynamoDBEventResponse{}, nil
//	}
//
// (The response type is that of github.com/aws/aws-lambda-go; any struct with the same JSON will do.)
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
