"""Lower a graph to a program of the compiled executor (`_kernels.DeltaProgram`).

Every tensor before the first operator that mixes positions is held as changes on the exact window of each row of
edits, cut to the positions that the output needs. The step of an operator (`gxfast.ism.ops`) takes the `Builder` and a
node. A node without one is a barrier: what it reads is written out in full, and onnxruntime runs the rest.
"""

from __future__ import annotations

from ..graph.intervals import needed
from ..graph.view import Graph, Node
from ..graph.windows import Analysis
from ..ops import UnsupportedError, operator_of
from ..ops.builder import Builder, Program

__all__ = ["lower"]


def lower(graph: Graph, analysis: Analysis) -> Program:
    """Lower the part of a float32 graph that stays local.

    Parameters
    ----------
    graph : Graph
    analysis : Analysis
        Of the same model.
    """
    builder, behind = Builder(graph, analysis, needed(graph, analysis)), set[str]()
    for node in graph.nodes:
        if builder.skipped.issuperset(node.made):
            continue
        reason = "" if not any(name in behind for name in node.reads) else "behind"
        if not reason:
            reason = _lowered(builder, node)
            if reason:
                builder.result.barriers[node.made[0]] = reason
        if reason:
            for name in node.reads:
                if name in analysis.windows and name not in behind:
                    builder.give_whole(name)
            behind.update(node.made)
            builder.result.behind.append(node)
        behind |= {output.tensor for output in builder.result.outputs if not output.axis}
    if graph.output_name not in behind:
        builder.give_whole(graph.output_name)
    return builder.finish()


def _lowered(builder: Builder, node: Node) -> str:
    """Add the steps of a node; the reason where that is not possible."""
    step = operator_of(node.op_type).step
    if step is None:
        return f"no compiled step for operator {node.op_type}"
    if not node.outputs[0]:
        return f"{node.op_type} leaves its first output out"
    try:
        step(builder, node)
    except UnsupportedError as reason:
        return str(reason)
    further = [name for name in node.made if name != node.outputs[0]]
    return "" if all(builder.has(name) for name in further) else f"{node.op_type} gives more than one output"
