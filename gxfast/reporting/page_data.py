"""The tables of the page as its script reads them: every column once, numbers as numbers, text as places in a list."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ..io.numbers import natural_key
from .parts import Figure, shown_cell, shown_number

__all__ = ["PAGE_ROWS", "PageData", "PagedTable"]

PAGE_ROWS: Final = 100  # of a table that are in the page at once: more make it slow
_LARGEST: Final = 1e15  # beyond, whole numbers are not exact and scripts write others than Python does
_LEFT: Final = frozenset({"tss"})  # numbers that are places


@dataclass(frozen=True, slots=True)
class PagedTable:
    """A table as the template shows it: its first rows; the script shows the others."""

    number: int
    label: str
    columns: list[str]
    right: list[bool]
    first: list[list[str]]
    n_rows: int


@dataclass(slots=True)
class PageData:
    """All tables of a page. Equal columns (genes, names, places: those of several models) are stored once."""

    tables: list[dict[str, Any]] = field(default_factory=list)
    figures: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    _columns: list[list[str] | str] = field(default_factory=list)
    _known: dict[bytes, tuple[int, list[str]]] = field(default_factory=dict)

    def add(
        self,
        label: str,
        columns: Mapping[str, Sequence[Any]],
        *,
        genes: Sequence[str] | None = None,
        model: str | None = None,
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
        """
        places, first, right = [], [], []
        for name, cells in columns.items():
            place, shown = self._column(name, [str(cell) for cell in cells])
            places.append(place)
            first.append(shown)
            right.append(isinstance(self._columns[place], str) and name not in _LEFT)
        n_rows = len(next(iter(columns.values()), ()))
        gene = None if genes is None else self._words(list(genes))
        described = list(zip(columns, places, right, strict=True))
        self.tables.append({"label": label, "rows": n_rows, "gene": gene, "model": model, "columns": described})
        rows = [list(row) for row in zip(*first, strict=True)] if first else []
        return PagedTable(len(self.tables) - 1, label, list(columns), right, rows, n_rows)

    def add_figure(self, figure: Figure) -> None:
        """Let the search for a gene lead to its figure."""
        self.figures.setdefault(figure.gene, []).append((figure.anchor, figure.title))

    def _column(self, name: str, cells: list[str]) -> tuple[int, list[str]]:
        """Place of a column among all, and its first cells as they are shown."""
        # How a cell is shown depends on the name of the column in a few cases only.
        key = _digest([shown_cell(name, "0.5"), *cells])
        if key not in self._known:
            shown = [shown_cell(name, cell) for cell in cells]
            numbers = _number_column(cells, shown)
            place = self._words(shown) if numbers is None else self._store(numbers)
            self._known[key] = place, shown[:PAGE_ROWS]
        return self._known[key]

    def _words(self, words: list[str]) -> int:
        key = _digest(["words", *words])
        if key not in self._known:
            self._known[key] = self._store(words), words[:PAGE_ROWS]
        return self._known[key][0]

    def _store(self, column: list[str] | str) -> int:
        self._columns.append(column)
        return len(self._columns) - 1

    def json(self) -> str:
        """Everything as JSON that can stand in a page: no ``<`` in it, so that no value ends its element.

        ``words`` has every text once, in the order in which tables are sorted, the empty one first; a column of text is
        the places of its cells in it.
        """
        texts = [column for column in self._columns if not isinstance(column, str)]
        words = sorted(
            {"", *self.figures, *(word for column in texts for word in column)},
            key=lambda word: (natural_key(word.casefold()), word),
        )
        place = {word: str(i) for i, word in enumerate(words)}
        columns = []
        for column in self._columns:
            kind, cells = (
                ("numbers", column) if isinstance(column, str) else ("words", ",".join([place[w] for w in column]))
            )
            columns.append(f'{{"{kind}":[{cells}]}}')
        figures = {place[gene]: found for gene, found in self.figures.items()}
        parts = {"page_rows": PAGE_ROWS, "words": words, "tables": self.tables, "figures": figures}
        text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
        return f'{text[:-1]},"columns":[{",".join(columns)}]}}'.replace("<", "\\u003c")


def _digest(cells: list[str]) -> bytes:
    return hashlib.sha256("\n".join(cells).encode("utf-8", "surrogatepass")).digest()


def _number_column(cells: list[str], shown: list[str]) -> str | None:
    """A column as JSON numbers with ``null`` where undefined; None if some cell cannot be shown again from a number."""
    numbers = [_number(*pair) if pair[1] else "null" for pair in zip(cells, shown, strict=True)]
    if not any(shown) or None in numbers:
        return None
    return ",".join(number for number in numbers if number)


def _number(cell: str, shown: str) -> str | None:
    """A number as JSON from which the script shows the same; with five digits, which sort better than three."""
    try:
        value = float(cell)
    except ValueError:
        return None
    if not abs(value) < _LARGEST:
        return None
    for text in (f"{value:.5g}", repr(value).removesuffix(".0"), shown):
        if shown_number(float(text)) == shown and not _is_tie(float(text)):
            return text
    return None


def _is_tie(value: float) -> bool:
    """Whether three digits are as near below as above: scripts round 0.0625 up, Python to the even digit."""
    return (value * 16).is_integer() and not (value * 8).is_integer()
