"""Small tables: tab-separated text with a header."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._objects import columns_of
from ...errors import InputError
from ...kernels.compiled import table_text
from ..files import atomic_write
from .text import at, column_names, read_lines

__all__ = ["TextCells", "number_texts", "optional_column", "read_table", "rows_text", "write_rows", "write_table"]


def write_table(path: str | Path, columns: Mapping[str, Sequence[Any]]) -> Path:
    """Write columns of one length as a TSV with a header; the file appears when it is whole.

    Floats are the shortest text that reads back as the same number; None and NaN are empty cells.

    Parameters
    ----------
    path : str or Path
    columns : mapping of str to sequence, each of length R
        In the order to write.

    Returns
    -------
    Path
        ``path``.

    Raises
    ------
    InputError
        If there is no column, lengths differ, text holds a tab or line end, or the file cannot be written.
    """
    path = Path(path)
    lengths = {name: len(values) for name, values in columns.items()}
    if not lengths or len(set(lengths.values())) != 1:
        raise InputError(
            f"expected columns of one length, found {lengths}", path=path, remedy="fill the short ones with None"
        )
    cells = [[_cell(value, name, path) for value in values] for name, values in columns.items()]
    header = [_cell(name, name, path) for name in columns]
    lines = ["\t".join(header), *("\t".join(row) for row in zip(*cells, strict=True))]
    atomic_write(path, ("\n".join(lines) + "\n").encode())
    return path


def optional_column() -> Any:
    """Return a field of a row that is None, and whose column is left out, where it does not apply."""
    return field(default=None, metadata={"optional": True})


def write_rows(path: str | Path, kind: type, rows: Sequence[Any]) -> Path:
    """Write dataclass rows as `write_table` does: a column per field, in the order of the fields.

    Truth is ``yes`` or ``no``. A field made by `optional_column` has no column where it is None in every row. A
    trailing underscore of a field is not part of the column's name.

    Parameters
    ----------
    path : str or Path
    kind : type
        The dataclass: it gives the header also where there is no row.
    rows : sequence of ``kind``, length R
    """
    columns = columns_of(kind, rows).items()
    return write_table(path, {name: list(map(_yes_or_no, values)) for name, (_, values) in columns})


def _yes_or_no(value: Any) -> Any:
    return value if not isinstance(value, bool) else "yes" if value else "no"


def read_table(path: str | Path) -> dict[str, list[str]]:
    """Read a TSV as `write_table` writes it: the text of every cell, by column, in file order.

    Raises
    ------
    InputError
        For a missing file, ragged rows, empty lines before the end, or unnamed or repeated columns.
    """
    path = Path(path)
    lines = read_lines(path, "table")
    number, header = next(lines, (1, ""))
    names = column_names(header.split("\t"), what="column", path=path, number=number)
    columns: dict[str, list[str]] = {name: [] for name in names}
    lists = list(columns.values())
    blank = 0  # line number of the first empty line, which only other empty lines may follow
    for number, line in lines:
        if not line and len(lists) > 1:
            blank = blank or number
            continue
        cells = line.split("\t")
        if blank or len(cells) != len(lists):
            raise InputError(
                "the line is empty" if blank else f"the row has {len(cells)} cells, the header has {len(lists)}",
                path=path,
                record=at(blank or number),
                remedy="write every row with as many tab-separated cells as the header",
            )
        for column, cell in zip(lists, cells, strict=True):
            column.append(cell)
    return columns


def _cell(value: Any, name: str, path: Path) -> str:
    if value is None:
        return ""
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        value = value.item()
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(value)
    text = str(value)
    if not {"\t", "\n", "\r"}.isdisjoint(text):
        raise InputError(f"column {name!r}: a cell holds a tab or a line end: {text!r}", path=path, remedy="rename it")
    return text


def number_texts(values: NDArray[Any]) -> list[str]:
    """Return the shortest texts that read back as the same numbers; NaN is empty, and there is no minus zero."""
    texts: list[str] = (values + values.dtype.type(0)).reshape(-1).astype(np.str_).tolist()
    return ["" if text == "nan" else text for text in texts]


@dataclass(frozen=True, slots=True)
class TextCells:
    """Texts of a column one after the other: cell r is ``letters[offset[r]:offset[r + 1]]``.

    Attributes
    ----------
    letters : uint8 array
        UTF-8.
    offset : int64 array, shape (R + 1,)
    """

    letters: NDArray[np.uint8]
    offset: NDArray[np.int64]

    @classmethod
    def of(cls, texts: Sequence[str]) -> TextCells:
        """Put texts together."""
        encoded = [text.encode() for text in texts]
        return cls(
            np.frombuffer(b"".join(encoded), np.uint8),
            np.cumsum([0, *map(len, encoded)], dtype=np.int64),
        )

    def rows(self, first: int, last: int) -> TextCells:
        """Return the cells ``first`` to ``last - 1``."""
        return TextCells(self.letters, self.offset[first : last + 1])

    @classmethod
    def join(cls, parts: Sequence[TextCells]) -> TextCells:
        """Put the cells of several columns below each other."""
        lengths = np.concatenate([np.zeros(1, np.int64), *(np.diff(part.offset) for part in parts)])
        letters = [part.letters[part.offset[0] : part.offset[-1]] for part in parts]
        return cls(np.concatenate([np.empty(0, np.uint8), *letters]), np.cumsum(lengths))

    @classmethod
    def repeated(cls, text: str, n: int) -> TextCells:
        """Return one text ``n`` times."""
        encoded = text.encode()
        return cls(np.frombuffer(encoded * n, np.uint8), np.arange(n + 1, dtype=np.int64) * len(encoded))


def rows_text(columns: Sequence[TextCells | NDArray[Any]], n_rows: int) -> bytes:
    """Return the lines of a table, as `write_table` writes them: for tables too long to be made cell by cell.

    Parameters
    ----------
    columns : sequence of TextCells, int64 or float64 arrays, each of length R
        Texts hold no tab and no line end.
    n_rows : int
        R.
    """
    cells = [(one.letters, one.offset) if isinstance(one, TextCells) else np.ascontiguousarray(one) for one in columns]
    return table_text(cells, n_rows)
