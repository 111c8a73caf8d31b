"""Expression of genes in people: BED (FastQTL, tensorQTL, QTLtools) and plain matrices."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final, Literal

import numpy as np

from ...errors import InputError
from ...types import ExpressionTable, GeneTable
from ..numbers import whole_number
from ._columnar import read_h5ad, read_parquet
from ._matrix import MatrixSpec, Rows, read_rows
from .text import (
    BED_REMEDY,
    at,
    column_names,
    delimiter_of,
    is_bed_header,
    lower_names,
    parse_position,
    read_lines,
    split,
    stem_suffix,
)

__all__ = ["Orientation", "read_expression"]

Orientation = Literal["auto", "genes_by_people", "people_by_genes"]
_GCT = ("#1.2", "#1.3")
_READERS: Final = {".parquet": read_parquet, ".pq": read_parquet, ".h5ad": read_h5ad}
_ORIENTATIONS = ("auto", "genes_by_people", "people_by_genes")


def read_expression(path: str | Path, *, orientation: Orientation = "auto") -> ExpressionTable:
    """Read expression values.

    The header tells the format:

    - BED, ``#chr start end gene_id`` then people (FastQTL, tensorQTL), or with two more columns,
      ``#chr start end gene length-or-gid strand`` (QTLtools): column 6 must be named ``strand``;
    - GCT 1.2 (as GTEx) or 1.3: genes x people;
    - ``.parquet``: the columns of a BED, or genes x people with a column or index of gene ids (needs pyarrow);
    - ``.h5ad``: people (obs) x genes (var) (needs h5py);
    - any other tab- or space-separated table: genes x people, the first column names the gene;
    - any other comma-separated table: people x genes (as the Geuvadis matrices of Huang et al. 2023), the
      first column names the person. ``orientation`` overrides the rule of the delimiter.

    Cells ``NA``, ``NaN``, ``.`` (any case) and empty cells are missing values.

    Parameters
    ----------
    path : str or Path
    orientation : {"auto", "genes_by_people", "people_by_genes"}
        What the rows of a table without coordinates are.

    Returns
    -------
    ExpressionTable
        Values float64, shape (G, S), in file order, NaN where missing. ``genes`` is set if the file tells the
        TSS and strand of every gene; a strand of ``.``, and a minus-strand interval longer than one base
        (of which the start is not the TSS), leave it None. ``places`` then has the intervals.

    Raises
    ------
    InputError
        Naming file and line: text or infinite values (with gene and person), ragged rows, a gene or person
        twice, no rows, bad coordinates.

    Examples
    --------
    A BED without strands: its intervals are places, and genes come from another file.

    >>> import gxfast as gx
    >>> from gxfast.demo import simulate_cohort
    >>> cohort = simulate_cohort("cohort", n_people=20, n_genes=9)
    >>> expression = gx.read_expression(cohort.expression)
    >>> expression.values.shape, expression.genes is None, len(expression.places)
    ((9, 20), True, 9)
    """
    path = Path(path)
    if orientation not in _ORIENTATIONS:
        raise InputError(
            f"orientation must be one of {', '.join(_ORIENTATIONS)}, found {orientation!r}",
            path=path,
            remedy="leave it at auto",
        )
    if path.suffix in _READERS:
        return _read_columns(path, orientation)
    lines = read_lines(path, "expression table")
    number, header = _header(lines)
    if header.strip() in _GCT:
        return _read_gct(path, lines, number)
    delimiter = delimiter_of(header)
    names = split(header, delimiter)
    if is_bed_header(names):
        if orientation == "people_by_genes":
            raise InputError(
                "a BED has one gene per row, not one person", path=path, record=at(number),
                remedy="leave the orientation at auto",
            )  # fmt: skip
        return _read_bed(path, lines, number, names, delimiter)
    if stem_suffix(path) == ".bed":
        raise InputError(
            f"expected the header of an expression BED, found {', '.join(names[:4])!r}",
            path=path,
            record=at(number),
            remedy="begin with a line '#chr start end gene_id SAMPLE ...' or '#chr start end gene gid strand "
            "SAMPLE ...', tab-separated",
        )
    by_people = orientation == "people_by_genes" or (orientation == "auto" and delimiter == ",")
    return _read_matrix(path, lines, number, names, delimiter, by_people=by_people)


def _read_columns(path: Path, orientation: Orientation) -> ExpressionTable:
    """Read Parquet (genes x people) or h5ad (people x genes)."""
    found = _READERS[path.suffix](path)
    if found.is_bed:
        rows = Rows(list(found.names), found.leading, list(range(1, len(found.names) + 1)), found.values)
        genes, places = _gene_columns(path, rows, stranded=len(found.leading[0]) == 6)
        return ExpressionTable(found.names, found.columns, found.values, genes, str(path), places)
    if orientation == "people_by_genes" or (orientation == "auto" and path.suffix == ".h5ad"):
        return ExpressionTable(found.columns, found.names, np.ascontiguousarray(found.values.T), None, str(path))
    return ExpressionTable(found.names, found.columns, np.ascontiguousarray(found.values), None, str(path))


def _read_gct(path: Path, lines: Iterator[tuple[int, str]], number: int) -> ExpressionTable:
    """Read GCT 1.2 (GTEx: Name, Description, people) or 1.3: genes x people."""
    sizes = [whole_number(size) for size in next(lines, (number + 1, ""))[1].split()]
    number, header = next(lines, (number + 2, ""))
    names = split(header, "\t")
    counts = [size for size in sizes if size is not None]
    if len(sizes) not in (2, 4) or len(counts) < len(sizes):
        raise InputError(
            "the second line of a GCT gives the numbers of rows and columns", path=path, record=at(number - 1),
            remedy="give a GCT 1.2 or 1.3",
        )  # fmt: skip
    # Beside the name: the description, or what 1.3 says of each row; and rows of what it says of each column.
    n_beside, n_above = (1, 0) if len(counts) == 2 else counts[2:]
    columns = column_names(names[1 + n_beside :], what="sample", path=path, number=number)
    spec = MatrixSpec(path, "\t", 1 + n_beside, 0, columns, "gene", "sample", missing=True)
    rows = read_rows(islice(lines, n_above, None), spec)
    if len(rows.names) != counts[0]:
        raise InputError(
            f"the file says it has {counts[0]} rows, found {len(rows.names)}", path=path, record=at(rows.numbers[-1]),
            remedy="copy the file again, or mend its second line",
        )  # fmt: skip
    return ExpressionTable(tuple(rows.names), columns, rows.values, None, str(path))


def _header(lines: Iterator[tuple[int, str]]) -> tuple[int, str]:
    for number, line in lines:
        if line.strip() and not line.startswith("##"):
            return number, line
    return 1, ""


def _read_matrix(
    path: Path,
    lines: Iterator[tuple[int, str]],
    number: int,
    names: list[str],
    delimiter: str,
    *,
    by_people: bool,
) -> ExpressionTable:
    row_is, column_is = ("sample", "gene") if by_people else ("gene", "sample")
    columns = column_names(names[1:], what=column_is, path=path, number=number)
    rows = read_rows(lines, MatrixSpec(path, delimiter, 1, 0, columns, row_is, column_is, missing=True))
    found = tuple(rows.names)
    if by_people:
        return ExpressionTable(columns, found, np.ascontiguousarray(rows.values.T), None, str(path))
    return ExpressionTable(found, columns, rows.values, None, str(path))


def _read_bed(
    path: Path, lines: Iterator[tuple[int, str]], number: int, names: list[str], delimiter: str
) -> ExpressionTable:
    stranded = len(names) >= 6 and lower_names(names)[5] == "strand"
    leading = 6 if stranded else 4
    samples = column_names(names[leading:], what="sample", path=path, number=number)
    rows = read_rows(lines, MatrixSpec(path, delimiter, leading, 3, samples, "gene", "sample", missing=True))
    genes, places = _gene_columns(path, rows, stranded=stranded)
    return ExpressionTable(tuple(rows.names), samples, rows.values, genes, str(path), places)


def _gene_columns(path: Path, rows: Rows, *, stranded: bool) -> tuple[GeneTable | None, GeneTable | None]:
    """Check the coordinates; return them if the TSS and strand of every gene follow from them, or places alone."""
    found = [
        _place(path, number, cells, stranded=stranded) for number, cells in zip(rows.numbers, rows.leading, strict=True)
    ]
    names = tuple(rows.names)
    chroms, starts, ends, strands = zip(*found, strict=True)
    start, end = np.array(starts, np.int64), np.array(ends, np.int64)
    if stranded and all(s == "+" or (s == "-" and b == a + 1) for _, a, b, s in found):
        return GeneTable(names, names, chroms, start, strands), None
    intervals = None if (end == start + 1).all() else end
    return None, GeneTable(names, names, chroms, start, (".",) * len(names), intervals)


def _place(path: Path, number: int, cells: list[str], *, stranded: bool) -> tuple[str, int, int, str]:
    """Contig, start, end and strand of a row."""
    start = parse_position(cells[1], what="start", first=0, path=path, number=number)
    end = parse_position(cells[2], what="end", first=1, path=path, number=number)
    chrom, strand = cells[0].strip(), cells[5].strip() if stranded else "."
    if not chrom or end <= start:
        raise InputError(
            f"expected a contig and start < end, found {chrom!r}, {start}, {end}",
            path=path,
            record=at(number),
            remedy=BED_REMEDY,
        )
    if strand not in {"+", "-", "."}:
        raise InputError(
            f"strand must be +, - or ., found {strand!r}",
            path=path,
            record=at(number),
            remedy="write the strand of the gene in column 6",
        )
    return chrom, start, end, strand
