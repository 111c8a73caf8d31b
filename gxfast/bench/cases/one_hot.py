"""Cases K1: one-hot encoding into a large array (streaming) and into a reused buffer (cached), and the overhead."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...encode.one_hot import one_hot
from ..data import make_sequences
from ..limits import CACHED_FILL, STREAMING_FILL, fill_limit, streaming_fill
from ..measure import Contender, Field, UnavailableError, compare, same_array
from ..peers import Format, OneHotPeer, Sequences
from ..registry import Case, peers_of
from ..result import LIMIT, VALUE, Goal, Row
from ..scripts import one_hot as scripts

__all__ = ["cases", "expected_one_hot", "streaming"]

# Sequences per call at each size and length (W1).
_COUNTS = {"tiny": {10_500: 32, 196_608: 2}, "small": {10_500: 200, 196_608: 12}, "real": {10_500: 1000, 196_608: 60}}
# A reused buffer holds about 2.7 to 3.1 MB of float32: a batch that stays in the caches.
_IN_CACHE = {10_500: 16, 196_608: 1}
_FORMATS = [Format(layout, dtype, rc) for dtype in ("float32", "float16", "uint8") for layout in ("NLC", "NCL")
            for rc in (False, True)]  # fmt: skip


def expected_one_hot(letters: NDArray[np.uint8], form: Format, unknown: str = "zero") -> NDArray[Any]:
    """Return the encoding by plain comparisons, independent of gxfast."""
    upper = letters & 0xDF
    if form.reverse:
        upper = upper[:, ::-1]
    bases = b"TGCA" if form.reverse else b"ACGT"
    axis = -1 if form.layout == "NLC" else 1
    rows = np.stack([upper == base for base in bases], axis=axis).astype(form.dtype)
    if unknown == "quarter":
        rows[np.broadcast_to(rows.sum(axis, keepdims=True) == 0, rows.shape)] = 0.25
    return rows


@contextmanager
def streaming(always: bool) -> Iterator[None]:
    """Small arrays are streamed too inside, so that a small size measures the same code."""
    before = os.environ.get("GXFAST_STREAM_FROM")
    if always:
        os.environ["GXFAST_STREAM_FROM"] = "0"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("GXFAST_STREAM_FROM", None)
        else:
            os.environ["GXFAST_STREAM_FROM"] = before


@lru_cache(maxsize=1)
def _sequences(n: int, length: int) -> Sequences:
    letters = make_sequences(n, length)
    return Sequences(letters, [row.tobytes().decode() for row in letters])


Expected = Callable[[str], NDArray[Any]]


def _expected(sequences: Sequences, form: Format) -> Expected:
    """Return the right arrays by the row of an unknown base, made once each."""
    return lru_cache(partial(expected_one_hot, sequences.letters, form))


def _own(sequences: Sequences, form: Format, out: NDArray[Any], expected: Expected) -> Contender:
    def call() -> NDArray[Any]:
        return one_hot(
            sequences.letters, layout=form.layout, dtype=form.dtype, reverse_complement=form.reverse, out=out
        )

    return Contender("gxfast", call, len(out), same_array(expected("zero")))


def _peer(
    peer: OneHotPeer, sequences: Sequences, form: Format, out: NDArray[Any], expected: Expected
) -> Contender | None:
    remedy = peer.available()
    call = None if remedy else peer.build(sequences, form, out)
    if remedy and _makes(peer, form):
        raise UnavailableError(remedy)
    if call is None:
        return None
    return Contender(
        peer.name, call, len(sequences.letters), lambda found: same_array(expected(peer.unknown))(peer.arrays(found))
    )


def _makes(peer: OneHotPeer, form: Format) -> bool:
    """Whether an absent peer is worth naming here: most make float32 forward only."""
    return peer.name == scripts.NUMBA_LOOP or (form.dtype == "float32" and not form.reverse)


def _shape(n: int, length: int, layout: str) -> tuple[int, int, int]:
    return (n, length, 4) if layout == "NLC" else (n, 4, length)


def _into_large(form: Format, length: int, size: str) -> Row:
    n = _COUNTS[size][length]
    sequences = _sequences(n, length)
    out = np.zeros(_shape(n, length, form.layout), form.dtype)
    expected = _expected(sequences, form)
    field = Field(_own(sequences, form, out, expected))
    field.limits = fill_limit(STREAMING_FILL, out, n, non_temporal=True)
    for peer in (*scripts.peers(), *peers_of(OneHotPeer)):
        field.add(peer.name, partial(_peer, peer, sequences, form, out, expected))
    with streaming(always=size != "real"):
        return compare(f"one-hot-{form.name}-{length}-streaming", field, size=size, goals=_goals_large(form))


def _goals_large(form: Format) -> list[Goal]:
    goals = [Goal("K1a", LIMIT, 0.9 if form.dtype == "float32" else 0.85)]
    if form.dtype == "float32" and not form.reverse:
        goals.append(Goal("K1c", scripts.NUMBA_LOOP, 1.8))
    return goals


def _into_cached(form: Format, length: int, size: str) -> Row:
    n = _IN_CACHE[length]
    sequences = _sequences(n, length)
    out = np.zeros(_shape(n, length, form.layout), form.dtype)
    expected = _expected(sequences, form)
    field = Field(_own(sequences, form, out, expected))
    field.limits = [
        *fill_limit(CACHED_FILL, out, n, non_temporal=False),
        *streaming_fill(out.nbytes / n, size),
    ]
    for peer in scripts.peers():
        field.add(peer.name, partial(_peer, peer, sequences, form, out, expected))
    goals = [Goal("K1b", LIMIT, 0.65)] if form.dtype == "float32" else []
    return compare(f"one-hot-{form.name}-{length}-cached", field, size=size, goals=goals)


def _overhead(size: str) -> Row:
    letters = make_sequences(1, 16, unknown=0.0)
    out = np.zeros((1, 16, 4), np.float32)
    expected = expected_one_hot(letters, Format("NLC", "float32", False))
    field = Field(Contender("gxfast", lambda: one_hot(letters, out=out), 1, same_array(expected)))
    return compare("call-overhead-16-bases", field, size=size, goals=[Goal("overhead", VALUE, 10e-6, False)])


def cases() -> dict[str, Case]:
    """Return the cases by name."""
    found: dict[str, Case] = {}
    for length in (10_500, 196_608):
        for form in _FORMATS:
            found[f"one-hot-{form.name}-{length}-streaming"] = partial(_into_large, form, length)
            found[f"one-hot-{form.name}-{length}-cached"] = partial(_into_cached, form, length)
    return {**found, "call-overhead-16-bases": _overhead}
