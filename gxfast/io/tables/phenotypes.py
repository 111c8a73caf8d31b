"""Per-person values of genes as a phenotype BED, which tensorQTL, FastQTL and `read_expression` read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...types import GeneTable
from ..bgzf import write_bgzf
from ..indexing import index_bed
from .expression import read_expression

__all__ = ["read_predictions", "write_phenotype_bed"]

Float64Array = NDArray[np.float64]


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


def read_predictions(path: str | Path) -> tuple[tuple[str, ...], tuple[str, ...], Float64Array]:
    """Read a phenotype BED back.

    Returns
    -------
    ids : tuple of str, length R
    samples : tuple of str, length S
    values : float64 array, shape (R, S)

    Raises
    ------
    InputError
        As `read_expression`.
    """
    table = read_expression(path)
    return table.gene_id, table.samples, table.values


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
