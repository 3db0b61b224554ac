# make install   a virtual environment in .venv with everything the grader needs
# make test      all tests, house rules included; ARGS="-k rubric" for some of them
# make quick     all tests that start no kernel, no TensorFlow and no browser
# make bench     what a notebook costs here, in nbclient, nbgrader and otter-grader: ten quiet minutes; ARGS="--labs lab1 --batch 0"
# make bench-training   how much faster trainings are here than in a plain notebook; ARGS="--epochs 60 --pairs 3"
# make demo      grades a sample class and shows the report
# make catalogues   brings the catalogues of other languages up to what is said now, and compiles them; ARGS="fr" begins one
# make student-wheel   a wheel for students in dist/: the self-check, without the answers
# make clean     takes away what install and test made

SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=

# The first interpreter for which TensorFlow has wheels; `make install PYTHON=/path/to/python` chooses another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done)

# Which TensorFlow: with CUDA where there is an NVIDIA card, the small one on other PCs with Linux, the plain one elsewhere.
TF ?= $(shell if [ "$$(uname -sm)" != "Linux x86_64" ]; then echo tf; \
	elif nvidia-smi -L 2>/dev/null | grep -q GPU; then echo tf-gpu; else echo tf-cpu; fi)

.PHONY: install test quick bench bench-training demo catalogues student-wheel clean
.DEFAULT_GOAL := install

install: $(STAMP)

# Bytecode is written now: notebooks run where none of these folders can be written.
$(STAMP): pyproject.toml
	@if [ -z "$(PYTHON)" ]; then echo "No Python 3.11 to 3.13 with venv was found. Install one (Debian: apt-get install python3 python3-venv)," \
		"or name it: make install PYTHON=/path/to/python3" >&2; exit 1; fi
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev,$(TF)]"
	version=$$($(BIN)/python -c 'import tensorflow as tf; print(".".join(tf.__version__.split(".")[:2]))' 2>/dev/null) && \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps "tf-keras==$$version.*"
	$(BIN)/python -m compileall -q grader reference reports rubrics
	@touch $@

# Bytecode of the tests is kept whatever a container's environment says: each worker would compile all of them each time.
export PYTHONDONTWRITEBYTECODE :=

# The notebooks of a lab, or a file of tests, stay with one worker (tests/conftest.py); each may hold TensorFlow, so few.
# Without a worker that died the tests end: had another taken its place, they would wait for each other for ever.
PYTEST = $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadscope --no-loadscope-reorder \
	--max-worker-restart 0

test: $(STAMP)
	$(PYTEST) $(ARGS)

quick: $(STAMP)
	$(PYTEST) -m "not kernel and not browser and not slow and not hostile" $(ARGS)

bench: $(STAMP)
	$(BIN)/python -m tests.bench_tools $(ARGS)

bench-training: $(STAMP)
	$(BIN)/python -m tests.bench_training $(ARGS)

demo: $(STAMP)
	$(BIN)/grader demo

catalogues: $(STAMP)
	$(BIN)/python -m reports.catalogues $(ARGS)

student-wheel: $(STAMP)
	$(BIN)/grader seal --wheel dist

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
