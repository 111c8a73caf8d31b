#!/usr/bin/env bash
# Install gxfast for development into a fresh virtual environment and run its tests.
# Usage: scripts/test.sh [VENV]     (default: .venv)
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${1:-.venv}
python3 -m venv "$venv"
"$venv/bin/pip" install -q --upgrade pip "setuptools>=77"
"$venv/bin/pip" install -q -e ".[cpu,models,dev]"
"$venv/bin/python" -m pytest -q -n 2 --dist loadfile tests
