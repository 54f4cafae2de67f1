# The commands of duetto; `make help` lists them. CI and pre-commit call these targets and nothing else.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
RUN := $(VENV)/bin/python
# A copy of what was installed: set-up is redone when it differs.
USED := $(VENV)/.requirements
USED_DEV := $(VENV)/.requirements-dev
REQUIREMENTS := requirements.txt requirements-base.txt
QUICK := not slow and not parity and not gpu and not weights and not battery and not cluster

.PHONY: help setup setup-dev train test quick lint check format docs test-all test-cluster battery smoke reproduce findings clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

setup: ## make .venv from requirements.txt (nothing to do: says nothing)
	@cat $(REQUIREMENTS) | cmp -s - $(USED) 2>/dev/null || { \
	  echo "Setting up $(VENV): about 5.5 GB, some minutes ..."; \
	  $(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] < (3, 11))' || { echo "error: Python 3.11 or newer is needed; set PYTHON=..."; exit 2; }; \
	  $(PYTHON) -m venv $(VENV) || { echo "error: cannot make a virtual environment; on Debian: apt install python3-venv python3-dev g++"; exit 2; }; \
	  $(RUN) -m pip install --quiet --disable-pip-version-check -r requirements.txt && \
	  $(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . && \
	  $(RUN) -m pip check && cat $(REQUIREMENTS) > $(USED); }

setup-dev: setup
	@cmp -s requirements-dev.txt $(USED_DEV) 2>/dev/null || { \
	  $(RUN) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt && cp requirements-dev.txt $(USED_DEV); }

train: setup ## train RVC on case B, score it, write its page
	@$(RUN) train.py model=rvc data=case_b

test: setup-dev ## all tests that this machine can run (quick, slow, parity)
	@$(RUN) -m pytest -m "not gpu and not weights and not battery and not cluster" -n 2 --dist loadfile

quick: setup-dev ## the quick tests, under three minutes
	@$(RUN) -m pytest -m "$(QUICK)" -n 2 --dist loadfile

lint: setup-dev ## format, lint, types, layers, dead code: what runs before a commit
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy
	@PATH=$(CURDIR)/$(VENV)/bin:$$PATH lint-imports --no-cache 2>&1 | tail -4; exit $${PIPESTATUS[0]}
	@$(VENV)/bin/vulture

check: lint quick ## lint, then the quick tests

format: setup-dev ## put code into house style
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/ruff check --fix .

docs: setup-dev ## build the documentation site into site/, without a network
	@NO_MKDOCS_2_WARNING=1 $(RUN) -m mkdocs build --strict --quiet
	@echo "site/ is built. To read it: $(RUN) -m http.server -d site 8000, then http://localhost:8000"

test-all: setup-dev ## every test; those that need a GPU or outside weights say how to run them
	@$(RUN) -m pytest -m "not battery and not cluster" -n 2 --dist loadfile

test-cluster: setup-dev ## sweeps on a real Slurm of one node and a real Ray, which the tests start (apt-get install slurm-wlm munge; pip install ray)
	@PATH=$$PATH:/usr/sbin $(RUN) -m pytest -m cluster -n 0

KILLS ?= 100
battery: setup-dev ## kill, starve and damage real commands (docs/reliability.md); KILLS=17 for fewer kills, resumes where it was stopped
	@KILLS=$(KILLS) $(RUN) -m pytest tests/battery -m battery

smoke: setup ## a complete run of some steps, to see that everything works
	@$(RUN) train.py model=rvc data=case_b trainer=smoke eval=quick logger=none

# docs/reproducing.md says what each of these writes. What was finished before is skipped, what was stopped resumes.
STUDIES := register_quick tempo_leakage_quick cleaning_dose_quick continuity_quick bottleneck_quick architectures_quick
reproduce: setup ## what docs/results holds and needs nothing from outside: some hours; STUDIES=register_quick for fewer
	@$(RUN) sweep.py model=rvc data=case_b preprocess=none,full
	@$(RUN) train.py model=diffsvc data=case_b
	@for study in $(STUDIES); do $(RUN) sweep.py study=$$study && $(RUN) -m duetto study $$study || exit 1; done
	@$(RUN) -m benchmarks.study_statistics
	@for model in rvc diffsvc; do $(RUN) benchmarks/minutes.py --models $$model --threads 1 --data-run-minutes 2 --output docs/results/bases/$$model || exit 1; done
	@$(RUN) benchmarks/shapes.py --models rvc --minutes 3
	@$(RUN) benchmarks/shapes.py --models diffsvc --minutes 2
	@$(RUN) benchmarks/shapes.py --models vocoder --minutes 1.5
	@$(RUN) benchmarks/rvc.py
	@$(RUN) benchmarks/diffsvc.py

findings: ## what real libraries do that one would not guess (downloads packages, some minutes)
	@for script in findings/*.sh; do echo "== $$script"; bash $$script || exit 1; done

clean: ## remove caches, not runs
	@rm -rf data site .mypy_cache .ruff_cache .pytest_cache
