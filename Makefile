# The verbs of this project. Each sets up what it needs, so a fresh clone can start with any of them.
#   PYTHON=python3.12   the interpreter that .venv is made with (3.11 or newer); `make clean` first to change it
#   PORT=8000           where `make run` listens
#   ARGS="-k resume"    more arguments for pytest in `make test` and `make test-fast`
#   SERVER=uvicorn      which server the tests run that do not run on each, in place of daphne
#   QUICK=1             a look within three minutes in `make bench`; ARGS="chats --server daphne" chooses what it measures
#   SECONDS=600 SEED=7  how long `make faults` runs, and which faults it deals

export PYTHON ?= python3
ARGS ?=
SECONDS ?= 600
SEED ?=
QUICK ?=

.DEFAULT_GOAL := help
.PHONY: help run test test-fast faults bench bench-peers check format lock clean

help: ## List these verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

run: ## Set up, seed a demo and serve it on http://127.0.0.1:8000 (SQLite, nothing else needed)
	@scripts/bootstrap.sh runtime
	@.venv/bin/python manage.py demo
	@exec .venv/bin/python -m project.server -b 127.0.0.1

test: ## Run all tests twice: on SQLite in memory, then on PostgreSQL and Redis with browser, faults and stalls
	@scripts/bootstrap.sh dev
	@scripts/test.sh all $(ARGS)

test-fast: ## Run the tests that need no service
	@scripts/bootstrap.sh dev
	@scripts/test.sh fast $(ARGS)

faults: ## Run servers and clients under faults for ten minutes and judge what the clients saw
	@scripts/bootstrap.sh dev
	@scripts/with-services.sh .venv/bin/python -m tests.faults --seconds $(SECONDS) $(if $(SEED),--seed $(SEED)) $(ARGS)

bench: ## Measure this project beside a plain consumer, on PostgreSQL and Redis
	@scripts/bootstrap.sh dev
	@.venv/bin/python -m bench $(if $(QUICK),--quick) $(ARGS)

bench-peers: ## Measure this project beside Socket.IO with Redis, storing and not, and Prosody with its archive
	@scripts/bootstrap.sh dev
	@.venv/bin/python -m bench peers $(if $(QUICK),--quick) $(ARGS)

check: ## Check format, lint, types, imports, migrations, lock and docs
	@scripts/bootstrap.sh dev
	@scripts/check.sh

format: ## Format the code and fix what can be fixed safely
	@scripts/bootstrap.sh dev
	@.venv/bin/python -m ruff check --fix-only --quiet .
	@.venv/bin/python -m ruff format .

lock: ## Resolve Pipfile into Pipfile.lock
	@scripts/bootstrap.sh tools
	@scripts/lock.sh

clean: ## Remove environments and caches; the database stays
	rm -rf .venv .tools .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
