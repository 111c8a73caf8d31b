#!/usr/bin/env bash
# Look for known advisories of everything that gxfast and its extras install. Needs a package index that serves them.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q "pip-audit>=2.7,<3"
python3 -m venv "$work/target"
"$work/target/bin/pip" install -q ".[cpu,models,io]"
"$work/venv/bin/pip-audit" --strict --path "$("$work/target/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
