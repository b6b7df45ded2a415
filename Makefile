# Commands for people and CI; `make` lists them. Everything is installed in .venv.

PORT ?= 8000
export PORT

# Tried in this order. Each is run as a test, because pyenv leaves commands that only print an error, and
# Debian packages Python without its venv module.
PYTHONS := python3.13 python3.14 python3.12 python3

MANAGE := .venv/bin/python manage.py
STATIC := staticfiles/staticfiles.json

# On every processor. A module's tests share what its fixtures start, so they stay together.
PYTEST := -m pytest -n auto --dist loadscope --no-loadscope-reorder

# Settings of a real installation for `manage.py check --deploy`. They override .env.
PRODUCTION := DEBUG=off HTTPS=on ALLOWED_HOSTS=example.org \
	SECRET_KEY=not-secret-and-long-enough-to-be-judged-in-place-of-a-real-one

.PHONY: help run test quick check audit fix lock messages pictures bench growth load hook python port install install-dev
.NOTPARALLEL:
.DEFAULT_GOAL := help

help: ## List what make can do here.
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile

run: port install .env $(STATIC) ## Install, fill an empty database, serve at port 8000 or PORT=8010.
	@echo "Bringing the database up to date."
	@$(MANAGE) migrate --verbosity 0
	@$(MANAGE) load_fixtures
	@.venv/bin/python -m compileall -q blekinge_site pages planning
	@echo "Serving http://127.0.0.1:$$PORT/ until Ctrl-C."
	@echo "For a staff account: .venv/bin/python manage.py createsuperuser, then" \
		"http://127.0.0.1:$$PORT/admin/."
	@LOG_FORMAT=text exec .venv/bin/python serve.py --bind "127.0.0.1:$$PORT"

test: install-dev .env $(STATIC) ## Run every test; those that meet the database also on PostgreSQL.
	.venv/bin/python $(PYTEST) $(if $(NOTHING_SKIPPED),,-m "not in_ci")
	.venv/bin/python -m tests.on_postgresql -n logical --dist loadscope

quick: check .env ## Run check, and the tests that start no browser, server or other program.
	.venv/bin/python -m pytest -n logical --dist loadscope -m "not (processes or in_ci)"

check: install-dev ## Check the format, the code, the migrations and the settings of a real installation.
	.venv/bin/ruff format --check --output-format concise
	.venv/bin/ruff check --output-format concise
	$(PRODUCTION) $(MANAGE) makemigrations --check
	$(PRODUCTION) $(MANAGE) check --deploy --fail-level WARNING
	@if grep -n '://' requirements*.txt; then \
		echo "The lock names an address; each machine is to use its own registry." >&2; exit 1; fi

audit: install-dev ## Check the lock for known vulnerabilities; offline, print its age.
	@report=$$($(registry) .venv/bin/uv tool run --quiet pip-audit --strict --disable-pip \
		--format json --requirement requirements.txt 2>/dev/null); status=$$?; \
	if [ -n "$$report" ]; then \
		echo "Known vulnerabilities of the versions in requirements.txt:"; echo "$$report"; exit $$status; \
	fi; \
	locked=$$(git log -1 --format=%ct -- requirements.txt) && \
	echo "No list of known vulnerabilities can be reached. The lock is" \
		"$$(( ($$(date +%s) - locked) / 86400 )) days old; after 90, run make lock."

fix: install-dev ## Format the code and fix what ruff can fix.
	.venv/bin/ruff format
	.venv/bin/ruff check --fix

lock: install-dev ## Lock the newest versions that pyproject.toml allows.
	$(resolve) --output-file requirements.txt
	$(resolve) --output-file requirements-dev.txt --group dev --constraint requirements.txt

messages: install-dev .env ## Update the English catalogue from the code, and compile it.
	$(MANAGE) makemessages --locale en --add-location file --no-obsolete \
		--ignore .venv --ignore node_modules --ignore staticfiles --ignore 'templates/admin/*'
	.venv/bin/pybabel compile --directory locale --domain 'django djangojs'

pictures: install-dev ## Retake the screenshots in docs/redaktorsguide.md.
	WRITE_PICTURES=1 .venv/bin/python -m pytest -n 0 tests/browser/test_guide.py

