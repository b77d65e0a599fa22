# Two commands: `make demo` imports and searches, `make test` passes the tests. Both set up .venv by themselves.
# The server deployment: `make secrets`, then docker compose; or, without Docker, `make servers`.
.DEFAULT_GOAL := help
.PHONY: help demo test bench reference requirements servers servers-stop servers-wipe secrets
export FROM PYTHON MAKECMDGOALS

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: ## archive the samples (or FROM=~/Documents) into ./minutier-demo, search, verify
	@sh dev/demo.sh

test: ## lint, format, types, layers and all tests
	@sh dev/test.sh

servers: ## start MinIO, Elasticsearch, Tika, RabbitMQ, Redis and PostgreSQL on loopback, without Docker
	@bash dev/servers.sh start

servers-stop: ## end them; their data stays
	@bash dev/servers.sh stop

servers-wipe: ## end them and remove their data
	@bash dev/servers.sh wipe

secrets: ## write the passwords of docker-compose.yml into .env; those that are there stay
	@bash dev/secrets.sh

bench: ## the benchmarks of docs/reference/performance.md, in their short form
	@sh dev/bench.sh

reference: ## write the reference pages that are generated from the program
	@sh dev/environment.sh dev && .venv/bin/python -m docs.generate_reference

requirements: ## pin all packages anew, with hashes (needs uv)
	@sh dev/requirements.sh
