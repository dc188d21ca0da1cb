# One entry for everything: `make help`. Nothing is installed outside of the virtual environment.

VENV ?= .venv
PYTHON ?= python3
BIND ?= 127.0.0.1:8000
LANGS ?= nl
PYTEST_ARGS ?=
# Tests side by side; every process has databases and names of its own.
PYTEST_WORKERS ?= 2
PYTEST := python -m pytest --numprocesses $(PYTEST_WORKERS) --dist loadfile

SHELL := /bin/bash
BIN := $(abspath $(VENV))/bin
MANAGE := $(BIN)/python example_site/manage.py
ADMIN := DJANGO_SETTINGS_MODULE=tests.settings PYTHONPATH=. $(BIN)/python -m django
DEMO := $(VENV)/.installed-demo
DEV := $(VENV)/.installed-dev

.DEFAULT_GOAL := help

.PHONY: help
help: ## This list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z%-]+:.*## / {printf "  \033[1m%-14s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- the virtual environment: made once, brought up to date when pyproject.toml changes ------------------------------

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "No virtual environment: on Debian and Ubuntu, install the package python3-venv."; exit 1; }

$(DEMO): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[demo]'
	@touch $@

$(DEV): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $(DEMO) $@

.PHONY: venv
venv: $(DEV) ## Make .venv with everything development needs

# --- see it ------------------------------------------------------------------------------------------------------------

.PHONY: demo
demo: export WAGTAILADMIN_BASE_URL = http://$(BIND)
demo: $(DEMO) ## Serve the example site: web, cluster and inbox, until Ctrl-C (BIND=127.0.0.1:8000)
	$(MANAGE) migrate --verbosity 0
	$(MANAGE) load_site
	@if $(MANAGE) help load_demo >/dev/null 2>&1; then $(MANAGE) load_demo; fi
	@exec $(MANAGE) journeys_run --bind $(BIND) --with inbox \
		--note "inbox    http://$(BIND)/inbox/   every email the site sends" \
		--note "log in   admin / admin, or as an editor: editor / password"

.PHONY: screenshots
screenshots: $(DEV) ## Take the screenshots of the documentation anew (docs/images)
	$(BIN)/python -m tests.screenshots

# --- test it -----------------------------------------------------------------------------------------------------------

.PHONY: test
test: $(DEV) ## Run the tests on SQLite and, when it is reachable, on PostgreSQL (PYTEST_ARGS="-k word")
	TEST_BOTH=1 TEST_DATABASE=sqlite $(BIN)/$(PYTEST) $(PYTEST_ARGS)
	@if $(BIN)/python -m tests.support.services postgres; then \
		echo "TEST_DATABASE=postgres $(BIN)/$(PYTEST) $(PYTEST_ARGS)"; \
		TEST_DATABASE=postgres $(BIN)/$(PYTEST) $(PYTEST_ARGS); \
	elif [ -n "$$CI" ]; then exit 1; \
	else echo "Tested on SQLite only."; fi

.PHONY: check
check: lint types migrations test ## Everything CI asks for: lint, types, contracts, migrations, tests on both databases

.PHONY: lint
lint: $(DEV) ## Lint, formatting, import contracts, template indentation
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/djhtml --check wagtail_journeys example_site

.PHONY: fmt
fmt: $(DEV) ## Format Python and templates, mend what the linter can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/djhtml wagtail_journeys example_site

.PHONY: types
types: $(DEV) ## Check types
	$(BIN)/mypy

.PHONY: migrations
migrations: $(DEV) ## Fail when a model has changed without a migration (a host app's step and condition included)
	$(ADMIN) makemigrations --check --dry-run

.PHONY: faults
faults: $(DEV) ## The long fault runs: processes killed at random while messages go out, on both databases
	FAULTS=long TEST_DATABASE=sqlite $(BIN)/python -m pytest -m faults -s -o faulthandler_timeout=3600 $(PYTEST_ARGS)
	@if $(BIN)/python -m tests.support.services postgres; then \
		FAULTS=long TEST_DATABASE=postgres $(BIN)/python -m pytest -m faults -s -o faulthandler_timeout=3600 $(PYTEST_ARGS); fi

.PHONY: bench
bench: $(DEV) ## Measure everything and print ratios (SCALE=1.0)
	$(BIN)/python -m tests.benchmarks

bench-%: $(DEV) ## Measure one area, e.g. bench-drain
	$(BIN)/python -m tests.benchmarks $*

# --- ship it -----------------------------------------------------------------------------------------------------------

.PHONY: tracker
tracker: $(DEV) ## Make the tracker that pages load of its source (needs Node.js)
	$(BIN)/python -m tests.support.minify

.PHONY: messages
messages: $(DEV) ## Collect and compile translations (LANGS="nl de")
	$(BIN)/python -m tests.support.messages $(LANGS)

.PHONY: package
package: $(DEV) ## Build the wheel, compare it with the source, and migrate an empty site that has only the wheel
	$(BIN)/python -m tests.support.package

.PHONY: clean
clean: ## Remove the virtual environment, caches, builds and what the demo wrote (var/)
	rm -rf $(VENV) var build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
