// Package infra writes what stands around the table of an entable registry, so that the declarations of the program stay the one
// place that says it:
//
//   - [CloudFormation] and [Terraform], both in JSON, are the templates that create it: what [entable.Table.CreateTable] sends, with
//     keys, indexes and their projections, and expiry;
//   - [Policy] is the least that IAM must allow a program that says what it does with which entities;
//   - [Workbench] is the data model for NoSQL Workbench, with samples.
//
// A program that writes its template beside the code, and a test that keeps it true:
//
//	//go:generate go run ./cmd/template
//	func main() {
//		os.Stdout.Write(infra.CloudFormation(items.Table, Options...))
//	}
//
//	var Options = []infra.Option{
//		infra.StreamView(types.StreamViewTypeNewAndOldImages),
//		infra.PointInTimeRecovery(0),
//		infra.Edit(func(in *dynamodb.CreateTableInput) { in.DeletionProtectionEnabled = aws.Bool(true) }),
//	}
//
//	func TestTemplateIsCurrent(t *testing.T) {
//		have, err := os.ReadFile("table.json")
//		if want := infra.CloudFormation(items.Table, Options...); err != nil || !bytes.Equal(have, want) {
//			t.Errorf("table.json is not what the registry needs: go generate writes it (%v)", err)
//		}
//	}
//
// Equal registries and options give equal bytes: names within objects are sorted, lists are in the order of the
// declarations. The functions read the registry only; they may be called at the same time, once all entities
// are registered. What the table is in an account, and what differs, [entable.Table.Diff] says.
//
// Of an edited request, templates take name, keys, indexes and their projections, billing mode, throughput, table
// class, stream, encryption and deletion protection. Everything else, such as tags, belongs into the
// template by other means.
package infra
