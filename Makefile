# Everything here works in a fresh clone: each target makes the environment that it needs in .venv and reuses it.

PYTHON ?= python3.11
# More options for pip, an index with CPU builds of torch for example: they save 2 GB on Linux.
PIP_OPTIONS ?=
TORCH ?= torch==2.13.0

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
# Blender 4.5 LTS, for the add-on's tests alone: no torch. What they need besides the package's own libraries.
LTS := .venv-lts
LTS_NEEDS := 'bpy==4.5.*' onnx 'ml-dtypes<0.6' pytest
PACKAGES := addon nets scenes synth

.DEFAULT_GOAL := help
.PHONY: help env env-lts demo test test-unit test-nets test-headless test-lts gui-test slurm-test soak-test extension lint clean

help: ## show this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 24

env: $(READY) ## make .venv with relight-stage in it (Python 3.11)

# Brought up to date in place when pyproject.toml changes; started afresh only where there is no Python that runs.
$(READY): pyproject.toml
	@$(BIN)/python -c '' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV) || \
		{ echo "Python 3.11 is needed, bpy has wheels for no other: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(BIN)/python -m pip install -qq --disable-pip-version-check $(PIP_OPTIONS) $(TORCH) -e '.[render,train,dev]'
	@touch $@

env-lts: $(LTS)/ready ## make .venv-lts with Blender 4.5 LTS in it

$(LTS)/ready: pyproject.toml
	@$(LTS)/bin/python -c '' 2>/dev/null || $(PYTHON) -m venv --clear $(LTS)
	$(LTS)/bin/python -m pip install -qq --disable-pip-version-check $(PIP_OPTIONS) $(LTS_NEEDS) -e .
	@touch $@

demo: $(READY) ## render, check and relight a little of everything: demo/contact_sheet.png
	$(BIN)/python scripts/demo.py demo

test: test-unit test-nets test-headless ## all tests that need no window

test-unit: $(READY) ## laws of the plain code (neither bpy nor torch)
	$(BIN)/python -m pytest tests/unit

test-nets: $(READY) ## laws of the networks (torch)
	$(BIN)/python -m pytest tests/nets

test-headless: $(READY) ## laws of light, with real Cycles (bpy)
	$(BIN)/python -m pytest tests/headless

test-lts: $(LTS)/ready ## the add-on's tests in Blender 4.5 LTS (bpy)
	$(LTS)/bin/python -m pytest -rs -m addon tests/headless

gui-test: $(READY) extension ## click through the panel in a real Blender 5.2 (needs root and Debian)
	scripts/gui_blender.sh >/dev/null
	$(BIN)/python -m pytest -rs tests/gui

slurm-test: $(READY) ## send a dataset through a real one-node Slurm (needs root and Debian)
	scripts/slurm.sh $(BIN)/python -m pytest -rs tests/slurm

soak-test: $(READY) ## render 40 samples while workers are killed at random
	RELIGHT_STAGE_SOAK=1 $(BIN)/python -m pytest -s tests/headless/test_farm.py -k random

extension: $(READY) ## build and validate dist/relight_stage-*.zip for this machine; ALL=1 for every platform
	$(BIN)/python scripts/extension.py $(if $(ALL),--all)

# mypy wants a folder that is named like the package; the link sits where nothing else looks.
lint: $(READY) ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@mkdir -p $(VENV)/typing && ln -sfn ../.. $(VENV)/typing/relight_stage
	cd $(VENV)/typing && ../bin/mypy --config-file ../../pyproject.toml -m relight_stage.cli -m relight_stage.errors \
		$(foreach package,$(PACKAGES),-p relight_stage.$(package))

clean: ## remove what was built, not the environment
	rm -rf build dist demo relight_stage.egg-info
