# The two commands of the README are `make demo` and `make test`; both do all set-up themselves.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=
TEST_ARGS ?=
MODELS := .cache/models

.PHONY: help demo test check bench models debian-demo debian-test image image-test image-test-full train-test clean

help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: .cache/demo-environment ## Watch real events arrive on a collector and review one (ARGS="--seconds 60")
	@$(BIN)/vigie demo --models $(MODELS) --cache .cache/demo $(ARGS)

test: .cache/test-environment .cache/tflite-environment ## Run all checks and tests
	@tools/debian test
	@$(MAKE) --no-print-directory check
	@$(BIN)/vigie models build ssd-coco15 --models $(MODELS)
	@$(BIN)/pytest -n 2 --dist loadgroup $(TEST_ARGS)

check: .cache/test-environment ## Lint, types, architecture, spelling, house rules
	@tools/check

bench: .cache/test-environment .cache/peers-environment .cache/norfair-environment ## Print every benchmark with its peer
	@$(BIN)/vigie models build ssd-coco15 --models $(MODELS)
	@tools/bench-all

# A bench makes its own keys; a city names its own: make image BOARD=rpi KEYS=/media/keys OUT=images
BOARD ?= qemu-amd64
KEYS ?= .cache/image/keys
OUT ?= .cache/image/$(if $(CONSOLE),bench,out)/$(BOARD)
BUILD_IMAGE = $(BIN)/python image-build/build.py

image: .cache/test-environment ## Build an image to flash (BOARD=qemu-amd64 CONSOLE=1 KEYS=DIR OUT=DIR)
	@tools/debian image
	@test -e $(KEYS)/update-ca.pem || $(BUILD_IMAGE) keys $(KEYS) >/dev/null
	@$(BUILD_IMAGE) --board $(BOARD) --keys $(KEYS) --out $(OUT) $(if $(CONSOLE),--console) $(ARGS)

image-test: .cache/test-environment ## Build an image; boot, enrol, film, update it; cut its power
	@$(MAKE) --no-print-directory image BOARD=qemu-amd64 CONSOLE=1
	@$(BIN)/pytest --image -s $(TEST_ARGS) tests/image

image-test-full: .cache/test-environment ## The same, everything it withstands, and 64-bit Arm (hours)
	@$(MAKE) --no-print-directory image BOARD=qemu-arm64 CONSOLE=1
	@$(MAKE) --no-print-directory image BOARD=qemu-amd64 CONSOLE=1
	@$(BIN)/pytest --image-full -s $(TEST_ARGS) tests/image

.cache/python: ## The virtual environment itself
	@tools/debian python
	@echo "vigie: making the virtual environment .venv"
	@$(PYTHON) -m venv .venv
	@mkdir -p .cache && touch $@

.cache/demo-environment: .cache/python requirements/demo.lock pyproject.toml
	@echo "vigie: installing the demo's packages into .venv (about 400 MB to download once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/demo.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.cache/test-environment: .cache/demo-environment requirements/dev.lock
	@echo "vigie: installing the test packages into .venv"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/dev.lock
	@touch $@

.cache/tflite-environment: requirements/tflite.lock .cache/python
	@echo "vigie: installing tflite-runtime into .venv-tflite (Python 3.11 only)"
	@if $(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'; then \
	  $(PYTHON) -m venv .venv-tflite && \
	  .venv-tflite/bin/python -m pip install --quiet --disable-pip-version-check -r requirements/tflite.lock; \
	else echo "vigie: skipped, tflite-runtime has no wheel for this Python"; fi
	@touch $@

.cache/peers-environment: requirements/peers.lock .cache/python
	@echo "vigie: installing the benchmark's peers into .venv-peers"
	@$(PYTHON) -m venv .venv-peers
	@.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check -r requirements/peers.lock
	@touch $@

.cache/norfair-environment: requirements/norfair.lock .cache/python
	@echo "vigie: installing norfair into .venv-norfair"
	@$(PYTHON) -m venv .venv-norfair
	@.venv-norfair/bin/python -m pip install --quiet --disable-pip-version-check -r requirements/norfair.lock
	@touch $@

# torch by name: its build for processors stands on an index of its own (docs/decisions/0003).
TORCH ?= torch==2.13.0
.cache/train-environment: requirements/train.lock pyproject.toml .cache/python
	@echo "vigie: installing what trains detectors into .venv-train (about 700 MB to download once)"
	@$(PYTHON) -m venv .venv-train
	@.venv-train/bin/python -m pip install --quiet --disable-pip-version-check -r requirements/train.lock
	@.venv-train/bin/python -m pip install --quiet --disable-pip-version-check $(TORCH)
	@.venv-train/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

train-test: .cache/train-environment ## Tests of what trains and quantises detectors
	@.venv-train/bin/python -m pytest -q tests/tools/training tests/tools/quantising \
	  tests/bad_input/test_onnx.py

clean: ## Remove everything that was made
	rm -rf .venv .venv-tflite .venv-peers .venv-norfair .venv-train .cache build dist
