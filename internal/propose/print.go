package propose

import (
	"bytes"
	"cmp"
	"fmt"
	"go/format"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// A printer writes the proposal as a Go file.
type printer struct {
	p       *Proposal
	names   namer
	body    bytes.Buffer
	structs []string // declarations of structs inside of the kinds'
	imports map[string]bool
}

// Source returns the proposal as a Go file of the package called pkg, formatted.
func (p *Proposal) Source(pkg string) ([]byte, error) {
	w := printer{p: p, names: namer{"Table": true}, imports: map[string]bool{"github.com/entable/entable": true}}
	for _, k := range p.Kinds {
		w.names[k.Name], w.names[k.Var] = true, true
	}
	w.table()
	for _, k := range p.Kinds {
		w.kind(k)
	}
	var out bytes.Buffer
	w.head(&out, pkg)
	out.Write(w.body.Bytes())
	return format.Source(out.Bytes())
}

func (w *printer) printf(text string, args ...any) { fmt.Fprintf(&w.body, text, args...) }

// head writes what was sampled, what was not placed, and the imports.
func (w *printer) head(out *bytes.Buffer, pkg string) {
	p := w.p
	fmt.Fprintf(out, "// Package %s holds what `entable propose` makes of %d items of the table %q: a proposal, to be read and changed.\n", pkg, p.Items, p.Table.Name)
	fmt.Fprintf(out, "//\n// %d of them come back as they were stored. ", p.Placed())
	if p.Typed {
		fmt.Fprintf(out, "Their attribute %q is taken for the type.\n", p.Discriminator)
	} else {
		fmt.Fprint(out, "Their types are found from the keys.\n")
	}
	if p.SDK {
		fmt.Fprint(out, "//\n// Guess: values are stored by the SDK's defaults, as UUIDs are in bytes.\n")
	}
	for _, u := range p.Unplaced {
		fmt.Fprintf(out, "//\n// Not placed: %d items, such as %s: %s.\n", u.Items, oneLine(strings.Join(u.Keys, "; ")), oneLine(u.Reason))
	}
	fmt.Fprintf(out, "package %s\n\nimport (\n", pkg)
	paths := []string{}
	for path := range w.imports {
		paths = append(paths, path)
	}
	slices.SortFunc(paths, func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
	})
	for i, path := range paths {
		if i > 0 && rank(path) != rank(paths[i-1]) {
			fmt.Fprintln(out)
		}
		fmt.Fprintf(out, "\t%q\n", path)
	}
	fmt.Fprint(out, ")\n\n")
}

// rank returns the group of an import: the standard library, others, entable.
func rank(path string) int {
	switch {
	case !strings.Contains(path, "."):
		return 0
	case strings.HasSuffix(path, "/entable"):
		return 2
	}
	return 1
}

// oneLine makes a text of the sample one that can stand in a comment, and cannot end it.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, strings.Join(strings.Fields(text), " "))
}

// table writes the declaration of the table and its indexes.
func (w *printer) table() {
	t := &w.p.Table
	opts := w.keyOptions(Attr{"pk", "S"}, Attr{"sk", "S"}, t.PK, t.SK)
	switch {
	case !w.p.Typed:
		opts = append(opts, "entable.NoDiscriminator()")
	case w.p.Discriminator != "_type":
		opts = append(opts, fmt.Sprintf("entable.Discriminator(%q)", w.p.Discriminator))
	}
	if w.p.SDK {
		opts = append(opts, "entable.SDKDefaults()")
	}
	w.printf("// Table is the table %q.\nvar Table = entable.NewTable(%q,\n", t.Name, t.Name)
	for _, o := range opts {
		w.printf("\t%s,\n", o)
	}
	for _, x := range t.Indexes {
		w.index(x)
	}
	w.printf(")\n\n")
}

func (w *printer) index(x Index) {
	var opts []string
	call := "GSI"
	switch {
	case x.Local:
		call = "LSI"
		opts = w.keyOptions(x.PK[0], Attr{x.Name + "sk", "S"}, x.PK[0], x.SK[0])
	case x.native():
		opts = append(opts, "entable.MultiAttribute()")
		for _, a := range x.PK {
			opts = append(opts, w.attr("PartitionKey", a))
		}
		for _, a := range x.SK {
			opts = append(opts, w.attr("SortKey", a))
		}
	default:
		var sk Attr
		if len(x.SK) > 0 {
			sk = x.SK[0]
		}
		opts = w.keyOptions(Attr{x.Name + "pk", "S"}, Attr{x.Name + "sk", "S"}, x.PK[0], sk)
	}
	switch x.Projection {
	case "KEYS_ONLY":
		opts = append(opts, "entable.KeysOnly()")
	case "INCLUDE":
		names := make([]string, len(x.Include))
		for i, name := range x.Include {
			names[i] = strconv.Quote(name)
		}
		opts = append(opts, "entable.Include("+strings.Join(names, ", ")+")")
	}
	w.printf("\tentable.%s(%s),\n", call, strings.Join(append([]string{strconv.Quote(x.Name)}, opts...), ", "))
}

