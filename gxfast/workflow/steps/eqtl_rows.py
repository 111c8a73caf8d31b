"""Rows of the tables of eQTLs: every pair as text, and the lead variant of a gene."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from numpy.typing import NDArray

from ...io.tables import TextCells, rows_text
from ...personal.dosages import Dosages
from ...stats import Association, PermutedAssociation
from ..cohort import LinearCohort
from ..rows import LeadRow

__all__ = ["GeneText", "VariantCells", "nominal_header"]

_NOMINAL: Final = ("phenotype_id", "variant_id", "start_distance", "end_distance", "af", "ma_samples", "ma_count",
                   "pval_nominal", "slope", "slope_se", "r", "log10_pval_nominal")  # fmt: skip


def nominal_header(cohort: LinearCohort) -> list[str]:
    """Return the columns of ``nominal.tsv.gz``; the end is there where phenotypes are intervals."""
    return [name for name in _NOMINAL if name != "end_distance" or cohort.genes.end is not None]


@dataclass(frozen=True, slots=True)
class GeneText:
    """Lines of a gene's pairs."""

    lines: bytes
    n_pairs: int


class VariantCells:
    """What the tables say of variants: made once for all genes whose windows they lie in.

    Parameters
    ----------
    dosages : Dosages
        Of the people who have expression.
    """

    def __init__(self, dosages: Dosages) -> None:
        self._dosages = dosages
        self._ids = TextCells.of(dosages.variant_id)
        self._af = dosages.frequency
        self._samples, self._counts = dosages.minor_counts

    def lines(self, gene: str, first: int, last: int, ends: Sequence[int], found: Association) -> bytes:
        """Return the lines of a gene and the variants ``first`` to ``last - 1``, in the order of `nominal_header`.

        Parameters
        ----------
        gene : str
        first, last : int
        ends : sequence of int
            What distances are measured from, 0-based.
        found : Association
            Of these variants.
        """
        near = slice(first, last)
        distances = [self._dosages.position[near] - end for end in ends]
        columns: list[TextCells | NDArray[Any]] = [
            TextCells.repeated(gene, last - first), self._ids.rows(first, last), *distances, self._af[near],
            self._samples[near], self._counts[near], found.p, found.slope, found.slope_se, found.r, found.log10p,
        ]  # fmt: skip
        return rows_text(columns, last - first)

    def lead_row(
        self, gene: str, first: int, last: int, ends: Sequence[int], found: Association,
        permuted: PermutedAssociation | None,
    ) -> LeadRow:  # fmt: skip
        """Return the row of a gene in ``permutation.tsv``; arguments as in `lines`."""
        lead = found.lead
        if lead is None:
            return LeadRow(phenotype_id=gene, status="nothing is left beside the covariates")
        at, snvs = first + lead, self._dosages
        distances = [int(snvs.position[at]) - end for end in ends]
        row = LeadRow(
            phenotype_id=gene,
            status="ok",
            num_var=last - first,
            variant_id=snvs.variant_id[at],
            start_distance=distances[0],
            end_distance=distances[1] if len(ends) > 1 else None,
            ma_samples=int(self._samples[at]),
            ma_count=int(self._counts[at]),
            af=float(self._af[at]),
            pval_nominal=float(found.p[lead]),
            slope=float(found.slope[lead]),
            slope_se=float(found.slope_se[lead]),
            pval_perm=permuted.pval_perm if permuted else None,
        )
        fit = permuted.beta if permuted else None
        if fit is None:
            return row
        return replace(
            row,
            beta_shape1=fit.shape1,
            beta_shape2=fit.shape2,
            true_df=fit.true_df,
            pval_true_df=fit.pval_true_df,
            pval_beta=fit.pval_beta,
        )
