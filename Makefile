# The developer's manual: what can be done here, one word each.
PYTHON ?= python

.PHONY: check lint types contracts docs docs-check test lowest audit fuzz soak bench bench-commands bench-lexical bench-emotional \
	bench-prosodic bench-scale bench-peers bench-studies reports

check: lint types contracts docs-check test   ## everything that must hold before a commit lands

lint:                ## style and layout
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

types:               ## two type checkers
	$(PYTHON) -m mypy
	PYTHONPATH=evaluators $(PYTHON) -m pyright --pythonpath "$$(command -v $(PYTHON))" evaluators

contracts:           ## who may import whom (setup.cfg, importlinter)
	$(PYTHON) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'

docs:                ## write the generated tables and help texts, build the site into build/site
	$(PYTHON) docs/generate.py
	NO_MKDOCS_2_WARNING=1 $(PYTHON) -m mkdocs build --strict

docs-check:          ## the generated parts are up to date, and the site builds
	$(PYTHON) docs/generate.py --check
	NO_MKDOCS_2_WARNING=1 $(PYTHON) -m mkdocs build --strict --quiet

test:                ## the tests of the README, two files at a time
	$(PYTHON) -m pytest -q -n 2 --dist loadfile

lowest:              ## the tests with the oldest libraries that setup.cfg allows (pip install '.[bounds]')
	$(PYTHON) -m uv venv --clear --python 3.11 build/lowest
	$(PYTHON) -m uv pip install --python build/lowest --resolution lowest-direct -e '.[test,interop]'
	build/lowest/bin/python tests/bounds.py --installed
	# What lies below an old library is new, and warns of what that library still calls.
	build/lowest/bin/python -m pytest -q -W default::DeprecationWarning -W default::PendingDeprecationWarning \
		--deselect tests/test_packages.py::test_the_lower_bounds_are_those_that_the_tests_passed_with
	build/lowest/bin/python tests/bounds.py --record

audit:               ## advisories of the lower bounds, asked of PyPI (pip install '.[bounds]'; needs its JSON API)
	mkdir -p build
	$(PYTHON) tests/bounds.py > build/bounds.txt
	# Strict: a library that cannot be looked up is no library without advisories. The two that are left out
	# have no mended release; neither torch.jit.script nor torch.export.load is called here.
	$(PYTHON) -m pip_audit --strict --no-deps --disable-pip -r build/bounds.txt \
		--ignore-vuln CVE-2025-3000 --ignore-vuln PYSEC-2026-139

fuzz:                ## 200,000 spoilt inputs for every family of readers, then as many guided by coverage
	$(PYTHON) tests/fuzz.py
	$(PYTHON) tests/fuzz.py --guided

soak:                ## every fault of a long run, ROUNDS times (20), at other moments and on larger logs each time
	SOAK_ROUNDS=$(or $(ROUNDS),20) $(PYTHON) -m pytest -v tests/test_scale_faults.py tests/test_scale_dask.py

bench: bench-commands $(if $(DATA),bench-lexical bench-emotional bench-scale) $(if $(VECTORS),bench-prosodic) \
	$(if $(PEERS),bench-peers)   ## all tables of benchmarks/README.md (DATA= VECTORS= PEERS= BASE=, as below)

bench-commands:      ## commands against each other, cold start
	$(PYTHON) benchmarks/run.py

bench-lexical:       ## the lexical dimension against its yardstick (DATA=folder)
	$(PYTHON) benchmarks/lexical.py $(DATA)

bench-peers:         ## others' programs at the same work, side by side (DATA=folder PEERS=python BASE=folder)
	$(PYTHON) benchmarks/peers.py $(DATA) --peers $(PEERS) $(if $(BASE),--base $(BASE))

bench-emotional:     ## the emotional dimension against human labels and its leak (DATA=folder WORDNET= PEERS= WORK=)
	$(PYTHON) benchmarks/emotional $(DATA) $(if $(WORDNET),--wordnet $(WORDNET)) \
		$(if $(WORK),--torch $(PEERS) --work $(WORK))

bench-prosodic:      ## the prosodic dimension against truth and at zero alignment (DATA=folder VECTORS=folder)
	$(PYTHON) benchmarks/prosodic $(DATA) $(VECTORS)

bench-scale:         ## workers, memory, size and stages of long runs (DATA=folder)
	$(PYTHON) benchmarks/scale.py $(DATA)

bench-studies:       ## the statistics of a review on simulated studies with known truth
	$(PYTHON) benchmarks/studies.py

reports:             ## rebuild the committed design reviews, one per study design, from the bundled corpus
	$(PYTHON) -m convalign demo -o build/demo --force
	mkdir -p reports/demo
	cp build/demo/index.html build/demo/results.json build/demo/study.json reports/demo/
	$(PYTHON) recipes/reports/make.py
