package entable

import (
	"os"
	"sync"
	"sync/atomic"
)

// defaultTable is what MakeDefault has set, or nil.
var defaultTable atomic.Pointer[Table]

// namedDefault is the default table without MakeDefault, declared when it is first asked for.
var namedDefault = sync.OnceValues(func() (*Table, error) {
	name := os.Getenv("ENTABLE_TABLE_NAME")
	if name == "" {
		name = "entable"
	}
	return TryNewTable(name, NoSortKey())
})

// DefaultTable returns the table that [Register] uses when it is given none. Unless [Table.MakeDefault] has
// set one, it is declared by the first use: a table with a string partition key "pk" and no sort key,
// named by the environment variable ENTABLE_TABLE_NAME as it is then, or "entable". It panics with a
// [*DeclarationError] when that name is invalid.
func DefaultTable() *Table {
	t, err := tryDefaultTable()
	if err != nil {
		panic(err)
	}
	return t
}

func tryDefaultTable() (*Table, error) {
	if t := defaultTable.Load(); t != nil {
		return t, nil
	}
	return namedDefault()
}

// MakeDefault makes t the default table of later registrations. Entities that are registered already stay
// where they are. Since packages are initialised in the order of their imports, call it in a package that
// all packages with entities import.
func (t *Table) MakeDefault() { defaultTable.Store(t) }
