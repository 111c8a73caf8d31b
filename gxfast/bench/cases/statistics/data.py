"""Predictions, expression, p values and linked genotypes from a seed."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["make_genotypes", "make_p_values", "make_phenotype", "make_rows"]

Float32Array = NDArray[np.float32]


@lru_cache(maxsize=2)
def make_rows(genes: int, people: int, kind: str) -> tuple[Float32Array, Float32Array]:
    """Predictions and expression, genes x people.

    Predictions vary little between people around a mean that differs between genes; 1 % are constant. ``kind``:
    "plain", "gaps" (NaN: 2 % of the expression, 0.5 % of the predictions) or "ties" (12 values per gene).
    """
    rng = np.random.default_rng(0)
    shared = rng.standard_normal((genes, people), dtype=np.float32)
    mean, spread = rng.uniform(0, 8, (genes, 1)), 10 ** rng.uniform(-3.5, -0.5, (genes, 1))
    r = rng.normal(0.01, 0.12, (genes, 1))
    observed = (r * shared + np.sqrt(1 - r * r) * rng.standard_normal((genes, people), dtype=np.float32)).astype("f4")
    if kind == "ties":
        shared = np.round(shared * 2).clip(-6, 5)
    predicted = (mean + spread * shared).astype(np.float32)
    predicted[: genes // 100] = predicted[: genes // 100, :1]
    if kind == "gaps":
        observed[rng.random(observed.shape) < 0.02] = np.nan
        predicted[rng.random(predicted.shape) < 0.005] = np.nan
    return predicted, observed


@lru_cache(maxsize=2)
def make_p_values(tests: int, kind: str) -> NDArray[np.float64]:
    """p values with 10 % signals; ``kind``: "plain", or "ties" for a grid of 10,000 permutations."""
    from scipy.special import ndtr

    rng = np.random.default_rng(1)
    p = rng.uniform(size=tests)
    n = tests // 10
    p[:n] = 2 * ndtr(-np.abs(rng.normal(size=n) + rng.gamma(2, 1.5, n)))
    rng.shuffle(p)
    if kind == "ties":
        p = (np.floor(p * 10_000) + 1) / 10_001
    return p


def make_genotypes(people: int, snps: int, seed: int) -> NDArray[np.int8]:
    """Dosages, SNPs x people, of haplotypes in linkage: each SNP follows its neighbour, 15 % copy it exactly."""
    from scipy.special import ndtri

    rng = np.random.default_rng(seed)
    follows = rng.choice([0.995, 0.97, 0.9, 0.5], size=snps, p=[0.35, 0.35, 0.2, 0.1])
    threshold = ndtri(np.clip(rng.beta(0.8, 2, snps), 0.02, 0.5))
    x = np.zeros((snps, people), np.int8)
    for _ in range(2):
        z = rng.normal(size=people)
        for j in range(snps):
            z = follows[j] * z + np.sqrt(1 - follows[j] ** 2) * rng.normal(size=people)
            x[j] += z < threshold[j]
    for copy in np.flatnonzero(rng.random(snps) < 0.15):
        x[copy] = x[copy - 1]
    return x


def make_phenotype(x: NDArray[np.int8], heritability: float, seed: int) -> NDArray[Any]:
    """Expression with so much variance from three SNPs."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=x.shape[1])
    causal = x[rng.choice(x.shape[0], 3, replace=False)].astype(np.float64)
    spread = causal.std(axis=1, keepdims=True)
    genetic = rng.normal(size=3) @ ((causal - causal.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1))
    scale = float(np.std(genetic))
    if heritability == 0 or scale == 0:
        return np.asarray(noise)
    return np.asarray(np.sqrt(heritability) * genetic / scale + np.sqrt(1 - heritability) * noise)
