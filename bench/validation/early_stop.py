"""Does stopping the path early choose another lambda? 100 simulated genes, heritability 0 to 0.6, 1 to 50 causal SNPs.

Usage: python bench/validation/early_stop.py
"""

from __future__ import annotations

import numpy as np

from gxfast.bench.cases.statistics.data import make_genotypes
from gxfast.stats import elastic_net_cv

GENES, PEOPLE, SNPS = 100, 421, 500


def phenotype(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    heritability, n_causal = float(rng.choice([0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6])), int(rng.choice([1, 2, 5, 20, 50]))
    causal = x[rng.choice(SNPS, n_causal, replace=False)].astype(float)
    causal -= causal.mean(axis=1, keepdims=True)
    genetic = rng.normal(size=n_causal) @ (causal / (causal.std(axis=1, keepdims=True) + 1e-9))
    noise = rng.normal(size=PEOPLE)
    return (
        np.sqrt(heritability) * genetic / genetic.std() + np.sqrt(1 - heritability) * noise if heritability else noise
    )


def main() -> None:
    """Print for how many genes each rule chooses another lambda than the whole path."""
    other = dict.fromkeys((5, 10, 20), 0)
    for g in range(GENES):
        rng = np.random.default_rng(1000 + g)
        x = make_genotypes(PEOPLE, SNPS, 1000 + g)
        y = phenotype(x, rng)
        whole = elastic_net_cv(x, y, stop_after=None, gap=1e-5, seed=g).chosen
        for stop in other:
            other[stop] += elastic_net_cv(x, y, stop_after=stop, gap=1e-5, seed=g).chosen != whole
    for stop, count in other.items():
        print(f"stop after {stop}: another lambda than the whole path for {count} of {GENES} genes")


if __name__ == "__main__":
    main()
