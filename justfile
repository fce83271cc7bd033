# Every task of a maintainer, one line each. `./test` runs `just check` in a fresh environment.

set shell := ["bash", "-euo", "pipefail", "-c"]
export PATH := justfile_directory() / ".venv-dev/bin:" + env("PATH")

# Whether the installed packages are those of the lock file, and the note that they are
current := "cmp -s package-lock.json node_modules/.roundhouse.lock"
stamp := "cp package-lock.json node_modules/.roundhouse.lock"

# List the tasks
default:
    @just --list

# Everything CI runs, in the same order
check: format-check lint types imports dead-code dependencies spelling page-check test

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
    codespell --skip '*/web/static' src tests docs README.md CHANGELOG.md CONTRIBUTING.md

# Unit, conformance, end-to-end and documentation tests
test *args:
    pytest {{ args }}

# Build the web page into src/roundhouse/web/static
page-build:
    scripts/build-page.sh

# Types against the interface as it is now, lint and unit tests of the page
page-check: page-packages page-types
    cd page && node_modules/.bin/tsc --noEmit && node_modules/.bin/oxlint --deny-warnings src && node_modules/.bin/vitest run && node scripts/first-load.mjs

# Make the page's types from the description of the interface: page/src/api/schema.d.ts, which git ignores
page-types:
    cd page/codegen && {{ current }} || { npm ci --ignore-scripts --loglevel=error && {{ stamp }}; }
    python scripts/openapi.py > page/codegen/node_modules/openapi.json
    node page/codegen/generate.mjs page/codegen/node_modules/openapi.json page/src/api/schema.d.ts

# The packages of the page with the tools of its maintainers, pinned
[private]
page-packages:
    cd page && { [ -x node_modules/.bin/vitest ] && {{ current }}; } || { npm ci --ignore-scripts --loglevel=error && {{ stamp }}; }

# The measurements that print tables; see docs/benchmarks.md
bench *args:
    python -m tests.bench {{ args }}

# Resolve the dependencies anew into the two lock files
lock:
    uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --custom-compile-command "just lock" pyproject.toml -o requirements.lock
    uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --custom-compile-command "just lock" pyproject.toml --group dev -o requirements-dev.lock
