"""What a scan goes through: the window that a model reads per gene, region or sequence, and the part to scan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...io.contigs import ContigNames
from ...io.fasta import Genome
from ...io.regions import parse_region
from ...io.tables.text import at, parse_position, read_lines, split, stem_suffix
from ...models.people import gene_statuses, model_windows
from ...types import GeneTable

if TYPE_CHECKING:
    from ...models.card import ModelCard

__all__ = [
    "DEFAULT_REACH",
    "Layout",
    "Region",
    "gene_layout",
    "layout_around",
    "named_regions",
    "nothing_scanned",
    "read_regions",
    "region_layout",
    "sequence_layout",
]

Int64Array = NDArray[np.int64]
DEFAULT_REACH = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """The windows of a scan for one model. Positions run along the forward strand of the genome.

    Attributes
    ----------
    name, chrom, strand : tuple of str, length W
        Gene (or region, or record), contig, and strand as given (``.`` where there is none).
    start : int64 array, shape (W,)
        0-based reference position of the first base of the model's window.
    anchor : int64 array, shape (W,)
        Base that keeps its index in personal haplotypes: the TSS.
    reverse : bool array, shape (W,)
        Whether the model reads the reverse complement.
    axis : int64 array, shape (W,)
        Index, in the window along the forward strand, of the first element of the scanned axis.
    low, high : int64 arrays, shape (W,)
        Part of the scanned axis that exists; the rest lies past a contig end, or the region is shorter.
    n_positions : int
        Length of the scanned axis, L'.
    length : int
        Bases that the model reads.
    status : tuple of str, length W
        ``"ok"``, or why the window cannot be scanned.
    """

    name: tuple[str, ...]
    chrom: tuple[str, ...]
    strand: tuple[str, ...]
    start: Int64Array
    anchor: Int64Array
    reverse: NDArray[np.bool_]
    axis: Int64Array
    low: Int64Array
    high: Int64Array
    n_positions: int
    length: int
    status: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.name)


def nothing_scanned(layout: Layout, window: int) -> InputError:
    """Return the error of a window of which nothing can be scanned."""
    why = layout.status[window] if layout.status[window] != "ok" else "it lies past the end of its contig"
    return InputError(
        f"nothing can be scanned: {why}", record=layout.name[window], remedy="choose a window inside the contig"
    )


@dataclass(frozen=True, slots=True)
class Region:
    """A stretch to scan, 0-based half-open."""

    name: str
    chrom: str
    start: int
    end: int
    strand: str = "."


def gene_layout(
    card: ModelCard,
    genes: GeneTable,
    genome: Genome,
    *,
    window: int | None = DEFAULT_REACH,
    genotypes: Any = None,
    clip: bool = True,
) -> Layout:
    """Lay out the windows of genes, as `gxfast.predict` reads them.

    Parameters
    ----------
    card : ModelCard
    genes : GeneTable
    genome : Genome
    window : int or None
        Scan the TSS and so many bases on either side; None scans the whole input.
    genotypes : VariantFileSet, optional
        Where the windows are of people.
    clip : bool
        Leave out positions past the contig ends. False for haplotypes, which have coordinates of their own.

    Returns
    -------
    Layout

    Raises
    ------
    InputError
        If the model does not read so far, or no gene can be scanned.
    """
    windows = model_windows(card, genes)
    offset = genes.tss - windows.start
    if window is not None and len(genes):
        reach = min(int(offset.min()), int((card.read_length - 1 - offset).min()))
        if window > reach:
            raise InputError(
                f"`window={window}` reaches past the {card.read_length} bases that {card.name} reads: at most {reach}",
                remedy=f'use `window={max(0, reach)}`, or `window="all"`',
            )
    axis = np.zeros(len(genes), np.int64) if window is None else offset - window
    n = card.read_length if window is None else 2 * window + 1
    status = tuple(gene_statuses(genes, genome, genotypes))
    if status and "ok" not in status:
        raise InputError(
            f"no gene can be scanned: {status[0]} for the first of them",
            remedy="name the contigs so that the genes, the FASTA and the VCF mean the same (see gxfast check)",
        )
    sizes = np.array([genome.contigs.get(chrom, 0) for chrom in genes.chrom], np.int64)
    first = windows.start + axis
    low = np.maximum(0, -first) if clip else np.zeros_like(first)
    high = np.clip(sizes - first, low, n) if clip else np.full_like(first, n)
    return Layout(
        genes.gene_id, genes.chrom, genes.strand, windows.start, genes.tss, windows.reverse, axis, low, high,
        n, card.read_length, status,
    )  # fmt: skip


def layout_around(card: ModelCard, genes: GeneTable, position: Int64Array, reach: int) -> Layout:
    """Lay out the windows of genes with ``reach`` bases on either side of one position each, as far as the model reads.

    Parameters
    ----------
    card : ModelCard
    genes : GeneTable
    position : int64 array, shape (G,)
        0-based, in the window of each gene.
    reach : int
    """
    windows = model_windows(card, genes)
    axis, n = position - windows.start - reach, 2 * reach + 1
    low, high = np.maximum(0, -axis), np.minimum(n, card.read_length - axis)
    return Layout(
        genes.gene_id, genes.chrom, genes.strand, windows.start, genes.tss, windows.reverse, axis, low, high,
        n, card.read_length, ("ok",) * len(genes),
    )  # fmt: skip


def region_layout(card: ModelCard, regions: Sequence[Region], genome: Genome) -> Layout:
    """Lay out regions, each in the middle of what the model reads.

    Regions on strand ``-`` are read as the reverse complement where the card says so for genes.

    Raises
    ------
    InputError
        For a region that is longer than the model's input, or not inside its contig.
    """
    for region in regions:
        size = genome.contigs.get(region.chrom)
        if size is None:
            genome.fetch_array(region.chrom, 0, 0)  # words the error
        if size is not None and not 0 <= region.start < region.end <= size:
            raise InputError(
                f"the region does not lie inside {region.chrom} ({size} bases in {genome.path})",
                record=_described(region),
                remedy="use positions of the FASTA's assembly",
            )
        if region.end - region.start > card.length:
            raise InputError(
                f"the region has {region.end - region.start} bases; {card.name} reads {card.length}",
                record=_described(region),
                remedy=f"split it into regions of at most {card.length} bases",
            )
    n = [region.end - region.start for region in regions]
    middle = np.array([(region.start + region.end) // 2 for region in regions], np.int64)
    start = middle - card.read_length // 2
    reverse = [region.strand == "-" and card.reverse_complement_minus for region in regions]
    return Layout(
        tuple(region.name for region in regions),
        tuple(region.chrom for region in regions),
        tuple(region.strand for region in regions),
        start,
        middle,
        np.array(reverse, bool),
        np.array([region.start for region in regions], np.int64) - start,
        np.zeros(len(regions), np.int64),
        np.array(n, np.int64),
        max(n, default=0),
        card.read_length,
        ("ok",) * len(regions),
    )


def sequence_layout(card: ModelCard, names: Sequence[str], positions: tuple[int, int] | None = None) -> Layout:
    """Lay out sequences that are read as they stand; ``positions`` is 0-based half-open, all by default.

    Raises
    ------
    InputError
        If the positions lie outside what the model reads.
    """
    first, last = positions or (0, card.read_length)
    if not 0 <= first < last <= card.read_length:
        raise InputError(
            f'`positions="{first + 1}-{last}"` lies outside the {card.read_length} bases that {card.name} reads',
            remedy=f"choose from 1-{card.read_length}",
        )
    zero = np.zeros(len(names), np.int64)
    return Layout(
        tuple(names), tuple(names), (".",) * len(names), zero, zero, zero.astype(bool), zero + first, zero,
        zero + (last - first), last - first, card.read_length, ("ok",) * len(names),
    )  # fmt: skip


def read_regions(texts: Sequence[str]) -> list[Region]:
    """Read regions ``chr:beg-end`` (1-based inclusive) and BED files (0-based half-open; name, strand if there).

    Raises
    ------
    InputError
        For text that is neither, lines that are no interval, or a region named twice.
    """
    regions: list[Region] = []
    for text in texts:
        if stem_suffix(Path(text)) == ".bed":
            regions += _bed_regions(Path(text))
            continue
        # One region may have thousands separators; several are told apart by their colons.
        for part in [text] if text.count(":") == 1 else text.split(","):
            if ":" not in part or "-" not in part.rpartition(":")[2]:
                raise InputError(
                    f"region {part!r} names no interval", remedy="write chr:beg-end, or give a file named .bed"
                )
            regions.append(Region(part, *parse_region(part)))
    seen: set[str] = set()
    for region in regions:
        if region.name in seen:
            raise InputError(f"region {region.name!r} is given twice", remedy="give every region once, by its own name")
        seen.add(region.name)
    if not regions:
        raise InputError("no region given", path=texts[0] if texts else None, remedy="write regions as chr:beg-end")
    return regions


def named_regions(regions: Sequence[Region], names: ContigNames) -> list[Region]:
    """Return the regions with the genome's names of their contigs; they keep their own names."""
    return [replace(region, chrom=names.find(region.chrom) or region.chrom) for region in regions]


