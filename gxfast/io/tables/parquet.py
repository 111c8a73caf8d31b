"""Long tables written as Parquet, piece by piece."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..files import written_whole
from .plain import TextCells

__all__ = ["RepeatedTexts", "require_pyarrow", "write_parquet", "write_parquet_columns"]


@dataclass(frozen=True, slots=True)
class RepeatedTexts:
    """A column of few texts, each in a run of rows.

    Attributes
    ----------
    texts : sequence of str, length T
    counts : int64 array, shape (T,)
    """

    texts: Sequence[str]
    counts: NDArray[np.int64]


def require_pyarrow(path: str | Path) -> None:
    """Refuse to read or write a Parquet file where pyarrow is not installed.

    Raises
    ------
    InputError
    """
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise InputError("Parquet needs pyarrow", path=path, remedy="pip install 'gxfast[io]'") from None


def write_parquet(
    path: Path,
    types: Mapping[str, type[np.generic] | type[str]],
    pieces: Iterable[Mapping[str, TextCells | RepeatedTexts | NDArray[Any]]],
) -> Path:
    """Write a table of which one piece is in memory at a time; each piece is a row group (Snappy, as pandas writes it).

    Parameters
    ----------
    path : Path
    types : mapping of str to type
        Of every column, in the order to write: ``str``, or of the numbers.
    pieces : iterable of mapping of str to column, each of one length

    Returns
    -------
    Path
        ``path``.

    Raises
    ------
    InputError
        If pyarrow is not installed, or the file cannot be written.
    """
    require_pyarrow(path)
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {name: pa.string() if kind is str else pa.from_numpy_dtype(kind) for name, kind in types.items()}
    texts = [name for name, kind in types.items() if kind is str]
    options: dict[str, Any] = {"compression": "snappy", "use_dictionary": texts, "store_schema": False}
    with written_whole(path) as partial, pq.ParquetWriter(partial, pa.schema(kinds), **options) as out:
        for piece in pieces:
            columns = [_column(piece[name], kind) for name, kind in kinds.items()]
            if len(columns[0]):
                out.write_batch(pa.record_batch(columns, schema=pa.schema(kinds)), row_group_size=len(columns[0]))
    return path


def write_parquet_columns(
    path: Path, kinds: Mapping[str, type | None], columns: Mapping[str, Sequence[Any] | NDArray[Any]]
) -> Path:
    """Write a table that is in memory; NaN is null, as None is.

    Parameters
    ----------
    path : Path
    kinds : mapping of str to type
        int, float, str or bool of what are lists; None of arrays.
    columns : mapping of str to list or array, each of length R

    Returns
    -------
    Path
        ``path``.

    Raises
    ------
    InputError
        If pyarrow is not installed, or the file cannot be written.
    """
    require_pyarrow(path)
    import pyarrow as pa
    import pyarrow.parquet as pq

    of: dict[type | None, Any] = {int: pa.int64(), float: pa.float64(), str: pa.string(), bool: pa.bool_(), None: None}
    table = pa.table({name: pa.array(column, of[kinds[name]], from_pandas=True) for name, column in columns.items()})
    with written_whole(path) as partial:
        pq.write_table(table, partial, compression="snappy", store_schema=False)
    return path


def _column(values: TextCells | RepeatedTexts | NDArray[Any], kind: Any) -> Any:
    import pyarrow as pa

    if isinstance(values, RepeatedTexts):
        return pa.array(values.texts, pa.string()).take(
            pa.array(np.repeat(np.arange(len(values.texts)), values.counts))
        )
    if isinstance(values, TextCells):
        offset = values.offset - values.offset[0]
        letters = values.letters[values.offset[0] : values.offset[-1]]
        return pa.StringArray.from_buffers(
            len(offset) - 1, pa.py_buffer(offset.astype(np.int32)), pa.py_buffer(np.ascontiguousarray(letters))
        )
    return pa.array(values, kind)
