# Everything that one does with a checkout. Needs git, make and Python 3.11 or newer; `make` alone lists the targets.

PYTHON ?= python3
BIN := .venv/bin
INSTALL := -m pip install -qq --constraint constraints.txt
ON_SCREEN := scripts/virtual-display
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 VECLIB_MAXIMUM_THREADS=1

.PHONY: help demo test test-matrix lint typecheck check screenshots cells concepts hero tour tutorial examples-smoke tables bench docs docs-check release-check constraints clean system

help:  ## List the targets
	@sed -nE 's/^([a-z%-]+):.*## (.*)/  \1 \2/p' Makefile | while read -r name text; do \
		printf '  make %-12s %s\n' "$$name" "$$text"; done

demo: .venv/installed  ## Open napari on the sample, extracted and imaged; with no display, write demo.png
	@if $(ON_SCREEN) --needed; then set -x; \
		$(ON_SCREEN) $(BIN)/napari-3dmsl demo --screenshot demo.png; \
	else set -x; \
		$(BIN)/napari-3dmsl demo; \
	fi

# One thread a process for linear algebra: those of two workers on two cores would wait for each other, spinning.
# Bytecode is kept, whatever the environment says: else each process that a test starts compiles the package anew.
test: .venv/installed-dev  ## Run the whole test suite on two cores; a part of it: make test ARGS="-x -k shapes"
	env -u PYTHONDONTWRITEBYTECODE $(ONE_THREAD) $(ON_SCREEN) $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

test-matrix: | system  ## Test with PyQt6 and PySide6, three napari, four Pythons, beside plugins of others (20 GB, hours; ARGS="--quick")
	$(PYTHON) scripts/test_matrix.py $(ARGS)

lint: .venv/installed-dev  ## Check style
	$(BIN)/ruff check
	$(BIN)/ruff format --check

typecheck: .venv/installed-dev  ## Check types
	$(BIN)/mypy

check: lint typecheck test  ## Check style and types, then test

screenshots: .venv/installed-dev  ## Make the pictures in docs/ anew
	$(ON_SCREEN) $(BIN)/python scripts/screenshots.py

cells: .venv/installed-dev  ## Make the README's picture of simulated cells anew
	$(BIN)/python scripts/cell_pictures.py

hero: .venv/installed-dev  ## Make the README's picture from labels to microscopes anew
	$(ON_SCREEN) $(BIN)/python scripts/hero.py

tour: .venv/installed-dev  ## Make the README's film anew (needs Xvfb)
	$(ON_SCREEN) $(BIN)/python scripts/tour.py

tutorial: .venv/installed-dev  ## Make the tutorial's pictures anew (needs Xvfb)
	$(ON_SCREEN) $(BIN)/python scripts/tutorial.py

example-%: .venv/installed-examples  ## Run a worked example: segmentation, reconstruction, tracking or translation (7 GB)
	$(BIN)/python examples/$*.py $(ARGS)

examples-smoke: .venv/installed-examples  ## Run all worked examples at a size that only shows that they run
	@for name in segmentation reconstruction tracking translation; do echo "== $$name"; \
		$(BIN)/python examples/$$name.py --size smoke --out build/examples/$$name || exit 1; done

tables: .venv/installed-dev  ## Make the tables of settings and dependencies in docs/ anew
	$(BIN)/python scripts/settings_tables.py
	$(BIN)/python scripts/dependency_table.py

concepts: .venv/installed-dev  ## Make the figures of docs/concepts.md anew
	$(BIN)/python scripts/concept_figures.py

docs: docs-check  ## Build the documentation as a site and show it at http://127.0.0.1:8000
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve --strict

docs-check: .venv/installed-dev  ## Build it into build/site; warnings and dead links are errors
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	$(BIN)/python scripts/check_site.py build/site

release-check:  ## Check all that a release needs: versions, addresses, what is built, how it is described
	$(PYTHON) -m venv build/release
	build/release/bin/python -m pip install -qq --upgrade "pip>=25.1"
	build/release/bin/python -m pip install -qq --group release
	build/release/bin/python scripts/release_check.py

bench: .venv/installed-dev  ## Run the benchmarks
	@for file in benchmarks/[a-z]*.py; do echo "== $$file"; $(ON_SCREEN) $(BIN)/python "$$file" || exit 1; done

constraints: | system  ## Write constraints.txt anew: the newest versions that fit together
	$(PYTHON) -m venv --clear build/resolve
	build/resolve/bin/python -m pip install -qq --upgrade "pip>=25.1"
	build/resolve/bin/python -m pip install -qq --editable ".[all,cluster,em,microscopes,parquet,score]" --group dev --group examples
	@echo "# Versions for development and CI, made by: make constraints" > build/constraints.txt
	build/resolve/bin/python -m pip freeze --exclude napari-3dmsl >> build/constraints.txt
	mv build/constraints.txt constraints.txt

clean:  ## Remove caches, builds and demo.png; .venv stays
	rm -rf build dist out demo.png .pytest_cache .mypy_cache .ruff_cache
	find src tests scripts benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

system:  ## Install the system libraries that napari needs (root on Debian or Ubuntu), or say which
	@PYTHON="$(PYTHON)" scripts/system-libraries

# Installed anew only when the dependencies or their versions have changed.
.venv/installed: pyproject.toml constraints.txt | system
	@echo "Installing napari, Qt and this package into .venv: about 1 GB, a few minutes"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -qq --upgrade "pip>=25.1"
	$(BIN)/python $(INSTALL) --editable ".[all,cluster,em,microscopes,parquet,score]"
	@touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/python $(INSTALL) --group dev
	@touch $@

# PyTorch and what it brings are for the examples alone.
.venv/installed-examples: .venv/installed
	$(BIN)/python $(INSTALL) --group examples
	@touch $@
