package ddblocal

import "context"

// Fetch fetches the release example@1.0.0, whose archive has the given SHA-256, as the emulator's is fetched.
func Fetch(ctx context.Context, cache, sha256 string) (string, error) {
	return release{"example", "1.0.0", sha256, "package/emulator/", "program.jar"}.fetch(ctx, cache)
}
