"""Covariates of people, as tensorQTL and FastQTL take them."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np

from ...errors import InputError
from ...types import CovariateTable
from ._matrix import MatrixSpec, read_rows
from .text import at, column_names, delimiter_of, read_lines, split

__all__ = ["read_covariates"]


def read_covariates(
    path: str | Path, *, first: int | None = None, people: Collection[str] | None = None
) -> CovariateTable:
    """Read covariates x people: a header naming the people, then one row per covariate, its name first.

    Cells are separated by tabs, commas or spaces, as the header is. A table the other way round (people x covariates,
    as of PLINK) is turned where ``people`` tell that it is one; ``transposed`` then says so.

    Parameters
    ----------
    path : str or Path
    first : int, optional
        Read the first so many covariates only (at least 1); the file must have as many.
    people : collection of str, optional
        Those who may be in it.

    Returns
    -------
    CovariateTable
        Values float64, shape (K, S); NaN where missing.

    Raises
    ------
    InputError
        Naming file and line: text or infinite values, ragged rows, repeated covariates or people,
        no rows, or fewer rows than ``first``.
    """
    path = Path(path)
    if first is not None and first < 1:
        raise InputError(f"first must be at least 1, found {first}", path=path, remedy="leave it out to read all")
    lines = read_lines(path, "covariate table")
    number, header = next(((n, line) for n, line in lines if line.strip()), (1, ""))
    delimiter = delimiter_of(header)
    cells = split(header, delimiter)
    if people is not None and not set(people) & {cell.strip() for cell in cells[1:]}:
        turned = _by_people(path, first, people)
        if turned is not None:
            return turned
    names = column_names(cells[1:], what="sample", path=path, number=number)
    spec = MatrixSpec(path, delimiter, 1, 0, names, "covariate", "sample", missing=True)
    rows = read_rows(lines, spec, first=first)
    _check_number(path, len(rows.names), first, rows.numbers[-1])
    return CovariateTable(tuple(rows.names), names, rows.values, str(path))


def _by_people(path: Path, first: int | None, people: Collection[str]) -> CovariateTable | None:
    """Read people x covariates; None where no row names one of the people."""
    lines = read_lines(path, "covariate table")
    number, header = next(((n, line) for n, line in lines if line.strip()), (1, ""))
    delimiter = delimiter_of(header)
    cells = split(header, delimiter)
    leading = 2 if len(cells) > 2 and cells[1].strip() == "IID" else 1  # PLINK: FID IID
    names = column_names(cells[leading:], what="covariate", path=path, number=number)
    body = list(lines)
    if not any(_named(split(line, delimiter), leading) in people for _, line in body):
        return None
    spec = MatrixSpec(path, delimiter, leading, leading - 1, names, "sample", "covariate", missing=True)
    rows = read_rows(body, spec)
    _check_number(path, len(names), first, number)
    values = np.ascontiguousarray(rows.values.T[:first])
    return CovariateTable(names[:first], tuple(rows.names), values, str(path), transposed=True)


def _named(cells: list[str], leading: int) -> str:
    return cells[leading - 1].strip() if len(cells) >= leading else ""


def _check_number(path: Path, found: int, first: int | None, number: int) -> None:
    if first is not None and found < first:
        raise InputError(
            f"the table has {found} covariates, {first} were asked for",
            path=path,
            record=at(number),
            remedy=f"ask for at most {found}",
        )
