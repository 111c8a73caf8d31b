"""Controls of positives: of the same chromosome and class, near in what tells positives from others without a model."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._objects import Brief
from ..errors import InputError
from ..kernels.arguments import finite_or_nan, texts, truths, whole_number
from .estimate import Estimate, factored
from .variant_metrics import auroc

__all__ = ["CovariateAudit", "Matches", "covariate_audit", "match_controls", "scaled_covariates"]

Float64Array = NDArray[np.float64]
Int64Array = NDArray[np.int64]
# Entries of a cost matrix (32 MB), above which only the nearest candidates of a positive are looked at; and the most
# edges to those that are looked at together.
_DENSE: Final = 4_000_000
_EDGES: Final = 8_000_000


@dataclass(frozen=True, slots=True, repr=False)
class Matches(Brief):
    """Positives with their controls.

    Attributes
    ----------
    positive : int64 array, shape (M,)
        Rows, growing.
    control : int64 array, shape (M, k)
        Rows, the nearest first; none stands twice.
    distance : float64 array, shape (M, k)
        Between scaled covariates.
    unmatched : dict of int to str
        Positive rows without controls, and why.
    n_groups, n_nearest : int
        Groups of equal exact columns; those in which only nearest candidates were assigned.
    """

    positive: Int64Array
    control: Int64Array
    distance: Float64Array
    unmatched: dict[int, str]
    n_groups: int
    n_nearest: int

    def _facts(self) -> str:
        return f"{self.positive.size} positives with {self.control.shape[1]} controls, {len(self.unmatched)} without"

    def sets(self, n: int) -> NDArray[np.str_]:
        """Return the name of each row's set, ``0``, ``1``, ...; empty outside; shape (n,)."""
        named = np.full(n, "", f"<U{len(str(max(1, self.positive.size)))}")
        names = np.arange(self.positive.size).astype(np.str_)
        named[self.positive] = names
        named[self.control] = names[:, np.newaxis]
        return named


@dataclass(frozen=True, slots=True, repr=False)
class CovariateAudit(Brief):
    """A covariate as if it were a score: ``flagged`` where the interval of its AUROC leaves 0.5."""

    covariate: str
    auroc: float
    low: float
    high: float
    n: int
    n_positive: int
    flagged: bool


def scaled_covariates(
    *, tss_distance: ArrayLike | None = None, frequency: ArrayLike | None = None, ld_score: ArrayLike | None = None
) -> dict[str, Float64Array]:
    """Return covariates on the scales on which they are matched.

    Parameters
    ----------
    tss_distance : array-like of float, shape (V,), optional
        Bases, signed or not: log10(|d| + 1).
    frequency : array-like of float, shape (V,), optional
        Of either allele: the minor one's.
    ld_score : array-like of float, shape (V,), optional

    Raises
    ------
    InputError
        If a frequency lies outside 0 to 1, or a value is infinite.
    """
    found: dict[str, Float64Array] = {}
    if tss_distance is not None:
        found["tss_distance"] = np.log10(np.abs(finite_or_nan(tss_distance, "tss_distance", ("V",))) + 1)
    if frequency is not None:
        values = finite_or_nan(frequency, "frequency", ("V",))
        if ((values < 0) | (values > 1)).any():
            raise InputError("frequency must lie between 0 and 1", remedy="give frequencies of alleles, not counts")
        found["frequency"] = np.minimum(values, 1 - values)
    if ld_score is not None:
        found["ld_score"] = finite_or_nan(ld_score, "ld_score", ("V",))
    return found


