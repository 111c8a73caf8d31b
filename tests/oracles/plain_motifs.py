"""Distances and clusters of short sequences as they are written down: letter by letter, and by SciPy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_STRETCH = 5


def distances(rows: Sequence[str]) -> NDArray[np.float64]:
    """Of all alignments that keep both middles in the overlap, the longest stretch with at most one mismatch counts."""
    n, length = len(rows), len(rows[0])
    letters = np.frombuffer("".join(rows).upper().encode("ascii"), np.uint8).reshape(n, length)
    best = np.zeros((n, n), np.int64)
    for shift in range(-(length // 2), length // 2 + 1):
        a = letters[:, max(0, shift) : length + min(0, shift)]
        b = letters[:, max(0, -shift) : length + min(0, -shift)]
        same = (a[:, None] == b[None]) & (a[:, None] != ord("N"))
        best = np.maximum(best, _longest(same))
    return np.maximum(0.0, 1 - np.maximum(best, best.T) / _STRETCH)


def _longest(same: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Most matches in a stretch with at most one mismatch, along the last axis."""
    plain = np.zeros(same.shape[:-1], np.int64)  # matches since the last mismatch
    bridged = np.zeros_like(plain)  # matches since the one before it
    best = np.zeros_like(plain)
    for k in range(same.shape[-1]):
        match = same[..., k]
        bridged = np.where(match, bridged + 1, plain)
        plain = np.where(match, plain + 1, 0)
        best = np.maximum(best, bridged)
    return best


def clusters(rows: Sequence[str], cut: float = 0.25) -> NDArray[np.int64]:
    """Complete linkage, cut at a distance; numbered by the first member."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    tree: Any = linkage(squareform(distances(rows), checks=False), "complete")
    number: dict[int, int] = {}
    return np.array([number.setdefault(int(k), len(number)) for k in fcluster(tree, cut, "distance")], np.int64)
