"""What the page holds for its script: every column once, numbers as they are shown, in one compressed block.

The block is a JSON text and, after it, the bytes of the columns; ``unpack.js.j2`` reads it. A number is its digits as a
whole number and a power of ten, so that the script shows what Python shows, whatever either rounds; text is places in a
list of words.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..io.numbers import natural_key
from .parts import Axis, Dots, Figure, decimals_of, shown_cell
from .people import PeoplePoints

__all__ = ["PAGE_ROWS", "PageData", "PagedTable"]

PAGE_ROWS: Final = 100  # of a table that are in the page at once: more make it slow
_DIGITS: Final = 15  # beyond, whole numbers are not exact in scripts
_LEFT: Final = frozenset({"tss"})  # numbers that are places
_LAST: Final = b"\x03\x00"  # an empty block that says that none follows
_UNDEFINED: Final = 1


@dataclass(frozen=True, slots=True)
class PagedTable:
    """A table as the template shows it: its first rows; the script shows the others."""

    number: int
    label: str
    columns: list[str]
    right: list[bool]
    first: list[list[str]]
    n_rows: int


@dataclass(frozen=True, slots=True)
class _Numbers:
    """Numbers as shown: ``digits`` times ten to the ``power``; shape (R,) each."""

    digits: NDArray[np.int64]
    power: NDArray[np.int16]
    decimals: int


@dataclass(slots=True)
class PageData:
    """All tables of a page. Equal columns (genes, names, places: those of several models) are stored once."""

    tables: list[dict[str, Any]] = field(default_factory=list)
    figures: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    dots: list[dict[str, Any]] = field(default_factory=list)
    people: PeoplePoints | None = None
    _columns: list[list[str] | _Numbers] = field(default_factory=list)
    _known: dict[bytes, tuple[int, list[str]]] = field(default_factory=dict)

    def add(
        self,
        label: str,
        columns: Mapping[str, Sequence[Any]],
        *,
        genes: Sequence[str] | None = None,
        model: str | None = None,
        part_of: str = "",
    ) -> PagedTable:
        """Add a table.

        Parameters
        ----------
        label : str
            What the table is of.
        columns : mapping of str to sequence, each of length R
            Cells as they stand in the files of the run.
        genes : sequence of str, length R, optional
            Id of the gene of each row, without a track; such a table is looked into when a gene is searched.
        model : str, optional
            Model whose table of genes it is.
        part_of : str, optional
            File of which these are some rows only.
        """
        places, first, right = [], [], []
        for name, cells in columns.items():
            place, shown = self._column(name, [str(cell) for cell in cells])
            places.append(place)
            first.append(shown)
            right.append(isinstance(self._columns[place], _Numbers) and name not in _LEFT)
        n_rows = len(next(iter(columns.values()), ()))
        gene = None if genes is None else self._words(list(genes))
        described = list(zip(columns, places, right, strict=True))
        self.tables.append(
            {"label": label, "rows": n_rows, "gene": gene, "model": model, "part_of": part_of, "columns": described}
        )
        rows = [list(row) for row in zip(*first, strict=True)] if first else []
        return PagedTable(len(self.tables) - 1, label, list(columns), right, rows, n_rows)

    def add_figure(self, figure: Figure, title: str) -> None:
        """Let the search for a gene lead to its figure by this title."""
        self.figures.setdefault(figure.gene, []).append((figure.anchor, title))

    def add_dots(self, dots: Dots) -> int:
        """Let the dots of a figure name their genes; return the number by which the figure refers to them."""
        x0, y0, x1, y1 = dots.frame.box
        axes = {"x": self._axis(dots.x, dots.frame.x, (x0, x1))}
        if dots.y is not None:
            axes["y"] = self._axis(dots.y, dots.frame.y, (y0, y1))
        more = [(label, self._column(label, cells)[0]) for label, cells in dots.more.items()]
        self.dots.append({"gene": self._words(dots.genes), **axes, "box": [x0, y0, x1, y1], "more": more})
        return len(self.dots) - 1

    def _axis(self, axis: Axis, limits: tuple[float, float], ends: tuple[float, float]) -> dict[str, Any]:
        place, _ = self._column(axis.label, axis.cells)
        return {
            "label": axis.label,
            "column": place,
            "how": axis.how,
            "floor": axis.floor,
            "limits": limits,
            "ends": ends,
        }

    def _column(self, name: str, cells: list[str]) -> tuple[int, list[str]]:
        """Place of a column among all, and its first cells as they are shown."""
        # How a cell is shown depends on the name of the column in a few cases only.
        key = _digest([shown_cell(name, "0.5"), *cells])
        if key not in self._known:
            decimals = decimals_of(cells)
            shown = [shown_cell(name, cell, decimals) for cell in cells]
            numbers = _number_column(shown, decimals)
            place = self._words(shown) if numbers is None else self._store(numbers)
            self._known[key] = place, shown[:PAGE_ROWS]
        return self._known[key]

    def _words(self, words: list[str]) -> int:
        key = _digest(["words", *words])
        if key not in self._known:
            self._known[key] = self._store(words), words[:PAGE_ROWS]
        return self._known[key][0]

    def _store(self, column: list[str] | _Numbers) -> int:
        self._columns.append(column)
        return len(self._columns) - 1

    def packed(self) -> dict[str, Any]:
        """Everything as the page has it: ``block`` (base64 of raw deflate), its ``size``, and that of the ``text``.

        ``words`` of the text has every text once, in the order in which tables are sorted, the empty one first.
        """
        texts = [column for column in self._columns if not isinstance(column, _Numbers)]
        people = self.people
        words = sorted(
            {"", *self.figures, *(word for column in texts for word in column), *(people.genes if people else ())},
            key=_order,
        )
        place = {word: i for i, word in enumerate(words)}
        described, blocks = [], []
        for column in self._columns:
            about, content = _bytes_of(column, place)
            described.append(about)
            blocks += content
        parts: dict[str, Any] = {
            "page_rows": PAGE_ROWS, "words": words, "tables": self.tables, "dots": self.dots, "columns": described,
            "figures": {str(place[gene]): found for gene, found in self.figures.items()}, "people": None,
        }  # fmt: skip
        if people is not None:
            parts["people"] = {**people.described(), "genes": [place[gene] for gene in people.genes]}
            blocks.append(people.codes.tobytes())
        text = json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
        block = base64.b64encode(b"".join([_squeezed(part) for part in (text, *blocks)]) + _LAST).decode()
        return {"block": block, "size": len(text) + sum(map(len, blocks)), "text": len(text)}


def _order(word: str) -> tuple[Any, ...]:
    """The empty word, numbers by their value (a column with an infinite one is of words), and texts."""
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    kind = 0 if not word else 2 if math.isnan(value) else 1
    return kind, value if kind == 1 else 0.0, natural_key(word.casefold()), word


def _digest(cells: list[str]) -> bytes:
    return hashlib.sha256("\n".join(cells).encode("utf-8", "surrogatepass")).digest()


def _number_column(shown: list[str], decimals: int) -> _Numbers | None:
    """A column as numbers; None if some cell cannot be shown again from a number."""
    if not any(shown):
        return None
    digits, power = np.zeros(len(shown), np.int64), np.full(len(shown), _UNDEFINED, np.int16)
    for i, text in enumerate(shown):
        if text:
            found = _number(text, decimals)
            if found is None:
                return None
            digits[i], power[i] = found
    return _Numbers(digits, power, decimals)


def _number(text: str, decimals: int) -> tuple[int, int] | None:
    """Digits and power of ten of a number as it is shown."""
    head, _, tail = text.partition("e")
    whole, _, part = head.partition(".")
    if len(whole) + len(part) > _DIGITS:
        return None
    try:
        digits, power = int(whole + part), int(tail or 0) - len(part)
    except ValueError:
        return None
    return (digits, power) if _shown_again(digits, power, decimals) == text else None


def _shown_again(digits: int, power: int, decimals: int) -> str:
    """The rule of ``report.js.j2``."""
    sign, size = "-" if digits < 0 else "", abs(digits)
    if power == 0:
        return f"{sign}{size}"
    if power == -decimals:
        return f"{sign}{size // 10**decimals}.{size % 10**decimals:0{decimals}d}"
    return f"{sign}{size // 100}.{size % 100:02d}e-{-power - 2:02d}"


def _bytes_of(column: list[str] | _Numbers, place: dict[str, int]) -> tuple[dict[str, Any], list[bytes]]:
    """A column as bytes: the lowest byte of every cell, then the next one, and so on; of numbers, first the powers.

    Digits are twice their absolute value, and one more where they are negative; powers are one more than their absolute
    value in two bytes, 0 where undefined.
    """
    if isinstance(column, _Numbers):
        folded = 2 * np.abs(column.digits) + (column.digits < 0)
        powers = _planes(-column.power.astype(np.int64) + 1, 2)
        about: dict[str, Any] = {"decimals": column.decimals}
    else:
        folded, powers, about = np.array([place[word] for word in column], np.int64), [], {}
    planes = (int(folded.max(initial=0)).bit_length() + 7) // 8
    return {"rows": len(folded), "planes": planes, **about}, powers + _planes(folded, planes)


def _squeezed(content: bytes) -> bytes:
    """As raw deflate that more can follow, the shortest way: to look for repeats costs where there are none."""
    found = []
    for strategy in (zlib.Z_DEFAULT_STRATEGY, zlib.Z_FILTERED, zlib.Z_HUFFMAN_ONLY):
        squeeze = zlib.compressobj(9, zlib.DEFLATED, -15, 9, strategy)
        found.append(squeeze.compress(content) + squeeze.flush(zlib.Z_FULL_FLUSH))
    return min(found, key=len)


def _planes(values: NDArray[np.int64], n: int) -> list[bytes]:
    """The lowest byte of every value, then the next one, and so on."""
    return [plane.tobytes() for plane in values.astype("<i8").view(np.uint8).reshape(-1, 8)[:, :n].T]
