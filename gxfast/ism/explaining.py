"""A plan as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from .costs import Costs, node_macs
from .graph.intervals import needed
from .graph.view import Graph, Node
from .graph.windows import Analysis
from .modes.packing import Frontier
from .modes.runner import Runner

if TYPE_CHECKING:
    from ..models.session import Model

__all__ = ["Choice", "explain"]


class Choice(Protocol):
    """What is explained: the attributes of a `Plan`, and why its mode was chosen."""

    model: Model
    mode: str
    reason: str
    tracks: tuple[str, ...]
    graph: Graph
    analysis: Analysis
    frontier: Frontier
    costs: Costs
    runner: Runner
    probed: str


def explain(plan: Choice) -> str:
    """Return the table that `Plan.explain` documents."""
    graph, analysis = plan.graph, plan.analysis
    wanted = needed(graph, analysis)
    lines = [
        f"{plan.model.card.name}: {graph.length} bases in, {len(plan.tracks)} values out, mode {plan.mode} by"
        f" {type(plan.runner).__name__} ({plan.reason})",
        f"{'operator':<24}{'tensor':<28}{'shape':<20}{'window':>8}{'needed':>8}{'MMAC':>12}{'KiB':>10}  note",
    ]
    behind = []
    for node in graph.nodes:
        window = analysis.windows.get(node.made[0])
        if window is None and node not in analysis.barriers:
            behind.append(node)
            continue
        width, need = "all", "all"
        if window is not None:
            first, final = wanted.get(node.made[0], (0, window.length - 1))
            width, need = f"{window.width}", f"{max(0, min(window.width, final - first + 1))}"
        lines.append(_line(plan, node, width, need))
    if behind:
        macs, size = sum(node_macs(graph, node) for node in behind) / 1e6, sum(_kib(graph, node) for node in behind)
        text = f"{len(behind)} operators behind the barriers"
        lines.append(f"{text:<72}{'all':>8}{'all':>8}{macs:>12.3f}{size:>10.1f}  in full for every mutation")
    return "\n".join([*lines, *_summary(plan)])


def _line(plan: Choice, node: Node, width: str, need: str) -> str:
    graph, name = plan.graph, node.made[0]
    shape = "x".join(str(n) for n in graph.shape(name)[1:])
    macs = node_macs(graph, node) / 1e6
    line = (
        f"{node.op_type[:23]:<24}{name[-27:]:<28}{shape:<20}{width:>8}{need:>8}{macs:>12.3f}"
        f"{_kib(graph, node):>10.1f}  {_note(plan, node)}"
    )
    return line.rstrip()


def _kib(graph: Graph, node: Node) -> float:
    """Size of the first output per sequence."""
    name = node.made[0]
    return float(np.prod(graph.shape(name))) * graph.dtype(name).itemsize / graph.batch / 1024


def _note(plan: Choice, node: Node) -> str:
    """Why windows end here, for the mode that runs."""
    own = getattr(plan.runner, "barriers", {})
    if node.made[0] in own:
        return f"barrier: {own[node.made[0]]}"
    if node in plan.analysis.barriers:
        # Mode delta follows some of them: it adds up what changed.
        followed = plan.mode == "delta" and not any(name in own for name in node.made)
        return "sums of changes" if followed else f"barrier: {plan.analysis.barriers[node]}"
    return "cut here" if node.made[0] in plan.frontier.tensors and plan.mode == "packed" else ""


def _summary(plan: Choice) -> list[str]:
    costs, live, lines = plan.costs, int(plan.frontier.live.sum()), []
    if live < plan.graph.length:
        lines.append(f"{plan.graph.length - live} positions cannot change the output; they are not computed")
    lines.append(
        f"mutations closer than {plan.frontier.distance} bases touch each other at the cut; one pass carries up to"
        f" {costs.per_pass:.1f} of them"
    )
    lines.append(
        f"cost per mutation (millions of multiply-adds): naive {costs.naive / 1e6:.3f}, packed"
        f" {costs.packed / 1e6:.3f}, delta {costs.delta / 1e6:.3f}; predicted speed-up of packed"
        f" {costs.naive / costs.packed:.1f}, of delta {costs.naive / costs.delta:.1f}"
    )
    if plan.probed:
        lines.append(f"checked: {plan.probed}")
    return lines
