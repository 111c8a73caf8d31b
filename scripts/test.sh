#!/usr/bin/env bash
# Install gxfast for development into a fresh virtual environment and run its tests.
# Usage: scripts/test.sh [VENV]     (default: .venv)
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${1:-.venv}
say() { printf '== %s (%s s)\n' "$1" "$SECONDS" >&2; }
say "1/3 making the environment $venv"
python3 -m venv "$venv"
"$venv/bin/pip" install -q --upgrade pip "setuptools>=77"
say "2/3 fetching what the tests need, and compiling gxfast: minutes on a small machine"
"$venv/bin/pip" install -q -e ".[cpu,models,dev]"
say "3/3 running the tests"
"$venv/bin/python" -m pytest -q -n 2 --dist loadfile tests
