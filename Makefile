# PORT=4200  ORCHESTRATOR_HOME=~/.orchestrator  ONCE=1 (demo: end with the run)  PYTHON=python3
.PHONY: help setup demo test lint bench screenshots clean

help:
	@echo "make demo    start everything, run the example, show its link (PORT=4200, ONCE=1 to end with the run)"
	@echo "make test    the whole suite; as root it installs what is missing"
	@echo "make lint    style and types only"
	@echo "make bench   Orchestrator and Prefect side by side (ONLY=task,map ON=SQLite ROUNDS=5 SCALE=0.1): docs/benchmarks.md"
	@echo "make screenshots   the pictures of docs/img anew, of pages with real runs on them"
	@echo "make setup   the virtual environment only"
	@echo "make clean   remove the virtual environment and what tools left"

setup:
	@.ci/setup

demo: setup
	@PORT="$(PORT)" ONCE="$(ONCE)" .venv/bin/python -m orchestrator.cli.demo

test: setup
	@.ci/test

lint: setup
	@.ci/lint

bench: setup
	@.ci/services
	@.venv/bin/python -m benchmarks $(if $(ONLY),--only "$(ONLY)") $(if $(ON),--databases "$(ON)") \
		$(if $(ROUNDS),--rounds "$(ROUNDS)") $(if $(SCALE),--scale "$(SCALE)")

screenshots: setup
	@.venv/bin/python -m tests.showroom.screenshots

clean:
	rm -rf .venv .venv-bench build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
