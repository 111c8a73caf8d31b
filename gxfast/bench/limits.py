"""The physical limit: a compiled loop that only fills or copies memory of the same size."""

from __future__ import annotations

import importlib
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .measure import Contender

__all__ = [
    "CACHED_FILL",
    "STREAMING_COPY",
    "STREAMING_FILL",
    "copy_limit",
    "fill_limit",
    "streaming_copy",
    "streaming_fill",
]

STREAMING_FILL = "streaming fill"
STREAMING_COPY = "streaming copy"
CACHED_FILL = "fill of a cached buffer"


def _as_bytes(array: NDArray[Any]) -> NDArray[np.uint8]:
    return array.reshape(-1).view(np.uint8)


# Not zero: there are processors (AMD family 26) on which storing lines of zeros past the caches takes half of
# the time of any other value, which no encoder could reach.
_FILLED_WITH = 1
# Larger than any last-level cache that is expected.
_LARGE = {"tiny": 32 << 20, "small": 128 << 20, "real": 256 << 20}


@lru_cache(maxsize=1)
def _large(size: str) -> NDArray[np.uint8]:
    return np.ones(_LARGE[size], np.uint8)


def streaming_fill(bytes_per_item: float, size: str) -> list[Contender]:
    """Return the limit of writing items of so many bytes to memory, past the caches."""
    return fill_limit(STREAMING_FILL, _large(size), _LARGE[size] / bytes_per_item, non_temporal=True)


def streaming_copy(bytes_per_item: float, size: str) -> list[Contender]:
    """Return the limit of copying items of so many bytes from memory to memory."""
    half = _LARGE[size] // 2
    large = _large(size)
    return copy_limit(STREAMING_COPY, large[:half], large[half:], half / bytes_per_item, non_temporal=True)


def fill_limit(name: str, out: NDArray[Any], items: float, *, non_temporal: bool) -> list[Contender]:
    """Return the limit that fills ``out``; empty where the loop is not compiled."""
    kernels: Any = importlib.import_module("gxfast._kernels")
    if not hasattr(kernels, "stream_fill"):
        return []
    target = _as_bytes(out)

    return [Contender(name, lambda: kernels.stream_fill(target, _FILLED_WITH, non_temporal), items)]


def copy_limit(
    name: str, source: NDArray[Any], out: NDArray[Any], items: float, *, non_temporal: bool
) -> list[Contender]:
    """Return the limit that copies ``source`` to ``out``; empty where the loop is not compiled."""
    kernels: Any = importlib.import_module("gxfast._kernels")
    if not hasattr(kernels, "stream_copy"):
        return []
    read, target = _as_bytes(source), _as_bytes(out)
    return [Contender(name, lambda: kernels.stream_copy(read, target, non_temporal), items)]
