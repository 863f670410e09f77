# Every target does its own set-up: on a fresh machine `make demo` or `make test` is all it takes.

VENV := .venv
BIN := $(VENV)/bin

# Someone else's paths must not get in between the tests and this tree.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV MICROPYPATH

# A virtual environment holds absolute paths: one that came here with a copied or moved tree is not
# taken for ours, so the stamp carries the place.
PLACE := $(shell printf '%s' '$(CURDIR)' | cksum | cut -d' ' -f1)
READY := $(VENV)/.ready-$(PLACE)

# The first interpreter that starts, is at least 3.11 and can make an environment. A name on the PATH
# may be a shim that does not start. Choose another one with `make PYTHON=...`.
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3 \
        /usr/bin/python3.11 /usr/local/bin/python3.11 /usr/bin/python3; do \
    "$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
        >/dev/null 2>&1 && { echo "$$python"; break; }; done)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup demo bench bench-tilt bench-link bench-start bench-store bench-chip chip \
    chip-all rig campaign cuts test lint lint-rules lint-format \
    types types-firmware types-host pytest trace soak \
    format explore coverage mutation fuzz protocol reference clean

help: ## say what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

setup: $(READY) ## make .venv with everything in it (quick when it is there)

$(READY): pyproject.toml .ci/micropython_stubs.py
	@test -n '$(PYTHON)' || { echo 'There is no Python 3.11 or newer with venv here.' \
	    'Install it (Debian: apt install python3.11 python3.11-venv)' \
	    'or name one: make PYTHON=/path/to/python3.11 setup' >&2; exit 1; }
	@test -e $(READY) || { echo 'Making $(VENV) with $(PYTHON)'; '$(PYTHON)' -m venv --clear $(VENV); }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	$(BIN)/python .ci/micropython_stubs.py $(VENV)/micropython-stubs
	@touch $(READY)

demo: $(READY) ## a whole prescribed session on the virtual table
	$(BIN)/itable demo $(ARGS)

# All gates are run, also after one has failed: one run tells everything. The tests come last, so that
# their summary closes the output.
test: $(READY) ## every gate: ruff, types, tests
	@$(MAKE) --no-print-directory --keep-going lint types pytest

lint: lint-rules lint-format ## ruff: rules and format

lint-rules: $(READY)
	$(BIN)/ruff check .

lint-format: $(READY)
	$(BIN)/ruff format --check .

types: types-firmware types-host ## mypy: firmware against the MicroPython stubs, the rest against CPython

types-firmware: $(READY)
	$(BIN)/mypy --config-file mypy.firmware.ini

types-host: $(READY)
	$(BIN)/mypy

pytest: $(READY) ## the tests alone; choose with ARGS='-k name'
	$(BIN)/pytest tests hil_tests -n 2 --dist worksteal --timeout 300 --durations 10 $(ARGS)

trace: $(READY) ## write docs/traceability.md: hazard, requirement, code, test
	$(BIN)/python -m tests.project.traceability

explore: $(READY) ## walk every reachable state of the kernel; find every planted defect
	$(BIN)/python -m tests.explore $(ARGS)

coverage: $(READY) ## every line and branch of the safety code is tested (a part of `make test`)
	$(BIN)/python -m tests.project.coverage_gate

mutation: $(READY) ## change the safety code in every small way: each time a test must fail
	$(BIN)/python -m tests.mutation $(ARGS)

# atheris is for the long run alone; where there is no wheel of it the rest is run without.
fuzz: $(READY) ## hostile bytes for the link: a search on CPython, a million frames for MicroPython
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fuzz]' || true
	$(BIN)/python -m tests.fuzz $(ARGS)

protocol: $(READY) ## write the generated part of docs/protocol.md
	$(BIN)/python -m tests.project.protocol_page

reference: $(READY) ## write docs/reference.md and the man page docs/itable.1
	$(BIN)/python -m tests.project.reference_page

cuts: $(READY) ## cut the power at every flash operation, in every way: nothing stored is lost
	$(BIN)/python -m tests.cuts $(ARGS)

bench: $(READY) ## what the tick costs, how fast the virtual table runs, how well it tracks
	$(BIN)/python -m tests.benchmarks

bench-tilt: $(READY) ## the estimator beside VQF, Fusion, Madgwick, Mahony and a complementary filter
	$(BIN)/python -m tests.benchmarks.tilt $(ARGS)

bench-link: $(READY) ## pulling the log against the bare link and mpremote; decoding
	$(BIN)/python -m tests.benchmarks.link

bench-start: $(READY) ## how long itable takes to start, beside mpremote
	$(BIN)/python -m tests.benchmarks.start_up

rig: $(READY) ## the bench tests through the rig's firmware: rig and controller as two processes
	$(BIN)/pytest --bench rig hil_tests -n 2 --dist worksteal --timeout 900 $(ARGS)

bench-store: $(READY) ## lists, searches and charts with 10,000 sessions kept, on SQLite and PostgreSQL
	$(BIN)/python -m tests.benchmarks.store $(ARGS)

bench-chip: $(READY) ## where the time of the control tick goes on the emulated chip
	$(BIN)/python -m tests.benchmarks.chip_tick $(ARGS)

CHIP_TESTS := chip chip_port heartbeat limits link power_cuts session tilt

chip: $(READY) ## the firmware on an emulated RP2040: does it boot, fit and keep time (docs/chip.md)
	$(BIN)/pytest $(CHIP_TESTS:%=hil_tests/test_%.py) \
	    hil_tests/test_agreement.py::test_chip_and_virtual_bench_agree \
	    --bench chip -s -rs --timeout 1800 --hil-report build/chip $(ARGS)

chip-all: $(READY) ## every bench test that an emulated RP2040 can run; hours with ARGS='--bench-option minutes=yes'
	$(BIN)/pytest hil_tests --bench chip -n 2 --dist worksteal -rs --timeout 3600 \
	    --hil-report build/chip-all $(ARGS)

campaign: $(READY) ## every fault in every phase on the virtual table; goes on where it was interrupted
	$(BIN)/python -m table_bench.campaign run --out build/campaign $(ARGS)

soak: $(READY) ## eight hours at one virtual table: no drift, no growth, no missed tick (ARGS='--hours 1')
	$(BIN)/python -m table_bench.soak --out build/soak $(ARGS)

format: $(READY) ## let ruff put the source in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## remove what was made here, .venv too
	rm -rf $(VENV) build dist itable-demo htmlcov .coverage .coverage.* .hypothesis
	rm -rf .mypy_cache .pytest_cache .ruff_cache
	find firmware host_tools hil_tests tests .ci -type d -name __pycache__ -exec rm -rf {} +
