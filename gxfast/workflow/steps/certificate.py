"""The certificate of direction, as a step of a run; and of a table of predictions of any origin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...evaluation.certificate import CertificateRow, certificate_rows, certificate_summary
from ...io.tables import write_rows
from ..rundir import RunDirectory
from ..step import Job, Step
from .phase import drawn_correlations

if TYPE_CHECKING:
    from ...evaluation.result import Evaluation

__all__ = ["CERTIFICATE", "FILE", "write_certificates"]

FILE = "certificate.tsv"


def certify(job: Job) -> None:
    """Write ``certificate.tsv``: how probable it is that each model's direction is right in each gene."""
    results = job.results
    drawn = [_in_draws(job, i) for i in range(len(results.evaluations))]
    rows, results.summary["certificate"] = write_certificates(job.directory, results.evaluations, drawn)
    results.certificate += rows


def write_certificates(
    run: RunDirectory, evaluations: Sequence[Evaluation], drawn: Sequence[dict[int, NDArray[np.float64]]] | None = None
) -> tuple[list[CertificateRow], dict[str, Any]]:
    """Write the certificates of models; return the rows, and their counts by model."""
    found = {
        one.model: certificate_rows(one, draws)
        for one, draws in zip(evaluations, drawn or [{}] * len(evaluations), strict=True)
    }
    rows = [row for part in found.values() for row in part]
    write_rows(run.path / FILE, CertificateRow, rows)
    return rows, {model: certificate_summary(part) for model, part in found.items()}


def _in_draws(job: Job, i: int) -> dict[int, NDArray[np.float64]]:
    """Correlations in each phasing that was drawn, by row of the evaluation."""
    if not job.inputs.policy.n_phasings:
        return {}
    return {row: r for row, r, _ in drawn_correlations(job, i)}


CERTIFICATE = Step("certificate", certify, needs=("evaluations",), writes=(FILE,), asked_by=("evaluate",))
