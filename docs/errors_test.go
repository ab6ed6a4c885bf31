package docs_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
)

// httpStatus returns the HTTP status that the outcome of an operation means.
func httpStatus(err error) int {
	switch {
	case err == nil:
		return http.StatusOK
	case is[*entable.ValidationError](err), is[*entable.KeyError](err), errors.Is(err, entable.ErrBadCursor):
		return http.StatusBadRequest
	case errors.Is(err, entable.ErrNotFound):
		return http.StatusNotFound
	case errors.Is(err, entable.ErrExists), is[*entable.VersionError](err), is[*entable.ConditionFailedError](err):
		return http.StatusConflict
	case is[*entable.ItemTooLargeError](err):
		return http.StatusRequestEntityTooLarge
	case entable.IsRetryable(err):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// change reads a wallet, lets decide change it, and writes it. When somebody else wrote first, it decides anew.
func change(ctx context.Context, key Wallet, decide func(*Wallet) error) error {
	return entable.RetryOnConflict(ctx, func() error {
		w, err := Wallets.Get(ctx, key, entable.Consistent(true))
		if err != nil {
			return err
		}
		if err := decide(w); err != nil {
			return err
		}
		return Wallets.Put(ctx, w)
	})
}

func Example_errors() {
	ctx := start(Bank)
	check(Wallets.Create(ctx, &Wallet{Owner: "ann", Cents: 1000}))
	ann, err := Wallets.Get(ctx, Wallet{Owner: "ann"})
	check(err)
	check(change(ctx, *ann, func(w *Wallet) error { w.Cents -= 100; return nil }))

	for _, err := range []error{
		Wallets.Create(ctx, &Wallet{Owner: "bob", Cents: -1}),
		Wallets.Create(ctx, &Wallet{}),
		Wallets.Create(ctx, &Wallet{Owner: "ann"}),
		Wallets.Put(ctx, ann),
		Wallets.Update(Wallet{Owner: "bob"}).Add("cents", 1).Do(ctx),
		Wallets.Update(Wallet{Owner: "ann"}).Subtract("cents", 5000).If(walletCents.GreaterEqual(5000)).Do(ctx),
		Wallets.Put(ctx, ann, entable.If(expression.Name("amount").GreaterThan(entable.Value(1)))),
	} {
		fmt.Println(httpStatus(err), err)
	}
	// Output:
	// 400 entable: Wallet: invalid: attribute cents: int value does not satisfy "min=0"
	// 400 entable: Wallet: cannot build key pk: attribute "owner": text is empty
	// 409 entable: Create Wallet[pk="WO#ann" sk="A"]: item already exists
	// 409 entable: Put Wallet[pk="WO#ann" sk="A"]: condition failed: the stored version is 2, that of the write 1
	// 404 entable: Update Wallet[pk="WO#bob" sk="A"]: item not found
	// 409 entable: Update Wallet[pk="WO#ann" sk="A"]: condition failed
	// 500 entable: Wallet: If: unknown attribute "amount": docs_test.Wallet has "owner", "cents", "version"; the table has "pk", "sk", "_type", "by-receiverpk", "by-receiversk"
}

func Example_unknownOutcome() {
	db := memory.New()
	ctx := entable.WithClient(context.Background(), db.Client(quick))
	check(Tracker.CreateTable(ctx))
	db.Inject(memory.DropAfter().On("UpdateItem").Times(1)) // it is carried out, and its answer is lost

	err := ViewCounts.Update(ViewCount{Page: "/"}).Upsert().Add("count", 1).Do(ctx)
	if op, ok := errors.AsType[*entable.OpError](err); ok && op.Unknown {
		fmt.Println(op.Op, op.Key)
	}
	count, err := ViewCounts.Get(ctx, ViewCount{Page: "/"})
	check(err)
	fmt.Println(count.Count)

	db.Inject(memory.DropAfter().On("TransactWriteItems").Times(1))
	check(ViewCounts.Update(ViewCount{Page: "/"}).Upsert().Add("count", 1).Once().Do(ctx))
	count, err = ViewCounts.Get(ctx, ViewCount{Page: "/"})
	check(err)
	fmt.Println(count.Count)
	// Output:
	// Update pk="VP#/#0000000000000000000" sk="A"
	// 2
	// 3
}

func Example_batchFailures() {
	ctx := start(Bank)
	writes := []entable.Write{
		Wallets.CreateOp(&Wallet{Owner: "ann"}),
		Wallets.Update(Wallet{Owner: "bob"}).Add("cents", 1), // there is none
	}
	err := entable.BatchWrite(ctx, writes)
	var again []entable.Write
	if batch, ok := errors.AsType[*entable.BatchError](err); ok {
		for _, f := range batch.Failures {
			fmt.Println(f.Index, f.Key, f.Unknown, errors.Is(f.Err, entable.ErrNotFound))
			if entable.IsRetryable(f.Err) {
				again = append(again, f.Write)
			}
		}
	}
	fmt.Println(len(again))
	// Output:
	// 1 pk="WO#bob" sk="A" false true
	// 0
}

// exportedErrors returns the names of a package's sentinels and error types, as a user writes them.
func exportedErrors(t *testing.T, folder, pkg string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Name.Name != "Error" || d.Recv == nil {
					continue
				}
				of := d.Recv.List[0].Type
				star, pointer := of.(*ast.StarExpr)
				if pointer {
					of = star.X
				}
				if id, ok := of.(*ast.Ident); ok && id.IsExported() {
					names = append(names, "*"+pkg+"."+id.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if v, ok := spec.(*ast.ValueSpec); ok && strings.HasPrefix(v.Names[0].Name, "Err") {
						names = append(names, pkg+"."+v.Names[0].Name)
					}
				}
			}
		}
	}
	return names
}

// The guide has a row for each error that a user can meet: what it means, and what to do.
func TestErrorsAreAllInTheGuide(t *testing.T) {
	rows := map[string]int{}
	for line := range strings.Lines(read(t, "docs/errors.md")) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) == 5 {
			rows[strings.Trim(cells[1], " `")]++
		}
	}
	found := 0
	for folder, pkg := range map[string]string{".": "entable", "stream": "stream", "memory": "memory", "infra": "infra", "entabletest": "entabletest"} {
		for _, name := range exportedErrors(t, folder, pkg) {
			found++
			if name = strings.Replace(name, "entable.", "", 1); rows[name] != 1 {
				t.Errorf("docs/errors.md has %d rows for `%s`", rows[name], name)
			}
		}
	}
	if found < 25 {
		t.Errorf("%d errors found", found)
	}
}
