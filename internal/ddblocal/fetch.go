package ddblocal

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// simulator is the npm package that carries DynamoDB Local whole; it is AWS's own, under the Apache licence.
var simulator = release{
	name:    "amplify-dynamodb-simulator",
	version: "2.9.30",
	sha256:  "3503ffac19f183407909fecdacf4db51ab1fdad1da7b2f177016670b2d80e4b9",
	folder:  "package/emulator/",
	program: "DynamoDBLocal.jar",
}

type release struct {
	name, version string
	sha256        string // of the package's archive, in hex
	folder        string // the part of the archive to keep, with a trailing slash
	program       string // a file in folder without which a copy is useless
}

// fetch returns the folder below cache that holds the release, filling it first when it is not there.
//
// Test processes race for it. A lock makes the others wait for one download; the folder appears by a rename once it is
// complete, so that a process that dies midway leaves only a temporary folder behind, which the next one removes.
func (r release) fetch(ctx context.Context, cache string) (string, error) {
	dir := filepath.Join(cache, r.name+"-"+r.version)
	if r.complete(dir) {
		return dir, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	unlock, err := lock(dir + ".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	if r.complete(dir) {
		return dir, nil
	}
	tmp := dir + ".tmp"
	for _, stale := range []string{tmp, dir} {
		if err := os.RemoveAll(stale); err != nil {
			return "", err
		}
	}
	if err := os.Mkdir(tmp, 0o755); err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	archive, err := r.pack(ctx, tmp)
	if err != nil {
		return "", err
	}
	unpacked := filepath.Join(tmp, "unpacked")
	if err := r.unpack(archive, unpacked); err != nil {
		return "", err
	}
	return dir, os.Rename(unpacked, dir)
}

func (r release) complete(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, r.program))
	return err == nil && info.Mode().IsRegular()
}

// pack downloads the archive into dir and checks that it is the one this package was written for.
func (r release) pack(ctx context.Context, dir string) (string, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", unavailable("fetching it needs npm: %v", err)
	}
	cmd := exec.CommandContext(ctx, npm, "pack", "--silent", "--fetch-retries=1", r.name+"@"+r.version)
	cmd.Dir = dir
	cmd.WaitDelay = time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", unavailable("npm pack %s@%s: %v %s", r.name, r.version, err, strings.TrimSpace(string(out)))
	}
	archive := filepath.Join(dir, r.name+"-"+r.version+".tgz")
	f, err := os.Open(archive)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != r.sha256 {
		return "", fmt.Errorf("archive of %s@%s has SHA-256 %s, want %s", r.name, r.version, got, r.sha256)
	}
	return archive, nil
}

// unpack writes the regular files below r.folder into dir, which it creates.
func (r release) unpack(archive, dir string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	plain, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for files := tar.NewReader(plain); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		name, ok := strings.CutPrefix(header.Name, r.folder)
		if !ok || header.Typeflag != tar.TypeReg {
			continue
		}
		if err := writeFile(root, name, files); err != nil {
			return err
		}
	}
	if !r.complete(dir) {
		return fmt.Errorf("archive of %s@%s has no %s%s", r.name, r.version, r.folder, r.program)
	}
	return nil
}

func writeFile(root *os.Root, name string, content io.Reader) error {
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := root.Create(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Close())
}