def match_controls(
    positive: ArrayLike, exact: Mapping[str, ArrayLike], covariates: Mapping[str, ArrayLike], *, k: int = 9,
    candidate: ArrayLike | None = None, order: ArrayLike | None = None,
) -> Matches:  # fmt: skip
    """Choose ``k`` controls for each positive, such that the sum of all distances is least.

    Parameters
    ----------
    positive : array-like of bool, shape (V,)
    exact : mapping of str to array-like of str, shape (V,)
        Columns in which controls equal their positive: chromosome, consequence. Rows with an empty text are left out.
    covariates : mapping of str to array-like of float, shape (V,)
        See `scaled_covariates`. Each is divided by its standard deviation over positives and candidates; rows with a
        NaN are left out. Without any, controls are the first of their group by ``order``.
    k : int, default 9
    candidate : array-like of bool, shape (V,), optional
        Rows that may be controls; all that are not positive by default.
    order : array-like of int, shape (V,), optional
        Ranks of rows, all different, by which equal ones are told apart: with them nothing depends on the order in
        which rows are given. Their places by default.

    Returns
    -------
    Matches
        A positive is without controls where a value of it is missing, or its group has too few candidates for all
        positives: then those farthest from their k-th nearest candidate go without.

    Raises
    ------
    InputError

    Notes
    -----
    Rosenbaum (1989), JASA 84, 1024: optimal assignment, by ``scipy.optimize.linear_sum_assignment`` in each group of
    equal exact columns. Groups of more than 4 million pairs are assigned among the ``4 k + 16`` nearest candidates of
    each positive, more where these do not suffice, by ``scipy.sparse.csgraph.min_weight_full_bipartite_matching``, some
    positives after others where there are more than 8 million pairs of them: memory stays below half a gigabyte.
    """
    mine = truths(positive, "positive", ("V",))
    others = ~mine if candidate is None else truths(candidate, "candidate", mine.shape) & ~mine
    k = whole_number(k, "k", 1, 10_000)
    if not covariates and not exact:
        raise InputError(
            "there is nothing to match by", remedy="give chromosomes, distances to the TSS, or frequencies"
        )
    group, points, incomplete = _groups(exact, covariates, mine | others)
    rank = np.arange(mine.size) if order is None else np.asarray(order)
    if rank.shape != mine.shape or np.unique(rank).size != rank.size:
        raise InputError(f"order must have one rank per row, all different, shape {mine.shape}")
    unmatched = {int(row): f"no {incomplete[row]}" for row in np.flatnonzero(mine & (incomplete != ""))}
    complete = np.flatnonzero((mine | others) & (incomplete == ""))
    complete = complete[np.lexsort((rank[complete], *points[complete].T[::-1], group[complete]))]
    edges = np.flatnonzero(np.diff(group[complete], prepend=-1))
    found, n_groups, n_nearest = list[tuple[int, Int64Array, Float64Array]](), 0, 0
    for rows in np.split(complete, edges[1:]) if complete.size else ():
        wanted, free = rows[mine[rows]], rows[~mine[rows]]
        if wanted.size:
            matched, left, nearest = _match_group(wanted, free, points, k)
            found += matched
            unmatched |= left
            n_groups, n_nearest = n_groups + 1, n_nearest + nearest
    found.sort(key=lambda one: one[0])
    return Matches(
        np.array([one[0] for one in found], np.int64), np.array([one[1] for one in found], np.int64).reshape(-1, k),
        np.array([one[2] for one in found], np.float64).reshape(-1, k), dict(sorted(unmatched.items())), n_groups,
        n_nearest,
    )  # fmt: skip


def _groups(
    exact: Mapping[str, ArrayLike], covariates: Mapping[str, ArrayLike], used: NDArray[np.bool_]
) -> tuple[Int64Array, Float64Array, NDArray[np.str_]]:
    """Group and scaled point of each row, and the first column that is missing in it."""
    group, incomplete = np.zeros(used.size, np.int64), np.full(used.size, "", object)
    for name, values in exact.items():
        column = texts(values, name, used.shape)
        incomplete[(column == "") & (incomplete == "")] = name
        names, code = factored(column)
        group = np.unique(group * len(names) + code, return_inverse=True)[1].reshape(-1)
    points = np.zeros((used.size, len(covariates)))
    for i, (name, values) in enumerate(covariates.items()):
        known = finite_or_nan(values, name, used.shape)
        incomplete[np.isnan(known) & (incomplete == "")] = name
        here = np.sort(known[used & ~np.isnan(known)])
        deviation = float(np.std(here)) if here.size else 0.0
        points[:, i] = known / deviation if deviation > 0 else 0.0
    return group, points, incomplete


