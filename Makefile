# `make demo` runs the main job, `make test` passes the tests; both create .venv when it is missing.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

# Compiled bytecode is kept: without it every process that a test starts would compile the package again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-all lint bench clean

demo: $(STAMP)
	$(BIN)/pinched demo --out demo

# There is a process per core already: threads of theirs that wait for each other took ten times as long as the work.
test test-all: export OMP_NUM_THREADS := 1

test: $(STAMP) lint
	$(BIN)/python tests/compile_kernels.py
	$(BIN)/python -m pytest -n auto --dist loadfile -m "not slow"

test-all: $(STAMP) lint
	$(BIN)/python tests/compile_kernels.py
	$(BIN)/python -m pytest -n auto --dist loadfile

lint: $(STAMP)
	$(BIN)/ruff check src tests examples benchmarks
	$(BIN)/ruff format --check src tests examples benchmarks
	$(BIN)/lint-imports
	$(BIN)/basedpyright

bench: $(STAMP)
	for b in benchmarks/*.py; do $(BIN)/python $$b || exit 1; done

# The stamp is newer than what was installed from: a changed dependency installs again.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; \
	  sys.exit(0 if (3, 11) <= v <= (3, 13) else "pinched needs Python 3.11 to 3.13, this is %d.%d; try: make PYTHON=python3.11" % v)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	touch $(STAMP)

clean:
	rm -rf $(VENV) build dist demo pinched_report
