# `make verify` runs the main job, `make test` the tests; both set up .venv on their own.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
JOBS ?= 2

.PHONY: verify test test-deep soundness bench gpu lint clean

verify: $(READY)
	$(BIN)/hardmax verify --examples 50000 --jobs $(JOBS) --kernels numpy,compiled,torch --reviews --out out --overwrite --report
	$(BIN)/hardmax paper 2407.01602
	$(BIN)/hardmax paper 2508.09628

# The test processes share the cores among themselves: threads that wait for one another would only slow them down.
test test-deep: export OMP_NUM_THREADS := 1

test: $(READY)
	$(BIN)/python -m pytest -n $(JOBS) -m "not deep"

test-deep: $(READY)
	$(BIN)/python -m pytest -n $(JOBS) -m deep

# What float kernels prove against exact arithmetic: SOUNDNESS="numpy --count 1000000 --seed 7 --large 1000"
SOUNDNESS ?= --count 100000 --large 100
soundness: $(READY)
	$(BIN)/python -W ignore -m tests.kernels.soundness $(SOUNDNESS)

# Saved in .benchmarks, and compared with the run before.
bench: $(READY)
	$(BIN)/python -m pytest tests/benchmarks --benchmark-only -p no:xdist -o python_files='bench_*.py' \
		--benchmark-autosave $(if $(wildcard .benchmarks),--benchmark-compare)

# Everything that needs a CUDA device, in under five minutes; --dry-run runs it on the CPU with few checks.
gpu: $(READY)
	$(BIN)/python -m tests.gpu $(GPU)

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[all,test,browser,lint]'
	touch $@

clean:
	rm -rf $(VENV) out .hypothesis .pytest_cache .ruff_cache .benchmarks
