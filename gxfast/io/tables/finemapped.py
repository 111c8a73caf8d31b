"""Tables of fine-mapped variants."""

from __future__ import annotations

from pathlib import Path

from ...errors import InputError
from .plain import read_table
from .text import at, parse_number

__all__ = ["read_finemapped"]


def read_finemapped(path: str | Path) -> dict[tuple[str, str], float]:
    """Read posterior inclusion probabilities: a TSV with the columns ``gene_id`` (or ``phenotype_id``), ``variant_id``
    (``chrom_pos_ref_alt``) and ``pip``, as tensorQTL's SuSiE tables have them.

    A variant of a gene may stand in several rows, as one that is in two credible sets does, with one probability.

    Raises
    ------
    InputError
        If a column is missing, a cell is empty, a probability is none, or a variant of a gene has two of them.
    """
    table = read_table(path)
    gene = "gene_id" if "gene_id" in table else "phenotype_id"
    missing = [name for name in (gene, "variant_id", "pip") if name not in table]
    if missing:
        raise InputError(
            f"the table has no column {', '.join(missing)}", path=path, remedy="name gene_id, variant_id and pip"
        )
    found: dict[tuple[str, str], float] = {}
    rows = zip(table[gene], table["variant_id"], table["pip"], strict=True)
    for number, (name, variant, text) in enumerate(rows, start=2):
        key = (name.strip(), variant.strip())
        value = parse_number(text, what="pip", path=Path(path), number=number)
        if not 0 <= value <= 1 or not all(key):
            wrong = "the gene or the variant is empty" if 0 <= value <= 1 else f"pip {text!r} is no probability"
            raise InputError(wrong, path=path, record=at(number), remedy="mend the row, or leave it out")
        if found.setdefault(key, value) != value:
            raise InputError(
                f"variant {key[1]} of {key[0]} has two pips, {found[key]:g} and {value:g}",
                path=path, record=at(number), remedy="keep the row of one credible set",
            )  # fmt: skip
    if not found:
        raise InputError("the table has no rows", path=path, remedy="leave `finemapped=` out")
    return found
