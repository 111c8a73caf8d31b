"""The interval of each gene's correlation over the phasings that were drawn."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..step import Job, Step
from .predict import predicted_blocks

if TYPE_CHECKING:
    from ...evaluation.phasings import PhasedCorrelation, PhaseInterval
    from ...evaluation.result import Evaluation
    from ...models.people import BlockPrediction
    from ...models.session import Model

__all__ = ["PHASE"]


def measure_phase(job: Job) -> None:
    """Add ``phase_r_low``, ``phase_r_high`` and ``phase_r_sd`` to the evaluations, where phasings are drawn."""
    if not job.inputs.policy.n_phasings:
        return
    results = job.results
    models = zip(job.inputs.models, results.evaluations, strict=False)
    with_intervals = tuple(_with_intervals(job, i, *pair) for i, pair in enumerate(models))
    # tables of effects come behind the models; their predictions do not depend on phase
    results.evaluations = (*with_intervals, *results.evaluations[len(with_intervals) :])


def _with_intervals(job: Job, i: int, model: Model, evaluation: Evaluation) -> Evaluation:
    from ...evaluation.phasings import PhasedCorrelation

    options, expression = job.options.evaluation, job.inputs.expression
    if expression is None:
        return evaluation
    correlation = PhasedCorrelation(
        job.results.predictions[i], expression, covariates=job.inputs.covariates,
        transform=options.transform, residualise=options.residualise,
    )  # fmt: skip
    # Nobody's phase is drawn in most genes of a phased file: their r is the same in every draw.
    r, n_tracks = evaluation.pearson_r, len(model.tracks)
    low, high, sd = r.copy(), r.copy(), np.where(np.isnan(r), np.nan, 0.0)
    for first, block in predicted_blocks(job, model):
        for gene in np.unique(block.drawn[:, 0]).tolist():
            for t, found in enumerate(_intervals(correlation, block, gene, first, model)):
                row = (first + gene) * n_tracks + t
                if evaluation.status[row] == "ok":
                    low[row], high[row], sd[row] = found
    drawn: dict[str, Any] = {"phase_r_low": low, "phase_r_high": high, "phase_r_sd": sd}
    return replace(evaluation, **drawn)


def _intervals(
    correlation: PhasedCorrelation, block: BlockPrediction, gene: int, first: int, model: Model
) -> list[PhaseInterval]:
    """One interval per track."""
    draws = block.in_each_draw(gene, model.card.haplotypes)
    return [correlation.interval(first + gene, draws[:, :, t]) for t in range(draws.shape[2])]


PHASE = Step("phase", measure_phase, needs=("evaluations",), asked_by=("evaluate",))
