# Every target makes .venv and installs what it needs, from Python 3.11 or newer and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PEERS := .venv-peers
READY := $(VENV)/ready

# make fit RECORDING=cell.abf MODEL=adex OPTIONS="--current command --current-scale 10"
RECORDING ?=
MODEL ?= hh
OPTIONS ?=
NAME := $(basename $(notdir $(RECORDING)))
OUT ?= out$(if $(RECORDING),/$(NAME)_$(MODEL))

.PHONY: fit test test-slow check format notebooks bench bench-compare bench-peers fit-quality clean

fit: $(READY)
ifeq ($(strip $(RECORDING)),)
	$(BIN)/python fitting/current_clamp.py --out "$(OUT)"
else
	$(BIN)/diffneuro fit "$(RECORDING)" --model "$(MODEL)" --out "$(OUT)" $(OPTIONS)
endif

test: $(READY)
	$(BIN)/python -m pytest -n 2 --dist worksteal

test-slow: $(READY)
	$(BIN)/python -m pytest -m slow -n 2 --dist worksteal

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright
	$(BIN)/python -m pytest tests/test_architecture.py

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

notebooks: $(READY)
	$(BIN)/jupyter nbconvert --to notebook --execute --inplace notebooks/*.ipynb

# Results of the machine at hand, with the targets; SECTIONS="memory cores" measures only these.
bench: $(READY)
	$(BIN)/python -m benchmarks $(SECTIONS)

bench-compare: bench
	$(BIN)/python -m benchmarks.compare

bench-peers: $(READY) $(PEERS)/ready
	$(BIN)/python -m benchmarks.peers
	$(BIN)/python -m benchmarks.networks

# Ways to fit on recorded cells; OPTIONS="--cells 555060623 --seeds 0" does only these.
fit-quality: $(READY) $(PEERS)/ready
	$(BIN)/python -m benchmarks.fit_quality $(OPTIONS)

# Other simulators pin what they need, so they live in an environment of their own.
$(PEERS)/ready: benchmarks/peers/requirements.txt
	$(PYTHON) -m venv $(PEERS)
	echo '*' > $(PEERS)/.gitignore
	$(PEERS)/bin/python -m pip install --quiet --upgrade pip
	$(PEERS)/bin/python -m pip install --quiet --requirement $<
	touch $@

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache

$(READY): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "diffneuro needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@
