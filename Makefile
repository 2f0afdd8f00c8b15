# make setup   the environment, in .venv            make demo   the whole way from nothing to a played file
# make test    all tests                            make lint   what .ci/run checks before them
# make test-install   `pip install .` with every dependency into a bare environment (minutes, gigabytes)
# make clean   remove everything that these made

SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A uv of the machine if there is one, else one in the project's own folder, where nothing else looks.
UV ?= $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
# A home directory that cannot be written to must not stop anyone.
ifneq ($(shell test -w "$$HOME" && echo yes),yes)
export UV_CACHE_DIR := $(CURDIR)/.uv/cache
export XDG_CACHE_HOME := $(CURDIR)/.uv/cache
export MPLCONFIGDIR := $(CURDIR)/.uv/matplotlib
endif
# pip's way of naming another index is what most machines know; uv has its own.
ifdef PIP_INDEX_URL
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif
export UV_HTTP_TIMEOUT ?= 300
READY := $(VENV)/.ready

.PHONY: setup demo test test-install lint clean

setup: $(READY)

.uv/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "crossmodal needs Python 3.11 or newer; as in: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m pip --version >/dev/null 2>&1 || \
	  { echo "neither uv nor pip is here; install one of them (Debian: apt install python3-pip)" >&2; exit 1; }
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --upgrade --target .uv uv

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "crossmodal needs Python 3.11 or newer; as in: make setup PYTHON=python3.12" >&2; exit 1; }
	@test -x "$$(command -v $(UV))" || $(MAKE) --no-print-directory .uv/bin/uv
	@test -x $(BIN)/python || $(UV) venv --quiet --python "$$(command -v $(PYTHON))" $(VENV)
	$(UV) pip install --quiet --python $(BIN)/python --editable . --group dev
	@touch $@

demo: setup
	@echo "no steps yet" >&2; exit 1

test: setup
	$(BIN)/python -m pytest -q -m "not slow_install"

test-install: setup
	$(BIN)/python -m pytest -q -m slow_install --force-enable-socket --timeout 3000

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf $(VENV) .uv runs dist build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find crossmodal tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
