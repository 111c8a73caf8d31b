"""What public objects have in common: a repr that fits on a line or two, and tables for pandas, Polars and Parquet."""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from .errors import InputError

__all__ = [
    "Arrays", "Brief", "Columns", "Rows", "Table", "anndata_of", "by_person", "columns_of", "median_of",
    "optional_package", "options_of", "plural",
]  # fmt: skip

# Columns by name: an array, or the kind of a list (int, float, str or bool) and the list, None where nothing is known.
Columns = Mapping[str, "NDArray[Any] | tuple[type, Sequence[Any]]"]
Row = TypeVar("Row")
Options = TypeVar("Options")
_MOST: Final = 170  # characters of what stands in the brackets of a repr
_FRAMES: Final = "pip install 'gxfast[frames]'"
_ANNDATA: Final = "pip install 'gxfast[anndata]'"
_KINDS: Final = {"int": int, "float": float, "str": str, "bool": bool}


class Brief:
    """Gives a class a repr with sizes and the main figure; no array is written out.

    A dataclass takes it with ``repr=False``.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        facts = " ".join(self._facts().split())
        return f"{type(self).__name__}({facts if len(facts) <= _MOST else facts[: _MOST - 3] + '...'})"

    def _facts(self) -> str:
        """What stands in the brackets: the fields of a dataclass, unless a class says something better."""
        known = ((one.name, getattr(self, one.name)) for one in fields(self) if not one.name.startswith("_"))  # type: ignore[arg-type]
        return ", ".join(f"{name}={_shown(value)}" for name, value in known if value is not None)


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.ndim:
        return f"{value.dtype}{list(value.shape)}"
    if isinstance(value, np.ndarray | np.generic):
        value = value.item()
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, str | Path):
        return repr(str(value)) if len(str(value)) <= 40 else f"'...{str(value)[-37:]}'"
    if isinstance(value, bool | int):
        return str(value)
    if isinstance(value, tuple | list | dict):
        return plural(len(value), "entry")
    return type(value).__name__


def plural(n: int, what: str) -> str:
    """Return ``1 gene``, ``2 genes``, ``2 entries``."""
    return f"{n} {what}" if n == 1 else f"{n} {what[:-1]}ies" if what.endswith("try") else f"{n} {what}s"


def median_of(values: NDArray[Any]) -> str:
    """Return the median of what is a number, and how much is not, in words."""
    known = values[np.isfinite(values)]
    left = f", {values.size - known.size} undefined" if known.size < values.size else ""
    return f"{np.median(known):.4g}{left}" if known.size else "undefined"


def options_of(kind: type[Options], value: object, name: str) -> Options:
    """Return an object of options that an argument is, or one of all defaults where it is None.

    Raises
    ------
    InputError
        If it is something else, naming the argument.
    """
    if value is None:
        return kind()
    if not isinstance(value, kind):
        raise InputError(
            f"{name} must be of {kind.__name__}, found {str(value)[:60]!r} of {type(value).__name__}",
            remedy=f"write {kind.__name__}(...) with what is to differ from the defaults, or leave {name} out",
        )
    return value


def optional_package(name: str, what: str, remedy: str) -> Any:
    """Import a package that gxfast does not ask for.

    Raises
    ------
    InputError
        Saying what needs it and how to install it.
    """
    try:
        return importlib.import_module(name)
    except ImportError:
        raise InputError(f"{what} needs {name}, which is not installed", remedy=remedy) from None


class Table(Brief):
    """Gives a class that knows its columns the forms that data frame libraries know.

    Columns have the names of the TSV that gxfast writes of the same thing. What is undefined is NaN in pandas (``<NA>``
    among whole numbers, None among texts) and null in Polars and Parquet.
    """

    __slots__ = ()

    def _columns(self) -> Columns:
        raise NotImplementedError

    def to_pandas(self) -> Any:
        """Return a ``pandas.DataFrame``.

        Raises
        ------
        InputError
            If pandas is not installed.
        """
        pandas = optional_package("pandas", "to_pandas", _FRAMES)
        columns = {name: _of_pandas(pandas, column) for name, column in self._columns().items()}
        return pandas.DataFrame(columns)

    def to_polars(self) -> Any:
        """Return a ``polars.DataFrame``.

        Raises
        ------
        InputError
            If Polars is not installed.
        """
        polars = optional_package("polars", "to_polars", _FRAMES)
        kinds = {int: polars.Int64, float: polars.Float64, str: polars.String, bool: polars.Boolean}
        return polars.DataFrame(
            [
                polars.Series(name, column, nan_to_null=True)
                if isinstance(column, np.ndarray)
                else polars.Series(name, _without_nan(column), dtype=kinds[column[0]])
                for name, column in self._columns().items()
            ]
        )

    def to_parquet(self, path: str | Path) -> Path:
        """Write a Parquet file, which appears when it is whole, and return its path.

        Raises
        ------
        InputError
            If pyarrow is not installed, or the file cannot be written.
        """
        # Files are written two floors up, by what is written in terms of these objects.
        tables: Any = importlib.import_module("gxfast.io.tables")
        columns = self._columns()
        tables.require_pyarrow(path)
        kinds = {name: None if isinstance(c, np.ndarray) else c[0] for name, c in columns.items()}
        values = {name: c if isinstance(c, np.ndarray) else c[1] for name, c in columns.items()}
        written: Path = tables.write_parquet_columns(Path(path), kinds, values)
        return written


def anndata_of(
    samples: Sequence[str], genes: Sequence[str], columns: Columns, layers: Mapping[str, NDArray[Any]], **facts: str
) -> Any:
    """Return an ``anndata.AnnData`` of people x genes.

    Parameters
    ----------
    samples, genes : sequences of str, lengths S and G
    columns : Columns
        Of ``var``.
    layers : mapping of str to array, shape (G, S)
        The first is ``X``; those that have a name are layers, too.
    **facts
        For ``uns``.

    Raises
    ------
    InputError
        If anndata is not installed.
    """
    anndata = optional_package("anndata", "to_anndata", _ANNDATA)
    pandas = optional_package("pandas", "to_anndata", _ANNDATA)
    of_genes = {name: _of_pandas(pandas, column) for name, column in columns.items() if name != "gene_id"}
    turned = {name: np.ascontiguousarray(values.T) for name, values in layers.items()}
    return anndata.AnnData(
        next(iter(turned.values())),
        obs=pandas.DataFrame(index=pandas.Index(list(samples), dtype=object)),
        var=pandas.DataFrame(
            {name: getattr(values, "values", values) for name, values in of_genes.items()},
            index=pandas.Index(list(genes), dtype=object),
        ),
        layers={name: values for name, values in turned.items() if name},
        uns=dict(facts),
    )


def _without_nan(column: tuple[type, Sequence[Any]]) -> Sequence[Any]:
    kind, values = column
    return [None if v is None or math.isnan(v) else v for v in values] if kind is float else values


def _of_pandas(pandas: Any, column: NDArray[Any] | tuple[type, Sequence[Any]]) -> Any:
    if isinstance(column, np.ndarray):
        return column
    kind, values = column
    if kind is float:
        return np.array([math.nan if value is None else value for value in values], np.float64)
    if kind is str:
        return pandas.Series(list(values), dtype=object if not values else None)
    if any(value is None for value in values):
        return pandas.array(list(values), dtype="Int64" if kind is int else "boolean")
    return np.array(values, np.int64 if kind is int else np.bool_)


def by_person(leading: Columns, samples: Sequence[str], values: NDArray[Any]) -> Columns:
    """Return columns, and behind them one per person of values (R, S).

    Raises
    ------
    InputError
        If a person is called like a column.
    """
    both = sorted(leading.keys() & set(samples))
    if both:
        raise InputError(f"a person is called like a column of the table: {both[0]!r}", remedy="rename the person")
    return {**leading, **dict(zip(samples, values.T, strict=True))}


class Arrays(Table):
    """A result whose arrays have one shape (R,), or () for a single one: each is a column."""

    __slots__ = ()

    def _facts(self) -> str:
        known = self._arrays()
        name, first = next(iter(known.items()))
        if first.dtype.kind != "f":
            return super()._facts()
        others = f"; {', '.join(list(known)[1:])}" if known.keys() - {name} else ""
        figure = f"{name}={float(first):.4g}" if not first.ndim else f"median {name} {median_of(first)}"
        size = "" if not first.ndim else f"{' x '.join(map(str, first.shape))} of {name}: "
        return f"{size}{figure}{others}"

    def _arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays of the shape of the first."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}  # type: ignore[arg-type]
        arrays = {name: value for name, value in values.items() if isinstance(value, np.ndarray | np.generic)}
        shape = next(iter(arrays.values())).shape
        return {name: np.asarray(value) for name, value in arrays.items() if value.shape == shape}

    def _columns(self) -> Columns:
        arrays = self._arrays()
        if any(array.ndim > 1 for array in arrays.values()):
            shapes = {array.shape for array in arrays.values()}
            raise InputError(f"a table has one value per row, found shape {shapes.pop()}", remedy="take one row of it")
        return {name: np.atleast_1d(array) for name, array in arrays.items()}


class Rows(Table, list[Row], Generic[Row]):
    """Rows of one table: a list that knows their kind, also where there is none.

    Parameters
    ----------
    kind : type
        The dataclass of the rows.
    rows : iterable of ``kind``
    """

    __slots__ = ("kind",)

    def __init__(self, kind: type[Row], rows: Iterable[Row] = ()) -> None:
        super().__init__(rows)
        self.kind = kind

    def __reduce__(self) -> Any:
        return Rows, (self.kind, list(self))

    def _facts(self) -> str:
        return f"{self.kind.__name__}, {plural(len(self), 'row')}"

    def _columns(self) -> Columns:
        return columns_of(self.kind, self)


def columns_of(kind: type, rows: Sequence[Any]) -> dict[str, tuple[type, list[Any]]]:
    """Return the columns of a table of dataclass rows: one per field, in the order of the fields.

    A field with ``optional`` in its metadata has no column where it is None in every row. A trailing underscore of a
    field is not part of the column's name.
    """
    columns = {}
    for one in fields(kind):
        values = [getattr(row, one.name) for row in rows]
        if not one.metadata.get("optional") or any(value is not None for value in values):
            columns[one.name.removesuffix("_")] = _kind(one.type), values
    return columns


def _kind(annotation: Any) -> type:
    """What ``int``, ``int | None``, or either as text, says of a column: int; texts where it says something else."""
    text = annotation.__name__ if isinstance(annotation, type) else str(annotation)
    return _KINDS.get(text.partition(" ")[0], str)
