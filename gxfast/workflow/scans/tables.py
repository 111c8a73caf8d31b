"""The tables of a scan: compressed text written as it is made, and the list of what was scanned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...io.bgzf import bgzf_text
from ...io.tables import number_texts, write_rows
from .work import Block, StoredBlocks

__all__ = ["saturation_lines", "write_saturation", "write_windows"]

_LINES = 2**16  # that are held as text at a time
_BASES = np.array(["A", "C", "G", "T", "N"])


def saturation_header(several: bool) -> str:
    """Return the header line of MODEL.saturation.tsv.gz."""
    track = ["track"] if several else []
    return "\t".join(["gene_id", "chrom", "pos", "strand", "haplotype", "ref", "alt", *track, "effect"]) + "\n"


def saturation_lines(
    lead: Sequence[str],
    positions: NDArray[np.int64],
    reference: NDArray[np.uint8],
    effects: NDArray[np.float32],
    tracks: Sequence[str],
) -> str:
    """Return the rows of one sequence.

    Parameters
    ----------
    lead : (gene_id, chrom, strand, haplotype)
    positions : int64 array, shape (K,)
        0-based; -1 is written as an empty cell.
    reference : uint8 array, shape (K,)
        Codes.
    effects : float32 array, shape (K, 4, T)
    tracks : sequence of str, length T
    """
    gene, chrom, strand, haplotype = lead
    at, base = np.nonzero(reference[:, np.newaxis] != np.arange(4))
    where = ["" if p < 0 else str(p + 1) for p in positions.tolist()]
    letters = _BASES[np.minimum(reference, 4)].tolist()
    texts = number_texts(effects[at, base])
    front = [
        f"{gene}\t{chrom}\t{p}\t{strand}\t{haplotype}\t{letter}\t" for p, letter in zip(where, letters, strict=True)
    ]
    pairs = zip(at.tolist(), _BASES[base].tolist(), strict=True)
    if len(tracks) == 1:
        return "".join([f"{front[i]}{alt}\t{text}\n" for (i, alt), text in zip(pairs, texts, strict=True)])
    cells = iter(texts)
    return "".join([f"{front[i]}{alt}\t{track}\t{next(cells)}\n" for i, alt in pairs for track in tracks])


class Row:
    """One sequence of a scan, its parts in the order of the axis."""

    __slots__ = ("chrom", "haplotype", "name", "parts", "row", "start", "strand", "window")

    def __init__(self, window: int, row: int, name: str, chrom: str, strand: str, haplotype: str, start: int) -> None:
        self.window, self.row, self.name, self.chrom, self.strand = window, row, name, chrom, strand
        self.haplotype, self.start = haplotype, start
        self.parts: list[tuple[int, int, int, int]] = []  # block, index in it, low, high


def rows_of_scan(stored: StoredBlocks) -> list[Row]:
    """List the sequences of all blocks, without their effects; those of windows that failed are left out."""
    found: dict[tuple[int, int], Row] = {}
    failed = failed_of(stored)
    for k, block in enumerate(stored.blocks):
        part = stored.read(block, "window", "row", "haplotype", "low", "high", "name", "chrom", "strand", "start")
        labels = part["haplotype"].tolist()
        for i, (w, r) in enumerate(zip(part["window"].tolist(), part["row"].tolist(), strict=True)):
            if w in failed:
                continue
            at = w - block.windows[0]
            row = found.get((w, r))
            if row is None:
                row = found[w, r] = Row(
                    w, r, str(part["name"][at]), str(part["chrom"][at]), str(part["strand"][at]), labels[i],
                    int(part["start"][at]),
                )  # fmt: skip
            row.parts.append((k, i, int(part["low"][i]), int(part["high"][i])))
    return [found[key] for key in sorted(found)]


def failed_of(stored: StoredBlocks) -> dict[int, str]:
    """Return the windows that failed, in any part of the axis, with the reason."""
    failed: dict[int, str] = {}
    for block in stored.blocks:
        for w, why in enumerate(stored.read(block, "status")["status"].tolist(), start=block.windows[0]):
            if why != "ok":
                failed.setdefault(w, why)
    return failed


def row_parts(stored: StoredBlocks, rows: Iterable[Row]) -> Iterator[tuple[Row, slice, dict[str, NDArray[Any]]]]:
    """Yield every row part by part: the row, the part of the axis, and its position, reference and effects."""
    held = -1
    arrays: dict[str, NDArray[Any]] = {}
    for row in rows:
        for k, i, low, high in row.parts:
            if k != held:
                arrays = {}  # one block in memory at a time
                held, arrays = k, stored.read(stored.blocks[k])
            begin = stored.blocks[k].axis[0]
            inside = slice(low - begin, high - begin)
            part = {name: arrays[name][i, inside] for name in ("position", "reference", "effects")}
            yield row, slice(low, high), part


def write_saturation(path: Path, stored: StoredBlocks, rows: Sequence[Row], tracks: Sequence[str]) -> None:
    """Write MODEL.saturation.tsv.gz: a row per change and track, bases on the forward strand, ``pos`` 1-based."""
    step = max(1, _LINES // (4 * len(tracks)))
    with bgzf_text(path) as out:
        out.write(saturation_header(len(tracks) > 1))
        for row, _, part in row_parts(stored, rows):
            lead = row.name, row.chrom, row.strand, row.haplotype
            position, reference, effects = part["position"], part["reference"], part["effects"]
            for first in range(0, len(position), step):
                some = slice(first, first + step)
                out.write(saturation_lines(lead, position[some], reference[some], effects[some], tracks))


@dataclass(frozen=True, slots=True)
class WindowRow:
    """A row of ``MODEL.windows.tsv``: one sequence that was scanned, or a window that could not be."""

    gene_id: str
    chrom: str
    strand: str
    haplotype: str | None
    carriers: str | None
    first_pos: int | None
    last_pos: int | None
    status: str


def write_windows(path: Path, stored: StoredBlocks, samples: Sequence[str]) -> list[str]:
    """Write MODEL.windows.tsv: what was scanned, who carries it, and what could not be scanned.

    Returns
    -------
    list of str
        Windows that failed, with the reason.
    """
    rows, ranges, failed = [], _ranges(stored), failed_of(stored)
    for block in stored.blocks:
        if not block.axis[0]:
            rows += list(_window_rows(block, stored, samples, ranges, failed))
    write_rows(path, WindowRow, rows)
    return [f"{row.gene_id}: {row.status}" for row in rows if row.status != "ok"]


def _window_rows(
    block: Block, stored: StoredBlocks, samples: Sequence[str], ranges: dict[tuple[int, int], tuple[int, int]],
    failed: dict[int, str],
) -> Iterator[WindowRow]:  # fmt: skip
    part = stored.read(block, "window", "row", "haplotype", "name", "chrom", "strand", "carriers")
    scanned = list(zip(part["window"].tolist(), part["row"].tolist(), part["haplotype"].tolist(), strict=True))
    names, chroms, strands = (part[what].tolist() for what in ("name", "chrom", "strand"))
    for at, w in enumerate(range(*block.windows)):
        mine = [(r, label) for window, r, label in scanned if window == w and w not in failed]
        for r, label in mine or [(-1, None)]:
            own = [f"{samples[i]}|{j + 1}" for i, j in np.argwhere(part["carriers"][at] == r).tolist()]
            carriers = ",".join(own) if r >= 0 else None
            first, last = ranges.get((w, r), (None, None))
            yield WindowRow(names[at], chroms[at], strands[at], label, carriers, first, last, failed.get(w, "ok"))


def _ranges(stored: StoredBlocks) -> dict[tuple[int, int], tuple[int, int]]:
    """First and last reference position (1-based) of every row."""
    ranges: dict[tuple[int, int], tuple[int, int]] = {}
    for block in stored.blocks:
        part = stored.read(block, "window", "row", "position")
        for w, r, positions in zip(part["window"].tolist(), part["row"].tolist(), part["position"], strict=True):
            there = positions[positions >= 0]
            if there.size:
                low, high = ranges.get((w, r), (2**62, 0))
                ranges[w, r] = min(low, int(there.min()) + 1), max(high, int(there.max()) + 1)
    return ranges
