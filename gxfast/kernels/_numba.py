"""Numba kernels of the statistics; ``numpy_stats`` and ``tests/oracles`` hold their readable twins.

Import through ``kernels.load_kernels`` only: importing Numba costs a fifth of a second. All kernels are in
one file because Numba's cache does not notice changes in other files.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np

from .arguments import kernel_array, rank_arrays, row_arrays, step_arrays
from .jit import jit_flags
from .numpy_stats import DEFINED, FLAT_X, FLAT_Y, INFINITE, TOO_FEW

__all__ = ["average_ranks", "gram_path", "pearson_rows", "step_up"]

_SWEEPS = 100_000  # of coordinate descent at one lambda, at most

F = TypeVar("F", bound=Callable[..., Any])


def _jit(function: F) -> F:
    return cast(F, numba.jit(**jit_flags())(function))


@_jit
def _sums(x: Any, y: Any) -> tuple[float, float]:
    # eight accumulators per row: a fixed order of addition that the compiler can still vectorise
    n = x.shape[0]
    full = n - n % 8
    a0 = a1 = a2 = a3 = a4 = a5 = a6 = a7 = 0.0
    b0 = b1 = b2 = b3 = b4 = b5 = b6 = b7 = 0.0
    for i in range(0, full, 8):
        a0 += x[i]
        a1 += x[i + 1]
        a2 += x[i + 2]
        a3 += x[i + 3]
        a4 += x[i + 4]
        a5 += x[i + 5]
        a6 += x[i + 6]
        a7 += x[i + 7]
        b0 += y[i]
        b1 += y[i + 1]
        b2 += y[i + 2]
        b3 += y[i + 3]
        b4 += y[i + 4]
        b5 += y[i + 5]
        b6 += y[i + 6]
        b7 += y[i + 7]
    sx = ((a0 + a1) + (a2 + a3)) + ((a4 + a5) + (a6 + a7))
    sy = ((b0 + b1) + (b2 + b3)) + ((b4 + b5) + (b6 + b7))
    for i in range(full, n):
        sx += x[i]
        sy += y[i]
    return sx, sy


@_jit
def _moments(x: Any, y: Any, mx: float, my: float) -> tuple[float, float, float]:
    n = x.shape[0]
    full = n - n % 4
    xx0 = xx1 = xx2 = xx3 = 0.0
    yy0 = yy1 = yy2 = yy3 = 0.0
    xy0 = xy1 = xy2 = xy3 = 0.0
    sx0 = sx1 = sx2 = sx3 = 0.0
    sy0 = sy1 = sy2 = sy3 = 0.0
    for i in range(0, full, 4):
        u0, u1, u2, u3 = x[i] - mx, x[i + 1] - mx, x[i + 2] - mx, x[i + 3] - mx
        v0, v1, v2, v3 = y[i] - my, y[i + 1] - my, y[i + 2] - my, y[i + 3] - my
        xx0 += u0 * u0
        xx1 += u1 * u1
        xx2 += u2 * u2
        xx3 += u3 * u3
        yy0 += v0 * v0
        yy1 += v1 * v1
        yy2 += v2 * v2
        yy3 += v3 * v3
        xy0 += u0 * v0
        xy1 += u1 * v1
        xy2 += u2 * v2
        xy3 += u3 * v3
        sx0 += u0
        sx1 += u1
        sx2 += u2
        sx3 += u3
        sy0 += v0
        sy1 += v1
        sy2 += v2
        sy3 += v3
    xx, yy, xy = (xx0 + xx1) + (xx2 + xx3), (yy0 + yy1) + (yy2 + yy3), (xy0 + xy1) + (xy2 + xy3)
    sx, sy = (sx0 + sx1) + (sx2 + sx3), (sy0 + sy1) + (sy2 + sy3)
    for i in range(full, n):
        u, v = x[i] - mx, y[i] - my
        xx += u * u
        yy += v * v
        xy += u * v
        sx += u
        sy += v
    # what rounding left in the means
    return xx - sx * sx / n, yy - sy * sy / n, xy - sx * sy / n


@_jit
def _flat(x: Any) -> bool:
    first = x[0]
    for i in range(1, x.shape[0]):  # noqa: SIM110 - Numba compiles no generator expressions
        if x[i] != first:
            return False
    return True


@_jit
def _has_infinity(x: Any) -> bool:
    for i in range(x.shape[0]):  # noqa: SIM110
        if math.isinf(x[i]):
            return True
    return False


@_jit
def _scale(x: Any, out: Any) -> None:
    largest = 0.0
    for i in range(x.shape[0]):
        largest = max(largest, abs(x[i]))
    exponent = math.frexp(largest)[1]
    for i in range(x.shape[0]):
        out[i] = math.ldexp(np.float64(x[i]), -exponent)


@_jit
def _pearson(x: Any, y: Any, sx: float, sy: float, a: Any, b: Any) -> tuple[float, int]:
    """Correlate two rows without NaN whose sums are known; ``a`` and ``b`` are scratch, which x may be."""
    n = x.shape[0]
    if not (math.isfinite(sx) and math.isfinite(sy)) and (_has_infinity(x) or _has_infinity(y)):
        return np.nan, INFINITE
    if n < 3:
        return np.nan, TOO_FEW
    if _flat(x):
        return np.nan, FLAT_X
    if _flat(y):
        return np.nan, FLAT_Y
    xx, yy, xy = _moments(x, y, sx / n, sy / n)
    if not (1e-140 < xx < 1e140 and 1e-140 < yy < 1e140):
        # squares near overflow or underflow: the same again on rows scaled by a power of two
        _scale(x, a)
        _scale(y, b)
        sx, sy = _sums(a[:n], b[:n])
        xx, yy, xy = _moments(a[:n], b[:n], sx / n, sy / n)
    r = xy / math.sqrt(xx * yy)
    return min(1.0, max(-1.0, r)), DEFINED


def pearson_rows(x: Any, y: Any, r: Any, n: Any, why: Any) -> None:
    """Fill ``r``, ``n`` and ``why`` of every pair of rows of ``x`` and ``y``, shape (G, S)."""
    row_arrays(x, y, r, n, why)  # the loops look at no bounds
    _pearson_rows(x, y, r, n, why)


@_jit
def _pearson_rows(x: Any, y: Any, r: Any, n: Any, why: Any) -> None:
    people = x.shape[1]
    a = np.empty(people, np.float64)
    b = np.empty(people, np.float64)
    for g in range(x.shape[0]):
        sx, sy = _sums(x[g], y[g])
        if not (math.isnan(sx) or math.isnan(sy)):
            n[g] = people
            r[g], why[g] = _pearson(x[g], y[g], sx, sy, a, b)
            continue
        k = 0
        for i in range(people):
            if not (math.isnan(x[g, i]) or math.isnan(y[g, i])):
                a[k] = x[g, i]
                b[k] = y[g, i]
                k += 1
        n[g] = k
        sx, sy = _sums(a[:k], b[:k])
        r[g], why[g] = _pearson(a[:k], b[:k], sx, sy, a, b)


def average_ranks(x: Any, order: Any, ranks: Any) -> None:
    """Fill ``ranks`` (G, S) from ``order`` = argsort of ``x``; ties share their mean rank, NaN stays."""
    rank_arrays(x, order, ranks)
    _average_ranks(x, order, ranks)


@_jit
def _average_ranks(x: Any, order: Any, ranks: Any) -> None:
    people = x.shape[1]
    for g in range(x.shape[0]):
        start = 0
        while start < people:
            value = x[g, order[g, start]]
            if math.isnan(value):
                break
            stop = start + 1
            while stop < people and x[g, order[g, stop]] == value:
                stop += 1
            for i in range(start, stop):
                ranks[g, order[g, i]] = (start + stop + 1) / 2
            start = stop
        for i in range(start, people):
            ranks[g, order[g, i]] = np.nan


def step_up(p_sorted: Any, factor: float, q: Any) -> None:
    """Fill ``q`` with the adjusted values of ascending ``p_sorted``: running minimum from the largest."""
    step_arrays(p_sorted, q)
    _step_up(p_sorted, factor, q)


@_jit
def _step_up(p_sorted: Any, factor: float, q: Any) -> None:
    m = p_sorted.shape[0]
    scale = factor * m
    lowest = 1.0
    for i in range(m - 1, -1, -1):
        lowest = min(lowest, p_sorted[i] * scale / (i + 1))
        q[i] = lowest


@_jit
def _sweep(gram: Any, left: Any, b: Any, l1: float, l2: float, active_only: bool) -> float:
    """One round of coordinate descent; the largest squared change."""
    largest = 0.0
    for j in range(b.size):
        old = b[j]
        if active_only and old == 0.0:
            continue
        z = left[j] + old
        size = abs(z) - l1
        new = 0.0
        if size > 0.0 and gram[j, j] > 0.0:
            new = (size if z > 0.0 else -size) / (1.0 + l2)
        change = new - old
        if change != 0.0:
            row = gram[j]
            for i in range(b.size):
                left[i] -= change * row[i]
            b[j] = new
            largest = max(largest, change * change)
    return largest


@_jit
def _gap(correlation: Any, left: Any, b: Any, yy: float, l1: float, l2: float) -> float:
    """Objective less the value of the dual at the scaled residual: a bound on the way to the optimum."""
    fit = rest = square = size = steepest = 0.0
    for j in range(b.size):
        fit += b[j] * correlation[j]
        rest += b[j] * left[j]
        square += b[j] * b[j]
        size += abs(b[j])
        steepest = max(steepest, abs(left[j] - l2 * b[j]))
    residual = yy - fit - rest
    scale = min(1.0, l1 / steepest) if steepest > 0.0 else 1.0
    primal = 0.5 * residual + l1 * size + 0.5 * l2 * square
    return float(primal + 0.5 * scale * scale * (residual + l2 * square) - scale * (yy - fit))


def gram_path(gram: Any, correlation: Any, yy: float, lambdas: Any, l1_ratio: float, gap: float) -> Any:
    """Coefficients at each lambda, from the one before, and the largest gap as a share of ``yy / 2``.

    ``gram``: correlations of the standardised columns, float32 (p, p), with rows of 0 for columns without
    variation; ``correlation``: products with the centred response over n; ``yy``: its mean square.
    """
    size = correlation.size if isinstance(correlation, np.ndarray) else -1
    kernel_array(correlation, "correlation", np.float64, (size,))
    kernel_array(gram, "gram", np.float32, (size, size))
    kernel_array(lambdas, "lambdas", np.float64, (lambdas.size if isinstance(lambdas, np.ndarray) else -1,))
    return _gram_path(gram, correlation, yy, lambdas, l1_ratio, gap)


@_jit
def _gram_path(gram: Any, correlation: Any, yy: float, lambdas: Any, l1_ratio: float, gap: float) -> Any:
    b = np.zeros(correlation.size)
    left = correlation.copy()
    out = np.zeros((lambdas.size, b.size))
    worst = 0.0
    for at in range(lambdas.size):
        l1, l2 = lambdas[at] * l1_ratio, lambdas[at] * (1.0 - l1_ratio)
        enough = 1e-7 * yy
        for _ in range(_SWEEPS):
            if _sweep(gram, left, b, l1, l2, False) <= enough:
                found = _gap(correlation, left, b, yy, l1, l2)
                if found <= gap * 0.5 * yy or enough < 1e-22 * yy:
                    worst = max(worst, found / (0.5 * yy))
                    break
                enough *= 0.01
            for _ in range(_SWEEPS):
                if _sweep(gram, left, b, l1, l2, True) <= enough:
                    break
        out[at] = b
    return out, worst


def complete_linkage(distances: Any, most: int) -> Any:
    """Merge the nearest clusters, by the largest distance between their members, until one is left.

    Of equal distances the cluster with the lowest number is taken, but the one before in the chain of nearest
    neighbours first, as SciPy does.

    Parameters
    ----------
    distances : uint8 array, shape (N, N)
        Symmetric; overwritten.
    most : int
        Merges at larger distances are not returned.

    Returns
    -------
    int64 array, shape (M, 2)
        What was merged, in order; the merged cluster goes on under the second, larger number.

    References
    ----------
    Murtagh (1983), The Computer Journal 26, 354 (chains of nearest neighbours).
    """
    size = len(distances) if isinstance(distances, np.ndarray) else -1
    kernel_array(distances, "distances", np.uint8, (size, size))
    return _complete_linkage(distances, most)


@_jit
def _complete_linkage(distances: Any, most: int) -> Any:
    n = distances.shape[0]
    alive = np.ones(n, np.bool_)
    chain = np.empty(n, np.int64)
    merged = np.empty((n, 2), np.int64)
    length = found = lowest = 0
    for _ in range(n - 1):
        if length == 0:
            while not alive[lowest]:
                lowest += 1
            chain[0], length = lowest, 1
        while True:
            x = chain[length - 1]
            row = distances[x]
            y, least = (chain[length - 2], np.int64(row[chain[length - 2]])) if length > 1 else (-1, 256)
            for i in range(n):
                if row[i] < least and alive[i] and i != x:
                    y, least = i, np.int64(row[i])
            if length > 1 and y == chain[length - 2]:
                break
            chain[length] = y
            length += 1
        length -= 2
        if x > y:
            x, y = y, x
        if least <= most:
            merged[found, 0], merged[found, 1] = x, y
            found += 1
        alive[x] = False
        for i in range(n):
            if alive[i] and i != y:
                farther = max(distances[x, i], distances[y, i])
                distances[y, i] = farther
                distances[i, y] = farther
    return merged[:found]
