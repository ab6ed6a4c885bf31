package engine

import "slices"

// DescribeStream
//
// Behaviour:
//   - Tells the shards of a stream from the oldest on, at most 100 or Limit of them;
//     LastEvaluatedShardId says that there are more.
//   - A closed shard has an EndingSequenceNumber; a shard that goes on where another ended
//     names it as its parent, which may have been trimmed.
//   - ShardFilter of type CHILD_SHARDS gives the children of one shard only.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_DescribeStream.html

type describeStreamInput struct {
	StreamArn             *string `is:"required len=37:1024"`
	Limit                 *int32  `is:"range=1:"`
	ExclusiveStartShardId *string `is:"len=28:65"`
	ShardFilter           *shardFilter
}

type shardFilter struct {
	Type    *string `is:"enum=CHILD_SHARDS"`
	ShardId *string `is:"len=28:65"`
}

type streamDescription struct {
	StreamArn, StreamLabel, StreamStatus, StreamViewType string
	CreationRequestDateTime                              *seconds
	TableName                                            string
	KeySchema                                            []keySchemaElement
	Shards                                               []shardDescription
	LastEvaluatedShardId                                 string `json:",omitempty"`
}

type shardDescription struct {
	ShardId             string
	ParentShardId       string `json:",omitempty"`
	SequenceNumberRange sequenceRange
}

type sequenceRange struct {
	StartingSequenceNumber string
	EndingSequenceNumber   string `json:",omitempty"`
}

const maxShards = 100

func (ac *Account) describeStream(in *describeStreamInput) ([]byte, error) {
	limit := maxShards
	if in.Limit != nil {
		if limit = int(*in.Limit); limit > maxShards {
			return nil, badValue("Limit cannot be greater than the maximum allowed size: 100")
		}
	}
	if f := in.ShardFilter; f != nil && (f.Type == nil || f.ShardId == nil) {
		return nil, badValue("ShardFilter needs a Type and a ShardId")
	}
	s, err := ac.stream(*in.StreamArn)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(s.now())
	d := streamDescription{
		StreamArn: s.arn, StreamLabel: s.label, StreamStatus: "ENABLED", StreamViewType: s.view,
		CreationRequestDateTime: since(s.created), TableName: s.tableName, KeySchema: s.keyElements, Shards: []shardDescription{},
	}
	if !s.disabled.IsZero() {
		d.StreamStatus = "DISABLED"
	}
	shards := s.shards
	if in.ExclusiveStartShardId != nil {
		i := slices.IndexFunc(shards, func(sh *shard) bool { return sh.id == *in.ExclusiveStartShardId })
		shards = shards[i+1:] // all, if that shard has been trimmed meanwhile
	}
	for _, sh := range shards {
		if in.ShardFilter != nil && sh.parent != *in.ShardFilter.ShardId {
			continue
		}
		if len(d.Shards) == limit {
			d.LastEvaluatedShardId = d.Shards[limit-1].ShardId
			break
		}
		d.Shards = append(d.Shards, sh.describe())
	}
	return marshal(struct{ StreamDescription streamDescription }{d})
}

func (sh *shard) describe() shardDescription {
	d := shardDescription{sh.id, sh.parent, sequenceRange{StartingSequenceNumber: sequence(sh.first)}}
	if sh.last != 0 {
		d.SequenceNumberRange.EndingSequenceNumber = sequence(sh.last)
	}
	return d
}
