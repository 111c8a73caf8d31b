"""What each mode costs per mutation: multiply-adds from the shapes, and all else in units of them.

It depends on the model alone: a choice by the clock would change the last bits of results from run to run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from .._objects import Brief
from .graph.intervals import needed
from .graph.view import Graph, Node
from .graph.windows import Analysis
from .modes.packing import Frontier
from .ops import operator_of

__all__ = ["Costs", "costs_of", "node_macs", "node_work"]

# In multiply-adds of a convolution, of which a core with AVX-512 does 30 in a nanosecond; fitted to the naive passes of
# the networks of bench/networks. Elements that are computed are bound by memory, those of functions by the functions.
_ELEMENT: Final = 8
_FUNCTION: Final = 27
_MOVED: Final = 22
_GROUPED: Final = 8  # a multiply-add of a convolution in groups
_NODE: Final = 4e4  # an operator of a run, per row
# What the modes do for every mutation besides: windows are copied, element by element; rows are put together.
_COPIED: Final = 300
_PACKED_ROW: Final = 1.7e6
_ROW: Final = 3e5  # of the others
_PRODUCTS: Final = ("Conv", "ConvTranspose", "Gemm", "MatMul", "Einsum")
_RECURRENT: Final = ("LSTM", "GRU", "RNN")
_FUNCTIONS: Final = frozenset(
    ("Sigmoid", "Tanh", "Erf", "Gelu", "Softmax", "LogSoftmax", "LayerNormalization", "Exp", "Log", "Softplus", "Pow",
     "Sqrt", "Elu", "Selu", "Celu", "Mish", "Swish", "HardSwish", "com.microsoft::Gelu", "com.microsoft::FastGelu",
     "com.microsoft::QuickGelu", "GroupNormalization", "InstanceNormalization", "RMSNormalization")
)  # fmt: skip
_MOVES: Final = frozenset(("Transpose", "Concat", "Slice", "Pad", "Expand", "Gather", "Tile", "Split", "Resize"))
_VIEWS: Final = frozenset(("Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity"))


@dataclass(frozen=True, slots=True, repr=False)
class Costs(Brief):
    """Costs in multiply-adds, element-wise work included.

    Attributes
    ----------
    whole : float
        One sequence through the whole model.
    local : float
        One sequence through the part before the cut.
    head : float
        One sequence through the part behind it.
    copied : float
        Writing the windows of one mutation, and taking them back.
    per_pass : float
        Mutations that one pass through the local part carries, at most.
    windows : float
        What one mutation changes before the cut.
    dense : float
        What mode delta does in full for one mutation.
    """

    whole: float
    local: float
    head: float
    copied: float
    per_pass: float
    windows: float
    dense: float

    @property
    def naive(self) -> float:
        """Per mutation, mode naive."""
        return self.whole + _ROW

    @property
    def packed(self) -> float:
        """Per mutation, mode packed."""
        return self.local / self.per_pass + self.head + self.copied + _PACKED_ROW

    @property
    def delta(self) -> float:
        """Per mutation, mode delta."""
        return self.windows + self.dense + _ROW


def node_macs(graph: Graph, node: Node) -> float:
    """Return the multiply-adds of one node for one row of the batch; 0 for element-wise operators."""
    if node.op_type in _RECURRENT:
        steps = graph.shape(node.inputs[0])[node.attributes.get("layout", 0)]
        return float(steps * sum(np.prod(graph.shape(name)) for name in node.inputs[1:3]))
    if node.op_type not in _PRODUCTS:
        return 0.0
    made = float(np.prod(graph.shape(node.made[0]))) / graph.batch
    shape = graph.shape(node.inputs[1])
    if node.op_type == "Conv":
        return made * float(np.prod(shape[1:]))
    if node.op_type == "ConvTranspose":
        read = float(np.prod(graph.shape(node.inputs[0]))) / graph.batch
        return read * float(np.prod(shape[1:]))
    if node.op_type == "Gemm":
        return made * shape[1 if node.attributes.get("transB", 0) else 0]
    return made * graph.shape(node.inputs[0])[-1]


def node_work(graph: Graph, node: Node) -> float:
    """Return what one node costs for one row of the batch, in multiply-adds: those it has, and all else."""
    if node.op_type in _VIEWS:
        return 0.0
    elements = sum(float(np.prod(graph.shape(name))) for name in node.made) / graph.batch
    each = _FUNCTION if node.op_type in _FUNCTIONS else _MOVED if node.op_type in _MOVES else _ELEMENT
    if node.op_type in _RECURRENT:
        each = 4 * _FUNCTION  # its gates
    grouped = _GROUPED if node.attributes.get("group", 1) > 1 else 1
    return grouped * node_macs(graph, node) + each * elements + _NODE


def graph_work(graph: Graph) -> float:
    """Return `node_work` of all nodes."""
    return sum(node_work(graph, node) for node in graph.nodes)


def costs_of(graph: Graph, analysis: Analysis, cut: Frontier) -> Costs:
    """Add up the costs of a graph that is cut at ``cut``."""
    local = sum(node_work(graph, node) for node in graph.between([graph.input_name], list(cut.tensors)))
    whole, head = graph_work(graph), 0.0
    if cut.tensors != (graph.output_name,):
        head = sum(node_work(graph, node) for node in graph.between(list(cut.tensors), [graph.output_name]))
    copied = 0.0
    for name, axis in zip(cut.tensors, cut.axes, strict=True):
        shape = graph.shape(name)
        per_position = float(np.prod(shape)) / graph.batch / max(1, shape[axis])
        copied += _COPIED * per_position * analysis.windows[name].width
    per_pass = max(1.0, graph.length / cut.distance)
    wanted = needed(graph, analysis)
    shares = [(node_work(graph, node), _share(graph, analysis, wanted, node)) for node in graph.nodes]
    windows = sum(work * share for work, share in shares if share < 1)
    dense = sum(work for work, share in shares if share >= 1)
    # What is computed in full reads tensors that are written out for every mutation, and copied twice; where mode delta
    # adds up changes over all positions it does not.
    in_full = [node for node, (_, share) in zip(graph.nodes, shares, strict=True) if share >= 1]
    in_full = [node for node in in_full if node not in analysis.barriers or operator_of(node.op_type).step is None]
    read = {name for node in in_full for name in node.reads if name in analysis.windows}
    dense += 3 * _MOVED * sum(float(np.prod(graph.shape(name))) for name in read) / graph.batch
    return Costs(whole, local, head, copied, per_pass, windows, dense)


def _share(graph: Graph, analysis: Analysis, wanted: Mapping[str, tuple[int, int]], node: Node) -> float:
    """Return the part of a node's work that one mutation asks for when only changes are computed."""
    name = node.made[0]
    window = analysis.windows.get(name)
    if window is None and node.op_type in ("Gemm", "MatMul"):
        # The first dense layer needs the rows of its weights that belong to changed positions only.
        source = node.inputs[0]
        made = graph.producer(source)
        if source not in analysis.windows and made is not None and made.op_type in ("Flatten", "Reshape"):
            source = made.inputs[0]
        name, window = source, analysis.windows.get(source)
    elif window is None and node.op_type in ("Flatten", "Reshape"):
        name, window = node.inputs[0], analysis.windows.get(node.inputs[0])
    if window is None:
        return 1.0
    made_of = [name]
    if node.op_type == "Conv" and node.inputs[0] in analysis.windows:
        made_of.append(node.inputs[0])  # pairs of a changed row and a tap: no more than either has
    shares = []
    for tensor in made_of:
        one = analysis.windows[tensor]
        first, last = wanted.get(tensor, (0, one.length - 1))
        shares.append(max(0, min(one.width, last - first + 1)) / max(1, one.length))
    return min(shares)
