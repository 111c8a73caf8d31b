"""One row of the benchmark."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Row"]


@dataclass(frozen=True, slots=True)
class Row:
    """What one case found.

    Attributes
    ----------
    case : str
    goal : str
        The goal in words, e.g. ``">= 30x pysam loop"``.
    value : float
        Seconds per call of gxfast (median).
    peers : dict of str to float
        Ratio peer / gxfast of the medians: above 1, gxfast is faster.
    spread : dict of str to (float, float)
        Smallest and largest ratio over the rounds.
    equal : bool
        All results agreed; without it no ratio is printed.
    ratio_limit : float or None
        Physical limit / gxfast, where the case has one: 1 is the limit.
    absent : dict of str to str
        Peers that are not installed, with the remedy.
    note : str
        What the figures do not show.
    """

    case: str
    goal: str
    value: float
    equal: bool
    peers: dict[str, float] = field(default_factory=dict)
    spread: dict[str, tuple[float, float]] = field(default_factory=dict)
    ratio_limit: float | None = None
    absent: dict[str, str] = field(default_factory=dict)
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the row in the published layout."""
        best = min(self.peers, key=lambda name: self.peers[name], default=None)
        return {
            "case": self.case, "goal": self.goal, "value": self.value, "ratio_limit": self.ratio_limit,
            "ratio_best_peer": self.peers[best] if best else None, "best_peer": best, "equal": self.equal,
            "peers": self.peers, "spread": self.spread, "absent": self.absent, "note": self.note,
        }  # fmt: skip
