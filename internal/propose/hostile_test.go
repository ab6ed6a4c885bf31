package propose_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"

	"github.com/entable/entable/internal/propose"
)

// Whoever writes items must not write code: nothing that is stored leaves the comments and texts of the file.
func TestWhatIsStoredIsNoCode(t *testing.T) {
	const evil = "x\nvar Evil = 1\n//\r\u2028\ufeff\x00`*/"
	for _, items := range [][]propose.Item{
		{of("PK", "USER"+evil+"#1", "SK", "A", "type", evil, evil, evil), of("PK", "USER"+evil+"#2", "SK", evil, "type", evil, "b", of(evil, evil))},
		{of("PK", evil, "SK", ""), of("PK", "", "SK", evil)}, // which no table can have, so that they are not placed
	} {
		for _, table := range []propose.Table{table("PK", "SK"), {Name: "stored" + evil, PK: propose.Attr{Name: "PK", Type: "S"}, SK: propose.Attr{Name: evil, Type: "S"}, Guess: true}} {
			for _, item := range items {
				item[evil] = value(evil)
			}
			p, err := propose.Propose(table, items)
			if err != nil {
				t.Fatal(err)
			}
			source, err := p.Source("model")
			if err != nil {
				t.Fatal(err)
			}
			file, err := parser.ParseFile(token.NewFileSet(), "model.go", source, parser.SkipObjectResolution)
			if err != nil {
				t.Fatalf("%v in\n%s", err, source)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if v, ok := n.(*ast.ValueSpec); ok && v.Names[0].Name == "Evil" {
					t.Errorf("there is code in\n%s", source)
				}
				return true
			})
		}
	}
}
