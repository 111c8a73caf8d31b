"""Columns of a large table, text or Parquet: only those that are asked for are kept, as arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import dropwhile, islice, repeat
from operator import contains
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..alleles import texts
from ..bgzf import require_file
from ..numbers import LAST_POSITION, finite_number, whole_number
from ..tables.parquet import require_pyarrow
from ..tables.text import at, column_names, delimiter_of, parse_number, parse_position, read_lines, split

__all__ = ["MISSING", "Frame", "Rows", "TextFrame", "is_number", "open_frame", "read"]

MISSING: Final = frozenset({"", "NA", "NaN", "nan", "N/A", "n/a", ".", "None", "none", "null", "NULL", "<NA>"})
_CHUNK: Final = 1 << 16  # rows
_CELLS: Final = 1 << 20  # of a text that are in memory together, about
_HEAD: Final = 1000  # rows by which the kind of a column is known
_OF_NUMBERS: Final = frozenset("0123456789+-.eE")
_DIGITS: Final = frozenset("0123456789")
_TRUTH: Final = {"true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0}
_WHAT: Final = "table of variants"


class Rows(Protocol):
    """Rows of a file, to be named in messages."""

    @property
    def path(self) -> Path:
        """The file."""
        ...

    def record(self, row: int) -> str:
        """How messages name a row."""
        ...


class Frame(Rows, Protocol):
    """A table whose columns are read by name."""

    names: tuple[str, ...]

    def chunks(self, kinds: Mapping[str, str]) -> Iterator[dict[str, NDArray[Any]]]:
        """Yield columns of the next rows, by name, as `read` returns them."""
        ...

    def numeric(self) -> tuple[str, ...]:
        """Return the columns that hold numbers: half of the cells of the first rows, or more."""
        ...


def open_frame(path: Path) -> Frame:
    """Open a table: Parquet by its first bytes, else text with a header.

    Raises
    ------
    InputError
    """
    require_file(path, _WHAT)
    with path.open("rb") as handle:
        return ParquetFrame(path) if handle.read(4) == b"PAR1" else TextFrame(path)


def read(
    frame: Frame, kinds: Mapping[str, str], only: Mapping[str, frozenset[str]] | None = None
) -> tuple[dict[str, NDArray[Any]], NDArray[np.int64]]:
    """Return columns of a table, and the numbers of their rows.

    Parameters
    ----------
    frame : Frame
    kinds : mapping of str to str
        For each column ``"text"``, ``"object"`` (texts of any length), ``"position"``, ``"number"`` or ``"truth"`` (NaN
        where there is none).
    only : mapping of str to set of str, optional
        Columns of text, and what they have to hold for a row to be kept: others are forgotten as they are read.
    """
    parts: dict[str, list[NDArray[Any]]] = {name: [] for name in kinds}
    rows: list[NDArray[np.int64]] = []
    first = 0
    for chunk in frame.chunks(kinds):
        n = len(next(iter(chunk.values())))
        kept = np.ones(n, np.bool_)
        for name, allowed in (only or {}).items():
            kept &= np.fromiter((text in allowed for text in chunk[name].tolist()), np.bool_, n)
        rows.append(np.flatnonzero(kept) + first)
        for name, values in chunk.items():
            parts[name].append(values if kept.all() else values[kept])
        first += n
    empty = np.empty(0, np.int64)
    return {name: _joined(some, kinds[name]) for name, some in parts.items()}, np.concatenate([empty, *rows])


class TextFrame:
    """A table with a header, tab-, comma- or space-separated; lines of ``##`` before the header are passed over.

    Parameters
    ----------
    path : Path
    names : sequence of str, optional
        Of the columns, where the file has no header.
    lines : callable, optional
        Gives (number, line) of every line, the header among them; of the whole file by default.
    row : str
        What messages call a line.
    """

    def __init__(
        self, path: Path, names: Sequence[str] = (), lines: Callable[[], Iterator[tuple[int, str]]] | None = None,
        row: str = "line",
    ) -> None:  # fmt: skip
        self.path, self._row = path, row
        self._lines = lines or (lambda: read_lines(path, _WHAT))
        self._has_header = not names
        header, self._first = "", 0
        for number, line in self._lines():
            if not line.startswith("##"):
                header, self._first = line, number
                break
        self._delimiter = delimiter_of(header)
        found = list(names) or split(header.removeprefix("#"), self._delimiter)
        self.names = column_names(found, what="column", path=path, number=max(1, self._first))

    def record(self, row: int) -> str:
        return f"{self._row} {self._first + row + self._has_header}"

    def numeric(self) -> tuple[str, ...]:
        rows = list(islice(self._rows(self._numbered()), _HEAD))
        columns = zip(*rows, strict=True) if rows else [()] * len(self.names)
        known = [[cell for cell in column if cell.strip() not in MISSING] for column in columns]
        return tuple(
            name
            for name, cells in zip(self.names, known, strict=False)
            if 2 * sum(map(_like_number, cells)) >= len(cells)
        )

    def chunks(self, kinds: Mapping[str, str]) -> Iterator[dict[str, NDArray[Any]]]:
        picks = [self.names.index(name) for name in kinds]
        width, first, blank = len(self.names), 0, 0
        lines = self._numbered()
        while some := list(islice(lines, max(1, min(_CHUNK, _CELLS // width)))):
            cells = None if blank else self._cells([line for _, line in some])
            if cells is None:  # cells in quotes, an empty line or one of another width: one by one
                cells = [cell for row in self._rows(some, blank) for cell in row]
                blank = blank or next((number for number, line in some if not line), 0)
            if not cells:
                continue
            columns = zip(kinds.items(), picks, strict=True)
            yield {name: _OF[kind](cells[i::width], _Place(self, name, first)) for (name, kind), i in columns}
            first += len(cells) // width

    def _numbered(self) -> Iterator[tuple[int, str]]:
        start = self._first + self._has_header
        return dropwhile(lambda one: one[0] < start, self._lines())

    def _cells(self, lines: list[str]) -> list[str] | None:
        """The cells of lines, one after the other, where nothing is special about any of them."""
        delimiter, width = self._delimiter, len(self.names)
        if not delimiter or not all(lines) or any(map(contains, lines, repeat('"'))):
            return None
        if set(map(str.count, lines, repeat(delimiter))) != {width - 1}:
            return None
        return delimiter.join(lines).split(delimiter)

    def _rows(self, lines: Iterable[tuple[int, str]], blank: int = 0) -> Iterator[list[str]]:
        """Cells of each line; an empty line, ``blank`` the first, is refused where others follow."""
        width, delimiter = len(self.names), self._delimiter
        for number, line in lines:
            if not line:
                blank = blank or number
                continue
            cells = line.split(delimiter) if delimiter and '"' not in line else split(line, delimiter)
            if len(cells) != width or blank:
                raise InputError(
                    "the line is empty" if blank else f"the row has {len(cells)} cells, the header has {width}",
                    path=self.path, record=at(blank or number), remedy="write every row with the cells of the header",
                )  # fmt: skip
            yield cells


class ParquetFrame:
    """A Parquet file, read batch by batch."""

    def __init__(self, path: Path) -> None:
        require_pyarrow(path)
        self.path = path
        schema = self._opened().schema_arrow
        self._kinds = {str(name): kind for name, kind in zip(schema.names, schema.types, strict=True)}
        self.names = column_names(tuple(self._kinds), what="column", path=path, number=1)

    def record(self, row: int) -> str:
        return f"row {row + 1}"

    def numeric(self) -> tuple[str, ...]:
        import pyarrow.types as kinds

        some = (kinds.is_integer, kinds.is_floating, kinds.is_decimal)
        numbers = (name for name, kind in self._kinds.items() if any(is_kind(kind) for is_kind in some))
        return tuple(name for name in numbers if not name.startswith("__index_level_"))

    def chunks(self, kinds: Mapping[str, str]) -> Iterator[dict[str, NDArray[Any]]]:
        import pyarrow

        first = 0
        try:
            for batch in self._opened().iter_batches(batch_size=_CHUNK, columns=list(kinds)):
                columns = {name: batch.column(batch.schema.get_field_index(name)) for name in kinds}
                yield {name: _of_arrow(columns[name], kind, _Place(self, name, first)) for name, kind in kinds.items()}
                first += batch.num_rows
        except (OSError, MemoryError, pyarrow.ArrowException) as error:
            raise self._damaged(error) from None

    def _opened(self) -> Any:
        import pyarrow
        import pyarrow.parquet

        try:
            return pyarrow.parquet.ParquetFile(self.path)
        except (OSError, ValueError, MemoryError, pyarrow.ArrowException) as error:
            raise self._damaged(error) from None

    def _damaged(self, error: BaseException) -> InputError:
        return InputError(
            f"the file is no Parquet, or damaged: {error}", path=self.path, remedy="make or copy it again"
        )


@dataclass(frozen=True, slots=True)
class _Place:
    """Where cells come from, for messages."""

    frame: Frame
    name: str
    first: int

    def refuse(self, i: int, cell: str, kind: str) -> InputError:
        record = self.frame.record(self.first + i)
        try:
            if kind == "position":
                parse_position(cell, what=self.name, first=1, path=self.frame.path, number=0)
            else:
                parse_number(cell, what=self.name, path=self.frame.path, number=0)
        except InputError as error:
            return InputError(error.message, path=self.frame.path, record=record, remedy=error.remedy)
        return InputError(f"{self.name} {cell!r} cannot be used", path=self.frame.path, record=record)


def is_number(cell: str) -> bool:
    """Whether a cell is a finite decimal number."""
    return finite_number(cell) is not None


def _like_number(cell: str) -> bool:
    """Whether a cell is a number, or would be with a decimal point or an end: it is refused, not passed over."""
    bare = cell.strip().lower().lstrip("+-")
    return is_number(cell) or is_number(cell.replace(",", ".", 1)) or bare in ("inf", "infinity")


def _texts(cells: Sequence[str], place: _Place) -> NDArray[Any]:
    return texts(_bare(cells))


def _objects(cells: Sequence[str], place: _Place) -> NDArray[Any]:
    return np.array(_bare(cells), object)


def _bare(cells: Sequence[str]) -> list[str]:
    """Texts without what surrounds them; each that there is looked at once."""
    known = {cell: "" if (text := cell.strip()) in MISSING else text for cell in set(cells)}
    return list(map(known.__getitem__, cells))


def _numbers(cells: Sequence[str], place: _Place) -> NDArray[Any]:
    if _OF_NUMBERS.issuperset("".join(cells)):
        try:
            values = np.array(list(map(float, cells)))
            if np.isfinite(values).all():
                return values
        except ValueError:  # an empty cell, or none: looked at one by one
            pass
    found = [np.nan if cell.strip() in MISSING else finite_number(cell) for cell in cells]
    if None in found:
        i = found.index(None)
        raise place.refuse(i, cells[i], "number")
    return np.array(found, np.float64)


def _truths(cells: Sequence[str], place: _Place) -> NDArray[Any]:
    return _numbers([str(_TRUTH.get(cell.strip().lower(), cell)) for cell in cells], place)


def _positions(cells: Sequence[str], place: _Place) -> NDArray[Any]:
    if _DIGITS.issuperset("".join(cells)) and max(map(len, cells)) <= 10 and min(map(len, cells)):
        values = np.array(list(map(int, cells)), np.int64)
        if values.min() >= 1 and values.max() <= LAST_POSITION:
            return values
    found = [whole_number(cell, 1) for cell in cells]
    if None in found:
        i = found.index(None)
        raise place.refuse(i, cells[i], "position")
    return np.array(found, np.int64)


_OF: Final[dict[str, Callable[[Sequence[str], _Place], NDArray[Any]]]] = {
    "text": _texts, "object": _objects, "number": _numbers, "truth": _truths, "position": _positions,
}  # fmt: skip


def _of_arrow(column: Any, kind: str, place: _Place) -> NDArray[Any]:
    import pyarrow as pa
    import pyarrow.types as kinds

    if kinds.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if kind in ("number", "truth") and not (kinds.is_string(column.type) or kinds.is_large_string(column.type)):
        values = np.array(column.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)
        endless = np.flatnonzero(np.isinf(values))
        if endless.size:
            raise place.refuse(int(endless[0]), "inf", "number")
        return values
    if kind == "position" and kinds.is_signed_integer(column.type) and not column.null_count and len(column):
        values = np.array(column.to_numpy(zero_copy_only=False), np.int64)
        if values.min() >= 1 and values.max() <= LAST_POSITION:
            return values
    cells = column.to_pylist()
    if column.null_count or not (kinds.is_string(column.type) or kinds.is_large_string(column.type)):
        cells = ["" if value is None else _spelled(value) for value in cells]
    if kind == "position":
        cells = [cell.removesuffix(".0") for cell in cells]
    return _OF[kind](cells, place) if cells else np.empty(0)


def _spelled(value: Any) -> str:
    """A cell as a text; of Hail ``chr1:12345`` and ``A,G``."""
    several = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return str(value) if several is None else (":" if isinstance(value, dict) else ",").join(map(str, several))


def _joined(parts: list[NDArray[Any]], kind: str) -> NDArray[Any]:
    if parts:
        whole: NDArray[Any] = np.concatenate(parts)
        return whole
    return np.empty(0, {"text": "U1", "object": "O", "position": "i8"}.get(kind, "f8"))
