package main

import "github.com/entable/entable"

// Package is a Go package.
type Package struct {
	ImportPath string `dynamodbav:"import_path"`
	Name       string `dynamodbav:"name"`
	Doc        string `dynamodbav:"doc,omitempty"`
}

// SourceFile is a Go file that is compiled into a package.
type SourceFile struct {
	Package string `dynamodbav:"package"`
	File    string `dynamodbav:"file"`
}

// TestFile is a _test.go file, of the package itself or external, of package NAME_test.
type TestFile struct {
	Package  string `dynamodbav:"package"`
	File     string `dynamodbav:"file"`
	External bool   `dynamodbav:"external,omitempty"`
}

// Import is an edge of the import graph.
type Import struct {
	Importer string `dynamodbav:"importer"`
	Imported string `dynamodbav:"imported"`
}

// byImported is the index in which imports stand the other way round.
const byImported = "imported"

// All that belongs to one package is in one partition. The comments show the keys.
var (
	Table = entable.NewTable("go-packages", entable.GSI(byImported))

	// pk=PI#{import_path} sk=A
	Packages = entable.Register[Package](Table)

	// pk=PI#{package} sk=SF#{file}
	SourceFiles = entable.Register[SourceFile](Table,
		entable.PK("package", entable.PrefixOf(Packages)), entable.SK("file"))

	// pk=PI#{package} sk=TF#{file}
	TestFiles = entable.Register[TestFile](Table,
		entable.PK("package", entable.PrefixOf(Packages)), entable.SK("file"))

	// pk=PI#{importer} sk=II#{imported}; in the index pk=II#{imported} sk=IIM#{importer}
	Imports = entable.Register[Import](Table,
		entable.PK("importer", entable.PrefixOf(Packages)), entable.SK("imported"),
		entable.Index(byImported, entable.PK("imported"), entable.SK("importer")))
)

// PackageItems is the item collection of one package. Package is nil when there is none.
type PackageItems struct {
	Package *Package
	Sources []SourceFile
	Tests   []TestFile
	Imports []Import
}

// Tree reads the collections.
var Tree = entable.NewCollection[PackageItems](Packages, SourceFiles, TestFiles, Imports)
