"""Every layer of kernels at once: from two threads, and in a forked child of a process that has used them."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

import gxfast as gx
from gxfast import stats

from .table_models import World

__all__ = ["digests"]

ROUNDS = 6


def works() -> dict[str, Callable[[], Any]]:
    """Return calls of the compiled kernels, Numba's, BLAS's and onnxruntime's."""
    world, rng = World(), np.random.default_rng(1)
    x, y = rng.normal(size=(300, 40)), rng.normal(size=(300, 40))
    x[::7, 3] = np.nan
    p, letters = rng.uniform(size=500), rng.choice(np.frombuffer(b"ACGTN", np.uint8), (64, 1000))
    dosages = np.array(rng.integers(0, 3, (60, 40)), np.int8)
    windows = np.zeros(300, np.int64), np.full(300, 60)
    scan = stats.CisScan(dosages, n_threads=2)
    return {
        "pearson": lambda: stats.pearson(x, y, n_threads=2).r,
        "pearson, numba": lambda: stats.pearson(x, y, backend="numba", n_threads=2).r,
        "spearman, numba": lambda: stats.spearman(x, y, backend="numba").rho,
        "fdr, numba": lambda: stats.fdr(p, backend="numba"),
        "one_hot": lambda: gx.one_hot(letters, n_threads=2),
        "mutants": lambda: gx.saturation_mutants(letters[0], n_threads=2)[0],
        "elastic net": lambda: stats.elastic_net_cv(dosages, y[0], folds=4, n_lambdas=20).coefficients,
        "tracks": lambda: stats.fit_tracks(x.T[:, 1:7].copy(), y[1], folds=4, n_lambdas=5).coefficients,
        "cis scan": lambda: scan.associations(np.nan_to_num(y), *windows).r,
        "blup": lambda: stats.blup(dosages, y[0], dosages[:, :5]),
        "haplotypes": lambda: world.store.one_hot(6000, 8000, n_threads=2),
        "model": lambda: world.model.predict(world.letters, n_threads=2),
        "mutagenesis": lambda: gx.ism.saturate(world.plan, world.letters[:1], start=900, end=940),
    }


def digests(calls: dict[str, Callable[[], Any]]) -> dict[str, str]:
    """Return a hash of the bits of each result."""
    return {name: hashlib.sha256(np.ascontiguousarray(call()).tobytes()).hexdigest() for name, call in calls.items()}


def in_two_threads(calls: dict[str, Callable[[], Any]], expected: dict[str, str]) -> list[str]:
    wrong: list[str] = []
    barrier = threading.Barrier(2)

    def work() -> None:
        for _ in range(ROUNDS):
            for name, call in calls.items():
                barrier.wait(60)  # both in the same kernel
                if digests({name: call})[name] != expected[name]:
                    wrong.append(name)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


def in_a_forked_child(calls: dict[str, Callable[[], Any]], expected: dict[str, str]) -> list[str]:
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        code = 1
        try:
            wrong = [name for name, found in digests(calls).items() if found != expected[name]]
            os.write(writing, "\n".join(wrong).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as lines:
        wrong = lines.read().splitlines()
    status = os.waitpid(child, 0)[1]
    return [*wrong, f"the child ended with {status}"] if status else wrong


if __name__ == "__main__":
    made = works()
    first = digests(made)
    print(*{"threads": in_two_threads, "fork": in_a_forked_child}[sys.argv[1]](made, first), sep="\n", end="")
