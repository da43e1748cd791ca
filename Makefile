# make help says what there is.

EXAMPLE   := examples/lightbulb
CMAKE     := examples/cmake
UNIKERNEL := examples/unikernel
BOOTSTRAP := examples/bootstrap
COMPILERS := examples/compilers
DUNE_DIR  := examples/dune
ERG       := bin/erg -C $(EXAMPLE)

# Without a home, go and erg keep their caches here.
ifeq ($(HOME),)
export HOME := $(CURDIR)/.cache/home
endif

.PHONY: help run run-cmake run-unikernel run-bootstrap run-dune examples test bench compat compat-matrix microbench fmt tools erg clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 15

run: erg ## build the example for five machines and run it on each
	@scripts/install-tools example
	$(ERG) plan
	$(ERG) build
	$(ERG) run tools:bin.blink
	$(ERG) run lamp@wide:bin.blink
	$(ERG) run firmware:bin.lightbulb
	$(ERG) run unikernel:bin.lightbulb
	$(ERG) run windows:bin.blink

run-cmake: erg tools ## build a CMake project for two machines, and test it on each
	bin/erg -C $(CMAKE) build
	bin/erg -C $(CMAKE) test

run-unikernel: erg tools ## build OCaml, and with it one application for three machines; test it on each
	bin/erg -C $(UNIKERNEL) test
	bin/erg -C $(UNIKERNEL) run machine@unix:bin.hello
	bin/erg -C $(UNIKERNEL) run machine@pvh:bin.hello
	bin/erg -C $(UNIKERNEL) run machine@rv32:bin.hello

run-bootstrap: erg tools ## have the OCaml compiler compile itself, until it does not change any more
	bin/erg -C $(BOOTSTRAP) graph
	bin/erg -C $(BOOTSTRAP) test
	bin/erg -C $(BOOTSTRAP) run app:bin.hello

run-dune: erg tools ## build and test a dune project with five compilers, which are built from their sources
	bin/erg -C $(DUNE_DIR) test
	bin/erg -C $(DUNE_DIR) run on@4.10//bin:executable.main sos
	bin/erg -C $(DUNE_DIR) run windows//bin:executable.main sos

examples: erg tools ## build and test the examples that build their compilers: an hour at first
	bin/erg -C $(UNIKERNEL) test
	bin/erg -C $(BOOTSTRAP) test
	bin/erg -C $(COMPILERS) test
	bin/erg -C $(DUNE_DIR) test

test: tools ## all checks and tests
	@scripts/test

bench: erg ## erg against Ninja and make, as a table (FULL=1 for all, RUN=regexp, MODULES=number, DUNE=another, MARKDOWN=page)
	@go run ./cmd/erg-bench $(if $(FULL),-full) $(if $(RUN),-run '$(RUN)') $(if $(MODULES),-modules '$(MODULES)') $(if $(MARKDOWN),-update '$(MARKDOWN)')

compat: erg ## build a dune project with erg and with dune, and compare (DIR=checkout, PKG=packages, DUNE=program)
	@scripts/compat $(DIR) $(PKG)

compat-matrix: erg tools ## build and test a dune project with the compilers of examples/dune (DIR=checkout, VENDOR="checkout...", PKG=, ONLY=contexts)
	@PKG='$(PKG)' ONLY='$(ONLY)' scripts/compat-matrix $(DIR) $(VENDOR)

microbench: ## the benchmarks of the packages
	go test -run '^$$' -bench . -benchmem ./...

fmt: erg ## format the Go code and the examples
	gofmt -w .
	$(ERG) fmt
	bin/erg -C $(CMAKE) fmt
	bin/erg -C $(UNIKERNEL) fmt
	bin/erg -C $(BOOTSTRAP) fmt
	bin/erg -C $(COMPILERS) fmt
	bin/erg -C $(DUNE_DIR) fmt

tools: ## install the compilers and emulators that the tests run
	@scripts/install-tools test

erg: ## bin/erg, and the programs beside it
	@CGO_ENABLED=0 go build -o bin/ ./cmd/erg/...

clean: ## remove what was built
	rm -rf bin $(EXAMPLE)/_build $(CMAKE)/_build $(UNIKERNEL)/_build $(BOOTSTRAP)/_build $(COMPILERS)/_build $(DUNE_DIR)/_build
