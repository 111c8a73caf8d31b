"""Cases of row-wise Pearson and Spearman correlation, and of p values."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....stats import pearson, spearman
from ....stats.tails import correlation_p
from ...measure import Contender, Field, compare
from ...packages import load
from ...peers import StatisticPeer
from ...registry import Case, peers_of
from ...result import LIMIT, VALUE, Goal, Row
from .data import make_rows

__all__ = ["cases", "masked", "ranked"]

_SHAPES = {"tiny": (200, 100), "small": (4000, 421), "real": (20_000, 839)}
_RANKED = {"tiny": 100, "small": 1000, "real": 4000}
_TOLERANCE = 1e-6  # peers that sum in float32 are still peers; what matters is that they mean the same


def _reference(x: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """Two passes in float64, row by row; NaN for constant rows."""
    out = np.full(x.shape[0], np.nan)
    for g in range(x.shape[0]):
        used = ~(np.isnan(x[g]) | np.isnan(y[g]))
        a, b = x[g, used].astype(np.float64), y[g, used].astype(np.float64)
        if a.min() < a.max() and b.min() < b.max():
            a, b = a - a.mean(), b - b.mean()
            out[g] = (a @ b) / np.sqrt((a @ a) * (b @ b))
    return out


def _same(expected: NDArray[np.float64], tolerance: float) -> Callable[[Any], str]:
    """Constant rows are compared for gxfast only (tolerance below 1e-12): most peers give them noise."""

    def check(result: Any) -> str:
        found = np.asarray(result[0] if isinstance(result, tuple) else result, np.float64)
        if found.shape != expected.shape:
            return f"shape {found.shape}, expected {expected.shape}"
        known = ~np.isnan(expected)
        if tolerance < 1e-12 and np.isfinite(found[~known]).any():
            return "constant rows have a correlation"
        worst = float(np.abs(found[known] - expected[known]).max())
        return "" if worst <= tolerance else f"differs by {worst:.1e}"

    return check


def _with_p(r: NDArray[Any], df: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """The careful user's p value."""
    from scipy import special

    with np.errstate(all="ignore"):
        return r, 2 * special.stdtr(df, -np.abs(r) * np.sqrt(df / ((1 - r) * (1 + r))))


def _einsum(x: NDArray[Any], y: NDArray[Any]) -> Any:
    a = x - x.mean(axis=1, dtype=np.float64, keepdims=True)
    b = y - y.mean(axis=1, dtype=np.float64, keepdims=True)
    with np.errstate(all="ignore"):
        r = np.einsum("gs,gs->g", a, b) / np.sqrt(np.einsum("gs,gs->g", a, a) * np.einsum("gs,gs->g", b, b))
    return _with_p(r, x.shape[1] - 2)


def _scipy_rows(x: NDArray[Any], y: NDArray[Any]) -> Any:
    stats = load("scipy.stats", "scipy")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = stats.pearsonr(x, y, axis=1)
    return found.statistic, found.pvalue


def masked(mean: Callable[..., Any]) -> Callable[[NDArray[Any], NDArray[Any]], Any]:
    """Return the idiom for gaps: blank both, then means that skip NaN."""

    def correlate(x: NDArray[Any], y: NDArray[Any]) -> Any:
        gaps = np.isnan(x) | np.isnan(y)
        a, b = np.where(gaps, np.nan, x).astype(np.float64), np.where(gaps, np.nan, y).astype(np.float64)
        a -= mean(a, axis=1)[:, None]
        b -= mean(b, axis=1)[:, None]
        with np.errstate(all="ignore"):
            r = mean(a * b, axis=1) / np.sqrt(mean(a * a, axis=1) * mean(b * b, axis=1))
        return _with_p(r, x.shape[1] - gaps.sum(axis=1) - 2)

    return correlate


def ranked(rank: Callable[..., Any]) -> Callable[[NDArray[Any], NDArray[Any]], Any]:
    """Return the idiom for ranks: rank both, then correlate."""
    return lambda x, y: _einsum(rank(x, axis=1), rank(y, axis=1))


