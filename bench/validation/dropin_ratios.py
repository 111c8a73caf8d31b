"""CPU times of drop-ins and of the functions they replace, medians of calls in turns, one thread.

``python bench/validation/dropin_ratios.py [TOOL]...``; tools that are not installed are left out (``scripts/hosts.sh``,
``bench/peers.sh`` install them). Results are compared by ``tests/compat`` and not here. Exit code 1: a drop-in is
slower by more than a tenth, measured twice.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import random
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "GXFAST_THREADS"), "1")

import numpy as np

from gxfast.compat._hosts import host_original

Row = tuple[str, Callable[[], Any], Callable[[], Any]]
LENGTHS = (50, 2_000, 196_608, 1_000_000)
NOISE = 1.1


def measure(host: Callable[[], Any], ours: Callable[[], Any], seconds: float = 0.8) -> tuple[float, float]:
    """Medians of both, in turns, after a first call of each."""
    times: tuple[list[float], list[float]] = ([], [])
    host(), ours()
    end = time.process_time() + seconds
    while len(times[0]) < 3 or (time.process_time() < end and len(times[0]) < 200):
        for function, taken in zip((host, ours), times, strict=True):
            start = time.process_time()
            function()
            taken.append(time.process_time() - start)
    return median(times[0]), median(times[1])


def pair(module: str, attribute: str, ours: str) -> tuple[Any, Any]:
    """The host's function and its twin."""
    twin_module, name = ours.split(":")
    importlib.import_module(module)
    return host_original("", module, attribute, ""), getattr(
        importlib.import_module(f"gxfast.compat.{twin_module}"), name
    )


def call(functions: tuple[Any, Any], *args: Any, **options: Any) -> tuple[Callable[[], Any], Callable[[], Any]]:
    host, ours = functions
    return lambda: host(*args, **options), lambda: ours(*args, **options)


def texts(length: int) -> str:
    return "".join(random.Random(length).choices("ACGTN", [24, 24, 24, 24, 1], k=length))


def grelu() -> Iterator[Row]:
    pairs = {
        name: pair("grelu.sequence.format", name, f"grelu:{name}")
        for name in ("check_string_dna", "strings_to_indices", "indices_to_one_hot", "indices_to_strings")
    }
    for length in LENGTHS:
        text = texts(length)
        codes = pairs["strings_to_indices"][1](text)
        for name, functions in pairs.items():
            yield f"gReLU {name}, {length:,} bp", *call(functions, codes if name.startswith("indices") else text)


def seqpro() -> Iterator[Row]:
    gc = pair("seqpro._analyzers", "gc_content", "seqpro:gc_content")
    for length in LENGTHS:
        yield f"seqpro gc_content, {length:,} bp", *call(gc, texts(length))


def tangermeme() -> Iterator[Row]:
    functions = pair("tangermeme.utils", "characters", "tangermeme:characters")
    encode = importlib.import_module("tangermeme.utils").one_hot_encode
    for length in LENGTHS:
        yield f"tangermeme characters, {length:,} bp", *call(functions, encode(texts(length)), allow_N=True)


def scipy() -> Iterator[Row]:
    draw = np.random.default_rng(0)
    pearson, spearman = (pair("scipy.stats", name, f"scipy:{name}") for name in ("pearsonr", "spearmanr"))
    for shape in ((839,), (100, 839), (5000, 839)):
        x, y = draw.normal(size=shape), draw.normal(size=shape)
        yield f"scipy pearsonr, {shape}, last axis", *call(pearson, x, y, axis=-1)
        if len(shape) == 2:
            yield f"scipy pearsonr, {shape[::-1]}, axis 0", *call(pearson, *(np.ascontiguousarray(v.T) for v in (x, y)))
            single = (v.astype(np.float32) for v in (x, y))
            yield f"scipy pearsonr, {shape}, float32, last axis", *call(pearson, *single, axis=-1)
    for n in (839, 10_000, 100_000):
        yield f"scipy spearmanr, {n:,}", *call(spearman, draw.normal(size=n), draw.normal(size=n))
    adjust = pair("scipy.stats", "false_discovery_control", "scipy:false_discovery_control")
    for n in (100, 20_000, 1_000_000):
        yield f"scipy false_discovery_control, {n:,}", *call(adjust, draw.uniform(size=n) ** 2)


