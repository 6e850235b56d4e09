# The two commands of the README, and what continuous integration calls.
# Installs with uv where it is to be had (half a minute), and with pip elsewhere (minutes).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: quickstart test slow verify benchmark lint types clean

quickstart: $(VENV)/.installed
	$(BIN)/benchmark-lightning study configs/study/quickstart.yaml

# Two processes with a core each: most of a test is Python, which uses one.
test: $(VENV)/.installed-test
	$(BIN)/python -m pytest -m "not slow" --numprocesses 2 --dist worksteal

slow: $(VENV)/.installed-test
	$(BIN)/python -m pytest -m slow

# Every number of the reference study's report and of the README, computed again from the records.
verify: $(VENV)/.installed
	$(BIN)/benchmark-lightning verify lightning_logs/reference --readme README.md

# Beside what people write or use instead, in five minutes on two cores; FULL=1 for all of it, in three quarters of an hour.
benchmark: $(VENV)/.installed
	$(BIN)/python -m benchmarks $(if $(FULL),--docs docs/performance.md,--short)

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-test
	$(BIN)/mypy

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed; name one with: make PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet uv || echo "uv is not to be had; pip will do, more slowly"
	@touch $@

INSTALL = $$(test -x $(BIN)/uv && echo $(BIN)/uv pip install --python $(BIN)/python || echo $(BIN)/python -m pip install)

$(VENV)/.installed: $(VENV)/.python pyproject.toml constraints.txt
	@echo "installing torch, lightning and the rest into $(VENV) ..."
	@$(INSTALL) --quiet --constraint constraints.txt --editable .
	@echo "compiling what is imported, so that every command starts in seconds ..."
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -c "import benchmark_lightning.study.preloaded"
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	@$(INSTALL) --quiet --constraint constraints.txt --editable ".[test]"
	@touch $@

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache
