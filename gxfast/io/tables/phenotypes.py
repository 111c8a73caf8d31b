"""Per-person values of genes as a phenotype BED, which tensorQTL, FastQTL and `read_expression` read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...types import PHENOTYPE_COLUMNS, GeneTable
from ..bgzf import BgzfText, bgzf_text
from ..indexing import index_bed
from ._matrix import MatrixSpec, read_rows
from .plain import rows_text
from .text import at, column_names, is_bed_header, read_lines

__all__ = ["PhenotypeBed", "phenotype_bed", "read_phenotype_ids", "read_phenotype_rows", "write_phenotype_bed"]

Float64Array = NDArray[np.float64]

_LEADING: Final = len(PHENOTYPE_COLUMNS)  # columns before the people's


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
    with phenotype_bed(path, genes, samples) as bed:
        bed.check(ids, values, rows)
        rank = {chrom: i for i, chrom in enumerate(dict.fromkeys(genes.chrom[g] for g in rows))}
        order = sorted(range(len(ids)), key=lambda r: (rank[genes.chrom[rows[r]]], int(genes.tss[rows[r]])))
        for r in order:
            bed.write(ids[r], rows[r], values[r])
    return path


class PhenotypeBed:
    """A phenotype BED that is being written, row by row in the order of the contigs and TSSs; see `phenotype_bed`."""

    def __init__(self, path: Path, out: BgzfText, genes: GeneTable, samples: Sequence[str]) -> None:
        self._path, self._out, self._genes, self._samples = path, out, genes, samples
        self._seen: set[str] = set()
        _check_names("sample", samples, path, set())
        out.write("\t".join([*PHENOTYPE_COLUMNS, *samples]) + "\n")

    def add(self, ids: Sequence[str], values: Float64Array, rows: Sequence[int]) -> None:
        """Write rows as they are ordered; arguments as of `write_phenotype_bed`."""
        self.check(ids, values, rows)
        for r, g in enumerate(rows):
            self.write(ids[r], g, values[r])

    def check(self, ids: Sequence[str], values: Float64Array, rows: Sequence[int]) -> None:
        """Refuse rows that cannot be written."""
        _check(self._path, self._genes, self._samples, ids, values, rows)
        _check_names("row", ids, self._path, self._seen)

    def write(self, name: str, g: int, values: Float64Array) -> None:
        """Write a row that was checked."""
        genes = self._genes
        if np.isnan(values).any():
            numbers = "\t".join(map(repr, values.tolist())).replace("nan", "NA").encode()
        else:
            numbers = rows_text([values], values.size).rstrip(b"\n").replace(b"\n", b"\t")
        self._out.write(f"{genes.chrom[g]}\t{int(genes.tss[g])}\t{int(genes.last[g]) + 1}\t{name}\t")
        self._out.write(numbers + b"\n")


@contextmanager
def phenotype_bed(path: Path, genes: GeneTable, samples: Sequence[str]) -> Iterator[PhenotypeBed]:
    """Write a phenotype BED row by row, as `write_phenotype_bed` does; it and its index appear when the block ends.

    Raises
    ------
    InputError
        See `write_phenotype_bed`.
    """
    with bgzf_text(path) as out:
        yield PhenotypeBed(path, out, genes, samples)
    index_bed(path)


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


def _check_names(what: str, names: Iterable[str], path: Path, seen: set[str]) -> None:
    for name in names:
        if not name or name in seen or not {"\t", "\n", "\r"}.isdisjoint(name):
            raise InputError(
                f"{what} names must be unique, not empty, and without tabs and line ends, found {name!r}",
                path=path,
                remedy=f"rename the {what}",
            )
        seen.add(name)
