# Two commands: `make demo` imports and searches, `make test` passes the tests. Both set up .venv by themselves.
.DEFAULT_GOAL := help
.PHONY: help demo test bench reference requirements
export FROM PYTHON MAKECMDGOALS

help: ## this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: ## archive the samples (or FROM=~/Documents) into ./minutier-demo, search, verify
	@sh dev/demo.sh

test: ## lint, format, types, layers and all tests
	@sh dev/test.sh

bench: ## the benchmarks of docs/reference/performance.md, in their short form
	@sh dev/bench.sh

reference: ## write the reference pages that are generated from the program
	@sh dev/environment.sh dev && .venv/bin/python -m docs.generate_reference

requirements: ## pin all packages anew, with hashes (needs uv)
	@sh dev/requirements.sh
