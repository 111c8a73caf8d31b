"""How far a gene's correlation depends on a phase that is not known: r in every phasing drawn."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..types import CovariateTable, ExpressionTable, PredictionSet
from .across_people import Residualise, Transform, corrected
from .cohort import gather

__all__ = ["PhaseInterval", "PhasedCorrelation", "phase_interval"]

Float64Array = NDArray[np.float64]


class PhaseInterval(NamedTuple):
    """Where the correlation under the true phase lies, and the standard deviation of r over the draws."""

    low: float
    high: float
    sd: float


class PhasedCorrelation:
    """Correlates one gene's predictions in many phasings with its expression.

    Parameters and errors are those of `gxfast.evaluate`.
    """

    def __init__(
        self,
        predictions: PredictionSet,
        expression: ExpressionTable,
        *,
        covariates: CovariateTable | None = None,
        transform: Transform = "none",
        residualise: Residualise = "expression",
    ) -> None:
        self._cohort = gather(predictions, expression, covariates, transform, True)
        self._residualise: Residualise = residualise

    def interval(self, gene: int, draws: Float64Array) -> PhaseInterval:
        """Return where the correlation under the true phase lies; as `of`."""
        return phase_interval(*self.of(gene, draws))

    def of(self, gene: int, draws: Float64Array) -> tuple[Float64Array, Float64Array]:
        """Return r in each draw, shape (K,), and what was correlated, shape (K, people with both values).

        Parameters
        ----------
        gene : int
        draws : float64 array, shape (K, S)
            Predictions of everybody in each phasing.
        """
        from ..stats import pearson

        rows = np.full(len(draws), gene)
        cohort = self._cohort
        regressed = None if cohort.regressed is None else cohort.regressed[rows]
        cohort = replace(cohort, expression=cohort.expression[rows], regressed=regressed)
        x, y, used = corrected(np.ascontiguousarray(draws[:, cohort.people]), cohort, self._residualise)
        known = ~np.isnan(x[0]) & ~np.isnan(y[0])
        return np.asarray(pearson(x, y, n_covariates=used).r), x[:, known]


def phase_interval(r: Float64Array, draws: Float64Array) -> PhaseInterval:
    """Return where the correlation under the true phase lies, at least 95 % of the time.

    If expression has nothing to do with the phase beyond the genotype, the true phasing is one more draw: the next
    value of a normal variable of which K were seen, ``mean +- t sd sqrt(1 + 1 / K)``. If expression follows the phase
    as the model says, the true phasing correlates better than the draws: their variance is ``between`` people and
    ``within`` them, and only the former can correlate with anything, so that r is ``1 + within / between`` times their
    mean. The interval covers both, and what lies in between.

    Parameters
    ----------
    r : float64 array, shape (K,)
        In each draw; draws without a correlation are left out.
    draws : float64 array, shape (K, S)
        The predictions that were correlated.
    """
    from scipy.special import stdtrit

    defined = ~np.isnan(r)
    r, draws = r[defined], draws[defined]
    n_draws, n_people = draws.shape
    if n_draws < 2:
        return PhaseInterval(np.nan, np.nan, np.nan)
    mean, sd, t = float(r.mean()), float(r.std(ddof=1)), float(stdtrit(n_draws - 1, 0.975))
    within = float(draws.var(axis=0, ddof=1).mean())
    between = float(draws.mean(axis=0).var(ddof=1)) - within / n_draws
    share = within / max(between, 1e-12 * within) if within else 0.0
    as_drawn = sd * np.sqrt(1 + 1 / n_draws)
    followed = np.hypot(as_drawn, share * np.sqrt((1 - mean**2) / n_people))
    low = min(mean - t * as_drawn, mean * (1 + share) - t * followed)
    high = max(mean + t * as_drawn, mean * (1 + share) + t * followed)
    return PhaseInterval(max(low, -1.0), min(high, 1.0), sd)
