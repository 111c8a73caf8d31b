"""Which positions of every tensor a change of one base can alter, and which ones an output needs.

`analyse(graph)` gives an `Analysis`. For a tensor with a sequence axis, ``analysis.windows[tensor]`` is a
`Window`: the ``axis``, and for every input position p the interval ``[lo[p], hi[p]]`` (inclusive). Two forms:

- ``window.lo``, ``window.hi``: clipped to the tensor and exact; ``hi < lo`` means that nothing changes.
- ``window.free_lo``, ``window.free_hi``: as if the tensor had no ends. For a chain of convolutions and pools these
  are affine functions of p with a floor, so that ``window.width`` (the largest one) is the same everywhere
  inside; positions outside the tensor do not exist and hold no change.

A tensor that is in ``analysis.dense`` may change everywhere. ``analysis.barriers`` gives, for every node that
turned windows into a dense tensor, the reason. What an operator does is its ``reach`` (`gxfast.ism.ops`); one without
is a barrier, so a model with unknown operators still works.

`needed(graph, analysis, output_positions)` goes the other way: the positions of every tensor that the output
positions asked for can depend on, from the same functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ...models.card import AXES
from ..ops import Context, Span, operator_of
from .view import Graph, Node
from .windows import Analysis, Window

__all__ = ["analyse", "needed", "spread"]


def analyse(graph: Graph) -> Analysis:
    """Follow a change at every position of the input through the graph."""
    result = Analysis()
    axis, length = AXES[graph.layout][0], graph.length
    here = np.arange(length)
    result.windows[graph.input_name] = Window(axis, length, here, here, here, here)
    for node in graph.nodes:
        if any(name in result.dense for name in node.reads):
            result.dense.update(node.made)
            continue
        spans = {
            name: Span(window.axis, np.stack([window.lo, window.free_lo]), np.stack([window.hi, window.free_hi]))
            for name in node.reads
            if (window := result.windows.get(name)) is not None
        }
        found = spread(graph, node, spans)
        if isinstance(found, str):
            result.barriers[node] = found
            result.dense.update(node.made)
            continue
        for name, span in zip(node.outputs, found, strict=False):
            if name:
                window = _window(span, graph.shape(name)[span.axis])
                result.windows[name] = _shared(window, [result.windows[read] for read in spans])
    return result


def _shared(window: Window, read: Sequence[Window]) -> Window:
    """Return a window that holds the arrays of one that was read, where they are the same: long windows are large."""
    for other in read:
        pairs = [(getattr(window, name), getattr(other, name)) for name in ("lo", "hi", "free_lo", "free_hi")]
        if window.length == other.length and all(np.array_equal(own, known) for own, known in pairs):
            return Window(window.axis, window.length, *(known for _, known in pairs))
    return window


def spread(graph: Graph, node: Node, spans: Mapping[str, Span]) -> list[Span] | str:
    """Apply the reach of one node; the reason, where it is a barrier."""
    reach = operator_of(node.op_type).reach
    if reach is None:
        return f"no reach for operator {node.op_type}"
    found = reach(Context(graph, node, spans))
    if isinstance(found, str):
        return found
    result = [found] * len(node.outputs) if isinstance(found, Span) else list(found)
    # The batch axis is not the sequence, whatever a reshape made of it.
    return result if all(span.axis > 0 for span in result) else "the sequence axis becomes the batch axis"


def _window(span: Span, length: int) -> Window:
    (lo, free_lo), (hi, free_hi) = span.lo, span.hi
    lo, hi = np.maximum(lo, 0), np.minimum(hi, length - 1)
    empty = hi < lo
    # Kept inside the tensor, and in order, so that an operator that comes later moves it as it moves its neighbours.
    lo = np.where(empty, np.clip(lo, 0, length), lo)
    return Window(span.axis, length, lo, np.where(empty, lo - 1, hi), free_lo, free_hi)


def needed(
    graph: Graph, analysis: Analysis, output_positions: NDArray[np.int64] | None = None
) -> dict[str, tuple[int, int]]:
    """Return which positions of each tensor with a sequence axis the given output positions depend on.

    Parameters
    ----------
    output_positions : int array, optional
        On the sequence axis of the output; default: all.

    Returns
    -------
    dict of str to (first, last)
        Inclusive, ``last < first`` where none is. Tensors read by a barrier are needed whole.
    """
    result: dict[str, tuple[int, int]] = {}
    output = analysis.windows.get(graph.output_name)
    if output is not None and output_positions is None:
        output_positions = np.arange(output.length)
    if output is not None and output_positions is not None and len(output_positions):
        result[graph.output_name] = (int(np.min(output_positions)), int(np.max(output_positions)))
    for node in reversed(graph.nodes):
        wanted = [(name, result[name]) for name in node.made if name in result]
        dense = [name for name in node.outputs if name in analysis.dense]
        for name in node.reads:
            window = analysis.windows.get(name)
            if window is None:
                continue
            if dense:
                first, last = 0, window.length - 1
            elif wanted:
                first, last = _inverse(graph, node, name, window, analysis, wanted)
            else:
                continue
            before = result.get(name, (window.length, -1))
            result[name] = (min(before[0], first), max(before[1], last))
    return result


def _inverse(
    graph: Graph,
    node: Node,
    name: str,
    window: Window,
    analysis: Analysis,
    wanted: list[tuple[str, tuple[int, int]]],
) -> tuple[int, int]:
    """First and last position of one input whose change reaches a wanted position of an output."""
    here = np.arange(window.length)
    nowhere = np.full(window.length, -1)
    spans = {
        # the other inputs stay as they are: empty intervals
        other: Span(known.axis, here if other == name else nowhere + 1, here if other == name else nowhere)
        for other in node.reads
        if (known := analysis.windows.get(other)) is not None
    }
    found = spread(graph, node, spans)
    if isinstance(found, str):
        return 0, window.length - 1
    reach = np.zeros(window.length, bool)
    for output, (first, last) in wanted:
        span = found[node.outputs.index(output)]
        reach |= (span.lo <= last) & (span.hi >= first) & (span.lo <= span.hi)
    hits = np.flatnonzero(reach)
    return (int(hits[0]), int(hits[-1])) if hits.size else (window.length, -1)
