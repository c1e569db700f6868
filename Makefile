# `make demo` shows what the tool does, `make test` says whether it does it. Both need Python 3.11+ only.

# The first that runs and is new enough: a name on PATH may be a launcher for a version that is not there.
PYTHON ?= $(shell for one in python3 python3.13 python3.12 python3.11 python; do \
	$$one -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$one && break; done)
VENV := .venv
BIN := $(VENV)/bin
RIVALS := .venv-rivals
CODE := scanner tests sample_data $(wildcard benchmarks docs)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# A wheel is compiled as it is installed, sources in place are not; where they cannot be, each start compiles them.
COMPILE := $(BIN)/python -m compileall -q scanner

.PHONY: demo test lint types unit bench readers fuzz picture clean help

help:  ## List what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

demo: $(VENV)/.installed  ## Scan sample_data/, show the report, write out/report.json
	@mkdir -p out
	@$(BIN)/breachscan scan sample_data --format json -o out/report.json -q
	@$(BIN)/breachscan scan sample_data
	@echo "The same for programs: out/report.json"

test: lint types unit  ## Format, lint, types, rule packs, tests

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)

types: $(VENV)/.installed-dev
	$(BIN)/mypy

unit: $(VENV)/.installed-dev
	$(BIN)/breachscan patterns test
	$(BIN)/python -m pytest -n auto

SECONDS ?= 60
TARGET ?= all

fuzz: $(VENV)/.installed-dev  ## Run readers on hostile bytes: make fuzz SECONDS=1800 TARGET=zip
	$(PIP) --editable '.[fuzz]'
	$(BIN)/python -m tests.fuzz $(TARGET) --seconds $(SECONDS)

# ROWS=200000 makes smaller inputs, ONLY=cdr-rg,start runs some rows; RESULTS.md is written by a whole run only.
bench: $(VENV)/.installed $(RIVALS)/.installed  ## Time the scanner against its rivals, write benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks.suite --rivals $(RIVALS)/bin/python $(if $(ROWS),--rows $(ROWS)) $(if $(ONLY),--only $(ONLY)) \
		$(if $(TURNS),--turns $(TURNS)) $(if $(ROWS)$(ONLY),,--output benchmarks/RESULTS.md)

readers: $(VENV)/.installed-dev $(RIVALS)/.installed  ## Time each reader beside its rivals, write benchmarks/READERS.md
	$(BIN)/python -m benchmarks.reading --rivals $(RIVALS)/bin/python --output benchmarks/READERS.md

picture: $(VENV)/.installed  ## Draw docs/report.svg from sample_data/ again
	$(BIN)/python docs/make_picture.py docs/report.svg

clean:  ## Remove what was built, the environment too
	rm -rf $(VENV) $(RIVALS) out dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Installed once, and again when what is needed changes.
$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(PIP) --editable .
	@$(COMPILE)
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(VENV)/bin/python
	$(PIP) --editable '.[dev]'
	@$(COMPILE)
	@touch $@ $(VENV)/.installed

$(RIVALS)/.installed: benchmarks/rivals.txt | $(VENV)/bin/python
	$(VENV)/bin/python -m venv $(RIVALS)
	$(RIVALS)/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/rivals.txt
	@touch $@
