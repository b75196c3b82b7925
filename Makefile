# The daily commands, each a line over CMake, pip or a test runner.  `make help` lists them.
#
#   PYTHON=/path/to/python   the interpreter to use instead of the newest one found
#   JOBS=n                   parallel jobs

VENV := .venv
JOBS ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
RUNS ?= 50
SEEDS ?= 100
ROUNDS ?= 10000
LONG ?= 30
PROGRAMS ?= 2000
VERSIONS ?=
BENCH ?=
IMPORTS ?= 50
HANDLES ?= 10000000
TARGET ?= matrix
SECONDS ?= 60
SEED ?= 1

BIN := $(CURDIR)/$(VENV)/bin
PY := $(BIN)/python
REPORTS := $(CURDIR)/build/reports
PIP := $(PY) -m pip install -qq --disable-pip-version-check
CMAKE := $(BIN)/cmake
CTEST := $(BIN)/ctest --no-tests=error -j $(JOBS)
CONFIGURE := $(CMAKE) -G Ninja -DPython_EXECUTABLE=$(PY) --preset
# Its own tools first: a cmake or ninja on the PATH may belong to another interpreter.
export PATH := $(BIN):$(PATH)

SOURCES := CMakeLists.txt pyproject.toml README.md LICENSE \
  $(shell find cmake src include examples -type f ! -path '*/__pycache__/*' 2>/dev/null)
