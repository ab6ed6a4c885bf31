package engine

import (
	"maps"
	"slices"
	"strings"

	"github.com/entable/entable/internal/engine/input"
)

// ListStreams
//
// Behaviour:
//   - Streams in the order of their ARNs, of one table or of all, at most 100 or Limit of
//     them; LastEvaluatedStreamArn says that there are more.
//   - Disabled streams are listed until their last record is a day old.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_ListStreams.html

type listStreamsInput struct {
	TableName               *string `is:"table"`
	Limit                   *int32  `is:"range=1:"`
	ExclusiveStartStreamArn *string `is:"len=37:1024"`
}

type streamListing struct{ StreamArn, TableName, StreamLabel string }

const maxStreams = 100

func (ac *Account) listStreams(in *listStreamsInput) ([]byte, error) {
	limit := maxStreams
	if in.Limit != nil {
		if limit = int(*in.Limit); limit > maxStreams {
			return nil, badValue("Limit cannot be greater than the maximum allowed size: 100")
		}
	}
	now := ac.cfg.Now()
	out := struct {
		Streams                []streamListing
		LastEvaluatedStreamArn string `json:",omitempty"`
	}{Streams: []streamListing{}}
	all := slices.SortedFunc(maps.Values(*ac.streams.Load()), func(a, b *stream) int { return strings.Compare(a.arn, b.arn) })
	for _, s := range all {
		if s.gone(now) || (in.TableName != nil && s.tableName != input.TableName(*in.TableName)) || s.arn <= deref(in.ExclusiveStartStreamArn) {
			continue
		}
		if len(out.Streams) == limit {
			out.LastEvaluatedStreamArn = out.Streams[limit-1].StreamArn
			break
		}
		out.Streams = append(out.Streams, streamListing{s.arn, s.tableName, s.label})
	}
	return marshal(out)
}
