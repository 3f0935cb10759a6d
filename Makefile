# Everything a developer needs; see CONTRIBUTING.md.

GOTESTSUM   = go run gotest.tools/gotestsum@v1.13.0 --format pkgname-and-test-fails
STATICCHECK = go run honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOFUMPT     = go run mvdan.cc/gofumpt@v0.12.0

.PHONY: build test test-go test-web lint fuzz

build: ## the binary, as a release has it
	go build -trimpath -ldflags '-s -w' -o bin/teahouse ./cmd/teahouse

test: ## everything, with real servers that are brought up and taken down
	scripts/services run scripts/test-all

# What the race detector makes too long is run whole without it, and then for a while
# with it. Vet has its place in lint; here it would read everything again with the
# detector's build tag. Many tests wait for time to pass, so three packages run at once.
test-go: ## with the race detector
	go test -vet=off -run 'TestAnyWalkAgreesWithTheModel|TestOneGrantThousandRounds|TestLaw/embedded|TestWalk/embedded' ./feed ./law ./notify/grant
	$(GOTESTSUM) -- -race -short -vet=off -p 3 -timeout 15m ./...

test-web: ## a real browser against a real server
	scripts/test-web

lint:
	go vet ./...
	$(STATICCHECK) ./...
	@unformatted=$$($(GOFUMPT) -l $$(git ls-files '*.go')); if [ -n "$$unformatted" ]; then echo "gofumpt would change:"; echo "$$unformatted"; exit 1; fi
	scripts/vulnerabilities