def _match_group(
    wanted: Int64Array, free: Int64Array, points: Float64Array, k: int
) -> tuple[list[tuple[int, Int64Array, Float64Array]], dict[int, str], bool]:
    """Positives of a group with their controls; those without, and why; whether only the nearest were looked at."""
    left: dict[int, str] = {}
    if not points.shape[1]:
        n = min(wanted.size, free.size // k)
        left = {int(row): f"{free.size} candidates for {wanted.size} positives" for row in wanted[n:]}
        return [(int(wanted[i]), free[i * k : i * k + k], np.zeros(k)) for i in range(n)], left, False
    if wanted.size * k > free.size:
        n = free.size // k
        few = f"{free.size} candidates for {wanted.size} positives"
        nearest = _nearest(points[wanted], points[free], k)[0][:, -1] if n else np.zeros(wanted.size)
        kept = np.sort(np.argsort(nearest, kind="stable")[:n])
        left = {int(row): few for row in np.delete(wanted, kept)}
        wanted = wanted[kept]
    if not wanted.size:
        return [], left, False
    if wanted.size * k * free.size <= _DENSE:
        return list(_dense(wanted, free, points, k)), left, False
    return list(_sparse(wanted, free, points, k)), left, True


def _dense(
    wanted: Int64Array, free: Int64Array, points: Float64Array, k: int
) -> Iterator[tuple[int, Int64Array, Float64Array]]:
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    cost = cdist(points[wanted], points[free])
    _, columns = linear_sum_assignment(np.repeat(cost, k, axis=0))
    yield from _in_order(wanted, free, columns.reshape(-1, k), np.take_along_axis(cost, columns.reshape(-1, k), axis=1))


def _sparse(
    wanted: Int64Array, free: Int64Array, points: Float64Array, k: int
) -> Iterator[tuple[int, Int64Array, Float64Array]]:
    many = 4 * k + 16
    parts = np.array_split(wanted, math.ceil(wanted.size * k * many / _EDGES))
    waiting = [(part, many) for part in reversed(parts)]
    while waiting:
        part, many = waiting.pop()
        found = _assigned(points[part], points[free], k, many)
        if found is not None:
            yield from _in_order(part, free, *found)
            free = np.delete(free, found[0].reshape(-1))
        elif part.size == 1 or part.size * k * 2 * many <= _EDGES:
            waiting.append((part, 2 * many))
        else:
            first, second = np.array_split(part, 2)
            waiting += [(second, many), (first, many)]


def _assigned(mine: Float64Array, others: Float64Array, k: int, many: int) -> tuple[Int64Array, Float64Array] | None:
    """Places and distances of ``k`` of the ``many`` nearest of each, (M, k); None where they do not suffice."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    distance, near = _nearest(mine, others, many)
    # one more than the distance: an edge of weight 0 is none, and every matching has as many edges
    weights = np.repeat(distance + 1, k, axis=0).reshape(-1)
    places = np.repeat(near, k, axis=0).reshape(-1).astype(np.int32)
    starts = np.arange(0, weights.size + 1, near.shape[1], dtype=np.int32)
    graph = csr_array((weights, places, starts), shape=(len(mine) * k, len(others)))
    try:
        columns = min_weight_full_bipartite_matching(graph)[1].reshape(-1, k).astype(np.int64)
    except ValueError:  # there is no full matching
        return None
    chosen = others[columns] - mine[:, np.newaxis]
    return columns, np.sqrt(np.sum(chosen**2, axis=2))


def _nearest(mine: Float64Array, others: Float64Array, many: int) -> tuple[Float64Array, Int64Array]:
    """Distances and places of the nearest, (M, many)."""
    from scipy.spatial import KDTree

    many = min(many, len(others))
    distance, near = (np.asarray(one).reshape(len(mine), many) for one in KDTree(others).query(mine, k=many))
    return distance, near


def _in_order(
    wanted: Int64Array, free: Int64Array, columns: Int64Array, distance: Float64Array
) -> Iterator[tuple[int, Int64Array, Float64Array]]:
    for row, places, far in zip(wanted.tolist(), columns, distance, strict=True):
        nearest = np.lexsort((places, far))
        yield row, free[places[nearest]], far[nearest]


def covariate_audit(
    positive: ArrayLike, covariates: Mapping[str, ArrayLike], *, confidence: float = 0.95
) -> list[CovariateAudit]:
    """Score positives and their controls by each covariate alone: what is matched tells nothing, AUROC about 0.5.

    Parameters
    ----------
    positive : array-like of bool, shape (V,)
        Of matched rows.
    covariates : mapping of str to array-like of float, shape (V,)
    confidence : float, default 0.95
        Of the interval, of DeLong et al. (1988).

    Raises
    ------
    InputError
    """
    found, mine = [], truths(positive, "positive", ("V",))
    for name, values in covariates.items():
        known = finite_or_nan(values, name, mine.shape)
        one: Estimate = auroc(known, mine, n_bootstraps=0, confidence=confidence)
        leaves = bool(one.low > 0.5 or one.high < 0.5)
        found.append(CovariateAudit(name, one.value, one.low, one.high, one.n, one.n_positive, leaves))
    return found
