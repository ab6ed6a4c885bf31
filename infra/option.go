package infra

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
)

// An Option says of a template what no registry does.
type Option func(*settings)

// settings are a table as a template has it.
type settings struct {
	in           *dynamodb.CreateTableInput
	recovers     bool
	recoveryDays int
}

// Edit changes the request that the template is made of, as the edits of [entable.Table.CreateTable] do; the package's comment says
// what of it a template takes.
func Edit(edit func(*dynamodb.CreateTableInput)) Option {
	return func(s *settings) { edit(s.in) }
}

// StreamView turns the table's stream on, with what its records hold; the default is none.
func StreamView(view types.StreamViewType) Option {
	return func(s *settings) {
		s.in.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: view}
	}
}

// PointInTimeRecovery turns continuous backups on, which are kept for as many days, 1 to 35; 0 is the service's default of 35.
// Without it a template does not mention them.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Point-in-time-recovery.html
func PointInTimeRecovery(days int) Option {
	return func(s *settings) { s.recovers, s.recoveryDays = true, days }
}

func settingsOf(table *entable.Table, options []Option) *settings {
	s := &settings{in: table.CreateInput()}
	for _, o := range options {
		o(s)
	}
	return s
}
