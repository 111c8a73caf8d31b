#!/usr/bin/env bash
# Everything that needs a CUDA device, in one call: environment, tests with the GPU wheel, checks, measurements.
#
#   bench/gpu/run.sh [RESULT_FOLDER]        default: $OUT, else bench/results/gpu
#
# PYTHON       Python to make the environment with (default python3)
# GPU_VENV     environment to make or use again (default: a folder in $TMPDIR)
# WHEELHOUSE   folder with every wheel that is needed, for a machine without a network (pip download fills it). A wheel
#              that is too large to be brought along may lie there in pieces, NAME.whl.00, NAME.whl.01, ... (split -d -b
#              50M NAME.whl NAME.whl.); they are joined first.
# ENFORMER     an export of bench/export_enformer.py, for a machine without torch
#
# Exit 3 where there is no CUDA device; 1 where a check or test fails.
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
out=${1:-${OUT:-$repo/bench/results/gpu}}
venv=${GPU_VENV:-${TMPDIR:-/tmp}/gxfast-gpu-venv}

if ! nvidia-smi --query-gpu=name,driver_version --format=csv,noheader; then
    echo "no CUDA, nothing measured: nvidia-smi finds no device" >&2
    exit 3
fi

mkdir -p "$out"
[ -x "$venv/bin/python" ] || "${PYTHON:-python3}" -m venv "$venv"
from=()
if [ -n "${WHEELHOUSE:-}" ]; then
    joined=$(mktemp -d)
    for first in "$WHEELHOUSE"/*.whl.00; do
        [ -e "$first" ] || continue
        cat "${first%.00}".[0-9][0-9] >"$joined/$(basename "${first%.00}")"
    done
    from=(--find-links "$joined" --no-index --find-links "$WHEELHOUSE")
fi
# Both wheels provide the module onnxruntime; the one for the CPU must not be there.
"$venv/bin/python" -m pip uninstall -q -y onnxruntime || true
"$venv/bin/python" -m pip install -q "${from[@]}" "$repo[gpu,test]"
"$venv/bin/python" -m pip freeze >"$out/pip_freeze.txt"

status=0
cd "$repo/bench/gpu"
"$venv/bin/python" measure.py --out "$out" || status=$?
[ "$status" -ne 3 ] || exit 3
"$venv/bin/python" mutagenesis.py --out "$out" ${ENFORMER:+--enformer "$ENFORMER"} || status=1

# From an empty folder, so that the installed package is tested and not the checkout.
cd "$(mktemp -d)"
"$venv/bin/python" -m pytest -q -c "$repo/pyproject.toml" --rootdir "$repo" \
    "$repo/tests/unit/models" "$repo/tests/unit/ism" "$repo/tests/integration/test_code_feed.py" \
    2>&1 | tee "$out/pytest.txt" || status=1
exit "$status"