C_FILES = $(shell find src include tests benchmarks examples templates -name '*.[ch]' 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help venv install demo test test-native test-python test-transfer test-sys test-stress \
  test-tsan test-asan test-fuzz fuzz test-refs test-capi test-versions test-long models lint format docs \
  dist examples bench-native bench-python bench-matrix compare compare-smoke scaling clean

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | \
	  awk -F'|' '{printf "%-20s %s\n", $$1, $$2}'

venv:
	@PYTHON="$(PYTHON)" sh tools/make_venv.sh $(VENV)

$(VENV)/.dev: pyproject.toml tools/requirements.py
	@$(PY) tools/requirements.py dev > $(VENV)/dev.txt
	@echo "installing build and test tools into $(VENV)"
	@$(PIP) -r $(VENV)/dev.txt
	@touch $@

$(VENV)/.docs: $(VENV)/.dev
	@$(PY) tools/requirements.py docs > $(VENV)/docs.txt
	@$(PIP) -r $(VENV)/docs.txt
	@touch $@

$(VENV)/.bench: $(VENV)/.dev
	@$(PY) tools/requirements.py bench > $(VENV)/bench.txt
	@$(PIP) -r $(VENV)/bench.txt
	@touch $@

# A venv that was just made anew has no stamps, so everything below runs again.
$(VENV)/.installed: $(VENV)/.dev $(SOURCES)
	@echo "building bocpy into $(VENV)"
	@$(PIP) --no-build-isolation --no-deps --force-reinstall .
	@touch $@

install: venv ## build the package and install it into .venv
	@$(MAKE) -s --no-print-directory $(VENV)/.installed

tools: venv
	@$(MAKE) -s --no-print-directory $(VENV)/.dev
.PHONY: tools

$(REPORTS):
	@mkdir -p $@

demo: install ## index the standard library in parallel; ARGS= for other source trees
	$(BIN)/bocpy-index $(ARGS)

test: test-native test-python ## all tests of floors 0 to 3

test-native: tools | $(REPORTS) ## the C tests, in the debug build (stress tests apart)
	$(CONFIGURE) dev
	$(CMAKE) --build --preset dev -j $(JOBS)
	$(CTEST) --preset dev -LE stress --output-junit $(REPORTS)/native.xml

test-python: install | $(REPORTS) ## the Python tests, against the installed package; ARGS=
	$(PY) -m pytest --junitxml $(REPORTS)/python.xml $(ARGS)

# How values cross must not show: everything again when they are always encoded, and what is about
# values when they stay wherever they may.
TRANSFERS := $(patsubst %,tests/python/test_%.py,cown live programs results transfer_workers when)

test-transfer: install | $(REPORTS) ## the tests with BOCPY_TRANSFER=encode, those of values with =eager
	BOCPY_TRANSFER=encode $(PY) -m pytest --junitxml $(REPORTS)/transfer-encode.xml $(ARGS)
	BOCPY_TRANSFER=eager $(PY) -m pytest --junitxml $(REPORTS)/transfer-eager.xml $(TRANSFERS) $(ARGS)
	@for mode in encode eager; do echo "BOCPY_TRANSFER=$$mode"; \
	  BOCPY_TRANSFER=$$mode $(PY) -m pytest --junitxml $(REPORTS)/transfer-stress-$$mode.xml -m long \
	    tests/python/stress/test_threads.py || exit 1; done

test-sys: tools | $(REPORTS) ## protocol tests under the seeded scheduler; SEEDS=n
	$(CONFIGURE) dev
	$(CMAKE) --build --preset dev -j $(JOBS)
	BOC_SYS_SEEDS=$(SEEDS) $(CTEST) --preset dev -L sys --timeout 3600 \
	  --output-junit $(REPORTS)/sys.xml

test-stress: tools | $(REPORTS) ## six threads and injected yields; RUNS=n
	$(CONFIGURE) dev
	$(CMAKE) --build --preset dev -j $(JOBS)
	@found=; for stress in build/dev/tests/native/stress_*; do \
	  [ -x "$$stress" ] || continue; found=1; echo "$$stress $(RUNS)"; "$$stress" $(RUNS) || exit 1; \
	done; [ -n "$$found" ] || { echo "no stress test was built" >&2; exit 1; }

test-tsan: tools | $(REPORTS) ## the C tests under the thread sanitizer
	$(CONFIGURE) tsan
	$(CMAKE) --build --preset tsan -j $(JOBS)
	$(CTEST) --preset tsan -LE "sys|layering" --output-junit $(REPORTS)/tsan.xml

test-asan: tools | $(REPORTS) ## the C tests, mutants apart, under the address and undefined-behavior sanitizers
	$(CONFIGURE) asan
	$(CMAKE) --build --preset asan -j $(JOBS)
	$(CTEST) --preset asan -LE layering -E mutant --output-junit $(REPORTS)/asan.xml

models: ## check the models of the protocols, and their mutants, with spin; ALL=1 takes an hour
	JOBS=$(JOBS) CC="$${CC:-$$(sh tools/find_compiler.sh)}" \
	  sh tests/models/check.sh build/models $(if $(ALL),ALL)

test-fuzz: tools | $(REPORTS) ## forged and stale handles under the address sanitizer; HANDLES=n
	$(CONFIGURE) asan
	$(CMAKE) --build --preset asan -j $(JOBS) --target con_handle_fuzz
	BOC_FUZZ_HANDLES=$(HANDLES) $(CTEST) --preset asan -R con.handle_fuzz \
	  --output-junit $(REPORTS)/fuzz.xml

lint: tools ## ruff, mypy, pyright, clang-format, direction of includes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(PY)
	$(BIN)/clang-format --dry-run -Werror $(C_FILES)
	$(PY) tools/check_layers.py .

format: tools ## write every file as the linters want it
	$(BIN)/ruff check --fix-only -q .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(C_FILES)

docs: install ## the documentation, into build/docs/html; warnings are errors
	@$(MAKE) -s --no-print-directory $(VENV)/.docs
	$(BIN)/sphinx-build -W --keep-going -q -b html docs build/docs/html
	@echo "build/docs/html/index.html"

dist: tools ## the wheel and the source distribution, into dist/
	$(PY) -m build --no-isolation --outdir dist .

fuzz: tools ## random calls of kernels and type under the sanitizers; TARGET=matrix SECONDS=n SEED=n
	$(CONFIGURE) asan
	$(CMAKE) --build --preset asan -j $(JOBS) --target fuzz_$(TARGET)
	ASAN_OPTIONS=abort_on_error=1 UBSAN_OPTIONS=halt_on_error=1:abort_on_error=1 \
	  build/asan/tests/native/fuzz_$(TARGET) --seconds $$(( ($(SECONDS) + 1) / 2 )) --seed $(SEED)
	$(CMAKE) -G Ninja -S . -B build/asan-python -DCMAKE_BUILD_TYPE=Debug -DBOC_BUILD_TESTS=OFF \
	  -DBOC_SANITIZE=address,undefined -DPython_EXECUTABLE=$(PY)
	$(CMAKE) --build build/asan-python -j $(JOBS)
	LD_PRELOAD="$$($(CC) -print-file-name=libasan.so) $$($(CC) -print-file-name=libubsan.so)" \
	  ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 UBSAN_OPTIONS=halt_on_error=1 \
	  PYTHONMALLOC=malloc PYTHONPATH=build/asan-python/python $(PY) -P \
	  tests/python/stress/fuzz_$(TARGET).py --seconds $$(( $(SECONDS) / 2 )) --seed $(SEED)

test-capi: venv ## an extension built by pip against the wheel; VERSIONS="3.12 3.13" BENCH=1
	BENCH=$(BENCH) sh tools/test_capi.sh $(CURDIR)/build/capi $(VERSIONS)

test-refs: install | $(REPORTS) ## every call and error path leaves nothing behind; ROUNDS=n
	BOCPY_REFS_ROUNDS=$(ROUNDS) $(PY) -m pytest --junitxml $(REPORTS)/refs.xml \
	  tests/python/test_refs.py $(ARGS)

# Programs of their own, which need nothing but the package: no pytest for every version.
MATRICES := tests/python/test_process_matrix.py tests/python/test_import_matrix.py

test-versions: install | $(REPORTS) ## ends of programs and imports, on every other CPython found
	@builds=; for python in $$(sh tools/other_pythons.sh $(PY)); do \
	  version=$$($$python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	  build=$(CURDIR)/build/python-$$version; echo "building bocpy for $$python"; \
	  $(CMAKE) -G Ninja -S . -B $$build -DPython_EXECUTABLE=$$python -DBOC_BUILD_TESTS=OFF \
	    >$(REPORTS)/build-$$version.log && \
	  $(CMAKE) --build $$build -j $(JOBS) >>$(REPORTS)/build-$$version.log || \
	    { tail -n 30 $(REPORTS)/build-$$version.log; exit 1; }; \
	  builds="$$builds$${builds:+:}$$python=$$build/python"; \
	done; \
	if [ -z "$$builds" ]; then echo "no other CPython 3.12 to 3.15 was found"; else \
	  BOCPY_IMPORT_RUNS=$(IMPORTS) BOCPY_OTHER_BUILDS=$$builds $(PY) -m pytest --junitxml $(REPORTS)/versions.xml \
	    $(MATRICES) $(ARGS); fi

test-long: install | $(REPORTS) ## tests marked long, many random programs; LONG=seconds PROGRAMS=n
	BOCPY_LONG_SECONDS=$(LONG) $(PY) -m pytest -m long --timeout 1800 \
	  --junitxml $(REPORTS)/long.xml $(ARGS)
	BOCPY_PROGRAMS=$(PROGRAMS) $(PY) -m pytest --timeout 1800 \
	  --junitxml $(REPORTS)/programs.xml tests/python/test_programs.py $(ARGS)
	BOCPY_IMPORT_RUNS=$(IMPORTS) $(PY) -m pytest --timeout 1800 \
	  --junitxml $(REPORTS)/imports.xml tests/python/test_import_matrix.py $(ARGS)

examples: install ## run the example programs
	$(BIN)/bocpy-fibonacci 20
	$(BIN)/bocpy-bank
	$(BIN)/bocpy-dining-philosophers
	$(BIN)/bocpy-bench --quick --table --output $(REPORTS)/bench.json

bench-native: tools | $(REPORTS) ## what a behavior costs without Python; QUICK=1 is short, ARGS=
	$(CONFIGURE) release
	$(CMAKE) --build --preset release -j $(JOBS) --target bench_native
	build/release/bin/bench_native --json $(REPORTS)/native.json $(if $(QUICK),--quick) $(ARGS)

bench-python: install | $(REPORTS) ## instructions per behavior, against the baseline; UPDATE=1
	$(PY) benchmarks/python/instructions.py --json $(REPORTS)/python.json \
	  $(if $(UPDATE),--update) $(ARGS)

# The interpreter of PYTHON is what is compared, not what .venv is made with.
compare: | $(REPORTS) ## time bocpy beside what else there is; QUICK=1 is short, COMMIT=1 keeps the result
	@$(MAKE) -s --no-print-directory tools PYTHON=
	@$(MAKE) -s --no-print-directory $(VENV)/.bench PYTHON= || echo "without plots"
	$(PY) benchmarks/compare/compare.py $(if $(PYTHON),--python $(PYTHON)) \
	  $(if $(QUICK),--quick) $(if $(COMMIT),--commit) $(ARGS)

compare-smoke: install | $(REPORTS) ## does the comparison still run: a few steps of each row
	@$(MAKE) -s --no-print-directory $(VENV)/.bench || echo "without plots"
	$(PY) benchmarks/compare/compare.py --smoke --installed $(ARGS)

scaling: install | $(REPORTS) ## throughput over the number of workers; ARGS="--workers 1,2"
	$(PY) benchmarks/compare/scaling.py $(ARGS)

bench-matrix: tools ## time Matrix beside the published bocpy and NumPy; QUICK=1 is short, ARGS=
	$(PY) benchmarks/compare/matrix.py $(if $(QUICK),--quick) $(ARGS)

clean: ## remove what was built
	rm -rf build dist $(VENV)