def _pearson_case(kind: str, dtype: str, size: str) -> Row:
    genes, people = _SHAPES[size]
    x, y = (values.astype(dtype) for values in make_rows(genes, people, kind))
    expected = _reference(x, y)

    def own() -> Any:
        found = pearson(x, y)
        return found.r, found.p

    field = Field(Contender("gxfast", own, genes, _same(expected, 1e-13)))
    flat = x.reshape(-1), y.reshape(-1)
    field.limits = [Contender("reading both (BLAS dot)", lambda: np.dot(*flat), genes)]
    scripts = [StatisticPeer("NumPy nan idiom", "pearson-gaps", lambda: masked(np.nanmean))]
    if kind == "plain":
        scripts = [
            StatisticPeer("scipy pearsonr(axis=1)", "pearson-plain", lambda: _scipy_rows),
            StatisticPeer("NumPy einsum idiom", "pearson-plain", lambda: _einsum),
        ]
    _add_peers(field, f"pearson-{kind}", scripts, x, y, expected)
    goals = [Goal("rows", "scipy pearsonr(axis=1)", 15 if dtype == "float32" else 20)]
    if kind == "gaps":
        goals = [Goal("rows", "NumPy nan idiom", 10)]
    elif dtype == "float32":
        goals.append(Goal("rows", LIMIT, 0.6))
    return compare(f"pearson-{kind}-{dtype}", field, size=size, goals=goals, note="with p values; the limit without")


def _add_peers(
    field: Field, case: str, scripts: list[StatisticPeer], x: Any, y: Any, expected: NDArray[np.float64]
) -> None:
    def contender(peer: StatisticPeer) -> Contender:
        return Contender(peer.name, partial(peer.build(), x, y), len(x), _same(expected, _TOLERANCE))

    for peer in (*scripts, *peers_of(StatisticPeer)):
        if case.startswith(peer.cases):
            field.add(peer.name, partial(contender, peer))


def _spearman_case(kind: str, size: str) -> Row:
    from scipy import stats

    people, genes = _SHAPES[size][1], _RANKED[size]
    x, y = (values[-genes:] for values in make_rows(_SHAPES[size][0], people, kind))
    expected = _reference(stats.rankdata(x, axis=1), stats.rankdata(y, axis=1))

    def own() -> Any:
        found = spearman(x, y)
        return found.rho, found.p

    field = Field(Contender("gxfast", own, genes, _same(expected, 1e-13)))
    scripts = [StatisticPeer("scipy rankdata idiom", "spearman", lambda: ranked(stats.rankdata))]
    _add_peers(field, f"spearman-{kind}", scripts, x, y, expected)
    return compare(f"spearman-{kind}", field, size=size)


def _tail_case(size: str) -> Row:
    from scipy import special, stats

    n = {"tiny": 1000, "small": 20_000, "real": 200_000}[size]
    r = np.random.default_rng(3).uniform(-0.95, 0.95, n)
    df = 837.0
    t = np.abs(r) * np.sqrt(df / ((1 - r) * (1 + r)))
    expected = 2 * special.stdtr(df, -t)

    def check(result: Any) -> str:
        p = result[0] if isinstance(result, tuple) else result
        large = expected > 1e-290
        worst = float(np.abs(p[large] / expected[large] - 1).max())
        return "" if worst < 1e-9 else f"differs by {worst:.1e}"

    field = Field(Contender("gxfast", lambda: correlation_p(r, df), n, check))
    field.peers = [
        Contender("scipy stdtr (p only)", lambda: 2 * special.stdtr(df, -t), n, check),
        Contender("scipy t.sf (p only)", lambda: 2 * stats.t.sf(t, df), n, check),
    ]
    return compare("p-values", field, size=size, goals=[Goal("tail", VALUE, 30e-9, at_least=False)],
                   note="p and log10 p that does not underflow")  # fmt: skip


def cases() -> dict[str, Case]:
    """Return the cases by name."""
    found: dict[str, Case] = {}
    for kind, dtype in (("plain", "float32"), ("plain", "float64"), ("gaps", "float32")):
        found[f"pearson-{kind}-{dtype}"] = partial(_pearson_case, kind, dtype)
    for kind in ("plain", "ties"):
        found[f"spearman-{kind}"] = partial(_spearman_case, kind)
    return {**found, "p-values": _tail_case}
