// Package infra writes the table of an entable registry as the templates that create it: CloudFormation and
// Terraform, both in JSON. They hold what [entable.Table.CreateTable] sends, so that the declarations of the
// program stay the one place that says which keys, indexes and expiry the table has.
//
// A program that writes its template beside the code, and a test that keeps it true:
//
//	//go:generate go run ./cmd/template
//	func main() {
//		os.Stdout.Write(infra.CloudFormation(items.Table, func(in *dynamodb.CreateTableInput) {
//			in.DeletionProtectionEnabled = aws.Bool(true)
//			in.StreamSpecification = &types.StreamSpecification{
//				StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewAndOldImages,
//			}
//		}))
//	}
//
//	func TestTemplateIsCurrent(t *testing.T) {
//		have, err := os.ReadFile("table.json")
//		if want := infra.CloudFormation(items.Table); err != nil || !bytes.Equal(have, want) {
//			t.Errorf("table.json is not what the registry needs: go generate writes it (%v)", err)
//		}
//	}
//
// Equal registries and edits give equal bytes: names within objects are sorted, lists are in the order of the
// declarations. The functions read the registry only; they may be called at the same time, once all entities
// are registered. What the table is in an account, and what differs, [entable.Table.Diff] says.
//
// Of an edited request, both take name, keys, indexes and their projections, billing mode, throughput, table
// class, stream, encryption and deletion protection. Everything else, such as tags, belongs into the
// template by other means.
package infra
