#!/bin/sh
# Usage: sdkversions.sh
#
# Runs the tests of all that speaks to the SDK with the oldest SDK that go.mod allows, which is the one that it names, and with the
# newest that the module proxy serves: in a copy of the tree, the tree itself stays as it is. Without -race, so that it takes
# minutes. A field of the client's options or a header that is new fails the tests of internal/lean and is named there.
# PACKAGES in the environment says what is run.
set -eu

GO=${GO:-go}
PACKAGES=${PACKAGES:-./internal/lean ./internal/wire ./internal/route . ./memory/... ./stream/...}

root=$(git rev-parse --show-toplevel)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM HUP
(cd "$root" && git ls-files -z --cached --others --exclude-standard | tar -cf - --null --ignore-failed-read -T -) | tar -xf - -C "$tmp"
cd "$tmp"

# sdk lists the modules of the SDK that go.mod requires.
sdk() { "$GO" list -m -f '{{if not (or .Indirect .Main)}}{{.Path}}{{end}}' all | grep '^github.com/aws/'; }

try() {
	echo "== the $1 SDK:" $(sdk | xargs "$GO" list -m | sed 's|github.com/aws/||; s| |@|')
	"$GO" test -count=1 -timeout 30m $PACKAGES || failed="$failed $1"
}

failed=
try oldest
"$GO" get $(sdk | sed 's/$/@latest/')
try newest
[ -z "$failed" ] || { echo "sdkversions.sh: there are failures with the SDK that is the$failed one" >&2; exit 1; }