def statsmodels() -> Iterator[Row]:
    draw = np.random.default_rng(0)
    for name, options in (("fdrcorrection", {}), ("multipletests", {"method": "fdr_bh"})):
        functions = pair("statsmodels.stats.multitest", name, f"statsmodels:{name}")
        for n in (1_000, 20_000, 1_000_000):
            yield f"statsmodels {name}, {n:,}", *call(functions, draw.uniform(size=n) ** 2, **options)


def sklearn() -> Iterator[Row]:
    host, ours = pair("sklearn.linear_model", "ElasticNetCV", "sklearn:ElasticNetCV")
    for people, columns in ((100, 20), (421, 200), (421, 500), (421, 1000)):
        draw = np.random.default_rng(columns)
        x = draw.binomial(2, draw.uniform(0.05, 0.5, columns), (people, columns)).astype(float)
        for j in range(1, columns):
            x[:, j] = np.where(draw.random(people) < 0.8, x[:, j - 1], x[:, j]) if j % 5 else x[:, j]
        signal = x @ np.where(np.arange(columns) % (columns // 10) == 0, draw.normal(size=columns), 0)
        y = signal / signal.std() * 0.55 + draw.normal(size=people) * 0.84
        for eps in (1e-3, 1e-2):
            functions = (lambda e=eps, a=x, b=y: host(eps=e).fit(a, b)), (lambda e=eps, a=x, b=y: ours(eps=e).fit(a, b))
            yield f"scikit-learn ElasticNetCV, {people} x {columns}, eps {eps:g}", *functions


def tensorqtl() -> Iterator[Row]:
    import pandas as pd

    importlib.import_module("torch").set_num_threads(1)
    nominal, cis = (pair("tensorqtl.cis", name, f"tensorqtl:{name}") for name in ("map_nominal", "map_cis"))
    draw, people, genes, variants = np.random.default_rng(0), 421, 40, 12_000
    names, ids = [f"s{i}" for i in range(people)], [f"v{i}" for i in range(variants)]
    dosages = draw.binomial(2, draw.uniform(0.05, 0.95, variants)[:, None], (variants, people)).astype(np.int8)
    places = np.arange(variants) * 300
    y = pd.DataFrame(draw.normal(size=(genes, people)), index=[f"g{i}" for i in range(genes)], columns=names)
    where = pd.DataFrame({"chr": "chr1", "pos": np.linspace(2e5, 3.4e6, genes).astype(int)}, index=y.index)
    study = (
        pd.DataFrame(dosages, index=ids, columns=names),
        pd.DataFrame({"chrom": "chr1", "pos": places}, index=ids),
        y,
        where,
    )
    options = {
        "covariates_df": pd.DataFrame(draw.normal(size=(people, 20)), index=names),
        "window": 150_000,
        "verbose": False,
    }
    folder = tempfile.mkdtemp()
    label = f"{people} people, {genes} genes, 1,001 variants each"
    yield f"tensorQTL map_nominal, {label}", *call(nominal, *study, "x", output_dir=folder, **options)
    yield f"tensorQTL map_cis, 1,000 permutations, {label}", *call(cis, *study, nperm=1000, seed=1, **options)


def main() -> None:
    warnings.simplefilter("ignore")
    chosen = sys.argv[1:] or ["grelu", "seqpro", "tangermeme", "scipy", "statsmodels", "sklearn", "tensorqtl"]
    with contextlib.suppress(ImportError):
        importlib.import_module("torch").set_num_threads(1)
    slower = []
    for tool in chosen:
        rows = globals()[tool]()
        while True:
            try:
                name, host, ours = next(rows)
            except StopIteration:
                break
            except ImportError as error:
                print(f"{tool}: left out ({error})")
                break
            for _ in range(2):
                with contextlib.redirect_stdout(io.StringIO()):
                    theirs, mine = measure(host, ours)
                if mine <= NOISE * theirs:
                    break
            else:
                slower.append(name)
            print(f"{name}: {theirs * 1e3:.4g} ms, ours {mine * 1e3:.4g} ms, {theirs / mine:.1f} times", flush=True)
    if slower:
        raise SystemExit(f"slower than the host's: {'; '.join(slower)}")


if __name__ == "__main__":
    main()
