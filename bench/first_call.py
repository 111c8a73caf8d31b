"""Seconds of the first call of every Numba routine in a new process: cache cold (as after installation) and warm.

Usage: python bench/first_call.py
Each figure is wall time from the call to its result, imports within it included; the compiled backend beside it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

CALLS = {
    "pearson": "stats.pearson(x, y, backend={backend!r})",
    "spearman": "stats.spearman(x, y, backend={backend!r})",
    "fdr": "stats.fdr(p, backend={backend!r})",
    "fit_tracks": "stats.fit_tracks(x.T, y[0], folds=5, n_lambdas=5)",
}
SCRIPT = """
import time
import numpy as np
from gxfast import stats
rng = np.random.default_rng(0)
x, y, p = rng.normal(size=(30, 80)), rng.normal(size=(30, 80)), rng.random(500)
start = time.perf_counter()
{call}
print(time.perf_counter() - start)
"""


def seconds(call: str, cache: str) -> float:
    """Time a call in a process of its own."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
    command = [sys.executable, "-c", SCRIPT.format(call=call)]
    return float(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


def main() -> int:
    """Print the table."""
    print("| routine | cold | warm | compiled backend |")
    print("|---|---|---|---|")
    for name, template in CALLS.items():
        call = template.format(backend="numba")
        with tempfile.TemporaryDirectory() as cache:
            cold = seconds(call, cache)
            warm = min(seconds(call, cache) for _ in range(3))
        own = min(seconds(template.format(backend="compiled"), "") for _ in range(3)) if "backend" in template else None
        print(f"| {name} | {cold:.2f} s | {warm:.2f} s | {'' if own is None else f'{own * 1e3:.1f} ms'} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
