"""The variants of a PLINK 2 file set: a .pvar, plain or compressed by Zstandard, read by region.

What is kept of a file is where its blocks of lines are; alleles are read again as they are asked for. A compressed
file cannot be read from the middle: its lines are kept as they are needed (without INFO), compressed block by block.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ._pvar_lines import PvarLines, Stream
from .bgzf import require_file
from .genotypes import offsets_of
from .numbers import whole_number
from .tables.text import check_id

__all__ = ["Pvar", "Sites", "ids_of_pvar"]

Int64Array = NDArray[np.int64]
_BLOCK: Final = 1024  # records
_MOST_ALLELES: Final = 255  # that a PGEN can hold
_CONTIG: Final = re.compile(r"##contig=<(?:.*,)?ID=([^,>]+)(?:,.*)?>")
_LENGTH: Final = re.compile(r"[<,]length=([0-9]+)[,>]")
_AGAIN: Final = "write the file again: plink2 --pfile NAME --make-pgen --out OTHER"


@dataclass(frozen=True, slots=True)
class Sites:
    """Records of a region; fields as in `gxfast.Genotypes`.

    Attributes
    ----------
    row : uint32 array, shape (V,)
        Number of each record in the file.
    info : list of str
        INFO of the records with an allele that it describes.
    """

    row: NDArray[np.uint32]
    position: Int64Array
    ref_length: Int64Array
    first_allele: Int64Array
    allele_offset: Int64Array
    bases: NDArray[np.uint8]
    passed: NDArray[np.bool_]
    info: list[str]

    def __len__(self) -> int:
        return len(self.row)

    def n_alleles(self) -> Int64Array:
        """Return how many alleles the records have."""
        return np.diff(self.first_allele)


@dataclass(slots=True)
class _Contig:
    """Blocks of lines of a contig: number and place of the first record, and the end of the last base covered."""

    row: list[Int64Array] = field(default_factory=list)
    place: list[Int64Array] = field(default_factory=list)
    first: list[Int64Array] = field(default_factory=list)
    reach: list[Int64Array] = field(default_factory=list)
    last: int = -1  # position so far
    stop: tuple[int, int] = (0, 0)  # row and place past the end

    def closed(self) -> _Blocks:
        row, place = np.concatenate(self.row), np.concatenate(self.place)
        return _Blocks(
            np.append(row, self.stop[0]), np.append(place, self.stop[1]),
            np.concatenate(self.first), np.maximum.accumulate(np.concatenate(self.reach)),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Blocks:
    row: Int64Array  # (B + 1,)
    place: Int64Array  # (B + 1,)
    first: Int64Array  # (B,), ascending
    reach: Int64Array  # (B,), of this block and all before it

    def overlapping(self, start: int, end: int) -> tuple[int, int]:
        low = int(np.searchsorted(self.reach, start, side="right"))
        return low, max(low, int(np.searchsorted(self.first, end, side="left")))


class _Plain:
    """Lines of a file that is read from any place."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def keep(self, lines: PvarLines, rows: Int64Array, stop: int) -> Int64Array:
        """Return the places of blocks that begin at some rows, and of what follows the last."""
        starts = np.append(lines.starts(), lines.offset + len(lines.text))
        places: Int64Array = starts[np.append(rows, stop)]
        return places

    def read(self, first: int, stop: int) -> bytes:
        try:
            with self._path.open("rb") as handle:
                handle.seek(first)
                return handle.read(stop - first)
        except OSError as error:
            raise InputError(
                f"cannot read the file: {error.strerror}", path=self._path, remedy="check that it is still there"
            ) from None


