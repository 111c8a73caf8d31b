"""Motifs around driver SNVs: how far an attribution reaches, and which short sequences are alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..kernels.arguments import finite_or_nan, texts, truths, whole_number, whole_numbers

__all__ = [
    "THRESHOLDS",
    "ClusterEnrichment",
    "cluster_enrichment",
    "cluster_sequences",
    "motif_sizes",
    "sequence_distances",
]

Float64Array = NDArray[np.float64]
THRESHOLDS: Final = (0.05, 0.1, 0.2, 0.5)
_STRETCH: Final = 5  # matching bases at which two sequences are as alike as can be


@dataclass(frozen=True, slots=True)
class ClusterEnrichment:
    """Members of a cluster that have a property, the odds ratio against all others, and Fisher's two-sided p."""

    cluster: int
    n: int
    n_with: int
    odds_ratio: float
    p: float
    q: float


def motif_sizes(
    attribution: ArrayLike, centre: int, scale: float, thresholds: Sequence[float] = THRESHOLDS
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Measure the motif that a base belongs to.

    A base belongs to the motif if its attribution has the sign of the centre's and at least a threshold's share of
    ``scale``. The distance goes to the nearest base with as much attribution of either sign, as published.

    Parameters
    ----------
    attribution : array-like of float, shape (L,)
        Minus the mean effect of the three changes of each base (`gxfast.plots.logo.reference_heights`); NaN exceeds
        nothing.
    centre : int
        0-based.
    scale : float
        Largest absolute effect nearby; positive.
    thresholds : sequence of float

    Returns
    -------
    sizes, distances : int64 arrays, shape (thresholds,)
        Bases in a row, the centre among them, that belong to the motif (0 if the centre's attribution is smaller);
        bases from the centre to the nearest attribution at or above the threshold (0: its own), and the reach, which
        is that of the base farthest from the centre, where there is none.

    Raises
    ------
    InputError
        For a centre outside, or a scale that is not positive.

    Notes
    -----
    After Supplementary Table 3 of Sasse et al. (2023), whose sizes and distances these are; there the scale is that of
    the 2,001 bases around the TSS, and the reach is 20.
    """
    z = finite_or_nan(attribution, "attribution", ("L",))
    if not 0 <= whole_number(centre, "centre", 0) < z.size or not scale > 0:
        raise InputError(
            f"need a centre in attribution ({z.size} bases) and a positive scale, found {centre} and {scale}"
        )
    share = np.nan_to_num(z / scale, nan=0.0)
    same_sign = share * (np.sign(z[centre]) if z[centre] else 1.0)
    found = [(_size(same_sign >= threshold, centre), _distance(np.abs(share) >= threshold, centre))
             for threshold in thresholds]  # fmt: skip
    sizes, distances = np.array(found, np.int64).reshape(-1, 2).T
    return sizes, distances


def _size(over: NDArray[np.bool_], centre: int) -> int:
    """Bases in a row, the centre among them."""
    if not over[centre]:
        return 0
    below = np.flatnonzero(~over)
    left, right = below[below < centre], below[below > centre]
    return (int(right.min()) if right.size else over.size) - (int(left.max()) if left.size else -1) - 1


def _distance(over: NDArray[np.bool_], centre: int) -> int:
    """Bases from the centre to the nearest one; the reach where there is none."""
    where = np.flatnonzero(over)
    return int(np.abs(where - centre).min()) if where.size else max(centre, over.size - 1 - centre)


def sequence_distances(sequences: Sequence[str]) -> Float64Array:
    """Compare short sequences of one odd length around their middles.

    Of all ungapped alignments that keep both middle bases in the overlap, the longest stretch of matches that contains
    at most one mismatch counts, by its matches m: distance max(0, 1 - m / 5).

    Returns
    -------
    float64 array, shape (N, N)

    Raises
    ------
    InputError
        For sequences of several or of even lengths.
    """
    rows = texts(sequences, "sequences", ("N",)).tolist()
    lengths = {len(row) for row in rows}
    if not all(map(str.isascii, rows)):
        raise InputError("sequences must be ASCII letters")
    if len(lengths) > 1 or any(length % 2 == 0 for length in lengths):
        raise InputError(f"sequences of one odd length expected, found lengths {sorted(lengths)}")
    n, length = len(rows), lengths.pop() if lengths else 1
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


def cluster_sequences(sequences: Sequence[str], *, cut: float = 0.25) -> NDArray[np.int64]:
    """Cluster short sequences by `sequence_distances`: complete linkage, cut at a distance.

    Returns
    -------
    int64 array, shape (N,)
        Cluster of each, numbered from 0 by the first member.
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    distances = sequence_distances(sequences)
    if len(distances) < 2:
        return np.zeros(len(distances), np.int64)
    tree = linkage(squareform(distances, checks=False), "complete")
    found = fcluster(tree, cut, "distance")
    number: dict[int, int] = {}
    return np.array([number.setdefault(int(k), len(number)) for k in found], np.int64)


def cluster_enrichment(clusters: ArrayLike, has: ArrayLike, *, least: int = 2) -> list[ClusterEnrichment]:
    """Test each cluster of at least ``least`` members for members with a property, against all others.

    Parameters
    ----------
    clusters : array-like of int, shape (N,)
    has : array-like of bool, shape (N,)
    least : int

    Returns
    -------
    list of ClusterEnrichment
        By cluster; q by Benjamini-Hochberg over those tested.
    """
    from scipy.stats import fisher_exact

    from .false_discovery import fdr

    of = whole_numbers(clusters, "clusters", ("N",))
    yes = truths(has, "has", of.shape)
    rows = []
    for cluster in np.unique(of).tolist():
        inside = of == cluster
        if inside.sum() < least:
            continue
        a, b = int((inside & yes).sum()), int((inside & ~yes).sum())
        c, d = int((~inside & yes).sum()), int((~inside & ~yes).sum())
        odds, p = fisher_exact(np.array([[a, b], [c, d]]))
        rows.append((cluster, a + b, a, float(odds), float(p)))
    q = fdr(np.array([row[4] for row in rows])) if rows else np.empty(0)
    return [ClusterEnrichment(*row, float(value)) for row, value in zip(rows, q, strict=True)]
