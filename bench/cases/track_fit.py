"""Case of the penalised fit over tracks, beside R's cv.glmnet."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from gxfast.bench.measure import Contender, Field, compare, goals_text
from gxfast.bench.registry import Case
from gxfast.bench.result import Goal, Row
from gxfast.bench.timing import cpu_seconds
from gxfast.stats import fit_tracks

from ..peers.glmnet import cv_glmnet, missing_glmnet

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
    goals = [Goal("tracks", "cv.glmnet", 6)]
    if size == "real":  # one call takes half a minute: it is not repeated
        return Row(
            "track-fit", goals_text(goals), taken, equal=not wrong, figures=figures, absent=absent,
            differ={"gxfast": wrong} if wrong else {}, note=note, goals=tuple(goals),
        )  # fmt: skip
    field = Field(Contender("gxfast", own, 1, lambda found: wrong), absent=absent)
    return compare("track-fit", field, size=size, goals=goals, figures=figures, note=note)


def cases() -> dict[str, Case]:
    """Return the case by name."""
    return {"track-fit": _track_fit}
