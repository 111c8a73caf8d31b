"""What a new result costs: one sequence encoded again and again, its results dropped, kept, or written to one array.

    python bench/validation/kept_results.py          # tangermeme beside it where it is installed

Prints CPU time (median) and page faults per call. A result that is dropped leaves its memory to the next one; one that
is kept needs new pages each time.
"""

from __future__ import annotations

import importlib.util
import resource
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import gxfast as gx

LENGTHS = {2_114: 200, 196_608: 30, 2_000_000: 10}  # and calls


def measure(call: Callable[[], Any], calls: int, keep: bool) -> str:
    """Time the calls, and say what one took."""
    kept: list[Any] = []
    seconds: list[float] = []
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(calls):
        start = time.process_time()
        result = call()
        seconds.append(time.process_time() - start)
        if keep:
            kept.append(result)
    faults = (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults) // calls
    return f"{np.median(seconds) * 1e6:9,.0f} us {faults:6,} faults"


def contenders(text: str) -> dict[str, Callable[[], Any]]:
    """Return the ways to encode as float32 (4, L)."""
    found: dict[str, Callable[[], Any]] = {"gx.one_hot": lambda: gx.one_hot(text, layout="NCL")}
    if importlib.util.find_spec("tangermeme"):
        import torch
        from tangermeme.utils import one_hot_encode

        from gxfast.compat.tangermeme import one_hot_encode as twin

        found["tangermeme"] = lambda: one_hot_encode(text, dtype=torch.float32)
        found["gxfast.compat.tangermeme"] = lambda: twin(text, dtype=torch.float32)
    return found


def main() -> None:
    """Print a line per length and contender."""
    print(f"{'length':>9} {'':26} {'dropped':>26} {'kept':>26}")
    for length, calls in LENGTHS.items():
        text = "".join(np.random.default_rng(1).choice(list("ACGT"), length))
        for name, call in contenders(text).items():
            call()
            print(f"{length:9,} {name:26} {measure(call, calls, False):>26} {measure(call, calls, True):>26}")
        out = np.empty((4, length), np.float32)
        one_array = measure(lambda text=text, out=out: gx.one_hot(text, layout="NCL", out=out), calls, False)  # type: ignore[misc]
        print(f"{length:9,} {'gx.one_hot(out=)':26} {one_array:>26}")


if __name__ == "__main__":
    main()
