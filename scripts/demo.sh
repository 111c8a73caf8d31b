#!/usr/bin/env bash
# Install gxfast into a fresh virtual environment and run the demo.
# Usage: scripts/demo.sh [VENV] [DIR]     (defaults: .venv-demo, gxfast-demo)
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${1:-.venv-demo}
python3 -m venv "$venv"
"$venv/bin/pip" install -q ".[cpu]"
"$venv/bin/gxfast" demo -o "${2:-gxfast-demo}"
