"""How much memory this process may still take: what is asked for is compared with it before it is allocated."""

from __future__ import annotations

import resource
from pathlib import Path

from .errors import InputError

__all__ = ["available_bytes", "require_bytes"]

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
