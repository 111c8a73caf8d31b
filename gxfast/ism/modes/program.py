"""Lower a graph to a program of the compiled executor (`_kernels.DeltaProgram`).

The same idea as the delta graph (`delta_graph`), without its indices and copies: every tensor before the first
operator that mixes positions is held as changes on the exact window of each row of edits, cut to the positions
that the output needs. A rule (`program_rules`) takes the `Builder` and a node and adds steps. A node without one is
a barrier: what it reads is written out in full, and onnxruntime runs the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..graph.view import Graph, Node
from ..graph.windows import Analysis
from ..ops.builder import Builder
from ..ops.errors import UnsupportedError

if TYPE_CHECKING:
    from ..ops.builder import Program

__all__ = ["lower"]


def lower(graph: Graph, analysis: Analysis) -> Program:
    """Lower the part of a float32 graph that stays local.

    Parameters
    ----------
    graph : Graph
    analysis : Analysis
        Of the same model.
    """
    from ..program_rules import rule_of

    builder, behind = Builder(graph, analysis), set[str]()
    for node in graph.nodes:
        if node.outputs[0] in builder.skipped:
            continue
        reason = "" if not any(name in behind for name in node.inputs) else "behind"
        if not reason:
            reason = _lowered(builder, node, rule_of(node.op_type))
            if reason:
                builder.result.barriers[node.outputs[0]] = reason
        if reason:
            for name in node.inputs:
                if name in analysis.windows and name not in behind:
                    builder.give_whole(name)
            behind.update(name for name in node.outputs if name)
            builder.result.behind.append(node)
        behind |= {output.tensor for output in builder.result.outputs if not output.axis}
    if graph.output_name not in behind:
        builder.give_whole(graph.output_name)
    return builder.finish()


def _lowered(builder: Builder, node: Node, rule: Any) -> str:
    """Add the steps of a node; the reason where that is not possible."""
    if rule is None:
        return f"no rule for operator {node.op_type}"
    try:
        rule(builder, node)
    except UnsupportedError as reason:
        return str(reason)
    return ""
