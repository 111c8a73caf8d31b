"""Rows of numbers under a header of names, read fast; the slow path only words what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..numbers import finite_number
from .text import at, split

__all__ = ["MatrixSpec", "Rows", "read_rows"]

Float64Array = NDArray[np.float64]

_MISSING = frozenset({"", ".", "na", "nan"})
_COMMON_MISSING = frozenset({"", ".", "NA", "NaN", "nan"})


@dataclass(frozen=True, slots=True)
class MatrixSpec:
    """How the rows of a table are laid out and named in messages.

    Attributes
    ----------
    path : Path
    delimiter : str
        As from `delimiter_of`.
    leading : int
        Columns before the numbers; column ``id_column`` of them names the row.
    columns : tuple of str, length n
        Names of the columns of numbers.
    row_is, column_is : str
        What a row and a column stand for: "gene", "sample", "covariate".
    missing : bool
        Whether NA, NaN, ``.`` and empty cells are allowed (as NaN).
    """

    path: Path
    delimiter: str
    leading: int
    id_column: int
    columns: tuple[str, ...]
    row_is: str
    column_is: str
    missing: bool


@dataclass(slots=True)
class Rows:
    """Row names, their leading cells and line numbers, and the values, shape (rows, n)."""

    names: list[str] = field(default_factory=list)
    leading: list[list[str]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    values: Float64Array = field(default_factory=lambda: np.empty((0, 0)))


def read_rows(lines: Iterable[tuple[int, str]], spec: MatrixSpec, *, first: int | None = None) -> Rows:
    """Read rows until the end, or the ``first`` so many.

    Raises
    ------
    InputError
        For no row, ragged rows, a row without or with a repeated name, text, infinite numbers, and missing
        values where none are allowed; naming line, row and column.
    """
    rows, values = Rows(), []
    first_line: dict[str, int] = {}
    for number, line in lines:
        if not line.strip():
            continue
        cells = split(line, spec.delimiter)
        if len(cells) != spec.leading + len(spec.columns):
            raise _ragged(spec, number, len(cells))
        name = cells[spec.id_column].strip()
        _check_name(name, number, first_line, spec)
        values.append(_row_values(line, cells, name, number, spec))
        rows.names.append(name)
        rows.leading.append(cells[: spec.leading])
        rows.numbers.append(number)
        if first is not None and len(values) == first:
            break
    if not values:
        raise InputError(
            "there is a header, but no row of values",
            path=spec.path,
            record="line 2",
            remedy=f"give one row per {spec.row_is}",
        )
    rows.values = np.stack(values)
    return rows


def _check_name(name: str, number: int, first_line: dict[str, int], spec: MatrixSpec) -> None:
    if not name:
        raise InputError(
            f"the row names no {spec.row_is}",
            path=spec.path,
            record=at(number),
            remedy=f"name the {spec.row_is} in column {spec.id_column + 1}",
        )
    if name in first_line:
        raise InputError(
            f"{spec.row_is} {name!r} is there twice (first on line {first_line[name]})",
            path=spec.path,
            record=at(number),
            remedy=f"keep one row per {spec.row_is}",
        )
    first_line[name] = number


def _ragged(spec: MatrixSpec, number: int, found: int) -> InputError:
    expected = spec.leading + len(spec.columns)
    remedy = "write every row with as many cells as the header; NA where a value is missing"
    if found == expected + 1:
        remedy += " (from R: write.table(..., sep='\\t', quote=FALSE, col.names=NA))"
    return InputError(
        f"the row has {found} cells, the header has {expected}",
        path=spec.path,
        record=at(number),
        remedy=remedy,
    )


def _row_values(line: str, cells: list[str], name: str, number: int, spec: MatrixSpec) -> Float64Array:
    texts = cells[spec.leading :]
    # float() also reads digit groups (1_000) and digits of other scripts, which no table should hold.
    plain = line.isascii() and line.count("_") == sum(cell.count("_") for cell in cells[: spec.leading])
    row = _fast_values(texts, missing=spec.missing) if plain else None
    if row is not None:
        return row
    parse = _cell_parser(name, number, spec)
    return np.array([parse(column, text) for column, text in zip(spec.columns, texts, strict=True)], np.float64)


def _fast_values(texts: list[str], *, missing: bool) -> Float64Array | None:
    """Return the numbers of a row, or None if a cell needs a closer look."""
    try:
        row = np.fromiter(map(float, texts), np.float64, len(texts))
    except ValueError:
        pass
    else:
        if np.isfinite(row).all():
            return row
    if not missing:
        return None
    cleaned = ["nan" if text in _COMMON_MISSING else text for text in texts]
    try:
        row = np.fromiter(map(float, cleaned), np.float64, len(texts))
    except ValueError:
        return None
    # Any other way to write NaN, such as -nan, is left to the slow path.
    return None if np.isinf(row).any() or np.isnan(row).sum() != cleaned.count("nan") else row


def _cell_parser(name: str, number: int, spec: MatrixSpec) -> Callable[[str, str], float]:
    def parse(column: str, text: str) -> float:
        cell = text.strip()
        missing = cell.lower() in _MISSING
        if missing and spec.missing:
            return float("nan")
        value = finite_number(cell)
        if value is not None:
            return value
        expected = "a finite number or NA" if spec.missing else "a finite number"
        raise InputError(
            f"{spec.row_is} {name!r}, {spec.column_is} {column!r}: expected {expected}, found {cell[:40]!r}",
            path=spec.path,
            record=at(number),
            remedy=_cell_remedy(spec),
        )

    return parse


def _cell_remedy(spec: MatrixSpec) -> str:
    if not spec.missing:
        return "leave the row or the person out, or fill the value in"
    return (
        f"write NA for a missing value; values are expected from column {spec.leading + 1} on "
        "(a strand is expected in column 6 of a BED and must be named 'strand')"
        if spec.leading == 4
        else f"write NA for a missing value; values are expected from column {spec.leading + 1} on"
    )
