# Everything a developer needs; see CONTRIBUTING.md.

GOTESTSUM   = go run gotest.tools/gotestsum@v1.13.0 --format pkgname-and-test-fails
STATICCHECK = go run honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOFUMPT     = go run mvdan.cc/gofumpt@v0.12.0

.PHONY: build test test-go test-web lint fuzz

build: ## the binary, as a release has it
	go build -trimpath -ldflags '-s -w' -o bin/teahouse ./cmd/teahouse

test: ## everything, with real servers that are brought up and taken down
	scripts/services run $(MAKE) --no-print-directory test-web test-go

test-go:
	$(GOTESTSUM) -- -race -timeout 15m ./...

test-web: ## a real browser against a real server
	scripts/test-web

lint:
	go vet ./...
	$(STATICCHECK) ./...
	@unformatted=$$($(GOFUMPT) -l $$(git ls-files '*.go')); if [ -n "$$unformatted" ]; then echo "gofumpt would change:"; echo "$$unformatted"; exit 1; fi
	scripts/vulnerabilities
