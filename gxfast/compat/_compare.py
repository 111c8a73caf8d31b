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
    """Whether both raised related exceptions, or returned equal values of one type, dtype and shape."""
    if expected.error is not None or found.error is not None:
        return expected.error is not None and isinstance(found.error, type(expected.error))
    a, b = expected.value, found.value
    if type(a) is not type(b):
        return False
    if hasattr(a, "dtype") and hasattr(a, "shape"):
        # Tensors come to the CPU to be compared; arrays are what they are.
        if a.dtype != b.dtype or a.shape != b.shape:
            return False
        # Tensors compare themselves: NumPy has no bfloat16.
        return bool(a.equal(b) if hasattr(a, "detach") else np.array_equal(a, b))
    return bool(a == b)
