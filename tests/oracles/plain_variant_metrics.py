"""Slow twins of the metrics of variant scores: pairs one by one, samples row by row, derivatives by differences."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations, permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float64Array = NDArray[np.float64]


def plain_auroc(scores: Float64Array, positive: NDArray[np.bool_]) -> float:
    """Share of pairs of a positive and a negative in which the positive is higher; ties a half."""
    wins = [(a > b) + 0.5 * (a == b) for a in scores[positive] for b in scores[~positive]]
    return sum(wins) / len(wins) if wins else math.nan


def plain_average_precision(
    scores: Float64Array, positive: NDArray[np.bool_], weights: Float64Array | None = None
) -> float:
    """Sum over thresholds of what recall gains, times precision there."""
    weight = np.ones(len(scores)) if weights is None else weights
    total = sum(weight[positive])
    if not positive.any() or positive.all():
        return math.nan
    found = recall = 0.0
    for threshold in sorted(set(scores.tolist()), reverse=True):
        called = scores >= threshold
        true = sum(weight[called & positive])
        found += (true / total - recall) * true / sum(weight[called])
        recall = true / total
    return found


def plain_delong(scores: Float64Array, positive: NDArray[np.bool_]) -> float:
    """Standard error from the shares of pairs that each positive, and each negative, wins."""
    mine, others = scores[positive], scores[~positive]
    wins = (mine[:, None] > others) + 0.5 * (mine[:, None] == others)
    first, second = wins.mean(axis=1), wins.mean(axis=0)
    return math.sqrt(np.var(first, ddof=1) / len(mine) + np.var(second, ddof=1) / len(others))


def plain_jackknife(scores: Float64Array, positive: NDArray[np.bool_], step: float = 1e-5) -> float:
    """Standard error of average precision: differences of the weighted one, a little more of one row of a class."""
    variance = 0.0
    for kind in (positive, ~positive):
        rows, changes = np.flatnonzero(kind), []
        for row in rows:
            both = []
            for sign in (1, -1):
                weights = np.where(kind, 1 - sign * step, 1.0)
                weights[row] += sign * step * len(rows)
                both.append(plain_average_precision(scores, positive, weights))
            changes.append((both[0] - both[1]) / (2 * step))
        variance += float(np.mean(np.square(changes))) / len(rows)
    return math.sqrt(variance)


def plain_samples(
    scores: Float64Array, positive: NDArray[np.bool_], n: int, seed: int
) -> list[tuple[Float64Array, NDArray[np.bool_]]]:
    """Samples within class, row by row: rows of a class stand from the highest score to the lowest."""
    streams = [np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, k]))) for k in range(2)]
    classes = [np.sort(scores[kind])[::-1] for kind in (positive, ~positive)]
    found = []
    for _ in range(n):
        drawn = [rows[s.integers(0, rows.size, (1, rows.size))[0]] for s, rows in zip(streams, classes, strict=True)]
        found.append((np.concatenate(drawn), np.repeat([True, False], [rows.size for rows in classes])))
    return found


def plain_pairwise(scores: Float64Array, positive: NDArray[np.bool_], sets: NDArray[np.str_]) -> tuple[float, int]:
    """Share of pairs of one set in which the positive is higher, and how many pairs there are."""
    wins = [
        (scores[i] > scores[j]) + 0.5 * (scores[i] == scores[j])
        for i in np.flatnonzero(positive) for j in np.flatnonzero(~positive) if sets[i] == sets[j] != ""
    ]  # fmt: skip
    return (sum(wins) / len(wins) if wins else math.nan), len(wins)


def plain_matching(cost: Float64Array, k: int) -> float:
    """Least sum of distances with ``k`` different controls per row, by trying everything."""

    def best(row: int, free: frozenset[int]) -> float:
        if row == len(cost):
            return 0.0
        return min(sum(cost[row, list(own)]) + best(row + 1, free - set(own)) for own in combinations(sorted(free), k))

    return float(best(0, frozenset(range(cost.shape[1]))))


def all_orders(n: int, do: Callable[[NDArray[np.int64]], Any]) -> list[Any]:
    """What comes of every order of ``n`` rows."""
    return [do(np.array(order)) for order in permutations(range(n))]
