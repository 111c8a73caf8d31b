"""Windows without the ends that no wanted output depends on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import ModelError
from .graph.intervals import analyse, needed
from .graph.lasting import same_constants
from .graph.slicing import sliced_proto
from .graph.view import Graph, load_graph
from .graph.windows import Analysis
from .modes.readout import Readout
from .tiling import reached, stride_of

if TYPE_CHECKING:
    from ..models.session import Model

__all__ = ["Trimmed", "trimmed"]

_WORTH = 0.9  # of the bases left, or windows stay whole


class Trimmed(NamedTuple):
    """A model for a part of its window.

    Attributes
    ----------
    start : int
        First base of the part.
    graph : Graph
        For so many bases, with the wanted outputs alone.
    proto : onnx.ModelProto or None
        What it was read from, where that is not the model's file.
    """

    start: int
    graph: Graph
    proto: Any


def trimmed(model: Model, whole: Graph, readout: Readout) -> Trimmed:
    """Return the selected outputs of a model, of the part of its window that they depend on.

    Parts begin and end on whole strides of every tensor, so that a base is in the part what it is in the window. Where
    that cannot be seen from the graph, the window stays whole. Where outputs are selected, ``readout`` knows it then.
    """
    if readout.kept_tracks is None and readout.kept_bins is None:
        return Trimmed(0, whole, None)
    layout, bins = readout.card.output_layout, readout.kept_bins
    unsliced = model.proto()
    proto = sliced_proto(unsliced, whole, layout, readout.kept_tracks, bins)
    graph = load_graph(model, proto=proto)
    readout.slice()
    if bins is None:
        return Trimmed(0, graph, proto)
    analysis, outputs = analyse(graph), analyse(whole).windows.get(whole.output_name)
    stride = None if outputs is None else stride_of(outputs)
    # where the graph crops the first positions itself, the first bin has to stay behind that
    ends = None if stride is None else _ends(graph, analysis, min(bins) * stride)
    if ends is None or stride is None:
        return Trimmed(0, graph, proto)
    start, length = ends[0], graph.length - sum(ends)
    moved = sliced_proto(unsliced, whole, layout, readout.kept_tracks, [b - start // stride for b in bins])
    try:
        part = load_graph(model, proto=moved, length=length)
    except ModelError:  # it reads one length alone
        return Trimmed(0, graph, proto)
    same = same_constants(part, graph, part.nodes) and _is_part(graph, analysis, part, start)
    return Trimmed(start, part, moved) if same else Trimmed(0, graph, proto)


def _ends(graph: Graph, analysis: Analysis, most: int) -> tuple[int, int] | None:
    """Bases at both ends that can be left out, in whole strides of all tensors; None where it is not worth it.

    ``most``: at the beginning.
    """
    wanted = needed(graph, analysis)
    if graph.input_name not in wanted or analysis.dense - {graph.output_name}:
        return None
    strides = [stride_of(analysis.windows[name]) for name in wanted if name != graph.output_name]
    known = [stride for stride in strides if stride is not None]
    if len(known) < len(strides):
        return None
    step = math.lcm(*known)
    first, last = wanted[graph.input_name]
    before, behind = min(first, most) // step * step, (graph.length - 1 - last) // step * step
    return (before, behind) if graph.length - before - behind <= _WORTH * graph.length else None


def _is_part(graph: Graph, analysis: Analysis, part: Graph, start: int) -> bool:
    """Whether each base of the part reaches the positions that are needed as it does in the window."""
    wanted, own = needed(graph, analysis), analyse(part).windows
    inside = slice(start, start + part.length)
    for name, (first, last) in wanted.items():
        if name == graph.output_name:
            continue
        window = analysis.windows[name]
        stride = stride_of(window)
        if name not in own or stride is None:
            return False
        mine = reached(own[name], first, last + 1, start // stride)
        expected = reached(window, first, last + 1)
        if not all(np.array_equal(one, other[inside]) for one, other in zip(mine, expected, strict=True)):
            return False
    return True
