package engine

// DescribeTable
//
// Behaviour:
//   - Answers for tables in every state, and ResourceNotFoundException with the
//     table's name otherwise.
//   - ItemCount and the sizes are exact at the moment of the request; the service
//     brings them up to date about every six hours.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeTable.html

type describeTableInput struct {
	TableName *string `is:"table"`
}

func (in *describeTableInput) first() error { return checkTableName(in.TableName) }

func (ac *Account) describeTable(in *describeTableInput) ([]byte, error) {
	t, err := ac.describedTable(*in.TableName)
	if err != nil {
		return nil, err
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	now := ac.cfg.Now()
	return marshal(struct{ Table *tableDescription }{t.describe(t.status(now), now)})
}
