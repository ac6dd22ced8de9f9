.PHONY: demo test test-clusters check ledgers screenshots test-samples samples-report faults soak truth truth-real cheats bench browser clean

VENV := .venv
PYTHON := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
DEMO := .demo/ml_training

# The environment, made once and again when the dependencies change.
$(INSTALLED): pyproject.toml
	test -x $(PYTHON) || python3 -m venv $(VENV)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

# A real run on the first sample, in a new repository: the screen, or lines without a terminal.
demo: $(INSTALLED)
	rm -rf $(DEMO)
	$(VENV)/bin/autoexp new ml_training $(DEMO)
	$(VENV)/bin/autoexp run $(DEMO) --max-experiments 15

test: $(INSTALLED)
	$(PYTHON) -m pytest -n 4

# What needs a cluster: Ray, of three nodes on this machine, and Slurm; each where it can be had.
test-clusters: $(INSTALLED)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --editable '.[ray]' \
		|| echo "there is no Ray to be had here: its tests are skipped"
	AUTOEXP_CLUSTERS=1 $(PYTHON) -m pytest tests/launch/test_ray.py tests/launch/test_slurm.py -rs

check: $(INSTALLED)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

# The pictures of the README, from the recorded run; the browser's where there is one.
screenshots: $(INSTALLED)
	PYTHONPATH=tests $(PYTHON) screenshots/take.py

# A headless Chromium for the tests and pictures of `autoexp serve`, in a folder of its own.
browser:
	python3 -m venv .browser/venv
	.browser/venv/bin/pip install --quiet --disable-pip-version-check playwright
	PLAYWRIGHT_BROWSERS_PATH=.browser .browser/venv/bin/playwright install --only-shell chromium \
		|| { echo "a Chromium of the system's does too: apt-get install chromium"; exit 1; }

# The samples' own components, installed and really run; what can't be here is skipped with its reason.
test-samples: $(INSTALLED)
	for sample in sample_projects/*/setup; do (cd $$(dirname $$sample) && ./setup) || true; done
	AUTOEXP_SAMPLES=all $(PYTHON) -m pytest tests/samples

# The agent programs of the presets, installed in a folder of their own and really run, against a model
# on this machine; what can't be installed here is skipped with its reason.
agents: $(INSTALLED)
	$(PYTHON) tests/agents/install.py .agents
	AUTOEXP_AGENTS=.agents $(PYTHON) -m pytest tests/agents -rs

samples-report: $(INSTALLED)
	$(PYTHON) benchmarks/samples.py

# The long campaign and the long run; each writes its section of docs/reliability.md.
faults: $(INSTALLED)
	$(PYTHON) benchmarks/faults.py --report docs/reliability.md

soak: $(INSTALLED)
	$(PYTHON) benchmarks/soak.py --report docs/reliability.md

# How often a keep is real: simulated nights (some minutes), and the real runner; into docs/honesty.md.
truth: $(INSTALLED)
	$(PYTHON) benchmarks/truth.py --report docs/honesty.md

truth-real: $(INSTALLED)
	$(PYTHON) benchmarks/truth.py --real --report docs/honesty.md

# Every cheat against every level of protection, each in a real run; into docs/integrity.md.
cheats: $(INSTALLED)
	$(PYTHON) benchmarks/cheats.py --report docs/integrity.md

# How often the metric, its direction and the best of strangers' tables are found; speed and mutations.
ledgers: $(INSTALLED)
	$(PYTHON) benchmarks/ledgers.py

# What speed and size are, each beside a reference; into docs/performance.md.
bench: $(INSTALLED)
	$(PYTHON) benchmarks/bench.py --report docs/performance.md

clean:
	rm -rf $(VENV) .demo
