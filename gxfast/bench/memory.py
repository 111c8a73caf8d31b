"""The peak of resident memory during a call, from the kernel's record."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from pathlib import Path

from .measure import UnavailableError

__all__ = ["peak_increase"]


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
