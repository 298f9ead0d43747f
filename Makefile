# With Python 3.11 or later, `make demo` and `make test` need no other steps.

PYTHON ?= python3
ARGS ?=
# Test files run in parallel; they often wait, so there may be more of them than cores.
WORKERS ?= 5

VENV := .venv
BIN := $(VENV)/bin
RUN_READY := $(VENV)/.ready-to-run
TEST_READY := $(VENV)/.ready-to-test
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
TYPE_REPORT := .mypy_cache/report.txt
PURE_TESTS := tests/unit/common tests/unit/client/core tests/unit/tracker/domain

.DEFAULT_GOAL := help
.PHONY: help demo test soak properties postgres check lint style coverage bench sim lab load growth faults fuzz docs texts pictures format clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(RUN_READY) ## Run a demonstration: a tracker, three clients, two seeders
	@$(BIN)/python docs/demo.py $(ARGS)

# Without reordering, the quick unit tests run last, and no worker waits for a long one at the end.
test: $(TEST_READY) ## Run all tests (passes ARGS="-k choker -x" to pytest)
	@rm -f .pytest_cache/v/cache/lastfailed
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS) \
	  || { test $$? -eq 1 && $(BIN)/python -m tests.alone; }

soak: $(TEST_READY) ## Run the long tests, which `make test` skips
	@$(BIN)/python -m pytest -m soak $(ARGS)

properties: $(TEST_READY) ## Run the property tests with many more examples than `make test`
	@$(BIN)/python -m pytest -n $(WORKERS) -m hypothesis --hypothesis-profile thorough \
	  --timeout 1800 $(ARGS)

postgres: $(TEST_READY) ## Run the tracker's tests on a temporary PostgreSQL server
	@$(BIN)/python -m tests.postgres $(ARGS)

# The tests often wait: meanwhile, mypy runs beside them, and its report follows theirs.
check: style coverage ## Run everything that must pass before a change lands
	@mkdir -p .mypy_cache
	@nice $(BIN)/mypy >$(TYPE_REPORT) 2>&1 & mypy=$$!; \
	  $(MAKE) --no-print-directory test; tests=$$?; \
	  wait $$mypy; types=$$?; cat $(TYPE_REPORT); exit $$((tests || types))

lint: style ## Check format, lint, import contracts and types
	@$(BIN)/mypy

style: $(TEST_READY)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports

coverage: $(TEST_READY) ## Check that the pure packages' own tests cover every line and branch
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -q -n 2 -m "not slow" $(PURE_TESTS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report --fail-under=100

bench: $(TEST_READY) ## Compare with other clients, in 6 minutes (ARGS=--quick: in one; see --help)
	@$(BIN)/python -m benchmarks $(ARGS)

sim: $(TEST_READY) ## Simulate crowds of downloaders (ARGS="--leechers 100 --only mixed")
	@$(BIN)/python -m benchmarks.swarm $(ARGS)

lab: $(TEST_READY) ## Show how members behind routers reach each other (root; ARGS="--only upnp")
	@$(BIN)/python -m benchmarks.reach $(ARGS)

load: $(TEST_READY) ## Measure what a tracker's operations cost (ARGS="--seconds 10 --workers 16")
	@$(BIN)/python -m benchmarks.load $(ARGS)

growth: $(TEST_READY) ## Measure how these costs grow with files, members, groups, events (ARGS="--full")
	@$(BIN)/python -m benchmarks.load growth $(ARGS)

faults: $(TEST_READY) ## Kill trackers and databases under clients (ARGS="--rounds 200")
	@$(BIN)/python -m benchmarks.load faults $(ARGS)

fuzz: $(TEST_READY) ## Fuzz every decoder, guided by coverage (ARGS="600 torrent" for one, in seconds)
	@$(BIN)/python -m tests.fuzz $(or $(ARGS),60)

docs: $(RUN_READY) ## Regenerate man pages and completions after a change of options or commands
	@$(BIN)/python -m docs.reference

texts: $(RUN_READY) ## Update the page's translation catalogues after a change of its texts
	@$(BIN)/python docs/translations.py

pictures: $(TEST_READY) ## Retake the README's pictures (needs tmux and Chromium)
	@$(BIN)/python -m docs.pictures

format: $(TEST_READY) ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean: ## Remove the virtual environment and everything that was generated
	rm -rf $(VENV) *.egg-info build dist htmlcov .coverage .coverage.* .hypothesis
	rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed; name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || \
	  { echo "Python's venv is missing; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@echo "Creating a virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(RUN_READY): setup.cfg pyproject.toml | $(BIN)/python
	@echo "Installing Minitorrent into $(VENV)"
	@$(PIP) install --editable .
	@touch $@

$(TEST_READY): setup.cfg pyproject.toml | $(BIN)/python
	@echo "Installing Minitorrent and its test tools into $(VENV)"
	@$(PIP) install --editable '.[dev]'
	@touch $@ $(RUN_READY)
