// Uses the server as any program in JavaScript would. Run by main_test.go with the
// server's address; ends with "ok", or with an error.
import assert from 'node:assert/strict'
import {
  CreateTableCommand, DynamoDBClient, waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import {
  BatchWriteCommand, DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand, TransactWriteCommand, UpdateCommand,
} from '@aws-sdk/lib-dynamodb'

const client = new DynamoDBClient({
  endpoint: process.argv[2], region: 'eu-west-1', credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
})
const db = DynamoDBDocumentClient.from(client)
const TableName = 'orders'

await client.send(new CreateTableCommand({
  TableName,
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: ['pk', 'sk', 'state'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }, { AttributeName: 'sk', KeyType: 'RANGE' }],
  GlobalSecondaryIndexes: [{
    IndexName: 'by-state',
    KeySchema: [{ AttributeName: 'state', KeyType: 'HASH' }, { AttributeName: 'sk', KeyType: 'RANGE' }],
    Projection: { ProjectionType: 'ALL' },
  }],
}))
await waitUntilTableExists({ client, maxWaitTime: 30 }, { TableName })

const order = { pk: 'customer#1', sk: 'order#1', state: 'open', amount: 12.5, parts: [{ sku: 'é☺', n: 2 }], tags: new Set(['a', 'b']) }
await db.send(new PutCommand({ TableName, Item: order }))
assert.deepEqual((await db.send(new GetCommand({ TableName, Key: { pk: order.pk, sk: order.sk } }))).Item, order)

await assert.rejects(
  db.send(new PutCommand({ TableName, Item: order, ConditionExpression: 'attribute_not_exists(pk)' })),
  { name: 'ConditionalCheckFailedException', message: 'The conditional request failed' },
)

const updated = await db.send(new UpdateCommand({
  TableName,
  Key: { pk: order.pk, sk: order.sk },
  UpdateExpression: 'SET amount = amount + :n, parts[0].n = :one',
  ExpressionAttributeValues: { ':n': 1, ':one': 1 },
  ReturnValues: 'UPDATED_NEW',
}))
assert.deepEqual(updated.Attributes, { amount: 13.5, parts: [{ n: 1 }] })

await db.send(new BatchWriteCommand({
  RequestItems: { [TableName]: [2, 3, 4].map((n) => ({ PutRequest: { Item: { pk: order.pk, sk: `order#${n}`, state: n < 4 ? 'open' : 'closed', pad: 'x'.repeat(2000) } } })) },
}))
const open = await db.send(new QueryCommand({
  TableName,
  IndexName: 'by-state',
  KeyConditionExpression: '#s = :s AND begins_with(sk, :o)',
  ExpressionAttributeNames: { '#s': 'state' },
  ExpressionAttributeValues: { ':s': 'open', ':o': 'order#' },
  ScanIndexForward: false,
}))
assert.deepEqual(open.Items.map((item) => item.sk), ['order#3', 'order#2', 'order#1'])

await assert.rejects(
  db.send(new TransactWriteCommand({
    TransactItems: [
      { Delete: { TableName, Key: { pk: order.pk, sk: 'order#2' } } },
      { ConditionCheck: { TableName, Key: { pk: order.pk, sk: 'order#9' }, ConditionExpression: 'attribute_exists(pk)' } },
    ],
  })),
  (err) => {
    assert.deepEqual(err.CancellationReasons.map((reason) => reason.Code), ['None', 'ConditionalCheckFailed'])
    return err.name === 'TransactionCanceledException'
  },
)
await db.send(new TransactWriteCommand({
  TransactItems: [
    { Delete: { TableName, Key: { pk: order.pk, sk: 'order#2' } } },
    { Put: { TableName, Item: { pk: order.pk, sk: 'order#5', state: 'open' } } },
  ],
}))
const all = await db.send(new QueryCommand({ TableName, KeyConditionExpression: 'pk = :p', ExpressionAttributeValues: { ':p': order.pk }, Select: 'COUNT' }))
assert.equal(all.Count, 4)
console.log('ok')
