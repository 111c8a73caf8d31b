"""Compare conditional eQTLs and fine-mapping with tensorQTL: leads, numbers, PIPs, credible sets, and CPU seconds.

Usage: python bench/validation/signals.py PYTHON [ROUNDS]
where PYTHON has tensorqtl, torch and pandas (bench/peers.sh), and GXFAST_DATA names the folder with the real data.
Each round runs tensorQTL and gxfast one after the other, in processes of their own with one thread; seconds are CPU
seconds, medians.
tensorQTL's permutations are those of its seed; gxfast is given the same. PIPs are compared with those of tensorQTL's
``susie.susie`` on float64, so that what differs is not its float32; its distance from that is printed too.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from eqtl_data import cohort_of_the_run
from numpy.typing import NDArray

from gxfast.personal.dosages import count_alternative
from gxfast.stats import CisScan, fdr, forward_backward, susie

_WINDOW, _PERMUTATIONS = 1_000_000, 1000
Case = dict[str, NDArray[np.float64]]


def geuvadis() -> Case:
    """50 genes of 358 people and all common variants within 1 Mb."""
    cohort = cohort_of_the_run()
    tss = cohort.genes.tss
    low, high = max(0, int(tss.min()) - _WINDOW), int(tss.max()) + _WINDOW + 1
    dosages = count_alternative(cohort.genotypes.region(cohort.genes.chrom[0], low, high))
    common = dosages.minor_frequency >= 0.01
    assert cohort.covariates is not None
    return _case(dosages.values[common], dosages.position[common], tss, cohort.values, cohort.covariates)


def simulated() -> Case:
    """40 genes of 421 people with none to four effects among 9,000 linked variants."""
    draw = np.random.default_rng(0)
    people, genes, variants = 421, 40, 9_000
    haplotypes = np.zeros((2, variants, people), np.int8)
    for copy in haplotypes:
        row = draw.random(people) < 0.3
        for v in range(variants):
            fresh = draw.random(people) < draw.uniform(0.03, 0.5)
            row = np.where(draw.random(people) < 0.15, fresh, row)
            copy[v] = row
    x = haplotypes.sum(axis=0, dtype=np.int8)
    position, tss = np.arange(variants) * 600, np.linspace(5e5, 4.9e6, genes).astype(np.int64)
    covariates, y = draw.normal(size=(10, people)), draw.normal(size=(genes, people))
    for g in range(genes):
        near = np.flatnonzero(np.abs(position - tss[g]) < 3e5)
        for v in draw.choice(near, g % 5, replace=False):
            y[g] += draw.choice([-1, 1]) * draw.uniform(0.3, 0.7) * (x[v] - x[v].mean()) / x[v].std()
    y += 0.3 * covariates[0]
    common = np.minimum(x.mean(axis=1) / 2, 1 - x.mean(axis=1) / 2) >= 0.01
    return _case(x[common], position[common], tss, y, covariates)


def _case(
    x: NDArray[np.int8], position: NDArray[np.int64], tss: NDArray[np.int64], y: NDArray[np.float64],
    covariates: NDArray[np.float64],
) -> Case:  # fmt: skip
    # what float32 rounds is no difference between the tools
    y, covariates = y.astype(np.float32).astype(np.float64), covariates.astype(np.float32).astype(np.float64)
    order = np.argsort(tss, kind="stable")
    first = np.searchsorted(position, tss[order] - _WINDOW, side="left")
    last = np.searchsorted(position, tss[order] + _WINDOW, side="right")
    return {
        "x": x, "position": position, "tss": tss[order], "y": y[order], "covariates": covariates,
        "first": first, "last": last, "window": np.array(_WINDOW),
    }  # fmt: skip


def own(case: str, out: str) -> None:
    """Write what gxfast finds."""
    data = dict(np.load(case))
    x, y, covariates, first, last = (data[name] for name in ("x", "y", "covariates", "first", "last"))
    random = np.random.RandomState(1)
    orders = np.array([random.permutation(y.shape[1]) for _ in range(_PERMUTATIONS)])
    susie(x[:50], y[0])  # what is imported on the first call
    found: dict[str, object] = {}
    started = time.process_time()
    scan = CisScan(x, covariates=covariates)
    nominal = scan.associations(y, first, last)
    permuted = scan.permutations(y, first, last, found=nominal, orders=orders)
    p = np.array([one.beta.pval_beta if one.beta else np.nan for one in permuted])
    passed = fdr(p) <= 0.05
    rows = []
    for g in np.flatnonzero(p <= 0.05).tolist():
        near = slice(first[g], last[g])
        both = forward_backward(x[near], y[g], covariates=covariates, orders=orders, first=(nominal.of(g), permuted[g]))
        rows += [
            (g, first[g] + s.lead, s.p, s.slope, s.slope_se, s.permuted.pval_perm, s.pval_beta, s.rank)
            for s in (both.signals(p[passed].max()) if passed[g] else ())
        ]
    found["independent_seconds"] = time.process_time() - started
    names = "phenotype_id", "variant_id", "pval_nominal", "slope", "slope_se", "pval_perm", "pval_beta", "rank"
    found |= dict(zip(names, np.array(rows, np.float64).T, strict=True))
    started = time.process_time()
    fits = [susie(x[first[g] : last[g]], y[g], covariates=covariates) for g in range(len(y))]
    found["susie_seconds"] = time.process_time() - started
    for g, fit in enumerate(fits):
        found[f"pip_{g}"], found[f"iterations_{g}"] = fit.pip, fit.n_iterations
        found |= {f"set_{g}_{one.effect + 1}": one.variants for one in fit.sets}
    np.savez(out, **found)


def _same_set(one: NDArray[np.float64], other: NDArray[np.float64], pip: NDArray[np.float64]) -> bool:
    """Whether two credible sets are equal but for variants with equal PIPs, of which a sort takes any at the end."""
    apart = np.setxor1d(one, other).astype(np.int64)
    return one.size == other.size and bool(apart.size == 0 or np.ptp(pip[apart]) < 1e-9)


def _compare(name: str, ours: Case, theirs: Case) -> bool:
    """Print what differs; False where that is more than rounding."""
    keys = [np.stack([one["phenotype_id"], one["rank"], one["variant_id"]], axis=1) for one in (ours, theirs)]
    fine = np.array_equal(*keys)
    several = len(set(ours["phenotype_id"][ours["rank"] > 1].tolist()))
    print(f"{name}: {len(keys[0])} independent eQTLs, {several} genes with several; same leads: {fine}")
    # their fit of the beta distribution ends at 1e-4 of its likelihood
    for column, allowed in (("pval_nominal", 1e-3), ("slope", 1e-5), ("slope_se", 1e-5), ("pval_beta", 0.1)):
        if len(keys[0]) == len(keys[1]):
            away = float(np.max(np.abs(ours[column] / theirs[column] - 1)))
            fine &= away <= allowed
            print(f"  {column}: largest relative difference {away:.1e}")
    genes = [key[4:] for key in ours if key.startswith("pip_")]
    away = max(float(np.nanmax(np.abs(ours[f"pip_{g}"] - theirs[f"pip_{g}"]))) for g in genes)
    single = [np.abs(theirs[f"pip_{g}"] - theirs[f"pip32_{g}"]).max() for g in genes if f"pip32_{g}" in theirs]
    steps = all(ours[f"iterations_{g}"] == theirs[f"iterations_{g}"] for g in genes)
    sets = [sorted(key for key in one if key.startswith("set_")) for one in (ours, theirs)]
    equal = sets[0] == sets[1] and all(
        _same_set(ours[key], theirs[key], theirs[f"pip_{key.split('_')[1]}"]) for key in sets[0]
    )
    print(f"  {len(genes)} genes, {len(sets[0])} credible sets, the same: {equal}; iterations the same: {steps}")
    print(f"  PIP: largest difference {away:.1e} (of tensorQTL's own float32: {max(single, default=0):.1e})")
    return fine and equal and away <= 1e-6


def main(python: str, rounds: int = 3) -> int:
    """Print the comparison; exit code 1 where the two differ."""
    here, fine = Path(__file__).parent, True
    one_thread = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for case in (geuvadis, simulated):
            np.savez(folder / "case.npz", **case())
            seconds: dict[str, list[float]] = {}
            results = {}
            for _ in range(rounds):
                for tool, command in (
                    ("tensorQTL", [python, here / "signals_peer.py"]),
                    ("gxfast", [sys.executable, __file__, "--own"]),
                ):
                    subprocess.run(
                        [*command, folder / "case.npz", folder / "out.npz"], check=True, stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL, env={**os.environ, **one_thread},
                    )  # fmt: skip
                    results[tool] = dict(np.load(folder / "out.npz"))
                    for what in ("independent_seconds", "susie_seconds"):
                        seconds.setdefault(f"{tool} {what}", []).append(float(results[tool][what]))
            fine &= _compare(case.__name__, results["gxfast"], results["tensorQTL"])
            for what in ("independent", "susie"):
                theirs, ours = (np.median(seconds[f"{tool} {what}_seconds"]) for tool in ("tensorQTL", "gxfast"))
                print(f"  {what}: tensorQTL {theirs:.2f} s, gxfast {ours:.2f} s: {theirs / ours:.1f}x")
    return int(not fine)


if __name__ == "__main__":
    if sys.argv[1] == "--own":
        own(*sys.argv[2:])
    else:
        sys.exit(main(sys.argv[1], *map(int, sys.argv[2:3])))
