package docs_test

import (
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// root is the repository; guides are the Markdown files of this folder and its README.md.
const root = ".."

// markdown returns the names of all Markdown files of the repository, from its root.
func markdown(t *testing.T) (names []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && name != "." && (entry.Name() == "testdata" || strings.HasPrefix(entry.Name(), ".")) {
			return fs.SkipDir
		}
		if path.Ext(name) == ".md" {
			names = append(names, name)
		}
		return nil
	})
	if err != nil || len(names) < 7 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	return names
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(data), "\r\n", "\n")
}

// block is a fenced block of a Markdown file.
type block struct {
	language string
	line     int // of the fence, the first is 1
	lines    []string
}

// split returns a file's fenced blocks, and its lines without them: those are empty.
func split(text string) (blocks []block, prose []string) {
	var open *block
	for i, line := range strings.Split(text, "\n") {
		language, fence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case fence && open == nil:
			open = &block{language: language, line: i + 1}
			line = ""
		case fence:
			blocks, open, line = append(blocks, *open), nil, ""
		case open != nil:
			open.lines, line = append(open.lines, line), ""
		}
		prose = append(prose, line)
	}
	return blocks, prose
}

// normal returns the lines that have anything but space, with single spaces.
func normal(lines []string) (out []string) {
	for _, line := range lines {
		if fields := strings.Fields(line); len(fields) > 0 {
			out = append(out, strings.Join(fields, " "))
		}
	}
	return out
}

// contains reports whether part is a run of lines of whole.
func contains(whole, part []string) bool {
	for i := range len(whole) - len(part) + 1 {
		if slices.Equal(whole[i:i+len(part)], part) {
			return true
		}
	}
	return false
}

// sources returns where the code of a Markdown file is compiled.
func sources(t *testing.T, name string) (files []string) {
	t.Helper()
	pattern := filepath.Join(root, filepath.FromSlash(path.Dir(name)), strings.TrimSuffix(path.Base(name), ".md")+"*_test.go")
	if name == "README.md" {
		pattern = "readme_test.go"
		files = append(files, filepath.Join(root, "examples", "start", "main.go"))
	}
	found, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return append(files, found...)
}

// Each block of Go in a guide and in the repository's README is a run of lines of a file that is compiled and tested; each of
// text is one of what an example prints.
func TestCodeOfGuidesIsCompiled(t *testing.T) {
	found := 0
	for _, name := range markdown(t) {
		if name != "README.md" && path.Dir(name) != "docs" {
			continue
		}
		var files [][]string
		for _, file := range sources(t, name) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, normal(strings.Split(string(data), "\n")))
		}
		blocks, _ := split(read(t, name))
		for _, b := range blocks {
			switch b.language {
			case "go":
			case "text": // the output of an example
				for i, line := range b.lines {
					b.lines[i] = "// " + line
				}
			default:
				continue
			}
			found++
			if !slices.ContainsFunc(files, func(file []string) bool { return contains(file, normal(b.lines)) }) {
				t.Errorf("%s:%d: this code is in none of %v", name, b.line, sources(t, name))
			}
		}
	}
	if found < 50 {
		t.Errorf("%d blocks of code found", found)
	}
}

var (
	codeSpan = regexp.MustCompile("`+[^`]*`+")
	link     = regexp.MustCompile(`\]\(([^()\s]*(?:\([^()]*\)[^()\s]*)*)\)`)
	bareLink = regexp.MustCompile(`https?://[^\s)>\]"]+`)
	heading  = regexp.MustCompile(`^#{1,6}\s+(.*?)\s*#*$`)
)

// anchors returns those that a code host gives the headings of a Markdown file.
func anchors(text string) (found []string) {
	_, prose := split(text)
	for _, line := range prose {
		m := heading.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		anchor := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, m[1])
		unique := anchor
		for n := 1; slices.Contains(found, unique); n++ {
			unique = fmt.Sprintf("%s-%d", anchor, n)
		}
		found = append(found, unique)
	}
	return found
}

// leads says what is wrong with a link in a file, or nothing.
func leads(t *testing.T, from, target string) string {
	t.Helper()
	u, err := url.Parse(target)
	switch {
	case err != nil:
		return err.Error()
	case u.Host == "github.com" && strings.TrimSuffix(u.Path, "/") == "/entable/entable":
		from, u = "README.md", &url.URL{Path: "README.md", Fragment: u.Fragment}
	case u.Scheme != "" || u.Host != "":
		if u.Scheme != "https" || !strings.Contains(u.Host, ".") || u.User != nil {
			return "an external link is https://host/path"
		}
		return ""
	case target == "":
		return "it is empty"
	}
	file := from
	if u.Path != "" {
		file = path.Join(path.Dir(from), u.Path)
		if strings.HasPrefix(file, "..") || strings.HasPrefix(u.Path, "/") {
			return "it leads out of the repository"
		}
		if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(file))); err != nil {
			return "there is no such file"
		}
	}
	if u.Fragment != "" && (path.Ext(file) != ".md" || !slices.Contains(anchors(read(t, file)), u.Fragment)) {
		return fmt.Sprintf("%s has no heading for it", file)
	}
	return ""
}

func TestLinksLeadSomewhere(t *testing.T) {
	found := 0
	for _, name := range markdown(t) {
		_, prose := split(read(t, name))
		for i, line := range prose {
			if strings.HasPrefix(line, "    ") {
				continue // code
			}
			line = codeSpan.ReplaceAllString(line, "")
			var targets []string
			for _, m := range link.FindAllStringSubmatch(line, -1) {
				targets = append(targets, m[1])
			}
			for _, bare := range bareLink.FindAllString(link.ReplaceAllString(line, ""), -1) {
				targets = append(targets, strings.TrimRight(bare, ".,;:"))
			}
			for _, target := range targets {
				found++
				if wrong := leads(t, name, target); wrong != "" {
					t.Errorf("%s:%d: link to %q: %s", name, i+1, target, wrong)
				}
			}
		}
	}
	if found < 50 {
		t.Errorf("%d links found", found)
	}
}

// The package's documentation links to headings of the README.
func TestLinksOfTheDocumentationLeadSomewhere(t *testing.T) {
	ours := regexp.MustCompile(`https://github\.com/entable/entable(?:#[^\s)]+|/blob/[^\s)]+)`)
	files, err := filepath.Glob(filepath.Join(root, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatal(len(files), err)
	}
	found := 0
	for _, file := range files {
		for _, target := range ours.FindAllString(read(t, filepath.Base(file)), -1) {
			found++
			if _, inRepository, ok := strings.Cut(target, "/blob/main/"); ok {
				target = inRepository
			}
			if wrong := leads(t, "README.md", target); wrong != "" {
				t.Errorf("%s: link to %q: %s", file, target, wrong)
			}
		}
	}
	if found == 0 {
		t.Error("no link found")
	}
}

// Every guide stands in the index.
func TestIndexHasAllGuides(t *testing.T) {
	index := read(t, "docs/README.md")
	for _, name := range markdown(t) {
		if path.Dir(name) == "docs" && name != "docs/README.md" && !strings.Contains(index, "]("+path.Base(name)+")") {
			t.Errorf("docs/README.md does not lead to %s", name)
		}
	}
}
