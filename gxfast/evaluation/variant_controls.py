"""Matched controls of causal variants in a table: chosen, or as the table gives them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from .._objects import Brief, Rows
from ..errors import InputError
from ..types import VariantTable
from .variant_labels import Labelled, canonical_ranks, variant_codes
from .variant_strata import frequency_of

if TYPE_CHECKING:
    from ..stats import CovariateAudit, Matches

__all__ = ["MatchedVariant", "match_table"]

_EXACT: Final = ("consequence", "tissue")


@dataclass(frozen=True, slots=True, repr=False)
class MatchedVariant(Brief):
    """A row of ``matched.tsv``: a positive, or a control behind its positive.

    Attributes
    ----------
    match_group : str
        Empty of a positive without controls.
    variant_id, gene_id, tissue : str
    causal : int
    distance : float
        To the positive, between scaled covariates.
    status : str
        ``ok``, or why there are no controls.
    """

    match_group: str
    variant_id: str
    gene_id: str
    tissue: str
    causal: int
    distance: float
    status: str


Found = tuple["Rows[MatchedVariant]", "Rows[CovariateAudit]", "NDArray[np.str_] | None", list[str]]


def match_table(known: Labelled, k: int, seed: int = 0) -> Found:
    """Choose controls of the causal variants, of the same contig, consequence and tissue where these are told.

    Parameters
    ----------
    known : Labelled
    k : int
        Controls per positive; 0: the groups of the column ``match_group``, if there is one.
    seed : int
        By which they are drawn where labels have no distance, frequency or LD score.

    Returns
    -------
    matched, audit
        Rows.
    groups : str array, shape (V,), or None
        Set of each row, empty outside.
    warnings : list of str

    Raises
    ------
    InputError
        If there are no positives.
    """
    from ..stats import CovariateAudit, covariate_audit, match_controls, scaled_covariates

    table, positive = known.table, known.label == 1
    covariates = scaled_covariates(
        tss_distance=table.columns.get("tss_distance"), frequency=frequency_of(table),
        ld_score=table.columns.get("ld_score"),
    )  # fmt: skip
    if not k:
        given = table.columns.get("match_group")
        if given is None:
            return Rows(MatchedVariant), Rows(CovariateAudit), None, []
        inside = np.flatnonzero(~np.isnan(known.label) & (given != ""))
        audit = covariate_audit(positive[inside], {name: values[inside] for name, values in covariates.items()})
        return Rows(MatchedVariant), Rows(CovariateAudit, audit), given, list(_flagged(audit))
    if not positive.any():
        raise InputError(
            "no variant is causal: there is nothing to match", path=table.source or None,
            remedy="lower `pip=`, or leave `controls=` out",
        )  # fmt: skip
    exact = {"chrom": table.chrom} | {name: table.columns[name] for name in _EXACT if name in table.columns}
    ranks = canonical_ranks(table)
    candidate = _candidates(known, ranks)
    drawn = []
    if not covariates:  # any of the group; the first ones would all be of one end of the contig
        ranks = np.random.Generator(np.random.Philox(seed)).permutation(len(table))[ranks]
        drawn = [f"controls are drawn of the same {', '.join(exact)}: labels have no tss_distance, af, maf or ld_score"]
    found = match_controls(positive, exact, covariates, k=k, candidate=candidate, order=ranks)
    rows = np.concatenate([found.positive, found.control.reshape(-1)])
    audit = covariate_audit(positive[rows], {name: values[rows] for name, values in covariates.items()})
    groups = found.sets(len(table))
    matched = Rows(MatchedVariant, _rows(table, found, groups))
    return matched, Rows(CovariateAudit, audit), groups, [*drawn, *_without(found), *_flagged(audit)]


def _candidates(known: Labelled, ranks: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Rows that may be controls: of variants that are causal nowhere, one of each variant and tissue."""
    table, code = known.table, variant_codes(known.table)
    rows = np.flatnonzero((known.label == 0) & (np.bincount(code, known.label == 1)[code] == 0))
    rows = rows[np.argsort(ranks[rows])]
    once = variant_codes(table, [name for name in ("tissue",) if name in table.columns])[rows]
    candidate = np.zeros(len(table), np.bool_)
    candidate[rows[np.unique(once, return_index=True)[1]]] = True
    return candidate


def _rows(table: VariantTable, found: Matches, groups: NDArray[np.str_]) -> Iterator[MatchedVariant]:
    used = np.concatenate([np.column_stack([found.positive, found.control]).reshape(-1), list(found.unmatched)])
    used = used.astype(np.int64)
    names = dict(zip(used.tolist(), table.take(used).variant_id, strict=True))
    genes, tissues = (table.columns.get(name) for name in ("gene_id", "tissue"))

    def row(i: int, causal: int, distance: float, status: str) -> MatchedVariant:
        gene, tissue = ("" if one is None else str(one[i]) for one in (genes, tissues))
        return MatchedVariant(str(groups[i]), names[i], gene, tissue, causal, distance, status)

    for mine, controls, distances in zip(found.positive.tolist(), found.control, found.distance, strict=True):
        yield row(mine, 1, 0.0, "ok")
        for control, distance in zip(controls.tolist(), distances.tolist(), strict=True):
            yield row(control, 0, distance, "ok")
    for mine, why in found.unmatched.items():
        yield row(mine, 1, float("nan"), why)


def _without(found: Matches) -> Iterator[str]:
    if found.unmatched:
        n, why = len(found.unmatched), next(iter(found.unmatched.values()))
        yield f"{n} of {n + found.positive.size} causal variants have no controls: {why}"


def _flagged(audit: list[CovariateAudit]) -> Iterator[str]:
    for one in audit:
        if one.flagged:
            yield (
                f"{one.covariate} alone tells matched causal variants from their controls: AUROC {one.auroc:.3f} "
                f"({one.low:.3f} to {one.high:.3f})"
            )
