"""Facts about the machine and the versions, stored with every result."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import time
from pathlib import Path
from typing import Any

__all__ = ["machine_facts"]

_PACKAGES = ("gxfast", "numpy", "pysam", "onnxruntime", "numba", "scipy")


def _commit(checkout: Path) -> str | None:
    """Return the commit of a checkout, with ``-changed`` where tracked files differ from it; None outside one."""
    if not (checkout / ".git").exists():
        return None

    def answer(*words: str) -> str:
        command = ["git", "-C", str(checkout), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        changed = answer("status", "--porcelain", "--untracked-files=no")
        return answer("rev-parse", "--short", "HEAD") + ("-changed" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def machine_facts(checkout: Path | None = None) -> dict[str, Any]:
    """Return CPU, instruction sets, cores, load, versions, commit and date.

    Parameters
    ----------
    checkout : Path, optional
        Where the commit is read; the folder above the package by default.
    """
    from ..kernels import backend, cpu_name

    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "cpu": cpu_name(),
        "cpu_features": backend("cpp").cpu_features(),
        "cores": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 2),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "versions": versions,
        "commit": _commit(checkout or Path(__file__).parents[2]),
        "date": time.strftime("%Y-%m-%d"),
    }
