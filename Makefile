# Everything is started with `exec`, so that a signal to make reaches it, too.
.DEFAULT_GOAL := help
.PHONY: help run dev debug test test-stop exhaustive kills coverage journeys soak fuzz bench lighthouse scaling lint fsck import messages install

python := .venv/bin/python
# The number of test processes, each with servers of its own; given or kept servers serve one process.
workers := $(if $(MONGODB_URI)$(KEEP),0,auto)
pytest := $(python) -m pytest -n $(workers) --maxprocesses 8 --dist loadfile

help:  ## Show this list
	@awk -F ':.*## ' '/^##@ /{printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' Makefile

##@ Run it
run: install  ## Run the shop on PORT (8000), with everything it needs
	@exec $(python) manage.py runshop

dev: install  ## The same, restarting when a file changes
	@exec $(python) manage.py runshop --reload

##@ Change it
debug: install  ## Serve with one process in the foreground, where breakpoint() stops, on PORT (8000)
	@export DEV_RELOAD=true; $(python) manage.py prepare && exec $(python) manage.py runserver --noreload $(or $(PORT),8000)

test: install  ## Run the tests, or a part: make test ARGS="tests/cart -x"; with KEEP=1 the servers stay up
	@exec env KEEP_SERVERS=$(KEEP) $(pytest) $(ARGS)

test-stop:  ## End the servers that make test KEEP=1 has left running
	@exec $(python) -m tests.kept_servers stop

lint: install  ## Check style, types and the direction of imports
	@exec $(python) -m ruff check .
	@exec $(python) -m ruff format --check .
	@exec $(python) -m mypy .
	@exec .venv/bin/lint-imports

messages: install  ## Collect the translatable texts into locale/*/LC_MESSAGES/django.po and compile them (needs GNU gettext)
	@exec $(python) manage.py makemessages --all --no-obsolete --add-location=file \
		--ignore=.venv --ignore=var --ignore=staticfiles --ignore=tests --ignore=templates/dev
	@exec $(python) manage.py compilemessages --ignore=.venv --ignore=var

install:  ## Bring .venv up to date (the other commands do it themselves)
	@exec ecommerce/devserver/install/setup

##@ Prove it
exhaustive: install  ## Try every route as every kind of caller, every filter of the back office, mutated bodies and database operators
	@exec $(pytest) -m exhaustive $(ARGS)

kills: install  ## Start and kill whole shops, workers and databases: nothing is lost, nothing is left running
	@exec $(pytest) -m "kills and not soak" $(ARGS)

journeys: install  ## Run the tests that drive a real browser
	@exec ecommerce/devserver/install/browser
	@exec $(python) -m pytest -m journey tests/journeys -n $(workers) --maxprocesses 4 $(ARGS)

coverage: install  ## Run the tests and report the coverage
	@exec $(pytest) --cov --cov-report=term $(ARGS)
	@exec $(python) -m coverage report --include="*/services.py,catalog/stock.py,payments/*" --fail-under=90

soak: install  ## Prove money and stock at full size, in 10 minutes: make soak BUYERS=1000
	@exec env SOAK=true $(python) -m pytest -m proof --tb=short $(ARGS)

fuzz: install  ## Send 10,000 mutated bodies, 100 requests of the schema to each route, and every operator, in half an hour
	@exec env MUTATED_BODIES=10000 SCHEMA_EXAMPLES=100 ALL_OPERATORS=true $(python) -m pytest -m exhaustive -n $(workers) \
		tests/security/test_mutated_bodies.py tests/security/test_schema_fuzzed.py \
		tests/security/test_operators.py $(ARGS)

lighthouse: install  ## Measure every page on a phone against its targets, in 10 minutes (RUNS=1: in 2); needs Node.js
	@exec ecommerce/devserver/install/browser
	@exec $(python) -m tests.lighthouse

bench: install  ## Measure throughput and sign-in in five minutes, and write docs/performance.md; needs wrk
	@exec $(python) -m tests.bench

scaling: install  ## Measure what growth depends on, in two minutes, and compute what breaks first, into docs/scaling.md (ARGS=model: only compute)
	@exec $(python) -m tests.scaling $(ARGS)

##@ Operate it
fsck: install  ## Check every invariant of the stored data
	@exec $(python) manage.py fsck

import: install  ## Import products: make import FILE=products.csv ARGS=--dry-run
	@test -n "$(FILE)" || { echo "Which file? make import FILE=products.csv"; exit 2; }
	@exec $(python) manage.py import_products "$(FILE)" $(ARGS)
