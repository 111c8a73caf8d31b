"""Cases of models of one gene: the random-weight null, and nested cross-validation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....stats import cross_predict, elastic_net_cv, random_null
from ...measure import Contender, Field, compare
from ...registry import Case
from ...result import LIMIT, Goal, Row
from ...timing import cpu_seconds
from .data import make_genotypes, make_phenotype

__all__ = ["cases"]

_SMALLER = {"tiny": 40, "small": 8, "real": 1}


def _published_null(x: NDArray[np.int8], y: NDArray[np.float64], draws: int) -> NDArray[np.float64]:
    """The idiom of the paper's script: every weighted genotype at once, then sums and correlations."""
    weights = np.random.default_rng(2).normal(size=(draws, len(x)))
    scores = (weights[:, :, None] * x[None].astype(np.float64)).sum(axis=1)
    return np.array([np.corrcoef(score, y)[0, 1] for score in scores])


def _drawn_product(x: NDArray[np.float32], draws: int) -> Any:
    """What no null by products in float32 can do without."""
    return np.random.default_rng(2).standard_normal((draws, len(x)), dtype=np.float32) @ x


def _random_null(size: str) -> Row:
    people, snps, draws = 839, max(20, 706 // _SMALLER[size]), 50
    x = make_genotypes(people, snps, 4)
    y = make_phenotype(x, 0.05, 5)

    floats = x.astype(np.float32)
    many = random_null(x, y, n_draws=4000, seed=9)

    def same(mean: float) -> str:
        """Other draws of the same distribution."""
        far = abs(mean - many.mean) > 6 * many.sd / np.sqrt(draws)
        return f"mean of abs(r) {mean:.4f}, over 4,000 draws {many.mean:.4f}" if far else ""

    idiom = "published idiom"
    field = Field(Contender("gxfast", lambda: random_null(x, y, n_draws=draws), 1, lambda found: same(found.mean)))
    field.peers = [Contender(idiom, lambda: _published_null(x, y, draws), 1, lambda r: same(float(np.abs(r).mean())))]
    field.limits = [Contender("draws and their product alone", lambda: _drawn_product(floats, draws), 1)]
    return compare("random-null", field, size=size, goals=[Goal("null", LIMIT, 0.6), Goal("null", idiom, 30)])


def _nested(size: str) -> Row:
    people, snps = 421, max(30, 1000 // _SMALLER[size])
    x = make_genotypes(people, snps, 11)
    genes = [make_phenotype(x, h, 20 + k) for k, h in enumerate((0.0, 0.03, 0.1, 0.3))]

    def own() -> Any:
        return [cross_predict(x, y, models=("elastic_net",), stop_after=10) for y in genes]

    def check(found: Any) -> str:
        """The first fold of the last gene, by a fit to the others."""
        held, y = found[-1], genes[-1]
        out = held.folds == 0
        alone = elastic_net_cv(x[:, ~out], y[~out] - y[~out].mean(), folds=10, stop_after=10)
        worst = float(np.abs(held.predictions["elastic_net"][out] - alone.predict(x[:, out])).max())
        return "" if worst < 1e-9 else f"predictions differ by {worst:.1e}"

    start = cpu_seconds()
    own()
    hours = (cpu_seconds() - start) / len(genes) * 20_000 / 3600
    field = Field(Contender("gxfast", own, len(genes), check))
    figures = {"hours for 20,000 genes": hours}
    note = "5 outer and 10 inner folds, stop 10; heritability 0, 0.03, 0.1, 0.3"
    goals = [Goal("nested CV", "hours for 20,000 genes", 1, at_least=False)]
    return compare(f"nested-cv-421x{snps}", field, size=size, goals=goals, figures=figures, note=note)


def cases() -> dict[str, Case]:
    """Return the cases by name."""
    return {"random-null": _random_null, "nested-cv": _nested}