// keyOptions returns the options for key attributes that are others than by default.
func (w *printer) keyOptions(defaultPK, defaultSK, pk, sk Attr) (opts []string) {
	if pk != defaultPK {
		opts = append(opts, w.attr("PartitionKey", pk))
	}
	switch {
	case sk.Name == "":
		opts = append(opts, "entable.NoSortKey()")
	case sk != defaultSK:
		opts = append(opts, w.attr("SortKey", sk))
	}
	return opts
}

func (w *printer) attr(option string, a Attr) string {
	w.imports["github.com/aws/aws-sdk-go-v2/service/dynamodb/types"] = true
	return fmt.Sprintf("entable.%s(%q, types.ScalarAttributeType%s)", option, a.Name, a.Type)
}

// kind writes a type and its registration.
func (w *printer) kind(k *Kind) {
	w.printf("// %s is the type of %d of the sampled items.\ntype %s struct {\n", k.Name, k.Items, k.Name)
	w.structs = nil
	for _, f := range k.Fields {
		w.field(k.Name, f)
	}
	w.printf("}\n\n")
	for len(w.structs) > 0 {
		text := w.structs[0]
		w.structs = w.structs[1:]
		w.body.WriteString(text)
	}
	w.printf("// %s have the keys\n//\n//\t%s\nvar %s = entable.Register[%s](Table,\n", k.Var, oneLine(k.String()), k.Var, k.Name)
	if k.Entity != k.Name {
		w.printf("\tentable.Name(%q),\n", k.Entity)
	}
	if w.p.Typed && k.Value != k.Entity {
		w.printf("\tentable.TypeValue(%q),\n", k.Value)
	}
	w.printf("\t%s,\n", spec("PK", k.PK))
	if k.SK != nil {
		w.printf("\t%s,\n", spec("SK", k.SK))
	}
	for _, j := range k.Indexes {
		parts := []string{strconv.Quote(j.Index)}
		for _, key := range j.Keys {
			switch {
			case w.p.Table.index(j.Index).native():
			case key.sort:
				parts = append(parts, spec("SK", key))
			default:
				parts = append(parts, spec("PK", key))
			}
		}
		w.printf("\tentable.Index(%s),\n", strings.Join(parts, ", "))
	}
	w.printf(")\n\n")
}

func spec(call string, k *Key) string {
	if k.Own {
		return fmt.Sprintf("entable.%s(%q)", call, k.Attr.Name)
	}
	return fmt.Sprintf("entable.%s(entable.Template(%q))", call, k.Template)
}

// String returns the keys of the kind, those of the table and of indexes: PK=USER#{user} SK=ORDER#{no}.
func (k *Kind) String() string {
	texts := []string{k.PK.String()}
	if k.SK != nil {
		texts = append(texts, k.SK.String())
	}
	for _, j := range k.Indexes {
		for _, key := range j.Keys {
			texts = append(texts, key.String())
		}
	}
	return strings.Join(texts, " ")
}

// String returns the key as in PK=USER#{id}.
func (k *Key) String() string {
	if k.Own {
		return k.Attr.Name + "={" + k.Attr.Name + "}"
	}
	return k.Attr.Name + "=" + k.Template
}

func (w *printer) field(owner string, f Field) {
	w.printf("\t%s %s %s", f.Name, w.typeName(f.Type, owner+f.Name), quoteTag(string(f.Tag)))
	if f.Note != "" {
		w.printf(" // %s", oneLine(f.Note))
	}
	w.printf("\n")
}

func quoteTag(tag string) string {
	if strings.Contains(tag, "`") {
		return strconv.Quote(tag)
	}
	return "`" + tag + "`"
}

// typeName returns the name of a type in the file. A struct gets a name, want or one like it, and a declaration.
func (w *printer) typeName(t reflect.Type, want string) string {
	switch {
	case t == restType:
		return "map[string]any"
	case t == reflect.TypeFor[byte]():
		return "byte"
	case t.Name() != "" && t.PkgPath() != "":
		w.imports[t.PkgPath()] = true
		return t.String()
	case t.Name() != "":
		return t.Name()
	}
	switch t.Kind() {
	case reflect.Pointer:
		return "*" + w.typeName(t.Elem(), want)
	case reflect.Slice:
		return "[]" + w.typeName(t.Elem(), singular(want))
	case reflect.Map:
		return "map[string]" + w.typeName(t.Elem(), singular(want))
	}
	return w.structName(t, want)
}

func (w *printer) structName(t reflect.Type, want string) string {
	name := w.names.name(want)
	outer := w.body
	w.body = bytes.Buffer{}
	w.printf("// %s is a map inside of an item. What no sampled item has in it is lost when one is put back: see that nothing is missing.\n", name)
	w.printf("type %s struct {\n", name)
	at := len(w.structs)
	for f := range t.Fields() {
		w.field(name, Field{StructField: f})
	}
	w.printf("}\n\n")
	w.structs = slices.Insert(w.structs, at, w.body.String())
	w.body = outer
	return name
}