class _Kept:
    """Lines of a compressed file, kept in memory; a place is the number of a block."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []

    def keep(self, lines: PvarLines, rows: Int64Array, stop: int) -> Int64Array:
        """As of `_Plain`."""
        places = np.append(lines.starts() - lines.offset, len(lines.text))[np.append(rows, stop)].tolist()
        first = len(self._blocks)
        self._blocks += [zlib.compress(lines.text[low:high], 1) for low, high in pairwise(places)]
        return np.arange(first, first + len(places))

    def read(self, first: int, stop: int) -> bytes:
        return b"".join(map(zlib.decompress, self._blocks[first:stop]))


class Pvar:
    """The variants of a PLINK 2 file set.

    Parameters
    ----------
    path : Path
        ``.pvar``, or ``.pvar.zst``.

    Raises
    ------
    InputError
        If the file is missing, has no header line, is damaged or not sorted, or needs a library that is not there.

    Attributes
    ----------
    contigs : tuple of str
        In the order of the file.
    contig_lengths : dict of str to int
        Of those that the header gives one.
    version : str
        ``fileformat`` of the header.
    n_variants : int
    allele_offsets : array or None
        Where the alleles of each record begin among all, for pgenlib; None where no record has more than two.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.n_variants = path, 0
        self._text: _Plain | _Kept = _Kept() if path.suffix == ".zst" else _Plain(path)
        self._open: dict[str, _Contig] = {}
        counts: list[NDArray[np.uint8]] = []
        with _opened(path) as stream:
            self._columns = stream.columns
            self._read_header(stream.header)
            for lines in stream.pieces():
                counts.append(self._alleles(lines))
                self._add(lines)
        if not self.n_variants:
            raise InputError("the .pvar has no variants", path=path, remedy=_AGAIN)
        self._blocks = {name: contig.closed() for name, contig in self._open.items()}
        del self._open
        self.contigs = tuple(self._blocks)
        for name in self.contigs:
            check_id(name, "contig", path)
        self.allele_offsets: NDArray[Any] | None = None
        if any(bool((part > 2).any()) for part in counts):
            self.allele_offsets = np.zeros(self.n_variants + 1, np.uintp)
            # pgenlib has two alleles where ALT is "."
            np.cumsum(np.maximum(np.concatenate(counts), 2), out=self.allele_offsets[1:])

    def _read_header(self, header: list[bytes]) -> None:
        self.version, self.contig_lengths = "", dict[str, int]()
        for line in header:
            text = line.decode("utf-8", "replace")
            if text.startswith("##fileformat="):
                self.version = text.partition("=")[2]
            named = _CONTIG.fullmatch(text)
            length = _LENGTH.search(text) if named else None
            size = whole_number(length[1], 1) if length else None
            if named and size:
                self.contig_lengths[named[1]] = size

    def _alleles(self, lines: PvarLines) -> NDArray[np.uint8]:
        n = lines.n_alleles()
        if (n > _MOST_ALLELES).any():
            row = int(np.argmax(n))
            raise InputError(f"{n[row]} alleles, a PGEN has at most 255", path=self.path, record=lines.record(row))
        return n.astype(np.uint8)

    def _add(self, lines: PvarLines) -> None:
        """Note where the blocks of some lines are."""
        reach = lines.position + np.maximum(lines.ref_lengths(), 1)
        kept = lines
        if isinstance(self._text, _Kept):
            kept = PvarLines(lines.short(), 0, self._columns, self.path)
        for first, stop in pairwise([*lines.contig_starts(), len(lines)]):
            contig = self._contig_of(lines, first)
            self._refuse_unsorted(lines, first, stop, contig.last)
            rows = np.arange(first, stop, _BLOCK)
            places = self._text.keep(kept, rows, stop)
            contig.row.append(rows + self.n_variants)
            contig.place.append(places[:-1])
            contig.first.append(lines.position[rows])
            contig.reach.append(np.maximum.reduceat(reach[first:stop], rows - first))
            contig.last = int(lines.position[stop - 1])
            contig.stop = self.n_variants + stop, int(places[-1])
        self.n_variants += len(lines)

    def _contig_of(self, lines: PvarLines, row: int) -> _Contig:
        name = lines.cell("#CHROM", row).decode("utf-8", "replace")
        if name in self._open and name != next(reversed(self._open)):
            raise InputError(
                f"records of contig {name} are in two places of the .pvar", path=self.path,
                record=f"{name}:{int(lines.position[row]) + 1}", remedy=_SORT,
            )  # fmt: skip
        return self._open.setdefault(name, _Contig())

    def _refuse_unsorted(self, lines: PvarLines, first: int, stop: int, last: int) -> None:
        steps = np.diff(lines.position[first:stop], prepend=last)
        if (steps < 0).any():
            row = first + int(np.argmax(steps < 0))
            name = lines.cell("#CHROM", row).decode("utf-8", "replace")
            raise InputError(
                "records are not sorted by position", path=self.path,
                record=f"{name}:{int(lines.position[row]) + 1}", remedy=_SORT,
            )  # fmt: skip

    def overlapping(self, contig: str, start: int, end: int) -> Sites:
        """Return the records that overlap [start, end) of a contig that is there.

        Raises
        ------
        InputError
            If the contig has a record at POS 0, or the file was changed.
        """
        blocks = self._blocks[contig]
        if blocks.first[0] < 0:
            raise InputError(
                "POS must be at least 1", path=self.path, record=f"{contig}:0", remedy="remove or mend the record"
            )
        low, high = blocks.overlapping(start, end)
        text = self._text.read(int(blocks.place[low]), int(blocks.place[high])) if high > low else b""
        lines = PvarLines(text, 0, self._columns, self.path)
        n = int(blocks.row[high] - blocks.row[low])
        if len(lines) != n or (n and (lines.position[0] != blocks.first[low] or not _is_of(lines, contig))):
            raise InputError("the .pvar was changed while it was read", path=self.path, remedy="start again")
        length = lines.ref_lengths()
        keep = np.flatnonzero((lines.position < end) & (lines.position + np.maximum(length, 1) > start))
        letters, lengths = lines.alleles(keep)
        return Sites(
            (keep + int(blocks.row[low])).astype(np.uint32), lines.position[keep], length[keep],
            offsets_of(lines.n_alleles()[keep]), offsets_of(lengths), letters, lines.passed()[keep],
            lines.described(keep),
        )  # fmt: skip


