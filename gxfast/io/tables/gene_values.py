"""One number per gene, from a column of anybody's table."""

from __future__ import annotations

from pathlib import Path

from ...errors import InputError, did_you_mean
from .text import at, delimiter_of, parse_number, read_lines, split

__all__ = ["read_gene_values"]

_GENE_COLUMNS = ("gene_id", "phenotype_id", "gene", "name")
_UNDEFINED = ("", "na", "nan", "none", ".")


def read_gene_values(path: str | Path, column: str, *, where: tuple[str, str] | None = None) -> dict[str, float]:
    """Read a column of a table with a header, by gene.

    The gene stands in a column ``gene_id``, ``phenotype_id``, ``gene`` or ``name``, or else in the first. Cells that
    are empty, ``NA`` or ``NaN`` are left out. A gene may stand twice with one value.

    Parameters
    ----------
    path : str or Path
        Tab-, comma- or space-separated; plain, gzip or bgzip.
    column : str
    where : (str, str), optional
        Another column, and the text a row must have there.

    Raises
    ------
    InputError
        If a column is missing, a row is too short, a value is no number, or a gene has two.
    """
    lines = read_lines(Path(path), "table of values per gene")
    header = next(lines, (1, ""))[1]
    delimiter = delimiter_of(header)
    names = [name.strip().removeprefix("#").strip() for name in split(header, delimiter)]
    for wanted in (column, *(where[:1] if where else ())):
        if wanted not in names:
            raise InputError(
                f"the table has no column {wanted!r}{did_you_mean(wanted, names)}",
                path=path, remedy=f"choose from {', '.join(names)}",
            )  # fmt: skip
    gene = next((names.index(name) for name in _GENE_COLUMNS if name in names), 0)
    value, found = names.index(column), dict[str, float]()
    for number, line in lines:
        cells = split(line, delimiter)
        if not line.strip() or (where and len(cells) == len(names) and cells[names.index(where[0])] != where[1]):
            continue
        if len(cells) != len(names):
            raise InputError(f"the row has {len(cells)} cells, the header {len(names)}", path=path, record=at(number))
        if cells[value].strip().lower() in _UNDEFINED:
            continue
        read = parse_number(cells[value], what=column, path=path, number=number)
        name = cells[gene].strip()
        if found.setdefault(name, read) != read:
            raise InputError(
                f"gene {name} has two values: {found[name]:g} and {read:g}", path=path, record=at(number),
                remedy="leave one row of each gene",
            )  # fmt: skip
    return found
