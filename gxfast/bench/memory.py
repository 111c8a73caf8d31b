"""Cases M: memory that a call takes beyond its output, from the kernel's record of the peak."""

from __future__ import annotations

import ctypes
import itertools
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from .cohort_haplotypes import LENGTHS, cohort_peers, make_work, open_store
from .measure import UnavailableError, goals_text, short_error
from .peers.cohort_interface import CohortPeer, CohortWork
from .result import Goal, Row

__all__ = ["cases", "peak_increase"]

_MIB = 1 << 20
# What allocators and page tables may round up to, in MiB.
_SLACK_MIB = 4.0
_FRESH = "gxfast, fresh output: MiB beyond output"
_GIVEN = "gxfast, out= given: MiB"


def _status(field: str) -> int:
    found = re.search(rf"^{field}:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.M)
    if not found:
        raise UnavailableError("peak memory is read from /proc/self/status, on Linux only")
    return int(found[1]) * 1024


def _give_back_free_memory() -> None:
    """Ask the allocator to return free pages: a call that reuses them would seem to take none."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def peak_increase(call: Callable[[], object]) -> int:
    """Return by how many bytes resident memory rises while a call runs, its result included.

    The peak is reset before (Linux ``clear_refs``), so earlier work in the process does not hide it.
    """
    _give_back_free_memory()
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError as error:
        raise UnavailableError(f"the peak of resident memory cannot be reset here: {error}") from None
    before = _status("VmRSS")
    result = call()
    peak = _status("VmHWM")
    del result
    return max(0, peak - before)


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


def cases() -> dict[str, Callable[[str], Row]]:
    """Return the cases by name."""
    return {
        f"memory-{form}-{kind}-{length}": partial(_case, form, kind, length)
        for kind, form, length in itertools.product(("snv", "mix"), ("strings", "one-hot"), LENGTHS)
    }
