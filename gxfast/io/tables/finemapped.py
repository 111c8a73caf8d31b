"""Tables of fine-mapped variants."""

from __future__ import annotations

from pathlib import Path

from ...errors import InputError
from .plain import read_table

__all__ = ["read_finemapped"]


def read_finemapped(path: str | Path) -> dict[tuple[str, str], float]:
    """Read posterior inclusion probabilities: a TSV with the columns ``gene_id`` (or ``phenotype_id``), ``variant_id``
    (``chrom_pos_ref_alt``) and ``pip``, as tensorQTL's SuSiE tables have them.

    Raises
    ------
    InputError
        If a column is missing or a probability is none.
    """
    table = read_table(path)
    gene = "gene_id" if "gene_id" in table else "phenotype_id"
    missing = [name for name in (gene, "variant_id", "pip") if name not in table]
    if missing:
        raise InputError(
            f"the table has no column {', '.join(missing)}", path=path, remedy="name gene_id, variant_id and pip"
        )
    found = {}
    rows = zip(table[gene], table["variant_id"], table["pip"], strict=True)
    for number, (name, variant, text) in enumerate(rows, start=2):
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not 0 <= value <= 1:
            raise InputError(f"pip {text!r} is no probability", path=path, record=f"line {number}")
        found[name, variant] = value
    return found
