"""What public functions take for an array: no value changes on its way to a kernel, or the array is refused.

Strides, byte order and alignment do not matter: what is returned is native, aligned and C-contiguous, a copy only
where it has to be one. Masks, text, objects and complex numbers are refused, since NumPy would drop a part of them or
read a number into them.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Set
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

__all__ = [
    "MOST",
    "array_of",
    "checked_size",
    "finite_or_nan",
    "kernel_array",
    "numbers",
    "rank_arrays",
    "row_arrays",
    "step_arrays",
    "texts",
    "truths",
    "whole_number",
    "whole_numbers",
]

# No position, length or count is larger: sums and products of a few of them do not wrap around.
MOST: Final = 2**40 - 1
# One entry per axis: a size, or the letter that the documentation gives it.
Shape = tuple[int | str, ...]
_WHAT = {"UO": "text", "fiub": "numbers", "fiu": "numbers", "iu": "whole numbers", "b": "True and False"}


def array_of(values: Any, name: str, shape: Shape | None = None, kinds: str = "fiub") -> NDArray[Any]:
    """Return an argument as a plain array of its own dtype.

    Parameters
    ----------
    values : array-like
    name : str
        Of the argument, for messages.
    shape : tuple of int or str, optional
        What is asked for; looked at before anything is copied.
    kinds : str
        Kinds of dtype that are taken, as NumPy's ``dtype.kind``. Nothing is of every kind.

    Raises
    ------
    InputError
        For a masked array, what is no array, another kind of values or another shape.
    """
    if isinstance(values, np.ma.MaskedArray):
        raise InputError(
            f"{name} must be a plain array, found a masked one", remedy="leave the masked values out, or fill them"
        )
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{name} is no array: {error}") from None
    if not array.size and not isinstance(values, np.ndarray):
        array = array.astype({"f": np.float64, "i": np.int64, "b": np.bool_, "U": np.str_}[kinds[0]])
    if array.dtype.kind not in kinds:
        raise InputError(f"{name} must hold {_WHAT[kinds]}, found dtype {array.dtype}")
    if shape is not None:
        fits = array.ndim == len(shape) and all(
            isinstance(wanted, str) or wanted == found for wanted, found in zip(shape, array.shape, strict=True)
        )
        if not fits:
            wanted = f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"
            raise InputError(f"{name} must have shape {wanted}, found {array.shape}")
    return np.require(array, array.dtype.newbyteorder("="), ["C", "A"])


def numbers(
    values: Any, name: str, shape: Shape | None = None, *, finite: bool | Literal["or NaN"] = False,
    exact: bool = False,
) -> NDArray[Any]:  # fmt: skip
    """Return real numbers as float64, or with ``exact`` as float32 where they are that.

    Parameters
    ----------
    values, name, shape
        As in `array_of`.
    finite : bool or "or NaN"
        Refuse NaN and infinite values; or infinite ones only.

    Raises
    ------
    InputError
    """
    array = array_of(values, name, shape)
    if not (exact and array.dtype == np.float32):
        array = array.astype(np.float64, copy=False)
    if finite:
        bad = ~np.isfinite(array) if finite is True else np.isinf(array)
        if bad.any():
            at = ", ".join(str(int(i)) for i in np.unravel_index(np.argmax(bad), array.shape))
            kind = "a missing or infinite value" if finite is True else "an infinite value"
            raise InputError(f"{name}: {kind} at [{at}]", remedy="leave it out, or mend what made it")
    return array


def finite_or_nan(values: Any, name: str, shape: Shape | None = None) -> NDArray[np.float64]:
    """Return real numbers as float64 in which NaN stands for what is missing; as `numbers`."""
    return numbers(values, name, shape, finite="or NaN")


def whole_numbers(values: Any, name: str, shape: Shape | None = None) -> NDArray[np.int64]:
    """Return whole numbers as int64; fractions, NaN, truth values and what int64 does not hold are refused.

    Raises
    ------
    InputError
    """
    array = array_of(values, name, shape, "iu")
    if array.dtype.kind == "u" and array.size and int(array.max()) > np.iinfo(np.int64).max:
        raise InputError(f"{name} holds {int(array.max())}, more than any position or count")
    return array.astype(np.int64, copy=False)


def truths(values: Any, name: str, shape: Shape | None = None) -> NDArray[np.bool_]:
    """Return truth values; numbers and text are refused, for NaN and "False" would be true.

    Raises
    ------
    InputError
    """
    return array_of(values, name, shape, "b")


def texts(values: Any, name: str, shape: Shape | None = None) -> NDArray[np.str_]:
    """Return names as an array of text; numbers, bytes and None are refused, and one text for many.

    Raises
    ------
    InputError
    """
    if isinstance(values, str | bytes | Mapping | Set):
        raise InputError(f"{name} must be a list of text, found {type(values).__name__}")
    array = array_of(values, name, shape, "UO")
    # NumPy makes text of numbers beside text
    items = values if isinstance(values, list | tuple) else array.reshape(-1) if array.dtype.kind == "O" else ()
    odd = [one for one in items if not isinstance(one, str)]
    if odd:
        raise InputError(f"{name} must hold text, found {type(odd[0]).__name__}")
    return array.astype(np.str_)


def whole_number(value: Any, name: str, low: int, high: int = MOST) -> int:
    """Return a count or a position; fractions, text, arrays, and what lies outside [low, high] are refused.

    Raises
    ------
    InputError
    """
    try:
        number = operator.index(value)
    except TypeError:
        raise InputError(f"{name} must be a whole number, found {value!r}") from None
    if not low <= number <= high:
        limit = f"at least {low}" if number < low else f"at most {high}"
        raise InputError(f"{name} must be {limit}, found {number}")
    return number


def kernel_array(array: Any, name: str, dtype: Any, shape: tuple[int, ...], *, out: bool = False) -> None:
    """Raise InputError unless a kernel without checks of its own can read an array as it lies there, or fill it."""
    plain = isinstance(array, np.ndarray) and not isinstance(array, np.ma.MaskedArray)
    if not plain or array.dtype != dtype or array.shape != shape:
        found = f"{array.dtype} {array.shape}" if plain else type(array).__name__
        raise InputError(f"{name} must be a {np.dtype(dtype)} array of shape {shape}, found {found}")
    if not (array.flags.c_contiguous and array.flags.aligned and (array.flags.writeable or not out)):
        raise InputError(f"{name} must be C-contiguous and aligned{', and writeable' if out else ''}")


def row_arrays(x: Any, y: Any, r: Any, n: Any, why: Any) -> None:
    """Check the arrays of kernels that correlate rows: floats of one kind (G, S), and results (G,)."""
    shape = x.shape if isinstance(x, np.ndarray) and x.ndim == 2 else (-1, -1)
    dtype = np.float32 if isinstance(x, np.ndarray) and x.dtype == np.float32 else np.float64
    for name, array in (("x", x), ("y", y)):
        kernel_array(array, name, dtype, shape)
    for name, array, kind in (("r", r, np.float64), ("n", n, np.int64), ("why", why, np.int8)):
        kernel_array(array, name, kind, shape[:1], out=True)


def rank_arrays(x: Any, order: Any, ranks: Any) -> None:
    """Check the arrays of kernels that rank rows: values, the order of each row, and ranks, all (G, S)."""
    shape = x.shape if isinstance(x, np.ndarray) and x.ndim == 2 else (-1, -1)
    kernel_array(x, "x", np.float32 if isinstance(x, np.ndarray) and x.dtype == np.float32 else np.float64, shape)
    kernel_array(order, "order", np.int64, shape)
    kernel_array(ranks, "ranks", np.float64, shape, out=True)
    if order.size and not 0 <= order.min() <= order.max() < shape[1]:
        raise InputError(f"order must name places in rows of {shape[1]}, found {order.min()} to {order.max()}")


def step_arrays(p_sorted: Any, q: Any) -> None:
    """Check the arrays of kernels that adjust p values, (M,)."""
    shape = p_sorted.shape if isinstance(p_sorted, np.ndarray) and p_sorted.ndim == 1 else (-1,)
    kernel_array(p_sorted, "p_sorted", np.float64, shape)
    kernel_array(q, "q", np.float64, shape, out=True)


def checked_size(shape: tuple[int, ...], itemsize: int, name: str) -> None:
    """Raise InputError where an array of that shape has more bytes than addresses reach."""
    if math.prod(max(1, n) for n in shape) * itemsize >= 2**63:
        raise InputError(f"{name} would have shape {shape}: more bytes than any memory")
