package engine

// DescribeEndpoints
//
// Behaviour: names the regional endpoint, to be kept for a day.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeEndpoints.html

type describeEndpointsInput struct{}

func (db *DB) describeEndpoints(*describeEndpointsInput) ([]byte, error) {
	return marshal(struct{ Endpoints []endpoint }{[]endpoint{{"dynamodb." + db.cfg.Region + ".amazonaws.com", 1440}}})
}

type endpoint struct {
	Address              string
	CachePeriodInMinutes int
}
