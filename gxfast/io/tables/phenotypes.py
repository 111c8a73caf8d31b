"""Per-person values of genes as a phenotype BED, which tensorQTL, FastQTL and `read_expression` read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...types import GeneTable
from ..bgzf import write_bgzf
from ..indexing import index_bed
from ._matrix import MatrixSpec, read_rows
from .text import at, column_names, is_bed_header, read_lines

__all__ = ["read_phenotype_ids", "read_phenotype_rows", "write_phenotype_bed"]

Float64Array = NDArray[np.float64]

_LEADING: Final = 4  # columns before the people's


def write_phenotype_bed(
    path: str | Path,
    genes: GeneTable,
    samples: Sequence[str],
    ids: Sequence[str],
    values: Float64Array,
    rows: Sequence[int],
) -> Path:
    """Write ``#chr start end gene_id <people...>``, block-compressed, with its tabix index beside it.

    Rows are sorted by contig (in order of first appearance), then TSS, then as given. ``start`` is the
    0-based TSS and ``end`` the 1-based one, or those of an interval. Numbers are the shortest text that reads
    back as the same float64; NaN is ``NA``. Equal content gives equal bytes.

    Parameters
    ----------
    path : str or Path
        File to write, ``.bed.gz``.
    genes : GeneTable
    samples : sequence of str, length S
    ids : sequence of str, length R
        Name of each row, no two alike.
    values : float64 array, shape (R, S)
    rows : sequence of int, length R
        Index into ``genes`` of each row.

    Returns
    -------
    Path
        ``path``.

    Raises
    ------
    InputError
        If the shapes do not fit, a name is repeated or holds a tab or line end, a value is infinite, or the
        file cannot be written.
    """
    path = Path(path)
    values = np.asarray(values, np.float64)
    _check(path, genes, samples, ids, values, rows)
    rank = {chrom: i for i, chrom in enumerate(dict.fromkeys(genes.chrom[g] for g in rows))}
    order = sorted(range(len(ids)), key=lambda r: (rank[genes.chrom[rows[r]]], int(genes.tss[rows[r]])))
    lines = ["\t".join(["#chr", "start", "end", "gene_id", *samples])]
    for r in order:
        g = rows[r]
        start = int(genes.tss[g])
        numbers = "\t".join(map(repr, values[r].tolist()))
        if np.isnan(values[r]).any():
            numbers = numbers.replace("nan", "NA")
        lines.append(f"{genes.chrom[g]}\t{start}\t{int(genes.last[g]) + 1}\t{ids[r]}\t{numbers}")
    write_bgzf(path, ("\n".join(lines) + "\n").encode())
    index_bed(path)
    return path


def read_phenotype_rows(path: str | Path, wanted: Collection[str]) -> tuple[tuple[str, ...], dict[str, Float64Array]]:
    """Read some rows of what `write_phenotype_bed` wrote: line by line, since the whole may be larger than memory.

    Parameters
    ----------
    path : str or Path
    wanted : collection of str
        Names of rows; those that the file lacks are left out.

    Returns
    -------
    samples : tuple of str, length S
    rows : dict of str to float64 array, shape (S,)
        NaN where a value is missing.

    Raises
    ------
    InputError
        If it is no phenotype BED, or a row that is wanted is ragged or holds text.
    """
    path, wanted = Path(path), frozenset(wanted)
    lines, samples = _opened(path)
    kept = (pair for pair in lines if _row_name(pair[1]) in wanted)
    found = list(islice(kept, len(wanted)))
    if not found:
        return samples, {}
    rows = read_rows(found, MatrixSpec(path, "\t", _LEADING, 3, samples, "gene", "sample", missing=True))
    return samples, dict(zip(rows.names, rows.values, strict=True))


def read_phenotype_ids(path: str | Path) -> list[str]:
    """Return the names of the rows of what `write_phenotype_bed` wrote, in file order.

    Raises
    ------
    InputError
        If it is no phenotype BED.
    """
    lines, _ = _opened(Path(path))
    return [_row_name(line) for _, line in lines]


def _opened(path: Path) -> tuple[Iterator[tuple[int, str]], tuple[str, ...]]:
    """The lines after the header, and the people it names."""
    lines = read_lines(path, "phenotype BED")
    number, header = next(lines, (1, ""))
    names = header.split("\t")
    if not is_bed_header(names):
        raise InputError(
            "expected the header of a phenotype BED", path=path, record=at(number),
            remedy="begin with a line '#chr start end gene_id SAMPLE ...', tab-separated",
        )  # fmt: skip
    return lines, column_names(names[_LEADING:], what="sample", path=path, number=number)


def _row_name(line: str) -> str:
    cells = line.split("\t", _LEADING)
    return cells[3] if len(cells) > 3 else ""


def _check(
    path: Path,
    genes: GeneTable,
    samples: Sequence[str],
    ids: Sequence[str],
    values: Float64Array,
    rows: Sequence[int],
) -> None:
    if values.shape != (len(ids), len(samples)) or len(rows) != len(ids):
        raise InputError(
            f"expected values of shape ({len(ids)}, {len(samples)}) and {len(ids)} rows, "
            f"found {values.shape} and {len(rows)}",
            path=path,
            remedy="give one id, one row index and one row of values each",
        )
    if any(not 0 <= g < len(genes) for g in rows):
        raise InputError(
            f"rows must be indices of the {len(genes)} genes", path=path, remedy=f"use 0 to {len(genes) - 1}"
        )
    _check_names("row", ids, path)
    _check_names("sample", samples, path)
    for r, g in enumerate(rows):
        if genes.tss[g] < 0:
            raise InputError(
                f"the TSS must not be negative, found {int(genes.tss[g])}",
                path=path,
                record=ids[r],
                remedy="give the 0-based TSS",
            )
    infinite = np.argwhere(np.isinf(values))
    if infinite.size:
        r, s = infinite[0].tolist()
        raise InputError(
            f"sample {samples[s]!r}: the value is infinite",
            path=path,
            record=ids[r],
            remedy="check the model: every output must be finite",
        )


def _check_names(what: str, names: Iterable[str], path: Path) -> None:
    seen: set[str] = set()
    for name in names:
        if not name or name in seen or not {"\t", "\n", "\r"}.isdisjoint(name):
            raise InputError(
                f"{what} names must be unique, not empty, and without tabs and line ends, found {name!r}",
                path=path,
                remedy=f"rename the {what}",
            )
        seen.add(name)
