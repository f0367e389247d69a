# Two commands do all the set-up: `make demo` and `make test`. Neither installs a system package.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
# Tests of these mostly wait for a scheduler.
SCHEDULERS := slurm or gridengine or drmaa or univa

.PHONY: help demo test lint types unit clusters docs bench clean

help:
	@echo "make demo      create the environment and run a first job on this machine"
	@echo "make test      create the environment, lint, check types and run every test that can run here"
	@echo "make clusters  install and start the real schedulers that the tests use (needs root)"
	@echo "make docs      build the documentation into site/"
	@echo "make bench     run the benchmarks"

$(VENV)/run.stamp: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Abell needs Python 3.11 or later; name one with: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) has no venv module; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/test.stamp: $(VENV)/run.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

demo: $(VENV)/run.stamp
	@sh examples/demo.sh $(BIN)/abell

test: lint types unit

lint: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/test.stamp
	$(BIN)/mypy

unit: $(VENV)/test.stamp
	$(BIN)/python -m pytest -n 2 --dist worksteal -k 'not ($(SCHEDULERS))'
	$(BIN)/python -m pytest -n 6 --dist worksteal -k '$(SCHEDULERS)'

clusters:
	clusters/up

docs: $(VENV)/run.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	$(BIN)/mkdocs build --strict

bench: $(VENV)/run.stamp
	$(BIN)/python bench/run.py

clean:
	rm -rf $(VENV) site .mypy_cache .ruff_cache .pytest_cache .hypothesis
