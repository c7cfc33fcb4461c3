# Needs only make and Python 3.11 or newer.
PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help
.PHONY: help install dev run test unit lint format bench faults automation lock ci

help: ## What can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

install: ## .venv with what Apex needs to run
	@$(PYTHON) bootstrap.py

dev: ## .venv with what tests and checks need as well
	@$(PYTHON) bootstrap.py --dev

run: install ## Apex with a demonstration business, here, until Ctrl-C (WEB_PORT, FLOWER_PORT, MAILBOX_PORT)
	@exec $(BIN)/python -m apex.embedded

test: dev unit ## Every test: those that need no server, the rest in parallel, then those that break processes
	@$(BIN)/pytest -q --only-served -m "not faults" -n 2 --dist loadfile
	@$(BIN)/pytest -q -m faults

unit: dev ## The tests that need no server, in seconds
	@$(BIN)/pytest -q --only-unit

lint: dev ## Style, types, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: dev ## Formats the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: dev ## Throughput beside a reference measured in the same run
	@$(BIN)/python -m benchmarks

faults: dev ## Kill, flush and stop real processes, and look that nothing is lost or doubled
	@$(BIN)/pytest -q -m faults

automation: dev ## NAME=billing.remind_overdue: the file, its test and its row in the schedule
	@DJANGO_SETTINGS_MODULE=apex.settings.test $(BIN)/python manage.py make_automation $(NAME)

lock: ## Resolves the requirements again (needs uv)
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url requirements/base.in -o requirements.lock
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url requirements/dev.in -o requirements-dev.lock

ci: ## What continuous integration runs
	@.ci/run
