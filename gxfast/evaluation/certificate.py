"""A certificate of direction per gene: how probable it is that the model orders people the way their genomes do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .._objects import Brief
from .result import Evaluation

__all__ = ["NOTHING_TO_SAY", "CertificateRow", "certificate_rows", "certificate_summary"]

Float64Array = NDArray[np.float64]
NOTHING_TO_SAY: Final = "nothing can be said: "
_DIRECTIONS: Final = {1: "right", -1: "wrong", 0: ""}


@dataclass(frozen=True, slots=True, repr=False)
class CertificateRow(Brief):
    """A row of ``certificate.tsv``: is the model's direction right in this gene?

    Right: prediction and cis-genetic component of expression covary positively across people of the cohort's
    population. ``pearson_r`` is the estimate, on the scale of a correlation, with its standard error; over phasings
    that were drawn, their mean, and an error that has their spread in it. ``p_right``, ``p_wrong`` and ``p_none`` sum
    to 1. ``direction`` is ``right`` or ``wrong`` where one of them is above one half, ``certainty`` its probability;
    elsewhere both are empty and ``status`` says why.
    """

    gene_id: str
    name: str
    model: str
    n_people: int
    pearson_r: float
    pearson_se: float
    p_right: float
    p_wrong: float
    p_none: float
    direction: str
    certainty: float
    status: str


def certificate_rows(
    evaluation: Evaluation, in_draws: Mapping[int, Float64Array] | None = None
) -> list[CertificateRow]:  # fmt: skip
    """Return the certificates of a model; what is to be expected is learned from all genes of a track.

    Parameters
    ----------
    evaluation : Evaluation
    in_draws : mapping of int to float64 array, shape (K,)
        Correlations of a row in each phasing that was drawn, where there are any.
    """
    r = _with_draws(evaluation, in_draws or {})
    found: list[Any] = [None] * len(evaluation)
    for track in dict.fromkeys(evaluation.track):
        rows = [i for i, name in enumerate(evaluation.track) if name == track]
        for i, row in zip(rows, _of_track(evaluation, r, rows), strict=True):
            found[i] = row
    return found


def _with_draws(evaluation: Evaluation, in_draws: Mapping[int, Float64Array]) -> Float64Array:
    """Correlations (R, K): of the draws, or the one of the prediction."""
    r = np.full((len(evaluation), max([1, *map(len, in_draws.values())])), np.nan)
    r[:, 0] = evaluation.pearson_r
    for row, values in in_draws.items():
        if evaluation.status[row] == "ok":
            r[row] = np.nan
            r[row, : len(values)] = values
    return r


def _of_track(evaluation: Evaluation, r: Float64Array, rows: Sequence[int]) -> list[CertificateRow]:
    from ..stats import direction_certificate

    options, n = evaluation.options, evaluation.n_people[rows]
    n_covariates = len(options["covariates"]) if options.get("residualise") == "both" else 0
    found = direction_certificate(r[rows], n, n_covariates=n_covariates)
    estimate, error = _estimates(r[rows], n - 2 - n_covariates)
    return [
        CertificateRow(
            evaluation.gene_id[i], evaluation.name[i], evaluation.model, int(n[k]), float(estimate[k]), float(error[k]),
            float(found.p_right[k]), float(found.p_wrong[k]), float(found.p_none[k]),
            _DIRECTIONS[int(found.direction[k])], float(found.certainty[k]),
            _status(evaluation.status[i], float(found.p_right[k]), float(found.p_none[k]), int(found.direction[k])),
        )
        for k, i in enumerate(rows)
    ]  # fmt: skip


def _estimates(r: Float64Array, freedom: NDArray[np.int64]) -> tuple[Float64Array, Float64Array]:
    """Mean and standard error over draws: variance within a draw, and (Rubin 1987) between draws."""
    there = ~np.isnan(r) & (freedom[:, np.newaxis] >= 1)
    n = there.sum(axis=1)
    known = np.where(there, r, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = known.sum(axis=1) / n
        within = np.where(there, 1 - known**2, 0.0).sum(axis=1) / n / freedom
        between = np.where(there, (known - mean[:, np.newaxis]) ** 2, 0.0).sum(axis=1) / np.maximum(n - 1, 1)
        return mean, np.sqrt(within + between * (1 + 1 / n))


def _status(evaluated: str, p_right: float, p_none: float, direction: int) -> str:
    if evaluated != "ok":
        return evaluated
    if np.isnan(p_right):
        return "too few people"
    if direction:
        return "ok"
    none = "no relation to the genetic component is likelier than either direction"
    return NOTHING_TO_SAY + (none if p_none > 0.5 else "either direction is possible")


def certificate_summary(rows: Sequence[CertificateRow]) -> dict[str, Any]:
    """Count what is said of the genes of a model.

    Returns
    -------
    dict
        ``n_right``, ``n_wrong``, ``n_undecided`` (nothing can be said), ``n_undefined``; of the first two
        ``n_certain`` with a certainty of 0.9 or more; ``expected``, how many of the statements are expected to hold.
    """
    said = [row for row in rows if row.direction]
    return {
        "n_right": sum(row.direction == "right" for row in rows),
        "n_wrong": sum(row.direction == "wrong" for row in rows),
        "n_certain": sum(row.certainty >= 0.9 for row in said),
        "n_undecided": sum(row.status.startswith(NOTHING_TO_SAY) for row in rows),
        "n_undefined": sum(bool(np.isnan(row.p_right)) for row in rows),
        "expected": float(sum(row.certainty for row in said)),
    }
