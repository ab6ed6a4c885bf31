package engine

import "slices"

// ListTables
//
// Behaviour:
//   - Names in order, at most 100 or Limit of them; LastEvaluatedTableName says
//     that there are more.
//   - ExclusiveStartTableName need not exist.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ListTables.html

type listTablesInput struct {
	ExclusiveStartTableName *string `is:"name"`
	Limit                   *int32  `is:"range=1:100"`
}

func (ac *Account) listTables(in *listTablesInput) ([]byte, error) {
	names := append([]string{}, ac.tableNames()...) // an empty list is [], not null
	if in.ExclusiveStartTableName != nil {
		i, found := slices.BinarySearch(names, *in.ExclusiveStartTableName)
		if found {
			i++
		}
		names = names[i:]
	}
	out := struct {
		TableNames             []string
		LastEvaluatedTableName string `json:",omitempty"`
	}{TableNames: names}
	limit := 100
	if in.Limit != nil {
		limit = int(*in.Limit)
	}
	if len(names) > limit {
		out.TableNames = names[:limit]
		out.LastEvaluatedTableName = names[limit-1]
	}
	return marshal(out)
}
