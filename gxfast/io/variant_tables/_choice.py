"""Which of many columns of scores are read, and a long table made wide."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, did_you_mean

__all__ = ["MOST_COLUMNS", "choose", "signed_of", "widen"]

MOST_COLUMNS: Final = 64  # that are read without being asked for
# ALT minus REF, also where a few variants have no score below 0: of gxfast, Basenji, Borzoi and AlphaGenome.
_SIGNED: Final = re.compile(r"^ism(:|$)|^(log)?(SAD|SAR|SAX|SED)(:|$)|^GeneMaskLFCScorer|aggregation_type=DIFF_")
Wanted = Sequence[str | int]


def choose(names: Sequence[Sequence[str]], columns: Wanted, path: Path) -> list[int]:
    """Return the numbers of the columns that are asked for, in their order in the file; all if none is, and few.

    Parameters
    ----------
    names : sequence of (sequence of str)
        What each column may be called, its full name first.
    columns : sequence of str or int
        Names, patterns (``*Liver*``) or numbers from 0.

    Raises
    ------
    InputError
        If a name is no column, or none is given and there are too many.
    """
    if not len(columns):
        if len(names) > MOST_COLUMNS:
            raise InputError(
                f"{len(names)} columns of scores, more than {MOST_COLUMNS}: {names[0][0]}, {names[1][0]}, ...",
                path=path, remedy="choose with columns=: names, patterns such as '*Liver*', or numbers from 0",
            )  # fmt: skip
        return list(range(len(names)))
    chosen: set[int] = set()
    for wanted in columns:
        if isinstance(wanted, int):
            found = [wanted] if 0 <= wanted < len(names) else []
        else:
            found = [i for i, one in enumerate(names) if wanted in one]
            found = found or [i for i, one in enumerate(names) if any(fnmatchcase(name, wanted) for name in one)]
        if not found:
            near = did_you_mean(str(wanted), [name for one in names[:5000] for name in one])
            raise InputError(
                f"{wanted!r} is none of {len(names)} columns of scores{near}", path=path,
                remedy=f"the first are {', '.join(one[0] for one in names[:5])}",
            )  # fmt: skip
        chosen.update(found)
    return sorted(chosen)


def signed_of(columns: dict[str, NDArray[Any]]) -> tuple[str, ...]:
    """Return the columns that have a sign: those that hold a negative value, or are known by their name.

    Others are scores of impact, which alleles do not turn.
    """
    numbers = {name: values for name, values in columns.items() if values.dtype.kind == "f"}
    return tuple(name for name, values in numbers.items() if (values < 0).any() or _SIGNED.search(name))


def widen(
    keys: Sequence[tuple[str, ...]], names: Sequence[str], values: NDArray[np.float64], columns: Wanted, path: Path
) -> tuple[NDArray[np.int64], dict[str, NDArray[np.float64]]]:
    """Make a long table wide: a row per key, a column per name.

    Parameters
    ----------
    keys : sequence of tuple, length N
    names : sequence of str, length N
    values : float64 array, shape (N,)

    Returns
    -------
    first : int64 array, shape (R,)
        The first row of each key, in the order of the file.
    columns : dict of str to float64 array, shape (R,)

    Raises
    ------
    InputError
        If a key has two values of one name, or there are more names than are read at once.
    """
    distinct = list(dict.fromkeys(names))
    chosen = choose([(name,) for name in distinct], columns, path)
    column = {distinct[i]: number for number, i in enumerate(chosen)}
    rows: dict[tuple[str, ...], int] = {}
    row = np.array([rows.setdefault(key, len(rows)) for key in keys], np.int64)
    place = np.array([column.get(name, -1) for name in names], np.int64)
    kept = place >= 0
    cells = row[kept] * len(chosen) + place[kept]
    order = np.sort(cells)
    if (order[1:] == order[:-1]).any():
        cell = int(order[1:][order[1:] == order[:-1]][0])
        raise InputError(
            f"{' '.join(list(rows)[cell // len(chosen)])} has two values of {list(column)[cell % len(chosen)]!r}",
            path=path, remedy="keep one of them",
        )  # fmt: skip
    matrix = np.full(len(rows) * len(chosen), np.nan)
    matrix[cells] = values[kept]
    wide = matrix.reshape(len(rows), len(chosen))
    first = np.unique(row, return_index=True)[1]
    return first, {name: np.ascontiguousarray(wide[:, number]) for name, number in column.items()}
