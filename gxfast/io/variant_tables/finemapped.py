"""Posterior inclusion probabilities of the variants of genes, from any table of fine-mapping."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...errors import InputError
from ..alleles import parse_names
from ._clinvar import is_vcf
from ._columns import find_columns
from ._frame import Rows, read
from .labels import open_labels, read_labels

__all__ = ["read_finemapped"]


def read_finemapped(path: str | Path) -> dict[tuple[str, str], float]:
    """Read posterior inclusion probabilities: a table with the columns ``gene_id`` (or ``phenotype_id``),
    ``variant_id`` and ``pip``, as tensorQTL's SuSiE tables have them, or any other that `read_labels` reads.

    A variant of a gene may stand in several rows, as one that is in two credible sets does, with one probability.
    Variants are named ``chrom_pos_ref_alt``, without the build that a name may end with.

    Raises
    ------
    InputError
        If a column is missing, a cell is empty, a probability is none, or a variant of a gene has two of them.
    """
    path = Path(path)
    if is_vcf(path):
        raise InputError("a VCF has no posterior probabilities", path=path, remedy="give a table with a column pip")
    frame = open_labels(path)
    found, _ = find_columns(frame)
    placed = "variant_id" in found or {"chrom", "pos", "ref", "alt"} <= found.keys()
    missing = [name for name in ("gene_id", "pip") if name not in found] + ([] if placed else ["variant_id"])
    if missing:
        raise InputError(
            f"the table has no column {', '.join(missing)}", path=path, remedy="name gene_id, variant_id and pip"
        )
    if "variant_id" in frame.names:
        kinds = {found["gene_id"]: "text", "variant_id": "object", found["pip"]: "number"}
        values, _ = read(frame, kinds)
        genes, names, pips = (values[name] for name in (found["gene_id"], "variant_id", found["pip"]))
        known = parse_names(names.tolist())
        if known.bad is None and len(names):
            places = zip(*(part.tolist() for part in known[:4]), strict=True)
            names = np.array(["_".join(map(str, place)) for place in places])
        return _once(frame, genes.tolist(), names.tolist(), pips.tolist())
    table = read_labels(path)
    return _once(frame, table.columns["gene_id"].tolist(), table.variant_id, table.columns["pip"].tolist())


def _once(rows: Rows, genes: list[str], names: list[str], pips: list[float]) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    for row, (gene, name, pip) in enumerate(zip(genes, names, pips, strict=True)):
        if not 0 <= pip <= 1 or not gene or not name:
            wrong = "the gene or the variant is empty" if 0 <= pip <= 1 else f"pip {pip:g} is no probability"
            raise InputError(wrong, path=rows.path, record=rows.record(row), remedy="mend the row, or leave it out")
        if found.setdefault((gene, name), pip) != pip:
            raise InputError(
                f"variant {name} of {gene} has two pips, {found[gene, name]:g} and {pip:g}",
                path=rows.path, record=rows.record(row), remedy="keep the rows of one credible set, method and tissue",
            )  # fmt: skip
    if not found:
        raise InputError("the table has no rows", path=rows.path, remedy="leave the table out")
    return found
