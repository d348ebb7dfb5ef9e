# Headgate: everything a person or a machine runs in a checkout. `make help` lists it.
.DEFAULT_GOAL := help
.PHONY: help run test story-github histories check format docs bench lock clean FORCE

BIN := .venv/bin
# Tests of these marks need seconds or a server; `.ci/run` runs them.
QUICK := not slow and not cluster and not postgres and not browser and not emulate
# One more than there are processors, as some tests wait.
WORKERS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); echo $$((n + 1)))

# Without what Python has compiled, every process of every test would compile everything again; `make clean` removes it.
unexport PYTHONDONTWRITEBYTECODE

# A moved checkout, or one without .venv, is set up again.
ifneq ($(shell cat .venv/.place 2>/dev/null),$(CURDIR))
MOVED := FORCE
endif

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: .venv/.runtime ## Run the demo: a sample repository, merged and run on this machine (ARGS="--once" ends by itself)
	@exec $(BIN)/headgate demo $(ARGS)

test: .venv/.dev ## Run the quick tests in parallel (ARGS="-k churn" chooses)
	@$(BIN)/python -m pytest -n $(WORKERS) -q -m "$(QUICK)" $(ARGS)

story-github: .venv/.dev ## Tell the same story on a GitHub of our own: webhooks, checks, Git over HTTP
	@$(BIN)/python -m tests.github.story

histories: .venv/.dev ## Play N random histories from SEED and hold the laws against them (N=1000 SEED=1 FAMILY=core|github)
	@$(BIN)/python -m tests.histories $(or $(N),1000) $(or $(SEED),1) --family $(or $(FAMILY),core) $(ARGS)

check: .venv/.dev ## Format, lint, types and architecture
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q tests/test_architecture.py

format: .venv/.dev ## Format the code and mend what the linter can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: .venv/.dev ## Write the pages and schemas that are made from code
	@HEADGATE_WRITE_DOCS=1 $(BIN)/python -m pytest -q -k current tests/docs tests/reconciler/flows tests/console

bench: .venv/.dev ## Measure, print a table, write build/bench.json; fails when a bar does not hold
	@$(BIN)/python -m benchmarks.run $(ARGS)

lock: .venv/.dev ## Pin the dependencies again (ARGS="--upgrade" takes newer ones)
	@.ci/lock $(ARGS)

clean: ## Remove what the commands above made
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.runtime: requirements.lock pyproject.toml .ci/set-up $(MOVED)
	@PYTHON="$(PYTHON)" .ci/set-up requirements.lock
	@touch $@

.venv/.dev: requirements.lock requirements-dev.lock pyproject.toml .ci/set-up $(MOVED)
	@PYTHON="$(PYTHON)" .ci/set-up requirements-dev.lock
	@touch .venv/.runtime $@

FORCE:
