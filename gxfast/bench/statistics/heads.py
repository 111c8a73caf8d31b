"""Cases of the fit over tracks, the random-weight null, and nested cross-validation of many genes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...stats import cross_predict, elastic_net_cv, fit_tracks, random_null
from ..measure import Contestant, Field, compare, goals_text
from ..peers.glmnet import cv_glmnet, missing_glmnet
from ..result import Goal, Row
from ..timing import cpu_seconds
from .data import make_genotypes, make_phenotype

__all__ = ["cases"]

_SMALLER = {"tiny": 40, "small": 8, "real": 1}


def _tracks(genes: int, tracks: int) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.int32]]:
    """Tracks that resemble each other: 150 factors and noise; 60 of them make the expression, with noise."""
    rng = np.random.default_rng(0)
    common = rng.normal(size=(genes, 150)) @ rng.normal(size=(150, tracks))
    x = (common + 3 * rng.normal(size=(genes, tracks))).astype(np.float32)
    b = np.zeros(tracks)
    b[rng.choice(tracks, 60, replace=False)] = rng.normal(size=60)
    y = x @ b
    folds = (rng.permutation(genes) % 10).astype(np.int32)
    y = y + rng.normal(size=genes) * float(y.std())
    # glmnet divides y by its standard deviation, which changes the weight of the squared penalty
    return x, (y - y.mean()) / y.std(), folds


def _track_fit(size: str) -> Row:
    shape = max(200, 13_000 // _SMALLER[size]), max(60, 5_313 // _SMALLER[size])
    x, y, folds = _tracks(*shape)
    own = partial(fit_tracks, x, y, folds=folds)
    fit_tracks(x[:200, :20], y[:200])  # Numba compiles or reads its cache
    start = cpu_seconds()
    fit = own()
    taken = cpu_seconds() - start
    figures = {"share of expression's variance predicted, held out": 1 - float(fit.cv_error.min() / y.var())}
    wrong = "" if fit.gap <= 1e-3 else f"gap {fit.gap:.1e}"
    remedy = missing_glmnet()
    if not remedy:
        theirs = cv_glmnet(x, y, folds)
        ratio = float(fit.cv_error.min()) / theirs.error
        figures["cv.glmnet"] = theirs.seconds / taken
        figures["smallest error over cv.glmnet's"] = ratio
        # glmnet gives every fold its own grid of lambdas; the objective is checked by the gap
        if abs(ratio - 1) > (0.01 if size == "real" else 0.1):
            wrong = f"smallest error {fit.cv_error.min():.6g}, cv.glmnet {theirs.error:.6g}"
    absent = {"cv.glmnet": remedy} if remedy else {}
    note = f"{shape[0]} genes, {shape[1]} tracks, 10 folds, 100 lambdas; one run of each, R's own CPU time"
    goals = [Goal("tracks", "cv.glmnet", 10)]
    if size == "real":  # one call takes half a minute: it is not repeated
        return Row(
            "track-fit", goals_text(goals), taken, equal=not wrong, figures=figures, absent=absent,
            differ={"gxfast": wrong} if wrong else {}, note=note, goals=tuple(goals),
        )  # fmt: skip
    field = Field(Contestant("gxfast", own, 1, lambda found: wrong), absent=absent)
    return compare("track-fit", field, size=size, goals=goals, figures=figures, note=note)


def _published_null(x: NDArray[np.int8], y: NDArray[np.float64], draws: int) -> NDArray[np.float64]:
    """The idiom of the paper's script: every weighted genotype at once, then sums and correlations."""
    weights = np.random.default_rng(2).normal(size=(draws, len(x)))
    scores = (weights[:, :, None] * x[None].astype(np.float64)).sum(axis=1)
    return np.array([np.corrcoef(score, y)[0, 1] for score in scores])


def _random_null(size: str) -> Row:
    people, snps, draws = 839, max(20, 706 // _SMALLER[size]), 50
    x = make_genotypes(people, snps, 4)
    y = make_phenotype(x, 0.05, 5)

    many = random_null(x, y, n_draws=4000, seed=9)

    def same(mean: float) -> str:
        """Other draws of the same distribution."""
        far = abs(mean - many.mean) > 6 * many.sd / np.sqrt(draws)
        return f"mean of abs(r) {mean:.4f}, over 4,000 draws {many.mean:.4f}" if far else ""

    idiom = "published idiom"
    field = Field(Contestant("gxfast", lambda: random_null(x, y, n_draws=draws), 1, lambda found: same(found.mean)))
    field.peers = [Contestant(idiom, lambda: _published_null(x, y, draws), 1, lambda r: same(float(np.abs(r).mean())))]
    return compare("random-null", field, size=size, goals=[Goal("null", idiom, 40)])


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
    field = Field(Contestant("gxfast", own, len(genes), check))
    figures = {"hours for 20,000 genes": hours}
    note = "5 outer and 10 inner folds, stop 10; heritability 0, 0.03, 0.1, 0.3"
    goals = [Goal("nested CV", "hours for 20,000 genes", 1, at_least=False)]
    return compare(f"nested-cv-421x{snps}", field, size=size, goals=goals, figures=figures, note=note)


def cases() -> dict[str, Callable[[str], Row]]:
    """Return the cases by name."""
    return {"track-fit": _track_fit, "random-null": _random_null, "nested-cv": _nested}