bench: install-dev .env $(STATIC) ## Measure speed, memory and bytes, and compare them; see docs/performance.md.
	.venv/bin/python -m tests.benchmarks.bench

growth: install-dev .env $(STATIC) ## Measure queries and CPU with twenty times the content; see docs/performance.md.
	.venv/bin/python -m tests.benchmarks.growth

load: install-dev .env $(STATIC) ## Use all parts of the site at once for ten minutes, or MINUTES=2, and report problems.
	.venv/bin/python -m tests.benchmarks.mixed_load

hook: ## From now on, run quick before every commit.
	@hooks=$$(git rev-parse --git-path hooks) && mkdir -p "$$hooks" && \
		printf '#!/bin/sh\nexec make quick\n' > "$$hooks/pre-commit" && \
		chmod +x "$$hooks/pre-commit"

# --- Parts of the targets above ---------------------------------------------------------------------

# Sets $$python to the command that creates .venv.
define find_python
for python in $(PYTHONS) none; do \
	works=$$($$python -c \
		'import ensurepip, sys, venv; print(sys.version_info >= (3, 12))' 2>/dev/null); \
	[ "$$works" = True ] && break; \
done; \
if [ $$python = none ]; then \
	version=$$(python3 --version 2>/dev/null) || version="not found"; \
	echo "Python 3.12 or newer with its venv module is needed (on Debian: python3-venv);" \
		"python3 here: $$version." >&2; exit 1; \
fi
endef

# $(call install,LOCK,COPIES): install LOCK in .venv, and then copy the locks that it contains into it. If there
# is no copy, an installation was interrupted. If Django cannot be imported, the Python of .venv is gone.
define install
if ! ls .venv/requirements*.txt >/dev/null 2>&1 \
		|| ! .venv/bin/python -c 'import django' 2>/dev/null; then \
	$(find_python); \
	if [ -e .venv ]; then echo "The .venv here is unfinished or broken: making it afresh."; fi; \
	echo "Making .venv with $$($$python --version)."; \
	$$python -m venv --clear .venv || exit 1; \
fi; \
if ! cmp -s $(1) .venv/$(1); then \
	echo "Installing what $(1) lists."; \
	rm -f .venv/requirements*.txt; \
	.venv/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r $(1) || \
		{ echo "pip could not install it; above it says why." >&2; exit 1; }; \
	cp $(2) .venv/; \
fi
endef

# Resolve once for all platforms and supported Python versions, from the registry that pip uses. The lock does
# not contain its address.
registry = UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$$PIP_INDEX_URL}"
resolve = $(registry) \
	.venv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.12 --generate-hashes \
	--no-annotate --custom-compile-command 'make lock' pyproject.toml

python:
	@$(find_python); echo $$python

port:
	@case "$$PORT" in \
		*[!0-9]*) false;; *) [ "$$PORT" -gt 0 ] && [ "$$PORT" -lt 65536 ];; \
	esac 2>/dev/null || { \
		echo "PORT is '$$PORT'. Set it to a number from 1 to 65535: make run PORT=8010." >&2; exit 1; }
	@$(find_python); \
	$$python -c 'import os, socket; socket.create_server(("127.0.0.1", int(os.environ["PORT"])))' \
		2>/dev/null || { \
		echo "Port $$PORT cannot be used: another program has it, or it is reserved." \
			"Choose another: make run PORT=8010." >&2; exit 1; }

install:
	@$(call install,requirements.txt,requirements.txt)

# The development lock includes the other one, so both are installed.
install-dev:
	@$(call install,requirements-dev.txt,requirements.txt requirements-dev.txt)

.env:
	@echo "Writing .env with a secret key for this machine."
	@umask 077; printf 'SECRET_KEY=%s\nHTTPS=off\nSECOND_FACTOR=off\n' \
		"$$(.venv/bin/python -c 'import secrets; print(secrets.token_urlsafe(50))')" > .env

# Compressing takes seconds, so it only runs when a file, the settings or the packages have changed.
$(STATIC): blekinge_site/settings.py requirements.txt $(shell find static */static 2>/dev/null)
	@echo "Collecting and compressing the static files."
	@$(MANAGE) collectstatic --no-input --verbosity 0
