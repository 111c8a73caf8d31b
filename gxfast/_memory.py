"""How much memory this process may still take: what is asked for is compared with it before it is allocated."""

from __future__ import annotations

import ctypes
import resource
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

from .errors import InputError

__all__ = ["Room", "available_bytes", "give_back", "require_bytes", "worker_room"]

T = TypeVar("T")

_SHARE: Final = 1 << 30  # bytes of a worker, where nothing is said

_CGROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)


def available_bytes() -> int:
    """Return what the machine, its cgroup and the limit of the address space leave this process, in bytes."""
    room = [_machine(), *(_number(limit) - _number(used) for limit, used in _CGROUPS if _number(limit))]
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        room.append(limit - pages * resource.getpagesize())
    return max(0, min(room))


def give_back() -> None:
    """Let the system have what this process has freed; without glibc's function for it nothing happens."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def require_bytes(needed: int, what: str, remedy: str, allowed: int | None = None) -> None:
    """Refuse to allocate more than is there, or than is allowed.

    Parameters
    ----------
    needed : int
    what : str
        What would be allocated, for the message.
    remedy : str
    allowed : int, optional
        As ``--max-mem``.

    Raises
    ------
    InputError
    """
    if allowed is not None and needed > allowed:
        raise InputError(f"{what} takes {_mebibytes(needed)}; {_mebibytes(allowed)} are allowed", remedy=remedy)
    if needed > (room := available_bytes()):
        raise InputError(f"{what} takes {_mebibytes(needed)}; {_mebibytes(room)} are free", remedy=remedy)


class Room:
    """Memory that workers share: each has its part; what does not fit into one waits until it has all of them.

    Parameters
    ----------
    allowed : int or None
        Bytes of all workers together; None: what is free.
    n_workers : int
    """

    def __init__(self, allowed: int | None, n_workers: int) -> None:
        self._allowed, self._n = allowed, max(1, n_workers)
        self._taken, self._freed = 0, threading.Condition()

    def within(self, work: Callable[[int], T | None], *, whole: bool) -> T | None:
        """Do work in the part of one worker, or else, where ``whole``, in all of the memory.

        Parameters
        ----------
        work : callable
            Takes the bytes that it may take; None where these are too few.
        whole : bool

        Returns
        -------
        T or None
            What ``work`` returned.
        """
        with self._parts(1):
            found = work(_SHARE if self._allowed is None else self._allowed // self._n)
        if found is None and whole:
            with self._parts(self._n):
                found = work(available_bytes() if self._allowed is None else self._allowed)
        return found

    @contextmanager
    def _parts(self, n: int) -> Iterator[None]:
        with self._freed:
            self._freed.wait_for(lambda: self._taken + n <= self._n)
            self._taken += n
        try:
            yield
        finally:
            with self._freed:
                self._taken -= n
                self._freed.notify_all()


def worker_room(max_mem: int | None, n_workers: int) -> Room:
    """Return the room of workers on genotypes: ``--max-mem`` without the quarter that keeps what was read."""
    return Room(None if max_mem is None else max(1, max_mem // 4 * 3), n_workers)


def _mebibytes(n: int) -> str:
    return f"{n / 2**20:,.0f} MiB"


def _machine() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 2**62


def _number(file: str) -> int:
    """The number in a file; 0 where there is none."""
    try:
        text = Path(file).read_text().strip()
    except OSError:
        return 0
    return int(text) if text.isdecimal() else 0
