# Two commands matter: `make run` and `make test`. The work is in scripts/ and tests/cluster/.
.DEFAULT_GOAL := help
.PHONY: help run test bench package fmt fuzz cluster-up cluster-down clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## install what is missing, build, and open the window (the command where there is no display)
	@scripts/run.sh

test: ## install what is missing and run every check and test, a real Kubernetes and a real window included
	@scripts/test.sh

bench: ## measure against kubectl on the real cluster; prints a table
	@scripts/bench.sh $(ARGS)

package: ## build the Debian package, in release; prints its path
	@scripts/package.sh

fmt: ## format the Rust code
	@cargo fmt --all

fuzz: ## fuzz the wire's parsers; minutes=N for each, 2 if not set
	@scripts/fuzz.sh $(minutes)

cluster-up: ## start the tests' Kubernetes and leave it running (root on Debian 12)
	@tests/cluster/up.sh

cluster-down: ## take it down
	@tests/cluster/down.sh

clean: ## remove what was built here; what is shared between checkouts stays in the cache folder
	@scripts/clean.sh
