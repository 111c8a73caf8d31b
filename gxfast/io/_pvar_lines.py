"""Lines of a .pvar, many at once: columns by position in the text, without an object per line or cell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .genotypes import ranges_of
from .numbers import LAST_POSITION
from .symbols import is_described, told_length
from .tables.text import at

__all__ = ["REQUIRED", "Columns", "PvarLines", "Stream"]

Int64Array = NDArray[np.int64]
REQUIRED: Final = ("#CHROM", "POS", "ID", "REF", "ALT")
_PIECE: Final = 1 << 24  # bytes of text at once
_TAB, _END, _RETURN, _COMMA, _DOT, _SYMBOL = b"\t\n\r,.<"
_PASS: Final = b"PASS"
_DIGITS: Final = 10  # of the last position
_LONGEST_NAME: Final = 1000
_REMEDY: Final = "write the file again: plink2 --pfile NAME --make-pgen --out OTHER"


class Stream:
    """An open .pvar, read once from end to end.

    Parameters
    ----------
    handle : readable binary file
    path : Path
        For messages.

    Attributes
    ----------
    header : list of bytes
        Lines that begin with ``##``.
    columns : Columns
    """

    def __init__(self, handle: Any, path: Path) -> None:
        self._handle, self._path, self._rest, self._at = handle, path, b"", 0
        self.header: list[bytes] = []
        while (line := self._line()).startswith(b"##"):
            self.header.append(line)
        self.columns = Columns.of(line, path)
        self.n_lines = len(self.header) + 1

    def _line(self) -> bytes:
        while (end := self._rest.find(_END)) < 0:
            more = self._handle.read(_PIECE)
            if not more:
                end = len(self._rest)
                break
            self._rest += more
        line, self._rest = self._rest[:end], self._rest[end + 1 :]
        self._at += end + 1
        return line.removesuffix(b"\r")

    def pieces(self) -> Iterator[PvarLines]:
        """Yield the records, in pieces of whole lines."""
        text = self._rest
        while True:
            more = self._handle.read(_PIECE)
            if not more and text and not text.endswith(b"\n"):
                text += b"\n"
            end = text.rfind(_END) + 1
            if end:
                yield PvarLines(text[:end], self._at, self.columns, self._path, self.n_lines)
                self.n_lines += text.count(b"\n", 0, end)
                self._at += end
                text = text[end:]
            if not more:
                return
            text += more


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column is which.

    Attributes
    ----------
    names : tuple of str
    """

    names: tuple[str, ...]

    @classmethod
    def of(cls, line: bytes, path: Path) -> Columns:
        """Read the line that begins with ``#CHROM``.

        Raises
        ------
        InputError
            If it is none, as that of a .bim, or lacks a column.
        """
        names = tuple(line[:100_000].decode("utf-8", "replace").split("\t"))
        if names[0] != REQUIRED[0]:
            raise InputError(
                f"the .pvar has no header line that begins with #CHROM, found {names[0][:40]!r}",
                path=path, remedy=_REMEDY,
            )  # fmt: skip
        lacking = [name for name in REQUIRED if names.count(name) != 1]
        if lacking:
            raise InputError(
                f"the header of the .pvar must name {lacking[0]} once, tab-separated", path=path, remedy=_REMEDY
            )
        return cls(names)

    def place(self, name: str) -> int | None:
        """Return the number of a column; None where there is none."""
        return self.names.index(name) if name in self.names else None


