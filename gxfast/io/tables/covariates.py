"""Covariates of people, as tensorQTL and FastQTL take them."""

from __future__ import annotations

from pathlib import Path

from ...errors import InputError
from ...types import CovariateTable
from ._matrix import MatrixSpec, read_rows
from .text import at, column_names, delimiter_of, read_lines, split

__all__ = ["read_covariates"]


def read_covariates(path: str | Path, *, first: int | None = None) -> CovariateTable:
    """Read covariates x people: a header naming the people, then one row per covariate, its name first.

    Cells are separated by tabs, commas or spaces, as the header is.

    Parameters
    ----------
    path : str or Path
    first : int, optional
        Read the first so many covariates only (at least 1); the file must have as many.

    Returns
    -------
    CovariateTable
        Values float64, shape (K, S), all finite.

    Raises
    ------
    InputError
        Naming file and line: text, missing or infinite values, ragged rows, repeated covariates or people,
        no rows, or fewer rows than ``first``.
    """
    path = Path(path)
    if first is not None and first < 1:
        raise InputError(f"first must be at least 1, found {first}", path=path, remedy="leave it out to read all")
    lines = read_lines(path, "covariate table")
    number, header = next(((n, line) for n, line in lines if line.strip()), (1, ""))
    delimiter = delimiter_of(header)
    names = column_names(split(header, delimiter)[1:], what="sample", path=path, number=number)
    spec = MatrixSpec(path, delimiter, 1, 0, names, "covariate", "sample", missing=False)
    rows = read_rows(lines, spec, first=first)
    if first is not None and len(rows.names) < first:
        raise InputError(
            f"the table has {len(rows.names)} covariates, {first} were asked for",
            path=path,
            record=at(rows.numbers[-1]),
            remedy=f"ask for at most {len(rows.names)}",
        )
    return CovariateTable(tuple(rows.names), names, rows.values, str(path))
