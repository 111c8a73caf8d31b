"""Models of one run against each other."""

from __future__ import annotations

from ...evaluation.agreement import PairAgreement, agreement, model_genes, side_by_side
from ...io.tables import write_rows, write_table
from ..step import Job, Step

__all__ = ["AGREE"]


def agree(job: Job) -> None:
    """Write ``agreement.tsv`` and ``side_by_side.tsv``, if there is more than one model or track."""
    results, folder = job.results, job.directory.path
    models = model_genes(results.predictions, results.evaluations)
    if len(models) < 2:
        return
    genes = results.predictions[0].genes
    results.agreement += agreement(models)
    write_rows(folder / "agreement.tsv", PairAgreement, results.agreement)
    write_table(folder / "side_by_side.tsv", side_by_side(models, dict(zip(genes.gene_id, genes.name, strict=True))))


AGREE = Step("agree", agree, needs=("predictions",), writes=("agreement.tsv", "side_by_side.tsv"), asked_by=("*",))
