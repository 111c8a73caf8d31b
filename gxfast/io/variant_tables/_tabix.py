"""A score file of a whole genome (``#Chrom Pos Ref Alt Score``), indexed: its rows at some variants."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from ...errors import InputError
from ...types import VariantTable
from ..alleles import shortest_arrays
from ..bgzf import check_complete, htslib_name, require_file, sniff
from ..contigs import ContigNames
from ..indexing import check_index
from ..tables.text import read_lines

__all__ = ["lines_at"]

_GAP: Final = 100  # bases between variants up to which they are read at once


def lines_at(path: Path, at: VariantTable) -> Iterator[tuple[int, str]]:
    """Yield the header and the lines at the variants of a table, numbered from 1, contig by contig.

    Raises
    ------
    InputError
        If the file is not block-compressed, has no index or that of another file, or no contig of the table.
    """
    import pysam

    require_file(path, "file of scores")
    index, remedy = path.with_name(f"{path.name}.tbi"), f"tabix -s 1 -b 2 -e 2 {path}"
    if sniff(path) != "bgzf" or not index.exists():
        raise InputError("the file of scores is not block-compressed and indexed", path=path, remedy=remedy)
    check_complete(path)
    check_index(path, index, remedy)
    header = ""
    for _, line in read_lines(path, "file of scores"):
        if not line.startswith("##"):
            header = line
            break
    yield 1, header
    try:
        with pysam.TabixFile(htslib_name(path), index=htslib_name(index), encoding="utf-8") as file:
            yield from enumerate(_lines(file, path, at), start=2)
    except (OSError, ValueError, UnicodeDecodeError) as error:
        raise InputError(f"rows cannot be read by region: {error}", path=path, remedy=remedy) from None


def _lines(file: Any, path: Path, at: VariantTable) -> Iterator[str]:
    names = ContigNames(dict.fromkeys(file.contigs))
    found = {name: names.find(name) for name in np.unique(at.chrom).tolist()}
    if not any(found.values()):
        raise InputError(
            f"no contig of the variants is in the index, which has {', '.join(list(file.contigs)[:3])}, ...", path=path,
            remedy="give scores and variants of one genome",
        )  # fmt: skip
    position, _, _ = shortest_arrays(at.position, at.ref, at.alt)
    for name, contig in found.items():
        if contig is None:
            continue
        places = np.unique(np.concatenate([position[at.chrom == name], at.position[at.chrom == name]]))
        cuts = np.flatnonzero(np.diff(places) > _GAP) + 1
        for group in np.split(places, cuts):
            wanted = set((group + 1).tolist())
            for line in file.fetch(contig, int(group[0]), int(group[-1]) + 1):
                cell = line.split("\t", 2)[1]
                if cell.isdecimal() and int(cell) in wanted:
                    yield line
