"""Fine-mapped variants against the genes and windows of a run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from ..errors import InputError
from ..models.people import model_windows
from ..types import GeneTable

if TYPE_CHECKING:
    from ..models.session import Model

__all__ = ["refuse_foreign_pips"]

_VARIANT: Final = re.compile(r"(.+)_(\d+)_[A-Za-z]+_[A-Za-z]+")


def refuse_foreign_pips(
    path: str, pips: Mapping[tuple[str, str], float], genes: GeneTable, models: Sequence[Model]
) -> None:
    """Refuse a table of which no variant can be compared: all of other genes, or nowhere that a model reads.

    Raises
    ------
    InputError
    """
    rows = {gene: g for g, gene in enumerate(genes.gene_id)}
    named = [(rows[gene], variant) for gene, variant in pips if gene in rows]
    if not named:
        raise InputError(
            f"no gene of {len(pips)} fine-mapped variants is among the genes ({', '.join(genes.gene_id[:3])}, ...)",
            path=path,
            remedy="use the gene ids of `genes=`, or leave `finemapped=` out",
        )
    windows = [model_windows(model.card, genes) for model in models]

    def is_read(g: int, variant: str) -> bool:
        found = _VARIANT.fullmatch(variant)
        if not found or found[1] != genes.chrom[g]:
            return False
        starts = [(int(one.start[g]), one.length) for one in windows]
        return any(start <= int(found[2]) - 1 < start + length for start, length in starts)

    if models and not any(is_read(g, variant) for g, variant in named):
        raise InputError(
            f"none of {len(named)} fine-mapped variants of the genes lies where a model reads, first {named[0][1]!r}",
            path=path,
            remedy="name variants chrom_pos_ref_alt with the positions of the VCF, or leave `finemapped=` out",
        )
