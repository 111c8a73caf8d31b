"""New arrays for results: with pages that come quickly, in memory that is not given back at once.

The first touch of a page costs more than writing it: 3 MiB in pages of 4 KiB take over 700 faults, twenty times as
long as encoding the 196,608 bases that fill them. Arrays from 1 MiB on therefore lie on huge pages, and the memory of
the last few is used again when nothing refers to it any more. Where memory is fragmented, the kernel moves other pages
to make a huge one, which takes longer than all the small ones: that is timed, and small pages are asked for, in one go,
for a while.
"""

from __future__ import annotations

import contextlib
import math
import mmap
import sys
import threading
import time
from collections import deque
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .streaming import aligned_array

__all__ = ["fresh"]

_HUGE: Final = 2 << 20
_FROM: Final = 1 << 20  # bytes; NumPy's own memory serves what is smaller
_STALL: Final = 0.8e-3  # seconds for the first huge page: four times what clearing it takes
_AFTER_STALL: Final = 10.0
_MADV_NOHUGEPAGE: Final = 15
_MADV_POPULATE_WRITE: Final = 23  # Linux 5.14
_KEPT: Final = 64 << 20  # bytes of memory that waits for another use, at most
_AT_MOST: Final = 8

_lock = threading.Lock()
_recent: deque[NDArray[np.uint8]] = deque()
_no_huge_before = 0.0


def fresh(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """Return an array with anything in it, as ``numpy.empty``; aligned as `aligned_array`."""
    kind = np.dtype(dtype)
    n = math.prod(shape) * kind.itemsize
    if n < _FROM or not hasattr(mmap, "MADV_HUGEPAGE"):
        return aligned_array(shape, kind)
    with _lock:
        memory = _unused(n)
        if memory is None:
            memory = _mapped(n)
            _remember(memory)
        # The view refers to `memory`, as every view of it will: that is how `_unused` knows.
        array: NDArray[Any] = memory[:n].view(kind).reshape(shape)
        return array


def _references(kept: deque[Any], index: int) -> int:
    return sys.getrefcount(kept[index])


# Of what the deque alone refers to: counted, for what a call itself holds is the interpreter's own business.
_FREE: Final = _references(deque([np.empty(0)]), 0)


def _unused(n: int) -> NDArray[np.uint8] | None:
    """Memory of about that size to which nothing refers."""
    for index in range(len(_recent)):
        if n <= _recent[index].size <= 2 * n and _references(_recent, index) == _FREE:
            return _recent[index]
    return None


def _mapped(n: int) -> NDArray[np.uint8]:
    """New memory, private: what a forked process writes is its own."""
    global _no_huge_before
    whole, rest = divmod(n, _HUGE)
    huge = (whole + (rest >= _HUGE // 2)) * _HUGE
    pages = mmap.mmap(-1, max(n, huge) + _HUGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    first = -np.frombuffer(pages, np.uint8).ctypes.data % _HUGE
    with contextlib.suppress(OSError):  # a kernel that has no huge pages, or cannot give pages in advance
        start = time.perf_counter()
        if huge and start >= _no_huge_before:
            pages.madvise(mmap.MADV_HUGEPAGE, first, huge)
            pages[first] = 0
            taken = time.perf_counter() - start
            if taken < _STALL:
                return np.frombuffer(pages, np.uint8, count=n, offset=first)
            _no_huge_before = start + _AFTER_STALL
            pages.madvise(_MADV_NOHUGEPAGE, first, huge)
        if n <= _KEPT:  # more is touched by all threads at once
            pages.madvise(_MADV_POPULATE_WRITE, first, n)
    return np.frombuffer(pages, np.uint8, count=n, offset=first)


def _remember(memory: NDArray[np.uint8]) -> None:
    if memory.size <= _KEPT:
        _recent.append(memory)
    while len(_recent) > _AT_MOST or sum(one.size for one in _recent) > _KEPT:
        _recent.popleft()
