# Every target works in a fresh clone. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PY := .venv/bin/python
# Tests sync many thousand small files; where memory has room for them they wait for no disk.
PYTEST := env $(shell df -P -BG /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 + 0 >= 4 {print "TMPDIR=/dev/shm"}') \
    $(PY) -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: help setup setup-dev run test test-long lint bench up down clean lock reference translations pictures

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:  ## install what the program needs: .venv with hashed pins, system libraries
	@bash tools/setup.sh run

setup-dev:
	@bash tools/setup.sh dev

run: setup  ## take the bundled samples through the real DAGs, into run/
	@exec $(PY) -m tools.run_samples

test: setup-dev  ## the whole suite
	@exec $(PYTEST) -m "not long"

test-long: setup-dev  ## the suite with many more drawn examples
	@exec $(PYTEST)

lint: setup-dev  ## linters, formatter, type checker
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@$(PY) -m mypy

bench: setup-dev  ## what it costs, beside the alternatives (SIZE=50M for the big one)
	@exec $(PY) -m bench

up: setup  ## start Airflow's web page, the mail catcher and the archive page, and leave them running
	@exec $(PY) -m tools.up

down:  ## stop what `make up` started
	@if [ -x $(PY) ]; then exec $(PY) -m tools.down; fi

reference: setup-dev  ## write docs/reference.md anew
	@$(PY) tools/make_reference.py

translations: setup-dev  ## bring the catalogues of the report's texts up to date
	@exec $(PY) -m tools.translations

pictures: setup-dev  ## take the pictures of the sample week's report anew, into docs/images/
	@exec $(PY) -m tools.pictures

clean: down  ## remove the environment and everything that runs have made
	@rm -rf .venv run bench/data .pytest_cache .mypy_cache .ruff_cache .hypothesis

lock:  ## pin every package anew, with hashes
	@.venv/bin/uv pip compile requirements-setup.in --generate-hashes --universal --python-version 3.11 \
	    --custom-compile-command "make lock" --quiet -o requirements-setup.txt
	@.venv/bin/uv pip compile requirements.in --generate-hashes --universal --python-version 3.11 \
	    --custom-compile-command "make lock" --quiet -o requirements.txt
	@.venv/bin/uv pip compile requirements-dev.in -c requirements.txt --generate-hashes --universal --python-version 3.11 \
	    --custom-compile-command "make lock" --quiet -o requirements-dev.txt
