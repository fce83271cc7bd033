# Every task of a maintainer, one line each. `./test` runs `just check` in a fresh environment.

set shell := ["bash", "-euo", "pipefail", "-c"]
export PATH := justfile_directory() / ".venv/bin:" + env("PATH")

# List the tasks
default:
    @just --list

# Everything CI runs, in the same order
check: format-check lint types imports dead-code dependencies spelling test

# Format the code
format:
    ruff format src tests
    ruff check --fix --quiet src tests || true

format-check:
    ruff format --check --quiet src tests

lint:
    ruff check --quiet src tests

types:
    mypy

imports:
    lint-imports --no-cache

dead-code:
    vulture

dependencies:
    deptry src

spelling:
    codespell src tests docs README.md CHANGELOG.md CONTRIBUTING.md

# Unit, conformance, end-to-end and documentation tests
test *args:
    pytest {{ args }}

# The measurements that print tables; see docs/benchmarks.md
bench *args:
    python -m tests.bench {{ args }}

# Resolve the dependencies anew into the two lock files
lock:
    uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --custom-compile-command "just lock" pyproject.toml -o requirements.lock
    uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --custom-compile-command "just lock" pyproject.toml --group dev -o requirements-dev.lock
