package engine

// DescribeEndpoints
//
// Behaviour: names the address that the request was sent to, to be kept for a day.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeEndpoints.html

type describeEndpointsInput struct{ host string }

func (in *describeEndpointsInput) sentTo(host string) { in.host = host }

func (ac *Account) describeEndpoints(in *describeEndpointsInput) ([]byte, error) {
	if in.host == "" {
		in.host = "dynamodb." + ac.region + ".amazonaws.com"
	}
	return marshal(struct{ Endpoints []endpoint }{[]endpoint{{in.host, 1440}}})
}

type endpoint struct {
	Address              string
	CachePeriodInMinutes int
}
