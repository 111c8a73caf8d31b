"""Motifs around driver SNVs: how far an attribution reaches, and which short sequences are alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._memory import require_bytes
from .._objects import Brief
from ..errors import InputError
from ..kernels import load_kernels
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
_LONGEST: Final = 63  # letters, a bit of a word each
_MOST_BITS: Final = 15  # of a table of all patterns
_ROWS: Final = 64  # of distances that are made together


@dataclass(frozen=True, slots=True, repr=False)
class ClusterEnrichment(Brief):
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
        For sequences of several or of even lengths, or of more than 63 letters.
    """
    rows, length = _checked_rows(sequences)
    steps = _mismatches(rows, length)
    return np.asarray(np.maximum(0.0, 1 - (_STRETCH - steps.astype(np.int64)) / _STRETCH))


def _checked_rows(sequences: Sequence[str]) -> tuple[list[str], int]:
    """Sequences of one odd length, upper-case, and that length."""
    rows = [row.upper() for row in texts(sequences, "sequences", ("N",)).tolist()]
    lengths = {len(row) for row in rows}
    if not all(map(str.isascii, rows)):
        raise InputError("sequences must be ASCII letters")
    if len(lengths) > 1 or any(length % 2 == 0 for length in lengths):
        raise InputError(f"sequences of one odd length expected, found lengths {sorted(lengths)}")
    if max(lengths, default=1) > _LONGEST:
        raise InputError(f"sequences of at most {_LONGEST} letters expected, found {max(lengths)}")
    return rows, lengths.pop() if lengths else 1


def _mismatches(rows: Sequence[str], length: int) -> NDArray[np.uint8]:
    """Distances in fifths, shape (N, N), a block of rows at a time.

    A sequence is a word of bits per bit of a letter's number; where all of two words agree, shifted, there is a match,
    and a table of all patterns of matches says how long their longest stretch is.
    """
    words, known = _words(rows, length)
    table = _longest_of_patterns(length) if length <= _MOST_BITS else None
    steps = np.empty((len(rows), len(rows)), np.uint8)
    for first in range(0, len(rows), _ROWS):
        some = slice(first, first + _ROWS)
        best = np.zeros((len(known[some]), len(rows)), np.uint8)
        for shift in range(-(length // 2), length // 2 + 1):
            here, there = (shift, 0) if shift > 0 else (0, -shift)
            same = np.asarray((known[some] >> here)[:, None] & (known >> there), known.dtype)
            for word in words:
                same &= ~((word[some] >> here)[:, None] ^ (word >> there))
            np.maximum(best, _longest_of(same, length) if table is None else table[same], out=best)
        steps[some] = _STRETCH - np.minimum(best, _STRETCH)
    return steps


def _words(rows: Sequence[str], length: int) -> tuple[list[NDArray[Any]], NDArray[Any]]:
    """Words of bits of each sequence, one per bit of the number of a letter; and which letters are not N."""
    letters = np.frombuffer("".join(rows).encode("ascii"), np.uint8).reshape(len(rows), length)
    kinds, numbers = np.unique(letters, return_inverse=True)
    numbers = numbers.reshape(letters.shape)
    kind: Any = np.uint32 if length < 32 else np.uint64
    places = kind(1) << np.arange(length, dtype=kind)
    n_bits = max(1, int(kinds.size - 1).bit_length())
    words = [((numbers >> bit & 1).astype(kind) * places).sum(axis=1, dtype=kind) for bit in range(n_bits)]
    return words, ((letters != ord("N")).astype(kind) * places).sum(axis=1, dtype=kind)


def _longest_of_patterns(length: int) -> NDArray[np.uint8]:
    """`_longest_of` of every pattern of so many bits."""
    return _longest_of(np.arange(1 << length, dtype=np.uint32), length)


def _longest_of(same: NDArray[Any], length: int) -> NDArray[np.uint8]:
    """Most matches (bits) in a stretch with at most one mismatch."""
    plain = np.zeros(same.shape, np.uint8)  # matches since the last mismatch
    bridged, best = np.zeros_like(plain), np.zeros_like(plain)  # since the one before it; so far
    for k in range(length):
        match = (same >> same.dtype.type(k) & same.dtype.type(1)).astype(bool)
        bridged = np.where(match, bridged + 1, plain)
        plain = np.where(match, plain + 1, 0).astype(np.uint8)
        best = np.maximum(best, bridged)
    return best


def cluster_sequences(sequences: Sequence[str], *, cut: float = 0.25) -> NDArray[np.int64]:
    """Cluster short sequences by `sequence_distances`: complete linkage, cut at a distance.

    Returns
    -------
    int64 array, shape (N,)
        Cluster of each, numbered from 0 by the first member.

    Raises
    ------
    InputError
        As `sequence_distances`; also where the N x N bytes of the distances are not free.

    Notes
    -----
    The clusters are those of ``scipy.cluster.hierarchy``, ties included, in N x N bytes instead of 24 times as many.
    """
    rows, length = _checked_rows(sequences)
    n = len(rows)
    if n < 2:
        return np.zeros(n, np.int64)
    require_bytes(n * n, f"the distances of {n:,} sequences", "cluster them in parts")
    steps = _mismatches(rows, length)
    within = [k for k in range(_STRETCH + 1) if max(0.0, 1 - (_STRETCH - k) / _STRETCH) <= cut]
    root = np.arange(n)
    for x, y in load_kernels("numba").complete_linkage(steps, within[-1] if within else -1).tolist():
        root[root == x] = y  # the later one goes on as the cluster
    number: dict[int, int] = {}
    return np.array([number.setdefault(int(k), len(number)) for k in root], np.int64)


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
