# Everything a person does with this checkout.  `make run` is the main job, `make test` the whole check; both set up first.
# Needs make and Python >= 3.11, nothing else.  What can be set:  make run PORT=8080   make advice CHART=my.chart NOW=2026-05-02T09:00
#                                                                 make test PYTHON=python3.12 WORKERS=1 ARGS='-k reservoir'

PYTHON  ?= python3
CHART   ?= examples/02-spinal-cord-injury-pump.chart
NOW     ?= 2026-05-02T09:00
PAGE    ?= out/advice.html
PORT    ?= 8000
WORKERS ?= 2
ARGS    ?=
UPGRADE ?=
CHARTS  ?= 100000

BIN := .venv/bin
PIP := -m pip --disable-pip-version-check --no-input

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: setup run advice test lint bench hazards laws crash mutants validation calibration nuts studies wheel lock examples docs clean help

help: ## what can be made
	@sed -n 's/^\([a-z ]*\):.*## /  make \1\t/p' Makefile | expand -t 22

setup: .venv/.compiled ## .venv with the locked packages, this checkout, and its kernels compiled

run: setup ## the main job: the demo clinic in a browser; it begins with its address (PORT=... for another port)
	@$(BIN)/eutonia serve --demo --port $(PORT)

advice: setup ## the advice on one example chart, and the page of it
	@mkdir -p $(dir $(PAGE))
	$(BIN)/eutonia advise $(CHART) --now $(NOW) --page $(PAGE)

# By group, so that what is built once for a file of tests (the wheel) is built by one worker only.
test: lint .venv/.public ## lint, then every test: cases, laws, oracles, hazards, doors, and the examples in the docstrings
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(ARGS)

lint: setup ## style, layout and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup ## the workloads, each beside a peer; one JSON line a result
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks

hazards: setup ## the hazard table against its tests
	$(BIN)/python tools/hazards.py

laws: setup ## the laws of guard, unknown facts and plans over 100,000 generated charts (CHARTS=... for another number); slow, not in CI
	EUTONIA_CHARTS=$(CHARTS) $(BIN)/python -m pytest -q tests/laws/test_guard.py tests/laws/test_strictness.py -k "no_plan or strictness"

mutants: setup ## are the tests awake? small faults are put in, and each must be caught
	$(BIN)/python tools/mutants.py

crash: setup ## a writer to the ledger is killed 1,000 times, at any instant; slow, not in CI
	EUTONIA_CRASHES=1000 $(BIN)/python -m pytest -q tests/ledger/test_damage.py -k killed

validation: setup ## what was observed beside what the models give: docs/validation.md
	$(BIN)/python tools/validation.py

calibration: setup ## are the estimates honest? 1,000 drawn patients a design, each estimated: docs/calibration.md; slow, not in CI
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tools.calibration

nuts: setup ## the posterior of twenty drawn patients beside NumPyro's NUTS on the same density: docs/nuts.md; slow, not in CI
	$(call make_venv,out/nuts)
	out/nuts/bin/python $(PIP) install --quiet --require-hashes --only-binary :all: -r requirements/nuts.lock
	$(BIN)/python -m tools.nuts

studies: setup ## the shipped studies, and what they answer: docs/studies.md
	$(BIN)/python tools/studies.py

examples docs: setup ## the examples' answers and the pages that quote them, written anew
	$(BIN)/python tools/docs.py
	$(BIN)/python tools/models.py

wheel: setup ## dist/eutonia-*.whl
	$(BIN)/python -m build --wheel --no-isolation --outdir dist

# Keeps the versions that the locks already have, unless asked:  make lock UPGRADE=--upgrade
# uv, because it locks for every Python and every machine at once.  It has a lock of its own and never enters .venv.
lock: ## requirements/*.lock from pyproject.toml
	$(call make_venv,out/locker)
	out/locker/bin/python $(PIP) install --quiet --require-hashes --only-binary :all: -r requirements/locker.lock
	$(call compile,run,pyproject.toml)
	$(call compile,dev,pyproject.toml --group dev -c requirements/run.lock)
	$(call compile,locker,--group lock)
	$(call compile,nuts,--group nuts)

clean: ## away with all that make made
	rm -rf .venv out dist .mutants .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find eutonia tests tools benchmarks -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

# -- how .venv comes about ---------------------------------------------------------------------------------------------

# Made from nothing whenever the lock changes, so that nothing stays that the lock no longer names.
.venv/.locked: requirements/dev.lock
	$(call make_venv,.venv)
	$(BIN)/python $(PIP) install --quiet --require-hashes --only-binary :all: -r requirements/dev.lock
	@touch $@

# The build backend is in the lock, so nothing is downloaded here.
.venv/.project: .venv/.locked pyproject.toml
	$(BIN)/python $(PIP) install --quiet --no-index --no-deps --no-build-isolation --editable .
	@touch $@

# The kernels of the body are compiled here, so that nobody's first prediction waits for it.
.venv/.compiled: .venv/.project $(wildcard eutonia/body/*.py)
	rm -f eutonia/body/__pycache__/*.nb[ic] # numba does not see a change in another file
	$(BIN)/python -m eutonia.body.warm
	@touch $@

# Somebody else's data with somebody else's answers, for the tests: the wheel is opened, not installed.
.venv/.public: .venv/.locked requirements/public.lock
	$(BIN)/python $(PIP) download --quiet --require-hashes --only-binary :all: --no-deps --dest .venv/public -r requirements/public.lock
	@touch $@

# $(1): the lock; $(2): what is to be in it.
define compile
	UV_CUSTOM_COMPILE_COMMAND='make lock' out/locker/bin/uv pip compile --quiet --no-progress --universal --python-version 3.11 \
	    --generate-hashes --only-binary :all: $(UPGRADE) --output-file requirements/$(1).lock $(2)
endef

# $(1): the folder.  Debian's python3 cannot make a virtual environment until python3-venv is there: install it where we may.
define make_venv
	@command -v $(PYTHON) >/dev/null || { echo "There is no '$(PYTHON)' here. Eutonia needs Python 3.11 or newer;" \
	    "install it, or say where it is: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "'$(PYTHON)' is $$($(PYTHON) --version 2>&1)." \
	    "Eutonia needs Python 3.11 or newer; say where one is: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 1; }
	@rm -rf $(1)
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	    if [ "$$(id -u)" = 0 ]; then as_root=; else as_root='sudo -n'; fi; \
	    command -v apt-get >/dev/null && $$as_root true 2>/dev/null && { \
	        echo "This Python cannot make virtual environments yet: installing python3-venv." >&2; \
	        $$as_root apt-get update -qq && \
	        $$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y python3-venv </dev/null; }; \
	    $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	        echo "'$(PYTHON)' cannot make virtual environments: its modules venv and ensurepip are missing." \
	             "On Debian or Ubuntu: apt-get install python3-venv (as root), then make $(MAKECMDGOALS) again." >&2; exit 1; }; }
	$(PYTHON) -m venv $(1)
endef
