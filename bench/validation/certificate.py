"""Does the certificate of direction hold as often as it says? Planted truth on haplotypes of Geuvadis (chromosome 22).

Usage: GXFAST_DATA=../shared/data python bench/validation/certificate.py [--genes 2000] [--repeats 4]

The 716 haplotypes are the population: people are pairs drawn with replacement, so that the covariance of prediction and
genetic component, whose sign the certificate states, is known. Each gene has 300 neighbouring SNPs. Expression:
heritability 0.02 to 0.4 (log-uniform), from 1 to 3 SNPs or 30 with normal effects, or 10 with effects of Student's t
with 2 degrees of freedom; no genetic component in a share of genes. Model: sees the causal SNPs with an error as large
as half of the effect, and 2 to 19 others that do nothing; turned round in a share of genes.
"""

from __future__ import annotations

import argparse
import gzip
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gxfast.stats import calibration, correlation_from_effects, direction_certificate

VCF = Path(os.environ.get("GXFAST_DATA", "../shared/data")) / "geuvadis_chr22/geno/geuvadis358.chr22.vcf.gz"
SNPS = 300
ARCHITECTURES = ("1 to 3", "30", "10, heavy tails")


@dataclass(frozen=True, slots=True)
class World:
    """What is simulated."""

    n_people: int = 358
    null: float = 0.5
    right: float = 0.6
    architecture: str = "1 to 3"
    summary: bool = False  # eQTLs of these people and the linkage of others, instead of people's expression


def haplotypes() -> NDArray[np.int8]:
    """SNPs x haplotypes."""
    rows = []
    with gzip.open(VCF, "rb") as lines:
        for line in lines:
            if not line.startswith(b"#"):
                calls = np.array([field[:3] for field in line.rstrip().split(b"\t")[9:]])
                rows.append(calls.view("S1").reshape(-1, 3)[:, [0, 2]].astype(np.int8).ravel())
    return np.array(rows)


def gene(pool: NDArray[np.int8], world: World, rng: np.random.Generator) -> tuple[float, int]:
    """Correlation of prediction and expression, and the sign of the truth: 1 right, -1 wrong, 0 no component."""
    first = rng.integers(0, len(pool) - SNPS)
    n_causal = {"1 to 3": int(rng.integers(1, 4)), "30": 30, "10, heavy tails": 10}[world.architecture]
    n_others = int(rng.integers(2, 20))
    x = pool[first + rng.choice(SNPS, n_causal + n_others, replace=False)].astype(np.float64)
    x -= x.mean(axis=1, keepdims=True)
    b = rng.standard_t(2, n_causal) if "heavy" in world.architecture else rng.normal(size=n_causal)
    a = np.concatenate([b * rng.normal(1, 0.5, n_causal), rng.normal(size=n_others) * rng.choice([0.2, 0.5, 1.0])])
    genetic, predicted = b @ x[:n_causal], a @ x
    sign = 1 if rng.random() < world.right else -1
    if np.sign(genetic @ predicted) != sign:
        a, predicted = -a, -predicted
    pairs = rng.integers(0, x.shape[1], (2, world.n_people))
    y = rng.normal(size=world.n_people)
    if rng.random() < world.null:
        sign = 0
    else:
        h2 = np.exp(rng.uniform(np.log(0.02), np.log(0.4)))
        y = np.sqrt(1 - h2) * y + np.sqrt(h2 / 2) * genetic[pairs].sum(axis=0) / genetic.std()
    if world.summary:
        others = rng.integers(0, x.shape[1], (2, world.n_people))
        return from_summary(a, x[:, pairs].sum(axis=1), x[:, others].sum(axis=1), y), sign
    return float(np.corrcoef(predicted[pairs].sum(axis=0), y)[0, 1]), sign


def from_summary(a: NDArray[Any], x: NDArray[Any], others: NDArray[Any], y: NDArray[Any]) -> float:
    """The same from one regression per SNP and the covariance of other people's dosages."""
    n = len(y)
    x, y = x - x.mean(axis=1, keepdims=True), y - y.mean()
    square = (x * x).sum(axis=1)
    kept = (square > 0) & (others.std(axis=1) > 0)
    slope = x[kept] @ y / square[kept]
    error = np.sqrt(((y * y).sum() - slope**2 * square[kept]) / (n - 2) / square[kept])
    return correlation_from_effects(a[kept], np.cov(others[kept]).reshape(kept.sum(), -1), slope, error, n)