_SORT: Final = "sort with: plink2 --pfile NAME --sort-vars --make-pgen --out OTHER"


def _is_of(lines: PvarLines, contig: str) -> bool:
    return lines.contig_starts() == [0] and lines.cell("#CHROM", 0).decode("utf-8", "replace") == contig


def ids_of_pvar(path: Path) -> Iterator[tuple[str, str, int]]:
    """Yield ID, contig and 0-based position of each record, from end to end."""
    with _opened(path) as stream:
        for lines in stream.pieces():
            for row in range(len(lines)):
                name, contig = (lines.cell(column, row).decode("utf-8", "replace") for column in ("ID", "#CHROM"))
                yield name, contig, int(lines.position[row])


@contextmanager
def _opened(path: Path) -> Iterator[Stream]:
    """Open a .pvar to be read from end to end; what its decompression says is an error of the file."""
    require_file(path, ".pvar")
    opener: Callable[[Path], Any] = _zstd(path) if path.suffix == ".zst" else lambda name: name.open("rb")
    try:
        with closing(opener(path)) as handle:
            yield Stream(handle, path)
    except (InputError, MemoryError):
        raise
    except Exception as error:  # each library has its own
        raise InputError(
            f"the .pvar cannot be read, is damaged or cut off: {error}", path=path, remedy="make or copy the file again"
        ) from error


def _zstd(path: Path) -> Callable[[Path], Any]:
    """What opens a file that Zstandard compressed."""
    try:
        import pyarrow

        return lambda name: pyarrow.CompressedInputStream(pyarrow.OSFile(str(name)), "zstd")
    except ImportError:
        pass
    try:
        import zstandard

        return lambda name: zstandard.open(name, "rb")
    except ImportError:
        raise InputError(
            "a .pvar.zst needs pyarrow or zstandard", path=path,
            remedy=f"zstd -d {path.name}, or pip install 'gxfast[io]'",
        ) from None  # fmt: skip
