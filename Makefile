# The two commands of the README are `make run` and `make test`; the rest is for those who work on the lab.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Several processes, each with its own servers; one that has nothing left to do takes tests from another.
TESTS := $(BIN)/pytest --numprocesses auto --dist worksteal
# What is imported is compiled then: to compile all of it takes as long as the rest of the installation.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile
# Nothing of the machine that pins is written down: not where it looks for packages, not its options.
PIN := $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header \
  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links

# Tests start hundreds of processes; each would compile all sources anew where the environment forbids to keep what it compiled.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup run test suite check lint types format sample shown docs lock bench clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

setup: $(VENV)/.ready ## prepare .venv with the command .venv/bin/lab

run: setup ## measure every scenario on embedded servers; writes results/<run>/
	$(BIN)/lab run --scenario all

test: $(VENV)/.ready-dev ## the tests that this machine can run, without the slow ones
	$(TESTS) -m "not slow"

suite: $(VENV)/.ready-dev ## all tests, the slow ones as well
	$(TESTS)

check: lint types suite ## everything that CI runs: format, lint, spelling, types, all tests

lint: $(VENV)/.ready-dev ## format, lint and spelling of the sources, and the shell scripts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/shellcheck .ci/* tests/images/build tests/images/entrypoint
	$(BIN)/codespell

types: $(VENV)/.ready-dev ## mypy --strict
	$(BIN)/mypy

format: $(VENV)/.ready-dev ## let ruff format the code and mend what it can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup ## the lab's own speed, as ratios
	$(BIN)/python -m benchmarks.load
	$(BIN)/python -m benchmarks.analysis

sample: setup ## measure the run that git keeps, and what the documents show of it
	rm -rf build/sample && $(BIN)/lab run --scenario all --thorough --size 128MB --out build/sample
	rm -rf results/sample && mv build/sample/* results/sample
	$(MAKE) shown

shown: setup ## make again what the documents show of the sample run
	mkdir -p build && $(BIN)/lab report results/sample --pictures docs/pictures > build/sample.txt
	$(BIN)/lab attach results/sample README.md --pick
	$(BIN)/lab attach results/sample docs/sample.md
	$(BIN)/lab discover --profile 2026-02-17 --run results/sample --out docs/example/DISCOVERY.md
	$(BIN)/lab schema --out docs/schemas --attach docs/json.md

docs: $(VENV)/.ready-docs ## build the documents as a site: build/site/index.html
	rm -rf build/pages && mkdir -p build/pages
	cp --parents -r README.md CONTRIBUTING.md CHANGELOG.md LICENSE docs results/README.md results/sample/*.md results/sample/report.html build/pages
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

lock: | $(VENV)/.made ## pin the dependencies of pyproject.toml again
	$(BIN)/python -m pip install --quiet pip-tools
	$(PIN) --output-file requirements.lock pyproject.toml
	$(PIN) --extra dev --output-file requirements-dev.lock pyproject.toml
	$(PIN) --constraint requirements-dev.lock --extra docs --output-file requirements-docs.lock pyproject.toml

clean: ## remove the environment and what killed runs left behind
	-$(BIN)/lab clean
	rm -rf $(VENV)

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "The lab needs Python 3.11 or newer; name one with make PYTHON=…")'
	$(PYTHON) -m venv --clear $(VENV)
	touch $@

$(VENV)/.ready: requirements.lock pyproject.toml | $(VENV)/.made
	$(INSTALL) --require-hashes --requirement requirements.lock
	$(INSTALL) --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.ready-dev: requirements-dev.lock $(VENV)/.ready
	$(INSTALL) --require-hashes --requirement requirements-dev.lock
	touch $@

$(VENV)/.ready-docs: requirements-docs.lock $(VENV)/.ready
	$(INSTALL) --require-hashes --requirement requirements-docs.lock
	touch $@
