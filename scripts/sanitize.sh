#!/usr/bin/env bash
# Run the tests that exercise the bindings on extension modules built with the address and undefined-behaviour
# sanitizers. They are built into a tree of their own (build/asan-python/tree), beside the modules of the source tree.
# Usage: scripts/sanitize.sh [PYTEST ARGUMENT...]     (in the environment for development, with gcc)
set -euo pipefail
cd "$(dirname "$0")/.."
tree=$PWD/build/asan-python/tree
python=$(command -v python)
[ "$#" -gt 0 ] || set -- tests/parity tests/unit/kernels tests/unit/encode tests/unit/personal \
  tests/unit/stats/test_association.py tests/unit/io/test_vcf*.py tests/unit/ism/test_edit_rows.py

cmake --preset asan-python -DPython_EXECUTABLE="$python" >/dev/null
rm -rf "$tree"
mkdir -p "$tree"
cp -r tests pyproject.toml "$tree"
git ls-files gxfast | tar -cT - | tar -xC "$tree"
cmake --build --preset asan-python

library() { gcc -print-file-name="$1"; }
# Python itself is not instrumented: the runtime comes first, and what it wraps of C++ right behind it.
export LD_PRELOAD="$(library libasan.so):$(library libubsan.so):$(library libstdc++.so)"
export ASAN_OPTIONS=detect_leaks=0:halt_on_error=1:abort_on_error=1:allocator_may_return_null=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export PYTHONPATH=$tree
cd "$tree"
"$python" -c "
import gxfast._kernels, gxfast.io._htslib
for module in (gxfast._kernels, gxfast.io._htslib):
    assert module.__file__.startswith('$tree'), module.__file__
    assert b'__asan_init' in open(module.__file__, 'rb').read(), 'not instrumented'"
exec "$python" -m pytest -q -p no:cacheprovider "$@"
