# Needs Go; nothing else is installed by hand. The tests on DynamoDB Local also need Java 17 and, once, npm; those of the
# explorer's pages Chromium.

GO       ?= go
LINT     := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
BENCHES  := internal/bench
BROWSER  := internal/browsertest
FUZZTIME ?= 5m

.PHONY: test format vet fix lint unit browser screenshots soak fuzz sdk-versions bench bench-compare record clean

# Everything that must hold before a commit.
test: format vet fix lint unit

format:
	@unformatted=$$(gofmt -l .) && if [ -n "$$unformatted" ]; then echo "gofmt -w:" $$unformatted; exit 1; fi

# The library is looked at as it is tested, with -race, so that it is compiled once.
vet:
	$(GO) vet -race ./...
	GOARCH=386 $(GO) vet ./...
	cd $(BENCHES) && $(GO) vet ./...
	cd $(BROWSER) && $(GO) vet ./...

fix:
	$(GO) fix -race -diff ./...
	cd $(BENCHES) && $(GO) fix -diff ./...
	cd $(BROWSER) && $(GO) fix -diff ./...

lint:
	$(GO) run -exec "env 'GOFLAGS=$$($(GO) env GOFLAGS) -race'" $(LINT) run ./...
	cd $(BENCHES) && $(GO) run $(LINT) run ./...
	cd $(BROWSER) && $(GO) run $(LINT) run ./...

# The benchmarks' own tests check that all contestants give the same results. In the suite, the memory of each response is
# overwritten as soon as nobody may use it any more. go vet has been run by then.
unit: browser
	cd $(BENCHES) && $(GO) test -vet=off ./...
	ENTABLE_HOSTILE=yes $(GO) test -vet=off -race -ldflags='-X github.com/entable/entable/internal/wire.hostile=yes' ./...

# Where a browser must be there (CI=true), Debian's is installed; the tests fail if there is none in the end.
browser:
	@if [ -n "$$ENTABLE_BROWSER$$(command -v chromium || command -v google-chrome)" ]; then :; \
	elif [ "$$CI" = true ]; then apt-get update -q && apt-get install -q -y --no-install-recommends chromium fonts-dejavu-core || true; \
	else echo "no browser: the explorer's pages are not tried; install chromium"; fi
	cd $(BROWSER) && $(GO) test -vet=off ./...

# Takes the pictures in docs/explorer anew.
screenshots:
	cd $(BROWSER) && ENTABLE_SCREENSHOTS=../../docs/explorer $(GO) test -count=1 -run Screenshots .

# The long forms of the property tests, then each fuzz target for FUZZTIME.
soak:
	ENTABLE_SOAK=1 $(GO) test -count=1 -timeout 6h ./...
	$(MAKE) fuzz

fuzz:
	@for pkg in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
			echo "fuzz $$pkg $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
		done; \
	done

# The tests of what speaks to the SDK, with the oldest one that go.mod allows and the newest one served.
sdk-versions:
	@GO="$(GO)" internal/lean/sdkversions.sh

# Prints, last, one line per goal: ratio NAME VALUE goal OP NUMBER quartiles FIRST THIRD.
bench:
	cd $(BENCHES) && $(GO) run .

# Compares the Go benchmarks of two commits: OLD=main [NEW=branch] [BENCH=regexp] [COUNT=10] [BENCHTIME=200ms].
bench-compare:
	@$(BENCHES)/compare.sh "$(OLD)" "$(NEW)"

# Asks DynamoDB Local for the engine's recorded cases anew.
record:
	ENTABLE_RECORD=1 $(GO) test -count=1 ./internal/engine/...

clean:
	$(GO) clean ./...
	rm -f *.out *.prof $(BENCHES)/*.out $(BENCHES)/*.prof