def _bed_regions(path: Path) -> list[Region]:
    regions = []
    for number, line in read_lines(path, "BED"):
        if not line.strip() or line.startswith(("#", "track ", "browser ")):
            continue
        cells = [cell.strip() for cell in split(line, "\t" if "\t" in line else "")]
        if len(cells) < 3 or not cells[0]:
            raise InputError(
                f"expected chrom, start, end; found {'no contig' if cells[2:] else f'{len(cells)} columns'}",
                path=path, record=at(number), remedy="write BED: tab-separated, 0-based half-open",
            )  # fmt: skip
        start = parse_position(cells[1], what="start", first=0, path=path, number=number)
        end = parse_position(cells[2], what="end", first=1, path=path, number=number)
        strand = cells[5] if len(cells) > 5 else "."
        if end <= start or strand not in ("+", "-", "."):
            raise InputError(
                f"no interval on a strand: {start}-{end} {strand}",
                path=path, record=at(number), remedy="write start < end, and strand + or - in column 6",
            )  # fmt: skip
        named = len(cells) > 3 and cells[3] not in ("", ".")
        name = cells[3] if named else f"{cells[0]}:{start + 1}-{end}"
        regions.append(Region(name, cells[0], start, end, strand))
    return regions


def _described(region: Region) -> str:
    where = f"{region.chrom}:{region.start + 1}-{region.end}"
    return where if region.name == where else f"{region.name} ({where})"
