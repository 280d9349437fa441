# SPDX-License-Identifier: GPL-3.0-or-later
# `make demo` and `make test` do all set-up by themselves. PYTHON=python3.13 uses another interpreter
# and an environment of its own.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory
SHELL := /bin/bash

PYTHON ?= python3
VENV := .venv$(patsubst python%,-%,$(filter-out python3 python,$(notdir $(PYTHON))))
BIN := $(VENV)/bin
RUN := env PYTHONPATH="$(CURDIR)/collections:$(CURDIR)/tests" PATH="$(CURDIR)/$(BIN):$$PATH"
# replay needs no PowerShell; engine runs the collectors in one (LAB_PWSH, or pwsh on PATH).
LAB_BACKEND ?= replay
export LAB_BACKEND

COLLECTION := collections/compliance_agent
VERIFIER := $(COLLECTION)/plugins/plugin_utils/evidence/verify.py
EVIDENCE ?= $(or $(HIPAA_EVIDENCE_DIR),evidence)
WORKERS ?= 2
PYTEST_ARGS ?=

# One environment, two steps: the demo needs the first lock only, the second contains it.
DEMO_READY := $(VENV)/.ready-demo
TEST_READY := $(VENV)/.ready-test

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(DEMO_READY): requirements.lock
	@$(PYTHON) tests/tools/make_venv.py $(VENV) $<
	@touch $@

$(TEST_READY): requirements-dev.lock
	@$(PYTHON) tests/tools/make_venv.py $(VENV) $<
	@touch $@ $(DEMO_READY)

.PHONY: demo
demo: $(DEMO_READY) ## Check and heal eight simulated Windows hosts, verify the evidence (LAB_BACKEND=engine: through PowerShell)
	@$(RUN) $(BIN)/python -m lab.demo

.PHONY: test
test: $(TEST_READY) ## Run every test that can run here; what lacks a tool is named as skipped
	@$(RUN) $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)

.PHONY: test-connection
test-connection: $(TEST_READY) ## Run the connection tests only, for PYTHON=python3.13 and its newer ansible-core
	@$(RUN) $(BIN)/python -m pytest -m connection tests/integration $(PYTEST_ARGS)

.PHONY: lint
lint: $(TEST_READY) ## Check style, types, YAML and changelog fragments
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(RUN) $(BIN)/mypy
	@$(BIN)/yamllint --strict .
	@cd $(COLLECTION) && PATH="$(CURDIR)/$(BIN):$$PATH" antsibull-changelog lint
	@echo "lint: clean"

.PHONY: sanity
sanity: $(TEST_READY) ## Run ansible-lint (production) and ansible-test sanity, and build the collection
	@$(RUN) $(BIN)/ansible-lint --strict
	@$(RUN) tests/tools/ansible_test.sh sanity
	@$(BIN)/ansible-galaxy collection build $(COLLECTION) --output-path .cache/build --force

.PHONY: verify
verify: export VERIFY_KEY := $(KEY)
verify: export VERIFY_CHECKPOINT := $(CHECKPOINT)
verify: ## Verify the evidence of a site: SITE=clinic-001 KEY=FILE_OR_LINE [EVIDENCE=evidence] [CHECKPOINT=FILE]
	@own="$$HOME/.config/hipaa-compliance-agent/$(SITE).pub"; \
	key="$${VERIFY_KEY:-$$([ -f "$$own" ] && echo "$$own")}"; \
	if [ -z "$(SITE)" ] || [ -z "$$key" ]; then \
	  echo "usage: make verify SITE=clinic-001 KEY=FILE_OR_LINE [EVIDENCE=evidence] [CHECKPOINT=FILE]"; \
	  echo "KEY is the site's public key, from elsewhere than the evidence; by default $$own, if it is there."; \
	  exit 2; \
	fi; \
	$(or $(wildcard $(BIN)/python),$(PYTHON)) $(VERIFIER) "$(EVIDENCE)/$(SITE)" --key "$$key" \
	  $${VERIFY_CHECKPOINT:+--checkpoint "$$VERIFY_CHECKPOINT"}

.PHONY: lab
lab: $(DEMO_READY) ## Start the simulated hosts of the demo and leave them running
	@$(RUN) $(BIN)/python -m lab serve --backend $(LAB_BACKEND)

.PHONY: record
record: $(TEST_READY) ## Record anew what checks and repairs of the demo answer; needs PowerShell
	@$(RUN) $(BIN)/python -m lab record

.PHONY: docs
docs: $(TEST_READY) ## Write what docs/ and rules/schemas derive from the code: JSON schemas, finding codes, policy keys
	@$(RUN) $(BIN)/python -m tools.export_schemas
	@$(RUN) $(BIN)/python -m tools.export_rule_schemas
	@$(RUN) $(BIN)/python -m tools.reference_docs

.PHONY: bench
bench: $(TEST_READY) ## Measure check.yml against a single win_ping, and the ledger, verifier, scrubber, index, rules and planner
	@for part in bench bench.sealing bench.ledger bench.verify bench.phi bench.store bench.rules bench.planner; do \
	  echo "== $$part"; $(RUN) $(BIN)/python -m $$part || failed="$$failed $$part"; \
	done; test -z "$$failed" || { echo "over its target:$$failed"; exit 1; }

.PHONY: lock
lock: $(TEST_READY) ## Resolve the dependencies of pyproject.toml anew and pin them by hash
	@$(BIN)/python tests/tools/lock.py $(BIN)/uv

.PHONY: clean
clean: ## Remove what the tools made; evidence and keys stay
	rm -rf .venv .venv-* .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis .ansible
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
