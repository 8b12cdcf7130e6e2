# `make help` lists what there is.
PYTHON ?= python3
BIN := .venv/bin
UV_VERSION := 0.13.9

.PHONY: help setup run test test-long lint clean lock reference

help: ## List the targets.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.venv/.made: requirements-dev.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { \
	  echo "python3-venv is missing: install Debian's package python3-venv and run make again"; exit 1; }
	@$(BIN)/python -m pip install --quiet uv==$(UV_VERSION)
	@$(BIN)/uv pip install --quiet --python .venv --require-hashes -r requirements-dev.txt
	@touch $@

setup: .venv/.made ## Install what is needed into .venv, and system libraries where missing.
	@bash tools/system_packages.sh

run: setup ## Take the samples through the real job; everything it makes lies under run/.
	@$(BIN)/python -m tools.run_samples

test: setup ## Run the whole test suite.
	$(BIN)/python -m pytest -q -m "not long"

test-long: setup ## The same with many more examples.
	$(BIN)/python -m pytest -q

lint: .venv/.made ## Linters and type checker.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict etl

reference: .venv/.made ## Write docs/reference.md anew.
	$(BIN)/python tools/make_reference.py

lock: .venv/.made ## Pin everything down the tree, with hashes.
	$(BIN)/uv pip compile -q --generate-hashes --universal --python-version 3.11 requirements.in -o requirements.txt --custom-compile-command "make lock"
	$(BIN)/uv pip compile -q --generate-hashes --universal --python-version 3.11 -c requirements.txt requirements-dev.in -o requirements-dev.txt --custom-compile-command "make lock"

clean: ## Remove the environment and everything that runs have made.
	rm -rf .venv run .pytest_cache .mypy_cache .ruff_cache