def statements(
    pool: NDArray[np.int8], worlds: Sequence[World], genes: int, repeats: int, **options: Any
) -> tuple[NDArray[np.float64], NDArray[np.bool_], float]:  # fmt: skip
    """Certainty of each statement and whether it holds, and in which share of genes there is one."""
    certainty, holds = [], []
    for k, world in enumerate(worlds):
        for repeat in range(repeats):
            rng = np.random.default_rng([repeat, k, world.n_people, int(100 * world.null), genes])
            r, truth = np.array([gene(pool, world, rng) for _ in range(genes)]).T
            found = direction_certificate(r, world.n_people, **options)
            said = found.direction != 0
            certainty.append(found.certainty[said])
            holds.append(found.direction[said] == truth[said])
    said_of = sum(map(len, certainty)) / (genes * repeats * len(worlds))
    return np.concatenate(certainty), np.concatenate(holds), said_of


def line(what: str, certainty: NDArray[np.float64], holds: NDArray[np.bool_], said: float) -> str:
    """A row of the table: statements of 90 %, of 90 % and more, and all."""
    near = calibration(certainty, holds, bins=[0.88, 0.92])
    high = calibration(certainty, holds, bins=[0.9, 1.0])
    cells = [
        what, f"{100 * said:.0f} %",
        f"{100 * near.share[0]:.1f} % ({100 * near.share_low[0]:.1f} to {100 * near.share_high[0]:.1f}; {near.n[0]:,})",
        f"{100 * high.stated[0]:.1f} / {100 * high.share[0]:.1f} %",
        f"{100 * certainty.mean():.1f} / {100 * holds.mean():.1f} %",
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def cases() -> Iterator[tuple[str, list[World], dict[str, Any]]]:
    """Rows of the table: what varies, the worlds that are taken together, and options."""
    mixed = [World(architecture=a, right=right) for a in ARCHITECTURES for right in (0.5, 0.7)]
    for n in (40, 100, 358, 800):
        for null in (0.0, 0.2, 0.5, 0.8):
            yield f"{n} people, {100 * null:.0f} % without", [replace(w, n_people=n, null=null) for w in mixed], {}
    for name in ARCHITECTURES:
        yield f"358 people, 50 % without, {name} causal SNPs", [w for w in mixed if w.architecture == name], {}
    for right in (0.5, 0.7):
        yield f"358 people, 50 % without, {100 * right:.0f} % right", [w for w in mixed if w.right == right], {}
    yield "358 people, 50 % without, eQTLs and others' linkage", [replace(w, summary=True) for w in mixed], {}
    yield "358 people, 50 % without, the default prior alone", mixed, {"prior_genes": np.inf}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--genes", type=int, default=2_000)
    parser.add_argument("--repeats", type=int, default=4)
    options = parser.parse_args()
    pool, curve = haplotypes(), []
    for what, worlds, chosen in cases():
        certainty, holds, said = statements(pool, worlds, options.genes, options.repeats, **chosen)
        print(line(what, certainty, holds, said), flush=True)
        if what.endswith(("people, 50 % without", "people, 20 % without")):
            curve.append((certainty, holds))
    total = options.genes * options.repeats
    for genes in (300, 100, 30):
        for null in (0.2, 0.5, 0.8):
            worlds = [World(architecture=a, null=null) for a in ARCHITECTURES]
            certainty, holds, said = statements(pool, worlds, genes, total // genes)
            print(line(f"{genes} genes, 358 people, {100 * null:.0f} % without", certainty, holds, said), flush=True)
    found = calibration(*(np.concatenate(part) for part in zip(*curve, strict=True)), bins=np.arange(0.5, 1.001, 0.05))
    for k in range(len(found.n)):
        print(
            f"| {found.low[k]:.2f} to {found.high[k]:.2f} | {found.n[k]:,} | {100 * found.stated[k]:.1f} % | "
            f"{100 * found.share[k]:.1f} % ({100 * found.share_low[k]:.1f} to {100 * found.share_high[k]:.1f}) |"
        )


if __name__ == "__main__":
    main()
