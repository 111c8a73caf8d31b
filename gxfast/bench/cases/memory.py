"""Cases M: memory that a call takes beyond its output."""

from __future__ import annotations

import itertools
from functools import partial

import numpy as np

from ..measure import goals_text, short_error
from ..memory import peak_increase
from ..peers import CohortPeer, CohortWork
from ..registry import Case
from ..result import Goal, Row
from .haplotypes import LENGTHS, cohort_peers, make_work, open_store

__all__ = ["cases"]

_MIB = 1 << 20
# What allocators and page tables may round up to, in MiB.
_SLACK_MIB = 4.0
_FRESH = "gxfast, fresh output: MiB beyond output"
_GIVEN = "gxfast, out= given: MiB"


def _case(form: str, kind: str, length: int, size: str) -> Row:
    store, work = open_store(kind, size), make_work(kind, size, length)
    chosen, window = np.arange(work.n), work.window(0)
    make = store.letters if form == "strings" else store.one_hot
    shape = (work.n, length) if form == "strings" else (work.n, length, 4)
    out = np.zeros(shape, np.uint8 if form == "strings" else np.float32)
    out[...] = 1  # every page is there
    make(*window, haplotypes=chosen[:2])  # what is loaded at the first call does not count
    fresh = peak_increase(lambda: make(*window, haplotypes=chosen))
    given = peak_increase(lambda: make(*window, haplotypes=chosen, out=out))
    figures = {
        "output MiB": out.nbytes / _MIB,
        _FRESH: (fresh - out.nbytes) / _MIB,
        _GIVEN: given / _MIB,
        "gxfast, fresh output: peak / output": fresh / out.nbytes,
    }
    failed: dict[str, str] = {}
    absent: dict[str, str] = {}
    if form == "strings":
        for peer in cohort_peers():
            _peer(peer, work, figures, failed, absent)
    allowed = _SLACK_MIB + length / _MIB
    goals = (Goal("M", _FRESH, allowed, at_least=False), Goal("M", _GIVEN, allowed, at_least=False))
    return Row(
        f"memory-{form}-{kind}-{length}", goals_text(goals), None, True, figures=figures, goals=goals, failed=failed,
        absent=absent, note="allowed: one haplotype of scratch and 4 MiB for page and allocator rounding",
    )  # fmt: skip


def _peer(
    peer: CohortPeer, work: CohortWork, figures: dict[str, float], failed: dict[str, str], absent: dict[str, str]
) -> None:
    if peer.letters is None or work.kind not in peer.kinds:
        return
    remedy = peer.available()
    if remedy:
        absent[peer.name] = remedy
        return
    try:
        call = peer.letters(work)
        call(1)
        peak = peak_increase(lambda: call(0))
    except Exception as error:
        failed[peer.name] = short_error(error)
        return
    figures[f"{peer.name}: peak / output"] = peak / (peer.rows(work) * work.length)


def cases() -> dict[str, Case]:
    """Return the cases by name."""
    return {
        f"memory-{form}-{kind}-{length}": partial(_case, form, kind, length)
        for kind, form, length in itertools.product(("snv", "mix"), ("strings", "one-hot"), LENGTHS)
    }
