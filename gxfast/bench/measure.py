"""One comparison: results checked against a reference, then everything timed in interleaved rounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .instruction_sets import beside, held_to
from .registry import goals_of
from .result import Goal, Row
from .timing import calls_for, cpu_seconds, interleave

__all__ = ["ROUNDS", "Contender", "Field", "UnavailableError", "compare", "goals_text", "same_array", "short_error"]

ROUNDS = {"tiny": 3, "small": 5, "real": 9}
_BLOCK_SECONDS = {"tiny": 0.001, "small": 0.005, "real": 0.02}
_SLOW_SECONDS, _SLOW_ROUNDS = 1.0, 3  # a peer whose call takes longer runs in the first rounds only
OWN = "gxfast"


class UnavailableError(Exception):
    """A case or a peer cannot run here; the text is the remedy."""


@dataclass(frozen=True, slots=True)
class Contender:
    """Something to be timed.

    Attributes
    ----------
    name : str
    call : callable
        One block of work; its result goes to ``check``.
    items : float
        Units of work done by one call.
    check : callable or None
        Takes the result of the first call, returns what is wrong with it (``""``: nothing).
    """

    name: str
    call: Callable[[], Any]
    items: float
    check: Callable[[Any], str] | None = None


@dataclass(slots=True)
class Field:
    """The contenders of one case; building a peer may fail without ending the case."""

    own: Contender
    limits: list[Contender] = field(default_factory=list)
    peers: list[Contender] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, build: Callable[[], Contender | None]) -> None:
        """Add the peer that ``build`` returns; None: it does not make this output."""
        try:
            peer = build()
        except UnavailableError as reason:
            self.absent[name] = str(reason)
        except Exception as error:
            self.failed[name] = short_error(error)
        else:
            if peer is not None:
                self.peers.append(peer)


def short_error(error: BaseException) -> str:
    """Return an error in one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:160]}"


def same_array(expected: NDArray[Any]) -> Callable[[Any], str]:
    """Return a check for equality with an array, whatever the dtype and kind of the result."""

    def check(result: Any) -> str:
        found = np.asarray(result)
        if found.shape != expected.shape:
            return f"shape {found.shape}, expected {expected.shape}"
        if np.array_equal(found, expected):
            return ""
        return f"{np.count_nonzero(found != expected)} of {expected.size} values differ"

    return check


def goals_text(goals: Sequence[Goal]) -> str:
    """Return the goals in words."""
    return "; ".join(goal.text() for goal in goals)


def _first_call(contender: Contender) -> tuple[str, float]:
    """Return what is wrong with the result, and the CPU seconds that the call took."""
    start = cpu_seconds()
    result = contender.call()
    taken = cpu_seconds() - start
    return (contender.check(result) if contender.check else ""), taken


def _time(running: Sequence[Contender], first: dict[str, float], size: str) -> dict[str, NDArray[np.float64]]:
    """Return seconds per unit of work over the rounds, the contenders interleaved."""
    block = _BLOCK_SECONDS[size]
    calls = {c.name: calls_for(c.call, at_least=block) for c in running if first[c.name] < 20 * block}
    slow = {name: _SLOW_ROUNDS for name, taken in first.items() if taken > _SLOW_SECONDS}
    slow.pop(OWN, None)
    timed = interleave(
        {c.name: c.call for c in running}, rounds=ROUNDS[size], calls=calls, rounds_of=slow, warm_up=False
    )
    return {c.name: np.array(timed[c.name].seconds) / c.items for c in running}


def compare(
    case: str,
    contenders: Field,
    *,
    size: str,
    goals: Sequence[Goal] = (),
    figures: dict[str, float] | None = None,
    note: str = "",
) -> Row:
    """Check and time the contenders of one case.

    A peer that raises or gives another result keeps the others going; gxfast must equal the reference, or no
    ratio is reported at all.

    Goals that a checkout added to the case are judged with those given.

    Returns
    -------
    Row
    """
    goals = (*goals, *goals_of(case))
    failed, differ = dict(contenders.failed), {}
    running: list[Contender] = []
    first: dict[str, float] = {}
    equal = True
    own_call = contenders.own
    held = [replace(own_call, name=f"gxfast, {name} alone", call=held_to(name, own_call.call)) for name in beside]
    for contender in [own_call, *contenders.limits, *held, *contenders.peers]:
        try:
            problem, first[contender.name] = _first_call(contender)
        except Exception as error:
            failed[contender.name] = short_error(error)
            equal = equal and contender is not contenders.own
            continue
        if problem:
            differ[contender.name] = problem
            equal = equal and contender is not contenders.own
            continue
        running.append(contender)
    row_of = {
        "case": case, "goal": goals_text(goals), "goals": goals, "absent": contenders.absent,
        "failed": failed, "differ": differ, "figures": figures or {}, "note": note,
    }  # fmt: skip
    if not equal:
        return Row(value=None, equal=False, **row_of)  # type: ignore[arg-type]
    per_item = _time(running, first, size)
    own = per_item.pop(contenders.own.name)
    ratio = {name: float(np.median(seconds) / np.median(own)) for name, seconds in per_item.items()}
    by_round = {name: seconds / own[: len(seconds)] for name, seconds in per_item.items()}
    spread = {name: (float(ratios.min()), float(ratios.max())) for name, ratios in by_round.items()}
    limit_names = [c.name for c in contenders.limits]
    return Row(
        value=float(np.median(own)),
        equal=True,
        limits={name: ratio[name] for name in limit_names if name in ratio},
        peers={name: value for name, value in ratio.items() if name not in limit_names},
        spread=spread,
        **row_of,  # type: ignore[arg-type]
    )
