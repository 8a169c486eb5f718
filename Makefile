# make lab    the course in JupyterLab          make test   everything that CI checks
# Needs Python 3.11+, git and make; the first run builds .venv and needs a network, later runs do not.

.DEFAULT_GOAL := help
.PHONY: help environment lab quick test lint check attack mutants coverage notebooks times site slides clean

BIN := .venv/bin
WORKERS ?= 2
LAB_ARGS ?=
SITE_ARGS ?=
TEST_ARGS ?=

# What a cell may take on an idle laptop before it counts as hanging; conftest.py fits it to this machine.
NBVAL := --nbval --nbval-current-env --nbval-cell-timeout 120 --nbval-sanitize-with tests/nbval_sanitize.cfg

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo '  options: LAB_ARGS="--no-browser --port 8889"  TEST_ARGS="-k witness"  WORKERS=4  PYTHON=python3.12'

environment: ## build .venv from uv.lock, or see that nothing changed
	@PYTHON="$(PYTHON)" .ci/environment

lab: environment ## open the course in JupyterLab at lesson 00
	@exec $(BIN)/a2u lab $(LAB_ARGS)

lint: environment ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

COVERED := a2u/training,a2u/pretrained,a2u/files
HELD := a2u/files/*,a2u/pretrained/*,a2u/training/run.py,a2u/training/run_folder.py,a2u/training/checkpoint.py,a2u/training/loop.py

coverage: environment ## which branches of training, pretrained and files their tests take; 90 % of what keeps runs and weights (minutes)
	OMP_NUM_THREADS=1 $(BIN)/python -m coverage run --branch --source=$(COVERED) -m pytest -q tests/training tests/pretrained tests/files
	$(BIN)/python -m coverage report
	$(BIN)/python -m coverage report --include="$(HELD)" --fail-under=90

quick: environment ## for every day: ruff and the library's tests, by the rules of tests/helpers/quick.py (minutes)
	$(BIN)/ruff check .
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile --quick tests $(TEST_ARGS)

test: lint check ## all checks: ruff, mypy, library, notebooks against their stored outputs, a real browser

attack: environment ## every attack on files, processes and operators, with its figures: tried, held (minutes)
	@OMP_NUM_THREADS=1 $(BIN)/python -m tests.attack $(ATTACK_ARGS)

mutants: environment ## small faults in formula, paths and metrics: does a test notice each? (MUTANTS_ARGS="--sample 5")
	@OMP_NUM_THREADS=1 $(BIN)/python -m tests.attack.mutants $(MUTANTS_ARGS)

times: environment ## seconds of each lesson and its longest cell beside their budgets (TEST_ARGS=--hold-to-budget: fail)
	$(BIN)/python -m pytest -q $(NBVAL) --ignore notebooks/solutions notebooks $(TEST_ARGS)

# One compute thread for each of two workers on two cores; the same when notebooks are built, so that stored
# numbers do not depend on the number of threads.
check quick notebooks times: export OMP_NUM_THREADS := 1

check: environment
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(NBVAL) --twice tests notebooks $(TEST_ARGS)

notebooks: environment ## build the notebooks from notebooks/source (NAMES="01_one_formula", ONLY=teacher)
	$(BIN)/python -m a2u.lessons.editions build $(NAMES) $(if $(ONLY),--only $(ONLY))

site: environment ## the lessons as pages that need no kernel and no network, in site/
	@OMP_NUM_THREADS=1 $(BIN)/a2u site $(SITE_ARGS)

slides: environment ## the lessons as slides alone, in slides/ (make site has them too)
	@OMP_NUM_THREADS=1 $(BIN)/a2u site --slides $(SITE_ARGS)

clean: ## remove caches and the environment; runs/ and the notebooks stay
	rm -rf .venv .uv .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist .site.build .slides.build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
