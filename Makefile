# The commands of a machine that has Python 3.11, git and make. `make` alone lists them.
# Everything is installed into .venv from requirements.lock, by hash; nothing else on the machine changes.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
BIN := .venv/bin
STAMP := .venv/.installed
WORKERS ?= 2

# The first Python of the machine that is new enough: PYTHON=/path/to/python chooses another one.
CANDIDATES := $(or $(PYTHON),python3.11 python3 python3.12 python3.13)
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))

.PHONY: help demo up down status test bench check format lock install clean

help: ## this list
	@grep -hE '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

demo: install ## a whole day on this machine, then stop (ARGS="--students 300 --lang en")
	@$(BIN)/passerelle demo $(ARGS)

up: install ## start everything and leave it running
	@$(BIN)/passerelle up $(ARGS)

down: install ## stop what `make up` started
	@$(BIN)/passerelle down $(ARGS)

status: install ## what runs where
	@$(BIN)/passerelle status $(ARGS)

test: install ## the whole suite (ARGS="-k consent" for a part)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -q $(ARGS)

bench: install ## how fast the model, the mapping engine and the pulls are (ARGS="--environments PATH" adds the peers)
	@$(BIN)/passerelle bench model
	@$(BIN)/passerelle bench mapping $(ARGS)
	@$(BIN)/passerelle bench connectors $(ARGS)

check: install ## lint, format, types, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

format: install ## put the code in its format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: install ## resolve the dependencies again (ARGS=--upgrade for newer ones)
	@$(BIN)/uv pip compile pyproject.toml --quiet --group dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --custom-compile-command "make lock" \
		--output-file requirements.lock $(ARGS)

clean: ## remove .venv and the caches; the home (.passerelle) stays
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

install: $(STAMP) ## .venv from the lock file

$(STAMP): requirements.lock pyproject.toml
	@python=$$(for name in $(CANDIDATES); do \
		if "$$name" -c '$(NEW_ENOUGH)' 2>/dev/null; then command -v "$$name"; break; fi; done); \
	if [ -z "$$python" ]; then \
		echo "Python 3.11 ou plus récent est introuvable. Installez-le (sudo apt install python3 python3-venv), ou lancez make PYTHON=/chemin/python3." >&2; \
		echo "Python 3.11 or later was not found. Install it (sudo apt install python3 python3-venv), or run make PYTHON=/path/python3." >&2; \
		exit 2; fi; \
	if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
		package=$$("$$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'); \
		echo "$$python ne peut pas créer d'environnement. Lancez : sudo apt install $$package" >&2; \
		echo "$$python cannot make an environment. Run: sudo apt install $$package" >&2; \
		exit 2; fi; \
	if [ -x $(BIN)/python ] && ! $(BIN)/python -c '$(NEW_ENOUGH)' 2>/dev/null; then rm -rf .venv; fi; \
	echo "Installation dans .venv (une à trois minutes) · installing into .venv (one to three minutes)" >&2; \
	[ -x $(BIN)/pip ] || "$$python" -m venv --clear .venv; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .; \
	touch $(STAMP)
