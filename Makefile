# mozchat: `make run` serves the site, `make test` runs every test. What each needs is installed into .venv.
PYTHON ?= python3
PORT ?= 8000
THREADS ?= threads
HOST ?= 127.0.0.1
KILLS ?= 1000

VENV := .venv
BIN := $(VENV)/bin
PROJECT := pyproject.toml mozchat/__init__.py

.PHONY: run test unit torture bench bench-hub bench-live browser check types-js format clean

run: $(VENV)/.run-ready
	$(BIN)/mozchat run --host $(HOST) --port $(PORT) --threads $(THREADS)

# All tests; the real browsers and sound tools that they need are installed where that can be done.
test: $(VENV)/.test-ready
	tests/install-tools
	$(BIN)/python -m pytest

# The tests that start no browser and no server: seconds.
unit: $(VENV)/.test-ready
	$(BIN)/python -m pytest -m "not browser and not process and not slow"

# The site's processes killed so many times while people use it, and everything else that it must withstand: minutes.
torture: $(VENV)/.test-ready
	MOZCHAT_TORTURE_KILLS=$(KILLS) $(BIN)/python -m pytest tests/torture -s

# What the site can do on this machine, as a table and as bench.json; BENCH names scenarios, none: all.
bench: $(VENV)/.test-ready
	$(BIN)/python -m tests.bench --json bench.json $(BENCH)

# The same of the hub alone, with up to 10,000 connections.
bench-hub: $(VENV)/.test-ready
	$(BIN)/python -m tests.bench --json bench-hub.json hub

# What it costs, and how long it takes, to hear somebody while they speak.
bench-live: $(VENV)/.test-ready
	$(BIN)/python -m tests.bench --json bench-live.json live

browser: $(VENV)/.test-ready
	tests/install-tools
	$(BIN)/python -m pytest -m browser

check: $(VENV)/.test-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	tests/check-js

format: $(VENV)/.test-ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/.run-ready: $(PROJECT)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "mozchat needs Python 3.10 or later."; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' || { echo "Install python3-venv (apt install python3-venv)."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -e .
	touch $@

$(VENV)/.test-ready: $(VENV)/.run-ready
	$(BIN)/pip install --quiet --disable-pip-version-check -e ".[test,check]"
	touch $@
