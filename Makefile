# `make help` lists what there is. The first two are all a newcomer needs; they set up whatever is missing.
.DEFAULT_GOAL := help
.PHONY: help run test demo check setup setup-dev lint format types imports generate generate-check states lock unit contract cli browser meetings twins chaos bench clean

PYTHON ?= python3
BIN := .venv/bin
export PYTHON
# Runs one group of tests, or everything that CI runs; says at the end what came of it.
TESTS := $(BIN)/python -m tools.run_tests

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: setup ## Set up and start the service, ready to send a bot
	@exec $(BIN)/rollcall run

test: check ## Set up and run all tests

demo: setup ## Set up and watch a bot attend the bundled meeting, unattended
	@exec $(BIN)/rollcall demo

setup:
	@tools/system_packages.sh run
	@tools/setup_venv.sh requirements.lock

setup-dev:
	@tools/system_packages.sh test
	@tools/setup_venv.sh requirements-dev.lock

check: setup-dev ## Everything that CI runs, whatever fails of it, and a summary
	@$(TESTS)

lint: ## Style, contract style
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@cd proto && ../$(BIN)/buf lint && ../$(BIN)/buf format --diff --exit-code >/dev/null
	@$(BIN)/python tools/check_breaking.py

format: ## Put the style right
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@cd proto && ../$(BIN)/buf format -w

types: ## mypy --strict, as on Linux and as on a Mac, where what only Linux has is unknown
	@$(BIN)/mypy --platform linux
	@$(BIN)/mypy --platform darwin --cache-dir .mypy_cache/darwin

imports: ## Who may import whom
	@$(BIN)/lint-imports

generate: setup-dev ## Write the stubs and the state diagram anew
	@$(BIN)/python tools/generate_stubs.py
	@$(BIN)/python -m tools.draw_states
	@$(BIN)/python -m tools.write_fields
	@$(BIN)/python -m tools.write_api

generate-check: ## Generated files are current
	@$(BIN)/python tools/generate_stubs.py --check
	@$(BIN)/python -m tools.draw_states --check
	@$(BIN)/python -m tools.write_fields --check
	@$(BIN)/python -m tools.write_api --check
	@$(BIN)/python tools/check_locks.py

unit: ## Tests without processes
	@$(TESTS) unit

cli: ## The command line as a person types it
	@$(TESTS) cli

contract: ## Tests of the service over gRPC and HTTP
	@$(TESTS) contract

browser: ## Tests with a real Chromium
	@$(TESTS) browser

meetings: ## Bots in meetings that others wrote
	@$(TESTS) meetings

twins: ## Bots at sites that behave as the platforms' web clients do
	@$(TESTS) twins

chaos: ## Tests that kill processes
	@$(TESTS) chaos

bench: setup-dev ## Measure; docs/benchmarks.md says how to read it
	@$(BIN)/python -m benchmarks

lock: setup-dev ## Write the lock files anew
	@$(BIN)/pip-compile -q --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --strip-extras -o requirements.lock pyproject.toml
	@$(BIN)/pip-compile -q --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --strip-extras --extra dev -c requirements.lock -o requirements-dev.lock pyproject.toml

clean: ## Remove what was set up; the data folder stays
	@rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
