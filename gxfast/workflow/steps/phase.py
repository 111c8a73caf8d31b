"""Each gene's correlation in the phasings that were drawn, and its interval."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..step import Job, Step
from .predict import predicted_blocks

if TYPE_CHECKING:
    from ...evaluation.result import Evaluation

__all__ = ["PHASE", "drawn_correlations"]

Float64Array = NDArray[np.float64]


def measure_phase(job: Job) -> None:
    """Add ``phase_r_low``, ``phase_r_high`` and ``phase_r_sd`` to the evaluations, where phasings are drawn."""
    if not job.inputs.policy.n_phasings:
        return
    results = job.results
    results.evaluations = tuple(_with_intervals(job, i, one) for i, one in enumerate(results.evaluations))


def drawn_correlations(job: Job, i: int) -> Iterator[tuple[int, Float64Array, Float64Array]]:
    """Yield, for each row of a model's evaluation whose phase was drawn, r and the predictions in each draw."""
    from ...evaluation.phasings import PhasedCorrelation

    options, expression = job.options.evaluation, job.inputs.expression
    # Tables of effects come behind the models: dosages have no phase.
    if expression is None or i >= len(job.inputs.models):
        return
    model = job.inputs.models[i]
    correlation = PhasedCorrelation(
        job.results.predictions[i], expression, covariates=job.inputs.covariates,
        transform=options.transform, residualise=options.residualise,
    )  # fmt: skip
    for first, block in predicted_blocks(job, model):
        for gene in np.unique(block.drawn[:, 0]).tolist():
            draws = block.in_each_draw(gene, model.card.haplotypes)
            for t in range(draws.shape[2]):
                row = (first + gene) * draws.shape[2] + t
                if job.results.evaluations[i].status[row] == "ok":
                    yield row, *correlation.of(first + gene, draws[:, :, t])


def _with_intervals(job: Job, i: int, evaluation: Evaluation) -> Evaluation:
    from ...evaluation.phasings import phase_interval

    # Nobody's phase is drawn in most genes of a phased file: their r is the same in every draw.
    r = evaluation.pearson_r
    low, high, sd = r.copy(), r.copy(), np.where(np.isnan(r), np.nan, 0.0)
    for row, in_draws, draws in drawn_correlations(job, i):
        low[row], high[row], sd[row] = phase_interval(in_draws, draws)
    drawn: dict[str, Any] = {"phase_r_low": low, "phase_r_high": high, "phase_r_sd": sd}
    return replace(evaluation, **drawn)


PHASE = Step("phase", measure_phase, needs=("evaluations",), asked_by=("evaluate",))
