"""Rows of the tables of eQTLs: every pair as text, and the lead variant of a gene."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from ...io.tables import TextCells
from ...personal.dosages import Dosages
from ...stats import Association, PermutedAssociation
from ..rows import LeadRow
from .nominal import GenePairs

__all__ = ["VariantCells"]


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

    def pairs(self, gene: str, first: int, last: int, ends: Sequence[int], found: Association) -> GenePairs:
        """Return the pairs of a gene and the variants ``first`` to ``last - 1``.

        Parameters
        ----------
        gene : str
        first, last : int
        ends : sequence of int
            What distances are measured from, 0-based: the start, and the end where phenotypes are intervals.
        found : Association
            Of these variants.
        """
        near = slice(first, last)
        names = ("start_distance", "end_distance")[: len(ends)]
        columns: dict[str, TextCells | NDArray[Any]] = {
            "phenotype_id": TextCells.repeated(gene, last - first), "variant_id": self._ids.rows(first, last),
            **{name: self._dosages.position[near] - end for name, end in zip(names, ends, strict=True)},
            "af": self._af[near], "ma_samples": self._samples[near], "ma_count": self._counts[near],
            "pval_nominal": found.p, "slope": found.slope, "slope_se": found.slope_se, "r": found.r,
            "log10_pval_nominal": found.log10p,
        }  # fmt: skip
        return GenePairs(last - first, columns)

    def lead_row(
        self, gene: str, first: int, last: int, ends: Sequence[int], found: Association,
        permuted: PermutedAssociation | None,
    ) -> LeadRow:  # fmt: skip
        """Return the row of a gene in ``permutation.tsv``; arguments as in `pairs`."""
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
