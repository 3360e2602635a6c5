# Needs make, a POSIX shell and Python 3.11 or later. Everything else is pinned in requirements.lock and lives in .venv.
#   make report     the demo bank's extracts and its pack of reports
#   make history    three monthly packs of the demo bank, each held against the one before
#   make test       style, types, direction of the rooms, tests, notebooks
#   make test-long  the tests that take minutes
#   make lab        JupyterLab on notebooks/
#   make bench      timings
#   make lock       requirements.lock anew from pyproject.toml (UPGRADE=--upgrade moves the pins)
#   make clean      takes away what the other targets made; leaves every bank's reports, lists and state

PYTHON ?= python3.11
AS_OF ?= 2026-10-31
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
DEMO := data/raw/demo

# Many small matrices: one thread per process is faster than two that wait for each other.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
export MKL_NUM_THREADS ?= 1

.DELETE_ON_ERROR:
.PHONY: help report history test test-long lab bench lock clean env demo hooks check-style test-tools

help:
	@sed -n 's/^#   //p' Makefile

report: env demo
	$(BIN)/insights run --config bank.toml --as-of $(AS_OF)

history: env demo
	for day in 2026-08-31 2026-09-30 2026-10-31; do $(BIN)/insights run --config bank.toml --as-of $$day || exit 1; done
	$(BIN)/insights history --config bank.toml
	$(BIN)/insights history --config bank.toml --compare 2026-08-31 2026-10-31

# pytest comes last: its closing line is what a reader looks for. The longest files come first in it, so that no worker
# is left with one of them at the end.
test:
	@$(MAKE) --no-print-directory -j 3 test-tools demo check-style
	$(BIN)/pytest -n $(WORKERS) --dist loadfile --nbval-lax --nbval-current-env notebooks tests/reports tests

test-long: env
	$(BIN)/pytest -n $(WORKERS) --dist loadfile -s -m long tests || test $$? -eq 5  # 5: no test is marked long

lab: env demo hooks
	$(BIN)/python -m ipykernel install --sys-prefix
	$(BIN)/jupyter-lab notebooks

bench: env
	$(BIN)/python benchmarks

lock: env
	$(BIN)/uv pip compile pyproject.toml --extra dev --generate-hashes --no-emit-index-url --no-annotate --universal \
	  --python-version 3.11 --custom-compile-command "make lock" --quiet $(UPGRADE) --output-file requirements.lock

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis src/*.egg-info
	rm -rf $(DEMO) $(DEMO)_truth data/processed/demo
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# ---- what the targets above rest on

check-style: env
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	scripts/strip-notebooks.sh --verify notebooks/*.ipynb

test-tools:
	@scripts/install-test-tools.sh

# Once per clone: outputs of notebooks are stripped on `git add`, and the style checks run on `git commit`.
hooks: env
	git config filter.notebooks.clean scripts/strip-notebooks.sh
	git config filter.notebooks.smudge cat
	git config diff.notebooks.textconv "scripts/strip-notebooks.sh --textconv"
	$(BIN)/pre-commit install

demo: $(DEMO)/bank.toml

# The command replaces the folder in one step, so what is there is complete.
$(DEMO)/bank.toml: $(wildcard src/insights/demo/*.py src/insights/demo/*/*.py src/insights/demo/*/*.toml) | env
	$(BIN)/insights demo --out $(DEMO)

env: $(VENV)/.stamp

# The stamp is written last. Without it (first time, or interrupted) the environment is made from nothing; with it, only
# the differences are installed. uv is the one that the lock pins. It does not read pip's configuration, so where pip
# knows a company's own index and uv does not, pip does the work (and takes longer).
$(VENV)/.stamp: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$(PYTHON) is missing, older than 3.11, or has no venv module." \
	         "Install it (on Debian: python3.11 and python3.11-venv), or name another one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@test -e $@ || { echo "making $(VENV) with $(PYTHON) (about a minute)"; $(PYTHON) -m venv --clear $(VENV); }
	@rm -f $@
	@awk '/^[^ #]/ { keep = /^uv==/ } keep' requirements.lock > $(VENV)/uv.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: -r $(VENV)/uv.lock
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes --compile-bytecode requirements.lock || \
	  { echo "uv could not install the lock; trying pip" >&2; \
	    $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@touch $@
