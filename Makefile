# Everything is started with `exec`, so that a signal to make ends it, too.
.DEFAULT_GOAL := help
.PHONY: help run dev test coverage journeys soak fuzz bench lighthouse lint fsck import messages install

python := .venv/bin/python
# The tests' processes, each with servers of its own; on given servers there is one.
workers := $(if $(MONGODB_URI),0,auto)

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-10s %s\n", $$1, $$2}' Makefile

run: install  ## Run the shop on PORT (8000), with everything it needs
	@exec $(python) manage.py runshop

dev: install  ## The same, restarting on change
	@exec $(python) manage.py runshop --reload

test: install  ## Run the tests, for example: make test ARGS="-k cart"
	@exec $(python) -m pytest -n $(workers) --maxprocesses 8 --dist loadfile $(ARGS)

coverage: install  ## The tests, and how much of the code they run
	@exec $(python) -m pytest -n $(workers) --maxprocesses 8 --dist loadfile --cov --cov-report=term $(ARGS)
	@exec $(python) -m coverage report --include="*/services.py,catalog/stock.py,payments/*" --fail-under=90

journeys: install  ## Run the tests that drive a real browser
	@exec ecommerce/devserver/install/browser
	@exec $(python) -m pytest -m journey tests/journeys -n $(workers) --maxprocesses 4 $(ARGS)

soak: install  ## Prove money and stock at full size, in 10 minutes, for example: make soak BUYERS=1000
	@exec env SOAK=true $(python) -m pytest -m proof --tb=short $(ARGS)

fuzz: install  ## Send 10,000 mutated bodies and 100 requests of the schema to each route, in half an hour
	@exec env MUTATED_BODIES=10000 SCHEMA_EXAMPLES=100 $(python) -m pytest -n $(workers) \
		tests/security/test_mutated_bodies.py tests/security/test_schema_fuzzed.py $(ARGS)

bench: install  ## Measure signing in with known and unknown e-mails, and product reads beside eight logins
	@exec $(python) -m tests.bench

lighthouse: install  ## Measure every page on a phone beside its goals, in 10 minutes (RUNS=1: in 2); needs Node.js
	@exec ecommerce/devserver/install/browser
	@exec $(python) -m tests.lighthouse

lint: install  ## Check style, types and the layers
	@exec $(python) -m ruff check .
	@exec $(python) -m ruff format --check .
	@exec $(python) -m mypy .
	@exec .venv/bin/lint-imports

fsck: install  ## Check every invariant of the stored data
	@exec $(python) manage.py fsck

import: install  ## Import products: make import FILE=products.csv ARGS=--dry-run
	@test -n "$(FILE)" || { echo "Which file? make import FILE=products.csv"; exit 2; }
	@exec $(python) manage.py import_products "$(FILE)" $(ARGS)

messages: install  ## Gather the texts of the pages for locale/*/LC_MESSAGES/django.po, and compile those (needs GNU gettext)
	@exec $(python) manage.py makemessages --all --no-obsolete --add-location=file \
		--ignore=.venv --ignore=var --ignore=staticfiles --ignore=tests --ignore=templates/dev
	@exec $(python) manage.py compilemessages --ignore=.venv --ignore=var

install:  ## Bring .venv up to date (the others do it themselves)
	@exec ecommerce/devserver/install/setup
