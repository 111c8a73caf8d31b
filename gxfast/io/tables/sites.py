"""Regions that are read around their middle: peaks of accessibility, promoters, any readout that is no gene."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...errors import InputError
from ...types import GeneTable
from .text import at, delimiter_of, parse_position, read_lines, split

__all__ = ["read_sites"]

_REMEDY = "write chrom, start (0-based), end, name and, if you like, score and strand"


def read_sites(path: str | Path) -> GeneTable:
    """Read a BED of regions.

    Parameters
    ----------
    path : str or Path
        BED3 or wider; plain, gzip or bgzip. Column 4 is the name (``chrom:start-end``, 1-based, where there is
        none), column 6 the strand (``+`` where it is missing or ``.``).

    Returns
    -------
    GeneTable
        ``tss`` is the middle of each region: (start + end) // 2, 0-based.

    Raises
    ------
    InputError
        Naming the line: too few columns, positions that are none, an empty region, a name twice.
    """
    path = Path(path)
    names, chroms, middles, strands = [], [], [], []
    seen: dict[str, int] = {}
    for number, line in read_lines(path, "BED of regions"):
        if not line.strip() or line.startswith(("#", "track ", "browser ")):
            continue
        cells = [cell.strip() for cell in split(line, delimiter_of(line))]
        if len(cells) < 3 or not cells[0]:
            what = "the contig is empty" if len(cells) > 2 else f"expected 3 columns or more, found {len(cells)}"
            raise InputError(what, path=path, record=at(number), remedy=_REMEDY)
        start = parse_position(cells[1], what="start", first=0, path=path, number=number)
        end = parse_position(cells[2], what="end", first=1, path=path, number=number)
        name = cells[3] if len(cells) > 3 and cells[3] not in ("", ".") else f"{cells[0]}:{start + 1}-{end}"
        strand = cells[5] if len(cells) > 5 and cells[5] != "." else "+"
        if end <= start or strand not in ("+", "-"):
            raise InputError(
                f"region {name!r}: {start}-{end} on strand {strand} is none",
                path=path,
                record=at(number),
                remedy=_REMEDY,
            )
        if name in seen:
            raise InputError(
                f"region {name!r} is there twice (line {seen[name]})", path=path, record=at(number),
                remedy="give every region a name of its own",
            )  # fmt: skip
        seen[name] = number
        names.append(name)
        chroms.append(cells[0])
        middles.append((start + end) // 2)
        strands.append(strand)
    if not names:
        raise InputError("the BED has no regions", path=path, remedy=_REMEDY)
    return GeneTable(tuple(names), tuple(names), tuple(chroms), np.array(middles, np.int64), tuple(strands))
