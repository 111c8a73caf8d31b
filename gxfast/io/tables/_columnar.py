"""Expression in files that are no text: Parquet and h5ad."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..bgzf import require_file
from .text import check_names, is_bed_header, lower_names

__all__ = ["Columns", "read_h5ad", "read_parquet"]

Float64Array = NDArray[np.float64]
_H5AD_REMEDY = "write it with anndata >= 0.7: people as obs, genes as var, values in X"


class Columns(NamedTuple):
    """Names of the rows, what stands before the numbers, names of the columns, and values, shape (rows, columns)."""

    names: tuple[str, ...]
    leading: list[list[str]]
    columns: tuple[str, ...]
    values: Float64Array
    is_bed: bool = False


def read_parquet(path: Path) -> Columns:
    """Read a Parquet table: the leading columns of a phenotype BED, or a column (or index) of names, then numbers.

    Raises
    ------
    InputError
        If pyarrow is not installed, the file is no such table, or a value is text or infinite.
    """
    require_file(path, "expression table")
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise InputError("Parquet needs pyarrow", path=path, remedy="pip install 'gxfast[io]'") from None
    try:
        table: Any = pyarrow.parquet.read_table(path)
    except (OSError, pyarrow.ArrowException) as error:
        raise InputError(f"the file is no Parquet: {error}", path=path, remedy="make or copy it again") from None
    names = [str(name) for name in table.column_names]
    is_bed = len(names) > 4 and is_bed_header(names)
    texts = names[: 6 if lower_names(names[5:6]) == ["strand"] else 4] if is_bed else [_index(path, table, names)]
    numbers = tuple(name for name in names if name not in texts)
    leading = [list(row) for row in zip(*(map(str, table[name].to_pylist()) for name in texts), strict=True)]
    values = [_numbers(path, name, table[name]) for name in numbers]
    rows = tuple(row[3 if is_bed else 0] for row in leading)
    return _checked(path, Columns(rows, leading, numbers, np.array(values, np.float64).T, is_bed))


def _index(path: Path, table: Any, names: list[str]) -> str:
    """The column that names the rows: the first of text."""
    import pyarrow.types as kinds

    texts = [name for name in names if kinds.is_string(table[name].type) or kinds.is_large_string(table[name].type)]
    if len(texts) != 1:
        raise InputError(
            f"expected one column of text, that of the names, found {', '.join(texts[:3]) or 'none'}",
            path=path, remedy="write genes x people: the gene ids in one column, and one column of numbers per person",
        )  # fmt: skip
    return texts[0]


def _numbers(path: Path, name: str, column: Any) -> Float64Array:
    try:
        return np.array(column.to_numpy(), np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"not all are numbers: {error}", path=path, record=f"column {name}") from None


def read_h5ad(path: Path) -> Columns:
    """Read people x genes of an h5ad: ``obs`` are the people, ``var`` the genes, ``X`` the values, dense or sparse.

    Raises
    ------
    InputError
        If h5py is not installed, or the file holds something else.
    """
    require_file(path, "expression table")
    try:
        import h5py
    except ImportError:
        raise InputError("h5ad needs h5py", path=path, remedy="pip install 'gxfast[models]'") from None
    try:
        with h5py.File(path, "r") as file:
            people, genes = (_names(file[group]) for group in ("obs", "var"))
            values = _matrix(file["X"], (len(people), len(genes)))
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"the file is no h5ad: {error}", path=path, remedy=_H5AD_REMEDY) from None
    return _checked(path, Columns(people, [], genes, values))


def _names(group: Any) -> tuple[str, ...]:
    return tuple(
        text.decode() if isinstance(text, bytes) else str(text) for text in group[group.attrs["_index"]][:].tolist()
    )


def _matrix(stored: Any, shape: tuple[int, int]) -> Float64Array:
    """The values of X, whichever way they are stored."""
    if hasattr(stored, "shape"):
        return np.array(stored[:], np.float64).reshape(shape)
    by_row = str(stored.attrs["encoding-type"]) == "csr_matrix"
    values = np.zeros(shape if by_row else shape[::-1])
    line = np.repeat(np.arange(len(values)), np.diff(stored["indptr"][:]))
    values[line, stored["indices"][:]] = stored["data"][:]
    return values if by_row else np.ascontiguousarray(values.T)


def _checked(path: Path, found: Columns) -> Columns:
    for what, names in (("row", found.names), ("column", found.columns)):
        if not names:
            raise InputError(f"the table has no {what}", path=path, remedy="give genes x people")
        check_names(names, what=what, path=path, number=1)
    bad = np.argwhere(np.isinf(found.values))
    if bad.size:
        r, c = bad[0].tolist()
        raise InputError(f"{found.columns[c]!r} is infinite", path=path, record=found.names[r])
    return found
