package engine

// DeleteTable
//
// Behaviour:
//   - The response says DELETING; the table is gone when DescribeTable answers
//     ResourceNotFoundException: with the next request, unless Config.TableDelay
//     says otherwise.
//   - The description has neither keys, definitions, indexes nor the time of creation.
//   - A table that is being created or updated is in use, and one with deletion
//     protection stays.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteTable.html

type deleteTableInput struct {
	TableName *string `is:"table"`
}

func (in *deleteTableInput) first() error { return checkTableName(in.TableName) }

func (ac *Account) deleteTable(in *deleteTableInput) ([]byte, error) {
	t, err := ac.describedTable(*in.TableName)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := ac.cfg.Now()
	switch status := t.status(now); {
	case status == creating:
		return nil, clientError("ResourceInUseException", "Attempt to change a resource which is still in use: Table is being created: "+t.name)
	case status == updating:
		return nil, clientError("ResourceInUseException", "Attempt to change a resource which is still in use: Table is being updated: "+t.name)
	case t.settings.protected:
		return nil, validation("Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.")
	case t.gone(now):
		return nil, tableNotFound(t.name)
	}
	d := t.describe(deleting, now)
	d.KeySchema, d.AttributeDefinitions, d.CreationDateTime = nil, nil, nil
	d.LocalSecondaryIndexes, d.GlobalSecondaryIndexes = nil, nil
	if !t.deleted() {
		t.setBusy(deleting, now.Add(ac.cfg.TableDelay))
		t.items, t.bytes = newTree(), 0
		t.setStream(nil, now)
		t.lag, t.behind = 0, nil
		t.setIndexes(nil)
	}
	return marshal(struct{ TableDescription *tableDescription }{d})
}
