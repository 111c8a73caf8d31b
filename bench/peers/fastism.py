"""fastISM, from a run of its own (bench/fastism.sh): figures, not ratios, because it was not interleaved."""

from __future__ import annotations

import json
from typing import Final

from gxfast.bench.data import scratch_folder
from gxfast.bench.measure import Contender
from gxfast.bench.peers import ScanPeer, ScanWork

__all__ = ["FILE", "figures", "peers"]

FILE: Final = "fastism.json"


def figures(case: str) -> dict[str, float]:
    """Return what ``bench/fastism.sh`` found for a case, if its file lies in the cache."""
    path = scratch_folder("ism") / FILE
    if not path.is_file():
        return {}
    found = json.loads(path.read_text()).get(case, {})
    return {f"fastISM on its own: {name}": float(value) for name, value in found.items()}


def _not_timed(work: ScanWork) -> Contender | None:
    return None


def peers() -> list[ScanPeer]:
    """Return fastISM."""
    return [ScanPeer("fastISM", _not_timed, figures)]
