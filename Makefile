# The laboratory's verbs, the same for people and for CI. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
EXPERIMENT ?= experiments/classic.toml
RESULTS ?= tests/results
REPORTS ?= tests/reports
# QUICK=1 shortens each scenario to 10 s and 100 users.
# DEPLOY=compose runs the stack in containers.
RUN_FLAGS := $(if $(QUICK),--quick) $(if $(DEPLOY),--on $(DEPLOY))
# Most tests wait for something; a machine with little to spare takes fewer workers.
TEST_WORKERS ?= 3
CONTAINER_WORKERS ?= 2
SCALELAB := $(BIN)/scalelab
RUN := $(SCALELAB) run $(EXPERIMENT) --results $(RESULTS) $(RUN_FLAGS)

.PHONY: help
help: ## what there is
	@grep -hE '^[a-z0-9 -]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 46

.PHONY: install
install: $(STAMP) ## a virtual environment with everything, as locked

$(STAMP): pyproject.toml requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make install PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $(STAMP)

# --- the classic laboratory -------------------------------------------------------------------------------------
.PHONY: benchmark-all
benchmark-all: $(STAMP) ## the main job: four scenarios, each warmed up, then the report (QUICK=1: a short one)
	@status=0; $(RUN) || status=$$?; \
	case $$status in 0|3|4) ;; *) exit $$status;; esac; \
	$(SCALELAB) report --reports $(REPORTS) $(RESULTS)/latest || status=$$?; exit $$status

.PHONY: up1 up3
up1 up3: up%: $(STAMP) ## start a stack with 1 or 3 gateways in the background
	$(SCALELAB) up --experiment $(EXPERIMENT) --gateways $* --detach

.PHONY: down
down: $(STAMP) ## stop it
	$(SCALELAB) down

SCENARIO_1-miss := results_1_gateway_miss
SCENARIO_1-hit := results_1_gateway_hit
SCENARIO_3-miss := results_3_gateways_miss
SCENARIO_3-hit := results_3_gateways_hit

.PHONY: test1-miss test1-hit test3-miss test3-hit
test1-miss test1-hit test3-miss test3-hit: test%: $(STAMP) ## one scenario against the running stack
	$(RUN) --on-running default --only $(SCENARIO_$*)

.PHONY: run1-miss run1-hit run3-miss run3-hit
run1-miss run1-hit run3-miss run3-hit: run%: $(STAMP) ## one scenario: start, measure, stop
	$(RUN) --only $(SCENARIO_$*)

.PHONY: report
report: $(STAMP) ## rebuild the report from the newest results
	$(SCALELAB) report --reports $(REPORTS) $(RESULTS)/latest

# Takes less than half an hour; LESSONS="overload hedging" runs only those. FULL=1: not in the quick form.
.PHONY: lessons
lessons: $(STAMP) ## every lesson that ships, and one page over them
	@status=0; $(SCALELAB) lessons $(LESSONS) $(if $(FULL),--full) --results $(RESULTS)/lessons \
	  --reports $(REPORTS)/lessons || status=$$?; \
	case $$status in 3) ;; *) exit $$status;; esac # some lessons are about what is not steady

# --- development ------------------------------------------------------------------------------------------------
.PHONY: test
test: $(STAMP) ## all tests
	$(BIN)/pytest -n $(TEST_WORKERS) --dist loadfile

# Each property with so many examples, other ones each time; `make test` has a few of them, always the same.
FUZZ_EXAMPLES ?= 20000
.PHONY: fuzz
fuzz: $(STAMP) ## fuzz each parser of what comes from outside (FUZZ_EXAMPLES=20000)
	FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(BIN)/pytest -n $(TEST_WORKERS) --timeout 0 tests/fuzz

.PHONY: test-browser
test-browser: $(STAMP) ## the dashboard in a real browser (needs Debian's chromium, and npm for axe); pictures in tests/reports/browser
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r tests/browser/requirements.txt
	$(BIN)/pytest tests/browser

.PHONY: test-containers
test-containers: $(STAMP) ## a stack in containers, on a Docker engine of the tests' own (needs root and Debian's docker.io)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r tests/containers/requirements.txt
	$(BIN)/pytest -n $(CONTAINER_WORKERS) --dist loadfile tests/containers

.PHONY: test-cache-suite
test-cache-suite: $(STAMP) ## the public HTTP cache test-suite through a real stack (needs node and npm)
	$(BIN)/python tests/cache_suite/run.py

# wrk comes from the system, and the target says so where there is none. QUICK=1 prints, but writes nothing.
BENCH_FLAGS ?=
.PHONY: bench
bench: $(STAMP) ## this product beside its peers, written to benchmarks/RESULTS.md (BENCH_FLAGS: --install --long --only)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt
	$(BIN)/python -m benchmarks $(if $(QUICK),--quick,--output benchmarks/RESULTS.md) $(BENCH_FLAGS)

.PHONY: selftest
selftest: $(STAMP) ## prove the bench with servers whose truth is known
	$(SCALELAB) selftest

.PHONY: check
check: $(STAMP) ## style, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: docs
docs: $(STAMP) ## the documentation as a site in build/site; a warning, such as a link that leads nowhere, is an error
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs build/site

.PHONY: reference
reference: $(STAMP) ## bring the pages of docs/reference up to date that are read from the code
	$(BIN)/python -m scalelab.cli.reference docs/reference/commands.md
	$(BIN)/python -m scalelab.lab.experiment_reference docs/reference/experiment-file.md
	$(BIN)/python -m scalelab.lab.routes_reference docs/reference/routes-file.md
	$(BIN)/python -m scalelab.lab.metrics_reference docs/reference/metrics.md
	$(BIN)/python -m scalelab.lab.results_reference docs/reference/result-files.md

.PHONY: conformance
conformance: $(STAMP) ## docs/reference/conformance.md: the balancers' suite over every engine
	CONFORMANCE_PAGE=docs/reference/conformance.md $(BIN)/pytest -n $(TEST_WORKERS) --dist loadfile tests/engines/load_balancer

.PHONY: format
format: $(STAMP) ## mend the style
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: lock
lock: $(STAMP) ## lock the newest versions for development and CI
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --upgrade --no-header --no-annotate --python-version 3.11 \
	  pyproject.toml --extra dev --output-file requirements-dev.lock

.PHONY: clean
clean: ## remove the environment, caches and reports; results stay
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache $(REPORTS)
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: clean-results
clean-results: ## remove what was measured
	rm -rf $(RESULTS)
