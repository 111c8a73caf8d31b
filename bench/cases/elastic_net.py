"""Cases of the cross-validated elastic net, beside R's cv.glmnet and scikit-learn."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gxfast.bench.cases.statistics.data import make_genotypes, make_phenotype
from gxfast.bench.measure import Contender, Field, compare
from gxfast.bench.registry import Case
from gxfast.bench.result import Goal, Row
from gxfast.bench.timing import cpu_seconds
from gxfast.stats import ElasticNetFit, elastic_net_cv

from ..peers.glmnet import cv_glmnet, missing_glmnet

__all__ = ["cases"]

_SHAPES = ((421, 500), (421, 1000), (421, 3000), (839, 1000), (839, 3000))
_HERITABILITIES = (0.0, 0.03, 0.1, 0.3)
_SMALLER = {"tiny": 10, "small": 2, "real": 1}

Gene = tuple[NDArray[np.int8], NDArray[np.float64], NDArray[np.int32]]


def _genes(people: int, snps: int) -> list[Gene]:
    x = make_genotypes(people, snps, people + snps)
    folds = np.random.default_rng(0).permutation(np.arange(people, dtype=np.int32) % 10).astype(np.int32)
    return [(x, make_phenotype(x, h, 10 + k), folds) for k, h in enumerate(_HERITABILITIES)]


def _best_of(call: Callable[[], ElasticNetFit], repeats: int) -> tuple[float, ElasticNetFit]:
    """Median CPU seconds."""
    times = []
    for _ in range(repeats):
        start = cpu_seconds()
        fit = call()
        times.append(cpu_seconds() - start)
    return float(np.median(times)), fit


def _figures(genes: list[Gene], repeats: int) -> tuple[dict[str, float], str]:
    """Ratios to cv.glmnet gene by gene, interleaved; and what is missing for them."""
    own: dict[str, list[float]] = {"stop 10": [], "stop 20": [], "whole path": []}
    ratios: dict[str, list[float]] = {name: [] for name in own}
    moved = same = 0
    remedy = missing_glmnet()
    for x, y, folds in genes:
        fits = {}
        for label, stop in (("stop 10", 10), ("stop 20", 20), ("whole path", None)):
            # the whole path as far as glmnet's own gap at the dense end
            gap = 3e-3 if stop is None else 1e-7
            call = partial(elastic_net_cv, x, y, folds=folds, stop_after=stop, gap=gap)
            seconds, fits[label] = _best_of(call, 1 if stop is None else repeats)
            own[label].append(seconds)
        same += fits["stop 10"].chosen == fits["whole path"].chosen
        if not remedy:
            theirs = cv_glmnet(x.T, y, folds)
            moved += abs(theirs.chosen - fits["stop 20"].chosen) > 1
            for label in own:
                ratios[label].append(theirs.seconds / own[label][-1])
    figures = {f"seconds a gene, {label}": float(np.mean(values)) for label, values in own.items()}
    figures["genes with the lambda of the whole path, stop 10"] = same / len(genes)
    if not remedy:
        for label, values in ratios.items():
            figures[f"cv.glmnet, {label}"] = float(np.exp(np.mean(np.log(values))))
        figures["genes more than one lambda from cv.glmnet"] = moved / len(genes)
    return figures, remedy


def _sklearn(gene: Gene) -> Any:
    from sklearn.linear_model import ElasticNetCV
    from sklearn.model_selection import PredefinedSplit

    x, y, folds = gene
    columns = x.T.astype(np.float64)
    spread = columns.std(axis=0)
    columns = (columns - columns.mean(axis=0)) / np.where(spread > 0, spread, 1)
    model = ElasticNetCV(l1_ratio=0.5, eps=0.01, cv=PredefinedSplit(folds), max_iter=100_000, tol=1e-4)
    return model.set_params(alphas=100).fit(columns, y)


def _gap_check(fit: Any) -> str:
    return "" if fit.gap <= 1.1e-7 else f"gap {fit.gap:.1e}"


def _case(people: int, snps: int, size: str) -> Row:
    shape = max(60, people // _SMALLER[size]), snps // _SMALLER[size]
    genes = _genes(*shape)
    figures, remedy = _figures(genes, 3 if size == "real" else 1)
    gene = genes[2]
    own = partial(elastic_net_cv, gene[0], gene[1], folds=gene[2], stop_after=10, gap=1e-7)
    field = Field(Contender("gxfast", own, 1, _gap_check))
    if remedy:
        field.absent["cv.glmnet"] = remedy
    if shape[0] * shape[1] <= 421 * 500:
        field.peers = [Contender("scikit-learn ElasticNetCV, tol 1e-4", partial(_sklearn, gene), 1)]
    goals = [
        Goal("EN", "cv.glmnet, stop 10", 25),
        Goal("EN", "cv.glmnet, stop 20", 12),
        Goal("EN", "cv.glmnet, whole path", 1.5),
        Goal("EN", "genes with the lambda of the whole path, stop 10", 0.99),
    ]
    note = "ratios to cv.glmnet: geometric mean over genes of heritability 0, 0.03, 0.1, 0.3; R's own CPU time"
    return compare(f"elastic-net-{people}x{snps}", field, size=size, goals=goals, figures=figures, note=note)


def cases() -> dict[str, Case]:
    """Return the cases by name."""
    return {f"elastic-net-{n}x{p}": partial(_case, n, p) for n, p in _SHAPES}
