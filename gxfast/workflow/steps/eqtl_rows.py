"""Rows of the tables of eQTLs: every pair as text, lead variants of genes and of signals, credible sets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from ...io.tables import TextCells
from ...personal.dosages import Dosages
from ...stats import Association, ConditionalSignal, PermutedAssociation, SusieFit
from ..rows import LeadRow, SignalRow, SusieRow
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
        return LeadRow(
            phenotype_id=gene,
            status="ok",
            num_var=last - first,
            pval_nominal=float(found.p[lead]),
            slope=float(found.slope[lead]),
            slope_se=float(found.slope_se[lead]),
            **self._variant(first + lead, ends),
            **_permuted(permuted),
        )

    def signal_row(self, gene: str, first: int, last: int, ends: Sequence[int], signal: ConditionalSignal) -> SignalRow:
        """Return the row of a signal in ``independent.tsv``; arguments as in `pairs`."""
        return SignalRow(
            phenotype_id=gene,
            num_var=last - first,
            pval_nominal=signal.p,
            slope=signal.slope,
            slope_se=signal.slope_se,
            rank=signal.rank,
            **self._variant(first + signal.lead, ends),
            **_permuted(signal.permuted),
        )

    def susie_rows(self, gene: str, first: int, fit: SusieFit) -> list[SusieRow]:
        """Return the rows of a gene in ``susie.tsv``; the fit is of the variants from ``first`` on."""
        return [
            SusieRow(
                gene, self._dosages.variant_id[first + v], float(fit.pip[v]), float(self._af[first + v]),
                one.effect + 1, float(fit.alpha[one.effect, v]), float(fit.slope[one.effect, v]), one.lbf,
                one.min_abs_corr,
            )
            for one in fit.sets
            for v in one.variants.tolist()
        ]  # fmt: skip

    def _variant(self, at: int, ends: Sequence[int]) -> dict[str, Any]:
        """The columns that say what a variant is, and where."""
        position = int(self._dosages.position[at])
        return {
            "variant_id": self._dosages.variant_id[at],
            "start_distance": position - ends[0],
            "end_distance": position - ends[1] if len(ends) > 1 else None,
            "ma_samples": int(self._samples[at]),
            "ma_count": int(self._counts[at]),
            "af": float(self._af[at]),
        }


def _permuted(permuted: PermutedAssociation | None) -> dict[str, Any]:
    """The columns that permutations fill."""
    if permuted is None:
        return {}
    fit = permuted.beta
    known = {"pval_perm": permuted.pval_perm}
    if fit is None:
        return known
    return known | {
        "beta_shape1": fit.shape1,
        "beta_shape2": fit.shape2,
        "true_df": fit.true_df,
        "pval_true_df": fit.pval_true_df,
        "pval_beta": fit.pval_beta,
    }
