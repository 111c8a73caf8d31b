"""CPU seconds of the metrics of a million variants, against scikit-learn and SciPy on the same table.

Values are compared before anything is printed. Usage: python bench/validation/variant_metrics.py [--variants N]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import stats as scipy_stats
from sklearn.metrics import average_precision_score, roc_auc_score

from gxfast import stats

REPEATS = 3


def measured(call: Callable[[], Any]) -> tuple[float, Any]:
    """The least CPU seconds of some calls, and what they return."""
    best, found = np.inf, None
    for _ in range(REPEATS):
        start = time.process_time()
        found = call()
        best = min(best, time.process_time() - start)
    return best, found


def make(n: int) -> dict[str, np.ndarray]:
    """Scores with ties, effects, labels (one in ten), chromosomes and matched pairs."""
    rng = np.random.default_rng(0)
    effect = rng.normal(size=n)
    label = rng.random(n) < 0.1
    score = np.round(np.where(label, effect, 0) + rng.normal(size=n), 5)
    other = np.round(0.3 * effect * label + rng.normal(size=n), 5)
    chrom = np.array([f"chr{i}" for i in range(1, 23)])[rng.integers(0, 22, n)]
    return {"effect": effect, "label": label, "score": score, "other": other, "size": np.abs(score), "chrom": chrom}


def by_chromosome(t: dict[str, np.ndarray]) -> float:
    """As TraitGym's rules: scikit-learn on each chromosome, weights by variants."""
    parts = [t["chrom"] == name for name in np.unique(t["chrom"])]
    values = [average_precision_score(t["label"][part], t["size"][part]) for part in parts]
    return float(np.average(values, weights=[part.sum() for part in parts]))


def cases(t: dict[str, np.ndarray]) -> dict[str, tuple[Callable[[], Any], Callable[[], Any]]]:
    """Ours (with intervals), and the same values by others (without, but for shares and Pearson)."""
    label, effect, score, size = t["label"], t["effect"], t["score"], t["size"]
    mine, theirs = score[label], effect[label]

    def share() -> float:
        return scipy_stats.binomtest(int((score * effect > 0).sum()), int((score * effect != 0).sum())).statistic

    return {
        "share of equal signs": (lambda: stats.sign_share(score, effect).value, share),
        "sign AUROC": (lambda: stats.sign_auroc(score, effect).value, lambda: roc_auc_score(effect > 0, score)),
        "causality AUROC, AUPRC": (
            lambda: [one.value for one in stats.ranking(size, label)],
            lambda: [roc_auc_score(label, size), average_precision_score(label, size)],
        ),
        "AUPRC by chromosome": (
            lambda: stats.auprc_by_chromosome(size, label, t["chrom"]).value, lambda: by_chromosome(t)
        ),
        "Spearman": (
            lambda: stats.effect_correlation(score, effect).value,
            lambda: scipy_stats.spearmanr(score, effect).statistic,
        ),
        "Pearson": (
            lambda: stats.effect_correlation(score, effect, method="pearson").value,
            lambda: scipy_stats.pearsonr(score, effect).statistic,
        ),
        "direction odds (causal)": (
            lambda: stats.direction_odds(mine, t["other"][label], theirs).unpaired,
            lambda: scipy_stats.contingency.odds_ratio(
                [[(one * theirs > 0).sum(), (one * theirs < 0).sum()] for one in (mine, t["other"][label])],
                kind="sample",
            ).statistic,
        ),
    }  # fmt: skip


def main() -> None:
    """Print seconds of both, metric by metric."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variants", type=int, default=1_000_000)
    n = parser.parse_args().variants
    table = make(n)
    stats.effect_correlation(table["score"][:10], table["effect"][:10])  # kernels are loaded once
    sums = [0.0, 0.0]
    print(f"{n} variants; CPU seconds, least of {REPEATS}; gxfast with intervals")
    for name, (ours, others) in cases(table).items():
        seconds, found = measured(ours)
        their_seconds, expected = measured(others)
        difference = float(np.max(np.abs(np.asarray(found) - np.asarray(expected))))
        if not difference < 1e-12 * max(1.0, float(np.max(np.abs(expected)))):
            raise SystemExit(f"{name}: {found} is not {expected}")
        sums = [sums[0] + seconds, sums[1] + their_seconds]
        print(f"{name:26} {seconds:7.3f}  scikit-learn, SciPy {their_seconds:7.3f}  difference {difference:.0e}")
    print(f"{'all':26} {sums[0]:7.3f}  scikit-learn, SciPy {sums[1]:7.3f}")
    small = {name: values[:20_000] for name, values in table.items()}
    seconds, _ = measured(lambda: stats.ranking(small["size"], small["label"], n_bootstraps=100))
    start = time.process_time()
    rng = np.random.default_rng(0)
    groups = [np.flatnonzero(small["label"] == kind) for kind in (True, False)]
    for _ in range(100):
        rows = np.concatenate([rng.choice(group, group.size) for group in groups])
        roc_auc_score(small["label"][rows], small["size"][rows])
        average_precision_score(small["label"][rows], small["size"][rows])
    slow = time.process_time() - start
    print(f"100 bootstraps of AUROC and AUPRC, 20000 variants: {seconds:.3f}, row by row {slow:.3f}")


if __name__ == "__main__":
    main()
