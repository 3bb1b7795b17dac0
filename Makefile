# The front desk. Each target sets up what it needs and says what it does.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Daemons are started by the thousand in the tests: their bytecode is kept, whatever the shell says.
unexport PYTHONDONTWRITEBYTECODE

INVENTORY ?= inventories/local.ini
PYTHON ?= /usr/bin/python3
VENV := .venv
BIN := $(VENV)/bin
PIP := LC_ALL=C.UTF-8 $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help deploy destroy test soak lint bench setup setup-dev lock

help: ## what can be done here
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.operator ## Debian packages and a virtual environment with what the installer needs
setup-dev: $(VENV)/.dev

$(VENV)/.operator: installer/locks/operator.lock pyproject.toml installer/setup-host installer/checkout
	@$(PYTHON) installer/checkout check "$$PWD"
	@installer/setup-host
	@[ -z "$(PREPARED)" ] || PYTHONPATH=images setsid --fork $(PYTHON) -m dcos_images.prepare $(PREPARED) >/dev/null 2>&1 </dev/null
	@echo "setup: virtual environment $(VENV) with the packages of installer/locks/operator.lock"
	@test -x $(BIN)/pip || LC_ALL=C.UTF-8 $(PYTHON) -m venv $(VENV)
	@$(PIP) --require-hashes --only-binary :all: -r installer/locks/operator.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@$(PYTHON) installer/checkout paths $(VENV)
	@touch $@

$(VENV)/.dev: installer/locks/dev.lock $(wildcard installer/dcos_installer/providers/*/built.lock) $(VENV)/.operator
	@installer/setup-host tests
	@echo "setup: what tests and lint need, from installer/locks/dev.lock"
	@$(PIP) --require-hashes --only-binary :all: -r installer/locks/dev.lock
	@touch $@

# What the first deploy has to wait for most is begun while the virtual environment is made.
deploy: PREPARED := $(if $(filter inventories/local.ini,$(INVENTORY)),machine)
deploy: setup ## bring up the cluster of $(INVENTORY) on this machine
	@$(BIN)/dcos-installer deploy $(INVENTORY)

destroy: setup ## take that cluster away, with all it left on this machine
	@$(BIN)/dcos-installer destroy --yes $(INVENTORY)

test: setup-dev ## every test, the ones on real machines included (20 minutes on two processors)
	@$(BIN)/python -m tests.side_by_side

soak: setup-dev ## long storms, fuzzing, and property tests with examples that nobody has tried
	@$(BIN)/python -m pytest -m "soak or hypothesis" --hypothesis-profile=random

lint: setup-dev ## formatting, style, types, arrows and circles of imports, dead code, YAML, roles
	@echo "lint: ruff, mypy, import-linter, circles, dead code, yamllint, ansible-lint"
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/lint-imports --no-cache
	@$(BIN)/python -m tests.support.circles
	@$(BIN)/python -m tests.support.unused
	@$(BIN)/yamllint --strict roles images inventories
	@PATH="$(CURDIR)/$(BIN):$$PATH" ANSIBLE_HOME="$(CURDIR)/build/ansible" $(BIN)/ansible-lint --offline -q roles

bench: setup-dev ## ratios and figures, measured side by side in one run
	@$(BIN)/python -m tests.bench

lock: setup-dev ## renew installer/locks: names, versions and hashes
	@installer/relock
