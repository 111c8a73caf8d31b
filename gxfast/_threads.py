"""One thread budget for the whole package: environment, cgroup quota, CPU affinity; ours are the workers."""

from __future__ import annotations

import math
import operator
import os
import re
import resource
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from .errors import GxfastError, InputError

__all__ = ["PerThread", "one_blas_thread", "require_address_space", "resolve_threads", "thread_budget", "worker_pool"]


class PerThread(threading.local):
    """What each thread opens for itself; a copy that another process gets by pickle is empty."""

    def __reduce__(self) -> tuple[type[PerThread], tuple[()]]:
        return PerThread, ()


def thread_budget() -> int:
    """Return how many threads this process may keep busy (at least 1).

    The smallest of the CPU affinity, the cgroup CPU quota (v2, then v1) and ``GXFAST_NUM_THREADS``.
    """
    budget = len(os.sched_getaffinity(0))
    quota = _cgroup_quota()
    if quota is not None:
        budget = min(budget, max(1, math.ceil(quota)))
    override = os.environ.get("GXFAST_NUM_THREADS")
    if override:
        if not re.fullmatch("0*[1-9][0-9]{0,8}", override):
            raise InputError(
                f"GXFAST_NUM_THREADS must be a positive whole number, found {override!r}",
                remedy="unset GXFAST_NUM_THREADS or give a number such as 4",
            )
        budget = min(budget, int(override))
    return max(1, budget)


def resolve_threads(n_threads: int) -> int:
    """Translate the public convention: 0 means the whole budget, n > 0 means n, as far as that makes sense.

    Results do not depend on the number; more than four threads per core, or 64, would take memory for nothing.
    """
    try:
        number = operator.index(n_threads)
    except TypeError:
        raise InputError(f"n_threads must be a whole number, found {n_threads!r}") from None
    if not 0 <= number < 2**31:
        raise InputError(f"n_threads must be 0 (all) or positive, found {n_threads}")
    if number <= 64:
        return thread_budget() if number == 0 else number
    return min(number, max(64, 4 * (os.cpu_count() or 1)))


# Address space, in MiB, of the libraries of a command, and of the buffers and stacks that they make per core.
_BASE_MIB, _CORE_MIB = 320, 160


def require_address_space() -> None:
    """Refuse a limit on the address space (``ulimit -v``) in which the libraries do not fit.

    OpenBLAS asks for its buffers again and again, for ever, where there is no room for them.

    Raises
    ------
    GxfastError
    """
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    needed = _BASE_MIB + _CORE_MIB * len(os.sched_getaffinity(0))
    if limit != resource.RLIM_INFINITY and limit >> 20 < needed:
        raise GxfastError(
            f"the address space is limited to {limit >> 20} MiB, expected {needed} MiB or more",
            remedy=f"raise the limit (ulimit -v {needed << 10}), or allow fewer cores (taskset -c 0)",
        )


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let the linear algebra of NumPy and SciPy run on the calling thread alone.

    Threads of BLAS wait by spinning: together with workers, or beside another busy process, they cost several times
    the work itself. With one thread its sums have one order, too, and results do not depend on the machine's cores.
    The limit is the process's; where several threads enter, the first that set one decides (threadpoolctl).
    """
    # A library that is loaded later would start with all its threads.
    import scipy.linalg  # noqa: F401
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        yield


@contextmanager
def worker_pool(n_threads: int) -> Iterator[ThreadPoolExecutor]:
    """Return a pool of ``n_threads`` workers (at least one), each with one thread of BLAS."""
    with one_blas_thread(), ThreadPoolExecutor(max(1, n_threads)) as pool:
        yield pool


def _cgroup_quota() -> float | None:
    """The quota, read again after a second: it can change, and reading it takes longer than many a kernel."""
    return _quota_at(int(time.monotonic()))


@lru_cache(maxsize=1)
def _quota_at(second: int) -> float | None:
    try:
        limit, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return None if limit == "max" else int(limit) / int(period)
    except (OSError, ValueError):
        pass
    try:
        limit = Path("/sys/fs/cgroup/cpu/cpu.cfs_quota_us").read_text()
        period = Path("/sys/fs/cgroup/cpu/cpu.cfs_period_us").read_text()
        return int(limit) / int(period) if int(limit) > 0 else None
    except (OSError, ValueError):
        return None
