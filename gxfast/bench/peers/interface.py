"""What a one-hot peer looks like to the cases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Format", "OneHotPeer", "Sequences"]


@dataclass(frozen=True, slots=True)
class Format:
    """One form of output: layout, dtype, strand."""

    layout: str
    dtype: str
    reverse: bool

    @property
    def name(self) -> str:
        """Short name, as in the cases' names."""
        short = {"float32": "f32", "float16": "f16", "uint8": "u8"}[self.dtype]
        return f"{short}-{self.layout.lower()}{'-rc' if self.reverse else ''}"


@dataclass(frozen=True, slots=True)
class Sequences:
    """The same sequences in the kinds of input that peers take; made outside the timer."""

    letters: NDArray[np.uint8]
    text: list[str]


@dataclass(frozen=True, slots=True)
class OneHotPeer:
    """A one-hot encoder.

    Attributes
    ----------
    name : str
    available : callable
        Returns the remedy where the peer is not installed, else None.
    build : callable
        Takes sequences, the format and an output array that may be reused; returns the call to time, or None
        where the peer does not make this format.
    unknown : str
        Its row of an unknown base: "zero" or "quarter".
    arrays : callable
        Turns its result into an array, outside the timer.
    """

    name: str
    available: Callable[[], str | None]
    build: Callable[[Sequences, Format, NDArray[Any]], Callable[[], Any] | None]
    unknown: str = "zero"
    arrays: Callable[[Any], NDArray[Any]] = np.asarray
