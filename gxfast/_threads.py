"""One thread budget for the whole package: environment, cgroup quota, CPU affinity."""

from __future__ import annotations

import math
import os
from pathlib import Path

from .errors import InputError

__all__ = ["resolve_threads", "thread_budget"]


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
        if not override.isdigit() or int(override) < 1:
            raise InputError(
                f"GXFAST_NUM_THREADS must be a positive whole number, found {override!r}",
                remedy="unset GXFAST_NUM_THREADS or give a number such as 4",
            )
        budget = min(budget, int(override))
    return max(1, budget)


def resolve_threads(n_threads: int) -> int:
    """Translate the public convention: 0 means the whole budget, n > 0 means n."""
    if n_threads < 0:
        raise InputError(f"n_threads must be 0 (all) or positive, found {n_threads}")
    return thread_budget() if n_threads == 0 else n_threads


def _cgroup_quota() -> float | None:
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
