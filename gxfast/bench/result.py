"""Goals and rows: what a case set out to reach, and what it found."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["LIMIT", "VALUE", "Goal", "Row", "Used"]

# The name under which a goal asks for the first physical limit of its case.
LIMIT = "limit"
# The name under which a goal asks for gxfast's own seconds per unit of work.
VALUE = "value"


@dataclass(frozen=True, slots=True)
class Goal:
    """One number to reach: ratio against a peer or a limit, or a figure of the row.

    Attributes
    ----------
    id : str
        As in the design, e.g. ``"K1a"``.
    against : str
        Name of a peer, a limit (`LIMIT`: the first one) or a figure of the row; `VALUE`: its seconds.
    number : float
    at_least : bool
        The measured number must reach ``number`` (else it must not exceed it).
    """

    id: str
    against: str
    number: float
    at_least: bool = True

    def text(self) -> str:
        """Return the goal in words."""
        return f"{self.id}: {'>=' if self.at_least else '<='} {self.number:g} ({self.against})"

    def held_by(self, measured: float | None) -> bool | None:
        """Return whether a measured number reaches the goal; None without one."""
        if measured is None or math.isnan(measured):
            return None
        return measured >= self.number if self.at_least else measured <= self.number


@dataclass(frozen=True, slots=True)
class Used:
    """What a whole command took over the rounds.

    Attributes
    ----------
    seconds : float
        CPU seconds (user and system, children included), median.
    spread : (float, float)
        Fewest and most of a round.
    wall : float
        Seconds from start to end, median.
    mebibytes : float
        Peak resident memory of its largest process, the most of all rounds.
    """

    seconds: float
    spread: tuple[float, float]
    wall: float
    mebibytes: float


@dataclass(frozen=True, slots=True)
class Row:
    """What one case found.

    Attributes
    ----------
    case : str
    goal : str
        The goals in words.
    value : float or None
        Seconds per unit of work of gxfast (median); None where it did not run.
    equal : bool
        gxfast's result equals the independent reference; without it no ratio is printed.
    peers : dict of str to float
        Ratio peer / gxfast of the median times per unit of work: above 1, gxfast is faster.
    spread : dict of str to (float, float)
        Smallest and largest ratio over the rounds, of peers and limits.
    limits : dict of str to float
        Ratio limit / gxfast: 1 is the limit, above 1 is faster than it.
    figures : dict of str to float
        Other numbers of the case (bytes, memory).
    goals : tuple of Goal
    absent : dict of str to str
        Peers that are not installed, with the remedy.
    failed : dict of str to str
        Contenders that raised, with the error.
    differ : dict of str to str
        Peers whose result is another one, with what differs; they get no ratio.
    note : str
        What the figures do not show.
    skipped : str
        Why the case did not run, if it did not.
    used : dict of str to Used
        Where whole commands are compared: what each took, gxfast too.
    """

    case: str
    goal: str
    value: float | None
    equal: bool
    peers: dict[str, float] = field(default_factory=dict)
    spread: dict[str, tuple[float, float]] = field(default_factory=dict)
    limits: dict[str, float] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)
    goals: tuple[Goal, ...] = ()
    absent: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    differ: dict[str, str] = field(default_factory=dict)
    note: str = ""
    skipped: str = ""
    used: dict[str, Used] = field(default_factory=dict)

    @property
    def ratio_limit(self) -> float | None:
        """Ratio to the first physical limit, if the case has one."""
        return next(iter(self.limits.values()), None)

    def measured(self, goal: Goal) -> float | None:
        """Return the number a goal asks for, if this run has it."""
        if not self.equal:
            return None
        if goal.against == LIMIT:
            return self.ratio_limit
        if goal.against == VALUE:
            return self.value
        for numbers in (self.peers, self.limits, self.figures):
            if goal.against in numbers:
                return numbers[goal.against]
        return None

    def verdicts(self) -> list[dict[str, Any]]:
        """Return each goal with what was measured and whether it is held (None: not measured)."""
        found = [(goal, self.measured(goal)) for goal in self.goals]
        return [
            {"id": g.id, "text": g.text(), "number": g.number, "measured": m, "held": g.held_by(m)} for g, m in found
        ]

    def as_json(self) -> dict[str, Any]:
        """Return the row in the published layout."""
        best = min(self.peers, key=lambda name: self.peers[name], default=None)
        return {
            "case": self.case, "goal": self.goal, "value": self.value, "ratio_limit": self.ratio_limit,
            "ratio_best_peer": self.peers[best] if best else None, "best_peer": best, "equal": self.equal,
            "peers": self.peers, "spread": self.spread, "limits": self.limits, "figures": self.figures,
            "goals": self.verdicts(), "absent": self.absent, "failed": self.failed, "differ": self.differ,
            "note": self.note, "skipped": self.skipped, "used": {name: asdict(one) for name, one in self.used.items()},
        }  # fmt: skip
