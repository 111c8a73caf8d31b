"""The printed table: a line per case and peer, ratios only where the results agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .result import Row

__all__ = ["markdown"]


def markdown(rows: Sequence[Row], facts: dict[str, Any]) -> str:
    """Return the table, the goals, the absent peers (once each) and the notes."""
    lines = [
        f"{facts['cpu']}, {facts['cores']} cores, {facts['date']}, load {facts['load']}, size {facts['size']}; "
        "CPU seconds, one thread, medians of interleaved rounds",
        "",
        "| case | against | gxfast is faster by | spread | equal |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        lines += _lines(row)
    lines += ["", "| case | goal | measured | verdict |", "|---|---|---|---|"]
    for row in rows:
        lines += _verdicts(row)
    if any(row.used for row in rows):
        lines += ["", "| case | command | CPU seconds | spread | seconds | peak memory, MiB | memory beside gxfast's |"]
        lines += ["|---|---|---|---|---|---|---|", *(line for row in rows for line in _used(row))]
    absent = {(name, remedy) for row in rows for name, remedy in row.absent.items()}
    if absent:
        lines += ["", "Absent peers:", *(f"- {name}: {remedy}" for name, remedy in sorted(absent))]
    notes = [f"- {row.case}: {row.note}" for row in rows if row.note]
    return "\n".join([*lines, "", *notes]).rstrip()


def _lines(row: Row) -> Iterator[str]:
    if row.skipped:
        yield f"| {row.case} | skipped: {row.skipped} | | | |"
    elif not row.equal:
        yield f"| {row.case} | gxfast itself | no right result | | NO |"
    elif row.value is not None:
        yield f"| {row.case} | gxfast itself | {_seconds(row.value)} | | yes |"
    for name, ratio in (*row.limits.items(), *row.peers.items()) if row.equal else ():
        low, high = row.spread[name]
        yield f"| {row.case} | {name} | {_ratio(ratio)} | {_ratio(low)} to {_ratio(high)} | yes |"
    for name, number in row.figures.items():
        yield f"| {row.case} | {name} | {number:.4g} | | |"
    for name, problem in row.differ.items():
        yield f"| {row.case} | {name} | | {problem} | NO |"
    for name, error in row.failed.items():
        yield f"| {row.case} | {name} | failed: {error.replace('|', '/')} | | |"


def _used(row: Row) -> Iterator[str]:
    """What each whole command took; gxfast is the first."""
    memory = next((one.mebibytes for one in row.used.values()), 1.0)
    for name, one in row.used.items():
        low, high = one.spread
        yield (
            f"| {row.case} | {name} | {one.seconds:.3g} | {low:.3g} to {high:.3g} | {one.wall:.3g} | "
            f"{one.mebibytes:,.0f} | {_ratio(one.mebibytes / memory)} |"
        )


def _verdicts(row: Row) -> Iterator[str]:
    words = {True: "held", False: "not held", None: "not measured"}
    for verdict in row.verdicts():
        measured = "" if verdict["measured"] is None else f"{verdict['measured']:.3g}"
        yield f"| {row.case} | {verdict['text']} | {measured} | {words[verdict['held']]} |"
    if row.goal and not row.goals:
        yield f"| {row.case} | {row.goal} | | see the ratios |"


def _ratio(value: float) -> str:
    return f"{value:.2f}x" if value < 10 else f"{value:,.0f}x"


def _seconds(value: float) -> str:
    """Seconds per unit of work with a unit; only to see the order of magnitude."""
    for scale, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if value >= scale:
            return f"{value / scale:.3g} {unit}"
    return f"{value * 1e9:.3g} ns"
