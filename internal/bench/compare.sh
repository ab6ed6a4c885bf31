#!/bin/sh
# Usage: compare.sh OLD [NEW]
#
# Runs the Go benchmarks of two commits in turns, so that the machine's noise falls on both, and compares them with benchstat.
# NEW is the working tree if it is not given. BENCH, COUNT and BENCHTIME in the environment say what is run, how often and
# for how long. Each commit runs its own benchmarks; what only one of them has is not compared.
set -eu

BENCH=${BENCH:-'^BenchmarkContestants$/./^entable$|^Benchmark(Decode|Encode)$/^(items=500|size=5kB|sets)$/^entable$|^Benchmark(Mixed|Scan)$/./^entable$'}
COUNT=${COUNT:-10}
BENCHTIME=${BENCHTIME:-200ms}
GO=${GO:-go}
BENCHSTAT=golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da

[ -n "${1:-}" ] || { echo "compare.sh: the old commit is missing: make bench-compare OLD=main" >&2; exit 2; }
root=$(git rev-parse --show-toplevel)
tmp=$(mktemp -d)
cleanup() {
	trap - EXIT INT TERM HUP
	git -C "$root" worktree remove --force "$tmp/old" 2>/dev/null || :
	git -C "$root" worktree remove --force "$tmp/new" 2>/dev/null || :
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'cleanup; exit 130' INT TERM HUP

# prepare SIDE COMMIT compiles the commit's benchmarks.
prepare() {
	tree=$root
	if [ -n "$2" ]; then
		tree=$tmp/$1
		git -C "$root" worktree add --quiet --detach "$tree" "$2"
	fi
	(cd "$tree/internal/bench" && "$GO" test -c -o "$tmp/$1.test" .)
}

prepare old "$1"
prepare new "${2:-}"
i=0
while [ "$i" -lt "$COUNT" ]; do
	for side in old new; do
		"$tmp/$side.test" -test.run '^$' -test.bench "$BENCH" -test.benchtime "$BENCHTIME" >>"$tmp/$side.txt"
	done
	i=$((i + 1))
done
(cd "$tmp" && "$GO" run "$BENCHSTAT" old.txt new.txt)