class PvarLines:
    """Records as text, with the places of their cells.

    Parameters
    ----------
    text : bytes
        Whole lines.
    offset : int
        Where the text begins in the file.
    columns : Columns
    path : Path
        For messages.
    line : int, optional
        Number of lines before the first; messages name the record without it.

    Raises
    ------
    InputError
        If a line has more or fewer cells than the header, or a position is no number.
    """

    def __init__(self, text: bytes, offset: int, columns: Columns, path: Path, line: int | None = None) -> None:
        self.text, self.offset, self.columns, self._path, self._line = text, offset, columns, path, line
        self.letters = np.frombuffer(text, np.uint8)
        width = len(columns.names)
        marks = np.flatnonzero((self.letters == _TAB) | (self.letters == _END))
        kinds = self.letters[marks]
        n = int(np.count_nonzero(kinds == _END))
        if len(marks) != n * width or not (kinds.reshape(n, width)[:, -1] == _END).all():
            raise self._uneven(width)
        self._stop = marks.reshape(n, width)
        if _RETURN in text:
            raise InputError("lines of the .pvar end in CR LF", path=path, remedy="tr -d '\\r' < FILE > OTHER")
        self.position = self._positions()

    def __len__(self) -> int:
        return len(self._stop)

    def record(self, row: int) -> str:
        """Return how messages name a record."""
        if self._line is not None:
            return at(self._line + row + 1)
        return f"{self.cell('#CHROM', row).decode('utf-8', 'replace')}:{int(self.position[row]) + 1}"

    def _uneven(self, width: int) -> InputError:
        lines = self.text.split(b"\n")
        row = next((i for i, line in enumerate(lines) if line.count(b"\t") != width - 1), 0)
        found = lines[row].count(b"\t") + 1
        return InputError(
            f"the .pvar has {width} tab-separated columns by its header, the line has {found}", path=self._path,
            record=None if self._line is None else at(self._line + row + 1), remedy=_REMEDY,
        )  # fmt: skip

    def bounds(self, name: str) -> tuple[Int64Array, Int64Array]:
        """Return where the cells of a column begin and end."""
        column = self.columns.names.index(name)
        if column:
            return self._stop[:, column - 1] + 1, self._stop[:, column]
        return np.append(0, self._stop[:-1, -1] + 1), self._stop[:, 0]

    def starts(self) -> Int64Array:
        """Return where the lines begin in the file."""
        return self.bounds(self.columns.names[0])[0] + self.offset

    def cell(self, name: str, row: int) -> bytes:
        """Return one cell; nothing where there is no such column."""
        if name not in self.columns.names:
            return b""
        column = self.columns.names.index(name)
        first = int(self._stop[row, column - 1]) if column else int(self._stop[row - 1, -1]) if row else -1
        return self.text[first + 1 : int(self._stop[row, column])]

    def _positions(self) -> Int64Array:
        """0-based positions; -1 for POS 0."""
        first, stop = self.bounds("POS")
        size = stop - first
        value, wrong = np.zeros(len(size), np.int64), (size < 1) | (size > _DIGITS)
        for i in range(min(_DIGITS, int(size.max(initial=0)))):
            inside = size > i
            digit = self._letter(first + i).astype(np.int64) - ord("0")
            wrong |= inside & ((digit < 0) | (digit > 9))
            value = np.where(inside, 10 * value + digit, value)
        wrong |= value > LAST_POSITION
        if wrong.any():
            row = int(np.argmax(wrong))
            where = None if self._line is None else at(self._line + row + 1)
            found = self.text[int(first[row]) : int(stop[row])][:40].decode("utf-8", "replace")
            raise InputError(
                f"POS must be a whole number from 1 to {LAST_POSITION}, in digits, found {found!r}",
                path=self._path, record=where, remedy="remove or mend the record",
            )  # fmt: skip
        return value - 1

    def contig_starts(self) -> list[int]:
        """Return the rows at which another contig begins, the first among them."""
        first, stop = self.bounds("#CHROM")
        size = stop - first
        longest = int(size.max(initial=0))
        if longest > _LONGEST_NAME:
            raise InputError("the name of a contig is too long", path=self._path, remedy="rename the contig")
        new = np.append(True, size[1:] != size[:-1])
        for i in range(longest):
            letter = self._letter(first + i)
            new[1:] |= (letter[1:] != letter[:-1]) & (size[1:] > i)
        return [int(row) for row in np.flatnonzero(new)]

    def n_alleles(self) -> Int64Array:
        """Return how many alleles the records have, REF too; ALT of ``.`` is none."""
        first, stop = self.bounds("ALT")
        commas = np.flatnonzero(self.letters == _COMMA)
        n_commas = np.searchsorted(commas, stop) - np.searchsorted(commas, first)
        n: Int64Array = 2 + n_commas - ((stop - first == 1) & (self._letter(first) == _DOT))
        return n

    def ref_lengths(self) -> Int64Array:
        """Return how many bases the records cover: REF, or what END or SVLEN say, by the rules of htslib."""
        first, stop = self.bounds("REF")
        length = stop - first
        for row in self._with_info():
            length[row] = max(int(length[row]), self._told(row))
        return length

    def _with_info(self) -> list[int]:
        """Rows whose INFO may say how long they are."""
        if "INFO" not in self.columns.names:
            return []
        first, stop = self.bounds("ALT")
        symbols = np.flatnonzero(self.letters == _SYMBOL)
        symbolic = np.searchsorted(symbols, stop) > np.searchsorted(symbols, first)
        ends = np.array([found.start() for found in re.finditer(b"END=", self.text)], np.int64)
        rows = np.searchsorted(self._stop[:, -1], ends)
        return [int(row) for row in np.union1d(np.flatnonzero(symbolic), rows)]

    def _told(self, row: int) -> int:
        """Bases that INFO says a record covers; 0 where it says nothing."""
        return told_length(int(self.position[row]), self.cell("ALT", row).split(b","), self.cell("INFO", row))

    def passed(self) -> NDArray[np.bool_]:
        """Return where FILTER is ``PASS`` or ``.``, or there is no such column."""
        if "FILTER" not in self.columns.names:
            return np.ones(len(self), np.bool_)
        first, stop = self.bounds("FILTER")
        named: NDArray[np.bool_] = stop - first == len(_PASS)
        for i, letter in enumerate(_PASS):
            named &= self._letter(first + i) == letter
        named |= (stop - first == 1) & (self._letter(first) == _DOT)
        return named

    def _letter(self, places: Int64Array) -> NDArray[np.uint8]:
        """Letters at some places; those past the end are not looked at by who asks."""
        return self.letters[np.minimum(places, len(self.letters) - 1)]

    def alleles(self, rows: Int64Array) -> tuple[NDArray[np.uint8], Int64Array]:
        """Return the letters of all alleles of some records, REF first, and the length of each."""
        (ref, ref_stop), (alt, alt_stop) = self.bounds("REF"), self.bounds("ALT")
        none = (alt_stop - alt == 1) & (self._letter(alt) == _DOT)
        first = np.stack([ref[rows], alt[rows]], axis=1)
        # each cell with what ends it
        size = np.stack([ref_stop[rows] - ref[rows] + 1, np.where(none, 0, alt_stop - alt + 1)[rows]], axis=1)
        letters = self.letters[ranges_of(first.ravel(), size.ravel())]
        ends = (letters == _TAB) | (letters == _END) | (letters == _COMMA)
        return letters[~ends], np.diff(np.flatnonzero(ends), prepend=-1) - 1

    def described(self, rows: Int64Array) -> list[str]:
        """Return INFO of those of some records with an allele that it describes."""
        first, stop = self.bounds("ALT")
        symbols = np.flatnonzero(self.letters == _SYMBOL)
        symbolic = np.searchsorted(symbols, stop[rows]) > np.searchsorted(symbols, first[rows])
        return [
            self.cell("INFO", row).decode("latin-1") or "."
            for row in rows[symbolic].tolist()
            if any(map(is_described, self.cell("ALT", row).decode("latin-1").split(",")))
        ]

    def short(self) -> bytes:
        """Return the text without INFO, where it does not matter: the same number of cells and lines."""
        if "INFO" not in self.columns.names:
            return self.text
        first, stop = (bound.copy() for bound in self.bounds("INFO"))
        kept = self._with_info()
        stop[kept] = np.minimum(first[kept] + 1, stop[kept])
        cut = np.zeros(len(self.letters) + 1, np.int8)
        long = stop - first > 1
        cut[first[long] + 1] = 1
        cut[stop[long]] = -1
        text: bytes = self.letters[np.cumsum(cut[:-1], dtype=np.int8) == 0].tobytes()
        return text
