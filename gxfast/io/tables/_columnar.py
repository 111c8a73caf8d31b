"""Expression in files that are no text: Parquet and h5ad."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..bgzf import require_file
from ..hdf5 import open_hdf5, read_dataset
from .parquet import require_pyarrow
from .text import check_id, check_names, is_bed_header, lower_names

__all__ = ["Columns", "read_h5ad", "read_matrix", "read_parquet"]

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
    require_pyarrow(path)
    import pyarrow
    import pyarrow.parquet

    try:
        table: Any = pyarrow.parquet.read_table(path)
    except (OSError, ValueError, MemoryError, pyarrow.ArrowException) as error:
        raise InputError(f"the file is no Parquet: {error}", path=path, remedy="make or copy it again") from None
    names = [str(name) for name in table.column_names]
    check_names(names, what="column", path=path, number=1)
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
    import pyarrow.types as kinds

    try:
        if not any(is_kind(column.type) for is_kind in (kinds.is_integer, kinds.is_floating, kinds.is_null)):
            raise TypeError(f"they are {column.type}")
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
    with open_hdf5(path, "h5ad expression table", remedy=_H5AD_REMEDY) as file:
        people, genes = (_names(file[group], path) for group in ("obs", "var"))
        values = read_matrix(file["X"], (len(people), len(genes)), path)
    return _checked(path, Columns(people, [], genes, values))


def _names(group: Any, path: Path) -> tuple[str, ...]:
    names = read_dataset(group[group.attrs["_index"]], path)
    return tuple(text.decode() if isinstance(text, bytes) else str(text) for text in names.tolist())


def read_matrix(stored: Any, shape: tuple[int, int], path: Path) -> Float64Array:
    """Return the values of X or of a layer of an h5ad, whichever way they are stored."""
    if hasattr(stored, "shape"):
        return np.array(_real(read_dataset(stored, path)), np.float64).reshape(shape)
    encoding = str(stored.attrs["encoding-type"])
    if encoding not in ("csr_matrix", "csc_matrix"):
        raise ValueError(f"X is stored as {encoding!r}")
    rows, columns = shape if encoding == "csr_matrix" else shape[::-1]
    ends, index = (_places(read_dataset(stored[name], path)) for name in ("indptr", "indices"))
    data = _real(read_dataset(stored["data"], path))
    counts = np.diff(ends)
    fit = ends.size == rows + 1 and ends[0] == 0 and counts.min(initial=0) >= 0
    if not fit or not int(ends[-1]) == index.size == data.size or (index >= columns).any():
        raise ValueError("the sparse matrix X does not fit its shape")
    places = np.repeat(np.arange(rows), counts) * columns + index
    if np.unique(places).size < places.size:
        raise ValueError("the sparse matrix X has two values for one gene of one person")
    values: Float64Array = np.zeros((rows, columns))
    values.reshape(-1)[places] = data
    return values if encoding == "csr_matrix" else np.ascontiguousarray(values.T)


def _places(values: Any) -> NDArray[np.int64]:
    if values.dtype.kind not in "iu" or values.ndim != 1 or (values < 0).any():
        raise ValueError("the sparse matrix X is not placed by whole numbers")
    return np.asarray(values, np.int64)


def _real(values: Any) -> Any:
    if values.dtype.kind not in "fiu":
        raise ValueError(f"X holds {values.dtype}, not numbers")
    return values


def _checked(path: Path, found: Columns) -> Columns:
    for what, names in (("row", found.names), ("column", found.columns)):
        if not names:
            raise InputError(f"the table has no {what}", path=path, remedy="give genes x people")
        check_names(names, what=what, path=path, number=1)
        for name in names:
            check_id(name, what, path)
    bad = np.argwhere(np.isinf(found.values))
    if bad.size:
        r, c = bad[0].tolist()
        raise InputError(f"{found.columns[c]!r} is infinite", path=path, record=found.names[r])
    return found
