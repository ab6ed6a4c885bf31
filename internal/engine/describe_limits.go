package engine

// DescribeLimits
//
// Behaviour: tells the quotas of a new account. The engine enforces none of them.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeLimits.html

type describeLimitsInput struct{}

func (ac *Account) describeLimits(*describeLimitsInput) ([]byte, error) {
	return []byte(`{"AccountMaxReadCapacityUnits":80000,"AccountMaxWriteCapacityUnits":80000,` +
		`"TableMaxReadCapacityUnits":40000,"TableMaxWriteCapacityUnits":40000}`), nil
}
