"""Compare what two functions do with the same arguments: value, dtype, shape, or the exception."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Outcome", "outcome", "same_outcome"]


@dataclass(frozen=True)
class Outcome:
    """What a call returned, or the exception it raised."""

    value: Any = None
    error: Exception | None = None

    def result(self) -> Any:
        """Return the value, or raise the exception."""
        if self.error is not None:
            raise self.error
        return self.value


def outcome(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Outcome:
    """Call, and keep the exception instead of raising it."""
    try:
        return Outcome(value=function(*args, **kwargs))
    except Exception as error:
        return Outcome(error=error)


def same_outcome(expected: Outcome, found: Outcome) -> bool:
    """Whether both raised related exceptions, or returned equal values of one type, dtype and shape.

    Floating point numbers of tuples and tables, which statistics return, may differ by rounding.
    """
    if expected.error is not None or found.error is not None:
        return expected.error is not None and isinstance(found.error, type(expected.error))
    return _same(expected.value, found.value, exact=True)


def _same(a: Any, b: Any, *, exact: bool) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, tuple):
        return len(a) == len(b) and all(_same(x, y, exact=False) for x, y in zip(a, b, strict=True))
    if hasattr(a, "columns") and hasattr(a, "to_numpy"):
        same = a.columns.equals(b.columns) and a.index.equals(b.index)
        return same and all(_same(a[name].to_numpy(), b[name].to_numpy(), exact=False) for name in a.columns)
    if isinstance(a, np.ndarray | np.floating | float) and not exact and np.asarray(a).dtype.kind == "f":
        x, y = np.asarray(a), np.asarray(b)
        close = 1e-4 if x.dtype == np.float32 else 1e-5
        return x.dtype == y.dtype and x.shape == y.shape and np.allclose(x, y, rtol=close, atol=0, equal_nan=True)
    if hasattr(a, "dtype") and hasattr(a, "shape"):
        # Tensors come to the CPU to be compared; arrays are what they are.
        if a.dtype != b.dtype or a.shape != b.shape:
            return False
        # Tensors compare themselves: NumPy has no bfloat16. A NaN of both is the same value.
        return bool(((a == b) | ((a != a) & (b != b))).all())
    return bool(a == b) or bool(a != a and b != b)
